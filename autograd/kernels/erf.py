"""The error function, which NumPy lacks: one formula for single precision, and one for double precision.

The normal distribution is (1 + erf(x / sqrt 2)) / 2, where all digits cancel far below 0: its tail has its own formula.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd.backend import Array, namespace
from autograd.kernels.gpu import fusion
from autograd.kernels.pieces import by_pieces
from autograd.kernels.scratch import borrowed
from autograd.kernels.ways import kernel

__all__ = ["LOW", "erf", "normal_cdf", "write_half_normal"]


def write_erf(y: Array, x: Array) -> None:
    """In single precision without new arrays, which would cost a thread as much as the steps."""
    if x.dtype != np.float32:
        y[...] = erf.plain(x)
        return
    with borrowed(np, 2) as (near, squares):
        z = np.clip(x, -4, 4, out=near(x.shape, x.dtype))
        polynomial(P, np.multiply(z, z, out=squares(x.shape, x.dtype)), y)
        y *= z
        np.tanh(y, out=y)


@kernel(by_pieces(write_erf), fusion.formula(lambda x: fusion.FORMULAS.erf(x)))
def erf(x: Array) -> Array:
    """erf x = 2/sqrt(pi) times the integral of e^(-t^2) from 0 to x, to 4 units in the last place of the dtype of x.

    Raises TypeError if x is not real.
    """
    xp = namespace(x)
    x = xp.asarray(x)
    if x.dtype.kind not in "fiub":
        raise TypeError(f"erf takes real numbers, not {x.dtype}")
    single = x.dtype.kind == "f" and x.dtype.itemsize <= 4
    y = x.astype(xp.float32 if single else xp.float64, copy=False).reshape(-1)
    y = erf_single(xp, y) if single else erf_double(xp, y)
    return y.reshape(x.shape).astype(x.dtype if x.dtype.kind == "f" else y.dtype, copy=False)[()]


# The polynomial P of degree 7, highest power first, for which tanh(x P(x^2)) is nearest to erf x over 0 < x <= 4. Its
# relative error was made least by reweighted least squares (Lawson 1961) at 3,000 points.
P = (
    5.4212728e-9, 2.75835613e-8, -4.79466428e-6, 8.45967841e-5, -6.14838523e-4, -1.95288054e-4, 0.102769864, 1.12837925,
)  # fmt: skip


def erf_single(xp: Any, x: Array) -> Array:
    """tanh(x P(x^2)); beyond 4 it is 1 in single precision."""
    x = xp.clip(x, -4, 4)
    return xp.tanh(x * polynomial(P, x * x))


# W. J. Cody, "Rational Chebyshev approximations for the error function", Mathematics of Computation 23 (1969) 631-637.
A = 1.85777706184603153e-1, 3.16112374387056560, 1.13864154151050156e2, 3.77485237685302021e2, 3.20937758913846947e3
B = 1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3
C = (
    2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594, 6.61191906371416295e1, 2.98635138197400131e2,
    8.81952221241769090e2, 1.71204761263407058e3, 2.05107837782607147e3, 1.23033935479799725e3,
)  # fmt: skip
D = (
    1.0, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2, 1.62138957456669019e3,
    3.29079923573345963e3, 4.36261909014324716e3, 3.43936767414372164e3, 1.23033935480374942e3,
)  # fmt: skip


def erf_double(xp: Any, x: Array) -> Array:
    """x A(x^2) / B(x^2) for |x| < 0.46875, and 1 - e^(-x^2) C(|x|) / D(|x|) above.

    Cody uses a third formula above 4, which gives 1 - erf x to its last digits. The second formula suffices for erf x
    itself, which is 1 in double precision from 6 on: its error relative to 1 - erf x is below 1e-12 there.
    """
    a = xp.clip(abs(x), 0, 6)
    y = xp.copysign(1 - xp.exp(-a * a) * polynomial(C, a) / polynomial(D, a), x)
    small = a < 0.46875
    x = x[small]
    y[small] = x * polynomial(A, x * x) / polynomial(B, x * x)
    return y


E = (
    1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1, 1.25781726111229246e-1,
    1.60837851487422766e-2, 6.58749161529837803e-4,
)  # fmt: skip
F = (
    1.0, 2.56852019228982242, 1.87295284992346725, 5.27905102951428412e-1, 6.05183413124413191e-2,
    2.33520497626869185e-3,
)  # fmt: skip


def complement(xp: Any, a: Array) -> Array:
    """1 - erf a for a > 0.46875, exact to the last digits of double precision also where it is tiny."""
    a = xp.minimum(a, 40)  # from 27 on it is 0, and a^2 could overflow
    near = xp.minimum(a, 4)
    y = polynomial(C, near) / polynomial(D, near)
    if type(a) is not np.ndarray or not (a < 4).all():  # as in normal_cdf
        far = xp.maximum(a, 4)
        z = 1 / (far * far)
        y = xp.where(a < 4, y, (1 / math.sqrt(math.pi) - z * polynomial(E, z) / polynomial(F, z)) / far)
    return xp.exp(-a * a) * y


LOW = -2.5  # below this the digits that cancel in 1 + erf are missed


@kernel(fusion.formula(lambda x: 0.5 * fusion.FORMULAS.erfc(-math.sqrt(0.5) * x)))
def normal_cdf(x: Array) -> Array:
    """(1 + erf(x / sqrt 2)) / 2: the probability that a standard normal number is below x."""
    xp = namespace(x)
    y = half_normal(x)
    low = x < LOW
    if isinstance(x, (np.ndarray, np.generic)) and not low.any():  # elsewhere the answer costs more than the work
        return y
    if not y.shape:
        tail = 0.5 * complement(xp, -math.sqrt(0.5) * xp.minimum(x, LOW).astype(np.float64))
        return xp.where(low, tail.astype(y.dtype), y)[()]
    y[low] = 0.5 * complement(xp, -math.sqrt(0.5) * x[low].astype(np.float64))
    return y


def half_normal(x: Array) -> Array:
    """(1 + erf(x / sqrt 2)) / 2, for x > LOW, from where on enough digits are left."""
    y = erf(math.sqrt(0.5) * x)
    y *= 0.5
    y += 0.5
    return y


def write_half_normal(y: Array, x: Array) -> None:
    np.multiply(math.sqrt(0.5), x, out=y)
    write_erf(y, y)
    y *= 0.5
    y += 0.5


def polynomial(coefficients: Sequence[float], x: Array, out: Array | None = None) -> Array:
    """c0 x^n + c1 x^(n-1) + ... + cn, by Horner's rule in one array."""
    y = coefficients[0] * x if out is None else namespace(x).multiply(coefficients[0], x, out=out)
    for c in coefficients[1:-1]:
        y += c
        y *= x
    y += coefficients[-1]
    return y
