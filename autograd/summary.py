"""The summary of a model: its layers, the shapes of their outputs, parameters, memory and multiply-adds.

>>> from autograd.layers import MLP
>>> print(MLP((2, 3), in_size=4).summary(np.zeros((1, 4), np.float32)))
layer        output  parameters  multiply-adds
MLP          (1, 3)
  0: Linear  (1, 2)          10              8
  2: Linear  (1, 3)           9              6
total                        19             14
memory: parameters 76 B, activations 28 B

The model is called once, in test mode, on what is given, and a watcher counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from inspect import signature
from math import prod
from types import SimpleNamespace
from typing import Any

import numpy as np

from autograd.algebra import as_array
from autograd.backend import generator, is_array
from autograd.config import enable_grad, no_grad, test_mode, watching
from autograd.function import Tracked
from autograd.layers.base import Buffer, Layer, Parameter, State, named_objects
from autograd.watch.places import Locator

__all__ = ["Row", "Summary", "summary"]


def of_recurrence(y: Any, x: Any, Wx: Any, Wh: Any) -> int:
    """Of every step: x Wx + h Wh.   (..., I) (I, G) (H, G)"""
    return x.size // x.shape[-1] * (Wx.size + Wh.size)


def of_solution(y: Any, A: Any) -> int:
    """Of equations with a triangular N x N matrix: N^2 / 2 for each column."""
    return y.size * A.shape[-1] // 2


def of_decomposition(A: Any, share: int) -> int:
    """N^3 / share for each of the N x N matrices."""
    return A.size * A.shape[-1] // share


MULTIPLY_ADDS: dict[str, Callable[..., int]] = {  # of a function f that makes the array y of its inputs
    "MatMul": lambda f, y, x, W: y.size * x.shape[-1],
    "Linear": lambda f, y, x, W, b: y.size * W.shape[0],
    "SparseMatMul": lambda f, y, x: f.A.nnz * prod(x.shape[1:]),
    "Einsum": lambda f, y, *xs: (len(xs) - 1) * prod(sizes_of_letters(f.terms, xs).values()),
    "Conv": lambda f, y, x, W, b=None: y.size * prod(W.shape[1:]),
    "ConvTranspose": lambda f, y, x, W: x.size * prod(W.shape[1:]),
    "Attention": lambda f, y, q, k, v, *biases: y.size // v.shape[-1] * k.shape[-2] * (q.shape[-1] + v.shape[-1]),
    "RNN": lambda f, y, x, h, Wx, Wh, b: of_recurrence(y, x, Wx, Wh),
    "LSTM": lambda f, y, x, h, c, Wx, Wh, b: of_recurrence(y, x, Wx, Wh),
    "GRU": lambda f, y, x, h, Wx, Wh, b, d: of_recurrence(y, x, Wx, Wh),
    "GRUResetBefore": lambda f, y, x, h, Wx, Wh, b: of_recurrence(y, x, Wx, Wh),
    "Inv": lambda f, y, A: of_decomposition(A, 1),
    "Det": lambda f, y, A, *known: of_decomposition(A, 3),
    "SLogDet": lambda f, y, A: of_decomposition(A, 3),
    "Cholesky": lambda f, y, A: of_decomposition(A, 6),
    "Solve": lambda f, y, A, b: of_decomposition(A, 3) + 2 * of_solution(y, A),
    "SolveTriangular": lambda f, y, A, b: of_solution(y, A),
}


def sizes_of_letters(terms: Sequence[str], xs: Sequence[Any]) -> dict[str, int]:
    """The size of each letter of a product; an axis of 1 is repeated."""
    sizes: dict[str, int] = {}
    for term, x in zip(terms, xs):
        for letter, n in zip(term, np.shape(x)):
            sizes[letter] = max(n, sizes.get(letter, 1))
    return sizes


def multiply_adds(f: Any, arrays: Sequence[Any], ys: Any) -> int:
    """The products that f adds up: those of matrices, filters and recurrences. Elementwise work counts as none."""
    formula = MULTIPLY_ADDS.get(type(f).__name__) if type(f).__module__.startswith("autograd.") else None
    return 0 if formula is None else int(formula(f, ys[0] if isinstance(ys, tuple) else ys, *arrays))


@dataclass(slots=True)
class Row:
    """One layer, with what belongs to it and not to the layers in it."""

    path: str
    kind: str
    depth: int  # how many layers are around it
    calls: int = 0
    outputs: tuple[tuple[int, ...], ...] = ()  # the shapes of its last call
    parameters: int = 0
    multiply_adds: int = 0  # of all its calls

    @property
    def output(self) -> str:
        """The shapes as text."""
        return ", ".join([str(shape) for shape in self.outputs]) if self.calls else "not called"


@dataclass(slots=True, repr=False)
class Summary:
    """The summary of a model. `print` shows a table, and so does a notebook. `rows` are its layers, as called first."""

    rows: list[Row] = field(default_factory=list)
    frozen: int = 0  # parameters that are not trained
    parameter_bytes: int = 0
    buffer_bytes: int = 0
    activation_bytes: int = 0  # of all arrays that functions made: what a training step keeps, at most

    @property
    def parameters(self) -> int:
        """The number of numbers in all parameters, each counted once."""
        return sum([row.parameters for row in self.rows])

    @property
    def multiply_adds(self) -> int:
        """Those of one forward pass."""
        return sum([row.multiply_adds for row in self.rows])

    def cells(self) -> Iterator[tuple[str, str, str, str]]:
        """The rows as text, and their sum."""
        yield "layer", "output", "parameters", "multiply-adds"
        paths: list[str] = []  # of the layers around a row
        for row in self.rows:
            paths[row.depth :] = [row.path]
            around = paths[row.depth - 1] if row.depth else ""
            name = row.path.removeprefix(around + "." if around else "")
            times = f" ({row.calls} calls)" if row.calls > 1 else ""
            title = "  " * row.depth + (f"{name}: " if name else "") + row.kind + times
            yield title, row.output, number(row.parameters), number(row.multiply_adds)
        yield "total", "", f"{self.parameters:,}", f"{self.multiply_adds:,}"

    @property
    def notes(self) -> list[str]:
        """The lines below the table."""
        kinds = {
            "parameters": self.parameter_bytes,
            "buffers": self.buffer_bytes,
            "activations": self.activation_bytes,
        }
        frozen = [f"frozen: {self.frozen:,} of the parameters"] if self.frozen else []
        return [*frozen, "memory: " + ", ".join([f"{kind} {size(n)}" for kind, n in kinds.items() if n])]

    def __repr__(self) -> str:
        rows = list(self.cells())
        widths = [max([len(row[i]) for row in rows]) for i in range(4)]
        lines = [
            f"{a:{widths[0]}}  {b:>{widths[1]}}  {c:>{widths[2]}}  {d:>{widths[3]}}".rstrip() for a, b, c, d in rows
        ]
        return "\n".join([*lines, *self.notes])

    def _repr_html_(self) -> str:
        """The table for a notebook."""
        head, *rows = [[escape(cell).replace("  ", "&emsp;") for cell in row] for row in self.cells()]
        lines = [html_line("th", head), *[html_line("td", row) for row in rows[:-1]], html_line("th", rows[-1])]
        return f"<table>{''.join(lines)}</table><p>{'<br>'.join(map(escape, self.notes))}</p>"


def html_line(tag: str, cells: Sequence[str]) -> str:
    """One line of the table: the layer at the left, all else at the right."""
    sides = ["left", *["right"] * (len(cells) - 1)]
    inner = [f'<{tag} style="text-align:{side}">{cell}</{tag}>' for side, cell in zip(sides, cells)]
    return f"<tr>{''.join(inner)}</tr>"


def number(n: int) -> str:
    """A count with commas; nothing for 0."""
    return f"{n:,}" if n else ""


def size(n: int) -> str:
    """Bytes in three digits: `46.8 MB`."""
    unit, one = next(((u, s) for u, s in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)) if n >= s), ("B", 1.0))
    return f"{n / one:#.3g}".rstrip(".") + f" {unit}" if n >= 1e3 else f"{n} B"


class Counting(Locator):
    """The Watcher that fills a Summary. What a `forward` calls inside counts as its own."""

    def __init__(self, model: Layer, result: Summary) -> None:
        super().__init__()
        self.rows: dict[int, Row] = {}  # by the id of the layer
        self.open: list[Row] = []
        self.inside = False  # of a forward
        self.made: dict[int, Any] = {}  # the arrays that functions made, by id
        self.summary = result
        self.outermost = model

    def layer(self, layer: Any, xs: Sequence[Any], options: Mapping[str, Any]) -> Any:
        if id(layer) not in self.rows:
            row = Row(self.path(layer), type(layer).__name__, len(self.open))
            self.rows[id(layer)] = row
            self.summary.rows.append(row)
        row = self.rows[id(layer)]
        self.open.append(row)
        try:
            y = super().layer(layer, xs, options)
        finally:
            self.open.pop()
        row.calls, row.outputs = row.calls + 1, tuple(shapes_in(y))
        return y

    def forward(self, f: Any, arrays: Sequence[Any]) -> Any:
        if self.inside:
            return super().forward(f, arrays)
        self.inside = True
        try:
            ys = super().forward(f, arrays)
        finally:
            self.inside = False
        if self.open:
            self.open[-1].multiply_adds += multiply_adds(f, arrays, ys)
        return ys

    def called(self, f: Any, inputs: Sequence[Any], outputs: Sequence[Any]) -> None:
        super().called(f, inputs, outputs)
        made = [*outputs, *vars(f).get("state", SimpleNamespace()).__dict__.values()]
        for x in [as_array(y) for ys in made for y in (ys if isinstance(ys, (tuple, list)) else (ys,))]:
            if is_array(x):
                self.made[id(owner_of(x))] = owner_of(x)


def owner_of(array: Any) -> Any:
    """The array that holds the memory of a view."""
    while is_array(getattr(array, "base", None)):
        array = array.base
    return array


def shapes_in(y: Any) -> Iterator[tuple[int, ...]]:
    """The shapes of the arrays in what a layer returned."""
    if isinstance(y, Tracked) or is_array(y):
        yield as_array(y).shape
    elif isinstance(y, (tuple, list, dict)):
        for part in y.values() if isinstance(y, dict) else y:
            yield from shapes_in(part)


def summary(model: Layer, *xs: Any, **options: Any) -> Summary:
    """The summary of `model(*xs, **options)`. See `Layer.summary`."""
    try:
        signature(model.forward).bind(*xs, **options)
    except TypeError as error:
        raise TypeError(
            f"summary takes what the {type(model).__name__} is called with, such as an array of zeros: {error}"
        ) from None
    result = Summary()
    counting = Counting(model, result)
    with test_mode(), new_sequences(model):
        if any(layer.unfilled() for layer in model.layers()):
            with no_grad():
                model(*xs, **options)  # fills the sizes, which may draw weights
    with test_mode(), new_sequences(model), draws_undone(model), enable_grad(), watching(counting):
        y = model(*xs, **options)  # the graph is alive until all is counted
    add_entries(result, model, counting)
    del y
    return result


def add_entries(result: Summary, model: Layer, counting: Counting) -> None:
    """Adds parameters and buffers to the rows and the sums, and the layers that were not called."""
    owners: list[tuple[str, Row]] = []  # the layers, the outer ones first
    for path, x in named_objects(model, (Layer, Parameter, Buffer)):
        around = [(p, row) for p, row in owners if not p or path.startswith(p + ".")]
        if isinstance(x, Layer):
            row = counting.rows.get(id(x)) or Row(path, type(x).__name__, len(around))
            owners.append((path, row))
            continue
        counting.made.pop(id(owner_of(x.value)), None)
        if isinstance(x, Parameter):
            result.parameter_bytes += x.value.nbytes
            result.frozen += x.size if x.frozen else 0
            max(around, key=lambda pair: len(pair[0]))[1].parameters += x.size
        else:
            result.buffer_bytes += x.value.nbytes
    result.rows += [row for _, row in owners if not row.calls]
    result.activation_bytes = sum([x.nbytes for x in counting.made.values()])


@contextmanager
def new_sequences(model: Layer) -> Iterator[None]:
    """A block in which recurrent layers begin anew. Afterwards their states are as they were."""
    states = [state for _, state in named_objects(model, State)]
    before = [(state.value, state.gradient) for state in states]
    for state in states:
        state.reset()
    try:
        yield
    finally:
        for state, (value, gradient) in zip(states, before):
            state.value, state.gradient = value, gradient


@contextmanager
def draws_undone(model: Layer) -> Iterator[None]:
    """A block after which the shared generator, and those of the model, go on as if it had not been."""
    generators = [generator(), *[g for _, g in named_objects(model, np.random.Generator)]]
    before = [g.bit_generator.state for g in generators]
    try:
        yield
    finally:
        for g, state in zip(generators, before):
            g.bit_generator.state = state
