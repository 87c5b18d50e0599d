"""Choosing elements by a mask."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.backend import Array, namespace

BITS: dict[Any, Any] = {np.dtype(f"f{n}"): np.dtype(f"i{n}") for n in (2, 4, 8)}


def masked(x: Array, mask: Array) -> Array:
    """x where the mask holds, 0 elsewhere: also where x is infinite or nan, of which a product with 0 would be nan.

    So the bits are multiplied, as integers: on a random mask `where` takes NumPy fifteen times as long.
    """
    xp, bits = namespace(x, mask), BITS.get(x.dtype)
    if bits is None or not x.shape:
        return xp.where(mask, x, 0)[()]
    y = xp.empty_like(x)
    xp.multiply(x.view(bits), mask, out=y.view(bits))  # and not a view of the product: of a gradient that is a view,
    return y  # the engine makes a copy
