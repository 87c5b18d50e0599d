"""One error for every way in which the content of a file can be wrong."""

from __future__ import annotations

import lzma
import os
import pickle
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

__all__ = ["DAMAGE", "reading"]

DAMAGE = (  # what the parsers of the standard library and of NumPy raise on damaged content
    *(EOFError, OSError, struct.error),  # the content ends too early
    *(ValueError, LookupError, TypeError, AttributeError),  # a header describes something impossible
    *(ArithmeticError, MemoryError),  # a header describes too large a size
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError),  # zip: the directory, a checksum, compressed bytes
    RuntimeError,  # zip: an encrypted member or an unknown compression; JSON: too many levels
    pickle.UnpicklingError,
    *(SyntaxError, tokenize.TokenError),  # npy: the header is a Python literal
)


@contextmanager
def reading(path: str | os.PathLike[str], kind: str) -> Iterator[IO[bytes]]:
    """The open file, for a block that parses it. `kind` is what the file should be, for the message.

    Raises FileNotFoundError if there is no such file, and ValueError with its name if the block finds damage.
    """
    with open(path, "rb") as file:
        try:
            yield file
        except DAMAGE as error:
            raise ValueError(f"{os.fspath(path)} is damaged or no {kind}: {error}") from error
