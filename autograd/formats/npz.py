"""npz: a zip of one `.npy` for each array, and of `state.json` for all other values. No pickle.

`numpy.load` reads the arrays, and `read` reads files of `numpy.savez`. The same state gives the same bytes.
"""

from __future__ import annotations

import ast
import json
import math
import os
import re
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

import numpy as np

from autograd.backend import to_numpy
from autograd.files import path_of_file, replacing
from autograd.formats.archive import Archive, Content
from autograd.formats.damage import check_weight, parse_json
from autograd.formats.dtypes import dtype_of_descr, tested
from autograd.formats.values import TAG, from_json, separated

__all__ = ["JSON", "read", "recognises", "values", "write"]

JSON = "state.json"  # {"arrays": the names of all arrays, "values": everything else, "tagged": see values.py}
HEADER = 10_000  # the most bytes of a header, as in NumPy


def recognises(file: IO[bytes], limit: int) -> bool:
    """True for any zip."""
    return file.read(2) == b"PK"


def read(file: IO[bytes], limit: int) -> dict[str, Any]:
    """The arrays and the plain values by name. Raises ValueError if they would take more bytes than `limit`."""
    arrays: dict[str, Any] = {}
    archive = Archive(file, limit)
    record = read_record(archive, limit)
    for name in archive.members:
        key = name.removesuffix(".npy")
        if name == JSON:
            continue
        if key in arrays:
            raise ValueError(f"it has the array {key:.80} twice")
        content = archive.open(name)
        arrays[key] = read_array(content)
        content.finish()
    if record and record["arrays"] != list(arrays):
        raise ValueError(f"the arrays must be {record['arrays']!r:.300}, not {list(arrays)!r:.300}")
    found = values_of(record)
    if found.keys() & arrays.keys():
        raise ValueError("the plain values must have names of their own")
    return arrays | found


def values(file: IO[bytes], limit: int) -> dict[str, Any]:
    """The plain values by name; the arrays are not looked at."""
    return values_of(read_record(Archive(file, limit), limit))


def read_record(archive: Archive, limit: int) -> dict[str, Any]:
    """What `write` has noted in JSON; empty for a file of numpy.savez."""
    if JSON not in archive.members:
        return {}
    text = archive.read(JSON)
    record: dict[str, Any] = parse_json(text, limit - archive.total + len(text))
    return record


def values_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """The plain values in the record of a file."""
    found = record.get("values", {})
    if not isinstance(found, dict):
        raise ValueError(f"the plain values must have names, not be {found!r:.40}")
    found = from_json(found) if record.get("tagged") else found
    return found


def read_array(content: Content) -> Any:
    """The array in a `.npy`. Its size is compared with the bytes that are there, before any memory is taken."""
    name = content.member.name
    start = content.read(8)
    wide = {b"\1\0": "<H", b"\2\0": "<I", b"\3\0": "<I"}.get(start[6:])
    if start[:6] != b"\x93NUMPY" or wide is None:
        raise ValueError(f"{name:.80} is no .npy")
    (length,) = struct.unpack(wide, content.read(struct.calcsize(wide)))
    if length > HEADER:
        raise ValueError(f"{name:.80} has a header of {length} bytes, and at most {HEADER} are read")
    shape, columns, dtype = parse_header(content.read(length).decode("utf-8" if start[6] == 3 else "latin1"))
    size = math.prod(shape) * dtype.itemsize
    if size != content.left:
        what = "goes on after its end" if size < content.left else "is cut short"
        raise ValueError(f"{name:.80} {what}: {dtype} {shape!r:.80} takes {size} bytes, not {content.left}")
    x = np.ndarray(shape, dtype, order="F" if columns else "C")
    if size:
        flat = (x.T if columns else x).reshape(-1)
        content.fill(flat.view(np.uint8).data)
    return tested(x)


def parse_header(text: str) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, order (True: by columns) and dtype from the header of a `.npy`."""
    try:
        header = ast.literal_eval(text.strip())
    except SyntaxError:
        header = ast.literal_eval(re.sub(r"(?<=\d)L\b", "", text.strip()))  # whole numbers of Python 2
    if not isinstance(header, dict) or header.keys() != {"descr", "fortran_order", "shape"}:
        raise ValueError("the header of a .npy must have descr, fortran_order and shape")
    shape, columns = header["shape"], header["fortran_order"]
    if not isinstance(shape, tuple) or not all(type(n) is int and 0 <= n < 1 << 63 for n in shape):
        raise ValueError(f"the shape of an array must be a tuple of whole numbers, not {shape!r:.80}")
    if type(columns) is not bool:
        raise ValueError(f"fortran_order must be True or False, not {columns!r:.40}")
    return shape, columns, dtype_of_descr(header["descr"])


def write(path: str | os.PathLike[str], state: Mapping[str, Any], *, compress: bool = False) -> None:
    """Writes arrays and plain values by name, to exactly this path. A link is followed.

    Raises TypeError for an entry that `read` would not give back, and FileNotFoundError without the folder.
    """
    arrays, values = separated(state)
    tagged = {"tagged": True} if f'"{TAG}"' in json.dumps(values) else {}
    record = json.dumps({"arrays": list(arrays), "values": values} | tagged).encode()
    check_weight(record)
    method = ZIP_DEFLATED if compress else ZIP_STORED
    with replacing(Path(path_of_file(path))) as temporary, ZipFile(temporary, "w", method) as archive:
        archive.writestr(JSON, record, ZIP_STORED)
        for name, array in arrays.items():
            with archive.open(name + ".npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, to_numpy(array), allow_pickle=False)
