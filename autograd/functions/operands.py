"""What a function takes, asked at its door; and the dtypes in which it computes and answers."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.backend import as_numbers
from autograd.core import Operand, astype


def operand(name: str, x: Operand) -> Any:
    """`x` for the function `name`: a Variable or an array as it is, a number as an array of no axes.

    Lists are refused: Variables inside them would lose their graph on the way into an array.

    Raises:
        TypeError: anything else.
    """
    if hasattr(x, "dtype"):
        return x
    if isinstance(x, (int, float)):
        return as_numbers(x)
    kind = type(x).__name__
    raise TypeError(f"{name} takes a Variable or an array, not {kind}: {x!r:.40}; make one of numbers by np.asarray")


def whole(name: str, value: Any) -> int:
    """`value` as a Python int of at least 1.

    Raises:
        TypeError: no whole number; True and False are none.
        ValueError: less than 1.
    """
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name} must be a whole number, not {value!r:.40}")
    if value < 1:
        raise ValueError(f"{name} must be at least 1, not {value}")
    return int(value)


def summable(x: Operand) -> Any:
    """`x` in a dtype that has room for sums: float16, which ends at 65504, as float32, and whole numbers as float64."""
    if x.dtype.kind in "biu":
        return astype(x, np.float64)
    return astype(x, np.float32) if x.dtype == np.float16 else x


def rounded(y: Operand, *xs: Operand) -> Any:
    """`y`, computed of `summable` numbers, in the dtype that `xs` have together; if they are all whole, as it is."""
    if {x.dtype for x in xs} == {y.dtype}:
        return y
    dtype = np.result_type(*[x.dtype for x in xs])
    return astype(y, dtype) if dtype.kind == "f" else y
