"""Formulas, element by element, as one GPU kernel each.

A formula is run once with an `Element` in the place of each array. An Element computes nothing. Each operator writes a
line of CUDA and gives the Element of its result:

    y = 1 / (1 + xp.exp(-x))     const A v0 = -a0;  const A v1 = exp(v0);  const A v2 = (A)1 + v1;  ...

So the formula that NumPy runs is the source of the kernel, and is written once. What it does to an argument in place is
written back to that array. Numbers become arguments of the kernel, which serves the next step's rate too; NumPy's rule
holds for them: they take the dtype of the arrays. All is computed in the dtype of the arrays, float16 in float32.

`fused` makes such a kernel a way of a plain function; `tensors.py` has one kernel go through all parameters of a model.
A formula that asks an Element for something else, a shape or a sum, raises `NoFormula`, and is computed plainly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from autograd import backend
from autograd.kernels.gpu import SOURCES, TYPES, cuda, floats_on_gpu
from autograd.kernels.ways import Way

__all__ = [
    "FORMULAS", "Element", "NoFormula", "Trace", "elementwise", "formula", "formula_of_arrays", "fused", "traced",
]  # fmt: skip

SMALL_INTEGERS = range(-4, 5)  # written into the source; other numbers are arguments


class NoFormula(Exception):
    """The function is no formula of single elements."""


class Trace:
    """The lines of a kernel that is being written. `wide` is the type in which it computes: double or float."""

    def __init__(self, wide: str) -> None:
        self.wide, self.count = wide, 0
        self.lines: list[str] = []
        self.numbers: list[float] = []

    def write(self, expression: str, kind: str) -> Element:
        """A line for the value of an expression: of kind "f", a number, or "b", a truth value."""
        name = f"v{self.count}"
        self.count += 1
        self.lines.append(f"const {self.wide if kind == 'f' else 'bool'} {name} = {expression};")
        return Element(self, name, kind)

    def number(self, x: Any) -> str:
        """How a number stands in the source."""
        if isinstance(x, Element):
            return x.name if x.kind == "f" else f"({self.wide}){x.name}"
        if isinstance(x, (bool, np.bool)) or (isinstance(x, (int, np.integer)) and x in SMALL_INTEGERS):
            return f"({self.wide}){int(x)}"
        if not isinstance(x, (int, float, np.integer, np.floating)):
            raise NoFormula(f"{type(x).__name__} is no number")
        self.numbers.append(float(x))
        return f"n{len(self.numbers) - 1}"


def joined(operator: str, kind: str = "f") -> Callable[[Any, Any], Any]:
    return lambda x, y: x.trace.write(f"{x.trace.number(x)} {operator} {x.trace.number(y)}", kind)


def turned(operator: str) -> Callable[[Any, Any], Any]:
    return lambda x, y: x.trace.write(f"{x.trace.number(y)} {operator} {x.trace.number(x)}", "f")


def assigned(operator: str) -> Callable[[Any, Any], Any]:
    """x op= y: the Element stands for the new value from here on."""

    def assign(x: Element, y: Any) -> Element:
        x.name = joined(operator)(x, y).name
        return x

    return assign


def logical(operator: str) -> Callable[[Any, Any], Any]:
    def compute(x: Element, y: Any) -> Element:
        if x.kind != "b" or not isinstance(y, Element) or y.kind != "b":
            raise NoFormula(f"{operator} takes truth values")
        return x.trace.write(f"{x.name} {operator} {y.name}", "b")

    return compute


class Element:
    """The value of an array at one place, under a name of the kernel."""

    size = 0  # it is no large array, say the ways that ask
    shape: tuple[int, ...] = ()
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, trace: Trace, name: str, kind: str) -> None:
        self.trace, self.name, self.kind = trace, name, kind

    __add__, __sub__, __mul__, __truediv__ = map(joined, "+-*/")
    __radd__, __rsub__, __rmul__, __rtruediv__ = map(turned, "+-*/")
    __iadd__, __isub__, __imul__, __itruediv__ = map(assigned, "+-*/")
    __lt__, __le__, __gt__, __ge__ = joined("<", "b"), joined("<=", "b"), joined(">", "b"), joined(">=", "b")
    __eq__, __ne__ = joined("==", "b"), joined("!=", "b")  # type: ignore[assignment]
    __and__, __or__, __xor__ = map(logical, "&|^")

    def __pow__(self, power: Any) -> Element:
        if power == 2:
            return self * self
        return self.trace.write(f"pow({self.trace.number(self)}, {self.trace.number(power)})", "f")

    def __neg__(self) -> Element:
        return self.trace.write(f"-{self.trace.number(self)}", "f")

    def __invert__(self) -> Element:
        if self.kind != "b":
            raise NoFormula("~ takes truth values")
        return self.trace.write(f"!{self.name}", "b")

    def __abs__(self) -> Element:
        return FORMULAS.abs(self)

    def __bool__(self) -> bool:
        raise NoFormula("a formula cannot branch on an element")

    def clip(self, low: Any, high: Any) -> Element:
        return FORMULAS.clip(self, low, high)

    def __setitem__(self, index: Any, value: Any) -> None:
        if index is not ...:
            raise NoFormula("a formula writes whole arrays: y[...] = value")
        self.name = value.name if isinstance(value, Element) and value.kind == "f" else self.trace.number(value)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"an element has no {name}")


class Formulas:
    """What a formula finds in `namespace(x)`: the functions that CUDA has. Maxima and minima keep nan, as in NumPy."""

    __name__ = "formulas"

    def __getattr__(self, name: str) -> Any:
        if name not in FUNCTIONS:
            raise AttributeError(f"CUDA has no {name}")
        return lambda x: x.trace.write(f"{FUNCTIONS[name]}({x.trace.number(x)})", "f")

    def maximum(self, x: Any, y: Any) -> Element:
        return chosen(x, y, ">")

    def minimum(self, x: Any, y: Any) -> Element:
        return chosen(x, y, "<")

    def clip(self, x: Element, low: Any, high: Any) -> Element:
        return self.minimum(self.maximum(x, low), high)

    def where(self, condition: Element, x: Any, y: Any) -> Element:
        t = condition.trace
        return t.write(f"{condition.name} ? {t.number(x)} : {t.number(y)}", "f")

    def copysign(self, x: Element, y: Any) -> Element:
        return x.trace.write(f"copysign({x.trace.number(x)}, {x.trace.number(y)})", "f")

    def sign(self, x: Element) -> Element:
        v = x.trace.number(x)
        return x.trace.write(f"isnan({v}) ? {v} : ({x.trace.wide})(({v} > 0) - ({v} < 0))", "f")


FORMULAS = Formulas()
FUNCTIONS = {name: name for name in ("cos", "erf", "erfc", "exp", "expm1", "log", "log1p", "sin", "sqrt", "tanh")}
FUNCTIONS |= {"abs": "fabs", "absolute": "fabs", "isnan": "isnan"}
backend.register(Element, FORMULAS)  # type: ignore[arg-type]


def chosen(x: Any, y: Any, operator: str) -> Element:
    t = (x if isinstance(x, Element) else y).trace
    a, b = t.number(x), t.number(y)
    return t.write(f"isnan({a}) || {a} {operator} {b} ? {a} : {b}", "f")


def traced(formula: Callable[..., Any], wide: str, arguments: Sequence[Any]) -> tuple[Trace, list[Element], list[Any]]:
    """Runs a formula with Elements a0, a1, ... for the arrays among its arguments.

    Returns the trace, those Elements, whose names have changed where the formula has written, and its results.
    Raises NoFormula where it is none.
    """
    trace = Trace(wide)
    elements = [Element(trace, f"a{i}", "f") for i, x in enumerate(filter(backend.is_array, arguments))]
    given = iter(elements)
    try:
        y = formula(*[next(given) if backend.is_array(x) else x for x in arguments])
    except (AttributeError, TypeError, ValueError) as error:
        raise NoFormula(str(error)) from error
    return trace, elements, list(y) if isinstance(y, tuple) else [] if y is None else [y]


# One kernel for a plain function


def fused(plain: Callable[..., Any]) -> Way[..., Any]:
    """The way of one kernel for a formula of arrays of one dtype that broadcast: `@kernel(..., fused)`."""
    return formula(plain)(plain)


def formula(f: Callable[..., Any]) -> Callable[[Callable[..., Any]], Way[..., Any]]:
    """As `fused`, by another formula than the plain function, with what CUDA has: `@kernel(..., formula(f))`."""

    def make(plain: Callable[..., Any]) -> Way[..., Any]:
        def compute(*arguments: Any) -> Any:
            if isinstance(arguments[0], Element):
                return f(*arguments)  # within the formula of another kernel
            arrays = [x for x in arguments if backend.is_array(x)]
            char = arrays[0].dtype.char
            same = len(arrays) == len(arguments)
            run, numbers = formula_of_arrays(f, char, len(arrays)) if same else fused_kernel(f, char, arguments)
            return run(*arrays, *numbers)

        compute.__name__ = compute.__qualname__ = f"fused_{plain.__name__}"
        return Way(compute, fits)

    return make


def fits(*arguments: Any) -> bool:
    """Are these Elements, or arrays of CuPy of one dtype, and numbers?"""
    kind = type(arguments[0])
    if kind is np.ndarray or kind is Element:
        return kind is Element
    arrays = [x for x in arguments if hasattr(x, "strides")]
    return bool(arrays) and floats_on_gpu(*arrays)


@cache
def formula_of_arrays(f: Callable[..., Any], char: str, n: int) -> tuple[Callable[..., Any], list[float]]:
    """The kernel of a formula that takes n arrays and no numbers, and the numbers that stand in it."""
    return fused_kernel(f, char, [np.empty(0, char)] * n)


def fused_kernel(f: Callable[..., Any], char: str, arguments: Sequence[Any]) -> tuple[Callable[..., Any], list[float]]:
    """The kernel of a formula for arguments of a dtype, and its numbers."""
    wide = TYPES[char][1]
    trace, elements, results = traced(f, wide, arguments)
    if any(x.name != f"a{i}" for i, x in enumerate(elements)):
        raise NoFormula(f"{f.__name__} writes into its arguments")
    lines = [f"const {wide} a{i} = x{i};" for i in range(len(elements))] + trace.lines
    lines += [f"y{i} = {trace.number(y)};" for i, y in enumerate(results)]
    dtype = np.dtype(char).name
    takes = [f"{dtype} x{i}" for i in range(len(elements))]
    takes += [f"{'float64' if wide == 'double' else 'float32'} n{i}" for i in range(len(trace.numbers))]
    gives = [f"{dtype if y.kind == 'f' else 'bool'} y{i}" for i, y in enumerate(results)]
    return elementwise(", ".join(takes), ", ".join(gives), "\n".join(lines)), trace.numbers


@cache
def elementwise(takes: str, gives: str, body: str) -> Callable[..., Any]:
    """CuPy's elementwise kernel of this text, which has its dtypes in it."""
    source = cuda(f"formula_{len(SOURCES)}", "ElementwiseKernel", takes, gives, body)
    return lambda *xs: source(xs[0])(*xs)
