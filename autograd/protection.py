"""Gradients have many owners: a `backward` that a user wrote sees them read-only, and gives arrays of its own."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

__all__ = ["owned", "protected"]


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


ALONE = 3  # the references to an array that only a tuple of gradients has: it, a local name, an argument


def owned(f: Any, gxs: Any, gys: Sequence[Any]) -> Any:
    """What a user's `f.backward` returned, with copies of the arrays that belong to somebody else too: its state, say.

    Raises TypeError for NumPy's matrices and masked arrays.
    """
    gxs = gxs if isinstance(gxs, (tuple, list)) else (gxs,)
    for gx in gxs:
        if isinstance(gx, np.ndarray) and type(gx) is not np.ndarray:
            raise TypeError(f"{type(f).__name__}.backward must give arrays, not {type(gx).__name__}: np.asarray(gx)")
    given = {id(gy) for gy in gys}
    gx = None
    return tuple(
        [
            gx.copy() if type(gx) is np.ndarray and id(gx) not in given and sys.getrefcount(gx) > ALONE else gx
            for gx in gxs
        ]
    )
