"""Arguments and results: nested lists, tuples and dicts, and the arrays in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograd.backend import by_numpy, is_array, namespace
from autograd.function import Function, Tracked, wrap
from autograd.programs.device import Recorded

__all__ = ["HOLE", "Made", "like", "put_together", "signature_of", "statics_of", "taken_apart"]


def signature_of(x: Any, leaves: list[Any]) -> Any:
    """What chooses the program for x: its structure, shapes and dtypes. Its arrays are added to `leaves`."""
    kind = type(x)
    if kind is tuple or kind is list:
        return (kind, *[signature_of(item, leaves) for item in x])
    if kind is dict:
        return (kind, *[(name, signature_of(item, leaves)) for name, item in x.items()])
    if isinstance(x, Tracked):
        leaves.append(x)
        graph = x.node is not None and x.node.creator is not None
        return (kind, x.value.shape, x.value.dtype, x.grad is None, graph, *where(x.value))
    if is_array(x) or isinstance(x, np.generic):
        leaves.append(x)
        held = getattr(x, "held", x)
        return type(held) if isinstance(held, (int, float)) and held is not x else (x.shape, x.dtype, *where(x))
    if kind is slice:
        return kind, x.start, x.stop, x.step
    try:
        hash(x)
    except TypeError:
        raise TypeError(f"a captured step takes arrays, numbers, lists and dicts, not {kind.__name__}") from None
    return kind, repr(x) if kind is float else x  # 0.0 is not -0.0


def where(x: Any) -> tuple[Any, ...]:
    """The module of an array that is not NumPy's."""
    return () if by_numpy(x) or isinstance(x, np.generic) else (namespace(x),)


def statics_of(x: Any) -> list[Any]:
    """The objects among arguments that are no arrays: a model, an optimizer, a number."""
    if type(x) in (tuple, list):
        return [y for item in x for y in statics_of(item)]
    if type(x) is dict:
        return [y for item in x.values() for y in statics_of(item)]
    return [] if isinstance(x, (Tracked, np.generic)) or is_array(x) else [x]


HOLE = np.float64(0)  # stands for a leaf


def like(x: Any, leaves: Iterator[Any]) -> Any:
    """The structure of x with other leaves, in the order of `signature_of`."""
    kind = type(x)
    if kind is tuple or kind is list:
        return kind([like(item, leaves) for item in x])
    if kind is dict:
        return {name: like(item, leaves) for name, item in x.items()}
    return next(leaves) if isinstance(x, (Tracked, np.generic)) or is_array(x) else x


class Captured(Function):
    """Where the graph of a result would go on, if the step that gave it had built one."""

    parents = ()

    def backward(self, *_: Any) -> Any:
        raise RuntimeError(
            "backward of what a captured step returned must be inside of the step: a replay builds no graph. "
            "Call loss.backward() there, or .detach() the result"
        )


class Made:
    """The place of an array in a result: `family` is the class of its Variable, None for an array itself.

    `graph` says whether the Variable carried a graph.
    """

    def __init__(self, family: Any, graph: bool = False) -> None:
        self.family, self.graph = family, graph

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Made) and other.family is self.family and other.graph is self.graph

    def __repr__(self) -> str:
        return "an array"

    __hash__ = None  # type: ignore[assignment]


def taken_apart(y: Any, values: list[Recorded], there: set[int]) -> Any:
    """A result with a Made in place of each array that the step has made; these are added to `values`.

    `there` are the ids of Variables that were there before the step: they are returned as they are.
    """
    if isinstance(y, Tracked) and id(y) not in there and isinstance(y.value, Recorded):
        values.append(y.value)
        return Made(y.family, y.node is not None and y.node.creator is not None)
    if isinstance(y, Recorded):
        values.append(y)
        return Made(None)
    if type(y) in (list, tuple):
        return type(y)([taken_apart(item, values, there) for item in y])
    if isinstance(y, tuple) and hasattr(y, "_fields"):
        return type(y)(*[taken_apart(item, values, there) for item in y])
    if type(y) is dict:
        return {name: taken_apart(item, values, there) for name, item in y.items()}
    return y


def put_together(structure: Any, values: Iterator[Any]) -> Any:
    """A result of the structure that `taken_apart` gave, with these values."""
    kind = type(structure)
    if kind is Made:
        value = next(values)
        if structure.family is None:
            return value
        return wrap(value, structure.family, Captured() if structure.graph else None, 1)
    if kind in (list, tuple):
        return kind([put_together(item, values) for item in structure])
    if isinstance(structure, tuple) and hasattr(structure, "_fields"):
        return kind(*[put_together(item, values) for item in structure])
    if kind is dict:
        return {name: put_together(item, values) for name, item in structure.items()}
    return structure
