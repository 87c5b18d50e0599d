"""The exponential of a matrix by scaling and squaring: e^A = (e^(A / 2^s))^(2^s).

N. J. Higham, "The scaling and squaring method for the matrix exponential revisited", SIAM Journal on Matrix Analysis
and Applications 26 (2005) 1179-1193.
"""

from __future__ import annotations

from math import factorial

from autograd.backend import Array, namespace

__all__ = ["expm"]

M = 13  # degree of numerator and denominator
C = [factorial(M) * factorial(2 * M - k) / (factorial(2 * M) * factorial(k) * factorial(M - k)) for k in range(M + 1)]
LARGEST = 4.25  # the norm up to which the quotient is e^x in double precision


def expm(A: Array, n: int) -> Array:
    """e^A of (..., N, N). The norm of the leading n rows and columns decides how often A is halved.

    Raises ValueError for nan and infinity there.
    """
    xp = namespace(A)
    if not A.size:
        return A
    norm = abs(A[..., :n, :n]).sum(-2).max(-1)
    if not bool(xp.isfinite(norm).all()):
        raise ValueError("expm takes matrices of finite numbers, not nan or infinity")
    halvings = xp.ceil(xp.log2(xp.maximum(norm / LARGEST, 1)))[..., None, None]
    y = quotient(A / 2**halvings)
    for i in range(int(halvings.max())):
        y = xp.where(halvings > i, y @ y, y)
    return y


def quotient(A: Array) -> Array:
    """p(A) / p(-A), p the polynomial with the coefficients C: Pade's approximation of e^A."""
    xp = namespace(A)
    one = xp.eye(A.shape[-1], dtype=A.dtype)
    A2 = A @ A
    A4 = A2 @ A2
    A6 = A4 @ A2
    odd = A6 @ (C[13] * A6 + C[11] * A4 + C[9] * A2) + C[7] * A6 + C[5] * A4 + C[3] * A2 + C[1] * one
    even = A6 @ (C[12] * A6 + C[10] * A4 + C[8] * A2) + C[6] * A6 + C[4] * A4 + C[2] * A2 + C[0] * one
    odd = A @ odd
    return xp.linalg.solve(even - odd, even + odd)
