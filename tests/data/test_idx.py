import gzip
import struct

import numpy as np
import pytest

from autograd.data import parse_idx


def idx(code, shape, payload):
    return struct.pack(f">4B{len(shape)}I", 0, 0, code, len(shape), *shape) + payload


@pytest.mark.parametrize(
    ("code", "letter", "dtype"),
    [
        (0x08, "B", np.uint8),
        (0x09, "b", np.int8),
        (0x0B, "h", np.int16),
        (0x0C, "i", np.int32),
        (0x0D, "f", np.float32),
        (0x0E, "d", np.float64),
    ],
)
def test_every_type_of_the_format_is_read(code, letter, dtype):
    array = parse_idx(idx(code, (2, 3), struct.pack(f">6{letter}", 0, 1, 2, 3, 100, 127)))
    assert array.dtype == dtype
    assert array.dtype.isnative
    assert array.tolist() == [[0, 1, 2], [3, 100, 127]]
    array[0, 0] = 5  # it is a new array, not a view of the bytes


def test_bytes_are_big_endian():
    assert parse_idx(idx(0x0C, (1,), b"\x01\x02\x03\x04"))[0] == 0x01020304


@pytest.mark.parametrize("shape", [(0,), (0, 28, 28), (3, 0)])
def test_an_array_may_be_empty(shape):
    assert parse_idx(idx(8, shape, b"")).shape == shape


def test_an_array_may_have_no_dimensions():
    assert parse_idx(idx(8, (), b"\x07")) == 7


GOOD = idx(8, (2, 3), b"abcdef")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "must begin with .* not nothing"),
        (b"\0\0\x08", "an IDX file must begin with"),
        (b"\x01" + GOOD[1:], "not 01 00 08 02"),
        (b"\0\x01" + GOOD[2:], "an IDX file must begin with"),
        (b"\0\0\x0a" + GOOD[3:], "one of 08 09 0b 0c 0d 0e"),
        (GOOD[:11], "header of 2 dimensions must have 12 bytes, not 11"),
        (GOOD[:-1], r"shape \(2, 3\) and type uint8 must have 18 bytes, not 17: it is cut short"),
        (GOOD + b"g", "not 19: it is too long"),
        (idx(8, (2**32 - 1,) * 8, b"abc"), "cut short"),  # a size that overflows 64 bits
        (gzip.compress(GOOD, mtime=0), "gzip.decompress"),  # mtime: the name of the test must not hold the time,
    ],
)
def test_anything_else_is_refused(content, message):
    with pytest.raises(ValueError, match=message):
        parse_idx(content)
