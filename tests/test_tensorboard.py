"""The files for TensorBoard, read by TensorBoard's own reader."""

import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import autograd
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd import Variable, data, no_grad, training
from autograd.tensorboard import TensorBoard
from autograd.visualize import trace

pytest.importorskip("tensorboardX", reason="event files are optional: pip install 'define-by-run[tensorboard]'")


@pytest.fixture
def read():
    """What TensorBoard reads in a folder, every event of it."""
    name = "tensorboard.backend.event_processing.event_accumulator"
    reader = pytest.importorskip(name, reason="reads the files back: pip install tensorboard", exc_type=ImportError)

    def read(folder):
        everything = dict.fromkeys(["scalars", "histograms", "images", "tensors"], 0)
        found = reader.EventAccumulator(str(folder), everything)
        found.Reload()
        return found

    return read


def test_a_loop_of_ones_own(tmp_path, read):
    board = TensorBoard(tmp_path / "run")
    W = np.random.default_rng(0).standard_normal((20, 30))
    for step in range(5):
        board.scalar("train/loss", Variable(1.0) / (step + 1), step)
        board(step, {"accuracy": np.float64(step / 4), "lr": 1})
        board.histogram("W", W * step, step)
    assert [path.name for path in (tmp_path / "run").iterdir()] == [board.path.name]  # one file a run
    found = read(tmp_path / "run")
    assert [(e.step, e.value) for e in found.Scalars("accuracy")] == [(k, k / 4) for k in range(5)]
    assert [e.value for e in found.Scalars("train/loss")] == pytest.approx([1, 1 / 2, 1 / 3, 1 / 4, 1 / 5])
    assert [e.value for e in found.Scalars("lr")] == [1] * 5
    times = [e.wall_time for e in found.Scalars("lr")]
    assert times == sorted(times)
    for step, event in enumerate(found.Histograms("W")):
        h, x = event.histogram_value, W * step
        assert (event.step, h.num, h.min, h.max) == (step, 600, x.min(), x.max())
        assert (h.sum, h.sum_squares) == pytest.approx((x.sum(), (x**2).sum()))
        counts = [((a < x) & (x <= b)).sum() for a, b in zip([-np.inf, *h.bucket_limit], h.bucket_limit)]
        assert sum(h.bucket) == 600
        assert np.abs(np.array(h.bucket) - counts).max() <= (600 if step == 0 else 1)  # without a spread: one bar


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.uint8, bool])
@pytest.mark.parametrize("shape", [(5, 7), (1, 5, 7), (3, 5, 7)])
def test_images(tmp_path, read, shape, dtype):
    picture = pytest.importorskip("PIL.Image", reason="encodes and decodes PNG: pip install pillow")
    x = np.random.default_rng(0).integers(0, 2 if dtype is bool else 256, shape)
    given = x.astype(dtype) if np.dtype(dtype).kind in "ub" else (x / 255).astype(dtype)
    board = TensorBoard(tmp_path)
    board.image("digit", given, 3)
    (event,) = read(tmp_path).Images("digit")
    assert (event.step, event.height, event.width) == (3, 5, 7)
    decoded = np.asarray(picture.open(io.BytesIO(event.encoded_image_string)))
    expected = np.broadcast_to(x * 255 if dtype is bool else x, (3, 5, 7))  # a grey one has three equal colours
    np.testing.assert_array_equal(decoded, expected.transpose(1, 2, 0))


def test_the_graph_with_its_layers(tmp_path, read):
    model = L.Sequential(L.Linear(5), F.relu, L.Linear(3))
    x = Variable(np.ones((4, 7), np.float32), name="x of (4, 7)")
    y = trace(model, x)
    TensorBoard(tmp_path).graph(y)
    nodes = {node.name: node for node in read(tmp_path).Graph().node}
    first, second = "Sequential/0_Linear/", "Sequential/2_Linear/"
    assert {name: list(node.input) for name, node in nodes.items()} == {
        "x_of__4__7_": [], first + "W": [], first + "b": [], second + "W": [], second + "b": [],
        first + "Linear": ["x_of__4__7_", first + "W", first + "b"], "Sequential/ReLU": [first + "Linear"],
        second + "Linear": ["Sequential/ReLU", second + "W", second + "b"],
    }  # fmt: skip
    assert (nodes["Sequential/ReLU"].op, nodes[first + "W"].op) == ("ReLU", "Variable")
    shapes = {name: node.attr["_output_shapes"].list.shape for name, node in nodes.items()}
    assert [size.size for size in shapes[first + "W"][0].dim] == [7, 5]
    assert [size.size for size in shapes[second + "Linear"][0].dim] == [4, 3]


def test_a_graph_without_layers_with_several_outputs_and_repeated_names(tmp_path, read):
    x, z = Variable(np.ones((2, 3)), name="x"), Variable(np.ones(()), name="入力")
    a, b = F.split(x, [1], axis=1)
    y = ((a * a).sum() + b.sum()) * z * x.sum() * z
    TensorBoard(tmp_path).graph(y)
    found = {node.name: (node.op, list(node.input)) for node in read(tmp_path).Graph().node}
    outputs = [i for _, inputs in found.values() for i in inputs]
    assert {i.partition(":")[0] for i in outputs} <= set(found)
    assert any(i.endswith(":1") for i in outputs)
    assert {name for name, (_, inputs) in found.items() if not inputs} == {"x", "Variable"}
    assert found["Mul_1"] == ("Mul", ["Add", "Variable"])


def test_fit_writes_one_file_for_the_run(tmp_path, read):
    model = L.MLP((8, 3))
    loader = data.DataLoader(data.spiral(), batch_size=30, rng=0)
    board = training.tensorboard(tmp_path)
    history = training.fit(
        model, F.softmax_cross_entropy, O.SGD(model, lr=0.1), loader, epochs=10, test=loader, watch=board
    )
    assert list(Path(tmp_path).iterdir()) == [board.path]
    found = read(tmp_path)
    for name, values in history.items():
        assert [e.step for e in found.Scalars(name)] == [*range(1, 11)]
        assert [e.value for e in found.Scalars(name)] == pytest.approx(values)


def test_parameters_and_gradients_of_a_training(tmp_path, read):
    model = L.Sequential(L.Linear(4, 2), F.tanh, L.Linear(3))
    loader = data.DataLoader(data.spiral(), batch_size=100, rng=0)
    board = TensorBoard(tmp_path)
    board.parameters(model, 0)
    watch = [board, lambda epoch, values: board.parameters(model, epoch)]
    history = training.fit(
        model, F.softmax_cross_entropy, O.SGD(model, lr=O.exponential(0.1, 0.9)), loader, epochs=2, watch=watch
    )
    found = read(tmp_path)
    for name in ("lr", "gradient_norm"):
        assert [e.value for e in found.Scalars(name)] == pytest.approx(history[name])
    paths = [path for path, _ in model.named_params()]
    assert set(found.Tags()["histograms"]) == {*paths, *[f"{path}/grad" for path in paths]}
    assert [e.step for e in found.Histograms("0.W")] == [0, 1, 2]
    assert [e.step for e in found.Histograms("2.W")] == [1, 2]  # it had no values before
    latest = found.Histograms("2.W/grad")[-1].histogram_value
    assert (latest.num, latest.min) == (12, model[2].W.grad.data.min())


def test_two_runs_have_two_files(tmp_path):
    assert TensorBoard(tmp_path).path != TensorBoard(tmp_path).path
    assert len(list(tmp_path.iterdir())) == 2


def test_names_are_written_as_they_are(tmp_path, read):
    with TensorBoard(tmp_path) as board:
        board.scalar("loss (test), 損失", 1, 0)
        board.histogram("/W @ x", [1.0, 1.0 + 1e-16], 0)
    found = read(tmp_path)
    assert found.Tags()["scalars"] == ["loss (test), 損失"]
    assert found.Tags()["histograms"] == ["/W @ x"]


def test_the_file_is_complete_after_every_call(tmp_path, read):
    """Also where the program ends at once: without close, exit handlers, or the end of a thread."""
    program = (
        "import os; from autograd.tensorboard import TensorBoard; board = TensorBoard('run')\n"
        "for step in range(50): board.scalar('loss', step, step)\n"
        "os._exit(0)"
    )
    path = os.pathsep.join([str(Path(autograd.__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])])
    command = [sys.executable, "-W", "error", "-c", program]
    done = subprocess.run(command, cwd=tmp_path, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert [e.value for e in read(tmp_path / "run").Scalars("loss")] == [*range(50)]
    board = TensorBoard(tmp_path / "here")
    for step in range(5):
        board.scalar("loss", step, step)
        assert len(read(tmp_path / "here").Scalars("loss")) == step + 1


@pytest.mark.parametrize("make", [TensorBoard, training.tensorboard])
def test_without_tensorboardx_the_message_says_what_to_install(tmp_path, monkeypatch, make):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    said = r"needs tensorboardX: pip install 'define-by-run\[tensorboard\]'"
    with pytest.raises(RuntimeError, match=said):
        make(tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_without_pillow_only_images_are_refused(tmp_path, monkeypatch):
    board = TensorBoard(tmp_path)
    monkeypatch.setitem(sys.modules, "PIL", None)
    board.scalar("loss", 1, 0)
    with pytest.raises(RuntimeError, match=r"images .* needs Pillow: pip install 'define-by-run\[tensorboard\]'"):
        board.image("x", np.ones((2, 2)), 0)


def test_what_cannot_be_shown_is_refused(tmp_path):
    board = TensorBoard(str(tmp_path))
    size = board.path.stat().st_size
    x = Variable(np.ones((2, 2)))
    with no_grad():
        without = x * 2
    for call, error, said in (
        (lambda: TensorBoard(None), TypeError, "TensorBoard: folder must be a path, not None"),
        (lambda: board.scalar("a", np.ones(2), 0), ValueError, r"scalar: a must be one number, not the shape \(2,\)"),
        (lambda: board.scalar("a", "1", 0), TypeError, "numbers"),
        (lambda: board.scalar(1, 1.0, 0), TypeError, "name must be text"),
        (lambda: board.scalar("", 1.0, 0), ValueError, "name must be text, such as 'train/loss', not empty"),
        (lambda: board.scalar("a", 1.0, -1), ValueError, "step must be at least 0, not -1"),
        (lambda: board.scalar("a", 1.0, 0.5), TypeError, "step must be a whole number"),
        (lambda: board(0, [1.0]), TypeError, "values must be a dict of names and numbers"),
        (lambda: board.histogram("W", [1.0, np.nan], 0), ValueError, "W must have finite values only"),
        (lambda: board.histogram("W", [], 0), ValueError, "and at least one"),
        (lambda: board.parameters([1.0], 0), TypeError, "parameters takes a Layer, not"),
        (lambda: board.image("i", np.ones(3), 0), ValueError, r"must be \(H, W\), .*, not \(3,\)"),
        (lambda: board.image("i", np.ones((2, 5, 5)), 0), ValueError, r"not \(2, 5, 5\)"),
        (lambda: board.image("i", np.ones((0, 5)), 0), ValueError, r"not \(0, 5\)"),
        (lambda: board.image("i", 3 * np.ones((5, 5)), 0), ValueError, "must lie between 0 and 1, not from 3 to 3"),
        (lambda: board.image("i", np.full((5, 5), np.nan), 0), ValueError, "must lie between 0 and 1"),
        (lambda: board.graph(np.ones(2)), TypeError, "graph takes a Variable, not"),
        (lambda: board.graph(x), RuntimeError, "this one has no graph"),
        (lambda: board.graph(without), RuntimeError, "this one has no graph"),
    ):
        with pytest.raises(error, match=said):
            call()
    assert board.path.stat().st_size == size  # nothing was written


def test_it_takes_values_from_every_device(tmp_path, on_device):
    board = TensorBoard(tmp_path)
    x = on_device(np.linspace(0, 1, 12).reshape(3, 4))
    board.scalar("mean", Variable(x).mean(), 0)
    board.histogram("x", x, 0)
    board.image("x", Variable(x), 0)
