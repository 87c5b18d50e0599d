"""Elementary functions, element by element: y = f(x), gx = gy f'(x).

`backward` names the outputs where f' is cheaper in terms of y than of x. Only the array y is then kept, which the next
operation keeps anyway. Outside their domain the functions give what NumPy gives: nan and a warning.
"""

from __future__ import annotations

from typing import Any

from autograd.algebra import Log, Operand
from autograd.backend import namespace
from autograd.function import Function
from autograd.functions.operands import check_elementwise, in_single

__all__ = [
    "arccos", "arcsin", "arctan", "cos", "cosh", "exp", "expm1", "log", "log1p", "sin", "sinh", "sqrt", "square",
    "tan", "tanh",
]  # fmt: skip


class Exp(Function):
    """y = e^x"""

    def forward(self, x):
        return namespace(x).exp(x)

    def backward(self, gy):
        return gy * self.outputs[0]


def exp(x: Operand) -> Any:
    """y = e^x"""
    return Exp()(x)


def log(x: Operand) -> Any:
    """y = ln x, the natural logarithm; -inf and a warning at 0."""
    return Log()(x)


class Log1p(Function):
    """y = ln(1 + x)"""

    def forward(self, x):
        return namespace(x).log1p(x)

    def backward(self, gy):
        return gy / (1 + self.inputs[0])


def log1p(x: Operand) -> Any:
    """y = ln(1 + x), exact to the last digits for small x too."""
    return Log1p()(x)


class Expm1(Function):
    """y = e^x - 1"""

    def forward(self, x):
        return namespace(x).expm1(x)

    def backward(self, gy):
        return gy * exp(self.inputs[0])  # 1 + y would lose all digits where y is near -1


def expm1(x: Operand) -> Any:
    """y = e^x - 1, exact to the last digits for small x too."""
    return Expm1()(x)


class Sqrt(Function):
    """y = x^(1/2)"""

    def forward(self, x):
        return namespace(x).sqrt(x)

    def backward(self, gy):
        return gy * 0.5 / self.outputs[0]


def sqrt(x: Operand) -> Any:
    """y = x^(1/2); the gradient 1 / (2 y) is infinite at 0."""
    return Sqrt()(x)


class Square(Function):
    """y = x^2"""

    def forward(self, x):
        return x * x

    def backward(self, gy):
        return gy * self.inputs[0] * 2


def square(x: Operand) -> Any:
    """y = x^2"""
    check_elementwise("square", x)
    return Square()(x)


class Sin(Function):
    """y = sin x"""

    def forward(self, x):
        return namespace(x).sin(x)

    def backward(self, gy):
        return gy * cos(self.inputs[0])


def sin(x: Operand) -> Any:
    """y = sin x, x in radians"""
    return Sin()(x)


class Cos(Function):
    """y = cos x"""

    def forward(self, x):
        return namespace(x).cos(x)

    def backward(self, gy):
        return -gy * sin(self.inputs[0])


def cos(x: Operand) -> Any:
    """y = cos x, x in radians"""
    return Cos()(x)


class Tan(Function):
    """y = tan x"""

    def forward(self, x):
        return namespace(x).tan(x)

    def backward(self, gy):
        (y,) = self.outputs
        return gy * (1 + y * y)


def tan(x: Operand) -> Any:
    """y = tan x, x in radians"""
    return in_single(Tan(), x)


class Arcsin(Function):
    """y = arcsin x"""

    def forward(self, x):
        return namespace(x).arcsin(x)

    def backward(self, gy):
        (x,) = self.inputs
        return gy / sqrt((1 - x) * (1 + x))  # exact near the ends, as 1 - x^2 is not


def arcsin(x: Operand) -> Any:
    """y = arcsin x in [-pi/2, pi/2], for x in [-1, 1]; the gradient is infinite at both ends."""
    return in_single(Arcsin(), x)


class Arccos(Function):
    """y = arccos x"""

    def forward(self, x):
        return namespace(x).arccos(x)

    def backward(self, gy):
        (x,) = self.inputs
        return -gy / sqrt((1 - x) * (1 + x))


def arccos(x: Operand) -> Any:
    """y = arccos x in [0, pi], for x in [-1, 1]; the gradient is infinite at both ends."""
    return in_single(Arccos(), x)


class Arctan(Function):
    """y = arctan x"""

    def forward(self, x):
        return namespace(x).arctan(x)

    def backward(self, gy):
        (x,) = self.inputs
        return gy / (1 + x * x)


def arctan(x: Operand) -> Any:
    """y = arctan x in (-pi/2, pi/2)"""
    return in_single(Arctan(), x)


class Sinh(Function):
    """y = (e^x - e^-x) / 2"""

    def forward(self, x):
        return namespace(x).sinh(x)

    def backward(self, gy):
        return gy * cosh(self.inputs[0])


def sinh(x: Operand) -> Any:
    """y = (e^x - e^-x) / 2"""
    return Sinh()(x)


class Cosh(Function):
    """y = (e^x + e^-x) / 2"""

    def forward(self, x):
        return namespace(x).cosh(x)

    def backward(self, gy):
        return gy * sinh(self.inputs[0])


def cosh(x: Operand) -> Any:
    """y = (e^x + e^-x) / 2"""
    return Cosh()(x)


class Tanh(Function):
    """y = (e^x - e^-x) / (e^x + e^-x)"""

    def forward(self, x):
        return namespace(x).tanh(x)

    def backward(self, gy):
        (y,) = self.outputs
        return gy * (1 - y * y)


def tanh(x: Operand) -> Any:
    """y = (e^x - e^-x) / (e^x + e^-x), in (-1, 1)"""
    return in_single(Tanh(), x)
