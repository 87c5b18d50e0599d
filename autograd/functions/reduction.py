"""Many numbers to few: sums, means, extremes and norms over some axes; and the running sum.

`axis` is a number (from the end if negative), a tuple of numbers, or None for all axes; with `keepdims` the axes that
were reduced stay, with length 1. Every function raises TypeError for what has no shape, and ValueError for an axis that
the array does not have, or if there is nothing to reduce and nothing has no answer.
"""

from __future__ import annotations

import math
from typing import Any

from autograd import core
from autograd.backend import namespace
from autograd.core import Function, Operand, Variable, as_array, reshape, transpose
from autograd.functions.arithmetic import abs, number
from autograd.functions.elementwise import exp, sqrt
from autograd.shapes import Axis, Shape, axes_of, reduced


class Variance(Function):
    """y = sum of (x - mean of x)^2 / n over some axes, which stay with length 1"""

    def __init__(self, axes, n):
        self.axes = axes
        self.n = n

    def forward(self, x):
        d = x - x.mean(axis=self.axes, keepdims=True)
        d *= d
        return d.sum(axis=self.axes, keepdims=True) / self.n

    def backward(self, gy):
        (x,) = self.inputs
        gx = x - x.mean(axis=self.axes, keepdims=True)
        gx *= gy * (2 / self.n)
        return gx


class LogSumExp(Function):
    """y = ln(sum of e^x) over some axes, which stay with length 1"""

    def __init__(self, axes):
        self.axes = axes

    def forward(self, x):
        xp = namespace(x)
        m = x.max(axis=self.axes, keepdims=True)
        finite = xp.where(xp.isfinite(m), m, 0)  # inf - inf is nan
        s = xp.exp(x - finite).sum(axis=self.axes, keepdims=True)
        return xp.log(s + (s == 0)) + m  # s = 0 only if all x, and so m, are -inf

    def backward(self, gy):
        (x,), (y,) = self.inputs, self.outputs
        gx = exp(x - y)
        gx *= gy
        return gx


class CumSum(Function):
    """y_i = x_0 + x_1 + ... + x_i along one axis; its adjoint is the same from the other end"""

    def __init__(self, axis):
        self.axis = axis

    def forward(self, x):
        return x.cumsum(axis=self.axis)

    def backward(self, gy):
        reverse = (slice(None),) * self.axis + (slice(None, None, -1),)
        return cumsum(gy[reverse], self.axis)[reverse]


def axes_at(name: str, x: Operand, axis: Axis, empty: bool = True) -> Shape:
    """The axes that `axis` means in x, counted from 0, for the function `name`.

    Raises:
        TypeError: x is neither a Variable nor an array.
        ValueError: an axis that x does not have; no elements to reduce, unless `empty`.
    """
    if not hasattr(x, "shape"):
        raise TypeError(f"{name} takes a Variable or an array, not {type(x).__name__}: {x!r:.40}")
    axes = axes_of(x.shape, axis)
    if not empty and 0 in [x.shape[a] for a in axes]:
        raise ValueError(f"{name} of no elements: shape {x.shape} over axis {axis}")
    return axes


def shaped(y: Operand, x: Operand, axis: Axis, keepdims: bool) -> Any:
    """`y`, a reduction of x over `axis` with the axes kept, in the shape that was asked for."""
    return y if keepdims else reshape(y, reduced(x.shape, axis, False))


def rows(x: Operand, axes: Shape) -> Any:
    """x as a matrix: a column for each place in `axes`, a row for each place in the other axes."""
    rest = [a for a in range(x.ndim) if a not in axes]
    sizes = math.prod([x.shape[a] for a in rest]), math.prod([x.shape[a] for a in axes])
    return reshape(transpose(x, (*rest, *axes)), sizes)


def sum(x: Operand, axis: Axis = None, keepdims: bool = False) -> Any:
    """y = sum of x over `axis`, 0 over no elements."""
    return core.sum(x, axes_at("sum", x, axis), keepdims)


def mean(x: Operand, axis: Axis = None, keepdims: bool = False) -> Any:
    """y = (1/n) sum of x over `axis`, n the number of elements summed. ValueError if n = 0."""
    axes = axes_at("mean", x, axis, empty=False)
    return x.mean(axis=axes, keepdims=keepdims)


def var(x: Operand, axis: Axis = None, keepdims: bool = False, ddof: float = 0) -> Any:
    """y = sum of (x - mean)^2 / (n - ddof) over `axis`, n the number of elements.

    `ddof=0`, as in NumPy, is the variance of these numbers; `ddof=1`, PyTorch's default, the unbiased estimate of the
    variance of that from which they are drawn. ValueError unless n > ddof.
    """
    axes = axes_at("var", x, axis, empty=False)
    n = math.prod([x.shape[a] for a in axes]) - number("var: ddof", ddof)
    if n <= 0:
        raise ValueError(f"var needs more than ddof = {ddof} elements: shape {x.shape} over axis {axis}")
    return shaped(Variance(axes, n)(x), x, axis, keepdims)


def std(x: Operand, axis: Axis = None, keepdims: bool = False, ddof: float = 0) -> Any:
    """y = the square root of `var`; where that is 0, the gradient is 0."""
    return root(var(x, axis, keepdims, ddof), 2)


def max(x: Operand, axis: Axis = None, keepdims: bool = False) -> Any:
    """y = the largest element over `axis`; of equal ones the first receives the whole gradient."""
    axes = axes_at("max", x, axis, empty=False)
    return x.max(axis=axes, keepdims=keepdims)


def min(x: Operand, axis: Axis = None, keepdims: bool = False) -> Any:
    """y = the smallest element over `axis`; of equal ones the first receives the whole gradient."""
    axes = axes_at("min", x, axis, empty=False)
    return x.min(axis=axes, keepdims=keepdims)


def argmax(x: Operand, axis: Axis = None, keepdims: bool = False) -> Any:
    """Where the first of the largest elements over `axis` stands: a plain array of integers, no Variable.

    Over several axes it is the place that element would have if these axes, in the given order, were one.
    """
    axes = axes_at("argmax", x, axis, empty=False)
    return rows(as_array(x), axes).argmax(axis=1).reshape(reduced(x.shape, axis, keepdims))


def argmin(x: Operand, axis: Axis = None, keepdims: bool = False) -> Any:
    """Where the first of the smallest elements over `axis` stands, as `argmax` says it."""
    axes = axes_at("argmin", x, axis, empty=False)
    return rows(as_array(x), axes).argmin(axis=1).reshape(reduced(x.shape, axis, keepdims))


def logsumexp(x: Operand, axis: Axis = None, keepdims: bool = False) -> Any:
    """y = ln(sum of e^x) over `axis`, without overflow: a smooth maximum. Its gradient is softmax(x)."""
    axes = axes_at("logsumexp", x, axis, empty=False)
    return shaped(LogSumExp(axes)(x), x, axis, keepdims)


def cumsum(x: Operand, axis: int | None = None) -> Any:
    """y_i = x_0 + x_1 + ... + x_i along `axis`, in the shape of x; with None, along x flattened, as in NumPy."""
    if axis is None:
        axes_at("cumsum", x, None)
        return CumSum(0)(reshape(x, (-1,)))
    if isinstance(axis, (tuple, list)):
        raise TypeError(f"cumsum runs along one axis, a number, or None: not {axis!r}")
    return CumSum(axes_at("cumsum", x, axis)[0])(x)


def prod(x: Operand, axis: Axis = None, keepdims: bool = False) -> Any:
    """y = product of x over `axis`, 1 over no elements. Made of products of halves: a 0 in x harms no gradient."""
    axes = axes_at("prod", x, axis)
    shape = reduced(x.shape, axis, keepdims)
    if not isinstance(x, Variable):
        return x.prod(axis=axes, keepdims=keepdims)
    y = rows(x, axes)
    odd = 1 + sum(y[:, :0], 1, keepdims=True)
    while y.shape[1] > 1:
        half = y.shape[1] // 2
        if y.shape[1] % 2:
            odd = odd * y[:, -1:]
        y = y[:, :half] * y[:, half : 2 * half]
    return reshape(odd * y if y.shape[1] else odd, shape)


def norm(x: Operand, ord: float = 2, axis: Axis = None, keepdims: bool = False) -> Any:
    """y = (sum of |x|^ord over `axis`)^(1/ord), the p-norm of vectors; of all elements with axis=None.

    `ord=2` is the Euclidean length (of a matrix: the Frobenius norm), 1 the sum of |x|, math.inf the largest |x|. Where
    y is 0 the gradient is 0. ValueError for ord < 1, which is no norm.
    """
    p = number("norm: ord", ord)
    axes = axes_at("norm", x, axis, empty=p < math.inf)
    if not p >= 1:
        raise ValueError(f"norm: ord must be at least 1, not {ord}: below, the triangle inequality fails")
    if p == math.inf:
        return max(abs(x), axes, keepdims)
    if p == 1:
        return sum(abs(x), axes, keepdims)
    return root(sum(x * x if p == 2 else abs(x) ** p, axes, keepdims), p)


def root(x: Operand, p: float) -> Any:
    """x^(1/p) for x >= 0, with the gradient 0 where x is 0."""
    zero = x == 0
    y = x + zero
    return (sqrt(y) if p == 2 else y ** (1 / p)) - zero
