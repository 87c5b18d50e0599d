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


TAILS = {  # x, and the derivatives of orders 1 to 3: by mpmath 1.4.1 with 120 digits, from the rules of tails.py
    "erfcx": (
        [-1.5, 0.5, 1.9, 2.1, 5.0, 20.0, 10000.0],
        [
            -57.090037935883714,
            -0.5126888229025867,
            -0.1156435471811565,
            -0.09887884904578871,
            -0.02133278976482631,
            -0.0014052174534598012,
            -5.641895750849127e-09,
        ],
        [
            208.57788632017662,
            0.718691865483265,
            0.09357326803495059,
            0.07494708069803208,
            0.008081377817874151,
            0.00013999934371059262,
            1.1283791332441388e-12,
        ],
        [
            -854.0938107040647,
            -1.3320634261270816,
            -0.10699577019181383,
            -0.08073765725142013,
            -0.004517380880563733,
            -2.0896065415499418e-05,
            -3.3851373320296714e-16,
        ],
    ),
    "dawsn": (
        [0.5, 2.0, 5.0, 6.9, 7.1, 30.0, 1000.0],
        [
            0.5755636164979777,
            -0.20536155569516787,
            -0.021340744242768352,
            -0.010851659569168347,
            -0.010229562139533134,
            -0.000556484063550548,
            -5.00000750001875e-07,
        ],
        [
            -1.4244363835020224,
            0.21876544493308753,
            0.009139293579129872,
            0.0032526615372524288,
            0.0029739285589010477,
            3.716101091452277e-05,
            1.00000300001125e-09,
        ],
        [
            -0.8778180824898886,
            -0.05361555695167864,
            -0.006029958820225312,
            -0.0014800909374101299,
            -0.0013115369782623367,
            -3.7244006691746917e-06,
            -3.0000150000787505e-12,
        ],
    ),
    "log_ndtr": (
        [-10000.0, -40.0, -10.0, -2.1, -1.9, 0.0, 3.0],
        [
            10000.000099999997,
            40.02496884720726,
            10.098093233962512,
            2.4620779512981086,
            2.284946915476739,
            0.7978845608028654,
            0.004437839042125664,
        ],
        [
            -0.9999999900000006,
            -0.9993773316214086,
            -0.9905546221743438,
            -0.8914641405422639,
            -0.8795832671408604,
            -0.6366197723675814,
            -0.013333211541740806,
        ],
        [
            1.99999976000003e-12,
            3.101744039648625e-05,
            0.0017864003921165069,
            0.055555763167189624,
            0.06344702327254968,
            0.21801361414499015,
            0.03568013687657047,
        ],
    ),
    "i0e": (
        [0.5, 5.0, 29.0, 31.0, 100.0, 1000.0],
        [
            -0.4886144672642784,
            -0.019568545664785997,
            -0.00129435028283722,
            -0.0011701038625981527,
            -0.00020022627396642996,
            -6.310198962627116e-06,
        ],
        [
            0.6643873281588133,
            0.006342637940663521,
            6.755856776449627e-05,
            5.7098278925799376e-05,
            3.011017681557421e-06,
            9.467668325601487e-09,
        ],
        [
            -1.05463716536721,
            -0.0034812036587208526,
            -5.8780419778660925e-06,
            -4.644460111506524e-06,
            -7.546749775309141e-08,
            -2.367509997283033e-11,
        ],
    ),
    "i1e": (
        [0.5, 5.0, 29.0, 31.0, 100.0, 1000.0],
        [
            0.17577286089453498,
            -0.013225907724122476,
            -0.0012267917150727238,
            -0.001113005583672353,
            -0.00019721525628487254,
            -6.300731294301514e-06,
        ],
        [
            -0.3902498372083965,
            0.0028614342819426684,
            6.168052578663018e-05,
            5.245381881429285e-05,
            2.9355501838043295e-06,
            9.443993225628657e-09,
        ],
        [
            0.7385868759823355,
            -0.0007727120867101569,
            -5.161913638991946e-06,
            -4.115475833476615e-06,
            -7.28193613921869e-08,
            -2.3592216355258614e-11,
        ],
    ),
}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", TAILS)
def test_derivatives_keep_their_digits_far_out(name, dtype):
    xs, *expected = TAILS[name]
    x = Variable(np.array(xs, dtype))
    y = getattr(F, name)(x)
    for derivative, rtol in zip(expected, (1e-13, 1e-12, 1e-10)):
        y = grad(y.sum(), x, create_graph=True)
        assert y.dtype == dtype
        exact = np.abs(derivative) > np.finfo(dtype).tiny
        np.testing.assert_allclose(
            y.data[exact], np.array(derivative)[exact], rtol=rtol if dtype is np.float64 else 2e-6
        )


@pytest.mark.parametrize("name", [*TAILS, "j0", "j1", "y0", "y1", "k0", "k1", "i0", "i1"])
def test_no_derivative_is_nan_at_huge_numbers(name):
    for at in (1e9, 1e10, 1e20):
        x = Variable(np.array([at, -at] if name in TAILS else [at]))
        y = getattr(F, name)(x)
        for _ in range(3):
            y = grad(y.sum(), x, create_graph=True)
            assert not np.isnan(y.data).any()


def test_bessel_functions_far_out():
    """e^-x I_m(x) is 1 / sqrt(2 pi x), up to 1 / x; its sign and parity are those of I_m."""
    x = np.array([1e10, -1e10, 1e100])
    for name, parity in [("i0e", 1), ("i1e", -1)]:
        y, factor = getattr(F, name)(v := Variable(x)), 1.0
        for n in range(4):
            expected = factor / np.sqrt(2 * math.pi * abs(x)) / abs(x) ** n * np.where(x < 0, parity * (-1) ** n, 1)
            np.testing.assert_allclose(y.data, expected, rtol=1e-9)
            y, factor = grad(y.sum(), v, create_graph=True), -factor * (n + 0.5)


@pytest.mark.parametrize("dtype, rtol", [(np.float64, 1e-12), (np.float32, 1e-5)])
def test_trigamma_is_scipys(dtype, rtol):
    """From the tiny to the huge, on both sides of 0, and at the poles, without a warning."""
    positive = np.concatenate([np.geomspace(1e-18, 1e18, 500), np.linspace(0.03, 9, 300), [1e-200, 1e200, np.inf]])
    negative = np.concatenate([np.arange(-40, 0)[:, None] + [0.1, 0.25, 0.5, 0.9], [[0.0, -0.0, -1.0, -7.0]]])
    for x in (positive, negative, np.array([np.nan, 2.0])):
        with np.errstate(over="ignore"):
            x = x.astype(dtype)
            expected = scipy.special.zeta(2.0, x.astype(float)).astype(dtype)
        np.testing.assert_allclose(F.polygamma(1, x), expected, rtol=rtol)


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
