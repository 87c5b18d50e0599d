"""The recording device: arrays on which every operation of NumPy is computed as always, and put down as a line.

    step(x, t)                    forward, backward and update, on Recorded arrays in place of NumPy's
        -> tape.lines             fc1 = x @ fc1_W;  fc1 += fc1_b;  relu = fc1.clip(0.0, np.inf);  ...

The package computes with whatever module an array belongs to (`namespace(x)`), so a third device next to NumPy and CuPy
is all that a record needs: no function knows of it. Each record is a device of its own, in front of NumPy or of CuPy,
whose arrays are not mixed. Four invariants:

- *Nothing is lost.* An array that the tape does not know is refused beside a Recorded one, with the line.
- *Memory is memory.* A line that writes into an array, or into a view of it, does so in each replay. What was there
  before the step is saved first.
- *A question is a guard.* Where the package asks a value (`if wrong.any()`), the answer is put down, and a replay that
  would answer otherwise stops. Where the user's program asks, the step is refused, with the line.
- *A shape is a number.* Where it depends on values (`x[mask]`), and the step asks for it, a guard holds it.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from math import prod
from types import ModuleType
from typing import Any, ClassVar, NamedTuple

import numpy as np

from autograd import backend
from autograd.bfloat16 import is_bfloat16
from autograd.kernels.gpu import draws, late, tensors
from autograd.watch.places import PACKAGE, source_line

__all__ = ["Draws", "Line", "Recorded", "Refused", "Tape", "refuse"]

SMALL = 64  # elements of an array that the text of a program may hold


class Refused(RuntimeError):
    """A step that no replay can repeat faithfully, with the reason and the line."""


def refuse(reason: str, remedy: str = "", where: Any = None) -> Any:
    """Raises Refused with a line of the user's program: `where`, or the one that is running."""
    error = Refused(f"capture cannot replay {reason}: {where or source_line()}" + (f"; {remedy}" if remedy else ""))
    for tape in recording.get():
        tape.refused = tape.refused or error
    raise error


@dataclass(eq=False)
class Line:
    """One operation: `outs = template`, where {} in the template stand for `args`. It may write into one of them."""

    outs: tuple[Recorded, ...]
    template: str
    args: tuple[Recorded, ...]
    into: Recorded | None = None  # the array, or the generator of random numbers, that it changes
    also: tuple[Recorded, ...] = ()  # others, changed by a routine
    guard: bool = False
    check: bool = False  # a check of numbers on a GPU that nothing waits for
    numbers: int | None = None  # of a step of parameters on a GPU: its arguments that are no arrays
    part: str = ""  # forward, backward, update
    place: str = ""  # the function and its layer
    source: Any = None  # the line of the user's program

    @property
    def changed(self) -> list[int]:
        """The memory that it changes, by id of what owns it."""
        return [] if self.into is None else [id(x.root) for x in (self.into, *self.also)]


@dataclass(eq=False)
class Routine:
    """A function that the lines call: an optimizer's formula, or a kernel. `rows` makes its text.

    `run` takes its place where the package is at hand; None for what is the text alone. `shown`: two records are one
    program only if this text is the same too.
    """

    name: str
    rows: Callable[[str], list[str]]
    run: Callable[..., Any] | None = None
    shown: bool = False

    @property
    def in_code(self) -> bool:
        return self.run is None or self.shown


class Tape:
    """The lines of a step, and the arrays that were there before: its inputs, and the state that it reads and writes.

    `xp` is NumPy or CuPy, which computes. `kind` is the type of its arrays, `module` that of the operations on them.
    """

    def __init__(self, xp: Any = np) -> None:
        self.xp = xp
        self.arrays = (xp.ndarray, np.generic)
        self.lines: list[Line] = []
        self.roots: dict[int, Recorded] = {}  # what owns memory, by id of NumPy's array
        self.givens: dict[int, Recorded] = {}  # what was there before the step, by id of NumPy's array
        self.saved: dict[int, tuple[Any, Any]] = {}  # what was written into, and its content before the step
        self.part, self.place = "forward", ""
        self.refused: Refused | None = None
        self.routines: dict[Any, Routine] = {}
        self.warnings = np.geterr()  # as the program has set them
        self.over = False  # was the step refused? What it has kept is an array again
        self.quiet = False  # does the step silence the warnings of NumPy?
        self.kind: type[Recorded] = type("Recorded", (Recorded,), {"tape": self})
        self.module = (Module if xp is np else ModuleOfGPU)(xp, "np", self)

    @contextmanager
    def open(self) -> Iterator[Tape]:
        """Registers the device for a block."""
        backend.register(self.kind, self.module, Special(self), numpy=self.xp is np)
        token = recording.set((*recording.get(), self))
        try:
            yield self
            if self.refused is not None:  # the step has caught it
                raise self.refused
        finally:
            recording.reset(token)
            backend.forget(self.kind)

    @contextmanager
    def at(self, place: str, part: str | None = None) -> Iterator[None]:
        """Lines of the block belong to this place."""
        around = self.place, self.part
        self.place, self.part = place, part or self.part
        try:
            yield
        finally:
            self.place, self.part = around

    def lift(self, array: Any, name: str) -> Recorded:
        """An array, or a number, that is there before the step."""
        if isinstance(array, (self.xp.ndarray, np.random.Generator)) and id(array) in self.givens:
            return self.givens[id(array)]
        found = self.givens[id(array)] = self.given(array, name)
        return found

    def given(self, array: Any, name: str) -> Recorded:
        """An argument: at a replay it may be another array, even if it is one of the state now."""
        found = self.kind(array, name)
        found.given = True
        return found

    def put(
        self,
        template: str,
        args: Sequence[Any],
        y: Any,
        into: Recorded | None = None,
        also: Sequence[Recorded] = (),
    ) -> Any:
        """Puts down a line that computed y. Returns y with Recorded arrays in place of NumPy's."""
        parts = [self.written(x) for x in args]
        used = tuple([x for _, arrays in parts for x in arrays])
        template = template.format(*[part for part, _ in parts])
        numbers = bool(used) and all(type(x.held) in NUMBERS for x in used)
        ys = y if isinstance(y, (tuple, list)) else (y,)
        outs = [self.kind(item) if isinstance(item, NUMBERS if numbers else self.arrays) else item for item in ys]
        if into is None and not all(isinstance(item, Recorded) for item in outs):
            if isinstance(y, NUMBERS) and used:  # the answer to a question, such as array_equal
                self.check_caller(f"{type(y).__name__}()", used[0])
                text = f"{template} == {y!r}"
                self.add(Line((), text, used, guard=True))
            return y  # a shape, a dtype
        made = () if y is None or y is into else tuple(outs)
        if any(x.free for x in used):
            for item in made:
                item.free = True
        self.quiet = self.quiet or (self.xp is np and np.geterr() != self.warnings)
        self.add(Line(made, template, used, into, tuple(also)))
        return into if not made else type(y)(made) if type(y) is list else made if isinstance(y, tuple) else made[0]

    def add(self, line: Line) -> None:
        line.part, line.place, line.source = self.part, self.place, source_line()
        self.lines.append(line)

    @contextmanager
    def aside(self) -> Iterator[list[Line]]:
        """Lines of the block are those of a routine, and not of the step."""
        around, self.lines = self.lines, []
        try:
            yield self.lines
        finally:
            self.lines = around

    def routine(self, key: Any, name: str, rows: Callable[[str], list[str]], run: Any = None) -> Routine:
        """The routine of this key; a new one has a name of its own."""
        if key not in self.routines:
            taken, n = {r.name for r in self.routines.values()}, 1
            free = name
            while free in taken:
                n += 1
                free = f"{name}_{n}"
            self.routines[key] = Routine(free, rows, run)
        return self.routines[key]

    def guard(self, template: str, x: Recorded) -> None:
        """Puts down what a replay must find too."""
        self.add(Line((), template, (x,), guard=True))

    def ask(self, kind: type, x: Recorded) -> Any:
        """The answer of the value x, which a replay must give too."""
        self.check_caller(f"{kind.__name__}()", x, kind is float)
        answer = kind(x.held)
        self.guard(f"{kind.__name__}({{}}) == {answer!r}" if kind is not bool else "{}" if answer else "not {}", x)
        return answer

    def check_caller(self, question: str, x: Recorded, always: bool = False) -> None:
        """Refuses a question that the user's program asks, and not the package; or any, such as that of `accuracy`."""
        frame: Any = sys._getframe(2)
        while frame.f_code.co_filename == __file__:
            frame = frame.f_back
        if always or not frame.f_code.co_filename.startswith(PACKAGE):
            refuse(
                f"a program that asks for a value, {question} of an array {x.held.shape}",
                "return it, and ask outside of the step",
            )

    def save(self, x: Recorded) -> None:
        """Keeps a copy of what was there before the step, if x lies in it, because it is written into now."""
        own = x.own
        if x.root.given and id(own) not in self.saved:
            self.saved[id(own)] = own, own.bit_generator.state if isinstance(own, GENERATORS) else own.copy(order="K")

    def forget(self) -> None:
        """Lets go of all arrays but the saved ones."""
        self.lines, self.roots, self.givens = [], {}, {}

    def restore(self) -> None:
        """Gives all that was there before the step its content again."""
        for own, before in self.saved.values():
            if isinstance(own, GENERATORS):
                own.bit_generator.state = before
            else:
                own[...] = before

    def operand(self, x: Any) -> Any:
        """What computes in the place of x: the array of a Recorded one, of one that the tape knows, or a number."""
        return self.known(x).held if isinstance(x, (np.ndarray, self.xp.ndarray)) and x.ndim else opened(x)

    def is_there(self, x: Recorded, index: Any, value: Any) -> bool:
        """Is x[index] = value on a GPU only the end of x[index] += y, which copies a view to where it is?"""
        if self.xp is np or not isinstance(value, Recorded) or value.root is not x.root:
            return False
        part = x.held[index]
        same = part.shape == value.held.shape and part.strides == value.held.strides
        return bool(same and part.data.ptr == value.held.data.ptr)

    def written(self, x: Any) -> tuple[str, list[Recorded]]:
        """x as text, with {} for each Recorded array in it, and these arrays."""
        if isinstance(x, Recorded):
            if x.tape is not self:
                refuse("a value that an earlier step has kept", "return it, and give it as an argument")
            return "{}", [x]
        if isinstance(x, (np.ndarray, self.xp.ndarray)):
            if not x.ndim and id(x) not in self.givens and isinstance(x, np.ndarray):
                return f"np.asarray({literal(x[()])})", []
            return self.written(self.known(x))
        if isinstance(x, Subscript):
            items = x.index if isinstance(x.index, tuple) else (x.index,)
            parts = [self.written(Colon(item) if isinstance(item, slice) else item) for item in items]
            return ", ".join([part for part, _ in parts]) or "()", [a for _, arrays in parts for a in arrays]
        if isinstance(x, Colon):
            ends = (x.slice.start, x.slice.stop, *([x.slice.step] if x.slice.step is not None else []))
            parts = [("", []) if item is None else self.written(item) for item in ends]
            return ":".join([part for part, _ in parts]), [a for _, arrays in parts for a in arrays]
        if isinstance(x, (tuple, list)):
            parts = [self.written(item) for item in x]
            inner = ", ".join([part for part, _ in parts]) + ("," if len(x) == 1 and isinstance(x, tuple) else "")
            return (f"({inner})" if isinstance(x, tuple) else f"[{inner}]"), [a for _, arrays in parts for a in arrays]
        if isinstance(x, slice):
            parts = [self.written(item) for item in (x.start, x.stop, x.step)]
            return f"slice({', '.join([part for part, _ in parts])})", [a for _, arrays in parts for a in arrays]
        return literal(x).replace("{", "{{").replace("}", "}}"), []

    def known(self, x: Any) -> Recorded:
        """The Recorded array of one that was there before the step. Refuses others."""
        if id(x) in self.givens:
            return self.givens[id(x)]
        return refuse(  # type: ignore[no-any-return]
            f"an array {x.dtype} {x.shape} that the step makes outside of autograd, or finds where nobody looks",
            "give it as an argument, or make it an attribute of the layer",
        )


class Subscript(NamedTuple):
    """An index, to be written between brackets."""

    index: Any


class Colon(NamedTuple):
    """A slice in an index."""

    slice: slice


def is_mask(index: Any) -> bool:
    """Does an index choose elements by their values?"""
    return getattr(getattr(index, "dtype", None), "kind", "") == "b"


recording: ContextVar[tuple[Tape, ...]] = ContextVar("recording", default=())  # the tapes that are open


def owner(array: Any) -> Any:
    """The array that owns the memory of this one."""
    while backend.is_array(getattr(array, "base", None)):
        array = array.base
    return array


def literal(x: Any) -> str:
    """A number, a dtype, or another plain value as Python writes it."""
    if isinstance(x, np.dtype) or (isinstance(x, type) and issubclass(x, np.generic)):
        name = np.dtype(x).name
        return "np.bool_" if name == "bool" else f"ml_dtypes.{name}" if is_bfloat16(np.dtype(x)) else f"np.{name}"
    if isinstance(x, np.generic):
        return f"{literal(x.dtype)}({literal(x.item())})"
    if isinstance(x, float) and x - x != 0:
        return "np.nan" if x != x else "np.inf" if x > 0 else "-np.inf"
    return "..." if x is Ellipsis else x.__name__ if isinstance(x, type) else repr(x)


def opened(x: Any) -> Any:
    """NumPy's arrays in place of Recorded ones, in nested lists, tuples and slices too."""
    if isinstance(x, Recorded):
        return x.held
    if isinstance(x, (list, tuple)):
        return type(x)([opened(item) for item in x])
    if isinstance(x, slice):
        return slice(opened(x.start), opened(x.stop), opened(x.step))
    return x


NUMBERS = (float, int, bool)  # of an optimizer: the rate, the count of steps
GENERATORS = (np.random.Generator,)


def binary(symbol: str, op: Callable[[Any, Any], Any]) -> tuple[Any, Any, Any]:
    """The methods of an operator: x + y, y + x, x += y."""

    def method(self: Recorded, other: Any) -> Any:
        if not isinstance(other, Recorded) and getattr(other, "__array_ufunc__", 0) is None:
            return NotImplemented  # a Variable
        return self.tape.put(f"{{}} {symbol} {{}}", [self, other], op(self.held, self.tape.operand(other)))

    def mirrored(self: Recorded, other: Any) -> Any:
        return self.tape.put(f"{{}} {symbol} {{}}", [other, self], op(self.tape.operand(other), self.held))

    def in_place(self: Recorded, other: Any) -> Any:
        if not isinstance(self.held, self.tape.xp.ndarray):
            return method(self, other)
        self.tape.save(self)
        getattr(operator, f"i{op.__name__.strip('_')}")(self.held, self.tape.operand(other))
        return self.tape.put(f"{{}} {symbol}= {{}}", [self, other], None, self)

    return method, mirrored, in_place


def forwarded(name: str) -> Callable[..., Any]:
    """A method of arrays that returns a new array, or a view."""

    def method(self: Recorded, *args: Any, **options: Any) -> Any:
        return self.tape.module.call(f"{{}}.{name}", getattr(self.held, name), args, options, self)

    return method


def writing(name: str) -> Callable[..., None]:
    """A method of arrays that writes into them."""

    def method(self: Recorded, *args: Any, **options: Any) -> None:
        self.tape.save(self)
        getattr(self.held, name)(*opened(args), **options)
        template, parts = call_text(f"{{}}.{name}", args, options)
        self.tape.put(template, [self, *parts], None, self)

    return method


SYMBOLS = {
    "add": "+", "sub": "-", "mul": "*", "truediv": "/", "floordiv": "//", "mod": "%", "pow": "**", "matmul": "@",
    "and": "&", "or": "|", "xor": "^", "eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">=",
}  # fmt: skip
COMPARISONS = {"==", "!=", "<", "<=", ">", ">="}
READERS = [
    "all", "any", "argmax", "argmin", "argpartition", "argsort", "astype", "choose", "clip", "compress", "conj",
    "copy", "cumprod", "cumsum", "diagonal", "dot", "flatten", "max", "mean", "min", "nonzero", "prod", "ravel",
    "repeat", "reshape", "round", "searchsorted", "squeeze", "std", "sum", "swapaxes", "take", "trace", "transpose",
    "var", "view",
]  # fmt: skip


def methods() -> dict[str, Any]:
    """The operators and methods of arrays, as lines of the tape."""
    found: dict[str, Any] = {name: forwarded(name) for name in READERS}
    found |= {name: writing(name) for name in ("fill", "partition", "put", "sort")}
    for name, symbol in SYMBOLS.items():
        kinds = ("",) if symbol in COMPARISONS else ("", "r", "i")
        made = binary(symbol, getattr(operator, f"__{name}__"))
        found |= {f"__{kind}{name}__": method for kind, method in zip(kinds, made)}
    return found


Methods: Any = type("Methods", (), methods())


class Recorded(Methods):  # type: ignore[misc]
    """An array of the recording device: NumPy's array, and its name on the tape."""

    tape: ClassVar[Tape]
    given = False  # was it there before the step?
    free = False  # does its shape depend on values?
    __hash__ = None  # type: ignore[assignment]
    __array_priority__ = 1000  # CuPy's arrays leave x + y to it

    def __init__(self, held: Any, name: str = "") -> None:
        self.held, self.name = held, name
        self.own = owner(held)  # stays alive, so that its id is its own
        root = self.tape.roots.setdefault(id(self.own), self)
        self.below = None if root is self else root  # no reference to itself: it is free when the record is

    @property
    def root(self) -> Recorded:
        """What owns its memory."""
        return self if self.below is None else self.below

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        if self.tape.over:
            return np.asarray(self.held, dtype)
        refuse("a conversion to an array of NumPy", "compute with autograd.functions")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        """A ufunc that the program calls on an array, or an operator of NumPy's array with one: a line like others."""
        if not all(isinstance(x, (Recorded, np.ndarray, *self.tape.arrays, bool, int, float, complex)) for x in inputs):
            return NotImplemented  # a Variable
        if "out" in options:
            options["out"] = options["out"][0] if len(options["out"]) == 1 else options["out"]
        f: Any = None
        if getattr(np, ufunc.__name__, None) is not ufunc:
            refuse(f"{ufunc.__name__} on an array", "use the function of autograd.functions")
        f = getattr(self.tape.module, ufunc.__name__)
        return f(*inputs, **options) if method == "__call__" else getattr(f, method)(*inputs, **options)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        """A function of NumPy that the program calls on an array: a line like others."""
        if function in ABOUT:
            return function(*opened(args), **{k: opened(v) for k, v in kwargs.items()})
        module: Any = self.tape.module
        for part in str(function.__module__).split(".")[1:]:
            module = getattr(module, part, None)
        f = getattr(module, function.__name__, None)
        return refuse(f"{function.__name__} on an array") if f is None else f(*args, **kwargs)

    @property
    def shape(self) -> Any:
        if self.free:
            self.tape.guard(f"{{}}.shape == {self.held.shape}", self)
        return self.held.shape

    dtype = property(operator.attrgetter("held.dtype"))
    ndim = property(operator.attrgetter("held.ndim"))
    size = property(lambda self: prod(self.shape))
    nbytes = property(lambda self: self.size * self.itemsize)
    itemsize = property(operator.attrgetter("held.itemsize"))
    strides = property(lambda self: self.shape and self.held.strides)
    flags = property(operator.attrgetter("held.flags"))

    @property
    def base(self) -> Any:
        return None if self.held.base is None else self.tape.givens.get(id(self.own), self.root)

    T = property(lambda self: self.tape.put("{}.T", [self], self.held.T))
    real = property(lambda self: self.tape.put("{}.real", [self], self.held.real))
    imag = property(lambda self: self.tape.put("{}.imag", [self], self.held.imag))

    def __len__(self) -> int:
        return int(self.shape[0]) if self.held.ndim else len(self.held)

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, tuple) and not index:
            return self
        found = opened(index)
        y = self.tape.put("{}[{}]", [self, Subscript(index)], self.held[found])
        y.free = y.free or any(map(is_mask, found if isinstance(found, tuple) else [found]))
        return y

    def __setitem__(self, index: Any, value: Any) -> None:
        self.tape.save(self)
        found = opened(index)
        if self.tape.is_there(self, found, value):
            return
        self.held[found] = self.tape.operand(value)
        self.tape.put("{}[{}] = {}", [self, Subscript(index), value], None, self)

    def __bool__(self) -> bool:
        return bool(self.tape.ask(bool, self))

    def __int__(self) -> int:
        return int(self.tape.ask(int, self))

    def __float__(self) -> float:
        return float(self.tape.ask(float, self))

    def __index__(self) -> int:
        return int(self.tape.ask(int, self))

    def item(self, *_: Any) -> Any:
        refuse("item(), which asks for a value", "return the Variable, and ask outside of the step")

    def tolist(self) -> Any:
        refuse("tolist(), which asks for values", "return the Variable, and ask outside of the step")

    def __neg__(self) -> Any:
        return self.tape.put("-{}", [self], -self.held)

    def __invert__(self) -> Any:
        return self.tape.put("~{}", [self], ~self.held)

    def __abs__(self) -> Any:
        return self.tape.put("abs({})", [self], abs(self.held))

    def __copy__(self) -> Any:
        return self.copy()  # type: ignore[attr-defined]

    def __deepcopy__(self, memo: Any) -> Any:
        return self.copy()  # type: ignore[attr-defined]

    def __format__(self, spec: str) -> Any:
        refuse("a program that prints a value", "return it, and print outside of the step")

    def __getattr__(self, name: str) -> Any:
        if any(hasattr(kind, name) for kind in self.tape.arrays) and not name.startswith("__"):
            refuse(f"{name} of an array", "compute with autograd.functions")
        raise AttributeError(name)

    def __repr__(self) -> str:
        return f"Recorded({self.name or 'value'}, {getattr(self.held, 'dtype', '')} {np.shape(self.held)})"


ABOUT = {np.shape, np.ndim, np.size, np.result_type, np.can_cast, np.iscomplexobj, np.isrealobj}
FREE_SHAPES = {"nonzero", "flatnonzero", "argwhere", "unique", "compress", "extract", "bincount", "repeat", "delete"}


def call_text(name: str, args: Sequence[Any], options: Mapping[str, Any]) -> tuple[str, list[Any]]:
    """A call as a template, and what fills it."""
    given = ["{}"] * len(args) + [f"{key}={{}}" for key in options]
    return f"{name}({', '.join(given)})", [*args, *options.values()]


class Draws:
    """A generator of random numbers whose draws are lines of the tape."""

    def __init__(self, held: np.random.Generator, tape: Tape) -> None:
        self.tape = tape
        self.held = tape.roots[id(held)] if id(held) in tape.roots else tape.lift(held, "rng")

    def __getattr__(self, name: str) -> Any:
        draw = getattr(self.held.held, name)

        def method(*args: Any, **options: Any) -> Any:
            self.tape.save(self.held)
            y = draw(*opened(args), **{key: opened(x) for key, x in options.items()})
            template, parts = call_text(f"{{}}.{name}", args, options)
            return self.tape.put(template, [self.held, *parts], y, self.held)

        return method

    def draws_on_gpu(self, x: Recorded) -> bool:
        return draws.fits(self.held.held, x.held)

    def draws_mask(self, shape: tuple[int, ...], p: float, x: Recorded) -> Any:
        """A mask of dropout that a GPU draws: one line."""
        self.tape.save(self.held)
        y = draws.mask(self.held.held, shape, p, x.held)
        routine = self.tape.routine(
            "mask", "dropout_mask", lambda name: [f"def {name}(rng, shape, p, x):", *MASK], draws.mask
        )
        template, parts = call_text(routine.name, (self.held, shape, p, x), {})
        return self.tape.put(template, parts, y, self.held)


MASK = """\
    drawn = np.asarray(rng.random(shape, dtype='float32'))
    return (drawn >= p) * x.dtype.type(1 / (1 - p))""".splitlines()


class Ufunc:
    """A ufunc of NumPy on the recording device, with `at`, `reduce` and its like."""

    def __init__(self, held: Any, module: Module, name: str) -> None:
        self.held, self.module, self.__name__ = held, module, name

    def __call__(self, *args: Any, **options: Any) -> Any:
        n = self.held.nin
        if len(args) > n:
            args, options = args[:n], {"out": args[n:] if self.held.nout > 1 else args[n], **options}
        return self.module.call(f"{self.module.__name__}.{self.__name__}", self.held, args, options)

    def at(self, x: Recorded, *args: Any) -> None:
        self.module.write(f"{self.module.__name__}.{self.__name__}.at", self.held.at, x, args, {})

    def __getattr__(self, name: str) -> Any:
        held = getattr(self.held, name)
        if not callable(held):
            return held
        return lambda *args, **options: self.module.call(
            f"{self.module.__name__}.{self.__name__}.{name}", held, args, options
        )


WRITERS = {"copyto", "fill_diagonal", "place", "put", "put_along_axis", "putmask"}
PLAIN = {"broadcast_shapes", "can_cast", "finfo", "iinfo", "isscalar", "issubdtype", "ndindex", "promote_types"}


OUT_AT = {  # where `out` stands among the arguments of a function; it is a name in a call of a ufunc
    "all": 2, "any": 2, "argmax": 2, "argmin": 2, "choose": 2, "clip": 3, "compress": 3, "concatenate": 2, "cumprod": 3,
    "cumsum": 3, "dot": 2, "max": 2, "mean": 3, "min": 2, "outer": 2, "prod": 3, "round": 2, "stack": 2, "std": 3,
    "sum": 3, "take": 3, "trace": 5, "var": 3,
}  # fmt: skip


class Module(ModuleType):
    """NumPy, or a part of it, on the recording device of a tape."""

    def __init__(self, held: Any, name: str, tape: Tape) -> None:
        super().__init__(name)
        self.held, self.tape, self.ndarray = held, tape, tape.kind

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        held = getattr(self.held, name)
        if isinstance(held, type(self.tape.xp.add)):
            return Ufunc(held, self, name)
        if isinstance(held, ModuleType):
            return Module(held, f"{self.__name__}.{name}", self.tape)
        if isinstance(held, type) or not callable(held) or name in PLAIN:
            return held
        text = f"{self.__name__}.{name}"
        if name in WRITERS:
            return lambda x, *args, **options: self.write(text, held, x, args, options)
        return lambda *args, **options: self.call(text, held, args, options)

    def call(self, name: str, f: Any, args: Sequence[Any], options: Mapping[str, Any], *first: Recorded) -> Any:
        """Calls NumPy's function, or method of `first`, and puts it down. An `out` is written into."""
        at = OUT_AT.get(name.rsplit(".", 1)[-1], 99) - len(first)
        out = options.get("out", args[at] if at < len(args) else None)
        out = out[0] if isinstance(out, tuple) else out
        if out is not None:
            self.tape.save(out)
        y = f(*[self.tape.operand(x) for x in args], **{key: opened(x) for key, x in options.items()})
        template, parts = call_text(name, args, options)
        y = self.tape.put(template, [*first, *parts], out if out is not None else y, out)
        if name.rsplit(".", 1)[-1] in FREE_SHAPES:
            for item in y if isinstance(y, (tuple, list)) else [y]:
                item.free = True
        return y

    def write(self, name: str, f: Any, x: Recorded, args: Sequence[Any], options: Mapping[str, Any]) -> None:
        """Calls a function of NumPy's that writes into its first argument, and puts it down."""
        self.tape.save(x)
        f(x.held, *[self.tape.operand(a) for a in args], **{key: opened(a) for key, a in options.items()})
        template, parts = call_text(name, (x, *args), options)
        self.tape.put(template, parts, None, x)

    def asarray(self, x: Any, dtype: Any = None) -> Any:
        """Numbers as an array of this device: a Recorded array as it is, NumPy's as part of the program's text."""
        if isinstance(x, Recorded):
            if isinstance(x.held, np.generic):
                x = self.tape.put("np.asarray({})", [x], self.held.asarray(x.held))
            return x if dtype is None or x.dtype == dtype else x.astype(dtype)  # type: ignore[attr-defined]
        if backend.is_array(x):
            if x.size > SMALL or not isinstance(x, np.ndarray):
                return self.tape.known(x)
            x, dtype = x.tolist(), x.dtype if dtype is None else dtype
        return self.call("np.asarray", self.held.asarray, (x,), {} if dtype is None else {"dtype": dtype})

    def array(self, x: Any, dtype: Any = None, copy: bool = True) -> Any:
        y = self.asarray(x, dtype)
        return y.copy() if copy and y is x else y

    def refuse_others(self, arrays: Sequence[Any]) -> None:
        """Called where arrays of this device meet others."""
        for x in arrays:
            if isinstance(x, (np.ndarray, self.tape.xp.ndarray)):
                self.tape.known(x)

    def asnumpy(self, x: Any) -> Any:
        refuse(
            "a program that takes values to main memory, as print does, and functions such as ctc_loss and nanquantile",
            "return them, and print outside of the step",
        )


CHECK_BELOW = """\
    if ((index < 0) | (index >= n)).any():
        raise ValueError(f'a label or an index that is not in 0 .. {n - 1}')""".splitlines()


SQUARE_SUM = ["    return sum([(x.astype(np.float64) ** 2).sum() for x in xs])"]


class ModuleOfGPU(Module):
    """CuPy on the recording device. It has a name for each thing that the package does on a GPU without waiting."""

    def check_below(self, index: Recorded, n: int, error: Callable[[int], Exception]) -> None:
        """A late check of labels or indices: a line that nothing waits for, and no guard."""
        key, run = ("check_below", n, str(error(-1))), partial(late.check_below, error=error)
        routine = self.tape.routine(key, "check_below", lambda name: [f"def {name}(index, n):", *CHECK_BELOW], run)
        self.tape.add(Line((), f"{routine.name}({{}}, {n})", (index,), check=True))

    def square_sum(self, xs: Sequence[Recorded]) -> Any:
        """The sum of all squares, which one kernel adds up."""
        y = tensors.square_sum([x.held for x in xs])
        routine = self.tape.routine(
            "square_sum",
            "square_sum",
            lambda name: [f"def {name}(*xs):", *SQUARE_SUM],
            lambda *xs: tensors.square_sum(xs),
        )
        return self.tape.put(*call_text(routine.name, xs, {}), y)


class Special:
    """SciPy's special functions on the recording device, found when the first one is used."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape

    def __getattr__(self, name: str) -> Any:
        module = backend.special(self.tape.xp.zeros(0))
        return getattr(Module(module, module.__name__, self.tape), name)
