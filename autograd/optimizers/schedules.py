"""Learning rates that change: functions of the number of updates made before, so the first is lr(0).

Adam(model, lr=warmup(500, cosine(1e-3, 10_000)))
"""

from __future__ import annotations

from collections.abc import Callable
from math import cos, pi
from typing import TypeAlias

from autograd.optimizers.base import at_least_zero, is_count

Schedule: TypeAlias = Callable[[int], float]


def constant(lr: float) -> Schedule:
    """lr(n) = lr"""
    lr = at_least_zero("lr", lr)
    return lambda n: lr


def step(lr: float, every: int, factor: float = 0.1) -> Schedule:
    """lr(n) = lr factor^floor(n / every)"""
    lr, factor, every = at_least_zero("lr", lr), at_least_zero("factor", factor), updates("every", every)
    return lambda n: lr * factor ** (n // every)


def exponential(lr: float, factor: float) -> Schedule:
    """lr(n) = lr factor^n"""
    lr, factor = at_least_zero("lr", lr), at_least_zero("factor", factor)
    return lambda n: lr * factor**n


def cosine(lr: float, steps: int, end: float = 0.0) -> Schedule:
    """lr(n) = end + (lr - end) (1 + cos(pi n / steps)) / 2, and `end` from n = steps on.

    Source: Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", 2017, without the restarts.
    """
    lr, end, steps = at_least_zero("lr", lr), at_least_zero("end", end), updates("steps", steps)
    return lambda n: end + (lr - end) * (1 + cos(pi * min(n, steps) / steps)) / 2


def warmup(steps: int, after: float | Schedule) -> Schedule:
    """lr(n) = after(0) (n + 1) / steps for n < steps, then after(n - steps). `after` is a schedule or a number."""
    steps = updates("steps", steps)
    later = after if callable(after) else constant(after)
    return lambda n: later(0) * (n + 1) / steps if n < steps else later(n - steps)


def updates(name: str, n: int) -> int:
    """A number of updates, at least 1. Raises TypeError or ValueError for anything else."""
    if not is_count(n):
        raise TypeError(f"{name} must be a whole number of updates, not {n!r:.40}")
    if n < 1:
        raise ValueError(f"{name} must be at least 1, not {n}")
    return n
