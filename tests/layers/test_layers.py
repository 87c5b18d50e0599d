"""Every layer: float32 stays float32, on every device, for gradients, parameters and buffers too."""

import copy
from contextlib import nullcontext

import numpy as np
import pytest

from autograd import Variable
from autograd.backend import namespace
from autograd.functions.activation import relu
from autograd.layers import (
    GRU,
    LSTM,
    MLP,
    RNN,
    BatchNorm,
    Dropout,
    Embedding,
    GroupNorm,
    LayerNorm,
    Linear,
    MultiHeadAttention,
    PositionalEncoding,
    RMSNorm,
    Sequential,
    TransformerEncoderLayer,
)  # fmt: skip

LAYERS = {
    "Linear": lambda dtype: Linear(3, 4, dtype=dtype),
    "Linear, lazy": lambda dtype: Linear(3, dtype=dtype),
    "Linear, no bias": lambda dtype: Linear(3, 4, bias=False, dtype=dtype),
    "Sequential": lambda dtype: Sequential(Linear(3, 4, dtype=dtype), relu, Linear(2, dtype=dtype)),
    "MLP": lambda dtype: MLP((3, 2), dtype=dtype),
    "Dropout": lambda dtype: Dropout(0.5, rng=0),
    "BatchNorm": lambda dtype: BatchNorm(4, dtype=dtype),
    "BatchNorm, lazy": lambda dtype: BatchNorm(dtype=dtype),
    "LayerNorm": lambda dtype: LayerNorm(4, dtype=dtype),
    "LayerNorm, lazy": lambda dtype: LayerNorm(dtype=dtype),
    "GroupNorm": lambda dtype: GroupNorm(2, 4, dtype=dtype),
    "GroupNorm, lazy": lambda dtype: GroupNorm(2, dtype=dtype),
    "RNN": lambda dtype: RNN(3, 4, dtype=dtype),
    "RNN, lazy": lambda dtype: RNN(3, dtype=dtype),
    "LSTM": lambda dtype: LSTM(3, 4, dtype=dtype),
    "LSTM, lazy": lambda dtype: LSTM(3, dtype=dtype),
    "GRU": lambda dtype: GRU(3, 4, dtype=dtype),
    "GRU, lazy": lambda dtype: GRU(3, dtype=dtype),
    "RMSNorm": lambda dtype: RMSNorm(4, dtype=dtype),
    "RMSNorm, lazy": lambda dtype: RMSNorm(dtype=dtype),
    "MultiHeadAttention": lambda dtype: MultiHeadAttention(4, 2, dtype=dtype),
    "MultiHeadAttention, shared": lambda dtype: MultiHeadAttention(4, 2, 1, rotary=True, dtype=dtype),
    "TransformerEncoderLayer": lambda dtype: TransformerEncoderLayer(4, 2, dtype=dtype),
    "PositionalEncoding": lambda dtype: PositionalEncoding(4, dtype=dtype),
    "PositionalEncoding, learned": lambda dtype: PositionalEncoding(4, "learned", 6, dtype=dtype),
    "Embedding": lambda dtype: Embedding(5, 3, dtype=dtype),
}


def batch(name, dtype):
    if name == "Embedding":
        return np.array([[0, 4], [2, 2]])
    return np.random.default_rng(0).standard_normal((5, 4)).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", LAYERS)
def test_dtype_and_device_stay(name, dtype, on_device, moved):
    layer = moved(LAYERS[name](dtype))
    x = on_device(batch(name, dtype))
    x = x if name == "Embedding" else Variable(x)
    for _ in range(3):  # a recurrent layer's second step differs from its first
        y = layer(x)
    (y * y).sum().backward()
    gradients = [p.grad for p in layer.params()] + ([] if name == "Embedding" else [x.grad])
    for z in [y, *gradients, *(box for _, box in layer.named_state())]:
        assert z.dtype == dtype
        assert namespace(z.data) is namespace(x.data if isinstance(x, Variable) else x)
    for p in layer.params():
        assert p.grad.shape == p.shape


@pytest.mark.parametrize("name", LAYERS)
def test_a_float64_variable_is_converted_and_that_is_said(name):
    layer = LAYERS[name](np.float32)
    x = batch(name, np.float64)
    own = name not in ("Dropout", "PositionalEncoding")  # has weights, whose dtype counts
    wide = x.dtype.kind == "f" and own
    x = Variable(x) if x.dtype.kind == "f" else x
    for _ in range(2):
        with pytest.warns(UserWarning, match="is converted to float32") if wide else nullcontext():
            y = layer(x)
    assert y.dtype == (np.float32 if own else x.dtype)
    y.sum().backward()
    assert not wide or x.grad.dtype == np.float64
    for p in layer.params():
        assert p.dtype == p.grad.dtype == np.float32
    for _, buffer in layer.named_buffers():
        assert buffer.dtype == np.float32


@pytest.mark.parametrize("name", LAYERS)
def test_the_input_is_not_changed_and_may_be_strided_and_read_only(name):
    x = batch(name, np.float64)
    strided = np.repeat(x, 2, axis=1)[:, ::2]
    strided.flags.writeable = False
    layer = LAYERS[name](np.float64)
    layer(x)
    other = copy.deepcopy(layer)
    layer.reset_state()
    np.testing.assert_allclose(layer(x).data, other(strided).data, rtol=1e-12)
    np.testing.assert_array_equal(x, batch(name, np.float64))


@pytest.mark.parametrize("name", ["MLP", "Sequential", "RNN", "LSTM", "GRU", "Linear, lazy", "Embedding"])
def test_a_seed_gives_the_same_weights(name):
    layers = {
        "MLP": lambda rng: MLP((3, 3), in_size=3, rng=rng), "Sequential": lambda rng: Sequential(Linear(3, 3, rng=rng)),
        "RNN": lambda rng: RNN(3, 3, rng=rng), "LSTM": lambda rng: LSTM(3, 3, rng=rng),
        "GRU": lambda rng: GRU(3, 3, rng=rng), "Linear, lazy": lambda rng: Linear(3, rng=rng),
        "Embedding": lambda rng: Embedding(3, 3, rng=rng),
    }  # fmt: skip
    states = []
    for rng in (1, np.random.default_rng(1), 2):
        layer = layers[name](rng)
        layer(np.zeros((1, 3), np.float32) if name != "Embedding" else np.zeros(1, int))
        states.append(layer.state_dict())
    for path, x in states[0].items():
        np.testing.assert_array_equal(x, states[1][path])
    assert any(not np.array_equal(x, states[2][path]) for path, x in states[0].items())
    matrices = [x for x in states[0].values() if x.ndim == 2]
    assert all(not np.array_equal(a, b) for i, a in enumerate(matrices) for b in matrices[:i])
