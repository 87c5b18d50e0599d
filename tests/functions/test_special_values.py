"""Where a derivative has a convention and not a limit, where a formula could overflow, and how exact erf is."""

import math

import numpy as np
import pytest

import autograd.functions as F
from autograd import Variable, grad
from autograd.kernels.erf import erf


def gradient(f, *xs):
    xs = [Variable(np.asarray(x, float)) for x in xs]
    gxs = grad(f(*xs), xs)
    return [gx.data.tolist() for gx in gxs]


@pytest.mark.parametrize(
    ("f", "x", "expected"),
    [
        (F.relu, [-1.0, 0.0, 2.0], [0, 0, 1]),
        (F.abs, [-2.0, 0.0, 2.0], [-1, 0, 1]),
        (F.sign, [-2.0, 0.0, 2.0], [0, 0, 0]),
        (F.leaky_relu, [-1.0, 0.0, 2.0], [0.01, 0.01, 1]),
        (F.elu, [0.0, 2.0], [1, 1]),
        (lambda x: F.elu(x, 0.5), [0.0, 2.0], [0.5, 1]),
        (lambda x: F.clip(x, -1, 1), [-1.5, -1.0, 0.0, 1.0, 1.5], [0, 1, 1, 1, 0]),
        (lambda x: F.clip(x, 0, None), [-1.5, 0.0, 1.0], [0, 1, 1]),
        (lambda x: F.clip(x, None, 0), [-1.5, 0.0, 1.0], [1, 1, 0]),
        (lambda x: F.maximum(x, 0), [-1.0, 0.0, 1.0], [0, 0.5, 1]),
        (F.max, [1.0, 3.0, 3.0, 2.0], [0, 1, 0, 0]),
        (F.min, [3.0, 1.0, 1.0, 1.0], [0, 1, 0, 0]),
        (F.norm, [0.0, 0.0], [0, 0]),
        (lambda x: F.norm(x, 3), [0.0, 0.0], [0, 0]),
        (lambda x: F.norm(x, 1), [0.0, 2.0], [0, 1]),
        (lambda x: F.norm(x, math.inf), [0.0, 0.0], [0, 0]),
        (F.norm, [3.0, -4.0], [0.6, -0.8]),
        (F.std, [2.0, 2.0], [0, 0]),
        (F.prod, [0.0, 2.0, 0.0], [0, 0, 0]),
        (F.prod, [0.0, 2.0, 3.0], [6, 0, 0]),
    ],
)
def test_gradients_by_convention(f, x, expected):
    assert gradient(f, x) == [pytest.approx(expected, abs=1e-15)]


def test_equal_operands_share_the_gradient():
    for f in (F.maximum, F.minimum):
        (a, b) = gradient(f, [1.0, 2.0, 3.0], [3.0, 2.0, 1.0])
        assert a[1] == b[1] == 0.5
        assert sorted([a[0], b[0]]) == sorted([a[2], b[2]]) == [0, 1]


def test_piecewise_linear_functions_have_no_second_derivative():
    x = Variable(np.array([-2.0, -0.5, 0.0, 0.5, 2.0]))
    for f in (F.relu, F.leaky_relu, F.hardtanh, F.abs, F.sign, lambda x: F.maximum(x, 0.3)):
        gx = grad(f(x), x, create_graph=True)
        second = grad(gx, x, create_graph=True)
        assert second.data.tolist() == grad(second, x).data.tolist() == [0] * 5


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "f",
    [F.sigmoid, F.softplus, F.silu, F.gelu, F.elu, F.selu, F.tanh, F.log_softmax, F.softmax, F.logsumexp, F.erf]
    + [lambda x: F.gelu(x, "tanh")],
)
def test_far_from_zero(f, dtype):
    for s in (1e4, 200, 100, 90, 88, 30):
        x = Variable(np.array([-s, 0, s], dtype))
        y = f(x)
        gx = grad(y, x, create_graph=True)
        ggx = grad(gx, x)
        assert y.dtype == gx.dtype == ggx.dtype == dtype
        assert all(np.isfinite(a.data).all() for a in (y, gx, ggx))


def test_logsumexp_of_infinities():
    inf = math.inf
    assert F.logsumexp(np.array([-inf, -inf])) == -inf
    assert F.logsumexp(np.array([inf, 1.0])) == inf
    assert F.logsumexp(np.array([-inf, 1.0])) == 1
    x = Variable(np.array([-inf, 1.0]))
    assert grad(F.logsumexp(x), x).data.tolist() == [0, 1]
    assert grad(F.softmax(x)[0], x).data.tolist() == [0, 0]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_erf(dtype):
    x = np.concatenate([np.linspace(-7, 7, 40001), np.geomspace(1e-4, 1, 500)]).astype(dtype)
    expected = np.array([math.erf(a) for a in x.astype(float)])
    assert erf(x).dtype == dtype
    assert (np.abs(erf(x) - expected) <= 4.001 * np.spacing(np.abs(expected).astype(dtype))).all()
    ends = erf(np.array([-np.inf, -0.0, 0.0, np.inf, np.nan], dtype))
    np.testing.assert_array_equal(ends, [-1, -0.0, 0, 1, np.nan])
    assert np.signbit(ends[1])


def test_sigmoid_keeps_its_digits_in_the_tail():
    x = np.linspace(-85, 85, 1001)
    exact = np.array([1 / (1 + math.exp(-a)) for a in x])
    np.testing.assert_allclose(F.sigmoid(x.astype(np.float32)), exact, rtol=2e-5)  # x itself is rounded
    np.testing.assert_allclose(F.sigmoid(x), exact, rtol=1e-14)
