"""Numbers from bytes, in the types that files have and NumPy may lack."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["BFLOAT16", "itemsize", "numbers_of"]

BFLOAT16 = "bfloat16"  # the upper half of a float32; all other types are named as in NumPy


def itemsize(dtype: str) -> int:
    """The bytes of a number in a file."""
    return np.dtype("u2" if dtype == BFLOAT16 else dtype).itemsize


def numbers_of(content: Any, dtype: str, order: Any = "<") -> Any:
    """The numbers in these bytes, in the machine's byte order. bfloat16 becomes float32."""
    if dtype == BFLOAT16:
        return (np.frombuffer(content, order + "u2").astype(np.uint32) << 16).view(np.float32)
    native = np.dtype(dtype)
    return np.frombuffer(content, native.newbyteorder(order)).astype(native, copy=False)
