"""Arrays in lists, tuples and dicts: taken apart into a list of Variables, and put together again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any, TypeAlias

import numpy as np

from autograd.algebra import as_array, reshape
from autograd.bfloat16 import kind_of
from autograd.checks import shown
from autograd.config import using
from autograd.function import wrap
from autograd.variable import Variable, as_variable

__all__ = ["One", "OneToOne", "Rebuild", "apart", "called", "detached", "inputs", "like", "scalar"]

Rebuild: TypeAlias = Callable[[Sequence[Any]], Any]
One: TypeAlias = Variable | np.ndarray[Any, Any] | float  # the structure that is one array
OneToOne: TypeAlias = Callable[[Variable], Variable]
CONTAINERS = (list, tuple, dict)


def apart(x: Any) -> tuple[list[Any], list[str], Rebuild]:
    """The leaves of a structure, the path of each, and the function that puts other leaves in their places.

    A list or tuple of plain numbers, nested or not, is one leaf: an array.
    """
    if not isinstance(x, CONTAINERS) or is_array_of_numbers(x):
        return [x], [""], lambda leaves: leaves[0]
    keys = list(x) if isinstance(x, dict) else list(range(len(x)))
    parts = [apart(x[key]) for key in keys]
    ends = [0, *accumulate([len(leaves) for leaves, _, _ in parts])]

    def together(leaves: Sequence[Any]) -> Any:
        built = [part[2](leaves[i:j]) for part, i, j in zip(parts, ends, ends[1:])]
        if isinstance(x, dict):
            return dict(zip(keys, built))
        return type(x)(*built) if hasattr(x, "_fields") else type(x)(built)

    paths = [f"[{key!r}]{path}" for key, (_, paths, _) in zip(keys, parts) for path in paths]
    return [leaf for leaves, _, _ in parts for leaf in leaves], paths, together


def is_array_of_numbers(x: Any) -> bool:
    """Is it a nested list of plain numbers and of nothing else?"""
    if isinstance(x, (list, tuple)) and not hasattr(x, "_fields"):
        return len(x) > 0 and all(map(is_array_of_numbers, x))
    return isinstance(x, (bool, int, float, str))


def inputs(name: str, x: Any, create_graph: bool) -> tuple[list[Variable], Rebuild]:
    """The leaves of x as new Variables, so that a Variable that f finds elsewhere is a constant to it.

    With `create_graph` a new one is computed from the Variable that was given. Raises TypeError for what is not
    floating-point, ValueError for an empty structure.
    """
    leaves, paths, rebuild = apart(x)
    if not leaves:
        raise ValueError(f"{name}: x must hold at least one array, not {shown(x)}")
    found = []
    for leaf, path in zip(leaves, paths):
        try:
            value = as_variable(leaf)
        except (TypeError, ValueError) as error:
            raise TypeError(f"{name}: x{path} must be an array of real numbers, not {shown(leaf)}") from error
        if kind_of(value.dtype) != "f":
            raise TypeError(f"{name}: x{path} must be floating-point, not {value.dtype}: x.astype(float) makes it so")
        if create_graph and value is leaf:
            found.append(reshape(value, value.shape))
        else:
            found.append(Variable(as_array(value)))
    return found, rebuild


def called(name: str, f: Any, x: Any) -> tuple[list[Variable], Rebuild]:
    """The outputs of f(x) as a list. Raises TypeError if f is no function or gives no floating-point Variables."""
    if not callable(f):
        raise TypeError(f"{name}: f must be a function, not {shown(f)}")
    with using(recording=True):
        y = f(x)
    ys, _, rebuild = apart(y)
    for leaf in ys:
        if not isinstance(leaf, Variable) or kind_of(leaf.dtype) != "f":
            raise TypeError(f"{name}: f must give floating-point Variables computed from x, not {shown(leaf)}")
        if leaf.node is None:
            raise RuntimeError(f"{name}: what f gives has no graph: it was made under no_grad(), or of constants")
    if not ys:
        raise TypeError(f"{name}: f must give a Variable, not {shown(y)}")
    return ys, rebuild


def scalar(name: str, ys: Sequence[Variable]) -> Variable:
    """The one output of f, which must be a number. Raises ValueError otherwise."""
    if len(ys) != 1 or ys[0].size != 1:
        shapes = ", ".join([str(y.shape) for y in ys])
        raise ValueError(f"{name}: f must give one number, not the shape {shapes}: take its sum, or use jacobian")
    return ys[0]


def like(name: str, v: Any, xs: Sequence[Variable], structure: Any, create_graph: bool) -> list[Any]:
    """The leaves of v as arrays, or as Variables with `create_graph`, in the order of those of `structure`.

    Raises TypeError for another structure or for what are no numbers, ValueError for another shape.
    """
    try:
        leaves = matched(v, structure)
    except KeyError:
        paths = apart(structure)[1]
        expected = "one array" if paths == [""] else f"the structure with the leaves {', '.join(paths)}"
        raise TypeError(f"{name}: v must be {expected}, not {shown(v)}") from None
    found = []
    for leaf, x in zip(leaves, xs):
        try:
            value = as_variable(leaf)
        except (TypeError, ValueError) as error:
            raise TypeError(f"{name}: v must be an array {x.shape} of real numbers, not {shown(leaf)}") from error
        if value.shape != x.shape:
            raise ValueError(f"{name}: v must have the shape {x.shape}, not {value.shape}")
        value = value if value.dtype == x.dtype else value.astype(x.dtype)
        found.append(value if create_graph else as_array(value))
    return found


def matched(v: Any, structure: Any) -> list[Any]:
    """The parts of v at the leaves of a structure: by key in a dict, by place in a list. Raises KeyError elsewhere."""
    if not isinstance(structure, CONTAINERS) or is_array_of_numbers(structure):
        if isinstance(v, CONTAINERS) and not is_array_of_numbers(v):
            raise KeyError
        return [v]
    alike = dict if isinstance(structure, dict) else (list, tuple)
    keys = list(structure) if alike is dict else list(range(len(structure)))
    if not isinstance(v, alike) or set(v if alike is dict else range(len(v))) != set(keys):
        raise KeyError
    return [leaf for key in keys for leaf in matched(v[key], structure[key])]


def detached(xs: Sequence[Variable], create_graph: bool) -> list[Variable]:
    """The same values without their graphs, unless those are wanted."""
    return list(xs) if create_graph else [wrap(x.value, x.family) for x in xs]
