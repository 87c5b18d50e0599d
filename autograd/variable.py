"""Variable: an array that remembers where it came from, and looks like an array.

`Variable.backward` and `grad` begin a backward pass at Variables and give its results back as Variables; the walk
itself is `engine.backward_pass`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from math import prod
from typing import Any

import numpy as np

from autograd import algebra, engine
from autograd.algebra import Add, Div, Mul, Neg, Operand, Power, Sub, as_array, astype, operators
from autograd.backend import Array, as_numbers, is_array, namespace, to_numpy
from autograd.config import mode, using
from autograd.function import Function, Tracked, count_write, new_node, wrap
from autograd.guards import BackwardPass
from autograd.shapes import Axis, axes_of, reduced_shape

__all__ = ["Variable", "as_gradient", "as_variable", "grad", "run_backward"]


def of_value(op: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The method that applies `op` to the array."""
    return lambda self: op(self.value)


def comparison(op: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """The method that compares arrays, and gives a plain boolean array."""
    return lambda self, other: op(self.value, other.value if isinstance(other, Tracked) else other)


class Variable(Tracked, family=True):
    """An array in a graph: `data`, its gradient `grad` after a backward pass, and an optional `name`.

    Numbers and nested lists become NumPy arrays. Only floating-point data receives gradients; integers and booleans
    are constants. `==`, `<` and the like compare element by element and give plain boolean arrays.
    """

    __slots__ = ()
    __array_ufunc__ = None  # so that ndarray + Variable asks Variable.__radd__
    __array_priority__ = 200  # the same for CuPy
    __hash__ = object.__hash__

    def __init__(self, data: Any, name: str | None = None) -> None:
        if isinstance(data, Variable):
            raise TypeError("data is a Variable already: use it as it is, or x.detach() for one without its graph")
        self.value = data if is_array(data) and data.dtype.kind in "fiub" else as_numbers(data)
        self.grad = self.node = None
        self.name = name
        if self.value.dtype.kind == "f":
            new_node(self)

    @property
    def data(self) -> Array:
        """The array. Optimizers replace it or change it in place; do neither between a forward and its backward."""
        if isinstance(self.value, np.generic):
            self.value = np.asarray(self.value)
        return self.value

    @data.setter
    def data(self, data: Array) -> None:
        if not is_array(data) and not isinstance(data, np.generic):
            raise TypeError(f"data must be an array, not {type(data).__name__}")
        if (data.shape, data.dtype) != (self.value.shape, self.value.dtype):
            self.node = None  # another kind of value needs another place in the graph
        self.value = data.view() if data is self.value else data  # a new object: graphs see that it was written into
        count_write()

    def written(self, path: str) -> None:
        """Tells graphs that somebody has written into the array; `path` is the name for the message."""
        if self.node is not None:
            self.node.written = path
        self.value = self.value.view()  # as the setter of data, whose checks would cost every update 3 %
        count_write()

    shape = property(operator.attrgetter("value.shape"))
    dtype = property(operator.attrgetter("value.dtype"))
    ndim = property(operator.attrgetter("value.ndim"))
    size = property(operator.attrgetter("value.size"))
    item = of_value(lambda value: value.item())
    __len__ = of_value(len)
    __bool__ = of_value(bool)
    __int__ = of_value(int)
    __float__ = of_value(float)
    __index__ = of_value(operator.index)

    __eq__ = comparison(operator.eq)
    __ne__ = comparison(operator.ne)
    __lt__ = comparison(operator.lt)
    __le__ = comparison(operator.le)
    __gt__ = comparison(operator.gt)
    __ge__ = comparison(operator.ge)

    __add__, __radd__ = operators(Add)
    __sub__, __rsub__ = operators(Sub)
    __mul__, __rmul__ = operators(Mul)
    __truediv__, __rtruediv__ = operators(Div)
    __pow__, __rpow__ = operators(Power)
    __matmul__ = algebra.matmul
    __getitem__ = algebra.getitem
    reshape = algebra.reshape
    transpose = algebra.transpose
    sum = algebra.sum
    astype = algebra.astype
    to = algebra.to

    def __rmatmul__(self, other: Operand) -> Any:
        return algebra.matmul(other, self)

    def __neg__(self) -> Any:
        return Neg()(self)

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        return np.array(self.value, dtype=dtype, copy=copy)

    def __repr__(self) -> str:
        kind = type(self).__name__
        text = repr(to_numpy(self.data)).replace("\n", "\n" + " " * (len(kind) - len("array")))
        return kind + text.removeprefix("array")[:-1] + (f", name={self.name!r})" if self.name else ")")

    def __getstate__(self) -> Any:
        """Copies and pickles are leaves: everything but the place in the graph."""
        state: Any = object.__getstate__(self)
        return state[0], {**state[1], "node": None}

    def __pos__(self) -> Any:
        return self

    def __abs__(self) -> Any:
        """|x|; the derivative is sign x, and 0 at 0."""
        return self * namespace(self.value).sign(self.value)

    @property
    def T(self) -> Any:
        return self.transpose()

    def swapaxes(self, axis1: int, axis2: int) -> Any:
        """Two axes exchanged: `swapaxes(-1, -2)` transposes every matrix of a batch."""
        axes = list(range(self.ndim))
        axes[axis1], axes[axis2] = axes[axis2], axes[axis1]
        return self.transpose(axes)

    def mean(self, axis: Axis = None, keepdims: bool = False) -> Any:
        """(1/n) sum of x over `axis`, n the number of elements summed; of float16 in float32. ValueError if n = 0."""
        n = prod([self.shape[a] for a in axes_of(self.shape, axis)])
        if not n:
            raise ValueError(f"mean of no elements: shape {self.shape} over axis {axis}")
        if self.dtype == np.float16:  # whose largest number is 65504
            return self.astype(np.float32).mean(axis, keepdims).astype(np.float16)
        return self.sum(axis, keepdims) / n

    def max(self, axis: Axis = None, keepdims: bool = False) -> Any:
        """The largest element over `axis`; of equal ones the first receives the whole gradient."""
        axes = axes_of(self.shape, axis)
        if 0 in [self.shape[a] for a in axes]:
            raise ValueError(f"max of no elements: shape {self.shape} over axis {axis}")
        rest = [a for a in range(self.ndim) if a not in axes]
        sizes = prod([self.shape[a] for a in rest]), prod([self.shape[a] for a in axes])
        rows = self.transpose([*rest, *axes]).reshape(sizes)
        xp = namespace(rows.data)
        return rows[xp.arange(sizes[0]), rows.data.argmax(1)].reshape(reduced_shape(self.shape, axis, keepdims))

    def min(self, axis: Axis = None, keepdims: bool = False) -> Any:
        """The smallest element over `axis`; of equal ones the first receives the whole gradient."""
        return -(-self).max(axis, keepdims)

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
        for f in engine.functions_below([self.node]):
            for node in filter(None, f.parents):
                node.creator = None

    def backward(self, retain_grad: bool = False, create_graph: bool = False) -> None:
        """Adds d(self)/dx to `x.grad` of every leaf x below. Starts from ones, so a non-scalar counts as its sum.

        With `retain_grad` the Variables between get their gradients too, as far as they are alive. With `create_graph`
        the gradients are recorded and can be differentiated again. A leaf that keeps such a gradient is a reference
        cycle (leaf, gradient, graph, leaf): clear it with `cleargrad`, or use `grad`.
        Raises RuntimeError if there is no graph: self is a leaf, or was made of constants or under `no_grad`.
        """
        if self.creator is None:
            found = "backward() on a Variable that has no graph: it is a leaf, of integers, or made under no_grad()"
            raise RuntimeError(f"{found}. Compute it from a floating-point Variable, outside no_grad().")
        nodes = engine.nodes_below([self.node])
        retained = nodes if retain_grad else ()
        for node, gx in run_backward([self], [None], create_graph, engine.latest_first(nodes), retained).items():
            x = node()
            if x.grad is None:
                x.grad = gx
            else:
                with using(recording=True) if create_graph else nullcontext():
                    x.grad = x.grad + gx if create_graph else wrap(x.grad.value + gx.value, gx.family)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """What a notebook shows: the graph as a picture beside the text."""
        from autograd.visualize.notebook import mimebundle  # only a notebook needs pictures

        return mimebundle(self, include, exclude)


def as_variable(x: Operand, name: str | None = None) -> Variable:
    """`x` as a Variable: itself if it is one, otherwise a new leaf of the array, number or nested list."""
    return x if isinstance(x, Variable) else Variable(x, name)


def as_list(xs: Any) -> list[Any]:
    """What was given, one or several, as a list."""
    return list(xs) if isinstance(xs, Iterable) and not hasattr(xs, "dtype") else [xs]


def run_backward(
    outputs: Sequence[Variable], seeds: Sequence[Any], create_graph: bool, walk: Any, retained: Any, wanted: Any = None
) -> dict[Any, Variable]:
    """Walks back from `outputs` with their seeds (None: ones). Returns the gradients of what is alive, by node.

    `walk`, `retained` and `wanted` are those of `engine.backward_pass`.
    """
    family = outputs[0].family  # of the gradients too
    recorded = BackwardPass(family, seeds) if create_graph else None
    start: dict[Any, Any] = {}
    now = mode.get()
    changed = create_graph or now.differentiating is not None
    with using(differentiating=recorded, recording=create_graph or now.recording) if changed else nullcontext():
        for y, seed in zip(outputs, seeds):
            xp = namespace(y.value)
            g = xp.ones(y.shape, y.dtype)[()] if seed is None else seed if hasattr(seed, "dtype") else xp.asarray(seed)
            g = as_array(g) if not create_graph else g if isinstance(g, Variable) else wrap(g, family)
            g = astype(g, y.dtype)
            start[y.node] = start[y.node] + g if y.node in start else g
        found = engine.backward_pass(start, walk, retained, wanted)
        if now.watcher is not None:
            now.watcher.finished(found)
        owners = {id(as_array(seed)) for seed in seeds}  # arrays that are somebody else's
        return {node: as_gradient(g, owners, create_graph, family) for node, g in found.items() if node() is not None}


def as_gradient(g: Any, owners: set[int], create_graph: bool, family: Any) -> Variable:
    """Wraps g as a Variable. Copies it if the array is a view, or belongs to somebody else: `owners`, ids of arrays."""
    x = g if create_graph and isinstance(g, Variable) else wrap(as_array(g), family)
    if is_array(x.value) and (x.value.base is not None or id(x.value) in owners):
        x = algebra.Convert()(x) if create_graph else wrap(algebra.Convert()(x.value), family)
    owners.add(id(x.value))
    if create_graph and x.node is None:
        new_node(x)  # a constant gradient is in the graph: its derivative is 0, not an error
    return x  # type: ignore[no-any-return]


def grad(outputs: Any, inputs: Any, grad_outputs: Any = None, create_graph: bool = False) -> Any:
    """d(outputs)/d(inputs) as Variables. Leaves every `.grad` alone, and walks only the graph between the two.

    `outputs` is a Variable or several, whose contributions are added; `grad_outputs` are their seeds (None: ones). The
    result is a Variable if `inputs` is one, else a list. An input that does not influence the outputs has gradient 0.
    Without `create_graph` the gradients are constants in what is computed from them.
    Raises TypeError for what is no floating-point Variable, RuntimeError for an output without a graph, ValueError for
    a seed of another shape.
    """
    ys, xs, seeds = as_list(outputs), as_list(inputs), as_list(grad_outputs)
    seeds = [None] * len(ys) if grad_outputs is None else seeds
    for x in [*ys, *xs]:
        if not isinstance(x, Variable) or x.dtype.kind != "f":
            raise TypeError(f"grad takes floating-point Variables, not {getattr(x, 'dtype', type(x))}: {x!r:.40}")
    if [y.shape if g is None else np.shape(as_array(g)) for y, g in zip(ys, seeds)] != [y.shape for y in ys]:
        raise ValueError(f"grad_outputs must be None or have the shapes of the outputs, {[y.shape for y in ys]}")
    targets = {x.node or new_node(x) for x in xs}
    if any(y.node is None for y in ys):
        raise RuntimeError("an output has no graph: made under no_grad(), or a gradient without create_graph=True")
    walk = engine.nodes_between([y.node for y in ys], targets)
    found: dict[Any, Any] = run_backward(ys, seeds, create_graph, walk, targets, {*walk, *targets})
    found.update({x.node: namespace(x.value).zeros(x.shape, x.dtype) for x in xs if x.node not in found})
    owners: set[int] = set()
    # an input that is named twice gets two arrays
    gxs = [as_gradient(found[x.node], owners, create_graph, ys[0].family) for x in xs]
    return gxs[0] if isinstance(inputs, Variable) else gxs
