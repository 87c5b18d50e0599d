"""Running results along one axis: products, extremes, and sums of what is known by its logarithm.

`axis=None` takes x as one row. `scanned` computes any of them in log2(n) steps, and is right at every order and value;
where a formula is faster and as exact, it is used.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.algebra import Operand, as_array, getitem
from autograd.backend import Array, by_numpy, namespace
from autograd.bfloat16 import finfo, kind_of
from autograd.function import Function
from autograd.functions.elementwise import exp
from autograd.functions.indices import at_places, flat, places_along
from autograd.functions.operands import differentiable, operand, with_room
from autograd.functions.pairs import logaddexp
from autograd.functions.reduction import cumsum
from autograd.functions.shape import concat, flip
from autograd.shapes import one_axis
from autograd.variable import Variable

__all__ = ["cummax", "cummin", "cumprod", "logcumsumexp"]


def scanned(op: Callable[[Any, Any], Any], x: Operand, k: int) -> Any:
    """y_i = x_0 op x_1 op ... op x_i along axis k [Hillis and Steele's scan]: after step s, y_i has 2^s operands."""
    before, n, step = (slice(None),) * k, x.shape[k], 1
    while step < n:
        first, rest = getitem(x, (*before, slice(step))), getitem(x, (*before, slice(step, None)))
        x = concat([first, op(getitem(x, (*before, slice(n - step))), rest)], k)
        step *= 2
    return x


def running(ufunc: Any, x: Array, k: int) -> Array:
    """What a function of NumPy accumulates along axis k. CuPy has that for sums and products alone."""
    if by_numpy(x):
        return getattr(namespace(x), ufunc.__name__).accumulate(x, axis=k)
    return scanned(getattr(namespace(x), ufunc.__name__), x, k)


SMALL = 0.01  # a derivative of order n that divides by x loses digits as 1 / x^n grows


class CumProd(Function):
    """y_i = x_0 x_1 ... x_i along one axis, where no factor is small, and no product 0 or infinite"""

    def __init__(self, axis):
        self.axis = axis

    def forward(self, x):
        return x.cumprod(axis=self.axis)

    def backward(self, gy):
        (x,), (y,) = self.inputs, self.outputs
        return flip(cumsum(flip(gy * y, self.axis), self.axis), self.axis) / x


def cumprod(x: Operand, axis: int | None = None) -> Variable:
    """y_i = x_0 x_1 ... x_i along `axis`. Its gradient is exact where elements of x are 0, too."""
    x, axis = flat(operand("cumprod", x), axis)
    k = one_axis("cumprod", x.shape, axis)
    if kind_of(x.dtype) != "f":
        return CumProd(k)(x)

    def product(x: Operand) -> Any:
        y = CumProd(k)(x)
        sizes = abs(as_array(y))
        large = (abs(as_array(x)) > SMALL) & (sizes > finfo(y.dtype).tiny) & (sizes < np.inf)
        return y if not differentiable(x) or bool(large.all()) else scanned(lambda a, b: a * b, x, k)

    return with_room(product, x)


def cummax(x: Operand, axis: int | None = None) -> Variable:
    """y_i = the largest of x_0 ... x_i along `axis`; of equal ones the first receives the gradient. nan from one on.

    Their numbers, PyTorch's second result, are no result here.
    """
    return first_extreme("cummax", np.maximum, x, axis)


def cummin(x: Operand, axis: int | None = None) -> Variable:
    """y_i = the smallest of x_0 ... x_i along `axis`; of equal ones the first has the gradient. nan from one on."""
    return first_extreme("cummin", np.minimum, x, axis)


def first_extreme(name: str, ufunc: Any, x: Operand, axis: int | None) -> Any:
    """The element that is the extreme so far, at each place along the axis."""
    x, axis = flat(operand(name, x), axis)
    k = one_axis(name, x.shape, axis)
    value, n = as_array(x), x.shape[k]
    if not value.size:
        return x
    xp, y = namespace(value), running(ufunc, value, k)
    start, end = [(slice(None),) * k + (part,) for part in (slice(1, None), slice(-1))]
    is_new = xp.zeros(x.shape, bool)
    is_new[start] = (y[start] != y[end]) & ((value[start] == y[start]) | (value[start] != value[start]))
    numbers = xp.arange(n).reshape((n,) + (1,) * (x.ndim - k - 1))
    index = running(np.maximum, xp.where(is_new, numbers, 0), k)
    return at_places(x, places_along(index, x.shape, k))


ROOM = {np.dtype(np.float32): 80, np.dtype(np.float64): 600}  # e^x and e^-x are regular numbers


class LogCumSumExp(Function):
    """y_i = ln(e^x_0 + ... + e^x_i) along one axis, where no y is far from another"""

    def __init__(self, axis):
        self.axis = axis

    def forward(self, x):
        return running(np.logaddexp, x, self.axis)

    def backward(self, gy):
        (x,), (y,) = self.inputs, self.outputs
        c = (as_array(y).max() + as_array(y).min()) / 2
        return exp(x - c) * flip(cumsum(flip(gy * exp(c - y), self.axis), self.axis), self.axis)


def logcumsumexp(x: Operand, axis: int | None = None) -> Variable:
    """y_i = ln(e^x_0 + ... + e^x_i) along `axis`, without overflow. -inf stands for the number 0."""
    x, axis = flat(operand("logcumsumexp", x), axis)
    k = one_axis("logcumsumexp", x.shape, axis)

    def compute(x: Operand) -> Any:
        y = LogCumSumExp(k)(x)
        value = as_array(y)
        near = value.size and bool(value.max() - value.min() < ROOM[y.dtype])
        return y if near or not differentiable(x) else scanned(logaddexp, x, k)

    return with_room(compute, x)
