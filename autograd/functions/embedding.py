"""Looking up the rows of a table by their numbers, and the rows that look up themselves."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.algebra import Operand, as_array
from autograd.backend import Array, as_numbers, check_index, namespace
from autograd.checks import dtype_of, whole, within
from autograd.function import Function
from autograd.functions.arithmetic import where
from autograd.functions.operands import operand
from autograd.kernels.gpu import late
from autograd.kernels.indexing import add_rows
from autograd.variable import Variable

__all__ = ["embedding", "one_hot"]


class Embedding(Function):
    """y = W[index].   (V, ...) and whole numbers below V (...) -> (..., ...)"""

    def forward(self, W, index):
        self.save(index=index)
        return W.take(index, axis=0)  # twice as fast as W[index]

    def backward(self, gy):
        V = self.parents[0].shape[0]
        return AddRows(V)(gy, self.saved.index), None


class AddRows(Function):
    """y = 0 with V rows, then y[index] += x: the adjoint of Embedding. A row named twice receives twice."""

    def __init__(self, V):
        self.V = V

    def forward(self, x, index):
        self.save(index=index)
        return add_rows(x, index, (self.V, *x.shape[index.ndim :]))

    def backward(self, gy):
        return Embedding()(gy, self.saved.index), None


def embedding(W: Operand, index: Operand, padding_idx: int | None = None) -> Variable:
    """y = W[index]: a row of W for each number in `index`.   (V, D) (...) -> (..., D), and rows may be of any shape

    The gradient of a row is the sum over all places where it was looked up. Negative indices do not count from the end.
    The row `padding_idx`, which stands where a sequence has ended, has the gradient 0.
    Raises TypeError if the index is not of integers. Raises ValueError if W has no rows, or an index or padding_idx is
    not in 0 .. V - 1.
    """
    W = operand("embedding", W)
    if not W.shape:
        raise ValueError("embedding takes a table W (V, ...), not a single number")
    check_index("embedding", as_array(W), as_array(index))
    found = checked_index("embedding", index, W.shape[0], "W has {} rows", namespace(as_array(W)))
    y = Embedding()(W, found)
    if padding_idx is None:
        return y
    words = found != whole("embedding: padding_idx", padding_idx, 0, W.shape[0] - 1)
    return where(words.reshape(*words.shape, *[1] * (len(W.shape) - 1)), y, as_array(y))


def checked_index(name: str, index: Operand, V: int, why: str, xp: Any) -> Any:
    """`index` as an array of ints. Raises TypeError for other numbers, ValueError if one is not in 0 .. V - 1."""
    index = as_array(index)
    index = index if hasattr(index, "dtype") else xp.asarray(as_numbers(index))
    if index.dtype.kind not in "iu":
        raise TypeError(f"{name}: the index must be of integers, not {index.dtype}")

    def error(wrong: int) -> ValueError:
        return ValueError(f"{name}: the index must be {within(V)}, as {why.format(V)}, not {wrong}")

    if V and late.fits(index):  # of an empty table nothing can be taken meanwhile
        late.check_below(index, V, error)
    elif index.size and not (index.min() >= 0 and index.max() < V):
        raise error(int(index.min()) if index.min() < 0 else int(index.max()))
    return index.astype(int, copy=False)


class OneHot(Function):
    """y[..., c] = 1 where index = c, and 0 elsewhere; integers have no gradient."""

    def __init__(self, classes, dtype):
        self.classes, self.dtype = classes, dtype

    def forward(self, index):
        return (index[..., None] == namespace(index).arange(self.classes)).astype(self.dtype)


def one_hot(index: Operand, classes: int, dtype: Any = np.float32) -> Array:
    """y[..., c] = 1 where index = c, and 0 elsewhere: row `index` of the unit matrix.   (...) -> (..., classes)

    Raises TypeError if the index is not of integers, ValueError if one is not in 0 .. classes - 1.
    """
    classes, dtype = whole("one_hot: classes", classes), dtype_of("one_hot: dtype", dtype, "fiub")
    found = checked_index("one_hot", index, classes, "there are {} classes", np)
    return OneHot(classes, dtype)(Variable(found) if isinstance(index, Variable) else found)
