"""Variable: an array that remembers where it came from, and looks like an array.

What Python and NumPy ask of it is in `conversions`, the functions of a backward pass are in `gradients`.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Iterator
from math import prod
from typing import Any
from weakref import ref

import numpy as np

from autograd import algebra, bfloat16, engine
from autograd.algebra import Add, Div, FloorDiv, Mod, Mul, Neg, Operand, Power, Sub, as_array, operators
from autograd.backend import Array, as_values, by_numpy, is_array, namespace, to_numpy
from autograd.changes import LARGE
from autograd.checks import flag, shown
from autograd.constants import check_real, holds
from autograd.conversions import Convertible, named
from autograd.function import Function, Tracked, count_write, new_node, note
from autograd.gradients import NO_GRAPH, accumulate, as_gradient, check_sums, grad, lost, run_backward, seed_of
from autograd.names import with_advice
from autograd.shapes import Axis, Shape, axes_of, one_axis, reduced_shape

__all__ = ["Variable", "as_gradient", "as_variable", "grad", "of_value", "run_backward"]


def of_value(name: str, words: str) -> Any:
    """The property that is this attribute of the array."""
    return property(operator.attrgetter(f"value.{name}"), doc=words)


@named
class Variable(Convertible, family=True):
    """An array in a graph: `data`, its gradient `grad` after a backward pass, and an optional `name`.

    Numbers and nested lists become NumPy arrays. Only floating-point data receives gradients; integers and booleans
    are constants. `==`, `<` and the like compare element by element and give plain boolean arrays.
    """

    __slots__ = ()
    __hash__ = object.__hash__
    grad: Variable | Any  # None before a backward pass

    def __init__(self, data: Any, name: str | None = None, **others: Any) -> None:
        if others:
            raise TypeError(
                f"a Variable takes data and a name, not {next(iter(others))}=: it has a gradient if its data is "
                "floating-point, and the dtype of the data"
            )
        if isinstance(data, Variable):
            raise TypeError("data is a Variable already: use it as it is, or x.detach() for one without its graph")
        if name is not None and not isinstance(name, str):
            raise TypeError(f"a Variable's name must be text or None, not {shown(name)}")
        self.grad = self.node = None
        self.name = name
        if isinstance(data, (list, tuple)) and holds(data, Tracked):
            y = algebra.stacked(data)
            self.value = y.value
            if y.node is not None:
                new_node(self, y.node.creator, y.node.generation)
            return
        self.value = data if type(data) is np.ndarray and data.dtype.kind in "fiub" else as_values(data)
        check_real("Variable", self.value)
        if self.value.dtype.kind in bfloat16.FLOATS:
            new_node(self)

    @property
    def data(self) -> np.ndarray[Any, Any]:
        """The array. Optimizers replace it or change it in place; do neither between a forward and its backward.

        While a graph needs the array, a note of its content is taken here: an edit makes that backward an error.
        """
        value, node = self.value, self.node
        if type(value) is not np.ndarray:
            if isinstance(value, np.generic) or by_numpy(value):
                self.value = value = namespace(value).asarray(value)
        elif node is not None and (
            sys.getrefcount(node) > UNUSED or (node.creator is not None and node.creator.keeps_outputs)
        ):
            note(node, value)
        return value

    @data.setter
    def data(self, data: Array) -> None:
        if not is_array(data) and not isinstance(data, np.generic):
            raise TypeError(f"data must be an array, not {type(data).__name__}")
        if data.dtype.kind not in "fiub" or type(data) is not np.ndarray:
            check_real("data", data)
        if (data.shape, data.dtype) != (self.value.shape, self.value.dtype):
            self.node = None  # another kind of value needs another place in the graph
        self.value = data.view() if data is self.value else data  # a new object: graphs see that it was written into
        count_write()
        if self.node is None and data.dtype.kind in bfloat16.FLOATS:
            new_node(self)

    def written(self, path: str) -> None:
        """Tells graphs that somebody has written into the array; `path` is the name for the message."""
        self.value = self.value.view()  # as the setter of data, whose checks would cost every update 3 %
        moment = count_write()
        if self.node is not None:
            self.node.written, self.node.moment = path, moment

    shape: Shape = of_value("shape", "The size along each axis.")
    dtype: np.dtype[Any] = of_value("dtype", "The type of the numbers.")
    ndim: int = of_value("ndim", "The number of axes.")
    size: int = of_value("size", "The number of elements.")

    __add__, __radd__ = operators(Add)
    __sub__, __rsub__ = operators(Sub)
    __mul__, __rmul__ = operators(Mul)
    __truediv__, __rtruediv__ = operators(Div)
    __pow__, __rpow__ = operators(Power)
    __floordiv__, __rfloordiv__ = operators(FloorDiv)
    __mod__, __rmod__ = operators(Mod)
    __matmul__ = algebra.matmul
    __getitem__ = algebra.getitem
    reshape, transpose = with_advice(algebra.reshape), with_advice(algebra.transpose)
    sum, astype, to = with_advice(algebra.sum), algebra.astype, algebra.to

    def __rmatmul__(self, other: Operand) -> Variable:
        return algebra.matmul(other, self)

    def __neg__(self) -> Variable:
        return Neg()(self)

    def __iter__(self) -> Iterator[Variable]:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        kind = type(self).__name__
        text = repr(to_numpy(as_array(self))).replace("\n", "\n" + " " * (len(kind) - len("array")))
        return kind + text.removeprefix("array")[:-1] + (f", name={self.name!r})" if self.name else ")")

    def __getstate__(self) -> Any:
        """Copies and pickles are leaves: everything but the place in the graph."""
        state: Any = object.__getstate__(self)
        return state[0], {**state[1], "node": None}

    def __setstate__(self, state: Any) -> None:
        for name, value in {**(state[0] or {}), **state[1]}.items():
            setattr(self, name, value)
        if is_array(self.value) and self.value.dtype.kind in bfloat16.FLOATS:
            new_node(self)

    def __pos__(self) -> Variable:
        return self

    def __abs__(self) -> Variable:
        """|x|; the derivative is sign x, and 0 at 0."""
        if self.dtype == bool:
            return self
        sign = namespace(self.value).sign(self.value)
        return self * (sign if self.dtype.kind in "iub" else namespace(sign).copysign(sign, self.value))  # not -0.0

    @property
    def T(self) -> Variable:
        """The axes in reverse order."""
        return self.transpose()

    def swapaxes(self, axis1: int, axis2: int) -> Variable:
        """Two axes exchanged: `swapaxes(-1, -2)` transposes every matrix of a batch."""
        a, b = one_axis("swapaxes", self.shape, axis1), one_axis("swapaxes", self.shape, axis2)
        axes = list(range(self.ndim))
        axes[a], axes[b] = b, a
        return self.transpose(axes)

    @with_advice
    def mean(self, axis: Axis = None, keepdims: bool = False) -> Variable:
        """(1/n) sum of x over `axis`, n the number of elements summed; of 16 bits in float32. ValueError if n = 0."""
        n = prod([self.shape[a] for a in axes_of(self.shape, axis)])
        if not n:
            raise ValueError(f"mean of no elements: shape {self.shape} over axis {axis}")
        if bfloat16.is_half(self.dtype):  # the largest number of float16 is 65504
            return self.astype(np.float32).mean(axis, keepdims).astype(self.dtype)
        return (self.astype(np.float64) if self.dtype.kind in "iub" else self).sum(axis, keepdims) / n

    @with_advice
    def max(self, axis: Axis = None, keepdims: bool = False) -> Variable:
        """The largest element over `axis`; of equal ones the first receives the whole gradient."""
        return self.extreme("max", axis, keepdims)

    @with_advice
    def min(self, axis: Axis = None, keepdims: bool = False) -> Variable:
        """The smallest element over `axis`; of equal ones the first receives the whole gradient."""
        return self.extreme("min", axis, keepdims)

    def extreme(self, name: str, axis: Axis, keepdims: bool) -> Variable:
        """The first element over `axis` that is the largest (`name` is "max") or the smallest ("min")."""
        axes = axes_of(self.shape, axis)
        if 0 in [self.shape[a] for a in axes]:
            raise ValueError(f"{name} of no elements: shape {self.shape} over axis {axis}")
        rest = tuple([a for a in range(self.ndim) if a not in axes])
        rows = self.transpose(rest + axes).reshape([prod([self.shape[a] for a in part]) for part in (rest, axes)])
        y = rows[namespace(rows.data).arange(len(rows)), getattr(rows.data, f"arg{name}")(1)]
        return y.reshape(reduced_shape(self.shape, axis, keepdims))

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

    @with_advice
    def backward(
        self,
        gradient: Any = None,
        retain_grad: bool = False,
        create_graph: bool = False,
        keep_graph: bool | None = None,
    ) -> None:
        """Adds d(self)/dx to `x.grad` of every leaf x below. Starts from ones, so a non-scalar counts as its sum.

        It starts from `gradient` instead, a Variable or an array of self's shape, or from what was laid into
        `self.grad`. With `retain_grad` the Variables between get their gradients too, as far as they are alive. With
        `create_graph` the gradients are recorded and can be differentiated again. A leaf that keeps such a gradient is
        a reference cycle (leaf, gradient, graph, leaf): clear it with `cleargrad`, or use `grad`.

        Large arrays go as the walk passes them: gradients take their place, and a loss in a list costs little. An array
        that is gone when a second pass needs it is an error. `keep_graph=True` keeps all, as `create_graph` does.
        Raises RuntimeError if there is no graph: self is a leaf, or was made of constants or under `no_grad`.
        """
        if isinstance(gradient, (bool, np.bool)):  # the two flags in order
            gradient, retain_grad, create_graph = None, gradient, create_graph or retain_grad
        if retain_grad is not False or create_graph is not False:
            retain_grad = flag("backward: retain_grad", retain_grad)
            create_graph = flag("backward: create_graph", create_graph)
        keep_graph = create_graph if keep_graph is None else flag("backward: keep_graph", keep_graph)
        if self.creator is None:
            integers = f"it is of {self.dtype}, without a derivative: make it of floating-point numbers, 1.0 and not 1"
            reason = f"it is a leaf, {NO_GRAPH}" if self.dtype.kind in bfloat16.FLOATS else integers
            raise RuntimeError(f"backward() on a Variable that has no graph: {reason}")
        seed, laid = seed_of(self, gradient)
        nodes = engine.nodes_below([self.node])
        walk, retained = engine.latest_first(nodes), nodes if retain_grad else ()
        free = {} if keep_graph else engine.releasable(walk, nodes, LARGE)
        found = run_backward([self], [seed], create_graph, walk, retained, free=free)
        for node in found:
            if node.given:
                break
        else:
            if lost(nodes):
                raise RuntimeError(f"backward() found no leaf that somebody made: all are {NO_GRAPH}")
        check_sums(found)
        for node, gx in found.items():
            x = node()
            if laid is None or x is not self:
                accumulate(x, gx, create_graph)
                if node.creator is not None:
                    node.retained = ref(x.grad)
        for f in free.values():  # those that no gradient reached, too
            f.release()


UNUSED = 3  # the references to a node that no function has: its Variable, a local name, an argument


def as_variable(x: Operand, name: str | None = None) -> Variable:
    """`x` as a Variable: itself if it is one, otherwise a new leaf of the array, number or nested list."""
    return x if isinstance(x, Variable) else Variable(x, name)
