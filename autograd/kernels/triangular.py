"""Triangular systems of equations: by BLAS, where SciPy is there to call it.

On every backend: halves, as matrix products, down to blocks that LAPACK solves as it does any others.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

import numpy as np

from autograd.backend import Array, namespace
from autograd.kernels.threads import in_turn
from autograd.kernels.ways import kernel, way

__all__ = ["solve_triangular"]

BLOCK = 64  # rows that one call of LAPACK solves


@cache
def blas() -> Any:
    """SciPy's door to BLAS; None without SciPy."""
    try:
        return import_module("scipy.linalg.blas")
    except ImportError:
        return None


def fits_blas(A: Array, b: Array, lower: bool, unit: bool = False) -> bool:
    """Are they two matrices of NumPy, of one dtype that BLAS knows?"""
    if type(A) is not np.ndarray or type(b) is not np.ndarray or not A.ndim == b.ndim == 2 or not A.size * b.size:
        return False
    return A.dtype == b.dtype and A.dtype.char in "fd" and blas() is not None


@way(fits_blas)
def by_blas(A: Array, b: Array, lower: bool, unit: bool = False) -> Array:
    """x^T A^T = b^T. BLAS reads columns, as which the rows of A and b, and the columns of A^T, lie in memory."""
    if not unit and not A.diagonal().all():
        raise np.linalg.LinAlgError("Singular matrix")
    trsm = blas().dtrsm if A.dtype == np.float64 else blas().strsm
    with in_turn(len(A) * b.size):
        if A.flags.f_contiguous:
            return trsm(1, A, b.T, side=1, lower=lower, trans_a=1, diag=unit).T
        return trsm(1, A.T, b.T, side=1, lower=not lower, diag=unit).T


@kernel(by_blas)
def solve_triangular(A: Array, b: Array, lower: bool, unit: bool = False) -> Array:
    """x = A^-1 b, A the lower or upper triangle of (..., N, N), with ones on its diagonal if `unit`.

    The halves of A x = b are A00 x0 = b0 and A11 x1 = b1 - A10 x0 for a lower triangle; mirrored for an upper one.
    """
    xp, N = namespace(A), A.shape[-1]
    if N <= BLOCK:
        triangle = xp.tril(A, -1 if unit else 0) if lower else xp.triu(A, 1 if unit else 0)
        triangle = triangle + xp.eye(N, dtype=A.dtype) if unit else triangle
        if A.shape[:-2] != b.shape[:-2]:  # which CuPy does not broadcast
            batch = np.broadcast_shapes(A.shape[:-2], b.shape[:-2])
            triangle, b = [xp.broadcast_to(x, (*batch, *x.shape[-2:])) for x in (triangle, b)]
        return xp.linalg.solve(triangle, b)
    h, solve = N // 2, solve_triangular.plain
    A00, A11 = A[..., :h, :h], A[..., h:, h:]
    b0, b1 = b[..., :h, :], b[..., h:, :]
    if lower:
        x0 = solve(A00, b0, lower, unit)
        x1 = solve(A11, b1 - A[..., h:, :h] @ x0, lower, unit)
    else:
        x1 = solve(A11, b1, lower, unit)
        x0 = solve(A00, b0 - A[..., :h, h:] @ x1, lower, unit)
    return xp.concatenate([x0, x1], -2)
