"""The IDX format of MNIST and similar data sets.

A file is a header and an array in row-major order, all of it big-endian:

    0 0 type ndim | size_1 … size_ndim, four bytes each | the elements
"""

from __future__ import annotations

import math
import struct

import numpy as np
from numpy.typing import NDArray

__all__ = ["parse_idx"]

DTYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
NDIM = 64  # NumPy's most


def parse_idx(content: bytes) -> NDArray[np.generic]:
    """The array in the bytes of an IDX file, as a new array in the machine's byte order.

    Raises ValueError if the bytes are not exactly one IDX array: too few and too many are both refused.
    Raises TypeError for anything but bytes.

    >>> parse_idx(bytes([0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 3, 7, 8, 9]))
    array([[7, 8, 9]], dtype=uint8)
    """
    if not isinstance(content, (bytes, bytearray, memoryview)):
        raise TypeError(f"parse_idx takes the bytes of an IDX file, not {type(content).__name__}: use Path.read_bytes")
    dtype, ndim = read_magic(content)
    start = 4 + 4 * ndim
    if len(content) < start:
        raise ValueError(f"an IDX header of {ndim} dimensions must have {start} bytes, not {len(content)}")
    shape = struct.unpack_from(f">{ndim}I", content, 4)
    expected = start + math.prod(shape) * dtype.itemsize
    if len(content) != expected:
        raise ValueError(
            f"an IDX file of shape {shape} and type {dtype.name} must have {expected} bytes, not {len(content)}: "
            f"it is {'cut short' if len(content) < expected else 'too long'}"
        )
    return np.frombuffer(content, dtype, offset=start).reshape(shape).astype(dtype.newbyteorder("="))


def read_magic(content: bytes) -> tuple[np.dtype[np.generic], int]:
    """The element type and the number of dimensions, from the first four bytes."""
    if content[:2] == b"\x1f\x8b":
        raise ValueError("parse_idx takes the bytes of an IDX file, not of a gzip file: use gzip.decompress first")
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] not in DTYPES:
        raise ValueError(
            f"an IDX file must begin with 00 00, one of {' '.join(f'{code:02x}' for code in DTYPES)}, and the number "
            f"of dimensions, not {content[:4].hex(' ') or 'nothing'}"
        )
    if content[3] > NDIM:
        raise ValueError(f"an IDX file must have at most {NDIM} dimensions, not {content[3]}")
    return np.dtype(DTYPES[content[2]]), content[3]
