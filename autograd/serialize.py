"""Saves and loads what has a state: layers, optimizers, data loaders, anything with `state_dict` and `load_state_dict`.

    serialize.save(model, "model.npz")
    serialize.load(model, "model.npz")

A file is an npz (see formats/npz.py): arrays and plain values, without pickle. It is the same for all devices: a state
that was saved on a GPU loads on the CPU, and the other way round.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from autograd.formats import npz
from autograd.formats.damage import reading
from autograd.formats.npz import JSON

__all__ = ["JSON", "load", "read", "save"]


def save(source: Any, path: str | os.PathLike[str], *, compress: bool = False) -> None:
    """Writes the state of `source`, or the dict `source` itself, to exactly this path, by convention `*.npz`.

    The file is written whole or not at all: after a crash there is the old file or the new one. A link is followed.
    Raises TypeError for a source without state_dict, and for an entry that is neither an array nor fit for JSON.
    Raises RuntimeError if a layer does not know its sizes yet, and FileNotFoundError if the folder does not exist.
    """
    state = source if isinstance(source, Mapping) else method("save", source, "state_dict")()
    npz.write(path, state, compress=compress)


def load(target: Any, path: str | os.PathLike[str]) -> None:
    """Loads the file into `target`, an object with load_state_dict, such as a new model of the same kind.

    Raises FileNotFoundError if there is no such file. Raises ValueError if the file is damaged or does not fit: the
    message lists all names, shapes and dtypes that differ, and the target is unchanged.
    """
    load_state_dict = method("load", target, "load_state_dict")
    state = read(path)
    try:
        load_state_dict(state)
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{os.fspath(path)} does not fit this {type(target).__name__}: {error}") from error


def read(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The state in the file: NumPy arrays and plain values by name.

    Raises FileNotFoundError if there is no such file, and ValueError if it is damaged or no npz.
    """
    with reading(path, ".npz file") as file:
        return npz.read(file)


def method(name: str, x: Any, wanted: str) -> Any:
    """The method `wanted` of an argument of the function `name`. Raises TypeError if x has none, or is a class."""
    found = getattr(x, wanted, None)
    if isinstance(x, type) or not callable(found):
        given = f"the class {x.__name__}: call it first" if isinstance(x, type) else type(x).__name__
        raise TypeError(f"{name} takes a layer, an optimizer or a data loader, with {wanted}, not {given}")
    return found
