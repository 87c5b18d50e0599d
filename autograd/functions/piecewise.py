"""Activations made of pieces, most of them straight lines. At a kink the gradient is that of one side."""

from __future__ import annotations

from typing import Any

from autograd.algebra import Operand
from autograd.backend import namespace
from autograd.checks import number
from autograd.function import Function
from autograd.functions.activation import elu, sigmoid, softplus
from autograd.functions.arithmetic import clip, limited, masked
from autograd.functions.elementwise import tanh
from autograd.functions.operands import check_elementwise, operand, with_room
from autograd.functions.shape import split
from autograd.names import speaking
from autograd.shapes import one_axis
from autograd.variable import Variable

__all__ = [
    "celu", "glu", "hardshrink", "hardsigmoid", "hardswish", "logsigmoid", "mish", "prelu", "softshrink", "softsign",
    "tanhshrink", "threshold",
]  # fmt: skip


class PReLU(Function):
    """y = x where x > 0, slope x elsewhere"""

    alike = 0

    def forward(self, x, slope):
        return limited(x, 0, None) + slope * limited(x, None, 0)

    def backward(self, gy):
        x, slope = self.inputs
        needs_x, needs_slope = self.needs
        return needs_x and masked(gy, x > 0) + masked(gy, x <= 0) * slope, needs_slope and masked(gy, x <= 0) * x


def prelu(x: Operand, slope: Operand) -> Variable:
    """y = x where x > 0, slope x elsewhere, with a gradient in the slope too; the gradient in x at 0 is the slope.

    The slope is broadcast against x: (C, 1, 1) is one for each channel of images (N, C, H, W).
    Source: He, Zhang, Ren and Sun, "Delving deep into rectifiers", 2015.
    """
    check_elementwise("prelu", x, slope)
    return PReLU()(x, slope)


def celu(x: Operand, alpha: float = 1.0) -> Variable:
    """y = x where x > 0, alpha (e^(x / alpha) - 1) elsewhere; its derivative has no jump. ValueError unless alpha > 0.

    Source: Barron, "Continuously differentiable exponential linear units", 2017.
    """
    check_elementwise("celu", x)
    a = number("celu: alpha", alpha, above=0)
    return elu(x) if a == 1 else with_room(lambda x: a * elu(x / a), x)


class Mish(Function):
    """y = x tanh(ln(1 + e^x))"""

    def forward(self, x):
        return tanh(softplus(x)) * x

    def backward(self, gy):
        (x,) = self.inputs
        t = tanh(softplus(x))  # computed again: a saved array would double the memory
        return gy * ((1 - t * t) * sigmoid(x) * x + t)


@speaking
def mish(x: Operand) -> Variable:
    """y = x tanh(ln(1 + e^x))

    Source: Misra, "Mish: a self regularized non-monotonic activation function", 2019.
    """
    check_elementwise("mish", x)
    return with_room(Mish(), x)


class LogSigmoid(Function):
    """y = -ln(1 + e^-x) = min(x, 0) - ln(1 + e^-|x|)"""

    def forward(self, x):
        xp = namespace(x)
        return limited(x, None, 0) - xp.log1p(xp.exp(-abs(x)))

    def backward(self, gy):
        return gy * sigmoid(-self.inputs[0])


def logsigmoid(x: Operand) -> Variable:
    """y = ln sigmoid(x), exact also where sigmoid(x) underflows."""
    check_elementwise("logsigmoid", x)
    return with_room(LogSigmoid(), x)


class Softsign(Function):
    """y = x / (1 + |x|)"""

    def forward(self, x):
        return x / (1 + abs(x))

    def backward(self, gy):
        a = 1 + abs(self.inputs[0])
        return gy / (a * a)


def softsign(x: Operand) -> Variable:
    """y = x / (1 + |x|), in (-1, 1)"""
    check_elementwise("softsign", x)
    return with_room(Softsign(), x)


def hardsigmoid(x: Operand) -> Variable:
    """y = x / 6 + 1/2 limited to 0 <= y <= 1: straight lines for sigmoid(x). The gradient at the kinks is 1/6."""
    check_elementwise("hardsigmoid", x)
    return with_room(lambda x: clip(x / 6 + 0.5, 0, 1), x)


class Hardswish(Function):
    """y = x (x + 3) / 6 where -3 <= x <= 3, 0 below, x above"""

    def forward(self, x):
        return limited(x + 3, 0, 6) * x / 6

    def backward(self, gy):
        (x,) = self.inputs
        inside = (x >= -3) & (x <= 3)
        return masked(gy, inside) * (x / 3 + 0.5) + masked(gy, x > 3)


def hardswish(x: Operand) -> Variable:
    """y = x hardsigmoid(x), made of a parabola and two lines; the gradient at the kinks is that of the parabola.

    Source: Howard et al., "Searching for MobileNetV3", 2019.
    """
    check_elementwise("hardswish", x)
    return with_room(Hardswish(), x)


def glu(x: Operand, axis: int = -1) -> Variable:
    """y = a sigmoid(b), a and b the two halves of x along `axis`: a gated linear unit.   (N, 2 K) -> (N, K)

    Raises ValueError if the axis has an odd size. Source: Dauphin et al., "Language modeling with gated convolutional
    networks", 2016.
    """
    x = operand("glu", x)
    k = one_axis("glu", x.shape, axis)
    if x.shape[k] % 2:
        raise ValueError(f"glu takes an axis of two halves, not axis {axis} of shape {x.shape}")

    def gated(x: Operand) -> Any:
        a, b = split(x, 2, k)
        return a * sigmoid(b)

    return with_room(gated, x)


class Softshrink(Function):
    """y = x nearer to 0 by a limit, and 0 where |x| <= limit"""

    def __init__(self, limit):
        self.limit = limit

    def forward(self, x):
        return x - limited(x, -self.limit, self.limit)

    def backward(self, gy):
        return masked(gy, abs(self.inputs[0]) > self.limit)


def softshrink(x: Operand, limit: float = 0.5) -> Variable:
    """y = x - limit where x > limit, x + limit where x < -limit, 0 between; the gradient at the kinks is 0.

    Raises ValueError for a negative limit.
    """
    check_elementwise("softshrink", x)
    return with_room(Softshrink(number("softshrink: limit", limit, least=0)), x)


class Beyond(Function):
    """y = x where x > limit, a value elsewhere; with `both`, x where |x| > limit. nan stays nan."""

    def __init__(self, limit, value, both):
        self.limit, self.value, self.both = limit, value, both

    def forward(self, x):
        far = ~((abs(x) if self.both else x) <= self.limit)
        self.save(far=far)
        return namespace(x).where(far, x, self.value)

    def backward(self, gy):
        return masked(gy, self.saved.far)


def hardshrink(x: Operand, limit: float = 0.5) -> Variable:
    """y = x where |x| > limit, 0 elsewhere; the gradient is 1 and 0. nan stays nan.

    Raises ValueError for a negative limit.
    """
    check_elementwise("hardshrink", x)
    return Beyond(number("hardshrink: limit", limit, least=0), 0, both=True)(operand("hardshrink", x))


def threshold(x: Operand, limit: float, value: float) -> Variable:
    """y = x where x > limit, the number `value` elsewhere; the gradient is 1 and 0. nan stays nan."""
    check_elementwise("threshold", x)
    limit, value = number("threshold: limit", limit), number("threshold: value", value)
    return Beyond(limit, value, both=False)(operand("threshold", x))


@speaking
def tanhshrink(x: Operand) -> Variable:
    """y = x - tanh x"""
    check_elementwise("tanhshrink", x)
    return with_room(lambda x: x - tanh(x), x)
