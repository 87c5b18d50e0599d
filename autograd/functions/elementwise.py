"""Elementary functions, element by element: y = f(x), gx = gy f'(x).

`backward` names the outputs where f' is cheaper in terms of y than of x. Only the array y is then kept, which the next
operation keeps anyway. Outside their domain the functions give what NumPy gives: nan and a warning.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd.algebra import Log, Mul, Operand, as_array
from autograd.backend import namespace
from autograd.config import mode
from autograd.function import Function
from autograd.functions.operands import check_elementwise, finite_size, in_single, within_range
from autograd.variable import Variable

__all__ = [
    "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctanh", "cbrt", "cos", "cosh", "deg2rad", "exp", "exp2",
    "expm1", "log", "log10", "log1p", "log2", "logit", "rad2deg", "rsqrt", "sin", "sinc", "sinh", "sqrt", "square",
    "tan", "tanh",
]  # fmt: skip


class Exp(Function):
    """y = e^x"""

    def forward(self, x):
        return namespace(x).exp(x)

    def backward(self, gy):
        return gy * self.outputs[0]


def exp(x: Operand) -> Variable:
    """y = e^x"""
    return Exp()(x)


def log(x: Operand) -> Variable:
    """y = ln x, the natural logarithm; -inf and a warning at 0."""
    return Log()(x)


class Log2(Function):
    """y = ln x / ln 2"""

    def forward(self, x):
        return namespace(x).log2(x)

    def backward(self, gy):
        return gy / (self.inputs[0] * math.log(2))


def log2(x: Operand) -> Variable:
    """y = ln x / ln 2, the logarithm to the base 2; -inf and a warning at 0."""
    return in_single(Log2(), x)


class Log10(Function):
    """y = ln x / ln 10"""

    def forward(self, x):
        return namespace(x).log10(x)

    def backward(self, gy):
        return gy / (self.inputs[0] * math.log(10))


def log10(x: Operand) -> Variable:
    """y = ln x / ln 10, the logarithm to the base 10; -inf and a warning at 0."""
    return in_single(Log10(), x)


class Exp2(Function):
    """y = 2^x"""

    def forward(self, x):
        return namespace(x).exp2(x)

    def backward(self, gy):
        return gy * (self.outputs[0] * math.log(2))


def exp2(x: Operand) -> Variable:
    """y = 2^x"""
    return in_single(Exp2(), x)


class Log1p(Function):
    """y = ln(1 + x)"""

    def forward(self, x):
        return namespace(x).log1p(x)

    def backward(self, gy):
        return gy / (1 + self.inputs[0])


def log1p(x: Operand) -> Variable:
    """y = ln(1 + x), exact to the last digits for small x too."""
    return Log1p()(x)


class Logit(Function):
    """y = ln(x / (1 - x))"""

    def forward(self, x):
        xp = namespace(x)
        return xp.log(x) - xp.log1p(-x)

    def backward(self, gy):
        (x,) = self.inputs
        return gy / (x * (1 - x))


def logit(x: Operand) -> Variable:
    """y = ln(x / (1 - x)), the inverse of the sigmoid, for x in (0, 1); infinite at both ends."""
    check_elementwise("logit", x)
    return in_single(Logit(), x)


class Expm1(Function):
    """y = e^x - 1"""

    def forward(self, x):
        return namespace(x).expm1(x)

    def backward(self, gy):
        return gy * exp(self.inputs[0])  # 1 + y would lose all digits where y is near -1


def expm1(x: Operand) -> Variable:
    """y = e^x - 1, exact to the last digits for small x too."""
    return Expm1()(x)


class Sqrt(Function):
    """y = x^(1/2)"""

    def forward(self, x):
        return namespace(x).sqrt(x)

    def backward(self, gy):
        return gy * 0.5 / self.outputs[0]


def sqrt(x: Operand) -> Variable:
    """y = x^(1/2); the gradient 1 / (2 y) is infinite at 0."""
    return Sqrt()(x)


class Rsqrt(Function):
    """y = x^(-1/2)"""

    def forward(self, x):
        return 1 / namespace(x).sqrt(x)

    def backward(self, gy):
        (y,) = self.outputs
        return gy * (-0.5 * y * y * y)


def rsqrt(x: Operand) -> Variable:
    """y = 1 / x^(1/2); infinite at 0, with its gradient."""
    check_elementwise("rsqrt", x)
    return in_single(Rsqrt(), x)


class Cbrt(Function):
    """y = x^(1/3)"""

    def forward(self, x):
        return namespace(x).cbrt(x)

    def backward(self, gy):
        (y,) = self.outputs
        return gy / (3 * y * y)


def cbrt(x: Operand) -> Variable:
    """y = x^(1/3), real for negative x too; the gradient 1 / (3 y^2) is infinite at 0."""
    return in_single(Cbrt(), x)


class Square(Function):
    """y = x^2"""

    def forward(self, x):
        return x * x

    def backward(self, gy):
        return gy * self.inputs[0] * 2


def square(x: Operand) -> Variable:
    """y = x^2"""
    check_elementwise("square", x)
    return Square()(x)


class Sin(Function):
    """y = sin x"""

    def forward(self, x):
        return namespace(x).sin(x)

    def backward(self, gy):
        return gy * cos(self.inputs[0])


def sin(x: Operand) -> Variable:
    """y = sin x, x in radians"""
    return Sin()(x)


class Cos(Function):
    """y = cos x"""

    def forward(self, x):
        return namespace(x).cos(x)

    def backward(self, gy):
        return -gy * sin(self.inputs[0])


def cos(x: Operand) -> Variable:
    """y = cos x, x in radians"""
    return Cos()(x)


class Tan(Function):
    """y = tan x"""

    def forward(self, x):
        return namespace(x).tan(x)

    def backward(self, gy):
        (y,) = self.outputs
        return slope(gy, y, (1, 0, 1))


def tan(x: Operand) -> Variable:
    """y = tan x, x in radians"""
    return in_single(Tan(), x)


class Arcsin(Function):
    """y = arcsin x"""

    def forward(self, x):
        return namespace(x).arcsin(x)

    def backward(self, gy):
        (x,) = self.inputs
        return gy / sqrt((1 - x) * (1 + x))  # exact near the ends, as 1 - x^2 is not


def arcsin(x: Operand) -> Variable:
    """y = arcsin x in [-pi/2, pi/2], for x in [-1, 1]; the gradient is infinite at both ends."""
    return in_single(Arcsin(), x)


class Arccos(Function):
    """y = arccos x"""

    def forward(self, x):
        return namespace(x).arccos(x)

    def backward(self, gy):
        (x,) = self.inputs
        return -gy / sqrt((1 - x) * (1 + x))


def arccos(x: Operand) -> Variable:
    """y = arccos x in [0, pi], for x in [-1, 1]; the gradient is infinite at both ends."""
    return in_single(Arccos(), x)


class Arctan(Function):
    """y = arctan x"""

    def forward(self, x):
        return namespace(x).arctan(x)

    def backward(self, gy):
        (x,) = self.inputs
        return gy / (1 + x * x)


def arctan(x: Operand) -> Variable:
    """y = arctan x in (-pi/2, pi/2)"""
    return in_single(Arctan(), x)


class Sinc(Function):
    """y = the derivative of order n of sin(z) / z, at z"""

    def __init__(self, n=0):
        self.n = n

    def forward(self, z):
        xp, n = namespace(z), self.n
        small, y = abs(z) < n + 1, 0
        w = xp.where(small, 1, z)
        for k in range(n + 1):  # from z y = sin z, differentiated k times
            y = (xp.sin(w + k * math.pi / 2) - k * y) / w
        return xp.where(small, self.series(xp.where(small, z, 0)), y)

    def series(self, z):
        """The sum of (-1)^k z^(2k - n) / ((2k - n)! (2k + 1)), exact where the formula would divide by little."""
        n, first = self.n, (self.n + 1) // 2
        term, y = (-1) ** first * z ** (2 * first - n), 0
        for k in range(first, first + 12 + 3 * n):
            y = y + term / (2 * k + 1)
            term = -term * (z * z) / ((2 * k + 1 - n) * (2 * k + 2 - n))
        return y

    def backward(self, gy):
        return gy * Sinc(self.n + 1)(self.inputs[0])


def sinc(x: Operand) -> Variable:
    """y = sin(pi x) / (pi x), and 1 at 0, where the derivatives of every order are right too."""
    check_elementwise("sinc", x)
    return in_single(lambda x: Sinc()(x * math.pi), x)


class Sinh(Function):
    """y = (e^x - e^-x) / 2"""

    def forward(self, x):
        return namespace(x).sinh(x)

    def backward(self, gy):
        return gy * cosh(self.inputs[0])


def sinh(x: Operand) -> Variable:
    """y = (e^x - e^-x) / 2"""
    return Sinh()(x)


class Cosh(Function):
    """y = (e^x + e^-x) / 2"""

    def forward(self, x):
        return namespace(x).cosh(x)

    def backward(self, gy):
        return gy * sinh(self.inputs[0])


def cosh(x: Operand) -> Variable:
    """y = (e^x + e^-x) / 2"""
    return Cosh()(x)


class Arcsinh(Function):
    """y = ln(x + sqrt(x^2 + 1))"""

    def forward(self, x):
        return namespace(x).arcsinh(x)

    def backward(self, gy):
        (x,) = self.inputs
        with np.errstate(over="ignore"):
            square = x * x + 1
        if within_range(as_array(square)):
            return gy / sqrt(square)
        size = finite_size(as_array(x), 1.0)
        return gy / size / sqrt((x / size) * (x / size) + 1 / size / size)


def arcsinh(x: Operand) -> Variable:
    """y = ln(x + sqrt(x^2 + 1)), the inverse of sinh"""
    return in_single(Arcsinh(), x)


class Arccosh(Function):
    """y = ln(x + sqrt(x^2 - 1))"""

    def forward(self, x):
        return namespace(x).arccosh(x)

    def backward(self, gy):
        (x,) = self.inputs
        return gy / sqrt(x - 1) / sqrt(x + 1)  # exact near 1, as x^2 - 1 is not, and without overflow


def arccosh(x: Operand) -> Variable:
    """y = ln(x + sqrt(x^2 - 1)) >= 0, the inverse of cosh, for x >= 1; the gradient is infinite at 1."""
    return in_single(Arccosh(), x)


class Arctanh(Function):
    """y = ln((1 + x) / (1 - x)) / 2"""

    def forward(self, x):
        return namespace(x).arctanh(x)

    def backward(self, gy):
        (x,) = self.inputs
        return gy / ((1 - x) * (1 + x))  # exact near the ends, as 1 - x^2 is not


def arctanh(x: Operand) -> Variable:
    """y = ln((1 + x) / (1 - x)) / 2, the inverse of tanh, for -1 < x < 1; infinite with its gradient at both ends."""
    return in_single(Arctanh(), x)


class Tanh(Function):
    """y = (e^x - e^-x) / (e^x + e^-x)"""

    def forward(self, x):
        return namespace(x).tanh(x)

    def backward(self, gy):
        (y,) = self.outputs
        return slope(gy, y, (1, 0, -1)) if isinstance(gy, Variable) else gy * (1 - y * y)


class Slope(Function):
    """z = gy p(y), p a polynomial with the coefficients p[0], p[1], ...: the gradient of a function with y' = p(y)."""

    def __init__(self, p):
        self.p = p

    def forward(self, gy, y):
        return gy * polynomial(self.p, y)

    def backward(self, gz):
        gy, y = self.inputs
        rate = tuple([k * c for k, c in enumerate(self.p)][1:])
        return slope(gz, y, self.p), slope(gz * gy, y, rate) if rate else None


def polynomial(p: Sequence[float], y: Any) -> Any:
    """p[0] + p[1] y + p[2] y^2 + ..., by Horner's rule."""
    *lower, z = p
    for c in lower[::-1]:
        z = z * y + c if c else z * y
    return z


def slope(gy: Any, y: Any, p: tuple[float, ...]) -> Any:
    """gy p(y). Of gy = g q(y) it is g (q p)(y): every derivative of tanh is one polynomial, not a tree of products."""
    if not isinstance(gy, Variable):
        return gy * polynomial(p, y)
    f, now = gy.creator, mode.get().differentiating
    if type(f) is Slope and now is not None and now.hides(f) and f.parents[1] is y.node:
        return Slope(tuple(np.convolve(f.p, p).tolist()))(f.inputs[0], y)
    return Slope(p)(gy, y)


def tanh(x: Operand) -> Variable:
    """y = (e^x - e^-x) / (e^x + e^-x), in (-1, 1)"""
    return in_single(Tanh(), x)


def deg2rad(x: Operand) -> Variable:
    """y = pi x / 180: degrees as radians."""
    check_elementwise("deg2rad", x)
    return Mul()(x, math.pi / 180)


def rad2deg(x: Operand) -> Variable:
    """y = 180 x / pi: radians as degrees."""
    check_elementwise("rad2deg", x)
    return Mul()(x, 180 / math.pi)
