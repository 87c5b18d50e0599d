"""Tracing: each recorded function remembers the layer and the line of the program that called it.

>>> from autograd import Variable
>>> x = Variable(2.0, name="x")
>>> with tracing():
...     y = x * x
>>> record_of(y.creator).names
('x', 'x')

The record is an attribute of the function, `f.record`, and dies with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, overload

from autograd.backend import is_array
from autograd.checks import function as check_function
from autograd.config import watching
from autograd.layers.base import Parameter
from autograd.variable import Variable, as_variable
from autograd.watch.places import Call, Locator, Source, source_line

__all__ = ["Record", "Tracing", "record_of", "trace", "tracing"]


F = TypeVar("F")


@dataclass(eq=False, slots=True)
class Record:
    """The call of a function. A function of a backward pass belongs to the layers around its origin."""

    kind: str
    calls: tuple[Call, ...]  # of the layers around it, the outermost first
    origin: Record | None  # of the function whose backward called this one; None in the forward computation
    source: Source | None
    names: tuple[str, ...]  # of the inputs; empty for an input without a name
    paths: tuple[str, ...]  # of the inputs that are Parameters of a layer
    numbers: tuple[Any, ...]  # the inputs that are numbers of Python

    def __str__(self) -> str:
        """The end of a sentence about the function."""
        layer = f" in {self.calls[-1]}" if self.calls else ""
        return layer if self.source is None else f"{layer}, called by {self.source}"


def record_of(f: Any) -> Record | None:
    """The record of a function, if it was traced."""
    return f.record or None


class Tracing(Locator):
    """The Watcher that writes the records. `inputs` are names for Variables, by id."""

    def __init__(self, inputs: Mapping[int, str] | None = None) -> None:
        super().__init__()
        self.inputs = inputs or {}
        self.differentiated: Any = None  # the function whose backward runs

    def backward(self, f: Any, gys: Sequence[Any]) -> Any:
        around, self.differentiated = self.differentiated, f
        try:
            return super().backward(f, gys)
        finally:
            self.differentiated = around

    def called(self, f: Any, inputs: Sequence[Any], outputs: Sequence[Any]) -> None:
        super().called(f, inputs, outputs)
        if f.parents is None:  # nothing was recorded
            return
        origin = None if self.differentiated is None else record_of(self.differentiated)
        inherited: dict[Any, tuple[str, str]] = {}  # an input of the origin keeps its names in the derivative
        if origin is not None:
            inherited = dict(zip(self.differentiated.parents, zip(origin.names, origin.paths)))
        names, paths = [], []
        for x, node in zip(inputs, f.parents):
            name, path = inherited.get(node, ("", ""))
            names.append(x.name or self.inputs.get(id(x), name) if isinstance(x, Variable) else "")
            paths.append(self.path(x) or path if isinstance(x, Parameter) else path)
        calls = self.calls if origin is None else origin.calls
        numbers = tuple([x for x in inputs if isinstance(x, (int, float))])
        f.record = Record(type(f).__name__, calls, origin, source_line(), tuple(names), tuple(paths), numbers)


class Noting(watching[Tracing]):
    """The block and the decorator."""

    def fresh(self) -> Tracing:
        return Tracing()


@overload
def tracing() -> Noting: ...
@overload
def tracing(function: F) -> F: ...
def tracing(function: Any = None) -> Any:
    """Inside the block each function that is recorded remembers its layer and its line, for pictures and errors.

    A block or a decorator.

    >>> from autograd import Variable
    >>> x = Variable(2.0, name="x")
    >>> with tracing():
    ...     y = x * x
    """
    block = Noting(Tracing())
    return block if function is None else block(function)


def trace(function: Any, *xs: Any, **options: Any) -> Any:
    """`function(*xs, **options)` inside `tracing()`. The picture of the result can be folded by layer.

    `plot(trace(model, x), "model.svg")` draws a network as boxes, its layers. Arrays among the inputs become Variables,
    so that the picture begins with them. Raises TypeError for what can't be called.
    """
    check_function("trace: function", function)
    given = [as_variable(x) if is_array(x) else x for x in xs]
    with watching(Tracing({id(x): "input" for x in given if isinstance(x, Variable)})):
        return function(*given, **options)
