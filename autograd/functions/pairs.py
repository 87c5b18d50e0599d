"""Functions of two numbers and more, element by element and broadcast: angles, lengths, logarithms, ways between."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd.algebra import Mul, Operand, as_array
from autograd.backend import namespace
from autograd.bfloat16 import single
from autograd.function import Function
from autograd.functions.activation import sigmoid
from autograd.functions.arithmetic import maximum, minimum, steepness, where
from autograd.functions.elementwise import log, log1p
from autograd.functions.operands import below, check_elementwise, finite_size, with_room, within_range
from autograd.variable import Variable

__all__ = ["arctan2", "fmax", "fmin", "hypot", "lerp", "logaddexp", "logaddexp2", "xlog1py", "xlogy"]


class Arctan2(Function):
    """y = the angle of the point (x1, x0)"""

    alike = 0

    def forward(self, x0, x1):
        return namespace(x0, x1).arctan2(x0, x1)

    def backward(self, gy):
        x0, x1 = self.inputs
        with np.errstate(over="ignore"):
            square = x0 * x0 + x1 * x1
        if not within_range(as_array(square)):
            size = finite_size(as_array(x0), as_array(x1))
            x0, x1 = x0 / size, x1 / size
            square = (x0 * x0 + x1 * x1) * size
        g = gy / square
        return g * x1, -g * x0


def arctan2(x0: Operand, x1: Operand) -> Variable:
    """y = the angle of the point (x1, x0) in [-pi, pi]: arctan(x0 / x1) in the right half-plane.

    At the origin the gradient is 0 / 0.
    """
    check_elementwise("arctan2", x0, x1)
    return with_room(Arctan2(), x0, x1)


class Hypot(Function):
    """y = (x0^2 + x1^2)^(1/2)"""

    alike = 0

    def forward(self, x0, x1):
        return namespace(x0, x1).hypot(x0, x1)

    def backward(self, gy):
        (x0, x1), (y,) = self.inputs, self.outputs
        return gy * steepness(x0, y), gy * steepness(x1, y)


def hypot(x0: Operand, x1: Operand) -> Variable:
    """y = (x0^2 + x1^2)^(1/2), without overflow of the squares; at the origin the gradient is 0, the second one nan."""
    check_elementwise("hypot", x0, x1)
    return with_room(Hypot(), x0, x1)


class LogAddExp(Function):
    """y = ln(e^x0 + e^x1)"""

    alike = 0

    def forward(self, x0, x1):
        with np.errstate(over="ignore"):  # in x0 - x1, which is infinite then, and right
            return namespace(x0, x1).logaddexp(x0, x1)

    def backward(self, gy):
        x0, x1 = self.inputs
        same = as_array((x0 == x1) & (abs(x0) == np.inf))
        if same.any():  # an infinity minus itself would be nan
            x0, x1 = where(same, 0.0, x0), where(same, 0.0, x1)
        d = below(x0, x1)
        return gy * sigmoid(d), gy * sigmoid(-d)  # e^(x0 - y) would carry the rounding of y


def logaddexp(x0: Operand, x1: Operand) -> Variable:
    """y = ln(e^x0 + e^x1), without overflow: the sum of two numbers that are known by their logarithms.

    -inf stands for the number 0. The gradients of two equal numbers are 1/2 each, infinite ones too.
    """
    check_elementwise("logaddexp", x0, x1)
    return with_room(LogAddExp(), x0, x1)


def logaddexp2(x0: Operand, x1: Operand) -> Variable:
    """y = log2(2^x0 + 2^x1), without overflow: the sum of two numbers known by their logarithms to the base 2."""
    check_elementwise("logaddexp2", x0, x1)
    two = math.log(2)
    return with_room(lambda x0, x1: Mul()(logaddexp(Mul()(x0, two), Mul()(x1, two)), 1 / two), x0, x1)


def fmax(x0: Operand, x1: Operand) -> Variable:
    """y = the larger of x0 and x1, or the one that is a number if the other is nan; the gradient is `maximum`'s."""
    return maximum(*without_nan("fmax", x0, x1))


def fmin(x0: Operand, x1: Operand) -> Variable:
    """y = the smaller of x0 and x1, or the one that is a number if the other is nan; the gradient is `minimum`'s."""
    return minimum(*without_nan("fmin", x0, x1))


def without_nan(name: str, x0: Operand, x1: Operand) -> tuple[Any, Any]:
    """x0 and x1, each with the other in the place of nan."""
    check_elementwise(name, x0, x1)
    nan0, nan1 = [np.bool(v != v) if not hasattr(v, "dtype") else v != v for v in map(as_array, (x0, x1))]
    return (where(nan0, x1, x0) if nan0.any() else x0), (where(nan1, x0, x1) if nan1.any() else x1)


class XLogY(Function):
    """z = x ln y, and 0 where x is 0 and ln y no finite number"""

    alike = 0

    def forward(self, x, y):
        xp = namespace(x, y)
        return x * xp.log(xp.where(blank(x, y) | blank(x, -y, -np.inf), 1, y))

    def backward(self, gz):
        x, y = self.inputs
        y = where(blank(x, y), 1.0, y)
        return gz * log(y), gz * (x / y)


def blank(x: Operand, y: Operand, most: float = 0) -> Any:
    """Where x is 0, and y at most this number?"""
    return (x == 0) & (y <= most)


def xlogy(x: Operand, y: Operand) -> Variable:
    """z = x ln y, and 0 where x is 0, whatever number y is.

    The gradients are 0 where x = 0 and y <= 0; elsewhere ln y and x / y, where y is infinite too.
    """
    check_elementwise("xlogy", x, y)
    return with_room(XLogY(), x, weak_array(x, y))


class XLog1pY(Function):
    """z = x ln(1 + y), and 0 where x is 0 and ln(1 + y) no finite number"""

    alike = 0

    def forward(self, x, y):
        xp = namespace(x, y)
        return x * xp.log1p(xp.where(blank(x, 1 + y) | blank(x, -y, -np.inf), 0, y))

    def backward(self, gz):
        x, y = self.inputs
        y = where(blank(x, 1 + y), 0.0, y)
        return gz * log1p(y), gz * (x / (1 + y))


def xlog1py(x: Operand, y: Operand) -> Variable:
    """z = x ln(1 + y), exact for small y, and 0 where x is 0.

    The gradients are 0 where x = 0 and y <= -1; elsewhere ln(1 + y) and x / (1 + y), where y is infinite too.
    """
    check_elementwise("xlog1py", x, y)
    return with_room(XLog1pY(), x, weak_array(x, y))


def weak_array(x: Operand, y: Operand) -> Any:
    """y, or an array of x's dtype if it is a number, of which `where` would make float64."""
    factor = as_array(x)
    return y if hasattr(y, "dtype") else namespace(factor).asarray(y, np.result_type(single(factor), y, 0.0))


class Lerp(Function):
    """y = x0 + t (x1 - x0), counted from the nearer end"""

    alike = 0

    def forward(self, x0, x1, t):
        xp, way = namespace(x0, x1, t), x1 - x0
        return xp.where(xp.asarray(t < 0.5), x0 + t * way, x1 - (1 - t) * way)[()]

    def backward(self, gy):
        x0, x1, t = self.inputs
        needs_x0, needs_x1, needs_t = self.needs
        return needs_x0 and gy * (1 - t), needs_x1 and gy * t, needs_t and gy * (x1 - x0)


def lerp(x0: Operand, x1: Operand, t: Operand) -> Variable:
    """y = x0 + t (x1 - x0): the way from x0 to x1, of which the part t is gone; exactly x0 and x1 at its ends."""
    check_elementwise("lerp", x0, x1, t)
    if isinstance(t, complex):
        raise TypeError(f"lerp: t must be a real number, not {t}")
    return with_room(Lerp(), x0, x1, t)
