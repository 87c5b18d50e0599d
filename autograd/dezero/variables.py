"""Variable and Function as a script for DeZero knows them, over those of `core`.

Three things are different there, and are made so here:

- Functions work on Variables: in `backward` the gradients, `self.inputs` and `self.outputs[0]()` are Variables with
  `.data`. A Function of a script is called through a `Bridge`, which is one of ours.
- A graph holds its Variables, not only their arrays: `retain_grad=True` gives a gradient to each, and a layer's
  `outputs[0]()` is there as long as the graph. So each call is remembered by what it made (`Function.remember`).
- Integers are differentiated. They are computed as integers, and recorded in float64 (`Integers`).

A Variable that our own functions return is of the class `core.Variable`; `dressed` makes it one of DeZero's in place.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from functools import cache
from typing import Any
from weakref import ref

import numpy as np

from autograd import core
from autograd.backend import is_array, to_device
from autograd.config import recording, training, using
from autograd.layers import base

SWITCHES: dict[str, ContextVar[bool]] = {"enable_backprop": recording, "train": training}
GRAD: Any = vars(core.Variable)["grad"]  # the place of the gradient in a Variable
WHOLE = "iub"  # the kinds of dtypes that DeZero differentiates and core does not


class Switches(type):
    """Reads and sets our switches as attributes of a class."""

    def __getattr__(cls, name: str) -> bool:
        return switch(name).get()

    def __setattr__(cls, name: str, value: bool) -> None:
        switch(name).set(value)


class Config(metaclass=Switches):
    """`Config.enable_backprop` and `Config.train`."""


def switch(name: str) -> ContextVar[bool]:
    if name not in SWITCHES:
        raise AttributeError(f"Config has {' and '.join(SWITCHES)}, and no {name!r}")
    return SWITCHES[name]


def using_config(name: str, value: bool) -> Any:
    """Sets a switch of Config for a block: `with using_config("train", False):`"""
    return using(switch(name), value)


def as_array(x: Any, array_module: Any = np) -> Any:
    """A number as a 0-d array; anything else as it is."""
    return array_module.array(x) if np.isscalar(x) else x


def as_variable(obj: Any) -> Any:
    """A Variable as it is, an array as a Variable."""
    return dressed(obj) if isinstance(obj, core.Variable) else Variable(obj)


def setup_variable() -> None:
    """Nothing: Variable has its operators from the beginning."""


class Function:
    """A function with `forward` on arrays and `backward` on Variables, both of DeZero's conventions.

    After a call that is recorded there are `inputs`, a list of Variables, `outputs`, weak references to Variables, and
    `generation`.
    """

    operands: list[Any]  # what it was called on, Variables for the most part
    outputs: list[Any]
    generation = order = 0

    @property
    def inputs(self) -> list[Any]:
        return [as_variable(as_array(x)) for x in self.operands]

    def forward(self, *xs: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has no forward: define forward(self, x)")

    def backward(self, *gys: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has no backward: define backward(self, gy)")

    def gradient(self, gy: Any) -> Any:
        """What `backward` is given for the gradient of an output."""
        return dressed(gy)

    def __call__(self, *inputs: Any) -> Any:
        xs = [as_variable(as_array(x)) for x in inputs]
        f = bridge(type(self))(self)  # type: ignore[arg-type]
        ys = f(*[None if x.value is None else x for x in xs])
        ys = list(ys) if isinstance(ys, tuple) else [ys]
        for i, y in enumerate(ys):
            if y.node is None and hasattr(f, "generation"):
                place(y, f, i)
        self.remember(xs, ys)
        return ys if len(ys) > 1 else ys[0]

    def remember(self, xs: list[Any], ys: list[Any]) -> None:
        """Makes the outputs Variables of DeZero, and remembers the Variables on both sides."""
        kind = SimpleVariable if any(isinstance(x, SimpleVariable) for x in xs) else Variable
        for i, y in enumerate(ys):
            ys[i] = dressed(y, kind)
        creator = None if ys[0].node is None else ys[0].node.creator
        if creator is not None and not any(ys[0] is x for x in xs):
            self.operands, self.outputs, self.generation = xs, [ref(y) for y in ys], creator.generation - 1
            self.order, creator.call = creator.order, self

    @property
    def parents(self) -> list[Any]:
        """The nodes of the inputs: with `order` what `core` asks the creator of a Variable for."""
        return [x.node for x in self.operands if isinstance(x, core.Variable)]


class Bridge(core.Function):
    """A Function of a script as one of ours."""

    keeps_inputs = keeps_outputs = False  # the Function itself has them

    def __init__(self, call):
        self.call = call

    def forward(self, *xs):
        return self.call.forward(*[as_array(x) for x in xs])

    def backward(self, *gys):
        again = bool(core.replaying.get())
        with using(recording, again):
            gxs = self.call.backward(*[self.call.gradient(gy) for gy in gys])
        gxs = gxs if isinstance(gxs, tuple) else (gxs,)
        gxs = gxs if again else [as_array(core.as_array(gx)) for gx in gxs]
        return (*gxs, *[None] * (len(self.parents) - len(gxs)))  # DeZero ignores the inputs that are left over


@cache
def bridge(kind: Any) -> Any:
    """The Bridge for a class of Functions: of its name, which is what pictures show."""
    return type(kind.__name__, (Bridge,), {})


class Operation(Function):
    """One of our functions as a class of DeZero: `Sum(axis)(x)` is `sum(x, axis)`."""

    compute: Callable[..., Any]

    def __init__(self, *parameters: Any, **named: Any) -> None:
        self.parameters, self.named = parameters, named

    def __call__(self, *inputs: Any) -> Any:
        xs = [x.item() if isinstance(x, np.generic) else x for x in inputs]  # a number, which widens no float32
        if xs and not any(isinstance(x, core.Variable) for x in xs):
            xs[0] = Variable(xs[0])
        ys = [self.on_integers(xs) if xs and whole(xs) else self.compute(*xs, *self.parameters, **self.named)]
        self.remember(xs, ys)
        return ys[0]

    def on_integers(self, xs: list[Any]) -> Any:
        """The result on integers, recorded in float64 if it is of integers itself."""
        y = self.compute(*map(core.as_array, xs), *self.parameters, **self.named)
        floats = [core.astype(x, np.float64) if isinstance(x, core.Variable) else x for x in xs]
        z = self.compute(*floats, *self.parameters, **self.named)
        return z if core.as_array(y).dtype.kind not in WHOLE else integers(core.as_array(y), z)

    def backward(self, *gys: Any) -> Any:
        """The gradients of the Variables among the inputs."""
        xs = [x for x in self.operands if isinstance(x, core.Variable)]
        gxs = core.grad([y() for y in self.outputs], xs, list(gys), create_graph=recording.get())
        return tuple(map(dressed, gxs)) if len(gxs) > 1 else dressed(gxs[0])


class Integers(core.Function):
    """Integers y, of a computation that was recorded in float64."""

    def __init__(self, y):
        self.y = y

    def forward(self, x):
        return self.y

    def backward(self, gy):
        return gy


def integers(y: Any, z: Any) -> Any:
    """The Variable of integers y in the graph of z, which has the same values in float64."""
    f = Integers(y)
    x = f(z)
    if z.node is not None and recording.get():
        place(x, f)
    return x


def whole(xs: list[Any]) -> bool:
    """Are all Variables of integers?"""
    return all(x.value.dtype.kind in WHOLE for x in xs if isinstance(x, core.Variable) and x.value is not None)


class AnyDtype:
    """The dtype of a leaf in the graph. Every dtype is equal to it: a gradient is not cast to that of its Variable."""

    def __init__(self, dtype: Any) -> None:
        self.real = dtype

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        return str(self.real)


def place(x: core.Variable, creator: Any = None, index: int = 0) -> None:
    """Gives `x` its place in the graph. Its gradient has the dtype in which it is computed, as in DeZero."""
    node = core.place(x, creator, index)
    node.dtype = AnyDtype(node.dtype)


def dressed(x: Any, kind: Any = None) -> Any:
    """`x`, a Variable of ours or an array, as a Variable of DeZero; None as it is."""
    if x is None or isinstance(x, Variable):
        return x
    x = x if isinstance(x, core.Variable) else core.result(x)
    if type(x) is core.Variable:
        x.__class__ = kind or Variable
    return x


class Single(np.ndarray[Any, Any]):
    """An array of one element that `float` takes, whatever its shape, as it did in the days of DeZero."""

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())


def operation(names: str, operands: int, compute: Callable[..., Any]) -> tuple[type[Operation], Callable[..., Any]]:
    """The class and the function of DeZero for a function of ours, whose first arguments are its operands."""
    kind, name = names.split()
    made = type(kind, (Operation,), {"compute": staticmethod(compute), "__doc__": compute.__doc__})

    def function(*args: Any, **named: Any) -> Any:
        return made(*args[operands:], **named)(*args[:operands])

    function.__name__ = function.__qualname__ = name
    function.__doc__ = compute.__doc__
    return made, function


def operators(kind: type[Operation]) -> tuple[Any, Any]:
    """The methods of an operator: for self on its left, and for self on its right."""
    return lambda self, other: kind()(self, other), lambda self, other: kind()(other, self)


def method(kind: type[Operation]) -> Any:
    """The method of a function of one Variable."""
    return lambda self, *parameters, **named: kind(*parameters, **named)(self)


class Extreme(core.Function):
    """y = the largest or smallest element over some axes, which stay; every one of equal elements gets the gradient."""

    def __init__(self, axis, largest):
        self.axis, self.largest = axis, largest

    def forward(self, x):
        return x.max(axis=self.axis, keepdims=True) if self.largest else x.min(axis=self.axis, keepdims=True)

    def backward(self, gy):
        return gy * (self.inputs[0] == self.outputs[0])


def extreme(x: Any, axis: Any, keepdims: bool, largest: bool) -> Any:
    y = Extreme(tuple(axis) if isinstance(axis, list) else axis, largest)(x)
    return y if keepdims else core.reshape(y, np.shape(core.as_array(x).max(axis=axis)))


Add, add = operation("Add add", 2, lambda x0, x1: core.Add()(x0, x1))
Sub, sub = operation("Sub sub", 2, lambda x0, x1: core.Sub()(x0, x1))
Mul, mul = operation("Mul mul", 2, lambda x0, x1: core.Mul()(x0, x1))
Div, div = operation("Div div", 2, lambda x0, x1: core.Div()(x0, x1))
Neg, neg = operation("Neg neg", 1, lambda x: core.Neg()(x))
Pow, pow = operation("Pow pow", 1, lambda x, c: core.Power()(x, c))
MatMul, matmul = operation("MatMul matmul", 2, core.matmul)
Reshape, reshape = operation("Reshape reshape", 1, core.reshape)
Transpose, transpose = operation("Transpose transpose", 1, core.transpose)
Sum, sum = operation("Sum sum", 1, core.sum)
GetItem, get_item = operation("GetItem get_item", 1, lambda x, slices: core.getitem(x, slices))
Max, max = operation("Max max", 1, lambda x, axis=None, keepdims=False: extreme(x, axis, keepdims, True))
Min, min = operation("Min min", 1, lambda x, axis=None, keepdims=False: extreme(x, axis, keepdims, False))


class Variable(core.Variable):
    """DeZero's Variable: of an array, or of None until its `data` is set.

    `backward` starts from `grad` if that is set, and clears it. Raises TypeError for data that is no array.
    """

    __slots__ = ()

    def __init__(self, data: Any, name: str | None = None) -> None:
        if data is not None and not is_array(data):
            raise TypeError(f"{type(data)} is not supported: a Variable takes an array, such as np.array({data!r:.40})")
        self.value = None
        self.grad = self.node = None
        self.name = name
        self.data = data

    @property
    def data(self) -> Any:
        data = core.Variable.data.fget(self)  # type: ignore[attr-defined]
        return data.view(Single) if type(data) is np.ndarray and data.size == 1 and data.shape else data

    @data.setter
    def data(self, data: Any) -> None:
        if data is not None and not is_array(data) and not isinstance(data, np.generic):
            raise TypeError(f"{type(data)} is not supported: data is an array")
        before, self.value = self.value, data.view(np.ndarray) if isinstance(data, Single) else data
        if data is not None and (before is None or (before.shape, before.dtype) != (data.shape, data.dtype)):
            place(self)

    @property
    def grad(self) -> Any:  # type: ignore[override]
        return dressed(GRAD.__get__(self))

    @grad.setter
    def grad(self, grad: Any) -> None:
        GRAD.__set__(self, grad)

    @property
    def creator(self) -> Any:
        f = None if self.node is None else self.node.creator
        return getattr(f, "call", f)

    @property
    def generation(self) -> int:
        return 0 if self.node is None or self.node.creator is None else self.node.creator.generation  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        return f"variable({str(self.data).replace(chr(10), chr(10) + ' ' * 9)})"

    __add__ = __radd__ = operators(Add)[0]  # the Variable is the first input on either side, as in DeZero
    __mul__ = __rmul__ = operators(Mul)[0]
    __sub__, __rsub__ = operators(Sub)
    __truediv__, __rtruediv__ = operators(Div)
    __matmul__, __rmatmul__ = operators(MatMul)
    dot = matmaul = __matmul__
    __neg__, __pow__, __getitem__ = method(Neg), method(Pow), method(GetItem)
    reshape, transpose = method(Reshape), method(Transpose)
    sum, max, min = method(Sum), method(Max), method(Min)

    def backward(self, retain_grad: bool = False, create_graph: bool = False) -> None:
        """Adds the gradients to `grad` of the leaves; with `retain_grad` to that of every Variable of the graph."""
        if self.node is None or self.node.creator is None:
            super().backward()  # says what is wrong
        seed, self.grad = self.grad, None
        of_integers = self.dtype.kind in WHOLE
        if of_integers:
            seed = np.ones(self.shape) if seed is None else core.as_array(seed).astype(np.float64)
        owners: set[int] = set()
        for node, g in core.walk([self], [seed], create_graph, None if retain_grad else ()).items():
            x, gx = node(), core.own(g, owners, create_graph)
            if x is not None:
                with using(recording, create_graph):
                    gx = integers(gx.data.astype(np.int64), gx) if of_integers else gx
                    x.grad = gx if x.grad is None else x.grad + gx

    def to_cpu(self) -> None:
        if self.data is not None:
            self.data = to_device(self.data, "cpu")

    def to_gpu(self) -> None:
        if self.data is not None:
            self.data = to_device(self.data, "gpu")


class Parameter(Variable, base.Parameter):
    """A Variable that a layer owns. Unlike ours it may have no data yet, and shares the array that it is given."""

    __slots__ = ()

    def __init__(self, data: Any, name: str | None = None) -> None:
        Variable.__init__(self, data, name)


class SimpleVariable(Variable):
    """The Variable of `dezero.core_simple`, from before second derivatives: its gradient is an array."""

    __slots__ = ()

    @property
    def grad(self) -> Any:  # type: ignore[override]
        return core.as_array(GRAD.__get__(self))

    @grad.setter
    def grad(self, grad: Any) -> None:
        GRAD.__set__(self, grad)


class SimpleFunction(Function):
    """The Function of `dezero.core_simple`: its `backward` is given arrays, and returns arrays."""

    def gradient(self, gy: Any) -> Any:
        return as_array(core.as_array(gy))


def as_simple_variable(obj: Any) -> Any:
    """A Variable as it is, an array as a Variable of `core_simple`."""
    return obj if isinstance(obj, core.Variable) else SimpleVariable(obj)
