"""Layer, and what belongs to one: Parameter, Buffer and State.

A subclass of `Layer` makes its parts in `__init__` and computes in `forward`. Nothing is registered: `named_objects`
walks over attributes, lists, tuples, dicts and nested layers, in order, and finds each object once. The path to an
object, `blocks.0.W`, is its name in checkpoints, in optimizers and in error messages.

An *entry* is an array that a layer saves: a Parameter, which is trained, or a Buffer, which is not. `lazy` makes an
entry from an initializer. If one size is None, the entry is *unfilled*: it holds an `Unfilled` in place of its array.
The layer's first call fills it (`fill`), with the size of the input. So does `load`, with the array of a checkpoint.
"""

from __future__ import annotations

import operator
import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar, overload
from weakref import WeakValueDictionary

import numpy as np

from autograd.algebra import Operand, as_array, astype
from autograd.backend import Array, as_values, device_of, is_array, to_device
from autograd.bfloat16 import kind_of
from autograd.checks import dtype_of, flag, function, shown, whole
from autograd.config import Watcher, current, mode
from autograd.constants import check_real, holds
from autograd.effects import silent, touch
from autograd.function import new_node
from autograd.functions.operands import operand
from autograd.layers.arguments import Elsewhere, check_arguments
from autograd.layers.unfilled import Generator, Initializer, Unfilled, Unknown, fits
from autograd.locks import Lock
from autograd.names import OF_LAYERS, with_advice
from autograd.shapes import Shape
from autograd.variable import Variable, of_value

__all__ = [
    "PARENTS", "Buffer", "Entry", "Generator", "Initializer", "Layer", "Parameter", "State", "Unfilled", "children",
    "fits", "fitting", "lazy_size", "misfits", "named_objects",
]  # fmt: skip


class Entry:
    """An array that belongs to a layer and is saved with it: the base of Parameter and Buffer."""

    __slots__ = ()
    value: Any  # an array, or an Unfilled

    if TYPE_CHECKING:

        @property
        def data(self) -> np.ndarray[Any, Any]: ...
        @data.setter
        def data(self, data: Array) -> None: ...

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
        entry = cls(np.zeros(0, dtype_of("dtype", dtype)))  # type: ignore[call-arg]
        shape = tuple([None if isinstance(n, Unknown) else n for n in shape])
        unfilled = Unfilled(shape, function("initializer", initializer), rng, np.dtype(dtype), axis, share)
        if None in shape:
            entry.value = unfilled
        else:
            entry.data = unfilled.array()
        return entry

    def fill(self, name: str, x: Operand) -> None:
        """Makes the array, with the size of `x`, the first input of the layer `name`, on the device that `to` said.

        An input on another device is an error of the formula, as it is for a layer whose sizes are all known.
        """
        unfilled, shape = self.value, operand(name, x).shape
        there = -len(shape) <= unfilled.axis < len(shape)
        if not there or shape[unfilled.axis] < unfilled.share:
            least = f"a size of at least {unfilled.share} along axis {unfilled.axis}"
            raise ValueError(f"{name} takes a first input with {least}, not the shape {shape}")
        self.data = unfilled.array(shape[unfilled.axis] // unfilled.share)

    def load(self, array: Array) -> None:
        """Takes over a copy of `array`, on the device of the entry."""
        device = self.value.device if type(self.value) is Unfilled else device_of(self.value)
        self.data = to_device(array, device).copy()

    def move(self, device: str) -> None:
        if type(self.value) is Unfilled:
            self.value.device = device
        else:
            self.data = to_device(self.value, device)


def in_place(sign: str, op: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """The method of Parameter for an operator such as `-=`."""

    def method(self: Parameter, other: Any) -> Any:
        if self.family is not Variable:  # the Parameter of an adapter: there `p -= y` means p = p - y
            return NotImplemented
        if mode.get().recording:
            raise RuntimeError(
                f"{sign} on a Parameter must be inside `with no_grad():`, where it writes into its array, not in a "
                f"computation with a graph: write p = p {sign[:-1]} ... there, for a new Variable"
            )
        array, other = self.data, as_array(other)
        try:
            op(array, other)
        except (TypeError, ValueError) as error:
            given = f"{other.dtype} {other.shape}" if hasattr(other, "dtype") else repr(other)[:40]
            kind = TypeError if isinstance(error, TypeError) else ValueError
            raise kind(f"{sign} takes a number or an array for {array.dtype} {array.shape}, not {given}") from error
        self.written(self.name or "a Parameter")
        return self

    return method


class Parameter(Entry, Variable):
    """A Variable that a layer owns and an optimizer trains.

    It holds a copy of the data, of those that are assigned to `data` too, because optimizers write into its array.
    Raises TypeError if the data is not floating-point.

    `p -= lr * p.grad` and the like write into it inside `with no_grad():`, and are an error elsewhere.
    """

    __slots__ = ()
    converts = False

    @with_advice
    def __init__(self, data: Any, name: str | None = None) -> None:
        super().__init__(data, name)
        if self.creator is not None:
            raise TypeError("a Parameter is a leaf and takes numbers, not Variables: give it their .data")
        self.check(self.value)
        self.value = self.value.copy()

    @staticmethod
    def check(data: Array) -> None:
        """Raises TypeError if the numbers are not floating-point."""
        if kind_of(data.dtype) != "f":
            raise TypeError(f"a Parameter takes floating-point numbers, not {data.dtype}: use a Buffer for those")

    def assign(self, data: Any) -> None:
        """The setter of `data`. Raises ValueError if there is no array yet, and the known sizes are others."""
        if is_array(data) and data is not self.value:
            self.check(data)
            data = data.copy()
            if type(self.value) is Unfilled:
                if not fits(data.shape, self.value.sizes):
                    raise ValueError(f"{self.value.name} must have the shape {self.value.sizes}, not {data.shape}")
                self.value = np.zeros(0, data.dtype)
        Variable.data.fset(self, data)  # type: ignore[attr-defined]

    if not TYPE_CHECKING:
        data = property(Variable.data.fget, assign)

    __iadd__ = in_place("+=", operator.iadd)
    __isub__ = in_place("-=", operator.isub)
    __imul__ = in_place("*=", operator.imul)
    __itruediv__ = in_place("/=", operator.itruediv)
    __ipow__ = in_place("**=", operator.ipow)
    __ifloordiv__ = in_place("//=", operator.ifloordiv)
    __imod__ = in_place("%=", operator.imod)
    __imatmul__ = in_place("@=", operator.imatmul)

    def freeze(self) -> None:
        """Makes it a constant: no gradient is computed for it, nor for what is below it alone. `thaw()` ends that."""
        if type(self) is Parameter:
            self.__class__ = FrozenParameter
            self.node = self.grad = None

    def thaw(self) -> None:
        """Lets it be trained again."""
        if type(self) is FrozenParameter:
            self.__class__ = Parameter  # type: ignore[assignment]
            if type(self.value) is not Unfilled:
                new_node(self)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.value!r})" if type(self.value) is Unfilled else super().__repr__()


class Constant(Variable, constants=True):
    """A Variable that was computed from frozen parameters alone: no graph goes through it."""

    __slots__ = ()


class FrozenParameter(Parameter):
    """A Parameter that is not trained. `freeze` makes it, and `thaw` ends it."""

    __slots__ = ()
    frozen = True


class Buffer(Entry):
    """An array that a layer saves and moves but does not train, such as a running mean. No Variable: use its `data`."""

    __slots__ = ("value",)

    @with_advice
    def __init__(self, data: Any) -> None:
        self.value = as_real("a Buffer", data).copy()

    @property
    def data(self) -> np.ndarray[Any, Any]:
        return self.value

    @data.setter
    def data(self, data: Array) -> None:
        if not is_array(data):
            raise TypeError(f"data must be an array, not {type(data).__name__}")
        data = as_real("a Buffer", data)
        touch(self, value_of, set_value)
        self.value = data

    shape: Shape = of_value("shape", "The size along each axis.")
    dtype: np.dtype[Any] = of_value("dtype", "The type of the numbers.")
    ndim: int = of_value("ndim", "The number of axes.")
    size: int = of_value("size", "The number of elements.")

    def __repr__(self) -> str:
        return f"Buffer({self.value!r})"


def value_of(entry: Any) -> Any:
    return entry.value


def set_value(entry: Any, value: Any) -> None:
    entry.value = value


def as_real(name: str, data: Any) -> Array:
    """`data` as an array. Raises TypeError unless it holds real numbers, for masked arrays and matrices too."""
    if isinstance(data, (list, tuple)) and holds(data, Variable):
        raise TypeError(f"{name} takes numbers, not Variables: give it their .data")
    try:
        check_real(name, data)
        return as_values(data)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name} takes an array of real numbers, not {shown(data)}: {error}") from error


class State:
    """What a recurrent layer remembers from one call to the next: `value` is a Variable, or None before the first step.

    A State is part of no checkpoint, and a copy or a pickle of it is empty.
    """

    __slots__ = ("gradient", "value")

    def __init__(self) -> None:
        self.value: Operand = None
        self.gradient: Any = None  # that of the layer's bias when the value was computed

    def follow(self, value: Any, gradient: Any) -> None:
        """Takes the value of the next step."""
        touch(self, value_and_gradient, set_both)
        self.value, self.gradient = value, gradient

    def reset(self) -> None:
        """Forgets the value: a new sequence begins."""
        self.value = self.gradient = None

    def cut(self) -> None:
        """Keeps the value as a plain array, without its graph."""
        self.value, self.gradient = as_array(self.value), None

    def move(self, device: str) -> None:
        if self.value is not None:
            self.value = to_device(as_array(self.value), device)

    def __reduce__(self) -> Any:
        return State, ()


def value_and_gradient(state: Any) -> tuple[Any, Any]:
    return state.value, state.gradient


def set_both(state: Any, both: tuple[Any, Any]) -> None:
    state.value, state.gradient = both


filling = Lock()  # one thread at a time fills entries
first_calls: WeakValueDictionary[int, Any] = WeakValueDictionary()  # a lock for each layer whose first call runs, by id
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=first_calls.clear)


Y = TypeVar("Y", covariant=True)


class Formula(Protocol[Y]):
    """What has a `forward`, for type checkers: a call of a layer returns what its `forward` returns."""

    def forward(self, *xs: Any, **options: Any) -> Y: ...


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

    Call the layer, not its `forward`: the call fills the sizes that are not known yet, tells the watchers, and sets the
    mode. A call trains unless it is inside `test_mode()`, or inside a layer that was set to `eval()`; of several layers
    around it the innermost counts to which `eval()` or `train()` was said.
    """

    training = True  # as eval() or train() has said, for calls in all threads

    def __init_subclass__(cls, **options: Any) -> None:
        """Raises TypeError for `__slots__`: what lies there is not found by the walk."""
        super().__init_subclass__(**options)
        if any(vars(base).get("__slots__") for base in cls.__mro__):
            raise TypeError(
                f"{cls.__name__} must have no __slots__, nor slots=True: its layers would not be found there"
            )

    def __new__(cls, *given: Any, **options: Any) -> Self:
        if options or given:
            check_arguments(cls, given, options, OF_LAYERS)
        return object.__new__(cls)

    def __setattr__(self, name: str, value: Any) -> None:
        """Sets an attribute. Raises TypeError for what would take the place of a part or a method unnoticed."""
        if isinstance(value, Entry):
            if type(value.value) is Unfilled:
                value.value.name, value.value.owner = name, type(self)
        elif name == "training":
            value = flag(f"{type(self).__name__}: training", value)
        elif not isinstance(value, Layer):
            check_place(self, name, value)
        object.__setattr__(self, name, value)

    if not TYPE_CHECKING:  # a type checker finds a missing attribute by itself
        parameters, named_parameters = Elsewhere("params()"), Elsewhere("named_params()")
        modules, named_modules, buffers = Elsewhere("layers()"), Elsewhere("layers()"), Elsewhere("named_buffers()")
        zero_grad, cuda, cpu = Elsewhere("cleargrads()"), Elsewhere("to('gpu')"), Elsewhere("to('cpu')")
        weight, bias = Elsewhere("W, or gamma"), Elsewhere("b, or beta")
        requires_grad_, reset_parameters = Elsewhere("freeze(), or thaw()"), Elsewhere("to make the layer anew")
        fit, evaluate = Elsewhere("training.fit(model, ...)"), Elsewhere("training.evaluate(model, ...)")
        predict = Elsewhere("training.predict(model, x)")

    def forward(self, *xs: Any, **options: Any) -> Any:
        """The formula; a subclass defines it."""
        raise NotImplementedError(f"{type(self).__name__} has no forward: define forward(self, x)")

    @overload
    def __call__(self: Formula[Y], *xs: Any, **options: Any) -> Y: ...
    @overload
    def __call__(self, *xs: Any, **options: Any) -> Any: ...
    def __call__(self, *xs: Any, **options: Any) -> Any:
        _, training, _, watcher, _ = mode.get()
        try:
            if training is not self.training and training is not False:
                return self.call_in_mode(xs, options)
            if Unfilled.alive and (self.unfilled() or id(self) in first_calls):
                return self.first_call(xs, options)
            return self.forward(*xs, **options) if watcher is None else watcher.layer(self, xs, options)
        except Exception as error:
            note_path(error, self)
            raise

    def call_in_mode(self, xs: tuple[Any, ...], options: dict[str, Any]) -> Any:
        """The call where the mode is not that of the layer: it is, inside, if `eval()` or `train()` has said so."""
        now, wanted = current(), self.training or None
        changed = now.training is not False and now.training is not wanted and "training" in vars(self)
        token = mode.set(now._replace(training=wanted) if changed else now)
        try:
            if Unfilled.alive and (self.unfilled() or id(self) in first_calls):
                return self.first_call(xs, options)
            return (now.watcher or Watcher()).layer(self, xs, options)
        finally:
            mode.reset(token)

    def unfilled(self) -> list[Entry]:
        """The entries of this layer itself whose size is not known yet."""
        return [x for x in vars(self).values() if isinstance(x, Entry) and type(x.value) is Unfilled]

    def first_call(self, xs: tuple[Any, ...], options: dict[str, Any]) -> Any:
        """Fills the entries and calls `forward`. If that raises, they are unfilled again: the next call is the first.

        Other threads that call the layer meanwhile wait, and then use the same weights.
        """
        with filling:
            lock = first_calls.setdefault(id(self), Lock())  # is there as long as a thread holds it, or waits
        with lock:
            before: list[tuple[Entry, Any]] = []
            try:
                with filling, silent():
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

    if TYPE_CHECKING:
        layers: Any  # a subclass may have a list of this name
    else:

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

    def eval(self) -> Self:
        """Calls of this layer, and of all below it, do not train: in every thread, until `train()`. Returns the layer.

        Dropout passes everything, batch normalization uses its running statistics. A layer to which neither was said
        follows the one around it. Inside `test_mode()` nothing trains, whatever was said.
        """
        return self.train(False)

    def train(self, mode: bool = True) -> Self:
        """Calls of this layer, and of all below it, train again; with False it is `eval()`. Returns the layer."""
        said = flag("train: mode", mode)
        for _, layer in named_objects(self, Layer):  # a subclass may have a list of its own called layers
            vars(layer)["training"] = said
        return self

    def freeze(self) -> Self:
        """Takes the parameters of this layer, and of all below it, out of training until `thaw()`. Returns the layer.

        They are constants: no gradient is computed for them. A part of a network with nothing else below it leaves no
        graph at all, which saves its memory and its share of the backward pass. `optimizers.freeze` saves neither.
        """
        for _, parameter in named_objects(self, Parameter):
            parameter.freeze()
        return self

    def thaw(self) -> Self:
        """Lets the parameters of this layer, and of all below it, be trained again. Returns the layer."""
        for _, parameter in named_objects(self, Parameter):
            parameter.thaw()
        return self

    def cleargrads(self) -> None:
        """Clears the gradient of every parameter, so that the next backward pass starts from nothing."""
        for _, parameter in named_objects(self, Parameter):
            parameter.cleargrad()

    def to(self, device: str) -> Self:
        """Moves parameters, their gradients, buffers and states to `'cpu'` or `'gpu'`; returns the layer."""
        to_device(np.zeros(0), device)  # raises the error while nothing has moved
        for _, x in named_objects(self, (Entry, State)):
            x.move(device)
        for _, parameter in named_objects(self, Parameter):
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
        if not isinstance(state, Mapping):
            raise TypeError(
                f"load_state_dict takes a dict of arrays by path, not {type(state).__name__}: {state!r:.40}"
            )
        entries = dict(self.named_state())
        problems = list(misfits(entries, state, flag("strict", strict)))
        if problems:
            raise ValueError("the state does not fit, and nothing was changed:\n  " + "\n  ".join(problems))
        for path, entry in entries.items():
            if path in state:
                entry.load(state[path])
                if isinstance(entry, Parameter):
                    entry.written(path)

    def summary(self, *xs: Any, **options: Any) -> Any:
        """The layers with the shapes of their outputs, parameters and multiply-adds, and the memory: a table to print.

        It calls the layer once on what is given, in test mode, and changes nothing but sizes that were not known. A
        row counts what its layer computes itself, and not the layers in it. So a column adds up to its total.

        >>> import autograd.layers as L
        >>> L.Linear(10, in_size=784).summary(np.zeros((32, 784), np.float32)).multiply_adds  # 32 * 784 * 10
        250880

        Multiply-adds are those of products of matrices, convolutions, attention and recurrences. Activations are all
        arrays that functions make, which is what a training step keeps at most.
        """
        from autograd.summary import summary  # only a summary needs the watchers, which need this file

        return summary(self, *xs, **options)

    def __repr__(self) -> str:
        return "\n".join(outline(self, "", ()))


def check_place(layer: Layer, name: str, value: Any) -> None:
    """Raises TypeError if `value` cannot take the place of the part or the method that `layer` has there."""
    before, given = vars(layer).get(name), type(value).__name__
    usable = callable(value) or isinstance(value, PARENTS)  # a function for a layer; a list of parts of one's own
    if isinstance(before, Entry) and value is not None:
        kind = type(before).__name__
        raise TypeError(
            f"{name} of {type(layer).__name__} is a {kind} and takes a {kind} or None, not {given}: "
            f"write its values by layer.{name}.data = array, or remove it first, `del layer.{name}`"
        )
    if isinstance(before, Layer) and not usable and value is not None:
        raise TypeError(
            f"{name} of {type(layer).__name__} is a {type(before).__name__} and takes a layer, a function or None, "
            f"not {given}: remove it first, `del layer.{name}`"
        )
    if callable(getattr(Layer, name, None)) and not usable:
        raise TypeError(f"{name} is a method of every layer, not {given}: call it, or choose another name")


def note_path(error: Exception, layer: Layer) -> None:
    """Adds to an error the path of the layer in which it happened, below the outermost layer that was called."""
    inner, before = vars(error).get("layer", (layer, None))
    try:
        path = next((path for path, x in named_objects(layer, Layer) if x is inner), None)
    except (TypeError, ValueError):  # a model whose walk is an error itself
        path = None
    if path is not None:
        kind = type(layer).__name__
        note = f"in {path} ({type(inner).__name__}) of {kind}" if path else f"in {kind}"
        if before is not None:
            error.__notes__.remove(before)
        error.add_note(note)
        vars(error)["layer"] = inner, note


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
        elif isinstance(x, (np.ma.MaskedArray, np.matrix)):
            yield f"{path}: must be a plain array, not a {type(x).__name__}"
        elif not fits(x.shape, entry.shape):
            yield f"{path}: shape {x.shape} in the state, {entry.shape} here"
        elif x.dtype != entry.dtype:
            yield f"{path}: dtype {x.dtype} in the state, {entry.dtype} here"
    if strict:
        for path in state:
            if path not in entries:
                yield f"{path}: unexpected, nothing here has this path"


def outline(layer: Layer, name: str, above: tuple[Any, ...]) -> Iterator[str]:
    """The lines of a layer's `repr`: itself with its numbers and shapes, and the layers below it, indented."""
    facts = [type(layer).__name__]
    parts: list[str] = []
    stack = [(str(key), x) for key, x in layer.children()][::-1]
    above += (layer,)
    while stack:
        path, x = stack.pop()
        if path == "training" and x is True:
            continue
        if is_fact(x):
            facts.append(f"{path}={x!r}")
        elif any(x is y for y in above):
            parts.append(f"{path}: ...")
        elif isinstance(x, Layer):
            parts += outline(x, path, above)
        elif isinstance(x, Entry):
            facts.append(f"{path} {getattr(x, 'shape', '(no data yet)')}")
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


def fitting(layer: Layer, x: Operand, weight: Parameter) -> Any:
    """`x` for a layer with this weight: a wider Variable is converted to its dtype, and a warning says so.

    Two Variables have their common dtype together: a float64 input would make all that follows twice as wide. An array
    or a number needs nothing, because beside a Variable it takes its dtype.
    """
    dtype = weight.dtype
    if not isinstance(x, Variable) or x.dtype is dtype or kind_of(x.dtype) != "f" or not x.family.narrows:
        return x
    if x.dtype.itemsize <= dtype.itemsize:
        return x
    said = f"{type(layer).__name__}: x is {x.dtype} and the weights are {dtype}, so x is converted to {dtype}: "
    warnings.warn(f"{said}do it yourself, x.astype(...), or give the layer dtype=np.{x.dtype}", stacklevel=3)
    return astype(x, dtype)


def lazy_size(name: str, size: Any, remedy: str = "") -> int | None:
    """`size` as an int of at least 1, or None if the first input tells it. `remedy` is for a tuple of sizes."""
    if isinstance(size, (list, tuple)):
        raise TypeError(f"{name} must be a whole number, not {shown(size)}{remedy}")
    return None if size is None else whole(name, size)
