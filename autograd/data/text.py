"""Texts as numbers: by characters, by bytes, or by the tokens of somebody's vocabulary.

Each vocabulary has `encode(text)`, whole numbers below `len(vocabulary)`, and `decode(index)`, the text again.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd.backend import is_array, to_numpy
from autograd.checks import shown

__all__ = ["ByteVocabulary", "CharacterVocabulary", "Tokenizer"]

Index = NDArray[np.int64]


def text_of(name: str, text: Any) -> str:
    """`text`, if it is one. Raises TypeError otherwise."""
    if not isinstance(text, str):
        raise TypeError(f"{name} takes a text, not {shown(text)}")
    return text


def numbers_of(name: str, index: Any, size: int) -> list[int]:
    """Whole numbers below `size` in a row, as a list. Raises TypeError or ValueError for anything else."""
    try:
        array = to_numpy(index) if is_array(index) else np.asarray(index)
    except ValueError:
        array = np.zeros((1, 1))
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise TypeError(f"{name} takes whole numbers in a row, not {shown(index)}")
    if array.size and not 0 <= array.min() <= array.max() < size:
        wrong = array.min() if array.min() < 0 else array.max()
        raise ValueError(f"{name} takes numbers in 0 .. {size - 1}, not {wrong}")
    return [int(i) for i in array]


class CharacterVocabulary:
    """The characters of a text, in alphabetical order.

    `unknown` is the character of the vocabulary that stands for all that are not in it; without it they are an error.

    >>> vocabulary = CharacterVocabulary("hello")
    >>> vocabulary.encode("hole")
    array([1, 3, 2, 0])
    >>> vocabulary.decode([1, 0, 2, 2, 3]), len(vocabulary)
    ('hello', 4)
    """

    def __init__(self, text: str, unknown: str | None = None) -> None:
        self.characters = "".join(sorted(set(text_of("CharacterVocabulary", text))))
        if unknown is not None and (not isinstance(unknown, str) or len(unknown) != 1 or unknown not in text):
            raise ValueError(f"CharacterVocabulary: unknown must be a character of the text, not {shown(unknown)}")
        self.unknown = unknown
        self.numbers = {c: i for i, c in enumerate(self.characters)}

    def __len__(self) -> int:
        return len(self.characters)

    def encode(self, text: str) -> Index:
        """The number of each character. Raises ValueError for one that is not in the vocabulary."""
        fallback = None if self.unknown is None else self.numbers[self.unknown]
        found = [self.numbers.get(c, fallback) for c in text_of("encode", text)]
        if None in found:
            raise ValueError(
                f"encode: {text[found.index(None)]!r} is not in the vocabulary: name a character `unknown`"
            )
        return np.array(found, np.int64)

    def decode(self, index: Sequence[int] | Index) -> str:
        """The text of these numbers."""
        return "".join([self.characters[i] for i in numbers_of("decode", index, len(self))])


class ByteVocabulary:
    """The 256 bytes of UTF-8: any text, with nothing to learn and nothing unknown.

    >>> ByteVocabulary().encode("é!")
    array([195, 169,  33])
    """

    def __len__(self) -> int:
        return 256

    def encode(self, text: str) -> Index:
        """The bytes of the text."""
        return np.frombuffer(text_of("encode", text).encode("utf-8", "surrogatepass"), np.uint8).astype(np.int64)

    def decode(self, index: Sequence[int] | Index) -> str:
        """The text of these bytes; "\ufffd" where they are none."""
        return bytes(numbers_of("decode", index, 256)).decode("utf-8", "replace")


class Tokenizer:
    """The vocabulary in a file `tokenizer.json`, as published with many models.

    It needs the package tokenizers: pip install 'define-by-run[text]'. Padding and truncation that the file asks for
    are switched off: see `padded`. Marks at the beginning and the end, such as [CLS] and [SEP], are added.
    Raises FileNotFoundError if there is no such file, ValueError if it is damaged.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        try:
            from tokenizers import Tokenizer as Published
        except ImportError as error:
            raise RuntimeError("a Tokenizer needs a package: pip install 'define-by-run[text]'") from error
        if not isinstance(path, (str, os.PathLike)):
            raise TypeError(f"Tokenizer takes the path of a tokenizer.json, not {shown(path)}")
        if not os.path.isfile(path):
            raise FileNotFoundError(f"Tokenizer: there is no file {os.fspath(path)}")
        try:
            self.published = Published.from_file(os.fspath(path))
        except Exception as error:
            raise ValueError(f"Tokenizer: {os.fspath(path)} is no tokenizer.json: {error}") from error
        self.published.no_padding()
        self.published.no_truncation()

    def __len__(self) -> int:
        return int(self.published.get_vocab_size())

    def encode(self, text: str) -> Index:
        """The numbers of the tokens."""
        return np.array(self.published.encode(text_of("encode", text)).ids, np.int64)

    def decode(self, index: Sequence[int] | Index) -> str:
        """The text of these tokens, without the marks at its beginning and end."""
        return str(self.published.decode(numbers_of("decode", index, len(self))))
