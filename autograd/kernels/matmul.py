"""The product of matrices, with the digits that NumPy's own loses."""

from __future__ import annotations

from math import prod

import numpy as np

from autograd import bfloat16
from autograd.backend import Array, by_numpy, is_array, namespace
from autograd.kernels.gpu import products as gpu
from autograd.kernels.ways import kernel
from autograd.sums import sum_over

__all__ = ["half_product", "product", "weighted_sums"]

LONG = 1 << 12  # BLAS adds so many numbers of a product with a vector one after the other, and no more
FEW = 1 << 8  # products that may be added one after the other


def product(x: Array, W: Array) -> Array:
    """x W   (..., N, K) (..., K, M) -> (..., N, M)"""
    if x.dtype.char == "e" or (bfloat16.seen and "E" in (x.dtype.char, W.dtype.char)):
        if x.dtype == W.dtype:
            return half_product(x, W)
        x, W = bfloat16.single(x), bfloat16.single(W)
    if W.shape[-2] == 1 and by_numpy(x) and by_numpy(W):  # columns times rows: NumPy's loop for them is slow
        return x * W
    return x @ W if W.ndim == 2 and len(W) <= FEW else large_product(x, W)


@kernel(gpu.half_product)
def half_product(x: Array, W: Array, b: Array | None = None) -> Array:
    """x W of numbers of 16 bits, or x W + b, in float32, and rounded once: BLAS has no others on a CPU.

    (..., N, K) (..., K, M) -> (..., N, M), or with b: (N, K) (K, M) (M,) -> (N, M)
    """
    if not (is_array(x) and is_array(W)):
        return x @ W  # Variables: their function comes back with arrays
    y = product(x.astype(np.float32), W.astype(np.float32))
    if b is not None:
        y += b.astype(np.float32)
    return y.astype(x.dtype)


def large_product(x: Array, W: Array) -> Array:
    """x W without long sums in which numbers are added one after the other."""
    if not by_numpy(x) or not by_numpy(W):
        return x @ W
    if 0 in x.strides or 0 in W.strides:  # BLAS takes no broadcast matrices, and NumPy would add one by one
        x, W = [namespace(a).ascontiguousarray(a) if 0 in a.strides[-2:] else a for a in (x, W)]
    K = x.shape[-1]
    if K <= LONG or 1 not in (x.shape[-2], W.shape[-1]):
        return x @ W
    pieces = [x[..., i : i + LONG] @ W[..., i : i + LONG, :] for i in range(0, K, LONG)]
    return sum_over(namespace(x).stack(pieces), (0,), keepdims=False)


@kernel(gpu.weighted_sums)
def weighted_sums(x: Array, A: Array, axis: int) -> Array:
    """y = A x along an axis, in which a weight of 0 takes nothing, not even of an infinity or a nan; no weight is < 0.

    x (..., H, ...) A (O, H) -> (..., O, ...). A product of matrices gives nan wherever it gives too much: only then are
    the numbers that are not finite looked for, and each is put where it has a weight.
    """
    xp = namespace(x)
    with np.errstate(invalid="ignore", over="ignore"):
        y = along_axis(x, A, axis)
        flat = y.reshape(-1)
        squares = xp.dot(flat, flat)
        if x.dtype.kind != "f" or squares == squares:
            return y
        y, takes = along_axis(xp.where(xp.isfinite(x), x, 0), A, axis), (A != 0).astype(x.dtype)
        for odd, where in ((xp.inf, x == xp.inf), (-xp.inf, x == -xp.inf), (xp.nan, x != x)):
            if where.any():
                y += xp.where(along_axis(where.astype(x.dtype), takes, axis) > 0, odd, 0).astype(x.dtype)
    return y


def along_axis(x: Array, A: Array, axis: int) -> Array:
    """The product of A with each vector along an axis."""
    axis, (O, H) = axis % x.ndim, A.shape
    before, after = prod(x.shape[:axis]), prod(x.shape[axis + 1 :])
    if after == 1:
        y = product(x.reshape(before, H), A.T)
    else:
        y = product(A, x.reshape(before, H, after))
    return y.reshape(*x.shape[:axis], O, *x.shape[axis + 1 :])
