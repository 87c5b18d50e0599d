"""The files for TensorBoard, read by TensorBoard's own reader."""

import io
import struct
from pathlib import Path

import numpy as np
import pytest

import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd import Variable, data, no_grad, training
from autograd.tensorboard import TensorBoard, crc32c, message, png
from autograd.visualize import trace


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


def test_checksums_and_numbers_are_those_of_the_formats():
    assert crc32c(b"123456789") == 0xE3069283  # the check value of CRC-32C
    assert crc32c(bytes(32)) == 0x8A9136AA  # RFC 3720, appendix B.4
    assert message({1: 150}) == b"\x08\x96\x01"  # the first example in the manual of protocol buffers
    assert message({2: "testing"}) == b"\x12\x07testing"
    assert message({1: [1, 2], 3: 0.5}) == b"\x08\x01\x08\x02\x19" + struct.pack("<d", 0.5)


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
    image = pytest.importorskip("matplotlib.image", reason="decodes PNG")
    x = np.random.default_rng(0).integers(0, 2 if dtype is bool else 256, shape)
    given = x.astype(dtype) if np.dtype(dtype).kind in "ub" else (x / 255).astype(dtype)
    board = TensorBoard(tmp_path)
    board.image("digit", given, 3)
    (event,) = read(tmp_path).Images("digit")
    assert (event.step, event.height, event.width) == (3, 5, 7)
    decoded = image.imread(io.BytesIO(event.encoded_image_string))
    expected = x * 255 if dtype is bool else x
    expected = expected[0] if shape[0] == 1 else expected if len(shape) == 2 else expected.transpose(1, 2, 0)
    np.testing.assert_array_equal(np.rint(decoded * 255), expected)
    assert png(np.zeros((1, 1, 1), np.uint8)).startswith(b"\x89PNG")


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
        model, F.softmax_cross_entropy, O.SGD(model, lr=0.1), loader, epochs=3, test=loader, watch=board
    )
    assert list(Path(tmp_path).iterdir()) == [board.path]
    found = read(tmp_path)
    for name, values in vars(history).items():
        assert [e.step for e in found.Scalars(name)] == [1, 2, 3]
        assert [e.value for e in found.Scalars(name)] == pytest.approx(values)


def test_two_runs_have_two_files(tmp_path):
    assert TensorBoard(tmp_path).path != TensorBoard(tmp_path).path
    assert len(list(tmp_path.iterdir())) == 2


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
