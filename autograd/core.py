"""Function and Variable: the graph that a program leaves behind while it runs, and the algebra that it is made of.

A `Variable` is an array that remembers where it came from; a `Function` makes Variables of Variables, records a node
for each (`engine.Node`), and knows its own derivative; `backward` and `grad` walk the nodes back. Three invariants:
- *A graph starts at a Variable.* On arrays alone a function is just its `forward`: arrays in, an array out.
- *First order never pays for second order.* In `backward` the gradients, `self.inputs` and `self.outputs` are arrays.
  Only while it is itself recorded (`create_graph=True`) they are Variables, and the same code leaves its own graph.
- *A function keeps what its `backward` names*: the input arrays if it says `self.inputs`, the output arrays if it says
  `self.outputs`, nothing otherwise. An array that no backward needs is free as soon as its Variable is.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import ContextVar
from functools import partial
from math import prod
from types import CodeType, SimpleNamespace
from typing import Any, TypeAlias
from weakref import ref

import numpy as np

from autograd import engine
from autograd.arraylike import SEQUENCES, ArrayLike, beside, listed
from autograd.backend import as_numbers, device_of, explained, is_array, namespace, to_device
from autograd.config import recording, using
from autograd.drawing.notebook import mimebundle
from autograd.kernels.indexing import add_at
from autograd.shapes import Axis, check_matmul, inverse, reduced

Operand: TypeAlias = Any  # a Variable, an array or a number; a Variable among them makes the result a Variable

RAW = frozenset({np.ndarray, np.float64, np.float32})  # what needs no second look
replaying: ContextVar[int] = ContextVar("replaying", default=0)  # n while the n-th backward runs and is itself recorded


class Function:
    """An operation and its derivative. A subclass says both, on arrays, and works at every order:

    >>> class Square(Function):
    ...     def forward(self, x):
    ...         return x**2
    ...
    ...     def backward(self, gy):
    ...         (x,) = self.inputs
    ...         return 2 * x * gy
    >>> x = Variable(3.0)
    >>> y = Square()(x)
    >>> y.backward()
    >>> x.grad
    Variable(6.)

    `forward` takes arrays (0-d ones as NumPy scalars) and returns an array or a tuple of arrays; `backward` takes a
    gradient for each output and returns one for each input, None for zero; the engine sums and casts it to the input's
    shape and dtype. `backward` may name `self.inputs`, `self.outputs` and `self.parents` (None for a constant).
    """

    parents: Any = None  # the node of each input, once it was called
    siblings: Any = None  # of several outputs: weak references to their nodes, and how to make zeros
    keeps_inputs = keeps_outputs = True

    def __init_subclass__(cls) -> None:
        """Finds out what `backward` names; a class can say so itself with `keeps_inputs`, `keeps_outputs`."""
        code = getattr(vars(cls).get("backward"), "__code__", None)
        if code is not None:
            names = names_in(code)
            cls.keeps_inputs = vars(cls).get(
                "keeps_inputs", not names.isdisjoint({"inputs", "super"}) or hasattr(cls, "recompute")
            )
            cls.keeps_outputs = vars(cls).get("keeps_outputs", not names.isdisjoint({"outputs", "super"}))

    def forward(self, *_: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has no forward, or no derivative: define both")

    backward = forward

    def __call__(self, *inputs: Operand) -> Any:
        if self.parents is not None:
            raise RuntimeError(f"this {type(self).__name__} was called before: make a new one for every call")
        if len(inputs) == 1 and type(inputs[0]) in RAW:  # what most backwards do, made short
            return self.forward(*inputs)
        arrays: list[Any] = []
        parents: list[Any] = []
        variables = False
        generation = -1  # stays below 0 where there is nothing to record
        for x in inputs:
            if isinstance(x, Variable):
                variables = True
                value, node = x.value, x.node
                if node is None and value.dtype.kind == "f":
                    node = place(x)
                if node is not None:
                    born = 0 if node.creator is None else node.creator.generation
                    generation = born if born > generation else generation
                arrays.append(value if value.shape else value[()])
                parents.append(node)
            else:
                arrays.append(x)
                parents.append(None)
        try:
            ys = self.forward(*arrays)
        except Exception as error:
            raise explained(error, type(self).__name__, arrays, vars(self)) from error.__cause__
        if not variables:
            return ys
        creator = self if generation >= 0 and recording.get() else None
        several = isinstance(ys, tuple)
        outputs = [result(y, creator, i) for i, y in enumerate(ys)] if several else [result(ys, creator)]
        if creator is not None:
            self.parents, self.generation, self.order = parents, generation + 1, replaying.get()
            if self.keeps_inputs:
                self.arrays = arrays
            if several or self.keeps_outputs:
                self.keep(outputs)
        return tuple(outputs) if several else outputs[0]

    def keep(self, outputs: list[Variable]) -> None:
        """Keeps the outputs' arrays, weak references to their nodes, and how to make zeros for a lost gradient."""
        weak = [(lambda: None) if y.node is None else ref(y.node) for y in outputs]
        self.kept = [(node, y.value) for node, y in zip(weak, outputs)] if self.keeps_outputs else []
        if len(outputs) > 1:
            self.siblings = [(w, partial(namespace(y.value).zeros, y.shape, y.dtype)) for w, y in zip(weak, outputs)]

    @property
    def needs(self) -> Any:
        """For each input something true, if its gradient is needed: `needs_x, needs_W = self.needs`."""
        return self.parents

    def save(self, *, constant: bool = False, **values: Any) -> None:
        """Called by `forward`: hands values over to `backward`, which reads them as `self.saved.<name>`.

        A backward pass that is itself recorded differentiates them too. Integers and booleans have no derivative; an
        array of floating-point numbers has none if it is said to be `constant`: a mask that was drawn, a sign. Of
        others the class says how they depend on the inputs, by a method `recompute(*inputs)`, a dict of them by name.
        """
        self.state, self.constant = SimpleNamespace(**values), constant

    @property
    def saved(self) -> Any:
        """What `forward` saved: arrays; while a backward pass is recorded, the Variables of `recompute`."""
        if replaying.get() and hasattr(self, "recompute"):
            return SimpleNamespace(**{**vars(self.state), **self.recompute(*self.inputs)})
        return self.state

    @property
    def inputs(self) -> tuple[Any, ...]:
        """What the function was called on: arrays; Variables while a backward pass is recorded."""
        if not self.keeps_inputs:
            raise RuntimeError(f"{type(self).__name__}.backward names no inputs: set keeps_inputs = True in it")
        if not replaying.get():
            return tuple(self.arrays)
        return tuple([x if node is None else alias(node, x) for node, x in zip(self.parents, self.arrays)])

    @property
    def outputs(self) -> tuple[Any, ...]:
        """What the function returned: arrays; Variables while a backward pass is recorded."""
        if not self.keeps_outputs:
            raise RuntimeError(f"{type(self).__name__}.backward names no outputs: set keeps_outputs = True in it")
        if not replaying.get():
            return tuple([y for _, y in self.kept])
        return tuple([alias(node(), y, self, i) for i, (node, y) in enumerate(self.kept)])


def names_in(code: CodeType) -> set[str]:
    """The names of attributes and globals in a function's code, and in the functions inside it."""
    return {*code.co_names}.union(*[names_in(c) for c in code.co_consts if isinstance(c, CodeType)])


def result(value: Any, creator: Function | None = None, index: int = 0) -> Variable:
    """The Variable of a computed value, past the door of the constructor: an output of `creator`, if that is given."""
    x = object.__new__(Variable)
    x.value = value if type(value) in RAW or hasattr(value, "dtype") else as_numbers(value)
    x.grad = x.name = x.node = None
    if creator is not None and x.value.dtype.kind == "f":
        place(x, creator, index)
    return x


def place(x: Variable, creator: Function | None = None, index: int = 0) -> Any:
    """Gives `x` its node: as an output of `creator`, or as a leaf."""
    x.node = node = engine.Node(x)
    node.creator, node.index = creator, index
    node.shape, node.dtype = x.value.shape, x.value.dtype
    return node


def alias(node: Any, value: Any, creator: Function | None = None, index: int = 0) -> Variable:
    """The Variable of `node` with a kept value: the original while it lives and has that value, or one in its place."""
    x = None if node is None else node()
    if x is None or x.value is not value:
        x = result(value)
        x.node = node or place(x, creator, index)
    return x


class Add(Function):  # from here on the algebra: all that Variable's operators and their derivatives need
    """y = x0 + x1"""

    def forward(self, x0, x1):
        return x0 + x1

    def backward(self, gy):
        return gy, gy


class Sub(Function):
    """y = x0 - x1"""

    def forward(self, x0, x1):
        return x0 - x1

    def backward(self, gy):
        return gy, self.parents[1] and -gy


class Mul(Function):
    """y = x0 x1"""

    def forward(self, x0, x1):
        return x0 * x1

    def backward(self, gy):
        x0, x1 = self.inputs
        wanted0, wanted1 = self.parents
        return wanted0 and gy * x1, wanted1 and gy * x0


class Div(Function):
    """y = x0 / x1"""

    def forward(self, x0, x1):
        return x0 / x1

    def backward(self, gy):
        x0, x1 = self.inputs
        gx0 = gy / x1
        return gx0, self.parents[1] and -gx0 * (x0 / x1)


class Neg(Function):
    """y = -x"""

    def forward(self, x):
        return -x

    def backward(self, gy):
        return -gy


class Power(Function):
    """y = x^p, by p x^(p-1) and x^p log x; both are 0 where they would be 0 times infinity: x^0 in x, and 0^p in p."""

    def forward(self, x, p):
        return x**p

    def backward(self, gy):
        x, p = self.inputs
        wanted_x, wanted_p = self.parents
        gx = wanted_x and gy * (p * x ** (p - (p != 0)))
        return gx, wanted_p and gy * (x**p * Log()(x + (x == 0)))


class Log(Function):
    """y = ln x"""

    def forward(self, x):
        return namespace(x).log(x)

    def backward(self, gy):
        return gy / self.inputs[0]


class MatMul(Function):
    """y = x W.   (..., N, K) (..., K, M) -> (..., N, M)"""

    def forward(self, x, W):
        return x @ W

    def backward(self, gy):
        x, W = self.inputs
        wanted_x, wanted_W = self.parents
        return wanted_x and gy @ W.swapaxes(-1, -2), wanted_W and x.swapaxes(-1, -2) @ gy


class Reshape(Function):
    """The same elements in another shape."""

    def __init__(self, shape):
        self.shape = shape

    def forward(self, x):
        return x.reshape(self.shape)

    def backward(self, gy):
        return gy.reshape(self.parents[0].shape)


class Transpose(Function):
    """y[i_a, i_b, ...] = x[i_0, i_1, ...] for axes = (a, b, ...)"""

    def __init__(self, axes):
        self.axes = axes

    def forward(self, x):
        return x.transpose(self.axes)

    def backward(self, gy):
        return gy.transpose(self.axes and inverse(self.axes))


class BroadcastTo(Function):
    """x repeated to a shape. Its adjoint is SumTo, which the engine applies to the gradient as it does for every op."""

    def __init__(self, shape):
        self.shape = shape

    def forward(self, x):
        return namespace(x).broadcast_to(x, self.shape)

    def backward(self, gy):
        return gy


class SumTo(Function):
    """x summed to a shape that broadcasts to its own: "the derivative of repeat is sum"."""

    def __init__(self, shape):
        self.shape = shape

    def forward(self, x):
        return engine.sum_to(x, self.shape)

    def backward(self, gy):
        return BroadcastTo(self.parents[0].shape)(gy)


class GetItem(Function):
    """y = x[index]"""

    def __init__(self, index):
        self.index = index

    def forward(self, x):
        return x[self.index]

    def backward(self, gy):
        return AddAt(self.index, self.parents[0].shape)(gy)


class AddAt(Function):
    """y = 0, then y[index] += x: the adjoint of GetItem. An element named twice receives twice."""

    def __init__(self, index, shape):
        self.index, self.shape = index, shape

    def forward(self, x):
        return add_at(x, self.index, self.shape)

    def backward(self, gy):
        return gy[self.index]


class Convert(Function):
    """The same values in another dtype or on another device. The engine casts the gradient back."""

    def __init__(self, dtype=None, device=None):
        self.dtype, self.device = dtype, device

    def forward(self, x):
        self.home = device_of(x)
        return to_device(x, self.device or self.home).astype(self.dtype or x.dtype)

    def backward(self, gy):
        return Convert(device=self.home)(gy) if self.device else gy


def matmul(x: Operand, W: Operand) -> Any:
    """The matrix product, batched over leading axes, which are broadcast; 1-D operands as in NumPy.

    (..., N, K) (..., K, M) -> (..., N, M), (K,) (..., K, M) -> (..., M), (..., N, K) (K,) -> (..., N), (K,) (K,) -> ().
    Raises ValueError if an operand is 0-d or the inner sizes K differ.
    """
    x, W = beside(W, x), beside(x, W)
    a, b = np.shape(as_array(x)), np.shape(as_array(W))
    check_matmul(a, b)
    if len(a) == 1:
        y = matmul(reshape(x, (1, *a)), W)
        return reshape(y, y.shape[:-2] + y.shape[-1:] if len(b) > 1 else ())
    if len(b) == 1:
        return reshape(matmul(x, reshape(W, (*b, 1))), a[:-1])
    if len(a) > 2 and len(b) == 2:  # one large product, and a gradient of W without a copy for each sample
        return reshape(MatMul()(reshape(x, (prod(a[:-1]), a[-1])), W), (*a[:-1], b[-1]))
    return MatMul()(x, W)


def reshape(x: Operand, *shape: Any) -> Any:
    """The same elements in another shape; one size may be -1. Takes reshape(x, 2, 3) and reshape(x, (2, 3))."""
    return Reshape(shape[0] if len(shape) == 1 else shape)(x)


def transpose(x: Operand, *axes: Any) -> Any:
    """The axes in another order, reversed by default. Takes transpose(x, 1, 0, 2) and transpose(x, (1, 0, 2))."""
    order = axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes
    return Transpose(tuple(order) if order else None)(x)


def sum(x: Operand, axis: Axis = None, keepdims: bool = False) -> Any:
    """y = sum of x over `axis` (a number, a tuple, or None for all), counted from the end if negative."""
    y = SumTo(reduced(x.shape, axis, True))(x)
    return y if keepdims else reshape(y, reduced(x.shape, axis, False))


def getitem(x: Operand, index: Any) -> Any:
    """y = x[index] with NumPy's indices: integers, slices, `...`, None, masks and arrays, repeats included."""
    return GetItem(tuple(map(as_array, index)) if isinstance(index, tuple) else as_array(index))(x)


def astype(x: Operand, dtype: Any) -> Any:
    """x in another dtype. Integers have no gradients: there it leaves the graph."""
    return x if x.dtype == dtype else Convert(dtype=dtype)(x)


def to(x: Operand, device: str) -> Any:
    """x on `'cpu'` or `'gpu'`; gradients flow back across the move."""
    return x if device_of(as_array(x)) == device else Convert(device=device)(x)


def operators(function: type[Function]) -> tuple[Any, Any]:
    """The methods of an operator: for x on its left, and for x on its right."""
    return (
        lambda x, other: function()(x, beside(x, other) if type(other) in SEQUENCES else other),
        lambda x, other: function()(beside(x, other) if type(other) in SEQUENCES else other, x),
    )


class Variable(ArrayLike):
    """An array in a graph: `data`, its gradient `grad` after a backward pass, and an optional `name`.

    Numbers and nested lists become NumPy arrays. Only floating-point data receives gradients; integers and booleans
    are constants. `==`, `<` and the like compare element by element and give plain boolean arrays.
    """

    __slots__ = ("__weakref__", "grad", "name", "node", "value")

    def __init__(self, data: Any, name: str | None = None) -> None:
        if isinstance(data, Variable):
            raise TypeError("data is a Variable already: use it as it is, or x.detach() for one without its graph")
        self.value = data if is_array(data) and data.dtype.kind in "fiub" else as_numbers(data)
        self.grad = self.node = None
        self.name = name
        if self.value.dtype.kind == "f":
            place(self)

    __add__, __radd__ = operators(Add)
    __sub__, __rsub__ = operators(Sub)
    __mul__, __rmul__ = operators(Mul)
    __truediv__, __rtruediv__ = operators(Div)
    __pow__, __rpow__ = operators(Power)
    __matmul__, __rmatmul__ = matmul, lambda self, other: matmul(other, self)
    __neg__ = lambda self: Neg()(self)  # noqa: E731
    __getitem__ = getitem
    reshape, transpose, sum, astype, to, _repr_mimebundle_ = reshape, transpose, sum, astype, to, mimebundle

    @property
    def creator(self) -> Function | None:
        """The function that made it; None for a leaf."""
        return None if self.node is None else self.node.creator

    def detach(self) -> Variable:
        """A Variable of the same data that has no graph."""
        return Variable(self.data, self.name)

    def cleargrad(self) -> None:
        """Forgets the gradient, so that the next backward pass starts from nothing."""
        self.grad = None

    def unchain(self) -> None:
        """Cuts the graph here: this Variable becomes a leaf for all that was, or will be, computed from it."""
        if self.node is not None:
            self.node.creator = None

    def unchain_backward(self) -> None:
        """Cuts the graph at every Variable below this one: truncated backpropagation through time."""
        for f in engine.below([self.node]):
            for node in filter(None, f.parents):
                node.creator = None

    def backward(self, retain_grad: bool = False, create_graph: bool = False) -> None:
        """Adds d(self)/dx to `x.grad` of every leaf x below. The seed is ones: a non-scalar is summed, so to speak.

        With `retain_grad` the Variables between, as far as they are alive, get their gradients too. With `create_graph`
        the gradients are recorded and can be differentiated again; a leaf that keeps such a gradient is then a
        reference cycle by its nature (leaf, gradient, graph, leaf): clear it with `cleargrad`, or use `grad`.
        Raises RuntimeError if there is no graph: self is a leaf, or was made of constants or under `no_grad`.
        """
        if self.creator is None:
            found = "backward() on a Variable that has no graph: it is a leaf, of integers, or made under no_grad()"
            raise RuntimeError(f"{found}. Compute it from a floating-point Variable, outside no_grad().")
        gradients = walk([self], [None], create_graph, None if retain_grad else ())
        with using(recording, create_graph):
            for x, gx in [(node(), gx) for node, gx in gradients.items()]:
                x.grad = gx if x.grad is None else x.grad + gx


def as_variable(x: Operand, name: str | None = None) -> Variable:
    """`x` as a Variable: itself if it is one, otherwise a new leaf of the array, number or nested list."""
    return x if isinstance(x, Variable) else Variable(x, name)


def as_array(x: Operand) -> Any:
    """The array of a Variable; anything else unchanged."""
    return x.data if isinstance(x, Variable) else x


def walk(outputs: Sequence[Variable], seeds: Sequence[Any], create_graph: bool, keep: Any, path: Any = None) -> Any:
    """Runs the engine from `outputs` with their seeds (None: ones). Returns the gradients of what is alive, by node."""
    nodes = [x.node for x in [*outputs, *seeds] if isinstance(x, Variable)] if create_graph else []
    order = 1 + max([f.order for f in engine.below(nodes)], default=0) if create_graph else 0
    start: dict[Any, Any] = {}
    with using(replaying, order), using(recording, create_graph or recording.get()):
        for y, seed in zip(outputs, seeds):
            xp = namespace(y.value)
            g = xp.ones(y.shape, y.dtype)[()] if seed is None else seed if hasattr(seed, "dtype") else xp.asarray(seed)
            g = astype(as_variable(g) if create_graph else as_array(g), y.dtype)
            start[y.node] = start[y.node] + g if y.node in start else g
        found = engine.accumulate(start, keep, path)
        owners = {id(as_array(seed)) for seed in seeds}  # arrays that are somebody else's
        return {node: own(g, owners, create_graph) for node, g in found.items() if node() is not None}


def own(g: Any, owners: set[int], create_graph: bool) -> Variable:
    """The gradient as a Variable whose array is its alone: a copy of a view, or of what is in another gradient."""
    x = g if create_graph and isinstance(g, Variable) else result(as_array(g))
    if is_array(x.value) and (x.value.base is not None or id(x.value) in owners):
        x = Convert()(x) if create_graph else result(Convert()(x.value))
    owners.add(id(x.value))
    if create_graph and x.node is None:
        place(x)  # a constant gradient is in the graph: its derivative is 0, not an error
    return x


def grad(outputs: Any, inputs: Any, grad_outputs: Any = None, create_graph: bool = False) -> Any:
    """d(outputs)/d(inputs) as Variables, leaving every `.grad` alone and walking only the graph between the two.
    `outputs` is a Variable or several, whose contributions are added; `grad_outputs` are their seeds (None: ones). The
    result is a Variable if `inputs` is one, else a list. An input that does not influence the outputs has gradient 0.
    Without `create_graph` they are constants in what is computed from them. Raises TypeError for what is no
    floating-point Variable, RuntimeError for an output without a graph, ValueError for a seed of another shape.
    """
    ys, xs, seeds = listed(outputs), listed(inputs), listed(grad_outputs)
    seeds = [None] * len(ys) if grad_outputs is None else seeds
    for x in [*ys, *xs]:
        if not isinstance(x, Variable) or x.dtype.kind != "f":
            raise TypeError(f"grad takes floating-point Variables, not {getattr(x, 'dtype', type(x))}: {x!r:.40}")
    if [y.shape if g is None else np.shape(as_array(g)) for y, g in zip(ys, seeds)] != [y.shape for y in ys]:
        raise ValueError(f"grad_outputs must be None or have the shapes of the outputs, {[y.shape for y in ys]}")
    targets = {x.node or place(x) for x in xs}
    if any(y.node is None for y in ys):
        raise RuntimeError("an output has no graph: made under no_grad(), or a gradient without create_graph=True")
    found = walk(ys, seeds, create_graph, targets, engine.between([y.node for y in ys], targets))
    found.update({x.node: namespace(x.value).zeros(x.shape, x.dtype) for x in xs if x.node not in found})
    owners: set[int] = set()
    gxs = [own(found[x.node], owners, create_graph) for x in xs]  # two for an input that is named twice
    return gxs[0] if isinstance(inputs, Variable) else gxs
