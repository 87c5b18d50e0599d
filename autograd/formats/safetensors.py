"""safetensors: the length of a header, the header in JSON, and the numbers. Everything is little-endian.

The header gives each tensor's type, its shape, and the first and last byte of its numbers.
"""

from __future__ import annotations

import json
from typing import IO

from autograd.backend import Array
from autograd.formats.dtypes import BFLOAT16, numbers_of

__all__ = ["read", "recognises"]

DTYPES = {
    "F64": "f8", "F32": "f4", "F16": "f2", "BF16": BFLOAT16, "I64": "i8", "I32": "i4", "I16": "i2", "I8": "i1",
    "U64": "u8", "U32": "u4", "U16": "u2", "U8": "u1", "BOOL": "?",
}  # fmt: skip


def recognises(file: IO[bytes]) -> bool:
    """True if JSON begins after the eight bytes of a length."""
    return file.read(9)[8:] == b"{"


def read(file: IO[bytes]) -> dict[str, Array]:
    """The arrays by name, read-only views of the content. bfloat16 becomes float32."""
    content = file.read()
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])
    body = memoryview(content)[start:]
    arrays = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        first, last = entry["data_offsets"]
        if not 0 <= first <= last <= len(body):
            raise ValueError(f"it is cut short: {name} ends at byte {last} of {len(body)}")
        arrays[name] = numbers_of(body[first:last], DTYPES[entry["dtype"]]).reshape(entry["shape"])
    return arrays
