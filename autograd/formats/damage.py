"""One error for every way in which the content of a file can be wrong, and one limit for what reading it may cost."""

from __future__ import annotations

import json
import os
import struct
import tokenize
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from autograd.files import opened, path_of_file

__all__ = ["DAMAGE", "check_weight", "limit_of", "parse_json", "reading", "weight_of_json"]

DAMAGE = (  # what the parsers of the standard library and of NumPy raise on damaged content
    *(EOFError, OSError, struct.error),  # the content ends too early
    *(ValueError, LookupError, TypeError, AttributeError),  # a header describes something impossible
    *(ArithmeticError, MemoryError),  # a header describes too large a size
    zlib.error,  # compressed bytes
    RuntimeError,  # JSON, npy: too many levels
    *(SyntaxError, tokenize.TokenError),  # npy: the header is a Python literal
)


@contextmanager
def reading(path: str | os.PathLike[str], kind: str) -> Iterator[IO[bytes]]:
    """The open file, for a block that parses it. `kind` is what the file should be, for the message.

    Raises FileNotFoundError, PermissionError or IsADirectoryError if there is no file to be read, and ValueError with
    its name if it is a pipe or a device, or if the block finds damage. Raises RuntimeError if a package is missing.
    """
    with opened(path) as file:
        try:
            yield file
        except DAMAGE as error:
            if isinstance(error.__cause__, ImportError):
                raise
            reason = f"no entry {error}" if isinstance(error, KeyError) else str(error) or type(error).__name__
            raise ValueError(f"{path_of_file(path)} is damaged or no {kind}: {reason:.1000}") from error


def limit_of(file: IO[bytes], most: int | None = None) -> int:
    """The bytes of memory that reading a file may take: four times its size and 32 MB, or what `most` bytes need.

    `most` is for arrays that are known to compress better: the bytes of all arrays, unpacked.
    """
    size = os.fstat(file.fileno()).st_size
    return max(4 * size + (32 << 20), 0 if most is None else most + 2 * size + (32 << 20))


def weight_of_json(text: bytes) -> int:
    """The most bytes of memory that parsing a text in JSON takes: its copies, wide ones included, and the objects."""
    weights = {b"{": 240, b"[": 96, b",": 36, b":": 140, b'"': 30}
    copies = 3 if text.isascii() and b"\\u" not in text else 9
    return copies * len(text) + sum([text.count(sign) * weight for sign, weight in weights.items()])


def check_weight(text: bytes) -> None:
    """Raises TypeError for a text in JSON that `parse_json` would refuse in the smallest file that holds it."""
    if weight_of_json(text) > 4 * len(text) + (30 << 20):
        raise TypeError(f"the plain values must be few, not {len(text)} bytes of JSON: put lists of numbers in arrays")


def parse_json(text: bytes, limit: int) -> Any:
    """The value of a text in JSON. Raises ValueError if a name is there twice, or if it would take more memory."""
    if weight_of_json(text) > limit:
        raise ValueError(f"it has {len(text)} bytes of JSON, which would take more memory than such a file may")
    return json.loads(text.decode("utf-8"), object_pairs_hook=with_unique_names)


def with_unique_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A dict of these pairs."""
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"it has the name {next(name for name in found if names.count(name) > 1)!r:.80} twice")
    return found
