"""Checks of arguments: is it a whole number, a number in a range, a flag, one of a few words?

Each check returns the value as a plain Python object, or raises TypeError for another kind of value and ValueError for
one out of range. The message says what must be, and what was given. `name` is the function and the argument, as in
"elu: alpha".
"""

from __future__ import annotations

import math
import numbers
from typing import Any

import numpy as np

__all__ = ["flag", "number", "one_of", "whole"]


def whole(name: str, value: Any, least: int = 1) -> int:
    """`value` as an int of at least `least`. True, False and fractions are no whole numbers, even 2.0 is none."""
    if isinstance(value, (bool, np.bool)) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name} must be a whole number, not {value!r:.40}")
    if value < least:
        raise ValueError(f"{name} must be at least {least}, not {value}")
    return int(value)


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
            raise TypeError(f"{name} must be a number, not {value!r:.40}")
        x = int(value) if isinstance(value, numbers.Integral) else float(value)
    inside = (
        (least is None or x >= least)
        and (above is None or x > above)
        and (most is None or x <= most)
        and (below is None or x < below)
    )
    if not inside or x != x or (finite and x in (math.inf, -math.inf)):  # math.isnan fails for an int beyond all floats
        bounds = {"at least": least, "above": above, "at most": most, "below": below}
        ranges = " and ".join([f"{word} {bound:g}" for word, bound in bounds.items() if bound is not None])
        raise ValueError(
            f"{name} must be {ranges or 'a finite number' if finite else ranges or 'a number'}, not {value}"
        )
    return x


def flag(name: str, value: Any) -> bool:
    """`value` as a bool, if it is True or False."""
    if not isinstance(value, (bool, np.bool)):
        raise TypeError(f"{name} must be True or False, not {value!r:.40}")
    return bool(value)


def one_of(name: str, value: Any, *choices: str | None) -> Any:
    """`value`, if it is one of these words (or None, where that is a choice)."""
    if not any(value is choice or (isinstance(value, str) and value == choice) for choice in choices):
        raise ValueError(f"{name} must be one of {', '.join(map(repr, choices))}, not {value!r:.40}")
    return value
