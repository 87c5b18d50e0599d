"""Activations: the functions between the layers of a network. They neither overflow nor warn far from 0.

Products are written so that NumPy can reuse a temporary array: `gy * ((1 - y) * y)` needs one, `gy * y * (1 - y)` two.
"""

from __future__ import annotations

import math

from autograd.algebra import Operand
from autograd.backend import namespace
from autograd.checks import number, one_of
from autograd.function import Function
from autograd.functions.arithmetic import clip, limited, masked
from autograd.functions.elementwise import exp, slope
from autograd.functions.operands import axes_at, check_elementwise, with_room
from autograd.kernels import activation as kernels
from autograd.kernels import erf as kernel
from autograd.kernels import gelu as gelu_kernels
from autograd.kernels import rows
from autograd.names import speaking
from autograd.shapes import Axis
from autograd.sums import sum_over
from autograd.variable import Variable

__all__ = [
    "elu", "erf", "gelu", "hardtanh", "leaky_relu", "log_softmax", "relu", "selu", "sigmoid", "silu", "softmax",
    "softplus",
]  # fmt: skip


class Sigmoid(Function):
    """y = 1 / (1 + e^-x)"""

    def forward(self, x):
        return kernels.sigmoid(x)

    def backward(self, gy):
        (y,) = self.outputs
        return slope(gy, y, (0, 1, -1)) if isinstance(gy, Variable) else kernels.sigmoid_gradient(gy, y)


def sigmoid(x: Operand) -> Variable:
    """y = 1 / (1 + e^-x), in (0, 1)"""
    return with_room(Sigmoid(), x)


class ReLU(Function):
    """y = max(x, 0)"""

    def forward(self, x):
        return limited(x, 0, None)

    def backward(self, gy):
        (y,) = self.outputs
        return masked(gy, y > 0) if isinstance(gy, Variable) else kernels.relu_gradient(gy, y)


def relu(x: Operand) -> Variable:
    """y = max(x, 0); the gradient at 0 is 0."""
    check_elementwise("relu", x)
    return ReLU()(x)


class LeakyReLU(Function):
    """y = x where x > 0, slope x elsewhere"""

    def __init__(self, slope):
        self.slope = slope

    def forward(self, x):
        larger = namespace(x).maximum if self.slope <= 1 else namespace(x).minimum
        return larger(x, self.slope * x)

    def backward(self, gy):
        (x,) = self.inputs
        if not isinstance(gy, Variable):
            return kernels.leaky_relu_gradient(gy, x, self.slope)
        return masked(gy, x > 0) + masked(gy, x <= 0) * self.slope


def leaky_relu(x: Operand, slope: float = 0.01) -> Variable:
    """y = x where x > 0, slope x elsewhere; the gradient at 0 is the slope. (DeZero's default is 0.2.)"""
    check_elementwise("leaky_relu", x)
    return LeakyReLU(number("leaky_relu: slope", slope))(x)


class ELU(Function):
    """y = x where x > 0, alpha (e^x - 1) elsewhere"""

    def __init__(self, alpha):
        self.alpha = alpha

    def forward(self, x):
        return limited(x, 0, None) + self.alpha * namespace(x).expm1(limited(x, None, 0))

    def backward(self, gy):
        (x,) = self.inputs
        gx = gy * exp(clip(x, None, 0))  # y + alpha would lose all digits where y is near -alpha
        return gx if self.alpha == 1 else masked(gx, x <= 0) * self.alpha + masked(gy, x > 0)


def elu(x: Operand, alpha: float = 1.0) -> Variable:
    """y = x where x > 0, alpha (e^x - 1) elsewhere; the gradient at 0 is alpha. Raises ValueError unless alpha > 0.

    Source: Clevert, Unterthiner and Hochreiter, "Fast and accurate deep network learning by exponential linear units",
    2015.
    """
    check_elementwise("elu", x)
    return with_room(ELU(number("elu: alpha", alpha, above=0)), x)


def selu(x: Operand) -> Variable:
    """y = scale elu(x, alpha), with the two numbers for which layers keep mean 0 and variance 1.

    Source: Klambauer, Unterthiner, Mayr and Hochreiter, "Self-normalizing neural networks", 2017.
    """
    check_elementwise("selu", x)
    return with_room(lambda x: 1.0507009873554805 * elu(x, 1.6732632423543772), x)


class SiLU(Function):
    """y = x sigmoid(x)"""

    def forward(self, x):
        return kernels.silu(x)

    def backward(self, gy):
        (x,), (y,) = self.inputs, self.outputs
        if not isinstance(gy, Variable):
            return kernels.silu_gradient(gy, x, y)
        s = sigmoid(x)  # computed again: a saved array would double the memory
        return gy * (((1 - s) * x + 1) * s)


@speaking
def silu(x: Operand) -> Variable:
    """y = x sigmoid(x), also known as swish."""
    return with_room(SiLU(), x)


FAR = 40  # from here on the density of the normal distribution is 0 in double precision, and x^2 could overflow


class GELU(Function):
    """y = x P(x), where P is the probability that a standard normal number is below x"""

    def forward(self, x):
        return gelu_kernels.gelu(x)

    def backward(self, gy):
        (x,), (y,) = self.inputs, self.outputs
        return gy * GELUSlope()(x) if isinstance(gy, Variable) else gelu_kernels.gelu_gradient(gy, x, y)


class GELUSlope(Function):
    """y = P + x p, the derivative of x P, where p = e^(-x^2 / 2) / sqrt(2 pi) is that of P"""

    def forward(self, x):
        return gelu_kernels.gelu_slope(x)

    def backward(self, gy):
        x = clip(self.inputs[0], -FAR, FAR)
        return gy * exp(-0.5 * x * x) * ((2 - x * x) * (1 / math.sqrt(2 * math.pi)))


class TanhGELU(Function):
    """y = x s, s = sigmoid(c (x + a x^3))"""

    def forward(self, x):
        return gelu_kernels.tanh_gelu(x)

    def backward(self, gy):
        (x,) = self.inputs
        return gy * TanhGELUSlope()(x) if isinstance(gy, Variable) else gelu_kernels.tanh_gelu_gradient(gy, x)


class TanhGELUSlope(Function):
    """y = s + x s (1 - s) c (1 + 3 a x^2), the derivative of x s"""

    def forward(self, x):
        return gelu_kernels.tanh_gelu_slope(x)

    def backward(self, gy):
        x = clip(self.inputs[0], -FAR, FAR)
        c, a = math.sqrt(8 / math.pi), 0.044715
        s = sigmoid(c * x * (a * x * x + 1))
        du, ddu = c * (3 * a * x * x + 1), 6 * a * c * x
        return gy * (s * (1 - s) * (2 * du + x * ((1 - 2 * s) * du * du + ddu)))


def gelu(x: Operand, approximate: str = "none") -> Variable:
    """y = x (1 + erf(x / sqrt 2)) / 2: x times the probability that a standard normal number is below x.

    With `approximate="tanh"` that probability is (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2, off by at most 5e-4.
    Raises ValueError for another `approximate`. Source: Hendrycks and Gimpel, "Gaussian error linear units", 2016.
    """
    check_elementwise("gelu", x)
    exact = one_of("gelu: approximate", approximate, "none", "tanh") == "none"
    return with_room(GELU() if exact else TanhGELU(), x)


class Softplus(Function):
    """y = ln(1 + e^x) = max(x, 0) + ln(1 + e^-|x|)"""

    def forward(self, x):
        xp = namespace(x)
        return limited(x, 0, None) + xp.log1p(xp.exp(-abs(x)))

    def backward(self, gy):
        return gy * sigmoid(self.inputs[0])


def softplus(x: Operand) -> Variable:
    """y = ln(1 + e^x), a smooth max(x, 0)"""
    return with_room(Softplus(), x)


def hardtanh(x: Operand, low: float = -1.0, high: float = 1.0) -> Variable:
    """y = x limited to low <= y <= high: `clip`, whose gradient at the borders is 1."""
    return clip(x, low, high)


class Erf(Function):
    """y = 2/sqrt(pi) times the integral of e^(-t^2) from 0 to x"""

    def forward(self, x):
        return kernel.erf(x)

    def backward(self, gy):
        x = clip(self.inputs[0], -FAR, FAR)
        return gy * exp(-x * x) * (2 / math.sqrt(math.pi))


def erf(x: Operand) -> Variable:
    """y = 2/sqrt(pi) times the integral of e^(-t^2) from 0 to x, to about 4 units in the last place."""
    check_elementwise("erf", x)
    return with_room(Erf(), x)


class Softmax(Function):
    """y = e^x / sum of e^x over some axes"""

    def __init__(self, axes):
        self.axes = axes

    def forward(self, x):
        return rows.softmax(x, self.axes)

    def backward(self, gy):
        (y,) = self.outputs
        if not isinstance(gy, Variable):
            return rows.softmax_gradient(gy, y, self.axes)
        return y * (gy - sum_over(gy * y, self.axes))


def softmax(x: Operand, axis: Axis = -1) -> Variable:
    """y = e^x / sum of e^x over `axis`: positive numbers with the sum 1. Several axes in a tuple count as one.

    Raises TypeError if x has no shape. Raises ValueError for an axis out of range or without elements.
    """
    return with_room(Softmax(axes_at("softmax", x, axis, empty=False)), x)


class LogSoftmax(Function):
    """y = x - ln(sum of e^x) over some axes"""

    def __init__(self, axes):
        self.axes = axes

    def forward(self, x):
        return rows.log_softmax(x, self.axes)

    def backward(self, gy):
        (y,) = self.outputs
        if not isinstance(gy, Variable):
            return rows.log_softmax_gradient(gy, y, self.axes)
        return gy - exp(y) * sum_over(gy, self.axes)


def log_softmax(x: Operand, axis: Axis = -1) -> Variable:
    """y = ln softmax(x), exact also where softmax(x) underflows. Raises what `softmax` raises."""
    return with_room(LogSoftmax(axes_at("log_softmax", x, axis, empty=False)), x)
