"""Parameters that a model does not find: in functions, in plain objects, in classes, or not made as Parameters.

`named_objects` walks over attributes, lists, dicts and layers. What lies elsewhere is neither trained nor saved. This
search goes further, and names the place.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from functools import partial
from types import FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from autograd.backend import is_array
from autograd.layers.base import PARENTS, Buffer, Entry, Layer, Parameter, State, children, named_objects
from autograd.variable import Variable

__all__ = ["check_reach", "hidden_parts"]

ENOUGH = 10_000  # objects that the search looks at: a model may hold on to a data set
CLOSED = (Variable, Entry, State, type, ModuleType, str, bytes, int, float, complex, np.generic, np.random.Generator)
REMEDY = "make it an attribute of a layer, an element of a list there, or a part of a Sequential"


def check_reach(name: str, model: Layer, kind: type, done: str) -> None:
    """Raises ValueError if `model` has no entry of this kind, or has parameters out of reach: they are not `done`."""
    hidden = next(hidden_parts(model), None)
    if next(named_objects(model, kind), None) is None:
        place = hidden or next(hidden_parts(model, code=True), None)
        cause = f"{place}: {REMEDY}" if place else next(not_parameters(model), "none of its layers has any")
        raise ValueError(f"{name} takes a model with parameters, not {type(model).__name__}, which has none: {cause}")
    if hidden:
        raise ValueError(
            f"{name} takes a model whose parameters can all be found, not {type(model).__name__}: {hidden}, "
            f"and would not be {done}: {REMEDY}. If that is wanted, give {WANTED[done]}"
        )


WANTED = {"trained": "the list of the others, list(model.params())", "saved": "the others alone, model.state_dict()"}


def hidden_parts(model: Layer, code: bool = False) -> Iterator[str]:
    """Says for each layer with parameters, and each parameter, that `model` does not find, where it is.

    With `code` the search goes on into the methods `forward` of the layers.
    """
    known = {id(x) for _, x in named_objects(model, (Layer, Entry))}
    seen: dict[int, Any] = {}
    waiting = deque([(type(model).__name__, model)])
    while waiting and len(seen) < ENOUGH:
        path, x = waiting.popleft()
        if id(x) in seen:
            continue
        seen[id(x)] = x
        if isinstance(x, (Layer, Parameter)) and id(x) not in known:
            if isinstance(x, Parameter) or next(x.params(), None) is not None:
                yield f"{path} is out of reach ({type(x).__name__})"
        elif not isinstance(x, CLOSED):
            waiting += [(path + step, child) for step, child in inside(x, code)]


def inside(x: Any, code: bool) -> Iterable[tuple[str, Any]]:
    """What an object holds: how to get there, and the object."""
    if isinstance(x, partial):
        return [(".func", x.func), *[(f".args[{i}]", y) for i, y in enumerate(x.args)], *steps(x.keywords.items())]
    if isinstance(x, MethodType):
        return [(".__self__", x.__self__)]
    if isinstance(x, FunctionType):
        return held_by(x)
    if isinstance(x, Layer):
        return [*steps(x.children()), *steps(vars(x).items()), *in_class(x, code)]
    if isinstance(x, (set, frozenset, deque)) or (is_array(x) and x.dtype == object):
        return [(f"[{i}]", y) for i, y in enumerate(x if not is_array(x) else x.reshape(-1).tolist())]
    if isinstance(x, PARENTS):
        return steps(children(x))
    slots = [name for cls in type(x).__mro__ for name in getattr(cls, "__slots__", ()) if isinstance(name, str)]
    return steps([*getattr(x, "__dict__", {}).items(), *[(n, getattr(x, n)) for n in slots if hasattr(x, n)]])


def steps(items: Iterable[tuple[Any, Any]]) -> list[tuple[str, Any]]:
    return [(f".{name}", x) for name, x in items]


def held_by(f: FunctionType) -> list[tuple[str, Any]]:
    """What a function uses: variables around it, defaults, and globals that its code names."""
    if f.__module__ and f.__module__.split(".")[0] == "autograd":
        return []
    code, found = f.__code__, []
    for name, cell in zip(code.co_freevars, f.__closure__ or ()):
        try:
            found.append((name, cell.cell_contents))
        except ValueError:  # the variable has no value yet
            continue
    names = code.co_varnames[: code.co_argcount]
    found += zip(names[::-1], (f.__defaults__ or ())[::-1])
    found += (f.__kwdefaults__ or {}).items()
    found += [(name, f.__globals__[name]) for name in code.co_names if name in f.__globals__]
    return [(f", in the function {f.__name__}: {name}", x) for name, x in found]


def in_class(layer: Layer, code: bool) -> Iterator[tuple[str, Any]]:
    """What the class of a layer holds, where `vars` of the layer has nothing; with `code` also what `forward` uses."""
    seen = set(vars(layer))
    for cls in type(layer).__mro__[: type(layer).__mro__.index(Layer)]:
        for name, x in vars(cls).items():
            if name not in seen and isinstance(x, (Layer, Parameter, list, tuple, dict)):
                yield f", in the class {cls.__name__}: {name}", x
            elif code and name == "forward" and isinstance(x, FunctionType):
                yield ".forward", x
        seen |= vars(cls).keys()


def not_parameters(model: Layer) -> Iterator[str]:
    """Says for each Variable and each floating-point array of a model that it is no Parameter."""
    for path, x in named_objects(model, Variable):
        made = "a Variable" if x.creator is None else f"a Variable that {type(x.creator).__name__} has computed"
        yield f"{path} is {made}, not a Parameter: make it one, L.Parameter(array)"
    for path, layer in named_objects(model, Layer):
        for name, x in layer.children():
            if is_array(x) and x.dtype.kind == "f":
                where = f"{path}.{name}" if path else str(name)
                yield f"{where} is an array, not a Parameter: make it one, L.Parameter(array)"
            if isinstance(x, Buffer):
                yield f"{name} is a Buffer, not a Parameter"
