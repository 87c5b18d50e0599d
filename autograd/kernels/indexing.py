"""Adding into an array at an index."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.backend import Array, namespace
from autograd.shapes import Shape


def add_at(x: Array, index: Any, shape: Shape) -> Array:
    """Zeros of `shape` with x added at `index`; an element named twice receives twice.

    Slices and single integers name no element twice, and a mask neither: there an assignment does it, much faster.
    """
    xp = namespace(x)
    y = xp.zeros(shape, x.dtype)
    parts = index if isinstance(index, tuple) else (index,)
    mask = len(parts) == 1 and getattr(parts[0], "dtype", None) == np.bool_
    if mask or all(part is None or part is ... or isinstance(part, (int, slice)) for part in parts):
        y[index] = x
    else:
        xp.add.at(y, index, x)
    return y
