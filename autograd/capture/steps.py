"""`capture`: a step that is recorded once, and replayed from then on."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from autograd.algebra import as_array
from autograd.backend import is_array
from autograd.capture.program import Diverged, Program
from autograd.capture.recording import CURRENT, Draws, Recorded, Refused, Tape, refuse
from autograd.config import watching
from autograd.function import Tracked, count_write, wrap
from autograd.layers.base import Buffer, Layer, Parameter, named_objects
from autograd.optimizers.base import Optimizer
from autograd.optimizers.groups import rate_at
from autograd.watch.places import Locator

__all__ = ["Captured", "capture"]


class Recording(Locator):
    """The Watcher that tells the tape where it is, and makes numbers of the optimizers inputs."""

    def __init__(self, tape: Tape) -> None:
        super().__init__()
        self.tape = tape
        self.numbers: dict[tuple[int, str, Any], tuple[Recorded, Callable[[], Any]]] = {}
        self.updated: dict[int, tuple[Optimizer, list[str]]] = {}

    def forward(self, f: Any, arrays: Sequence[Any]) -> Any:
        if isinstance(getattr(f, "rng", None), np.random.Generator):
            f.rng = Draws(f.rng, self.tape)
        with self.at(f"{self.calls[-1].path}: {type(f).__name__}" if self.calls else type(f).__name__):
            return super().forward(f, arrays)

    def backward(self, f: Any, gys: Sequence[Any]) -> Any:
        with self.at(f"backward of {type(f).__name__}"):
            return super().backward(f, gys)

    def update(self, optimizer: Any, path: str, lr: float, t: int, arrays: Sequence[Any]) -> None:
        _, paths = self.updated.setdefault(id(optimizer), (optimizer, []))
        paths.append(path)
        rate = self.number(optimizer, "lr", lr, lambda: rate_at(optimizer.lr, optimizer.steps))
        count = self.number(optimizer, "t", t, lambda: optimizer.counts[path] + 1)
        with self.at(f"{type(optimizer).__name__}: {path}"):
            super().update(optimizer, path, rate, count, arrays)

    def number(self, optimizer: Any, name: str, value: Any, now: Callable[[], Any]) -> Recorded:
        """A number of an optimizer, which each replay asks for anew."""
        key = (id(optimizer), name, value)
        if key not in self.numbers:
            self.numbers[key] = Recorded(value, self.tape, {"t": "count"}.get(name, name)), now
        return self.numbers[key][0]

    @contextmanager
    def at(self, place: str) -> Iterator[None]:
        around, self.tape.place = self.tape.place, place
        try:
            yield
        finally:
            self.tape.place = around


@dataclass
class Replay:
    """A program with what it needs from outside, and what it leaves behind."""

    program: Program
    numbers: list[Callable[[], Any]]
    updated: list[tuple[Optimizer, list[str]]]
    graded: list[Any]  # the Variables whose gradients are outputs, before those of the step
    structure: Any
    state: list[Callable[[], Any]]

    def __call__(self, arrays: Sequence[Any]) -> Any:
        values = self.program.run(*arrays, *[now() for now in self.numbers], *[get() for get in self.state])
        for optimizer, paths in self.updated:
            optimizer.steps += 1
            for path in paths:
                optimizer.counts[path] += 1
        for x, g in zip(self.graded, values):
            x.grad = wrap(g, x.family)
        count_write()
        return rebuilt(self.structure, iter(values[len(self.graded) :]))


class Captured:
    """What `capture` returns."""

    def __init__(self, step: Callable[..., Any]) -> None:
        self.step = step
        self.seen: set[Any] = set()
        self.replays: dict[Any, Replay] = {}

    @property
    def source(self) -> str:
        """The program of the last record."""
        return [*self.replays.values()][-1].program.source

    def __call__(self, *args: Any) -> Any:
        key = tuple([(x.shape, x.dtype) if is_array(x) or isinstance(x, Tracked) else x for x in args])
        if key in self.replays:
            return self.replays[key]([as_array(x) for x in args if is_array(x) or isinstance(x, Tracked)])
        if key not in self.seen:  # a first step makes what is made once: unsized layers, slots
            self.seen.add(key)
            return self.step(*args)
        y, self.replays[key] = record(self.step, args)
        return y


def record(step: Callable[..., Any], args: Sequence[Any]) -> tuple[Any, Replay]:
    """Runs the step on the recording device. Returns its result, and what replays it."""
    tape = Tape()
    names = [*inspect.signature(step).parameters]
    boxes = list(state_of(step))
    inputs: list[Recorded] = []
    given: list[Any] = []
    for name, x in zip(names, args):
        if is_array(x) or isinstance(x, Tracked):
            inputs.append(tape.lift(as_array(x), name))
            given.append(inputs[-1] if is_array(x) else wrap(inputs[-1], x.family))
        else:
            given.append(x)
    watcher = Recording(tape)
    state: list[Recorded] = []
    lifted = []
    for name, get, put in boxes:
        array = get()
        state.append(tape.lift(array, name))
        lifted.append((state[-1], get, put, array))
        put(state[-1])
    CURRENT.append(tape)
    try:
        with watching(watcher):
            y = step(*given)
    finally:
        CURRENT.pop()
        graded = {}
        for own, get, put, array in lifted:
            after = get()
            if after is not own and not same_memory(after, own):
                own[...] = after
            put(array)
            x = getattr(get, "owner", None)
            if x is not None and x.grad is not None and isinstance(as_array(x.grad), Recorded):
                graded[id(x)] = x, as_array(x.grad)
                x.grad = wrap(as_array(x.grad).held, x.family)
    structure, values = flat(y)
    outputs = [g for _, g in graded.values()] + values
    numbers = [*watcher.numbers.values()]
    drawn = [x for x in tape.known.values() if isinstance(x.held, np.random.Generator)]
    program = Program([*inputs, *[x for x, _ in numbers], *drawn], state, outputs, tape.lines)
    replay = Replay(program, [*[now for _, now in numbers], *[partial(getattr, x, "held") for x in drawn]], [*watcher.updated.values()], [x for x, _ in graded.values()], structure, [get for _, get, _ in boxes])
    return rebuilt(structure, iter([x.held for x in values])), replay


def same_memory(a: Any, b: Any) -> bool:
    a, b = np.asarray(a.held), np.asarray(b.held)
    return a.ctypes.data == b.ctypes.data and a.shape == b.shape and a.strides == b.strides


def flat(y: Any) -> tuple[Any, list[Recorded]]:
    """The structure of a result, and the arrays in it."""
    if isinstance(y, Tracked) and isinstance(y.value, Recorded):
        return y.family, [y.value]
    if isinstance(y, Recorded):
        return Recorded, [y]
    if isinstance(y, (list, tuple)):
        parts = [flat(item) for item in y]
        return type(y)([s for s, _ in parts]), [v for _, vs in parts for v in vs]
    return (lambda: y), []


def rebuilt(structure: Any, values: Iterator[Any]) -> Any:
    if isinstance(structure, (list, tuple)):
        return type(structure)([rebuilt(s, values) for s in structure])
    if structure is Recorded:
        return next(values)
    if isinstance(structure, type):
        return wrap(next(values), structure)
    return structure()


class Attribute:
    """A place of the state: an attribute of an object, to read and to write."""

    def __init__(self, x: Any, owner: Any = None) -> None:
        self.x, self.owner = x, owner

    def __call__(self) -> Any:
        return self.x.value

    def put(self, value: Any) -> None:
        self.x.value = value


class Slot:
    owner = None

    def __init__(self, optimizer: Any, path: str, i: int) -> None:
        self.optimizer, self.path, self.i = optimizer, path, i

    def __call__(self) -> Any:
        return self.optimizer.state[self.path][self.i]

    def put(self, value: Any) -> None:
        slots = list(self.optimizer.state[self.path])
        slots[self.i] = value
        self.optimizer.state[self.path] = tuple(slots)


def state_of(step: Callable[..., Any]) -> Iterator[tuple[str, Any, Any]]:
    """Name, getter and setter of each array of the state that a step can reach: parameters, buffers, slots."""
    roots = dict(inspect.getclosurevars(step).nonlocals)
    roots |= inspect.getclosurevars(step).globals
    if hasattr(step, "__self__"):
        roots["self"] = step.__self__
    layers = {name: x for name, x in roots.items() if isinstance(x, (Layer, list, dict, tuple, Tracked))}
    names: dict[int, str] = {}
    for path, x in named_objects(layers, (Tracked, Buffer)):
        names[id(x)] = path.replace(".", "_")
        get = Attribute(x, x if isinstance(x, Tracked) else None)
        yield names[id(x)], get, get.put
    for name, o in roots.items():
        if isinstance(o, Optimizer):
            own = dict(named_objects(o.root, o.kind))
            for path in o.state:
                for i, slot in enumerate(o.slots):
                    get = Slot(o, path, i)
                    yield f"{names.get(id(own[path]), name + '_' + path.replace('.', '_'))}_{slot}", get, get.put


def capture(step: Callable[..., Any]) -> Captured:
    """Records a step once, and replays it from then on, as a program of NumPy alone."""
    return Captured(step)
