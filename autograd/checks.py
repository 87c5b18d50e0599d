"""Checks of arguments: is it a whole number, a number in a range, a flag, one of a few words?

Each check returns the value as a plain Python object, or raises TypeError for another kind of value and ValueError for
one out of range. The message says what must be, and what was given. `name` is the function and the argument, as in
"elu: alpha".
"""

from __future__ import annotations

import dis
import inspect
import math
import numbers
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from autograd.bfloat16 import dtype_from, kind_of

__all__ = [
    "FOREIGN",
    "LARGEST",
    "dtype_of",
    "explained",
    "flag",
    "function",
    "is_foreign",
    "number",
    "one_of",
    "shown",
    "takes",
    "whole",
    "within",
]

LARGEST = 2**63 - 1  # of sizes and indices
FOREIGN = (AttributeError, IndexError, MemoryError, OverflowError, TypeError, ValueError)


def shown(value: Any) -> str:
    """The first 40 characters of what Python prints for it, which never fails."""
    try:
        return f"{value!r:.40}"
    except Exception:  # a whole number of thousands of digits, or a class with an error in its __repr__
        return f"a very large {type(value).__name__}" if isinstance(value, int) else f"a {type(value).__name__}"


def within(n: int, least: int = 0) -> str:
    """What an index of n things must be, in the words of a message: 'in 0 .. n - 1', 'empty' if there are none."""
    return f"in {least} .. {n - 1}" if n else "empty"


def whole(name: str, value: Any, least: int = 1, most: int = LARGEST) -> int:
    """`value` as an int, least <= value <= most. True, False and fractions are no whole numbers, even 2.0 is none."""
    if isinstance(value, (bool, np.bool)) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name} must be a whole number, not {shown(value)}")
    n = int(value)
    if n < least:
        raise ValueError(f"{name} must be at least {least}, not {shown(n)}")
    if n > most:
        raise ValueError(f"{name} must be at most {most}, not {shown(n)}")
    return n


def number(
    name: str,
    value: Any,
    *,
    least: float | None = None,
    above: float | None = None,
    most: float | None = None,
    below: float | None = None,
    finite: bool = True,
) -> Any:
    """`value` as a Python int or float, which widens no array: least <= value <= most, above < value < below.

    True and False are no numbers, and nan is never accepted; infinity is, with `finite=False`.
    """
    x = value
    if type(value) is not float:  # what most calls give
        if isinstance(value, (bool, np.bool)) or not isinstance(value, numbers.Real):
            raise TypeError(f"{name} must be a number, not {shown(value)}")
        try:
            x = float(value)
        except OverflowError:
            raise ValueError(f"{name} must be at most 1.8e308 in size, as a float is, not {shown(value)}") from None
        x = int(value) if isinstance(value, numbers.Integral) else x
    inside = (
        (least is None or x >= least)
        and (above is None or x > above)
        and (most is None or x <= most)
        and (below is None or x < below)
    )
    if not inside or x != x or (finite and x in (math.inf, -math.inf)):
        bounds = {"at least": least, "above": above, "at most": most, "below": below}
        ranges = " and ".join([f"{word} {bound:g}" for word, bound in bounds.items() if bound is not None])
        raise ValueError(
            f"{name} must be {ranges or 'a finite number' if finite else ranges or 'a number'}, not {shown(x)}"
        )
    return x


def flag(name: str, value: Any) -> bool:
    """`value` as a bool, if it is True or False."""
    if not isinstance(value, (bool, np.bool)):
        raise TypeError(f"{name} must be True or False, not {shown(value)}")
    return bool(value)


def one_of(name: str, value: Any, *choices: str | None) -> Any:
    """`value`, if it is one of these words (or None, where that is a choice)."""
    if not (value in choices if isinstance(value, str) else any(value is choice for choice in choices)):
        raise ValueError(f"{name} must be one of {', '.join(map(repr, choices))}, not {shown(value)}")
    return value


def dtype_of(name: str, dtype: Any, kinds: str = "f") -> Any:
    """`dtype` as NumPy's object, if it is of one of these kinds. Raises TypeError for anything else, None too."""
    found = dtype_from(dtype)
    if found is None or kind_of(found) not in kinds:
        expected = "floating-point, such as np.float32" if kinds == "f" else "of numbers, such as np.float32"
        given = shown(dtype) if found is None else found
        raise TypeError(f"{name} must be {expected}, not {given}")
    return found


def function(name: str, f: Any) -> Any:
    """`f`, if it can be called. Raises TypeError otherwise."""
    if not callable(f):
        raise TypeError(f"{name} must be a function, not {shown(f)}")
    return f


def takes(f: Any, n: int) -> bool:
    """Can `f` be called with n arguments? Yes, where Python does not know its signature."""
    try:
        inspect.signature(f).bind(*range(n))
    except TypeError:
        return False
    except ValueError:
        return True
    return True


def is_foreign(error: Exception) -> bool:
    """Is it an error about arguments that Python or NumPy raised, and not a `raise` of this package?"""
    place: Any = error.__traceback__
    while place.tb_next is not None:
        place = place.tb_next
    code, module = place.tb_frame.f_code.co_code, place.tb_frame.f_globals.get("__name__", "")
    ours = module.startswith("autograd.") and code[place.tb_lasti] == dis.opmap["RAISE_VARARGS"]
    return not ours and isinstance(error, FOREIGN)


def explained(
    name: str, error: Exception, inputs: Sequence[Any], parameters: Mapping[str, Any] | None = None
) -> Exception:
    """What is wrong with the inputs of the function `name`, where `error` says it in the words of Python or NumPy.

    It is asked after the error, so that no check costs time where nothing is wrong.
    """
    for x in inputs:
        if not hasattr(x, "dtype") and not isinstance(x, numbers.Number):
            return TypeError(f"{name} takes Variables, arrays and numbers, not {type(x).__name__}: {shown(x)}")
        if hasattr(x, "dtype") and kind_of(x.dtype) not in "fiubc":
            return TypeError(f"{name} takes arrays of numbers, not {x.dtype}: {shown(x)}")
    given = " and ".join([f"{x.dtype} {x.shape}" if hasattr(x, "dtype") else shown(x) for x in inputs])
    if isinstance(error, ValueError) and "broadcast" in str(error):
        return ValueError(f"{name} takes arrays whose shapes broadcast, not {given}")
    parts = {key: value for key, value in (parameters or {}).items() if key != "name" and value is not None}
    with_ = "".join([f", {key} = {shown(value)}" for key, value in parts.items()])
    kinds = (ValueError, IndexError, MemoryError, OverflowError)
    kind = next((c for c in kinds if isinstance(error, c)), TypeError)
    return kind(f"{name} takes arguments that fit together, not {given}{with_}: {error}")
