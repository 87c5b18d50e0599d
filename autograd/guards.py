"""What keeps a derivative from being wrong without a word: state that passes for a constant is refused."""

from __future__ import annotations

import dis
from collections.abc import Iterable
from functools import cache
from typing import Any

__all__ = ["BackwardPass", "derivative_of_state", "has_derivative", "is_floating"]


class BackwardPass:
    """A backward pass that is recorded. Its `number` is one more than that of any pass that it differentiates."""

    def __init__(self, family: Any, seeds: Iterable[Any], retains: bool = False) -> None:
        self.family = family  # the class of the Variables that it makes
        self.retains = retains  # does it hand out gradients of values between the leaves and the outputs?
        creators = [getattr(getattr(seed, "node", None), "creator", None) for seed in seeds]
        passes = [f.made_by for f in creators if f is not None and f.made_by is not None]
        self.number = 1 + max([p.number for p in passes], default=0)

    def hides(self, f: Any) -> bool:
        """Is what f made a step of this pass that nobody can ask for, so that another way of computing may skip it?"""
        return f.made_by is self and not self.retains

    def enter(self, f: Any) -> None:
        """Is told of each function before its `backward`. Refuses state that would be taken for a constant."""
        if f.made_by is not None and f.made_by.number >= self.number:
            self.number = f.made_by.number + 1
        for name in stored_names(type(f)):  # type: ignore[arg-type]  # a class is hashable
            if has_derivative(vars(f).get(name)):
                raise RuntimeError(f"{derivative_of_state(f, name)}: self.save({name}=..., constant=True)")


def derivative_of_state(f: Any, name: str) -> str:
    """The beginning of the message about an array that would have the derivative 0."""
    return (
        f"{type(f).__name__}.backward is differentiated, and its `{name}` was computed by forward: does it "
        "depend on the inputs? Then name self.inputs or self.outputs instead, or define recompute(*inputs). If not"
    )


@cache
def stored_names(cls: Any) -> frozenset[str]:
    """The attributes that the methods of a class of Functions set, other than its __init__ and those of Function."""
    classes = [c for c in cls.__mro__ if c.__module__ != "autograd.function"]
    codes = [m.__code__ for c in classes for n, m in vars(c).items() if n != "__init__" and hasattr(m, "__code__")]
    return frozenset([i.argval for code in codes for i in dis.get_instructions(code) if i.opname == "STORE_ATTR"])


def has_derivative(x: Any) -> bool:
    """Is it a number or an array of floating-point numbers, or a list, tuple or dict with one in it?"""
    if isinstance(x, (list, tuple, dict)):
        return any(map(has_derivative, x.values() if isinstance(x, dict) else x))
    return isinstance(x, float) or is_floating(x)


def is_floating(x: Any) -> bool:
    """Is it an array, a Variable or a NumPy scalar of floating-point numbers?"""
    return getattr(getattr(x, "dtype", None), "kind", "") in ("f", "V", "c")
