"""Elements by numbers that an array holds: taken, added, put together by their segment, masked.

An index counts from 0, or from the end if it is negative. All functions raise TypeError for an index that is not of
integers, and ValueError for one out of range, on every device.
"""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

import numpy as np

from autograd.algebra import AddAt, Operand, as_array, astype, getitem, reshape
from autograd.backend import Array, as_numbers, check_index, namespace
from autograd.bfloat16 import kind_of
from autograd.checks import one_of, shown, whole, within
from autograd.functions.arithmetic import list_beside, masked, where
from autograd.functions.embedding import AddRows, Embedding
from autograd.functions.operands import in_single, operand, summable, with_room
from autograd.functions.reduction import prod
from autograd.functions.shape import broadcast_to, concat, moveaxis
from autograd.shapes import Shape, one_axis
from autograd.variable import Variable

__all__ = [
    "add_at", "index_add", "masked_fill", "put_along_axis", "scatter_add", "scatter_reduce", "segment_max",
    "segment_mean", "segment_min", "segment_sum", "setitem", "sliding_window_view", "take", "take_along_axis",
]  # fmt: skip


def index_of(name: str, index: Operand, n: int, x: Operand) -> Array:
    """`index` as an array of integers in x's module. Raises TypeError for others, ValueError beyond an axis of n."""
    index, xp = as_array(index), namespace(as_array(x))
    index = index if hasattr(index, "dtype") else xp.asarray(as_numbers(index))
    check_index(name, as_array(x), index)
    if index.dtype.kind not in "iu" and index.size:
        raise TypeError(f"{name}: the index must be of integers, not {index.dtype}: {shown(index)}")
    if index.size and not (index.min() >= -n and index.max() < n):
        wrong = int(index.max()) if index.max() >= n else int(index.min())
        raise ValueError(f"{name}: the index must be {within(n, -n)}, for an axis of {n}, not {wrong}")
    index = index.astype(int, copy=False)
    return index % n if index.size and index.min() < 0 else index


def flat(x: Operand, axis: int | None) -> tuple[Any, Any]:
    """x and `axis`; without an axis x in one row, and its axis 0."""
    return (reshape(x, -1), 0) if axis is None else (x, axis)


def take(x: Operand, index: Operand, axis: int | None = None) -> Variable:
    """The elements or slices of x with the numbers `index` along `axis`, of x flattened if that is None.

    x (2, 5), index (3,), axis 1 -> (2, 3)
    """
    x, axis = flat(operand("take", x), axis)
    k = one_axis("take", x.shape, axis)
    index = index_of("take", index, x.shape[k], x)
    return getitem(x, (*(slice(None),) * k, index)) if k else Embedding()(x, index)


def places_along(index: Array, shape: Shape, k: int) -> Array:
    """The places of x[i, ..., index[i, j, ...], ..., j] among the elements of x in one row, x of this shape."""
    xp, n, places = namespace(index), index.ndim, 0
    for i, size in enumerate(map(min, index.shape, shape)):  # an x of size 1 is broadcast
        numbers = index if i == k else xp.arange(size).reshape((1,) * i + (-1,) + (1,) * (n - i - 1))
        places = places + numbers * math.prod(shape[i + 1 :])
    return places


def at_places(x: Operand, places: Array) -> Any:
    """The elements of x in one row at these places."""
    return Embedding()(reshape(x, -1), places)


def check_places(name: str, index: Array, most: Shape, x: Operand, k: int) -> None:
    """Raises ValueError unless `index` has the axes of x, and none of them but axis k is longer than in `most`."""
    fits = index.ndim == x.ndim and all(i == k or m <= n for i, (m, n) in enumerate(zip(index.shape, most)))
    if not fits:
        expected = f"the axes of x {x.shape}, none longer but axis {k}"
        raise ValueError(f"{name}: the index must have {expected}, not shape {index.shape}")


def take_along_axis(x: Operand, index: Operand, axis: int | None = -1) -> Variable:
    """y[i, j, ...] = x[index[i, j, ...], j, ...] for axis 0, and so on for the others: what `argsort` gives, sorts.

    The index has x's axes. Along the others than `axis` it may be shorter (PyTorch's gather), or of size 1, which is
    broadcast (NumPy). Without an axis both are one row.
    """
    x, axis = flat(operand("take_along_axis", x), axis)
    k = one_axis("take_along_axis", x.shape, axis)
    index = index_of("take_along_axis", index, x.shape[k], x)
    check_places("take_along_axis", index, tuple([m if n == 1 else n for m, n in zip(index.shape, x.shape)]), x, k)
    wide = tuple([n if m == 1 and i != k else m for i, (m, n) in enumerate(zip(index.shape, x.shape))])
    return at_places(x, places_along(namespace(index).broadcast_to(index, wide), x.shape, k))


def scatter_add(x: Operand, index: Operand, values: Operand, axis: int = -1) -> Variable:
    """y = x, then y[index[i, j, ...], j, ...] += values[i, j, ...] for axis 0, and so on: the adjoint of a gather.

    A place that is named twice receives twice. Index and values have one shape, x's axes, and no axis longer than x's
    but `axis`.
    """
    x, places, values = scattered("scatter_add", x, index, values, axis)
    return x + reshape(AddRows(x.size)(values, places), x.shape)


def scattered(name: str, x: Operand, index: Operand, values: Operand, axis: int) -> tuple[Any, Array, Any]:
    """x, the place in x as one row for each index, and the values. Raises ValueError if they don't fit."""
    x = operand(name, x)
    values = values_of(name, x, values)
    k = one_axis(name, x.shape, axis)
    index = index_of(name, index, x.shape[k], x)
    check_places(name, index, x.shape, x, k)
    if values.shape != index.shape:
        raise ValueError(f"{name} takes a value for each index, not shapes {values.shape} and {index.shape}")
    return x, places_along(index, x.shape, k), values


def scatter_reduce(x: Operand, index: Operand, values: Operand, axis: int = -1, reduction: str = "sum") -> Variable:
    """y = x, but each element together with all values for its place: their sum, or another `reduction`.

    "sum" is `scatter_add`; the others are "mean", "prod", "max" and "min". Index and values are those of `scatter_add`.
    The gradient of a product is exact where factors are 0. Of equal extremes the first has the gradient, x before all.
    A product takes memory for as many factors in each place as the fullest one has.
    Raises TypeError unless x and values are floating-point, for a reduction that is not a sum.
    """
    name = "scatter_reduce"
    reduction = one_of(f"{name}: reduction", reduction, "sum", "mean", "prod", "max", "min")
    x, places, values = scattered(name, x, index, values, axis)
    if reduction == "sum":
        return x + reshape(AddRows(x.size)(values, places), x.shape)
    if kind_of(x.dtype) != "f" or kind_of(values.dtype) != "f":
        raise TypeError(f"{name}: x and values must be floating-point for a {reduction}, not {x.dtype}, {values.dtype}")
    places, flat_x, flat_values = places.reshape(-1), reshape(x, -1), astype(reshape(values, -1), x.dtype)
    xp = namespace(places)
    if reduction == "prod":
        y = with_room(lambda x, values: x * products(values, places, x.size), flat_x, flat_values)
    elif reduction == "mean":
        counts = 1 + xp.bincount(places, minlength=x.size)
        y = with_room(lambda x, v: (x + AddRows(x.size)(v, places)) / counts.astype(x.dtype), flat_x, flat_values)
    else:
        owners = xp.concatenate([xp.arange(x.size), places])
        empty = -math.inf if reduction == "max" else math.inf
        y = extreme_rows(name, concat([flat_x, flat_values]), owners, x.size, empty)
    return reshape(y, x.shape)


def products(x: Operand, places: Array, n: int) -> Any:
    """y[p] = the product of all x[i] with places[i] = p, 1 where there are none.   (N,) (N,) -> (n,)"""
    xp, N = namespace(places), len(places)
    named, group, counts = xp.unique(places, return_inverse=True, return_counts=True)
    order, most = group.argsort(kind="stable"), int(counts.max()) if N else 1
    rank = xp.empty(N, int)
    rank[order] = xp.arange(N) - (counts.cumsum() - counts)[group[order]]
    cells = group * most + rank
    table = AddRows(len(named) * most)(x, cells) + (xp.bincount(cells, minlength=len(named) * most) == 0)
    found = prod(reshape(table, (len(named), most)), 1)
    return AddRows(n)(found, named) + (xp.bincount(named, minlength=n) == 0)


def index_add(x: Operand, index: Operand, values: Operand, axis: int = 0) -> Variable:
    """y = x, then y[index[i]] += values[i]: slices added along `axis`. One that is named twice receives twice.

    x (5, 3), index (4,), values (4, 3) -> (5, 3)
    """
    x = operand("index_add", x)
    values = values_of("index_add", x, values)
    k = one_axis("index_add", x.shape, axis)
    index = index_of("index_add", index, x.shape[k], x)
    expected = (*x.shape[:k], index.size, *x.shape[k + 1 :])
    if index.ndim != 1 or values.shape != expected:
        raise ValueError(
            f"index_add takes an index (n,) and values {(*x.shape[:k], 'n', *x.shape[k + 1 :])}, not shapes "
            f"{index.shape} and {values.shape}"
        )
    return x + AddAt((slice(None),) * k + (index,), x.shape)(values)


def places_of(x: Any, index: Any) -> Array:
    """The numbers of the elements x[index] among all elements of x."""
    return getitem(namespace(as_array(x)).arange(x.size).reshape(x.shape), index)


def beside(x: Any, number: Any) -> Any:
    """A Python number as an array in x's module, in x's dtype where that is floating-point."""
    return namespace(as_array(x)).asarray(number, x.dtype if kind_of(x.dtype) == "f" else None)


def values_of(name: str, x: Any, values: Operand) -> Any:
    """`values` as an operand beside x; numbers, and lists of them, in the dtype of x where that is floating-point."""
    y = operand(name, list_beside(x, values))
    return beside(x, y) if isinstance(values, Real) else y


def fitting(name: str, x: Any, values: Operand, shape: Shape) -> Any:
    """`values` broadcast to a shape, in the dtype of x. Raises TypeError if that cannot hold them."""
    values = values_of(name, x, values)
    if kind_of(x.dtype) != "f" and kind_of(values.dtype) == "f":
        raise TypeError(f"{name}: x must be floating-point for values of {values.dtype}, not {x.dtype}")
    return astype(broadcast_to(values, shape), x.dtype)


def setitem(x: Operand, index: Any, values: Operand) -> Variable:
    """y = x, then y[index] = values: the assignment, as a function. Values are broadcast to x[index].

    The index is one of `getitem`. Of a place that is named twice the last value stays, and alone has a gradient.
    """
    x = operand("setitem", x)
    places = places_of(x, index)
    return put(x, places, fitting("setitem", x, values, places.shape))


def put(x: Any, places: Array, values: Any) -> Any:
    """x with values in the place of the elements that have these numbers."""
    xp, numbers = namespace(places), namespace(places).arange(places.size).reshape(places.shape)
    owner = xp.full(x.size, -1)
    owner[places] = numbers
    written = reshape(AddRows(x.size)(masked(values, owner[places] == numbers), places), x.shape)
    return where((owner >= 0).reshape(x.shape), written, x)


def put_along_axis(x: Operand, index: Operand, values: Operand, axis: int = -1) -> Variable:
    """y = x, then y[index[i, j, ...], j, ...] = values[i, j, ...] for axis 0, and so on for the others.

    The index has x's axes, none of them longer than x's but `axis`; values are broadcast to it. Of a place that is
    named twice the last value stays, and alone has a gradient.
    """
    x = operand("put_along_axis", x)
    k = one_axis("put_along_axis", x.shape, axis)
    index = index_of("put_along_axis", index, x.shape[k], x)
    check_places("put_along_axis", index, x.shape, x, k)
    return put(x, places_along(index, x.shape, k), fitting("put_along_axis", x, values, index.shape))


def add_at(x: Operand, index: Any, values: Operand) -> Variable:
    """y = x, then y[index] += values, twice where a place is named twice: np.add.at, as a function.

    The index is one of `getitem`, and values are broadcast to x[index].
    """
    x = operand("add_at", x)
    places = places_of(x, index)
    return x + reshape(AddRows(x.size)(fitting("add_at", x, values, places.shape), places), x.shape)


def masked_fill(x: Operand, mask: Operand, value: Operand) -> Variable:
    """y = value where the mask holds, x elsewhere; the mask is boolean, and broadcast. The masked x have no gradient.

    Raises TypeError if the mask is not boolean, ValueError if mask and value do not broadcast to x's shape.
    """
    x = operand("masked_fill", x)
    y = where(mask, value, x)
    if y.shape != x.shape:
        raise ValueError(f"masked_fill: mask and value must broadcast to x {x.shape}, not to {y.shape}")
    return y


def sliding_window_view(x: Operand, size: int, axis: int = -1) -> Variable:
    """y[..., i, ..., k] = x[..., i + k, ...]: the windows of x along `axis`, each in the new last axis.

    (N, T) -> (N, T - size + 1, size). Of a signal these are the frames: `[:, ::step]` takes some. It is a copy, while
    NumPy's is a view. Raises ValueError if the axis is shorter than the window.
    """
    x = operand("sliding_window_view", x)
    k = one_axis("sliding_window_view", x.shape, axis)
    size = whole("sliding_window_view: size", size, 1, x.shape[k])
    xp = namespace(as_array(x))
    places = xp.arange(x.shape[k] - size + 1)[:, None] + xp.arange(size)
    return moveaxis(getitem(x, (*(slice(None),) * k, places)), k + 1, -1)


def segments_of(name: str, x: Operand, segments: Operand, n: int) -> tuple[Any, Array, int]:
    """x, the segment of each of its rows, and the number of segments. Raises ValueError if they don't fit."""
    x, n = operand(name, x), whole(f"{name}: n", n, least=0)
    found = index_of(f"{name}: segments", segments, n, x)
    if found.ndim != 1 or not x.shape or len(found) != len(x):
        raise ValueError(f"{name} takes rows x (N, ...) and segments (N,), not shapes {x.shape} and {found.shape}")
    return x, found, n


def segment_sum(x: Operand, segments: Operand, n: int) -> Variable:
    """y[s] = the sum of the rows x[i] with segments[i] = s, for s = 0 .. n - 1; 0 where there are none.

    (N, ...) (N,) -> (n, ...). A graph sums the messages of its edges so, a batch of sequences their steps.
    """
    x, segments, n = segments_of("segment_sum", x, segments, n)
    x = x if kind_of(x.dtype) == "f" else astype(x, np.zeros(0, x.dtype).sum().dtype)  # as NumPy's sum: in 64 bits
    return in_single(AddAt((segments,), (n, *x.shape[1:])), x)


def segment_mean(x: Operand, segments: Operand, n: int) -> Variable:
    """y[s] = the mean of the rows x[i] with segments[i] = s, for s = 0 .. n - 1; 0 where there are none."""
    x, segments, n = segments_of("segment_mean", x, segments, n)
    xp = namespace(segments)
    counts = xp.bincount(segments, minlength=n).clip(1, None).reshape((n,) + (1,) * (x.ndim - 1))
    return with_room(lambda x: AddAt((segments,), (n, *x.shape[1:]))(x) / counts.astype(x.dtype), x)


def segment_max(x: Operand, segments: Operand, n: int) -> Variable:
    """y[s] = the largest of the rows x[i] with segments[i] = s, element by element; -inf where there are none.

    Of equal ones the first receives the whole gradient. Whole numbers are computed in float64, exact up to 2^53.
    """
    return extreme_rows("segment_max", x, segments, n, -math.inf)


def segment_min(x: Operand, segments: Operand, n: int) -> Variable:
    """y[s] = the smallest of the rows x[i] with segments[i] = s, element by element; inf where there are none.

    Of equal ones the first receives the whole gradient. Whole numbers are computed in float64, exact up to 2^53.
    """
    return extreme_rows("segment_min", x, segments, n, math.inf)


def extreme_rows(name: str, x: Operand, segments: Operand, n: int, empty: float) -> Any:
    """For each segment the row that is farthest from `empty`, an infinity, element by element."""
    x, segments, n = segments_of(name, x, segments, n)
    x = x if kind_of(x.dtype) == "f" else summable(x)
    value, N = as_array(x), len(x)
    xp = namespace(value)
    extreme = "maximum" if empty < 0 else "minimum"
    y = reduced_rows(extreme, value, segments, xp.full((n, *x.shape[1:]), empty, x.dtype))
    equal = (value == y[segments]) | (value != value)  # a nan is equal to none
    rows = xp.where(equal, xp.arange(N).reshape((N,) + (1,) * (x.ndim - 1)), N)
    first = reduced_rows("minimum", rows, segments, xp.full(y.shape, N))
    ends = xp.full((1, *x.shape[1:]), empty, x.dtype)
    return at_places(concat([x, ends]), places_along(first, (N + 1, *x.shape[1:]), 0))


def reduced_rows(name: str, x: Array, segments: Array, y: Array) -> Array:
    """y with the smallest or the largest of the rows of x in the place of each segment that has some."""
    xp = namespace(x)
    if xp is not np:
        getattr(xp, name).at(y, segments, x)
    elif len(x):  # one run after the other: ten times as fast
        order = segments.argsort(kind="stable")
        found, starts = np.unique(segments[order], return_index=True)
        y[found] = getattr(np, name).reduceat(x[order], starts)
    return y
