"""Steps: whole numbers near x, and numbers in the place of nan and infinity.

A step function is constant between its jumps: the gradient is 0 everywhere, at the jumps too.
"""

from __future__ import annotations

from typing import Any

from autograd.algebra import Operand, as_array
from autograd.backend import namespace
from autograd.checks import number, whole
from autograd.function import Function
from autograd.functions.arithmetic import masked, where
from autograd.functions.operands import check_elementwise, in_single, operand

__all__ = ["ceil", "floor", "nan_to_num", "rint", "round", "trunc"]


class Steps(Function):
    """y = f(x) for a step function of NumPy, by its name. The derivative is 0."""

    def __init__(self, name, *parameters):
        self.name = name
        self.parameters = parameters

    def forward(self, x):
        return getattr(namespace(x), self.name)(x, *self.parameters)

    def backward(self, gy):
        return masked(gy, namespace(as_array(gy)).zeros(gy.shape, bool))  # gy * 0 is nan for an infinite gy


def floor(x: Operand) -> Any:
    """y = the largest whole number that is at most x; the gradient is 0."""
    check_elementwise("floor", x)
    return Steps("floor")(x)


def ceil(x: Operand) -> Any:
    """y = the smallest whole number that is at least x; the gradient is 0."""
    check_elementwise("ceil", x)
    return Steps("ceil")(x)


def trunc(x: Operand) -> Any:
    """y = x without the digits behind the point; the gradient is 0."""
    check_elementwise("trunc", x)
    return Steps("trunc")(x)


def rint(x: Operand) -> Any:
    """y = the whole number nearest to x, the even one of two; the gradient is 0."""
    check_elementwise("rint", x)
    return Steps("rint")(x)


def round(x: Operand, decimals: int = 0) -> Any:
    """y = x rounded to so many digits behind the point, halves to the even one; the gradient is 0.

    Negative decimals round to tens, hundreds, and so on. Raises TypeError if they are no whole number, ValueError
    beyond 99.
    """
    check_elementwise("round", x)
    return in_single(Steps("round", whole("round: decimals", decimals, -99, 99)), x)


def nan_to_num(x: Operand, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Any:
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
    numbers = xp.nan_to_num(value, nan=number("nan_to_num: nan", nan, finite=False), **limits)
    return where(xp.isfinite(value), x, numbers)
