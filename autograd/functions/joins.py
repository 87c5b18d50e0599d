"""Arrays put together by their directions: beside, above, behind each other, as columns, as a grid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd.algebra import Operand, reshape
from autograd.checks import one_of
from autograd.functions.operands import operand
from autograd.functions.shape import broadcast_to, concat, several
from autograd.names import speaking
from autograd.variable import Variable

__all__ = ["column_stack", "dstack", "hstack", "meshgrid", "vstack"]


def with_axes(x: Operand, n: int) -> Any:
    """x with at least n axes, as NumPy's atleast_1d, 2d and 3d add them: (K,) is (1, K) and (1, K, 1)."""
    if x.ndim >= n:
        return x
    row = x.shape or (1,)
    return reshape(x, {1: row, 2: (1, *row), 3: (*row, 1) if x.ndim == 2 else (1, *row, 1)}[n])


def parts(name: str, xs: Any, n: int) -> list[Any]:
    """The arrays of a list, each with at least n axes."""
    return [with_axes(operand(name, x), n) for x in several(name, xs)]


@speaking
def hstack(xs: Sequence[Operand]) -> Variable:
    """Arrays side by side: vectors one after the other, others along axis 1.   (N, K) (N, M) -> (N, K + M)

    Raises ValueError if there are no arrays or the shapes do not fit, as all functions here do.
    """
    xs = parts("hstack", xs, 1)
    return concat(xs, 0 if not xs or xs[0].ndim == 1 else 1)


@speaking
def vstack(xs: Sequence[Operand]) -> Variable:
    """Arrays one above the other: vectors as rows, others along axis 0.   (K,) (N, K) -> (1 + N, K)"""
    return concat(parts("vstack", xs, 2), 0)


@speaking
def dstack(xs: Sequence[Operand]) -> Variable:
    """Arrays one behind the other, along axis 2.   (N, K) (N, K) -> (N, K, 2)"""
    return concat(parts("dstack", xs, 3), 2)


@speaking
def column_stack(xs: Sequence[Operand]) -> Variable:
    """Vectors as columns of a matrix, beside the columns of others.   (N,) (N, K) -> (N, 1 + K)"""
    xs = parts("column_stack", xs, 1)
    return concat([reshape(x, (-1, 1)) if x.ndim == 1 else x for x in xs], 1)


def meshgrid(*xs: Operand, indexing: str = "xy") -> tuple[Variable, ...]:
    """The coordinates of a grid: each array repeated along the axes of the others.   (N,) (M,) -> (M, N) (M, N)

    The first runs along axis 1, as on paper; with `indexing="ij"` each along its own axis, (N, M). Raises ValueError
    for another word.
    """
    matrix = one_of("meshgrid: indexing", indexing, "xy", "ij") == "ij"
    rows, n = [reshape(operand("meshgrid", x), -1) for x in xs], len(xs)
    place = [*range(n)] if matrix or n < 2 else [1, 0, *range(2, n)]
    rows = [reshape(x, (1,) * place[i] + (-1,) + (1,) * (n - 1 - place[i])) for i, x in enumerate(rows)]
    wide = np.broadcast_shapes(*[x.shape for x in rows])
    return tuple([broadcast_to(x, wide) for x in rows])
