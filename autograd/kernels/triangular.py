"""Triangular systems of equations, on every backend: halves, as matrix products, down to blocks that LAPACK solves."""

from __future__ import annotations

import numpy as np

from autograd.backend import Array, namespace

__all__ = ["solve_triangular"]

BLOCK = 64  # rows that one call of LAPACK solves


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
    h = N // 2
    A00, A11 = A[..., :h, :h], A[..., h:, h:]
    b0, b1 = b[..., :h, :], b[..., h:, :]
    if lower:
        x0 = solve_triangular(A00, b0, lower, unit)
        x1 = solve_triangular(A11, b1 - A[..., h:, :h] @ x0, lower, unit)
    else:
        x1 = solve_triangular(A11, b1, lower, unit)
        x0 = solve_triangular(A00, b0 - A[..., :h, h:] @ x1, lower, unit)
    return xp.concatenate([x0, x1], -2)
