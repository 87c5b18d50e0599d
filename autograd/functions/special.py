"""Special functions: SciPy computes the values (CuPy on a GPU), the derivatives are here, and exist at every order.

The names are those of scipy.special. float16 is computed in float32, whole numbers in float64. Outside its domain a
function gives what SciPy gives: nan, or infinity at a pole.

Every function raises TypeError for what is no number and no array of numbers, and RuntimeError where SciPy is missing:
it is the extra `science`.

Source of the derivatives: NIST Digital Library of Mathematical Functions, dlmf.nist.gov.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.algebra import Operand
from autograd.backend import namespace, special
from autograd.bfloat16 import kind_of
from autograd.checks import whole
from autograd.function import Function
from autograd.functions.elementwise import exp, log
from autograd.functions.operands import check_elementwise, with_room
from autograd.functions.tails import Dawsn, Erfcx, LogNdtr, ScaledBessel, bessel
from autograd.variable import Variable

__all__ = [
    "beta", "betaln", "dawsn", "digamma", "entr", "erfc", "erfcinv", "erfcx", "erfinv", "exp1", "expi", "gamma",
    "gammainc", "gammaincc", "gammaln", "i0", "i0e", "i1", "i1e", "j0", "j1", "k0", "k1", "log_ndtr", "multigammaln",
    "ndtr", "ndtri", "polygamma", "y0", "y1", "zeta",
]  # fmt: skip

ROOT_PI = math.sqrt(math.pi)


class Special(Function):
    """y = f(x) for a function of SciPy, by its name; `SLOPES` has the derivatives, in terms of x and y."""

    def __init__(self, name):
        self.name = name

    def forward(self, x):
        return getattr(special(x), self.name)(x)

    def backward(self, gy):
        (x,), (y,) = self.inputs, self.outputs
        return gy * SLOPES[self.name](x, y)


SLOPES: dict[str, Callable[[Any, Any], Any]] = {
    "digamma": lambda x, y: Polygamma(1)(x),
    "entr": lambda x, y: -1 - log(x),
    "erfc": lambda x, y: -2 / ROOT_PI * exp(-x * x),
    "erfcinv": lambda x, y: -ROOT_PI / 2 * exp(y * y),
    "erfinv": lambda x, y: ROOT_PI / 2 * exp(y * y),
    "exp1": lambda x, y: -exp(-x) / x,
    "expi": lambda x, y: exp(x) / x,
    "gamma": lambda x, y: y * Special("digamma")(x),
    "gammaln": lambda x, y: Special("digamma")(x),
    "ndtr": lambda x, y: math.sqrt(0.5) / ROOT_PI * exp(-x * x / 2),
    "ndtri": lambda x, y: math.sqrt(2) * ROOT_PI * exp(y * y / 2),
}


def computed(name: str, f: Callable[..., Any], *xs: Operand) -> Any:
    """f(*xs), computed with room. Raises TypeError in the words of the function `name` for what is no number."""
    check_elementwise(name, *xs)
    return with_room(f, *xs)


def erfc(x: Operand) -> Variable:
    """y = 1 - erf x, exact to the last digits where it is small."""
    return computed("erfc", Special("erfc"), x)


def erfcx(x: Operand) -> Variable:
    """y = e^(x^2) erfc x, which does not underflow"""
    return computed("erfcx", Erfcx(), x)


def erfinv(x: Operand) -> Variable:
    """y with erf y = x, for x in [-1, 1]; infinite at both ends."""
    return computed("erfinv", Special("erfinv"), x)


def erfcinv(x: Operand) -> Variable:
    """y with erfc y = x, for x in [0, 2]; infinite at both ends."""
    return computed("erfcinv", Special("erfcinv"), x)


def ndtr(x: Operand) -> Variable:
    """y = (1 + erf(x / sqrt 2)) / 2, the probability that a standard normal number is below x"""
    return computed("ndtr", Special("ndtr"), x)


def log_ndtr(x: Operand) -> Variable:
    """y = ln of `ndtr`, exact far below 0 too, where the probability underflows"""
    return computed("log_ndtr", LogNdtr(), x)


def ndtri(x: Operand) -> Variable:
    """y with ndtr(y) = x, the quantile of the normal distribution, for x in [0, 1]; infinite at both ends."""
    return computed("ndtri", Special("ndtri"), x)


def dawsn(x: Operand) -> Variable:
    """y = e^(-x^2) times the integral of e^(t^2) from 0 to x: Dawson's function"""
    return computed("dawsn", Dawsn(), x)


def entr(x: Operand) -> Variable:
    """y = -x ln x, 0 at 0 and -inf below; the gradient at 0 is infinite. Its sum over probabilities is entropy."""
    return computed("entr", Special("entr"), x)


def exp1(x: Operand) -> Variable:
    """y = the integral of e^(-t) / t from x to infinity, for x > 0"""
    return computed("exp1", Special("exp1"), x)


def expi(x: Operand) -> Variable:
    """y = the integral of e^t / t from minus infinity to x, Cauchy's principal value; -inf at 0."""
    return computed("expi", Special("expi"), x)


def gamma(x: Operand) -> Variable:
    """y = the integral of t^(x - 1) e^(-t) from 0 to infinity, continued to x < 0; poles at 0, -1, -2, ..."""
    return computed("gamma", Special("gamma"), x)


def gammaln(x: Operand) -> Variable:
    """y = ln |gamma(x)|, without overflow; infinite at 0, -1, -2, ..."""
    return computed("gammaln", Special("gammaln"), x)


def digamma(x: Operand) -> Variable:
    """y = the derivative of ln gamma(x); poles at 0, -1, -2, ..."""
    return computed("digamma", Special("digamma"), x)


BERNOULLI = [
    43867 / 798,
    -3617 / 510,
    7 / 6,
    -691 / 2730,
    5 / 66,
    -1 / 30,
    1 / 42,
    -1 / 30,
    1 / 6,
]  # B_18, B_16, ..., B_2


def trigamma(x: Any) -> Any:
    """The second derivative of ln gamma(x): reflected to x > 0, moved to x > 7, and then the asymptotic series.

    Source: DLMF 5.15.5, 5.15.6 and 5.15.8.
    """
    xp, left = namespace(x), x <= 0
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):  # infinite at 0, -1, -2, ...
        if left.any():
            turned = (math.pi / xp.sin(math.pi * (x - xp.rint(x)))) ** 2 - trigamma(xp.where(left, 1 - x, 1))
            return xp.where(left, turned, trigamma(xp.where(left, 1, x)))
        y = (1 / x) ** 2
        for k in range(1, 7):
            u = 1 / (x + k)
            u *= u
            y += u
        u = 1 / (x + 7)
        z, series = u * u, 0
        for b in BERNOULLI:
            series = series * z + b
        return y + u + z * (0.5 + u * series)


class Polygamma(Function):
    """y = (-1)^(n + 1) n! zeta(n + 1, x), the derivative of order n + 1 of ln gamma(x) for n > 0"""

    def __init__(self, n):
        self.n = n

    def forward(self, x):
        if self.n == 1:
            return trigamma(x)
        factor = float((-1) ** (self.n + 1) * math.factorial(self.n))
        return factor * special(x).zeta(self.n + 1.0, x).astype(x.dtype)

    def backward(self, gy):
        return gy * Polygamma(self.n + 1)(self.inputs[0])


def polygamma(n: int, x: Operand) -> Variable:
    """y = the derivative of order n of digamma(x), for a whole number n in 0 .. 100."""
    n = whole("polygamma: n", n, 0, 100)
    return computed("polygamma", Polygamma(n), x) if n else digamma(x)


def multigammaln(a: Operand, d: int) -> Variable:
    """y = d (d - 1) / 4 ln pi + sum of gammaln(a - (j - 1) / 2) over j = 1 .. d, for a > (d - 1) / 2.

    The logarithm of the gamma function of d dimensions, which normalizes the Wishart distribution.
    """
    d = whole("multigammaln: d", d, 1, 10**6)

    def added(a: Any) -> Any:
        return d * (d - 1) / 4 * math.log(math.pi) + sum([Special("gammaln")(a - j / 2) for j in range(d)])

    return computed("multigammaln", added, a)


class Beta(Function):
    """y = gamma(a) gamma(b) / gamma(a + b)"""

    alike = 0

    def forward(self, a, b):
        return special(a, b).beta(a, b)

    def backward(self, gy):
        (a, b), (y,) = self.inputs, self.outputs
        both = digamma(a + b)
        return gy * y * (digamma(a) - both), gy * y * (digamma(b) - both)


def beta(a: Operand, b: Operand) -> Variable:
    """y = gamma(a) gamma(b) / gamma(a + b), broadcast"""
    return computed("beta", Beta(), a, b)


class BetaLn(Function):
    """y = ln |beta(a, b)|"""

    alike = 0

    def forward(self, a, b):
        return special(a, b).betaln(a, b)

    def backward(self, gy):
        a, b = self.inputs
        both = digamma(a + b)
        return gy * (digamma(a) - both), gy * (digamma(b) - both)


def betaln(a: Operand, b: Operand) -> Variable:
    """y = ln |beta(a, b)|, without overflow, broadcast"""
    return computed("betaln", BetaLn(), a, b)


class OfConstant(Function):
    """y = f(a, x) for a function of SciPy by its name, a constant a, and a slope (a, x) -> df / dx"""

    alike = 0

    def __init__(self, name, slope):
        self.name = name
        self.slope = slope

    def forward(self, a, x):
        return getattr(special(a, x), self.name)(a, x)

    def backward(self, gy):
        a, x = self.inputs
        return None, gy * self.slope(a, x)


def of_constant(name: str, first: str, a: Operand, x: Operand, slope: Callable[[Any, Any], Any]) -> Any:
    """f(a, x). Raises TypeError if `a`, which the message calls `first`, is a Variable that wants a gradient."""
    check_elementwise(name, a, x)
    if isinstance(a, Variable) and kind_of(a.dtype) == "f":
        raise TypeError(f"{name}: {first} must be a constant, whose derivative has no formula: give {first}.data")
    return with_room(OfConstant(name, slope), a, x)


def gamma_density(a: Any, x: Any) -> Any:
    """x^(a - 1) e^-x / gamma(a)"""
    return exp((a - 1) * log(x) - x - gammaln(a))


def gammainc(a: Operand, x: Operand) -> Variable:
    """y = the integral of t^(a - 1) e^(-t) from 0 to x, divided by gamma(a): the regularized lower incomplete one.

    For a > 0 and x >= 0, broadcast. It has a derivative in x > 0 only: raises TypeError if `a` is a Variable.
    """
    return of_constant("gammainc", "a", a, x, gamma_density)


def gammaincc(a: Operand, x: Operand) -> Variable:
    """y = 1 - gammainc(a, x), exact where it is small. Raises TypeError if `a` is a Variable."""
    return of_constant("gammaincc", "a", a, x, lambda a, x: -gamma_density(a, x))


def zeta(x: Operand, q: Operand = 1) -> Variable:
    """y = sum of (k + q)^-x over k = 0, 1, 2, ..., for x > 1: Hurwitz' function, and Riemann's for q = 1.

    Broadcast. It has a derivative in q only: dy/dq = -x zeta(x + 1, q). Raises TypeError if x is a Variable.
    """
    return of_constant("zeta", "x", x, q, lambda x, q: -x * zeta(x + 1, q))


# (a, b): f' of order n is (a f of order n - 1 + b f of order n + 1) / 2, and that of order 0 is b f of order 1
BESSEL = {"i": (1, 1), "j": (1, -1), "k": (-1, -1), "y": (1, -1)}


class Bessel(Function):
    """y = the function of Bessel of a kind and a whole order n"""

    def __init__(self, kind, n):
        self.kind = kind
        self.n = n
        self.name = f"{kind[0]}{n}{kind[1:]}"

    def forward(self, x):
        return bessel(self.kind, self.n, x)

    def backward(self, gy):
        (x,), (a, b), n = self.inputs, BESSEL[self.kind], self.n
        after = b * Bessel(self.kind, n + 1)(x)
        return gy * ((a * Bessel(self.kind, n - 1)(x) + after) / 2 if n else after)


def i0(x: Operand) -> Variable:
    """y = I_0(x), the modified function of Bessel of the first kind"""
    return computed("i0", Bessel("i", 0), x)


def i1(x: Operand) -> Variable:
    """y = I_1(x), the derivative of I_0"""
    return computed("i1", Bessel("i", 1), x)


def i0e(x: Operand) -> Variable:
    """y = e^-|x| I_0(x), which does not overflow; the gradient at 0, a kink, is 0."""
    return computed("i0e", ScaledBessel(0), x)


def i1e(x: Operand) -> Variable:
    """y = e^-|x| I_1(x), which does not overflow"""
    return computed("i1e", ScaledBessel(1), x)


def j0(x: Operand) -> Variable:
    """y = J_0(x), the function of Bessel of the first kind"""
    return computed("j0", Bessel("j", 0), x)


def j1(x: Operand) -> Variable:
    """y = J_1(x), minus the derivative of J_0"""
    return computed("j1", Bessel("j", 1), x)


def k0(x: Operand) -> Variable:
    """y = K_0(x), the modified function of Bessel of the second kind, for x > 0; infinite at 0."""
    return computed("k0", Bessel("k", 0), x)


def k1(x: Operand) -> Variable:
    """y = K_1(x), minus the derivative of K_0, for x > 0; infinite at 0."""
    return computed("k1", Bessel("k", 1), x)


def y0(x: Operand) -> Variable:
    """y = Y_0(x), the function of Bessel of the second kind, for x > 0; minus infinity at 0."""
    return computed("y0", Bessel("y", 0), x)


def y1(x: Operand) -> Variable:
    """y = Y_1(x), minus the derivative of Y_0, for x > 0; minus infinity at 0."""
    return computed("y1", Bessel("y", 1), x)
