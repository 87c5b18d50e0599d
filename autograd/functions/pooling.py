"""Pooling: each window of an image becomes one number, its maximum or its mean.

The windows are those of a convolution, on each channel alone: `kernel`, `stride` (None: the kernel, so that windows lie
side by side), `pad` (a number, one per axis, pairs, 'same' or 'valid').

Means of whole numbers are float64, as NumPy's; those of float16 are summed in float32.
"""

from __future__ import annotations

from math import prod
from typing import Any

from autograd.algebra import Operand, as_array
from autograd.backend import namespace
from autograd.checks import flag, shown
from autograd.function import Function
from autograd.functions.conv import check_images, windows_of
from autograd.functions.operands import rounded, summable
from autograd.kernels import pooling
from autograd.kernels.windows import Pad, Sizes, Windows, per_axis, windows

__all__ = ["adaptive_average_pool2d", "average_pool2d", "global_average_pool2d", "max_pool2d", "upsample2d"]


class ScatterMax(Function):
    """Each y[o] added at one pixel of window o, that of tap where[o]; the rest is 0 [max unpooling]."""

    def __init__(self, where, w):
        self.where, self.w = where, w

    def forward(self, y):
        return pooling.scatter_max(y, self.where, self.w)

    def backward(self, gx):
        return GatherMax(self.where, self.w)(gx)


class GatherMax(Function):
    """y[o] = one pixel of window o, that of tap where[o]: the adjoint of ScatterMax."""

    def __init__(self, where, w):
        self.where, self.w = where, w

    def forward(self, x):
        return pooling.gather_max(x, self.where, self.w)

    def backward(self, gy):
        return ScatterMax(self.where, self.w)(gy)


class MaxPool(Function):
    """y[o] = the largest pixel of window o; the first of equal ones receives the gradient."""

    def __init__(self, w):
        self.w = w

    def forward(self, x):
        y, where = pooling.window_max(x, self.w)
        self.save(where=where)
        return y

    def backward(self, gy):
        return ScatterMax(self.saved.where, self.w)(gy)


def max_pool2d(x: Operand, kernel: Sizes, stride: Sizes | None = None, pad: Pad = 0, ceil_mode: bool = False) -> Any:
    """y[n, c, o] = max over k of x[n, c, o S + k - P]

    (N, C, H, W) -> (N, C, OH, OW), OH = (H + P0 + P1 - KH) // S + 1; rounded up with `ceil_mode`, where the last window
    may hang over the border. Padding is minus infinity, so it never wins. The first of equal pixels gets the gradient.
    Raises ValueError if no window fits, or if one could lie in the padding alone. Raises TypeError if x is not real.
    """
    w = pooling_windows("max_pool2d", x, kernel, stride, pad, ceil_mode)
    if x.dtype.kind not in "fiub":
        raise TypeError(f"max_pool2d takes real numbers, not {x.dtype}: complex numbers and text have no maximum")
    if any(max(pads) >= K for pads, K in zip(w.pad, w.kernel)):
        raise ValueError(
            f"max_pool2d: pad must be smaller than the kernel {w.kernel}, not {shown(pad)}: a window is empty"
        )
    return MaxPool(w)(x)


class WindowSum(Function):
    """y[o] = the sum of window o [sum pooling]."""

    def __init__(self, w):
        self.w = w

    def forward(self, x):
        return pooling.window_sum(x, self.w)

    def backward(self, gy):
        return WindowFill(self.w)(gy)


def average_pool2d(x: Operand, kernel: Sizes, stride: Sizes | None = None, pad: Pad = 0) -> Any:
    """y[n, c, o] = 1/(KH KW) sum over k of x[n, c, o S + k - P]

    (N, C, H, W) -> (N, C, OH, OW), OH = (H + P0 + P1 - KH) // S + 1. Padding is zeros, and counts in the mean.
    Raises ValueError if no window fits.
    """
    w = pooling_windows("average_pool2d", x, kernel, stride, pad)
    return rounded(WindowSum(w)(summable(x)) / prod(w.kernel), x)


def global_average_pool2d(x: Operand) -> Any:
    """The mean of each channel.   (N, C, H, W) -> (N, C, 1, 1)"""
    check_images("global_average_pool2d", x, 2)
    return x.mean((2, 3), keepdims=True)


def adaptive_average_pool2d(x: Operand, size: Sizes) -> Any:
    """The means of OH x OW regions that cover the image; region i holds rows floor(i H/OH) to ceil((i+1) H/OH) - 1.

    (N, C, H, W) -> (N, C, OH, OW). Rows and columns are averaged one after the other: y = A x B^T.
    """
    check_images("adaptive_average_pool2d", x, 2)
    OH, OW = per_axis("adaptive_average_pool2d: size", size, 2, 1)
    z = summable(x)
    A, B = averaging(z, x.shape[2], OH), averaging(z, x.shape[3], OW)
    return rounded(A @ (z @ B.T), x)


class WindowFill(Function):
    """Each y[o] added to every pixel of window o: the adjoint of WindowSum."""

    def __init__(self, w):
        self.w = w

    def forward(self, y):
        return pooling.window_fill(y, self.w)

    def backward(self, gx):
        return WindowSum(self.w)(gx)


def upsample2d(x: Operand, scale: Sizes = 2) -> Any:
    """Every pixel repeated, `scale` times along each axis [nearest neighbour].

    (N, C, H, W) -> (N, C, scale H, scale W); the gradient is the sum over the copies.
    """
    check_images("upsample2d", x, 2)
    kernel = per_axis("upsample2d: scale", scale, 2, 1)
    size = tuple([H * K for H, K in zip(x.shape[2:], kernel)])
    return WindowFill(windows(size, kernel, kernel))(x)


def pooling_windows(
    name: str, x: Operand, kernel: Sizes, stride: Sizes | None, pad: Pad, ceil: bool = False
) -> Windows:
    """The windows of a pooling. Raises ValueError if a size does not fit."""
    check_images(name, x, 2)
    ceil = flag(f"{name}: ceil_mode", ceil)
    return windows_of(name, x.shape[2:], kernel, kernel if stride is None else stride, pad, 1, ceil)


def averaging(x: Operand, H: int, O: int) -> Any:
    """The (O, H) matrix whose row i averages over region i, in the dtype and on the device of x."""
    xp = namespace(as_array(x))
    i, p = xp.arange(O)[:, None], xp.arange(H)
    inside = (p >= i * H // O) & (p < -(-(i + 1) * H // O))
    return inside.astype(x.dtype) / inside.sum(axis=1, keepdims=True).astype(x.dtype)
