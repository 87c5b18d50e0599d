"""Arithmetic as functions, what has no operator (sign, maximum, minimum), and choosing: where, clip."""

from __future__ import annotations

import math
import numbers
import operator
from typing import Any

from autograd.backend import namespace
from autograd.core import Add, Div, Function, Mul, Neg, Operand, Power, Sub, Variable, as_array
from autograd.kernels import masking


class Sign(Function):
    """y = -1, 0 or 1"""

    def forward(self, x):
        return namespace(x).sign(x)

    def backward(self, gy):
        return gy * 0


class Masked(Function):
    """y = x where the mask, a constant, holds, and 0 elsewhere, whatever x is there. It is its own adjoint."""

    def __init__(self, mask):
        self.mask = mask

    def forward(self, x):
        return masking.masked(x, self.mask)

    def backward(self, gy):
        return masked(gy, self.mask)


class Maximum(Function):
    """y = max(x0, x1)"""

    def forward(self, x0, x1):
        return namespace(x0, x1).maximum(x0, x1)

    def backward(self, gy):
        x0, x1 = self.inputs
        wanted0, wanted1 = self.parents
        gy = shared(gy, x0 != x1)
        return wanted0 and masked(gy, x0 >= x1), wanted1 and masked(gy, x1 >= x0)


class Minimum(Function):
    """y = min(x0, x1)"""

    def forward(self, x0, x1):
        return namespace(x0, x1).minimum(x0, x1)

    def backward(self, gy):
        x0, x1 = self.inputs
        wanted0, wanted1 = self.parents
        gy = shared(gy, x0 != x1)
        return wanted0 and masked(gy, x0 <= x1), wanted1 and masked(gy, x1 <= x0)


class Where(Function):
    """y = x0 where the condition holds, x1 elsewhere"""

    def __init__(self, condition):
        self.condition = condition

    def forward(self, x0, x1):
        self.condition = namespace(self.condition, x0, x1).asarray(self.condition)
        return namespace(self.condition).where(self.condition, x0, x1)

    def backward(self, gy):
        wanted0, wanted1 = self.parents
        return wanted0 and masked(gy, self.condition), wanted1 and masked(gy, ~self.condition)


class Clip(Function):
    """y = low where x < low, high where x > high, x between; low or high may be None"""

    def __init__(self, low, high):
        self.low = low
        self.high = high

    def forward(self, x):
        return limited(x, self.low, self.high)

    def backward(self, gy):
        (x,) = self.inputs
        low, high = self.low, self.high
        return masked(gy, x <= high if low is None else x >= low if high is None else (x >= low) & (x <= high))


def limited(x: Any, low: float | None, high: float | None) -> Any:
    """x between low and high. None becomes infinity: with one limit NumPy takes three times as long as with two."""
    if getattr(x, "ndim", 0) and x.dtype.kind == "f":
        return x.clip(-math.inf if low is None else low, math.inf if high is None else high)
    return namespace(x).clip(x, low, high)


def masked(x: Operand, mask: Any) -> Any:
    """x where the mask holds, 0 elsewhere. For gradients, where inf times 0, as a product with the mask, is nan."""
    return Masked(mask)(x) if isinstance(x, Variable) else masking.masked(x, mask)


def shared(gy: Operand, different: Any) -> Any:
    """`gy` where two operands are different, half of it where they are equal: there both receive it."""
    half = gy * 0.5
    return half + masked(half, different)


def operands(name: str, *xs: Operand) -> tuple[Operand, ...]:
    """`xs`, unless Python would do something else with one of them: add lists end to end, repeat strings.

    Raises:
        TypeError: a list, a tuple or a string.
    """
    for x in xs:
        if isinstance(x, (list, tuple, str, bytes)):
            raise TypeError(f"{name} takes Variables, arrays and numbers, not a {type(x).__name__}: {x!r:.40}")
    return xs


def add(x0: Operand, x1: Operand) -> Any:
    """y = x0 + x1, broadcast. Like all functions here it takes Variables, arrays and numbers; lists are a TypeError."""
    return Add()(*operands("add", x0, x1))


def sub(x0: Operand, x1: Operand) -> Any:
    """y = x0 - x1, broadcast."""
    return Sub()(*operands("sub", x0, x1))


def mul(x0: Operand, x1: Operand) -> Any:
    """y = x0 x1, element by element, broadcast. The matrix product is `matmul`."""
    return Mul()(*operands("mul", x0, x1))


def div(x0: Operand, x1: Operand) -> Any:
    """y = x0 / x1, broadcast."""
    return Div()(*operands("div", x0, x1))


def neg(x: Operand) -> Any:
    """y = -x"""
    return Neg()(*operands("neg", x))


def power(x: Operand, p: Operand) -> Any:
    """y = x^p, broadcast, with gradients in x and in p.

    The gradient in p is x^p log x: nan for a negative x, as y itself is for all other p. 0^p has the gradient 0 in p.
    """
    return Power()(*operands("power", x, p))


def abs(x: Operand) -> Any:
    """y = |x|; the gradient is sign x, and 0 at 0."""
    return operator.abs(*operands("abs", x))


def sign(x: Operand) -> Any:
    """y = -1, 0 or 1, the sign of x; the gradient is 0 everywhere, at the jump too."""
    return Sign()(x)


def maximum(x0: Operand, x1: Operand) -> Any:
    """y = max(x0, x1), element by element, broadcast. Where both are equal each receives half of the gradient."""
    return Maximum()(x0, x1)


def minimum(x0: Operand, x1: Operand) -> Any:
    """y = min(x0, x1), element by element, broadcast. Where both are equal each receives half of the gradient."""
    return Minimum()(x0, x1)


def where(condition: Operand, x0: Operand, x1: Operand) -> Any:
    """y = x0 where the condition holds and x1 elsewhere, all three broadcast. Only x0 and x1 receive gradients.

    A nan that the unchosen operand was computed with can still reach its own inputs: `where(x > 0, log(x), 0)` has the
    gradient 0 / 0 at 0. Make the operand harmless first: `log(where(x > 0, x, 1))`.
    Raises TypeError for a condition that is not boolean.
    """
    condition = as_array(condition)
    kind = str(getattr(condition, "dtype", type(condition).__name__))
    if kind != "bool":
        raise TypeError(f"where: the condition must be boolean, not {kind}: compare first, as in where(x > 0, x, y)")
    return Where(condition)(x0, x1)


def clip(x: Operand, low: float | None, high: float | None) -> Any:
    """y = x limited to low <= y <= high; one of the two may be None. The gradient is 1 inside and at the borders.

    Raises TypeError for limits that are not numbers (`maximum` and `minimum` take arrays and Variables) and ValueError
    if there is no limit or if low > high.
    """
    low = None if low is None else number("clip: low", low)
    high = None if high is None else number("clip: high", high)
    if low is None and high is None:
        raise ValueError("clip: low and high are both None, so there is nothing to do: give at least one")
    if low is not None and high is not None and not low <= high:
        raise ValueError(f"clip: low = {low} is above high = {high}")
    return Clip(low, high)(x)


def number(name: str, value: Any) -> float:
    """`value` as a Python number, which widens no array as np.float64 would.

    Raises:
        TypeError: not a real number.
    """
    if not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be a number, not {type(value).__name__}: {value!r:.40}")
    return int(value) if isinstance(value, numbers.Integral) else float(value)
