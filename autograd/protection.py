"""Gradients have many owners: a `backward` that a user wrote sees them read-only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

__all__ = ["protected"]


@contextmanager
def protected(f: Any, gys: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """The gradients for `f.backward`, which cannot be edited meanwhile: NumPy's arrays are locked, others copied.

    Raises RuntimeError where `backward` tries it.
    """
    arrays = [getattr(gy, "value", gy) for gy in gys]
    locked = [a for a in arrays if isinstance(a, np.ndarray) and a.flags.writeable]
    foreign = [not isinstance(a, (np.ndarray, np.generic)) for a in arrays]
    for array in locked:
        array.flags.writeable = False
    try:
        yield [gy.copy() if other and gy is a else gy for gy, a, other in zip(gys, arrays, foreign)]
    except ValueError as error:
        if "read-only" not in str(error):
            raise
        name = type(f).__name__
        raise RuntimeError(
            f"{name}.backward writes into the gradient that it is given, which belongs to others too: "
            "make a copy first, gy = gy.copy()"
        ) from error
    finally:
        for array in locked:
            array.flags.writeable = True
