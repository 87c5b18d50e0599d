"""Gradients have many owners: what a user wrote, a `backward` or a formula of an optimizer, sees them read-only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

__all__ = ["protected"]


@contextmanager
def protected(writer: str, gys: Iterable[Any]) -> Iterator[list[Any]]:
    """The gradients for the function `writer`, which cannot edit them: NumPy's arrays are locked, others copied.

    Raises RuntimeError where it tries.
    """
    gys = list(gys)
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
        raise RuntimeError(
            f"{writer} writes into the gradient that it is given, which belongs to others too: "
            "make a copy first, such as gy = gy.copy()"
        ) from error
    finally:
        for array in locked:
            array.flags.writeable = True
