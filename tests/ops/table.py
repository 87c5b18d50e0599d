"""The vocabulary of the op table: an `Op` is a function, an independent reference, and the inputs that it is tried on.

Each topic has a file `tests/ops/<topic>_ops.py` with a list `OPS`; `tests/test_ops.py` drives forward, gradients,
dtypes, layouts and wrong inputs from all of them, and the other backend too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Case:
    """One call `f(*args, **options)`. Floating-point arrays among `args` are the inputs that gradients are taken in."""

    args: tuple[Any, ...]
    options: dict[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        shown = [f"{a.dtype}{list(a.shape)}" if isinstance(a, np.ndarray) else repr(a)[:30] for a in self.args]
        return "(" + ", ".join(shown + [f"{k}={v!r}"[:40] for k, v in self.options.items()]) + ")"


@dataclass(frozen=True)
class Wrong:
    """A call that must raise `error` with a message that matches the regular expression `match`."""

    error: type[Exception]
    match: str
    args: tuple[Any, ...]
    options: dict[str, Any]


@dataclass(frozen=True)
class Op:
    """A row of the table.

    `f` is the public function; `reference` takes the same arguments as plain NumPy arrays and returns the expected
    array (or tuple of arrays), by another way than the implementation. `order` is the highest order of derivative that
    is checked (3 unless there is a reason, which stands beside it; 0 for what has no gradient).
    """

    name: str
    f: Callable[..., Any]
    reference: Callable[..., Any]
    cases: Sequence[Case]
    wrong: Sequence[Wrong]
    order: int = 3

    def __repr__(self) -> str:
        return self.name


def case(*args: Any, **options: Any) -> Case:
    return Case(args, options)


def wrong(error: type[Exception], match: str, *args: Any, **options: Any) -> Wrong:
    return Wrong(error, match, args, options)


def normal(*shape: int, seed: int = 0, low: float | None = None, high: float | None = None) -> np.ndarray:
    """Float64 numbers of the standard normal distribution; with `low` or `high`, uniform between the two instead."""
    rng = np.random.default_rng([seed, *shape])
    if low is None and high is None:
        return np.asarray(rng.standard_normal(shape))
    return np.asarray(rng.uniform(-3.0 if low is None else low, 3.0 if high is None else high, shape))


def away_from(x: np.ndarray, *points: float, gap: float = 0.05) -> np.ndarray:
    """`x` with elements nearer than `gap` to one of the points (kinks, where no derivative is) moved away."""
    for p in points:
        x = np.where(np.abs(x - p) < gap, p + np.where(x < p, -gap, gap), x)
    return np.asarray(x)


def strided(x: np.ndarray) -> np.ndarray:
    """The same values as a view that is not contiguous: every second element of a larger array, in reversed order."""
    large = np.zeros(tuple(2 * n for n in x.shape), x.dtype)
    view = large[(*(slice(None, None, -2) for _ in x.shape), ...)]
    view[...] = x
    return view


def unary(
    low: float | None = None, high: float | None = None, points: Sequence[float] = (), **options: Any
) -> list[Case]:
    """Seventeen cases for a function of one array, with values in [low, high] and away from `points`."""

    def x(*shape: int, seed: int = 0) -> np.ndarray:
        return away_from(normal(*shape, seed=seed, low=low, high=high), *points)

    shapes = [(), (1,), (3,), (7,), (0,), (2, 3), (1, 3), (3, 1), (0, 3), (2, 0, 2), (2, 3, 4), (2, 1, 2, 2)]
    arrays = [x(*shape, seed=i) for i, shape in enumerate(shapes)]
    arrays += [strided(x(5)), strided(x(3, 4)), x(3, 4).T, np.broadcast_to(x(1, 3), (2, 3)), x(2, 3).astype(np.float32)]
    return [case(a, **options) for a in arrays]


def pairs(low: float | None = None, high: float | None = None, **options: Any) -> list[Case]:
    """Twenty-five cases for a function of two arrays that are broadcast against each other."""

    def x(*shape: int, seed: int = 0) -> np.ndarray:
        return normal(*shape, seed=seed, low=low, high=high)

    shapes: list[tuple[tuple[int, ...], tuple[int, ...]]] = [
        ((), ()), ((3,), (3,)), ((2, 3), (2, 3)), ((2, 3), (3,)), ((3,), (2, 3)), ((2, 3), ()), ((), (2, 3)),
        ((2, 1), (1, 3)), ((2, 3), (2, 1)), ((1,), (4,)), ((4,), (1,)), ((0,), (1,)), ((0, 3), (3,)), ((2, 0), (1, 0)),
        ((2, 3, 4), (3, 1)), ((1, 1, 1), (2, 2)), ((2, 1, 4), (3, 1)), ((1, 2), (2, 1)),
    ]  # fmt: skip
    cases = [case(x(*a, seed=1), x(*b, seed=2), **options) for a, b in shapes]
    y = x(2, 3, seed=4)
    cases += [case(strided(x(2, 3)), y, **options), case(x(3, 2).T, strided(y), **options)]
    cases += [
        case(x(2, 3).astype(np.float32), y.astype(np.float32), **options),
        case(x(2, 3).astype(np.float32), y, **options),
    ]
    cases += [case(x(2, 3), 2.0, **options), case(2.0, y, **options), case(x(3), 3, **options)]
    return cases
