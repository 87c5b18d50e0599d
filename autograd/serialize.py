"""Save and load: `.npz` files, written whole or not at all, without pickle.

    serialize.save(model, "model.npz")
    serialize.load(model, "model.npz")

Anything with `state_dict` and `load_state_dict` can be saved: layers, optimizers, data loaders. The file is a zip of a
`.npy` for each array, which `numpy.load` reads too, and a `state.json` for everything else. It knows no device: what
was saved on a GPU loads on the CPU, and the other way round.
"""

from __future__ import annotations

import contextlib
import io
import json
import lzma
import os
import secrets
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np

from autograd.backend import is_array, to_numpy

JSON = "state.json"
Name = str | os.PathLike[str]
BROKEN = (  # what zipfile, json and NumPy raise on a damaged file
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, OSError, EOFError, LookupError, OverflowError,
    NotImplementedError, RuntimeError, ValueError, TypeError, AttributeError,
)  # fmt: skip


def save(source: Any, path: Name, *, compress: bool = False) -> None:
    """Writes the state of `source` (or the dict `source` itself) to exactly this path, by convention `*.npz`.

    The file is written under another name in the same folder, forced to disk, and put in the place of the old one in
    one step: whatever happens, there is the old file or the new one. A link is followed.

    Raises:
        TypeError: `source` is neither a dict nor has a state_dict; an entry is neither an array nor fit for JSON.
        RuntimeError: a layer does not know its sizes yet, and so has nothing to save.
        FileNotFoundError: there is no such folder.
    """
    state = source if isinstance(source, Mapping) else method(source, "state_dict")()
    arrays, values = separated(state)
    target = Path(os.path.realpath(path))
    if not target.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {target.parent} to save {target.name} in: create it first")
    if target.is_dir():
        raise IsADirectoryError(f"{target} is a folder: give the name of a file in it")
    with replacing(target) as file:
        kind = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
        with zipfile.ZipFile(file, "w", kind) as archive:
            archive.writestr(JSON, json.dumps({"arrays": list(arrays), "values": values}), kind)
            for name, array in arrays.items():
                with archive.open(name + ".npy", "w", force_zip64=True) as member:
                    np.lib.format.write_array(member, to_numpy(array), allow_pickle=False)


def load(target: Any, path: Name) -> None:
    """Loads the file into `target`, which has a `load_state_dict`, such as the same model made anew.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is damaged or no `.npz`, or does not fit: names, shapes, dtypes. It says which, and the
            target is as before.
    """
    take = method(target, "load_state_dict")
    state = read(path)
    try:
        take(state)
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{os.fspath(path)} does not fit this {type(target).__name__}: {error}") from error


def read(path: Name) -> dict[str, Any]:
    """The state in the file: NumPy arrays and plain values by name.

    Raises FileNotFoundError where there is no such file, and ValueError for one that is damaged or no `.npz`.
    """
    with open(path, "rb") as file:
        try:
            return contents(file)
        except BROKEN as error:
            raise ValueError(f"{os.fspath(path)} is damaged or no .npz file: {error}") from error


def contents(file: IO[bytes]) -> dict[str, Any]:
    """The arrays and values of an open `.npz`; each entry is compared with its checksum before it is looked at."""
    arrays: dict[str, Any] = {}
    record: dict[str, Any] = {}  # a file of numpy.savez has none
    with zipfile.ZipFile(file) as archive:
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
        raise ValueError(f"the arrays should be {record['arrays']}, but are {list(arrays)}")
    return arrays | record.get("values", {})


def separated(state: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The entries that are arrays, and the others. Raises TypeError for what can be saved as neither."""
    arrays, values = {}, {}
    for name, x in state.items():
        if not isinstance(name, str) or "\0" in name:
            raise TypeError(f"the names in a state are strings, not {name!r:.40}")
        if is_array(x) or isinstance(x, np.generic):
            if x.dtype.hasobject:
                raise TypeError(f"{name}: an array of Python objects cannot be saved without pickle")
            arrays[name] = x
        else:
            values[name] = x
            try:
                json.dumps(x)
            except (TypeError, ValueError) as error:
                raise TypeError(f"{name}: {type(x).__name__} is neither an array nor fit for JSON: {error}") from error
    return arrays, values


def method(x: Any, name: str) -> Any:
    if isinstance(x, type):
        raise TypeError(f"{x.__name__} is a class: make a layer, an optimizer or a data loader of it first")
    found = getattr(x, name, None)
    if not callable(found):
        raise TypeError(f"{type(x).__name__} has no {name}: give a layer, an optimizer or a data loader")
    return found


@contextlib.contextmanager
def replacing(target: Path) -> Iterator[IO[bytes]]:
    """A new file that takes the place of `target` when the block ends, and vanishes if it fails."""
    temporary = target.with_name(f".{secrets.token_hex(8)}.tmp")  # the same folder, because a rename crosses no disk
    try:
        with open(temporary, "xb") as file:  # unlike mkstemp's, its mode is what the umask says
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if os.name == "posix":  # the new name must be on the disk too
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
