"""A number that was computed from sums over samples, and so can be continued with more samples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["Measure", "total"]


class Measure(float):
    """formula(*sums), with the sums: `a.joined(b)` is the measure of the samples of both, not the mean of a and b.

    A sum is a number, an array of counts, or anything else with `+`. Of two vectors of counts the shorter one
    gets zeros: it is of fewer classes. In all other ways a Measure is a float.

    >>> parts = [Measure(lambda right, n: right / n, 1, 1), Measure(lambda right, n: right / n, 0, 3)]
    >>> parts[0].joined(parts[1])
    0.25
    """

    formula: Callable[..., float]
    sums: tuple[Any, ...]

    def __new__(cls, formula: Callable[..., float], *sums: Any) -> Measure:
        measure = super().__new__(cls, formula(*sums))
        measure.formula, measure.sums = formula, sums
        return measure

    def joined(self, other: Measure) -> Measure:
        """The measure of the samples of both."""
        return Measure(self.formula, *[total(a, b) for a, b in zip(self.sums, other.sums)])

    def __reduce__(self) -> Any:
        return Measure, (self.formula, *self.sums)


def total(a: Any, b: Any) -> Any:
    """a + b; of two vectors of counts that of all classes."""
    if not isinstance(a, np.ndarray) or a.shape == b.shape:
        return a + b
    C = max(len(a), len(b))
    return np.pad(a, (0, C - len(a))) + np.pad(b, (0, C - len(b)))
