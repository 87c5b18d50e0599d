"""Gradients have many owners: what a user wrote, a `backward` or a formula of an optimizer, sees them read-only.

What a `backward` gives belongs to it alone.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

__all__ = ["owned", "protected"]


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
