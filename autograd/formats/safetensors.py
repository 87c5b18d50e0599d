"""safetensors: the length of a header, the header in JSON, and the numbers. Everything is little-endian.

The header gives each tensor's type, its shape, and the first and last byte of its numbers. The tensors lie side by
side, and fill the file.
"""

from __future__ import annotations

import math
from typing import IO, Any

from autograd.backend import Array
from autograd.formats.damage import parse_json
from autograd.formats.dtypes import BFLOAT16, itemsize, numbers_of

__all__ = ["read", "recognises"]

DTYPES = {
    "F64": "f8", "F32": "f4", "F16": "f2", "BF16": BFLOAT16, "I64": "i8", "I32": "i4", "I16": "i2", "I8": "i1",
    "U64": "u8", "U32": "u4", "U16": "u2", "U8": "u1", "BOOL": "?", "C64": "c8",
}  # fmt: skip
NDIM = 64  # NumPy's most


def recognises(file: IO[bytes], limit: int) -> bool:
    """True if JSON begins after the eight bytes of a length."""
    return file.read(9)[8:] == b"{"


def read(file: IO[bytes], limit: int) -> dict[str, Array]:
    """The arrays by name, read-only views of the content. bfloat16 becomes float32."""
    content = file.read()
    start = 8 + int.from_bytes(content[:8], "little")
    if start > len(content):
        raise ValueError(f"it is cut short: the header should end at byte {start} of {len(content)}")
    header = parse_json(content[8:start], limit - len(content))
    if not isinstance(header, dict):
        raise ValueError("its header must be an object in JSON")
    header.pop("__metadata__", None)
    body = memoryview(content)[start:]
    position = 0
    for name, entry in sorted(header.items(), key=first_byte):
        first, last = entry["data_offsets"]
        if first != position:
            raise ValueError(f"{name:.80} must begin where the one before ends, at byte {position}, not at {first}")
        position = last
    if position != len(body):
        raise ValueError(f"its tensors should end at byte {position}, and it has {len(body)}")
    return {name: tensor(name, entry, body) for name, entry in header.items()}


def whole_numbers(x: Any) -> bool:
    """True for a list of whole numbers of at most eight bytes, from 0."""
    return isinstance(x, list) and all(type(n) is int and 0 <= n < 1 << 63 for n in x)


def first_byte(item: tuple[str, Any]) -> tuple[int, int]:
    """First and last byte of a tensor. Raises ValueError if its entry does not describe one."""
    name, entry = item
    if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
        raise ValueError(f"{name:.80} must be described by dtype, shape and data_offsets")
    shape, offsets, dtype = entry["shape"], entry["data_offsets"], entry["dtype"]
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise ValueError(f"{name:.80} must have one of the types {', '.join(DTYPES)}, not {dtype!r:.40}")
    if not whole_numbers(shape) or len(shape) > NDIM:
        raise ValueError(f"the shape of {name:.80} must be a list of at most {NDIM} sizes, not {shape!r:.40}")
    if not whole_numbers(offsets) or len(offsets) != 2:
        raise ValueError(f"{name:.80} must have a first and a last byte, not {offsets!r:.40}")
    size = math.prod(shape) * itemsize(DTYPES[dtype])
    if size != offsets[1] - offsets[0]:
        raise ValueError(f"{name:.80}, {dtype} {shape!r:.80}, must have {size} bytes, not {offsets[1] - offsets[0]}")
    return offsets[0], offsets[1]


def tensor(name: str, entry: dict[str, Any], body: memoryview) -> Array:
    """The array that an entry describes."""
    first, last = entry["data_offsets"]
    try:
        return numbers_of(body[first:last], DTYPES[entry["dtype"]]).reshape(entry["shape"])
    except ValueError as error:
        raise ValueError(f"{name:.80}: {error}") from error
