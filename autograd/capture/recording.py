"""The recording device: arrays on which every NumPy operation is computed as always, and put down as a line.

    step(x, t)                    forward, backward and update, on Recorded arrays instead of NumPy's
        -> tape.lines             v15 = x @ fc1_W;  v15 += fc1_b;  v16 = v15.clip(0, inf);  ...

The package computes with whatever module an array belongs to (`namespace(x)`), so a third device next to NumPy and CuPy
is all that a record needs: no function knows of it. Three invariants:

- *Nothing is lost.* A Recorded array next to a NumPy array that the tape does not know is an error, as two devices are.
- *Memory is memory.* A line that writes into an array, or into a view of it, does so when it is replayed.
- *A question is a guard.* Where the package asks a value (`if wrong.any()`), the answer is put down, and a replay that
  would answer otherwise stops. Where the user's program asks, the step is refused, with the line.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np

from autograd import backend
from autograd.watch.places import PACKAGE, source_line

__all__ = ["Line", "Recorded", "Refused", "Tape", "owner", "recording"]


class Refused(RuntimeError):
    """A step that cannot be replayed faithfully, with the reason and the line."""


def refuse(reason: str) -> Any:
    raise Refused(f"capture cannot replay {reason}: {source_line()}")


@dataclass(eq=False)
class Line:
    """One operation: `outs = template`, where {} in the template stand for `args`. It may write into one of them."""

    outs: tuple[Recorded, ...]
    template: str
    args: tuple[Recorded, ...]
    into: Recorded | None = None  # the array that it writes into
    guard: bool = False
    place: str = ""  # the function, and its layer


@dataclass
class Tape:
    """The lines of a step, and the arrays that were there before: its inputs, and the state that it reads and writes."""

    lines: list[Line] = field(default_factory=list)
    known: dict[int, Recorded] = field(default_factory=dict)  # by id of the NumPy array that owns the memory
    place: str = ""

    def lift(self, array: Any, name: str) -> Recorded:
        """An array that is there before the step."""
        return Recorded(array, self, name)

    def put(self, template: str, args: Sequence[Any], y: Any, into: Any = None) -> Any:
        """Puts down a line that computed y; returns y with Recorded arrays in place of NumPy's."""
        parts = [written(x) for x in args]
        text = template.format(*[part for part, _ in parts])
        used = tuple([x for _, arrays in parts for x in arrays])
        if into is not None:
            self.lines.append(Line((), text, used, into, place=self.place))
            return into
        ys = y if isinstance(y, (tuple, list)) else (y,)
        kinds = ARRAYS if not all(isinstance(x.held, NUMBERS) for x in used) or not used else NUMBERS
        outs = [Recorded(item, self) if isinstance(item, kinds) else item for item in ys]
        if not all([isinstance(item, Recorded) for item in outs]):
            return y  # a shape, a dtype: no array
        self.lines.append(Line(tuple(outs), text, used, place=self.place))
        return type(y)(outs) if type(y) in (tuple, list) else tuple(outs) if isinstance(y, tuple) else outs[0]

    def ask(self, kind: type, x: Recorded) -> Any:
        """The answer of the value x, which a replay must give too."""
        if not sys._getframe(2).f_code.co_filename.startswith(PACKAGE):
            refuse(f"a program that depends on a value ({kind.__name__} of an array {x.shape})")
        answer = kind(x.held)
        self.lines.append(Line((), f"{kind.__name__}({{}}) == {answer!r}", (x,), guard=True, place=self.place))
        return answer


def owner(array: Any) -> Any:
    """The array that owns the memory of this one."""
    while getattr(array, "base", None) is not None and isinstance(array.base, np.ndarray):
        array = array.base
    return array


def written(x: Any) -> tuple[str, list[Recorded]]:
    """x as text, with {} for each Recorded array in it, and these arrays."""
    if isinstance(x, Recorded):
        return "{}", [x]
    if isinstance(x, (tuple, list)):
        parts = [written(item) for item in x]
        inner = ", ".join([part for part, _ in parts]) + ("," if len(x) == 1 and isinstance(x, tuple) else "")
        return (f"({inner})" if isinstance(x, tuple) else f"[{inner}]"), [a for _, arrays in parts for a in arrays]
    if isinstance(x, slice):
        parts = [written(item) for item in (x.start, x.stop, x.step)]
        return f"slice({', '.join([part for part, _ in parts])})", [a for _, arrays in parts for a in arrays]
    if isinstance(x, np.ndarray):
        refuse(f"an array {x.dtype} {x.shape} that is neither an input of the step nor its state")
    return literal(x).replace("{", "{{").replace("}", "}}"), []


def literal(x: Any) -> str:
    """A number, a dtype, or another plain value as Python writes it."""
    if isinstance(x, np.dtype) or (isinstance(x, type) and issubclass(x, np.generic)):
        return f"np.{np.dtype(x).name}"
    if isinstance(x, np.generic):
        return f"np.{x.dtype.name}({x.item()!r})"
    if isinstance(x, float) and x - x != 0:
        return "np.nan" if x != x else "np.inf" if x > 0 else "-np.inf"
    return "..." if x is Ellipsis else f"{x.__name__}" if isinstance(x, type) else repr(x)


def opened(x: Any) -> Any:
    """NumPy's arrays in place of Recorded ones, in nested lists and tuples too."""
    if isinstance(x, Recorded):
        return x.held
    if isinstance(x, (list, tuple)):
        return type(x)([opened(item) for item in x])
    if isinstance(x, slice):
        return slice(opened(x.start), opened(x.stop), opened(x.step))
    return x


def tape_of(*xs: Any) -> Tape:
    """The tape of the first Recorded array among the arguments; else the one that records now."""
    for x in xs:
        if isinstance(x, Recorded):
            return x.tape
        if isinstance(x, (list, tuple)):
            for item in x:
                if isinstance(item, Recorded):
                    return item.tape
    return CURRENT[-1]


ARRAYS = (np.ndarray, np.generic)
NUMBERS = (float, int)  # of an optimizer: the rate, the count of steps
CURRENT: list[Tape] = []


class Recorded:
    """An array of the recording device: NumPy's array, and its name on the tape."""

    __array_ufunc__ = None  # ndarray + Recorded is for us to refuse
    __array_priority__ = 100
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, held: Any, tape: Tape, name: str = "") -> None:
        self.held, self.tape, self.name = held, tape, name
        self.own = owner(held)  # stays alive, so that its id is its own
        self.root: Recorded = tape.known.setdefault(id(self.own), self)  # what owns its memory

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        refuse("a conversion to a NumPy array")

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if function in ABOUT:
            return function(*opened(args), **{k: opened(v) for k, v in kwargs.items()})
        return refuse(f"numpy.{function.__name__} on an array: use the function of autograd.functions")

    shape = property(operator.attrgetter("held.shape"))
    dtype = property(operator.attrgetter("held.dtype"))
    ndim = property(operator.attrgetter("held.ndim"))
    size = property(operator.attrgetter("held.size"))
    nbytes = property(operator.attrgetter("held.nbytes"))
    itemsize = property(operator.attrgetter("held.itemsize"))
    strides = property(operator.attrgetter("held.strides"))
    flags = property(operator.attrgetter("held.flags"))

    @property
    def base(self) -> Any:
        return None if self.held.base is None else self.root

    @property
    def T(self) -> Any:
        return self.tape.put("{}.T", [self], self.held.T)

    def __len__(self) -> int:
        return len(self.held)

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index: Any) -> Any:
        if index == () and isinstance(index, tuple):
            return self
        return self.tape.put("{}[{}]", [self, index], self.held[opened(index)])

    def __setitem__(self, index: Any, value: Any) -> None:
        self.held[opened(index)] = operand(value)
        self.tape.put("{}[{}] = {}", [self, index, value], None, self)

    def __bool__(self) -> bool:
        return bool(self.tape.ask(bool, self))

    def __int__(self) -> int:
        return int(self.tape.ask(int, self))

    def __float__(self) -> float:
        return float(self.tape.ask(float, self))

    def __index__(self) -> int:
        return int(self.tape.ask(int, self))

    def item(self, *_: Any) -> Any:
        refuse("item(), which asks for a value")

    def tolist(self) -> Any:
        refuse("tolist(), which asks for values")

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

    def __repr__(self) -> str:
        return f"Recorded({self.name or 'value'}, {self.dtype} {self.shape})"


ABOUT = {np.shape, np.ndim, np.size, np.result_type, np.can_cast, np.iscomplexobj, np.isrealobj}


def operand(x: Any) -> Any:
    """What an operator takes: a Recorded array or a number."""
    if isinstance(x, np.ndarray):
        refuse(f"an array {x.dtype} {x.shape} that is neither an input of the step nor its state")
    return opened(x)


def binary(symbol: str, op: Callable[[Any, Any], Any]) -> tuple[Any, Any, Any]:
    """The methods of an operator: x + y, y + x, x += y."""

    def method(self: Recorded, other: Any) -> Any:
        if not isinstance(other, Recorded) and getattr(other, "__array_ufunc__", 0) is None:
            return NotImplemented  # a Variable
        return self.tape.put(f"{{}} {symbol} {{}}", [self, other], op(self.held, operand(other)))

    def mirrored(self: Recorded, other: Any) -> Any:
        return self.tape.put(f"{{}} {symbol} {{}}", [other, self], op(operand(other), self.held))

    def in_place(self: Recorded, other: Any) -> Any:
        if isinstance(self.held, np.generic):
            return method(self, other)
        getattr(operator, f"i{op.__name__.strip('_')}")(self.held, operand(other))
        return self.tape.put(f"{{}} {symbol}= {{}}", [self, other], None, self)

    return method, mirrored, in_place


SYMBOLS = {
    "add": "+", "sub": "-", "mul": "*", "truediv": "/", "floordiv": "//", "mod": "%", "pow": "**", "matmul": "@",
    "and": "&", "or": "|", "xor": "^", "eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">=",
}  # fmt: skip
for _name, _symbol in SYMBOLS.items():
    _methods = binary(_symbol, getattr(operator, f"__{_name}__"))
    kinds = ("", "r", "i") if _symbol[-1] not in "=<>" and _symbol not in "<>" else ("",)
    for _kind, _method in zip(kinds, _methods):
        setattr(Recorded, f"__{_kind}{_name}__", _method)


def forwarded(name: str) -> Callable[..., Any]:
    def method(self: Recorded, *args: Any, **options: Any) -> Any:
        return call(f"{{}}.{name}", getattr(self.held, name), args, options, self)

    return method


for _name in [
    "all", "any", "argmax", "argmin", "argpartition", "argsort", "astype", "choose", "clip", "compress", "conj",
    "copy", "cumprod", "cumsum", "diagonal", "dot", "flatten", "max", "mean", "min", "nonzero", "prod", "ravel",
    "repeat", "reshape", "round", "searchsorted", "squeeze", "std", "sum", "swapaxes", "take", "trace", "transpose",
    "var", "view",
]:  # fmt: skip
    setattr(Recorded, _name, forwarded(_name))
for _name in ["fill", "partition", "put", "sort"]:  # they write

    def _method(self: Recorded, *args: Any, name: str = _name, **options: Any) -> None:
        getattr(self.held, name)(*opened(args), **options)
        template, parts = call_text(f"{{}}.{name}", args, options)
        self.tape.put(template, [self, *parts], None, self)

    setattr(Recorded, _name, _method)


def call_text(name: str, args: Sequence[Any], options: Any) -> tuple[str, list[Any]]:
    """A call as a template, and what fills it."""
    given = ["{}"] * len(args) + [f"{key}={{}}" for key in options]
    return f"{name}({', '.join(given)})", [*args, *options.values()]


def call(name: str, f: Any, args: Sequence[Any], options: Any, *first: Any) -> Any:
    """Calls NumPy's function, or method of `first`, and puts it down. An `out` is written into."""
    out = options.get("out")
    out = out[0] if isinstance(out, tuple) else out
    y = f(*[operand(x) for x in args], **{key: opened(x) for key, x in options.items()})
    template, parts = call_text(name, args, options)
    return tape_of(*first, *args, out).put(template, [*first, *parts], y, out)


class Draws:
    """A generator of random numbers whose draws are lines of the tape."""

    def __init__(self, held: np.random.Generator, tape: Tape) -> None:
        known = tape.known.get(id(held))
        self.held = known if known is not None else Recorded(held, tape, "rng")

    def __getattr__(self, name: str) -> Any:
        return lambda *args, **options: call(f"{{}}.{name}", getattr(self.held.held, name), args, options, self.held)


class Ufunc:
    """A ufunc of NumPy on the recording device, with `at`, `reduce` and its like."""

    def __init__(self, held: Any) -> None:
        self.held, self.__name__ = held, held.__name__

    def __call__(self, *args: Any, **options: Any) -> Any:
        n = self.held.nin
        if len(args) > n:
            args, options = args[:n], {"out": args[n:], **options}
        return call(f"np.{self.__name__}", self.held, args, options)

    def at(self, x: Recorded, *args: Any) -> None:
        self.held.at(x.held, *opened(args))
        template, parts = call_text(f"np.{self.__name__}.at", (x, *args), {})
        x.tape.put(template, parts, None, x)

    def __getattr__(self, name: str) -> Any:
        held = getattr(self.held, name)
        if not callable(held):
            return held
        return lambda *args, **options: call(f"np.{self.__name__}.{name}", held, args, options)


WRITERS = {"copyto", "fill_diagonal", "place", "put", "put_along_axis", "putmask"}
PLAIN = {"broadcast_shapes", "can_cast", "finfo", "iinfo", "isscalar", "issubdtype", "ndindex", "promote_types"}


def writing(name: str, f: Any) -> Callable[..., None]:
    """A function of NumPy's that writes into its first argument."""

    def function(x: Recorded, *args: Any, **options: Any) -> None:
        f(x.held, *[operand(a) for a in args], **options)
        template, parts = call_text(name, (x, *args), options)
        x.tape.put(template, parts, None, x)

    return function


class Module(ModuleType):
    """NumPy, or a part of it, on the recording device."""

    ndarray = Recorded

    def __init__(self, held: Any, name: str) -> None:
        super().__init__(name)
        self.held, self.prefix = held, name

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        held = getattr(self.held, name)
        if isinstance(held, np.ufunc):
            return Ufunc(held)
        if isinstance(held, ModuleType):
            return Module(held, f"{self.prefix}.{name}")
        if isinstance(held, type) or not callable(held) or name in PLAIN:
            return held
        if name in WRITERS:
            return writing(f"np.{name}", held)
        return lambda *args, **options: call(f"{self.prefix}.{name}", held, args, options)

    def asarray(self, x: Any, dtype: Any = None) -> Any:
        if isinstance(x, Recorded):
            return x if dtype is None or x.dtype == dtype else x.astype(dtype)  # type: ignore[attr-defined]
        return call("np.asarray", np.asarray, (x,), {} if dtype is None else {"dtype": dtype})

    array = asarray

    def asnumpy(self, x: Any) -> Any:
        refuse("a move to main memory, or the printing of a value")


recording = Module(np, "np")
backend.register(Recorded, recording)
