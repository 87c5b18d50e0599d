"""safetensors: the length of a header, the header in JSON, and the numbers. Everything is little-endian.

The header gives each tensor's type, its shape, and the first and last byte of its numbers. The tensors lie side by
side, and fill the file. Their numbers lie in C order. The format has strings beside the tensors: one of them, VALUES,
holds the plain values of a state in JSON. It has no checksum, so a changed number is not noticed; an npz has one.
"""

from __future__ import annotations

import json
import math
import os
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np

from autograd.backend import Array, to_numpy
from autograd.bfloat16 import is_bfloat16
from autograd.files import path_of_file, replacing
from autograd.formats.damage import check_weight, parse_json
from autograd.formats.dtypes import BFLOAT16, itemsize, numbers_of
from autograd.formats.values import from_json, separated

__all__ = ["read", "recognises", "values", "write"]

DTYPES = {
    "F64": "f8", "F32": "f4", "F16": "f2", "BF16": BFLOAT16, "I64": "i8", "I32": "i4", "I16": "i2", "I8": "i1",
    "U64": "u8", "U32": "u4", "U16": "u2", "U8": "u1", "BOOL": "?", "C64": "c8",
}  # fmt: skip
NAMES = {np.dtype(dtype): name for name, dtype in DTYPES.items() if dtype != BFLOAT16}
NDIM = 64  # NumPy's most
METADATA, VALUES = "__metadata__", "values"


def recognises(file: IO[bytes], limit: int) -> bool:
    """True if JSON begins after the eight bytes of a length."""
    return file.read(9)[8:] == b"{"


def read(file: IO[bytes], limit: int) -> dict[str, Any]:
    """The arrays by name, read-only views of the content, and the plain values.

    bfloat16 becomes float32 in the files of others, who often keep weights in it that are computed with in float32.
    """
    content = file.read()
    start = 8 + int.from_bytes(content[:8], "little")
    if start > len(content):
        raise ValueError(f"it is cut short: the header should end at byte {start} of {len(content)}")
    header = parse_json(content[8:start], limit - len(content))
    if not isinstance(header, dict):
        raise ValueError("its header must be an object in JSON")
    ours = is_ours(header.get(METADATA))
    found = plain_values(header.pop(METADATA, None), limit - len(content))
    if found.keys() & header.keys():
        raise ValueError("the plain values must have names of their own")
    body = memoryview(content)[start:]
    position = 0
    for name, entry in sorted(header.items(), key=first_byte):
        first, last = entry["data_offsets"]
        if first != position:
            raise ValueError(f"{name:.80} must begin where the one before ends, at byte {position}, not at {first}")
        position = last
    if position != len(body):
        raise ValueError(f"its tensors should end at byte {position}, and it has {len(body)}")
    return {name: tensor(name, entry, body, ours) for name, entry in header.items()} | found


def values(file: IO[bytes], limit: int) -> dict[str, Any]:
    """The plain values by name; the tensors are not looked at."""
    length = int.from_bytes(file.read(8), "little")
    if length > limit:
        raise ValueError(f"its header should have {length} bytes")
    header = parse_json(file.read(length), limit)
    if not isinstance(header, dict):
        raise ValueError("its header must be an object in JSON")
    return plain_values(header.get(METADATA), limit)


def is_ours(metadata: Any) -> bool:
    """Was the file written here?"""
    return isinstance(metadata, dict) and metadata.get("format") == "autograd"


def plain_values(metadata: Any, limit: int) -> dict[str, Any]:
    """The plain values that `write` has put beside the tensors; none in the files of others."""
    text = metadata.get(VALUES) if is_ours(metadata) else None
    if text is None:
        return {}
    found = from_json(parse_json(text.encode(), limit))
    if not isinstance(found, dict):
        raise ValueError("the plain values must be an object in JSON")
    return found


def write(path: str | os.PathLike[str], state: Mapping[str, Any]) -> None:
    """Writes arrays and plain values by name, to exactly this path. A link is followed.

    Raises TypeError for an entry that `read` would not give back, such as an array of text or of complex128, and
    FileNotFoundError without the folder.
    """
    arrays, plain = separated(state)
    for name, x in arrays.items():
        if name_of(x.dtype) is None or name == METADATA:
            given = f"of {x.dtype}: use astype, or an npz" if name != METADATA else "of this name"
            raise TypeError(f"{name} must be what a safetensors file holds ({', '.join(DTYPES)}), not {given}")
    text = json.dumps(plain)
    check_weight(text.encode())
    header: dict[str, Any] = {}
    if plain or any(is_bfloat16(x.dtype) for x in arrays.values()):
        header = {METADATA: {"format": "autograd", VALUES: text}}
    order = sorted(arrays, key=lambda name: -arrays[name].dtype.itemsize)  # so each begins at a multiple of its size
    position = 0
    for name in order:
        x = arrays[name]
        offsets = [position, position := position + x.nbytes]
        header[name] = {"dtype": name_of(x.dtype), "shape": x.shape, "data_offsets": offsets}
    head = json.dumps({name: header[name] for name in [*(header.keys() - arrays.keys()), *arrays]}).encode()
    head += b" " * (-len(head) % 8)
    check_weight(head)
    with replacing(Path(path_of_file(path))) as temporary, open(temporary, "wb") as file:
        file.write(struct.pack("<Q", len(head)) + head)
        for name in order:
            x = to_numpy(arrays[name])
            file.write(np.ascontiguousarray(x, x.dtype.newbyteorder("<")).reshape(-1).view(np.uint8).data)


def name_of(dtype: np.dtype[Any]) -> str | None:
    """The type in the words of the format; None for one that it has not."""
    return "BF16" if is_bfloat16(dtype) else NAMES.get(dtype.newbyteorder("="))


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


def tensor(name: str, entry: dict[str, Any], body: memoryview, ours: bool) -> Array:
    """The array that an entry describes."""
    first, last = entry["data_offsets"]
    try:
        return numbers_of(body[first:last], DTYPES[entry["dtype"]], native=ours).reshape(entry["shape"])
    except ValueError as error:
        raise ValueError(f"{name:.80}: {error}") from error
