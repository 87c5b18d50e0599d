"""The algebra: the smallest set of Functions that holds Variable's operators and is closed under differentiation.

The derivative of each is written with the others, so every order exists once they do. A class stands directly before
its function, where it has one besides the operator.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from types import NoneType
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from autograd import bfloat16, engine
from autograd.backend import as_numbers, device_of, namespace, to_device, zeros_like
from autograd.checks import one_of, shown
from autograd.constants import copied_index, holds, is_sparse, real_dtype
from autograd.function import Function, Tracked
from autograd.kernels.indexing import add_at
from autograd.kernels.matmul import product
from autograd.shapes import Axis, check_matmul, inverse_permutation, reduced_shape
from autograd.sparse import sparse_product
from autograd.stacking import stacked

if TYPE_CHECKING:
    from autograd.variable import Variable

__all__ = [
    "Add", "AddAt", "BroadcastTo", "Convert", "Div", "FloorDiv", "GetItem", "Log", "MatMul", "Mod", "Moving", "Mul",
    "Neg", "Operand", "Operator", "Power", "Reshape", "Sub", "SumTo", "Transpose", "array_like", "as_array", "astype",
    "getitem", "matmul", "operand", "operators", "reshape", "stacked", "sum", "to", "transpose",
]  # fmt: skip

Operand: TypeAlias = Any  # a Variable, an array or a number; a Variable among them makes the result a Variable
Operator: TypeAlias = Callable[[Any, Operand], "Variable"]
SEQUENCES = frozenset({list, tuple, str})


def as_array(x: Operand) -> Any:
    """The array of a Variable; anything else unchanged. Who edits the array takes `x.data`, which graphs notice."""
    if not isinstance(x, Tracked):
        return x
    return np.asarray(x.value) if isinstance(x.value, np.generic) else x.value


def array_like(x: Operand, other: Any) -> Any:
    """`other` as an array of x's module if it is a list, because Python reads `2 * [1, 2]` as a repetition."""
    if type(other) not in SEQUENCES:
        return other
    if type(other) is not str and holds(other, Tracked):
        return stacked(other)
    return namespace(as_array(x)).asarray(as_numbers(other))


def operand(name: str, x: Operand) -> Any:
    """`x` for the function `name`: a Variable or an array as it is, a number as an array of no axes.

    Raises TypeError for anything else. Lists are refused, because Variables in them would lose their graph.
    """
    dtype = getattr(x, "dtype", None)
    if dtype is None and isinstance(x, (int, float)):
        return as_numbers(x)
    if dtype is None or (dtype.kind not in "fiubc" and bfloat16.kind_of(dtype) != "f"):
        kind = type(x).__name__ if dtype is None else dtype
        make = (
            "Variable([...]) stacks them" if kind in ("list", "tuple") and holds(x, Tracked) else "np.asarray makes one"
        )
        raise TypeError(f"{name} takes a Variable or an array, not {kind}: {shown(x)}; {make}")
    return x


class Add(Function):
    """y = x0 + x1"""

    alike = 0

    def forward(self, x0, x1):
        return x0 + x1

    def backward(self, gy):
        return gy, gy


class Sub(Function):
    """y = x0 - x1"""

    alike = 0

    def forward(self, x0, x1):
        return x0 - x1

    def backward(self, gy):
        return gy, self.needs[1] and -gy


class Mul(Function):
    """y = x0 x1"""

    alike = 0

    def forward(self, x0, x1):
        return x0 * x1

    def backward(self, gy):
        x0, x1 = self.inputs
        needs0, needs1 = self.needs
        return needs0 and gy * x1, needs1 and gy * x0


class Div(Function):
    """y = x0 / x1"""

    alike = 0

    def forward(self, x0, x1):
        return x0 / x1

    def backward(self, gy):
        x0, x1 = self.inputs
        gx0 = gy / x1
        return gx0, self.needs[1] and -gx0 * (x0 / x1)


class FloorDiv(Function):
    """y = x0 / x1, rounded down; the derivative is 0 everywhere."""

    alike = 0

    def forward(self, x0, x1):
        return x0 // x1

    def backward(self, gy):
        return zeros_like(as_array(gy)), zeros_like(as_array(gy))


class Mod(Function):
    """y = x0 - x1 floor(x0 / x1), the remainder"""

    alike = 0

    def forward(self, x0, x1):
        return x0 % x1

    def backward(self, gy):
        x0, x1 = self.inputs
        return gy, self.needs[1] and -gy * FloorDiv()(x0, x1)


class Neg(Function):
    """y = -x"""

    def forward(self, x):
        return -x

    def backward(self, gy):
        return -gy


class Power(Function):
    """y = x^p (log x)^k, closed under differentiation. Where x is 0, the logarithm counts as 0, and x^0 as constant."""

    alike = 0
    k = 0

    def forward(self, x, p):
        return x**p

    def backward(self, gy):
        x, p = self.inputs
        needs_x, needs_p = self.needs
        gx = None
        if needs_x:
            q = p - ((p != 0) | (x != 0) if needs_p else p != 0)
            gx = gy * (p * power(self.k)(x, q))
            gx = gx + gy * (self.k * power(self.k - 1)(x, p - 1)) if self.k else gx
        return gx, needs_p and gy * power(self.k + 1)(x, p)


class PowerLog(Power):
    """y = x^p (log x)^k for k > 0"""

    def __init__(self, k):
        self.k = k

    def forward(self, x, p):
        y = x**p
        return y * (namespace(x).log(x + (x == 0)) ** self.k).astype(y.dtype)


def power(k: int) -> Power:
    """The function x^p (log x)^k."""
    return PowerLog(k) if k else Power()


class Log(Function):
    """y = ln x"""

    def forward(self, x):
        return namespace(x).log(x)

    def backward(self, gy):
        return gy / self.inputs[0]


class MatMul(Function):
    """y = x W.   (..., N, K) (..., K, M) -> (..., N, M)"""

    alike, widens = 0, False  # a product of 16 bits is a kernel

    def forward(self, x, W):
        return product(x, W)

    def backward(self, gy):
        x, W = self.inputs
        needs_x, needs_W = self.needs
        return needs_x and product(gy, W.swapaxes(-1, -2)), needs_W and product(x.swapaxes(-1, -2), gy)


def matmul(x: Operand, W: Operand) -> Variable:
    """The matrix product, batched over leading axes, which are broadcast; 1-D operands as in NumPy.

    (..., N, K) (..., K, M) -> (..., N, M), (K,) (..., K, M) -> (..., M), (..., N, K) (K,) -> (..., N), (K,) (K,) -> ().
    Raises ValueError if an operand is 0-d or the inner sizes K differ.
    """
    if is_sparse(x) or is_sparse(W):
        return sparse_product(x, W)
    x, W = array_like(W, x), array_like(x, W)
    a, b = np.shape(as_array(x)), np.shape(as_array(W))
    if not a or not b:
        operand("matmul", x), operand("matmul", W)
    check_matmul(a, b)
    if len(a) == 1:
        y = matmul(reshape(x, (1, *a)), W)
        return reshape(y, y.shape[:-2] + y.shape[-1:] if len(b) > 1 else ())
    if len(b) == 1:
        return reshape(matmul(x, reshape(W, (*b, 1))), a[:-1])
    if len(a) > 2 and len(b) == 2:  # one large product, and a gradient of W without a copy for each sample
        return reshape(MatMul()(reshape(x, (prod(a[:-1]), a[-1])), W), (*a[:-1], b[-1]))
    return MatMul()(x, W)


class Moving(Function):
    """A function that adds up nothing: numbers of 16 bits go through it as they are."""

    widens = False


class Reshape(Moving):
    """The same elements in another shape."""

    def __init__(self, shape):
        self.shape = shape

    def forward(self, x):
        y, shape = x.reshape(self.shape), self.shape
        if y.shape != shape and (shape is None or min(shape if hasattr(shape, "__len__") else [shape], default=0) < -1):
            raise ValueError(f"reshape takes sizes of at least 0, or -1 for the rest, not {shape}")
        return y

    def backward(self, gy):
        return gy.reshape(self.parents[0].shape)


def reshape(x: Operand, *shape: Any) -> Variable:
    """The same elements in another shape; one size may be -1. Takes reshape(x, 2, 3) and reshape(x, (2, 3))."""
    return Reshape(shape[0] if len(shape) == 1 else shape)(operand("reshape", x))


class Transpose(Moving):
    """y[i_a, i_b, ...] = x[i_0, i_1, ...] for axes = (a, b, ...)"""

    def __init__(self, axes):
        self.axes = axes

    def forward(self, x):
        return x.transpose(self.axes)

    def backward(self, gy):
        return gy.transpose(self.axes and inverse_permutation(self.axes))


def transpose(x: Operand, *axes: Any) -> Variable:
    """The axes in another order, reversed by default. Takes transpose(x, 1, 0, 2) and transpose(x, (1, 0, 2))."""
    order = axes[0] if len(axes) == 1 and isinstance(axes[0], (tuple, list, NoneType)) else axes
    return Transpose(tuple(order) if order else None)(operand("transpose", x))


class BroadcastTo(Moving):
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


def sum(x: Operand, axis: Axis = None, keepdims: bool = False) -> Variable:
    """y = sum of x over `axis` (a number, a tuple, or None for all), counted from the end if negative."""
    shape = reduced_shape(x.shape, axis, keepdims)
    y = SumTo(reduced_shape(x.shape, axis, True))(x)
    return y if keepdims else reshape(y, shape)


class GetItem(Moving):
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


def getitem(x: Operand, index: Any) -> Variable:
    """y = x[index] with NumPy's indices: integers, slices, `...`, None, masks and arrays, repeats included."""
    plain = index if type(index) in (int, slice) else copied_index(x, index, as_array)
    return GetItem(plain)(operand("getitem", x))


class Convert(Moving):
    """The same values in another dtype or on another device. The engine casts the gradient back."""

    def __init__(self, dtype=None, device=None):
        self.dtype, self.device = dtype, device

    def forward(self, x):
        home = device_of(x)
        self.save(home=home)
        y = to_device(x, self.device or home)  # which may have its bytes in another order
        return y.astype(self.dtype or y.dtype)

    def backward(self, gy):
        return Convert(device=self.saved.home)(gy) if self.device else gy


def astype(x: Operand, dtype: Any) -> Variable:
    """x in another dtype. Integers have no gradients: there it leaves the graph."""
    x, dtype = operand("astype", x), real_dtype("astype", dtype)
    return x if x.dtype == dtype else Convert(dtype=dtype)(x)


def to(x: Operand, device: str) -> Variable:
    """x on `'cpu'` or `'gpu'`; gradients flow back across the move."""
    x, device = operand("to", x), one_of("to: device", device, "cpu", "gpu")
    return x if device_of(as_array(x)) == device else Convert(device=device)(x)


def operators(function: type[Function]) -> tuple[Operator, Operator]:
    """The methods of an operator: for x on its left, and for x on its right."""

    def left(x: Any, other: Operand) -> Variable:
        return function()(x, array_like(x, other) if type(other) in SEQUENCES else other)

    def right(x: Any, other: Operand) -> Variable:
        return function()(array_like(x, other) if type(other) in SEQUENCES else other, x)

    left.__doc__ = right.__doc__ = function.__doc__
    return left, right
