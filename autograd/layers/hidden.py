"""Parameters that a model does not find: in functions, in plain objects, in classes, or not made as Parameters.

`named_objects` walks over attributes, lists, dicts and layers. What lies elsewhere is neither trained nor saved. This
search goes further, and names the place.
"""

from __future__ import annotations

import dis
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from autograd.backend import is_array
from autograd.bfloat16 import kind_of
from autograd.layers.base import PARENTS, Buffer, Entry, Layer, Parameter, State, children, named_objects
from autograd.variable import Variable

__all__ = ["attributes_of", "check_reach", "globals_of", "hidden_parts"]

ENOUGH = 10_000  # objects that the search looks at: a model may hold on to a data set
CLOSED = (Variable, Entry, State, type, ModuleType, str, bytes, int, float, complex, np.generic, np.random.Generator)
REMEDY = "make it an attribute of a layer, an element of a list there, or a part of a Sequential"


def check_reach(name: str, model: Layer, kind: type, done: str) -> None:
    """Raises ValueError if `model` has no entry of this kind, or has parameters out of reach: they are not `done`."""
    hidden = next(hidden_parts(model), None)
    if next(named_objects(model, kind), None) is None:
        cause = f"{hidden}: {REMEDY}" if hidden else next(not_parameters(model), "none of its layers has any")
        raise ValueError(f"{name} takes a model with parameters, not {type(model).__name__}, which has none: {cause}")
    place, remedy = hidden, REMEDY
    if not hidden:
        place = next((f"{path} is a Variable" for path, x in variables(model) if is_made(x)), None)
        remedy = "make it a Parameter, or a plain array if it is a constant"
    if place:
        raise ValueError(
            f"{name} takes a model whose parameters can all be found, not {type(model).__name__}: {place}, "
            f"and would not be {done}: {remedy}. If that is wanted, give {WANTED[done]}"
        )


WANTED = {"trained": "the list of the others, list(model.params())", "saved": "the others alone, model.state_dict()"}


def hidden_parts(model: Layer) -> Iterator[str]:
    """Says for each layer with parameters, and each parameter, that `model` does not find, where it is."""
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
            waiting += [(path + step, child) for step, child in inside(x)]


def inside(x: Any) -> Iterable[tuple[str, Any]]:
    """What an object holds: how to get there, and the object."""
    if isinstance(x, partial):
        return [(".func", x.func), *[(f".args[{i}]", y) for i, y in enumerate(x.args)], *steps(x.keywords.items())]
    if isinstance(x, MethodType):
        return [(".__self__", x.__self__)]
    if isinstance(x, FunctionType):
        return held_by(x)
    if isinstance(x, Layer):
        return [*steps(x.children()), *steps(vars(x).items()), *in_class(x)]
    if isinstance(x, (set, frozenset, deque)) or (is_array(x) and x.dtype == object):
        return [(f"[{i}]", y) for i, y in enumerate(x if not is_array(x) else x.reshape(-1).tolist())]
    if isinstance(x, Mapping):
        return [*steps(x.items()), *[(f", the key {key!r:.20}", key) for key in x]]
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
    if "site-packages" not in code.co_filename:
        found += [(name, f.__globals__[name]) for name in globals_of(code) if name in f.__globals__]
    return [(f", in the function {f.__name__}: {name}", x) for name, x in found]


def globals_of(code: CodeType) -> list[str]:
    """The globals that the code of a function names, that of functions inside it too."""
    used = {i.argval: None for i in dis.get_instructions(code) if i.opname == "LOAD_GLOBAL"}
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            used |= dict.fromkeys(globals_of(inner))
    return [*used]


def attributes_of(code: CodeType) -> set[str]:
    """The names behind a dot in the code of a function, and in functions inside it."""
    inner = [attributes_of(x) for x in code.co_consts if isinstance(x, CodeType)]
    return set(code.co_names).union(*inner)


def in_class(layer: Layer) -> Iterator[tuple[str, Any]]:
    """What the class of a layer holds, where `vars` of the layer has nothing: its method `forward` too."""
    seen = set(vars(layer))
    for cls in type(layer).__mro__[: type(layer).__mro__.index(Layer)]:
        for name, x in vars(cls).items():
            if name not in seen and isinstance(x, (Layer, Parameter, list, tuple, dict)):
                yield f", in the class {cls.__name__}: {name}", x
            elif name == "forward" and isinstance(x, FunctionType):
                yield ".forward", x
        seen |= vars(cls).keys()


def variables(model: Layer) -> Iterator[tuple[str, Variable]]:
    """The Variables of a model that are no Parameters, with their paths."""
    return ((path, x) for path, x in named_objects(model, Variable) if not isinstance(x, Parameter))


def is_made(x: Variable) -> bool:
    """Did somebody make this Variable of numbers, so that a backward pass gives it a gradient? It was not computed."""
    return x.creator is None and kind_of(x.dtype) == "f" and x.node is not None and x.node.given


def not_parameters(model: Layer) -> Iterator[str]:
    """Says for each Variable and each floating-point array of a model that it is no Parameter."""
    for path, x in variables(model):
        made = "a Variable" if x.creator is None else f"a Variable that {type(x.creator).__name__} has computed"
        yield f"{path} is {made}, not a Parameter: make it one, L.Parameter(array)"
    for path, layer in named_objects(model, Layer):
        for name, x in layer.children():
            if is_array(x) and kind_of(x.dtype) == "f":
                where = f"{path}.{name}" if path else str(name)
                yield f"{where} is an array, not a Parameter: make it one, L.Parameter(array)"
            if isinstance(x, Buffer):
                yield f"{name} is a Buffer, not a Parameter"
