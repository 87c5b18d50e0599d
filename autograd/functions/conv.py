"""Convolution: the readable one, a matrix product of im2col and the filters; and the fast one, with the same meaning.

Images are (N, C, H, W): samples, channels, rows, columns. Filters are (M, C, KH, KW), one for each output channel; with
`groups` the channels fall into that many groups, and a filter sees only its own: (M, C/groups, KH, KW). As in every
framework the kernel is not turned over: the operation is what mathematics calls a cross-correlation.

A filter steps by `stride`; its taps are `dilation` pixels apart. `pad` adds zeros around the image: a number, one per
axis, a pair (before, behind) for each axis, `'valid'` (none), or `'same'` (so many that OH = ceil(H / stride)).

    OH = (H + P0 + P1 - D (KH - 1) - 1) // S + 1
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from autograd.core import Function, Operand
from autograd.functions.operands import operand, whole
from autograd.kernels import conv
from autograd.kernels import im2col as lay
from autograd.kernels.windows import Pad, Sizes, Windows, per_axis, windows
from autograd.shapes import Shape


class Im2col(Function):
    """cols[n, c, k, o] = the pixel under tap k of window o.   (N, C, *size) -> (N, C, *kernel, *out)"""

    def __init__(self, w):
        self.w = w

    def forward(self, x):
        return lay.im2col(x, self.w)

    def backward(self, gcols):
        return Col2im(self.w)(gcols)


class Col2im(Function):
    """Each pixel the sum of what the columns hold for it: the adjoint.   (N, C, *kernel, *out) -> (N, C, *size)"""

    def __init__(self, w):
        self.w = w

    def forward(self, cols):
        return lay.col2im(cols, self.w)

    def backward(self, gx):
        return Im2col(self.w)(gx)


class Convolve(Function):
    """y = x * W + b. With `Spread` and `Correlate` it is closed under differentiation: see `kernels/conv.py`."""

    def __init__(self, w, groups):
        self.w, self.groups = w, groups

    def forward(self, x, W, b=None):
        return conv.convolve(x, W, b, self.w, self.groups)

    def backward(self, gy):
        x, W, *b = self.inputs
        wanted_x, *wanted = self.parents
        gx = wanted_x and Spread(self.w, self.groups)(gy, W)
        if not any(wanted):
            return gx, *[None] * len(wanted)
        gWb = Correlate(self.w, self.groups, ones=bool(b))(x, gy)
        return (gx, *gWb) if b else (gx, gWb)


class Spread(Function):
    """x = every y[n, m, o] times filter m, laid down at window o and summed: the adjoint of Convolve in the image."""

    def __init__(self, w, groups):
        self.w, self.groups = w, groups

    def forward(self, y, W):
        return conv.spread(y, W, self.w, self.groups)

    def backward(self, gx):
        y, W = self.inputs
        wanted_y, wanted_W = self.parents
        return wanted_y and Convolve(self.w, self.groups)(gx, W), wanted_W and Correlate(self.w, self.groups)(gx, y)


class Correlate(Function):
    """W = the correlation of image and windows: the adjoint of Convolve in the filters; with `ones` in the bias too."""

    def __init__(self, w, groups, ones=False):
        self.w, self.groups, self.ones = w, groups, ones

    def forward(self, x, y):
        W, b = conv.correlate(x, y, self.w, self.groups, self.ones)
        return (W, b) if self.ones else W

    def backward(self, *gWb):
        x, y = self.inputs
        wanted_x, wanted_y = self.parents
        gx = wanted_x and Spread(self.w, self.groups)(y, gWb[0])
        return gx, wanted_y and Convolve(self.w, self.groups)(x, *gWb)


def im2col(x: Operand, kernel: Sizes, stride: Sizes = 1, pad: Pad = 0, dilation: Sizes = 1) -> Any:
    """The pixels under the kernel, a row for each of its positions: a convolution is then one matrix product.

    (N, C, H, W) -> (N · OH · OW, C · KH · KW)

    >>> import numpy as np
    >>> im2col(np.arange(16.0).reshape(1, 1, 4, 4), 2)[0]
    array([0., 1., 4., 5.])
    """
    check_images("im2col", x, 2)
    w = windows_of("im2col", x.shape[2:], kernel, stride, pad, dilation)
    return Im2col(w)(x).transpose(0, 4, 5, 1, 2, 3).reshape(x.shape[0] * prod(w.out), x.shape[1] * prod(w.kernel))


def col2im(
    cols: Operand, shape: Sequence[int], kernel: Sizes, stride: Sizes = 1, pad: Pad = 0, dilation: Sizes = 1
) -> Any:
    """An image of `shape`, each pixel the sum of its copies in the rows of im2col: the adjoint, which is no inverse.

    (N · OH · OW, C · KH · KW) -> (N, C, H, W)
    Raises ValueError if the rows are not those of im2col on such an image.
    """
    if len(shape) != 4:
        raise ValueError(f"col2im: shape must be (N, C, H, W), not {tuple(shape)}")
    N, C, *size = shape
    w = windows_of("col2im", tuple(size), kernel, stride, pad, dilation)
    expected = N * prod(w.out), C * prod(w.kernel)
    given = operand("col2im", cols).shape
    if given != expected:
        raise ValueError(f"col2im: images {tuple(shape)} have an im2col of shape {expected}, not {given}")
    return Col2im(w)(cols.reshape(N, *w.out, C, *w.kernel).transpose(0, 3, 4, 5, 1, 2))


def conv2d_by_im2col(
    x: Operand, W: Operand, b: Operand = None, stride: Sizes = 1, pad: Pad = 0, dilation: Sizes = 1, groups: int = 1
) -> Any:
    """conv2d as a picture: im2col, a matrix product, and the rows made images again. To read, and to test conv2d by."""
    G = whole("conv2d_by_im2col: groups", groups)
    w = fitting("conv2d_by_im2col", 2, x, W, b, stride, pad, dilation, G)
    N, M = x.shape[0], W.shape[0]
    cols = im2col(x, w.kernel, w.stride, w.pad, w.dilation)  # (N·OH·OW, C·KH·KW)
    cols = cols.reshape(len(cols), G, cols.shape[1] // G).transpose(1, 0, 2)  # (G, N·OH·OW, C/G·KH·KW)
    filters = W.reshape(G, M // G, cols.shape[2]).transpose(0, 2, 1)  # (G, C/G·KH·KW, M/G)
    y = (cols @ filters).transpose(1, 0, 2).reshape(N, *w.out, M)
    return (y if b is None else y + b).transpose(0, 3, 1, 2)


def conv1d(
    x: Operand, W: Operand, b: Operand = None, stride: Sizes = 1, pad: Pad = 0, dilation: Sizes = 1, groups: int = 1
) -> Any:
    """conv2d with one spatial axis.   (N, C, L) (M, C/groups, K) (M,) -> (N, M, OL)"""
    return convolution("conv1d", 1, x, W, b, stride, pad, dilation, groups)


def conv2d(
    x: Operand, W: Operand, b: Operand = None, stride: Sizes = 1, pad: Pad = 0, dilation: Sizes = 1, groups: int = 1
) -> Any:
    """y[n, m, o] = sum over c, k of x[n, c, o S + k D - P] W[m, c, k], + b[m]

    (N, C, H, W) (M, C/groups, KH, KW) (M,) -> (N, M, OH, OW), OH = (H + P0 + P1 - D (KH - 1) - 1) // S + 1

    With groups = C a filter sees one channel only: a depthwise convolution.
    Raises ValueError if the channels do not fit, or the kernel does not fit into the padded image; TypeError for
    operands that are no arrays, and for groups that are no whole number.
    """
    return convolution("conv2d", 2, x, W, b, stride, pad, dilation, groups)


def conv3d(
    x: Operand, W: Operand, b: Operand = None, stride: Sizes = 1, pad: Pad = 0, dilation: Sizes = 1, groups: int = 1
) -> Any:
    """conv2d with three spatial axes.   (N, C, D, H, W) (M, C/groups, KD, KH, KW) (M,) -> (N, M, OD, OH, OW)"""
    return convolution("conv3d", 3, x, W, b, stride, pad, dilation, groups)


def convolution(
    name: str, n: int, x: Operand, W: Operand, b: Operand, stride: Sizes, pad: Pad, dilation: Sizes, groups: int
) -> Any:
    """The convolution over `n` spatial axes."""
    groups = whole(f"{name}: groups", groups)
    w = fitting(name, n, x, W, b, stride, pad, dilation, groups)
    return Convolve(w, groups)(x, W) if b is None else Convolve(w, groups)(x, W, b)


def conv_transpose2d(
    x: Operand,
    W: Operand,
    b: Operand = None,
    stride: Sizes = 1,
    pad: Pad = 0,
    output_pad: Sizes = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> Any:
    """Every pixel times the filter of its channel, laid down `stride` apart and summed: the adjoint of conv2d.

    (N, C, H, W) (C, M/groups, KH, KW) (M,) -> (N, M, OH, OW), OH = (H - 1) S + D (KH - 1) + 1 - P0 - P1 + output_pad

    `pad` cuts off what conv2d with that pad would have added. conv2d maps images of several sizes to one size if
    stride > 1; `output_pad` says to which of them the way back leads.
    Raises ValueError if the channels do not fit, OH is not positive, or output_pad is not smaller than the stride.
    """
    check_images("conv_transpose2d", x, 2)
    check_filters("conv_transpose2d", W, 2)
    groups = whole("conv_transpose2d: groups", groups)
    M = W.shape[1] * groups
    if W.shape[0] != x.shape[1] or W.shape[0] % groups:
        raise ValueError(
            f"conv_transpose2d: filters {W.shape} for images {x.shape} in {groups} groups: W must be "
            f"(C, M/groups, KH, KW) with C = {x.shape[1]} a multiple of groups"
        )
    check_bias("conv_transpose2d", b, M)
    w = way_back("conv_transpose2d", x.shape[2:], W.shape[2:], stride, pad, output_pad, dilation)
    y = Spread(w, groups)(x, W)
    return y if b is None else y + b.reshape(M, 1, 1)


def way_back(
    name: str, size: Shape, kernel: Sizes, stride: Sizes, pad: Pad, output_pad: Sizes, dilation: Sizes
) -> Windows:
    """The windows, as many as `size` says, on the image that a transposed convolution makes."""
    if isinstance(pad, str):
        raise ValueError(f"{name}: pad must be numbers or pairs, not {pad!r}: OH depends on it")
    n = len(size)
    w = windows_of(name, (1 << 30,) * n, kernel, stride, pad, dilation)  # checks these; the size is found below
    more = per_axis(f"{name}: output_pad", output_pad, n, 0)
    image = []
    for H, K, S, (P0, P1), D, R in zip(size, w.kernel, w.stride, w.pad, w.dilation, more):
        numbers = f"(H - 1) S + D (K - 1) + 1 - P0 - P1 + R = ({H} - 1) {S} + {D} ({K} - 1) + 1 - {P0} - {P1} + {R}"
        O = (H - 1) * S + D * (K - 1) + 1 - P0 - P1 + R
        if O < 1 or R >= S:
            raise ValueError(
                f"{name}: the output size would be {numbers} = {O}: it must be at least 1, "
                f"and output_pad R = {R} smaller than the stride {S}"
            )
        image.append(O)
    return w._replace(size=tuple(image), out=tuple(size))


def fitting(
    name: str, n: int, x: Operand, W: Operand, b: Operand, stride: Sizes, pad: Pad, dilation: Sizes, groups: int
) -> Windows:
    """The windows of filters on images of `n` axes, once all shapes are known to fit."""
    check_images(name, x, n)
    check_filters(name, W, n)
    C, M = x.shape[1], W.shape[0]
    if W.shape[1] * groups != C or M % groups:
        raise ValueError(
            f"{name}: filters {W.shape} for images {x.shape} in {groups} groups: W must be (M, C/groups, ...) with "
            f"C = {C} and M = {M} multiples of groups"
        )
    check_bias(name, b, M)
    return windows_of(name, x.shape[2:], W.shape[2:], stride, pad, dilation)


def windows_of(
    name: str, size: Shape, kernel: Sizes, stride: Sizes, pad: Pad, dilation: Sizes = 1, ceil: bool = False
) -> Windows:
    """`windows`, whose errors name the function."""
    try:
        return windows(size, kernel, stride, pad, dilation, ceil)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def check_images(name: str, x: Operand, n: int) -> None:
    shape = operand(name, x).shape
    if len(shape) != n + 2:
        axes = ("N", "C", *("DHW"[-n:] if n > 1 else "L"))
        raise ValueError(f"{name}: x must have the {n + 2} axes ({', '.join(axes)}), not the shape {shape}")


def check_filters(name: str, W: Operand, n: int) -> None:
    shape = operand(name, W).shape
    if len(shape) != n + 2 or 0 in shape:
        raise ValueError(f"{name}: W must have {n + 2} axes, 2 for channels, {n} for the kernel, and is {shape}")


def check_bias(name: str, b: Operand, M: int) -> None:
    shape = (M,) if b is None else operand(name, b).shape
    if shape != (M,):
        raise ValueError(f"{name}: b must have the shape ({M},), one number a channel, and is {shape}")
