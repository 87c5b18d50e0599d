"""Steps: whole numbers near x, remainders, and numbers in the place of nan and infinity.

A step function is constant between its jumps: the gradient is 0 everywhere, at the jumps too.
"""

from __future__ import annotations

from autograd.algebra import FloorDiv, Mod, Operand, as_array
from autograd.backend import namespace, zeros_like
from autograd.bfloat16 import finfo, is_bfloat16, single
from autograd.checks import number, whole
from autograd.function import Function
from autograd.functions.arithmetic import sign, where
from autograd.functions.operands import check_elementwise, in_single, operand
from autograd.variable import Variable

__all__ = [
    "ceil", "copysign", "floor", "floor_divide", "fmod", "nan_to_num", "remainder", "rint", "round", "trunc",
]  # fmt: skip


class Steps(Function):
    """y = f(x) for a step function of NumPy, by its name. The derivative is 0."""

    def __init__(self, name, *parameters):
        self.name = name
        self.parameters = parameters

    def forward(self, x):
        return getattr(namespace(x), self.name)(x, *self.parameters)

    def backward(self, gy):
        return zeros_like(as_array(gy))


def floor(x: Operand) -> Variable:
    """y = the largest whole number that is at most x; the gradient is 0."""
    check_elementwise("floor", x)
    return Steps("floor")(x)


def ceil(x: Operand) -> Variable:
    """y = the smallest whole number that is at least x; the gradient is 0."""
    check_elementwise("ceil", x)
    return Steps("ceil")(x)


def trunc(x: Operand) -> Variable:
    """y = x without the digits behind the point; the gradient is 0."""
    check_elementwise("trunc", x)
    return Steps("trunc")(x)


def rint(x: Operand) -> Variable:
    """y = the whole number nearest to x, the even one of two; the gradient is 0."""
    check_elementwise("rint", x)
    return Steps("rint")(x)


def round(x: Operand, decimals: int = 0) -> Variable:
    """y = x rounded to so many digits behind the point, halves to the even one; the gradient is 0.

    Negative decimals round to tens, hundreds, and so on. Raises TypeError if they are no whole number, ValueError
    beyond 99.
    """
    check_elementwise("round", x)
    return in_single(Steps("round", whole("round: decimals", decimals, -99, 99)), x)


def nan_to_num(x: Operand, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Variable:
    """y = x with numbers in the place of nan, inf and -inf: the gradient is 0 there, and 1 elsewhere.

    None stands for the largest and the smallest number of the dtype.
    """
    check_elementwise("nan_to_num", x)
    limits = {
        name: limit if limit is None else number(f"nan_to_num: {name}", limit, finite=False)
        for name, limit in (("posinf", posinf), ("neginf", neginf))
    }
    x = operand("nan_to_num", x)
    value = as_array(x)
    xp = namespace(value)
    if is_bfloat16(value.dtype):  # whose largest number is not that of float32
        most = float(finfo(value.dtype).max)
        limits = {name: sign * most if x is None else x for (name, x), sign in zip(limits.items(), (1, -1))}
    numbers = xp.nan_to_num(single(value), nan=number("nan_to_num: nan", nan, finite=False), **limits)
    return where(xp.isfinite(value), x, numbers.astype(value.dtype))


def floor_divide(x0: Operand, x1: Operand) -> Variable:
    """y = x0 / x1, rounded down: the operator //. The gradient is 0."""
    check_elementwise("floor_divide", x0, x1)
    return in_single(FloorDiv(), x0, x1)


def remainder(x0: Operand, x1: Operand) -> Variable:
    """y = x0 - x1 floor(x0 / x1), with the sign of x1: the operator %. The gradient in x0 is 1."""
    check_elementwise("remainder", x0, x1)
    return in_single(Mod(), x0, x1)


class Fmod(Function):
    """y = x0 - x1 trunc(x0 / x1)"""

    alike = 0

    def forward(self, x0, x1):
        return namespace(x0, x1).fmod(x0, x1)

    def backward(self, gy):
        x0, x1 = self.inputs
        return gy, self.needs[1] and -gy * Steps("trunc")(x0 / x1)


def fmod(x0: Operand, x1: Operand) -> Variable:
    """y = x0 - x1 trunc(x0 / x1), with the sign of x0: the remainder in C. The gradient in x0 is 1."""
    check_elementwise("fmod", x0, x1)
    return in_single(Fmod(), x0, x1)


class Copysign(Function):
    """y = |x0|, with the sign of x1, that of -0 too"""

    alike = 0

    def forward(self, x0, x1):
        return namespace(x0, x1).copysign(x0, x1)

    def backward(self, gy):
        (x0, _), (y,) = self.inputs, self.outputs
        return gy * sign(x0) * sign(y), zeros_like(as_array(gy))


def copysign(x0: Operand, x1: Operand) -> Variable:
    """y = |x0|, with the sign of x1, that of -0 too. The gradients are those of steps: 0 in x1, and where x0 is 0."""
    check_elementwise("copysign", x0, x1)
    return in_single(Copysign(), x0, x1)
