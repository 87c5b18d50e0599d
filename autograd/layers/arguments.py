"""The words of other frameworks lead to ours: arguments of constructors, checked before these run, and attributes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from inspect import Parameter, signature
from typing import Any

from autograd.names import Words

__all__ = ["Elsewhere", "check_arguments", "instead"]


class Elsewhere:
    """An attribute that other frameworks have: to read it is an AttributeError that says what it is called here.

    It costs nothing, where a `__getattr__` would make every attribute of a layer slower.
    """

    def __init__(self, here: str) -> None:
        self.here = here

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, x: Any, owner: type) -> Any:
        raise AttributeError(f"{owner.__name__} has no attribute {self.name!r}: here it is {self.here}")


@cache
def parameters_of(cls: type) -> tuple[Parameter, ...]:
    """The parameters of the constructor of a class."""
    return tuple(signature(cls).parameters.values())


def check_arguments(cls: type, given: Sequence[Any], options: Mapping[str, Any], words: Words) -> None:
    """Raises TypeError for options that the constructor of `cls` does not take, and for too many or few arguments."""
    parameters = [] if cls.__init__ is object.__init__ else parameters_of(cls)  # type: ignore[misc]
    kinds = [p.kind for p in parameters]
    names = [p.name for p in parameters]
    for name in options:
        if name not in names and Parameter.VAR_KEYWORD not in kinds:
            raise TypeError(f"{cls.__name__} takes {instead(name, names, words)}")
    most = sum(kind in (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD) for kind in kinds)
    if len(given) > most and Parameter.VAR_POSITIONAL not in kinds:
        by_place = ", ".join(names[:most]) or "nothing"
        by_name = "".join([f"; by name {', '.join(names[most:])}" for _ in names[most : most + 1]])
        raise TypeError(f"{cls.__name__} takes {by_place}{by_name}, not {len(given)} arguments in a row")
    single = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)
    needed = [p.name for p in parameters[len(given) :] if p.default is p.empty and p.kind in single]
    for name in needed:
        if name not in options:
            raise TypeError(f"{cls.__name__} takes {', '.join(names)}: give it {name} too")


def instead(name: str, names: Sequence[str], words: Words) -> str:
    """The end of the message on an option `name`: our name for it, or what to do; or else all names."""
    for ours in words.get(name, ()):
        if ours.split("=")[0] in names:
            return f"{ours}, not {name}"
    advice = [text for text in words.get(name, ()) if " " in text]
    return f"no {name}: {advice[0]}" if advice else f"{', '.join(names) or 'no options'}, not {name}"
