"""Elements in order: sorted, the largest k, the middle one, and those at any part of the way.

A sort moves elements and changes none: the gradient goes back to where each came from. Of equal elements any may come
first. nan counts as larger than all numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.algebra import Operand, as_array, getitem, reshape
from autograd.backend import Array, as_numbers, namespace, to_numpy
from autograd.bfloat16 import kind_of
from autograd.checks import flag, one_of, shown, whole
from autograd.functions.arithmetic import masked, where
from autograd.functions.indices import at_places, flat, places_along
from autograd.functions.operands import axes_at, operand, with_room
from autograd.functions.reduction import rows_over
from autograd.functions.shape import moveaxis
from autograd.shapes import Axis, one_axis, reduced_shape
from autograd.variable import Variable

__all__ = ["argsort", "median", "nanmedian", "nanquantile", "quantile", "sort", "topk"]


def argsort(x: Operand, axis: int | None = -1, descending: bool = False) -> Array:
    """The numbers along `axis` of the elements in rising order, or in falling order: a plain array of integers.

    Without an axis x is one row. `take_along_axis(x, argsort(x, k), k)` is `sort(x, k)`.
    """
    x, axis = flat(operand("argsort", x), axis)
    k = one_axis("argsort", x.shape, axis)
    index = as_array(x).argsort(axis=k)
    return namespace(index).flip(index, k) if flag("argsort: descending", descending) else index


def sort(x: Operand, axis: int | None = -1, descending: bool = False) -> Variable:
    """The elements along `axis` in rising order, or in falling order. Without an axis x is one row.

    The order itself, PyTorch's second result, is `argsort`.
    """
    x, axis = flat(operand("sort", x), axis)
    k = one_axis("sort", x.shape, axis)
    return ordered(x, argsort(x, k, descending), k)


def ordered(x: Operand, index: Array, k: int) -> Any:
    """`take_along_axis` for an index that is known to fit."""
    return at_places(x, places_along(index, x.shape, k))


def topk(x: Operand, k: int, axis: int = -1, largest: bool = True) -> tuple[Variable, Array]:
    """The k largest elements along `axis`, the largest first, and their numbers there.   (N, C) -> (N, k), (N, k)

    largest=False: the k smallest, the smallest first. nan counts as larger than all numbers.
    Raises TypeError if `largest` is not a flag, ValueError unless 0 <= k <= the size of the axis.
    """
    x = operand("topk", x)
    a = one_axis("topk", x.shape, axis)
    k = whole("topk: k", k, least=0, most=x.shape[a])
    down = flag("topk: largest", largest)
    value, n, before = as_array(x), x.shape[a], (slice(None),) * a
    if k * 4 > n:
        index = argsort(x, a, descending=down)[(*before, slice(k))]
    else:  # the k first, in any order, and then in this one
        first, edge = (n - k, n - k - (k == 0)) if down else (0, k - (k > 0))
        index = value.argpartition(edge, a)[(*before, slice(first, first + k))]
        index = ordered(index, argsort(ordered(value, index, a), a, descending=down), a)
    return ordered(x, index, a), index


def median(x: Operand, axis: Axis = None, keepdims: bool = False) -> Variable:
    """The middle element over `axis`, or the mean of the two: each of them has half the gradient. nan if there is one.

    PyTorch's median is the lower of the two. Raises what `quantile` raises.
    """
    axes = axes_at("median", x, axis, empty=False)
    return quantile(x, 0.5, axes, keepdims)


METHODS: dict[str, Callable[[Any], Any]] = {  # from a place between two elements to the one that is taken
    "linear": lambda place: place, "lower": np.floor, "higher": np.ceil, "nearest": np.rint,
    "midpoint": lambda place: (np.floor(place) + np.ceil(place)) / 2,
}  # fmt: skip


def quantile(x: Operand, q: Any, axis: Axis = None, keepdims: bool = False, method: str = "linear") -> Variable:
    """The number of which the part q of the elements over `axis` is below: element q (n - 1) of the n sorted ones.

    Between two elements it lies on the straight line, and each has its part of the gradient; q has one if it is a
    Variable. For an array of q the results stand along new first axes, those of q. nan if there is one. Other methods
    take "lower", the one below, "higher", the one above, "nearest", or "midpoint", the mean of both, without gradients
    in q.
    Raises TypeError if q is no number and no list or array of them, ValueError unless 0 <= q <= 1, for another method,
    and for an axis without elements.
    """
    return quantiles("quantile", along_the_way, x, q, axis, keepdims, method)


def nanquantile(x: Operand, q: Any, axis: Axis = None, keepdims: bool = False, method: str = "linear") -> Variable:
    """`quantile` of the elements that are not nan; these have no gradient. nan if all are.

    Raises what `quantile` raises.
    """
    return quantiles("nanquantile", without_nan, x, q, axis, keepdims, method)


def quantiles(name: str, of_rows: Any, x: Operand, q: Any, axis: Axis, keepdims: bool, method: str) -> Any:
    """The quantiles over `axis`, those of each row by `of_rows`; `name` stands in the messages of errors."""
    axes = axes_at(name, x, axis, empty=False)
    shape, parts = reduced_shape(x.shape, axis, keepdims), checked_parts(q)
    way = METHODS[one_of(f"{name}: method", method, *METHODS)]
    q = q if isinstance(q, Variable) and method == "linear" else None
    y = with_room(lambda x, q: of_rows(rows_over(x, axes), parts.reshape(-1), q, way), x, q)
    return reshape(moveaxis(y, 1, 0), (*parts.shape, *shape))


def nanmedian(x: Operand, axis: Axis = None, keepdims: bool = False) -> Variable:
    """`median` of the elements that are not nan; nan if all are. Raises what `quantile` raises."""
    axes = axes_at("nanmedian", x, axis, empty=False)
    return nanquantile(x, 0.5, axes, keepdims)


def checked_parts(q: Any) -> Array:
    """The numbers q in a NumPy array. Raises TypeError if it holds no numbers, ValueError if one is not in 0 .. 1."""
    try:
        parts = to_numpy(as_numbers(as_array(q)))
    except (TypeError, ValueError):
        parts = np.array(None)
    if kind_of(parts.dtype) not in "fiu":
        raise TypeError(f"quantile: q must be a number or a list of numbers, not {shown(q)}")
    if not ((parts >= 0) & (parts <= 1)).all():
        raise ValueError(f"quantile: q must be in 0 .. 1, not {shown(q)}")
    return parts.astype(float)


def along_the_way(rows: Operand, parts: Array, q: Any, way: Any) -> Any:
    """The quantiles of each row, with a gradient in q unless that is None.   (M, n), (K,) -> (M, K)"""
    value, n = as_array(rows), rows.shape[1]
    places = way(parts * (n - 1))
    low = np.floor(places).astype(int)
    kept = sorted({*low.tolist(), *np.minimum(low + 1, n - 1).tolist(), n - 1})
    index = value.argpartition(kept, 1) if kept else value.argsort(1)  # these places suffice
    y = between(rows, index, places, n - 1, q)
    last = value[namespace(value).arange(len(rows))[:, None], index[:, -1:]]
    return where(last != last, last, y) if bool((last != last).any()) else y  # a nan is the last one


def without_nan(rows: Operand, parts: Array, q: Any, way: Any) -> Any:
    """`along_the_way` among the elements of each row that are not nan.   (M, n), (K,) -> (M, K)"""
    value = as_array(rows)
    last = to_numpy((value == value).sum(1, keepdims=True)).clip(1, None) - 1
    return between(rows, value.argsort(1), way(parts * last), last, q)


def between(rows: Operand, index: Array, places: Array, last: Any, q: Any) -> Any:
    """The elements at these places of the sorted rows, on the straight line between two neighbours.

    `index` sorts the rows, as far as the places need it. Where q is given, places are q times `last`.
    """
    xp, low = namespace(index), np.floor(places).astype(int)
    weight = xp.asarray((places - low).astype(rows.dtype))
    weight = weight if q is None else reshape(q, (1, -1)) * xp.asarray(last) - xp.asarray(low)
    column = xp.arange(len(index))[:, None]
    below, above = [
        getitem(rows, (column, index[column, xp.asarray(place)])) for place in (low, np.minimum(low + 1, last))
    ]
    if q is None and bool((weight == 0).any()):
        above = masked(above, xp.broadcast_to(weight != 0, above.shape))  # an infinity times 0 is nan
    return below * (1 - weight) + above * weight
