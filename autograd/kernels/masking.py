"""Choosing elements by a mask."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.backend import Array, namespace

BITS: dict[Any, Any] = {np.dtype(f"f{n}"): np.dtype(f"i{n}") for n in (2, 4, 8)}


def masked(x: Array, mask: Array) -> Array:
    """x where the mask holds, 0 elsewhere: also where x is infinite or nan, of which a product with 0 would be nan.

    So the bits are multiplied, as integers. On a random mask `where` takes NumPy fifteen times as long.
    """
    bits = BITS.get(x.dtype)
    return namespace(x, mask).where(mask, x, 0) if bits is None else (x.view(bits) * mask).view(x.dtype)
