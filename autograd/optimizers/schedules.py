"""Schedules of the learning rate: functions of the number of updates made before, so the first rate is lr(0).

Adam(model, lr=warmup(500, cosine(1e-3, 10_000)))
"""

from __future__ import annotations

from collections.abc import Callable
from math import cos, pi
from typing import TypeAlias

from autograd.checks import number, whole

__all__ = ["Schedule", "constant", "cosine", "exponential", "step", "warmup"]

Schedule: TypeAlias = Callable[[int], float]


def constant(lr: float) -> Schedule:
    """lr(n) = lr"""
    lr = rate("lr", lr)
    return lambda n: lr


def step(lr: float, every: int, factor: float = 0.1) -> Schedule:
    """lr(n) = lr factor^floor(n / every)"""
    lr, factor, every = rate("lr", lr), rate("factor", factor), whole("every", every)
    return lambda n: lr * factor ** (n // every)


def exponential(lr: float, factor: float) -> Schedule:
    """lr(n) = lr factor^n"""
    lr, factor = rate("lr", lr), rate("factor", factor)
    return lambda n: lr * factor**n


def cosine(lr: float, steps: int, end: float = 0.0) -> Schedule:
    """lr(n) = end + (lr - end) (1 + cos(pi n / steps)) / 2, and `end` from n = steps on.

    Source: Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", 2017, without the restarts.
    """
    lr, end, steps = rate("lr", lr), rate("end", end), whole("steps", steps)
    return lambda n: end + (lr - end) * (1 + cos(pi * min(n, steps) / steps)) / 2


def warmup(steps: int, after: float | Schedule) -> Schedule:
    """lr(n) = after(0) (n + 1) / steps for n < steps, then after(n - steps). `after` is a schedule or a number."""
    steps = whole("steps", steps)
    later = after if callable(after) else constant(after)
    return lambda n: later(0) * (n + 1) / steps if n < steps else later(n - steps)


def rate(name: str, value: float) -> float:
    """`value` as a float of at least 0."""
    return float(number(name, value, least=0))
