"""Pooling: each window of an image becomes one number, its maximum or its mean.

The windows are those of a convolution, on each channel alone: `kernel`, `stride` (None: the kernel, so that windows lie
side by side), `pad` (a number, one per axis, pairs, 'same' or 'valid'), `dilation`. With `ceil_mode` the last window
may hang over the border. Functions with 1d, 2d, 3d in their names take images of as many spatial axes.

Means of whole numbers are float64, as NumPy's; those of float16 are summed in float32.
"""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from autograd.algebra import Operand, as_array, reshape
from autograd.backend import Array, namespace
from autograd.bfloat16 import kind_of, single
from autograd.checks import flag, number, shown
from autograd.function import Function
from autograd.functions.arithmetic import abs, masked
from autograd.functions.conv import check_images, windows_of
from autograd.functions.embedding import AddRows
from autograd.functions.linear import WeightedSums
from autograd.functions.operands import operand, rounded, summable, with_room
from autograd.functions.reduction import root
from autograd.kernels import pooling
from autograd.kernels.windows import Pad, Pads, Sizes, Windows, padding, per_axis, windows
from autograd.variable import Variable

__all__ = [
    "adaptive_average_pool1d", "adaptive_average_pool2d", "adaptive_average_pool3d", "adaptive_max_pool1d",
    "adaptive_max_pool2d", "adaptive_max_pool3d", "average_pool1d", "average_pool2d", "average_pool3d",
    "global_average_pool2d", "lp_pool1d", "lp_pool2d", "lp_pool3d", "max_pool1d", "max_pool2d", "max_pool3d",
    "max_pool_with_indices", "max_unpool", "upsample2d",
]  # fmt: skip


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


def max_pool1d(
    x: Operand, kernel: Sizes, stride: Sizes | None = None, pad: Pad = 0, ceil_mode: bool = False, dilation: Sizes = 1
) -> Variable:
    """max_pool2d with one spatial axis.   (N, C, L) -> (N, C, OL)"""
    return MaxPool(max_windows("max_pool1d", 1, x, kernel, stride, pad, ceil_mode, dilation))(x)


def max_pool2d(
    x: Operand, kernel: Sizes, stride: Sizes | None = None, pad: Pad = 0, ceil_mode: bool = False, dilation: Sizes = 1
) -> Variable:
    """y[n, c, o] = max over k of x[n, c, o S + k D - P]

    (N, C, H, W) -> (N, C, OH, OW), OH = (H + P0 + P1 - D (KH - 1) - 1) // S + 1; rounded up with `ceil_mode`, where the
    last window may hang over the border. Padding is minus infinity, so it never wins. The first of equal pixels gets
    the gradient.
    Raises ValueError if no window fits, or if one could lie in the padding alone. Raises TypeError if x is not real.
    """
    return MaxPool(max_windows("max_pool2d", 2, x, kernel, stride, pad, ceil_mode, dilation))(x)


def max_pool3d(
    x: Operand, kernel: Sizes, stride: Sizes | None = None, pad: Pad = 0, ceil_mode: bool = False, dilation: Sizes = 1
) -> Variable:
    """max_pool2d with three spatial axes.   (N, C, D, H, W) -> (N, C, OD, OH, OW)"""
    return MaxPool(max_windows("max_pool3d", 3, x, kernel, stride, pad, ceil_mode, dilation))(x)


def max_windows(
    name: str, n: int, x: Operand, kernel: Sizes, stride: Sizes | None, pad: Pad, ceil: bool, dilation: Sizes
) -> Windows:
    """The windows of a maximum, none of them in the padding alone. Raises what `max_pool2d` raises."""
    w = pooling_windows(name, n, x, kernel, stride, pad, ceil, dilation)
    if kind_of(x.dtype) not in "fiub":
        raise TypeError(f"{name} takes real numbers, not {x.dtype}: complex numbers and text have no maximum")
    check_windows(name, w, pad)
    return w


def check_windows(name: str, w: Windows, pad: Pad) -> None:
    """Raises ValueError if a window has no tap on the image."""
    if any(max(pads) >= K for pads, K, D in zip(w.pad, w.kernel, w.dilation) if D == 1):
        raise ValueError(f"{name}: pad must be smaller than the kernel {w.kernel}, not {shown(pad)}: a window is empty")
    if has_empty(w):
        raise ValueError(
            f"{name}: pad must be smaller, not {shown(pad)}: a window is empty, because no tap of the kernel "
            f"{w.kernel} with dilation {w.dilation} is on the image {w.size}"
        )


@lru_cache(1 << 10)
def has_empty(w: Windows) -> bool:
    """Does a window have no tap on the image? With dilation its taps may step over a small one."""
    for H, K, S, (before, behind), D, O in zip(*w):
        if before or behind:
            pixels = np.arange(O)[:, None] * S + np.arange(K) * D - before
            if not ((pixels >= 0) & (pixels < H)).any(1).all():
                return True
    return False


def max_pool_with_indices(
    x: Operand, kernel: Sizes, stride: Sizes | None = None, pad: Pad = 0, ceil_mode: bool = False, dilation: Sizes = 1
) -> tuple[Variable, Array]:
    """The maxima of max_pool1d, 2d or 3d, and the number of the pixel where each one is, for `max_unpool`.

    (N, C, *size) -> (N, C, *out) and integers (N, C, *out), which count the pixels of an image row by row from 0.
    Raises what `max_pool2d` raises, and ValueError unless x has 1 to 3 spatial axes.
    """
    name, n = "max_pool_with_indices", spatial_axes("max_pool_with_indices", x)
    w = max_windows(name, n, x, kernel, stride, pad, ceil_mode, dilation)
    _, where = pooling.window_max(single(as_array(x)), w)
    pixels: Any = 0
    rest = where.astype(int)
    for axis, (H, K, S, (before, _), D, O) in enumerate(zip(*w)):
        after = prod(w.kernel[axis + 1 :])
        first = namespace(where).arange(O).reshape(O, *[1] * (n - 1 - axis)) * S - before
        pixels = pixels * H + first + rest // after % K * D
    return MaxPool(w)(x), pixels


def max_unpool(x: Operand, indices: Operand, size: Sizes) -> Variable:
    """y = 0, with x at the pixels `indices`: max pooling undone, but for what was no maximum.

    (N, C, *out), integers (N, C, *out), size -> (N, C, *size), as `max_pool_with_indices` gives them. Where a pixel is
    named twice, one of its numbers stays, and it alone has a gradient.
    Raises TypeError if the indices are not integers. Raises ValueError if their shape is not that of x, an index is not
    below the product of the sizes, or x has not 1 to 3 spatial axes.
    """
    n = spatial_axes("max_unpool", x)
    size = per_axis("max_unpool: size", size, n, 1)
    places = as_array(operand("max_unpool", indices))
    if places.dtype.kind not in "iu":
        raise TypeError(f"max_unpool: indices must be integers, not {places.dtype}")
    if places.shape != x.shape:
        raise ValueError(f"max_unpool: indices must have the shape {x.shape} of x, not {places.shape}")
    P = prod(size)
    if places.size and not (places.min() >= 0 and places.max() < P):
        wrong = int(places.min()) if places.min() < 0 else int(places.max())
        raise ValueError(f"max_unpool: indices must be in 0 .. {P - 1}, the pixels of an image {size}, not {wrong}")
    xp, (N, C) = namespace(places), x.shape[:2]
    places = (places.reshape(N * C, prod(x.shape[2:])) + xp.arange(N * C)[:, None] * P).reshape(-1)
    order, owner = xp.arange(places.size), xp.zeros(N * C * P, int)
    owner[places] = order
    stays = owner[places] == order
    flat = reshape(x, (places.size,))
    y = AddRows(N * C * P)(flat if stays.all() else masked(flat, stays), places)
    return reshape(y, (N, C, *size))


def spatial_axes(name: str, x: Operand) -> int:
    """The number of spatial axes of images x. Raises ValueError unless it is 1, 2 or 3."""
    shape = operand(name, x).shape
    if not 3 <= len(shape) <= 5:
        raise ValueError(f"{name}: x must have the axes (N, C, L), (N, C, H, W) or (N, C, D, H, W), not shape {shape}")
    return len(shape) - 2


class WindowSum(Function):
    """y[o] = the sum of window o [sum pooling]."""

    def __init__(self, w):
        self.w = w

    def forward(self, x):
        return pooling.window_sum(x, self.w)

    def backward(self, gy):
        return WindowFill(self.w)(gy)


def average_pool1d(
    x: Operand, kernel: Sizes, stride: Sizes | None = None, pad: Pad = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor: float | None = None,
) -> Variable:  # fmt: skip
    """average_pool2d with one spatial axis.   (N, C, L) -> (N, C, OL)"""
    return average("average_pool1d", 1, x, kernel, stride, pad, ceil_mode, count_include_pad, divisor)


def average_pool2d(
    x: Operand, kernel: Sizes, stride: Sizes | None = None, pad: Pad = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor: float | None = None,
) -> Variable:  # fmt: skip
    """y[n, c, o] = 1/(KH KW) sum over k of x[n, c, o S + k - P]

    (N, C, H, W) -> (N, C, OH, OW), OH = (H + P0 + P1 - KH) // S + 1, rounded up with `ceil_mode`. Padding is zeros, and
    counts in the mean, unless `count_include_pad` is False; what hangs over the padding never does. A `divisor` takes
    the place of that count.
    Raises ValueError if no window fits, if the divisor is 0, or if a window lies in padding that does not count.
    """
    return average("average_pool2d", 2, x, kernel, stride, pad, ceil_mode, count_include_pad, divisor)


def average_pool3d(
    x: Operand, kernel: Sizes, stride: Sizes | None = None, pad: Pad = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor: float | None = None,
) -> Variable:  # fmt: skip
    """average_pool2d with three spatial axes.   (N, C, D, H, W) -> (N, C, OD, OH, OW)"""
    return average("average_pool3d", 3, x, kernel, stride, pad, ceil_mode, count_include_pad, divisor)


def average(
    name: str, n: int, x: Operand, kernel: Sizes, stride: Sizes | None, pad: Pad, ceil: bool, padded: bool,
    divisor: float | None,
) -> Variable:  # fmt: skip
    """The means over windows of images with `n` spatial axes; `name` stands in the messages of errors."""
    w = pooling_windows(name, n, x, kernel, stride, pad, ceil)
    padded = flag(f"{name}: count_include_pad", padded)
    if divisor is not None and not number(f"{name}: divisor", divisor):
        raise ValueError(f"{name}: divisor must be a number other than 0, not {shown(divisor)}")
    if not padded and divisor is None:
        check_windows(name, w, pad)
    z = summable(x)
    count: Any = prod(w.kernel) if divisor is None else divisor
    if divisor is None and (ceil or not padded):
        around = padding(pad if padded else 0, w.size, w.kernel, w.stride, w.dilation)  # without what hangs over
        count = namespace(as_array(z)).asarray(counts(w, around).astype(z.dtype))
    return rounded(WindowSum(w)(z) / count, x)


def counts(w: Windows, pads: Pads) -> Any:
    """How many taps of each window lie on the image, or on the padding around it of these sizes.   -> (*out)"""
    count: Any = np.ones((), int)
    for H, K, S, (before, _), _, O, (P0, P1) in zip(*w, pads):
        start = np.arange(O) * S - before
        count = count[..., None] * (np.minimum(start + K, H + P1) - np.maximum(start, -P0))
    return count


def lp_pool1d(
    x: Operand, ord: float, kernel: Sizes, stride: Sizes | None = None, pad: Pad = 0, ceil_mode: bool = False
) -> Variable:
    """lp_pool2d with one spatial axis.   (N, C, L) -> (N, C, OL)"""
    return power_mean("lp_pool1d", 1, x, ord, kernel, stride, pad, ceil_mode)


def lp_pool2d(
    x: Operand, ord: float, kernel: Sizes, stride: Sizes | None = None, pad: Pad = 0, ceil_mode: bool = False
) -> Variable:
    """y[n, c, o] = (sum over k of |x[n, c, o S + k - P]|^ord)^(1/ord), the p-norm of each window.

    (N, C, H, W) -> (N, C, OH, OW). ord = 1 is a sum, a large one nearly the maximum of |x|. The gradient is 0 where y
    is, the second one nan.
    Raises ValueError if no window fits, or if ord < 1.
    """
    return power_mean("lp_pool2d", 2, x, ord, kernel, stride, pad, ceil_mode)


def lp_pool3d(
    x: Operand, ord: float, kernel: Sizes, stride: Sizes | None = None, pad: Pad = 0, ceil_mode: bool = False
) -> Variable:
    """lp_pool2d with three spatial axes.   (N, C, D, H, W) -> (N, C, OD, OH, OW)"""
    return power_mean("lp_pool3d", 3, x, ord, kernel, stride, pad, ceil_mode)


def power_mean(
    name: str, n: int, x: Operand, ord: float, kernel: Sizes, stride: Sizes | None, pad: Pad, ceil: bool
) -> Any:
    """The p-norms of windows of images with `n` spatial axes; `name` stands in the messages of errors."""
    w = pooling_windows(name, n, x, kernel, stride, pad, ceil)
    p = number(f"{name}: ord", ord, least=1)
    return with_room(lambda x: root(WindowSum(w)(abs(x) ** p), p), x)


def global_average_pool2d(x: Operand) -> Variable:
    """The mean of each channel.   (N, C, H, W) -> (N, C, 1, 1)"""
    check_images("global_average_pool2d", x, 2)
    return x.mean((2, 3), keepdims=True)


def adaptive_average_pool1d(x: Operand, size: Sizes) -> Variable:
    """adaptive_average_pool2d with one spatial axis.   (N, C, L) -> (N, C, OL)"""
    return adaptive_average("adaptive_average_pool1d", 1, x, size)


def adaptive_average_pool2d(x: Operand, size: Sizes) -> Variable:
    """The means of OH x OW regions that cover the image; region i holds rows floor(i H/OH) to ceil((i+1) H/OH) - 1.

    (N, C, H, W) -> (N, C, OH, OW). Rows and columns are averaged one after the other: y = A x B^T.
    """
    return adaptive_average("adaptive_average_pool2d", 2, x, size)


def adaptive_average_pool3d(x: Operand, size: Sizes) -> Variable:
    """adaptive_average_pool2d with three spatial axes.   (N, C, D, H, W) -> (N, C, OD, OH, OW)"""
    return adaptive_average("adaptive_average_pool3d", 3, x, size)


def adaptive_average(name: str, n: int, x: Operand, size: Sizes) -> Any:
    """The means of regions of images with `n` spatial axes; `name` stands in the messages of errors."""
    check_images(name, x, n)
    out = per_axis(f"{name}: size", size, n, 1)
    y = summable(x)
    for axis in range(-1, -n - 1, -1):
        y = WeightedSums(averaging(y, x.shape[axis], out[axis]), axis)(y)
    return rounded(y, x)


class RegionMax(Function):
    """y[o] = the largest pixel of region o of an image; the first of equal ones receives the gradient."""

    def __init__(self, shape, out):
        self.shape, self.out = shape, out

    def forward(self, x):
        y, pixel = pooling.region_max(x, self.out)
        N, C, *size = self.shape
        images = namespace(x).arange(N * C).reshape(N, C, *[1] * len(size)) * prod(size)
        self.save(place=(pixel + images).reshape(-1))
        return y

    def backward(self, gy):
        place = self.saved.place
        return reshape(AddRows(prod(self.shape))(reshape(gy, place.shape), place), self.shape)


def adaptive_max_pool1d(x: Operand, size: Sizes) -> Variable:
    """adaptive_max_pool2d with one spatial axis.   (N, C, L) -> (N, C, OL)"""
    return adaptive_max("adaptive_max_pool1d", 1, x, size)


def adaptive_max_pool2d(x: Operand, size: Sizes) -> Variable:
    """The maxima of OH x OW regions that cover the image: those of `adaptive_average_pool2d`.

    (N, C, H, W) -> (N, C, OH, OW). The first of equal pixels gets the gradient.
    Raises TypeError if x is not real, ValueError if the image is empty or a size is no whole number of at least 1.
    """
    return adaptive_max("adaptive_max_pool2d", 2, x, size)


def adaptive_max_pool3d(x: Operand, size: Sizes) -> Variable:
    """adaptive_max_pool2d with three spatial axes.   (N, C, D, H, W) -> (N, C, OD, OH, OW)"""
    return adaptive_max("adaptive_max_pool3d", 3, x, size)


def adaptive_max(name: str, n: int, x: Operand, size: Sizes) -> Any:
    """The maxima of regions of images with `n` spatial axes; `name` stands in the messages of errors."""
    check_images(name, x, n)
    out, shape = per_axis(f"{name}: size", size, n, 1), x.shape[2:]
    if 0 in shape:
        raise ValueError(f"{name} takes images of at least one pixel, not shape {x.shape}")
    if all(H % O == 0 for H, O in zip(shape, out)):
        kernel = tuple([H // O for H, O in zip(shape, out)])
        return MaxPool(max_windows(name, n, x, kernel, None, 0, False, 1))(x)
    if kind_of(x.dtype) not in "fiub":
        raise TypeError(f"{name} takes real numbers, not {x.dtype}: complex numbers and text have no maximum")
    return RegionMax(x.shape, out)(x)


class WindowFill(Function):
    """Each y[o] added to every pixel of window o: the adjoint of WindowSum."""

    def __init__(self, w):
        self.w = w

    def forward(self, y):
        return pooling.window_fill(y, self.w)

    def backward(self, gx):
        return WindowSum(self.w)(gx)


def upsample2d(x: Operand, scale: Sizes = 2) -> Variable:
    """Every pixel repeated, `scale` times along each axis [nearest neighbour].

    (N, C, H, W) -> (N, C, scale H, scale W); the gradient is the sum over the copies.
    """
    check_images("upsample2d", x, 2)
    kernel = per_axis("upsample2d: scale", scale, 2, 1)
    size = tuple([H * K for H, K in zip(x.shape[2:], kernel)])
    return WindowFill(windows(size, kernel, kernel))(x)


def pooling_windows(
    name: str,
    n: int,
    x: Operand,
    kernel: Sizes,
    stride: Sizes | None,
    pad: Pad,
    ceil: bool = False,
    dilation: Sizes = 1,
) -> Windows:
    """The windows of a pooling over `n` spatial axes. Raises ValueError if a size does not fit."""
    check_images(name, x, n)
    ceil = flag(f"{name}: ceil_mode", ceil)
    return windows_of(name, x.shape[2:], kernel, kernel if stride is None else stride, pad, dilation, ceil)


def averaging(x: Operand, H: int, O: int) -> Any:
    """The (O, H) matrix whose row i averages over region i, in the dtype and on the device of x."""
    i, p = np.arange(O)[:, None], np.arange(H)
    inside = (p >= i * H // O) & (p < -(-(i + 1) * H // O))
    weights = inside.astype(x.dtype) / inside.sum(axis=1, keepdims=True).astype(x.dtype)
    return namespace(as_array(x)).asarray(weights)
