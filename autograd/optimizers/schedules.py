"""Schedules of the learning rate: functions of the number of updates made before, so the first rate is lr(0).

Adam(model, lr=warmup(500, cosine(1e-3, 10_000)))

A schedule is its numbers: it prints as the call that made it, is equal to another one of the same numbers, can be
pickled, and goes into the state of an optimizer. It is a class, written small because it is called as a function.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from math import cos, inf, pi
from typing import Any, TypeAlias

from autograd.checks import number, shown, whole
from autograd.names import advised

__all__ = [
    "SCHEDULES", "Schedule", "constant", "cosine", "exponential", "onecycle", "plateau", "restored", "step",
    "taken_over", "warmup", "written",
]  # fmt: skip

Schedule: TypeAlias = Callable[[int], float]


def rate(default: Any = MISSING, name: str = "", **bounds: Any) -> Any:
    """A field that is a number, at least 0 if no bounds are given, with its default if there is one."""
    return field(default=default, metadata={"name": name, "check": number, **(bounds or {"least": 0})})


def count(default: Any = MISSING, name: str = "", **bounds: Any) -> Any:
    """A field that is a whole number, at least 1 if no bounds are given."""
    return field(default=default, metadata={"name": name, "check": whole, **bounds})


class Checked:
    """Numbers that are checked when they are set by the constructor."""

    def __post_init__(self) -> None:
        for f in fields(self):  # type: ignore[arg-type]
            bounds = dict(f.metadata)
            if bounds:
                check, name = bounds.pop("check"), bounds.pop("name") or f.name
                value = check(name, getattr(self, f.name), **bounds)
                object.__setattr__(self, f.name, float(value) if check is number else value)


@advised
@dataclass(frozen=True)
class constant(Checked):
    """lr(n) = lr"""

    lr: float = rate()

    def __call__(self, n: int) -> float:
        return self.lr


@advised
@dataclass(frozen=True)
class step(Checked):
    """lr(n) = lr factor^floor(n / every)"""

    lr: float = rate()
    every: int = count()
    factor: float = rate(0.1)

    def __call__(self, n: int) -> float:
        return float(self.lr * self.factor ** (n // self.every))


@advised
@dataclass(frozen=True)
class exponential(Checked):
    """lr(n) = lr factor^n"""

    lr: float = rate()
    factor: float = rate()

    def __call__(self, n: int) -> float:
        return float(self.lr * self.factor**n)


@advised
@dataclass(frozen=True)
class cosine(Checked):
    """lr(n) = end + (lr - end) (1 + cos(pi n / steps)) / 2, and `end` from n = steps on.

    Source: Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", 2017, without the restarts.
    """

    lr: float = rate()
    steps: int = count()
    end: float = rate(0.0)

    def __call__(self, n: int) -> float:
        return self.end + (self.lr - self.end) * (1 + cos(pi * min(n, self.steps) / self.steps)) / 2


@advised
@dataclass(frozen=True)
class warmup(Checked):
    """lr(n) = after(0) (n + 1) / steps for n < steps, then after(n - steps). `after` is a schedule or a number."""

    steps: int = count()
    after: float | Schedule = field(default=MISSING)  # type: ignore[assignment]

    def __post_init__(self) -> None:
        super().__post_init__()
        if not callable(self.after) or isinstance(self.after, type):
            object.__setattr__(self, "after", float(number("warmup: after", self.after, least=0)))

    def __call__(self, n: int) -> float:
        m = max(n - self.steps, 0)
        rate = self.after(m) if callable(self.after) else self.after
        return rate * (n + 1) / self.steps if n < self.steps else rate


@advised
@dataclass(frozen=True)
class onecycle(Checked):
    """From lr / start up to lr in the first share `up` of the steps, then down to lr / start / end, by half cosines.

    The largest rate is taken at n = up steps - 1, the smallest at n = steps - 1 and from there on.
    Source: Smith and Topin, "Super-convergence", 2018.
    """

    lr: float = rate()
    steps: int = count()
    up: float = rate(0.3, "onecycle: up", above=0, below=1)
    start: float = rate(25.0, "onecycle: start", above=0)
    end: float = rate(1e4, "onecycle: end", above=0)

    def __call__(self, n: int) -> float:
        low, top, last = self.lr / self.start, self.up * self.steps - 1, self.steps - 1
        if n <= top:
            return between(low, self.lr, n / top if top > 0 else 1.0)
        top = max(top, 0)
        return between(self.lr, low / self.end, min(1.0, (n - top) / (last - top) if last > top else 1.0))


def between(a: float, b: float, share: float) -> float:
    """From a to b by a half cosine."""
    return b + (a - b) * (1 + cos(pi * share)) / 2


@advised
@dataclass
class plateau(Checked):
    """lr, and `factor` times it whenever the loss has not fallen for more than `patience` calls of `see`.

        rate = plateau(0.1)
        optimizer = Momentum(model, rate)
        ...
        rate.see(loss)  # after each epoch

    A loss has fallen if it is below the best one by the share `threshold`. No rate is below `least`.
    """

    lr: float = rate()
    factor: float = rate(0.1, "plateau: factor", least=0, below=1)
    patience: int = count(10, "plateau: patience", least=0)
    least: float = rate(0.0, "plateau: least")
    threshold: float = rate(1e-4, "plateau: threshold", least=0, below=1)
    best: float = field(default=inf, init=False, repr=False)
    waited: int = field(default=0, init=False, repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        number("plateau: least", self.least, most=self.lr)

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


SCHEDULES: dict[str, Any] = {s.__name__: s for s in (constant, step, exponential, cosine, warmup, onecycle, plateau)}


def written(lr: Any) -> Any:
    """A rate as a plain value: a number, or a schedule as its name and its numbers. None for a function of one's own.

    >>> written(step(0.1, 30))
    {'schedule': 'step', 'lr': 0.1, 'every': 30, 'factor': 0.1}
    """
    if not callable(lr):
        return lr
    if type(lr) not in SCHEDULES.values():
        return None
    found = {"schedule": type(lr).__name__, **{f.name: written(getattr(lr, f.name)) for f in fields(lr)}}
    return None if None in found.values() else found


def restored(name: str, value: Any) -> Any:
    """The rate that was `written`. Raises TypeError or ValueError for what is none."""
    if not isinstance(value, Mapping):
        return float(number(name, value, least=0))
    numbers = dict(value)
    kind = SCHEDULES.get(numbers.pop("schedule", None))
    if kind is None or numbers.keys() != {f.name for f in fields(kind)}:
        raise ValueError(f"{name} must be a number or one of the schedules {', '.join(SCHEDULES)}, not {shown(value)}")
    if kind is warmup:
        return warmup(numbers["steps"], restored(f"{name}: after", numbers["after"]))
    made = kind(**{f.name: numbers[f.name] for f in fields(kind) if f.init})
    if kind is plateau:
        made.best = float(number("plateau: best", numbers["best"], finite=False))
        made.waited = whole("plateau: waited", numbers["waited"], least=0)
    return made


def taken_over(here: Any, new: Any) -> Any:
    """The rate `new`. A plateau that is `here` becomes equal to it and stays, because somebody holds it: see(loss)."""
    if type(here) is type(new) is plateau:
        vars(here).update(vars(new))
        return here
    if type(here) is type(new) is warmup:
        return warmup(new.steps, taken_over(here.after, new.after))
    return new
