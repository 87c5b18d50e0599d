"""Pooling: each window of an image becomes one number, its maximum or its mean.

The windows are those of a convolution, on each channel alone: `kernel`, `stride` (None: the kernel, so that windows lie
side by side), `pad` (a number, one per axis, pairs, 'same' or 'valid').

Means of whole numbers are float64, as NumPy's; those of float16 are summed in float32.
"""

from __future__ import annotations

from math import prod
from typing import Any

from autograd.backend import namespace
from autograd.core import Function, Operand, as_array
from autograd.functions.conv import check_images, windows_of
from autograd.functions.operands import rounded, summable
from autograd.kernels import pooling
from autograd.kernels.windows import Pad, Sizes, Windows, per_axis, windows


class MaxPool(Function):
    """y[o] = the largest pixel of window o; the first of equal ones receives the gradient."""

    def __init__(self, w):
        self.w = w

    def forward(self, x):
        y, self.where = pooling.largest(x, self.w)
        return y

    def backward(self, gy):
        return Put(self.where, self.w)(gy)


class Put(Function):
    """Each y[o] added at one pixel of window o, the rest 0."""

    def __init__(self, where, w):
        self.where, self.w = where, w

    def forward(self, y):
        return pooling.put(y, self.where, self.w)

    def backward(self, gx):
        return Pick(self.where, self.w)(gx)


class Pick(Function):
    """y[o] = one pixel of window o: the adjoint of Put."""

    def __init__(self, where, w):
        self.where, self.w = where, w

    def forward(self, x):
        return pooling.pick(x, self.where, self.w)

    def backward(self, gy):
        return Put(self.where, self.w)(gy)


class Total(Function):
    """y[o] = the sum of window o."""

    def __init__(self, w):
        self.w = w

    def forward(self, x):
        return pooling.total(x, self.w)

    def backward(self, gy):
        return Spray(self.w)(gy)


class Spray(Function):
    """Each y[o] added to every pixel of window o: the adjoint of Total."""

    def __init__(self, w):
        self.w = w

    def forward(self, y):
        return pooling.spray(y, self.w)

    def backward(self, gx):
        return Total(self.w)(gx)


def max_pool2d(x: Operand, kernel: Sizes, stride: Sizes | None = None, pad: Pad = 0, ceil_mode: bool = False) -> Any:
    """y[n, c, o] = max over k of x[n, c, o S + k - P]

    (N, C, H, W) -> (N, C, OH, OW), OH = (H + P0 + P1 - KH) // S + 1; rounded up with `ceil_mode`, where the last window
    may hang over the border. Padding is minus infinity, so it never wins. The first of equal pixels gets the gradient.
    Raises ValueError if no window fits, or if one could lie in the padding alone; TypeError for what has no order.
    """
    w = pooled("max_pool2d", x, kernel, stride, pad, ceil_mode)
    if x.dtype.kind not in "fiub":
        raise TypeError(f"max_pool2d takes real numbers, not {x.dtype}: of others none is the largest")
    if any(max(pads) >= K for pads, K in zip(w.pad, w.kernel)):
        raise ValueError(f"max_pool2d: pad must be smaller than the kernel {w.kernel}, or a window is empty: {pad!r}")
    return MaxPool(w)(x)


def average_pool2d(x: Operand, kernel: Sizes, stride: Sizes | None = None, pad: Pad = 0) -> Any:
    """y[n, c, o] = 1/(KH KW) sum over k of x[n, c, o S + k - P]

    (N, C, H, W) -> (N, C, OH, OW), OH = (H + P0 + P1 - KH) // S + 1. Padding is zeros, and counts in the mean.
    Raises ValueError if no window fits.
    """
    w = pooled("average_pool2d", x, kernel, stride, pad)
    return rounded(Total(w)(summable(x)) / prod(w.kernel), x)


def global_average_pool2d(x: Operand) -> Any:
    """The mean of each channel.   (N, C, H, W) -> (N, C, 1, 1)"""
    check_images("global_average_pool2d", x, 2)
    return x.mean((2, 3), keepdims=True)


def adaptive_average_pool2d(x: Operand, size: Sizes) -> Any:
    """The means of OH x OW regions that cover the image: of rows floor(i H/OH) to ceil((i+1) H/OH) - 1, and so on.

    (N, C, H, W) -> (N, C, OH, OW). Rows and columns are averaged on their own, hence it is y = A x B^T.
    """
    check_images("adaptive_average_pool2d", x, 2)
    OH, OW = per_axis("adaptive_average_pool2d: size", size, 2, 1)
    z = summable(x)
    return rounded(averaging(z, x.shape[2], OH) @ (z @ averaging(z, x.shape[3], OW).T), x)


def upsample2d(x: Operand, scale: Sizes = 2) -> Any:
    """Every pixel repeated, `scale` times along each axis (nearest neighbour).

    (N, C, H, W) -> (N, C, scale H, scale W); the gradient is the sum over the copies.
    """
    check_images("upsample2d", x, 2)
    kernel = per_axis("upsample2d: scale", scale, 2, 1)
    size = tuple([H * K for H, K in zip(x.shape[2:], kernel)])
    return Spray(windows(size, kernel, kernel))(x)


def pooled(name: str, x: Operand, kernel: Sizes, stride: Sizes | None, pad: Pad, ceil: bool = False) -> Windows:
    """The windows of a pooling, once all sizes are known to fit."""
    check_images(name, x, 2)
    return windows_of(name, x.shape[2:], kernel, kernel if stride is None else stride, pad, 1, ceil)


def averaging(x: Operand, H: int, O: int) -> Any:
    """The (O, H) matrix whose row i averages over the region i, in the dtype and on the device of x."""
    xp = namespace(as_array(x))
    i, p = xp.arange(O)[:, None], xp.arange(H)
    inside = (p >= i * H // O) & (p < -(-(i + 1) * H // O))
    return inside.astype(x.dtype) / inside.sum(axis=1, keepdims=True).astype(x.dtype)
