"""What a function takes, asked at its door."""

from __future__ import annotations

from typing import Any

from autograd.backend import as_numbers
from autograd.core import Operand


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
