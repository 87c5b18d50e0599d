"""npz: a zip of one `.npy` for each array, and of `state.json` for all other values. No pickle.

`numpy.load` reads the arrays, and `read` reads files of `numpy.savez`. The same state gives the same bytes.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

import numpy as np

from autograd.backend import is_array, to_numpy
from autograd.files import replacing

__all__ = ["JSON", "read", "recognises", "write"]

JSON = "state.json"  # {"arrays": the names of all arrays, "values": everything else}


def recognises(file: IO[bytes]) -> bool:
    """True for any zip."""
    return file.read(2) == b"PK"


def read(file: IO[bytes]) -> dict[str, Any]:
    """The arrays and the plain values by name. The checksum of a member is tested before its content is parsed."""
    arrays: dict[str, Any] = {}
    record: dict[str, Any] = {}  # stays empty for a file of numpy.savez
    with ZipFile(file) as archive:
        for name in archive.namelist():
            content = archive.read(name)
            if name == JSON:
                record = json.loads(content)
                continue
            stream = io.BytesIO(content)
            arrays[name.removesuffix(".npy")] = np.lib.format.read_array(stream, allow_pickle=False)
            if stream.read(1):
                raise ValueError(f"{name} goes on after its end")
    if record and record["arrays"] != list(arrays):
        raise ValueError(f"the arrays must be {record['arrays']}, not {list(arrays)}")
    return arrays | record.get("values", {})


def write(path: str | os.PathLike[str], state: Mapping[str, Any], *, compress: bool = False) -> None:
    """Writes arrays and plain values by name, to exactly this path. A link is followed.

    Raises TypeError for an entry that is neither an array nor fit for JSON, and FileNotFoundError without the folder.
    """
    arrays, values = separated(state)
    target = Path(os.path.realpath(path))
    if not target.parent.is_dir():
        raise FileNotFoundError(f"path must be in a folder that exists, not in {target.parent}: create it first")
    if target.is_dir():
        raise IsADirectoryError(f"path must be a file, not the folder {target}: add a name")
    method = ZIP_DEFLATED if compress else ZIP_STORED
    with replacing(target) as temporary, ZipFile(temporary, "x", method) as archive:
        archive.writestr(JSON, json.dumps({"arrays": list(arrays), "values": values}), method)
        for name, array in arrays.items():
            with archive.open(name + ".npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, to_numpy(array), allow_pickle=False)


def separated(state: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The arrays of a state, and its plain values. Raises TypeError for an entry that is neither."""
    arrays, values = {}, {}
    for name, x in state.items():
        if not isinstance(name, str) or "\0" in name:
            raise TypeError(f"a name in a state must be a string without a null character, not {name!r:.40}")
        if is_array(x) or isinstance(x, np.generic):
            if x.dtype.hasobject:
                raise TypeError(f"{name} must be an array of numbers or text, not of Python objects")
            arrays[name] = x
        else:
            values[name] = x
            try:
                json.dumps(x)
            except (TypeError, ValueError) as error:
                raise TypeError(f"{name} must be an array or fit for JSON, not {type(x).__name__}: {error}") from error
    return arrays, values
