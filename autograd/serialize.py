"""Saves and loads what has a state: layers, optimizers, data loaders, anything with `state_dict` and `load_state_dict`.

    serialize.save(model, "model.npz")
    serialize.load(model, "model.npz")

A file is an npz (see formats/npz.py): arrays and plain values, without pickle. It is the same for all devices: a state
that was saved on a GPU loads on the CPU, and the other way round.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from typing import Any

from autograd.checks import flag, whole
from autograd.formats import npz
from autograd.formats.damage import limit_of, reading
from autograd.formats.npz import JSON
from autograd.layers.base import Entry, Layer, named_objects
from autograd.layers.hidden import check_reach
from autograd.optimizers.base import Optimizer

__all__ = ["JSON", "load", "read", "save"]


def save(source: Any, path: str | os.PathLike[str], *, compress: bool = False) -> None:
    """Writes the state of `source`, or the dict `source` itself, to exactly this path, by convention `*.npz`.

    A state has arrays, and values of Python: None, booleans, numbers, strings, bytes, and lists, tuples and dicts of
    them, and scalars of NumPy. They come back with their types.
    The file is written whole or not at all: after a crash there is the old file or the new one. A link is followed. The
    new file keeps the mode of the old one, and its owner where the system allows it.
    Raises TypeError for a source without state_dict, and for an entry that would come back as something else.
    Raises ValueError for a model without parameters, or with some that are out of its reach, and for an empty dict.
    Raises RuntimeError if a layer does not know its sizes yet. Raises FileNotFoundError if the folder does not exist,
    IsADirectoryError if the path is a folder, and ValueError if it is a pipe or a device.
    """
    compress = flag("save: compress", compress)
    if isinstance(source, Layer):
        check_reach("save", source, Entry, "saved")
    state = source if isinstance(source, Mapping) else method("save", source, "state_dict")()
    if source == {}:
        raise ValueError("save takes a state with entries, not an empty dict, as a model without parameters gives it")
    npz.write(path, state, compress=compress)


def load(target: Any, path: str | os.PathLike[str]) -> None:
    """Loads the file into `target`, an object with load_state_dict, such as a new model of the same kind.

    Raises FileNotFoundError if there is no such file. Raises ValueError if the file is damaged or does not fit: the
    message lists all names, shapes and dtypes that differ, and the target is unchanged. A file that unpacks to more
    than the target needs is limited as in `read`.
    """
    load_state_dict = method("load", target, "load_state_dict")
    state = read(path, most=bytes_of(target))
    try:
        load_state_dict(state)
    except (ValueError, TypeError, LookupError, ArithmeticError) as error:
        raise ValueError(f"{os.fspath(path)} does not fit this {type(target).__name__}: {error}") from error


def read(path: str | os.PathLike[str], *, most: int | None = None) -> dict[str, Any]:
    """The state in the file: NumPy arrays and plain values by name.

    A compressed file may unpack to four times its size and 32 MB, or to `most` bytes if that is more: a few bytes could
    fill the memory otherwise.
    Raises FileNotFoundError if there is no such file, and ValueError if it is damaged, too large or no npz.
    """
    most = None if most is None else whole("read: most", most, 0)
    with reading(path, ".npz file") as file:
        return npz.read(file, limit_of(file, most))


def bytes_of(target: Any) -> int:
    """The bytes of all arrays that an object can load, as far as their sizes are known."""
    if isinstance(target, Layer):
        return sum([nbytes(x) for _, x in target.named_state()])
    if isinstance(target, Optimizer):
        return len(target.slots) * sum([nbytes(x) for _, x in named_objects(target.root, target.kind)])
    return 0


def nbytes(x: Any) -> int:
    """The bytes of an entry; 0 while it does not know its size."""
    return 0 if None in x.shape else math.prod(x.shape) * x.dtype.itemsize


def method(name: str, x: Any, wanted: str) -> Any:
    """The method `wanted` of an argument of the function `name`. Raises TypeError if x has none, or is a class."""
    found = getattr(x, wanted, None)
    if isinstance(x, type) or not callable(found):
        given = f"the class {x.__name__}: call it first" if isinstance(x, type) else type(x).__name__
        raise TypeError(f"{name} takes a layer, an optimizer or a data loader, with {wanted}, not {given}")
    return found
