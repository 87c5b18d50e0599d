"""What the functions of this folder ask of their arguments, with one wording for each complaint."""

from operator import index

import numpy as np

__all__ = ["require_flag", "require_one_of", "require_spread", "whole"]


def require_one_of(name: str, value: object, *choices: str | None) -> None:
    if not any(value is choice or (isinstance(value, str) and value == choice) for choice in choices):
        raise ValueError(f"{name} is {value!r}; it must be one of {', '.join(map(repr, choices))}")


def require_flag(name: str, value: object) -> None:
    if not isinstance(value, bool | np.bool):
        raise TypeError(f"{name} is {value!r}; it must be True or False")


def require_spread(name: str, value: float) -> None:
    if not 0 <= value < np.inf:
        raise ValueError(f"{name} is {value!r}; it is a spread: zero or more, and finite")


def whole(name: str, value: object, least: int) -> int:
    """The value as an int, if it is a whole number that is large enough."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{name} is {value!r}; it must be a whole number")
    if (number := index(value)) < least:
        raise ValueError(f"{name} is {number}; it must be at least {least}")
    return number
