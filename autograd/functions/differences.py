"""Differences of neighbours along an axis, and the sums that undo them: integrals by trapezoids."""

from __future__ import annotations

from numbers import Real
from typing import Any

from autograd.algebra import Operand, as_array, getitem, reshape
from autograd.checks import number, whole
from autograd.functions.indices import beside
from autograd.functions.operands import axes_at, operand, with_room
from autograd.functions.reduction import cumsum, sum
from autograd.functions.shape import broadcast_to, concat
from autograd.shapes import one_axis
from autograd.variable import Variable

__all__ = ["cumulative_trapezoid", "diff", "trapezoid"]


def ends(x: Any, k: int) -> tuple[Any, Any]:
    """x without the first element along axis k, and without the last."""
    before = (slice(None),) * k
    return getitem(x, (*before, slice(1, None))), getitem(x, (*before, slice(None, -1)))


def diff(x: Operand, n: int = 1, axis: int = -1, prepend: Operand = None, append: Operand = None) -> Variable:
    """y_i = x_(i+1) - x_i along `axis`, n times over. What is prepended and appended counts as part of x.

    Raises ValueError for n < 0, or if the shapes do not fit.
    """
    x, n = operand("diff", x), whole("diff: n", n, 0)
    axes_at("diff", x, None)
    k = one_axis("diff", x.shape, axis)
    if not n:
        return x
    parts = [*added(prepend, x, k), x, *added(append, x, k)]
    x = concat(parts, k) if len(parts) > 1 else x
    for _ in range(min(n, x.shape[k] + 1)):
        after, before = ends(x, k)
        x = after != before if x.dtype.kind == "b" else after - before
    return x


def added(part: Operand, x: Any, k: int) -> list[Any]:
    """What stands beside x along axis k: nothing, an array, or a number, which is one element for each row."""
    if part is None:
        return []
    part = beside(x, operand("diff", part)) if isinstance(part, Real) else operand("diff", part)
    return [part if part.ndim else broadcast_to(part, (*x.shape[:k], 1, *x.shape[k + 1 :]))]


def trapezoids(name: str, total: Any, y: Operand, x: Operand, dx: float, axis: int) -> Any:
    """`total(areas, axis)` of the areas between neighbours: (y_i + y_(i+1)) / 2 (x_(i+1) - x_i)."""
    y = operand(name, y)
    axes_at(name, y, None)
    k, step = one_axis(name, y.shape, axis), number(f"{name}: dx", dx)
    if x is None:
        return with_room(lambda y: total((lambda a, b: (a + b) * (0.5 * step))(*ends(y, k)), k), y)
    x = operand(name, x)
    axes_at(name, x, None)
    if x.ndim == 1 and x.shape[0] == y.shape[k]:
        x = reshape(x, (-1,) + (1,) * (y.ndim - k - 1))
    if x.shape != y.shape[y.ndim - x.ndim :] and (x.ndim > y.ndim or x.size != y.shape[k]):
        raise ValueError(f"{name} takes places x {(y.shape[k],)} or {y.shape}, not shape {as_array(x).shape}")
    return with_room(lambda y, x: total(areas(y, x, k), k), y, x)


def areas(y: Any, x: Any, k: int) -> Any:
    (after, before), (right, left) = ends(y, k), ends(x, k - y.ndim + x.ndim)
    return (after + before) * (right - left) * 0.5


def trapezoid(y: Operand, x: Operand = None, dx: float = 1.0, axis: int = -1) -> Variable:
    """The integral of y along `axis`: the sum of (y_i + y_(i+1)) / 2 (x_(i+1) - x_i), or times dx without x.

    x has the size of the axis, or y's shape. Raises ValueError if it does not fit.
    """
    return trapezoids("trapezoid", sum, y, x, dx, axis)


def cumulative_trapezoid(y: Operand, x: Operand = None, dx: float = 1.0, axis: int = -1) -> Variable:
    """The integral from the first place to each of the others, as `trapezoid` computes it: one element fewer than y."""
    return trapezoids("cumulative_trapezoid", cumsum, y, x, dx, axis)
