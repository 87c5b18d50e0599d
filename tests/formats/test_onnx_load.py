"""Files of ONNX as layers: ONNX's own cases, other people's models, and our own files, which can be trained again."""

import copy
import os
import pickle
import warnings
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd import formats, models, serialize
from autograd.formats.onnx.network import Network
from autograd.formats.onnx.reading import plan_of
from tests.formats.test_onnx_export import FORMULAS, NETWORKS, flat, normal, ours

pytestmark = pytest.mark.standin_exempt("files are read into NumPy arrays")

rng = np.random.default_rng(0)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.onnx"


# ---- ONNX's own cases


def network_of(model):
    plan, weights = plan_of(model)
    return Network(plan, weights.trained, weights.saved)


def array(x):
    return np.asarray(numpy_helper.to_array(x) if hasattr(x, "dims") else x)


def agrees(case):
    """Does the network give the outputs of a case, with their dtypes? False too if it refuses the case."""
    try:
        network = network_of(case.model)
        for inputs, outputs in case.data_sets:
            xs = [array(x) for x in inputs]
            found = network(*[ag.Variable(x) if x.dtype.kind == "f" else x for x in xs])
            for y, expected in zip(flat(found), map(array, outputs)):
                y = ag.as_array(y)
                assert (y.shape, y.dtype) == (expected.shape, expected.dtype)
                np.testing.assert_allclose(
                    y.astype(expected.dtype), expected, max(case.rtol, 1e-3), max(case.atol, 1e-7)
                )
    except (AssertionError, TypeError, ValueError):
        return False
    return True


def test_the_cases_of_onnx():
    from onnx.backend.test.case.node import collect_testcases

    with warnings.catch_warnings(), np.errstate(all="ignore"), ag.no_grad():
        warnings.simplefilter("ignore")
        cases = collect_testcases(None)
        count = sum(map(agrees, cases))
    assert len(cases) >= 1800
    assert count >= 0.88 * len(cases), f"{count} of {len(cases)}"


# ---- the models of others


def compare(path, *feeds):
    """The network of a file against onnxruntime."""
    network = formats.onnx.load(path)
    session = onnxruntime.InferenceSession(os.fspath(path), providers=["CPUExecutionProvider"])
    for feed in feeds:
        with ag.no_grad():
            found = flat(network(**feed))
        for y, expected in zip(found, session.run(None, feed), strict=True):
            assert ag.as_array(y).shape == expected.shape
            np.testing.assert_allclose(ag.as_array(y), expected, 1e-4, 1e-5)
    return network


def folder(package):
    found = find_spec(package)
    if found is None:
        pytest.skip(f"pip install --no-deps {package.replace('_', '-')}")
    return Path(found.origin).parent


def test_silero_vad():
    """Graphs within graphs choose the sampling rate; the weights are those of 16 and of 8 kHz."""
    files = sorted((folder("silero_vad") / "data").glob("silero_vad*.onnx"))
    assert files
    for file in files:
        if file.name in ("silero_vad.onnx", "silero_vad_op18_ifless.onnx"):
            feeds = [(3, 576, 16000), (1, 288, 8000)]
            feeds = [(normal(N, n), normal(2, N, 128), np.array(rate)) for N, n, rate in feeds]
            compare(file, *[dict(zip(("input", "state", "sr"), feed)) for feed in feeds])


def test_magika():
    """The kind of a file by its bytes."""
    (file,) = folder("magika").glob("models/*/model.onnx")
    x = rng.integers(0, 257, (3, 2048)).astype(np.int32)
    network = compare(file, {"bytes": x}, {"bytes": x[:1]})
    assert sum(p.size for p in network.params()) > 700_000


# ---- our own files


@pytest.mark.parametrize("name", [*NETWORKS, *FORMULAS])
def test_what_was_exported_is_loaded(name, path):
    if name in NETWORKS:
        make, x = NETWORKS[name]
        model = make()
    else:
        make, formula, x = FORMULAS[name]
        inner = make and make()
        model = (lambda x: formula(inner, x)) if make else formula
    formats.onnx.export(model, path, x)
    network = formats.onnx.load(path)
    for batch in (x, np.concatenate([x, x[:1]])):
        for y, expected in zip(ours(network, [batch]), ours(model, [batch]), strict=True):
            np.testing.assert_allclose(y, expected, 1e-4, 1e-5 * max(1, np.abs(expected).max()))
            assert y.dtype == expected.dtype


def classifier(path):
    model = L.Sequential(L.Conv2d(4, 3), L.BatchNorm(), F.relu, F.flatten, L.Linear(3))
    x, t = normal(8, 2, 6, 6), rng.integers(0, 3, 8)
    formats.onnx.export(model, path, x)
    return model, formats.onnx.load(path), x, t


def test_its_parameters_are_those_of_the_file_and_train(path):
    model, network, x, t = classifier(path)
    paths = dict(network.named_params())
    assert {"0.W", "0.b", "1.gamma", "1.beta", "4.W", "4.b"} <= {*paths}
    with ag.test_mode():
        loss = F.softmax_cross_entropy(network(x), t)
        loss.backward()
        F.softmax_cross_entropy(model(x), t).backward()
    for name in ("0.W", "0.b", "4.W", "4.b"):
        np.testing.assert_allclose(paths[name].grad.data, dict(model.named_params())[name].grad.data, 1e-4, 1e-6)
    optimizer = O.Adam(network, lr=1e-2)
    for _ in range(30):
        network.cleargrads()
        now = F.softmax_cross_entropy(network(x), t)
        now.backward()
        optimizer.update()
    assert float(now) < float(loss) / 2


def test_it_is_saved_copied_pickled_and_exported_again(path, tmp_path):
    _, network, x, _ = classifier(path)
    y = ours(network, [x])[0]
    serialize.save(network, tmp_path / "weights.npz")
    again = formats.onnx.load(path)
    for p in again.params():
        p.data = np.zeros_like(p.data)
    serialize.load(again, tmp_path / "weights.npz")
    formats.onnx.export(network, tmp_path / "again.onnx", x)
    others = [
        again,
        copy.deepcopy(network),
        pickle.loads(pickle.dumps(network)),
        formats.onnx.load(tmp_path / "again.onnx"),
    ]
    for other in others:
        np.testing.assert_allclose(ours(other, [x])[0], y, 1e-5, 1e-6)
    assert "0.W" in repr(network)


def made(*nodes, weights=(), inputs=("x",), outputs=("y",), rank=1):
    """A model of a few nodes."""
    given = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None] * rank) for name in inputs]
    found = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None] * rank) for name in outputs]
    graph = helper.make_graph(list(nodes), "g", given, found, list(weights))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)


def test_running_statistics_are_buffers_and_sizes_are_constants(path):
    names = ("gamma", "beta", "mean", "var")
    weights = [numpy_helper.from_array(np.full(2, 2, np.float32), name) for name in names]
    weights.append(numpy_helper.from_array(np.array([1, 1, 2, 2], np.float32), "scales"))
    norm = helper.make_node("BatchNormalization", ["x", *names], ["z"])
    model = made(norm, helper.make_node("Resize", ["z", "", "scales"], ["y"]), weights=weights, rank=4)
    path.write_bytes(model.SerializeToString())
    network = compare(path, {"x": normal(1, 2, 3, 3)})
    assert [name for name, _ in network.named_params()] == ["gamma", "beta"]
    assert [name for name, _ in network.named_buffers()] == ["mean", "var"]


class Everything(L.Layer):
    """Trained and saved numbers of every kind: also one number alone, whole numbers, and constants of functions."""

    def __init__(self):
        self.parts = [L.Conv2d(4, 3), L.BatchNorm(), L.GroupNorm(2), L.InstanceNorm()]
        self.scale = L.Parameter(np.array(2, np.float32))
        self.offset = L.Buffer(normal(4, 1, 1))
        self.order = L.Buffer(np.array([3, 1, 0]))

    def forward(self, x):
        for layer in self.parts:
            x = layer(x)
        return (x * self.scale + self.offset.data)[:, self.order.data] * np.linspace(0, 1, 4, dtype=np.float32)


def test_what_was_trained_is_trained_and_what_was_saved_is_saved(path):
    model, x = Everything(), normal(5, 3, 6, 6)
    model(x)
    formats.onnx.export(model, path, x)
    for turn in range(2):
        network = formats.onnx.load(path)
        assert {name for name, _ in network.named_params()} == {name for name, _ in model.named_params()}
        assert {name for name, _ in network.named_buffers()} == {*dict(model.named_buffers())} - {"order"}
        before = {name: buffer.data.copy() for name, buffer in network.named_buffers()}
        network.train()
        optimizer = O.SGD(network, lr=0.1)
        F.square(network(x)).mean().backward()
        optimizer.update()
        for name, buffer in network.named_buffers():
            np.testing.assert_array_equal(buffer.data, before[name])
        assert all(p.grad is not None for p in network.params()), turn
        formats.onnx.export(formats.onnx.load(path), path, x)  # and once more, from the network
    np.testing.assert_allclose(ours(formats.onnx.load(path), [x])[0], ours(model, [x])[0], 1e-5, 1e-5)


def test_constants_of_our_functions_are_no_parameters(path):
    for name in ("positions", "GPT", "GroupNorm", "attention"):
        make, x = NETWORKS[name]
        model = make()
        formats.onnx.export(model, path, x)
        network = formats.onnx.load(path)
        assert {name for name, _ in network.named_params()} <= {name for name, _ in model.named_params()}
        assert {name for name, _ in network.named_buffers()} <= {name for name, _ in model.named_buffers()}


@pytest.mark.parametrize("content", ["{", "1", "[1]", "[[]]", '{"w": 1}', '["gone"]', '["whole"]', "null"])
def test_a_list_of_trained_names_may_be_wrong(content, path):
    """Names that another program has changed are as if there were no list; what is no list is damage."""
    nodes = [helper.make_node("Add", ["x", "w"], ["z"]), helper.make_node("Gather", ["z", "whole"], ["y"])]
    weights = [numpy_helper.from_array(x, name) for x, name in ((normal(4), "w"), (np.array([1, 0]), "whole"))]
    model = made(*nodes, weights=weights)
    words = {"define-by-run.trained": content, "define-by-run.saved": "[]"}
    helper.set_model_props(model, words)
    path.write_bytes(model.SerializeToString())
    if content in ("{", "1", "[[]]", "null"):
        with pytest.raises(ValueError, match=r"model\.onnx cannot be loaded"):
            formats.onnx.load(path)
    else:
        names = [name for name, _ in formats.onnx.load(path).named_params()]
        assert names == ([] if content == '["whole"]' else ["w"])


def test_names_of_other_programs_are_the_paths(path, tmp_path):
    """PyTorch's exporters write dots, slashes and colons; two graphs may use one name."""
    names = ["/model/layer.0/MatMul_W", "model.0.bias", "onnx::Add_12", "1/constant_0"]
    nodes = [helper.make_node("Add", [f"x{i}" if i else "x", name], [f"x{i + 1}"]) for i, name in enumerate(names)]
    nodes.append(helper.make_node("Identity", [f"x{len(names)}"], ["y"]))
    weights = [numpy_helper.from_array(normal(4), name) for name in names]
    path.write_bytes(made(*nodes, weights=weights).SerializeToString())
    network = formats.onnx.load(path)
    assert [name for name, _ in network.named_params()] == names
    assert [*network.state_dict()] == names
    for end in (".npz", ".safetensors"):
        serialize.save(network, tmp_path / f"weights{end}")
        again = formats.onnx.load(path)
        for p in again.params():
            p.data = np.zeros_like(p.data)
        serialize.load(again, tmp_path / f"weights{end}")
        assert [[*p.data] for p in again.params()] == [[*p.data] for p in network.params()]
    models.save_weights(network, tmp_path / "weights.pth")
    models.load_weights(again, tmp_path / "weights.pth")
    summary = network.summary(normal(2, 4))
    assert (summary.parameters, len(summary.rows)) == (16, 1)
    formats.onnx.export(network, path, normal(2, 4))
    assert [name for name, _ in formats.onnx.load(path).named_params()] == names


def test_inputs_are_given_in_order_or_by_name(path):
    node = helper.make_node("Sub", ["a", "b"], ["y"])
    path.write_bytes(made(node, inputs=("a", "b")).SerializeToString())
    network = formats.onnx.load(path)
    assert network.inputs == ("a", "b")
    assert network.outputs == ("y",)
    x, y = np.float32([3]), np.float32([1])
    assert network(x, y) == network(b=y, a=x) == network(x, b=y) == 2
    for xs, named in [((x,), {}), ((x, y, x), {}), ((x, y), {"b": y}), ((x,), {"c": y}), ((), {})]:
        with pytest.raises(ValueError, match="takes the inputs a, b"):
            network(*xs, **named)


# ---- what is refused


def test_unknown_operators_are_named(path):
    nodes = helper.make_node("StringNormalizer", ["x"], ["z"]), helper.make_node("RandomNormalLike", ["z"], ["y"])
    path.write_bytes(made(*nodes).SerializeToString())
    with pytest.raises(ValueError, match=r"ai\.onnx\.RandomNormalLike, ai\.onnx\.StringNormalizer"):
        formats.onnx.load(path)
    node = helper.make_node("RNN", ["x", "W", "R"], ["y"], hidden_size=2, activations=["Relu"])
    weights = [numpy_helper.from_array(normal(1, 2, n), name) for n, name in ((3, "W"), (2, "R"))]
    path.write_bytes(made(node, weights=weights, rank=3).SerializeToString())
    with pytest.raises(ValueError, match="the node RNN with the output y needs other activations"):
        formats.onnx.load(path)(normal(4, 1, 3))


def test_weights_must_stand_in_the_file_with_all_their_bytes(path):
    node = helper.make_node("Add", ["x", "w"], ["y"])
    weight = numpy_helper.from_array(np.ones(4, np.float32), "w")
    weight.raw_data = weight.raw_data[:-1]
    path.write_bytes(made(node, weights=[weight]).SerializeToString())
    with pytest.raises(ValueError, match=r"model\.onnx"):
        formats.onnx.load(path)
    weight = numpy_helper.from_array(np.ones(4, np.float32), "w")
    weight.dims[0] = 2**40
    path.write_bytes(made(node, weights=[weight]).SerializeToString())
    with pytest.raises(ValueError, match=r"model\.onnx"):
        formats.onnx.load(path)
    model = made(node, weights=[numpy_helper.from_array(np.ones(4096, np.float32), "w")])
    onnx.save(model, path, save_as_external_data=True, location="weights", size_threshold=0)
    with pytest.raises(ValueError, match=r"model\.onnx"):
        formats.onnx.load(path)
    (path.parent / "weights").unlink()
    with pytest.raises(ValueError, match=r"model\.onnx"):
        formats.onnx.load(path)


@pytest.mark.parametrize("content", [b"", b"text", b"\x80\x02}.", b"PK\x03\x04", os.urandom(200)])
def test_other_files_are_refused(content, path):
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"model\.onnx"):
        formats.onnx.load(path)
    with pytest.raises(FileNotFoundError):
        formats.onnx.load(path.parent / "none.onnx")


def test_a_damaged_file_is_loaded_or_refused(path):
    """Never anything but a ValueError, wherever a byte is another one or the end is missing."""
    formats.onnx.export(L.Sequential(L.Linear(3), F.tanh, L.LayerNorm()), path, normal(2, 4))
    content = path.read_bytes()
    refused = 0
    for _ in range(300):
        damaged = bytearray(content)
        damaged[rng.integers(len(content))] = rng.integers(256)
        path.write_bytes(damaged[: rng.integers(len(content))] if rng.random() < 0.3 else damaged)
        try:
            formats.onnx.load(path)
        except ValueError:
            refused += 1
    assert refused > 50


def test_the_package_is_named_where_it_is_missing(monkeypatch, path):
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    with pytest.raises(RuntimeError, match=r"pip install 'define-by-run\[onnx\]'"):
        formats.onnx.load(path)
