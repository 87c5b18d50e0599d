"""Weights of ours under PyTorch's names, in files that PyTorch and `load_weights` read."""

import numpy as np
import pytest

import autograd as ag
import autograd.layers as L
from autograd import formats, models
from tests.against_torch import one_thread  # noqa: F401

pytestmark = pytest.mark.standin_exempt("weights of others are NumPy arrays")

rng = np.random.default_rng(0)

LAYERS = {  # ours, PyTorch's, and the shape of an input
    "Linear": (lambda: L.Linear(4, 3), lambda nn: nn.Linear(3, 4), (2, 3)),
    "Conv1d": (lambda: L.Conv1d(4, 3, in_channels=3), lambda nn: nn.Conv1d(3, 4, 3), (2, 3, 9)),
    "Conv2d": (lambda: L.Conv2d(4, 3, in_channels=2, groups=2), lambda nn: nn.Conv2d(2, 4, 3, groups=2), (2, 2, 5, 5)),
    "Conv3d": (lambda: L.Conv3d(4, 2, in_channels=2), lambda nn: nn.Conv3d(2, 4, 2), (2, 2, 4, 4, 4)),
    "ConvTranspose1d": (
        lambda: L.ConvTranspose1d(4, 3, in_channels=3),
        lambda nn: nn.ConvTranspose1d(3, 4, 3),
        (2, 3, 5),
    ),
    "ConvTranspose2d": (
        lambda: L.ConvTranspose2d(4, 3, 2, in_channels=3),
        lambda nn: nn.ConvTranspose2d(3, 4, 3, 2),
        (2, 3, 5, 5),
    ),
    "Embedding": (lambda: L.Embedding(5, 3), lambda nn: nn.Embedding(5, 3), None),
    "BatchNorm": (lambda: L.BatchNorm(3), lambda nn: nn.BatchNorm1d(3), (4, 3)),
    "LayerNorm": (lambda: L.LayerNorm(3), lambda nn: nn.LayerNorm(3), (4, 3)),
    "GroupNorm": (lambda: L.GroupNorm(2, 4), lambda nn: nn.GroupNorm(2, 4), (2, 4, 3)),
    "InstanceNorm": (lambda: L.InstanceNorm(3), lambda nn: nn.InstanceNorm1d(3, affine=True), (2, 3, 5)),
    "RMSNorm": (lambda: L.RMSNorm(3), lambda nn: nn.RMSNorm(3, eps=1e-5), (2, 3)),
    "RNN": (lambda: L.RNN(4, 3), lambda nn: nn.RNN(3, 4, batch_first=True), (2, 5, 3)),
    "LSTM": (lambda: L.LSTM(4, 3), lambda nn: nn.LSTM(3, 4, batch_first=True), (2, 5, 3)),
    "GRU": (lambda: L.GRU(4, 3), lambda nn: nn.GRU(3, 4, batch_first=True), (2, 5, 3)),
    "LSTM, 2 layers, both ways": (
        lambda: L.LSTM(4, 3, layers=2, bidirectional=True),
        lambda nn: nn.LSTM(3, 4, 2, batch_first=True, bidirectional=True),
        (2, 5, 3),
    ),
    "GRU, 2 layers, both ways": (
        lambda: L.GRU(4, 3, layers=2, bidirectional=True),
        lambda nn: nn.GRU(3, 4, 2, batch_first=True, bidirectional=True),
        (2, 5, 3),
    ),
    "attention": (
        lambda: L.MultiHeadAttention(4, 2),
        lambda nn: nn.MultiheadAttention(4, 2, batch_first=True),
        (2, 5, 4),
    ),
    "encoder": (
        lambda: L.TransformerEncoderLayer(4, 2, 6),
        lambda nn: nn.TransformerEncoderLayer(4, 2, 6, 0.0, batch_first=True),
        (2, 5, 4),
    ),
    "Sequential": (
        lambda: L.Sequential(L.Linear(4, 3), L.BatchNorm(4), L.Sequential(L.Linear(2, 4))),
        lambda nn: nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Sequential(nn.Linear(4, 2))),
        (3, 3),
    ),
}


def drawn(make):
    """A layer with numbers of its own everywhere."""
    layer = make()
    layer.load_state_dict(
        {path: rng.uniform(0.1, 1, x.shape).astype(x.dtype) for path, x in layer.state_dict().items()}
    )
    return layer


def ours_of(layer, x):
    with ag.test_mode(), ag.no_grad():
        return ag.as_array(layer(x))


def theirs_of(torch, module, x):
    with torch.no_grad():
        x = torch.from_numpy(x)
        y = module.eval()(x, x, x) if isinstance(module, torch.nn.MultiheadAttention) else module.eval()(x)
        return (y[0] if isinstance(y, tuple) else y).numpy()


@pytest.mark.parametrize("end", ["pth", "safetensors"])
@pytest.mark.parametrize("name", LAYERS)
def test_pytorch_reads_what_we_write_and_computes_the_same(name, end, tmp_path):
    torch = pytest.importorskip("torch", reason="PyTorch is optional")
    make, of_torch, shape = LAYERS[name]
    layer, module, path = drawn(make), of_torch(torch.nn), tmp_path / f"net.{end}"
    models.save_weights(layer, path)
    if end == "pth":
        state = torch.load(path, weights_only=True)
    else:
        state = pytest.importorskip("safetensors.torch").load_file(path)
    module.load_state_dict(state)  # strict
    x = rng.integers(0, 5, (2, 3)) if shape is None else rng.standard_normal(shape).astype(np.float32)
    np.testing.assert_allclose(ours_of(layer, x), theirs_of(torch, module, x), 1e-5, 1e-5)
    other = make()
    models.load_weights(other, module.state_dict())
    for mine, again in zip(layer.params(), other.params()):
        np.testing.assert_array_equal(mine.data, again.data)


NETWORKS = {
    **{name: make for name, (make, *_) in LAYERS.items()},
    "ResNet18": lambda: models.ResNet18(5),
    "MobileNetV2": lambda: models.MobileNetV2(5),
    "EfficientNetLite0": lambda: models.EfficientNetLite0(5),
    "SqueezeNet": lambda: models.SqueezeNet(5),
    "GPT": lambda: models.GPT(9, 5, 8, 1, 2),
    "BERT": lambda: models.BERT(9, 5, 8, 1, 2),
    "attention within": lambda: L.Sequential(L.MultiHeadAttention(4, 2), L.Linear(3, 4)),
    "memory of another size": lambda: L.MultiHeadAttention(4, 2, memory_size=6),
    "shared heads": lambda: L.MultiHeadAttention(8, 4, 2),
}


@pytest.mark.parametrize("end", ["pth", "pt", "safetensors"])
@pytest.mark.parametrize("name", NETWORKS)
def test_load_weights_reads_what_we_write(name, end, tmp_path):
    path = tmp_path / f"net.{end}"
    if name == "SqueezeNet":
        with ag.test_mode():
            model, other = NETWORKS[name](), NETWORKS[name]()
            for one in (model, other):
                one(np.zeros((1, 3, 64, 64), np.float32))
    else:
        model, other = drawn(NETWORKS[name]) if "Net" not in name else NETWORKS[name](), NETWORKS[name]()
    models.save_weights(model, path)
    models.load_weights(other, path)
    for (where, x), (_, y) in zip(model.named_state(), other.named_state()):
        np.testing.assert_array_equal(x.data, y.data, where)


def test_names_are_those_of_pytorch():
    """Written by hand, from PyTorch's documentation: they hold without it."""
    state = models.torch_state_dict(L.LSTM(4, 3, layers=2))
    assert {name: x.shape for name, x in state.items()} == {
        **{"weight_ih_l0": (16, 3), "weight_hh_l0": (16, 4), "bias_ih_l0": (16,), "bias_hh_l0": (16,)},
        **{"weight_ih_l1": (16, 4), "weight_hh_l1": (16, 4), "bias_ih_l1": (16,), "bias_hh_l1": (16,)},
    }
    assert {*models.torch_state_dict(L.GRU(4, 3, bidirectional=True))} == {
        f"{word}_l0{end}" for word in ("weight_ih", "weight_hh", "bias_ih", "bias_hh") for end in ("", "_reverse")
    }
    state = models.torch_state_dict(L.MultiHeadAttention(4, 2))
    assert {name: x.shape for name, x in state.items()} == {
        **{"in_proj_weight": (12, 4), "in_proj_bias": (12,), "out_proj.weight": (4, 4), "out_proj.bias": (4,)}
    }
    assert {*models.torch_state_dict(L.BatchNorm(3))} == {
        *("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    }
    names = {*models.torch_state_dict(models.ResNet18(5))}
    assert {
        "conv1.weight",
        "bn1.running_var",
        "layer2.0.downsample.0.weight",
        "layer4.1.bn2.bias",
        "fc.weight",
    } <= names


ODD = {  # names that are words of PyTorch's or of ours elsewhere, or have digits: the kind of layer below them
    "module": "LSTM", "bias_hh_block": "LSTM, 2 layers, both ways", "in_proj_": "BatchNorm", "conv1_1": "Conv2d",
    "1x1": "Conv1d", "b1": "Linear", "weight_ih_l0": "Sequential", "out_proj": "attention", "running_mean": "encoder",
    "Wx1_reverse": "Embedding", "10": "RNN", "position_ids": "LayerNorm", "num_batches_tracked": "GRU",
}  # fmt: skip


def with_odd_names(root, make):
    """A model with parts of these names, which has itself as a part `layer.0`."""
    for name, kind in ODD.items():
        setattr(root, name, make(kind))
    return root


def odd_model():
    model = with_odd_names(L.Layer(), lambda kind: LAYERS[kind][0]())
    model.blocks = {"layer.0": with_odd_names(L.Layer(), lambda kind: LAYERS[kind][0]())}
    model.in_proj_weight, model.in_proj_one = L.Parameter(np.ones((3, 2), np.float32)), L.Parameter(np.float32(1))
    return model


@pytest.mark.parametrize("lead", ["", "module."])
def test_parts_may_have_any_name(lead):
    model, other = drawn(odd_model), odd_model()
    state = models.torch_state_dict(model)
    assert {"module.weight_ih_l0", "blocks.layer.0.in_proj_.running_var", "b1.weight", "in_proj_weight"} <= {*state}
    models.load_weights(other, {lead + name: x for name, x in state.items()})
    for (where, x), (_, y) in zip(model.named_state(), other.named_state(), strict=True):
        np.testing.assert_array_equal(x.data, y.data, where)


def test_pytorch_has_the_same_odd_names():
    torch = pytest.importorskip("torch", reason="PyTorch is optional")
    module = with_odd_names(torch.nn.Module(), lambda kind: LAYERS[kind][1](torch.nn))
    module.blocks = torch.nn.ModuleDict({"layer": torch.nn.ModuleList([torch.nn.Module()])})
    with_odd_names(module.blocks["layer"][0], lambda kind: LAYERS[kind][1](torch.nn))
    module.in_proj_weight = torch.nn.Parameter(torch.ones(3, 2))
    module.in_proj_one = torch.nn.Parameter(torch.ones(()))
    model = drawn(odd_model)
    models.load_weights(model, module.state_dict())
    state = {name: torch.from_numpy(x) for name, x in models.torch_state_dict(model).items()}
    module.load_state_dict(state)  # strict
    models.load_weights(odd_model(), torch.nn.DataParallel(module).state_dict())


def test_what_has_no_name_there_is_refused(tmp_path):
    with pytest.raises(ValueError, match="reset="):
        models.torch_state_dict(L.GRU(4, 3, reset="before"))
    with pytest.raises(TypeError, match="takes a model"):
        models.torch_state_dict({"W": np.ones(2)})
    with pytest.raises(RuntimeError, match="not all sizes are known"):
        models.torch_state_dict(L.Linear(3))
    for path in ("net.npz", "net", 5, None):
        with pytest.raises(ValueError, match="path must end with"):
            models.save_weights(L.Linear(2, 2), path)
    with pytest.raises(FileNotFoundError):
        models.save_weights(L.Linear(2, 2), tmp_path / "none" / "net.pth")


def test_every_dtype_of_pytorch_is_written(tmp_path):
    path = tmp_path / "x.pth"
    dtypes = ["f4", "f8", "f2", "i8", "i4", "i2", "i1", "u1", "?", "c8", "c16", ">f4"]
    arrays = {f"x.{dtype}": np.arange(6).reshape(2, 3).T.astype(dtype) for dtype in dtypes}
    arrays |= {"none": np.zeros((0, 3), np.float32), "one": np.array(2.5), "日本": np.ones(1)}
    formats.torch.write(path, arrays)
    found = formats.read_weights(path)
    assert list(found) == list(arrays)
    for name, x in arrays.items():
        np.testing.assert_array_equal(found[name], x)
        assert found[name].dtype == x.dtype.newbyteorder("=")
    for wrong in ({"x": np.ones(1, np.uint16)}, {"x": "text"}, {3: np.ones(1)}):
        with pytest.raises(TypeError, match="write takes arrays"):
            formats.torch.write(path, wrong)
    assert list(formats.read_weights(path)) == list(arrays)  # the old file stays


def test_pytorch_reads_every_dtype(tmp_path):
    torch = pytest.importorskip("torch", reason="PyTorch is optional")
    arrays = {dtype: np.arange(6).reshape(2, 3).astype(dtype) for dtype in ("f4", "f8", "f2", "i8", "u1", "?", "c8")}
    formats.torch.write(tmp_path / "x.pth", {**arrays, "none": np.zeros((0, 2)), "one": np.array(1.5)})
    found = torch.load(tmp_path / "x.pth", weights_only=True)
    for name, x in arrays.items():
        np.testing.assert_array_equal(found[name].numpy(), x)
    assert found["one"].shape == ()
    found["f4"][0, 0] = 7  # the memory is PyTorch's own
