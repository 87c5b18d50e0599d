"""File formats: arrays by name, to and from files. Writing is whole or not at all, and reading runs nothing in a file.

A new format is one module in this folder and one entry in FORMATS. The module has two functions:

    recognises(file)   True if the content of an open file looks like this format, whatever the name of the file
    read(file)         the arrays of an open file by name; plain values may be among them

`read` may raise whatever its parser raises on damaged content: `damage.reading` turns it into one ValueError.
A format that can be written has `write(path, arrays)` too, on `autograd.files.replacing`.
"""

from __future__ import annotations

import os
from typing import IO, Any, Protocol

from autograd.backend import Array, is_array
from autograd.formats import npz, safetensors, torch
from autograd.formats.damage import reading

__all__ = ["FORMATS", "Format", "read_weights"]


class Format(Protocol):
    """What a module of this folder offers."""

    def recognises(self, file: IO[bytes]) -> bool: ...
    def read(self, file: IO[bytes]) -> dict[str, Any]: ...


# In the order in which they are asked. The length that begins a safetensors file can look like another format, and a
# file of PyTorch is a zip like an npz.
FORMATS: tuple[Format, ...] = (safetensors, torch, npz)


def read_weights(path: str | os.PathLike[str]) -> dict[str, Array]:
    """The arrays of a file by name: `.pth` of PyTorch (old format and zip), `.safetensors` or `.npz`.

    The content decides which format it is, not the name. Nothing in the file is run: a pickle that asks for more than
    tensors is refused. Arrays from `.pth` and `.safetensors` are read-only.
    Raises FileNotFoundError, and ValueError for a file that is damaged or has another format.
    """
    with reading(path, "file of weights") as file:
        for form in FORMATS:
            file.seek(0)
            if form.recognises(file):
                file.seek(0)
                return {name: x for name, x in form.read(file).items() if is_array(x)}
        file.seek(0)
        raise ValueError(f"a zip, a pickle or safetensors cannot begin with {file.read(9).hex(' ') or 'nothing'}")
