"""What a state may hold: arrays, and plain values of Python, which become JSON and come back with their types.

JSON has None, booleans, numbers, strings, lists, and dicts with strings as keys. Other values become a dict with the
one key TAG: tuples, bytes, complex numbers, NumPy's scalars, and dicts with other keys. What would come back as
something else is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from autograd.backend import is_array
from autograd.formats.dtypes import dtype_of_descr, known, tested

__all__ = ["TAG", "as_json", "from_json", "separated"]

TAG = "__is__"  # {TAG: [the type, its content]}
DEPTH = 64  # the most levels of lists, tuples and dicts
BITS = 14_000  # of a whole number: Python converts no more than 4,300 digits to text
NAME = 4_096  # the most characters of a name
KEY = 1 << 60  # whole numbers as keys are below; beyond, an attacker can choose many with one hash


def separated(state: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The arrays of a state, and its plain values as JSON has them. Raises TypeError for an entry that is neither."""
    arrays, values = {}, {}
    for name, x in state.items():
        if not isinstance(name, str) or "\0" in name:
            raise TypeError(f"a name in a state must be a string without a null character, not {name!r:.40}")
        if len(name) > NAME or any("\ud800" <= sign <= "\udfff" for sign in name):
            raise TypeError(f"a name in a state must be text of at most {NAME} characters, not {name!r:.40}")
        if is_array(x) and not isinstance(x, np.generic):
            arrays[name] = storable(name, x)
        else:
            try:
                values[name] = as_json(x)
            except TypeError as error:
                given = type(x).__name__
                raise TypeError(f"{name} must be an array or fit for JSON, not {given}: {error}") from error
    return arrays, values


def storable(name: str, x: Any) -> Any:
    """The array itself. Raises TypeError for one that would come back as another."""
    if x.dtype.hasobject or x.dtype.kind == "T":
        raise TypeError(f"{name} must be an array of numbers or text, not of Python objects")
    if isinstance(x, (np.ma.MaskedArray, np.matrix, np.recarray)):
        raise TypeError(f"{name} must be a plain array, not a {type(x).__name__}: save its parts")
    descr = np.lib.format.dtype_to_descr(x.dtype)
    try:
        same = dtype_of_descr(descr) == x.dtype
    except ValueError:
        same = False
    if not same:
        raise TypeError(f"{name} must have a dtype of NumPy's own or bfloat16, not {x.dtype}: use astype")
    return x


def as_json(x: Any, depth: int = 0) -> Any:
    """The value as JSON has it. Raises TypeError if it would come back as something else."""
    kind = type(x)
    if x is None or kind in (bool, float, str):
        return x
    if kind is int:
        if x.bit_length() > BITS:
            raise TypeError(f"a whole number must have at most {BITS} bits, not {x.bit_length()}")
        return x
    if depth == DEPTH:
        raise TypeError(f"there must be at most {DEPTH} levels of lists and dicts")
    if kind in (list, tuple):
        items = [as_json(item, depth + 1) for item in x]
        return items if kind is list else {TAG: ["tuple", items]}
    if kind is dict:
        values = [as_json(value, depth + 1) for value in x.values()]
        if all(type(key) is str for key in x) and TAG not in x:
            return dict(zip(x, values))
        for key in x:
            if not is_key(key):
                given = f"a whole number beyond {KEY}" if type(key) is int else type(key).__name__
                raise TypeError(f"a key must be a string, a number, None or a tuple of these, not {given}")
        return {TAG: ["dict", [[as_json(key, depth + 1), value] for key, value in zip(x, values)]]}
    return {TAG: tagged(x)}


def tagged(x: Any) -> list[Any]:
    """The name of a type and the content of a value of it."""
    if type(x) in (bytes, complex):
        return ["bytes", x.hex()] if type(x) is bytes else ["complex", [x.real, x.imag]]
    if isinstance(x, np.generic) and x.dtype.kind in "?biufcSUMm" and x.dtype.itemsize:
        return ["numpy", [x.dtype.str, x.tobytes().hex()]]
    if isinstance(x, np.ndarray):
        raise TypeError("an array inside needs a name of its own in the state, or tolist()")
    bases = [base for base in (dict, list, tuple, str, int, float) if isinstance(x, base)]
    raise TypeError(
        f"a {type(x).__name__} must become a {bases[0].__name__ if bases else 'list, a number or a string'}"
    )


def from_json(x: Any) -> Any:
    """The value that `as_json` was given. Raises ValueError for what it did not make."""
    if isinstance(x, list):
        return [from_json(item) for item in x]
    if not isinstance(x, dict):
        return x
    if TAG not in x:
        return {key: from_json(value) for key, value in x.items()}
    kind, content = x[TAG]
    if kind == "tuple":
        return tuple([from_json(item) for item in content])
    if kind == "bytes":
        return bytes.fromhex(content)
    if kind == "complex":
        return complex(*content)
    if kind == "numpy":
        known(content[0])
        return tested(np.frombuffer(bytes.fromhex(content[1]), content[0]))[0]
    pairs = [(from_json(key), from_json(value)) for key, value in content]
    if kind != "dict" or not all(is_key(key) for key, _ in pairs):
        raise ValueError(f"it has a value of the unknown type {kind!r:.40}")
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("it has a dict with a key twice")
    return found


def is_key(x: Any) -> bool:
    """True for a key of a dict that comes back as it was."""
    if type(x) is tuple:
        return all(is_key(item) for item in x)
    return x is None or type(x) in (bool, float, str, bytes) or (type(x) is int and abs(x) < KEY)
