"""A forward pass as a list of calls, made twice: what differs between batches of two sizes depends on the batch.

A number that is a in a batch of N and b in a batch of N + s is k N + c, with k = (b - a) / s, c = a - k N: a `Batch`.
So a shape such as (N, 3 N, 8) is known for every N. An array that differs was computed from the input outside of a
function, where no record sees it, and is refused. But rows that are all alike, such as zeros, are one row: `Rows`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from autograd.backend import is_array
from autograd.config import Watcher, no_grad, test_mode, watching
from autograd.layers.base import Layer, State, named_objects
from autograd.variable import Variable

__all__ = ["Batch", "Call", "Different", "Recording", "Rows", "flat", "merged", "parameters_of", "recorded"]

HIDDEN = ("state", "state_is_constant", "parents", "moment", "needs", "kept", "nodes", "arrays", "made_by", "record")


class Batch(NamedTuple):
    """The number k N + c, in a batch of N."""

    k: int
    c: int

    def __repr__(self) -> str:
        return f"{self.k if self.k != 1 else ''} N {f'+ {self.c}' if self.c else ''}".strip()


class Rows(NamedTuple):
    """An array of equal parts along an axis, as many as the batch says: one of them, and the shape of all."""

    part: Any
    shape: tuple[Any, ...]


class Different(Exception):
    """Two recordings do not fit together; the text says in what."""


class Call(NamedTuple):
    """A call of a function: what it was given, what it returned, and the path of the layer around it."""

    f: Any
    inputs: tuple[Any, ...]
    outputs: tuple[Any, ...]
    path: str


class Recording(NamedTuple):
    """A forward pass: its calls in their order, its inputs, its outputs, and what the model returned."""

    calls: list[Call]
    inputs: list[Any]
    outputs: list[Any]


class Recorder(Watcher):
    """The Watcher that keeps the calls, and so all their arrays."""

    def __init__(self, paths: Mapping[int, str]) -> None:
        self.paths, self.calls, self.open = paths, [], [""]  # type: ignore[var-annotated]

    def layer(self, layer: Any, xs: Sequence[Any], options: Mapping[str, Any]) -> Any:
        self.open.append(self.paths.get(id(layer), self.open[-1]))
        try:
            return super().layer(layer, xs, options)
        finally:
            self.open.pop()

    def called(self, f: Any, inputs: Sequence[Any], outputs: Sequence[Any]) -> None:
        super().called(f, inputs, outputs)
        self.calls.append(Call(f, tuple(inputs), tuple(outputs), self.open[-1]))


def recorded(model: Callable[..., Any], xs: Sequence[Any]) -> Recording:
    """The forward pass of the model in test mode. The states of recurrent layers are as before it."""
    layered = isinstance(model, Layer)
    paths = {id(layer): path for path, layer in named_objects(model, Layer)} if layered else {}
    states = [x for _, x in named_objects(model, State)] if layered else []
    before = [(state.value, state.gradient) for state in states]
    inputs = [Variable(x) if x.dtype.kind == "f" else x for x in xs]
    recorder = Recorder(paths)
    try:
        for state in states:
            state.reset()
        with test_mode(), no_grad(), watching(recorder):
            found = model(*inputs)
    finally:
        for state, (value, gradient) in zip(states, before):
            state.value, state.gradient = value, gradient
    return Recording(recorder.calls, inputs, flat(found))


def flat(x: Any) -> list[Any]:
    """The Variables and arrays in tuples, lists and dicts, in their order. Raises TypeError for anything else."""
    if isinstance(x, dict):
        return [y for value in x.values() for y in flat(value)]
    if isinstance(x, (tuple, list)):
        return [y for value in x for y in flat(value)]
    if not isinstance(x, Variable) and not is_array(x):
        raise TypeError(f"export: the model must return Variables, or tuples, lists or dicts of them, not {x!r:.60}")
    return [x]


def parameters_of(f: Any) -> SimpleNamespace:
    """What the constructor of a function has set."""
    return SimpleNamespace(**{name: x for name, x in vars(f).items() if name not in HIDDEN})


def merged(a: Any, b: Any, N: int, step: int) -> Any:
    """One value for both recordings, of batches of N and N + step. Raises Different if there is none."""
    if type(a) is not type(b):
        raise Different(f"a {type(a).__name__} becomes a {type(b).__name__}")
    if isinstance(a, SimpleNamespace):
        return SimpleNamespace(**{name: merged(x, vars(b).get(name), N, step) for name, x in vars(a).items()})
    if isinstance(a, (tuple, list)):
        if len(a) != len(b):
            raise Different(f"{len(a)} values become {len(b)}")
        found = [merged(x, y, N, step) for x, y in zip(a, b)]
        return type(a)(*found) if hasattr(a, "_fields") else type(a)(found)
    if isinstance(a, slice):
        return slice(*merged((a.start, a.stop, a.step), (b.start, b.stop, b.step), N, step))
    if is_array(a):
        return merged_arrays(np.asarray(a), np.asarray(b), N, step)
    same = a == b or (a != a and b != b)
    if not same and isinstance(a, int) and not isinstance(a, bool) and step:
        k, rest = divmod(b - a, step)
        if not rest:
            return Batch(k, a - k * N)
    if not same:
        raise Different(f"the number {a!r:.40} becomes {b!r:.40}")
    return a


def merged_arrays(a: Any, b: Any, N: int, step: int) -> Any:
    """One array for both recordings, or its Rows. Raises Different if it depends on the data, or on the batch."""
    if a.shape == b.shape:
        if a.dtype != b.dtype or a.tobytes() != b.tobytes():
            raise Different(f"an array {a.shape} was computed from the data outside of a function, such as by x.data")
        return a
    shape = merged(a.shape, b.shape, N, step)
    for axis in [i for i, n in enumerate(shape) if isinstance(n, Batch)]:
        a, b = [x.take([0], axis) if x.shape[axis] and (x == x.take([0], axis)).all() else x for x in (a, b)]
    if a.shape != b.shape or a.tobytes() != b.tobytes():
        raise Different(f"an array {shape} depends on the size of the batch, or was computed from the data")
    return Rows(a, shape)
