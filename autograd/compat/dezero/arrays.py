"""The helpers of `dezero.utils` for arrays, shapes and sizes."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import engine
from autograd.backend import namespace
from autograd.shapes import reduced_shape

__all__ = [
    "get_conv_outsize", "get_deconv_outsize", "logsumexp", "max_backward_shape", "pair", "reshape_sum_backward",
    "sum_to",
]  # fmt: skip


def pair(x: Any) -> tuple[int, int]:
    """A size for both axes as a tuple of two; such a tuple unchanged. Raises ValueError for anything else."""
    sizes = x if isinstance(x, tuple) else (x, x)
    if len(sizes) != 2 or not all(isinstance(n, (int, np.integer)) for n in sizes):
        raise ValueError(f"a size must be a whole number or a tuple of two, not {x!r}")
    return sizes


def get_conv_outsize(input_size: int, kernel_size: int, stride: int, pad: int) -> int:
    """The size after a convolution: (H + 2 P - K) // S + 1"""
    return (input_size + 2 * pad - kernel_size) // stride + 1


def get_deconv_outsize(size: int, k: int, s: int, p: int) -> int:
    """The size after a transposed convolution: S (H - 1) + K - 2 P"""
    return s * (size - 1) + k - 2 * p


def sum_to(x: Any, shape: tuple[int, ...]) -> Any:
    """The adjoint of broadcasting an array of `shape` to the shape of x: x summed over the broadcast axes."""
    return engine.sum_to(x, tuple(shape))


def reshape_sum_backward(gy: Any, x_shape: tuple[int, ...], axis: Any, keepdims: bool) -> Any:
    """The gradient of a sum over `axis`, reshaped so that it broadcasts to `x_shape`."""
    return gy.reshape(reduced_shape(x_shape, axis, True))


def logsumexp(x: Any, axis: int = 1) -> Any:
    """y = log(sum of e^x) of an array; the axis is kept."""
    xp = namespace(x)
    m = x.max(axis=axis, keepdims=True)
    return m + xp.log(xp.exp(x - m).sum(axis=axis, keepdims=True))


def max_backward_shape(x: Any, axis: Any) -> list[int]:
    """The shape of a maximum of x over `axis`, with the axes kept."""
    return list(reduced_shape(x.shape, axis, True))
