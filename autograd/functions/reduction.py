"""Many numbers to few: sums, means, extremes and norms over some axes; and the running sum.

`axis` is a number (from the end if negative), a tuple of numbers, or None for all axes. `keepdims` leaves these axes in
y, with length 1. Every function raises TypeError if x has no shape. It raises ValueError for an axis out of range, and
for an empty axis where the result is undefined (mean, max).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd import algebra
from autograd.algebra import Operand, as_array, astype, reshape, transpose
from autograd.backend import Array, namespace
from autograd.bfloat16 import is_half, kind_of
from autograd.checks import flag, number, shown
from autograd.function import Function
from autograd.functions.arithmetic import abs, masked, steepness
from autograd.functions.elementwise import exp
from autograd.functions.operands import axes_at, below, with_room
from autograd.functions.statistics import settled
from autograd.shapes import Axis, Shape, one_axis, reduced_shape
from autograd.sums import sum_over
from autograd.variable import Variable

__all__ = [
    "argmax", "argmin", "cumsum", "logsumexp", "max", "mean", "min", "nanmean", "nansum", "norm", "prod",
    "std", "std_mean", "sum", "var", "var_mean",
]  # fmt: skip


def sum(x: Operand, axis: Axis = None, keepdims: bool = False) -> Variable:
    """y = sum of x over `axis`; over no elements it is 0."""
    return algebra.sum(x, axes_at("sum", x, axis), flag("keepdims", keepdims))


def mean(x: Operand, axis: Axis = None, keepdims: bool = False) -> Variable:
    """y = (1/n) sum of x over `axis`, n the number of elements summed. Raises ValueError if n = 0."""
    axes = axes_at("mean", x, axis, empty=False)
    flag("keepdims", keepdims)
    if isinstance(x, Variable) or kind_of(x.dtype) != "f":
        return x.mean(axis=axes, keepdims=keepdims)
    return with_room(lambda x: sum(x, axes, keepdims) / math.prod([x.shape[a] for a in axes]), x)


class Variance(Function):
    """y = (1/n) sum of (x - mean of x)^2 over some axes, which stay with length 1"""

    def __init__(self, axes, n):
        self.axes = axes
        self.n = n

    def forward(self, x):
        d = self.deviations(x)
        d *= d
        return sum_over(d, self.axes) / self.n

    def backward(self, gy):
        (x,) = self.inputs
        gx = self.deviations(x)
        gx *= gy * (2 / self.n)  # saves an array; a Variable has no *= and is rebound
        return gx

    def deviations(self, x):
        return x - settled(sum_over(x, self.axes) / math.prod([x.shape[a] for a in self.axes]), x, self.axes)


def var(x: Operand, axis: Axis = None, keepdims: bool = False, ddof: float = 0) -> Variable:
    """y = 1/(n - ddof) sum of (x - mean)^2 over `axis`, n the number of elements.

    `ddof=0`, NumPy's default, is the variance of these numbers. `ddof=1`, PyTorch's default, is the unbiased estimate
    of the population variance. Raises ValueError unless n > ddof.
    """
    axes = axes_at("var", x, axis, empty=False)
    n = math.prod([x.shape[a] for a in axes]) - number("var: ddof", ddof)
    if n <= 0:
        raise ValueError(f"var takes more than ddof = {ddof} elements over axis {axis}, not shape {x.shape}")
    return shaped(with_room(Variance(axes, n), x), x, axis, keepdims)


def std(x: Operand, axis: Axis = None, keepdims: bool = False, ddof: float = 0) -> Variable:
    """y = the square root of `var`; where y is 0 the gradient is 0, the second one nan. Raises what `var` raises."""

    def deviation(x: Any) -> Any:
        y = var(x, axis, keepdims, ddof)
        return y if y.size == x.size else root(y, 2)  # that of one element is 0 everywhere, and no cone

    return with_room(deviation, x)


def var_mean(x: Operand, axis: Axis = None, keepdims: bool = False, ddof: float = 0) -> tuple[Variable, Variable]:
    """The variance and the mean over `axis`: `var` and `mean` in one call. Raises what `var` raises."""
    return var(x, axis, keepdims, ddof), mean(x, axis, keepdims)


def std_mean(x: Operand, axis: Axis = None, keepdims: bool = False, ddof: float = 0) -> tuple[Variable, Variable]:
    """The standard deviation and the mean over `axis`: `std` and `mean` in one call. Raises what `var` raises."""
    return std(x, axis, keepdims, ddof), mean(x, axis, keepdims)


class Root(Function):
    """y = x^(1/p) for x >= 0, and 0 where x is 0; the gradient is 0 there, and has no derivative."""

    def __init__(self, p):
        self.p = p

    def forward(self, x):
        if self.p == 2:
            return namespace(x).sqrt(x)
        zero = x == 0
        return (x + zero) ** (1 / self.p) - zero

    def backward(self, gy):
        (y,), p = self.outputs, self.p
        if p == 2:
            return gy * steepness(0.5, y)
        return gy * (steepness(y, y) * (y + (y == 0)) ** (1 - p) / p)


def root(x: Operand, p: float) -> Any:
    """x^(1/p) for x >= 0: the length of vectors, from the sum of their powers."""
    return Root(p)(x)


class PowerOfAbs(Function):
    """y = |x|^p, and 0 where x is 0; the gradient is 0 there, and has no derivative."""

    def __init__(self, p):
        self.p = p

    def forward(self, x):
        zero = x == 0
        return (abs(x) + zero) ** self.p - zero

    def backward(self, gy):
        (x,), (y,) = self.inputs, self.outputs
        return gy * (self.p * y * steepness(1.0, x))


def norm(x: Operand, ord: float = 2, axis: Axis = None, keepdims: bool = False) -> Variable:
    """y = (sum of |x|^ord over `axis`)^(1/ord), the p-norm of vectors; of all elements with axis=None.

    `ord=2` is the Euclidean length, 1 the sum of |x|, math.inf the largest |x|, -math.inf the smallest, 0 the number of
    elements that are not 0. Below 1 it is no norm, for the triangle inequality fails. The gradient is 0 where y is 0;
    for ord < 1 also at each x of 0, where it would be infinite. The second one is nan there, except for ord = 1 and
    those of infinity, which are straight lines. As in NumPy the powers of x itself are summed, and may overflow. Norms
    of matrices are those of `matrix_norm`.
    """
    if isinstance(ord, str):
        raise TypeError(f"norm: ord must be a number, not {shown(ord)}: F.matrix_norm has the norms of matrices")
    p = number("norm: ord", ord, finite=False)
    axes = axes_at("norm", x, axis, empty=p not in (math.inf, -math.inf))
    if p in (math.inf, -math.inf):
        return (max if p > 0 else min)(abs(x), axes, keepdims)
    if p == 0:
        return sum(astype(x != 0, x.dtype if kind_of(x.dtype) == "f" else float) + masked(x, x != x), axes, keepdims)
    if p == 1:
        return sum(abs(x), axes, keepdims)
    if p < 1:
        return with_room(lambda x: without_inequality(x, p, axes, keepdims), x)
    return with_room(lambda x: root(sum(x * x if p == 2 else abs(x) ** p, axes, keepdims), p), x)


def without_inequality(x: Operand, p: float, axes: Shape, keepdims: bool) -> Any:
    """(sum of |x|^p over `axes`)^(1/p) for p < 1, where an x of 0 would have an infinite gradient."""
    zero = as_array(x) == 0
    y = root(sum(PowerOfAbs(p)(x), axes, keepdims), p)
    return y if p > 0 else masked(y, ~zero.any(axis=axes, keepdims=keepdims))


def nansum(x: Operand, axis: Axis = None, keepdims: bool = False) -> Variable:
    """y = sum of x over `axis` without the elements that are nan; they have the gradient 0."""
    axes = axes_at("nansum", x, axis)
    return sum(without_nan(x), axes, keepdims)


def nanmean(x: Operand, axis: Axis = None, keepdims: bool = False) -> Variable:
    """y = mean of x over `axis` without the elements that are nan; nan if all are. ValueError without elements."""
    axes = axes_at("nanmean", x, axis, empty=False)
    value = as_array(x)
    n = (value == value).sum(axis=axes, keepdims=flag("keepdims", keepdims))
    counts = namespace(value).where(n == 0, math.nan, n)
    return with_room(lambda x: sum(without_nan(x), axes, keepdims) / counts.astype(x.dtype), x)


def without_nan(x: Operand) -> Any:
    """x with 0 in the place of nan."""
    value = as_array(x)
    return masked(x, value == value)


def max(x: Operand, axis: Axis = None, keepdims: bool = False) -> Variable:
    """y = the largest element over `axis`; of equal ones the first receives the whole gradient."""
    axes = axes_at("max", x, axis, empty=False)
    return x.max(axis=axes, keepdims=flag("keepdims", keepdims))


def min(x: Operand, axis: Axis = None, keepdims: bool = False) -> Variable:
    """y = the smallest element over `axis`; of equal ones the first receives the whole gradient."""
    axes = axes_at("min", x, axis, empty=False)
    return x.min(axis=axes, keepdims=flag("keepdims", keepdims))


def argmax(x: Operand, axis: Axis = None, keepdims: bool = False) -> Array:
    """The index of the largest element over `axis`, the first of equal ones: a plain array of integers, no Variable.

    Over several axes it is the index into these axes flattened in the given order.
    """
    axes = axes_at("argmax", x, axis, empty=False)
    return rows_over(as_array(x), axes).argmax(axis=1).reshape(reduced_shape(x.shape, axis, keepdims))


def argmin(x: Operand, axis: Axis = None, keepdims: bool = False) -> Array:
    """The index of the smallest element over `axis`, counted as `argmax` counts."""
    axes = axes_at("argmin", x, axis, empty=False)
    return rows_over(as_array(x), axes).argmin(axis=1).reshape(reduced_shape(x.shape, axis, keepdims))


class LogSumExp(Function):
    """y = ln(sum of e^x) over some axes, which stay with length 1"""

    def __init__(self, axes):
        self.axes = axes

    def forward(self, x):
        xp = namespace(x)
        m = x.max(axis=self.axes, keepdims=True)
        finite = xp.where(xp.isfinite(m), m, 0)  # inf - inf is nan
        s = sum_over(xp.exp(below(x, finite)), self.axes)
        return xp.log(s + (s == 0)) + m  # s = 0 only if all x are -inf, and so is m

    def backward(self, gy):
        (x,), (y,) = self.inputs, self.outputs
        gx = exp(below(x, y))
        gx *= gy  # saves an array; a Variable has no *= and is rebound
        return gx


def logsumexp(x: Operand, axis: Axis = None, keepdims: bool = False) -> Variable:
    """y = ln(sum of e^x) over `axis`, without overflow: a smooth maximum. Its gradient is softmax(x)."""
    axes = axes_at("logsumexp", x, axis, empty=False)
    return shaped(with_room(LogSumExp(axes), x), x, axis, keepdims)


class CumSum(Function):
    """y_i = x_0 + x_1 + ... + x_i along one axis. Its adjoint is the same sum from the other end."""

    def __init__(self, axis):
        self.axis = axis

    def forward(self, x):
        if kind_of(x.dtype) == "f" and x.dtype.itemsize < 8:  # each number carries the rounding of all before it
            return x.cumsum(axis=self.axis, dtype=np.float64).astype(x.dtype)
        return x.cumsum(axis=self.axis)

    def backward(self, gy):
        reverse = (slice(None),) * self.axis + (slice(None, None, -1),)
        return cumsum(gy[reverse], self.axis)[reverse]


def cumsum(x: Operand, axis: int | None = None) -> Variable:
    """y_i = x_0 + x_1 + ... + x_i along `axis`, in the shape of x; None: along x flattened, as in NumPy."""
    if axis is None:
        axes_at("cumsum", x, None)
        return CumSum(0)(reshape(x, (-1,)))
    axes_at("cumsum", x, None)
    return CumSum(one_axis("cumsum", x.shape, axis))(x)


def prod(x: Operand, axis: Axis = None, keepdims: bool = False) -> Variable:
    """y = product of x over `axis`, 1 over no elements. Its gradient is exact where elements of x are 0."""
    axes = axes_at("prod", x, axis)
    shape = reduced_shape(x.shape, axis, keepdims)
    if not isinstance(x, Variable):  # an array: no gradient is needed
        return x.prod(axis=axes, keepdims=keepdims)
    if is_half(x.dtype):
        return with_room(lambda x: prod(x, axes, keepdims), x)
    if kind_of(x.dtype) != "f":
        x = astype(x, np.ones(0, x.dtype).prod().dtype)  # as NumPy: in 64 bits
    y = rows_over(x, axes)  # the first half times the second, until one column is left: no division by an x that is 0
    odd = 1 + sum(y[:, :0], 1, keepdims=True)
    while y.shape[1] > 1:
        half = y.shape[1] // 2
        if y.shape[1] % 2:
            odd = odd * y[:, -1:]
        y = y[:, :half] * y[:, half : 2 * half]
    return reshape(odd * y if y.shape[1] else odd, shape)


def shaped(y: Operand, x: Operand, axis: Axis, keepdims: bool) -> Any:
    """`y`, a reduction of x over `axis` with the axes kept; without these axes, unless `keepdims`."""
    return y if flag("keepdims", keepdims) else reshape(y, reduced_shape(x.shape, axis, False))


def rows_over(x: Operand, axes: Shape) -> Any:
    """x as a matrix: a row for each index into the other axes, a column for each index into `axes`."""
    rest = [a for a in range(x.ndim) if a not in axes]
    sizes = math.prod([x.shape[a] for a in rest]), math.prod([x.shape[a] for a in axes])
    return reshape(transpose(x, (*rest, *axes)), sizes)
