"""Schedules of the learning rate: functions of the number of updates made before, so the first rate is lr(0).

Adam(model, lr=warmup(500, cosine(1e-3, 10_000)))
"""

from __future__ import annotations

from collections.abc import Callable
from math import cos, inf, pi
from typing import Any, TypeAlias

from autograd.checks import number, whole

__all__ = ["Plateau", "Schedule", "constant", "cosine", "exponential", "onecycle", "plateau", "step", "warmup"]

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


def onecycle(lr: float, steps: int, up: float = 0.3, start: float = 25.0, end: float = 1e4) -> Schedule:
    """From lr / start up to lr in the first share `up` of the steps, then down to lr / start / end, by half cosines.

    The largest rate is taken at n = up steps - 1, the smallest at n = steps - 1 and from there on.
    Source: Smith and Topin, "Super-convergence", 2018.
    """
    lr, steps = rate("lr", lr), whole("steps", steps)
    up = float(number("onecycle: up", up, above=0, below=1))
    start, end = (float(number(f"onecycle: {name}", x, above=0)) for name, x in (("start", start), ("end", end)))
    low, top, last = lr / start, up * steps - 1, steps - 1

    def between(a: float, b: float, share: float) -> float:
        return b + (a - b) * (1 + cos(pi * share)) / 2

    def rate_of(n: int) -> float:
        if n <= top:
            return between(low, lr, n / top if top > 0 else 1.0)
        return between(lr, low / end, min(1.0, (n - max(top, 0)) / (last - max(top, 0)) if last > max(top, 0) else 1.0))

    return rate_of


class Plateau:
    """A schedule that is told how training goes: `see(loss)` after each epoch. Made by `plateau`."""

    def __init__(self, lr: float, factor: float, patience: int, least: float, threshold: float) -> None:
        self.lr, self.factor, self.patience, self.least, self.threshold = lr, factor, patience, least, threshold
        self.best, self.waited = inf, 0

    def __call__(self, n: int) -> float:
        return self.lr

    def see(self, loss: Any) -> None:
        """Takes note of a loss, which should fall. Raises TypeError unless it is a number."""
        loss = float(number("see: loss", loss.item() if hasattr(loss, "item") else loss, finite=False))
        if loss < self.best * (1 - self.threshold if self.best > 0 else 1 + self.threshold):
            self.best, self.waited = loss, 0
            return
        self.waited += 1
        if self.waited > self.patience:
            self.lr, self.waited = max(self.lr * self.factor, self.least), 0


def plateau(lr: float, factor: float = 0.1, patience: int = 10, least: float = 0.0, threshold: float = 1e-4) -> Plateau:
    """lr, and `factor` times it whenever the loss has not fallen for more than `patience` calls of `see`.

        rate = plateau(0.1)
        optimizer = Momentum(model, rate)
        ...
        rate.see(loss)  # after each epoch

    A loss has fallen if it is below the best one by the share `threshold`. No rate is below `least`.
    """
    lr = rate("lr", lr)
    least = float(number("plateau: least", least, least=0, most=lr))
    factor = float(number("plateau: factor", factor, least=0, below=1))
    threshold = float(number("plateau: threshold", threshold, least=0, below=1))
    return Plateau(lr, factor, whole("plateau: patience", patience, least=0), least, threshold)


def rate(name: str, value: float) -> float:
    """`value` as a float of at least 0."""
    return float(number(name, value, least=0))
