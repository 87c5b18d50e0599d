"""Layer, and what belongs to one: Parameter, Buffer and State.

A subclass of `Layer` makes its parts in `__init__` and computes in `forward`. Nothing is registered: `named_objects`
walks over attributes, lists, tuples, dicts and nested layers, in order, and finds each object once. The path to an
object, `blocks.0.W`, is its name in checkpoints, in optimizers and in error messages.

An *entry* is an array that a layer saves: a Parameter, which is trained, or a Buffer, which is not. `lazy` makes an
entry from an initializer. If one size is None, the entry is *unfilled*: it holds an `Unfilled` in place of its array.
The layer's first call fills it (`fill`), with the size of the input. So does `load`, with the array of a checkpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from threading import RLock
from typing import Any, ClassVar, Self, TypeAlias
from weakref import WeakValueDictionary

import numpy as np

from autograd.algebra import Operand, as_array
from autograd.backend import Array, device_of, is_array, to_device
from autograd.checks import whole
from autograd.config import Watcher, mode
from autograd.functions.operands import operand
from autograd.shapes import Shape
from autograd.variable import Variable

__all__ = [
    "Buffer", "Entry", "Generator", "Initializer", "Layer", "Parameter", "State", "Unfilled", "fits", "lazy_size",
    "named_objects",
]  # fmt: skip

Generator: TypeAlias = "np.random.Generator | int | None"  # None: the shared one of `autograd.seed`
Initializer: TypeAlias = Callable[[Shape, Generator, Any], Any]


@dataclass(eq=False, repr=False)
class Unfilled:
    """Stands in for an array while the size None in `shape` is unknown: the `x.shape[axis] // share` of an input x."""

    shape: tuple[int | None, ...]
    initializer: Initializer
    rng: Generator
    dtype: Any
    axis: int
    share: int
    device: str = "cpu"
    alive: ClassVar[set[int]] = set()  # ids of all that exist: while there are none, no layer has to look for its own

    def __new__(cls, *_: Any) -> Self:
        self = object.__new__(cls)
        self.alive.add(id(self))  # here, because a copy or a pickle does not call __init__
        return self

    def __del__(self) -> None:
        self.alive.discard(id(self))

    def __repr__(self) -> str:
        return f"{self.dtype} {self.shape}, which the first input will complete"

    def array(self, size: int = 0, device: str = "cpu") -> Array:
        """The initial array, with `size` in place of None."""
        shape = tuple([size if n is None else n for n in self.shape])
        array = self.initializer(shape, self.rng, self.dtype)
        if (array.shape, array.dtype) != (shape, self.dtype):
            raise ValueError(f"the initializer must make {self.dtype} {shape}, not {array.dtype} {array.shape}")
        return to_device(array.copy(), device)  # a copy, because optimizers write into it


class Entry:
    """An array that belongs to a layer and is saved with it: the base of Parameter and Buffer."""

    __slots__ = ()
    value: Any  # an array, or an Unfilled
    data: Any

    @classmethod
    def lazy(
        cls,
        shape: tuple[int | None, ...],
        initializer: Initializer,
        rng: Generator = None,
        dtype: Any = np.float32,
        *,
        axis: int = -1,
        share: int = 1,
    ) -> Self:
        """An entry that `initializer` fills: now, or at the layer's first call if one size in `shape` is None.

        That size is `x.shape[axis] // share`, where x is the first input. The entry must be an attribute of the layer.
        """
        entry = cls(np.zeros(0, dtype))  # type: ignore[call-arg]
        unfilled = Unfilled(shape, initializer, rng, np.dtype(dtype), axis, share)
        if None in shape:
            entry.value = unfilled
        else:
            entry.data = unfilled.array()
        return entry

    def fill(self, name: str, x: Operand) -> None:
        """Makes the array, with the size and the device of `x`, the first input of the layer `name`."""
        unfilled, shape = self.value, operand(name, x).shape
        there = -len(shape) <= unfilled.axis < len(shape)
        if not there or shape[unfilled.axis] < unfilled.share:
            least = f"a size of at least {unfilled.share} along axis {unfilled.axis}"
            raise ValueError(f"{name} takes a first input with {least}, not the shape {shape}")
        self.data = unfilled.array(shape[unfilled.axis] // unfilled.share, device_of(as_array(x)))

    def load(self, array: Array) -> None:
        """Takes over a copy of `array`, on the device of the entry."""
        device = self.value.device if type(self.value) is Unfilled else device_of(self.value)
        self.data = to_device(array, device).copy()

    def move(self, device: str) -> None:
        if type(self.value) is Unfilled:
            self.value.device = device
        else:
            self.data = to_device(self.value, device)


class Parameter(Entry, Variable):
    """A Variable that a layer owns and an optimizer trains.

    It holds a copy of the data, because optimizers write into its array. Raises TypeError if the data is not
    floating-point.
    """

    __slots__ = ()

    def __init__(self, data: Any, name: str | None = None) -> None:
        super().__init__(data, name)
        if self.dtype.kind != "f":
            raise TypeError(f"a Parameter takes floating-point numbers, not {self.dtype}: use a Buffer for those")
        self.value = self.value.copy()

    def __repr__(self) -> str:
        return f"Parameter({self.value!r})" if type(self.value) is Unfilled else super().__repr__()


class Buffer(Entry):
    """An array that a layer saves and moves but does not train, such as a running mean. No Variable: use its `data`."""

    __slots__ = ("value",)

    def __init__(self, data: Any) -> None:
        self.value = (data if is_array(data) else np.asarray(data)).copy()

    @property
    def data(self) -> Array:
        return self.value

    @data.setter
    def data(self, data: Array) -> None:
        if not is_array(data):
            raise TypeError(f"data must be an array, not {type(data).__name__}")
        self.value = data

    @property
    def shape(self) -> Any:
        return self.value.shape

    @property
    def dtype(self) -> Any:
        return self.value.dtype

    def __repr__(self) -> str:
        return f"Buffer({self.value!r})"


class State:
    """What a recurrent layer remembers from one call to the next: `value` is a Variable, or None before the first step.

    A State is part of no checkpoint, and a copy or a pickle of it is empty.
    """

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value: Operand = None

    def reset(self) -> None:
        """Forgets the value: a new sequence begins."""
        self.value = None

    def cut(self) -> None:
        """Keeps the value as a plain array, without its graph."""
        self.value = as_array(self.value)

    def move(self, device: str) -> None:
        if self.value is not None:
            self.value = to_device(as_array(self.value), device)

    def __reduce__(self) -> Any:
        return State, ()


filling = RLock()  # one thread at a time fills entries
first_calls: WeakValueDictionary[int, Any] = WeakValueDictionary()  # a lock for each layer whose first call runs, by id


class Layer:
    """A function with parameters of its own.

    >>> class Affine(Layer):
    ...     def __init__(self, inputs, outputs):
    ...         self.W = Parameter(np.ones((inputs, outputs), np.float32))
    ...         self.b = Parameter(np.zeros(outputs, np.float32))
    ...
    ...     def forward(self, x):
    ...         return x @ self.W + self.b
    >>> layer = Affine(2, 3)
    >>> layer(np.ones((1, 2), np.float32))
    Variable([[2., 2., 2.]], dtype=float32)
    >>> [path for path, parameter in layer.named_params()]
    ['W', 'b']

    Call the layer, not its `forward`: the call fills the sizes that are not known yet, and tells the watchers.
    """

    def forward(self, *xs: Any) -> Any:
        """The formula; a subclass defines it."""
        raise NotImplementedError(f"{type(self).__name__} has no forward: define forward(self, x)")

    def __call__(self, *xs: Any, **options: Any) -> Any:
        if Unfilled.alive and (self.unfilled() or id(self) in first_calls):
            return self.first_call(xs, options)
        watcher = mode.get().watcher
        return self.forward(*xs, **options) if watcher is None else watcher.layer(self, xs, options)

    def unfilled(self) -> list[Entry]:
        """The entries of this layer itself whose size is not known yet."""
        return [x for x in vars(self).values() if isinstance(x, Entry) and type(x.value) is Unfilled]

    def first_call(self, xs: tuple[Any, ...], options: dict[str, Any]) -> Any:
        """Fills the entries and calls `forward`. If that raises, they are unfilled again: the next call is the first.

        Other threads that call the layer meanwhile wait, and then use the same weights.
        """
        with filling:
            lock = first_calls.setdefault(id(self), RLock())  # is there as long as a thread holds it, or waits
        with lock:
            before: list[tuple[Entry, Any]] = []
            try:
                with filling:
                    before += [(entry, entry.value) for entry in self.unfilled()]
                    for entry, _ in before:
                        entry.fill(type(self).__name__, next(iter((*xs, *options.values())), None))
                return (mode.get().watcher or Watcher()).layer(self, xs, options)
            except BaseException:
                for entry, unfilled in before:
                    entry.value = unfilled
                raise

    def children(self) -> Iterable[tuple[Any, Any]]:
        """The names and objects one step below: the attributes."""
        return vars(self).items()

    def layers(self) -> Iterator[Layer]:
        """This layer and all layers below it."""
        return (layer for _, layer in named_objects(self, Layer))

    def params(self) -> Iterator[Parameter]:
        """The parameters of this layer and of all below it, each once."""
        return (parameter for _, parameter in named_objects(self, Parameter))

    def named_params(self) -> Iterator[tuple[str, Parameter]]:
        """The parameters with their paths, such as `blocks.0.W`."""
        return named_objects(self, Parameter)

    def named_buffers(self) -> Iterator[tuple[str, Buffer]]:
        """The buffers with their paths."""
        return named_objects(self, Buffer)

    def named_state(self) -> Iterator[tuple[str, Any]]:
        """All that a checkpoint holds: parameters and buffers with their paths."""
        return named_objects(self, Entry)

    def cleargrads(self) -> None:
        """Clears the gradient of every parameter, so that the next backward pass starts from nothing."""
        for parameter in self.params():
            parameter.cleargrad()

    def to(self, device: str) -> Self:
        """Moves parameters, their gradients, buffers and states to `'cpu'` or `'gpu'`; returns the layer."""
        for _, x in named_objects(self, (Entry, State)):
            x.move(device)
        for parameter in self.params():
            if parameter.grad is not None:
                parameter.grad = Variable(to_device(parameter.grad.data, device))
        return self

    def reset_state(self) -> None:
        """Begins a new sequence: all recurrent layers below forget their states."""
        for _, state in named_objects(self, State):
            state.reset()

    def cut_state(self) -> None:
        """Keeps the states but detaches them from their graph, whose memory is freed.

        Called after each `backward` of a long sequence, this is truncated backpropagation through time.
        """
        for _, state in named_objects(self, State):
            state.cut()

    def state_dict(self) -> dict[str, Array]:
        """A copy of every parameter and buffer, by path. Raises RuntimeError while a size is not known yet."""
        entries = dict(self.named_state())
        waiting = [f"{path} {entry.shape}" for path, entry in entries.items() if type(entry.value) is Unfilled]
        if waiting:
            raise RuntimeError(
                f"not all sizes are known yet: {', '.join(waiting)}. Call the model once on data, or make its layers "
                "with the size of their input (in_size, size)."
            )
        return {path: entry.value.copy() for path, entry in entries.items()}

    def load_state_dict(self, state: Mapping[str, Array], strict: bool = True) -> None:
        """Takes over the values of a `state_dict`, from either device. Entries that are unfilled take the size too.

        With strict=False, paths that only one side has are ignored. Raises ValueError with everything that does not
        fit, and changes nothing then.
        """
        entries = dict(self.named_state())
        problems = list(misfits(entries, state, strict))
        if problems:
            raise ValueError("the state does not fit, and nothing was changed:\n  " + "\n  ".join(problems))
        for path, entry in entries.items():
            if path in state:
                entry.load(state[path])
                if isinstance(entry, Parameter):
                    entry.written(path)

    def __repr__(self) -> str:
        return "\n".join(outline(self, "", ()))


PARENTS = (Layer, list, tuple, dict, set, frozenset)  # what has children


def children(x: Any) -> Iterable[tuple[Any, Any]]:
    """The names and objects one step below a layer or a container. Raises TypeError for a set of layers or entries."""
    if isinstance(x, Layer):
        return x.children()
    if isinstance(x, dict):
        return x.items()
    if isinstance(x, (list, tuple)):
        return enumerate(x)
    if any(isinstance(child, (PARENTS, Variable, Entry, State)) for child in x):
        raise TypeError("layers and parameters in a set have no order, and so no names: put them in a list or a dict")
    return ()


def named_objects(root: Any, kinds: Any) -> Iterator[tuple[str, Any]]:
    """Path and object of everything of these types below `root`, depth first, each object once."""
    followed = (*(kinds if isinstance(kinds, tuple) else [kinds]), *PARENTS)
    seen: dict[int, Any] = {}
    paths: set[str] = set()
    stack: list[tuple[str, Any]] = [("", root)]
    while stack:
        path, x = stack.pop()
        if id(x) in seen:
            continue
        seen[id(x)] = x
        if isinstance(x, kinds):
            if path in paths:
                raise ValueError(f"two different objects have the path {path!r}: rename a key")
            paths.add(path)
            yield path, x
        if not isinstance(x, Variable) and isinstance(x, PARENTS):
            lead = path + "." if path else ""
            found = [(lead + str(name), child) for name, child in children(x) if isinstance(child, followed)]
            stack += found[::-1]


def misfits(entries: Mapping[str, Any], state: Mapping[str, Any], strict: bool) -> Iterator[str]:
    """What keeps `state` from being loaded, a line for each path."""
    for path, entry in entries.items():
        if path not in state:
            if strict:
                yield f"{path}: missing"
            continue
        x = state[path]
        if not is_array(x):
            yield f"{path}: must be an array, not {type(x).__name__}"
        elif not fits(x.shape, entry.shape):
            yield f"{path}: shape {x.shape} in the state, {entry.shape} here"
        elif x.dtype != entry.dtype:
            yield f"{path}: dtype {x.dtype} in the state, {entry.dtype} here"
    if strict:
        for path in state:
            if path not in entries:
                yield f"{path}: unexpected, nothing here has this path"


def fits(shape: Shape, expected: tuple[int | None, ...]) -> bool:
    """Is it the expected shape, in which None stands for a size that is not known yet?"""
    return len(shape) == len(expected) and all(n in (None, m) for n, m in zip(expected, shape))


def outline(layer: Layer, name: str, above: tuple[Any, ...]) -> Iterator[str]:
    """The lines of a layer's `repr`: itself with its numbers and shapes, and the layers below it, indented."""
    facts = [type(layer).__name__]
    parts: list[str] = []
    stack = [(str(key), x) for key, x in layer.children()][::-1]
    above += (layer,)
    while stack:
        path, x = stack.pop()
        if is_fact(x):
            facts.append(f"{path}={x!r}")
        elif any(x is y for y in above):
            parts.append(f"{path}: ...")
        elif isinstance(x, Layer):
            parts += outline(x, path, above)
        elif isinstance(x, Entry):
            facts.append(f"{path} {x.shape}")  # type: ignore[attr-defined]
        elif isinstance(x, (list, tuple, dict)):
            above += (x,)
            stack += [(f"{path}.{key}", y) for key, y in children(x) if isinstance(y, (PARENTS, Entry)) or callable(y)][
                ::-1
            ]
        elif callable(x) and not isinstance(x, Variable):
            parts.append(f"{path}: {getattr(x, '__name__', type(x).__name__)}")
    yield (f"{name}: " if name else "") + "  ".join(facts)
    yield from ["  " + line for line in parts]


def is_fact(x: Any) -> bool:
    """Is it a number, a text, or a tuple of them, such as a stride?"""
    if isinstance(x, tuple):
        return len(x) > 0 and all(map(is_fact, x))
    return isinstance(x, (bool, int, float, str))


def lazy_size(name: str, size: Any) -> int | None:
    """`size` as an int of at least 1, or None if the first input tells it."""
    return None if size is None else whole(name, size)
