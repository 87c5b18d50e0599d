"""Diagonals and triangles of matrices, single ones and stacks of them."""

from __future__ import annotations

from typing import Any

from autograd.algebra import AddAt, Operand, as_array, getitem, reshape, sum
from autograd.backend import namespace
from autograd.checks import LARGEST, whole
from autograd.functions.arithmetic import masked
from autograd.functions.operands import operand
from autograd.functions.shape import moveaxis
from autograd.shapes import axes_of, one_axis
from autograd.variable import Variable

__all__ = ["diag", "diag_embed", "diagonal", "trace", "tril", "triu"]


def along(n: int, m: int, k: int) -> slice:
    """The places of diagonal k of a matrix (n, m) among its elements in one row."""
    count, start = max(0, min(n, m - k) if k >= 0 else min(n + k, m)), k if k >= 0 else -k * m
    return slice(start, start + count * (m + 1), m + 1) if count else slice(0, 0)


def diagonal(x: Operand, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Variable:
    """The elements x[i, i + offset] of the matrices in two axes, along a new last axis.   (N, N, C) -> (C, N)

    Raises ValueError unless x has these two axes.
    """
    x, k = operand("diagonal", x), whole("diagonal: offset", offset, -LARGEST)
    axes = one_axis("diagonal", x.shape, axis1), one_axis("diagonal", x.shape, axis2)
    x = moveaxis(x, axes_of(x.shape, axes), (-2, -1))
    *rest, n, m = x.shape
    return getitem(reshape(x, (*rest, n * m)), (..., along(n, m, k)))


def trace(x: Operand, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Variable:
    """The sum of the diagonal: of the elements x[i, i + offset] of the matrices in two axes.   (N, N) -> ()"""
    return sum(diagonal(operand("trace", x), offset, axis1, axis2), -1)


def diag(x: Operand, k: int = 0) -> Variable:
    """The matrix with x on its diagonal k, and 0 elsewhere; of a matrix, its diagonal.   (N,) -> (N, N), (N, M) -> (K,)

    Raises ValueError unless x has one or two axes.
    """
    x, k = operand("diag", x), whole("diag: k", k, -LARGEST)
    if x.ndim == 2:
        return diagonal(x, k)
    if x.ndim != 1:
        advice = ": use diagonal for stacks of matrices" if x.ndim else ", a single number"
        raise ValueError(f"diag takes a vector or a matrix, not shape {x.shape}{advice}")
    n = x.shape[0] + abs(k)
    return reshape(AddAt(along(n, n, k), (n * n,))(x), (n, n))


def diag_embed(x: Operand, offset: int = 0, axis1: int = -2, axis2: int = -1) -> Variable:
    """Matrices with the vectors of the last axis on diagonal `offset`, in two axes of y.   (..., N) -> (..., N, N)

    Raises ValueError unless x has an axis and y these two.
    """
    x, k = operand("diag_embed", x), whole("diag_embed: offset", offset, -LARGEST)
    if not x.shape:
        raise ValueError("diag_embed takes vectors (..., N), not a single number")
    *rest, n = x.shape
    axes = [one_axis("diag_embed", (*x.shape, n), axis) for axis in (axis1, axis2)]
    n += abs(k)
    places = (..., along(n, n, k))
    y = reshape(AddAt(places, (*rest, n * n))(x), (*rest, n, n))
    return moveaxis(y, (-2, -1), axes_of(y.shape, tuple(axes)))


def tril(x: Operand, k: int = 0) -> Variable:
    """x with 0 above diagonal k of its matrices: the lower triangle.   (..., N, M) -> (..., N, M)

    Raises ValueError unless x has two axes or more.
    """
    x, rows = with_triangle("tril", x, k)
    return masked(x, rows)


def triu(x: Operand, k: int = 0) -> Variable:
    """x with 0 below diagonal k of its matrices: the upper triangle.   (..., N, M) -> (..., N, M)

    Raises ValueError unless x has two axes or more.
    """
    x, rows = with_triangle("triu", x, whole("triu: k", k, -LARGEST) - 1)
    return masked(x, ~rows)


def with_triangle(name: str, x: Operand, k: int) -> tuple[Any, Any]:
    """x, and a matrix that is true up to diagonal k."""
    x, k = operand(name, x), whole(f"{name}: k", k, -LARGEST - 1)
    if x.ndim < 2:
        raise ValueError(f"{name} takes matrices (..., N, M), not shape {x.shape}")
    n, m = x.shape[-2:]
    return x, namespace(as_array(x)).tri(n, m, min(max(k, -n - 1), m), dtype=bool)
