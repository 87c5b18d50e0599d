"""Rows for special functions. The references are Python's own functions, series, continued fractions, and integrals."""

import itertools
import math

import numpy as np

import autograd.functions.special as sp
from tests.ops.table import Op, case, normal, pairs, strided, unary, wrong

NODES, WEIGHTS = np.polynomial.legendre.leggauss(200)


def elementwise(f):
    """f of each number of arrays that are broadcast, in their dtype."""
    called = np.vectorize(f, otypes=[float])

    def compute(*xs):
        dtype = np.result_type(*[x for x in xs if isinstance(x, np.ndarray)])
        wide = np.broadcast_arrays(*xs)
        y = called(*[x.astype(float) for x in wide]) if wide[0].size else np.zeros(wide[0].shape)
        return np.asarray(y, dtype if dtype.kind == "f" else float)

    return compute


def integral(f, low, high, pieces=8):
    """Gauss's rule with 200 points on each of equal pieces."""
    ends = np.linspace(low, high, pieces + 1)
    return sum((b - a) / 2 * WEIGHTS @ f((a + b) / 2 + (b - a) / 2 * NODES) for a, b in itertools.pairwise(ends))


def inverted(f, low, high):
    """The x in [low, high] with f(x) = y for an increasing f, by bisection."""

    def inverse(y):
        a, b = low, high
        for _ in range(200):
            c = (a + b) / 2
            a, b = (c, b) if f(c) < y else (a, c)
        return c

    return inverse


def digamma(x):
    """Reflected to x > 0, moved to x > 20, and then the asymptotic series."""
    if x < 0:
        return digamma(1 - x) - math.pi / math.tan(math.pi * x)
    if x < 20:
        return digamma(x + 1) - 1 / x
    z = 1 / x**2
    return math.log(x) - 1 / (2 * x) - z * (1 / 12 - z * (1 / 120 - z * (1 / 252 - z * (1 / 240 - z / 132))))


def hurwitz(s, q):
    """30 terms, and the formula of Euler and Maclaurin for the others."""
    a = q + 30
    tail = a ** (1 - s) / (s - 1) + a**-s / 2 + s * a ** (-s - 1) / 12 - s * (s + 1) * (s + 2) * a ** (-s - 3) / 720
    tail += s * (s + 1) * (s + 2) * (s + 3) * (s + 4) * a ** (-s - 5) / 30240
    return sum((q + k) ** -s for k in range(30)) + tail


def polygamma(n, x):
    return elementwise(lambda x: (-1) ** (n + 1) * math.factorial(n) * hurwitz(n + 1, x) if n else digamma(x))(x)


def incomplete(a, x):
    """The series x^a e^-x (1 + x / (a + 1) + ...) / gamma(a + 1)"""
    term = total = 1.0
    for k in range(1, 200):
        term *= x / (a + k)
        total += term
    return total * math.exp(a * math.log(x) - x - math.lgamma(a + 1)) if x else 0.0


def bessel(n, sign):
    """The power series of J_n (sign -1) and I_n (sign 1)."""
    return lambda x: sum(sign**k * (x / 2) ** (2 * k + n) / (math.factorial(k) * math.factorial(k + n)) for k in range(40))


def second_kind(n):
    """K_n: the integral of e^(-x cosh t) cosh nt from 0 to infinity"""
    return lambda x: integral(lambda t: np.exp(-x * np.cosh(t)) * np.cosh(n * t), 0, 8)


def of_weber(n):
    """Y_n by Bessel's integrals: of sines of a whole period, and of an exponential."""
    return lambda x: (integral(lambda t: np.sin(x * np.sin(t) - n * t), 0, math.pi) - integral(lambda t: (np.exp(n * t) + (-1) ** n * np.exp(-n * t)) * np.exp(-x * np.sinh(t)), 0, 8)) / math.pi


def expi(x):
    """Euler's constant, a logarithm, and a series"""
    return 0.5772156649015329 + math.log(abs(x)) + sum(x**k / (k * math.factorial(k)) for k in range(1, 60))


def scaled_erfc(x):
    """e^(x^2) erfc x"""
    return math.exp(x * x) * math.erfc(x)


def constant_first(cases):
    """The first argument without a gradient: as a number of Python, or an array of whole numbers."""
    given = [case(2.5 + 0.25 * i, *c.args) for i, c in enumerate(cases)]
    x = normal(2, 3, low=0.5, high=3)
    return [*given, case(np.array([[2], [3]], np.int8), x), case(np.arange(2, 5, dtype=np.int8), x), case(3, x)]


def away(x):
    """|x| + 0.4, away from the pole at 0; the same of a number"""
    return np.asarray(abs(x) + 0.4, x.dtype) if isinstance(x, np.ndarray) else x


def orders():
    return [case(n, c.args[0]) for n, c in zip([1, 2, 0, 3] * 5, unary(0.4, 4))]


x, text, objects = normal(2, 3), "x", np.array([None, 1], object)
ONE = [wrong(TypeError, "takes Variables, arrays and numbers, not str", text), wrong(TypeError, "takes Variables, arrays and numbers, not list", [1.0]), wrong(TypeError, "takes arrays of numbers, not complex128", x + 1j)]
TWO = [wrong(TypeError, "takes Variables, arrays and numbers, not str", x, text), wrong(TypeError, "takes Variables, arrays and numbers, not list", [1.0], x), wrong(TypeError, "takes arrays of numbers, not complex128", x + 1j, x)]
positive, line, probabilities = unary(0.4, 4), unary(-2.5, 2.5), unary(0.02, 0.98)
off_poles = unary(-2.6, 4, points=[-2, -1, 0]) + [case(np.array([-2.5, -1.5, -0.5])), case(np.array([0.5, 1.0, 2.0, 10.0]))]
both = [case(*[away(a) for a in c.args]) for c in pairs(0.4, 3)]
extras = [case(strided(normal(3))), case(normal(2, 2)), case(np.array([0.0, 1.0])), case(np.array([-8.0, -3.0, 3.0])), case(normal(3).astype(np.float32)), case(normal(1, 1, 2)), case(np.array(0.5)), case(np.array([-0.25]))]

ROWS = {
    "erfc": (math.erfc, line + extras), "erfcx": (scaled_erfc, unary(-1.5, 2)), "erfinv": (inverted(math.erf, -7, 7), unary(-0.9, 0.9)),
    "erfcinv": (lambda y: inverted(math.erf, -7, 7)(1 - y), unary(0.1, 1.9)), "ndtr": (lambda x: math.erfc(-x / math.sqrt(2)) / 2, line + extras),
    "log_ndtr": (lambda x: math.log(math.erfc(-x / math.sqrt(2)) / 2), line + extras), "ndtri": (inverted(lambda x: math.erfc(-x / math.sqrt(2)) / 2, -9, 9), probabilities),
    "dawsn": (lambda x: integral(lambda t: np.exp(t * t - x * x), 0, x), line + extras), "entr": (lambda x: -x * math.log(x), positive),
    "exp1": (lambda x: integral(lambda t: np.exp(-x * np.exp(t)), 0, 8, 16), positive), "expi": (expi, unary(-2, 3, points=[0])),
    "gamma": (math.gamma, off_poles), "gammaln": (math.lgamma, off_poles), "digamma": (digamma, off_poles),
    "i0": (bessel(0, 1), line + extras), "i1": (bessel(1, 1), line + extras), "j0": (bessel(0, -1), line + extras), "j1": (bessel(1, -1), line + extras),
    "i0e": (lambda x: math.exp(-abs(x)) * bessel(0, 1)(x), unary(-2.5, 2.5, points=[0])), "i1e": (lambda x: math.exp(-abs(x)) * bessel(1, 1)(x), unary(-2.5, 2.5, points=[0])),
    "k0": (second_kind(0), positive), "k1": (second_kind(1), positive), "y0": (of_weber(0), positive), "y1": (of_weber(1), positive),
}  # fmt: skip

OPS = [
    *[Op(name, getattr(sp, name), elementwise(f), cases, ONE) for name, (f, cases) in ROWS.items()],
    Op("polygamma", sp.polygamma, polygamma, [*orders(), case(5, normal(3, low=1, high=2))], [wrong(TypeError, "n must be a whole number", 1.5, x), wrong(ValueError, "n must be at least 0", -1, x), wrong(TypeError, "not str", 1, text)]),
    Op("multigammaln", sp.multigammaln, lambda a, d: elementwise(lambda a: d * (d - 1) / 4 * math.log(math.pi) + sum(math.lgamma(a - j / 2) for j in range(d)))(a), [case(c.args[0], d) for d, c in zip([1, 2, 3, 4] * 5, unary(2, 5))],
       [wrong(TypeError, "d must be a whole number", x, 1.5), wrong(ValueError, "d must be at least 1", x, 0), wrong(TypeError, "not str", text, 1)]),
    Op("beta", sp.beta, elementwise(lambda a, b: math.gamma(a) * math.gamma(b) / math.gamma(a + b)), both, TWO), Op("betaln", sp.betaln, elementwise(lambda a, b: math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)), both, TWO),
    Op("gammainc", sp.gammainc, elementwise(incomplete), constant_first(unary(0.5, 4)), TWO), Op("gammaincc", sp.gammaincc, elementwise(lambda a, x: 1 - incomplete(a, x)), constant_first(unary(0.5, 3)), TWO),
    Op("zeta", sp.zeta, elementwise(hurwitz), constant_first(unary(0.5, 4)), TWO),
]  # fmt: skip
