"""File formats: arrays by name, to and from files. Writing is whole or not at all, and reading runs nothing in a file.

A new format is one module in this folder and one entry in FORMATS. The module has two functions:

    recognises(file, limit)   True if the content of an open file looks like this format, whatever the file's name
    read(file, limit)         the arrays of an open file by name; plain values may be among them

`read` may raise whatever its parser raises on damaged content: `damage.reading` turns it into one ValueError. It takes
at most `limit` bytes of memory, whatever the file says: it compares sizes before it makes arrays.
A format that can be written has `write(path, arrays)` too, on `autograd.files.replacing`.
"""

from __future__ import annotations

import os
from typing import IO, Any, Protocol

from autograd.backend import Array, is_array
from autograd.checks import whole
from autograd.formats import npz, onnx, safetensors, torch
from autograd.formats.damage import limit_of, reading

__all__ = ["FORMATS", "Format", "onnx", "read_weights"]


class Format(Protocol):
    """What a module of this folder offers."""

    def recognises(self, file: IO[bytes], limit: int) -> bool: ...
    def read(self, file: IO[bytes], limit: int) -> dict[str, Any]: ...


# In the order in which they are asked. The length that begins a safetensors file can look like another format, and a
# file of PyTorch is a zip like an npz.
FORMATS: tuple[Format, ...] = (safetensors, torch, npz)


def read_weights(path: str | os.PathLike[str], *, most: int | None = None) -> dict[str, Array]:
    """The arrays of a file by name: `.pth` of PyTorch (old format and zip), `.safetensors` or `.npz`.

    The content decides which format it is, not the name. Nothing in the file is run: a pickle that asks for more than
    tensors is refused. Arrays from `.pth` and `.safetensors` are read-only.
    A compressed file may unpack to four times its size and 32 MB, or to `most` bytes if that is more: a few bytes could
    fill the memory otherwise.
    Raises FileNotFoundError if there is no such file, and ValueError for a file that is damaged, too large, or has
    another format.
    """
    most = None if most is None else whole("read_weights: most", most, 0)
    with reading(path, "file of weights") as file:
        limit = limit_of(file, most)
        for form in FORMATS:
            file.seek(0)
            if form.recognises(file, limit):
                file.seek(0)
                return {name: x for name, x in form.read(file, limit).items() if is_array(x)}
        file.seek(0)
        raise ValueError(f"a zip, a pickle or safetensors cannot begin with {file.read(9).hex(' ') or 'nothing'}")
