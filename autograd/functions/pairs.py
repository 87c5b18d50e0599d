"""Functions of two numbers and more, element by element and broadcast: angles, lengths, logarithms, ways between."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.algebra import Add, Mul, Operand, Sub, as_array
from autograd.backend import namespace
from autograd.function import Function
from autograd.functions.activation import sigmoid
from autograd.functions.arithmetic import clip, where
from autograd.functions.elementwise import log
from autograd.functions.operands import below, check_elementwise, with_room

__all__ = ["arctan2", "hypot", "lerp", "logaddexp", "xlogy"]


class Arctan2(Function):
    """y = the angle of the point (x1, x0)"""

    alike = 0

    def forward(self, x0, x1):
        return namespace(x0, x1).arctan2(x0, x1)

    def backward(self, gy):
        x0, x1 = self.inputs
        g = gy / (x0 * x0 + x1 * x1)
        return g * x1, -g * x0


def arctan2(x0: Operand, x1: Operand) -> Any:
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
        g = gy / (y + (y == 0))
        return g * x0, g * x1


def hypot(x0: Operand, x1: Operand) -> Any:
    """y = (x0^2 + x1^2)^(1/2), without overflow of the squares; the gradient is 0 at the origin."""
    check_elementwise("hypot", x0, x1)
    return with_room(Hypot(), x0, x1)


LOWEST = -3e38  # of float32, nearly


class LogAddExp(Function):
    """y = ln(e^x0 + e^x1)"""

    alike = 0

    def forward(self, x0, x1):
        return namespace(x0, x1).logaddexp(x0, x1)

    def backward(self, gy):
        x0, x1 = self.inputs
        d = below(clip(x0, LOWEST, None), x1)  # -inf - -inf would be nan
        return gy * sigmoid(d), gy * sigmoid(-d)  # e^(x0 - y) would carry the rounding of y


def logaddexp(x0: Operand, x1: Operand) -> Any:
    """y = ln(e^x0 + e^x1), without overflow: the sum of two numbers that are known by their logarithms.

    -inf stands for the number 0.
    """
    check_elementwise("logaddexp", x0, x1)
    return with_room(LogAddExp(), x0, x1)


class XLogY(Function):
    """z = x ln y, and 0 where x is 0 and ln y no finite number"""

    alike = 0

    def forward(self, x, y):
        xp = namespace(x, y)
        return x * xp.log(xp.where(blank(x, y), 1, y))

    def backward(self, gz):
        x, y = self.inputs
        y = where(blank(x, y), 1.0, y)
        return gz * log(y), gz * (x / y)


def blank(x: Operand, y: Operand) -> Any:
    """Where x is 0, and y is not between 0 and infinity?"""
    return (x == 0) & ((y <= 0) | (y == np.inf))


def xlogy(x: Operand, y: Operand) -> Any:
    """z = x ln y, and 0 where x is 0, whatever number y is. The gradients are 0 where x = 0 and y <= 0."""
    check_elementwise("xlogy", x, y)
    if not hasattr(y, "dtype"):  # `where` would make float64 of a number
        factor = as_array(x)
        y = namespace(factor).asarray(y, np.result_type(factor, y, 0.0))
    return with_room(XLogY(), x, y)


def lerp(x0: Operand, x1: Operand, t: Operand) -> Any:
    """y = x0 + t (x1 - x0): the way from x0 to x1, of which the part t is gone."""
    check_elementwise("lerp", x0, x1, t)
    return with_room(lambda x0, x1, t: Add()(x0, Mul()(t, Sub()(x1, x0))), x0, x1, t)
