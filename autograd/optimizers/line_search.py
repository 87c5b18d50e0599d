"""The length of a step along a direction d, from the losses and slopes at a few lengths.

The strong Wolfe conditions for phi(a) = loss(w + a d):

    phi(a) <= phi(0) + c1 a phi'(0)        the loss falls enough for the length
    |phi'(a)| <= c2 |phi'(0)|              the slope has become flat enough

Source: Nocedal and Wright, "Numerical optimization", 2006, algorithms 3.5 and 3.6.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite, sqrt
from typing import NamedTuple

from autograd.backend import Array

__all__ = ["Point", "strong_wolfe"]

C1, C2 = 1e-4, 0.9
TRIES = 25


class Point(NamedTuple):
    """A place: the vector of parameters, the loss there and its gradient."""

    w: Array
    loss: float
    g: Array


class Length(NamedTuple):
    """A length a of the step, with the loss and the slope there."""

    a: float
    loss: float
    slope: float
    point: Point


def strong_wolfe(evaluate: Callable[[Array], Point], here: Point, d: Array, first: float) -> Point | None:
    """A point w + a d that fulfils the conditions, or the lowest one found; None if none is lower than `here`."""
    slope = float(here.g @ d)
    if not slope < 0:
        return None

    def at(a: float) -> Length:
        point = evaluate(here.w + a * d)
        return Length(a, point.loss, float(point.g @ d), point)

    def too_high(x: Length) -> bool:
        return not (isfinite(x.loss) and isfinite(x.slope)) or x.loss > here.loss + C1 * x.a * slope

    low, a = Length(0.0, here.loss, slope, here), first
    high: Length | None = None  # once it is known, a good length lies between the two
    for _ in range(TRIES):
        x = at(a)
        if too_high(x) or (x.loss >= low.loss and low.a > 0):
            high = x
        elif abs(x.slope) <= -C2 * slope:
            return x.point
        else:
            if x.slope * ((high.a if high else 2 * x.a) - low.a) >= 0:
                high = low
            low = x
        a = 2 * a if high is None else between(low, high)
        if high is not None and abs(high.a - low.a) < 1e-12 * max(1.0, abs(low.a)):
            break
    return low.point if low.a > 0 else None


def between(low: Length, high: Length) -> float:
    """The lowest place of the cubic through both losses and slopes, away from the ends of the interval."""
    left, right = sorted([low.a, high.a])
    width = right - left
    if not (isfinite(high.loss) and isfinite(high.slope)):
        return low.a + (high.a - low.a) / 10
    d1 = low.slope + high.slope - 3 * (low.loss - high.loss) / (low.a - high.a)
    square = d1 * d1 - low.slope * high.slope
    a = (left + right) / 2
    if square >= 0:
        d2 = sqrt(square) if high.a > low.a else -sqrt(square)
        bottom = high.slope - low.slope + 2 * d2
        if bottom:
            a = high.a - (high.a - low.a) * (high.slope + d2 - d1) / bottom
    return min(max(a, left + width / 10), right - width / 10)
