"""Looking up the rows of a table by their numbers."""

from __future__ import annotations

from typing import Any

from autograd.algebra import Operand, as_array
from autograd.backend import as_numbers, namespace
from autograd.function import Function
from autograd.functions.operands import operand
from autograd.kernels.indexing import add_rows

__all__ = ["embedding"]


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


def embedding(W: Operand, index: Operand) -> Any:
    """y = W[index]: a row of W for each number in `index`.   (V, D) (...) -> (..., D), and rows may be of any shape

    The gradient of a row is the sum over all places where it was looked up. Negative indices do not count from the end.
    Raises TypeError if the index is not of integers, ValueError if W has no rows or an index is not in 0 .. V - 1.
    """
    W, index = operand("embedding", W), as_array(index)
    index = index if hasattr(index, "dtype") else namespace(as_array(W)).asarray(as_numbers(index))
    if index.dtype.kind not in "iu":
        raise TypeError(f"embedding: the index must be of integers, not {index.dtype}")
    if not W.shape:
        raise ValueError("embedding takes a table W (V, ...), not a single number")
    V = W.shape[0]
    if index.size and not 0 <= int(index.min()) <= int(index.max()) < V:
        wrong = int(index.min()) if index.min() < 0 else int(index.max())
        raise ValueError(f"embedding: the index must be in 0 .. {V - 1}, as W has {V} rows, not {wrong}")
    return Embedding()(W, index.astype(int, copy=False))
