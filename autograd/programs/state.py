"""What a step can reach: the arrays that it reads and writes, and all else that its program takes as it is.

    step -> what its code names, around it and globally -> layers, optimizers, lists, objects -> arrays, numbers

A `Holder` is a place with names: the attributes of an object, a list, the variables of a function. While a step is
recorded, each array in it is a Recorded one. Afterwards the holders say what the step has left behind, and before a
replay whether all that the program does not read is still what it was.
"""

from __future__ import annotations

import dis
import random
import sys
from array import array
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from functools import partial
from types import (
    BuiltinFunctionType,
    CodeType,
    FunctionType,
    GeneratorType,
    GetSetDescriptorType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
    SimpleNamespace,
)
from typing import Any

import numpy as np

from autograd.backend import is_array
from autograd.checks import shown
from autograd.function import Tracked
from autograd.layers.base import Buffer, Layer, State, named_objects
from autograd.layers.hidden import attributes_of, globals_of
from autograd.optimizers.averages import EMA
from autograd.optimizers.base import Optimizer
from autograd.watch.places import Source

__all__ = ["Box", "Holder", "Reach"]

LONG = 1 << 16  # entries of a list or a dict that are looked at; in a longer one arrays are not found
OPEN = {"argparse", "builtins", "collections", "decimal", "fractions", "types", "_thread"}  # of Python: they hold data
LIBRARIES = {"autograd", "numpy", "cupy", "cupyx", "cupy_backends"}  # their classes hold nothing of the program
ASKED_ANEW = {"lr", "steps", "state", "counts", "lock"}  # of an optimizer: a program takes them, or changes them itself


class Holder:
    """Names and what they stood for: `kept`. `look()` returns the dict or list itself, `write(name, x)` changes it."""

    optimizers = False  # is it a part of an optimizer, which makes slots at a first update?

    def __init__(self, path: str, look: Callable[[], Any], write: Callable[[Any, Any], None], spot: Any = None) -> None:
        self.path, self.look, self.write, self.spot = path, look, write, spot
        self.kept = copy(look())
        self.first = self.kept

    def restore(self) -> None:
        """Puts back all that was there."""
        if isinstance(self.spot, (list, deque)):
            self.spot.clear()
            self.spot.extend(self.first)
            return
        for name in [name for name, _ in named(self.look()) if name not in self.first]:
            if isinstance(self.spot, dict):
                del self.spot[name]
        for name, x in named(self.first):
            self.write(name, x)

    def same(self) -> bool:
        """Is all as it was kept? What cannot be compared is not the same."""
        try:
            return bool(self.look() == self.kept)  # identical objects are equal, so most need no comparison
        except Exception:
            return False

    def excuse(self, name: Any) -> None:
        """From here on the name may stand for anything: the program reads it, or writes it."""
        look, excused = self.look, {name}
        self.look = lambda: {n: x for n, x in named(look()) if n not in excused}
        self.kept = {n: x for n, x in named(self.kept) if n not in excused}

    def change(self) -> str:
        """What is not as it was, in words; empty if nothing is."""
        now, before = dict(named(self.look())), dict(named(self.kept))
        for name in {**before, **now}:
            path = f"{self.path}{name}"
            if name not in now or name not in before:
                return f"{path} is {'gone' if name in before else f'new, {shown(now[name])}'}"
            if not equal(now[name], before[name]):
                return f"{path} was {shown(before[name])} and is {shown(now[name])}"
        return ""


def equal(a: Any, b: Any) -> bool:
    try:
        return a is b or bool(a == b)
    except Exception:
        return False


class Missing:
    def __repr__(self) -> str:
        return "nothing"


MISSING = Missing()


class Wrapper:
    """What stands for a function `step`, as a captured step does."""

    step: Callable[..., Any]


@dataclass(eq=False)
class Place:
    """Where a value lies: `get()` returns it and `put(value)` changes it. `before` was there before the step."""

    name: str
    get: Callable[[], Any]
    put: Callable[[Any], Any]
    owner: Any  # the Variable or the Buffer whose array lies here, or the holder
    key: Any = None  # the name in the holder
    is_gradient: bool = False

    def __post_init__(self) -> None:
        self.before = self.get()
        self.lifted = self.before  # what lies here while the step is recorded


def named(x: Any) -> list[tuple[Any, Any]]:
    """The names in a dict or a list, and what they stand for."""
    return [*(x.items() if isinstance(x, dict) else enumerate(x))]


def put_into_cell(cells: Mapping[str, Any], name: str, value: Any) -> None:
    cells[name].cell_contents = value


def contents(cells: Mapping[str, Any]) -> dict[str, Any]:
    found = {}
    for name, cell in cells.items():
        try:
            found[name] = cell.cell_contents
        except ValueError:  # no value yet
            continue
    return found


def holders_of(x: Any, path: str) -> Iterator[Holder]:
    """The places in an object where others may lie."""
    lead = path + "." if path else ""
    if isinstance(x, MethodType):
        yield from holders_of(x.__func__, path)
    elif isinstance(x, type):
        if ours_or_theirs(x.__module__):
            yield Holder(lead, partial(class_attributes, x), partial(setattr, x))
    elif isinstance(x, FunctionType):
        yield from holders_of_function(x, lead)
    elif isinstance(x, (list, deque, dict)):
        if len(x) <= LONG:
            yield Holder(lead, lambda: x, x.__setitem__, x)
    elif isinstance(x, (Optimizer, EMA)):
        spot = vars(x)
        anew = ASKED_ANEW if isinstance(x, Optimizer) else {"steps"}
        yield Holder(lead, lambda: {k: v for k, v in spot.items() if k not in anew}, spot.__setitem__, spot)
        if isinstance(x, Optimizer):
            yield Holder(lead, lambda: x.state, x.state.__setitem__, x.state)
    elif isinstance(x, set):
        yield Holder(lead, lambda: {"": frozenset(x)}, partial(put_into_set, x))
    elif isinstance(x, (bytearray, array)):
        yield Holder(lead, lambda: {"": bytes(x)}, lambda name, value: None)
    elif isinstance(x, State):
        yield Holder(lead, lambda: {"value": x.value}, partial(setattr, x))
    elif hasattr(x, "__dict__") and not closed(x):
        spot = vars(x)
        yield Holder(lead, lambda: spot, spot.__setitem__, spot)
    slots = [] if closed(x) or isinstance(x, State) else slots_of(x)
    if slots:
        yield Holder(lead, lambda: {n: getattr(x, n) for n in slots if hasattr(x, n)}, partial(setattr, x))


def holders_of_function(f: FunctionType, lead: str) -> Iterator[Holder]:
    """Its variables: those around it, and of the user's functions the globals, the defaults and the attributes."""
    cells = dict(zip(f.__code__.co_freevars, f.__closure__ or ()))
    if cells:
        yield Holder(lead, partial(contents, cells), partial(put_into_cell, cells))
    if not in_user_code(f):
        return
    yield Holder(lead, lambda: vars(f), vars(f).__setitem__, vars(f))
    names = f.__code__.co_varnames[: f.__code__.co_argcount]
    defaults = dict(zip(names[::-1], (f.__defaults__ or ())[::-1])) | (f.__kwdefaults__ or {})
    if defaults:
        yield Holder(f"{lead}default of ", partial(dict, defaults), lambda i, value: None)
    spot = f.__globals__
    named_here = globals_of(f.__code__)
    for name, module in modules_in(spot, named_here):
        inside = [n for n in attributes_of(f.__code__) if n in vars(module)]
        yield Holder(f"{name}.", partial(chosen, vars(module), inside), partial(setattr, module))
    used = [name for name in named_here if name in spot and not isinstance(spot[name], ModuleType)]
    used = [name for name in used if is_data(spot[name])]
    if used:
        yield Holder("", lambda: {n: spot[n] for n in used if n in spot}, spot.__setitem__)


def modules_in(spot: Mapping[str, Any], names: Iterable[str]) -> list[tuple[str, ModuleType]]:
    """The modules of the user's program among these globals."""
    found = [(name, spot[name]) for name in names if isinstance(spot.get(name), ModuleType)]
    return [(name, module) for name, module in found if not closed(module)]


def chosen(spot: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: spot[name] for name in names if name in spot}


def put_into_set(x: set[Any], name: Any, items: Any) -> None:
    x.clear()
    x.update(items)


def class_attributes(cls: type) -> dict[str, Any]:
    """What a class holds besides its methods."""
    hidden = (FunctionType, property, staticmethod, classmethod, GetSetDescriptorType, MemberDescriptorType)
    return {n: y for n, y in vars(cls).items() if not n.startswith("__") and not isinstance(y, hidden)}


def slots_of(x: Any) -> list[str]:
    """The names of the slots of an object of the user's class."""
    found = [vars(cls).get("__slots__", ()) for cls in type(x).__mro__ if ours_or_theirs(cls.__module__)]
    return [name for names in found for name in ([names] if isinstance(names, str) else names) if name[:2] != "__"]


def progress(x: Any) -> Any:
    """Where an iterator or a generator is; None for what is neither, or does not tell."""
    if isinstance(x, np.random.Generator):
        return "a generator"  # the record asks it itself
    if isinstance(x, GeneratorType):
        frame = x.gi_frame
        return None if frame is None else (frame.f_lasti, repr(frame.f_locals))
    if isinstance(x, (random.Random, np.random.RandomState)):
        return repr(x.getstate() if isinstance(x, random.Random) else x.get_state())
    try:
        return repr(x.__reduce__()) if hasattr(type(x), "__next__") else None
    except Exception:
        return None


def ours_or_theirs(module: Any, file: str = "") -> bool:
    """Does something of this module belong to the user's program: not to this package, Python, or a library?"""
    if file.startswith("<"):
        return True  # typed in, or an example of a docstring
    name = str(module).split(".")[0]
    return name not in sys.stdlib_module_names and name not in LIBRARIES and "site-packages" not in file


def in_user_code(f: FunctionType) -> bool:
    return ours_or_theirs(f.__module__, f.__code__.co_filename)


def is_data(x: Any) -> bool:
    """May a step depend on what is inside a global, or on which it is? Not for what is a part of a library."""
    if isinstance(x, (type, FunctionType, BuiltinFunctionType, np.ufunc)):
        return not closed(x) and not isinstance(x, (BuiltinFunctionType, np.ufunc))
    return True


def closed(x: Any) -> bool:
    """Is an object one whose insides a step does not depend on: a module, a class, a part of a library?"""
    if isinstance(x, type):
        return not ours_or_theirs(x.__module__)
    if isinstance(x, ModuleType):
        return not ours_or_theirs(x.__name__, str(getattr(x, "__file__", "")))
    if is_array(x) or isinstance(x, (np.generic, np.random.Generator)):
        return True
    kind = type(x)
    if isinstance(x, (FunctionType, MethodType, SimpleNamespace, partial, dict, list, tuple, deque)):
        return isinstance(x, FunctionType) and not ours_or_theirs(x.__module__) and not x.__closure__
    if kind.__module__.startswith("autograd."):
        return False
    if not ours_or_theirs(kind.__module__):
        return kind.__module__.split(".")[0] not in OPEN
    module = sys.modules.get(kind.__module__)
    return "site-packages" in str(getattr(module, "__file__", ""))


def methods_of(x: Any) -> Iterator[FunctionType]:
    """The methods of an object of the user's class: they may read globals."""
    for cls in type(x).__mro__:
        if ours_or_theirs(cls.__module__):
            yield from [f for f in vars(cls).values() if isinstance(f, FunctionType)]


@dataclass(eq=False)
class Box:
    """A Variable or a Buffer, whose array the program reads where it is at each replay."""

    x: Any
    name: str

    def __post_init__(self) -> None:
        self.kind, self.last = type(self.x), self.x.value
        self.shape, self.dtype = np.shape(self.last), getattr(self.last, "dtype", None)

    def fits(self) -> bool:
        """Is it what it was, with an array of the shape and the dtype that it had?"""
        value = self.x.value
        if value is not self.last:
            if type(value) is not type(self.last) or value.shape != self.shape or value.dtype != self.dtype:
                return False
            self.last = value
        return type(self.x) is self.kind  # a frozen Parameter is of another class

    def places(self) -> Iterator[Place]:
        x = self.x
        yield Place(self.name, partial(getattr, x, "value"), partial(setattr, x, "value"), x)
        if isinstance(x, Tracked):
            yield Place(f"{self.name}.grad", partial(getattr, x, "grad"), partial(setattr, x, "grad"), x, None, True)


class Reach:
    """All that a step can reach: `holders`, and `boxes` of the Variables and Buffers in them."""

    def __init__(self, step: Any, others: Iterable[Any] = ()) -> None:
        self.holders: list[Holder] = []
        self.boxes: list[Box] = []
        self.moving: list[tuple[str, Any, Any]] = []  # iterators and the like, and where they are
        self.codes: list[CodeType] = []  # of the step, and of the user's functions that it can reach
        self.generators: dict[int, Any] = {}  # of random numbers, by id
        self.counting: list[Any] = []  # what counts its steps
        self.inner: set[str] = set()  # paths inside optimizers
        self.names: dict[int, str] = {}  # of the parts of layers: their paths there
        seen: dict[int, Any] = {}
        waiting: deque[tuple[str, Any]] = deque([("", step), *[("", x) for x in others]])
        while waiting:
            path, x = waiting.popleft()
            if id(x) in seen or isinstance(x, (str, bytes, int, float, complex, type(None))):
                continue
            seen[id(x)] = x
            waiting += self.below(path, x)
        several = len({name.split(".")[0] for name in self.names.values()}) > 1
        for box in self.boxes:
            path = self.names.get(id(box.x), box.name)
            box.name = path if several else path.partition(".")[2] or path

    def below(self, path: str, x: Any) -> Iterator[tuple[str, Any]]:
        """What an object holds, with its path. Keeps the object where it belongs."""
        if isinstance(x, (Tracked, Buffer)):
            self.boxes.append(Box(x, path))
            return
        if isinstance(x, Wrapper):
            yield path, x.step
            return
        if isinstance(x, np.random.Generator):
            self.generators[id(x)] = x
        if progress(x) is not None:
            self.moving.append((path, x, progress(x)))
        if isinstance(x, FunctionType) and x.__name__ != "__init__" and in_user_code(x):
            self.codes.append(x.__code__)
        if isinstance(x, (Optimizer, EMA)):
            self.counting.append(x)
        if isinstance(x, Layer) and id(x) not in self.names:
            found = named_objects(x, (Tracked, Buffer, Layer))
            self.names |= {id(y): f"{path}.{own}" for own, y in found if id(y) not in self.names}
        if isinstance(x, MethodType):
            yield path, x.__self__
        if isinstance(x, partial):
            yield from [(path, y) for y in (x.func, *x.args, x.keywords)]
        if isinstance(x, tuple):
            yield from [(f"{path}.{i}", y) for i, y in enumerate(x)]
        yield from [(path, f) for f in methods_of(x)]
        yield from [(path, cls) for cls in type(x).__mro__ if ours_or_theirs(cls.__module__)]
        for holder in holders_of(x, path):
            self.holders.append(holder)
            holder.optimizers = isinstance(x, Optimizer) or path in self.inner
            if holder.optimizers:
                self.inner |= {f"{holder.path}{name}" for name, _ in named(holder.kept)}
            yield from [(f"{holder.path}{name}", y) for name, y in named(holder.kept)]

    def places(self) -> Iterator[Place]:
        """All places whose values a step may change."""
        for box in self.boxes:
            yield from box.places()
        for holder in self.holders:
            for name, _ in named(holder.kept):
                get, put = partial(at, holder.look, name), partial(holder.write, name)
                yield Place(f"{holder.path}{name}", get, put, holder, name)

    def line_of(self, name: str) -> Source | None:
        """The line of the step, or of what it calls, that changes what has this name; else its first line."""
        found: list[tuple[tuple[bool, bool], Source]] = []
        for code in self.codes:
            line = code.co_firstlineno
            for at in dis.get_instructions(code):
                line = (at.positions and at.positions.lineno) or line
                if at.argval == name:
                    rank = code is self.codes[0], at.opname.startswith(("STORE", "DELETE"))
                    found.append((rank, Source(code.co_filename, line, code.co_name)))
        if not found and self.codes:
            return Source(self.codes[0].co_filename, self.codes[0].co_firstlineno, self.codes[0].co_name)
        return max(found, key=lambda pair: pair[0])[1] if found else None

    def fits(self) -> bool:
        """May a program that was recorded here still run?"""
        return all(box.fits() for box in self.boxes) and all(holder.same() for holder in self.holders)

    def change(self) -> str:
        """What has changed since, in words; empty if nothing has."""
        for box in self.boxes:
            if not box.fits():
                return f"{box.name} has another shape, dtype or kind than before"
        return next((change for holder in self.holders if (change := holder.change())), "")


def at(look: Callable[[], Any], name: Any) -> Any:
    try:
        return look()[name]
    except (KeyError, IndexError):
        return MISSING
