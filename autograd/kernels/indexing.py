"""Elements chosen by an index or a mask, and rows added at an index."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from autograd.backend import Array, by_numpy, namespace
from autograd.kernels.compiled import Compiled, loop, single
from autograd.kernels.gpu import indexing
from autograd.kernels.ways import kernel
from autograd.shapes import Shape

__all__ = ["add_at", "add_rows", "masked"]

BITS: dict[Any, Any] = {np.dtype(f"f{n}"): np.dtype(f"i{n}") for n in (2, 4, 8)}  # the integers of the same size
FEW = 1 << 20
OFTEN = 64  # a place that receives more numbers than this gets them summed in float64


@kernel()
def add_at(x: Array, index: Any, shape: Shape) -> Array:
    """Zeros of `shape` with x added at `index` [scatter-add]; an element that is named twice receives twice.

    Slices, single integers and masks name no element twice: an assignment suffices then, and is much faster.
    """
    xp, size = namespace(x), prod(shape)
    parts = index if isinstance(index, tuple) else (index,)
    kinds = [getattr(getattr(part, "dtype", None), "kind", None) for part in parts]
    if kinds == ["b"] or all(
        part is None or part is ... or isinstance(part, (int, np.integer, slice)) for part in parts
    ):
        y = xp.zeros(shape, x.dtype)
        y[index] = x
        return y
    if size and set(kinds) <= {"i", "u"}:  # numbers of rows: those of one axis, or of several taken as one
        rows = 0
        for part, n in zip(parts, shape):
            rows = rows * n + part.astype(np.int64) % n
        return add_rows(x, rows, (prod(shape[: len(parts)]), *shape[len(parts) :])).reshape(shape)
    if size > FEW + 8 * x.size:  # a number for each element would cost too much
        y = xp.zeros(shape, x.dtype)
        xp.add.at(y, index, x)
        return y
    places = xp.arange(size).reshape(shape)[index]
    return add_rows(x, places, (size,)).reshape(shape)


def fits_loop(x: Array, index: Array, shape: Shape) -> bool:
    """A row that is named often is summed in float64, by the plain way; a loop does not look at the limits."""
    return (
        single(x)
        and type(index) is np.ndarray
        and index.dtype == np.int64
        and index.min() >= 0
        and index.max() < shape[0]
        and not named_often(index.reshape(-1), shape[0], x.dtype)
    )


def compiled_add_rows(x: Array, index: Array, shape: Shape) -> Array:
    y, index, D = np.zeros(shape, x.dtype), np.ascontiguousarray(index).reshape(-1), prod(shape[1:])
    if D == 1:
        loop("indexing.add_numbers")(x.reshape(-1), index, y.reshape(-1))
    else:
        loop("indexing.add_rows")(x.reshape(-1, D), index, y.reshape(-1, D))
    return y


@kernel(Compiled(compiled_add_rows, fits_loop), indexing.add_rows)
def add_rows(x: Array, index: Array, shape: Shape) -> Array:
    """Zeros of `shape` with the rows of x added at the rows `index`.   (..., *row), (...) -> (V, *row)

    Element by element: NumPy adds at a flat index five times as fast as at an index of rows. Where a row receives many,
    they are summed in float64 and rounded at the end: one row in float32 would stand still at 2^24.
    """
    xp, V, D = namespace(x), shape[0], prod(shape[1:])
    index = index.reshape(-1)
    asked = type(x) is np.ndarray  # elsewhere an answer costs more than the work
    often = by_numpy(x) and x.dtype.itemsize < 8 and x.dtype.kind == "f" and D
    often = often and (not asked or named_often(index, V, x.dtype))
    if often and asked and index.size < V / 4:  # the rows that are named, and no others: the sums may be small
        named, index = xp.unique(index, return_inverse=True)
        y = xp.zeros(shape, x.dtype)
        y[named] = add_rows(x, index, (named.size, *shape[1:]))
        return y
    places = (index.reshape(-1, 1) * D + xp.arange(D)).reshape(-1) if D != 1 else index
    if often:
        return xp.bincount(places, x.reshape(-1), V * D).astype(x.dtype).reshape(shape)
    y = xp.zeros(V * D, x.dtype)
    xp.add.at(y, places, x.reshape(-1))
    return y.reshape(shape)


def named_often(index: Array, V: int, dtype: Any) -> bool:
    """Is a row named so often that its sum would lose digits? In float16 every sum of three is rounded twice."""
    limit = 2 if dtype.itemsize == 2 else OFTEN
    if index.size <= limit:
        return False
    if index.size >= V / 4:
        return bool(np.bincount(index).max() > limit)
    index = np.sort(index)
    return bool((index[limit:] == index[:-limit]).any())


@kernel(indexing.masked)
def masked(x: Array, mask: Array) -> Array:
    """x where the mask holds, 0 elsewhere. Infinity and nan become 0 too; a product with the mask would give nan.

    The bits are multiplied, as integers: `where` takes NumPy fifteen times as long on a random mask.
    """
    xp, bits = namespace(x, mask), BITS.get(x.dtype)
    if bits is None or not x.shape:
        return xp.where(xp.asarray(mask), x, x.dtype.type(0))[()]
    y = xp.empty_like(x)
    xp.multiply(x.view(bits), mask, out=y.view(bits))  # writes into y itself: the engine would copy a view
    return y
