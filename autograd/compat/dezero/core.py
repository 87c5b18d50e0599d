"""`dezero.core`: Variable and Function with DeZero's conventions, on the house's own.

Three conventions differ:

- `backward` of a Function computes with Variables: its gradients, `self.inputs` and `self.outputs[0]()`.
  A `Bridge`, which is a Function of the house, calls it.
- A graph holds its Variables, not only their arrays: `retain_grad=True` gives a gradient to each of them.
  So a Function remembers the Variables on both sides of its call (`Function.remember`).
- Integers have derivatives. They are computed as integers and recorded in float64 (`Integers`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any
from weakref import ref

import numpy as np

from autograd import algebra, engine, function, variable
from autograd.backend import is_array, namespace, to_device
from autograd.config import mode, using
from autograd.function import Tracked, new_node, wrap
from autograd.layers import base
from autograd.locks import Lock
from autograd.shapes import reduced_shape

__all__ = ["Function", "Parameter", "Variable", "as_array", "as_variable", "setup_variable"]

INTEGERS = "iub"  # the kinds of dtypes that have derivatives in DeZero, and not in the house


def as_array(x: Any, array_module: Any = np) -> Any:
    """A number as an array of no axes; anything else unchanged."""
    return array_module.array(x) if np.isscalar(x) else x


def as_variable(x: Any) -> Any:
    """A Variable unchanged, an array as a Variable. A Variable of the house lends its place in the graph."""
    if isinstance(x, Variable):
        return x
    if not isinstance(x, Tracked):
        return Variable(x)
    y = wrap(x.value, Variable)
    y.node = x.node
    return y


def setup_variable() -> None:
    """Does nothing: Variable always has its operators."""


class Function:
    """A function with `forward` on arrays and `backward` on Variables, as DeZero defines it.

    A recorded call sets `inputs`, a list of Variables, `outputs`, weak references to Variables, and `generation`.
    """

    operands: list[Any]  # the inputs of the call: Variables, and numbers or arrays beside them
    outputs: list[Any]
    generation = 0

    @property
    def inputs(self) -> list[Any]:
        return [self.as_variable(as_array(x)) for x in self.operands]

    def forward(self, *xs: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has no forward: define forward(self, x)")

    def backward(self, *gys: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has no backward: define backward(self, gy)")

    def __call__(self, *inputs: Any) -> Any:
        xs = [self.as_variable(as_array(x)) for x in inputs]
        f = bridge(type(self))(self)  # type: ignore[arg-type]
        ys = f(*[None if x.value is None else x for x in xs])
        ys = list(ys) if isinstance(ys, tuple) else [ys]
        for y in ys:
            if y.node is None and f.parents is not None:  # integers
                place(y, f)
        if f.several:
            f.keep_outputs(ys)
        self.remember(xs, ys)
        return ys if len(ys) > 1 else ys[0]

    def remember(self, xs: list[Any], ys: list[Any]) -> None:
        """Remembers the Variables on both sides of a call that was recorded."""
        creator = ys[0].creator
        if creator is not None and not any(ys[0] is x for x in xs):
            self.operands, self.outputs, self.generation = xs, [ref(y) for y in ys], ys[0].generation - 1
            ys[0].node.creator.call = self

    as_variable = staticmethod(as_variable)

    def gradients(self, *gys: Any) -> Any:
        """What `backward` returns for the gradients of the outputs, arrays or Variables."""
        return self.backward(*[gy if isinstance(gy, Variable) else wrap(gy, Variable) for gy in gys])


class Bridge(function.Function):
    """A Function of a script as one of the house."""

    keeps_inputs = keeps_outputs = False  # `call` remembers them

    def __init__(self, call):
        self.call = call

    def forward(self, *xs):
        return self.call.forward(*[as_array(x) for x in xs])

    def backward(self, *gys):
        recorded = mode.get().differentiating is not None
        with using(recording=recorded):
            gxs = self.call.gradients(*gys)
        gxs = gxs if isinstance(gxs, tuple) else (gxs,)
        gxs = gxs if recorded else [as_array(algebra.as_array(gx)) for gx in gxs]
        return (*gxs, *[None] * (len(self.parents) - len(gxs)))  # DeZero ignores the inputs that are left over


@cache
def bridge(kind: Any) -> Any:
    """The Bridge for a class of Functions. It has their name, which pictures show."""
    return type(kind.__name__, (Bridge,), {})


class Operation(Function):
    """A function of the house as a class of DeZero: `Sum(axis)(x)` is `sum(x, axis)`."""

    compute: Callable[..., Any]

    def __init__(self, *parameters: Any, **named: Any) -> None:
        self.parameters, self.named = parameters, named

    def __call__(self, *inputs: Any) -> Any:
        xs = [as_variable(x) if isinstance(x, Tracked) else x for x in inputs]
        xs = [x.item() if isinstance(x, np.generic) else x for x in xs]  # a Python number widens no float32
        if xs and not any(isinstance(x, Tracked) for x in xs):
            xs[0] = Variable(xs[0])
        y = self.on_integers(xs) if xs and hold_integers(xs) else self.compute(*xs, *self.parameters, **self.named)
        self.remember(xs, [y])
        return y

    def on_integers(self, xs: list[Any]) -> Any:
        """The result for integers. It is recorded in float64."""
        y = self.compute(*map(algebra.as_array, xs), *self.parameters, **self.named)
        floats = [algebra.astype(x, np.float64) if isinstance(x, Tracked) else x for x in xs]
        x = self.compute(*floats, *self.parameters, **self.named)
        return integers(y, x) if y.dtype.kind in INTEGERS else x

    def backward(self, *gys: Any) -> Any:
        """The gradients of the Variables among the inputs."""
        xs = [x for x in self.operands if isinstance(x, Tracked)]
        gxs = variable.grad([y() for y in self.outputs], xs, list(gys), create_graph=mode.get().recording)
        return tuple(gxs) if len(gxs) > 1 else gxs[0]


def hold_integers(xs: list[Any]) -> bool:
    """True if all Variables hold integers."""
    return all(x.value.dtype.kind in INTEGERS for x in xs if isinstance(x, Tracked) and x.value is not None)


class Integers(function.Function):
    """Integers y in place of x, which has the same values in float64."""

    def __init__(self, y):
        self.y = y

    def forward(self, x):
        return self.y

    def backward(self, gy):
        return gy


def integers(y: Any, x: Any) -> Any:
    """The Variable of integers y, computed from x, which has the same values in float64."""
    f = Integers(y)
    x = f(x)
    if f.parents is not None:
        place(x, f)
    return x


class Place(engine.Node):
    """A node whose gradient keeps the dtype in which it is computed, as in DeZero."""

    __slots__ = ()
    casts = False


def place(x: Any, creator: Any = None) -> None:
    """Gives x its place in the graph: an output of `creator`, or a leaf."""
    new_node(x, creator, 0 if creator is None else creator.generation, Place)


def operation(names: str, operands: int, compute: Callable[..., Any]) -> tuple[type[Operation], Callable[..., Any]]:
    """The class and the function of DeZero that compute what `compute` does. Its first arguments are the operands."""
    kind, name = names.split()
    made = type(kind, (Operation,), {"compute": staticmethod(compute), "__doc__": compute.__doc__})

    def call(*args: Any, **named: Any) -> Any:
        return made(*args[operands:], **named)(*args[:operands])

    call.__name__ = call.__qualname__ = name
    call.__doc__ = compute.__doc__
    return made, call


def operators(kind: type[Operation]) -> tuple[Any, Any]:
    """The methods of an operator: for self on its left, and for self on its right."""
    return lambda self, other: kind()(self, other), lambda self, other: kind()(other, self)


def method(kind: type[Operation]) -> Any:
    """The method of a function of one Variable."""
    return lambda self, *parameters, **named: kind(*parameters, **named)(self)


class Extreme(function.Function):
    """y = the largest or smallest element over some axes, which are kept. Equal elements all get the gradient."""

    def __init__(self, axis, largest):
        self.axis, self.largest = axis, largest

    def forward(self, x):
        return x.max(axis=self.axis, keepdims=True) if self.largest else x.min(axis=self.axis, keepdims=True)

    def backward(self, gy):
        return gy * (self.inputs[0] == self.outputs[0])


def extreme(x: Any, axis: Any, keepdims: bool, largest: bool) -> Any:
    y = Extreme(tuple(axis) if isinstance(axis, list) else axis, largest)(x)
    return y if keepdims else algebra.reshape(y, reduced_shape(x.shape, axis, False))


def beside(x: Any, index: Any) -> Any:
    """An index whose NumPy arrays lie where x does: scripts write them down for either device, and CuPy takes them."""
    if isinstance(index, tuple):
        return tuple([beside(x, part) for part in index])
    return namespace(algebra.as_array(x)).asarray(index) if isinstance(index, np.ndarray) and index.shape else index


Add, add = operation("Add add", 2, lambda x0, x1: algebra.Add()(x0, x1))
Sub, sub = operation("Sub sub", 2, lambda x0, x1: algebra.Sub()(x0, x1))
Mul, mul = operation("Mul mul", 2, lambda x0, x1: algebra.Mul()(x0, x1))
Div, div = operation("Div div", 2, lambda x0, x1: algebra.Div()(x0, x1))
Neg, neg = operation("Neg neg", 1, lambda x: algebra.Neg()(x))
Pow, pow = operation("Pow pow", 1, lambda x, c: algebra.Power()(x, c))
MatMul, matmul = operation("MatMul matmul", 2, algebra.matmul)
Reshape, reshape = operation("Reshape reshape", 1, algebra.reshape)
Transpose, transpose = operation("Transpose transpose", 1, algebra.transpose)
Sum, sum = operation("Sum sum", 1, algebra.sum)
GetItem, get_item = operation("GetItem get_item", 1, lambda x, slices: algebra.getitem(x, beside(x, slices)))
Max, max = operation("Max max", 1, lambda x, axis=None, keepdims=False: extreme(x, axis, keepdims, True))
Min, min = operation("Min min", 1, lambda x, axis=None, keepdims=False: extreme(x, axis, keepdims, False))


accumulation = Lock()  # one backward pass at a time adds to gradients: threads that share a leaf lose none


class Single(np.ndarray[Any, Any]):
    """An array of one element that `float` and `int` take, whatever its shape, as NumPy's did in DeZero's days."""

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())


class Variable(variable.Variable, family=True):
    """DeZero's Variable, of an array, or of None until its `data` is set. Raises TypeError for other data.

    `backward` starts from `grad` if that is set, and clears it. An array beside it may widen it. Its own array may be
    edited unnoticed.
    """

    __slots__ = ()
    narrows = False

    def __init__(self, data: Any, name: str | None = None) -> None:
        if data is not None and not is_array(data):
            raise TypeError(f"a Variable takes an array, not {type(data)}: write np.array({data!r:.40})")
        self.value = self.grad = self.node = None
        self.name = name
        self.data = data

    @property
    def data(self) -> Any:
        if isinstance(self.value, np.generic):
            self.value = np.asarray(self.value)
        data = self.value
        return data.view(Single) if type(data) is np.ndarray and data.size == 1 and data.shape else data

    @data.setter
    def data(self, data: Any) -> None:
        if data is not None and not is_array(data) and not isinstance(data, np.generic):
            raise TypeError(f"data must be an array, not {type(data)}")
        before, self.value = self.value, data.view(np.ndarray) if isinstance(data, Single) else data
        if data is not None and (before is None or (before.shape, before.dtype) != (data.shape, data.dtype)):
            place(self)

    @property
    def creator(self) -> Any:
        f = super().creator
        return getattr(f, "call", f)

    @property
    def generation(self) -> int:
        return 0 if self.node is None else self.node.generation  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        return f"variable({str(self.data).replace(chr(10), chr(10) + ' ' * 9)})"

    __add__ = __radd__ = operators(Add)[0]  # the Variable is the first input on either side, as in DeZero
    __mul__ = __rmul__ = operators(Mul)[0]
    __sub__, __rsub__ = operators(Sub)
    __truediv__, __rtruediv__ = operators(Div)
    __matmul__, __rmatmul__ = operators(MatMul)
    dot = matmul = matmaul = __matmul__
    __neg__, __pow__, __getitem__ = method(Neg), method(Pow), method(GetItem)
    reshape, transpose = method(Reshape), method(Transpose)
    sum, max, min = method(Sum), method(Max), method(Min)

    def backward(  # type: ignore[override]  # DeZero's
        self, retain_grad: bool = False, create_graph: bool = False
    ) -> None:
        """Adds the gradients to `grad` of the leaves; with `retain_grad` to that of every Variable of the graph."""
        if self.creator is None:
            super().backward()  # raises the error
        seed, self.grad = self.grad, None
        nodes = engine.nodes_below([self.node])
        walk, retained = engine.latest_first(nodes), nodes if retain_grad else ()
        gradients = variable.run_backward([self], [seed], create_graph, walk, retained)
        with accumulation, using(recording=create_graph):
            for x, gx in [(node(), gx) for node, gx in gradients.items()]:
                gx = integers(gx.data.astype(np.int64), gx) if self.dtype.kind in INTEGERS else gx
                x.grad = gx if x.grad is None else x.grad + gx

    def to_cpu(self) -> None:
        self.data = None if self.value is None else to_device(self.data, "cpu")

    def to_gpu(self) -> None:
        self.data = None if self.value is None else to_device(self.data, "gpu")


class Parameter(Variable, base.Parameter):
    """A Variable that a layer owns. It may have no data yet, and it shares the array that it is given."""

    __slots__ = ()

    def __init__(self, data: Any, name: str | None = None) -> None:
        Variable.__init__(self, data, name)
