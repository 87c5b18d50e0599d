"""Parameters before the first call: what is known is right, everything else is one error that says what to do."""

import copy
import math
import operator
import pickle
from functools import partial

import numpy as np
import pytest

import autograd.functions as F
from autograd import Variable, grad
from autograd.functions.activation import relu
from autograd.layers import (
    GRU,
    LSTM,
    MLP,
    RNN,
    BatchNorm,
    Buffer,
    Conv2d,
    GroupNorm,
    Layer,
    LayerNorm,
    Linear,
    Parameter,
    Sequential,
)
from autograd.layers.base import Unfilled
from autograd.optimizers import SGD

X = np.ones((4, 3), np.float32)


def change(op, value):
    def run(p):
        p.data = op(p.data, value)

    return run


def fill(p):
    p.data[...] = 0


USES = {
    "size": lambda p: p.size, "len": len, "bool": bool, "float": float, "int": int, "item": lambda p: p.item(),
    "iteration": list, "index": lambda p: p[0], "mask": lambda p: p[p > 0],
    "p + 1": lambda p: p + 1, "1 + p": lambda p: 1 + p, "p - x": lambda p: p - X, "x - p": lambda p: X - p,
    "p * p": lambda p: p * p, "p / 2": lambda p: p / 2, "2 / p": lambda p: 2 / p, "p ** 2": lambda p: p**2,
    "2 ** p": lambda p: 2**p, "x @ p": lambda p: X @ p, "p @ x": lambda p: p @ X, "-p": lambda p: -p, "abs": abs,
    "==": lambda p: p == 3, "<": lambda p: p < 3, "T": lambda p: p.T, "transpose": lambda p: p.transpose(1, 0),
    "swapaxes": lambda p: p.swapaxes(0, 1), "reshape": lambda p: p.reshape(-1), "astype": lambda p: p.astype("f8"),
    "sum": lambda p: p.sum(), "mean": lambda p: p.mean(), "max": lambda p: p.max(), "min": lambda p: p.min(0),
    "detach": lambda p: p.detach(), "F.sum": F.sum, "F.norm": F.norm, "F.exp": F.exp, "F.relu": F.relu,
    "F.concat": lambda p: F.concat([p, p]), "F.linear": lambda p: F.linear(X, p),
    "F.dropout": lambda p: F.dropout(p, 0.5), "F.softmax": F.softmax, "grad": lambda p: grad(Variable(1.0) * 2, p),
    "Variable(p.data)": lambda p: Variable(p.data), "np.asarray": np.asarray,
    "p.data *= 2": change(operator.imul, 2), "p.data -= x": change(operator.isub, X), "p.data[...] = 0": fill,
    "p.data.copy": lambda p: p.data.copy(), "p.data.mean": lambda p: p.data.mean(), "p.data.T": lambda p: p.data.T,
    "p.data.size": lambda p: p.data.size, "p.data.nbytes": lambda p: p.data.nbytes,
    "np.exp of data": lambda p: np.exp(p.data), "np.sum of data": lambda p: np.sum(p.data),
    "np.concatenate of data": lambda p: np.concatenate([p.data]), "x + data": lambda p: X + p.data,
    "np.zeros(p.shape)": lambda p: np.zeros(p.shape), "np.prod(p.shape)": lambda p: np.prod(p.shape),
    "math.prod(p.shape)": lambda p: math.prod(p.shape), "p.shape == x.shape": lambda p: p.shape == X.shape,
    "range(p.shape[0])": lambda p: range(p.shape[0]), "p.shape[0] > 1": lambda p: p.shape[0] > 1,
    "random(p.shape)": lambda p: np.random.default_rng(0).normal(size=p.shape),
}  # fmt: skip


ON_NUMPY = pytest.mark.standin_exempt("an array of CuPy on the left refuses what it does not know in its own words")


@pytest.mark.parametrize("name", [pytest.param(n, marks=ON_NUMPY) if n == "x + data" else n for n in USES])
def test_a_use_is_an_error_that_says_what_to_do(name):
    layer = Linear(3)
    with pytest.raises(
        RuntimeError, match=r"W of Linear \(None, 3\) has no size yet: call the model once, or give in_"
    ):
        USES[name](layer.W)
    assert type(layer.W.value) is Unfilled
    assert layer(X).shape == (4, 3)


@pytest.mark.parametrize(
    "make, said",
    [
        (lambda: Conv2d(4, 3), r"W of Conv2d \(4, None, 3, 3\) .*give in_channels$"),
        (BatchNorm, r"gamma of BatchNorm \(None,\) .*give size$"), (LayerNorm, r"gamma of LayerNorm .*give size$"),
        (lambda: GroupNorm(2), r"gamma of GroupNorm .*give size$"), (lambda: RNN(3), "Wx of RNN .*give in_size$"),
        (lambda: LSTM(3), "Wx of LSTM .*give in_size$"), (lambda: GRU(3), "Wx of GRU .*give in_size$"),
        (lambda: MLP((3, 2)), "W of Linear .*give in_size$"),
    ],
)  # fmt: skip
def test_the_error_names_the_parameter_and_the_argument(make, said):
    with pytest.raises(RuntimeError, match=said):
        sum(p.size for p in make().params())


def test_a_buffer_says_so_too():
    for use in (lambda b: b.size, lambda b: b.data * 2, lambda b: b.data[0]):
        with pytest.raises(RuntimeError, match="mean of BatchNorm .* has no size yet"):
            use(BatchNorm().mean)


def test_what_is_known_can_be_read():
    p = Linear(3).W
    assert (p.ndim, p.shape, p.dtype, p.grad) == (2, (None, 3), np.float32, None)
    assert p.shape[0] == None  # noqa: E711
    assert p.shape[0] in (None, 3)
    assert repr(p.shape) == "(None, 3)"
    assert hash(p.shape) == hash((None, 3))


def test_values_can_be_given_before_the_first_call():
    layer, a = Linear(3), np.full((2, 3), 5, np.float32)
    layer.W.data = a
    a[...] = 0
    np.testing.assert_array_equal(layer(np.ones((1, 2), np.float32)).data, [[10, 10, 10]])
    layer = Linear(3)
    with pytest.raises(ValueError, match=r"W must have the shape \(None, 3\), not \(2, 4\)"):
        layer.W.data = np.ones((2, 4), np.float32)
    assert layer.W.shape == (None, 3)


COPIES = {
    "deepcopy": copy.deepcopy,
    "pickle": lambda x: pickle.loads(pickle.dumps(x)),
    "a copy of a copy": lambda x: copy.deepcopy(copy.deepcopy(x)),
}
MODELS = {
    "the shared generator": lambda rng: MLP((5, 2)),
    "a seed": lambda rng: MLP((5, 2), rng=3),
    "a generator": lambda rng: MLP((5, 2), rng=rng),
    "layers of one generator": lambda rng: Sequential(Linear(5, rng=rng), relu, Linear(2, rng=rng)),
    "a recurrent layer": lambda rng: LSTM(4, rng=rng),
    "a convolution": lambda rng: Sequential(partial(F.expand_dims, axis=(0, 1)), Conv2d(2, 3, rng=rng)),
}


@pytest.mark.parametrize("first", ["original", "copy"])
@pytest.mark.parametrize("copied", ["deepcopy", "pickle", "a copy of a copy"])
@pytest.mark.parametrize("model", MODELS)
def test_a_copy_before_the_first_call_is_the_same_network(model, copied, first):
    """Whichever is called first, and whatever else draws numbers in between."""
    rng = np.random.default_rng(0)
    net = MODELS[model](rng)
    other = COPIES[copied](net)
    order = [net, other] if first == "original" else [other, net]
    Linear(7, rng=rng)(X)
    for x in order:
        x(X)
        rng.standard_normal(3)
        Linear(7)(X)
    for (path, p), (_, q) in zip(net.named_params(), other.named_params(), strict=True):
        np.testing.assert_array_equal(p.data, q.data, err_msg=path)


def test_two_layers_of_a_copy_are_not_equal():
    a = copy.deepcopy(Sequential(Linear(3), Linear(3)))
    a(X)
    assert not np.array_equal(a[0].W.data, a[1].W.data)


# Arguments that make no array


@pytest.mark.parametrize("size", [None, 2])
@pytest.mark.parametrize(
    "options, error, match",
    [
        ({"initializer": "he"}, TypeError, r"initializer must be a function, not 'he'"),
        ({"initializer": lambda shape, rng, dtype: 0}, TypeError, r"the initializer must make an array .*not 0"),
        ({"initializer": lambda shape, rng, dtype: [[1.0]]}, TypeError, "the initializer must make an array"),
        ({"dtype": "abc"}, TypeError, "dtype must be floating-point, such as np.float32, not 'abc'"),
        ({"dtype": None}, TypeError, "dtype must be floating-point"),
        ({"dtype": int}, TypeError, "dtype must be floating-point, such as np.float32, not int64"),
    ],
)
def test_wrong_initializers_and_dtypes(size, options, error, match):
    with pytest.raises(error, match=match):
        Linear(3, size, **options)(np.ones((1, 2), np.float32))


# What would take the place of a Parameter


@pytest.mark.parametrize(
    "value",
    [Variable(X), Parameter(X) * 0.5, X, 1.0, [1.0], "W"],
    ids=["leaf", "computed", "array", "number", "list", "text"],
)
@pytest.mark.parametrize("make, name", [(lambda: Linear(3, 4), "W"), (BatchNorm, "mean"), (lambda: Linear(3), "W")])
def test_only_a_parameter_takes_the_place_of_one(make, name, value):
    layer = make()
    before = getattr(layer, name)
    with pytest.raises(
        TypeError, match=rf"{name} of .* is a (Parameter|Buffer) and takes a .* or None, not .*del layer"
    ):
        setattr(layer, name, value)
    assert getattr(layer, name) is before
    delattr(layer, name)
    setattr(layer, name, value)
    assert getattr(layer, name) is value


def test_a_parameter_none_and_a_layer_do():
    layer = Linear(3, 4)
    layer.W, layer.b = Parameter(X), None
    assert layer(np.ones((1, 4), np.float32)).shape == (1, 3)
    layer.W = Linear(2)
    assert isinstance(layer.W, Layer)
    Buffer(X).data = X


# A Parameter owns its array


def test_an_assigned_array_is_copied():
    a, layer = X.copy(), Linear(3, 4)
    layer.W.data = a
    layer(np.ones((1, 4), np.float32)).sum().backward()
    SGD(layer, 1.0).update()
    np.testing.assert_array_equal(a, X)
    before = layer.W.data
    layer.W.data -= 1
    assert np.shares_memory(before, layer.W.data)
    with pytest.raises(TypeError, match="floating-point numbers, not int64"):
        layer.W.data = np.ones((4, 3), np.int64)
