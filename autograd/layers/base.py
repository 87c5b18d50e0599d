"""Layer, Parameter, Buffer: functions that own what they learn.

A subclass of `Layer` makes its parts in `__init__` and computes in `forward`. Nothing is registered: parameters and
buffers are found by a walk over attributes in the order of their assignment, lists, tuples, dicts and nested layers,
each object once. The way to an object, `blocks.0.W`, is its name in checkpoints, in optimizers and in messages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Self, TypeAlias

import numpy as np

from autograd.backend import Array, device_of, is_array, to_device
from autograd.core import Operand, Variable, as_array
from autograd.functions.operands import operand, whole
from autograd.shapes import Shape

Generator: TypeAlias = "np.random.Generator | int | None"  # None: the shared one of `autograd.seed`
Initializer: TypeAlias = Callable[[Shape, Generator, Any], Any]


class Plan:
    """Stands in for an array of which one size, None in `shape`, is not known yet: how to make it once it is."""

    def __init__(self, shape: tuple[int | None, ...], initializer: Initializer, rng: Generator, dtype: Any) -> None:
        self.shape, self.initializer, self.rng, self.dtype = shape, initializer, rng, np.dtype(dtype)
        self.device = "cpu"

    def array(self, size: int = 0, device: str = "cpu") -> Array:
        """The initial array, `size` in the place of None."""
        shape = tuple([size if n is None else n for n in self.shape])
        array = self.initializer(shape, self.rng, self.dtype)
        if (array.shape, array.dtype) != (shape, self.dtype):
            raise ValueError(f"the initializer made {array.dtype} {array.shape}; it was asked for {self.dtype} {shape}")
        return to_device(array.copy(), device)  # a copy, because the optimizers write into it


class Box:
    """What Parameter and Buffer have in common: an array that belongs to a layer, and may have to wait for its size."""

    __slots__ = ()
    value: Any  # an array or a Plan
    data: Any

    @classmethod
    def planned(
        cls, shape: tuple[int | None, ...], initializer: Initializer, rng: Generator = None, dtype: Any = np.float32
    ) -> Self:
        """One that `initializer` fills: now, or if a size in `shape` is None, when `settle` finds it in an input."""
        box = cls(np.zeros(0, dtype))  # type: ignore[call-arg]
        plan = Plan(shape, initializer, rng, dtype)
        if None in shape:
            box.value = plan
        else:
            box.data = plan.array()
        return box

    def settle(self, x: Operand, axis: int) -> None:
        """Takes the unknown size, if there is one, from this axis of an input, and the device too."""
        if type(self.value) is Plan:
            shape = operand("a layer", x).shape
            if not -len(shape) <= axis < len(shape) or not shape[axis]:
                raise ValueError(f"the size of axis {axis} of the input is to be found, but its shape is {shape}")
            self.data = self.value.array(shape[axis], device_of(as_array(x)))

    def take(self, array: Array) -> None:
        """Takes over a copy of the values, on the device where it is itself."""
        device = self.value.device if type(self.value) is Plan else device_of(self.value)
        self.data = to_device(array, device).copy()

    def move(self, device: str) -> None:
        if type(self.value) is Plan:
            self.value.device = device
        else:
            self.data = to_device(self.value, device)


class Parameter(Box, Variable):
    """A Variable that a layer owns and an optimizer trains.

    It has an array of its own, a copy of what it is given, because optimizers write into it. Raises TypeError for
    what is not floating-point.
    """

    __slots__ = ()

    def __init__(self, data: Any, name: str | None = None) -> None:
        super().__init__(data, name)
        if self.dtype.kind != "f":
            raise TypeError(f"a Parameter holds floating-point numbers, not {self.dtype}: use a Buffer for those")
        self.value = self.value.copy()

    def __repr__(self) -> str:
        if type(self.value) is Plan:
            return f"Parameter({self.dtype} {self.shape}, which the first input will complete)"
        return super().__repr__()

    def move(self, device: str) -> None:
        super().move(device)
        if self.grad is not None:
            self.grad = Variable(to_device(self.grad.data, device))


class Buffer(Box):
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

    `carry` is what a recurrent layer keeps from one call for the next; a copy of the layer, or a pickle, starts afresh.
    """

    carry: tuple[Operand, ...] = ()

    def forward(self, *xs: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has no forward: define forward(self, x)")

    def __call__(self, *xs: Any, **options: Any) -> Any:
        return self.forward(*xs, **options)

    def children(self) -> Iterable[tuple[Any, Any]]:
        """The names and objects in which the walk looks for parameters: the attributes."""
        return vars(self).items()

    def layers(self) -> Iterator[Layer]:
        """This layer and all layers below it."""
        return (layer for _, layer in walk(self, Layer))

    def params(self) -> Iterator[Parameter]:
        """The parameters of this layer and of all below it, each once."""
        return (parameter for _, parameter in walk(self, Parameter))

    def named_params(self) -> Iterator[tuple[str, Parameter]]:
        """The same with their paths, such as `blocks.0.W`."""
        return walk(self, Parameter)

    def named_buffers(self) -> Iterator[tuple[str, Buffer]]:
        """The buffers with their paths."""
        return walk(self, Buffer)

    def named_state(self) -> Iterator[tuple[str, Any]]:
        """All that a checkpoint holds: parameters and buffers with their paths."""
        return walk(self, (Parameter, Buffer))

    def cleargrads(self) -> None:
        """Forgets the gradients, so that the next backward pass starts from nothing."""
        for parameter in self.params():
            parameter.cleargrad()

    def to(self, device: str) -> Self:
        """Moves parameters, their gradients, buffers and carried states to `'cpu'` or `'gpu'`; returns the layer."""
        for _, box in self.named_state():
            box.move(device)
        for _, layer in walk(self, Layer):
            if layer.carry:
                layer.carry = tuple([to_device(as_array(h), device) for h in layer.carry])
        return self

    def reset_state(self) -> None:
        """Begins a new sequence: forgets what this layer and those below it carry from call to call."""
        for _, layer in walk(self, Layer):
            if layer.carry:
                layer.carry = ()

    def cut_state(self) -> None:
        """Goes on with the sequence, but not back: truncated backpropagation through time, whose past becomes free."""
        for _, layer in walk(self, Layer):
            if layer.carry:
                layer.carry = tuple(map(as_array, layer.carry))

    def state_dict(self) -> dict[str, Array]:
        """A copy of every parameter and buffer, by path.

        Raises RuntimeError for a layer that does not know its input size yet.
        """
        boxes = dict(self.named_state())
        waiting = [f"{path} {box.shape}" for path, box in boxes.items() if type(box.value) is Plan]
        if waiting:
            raise RuntimeError(
                f"not all sizes are known yet: {', '.join(waiting)}. Call the model once on data, or make its layers "
                "with the size of their input (in_size, size)."
            )
        return {path: box.value.copy() for path, box in boxes.items()}

    def load_state_dict(self, state: Mapping[str, Array], strict: bool = True) -> None:
        """Takes over the values of a `state_dict`, from either device; layers without a size take the size as well.

        With strict=False, paths that one side lacks are ignored. Raises ValueError with everything that does not fit,
        and changes nothing then.
        """
        boxes = dict(self.named_state())
        problems = list(misfits(boxes, state, strict))
        if problems:
            raise ValueError("the state does not fit, and nothing was changed:\n  " + "\n  ".join(problems))
        for path, box in boxes.items():
            if path in state:
                box.take(state[path])

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "carry"}

    def __repr__(self) -> str:
        return "\n".join(outline(self, "", ()))


BRANCHES = (Layer, list, tuple, dict, set, frozenset)
TREE = (*BRANCHES, Variable, Buffer)


def walk(root: Any, kinds: Any) -> Iterator[tuple[str, Any]]:
    """Path and object of everything of these types in the tree below `root`, depth first, each object once."""
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
        if isinstance(x, BRANCHES):
            lead = path + "." if path else ""
            below = [(lead + str(name), child) for name, child in branches(x) if isinstance(child, TREE)]
            below.reverse()
            stack += below


def branches(x: Any) -> Iterable[tuple[Any, Any]]:
    """The names and objects one step below a layer or a container."""
    if isinstance(x, Layer):
        return x.children()
    if isinstance(x, dict):
        return x.items()
    if isinstance(x, (list, tuple)):
        return enumerate(x)
    if any(isinstance(child, TREE) for child in x):
        raise TypeError("layers and parameters in a set have no order, and so no names: put them in a list or a dict")
    return ()


def misfits(boxes: Mapping[str, Any], state: Mapping[str, Any], strict: bool) -> Iterator[str]:
    """What keeps `state` from being loaded, a line for each path."""
    for path, box in boxes.items():
        if path not in state:
            if strict:
                yield f"{path}: missing"
            continue
        x = state[path]
        if not is_array(x):
            yield f"{path}: an array was expected, not {type(x).__name__}"
        elif not fits(x.shape, box.shape):
            yield f"{path}: shape {x.shape} in the state, {box.shape} here"
        elif x.dtype != box.dtype:
            yield f"{path}: dtype {x.dtype} in the state, {box.dtype} here"
    if strict:
        for path in state:
            if path not in boxes:
                yield f"{path}: unexpected, nothing here has this path"


def fits(shape: Shape, expected: tuple[int | None, ...]) -> bool:
    """Is it the expected shape, in which None stands for a size that is not known yet?"""
    return len(shape) == len(expected) and all(n in (None, m) for n, m in zip(expected, shape))


def outline(layer: Layer, name: str, above: tuple[Any, ...]) -> Iterator[str]:
    """The lines of a layer's `repr`: itself with its numbers and shapes, and the layers below it, indented."""
    facts = [type(layer).__name__]
    parts: list[str] = []
    stack = [(str(key), x) for key, x in layer.children() if key != "carry"][::-1]
    above += (layer,)
    while stack:
        path, x = stack.pop()
        if is_fact(x):
            facts.append(f"{path}={x!r}")
        elif any(x is y for y in above):
            parts.append(f"{path}: ...")
        elif isinstance(x, Layer):
            parts += outline(x, path, above)
        elif isinstance(x, (Parameter, Buffer)):
            facts.append(f"{path} {x.shape}")
        elif isinstance(x, (list, tuple, dict)):
            above += (x,)
            stack += [(f"{path}.{key}", y) for key, y in branches(x) if isinstance(y, TREE) or callable(y)][::-1]
        elif callable(x) and not isinstance(x, Variable):
            parts.append(f"{path}: {getattr(x, '__name__', type(x).__name__)}")
    yield (f"{name}: " if name else "") + "  ".join(facts)
    yield from ["  " + line for line in parts]


def is_fact(x: Any) -> bool:
    """Is it a number, a text, or a tuple of them, such as a stride?"""
    if isinstance(x, tuple):
        return len(x) > 0 and all(map(is_fact, x))
    return isinstance(x, (bool, int, float, str))


def check_sizes(**sizes: Any) -> None:
    """Raises TypeError or ValueError unless each is a positive whole number; in_size and size may be None."""
    for name, size in sizes.items():
        if size is not None or name not in ("in_size", "size"):
            whole(name, size)
