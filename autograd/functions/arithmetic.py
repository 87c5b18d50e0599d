"""Arithmetic as functions; sign, maximum and minimum, which have no operator; and choosing: where, clip."""

from __future__ import annotations

import math
import operator
from numbers import Real
from typing import Any

import numpy as np

from autograd.algebra import Add, Div, Mul, Neg, Operand, Power, Sub, array_like, as_array, astype
from autograd.backend import namespace, zeros_like
from autograd.bfloat16 import kind_of
from autograd.checks import number
from autograd.function import Function
from autograd.functions.operands import check_elementwise, in_single
from autograd.kernels import indexing
from autograd.variable import Variable

__all__ = ["abs", "add", "clip", "div", "maximum", "minimum", "mul", "neg", "power", "sign", "sub", "where"]


def add(x0: Operand, x1: Operand) -> Variable:
    """y = x0 + x1, broadcast.

    Takes Variables, arrays and numbers, as all functions here do. Raises TypeError for a list, a tuple or a string.
    """
    check_elementwise("add", x0, x1)
    return Add()(x0, x1)


def sub(x0: Operand, x1: Operand) -> Variable:
    """y = x0 - x1, broadcast."""
    check_elementwise("sub", x0, x1)
    return Sub()(x0, x1)


def mul(x0: Operand, x1: Operand) -> Variable:
    """y = x0 x1, element by element, broadcast. The matrix product is `matmul`."""
    check_elementwise("mul", x0, x1)
    return Mul()(x0, x1)


def div(x0: Operand, x1: Operand) -> Variable:
    """y = x0 / x1, broadcast."""
    check_elementwise("div", x0, x1)
    return Div()(x0, x1)


def neg(x: Operand) -> Variable:
    """y = -x"""
    check_elementwise("neg", x)
    return Neg()(x)


def power(x: Operand, p: Operand) -> Variable:
    """y = x^p, broadcast, with gradients in x and in p.

    The gradient in p is x^p log x, which is nan for a negative x. The gradient in p of 0^p is 0.
    """
    check_elementwise("power", x, p)
    return in_single(Power(), x, p)


def abs(x: Operand) -> Variable:
    """y = |x|; the gradient is sign x, and 0 at 0."""
    check_elementwise("abs", x)
    return operator.abs(x)


class Sign(Function):
    """y = -1, 0 or 1"""

    def forward(self, x):
        return namespace(x).sign(x)

    def backward(self, gy):
        return zeros_like(as_array(gy))


def sign(x: Operand) -> Variable:
    """y = -1, 0 or 1, the sign of x; the gradient is 0 everywhere, at the jump too."""
    check_elementwise("sign", x)
    return Sign()(x)


class Masked(Function):
    """y = x where the mask holds, 0 elsewhere. The mask is a constant; the function is its own adjoint."""

    def __init__(self, mask):
        self.mask = mask

    def forward(self, x):
        return indexing.masked(x, self.mask)

    def backward(self, gy):
        return masked(gy, self.mask)


def masked(x: Operand, mask: Any) -> Any:
    """x where the mask holds, 0 elsewhere. A product with the mask would make nan of an infinite gradient."""
    return Masked(mask)(x) if isinstance(x, Variable) else indexing.masked(x, mask)


class Steepness(Function):
    """z = x / y, and 0 where y is 0, where it has no derivative in y"""

    alike = 0

    def forward(self, x, y):
        return x * (y != 0) / (y + (y == 0))

    def backward(self, gz):
        (_, y), (z,) = self.inputs, self.outputs
        return gz * steepness(1.0, y), -gz * (z / where(as_array(y) == 0, math.nan, y))


def steepness(x: Operand, y: Operand) -> Any:
    """x / y for the slope of a cone y at x: 0 at its tip, by convention, with the derivative nan."""
    return Steepness()(x, y)


def shared(gy: Operand, x0: Operand, x1: Operand, first: Any, second: Any, needs_x0: bool, needs_x1: bool) -> Any:
    """The gradients of two operands: gy for the one that y is, half of it for both where `first` and `second` hold.

    A nan is larger and smaller than everything, for y is nan then.
    """
    first, second = first | (x0 != x0), second | (x1 != x1)
    half = gy * 0.5
    g = half + masked(half, first != second)
    return needs_x0 and masked(g, first), needs_x1 and masked(g, second)


class Maximum(Function):
    """y = max(x0, x1)"""

    alike = 0

    def forward(self, x0, x1):
        return namespace(x0, x1).maximum(x0, x1)

    def backward(self, gy):
        x0, x1 = self.inputs
        needs_x0, needs_x1 = self.needs
        return shared(gy, x0, x1, x0 >= x1, x1 >= x0, needs_x0, needs_x1)


def lists_as_arrays(x0: Any, x1: Any) -> tuple[Any, Any]:
    """x0 and x1; a list of numbers or Variables as an array, in the module of the other."""
    return list_beside(x1, x0), list_beside(x0, x1)


def list_beside(x: Any, other: Any) -> Any:
    """`other`; a list of numbers or Variables as an array beside x, in its dtype if that is floating-point."""
    if not isinstance(other, (list, tuple)):
        return other
    y = array_like(x, other)
    return astype(y, x.dtype) if getattr(getattr(x, "dtype", None), "kind", "") == "f" else y


def maximum(x0: Operand, x1: Operand) -> Variable:
    """y = max(x0, x1), element by element, broadcast; nan where one of the two is nan.

    The gradient goes to the operand that y is, a nan too. Where the two are equal, or both nan, each receives half.
    """
    x0, x1 = lists_as_arrays(x0, x1)
    check_elementwise("maximum", x0, x1)
    return Maximum()(x0, x1)


class Minimum(Function):
    """y = min(x0, x1)"""

    alike = 0

    def forward(self, x0, x1):
        return namespace(x0, x1).minimum(x0, x1)

    def backward(self, gy):
        x0, x1 = self.inputs
        needs_x0, needs_x1 = self.needs
        return shared(gy, x0, x1, x0 <= x1, x1 <= x0, needs_x0, needs_x1)


def minimum(x0: Operand, x1: Operand) -> Variable:
    """y = min(x0, x1), element by element, broadcast; nan where one of the two is nan. Gradients as for `maximum`."""
    x0, x1 = lists_as_arrays(x0, x1)
    check_elementwise("minimum", x0, x1)
    return Minimum()(x0, x1)


class Where(Function):
    """y = x0 where c holds, x1 elsewhere; the condition c is a boolean array."""

    alike = 1

    def forward(self, c, x0, x1):
        xp = namespace(c, x0, x1)
        c = xp.asarray(c)
        self.save(c=c)
        return xp.where(c, x0, x1)

    def backward(self, gy):
        _, needs_x0, needs_x1 = self.needs
        c = self.saved.c
        return None, needs_x0 and masked(gy, c), needs_x1 and masked(gy, ~c)


def where(condition: Operand, x0: Operand, x1: Operand) -> Variable:
    """y = x0 where the condition holds and x1 elsewhere, all three broadcast. Only x0 and x1 receive gradients.

    The operand that is not chosen can still harm its own inputs: `where(x > 0, log(x), 0)` has the gradient 0 / 0 at 0.
    Make that operand harmless first: `log(where(x > 0, x, 1))`. Raises TypeError if the condition is not boolean.
    """
    x0, x1 = lists_as_arrays(x0, x1)
    check_elementwise("where", x0, x1)
    condition = as_array(condition)
    kind = str(getattr(condition, "dtype", type(condition).__name__))
    if kind != "bool":
        raise TypeError(f"where: the condition must be boolean, not {kind}: compare first, as in where(x > 0, x, y)")
    return Where()(condition, x0, x1)


class Clip(Function):
    """y = low where x < low, high where x > high, x between; low or high may be None."""

    def __init__(self, low, high):
        self.low = low
        self.high = high

    def forward(self, x):
        return limited(x, self.low, self.high)

    def backward(self, gy):
        (x,) = self.inputs
        low, high = self.low, self.high
        outside = x > high if low is None else x < low if high is None else (x < low) | (x > high)
        return masked(gy, ~outside)  # a nan is not outside: y is x there


def limited(x: Any, low: float | None, high: float | None) -> Any:
    """The array x between low and high. None becomes infinity: NumPy takes three times as long with one limit alone."""
    if getattr(x, "ndim", 0) and kind_of(x.dtype) == "f":
        return x.clip(-math.inf if low is None else low, math.inf if high is None else high)
    return namespace(x).clip(x, low, high)


class ClipBetween(Function):
    """y = low where x < low, high where x > high, x between; all three are arrays."""

    alike = 0

    def forward(self, x, low, high):
        xp = namespace(x, low, high)
        return xp.minimum(xp.maximum(x, low), high)

    def backward(self, gy):
        x, low, high = self.inputs
        needs_x, needs_low, needs_high = self.needs
        above = (x > high) | (low > high)
        below = (x < low) & ~above
        gx = needs_x and masked(gy, ~(above | below))
        return gx, needs_low and masked(gy, below), needs_high and masked(gy, above)


def ends_of(x: Operand) -> tuple[float, float]:
    """The smallest and the largest value of x's dtype, as Python numbers."""
    dtype = getattr(x, "dtype", None)
    if dtype is None or dtype.kind not in "iu":
        return -math.inf, math.inf
    return int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)


def clip(x: Operand, low: Operand, high: Operand) -> Variable:
    """y = x limited to low <= y <= high; one of the two may be None. The gradient is 1 inside and at the borders.

    Limits that are arrays, lists or Variables are broadcast, and have the gradient of the elements that they stand for;
    where low > high, y is high. A nan stays, with the gradient 1.
    Raises TypeError if a limit is no number and no array. Raises ValueError if both limits are None, or if they are
    numbers and low > high.
    """
    if low is None and high is None:
        raise ValueError("clip takes low, high or both, not None and None")
    low, high = list_beside(x, low), list_beside(x, high)
    if any(hasattr(limit, "shape") and not isinstance(limit, Real) for limit in (low, high)):
        least, most = ends_of(x)
        low, high = least if low is None else low, most if high is None else high
        check_elementwise("clip", x, low, high)
        return ClipBetween()(x, low, high)
    high = None if high is None else number("clip: high", high, finite=False)
    low = None if low is None else number("clip: low", low, most=high, finite=False)
    check_elementwise("clip", x)
    return Clip(low, high)(x)
