"""Elementary functions, element by element: y = f(x), gx = gy f'(x).

Where f' is cheaper in terms of y than of x, `backward` names the outputs: the array y, which the next operation keeps
anyway, is then all that is kept. Outside their domain the functions give what NumPy gives, nan and a warning.
"""

from __future__ import annotations

from typing import Any

from autograd.backend import namespace
from autograd.core import Function, Log, Operand


class Exp(Function):
    """y = e^x"""

    def forward(self, x):
        return namespace(x).exp(x)

    def backward(self, gy):
        return gy * self.outputs[0]


class Log1p(Function):
    """y = ln(1 + x)"""

    def forward(self, x):
        return namespace(x).log1p(x)

    def backward(self, gy):
        return gy / (1 + self.inputs[0])


class Expm1(Function):
    """y = e^x - 1"""

    def forward(self, x):
        return namespace(x).expm1(x)

    def backward(self, gy):
        return gy * (1 + self.outputs[0])


class Sqrt(Function):
    """y = x^(1/2)"""

    def forward(self, x):
        return namespace(x).sqrt(x)

    def backward(self, gy):
        return gy * 0.5 / self.outputs[0]


class Square(Function):
    """y = x^2"""

    def forward(self, x):
        return x * x

    def backward(self, gy):
        return gy * self.inputs[0] * 2


class Sin(Function):
    """y = sin x"""

    def forward(self, x):
        return namespace(x).sin(x)

    def backward(self, gy):
        return gy * cos(self.inputs[0])


class Cos(Function):
    """y = cos x"""

    def forward(self, x):
        return namespace(x).cos(x)

    def backward(self, gy):
        return -gy * sin(self.inputs[0])


class Tan(Function):
    """y = tan x"""

    def forward(self, x):
        return namespace(x).tan(x)

    def backward(self, gy):
        (y,) = self.outputs
        return gy * (1 + y * y)


class Arcsin(Function):
    """y = arcsin x"""

    def forward(self, x):
        return namespace(x).arcsin(x)

    def backward(self, gy):
        (x,) = self.inputs
        return gy / sqrt(1 - x * x)


class Arccos(Function):
    """y = arccos x"""

    def forward(self, x):
        return namespace(x).arccos(x)

    def backward(self, gy):
        (x,) = self.inputs
        return -gy / sqrt(1 - x * x)


class Arctan(Function):
    """y = arctan x"""

    def forward(self, x):
        return namespace(x).arctan(x)

    def backward(self, gy):
        (x,) = self.inputs
        return gy / (1 + x * x)


class Sinh(Function):
    """y = (e^x - e^-x) / 2"""

    def forward(self, x):
        return namespace(x).sinh(x)

    def backward(self, gy):
        return gy * cosh(self.inputs[0])


class Cosh(Function):
    """y = (e^x + e^-x) / 2"""

    def forward(self, x):
        return namespace(x).cosh(x)

    def backward(self, gy):
        return gy * sinh(self.inputs[0])


class Tanh(Function):
    """y = (e^x - e^-x) / (e^x + e^-x)"""

    def forward(self, x):
        return namespace(x).tanh(x)

    def backward(self, gy):
        (y,) = self.outputs
        return gy * (1 - y * y)


def exp(x: Operand) -> Any:
    """y = e^x"""
    return Exp()(x)


def log(x: Operand) -> Any:
    """y = ln x, the natural logarithm; -inf and a warning at 0."""
    return Log()(x)


def log1p(x: Operand) -> Any:
    """y = ln(1 + x), exact to the last digits for small x too."""
    return Log1p()(x)


def expm1(x: Operand) -> Any:
    """y = e^x - 1, exact to the last digits for small x too."""
    return Expm1()(x)


def sqrt(x: Operand) -> Any:
    """y = x^(1/2); the gradient 1 / (2 y) is infinite at 0."""
    return Sqrt()(x)


def square(x: Operand) -> Any:
    """y = x^2"""
    return Square()(x)


def sin(x: Operand) -> Any:
    """y = sin x, x in radians"""
    return Sin()(x)


def cos(x: Operand) -> Any:
    """y = cos x, x in radians"""
    return Cos()(x)


def tan(x: Operand) -> Any:
    """y = tan x, x in radians"""
    return Tan()(x)


def arcsin(x: Operand) -> Any:
    """y = arcsin x in [-pi/2, pi/2], for x in [-1, 1]; the gradient is infinite at both ends."""
    return Arcsin()(x)


def arccos(x: Operand) -> Any:
    """y = arccos x in [0, pi], for x in [-1, 1]; the gradient is infinite at both ends."""
    return Arccos()(x)


def arctan(x: Operand) -> Any:
    """y = arctan x in (-pi/2, pi/2)"""
    return Arctan()(x)


def sinh(x: Operand) -> Any:
    """y = (e^x - e^-x) / 2"""
    return Sinh()(x)


def cosh(x: Operand) -> Any:
    """y = (e^x + e^-x) / 2"""
    return Cosh()(x)


def tanh(x: Operand) -> Any:
    """y = (e^x - e^-x) / (e^x + e^-x), in (-1, 1)"""
    return Tanh()(x)
