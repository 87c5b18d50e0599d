"""Special functions against SciPy, at their ends, and without SciPy."""

import importlib
import math

import numpy as np
import pytest
import scipy.special

import autograd.functions as F
from autograd import Variable, backend, grad, no_grad
from autograd.functions import special
from autograd.testing import check_gradients

pytestmark = pytest.mark.standin_exempt("the rows of the op table run there; here NumPy's arrays are the reference")

TWO = {"polygamma": (2,), "beta": (1.5,), "betaln": (1.5,), "gammainc": (1.5,), "gammaincc": (1.5,), "zeta": (1.5,)}
ONE = [name for name in special.__all__ if name != "multigammaln"]


@pytest.mark.parametrize("name", ONE)
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
def test_values_are_scipys(name, dtype):
    x = np.array([0.25, 0.5, 0.75], dtype)
    wide = x.astype(np.float32) if dtype is np.float16 else x
    expected = getattr(scipy.special, name)(*TWO.get(name, ()), wide)
    y = getattr(F, name)(*TWO.get(name, ()), x)
    assert y.dtype == dtype
    np.testing.assert_allclose(y, expected, rtol=1e-15 if dtype is np.float64 else 1e-3)
    x = Variable(x)
    assert grad(getattr(F, name)(*TWO.get(name, ()), x).sum(), x).dtype == dtype


@pytest.mark.parametrize("name", ONE)
def test_whole_numbers(name):
    x = np.array([1, 2], np.uint8)
    expected = getattr(scipy.special, name)(*TWO.get(name, ()), x.astype(float))
    np.testing.assert_array_equal(getattr(F, name)(*TWO.get(name, ()), x), expected)


def test_known_derivatives():
    """gamma'(1) = -C, Riemann's zeta(2) and zeta(3) in those of digamma, and I_1''(0) = 0, I_1'''(0) = 3/8."""
    x = Variable(1.0)
    y, found = F.digamma(x), []
    for _ in range(2):
        y = grad(y, x, create_graph=True)
        found.append(y.item())
    np.testing.assert_allclose(found, [math.pi**2 / 6, -2 * 1.2020569031595942], rtol=1e-14)
    np.testing.assert_allclose(grad(F.gamma(x), x).item(), -0.5772156649015329, rtol=1e-14)
    x, found = Variable(0.0), []
    y = F.i1(x)
    for _ in range(3):
        y = grad(y, x, create_graph=True)
        found.append(y.item())
    np.testing.assert_allclose(found, [1 / 2, 0, 3 / 8], atol=1e-15)


def test_the_tail_of_the_normal_distribution():
    """Far below 0 the slope of log_ndtr is -x and a bit, and ndtr has underflowed."""
    x = Variable(np.array([-1e5, -40.0, 0.0, 50.0]))
    y = F.log_ndtr(x)
    np.testing.assert_allclose(y.data[:2], [-5.000000012431863e9, -804.6084420137538], rtol=1e-14)
    slope = grad(y.sum(), x).data
    np.testing.assert_allclose(slope, [1e5 + 1e-5, 40.02496886, math.sqrt(2 / math.pi), 0], rtol=1e-9, atol=1e-300)


def test_the_likelihood_of_a_gamma_and_of_a_beta_distribution():
    x = np.array([0.2, 0.5, 0.7])

    def loss(a, b):
        of_gamma = a * F.log(b) - F.gammaln(a) + (a - 1) * np.log(x) - b * x
        of_beta = (a - 1) * np.log(x) + (b - 1) * np.log1p(-x) - F.betaln(a, b)
        return (of_gamma + of_beta).sum()

    check_gradients(loss, np.array(1.5), np.array(2.5), order=3)


def test_a_bessel_function_solves_its_equation():
    """x^2 y'' + x y' + (x^2 - n^2) y = 0, with the sign of x^2 turned for I and K."""
    x = Variable(np.array([0.5, 1.0, 3.0, 8.0]))
    for name in ("j0", "j1", "y0", "y1", "i0", "i1", "k0", "k1"):
        n, sign = int(name[1]), 1 if name[0] in "jy" else -1
        y = getattr(F, name)(x)
        first = grad(y.sum(), x, create_graph=True)
        second = grad(first.sum(), x)
        left = x.data**2 * second.data + x.data * first.data + (sign * x.data**2 - n * n) * y.data
        np.testing.assert_allclose(left / (1 + abs(x.data**2 * second.data)), 0, atol=1e-13)


def test_a_parameter_without_a_derivative_is_refused():
    a, x = Variable(1.5), Variable(2.0)
    for f, first in [(F.gammainc, "a"), (F.gammaincc, "a"), (F.zeta, "x")]:
        with pytest.raises(TypeError, match=f"{first} must be a constant"):
            f(a, x)
        assert f(a.data, x).dtype == np.float64


def test_numpys_own_bessel_function():
    x = Variable(np.array([0.5, -1.0]))
    y = np.i0(x)
    np.testing.assert_allclose(y.data, np.i0(x.data), rtol=1e-14)
    np.testing.assert_allclose(grad(y.sum(), x).data, scipy.special.i1(x.data), rtol=1e-14)
    with no_grad():
        assert np.i0(x).creator is None


def test_without_scipy(monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(backend, "SPECIAL", {})
    monkeypatch.setattr(backend, "import_module", missing)
    with pytest.raises(RuntimeError, match=r"need SciPy: pip install 'define-by-run\[science\]'"):
        F.gammaln(Variable(2.0))
    monkeypatch.setattr(backend, "import_module", importlib.import_module)
    assert F.gammaln(np.float64(3.0)) == pytest.approx(math.log(2))
