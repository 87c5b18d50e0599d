"""The IDX format, in which MNIST and its kin are published.

A file is a header and an array in row-major order, all of it big-endian:

    0 0 type ndim | size_1 … size_ndim, four bytes each | the elements
"""

import math
import struct

import numpy as np
from numpy.typing import NDArray

__all__ = ["parse_idx"]

DTYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def parse_idx(content: bytes) -> NDArray[np.generic]:
    """The array in the bytes of an IDX file, as a new array in the machine's byte order.

    ValueError if the bytes are not exactly one IDX array: too few and too many are both refused.

    >>> parse_idx(bytes([0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 3, 7, 8, 9]))
    array([[7, 8, 9]], dtype=uint8)
    """
    dtype, ndim = read_magic(content)
    start = 4 + 4 * ndim
    if len(content) < start:
        raise ValueError(f"an IDX header of {ndim} dimensions has {start} bytes; the file has {len(content)}")
    shape = struct.unpack_from(f">{ndim}I", content, 4)
    expected = start + math.prod(shape) * dtype.itemsize
    if len(content) != expected:
        raise ValueError(
            f"an IDX file of shape {shape} and type {dtype.name} has {expected} bytes; "
            f"this one has {len(content)}: it is {'cut short' if len(content) < expected else 'too long'}"
        )
    return np.frombuffer(content, dtype, offset=start).reshape(shape).astype(dtype.newbyteorder("="))


def read_magic(content: bytes) -> tuple[np.dtype[np.generic], int]:
    """The element type and the number of dimensions, from the first four bytes."""
    if content[:2] == b"\x1f\x8b":
        raise ValueError("this is a gzip file, not an IDX file: give parse_idx the result of gzip.decompress")
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] not in DTYPES:
        raise ValueError(
            f"not an IDX file: it begins with {content[:4].hex(' ') or 'nothing'}; an IDX file begins with "
            f"00 00, one of {' '.join(f'{code:02x}' for code in DTYPES)}, and the number of dimensions"
        )
    return np.dtype(DTYPES[content[2]]), content[3]
