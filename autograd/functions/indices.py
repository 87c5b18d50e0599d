"""Elements by numbers that an array holds: taken, added, put together by their segment, masked.

An index counts from 0, or from the end if it is negative. All functions raise TypeError for an index that is not of
integers, and ValueError for one out of range, on every device.
"""

from __future__ import annotations

import math
from typing import Any

from autograd.algebra import AddAt, Operand, as_array, getitem, reshape
from autograd.backend import Array, as_numbers, namespace
from autograd.checks import shown, whole
from autograd.functions.arithmetic import where
from autograd.functions.operands import operand, summable
from autograd.functions.shape import concat
from autograd.shapes import Shape, one_axis

__all__ = [
    "index_add", "masked_fill", "scatter_add", "segment_max", "segment_mean", "segment_min", "segment_sum", "take",
    "take_along_axis",
]  # fmt: skip


def index_of(name: str, index: Operand, n: int, x: Operand) -> Array:
    """`index` as an array of integers in x's module. Raises TypeError for others, ValueError beyond an axis of n."""
    index, xp = as_array(index), namespace(as_array(x))
    index = index if hasattr(index, "dtype") else xp.asarray(as_numbers(index))
    if index.dtype.kind not in "iu" and index.size:
        raise TypeError(f"{name}: the index must be of integers, not {index.dtype}: {shown(index)}")
    if index.size and not -n <= int(index.min()) <= int(index.max()) < n:
        wrong = int(index.max()) if index.max() >= n else int(index.min())
        raise ValueError(f"{name}: the index must be in {-n} .. {n - 1}, for an axis of {n}, not {wrong}")
    return index.astype(int, copy=False)


def flat(x: Operand, axis: int | None) -> tuple[Any, Any]:
    """x and `axis`; without an axis x in one row, and its axis 0."""
    return (reshape(x, -1), 0) if axis is None else (x, axis)


def take(x: Operand, index: Operand, axis: int | None = None) -> Any:
    """The elements or slices of x with the numbers `index` along `axis`, of x flattened if that is None.

    x (2, 5), index (3,), axis 1 -> (2, 3)
    """
    x, axis = flat(operand("take", x), axis)
    k = one_axis("take", x.shape, axis)
    return getitem(x, ((slice(None),) * k + (index_of("take", index, x.shape[k], x),)))


def places_along(index: Array, k: int) -> tuple[Any, ...]:
    """The index of x[i, ..., index[i, j, ...], ..., j]: `index` along axis k, and all numbers along the others."""
    xp, n = namespace(index), index.ndim
    rows = [xp.arange(size).reshape((1,) * i + (-1,) + (1,) * (n - i - 1)) for i, size in enumerate(index.shape)]
    return (*rows[:k], index, *rows[k + 1 :])


def check_places(name: str, index: Array, shape: Shape, k: int) -> None:
    """Raises ValueError unless `index` has the axes of `shape`, none of them longer but axis k."""
    fits = index.ndim == len(shape) and all(i == k or m <= n for i, (m, n) in enumerate(zip(index.shape, shape)))
    if not fits:
        expected = f"the axes of x {shape}, none longer but axis {k}"
        raise ValueError(f"{name}: the index must have {expected}, not shape {index.shape}")


def take_along_axis(x: Operand, index: Operand, axis: int | None = -1) -> Any:
    """y[i, j, ...] = x[index[i, j, ...], j, ...] for axis 0, and so on for the others: what `argsort` gives, sorts.

    The index has x's axes. Along the others than `axis` it may be shorter (PyTorch's gather), or of size 1, which is
    broadcast (NumPy). Without an axis both are one row.
    """
    x, axis = flat(operand("take_along_axis", x), axis)
    k = one_axis("take_along_axis", x.shape, axis)
    index = index_of("take_along_axis", index, x.shape[k], x)
    check_places("take_along_axis", index, x.shape, k)
    wide = tuple([n if m == 1 and i != k else m for i, (m, n) in enumerate(zip(index.shape, x.shape))])
    return getitem(x, places_along(namespace(index).broadcast_to(index, wide), k))


def scatter_add(x: Operand, index: Operand, values: Operand, axis: int = -1) -> Any:
    """y = x, then y[index[i, j, ...], j, ...] += values[i, j, ...] for axis 0, and so on: the adjoint of a gather.

    A place that is named twice receives twice. Index and values have one shape, x's axes, and no axis longer than x's
    but `axis`.
    """
    x, values = operand("scatter_add", x), operand("scatter_add", values)
    k = one_axis("scatter_add", x.shape, axis)
    index = index_of("scatter_add", index, x.shape[k], x)
    check_places("scatter_add", index, x.shape, k)
    if values.shape != index.shape:
        raise ValueError(f"scatter_add takes a value for each index, not shapes {values.shape} and {index.shape}")
    return x + AddAt(places_along(index, k), x.shape)(values)


def index_add(x: Operand, index: Operand, values: Operand, axis: int = 0) -> Any:
    """y = x, then y[index[i]] += values[i]: slices added along `axis`. One that is named twice receives twice.

    x (5, 3), index (4,), values (4, 3) -> (5, 3)
    """
    x, values = operand("index_add", x), operand("index_add", values)
    k = one_axis("index_add", x.shape, axis)
    index = index_of("index_add", index, x.shape[k], x)
    expected = (*x.shape[:k], index.size, *x.shape[k + 1 :])
    if index.ndim != 1 or values.shape != expected:
        raise ValueError(
            f"index_add takes an index (n,) and values {(*x.shape[:k], 'n', *x.shape[k + 1 :])}, not shapes "
            f"{index.shape} and {values.shape}"
        )
    return x + AddAt((slice(None),) * k + (index,), x.shape)(values)


def masked_fill(x: Operand, mask: Operand, value: Operand) -> Any:
    """y = value where the mask holds, x elsewhere; the mask is boolean, and broadcast. The masked x have no gradient.

    Raises TypeError if the mask is not boolean, ValueError if mask and value do not broadcast to x's shape.
    """
    x = operand("masked_fill", x)
    y = where(mask, value, x)
    if y.shape != x.shape:
        raise ValueError(f"masked_fill: mask and value must broadcast to x {x.shape}, not to {y.shape}")
    return y


def segments_of(name: str, x: Operand, segments: Operand, n: int) -> tuple[Any, Array, int]:
    """x, the segment of each of its rows, and the number of segments. Raises ValueError if they don't fit."""
    x, n = operand(name, x), whole(f"{name}: n", n, least=0)
    found = index_of(f"{name}: segments", segments, n, x)
    if found.ndim != 1 or not x.shape or len(found) != len(x):
        raise ValueError(f"{name} takes rows x (N, ...) and segments (N,), not shapes {x.shape} and {found.shape}")
    return x, found, n


def segment_sum(x: Operand, segments: Operand, n: int) -> Any:
    """y[s] = the sum of the rows x[i] with segments[i] = s, for s = 0 .. n - 1; 0 where there are none.

    (N, ...) (N,) -> (n, ...). A graph sums the messages of its edges so, a batch of sequences their steps.
    """
    x, segments, n = segments_of("segment_sum", x, segments, n)
    return AddAt((segments,), (n, *x.shape[1:]))(x)


def segment_mean(x: Operand, segments: Operand, n: int) -> Any:
    """y[s] = the mean of the rows x[i] with segments[i] = s, for s = 0 .. n - 1; 0 where there are none."""
    x, segments, n = segments_of("segment_mean", x, segments, n)
    xp = namespace(segments)
    counts = xp.bincount(segments % max(n, 1), minlength=n).clip(1, None).astype(summable(x).dtype)
    return AddAt((segments,), (n, *x.shape[1:]))(x) / counts.reshape((n,) + (1,) * (x.ndim - 1))


def segment_max(x: Operand, segments: Operand, n: int) -> Any:
    """y[s] = the largest of the rows x[i] with segments[i] = s, element by element; -inf where there are none.

    Of equal ones the first receives the whole gradient.
    """
    return extreme_rows("segment_max", x, segments, n, -math.inf)


def segment_min(x: Operand, segments: Operand, n: int) -> Any:
    """y[s] = the smallest of the rows x[i] with segments[i] = s, element by element; inf where there are none.

    Of equal ones the first receives the whole gradient.
    """
    return extreme_rows("segment_min", x, segments, n, math.inf)


def extreme_rows(name: str, x: Operand, segments: Operand, n: int, empty: float) -> Any:
    """For each segment the row that is farthest from `empty`, an infinity, element by element."""
    x, segments, n = segments_of(name, x, segments, n)
    x = x if x.dtype.kind == "f" else summable(x)
    value, N = as_array(x), len(x)
    xp = namespace(value)
    y = xp.full((n, *x.shape[1:]), empty, x.dtype)
    (xp.maximum if empty < 0 else xp.minimum).at(y, segments, value)
    first = xp.full(y.shape, N)  # of the rows that are equal to it, as a nan is to none
    equal = (value == y[segments]) | (value != value)
    rows = xp.arange(N).reshape((N,) + (1,) * (x.ndim - 1))
    xp.minimum.at(first, segments, xp.where(equal, rows, N))
    ends = xp.full((1, *x.shape[1:]), empty, x.dtype)
    return getitem(concat([x, ends]), places_along(first, 0))
