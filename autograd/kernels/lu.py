"""Equations, inverse and determinant of a matrix, by one LU factorization of LAPACK where SciPy is there to call it.

`factors(A)` is done once; what is computed from them takes a second way through the matrix, or none. Without them, as
for batches and on other backends, every function asks the backend's own linear algebra, which factors anew.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any, TypeAlias

import numpy as np

from autograd.backend import Array, namespace
from autograd.kernels.threads import in_turn
from autograd.kernels.ways import kernel, way

__all__ = ["Factors", "det", "factors", "inverse", "slogdet", "solve"]

Factors: TypeAlias = dict[str, Array]  # `lu`, L and U in one matrix, and `pivots`, the exchanges of rows; or nothing


@cache
def lapack() -> Any:
    """SciPy's door to LAPACK; None without SciPy."""
    try:
        return import_module("scipy.linalg.lapack")
    except ImportError:
        return None


def factors(A: Array) -> Factors:
    """P L U = A^T: what NumPy lays down as the rows of A, LAPACK reads as columns. Nothing where it can't be called."""
    if type(A) is not np.ndarray or A.ndim != 2 or not A.size or A.dtype.char not in "fd" or lapack() is None:
        return {}
    with in_turn(len(A) * A.size):
        lu, pivots, _ = (lapack().dgetrf if A.dtype.char == "d" else lapack().sgetrf)(A.T)
    return {"lu": lu, "pivots": pivots}


def are_known(*args: Any) -> bool:
    return any(type(x) is dict and len(x) > 0 for x in args)


@way(are_known)
def solve_by_factors(A: Array, b: Array, known: Factors, turned: bool = False) -> Array:
    lu = known["lu"]
    if not lu.diagonal().all():
        raise np.linalg.LinAlgError("Singular matrix")
    getrs = lapack().dgetrs if lu.dtype.char == "d" else lapack().sgetrs
    with in_turn(len(A) * b.size):
        return np.ascontiguousarray(getrs(lu, known["pivots"], b, trans=not turned)[0])


@kernel(solve_by_factors)
def solve(A: Array, b: Array, known: Factors, turned: bool = False) -> Array:
    """x = A^-1 b. `known` are the factors of A, or of A^T if `turned`."""
    return namespace(A, b).linalg.solve(A, b)


@way(are_known)
def inverse_by_factors(A: Array, known: Factors, turned: bool = False) -> Array:
    return solve_by_factors(A, np.eye(len(A), dtype=A.dtype), known, turned)


@kernel(inverse_by_factors)
def inverse(A: Array, known: Factors, turned: bool = False) -> Array:
    """A^-1. `known` are the factors of A, or of A^T if `turned`."""
    return namespace(A).linalg.inv(A)


@way(are_known)
def slogdet_by_factors(A: Array, known: Factors) -> tuple[Array, Array]:
    """The product of U's diagonal; each exchange of two rows turns the sign."""
    diagonal, exchanges = known["lu"].diagonal(), known["pivots"] != np.arange(len(A))
    sign = np.sign(diagonal).prod() * (1 - 2 * (exchanges.sum() % 2))
    with np.errstate(divide="ignore"):
        return A.dtype.type(sign), np.log(abs(diagonal)).sum()


@kernel(slogdet_by_factors)
def slogdet(A: Array, known: Factors) -> tuple[Array, Array]:
    """The sign and ln |det A|."""
    sign, y = namespace(A).linalg.slogdet(A)
    return sign, y


@way(are_known)
def det_by_factors(A: Array, known: Factors) -> Array:
    sign, y = slogdet_by_factors(A, known)
    return sign * np.exp(y)


@kernel(det_by_factors)
def det(A: Array, known: Factors) -> Array:
    """det A"""
    return namespace(A).linalg.det(A)
