"""Products with a sparse matrix of SciPy or CuPy, which is a constant."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.bfloat16 import is_half, kind_of
from autograd.constants import is_sparse
from autograd.function import Function
from autograd.shapes import check_matmul

__all__ = ["sparse_product"]


class SparseMatMul(Function):
    """y = A x for a sparse matrix A.   (N, K) (K, M) -> (N, M), (N, K) (K,) -> (N,)"""

    def __init__(self, A):
        self.A = A

    def forward(self, x):
        return (self.A @ x).astype(x.dtype, copy=False)

    def backward(self, gy):
        return SparseMatMul(self.A.T)(gy)


def sparse_product(x: Any, W: Any) -> Any:
    """The matrix product if one of the two is sparse: a constant, in the dtype of the other.

    Raises TypeError if the other is no Variable and no array, ValueError if the shapes do not fit.
    """
    left = is_sparse(x)
    A, other = (x, W) if left else (W.T, x)
    if is_sparse(other):
        return x @ W
    if not hasattr(other, "dtype"):
        raise TypeError(f"matmul takes a Variable or an array beside a sparse matrix, not {type(other).__name__}")
    check_matmul(x.shape, W.shape)
    if len(other.shape) > 2:
        raise ValueError(f"matmul takes one or two axes beside a sparse matrix, not shape {other.shape}: reshape it")
    if kind_of(other.dtype) == "f":
        A = A.astype(np.float32 if is_half(other.dtype) else other.dtype)
    return SparseMatMul(A)(other) if left else SparseMatMul(A)(other.T).T
