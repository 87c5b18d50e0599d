"""A Variable's methods: those of an array, with its arguments, its values, and gradients."""

import numpy as np
import pytest

import autograd as ag
import autograd.functions as F
from autograd import Variable, grad
from autograd.methods import ArrayMethods

A = np.array([[1.3, 0.4, 2.2], [0.7, 1.9, 0.2]])

CALLS = {  # the method: calls with an array or a Variable
    "round": [lambda x: x.round(), lambda x: x.round(1)],
    "clip": [lambda x: x.clip(0.5, 1.5), lambda x: x.clip(max=1.0), lambda x: x.clip(A * 0.9, None)],
    "copy": [lambda x: x.copy()],
    "std": [lambda x: x.std(), lambda x: x.std(axis=0), lambda x: x.std(1, ddof=1, keepdims=True)],
    "var": [lambda x: x.var(), lambda x: x.var(axis=(0, 1)), lambda x: x.var(1, ddof=1)],
    "prod": [lambda x: x.prod(), lambda x: x.prod(axis=1, keepdims=True)],
    "cumsum": [lambda x: x.cumsum(), lambda x: x.cumsum(axis=0)],
    "cumprod": [lambda x: x.cumprod(), lambda x: x.cumprod(1)],
    "ravel": [lambda x: x.ravel()],
    "flatten": [lambda x: x.flatten()],
    "squeeze": [lambda x: x[:1].squeeze(), lambda x: x[:, :1].squeeze(axis=1)],
    "repeat": [lambda x: x.repeat(2), lambda x: x.repeat(3, axis=1)],
    "take": [lambda x: x.take([0, 5]), lambda x: x.take([[2, 2]], axis=1)],
    "diagonal": [lambda x: x.diagonal(), lambda x: x.diagonal(1)],
    "trace": [lambda x: x.trace(), lambda x: x.trace(offset=1)],
    "dot": [lambda x: x.dot(A.T), lambda x: x.dot(2.0), lambda x: x[0].dot(A[1])],
}
PLAIN = {
    "argmax": [lambda x: x.argmax(), lambda x: x.argmax(axis=1)],
    "argmin": [lambda x: x.argmin(), lambda x: x.argmin(0)],
    "argsort": [lambda x: x.argsort(), lambda x: x.argsort(axis=0)],
    "all": [lambda x: x.all(), lambda x: x.all(axis=0)],
    "any": [lambda x: x.any()],
    "nonzero": [lambda x: x.nonzero()],
    "tolist": [lambda x: x.tolist(), lambda x: x[0, 0].tolist()],
}
FUNCTIONS = {"exp": (np.exp, F.exp), "log": (np.log, F.log), "abs": (np.abs, F.abs)}
calls = [pytest.param(f, id=f"{name} {i}") for name, fs in CALLS.items() for i, f in enumerate(fs)]
plain = [pytest.param(f, id=f"{name} {i}") for name, fs in PLAIN.items() for i, f in enumerate(fs)]


def test_every_method_is_called_here():
    own = {name for name in vars(ArrayMethods) if name[0] != "_"}
    assert own == {*CALLS, *PLAIN, *FUNCTIONS, "numpy"}
    assert all(getattr(Variable, name).__doc__ for name in own)


@pytest.mark.parametrize("f", calls)
def test_a_method_is_that_of_an_array_and_has_a_gradient(f, on_device):
    x, direction = Variable(on_device(A)), np.random.default_rng(0).standard_normal(A.shape)
    if type(x.data) is not np.ndarray and f in (CALLS["dot"][0], CALLS["dot"][2], CALLS["clip"][2]):
        pytest.skip("the other operand is NumPy's")
    y, expected = f(x), np.asarray(f(A))
    assert isinstance(y, Variable)
    assert y.shape == expected.shape
    np.testing.assert_allclose(ag.backend.to_numpy(y.data), expected, rtol=1e-13)
    slope = (f(A + 1e-6 * direction).sum() - f(A - 1e-6 * direction).sum()) / 2e-6
    np.testing.assert_allclose((ag.backend.to_numpy(grad(y, x).data) * direction).sum(), slope, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("f", plain)
def test_positions_and_answers_are_plain(f, on_device):
    y, expected = f(Variable(on_device(A)) * 1), f(A)
    assert not isinstance(y, Variable)
    for a, b in zip(*[z if isinstance(z, tuple) else (z,) for z in (y, expected)]):
        np.testing.assert_array_equal(ag.backend.to_numpy(a) if ag.backend.is_array(a) else a, b)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_as_a_method(name):
    theirs, ours = FUNCTIONS[name]
    np.testing.assert_array_equal(getattr(Variable(A), name)().data, theirs(A))
    np.testing.assert_array_equal(getattr(Variable(A), name)().data, ours(A))


def test_numpy_gives_the_array_of_a_leaf():
    x = Variable(A)
    assert type(x.numpy()) is np.ndarray
    np.testing.assert_array_equal(x.numpy(), A)
    with pytest.raises(TypeError, match=r"whose gradient would be lost: use x\.data"):
        (x * 2).numpy()


def test_a_copy_keeps_the_graph_and_shares_nothing():
    x = Variable(A.copy())
    y = x.copy()
    x.data[0, 0] = 9
    assert y.data[0, 0] == 1.3
    np.testing.assert_array_equal(grad(y, x).data, np.ones((2, 3)))


def test_arguments_that_have_no_meaning_for_a_gradient_are_refused():
    x = Variable(A)
    for call in (lambda: x.std(dtype=np.float32), lambda: x.cumsum(out=np.zeros(6)), lambda: x.clip(0, 1, out=A)):
        with pytest.raises(TypeError, match=r"x\.data|writes no Variable"):
            call()
