"""Activations: what stands between the layers of a network. Far from 0 none of them overflows or warns.

Products are written so that NumPy can reuse a temporary array: `gy * ((1 - y) * y)` needs one, `gy * y * (1 - y)` two.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd.backend import namespace
from autograd.core import Function, Operand
from autograd.functions.arithmetic import clip, limited, masked, number
from autograd.functions.elementwise import exp
from autograd.functions.reduction import axes_at
from autograd.kernels import erf as kernel
from autograd.shapes import Axis


class Sigmoid(Function):
    """y = 1 / (1 + e^-x)"""

    def forward(self, x):
        with np.errstate(over="ignore"):  # e^-x = inf gives the right y = 0
            return 1 / (1 + namespace(x).exp(-x))

    def backward(self, gy):
        (y,) = self.outputs
        return gy * ((1 - y) * y)


class ReLU(Function):
    """y = max(x, 0)"""

    def forward(self, x):
        return limited(x, 0, None)

    def backward(self, gy):
        return masked(gy, self.outputs[0] > 0)


class LeakyReLU(Function):
    """y = x where x > 0, slope x elsewhere"""

    def __init__(self, slope):
        self.slope = slope

    def forward(self, x):
        larger = namespace(x).maximum if self.slope <= 1 else namespace(x).minimum
        return larger(x, self.slope * x)

    def backward(self, gy):
        (x,) = self.inputs
        return masked(gy, x > 0) + masked(gy, x <= 0) * self.slope


class ELU(Function):
    """y = x where x > 0, alpha (e^x - 1) elsewhere"""

    def __init__(self, alpha):
        self.alpha = alpha

    def forward(self, x):
        return limited(x, 0, None) + self.alpha * namespace(x).expm1(limited(x, None, 0))

    def backward(self, gy):
        (y,) = self.outputs
        gx = gy * (clip(y, None, 0) + self.alpha)
        return gx if self.alpha == 1 else masked(gx, y <= 0) + masked(gy, y > 0)


class SiLU(Function):
    """y = x sigmoid(x)"""

    def forward(self, x):
        return sigmoid(x) * x

    def backward(self, gy):
        (x,) = self.inputs
        s = sigmoid(x)  # computed again, as keeping it would double what is kept
        return gy * (((1 - s) * x + 1) * s)


class Softplus(Function):
    """y = ln(1 + e^x) = max(x, 0) + ln(1 + e^-|x|)"""

    def forward(self, x):
        xp = namespace(x)
        return limited(x, 0, None) + xp.log1p(xp.exp(-abs(x)))

    def backward(self, gy):
        return gy * sigmoid(self.inputs[0])


class Erf(Function):
    """y = 2/sqrt(pi) times the integral of e^(-t^2) from 0 to x"""

    def forward(self, x):
        return kernel.erf(x)

    def backward(self, gy):
        (x,) = self.inputs
        return gy * exp(-x * x) * (2 / math.sqrt(math.pi))


class NormalCDF(Function):
    """y = (1 + erf(x / sqrt 2)) / 2: the probability that a standard normal number is below x"""

    def forward(self, x):
        y = kernel.erf(math.sqrt(0.5) * x)
        y *= 0.5
        y += 0.5
        return y

    def backward(self, gy):
        (x,) = self.inputs
        return gy * exp(-0.5 * x * x) * (1 / math.sqrt(2 * math.pi))


class Softmax(Function):
    """y = e^x / sum of e^x over some axes"""

    def __init__(self, axes):
        self.axes = axes

    def forward(self, x):
        y = namespace(x).exp(x - x.max(axis=self.axes, keepdims=True))
        y /= y.sum(axis=self.axes, keepdims=True)
        return y

    def backward(self, gy):
        (y,) = self.outputs
        return y * (gy - (gy * y).sum(axis=self.axes, keepdims=True))


class LogSoftmax(Function):
    """y = x - ln(sum of e^x over some axes)"""

    def __init__(self, axes):
        self.axes = axes

    def forward(self, x):
        xp = namespace(x)
        y = x - x.max(axis=self.axes, keepdims=True)
        return y - xp.log(xp.exp(y).sum(axis=self.axes, keepdims=True))

    def backward(self, gy):
        (y,) = self.outputs
        gx = exp(y)
        gx *= gy.sum(axis=self.axes, keepdims=True)
        return gy - gx


def sigmoid(x: Operand) -> Any:
    """y = 1 / (1 + e^-x), in (0, 1)"""
    return Sigmoid()(x)


def relu(x: Operand) -> Any:
    """y = max(x, 0); the gradient at 0 is 0."""
    return ReLU()(x)


def leaky_relu(x: Operand, slope: float = 0.01) -> Any:
    """y = x where x > 0, slope x elsewhere; the gradient at 0 is the slope. (DeZero's default is 0.2.)"""
    return LeakyReLU(number("leaky_relu: slope", slope))(x)


def elu(x: Operand, alpha: float = 1.0) -> Any:
    """y = x where x > 0, alpha (e^x - 1) elsewhere; the gradient at 0 is alpha.

    Clevert, Unterthiner, Hochreiter: "Fast and accurate deep network learning by exponential linear units" (2015).
    Raises ValueError unless alpha > 0.
    """
    if number("elu: alpha", alpha) <= 0:
        raise ValueError(f"elu: alpha must be positive, not {alpha}")
    return ELU(number("elu: alpha", alpha))(x)


def selu(x: Operand) -> Any:
    """y = scale elu(x, alpha), with the two numbers for which layers keep mean 0 and variance 1.

    Klambauer, Unterthiner, Mayr, Hochreiter: "Self-normalizing neural networks" (2017).
    """
    return 1.0507009873554805 * elu(x, 1.6732632423543772)


def silu(x: Operand) -> Any:
    """y = x sigmoid(x), also known as swish."""
    return SiLU()(x)


def gelu(x: Operand, approximate: str = "none") -> Any:
    """y = x times the probability that a standard normal number is below x: x (1 + erf(x / sqrt 2)) / 2.

    With `approximate="tanh"` that probability is (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2, off by at most 5e-4.
    Hendrycks, Gimpel: "Gaussian error linear units" (2016). Raises ValueError for another `approximate`.
    """
    if approximate == "none":
        return x * NormalCDF()(x)
    if approximate == "tanh":  # (1 + tanh u) / 2 = sigmoid(2 u)
        return x * sigmoid(x * (0.044715 * x * x + 1) * math.sqrt(8 / math.pi))
    raise ValueError(f"gelu: approximate must be 'none' or 'tanh', not {approximate!r}")


def softplus(x: Operand) -> Any:
    """y = ln(1 + e^x), a smooth max(x, 0)"""
    return Softplus()(x)


def hardtanh(x: Operand, low: float = -1.0, high: float = 1.0) -> Any:
    """y = x limited to low <= y <= high: `clip`, whose gradient at the borders is 1."""
    return clip(x, low, high)


def erf(x: Operand) -> Any:
    """y = 2/sqrt(pi) times the integral of e^(-t^2) from 0 to x, to about 4 units in the last place."""
    return Erf()(x)


def softmax(x: Operand, axis: Axis = -1) -> Any:
    """y = e^x / sum of e^x over `axis`: positive numbers with the sum 1, over several axes together if it is a tuple.

    Raises TypeError for what has no shape, ValueError for an axis that x does not have or that has no elements.
    """
    return Softmax(axes_at("softmax", x, axis, empty=False))(x)


def log_softmax(x: Operand, axis: Axis = -1) -> Any:
    """y = ln softmax(x), also where softmax(x) itself is too small for a number. Errors as for `softmax`."""
    return LogSoftmax(axes_at("log_softmax", x, axis, empty=False))(x)
