"""Convolution: `conv2d`, which is fast, and `conv2d_by_im2col`, which is to read and means the same.

Images are (N, C, H, W): samples, channels, rows, columns. Filters are (M, C, KH, KW), one for each output channel. With
`groups` the channels fall into that many groups, and a filter sees only its own: (M, C/groups, KH, KW). The kernel is
not turned over, as in every framework: mathematics calls the operation a cross-correlation.

A filter steps by `stride`; its taps are `dilation` pixels apart. `pad` adds zeros around the image: a number, one per
axis, a pair (before, behind) for each axis, `'valid'` (none), or `'same'` (so many that OH = ceil(H / stride)).

    OH = (H + P0 + P1 - D (KH - 1) - 1) // S + 1
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from autograd.algebra import Operand, as_array
from autograd.checks import shown, whole
from autograd.function import Function
from autograd.functions.operands import channels_behind, in_single, operand
from autograd.kernels import conv
from autograd.kernels import im2col as arrays
from autograd.kernels.gpu import floats_on_gpu
from autograd.kernels.windows import Pad, Sizes, Windows, per_axis, windows
from autograd.shapes import Shape, shape_of
from autograd.variable import Variable

__all__ = [
    "Col2im", "Im2col", "col2im", "conv1d", "conv2d", "conv2d_by_im2col", "conv3d", "conv_transpose1d",
    "conv_transpose2d", "conv_transpose3d", "im2col",
]  # fmt: skip


class Im2col(Function):
    """cols[n, c, k, o] = the pixel under tap k of window o.   (N, C, *size) -> (N, C, *kernel, *out)"""

    def __init__(self, w):
        self.w = w

    def forward(self, x):
        return arrays.im2col(x, self.w)

    def backward(self, gcols):
        return Col2im(self.w)(gcols)


def im2col(x: Operand, kernel: Sizes, stride: Sizes = 1, pad: Pad = 0, dilation: Sizes = 1) -> Variable:
    """The pixels under the kernel, a row for each of its positions: a convolution is then one matrix product.

    (N, C, H, W) -> (N · OH · OW, C · KH · KW)

    >>> import numpy as np
    >>> im2col(np.arange(16.0).reshape(1, 1, 4, 4), 2)[0]
    array([0., 1., 4., 5.])
    """
    check_images("im2col", x, 2)
    return as_rows(x, windows_of("im2col", x.shape[2:], kernel, stride, pad, dilation))


def as_rows(x: Operand, w: Windows) -> Any:
    """im2col as a matrix.   (N, C, *size) -> (N · O, C · K)"""
    cols = Im2col(w)(x)  # (N, C, KH, KW, OH, OW)
    return cols.transpose(0, 4, 5, 1, 2, 3).reshape(x.shape[0] * prod(w.out), x.shape[1] * prod(w.kernel))


class Col2im(Function):
    """x[p] = the sum of the copies of pixel p: the adjoint of Im2col.   (N, C, *kernel, *out) -> (N, C, *size)"""

    def __init__(self, w):
        self.w = w

    def forward(self, cols):
        return arrays.col2im(cols, self.w)

    def backward(self, gx):
        return Im2col(self.w)(gx)


def col2im(
    cols: Operand, shape: Sequence[int], kernel: Sizes, stride: Sizes = 1, pad: Pad = 0, dilation: Sizes = 1
) -> Variable:
    """An image of `shape`, each pixel the sum of its copies in the rows of im2col: the adjoint, which is no inverse.

    (N · OH · OW, C · KH · KW) -> (N, C, H, W)
    Raises ValueError if the rows are not those of im2col on such an image.
    """
    shape = shape_of("col2im: a size", shape)
    if len(shape) != 4:
        raise ValueError(f"col2im: shape must be (N, C, H, W), not {shape}")
    N, C, *size = shape
    w = windows_of("col2im", tuple(size), kernel, stride, pad, dilation)
    expected = N * prod(w.out), C * prod(w.kernel)
    given = operand("col2im", cols).shape
    if given != expected:
        raise ValueError(f"col2im takes for images {shape} an im2col of shape {expected}, not {given}")
    return Col2im(w)(cols.reshape(N, *w.out, C, *w.kernel).transpose(0, 3, 4, 5, 1, 2))


def conv2d_by_im2col(
    x: Operand, W: Operand, b: Operand = None, stride: Sizes = 1, pad: Pad = 0, dilation: Sizes = 1, groups: int = 1
) -> Variable:
    """conv2d, to read and to test conv2d by: im2col, a matrix product, and its rows made images again."""
    w, G = checked("conv2d_by_im2col", 2, x, W, b, stride, pad, dilation, groups)
    N, M = x.shape[0], W.shape[0]
    cols = as_rows(x, w)  # (N·OH·OW, C·KH·KW)
    cols = cols.reshape(len(cols), G, cols.shape[1] // G).transpose(1, 0, 2)  # (G, N·OH·OW, C/G·KH·KW)
    filters = W.reshape(G, M // G, cols.shape[2]).transpose(0, 2, 1)  # (G, C/G·KH·KW, M/G)
    y = (cols @ filters).transpose(1, 0, 2).reshape(N, *w.out, M)  # (N, OH, OW, M)
    return (y if b is None else y + b).transpose(0, 3, 1, 2)  # (N, M, OH, OW)


class Conv(Function):
    """y = x * W + b [convolution]. With ConvTranspose it is closed under differentiation: see `kernels/conv.py`."""

    alike = 0

    def __init__(self, w, groups):
        self.w, self.groups = w, groups

    def forward(self, x, W, b=None):
        return conv.forward(x, W, b, self.w, self.groups)

    def backward(self, gy):
        x, W, *b = self.inputs
        needs_x, *needs_Wb = self.needs
        gx = needs_x and ConvTranspose(self.w, self.groups)(gy, W)
        if not any(needs_Wb):
            return gx, *[None] * len(needs_Wb)
        gWb = ConvFilterGradient(self.w, self.groups, bias=bool(b))(x, gy)
        return (gx, *gWb) if b else (gx, gWb)


class ConvFilterGradient(Function):
    """gW, and with `bias` gb: the adjoint of Conv in W and b [weight gradient].   x, gy -> gW or (gW, gb)"""

    alike = 0

    def __init__(self, w, groups, bias=False):
        self.w, self.groups, self.bias = w, groups, bias

    def forward(self, x, gy):
        gW, gb = conv.filter_gradient(x, gy, self.w, self.groups, self.bias)
        return (gW, gb) if self.bias else gW

    def backward(self, *ggWb):
        x, gy = self.inputs
        needs_x, needs_gy = self.needs
        gx = needs_x and ConvTranspose(self.w, self.groups)(gy, ggWb[0])
        return gx, needs_gy and Conv(self.w, self.groups)(x, *ggWb)


def conv1d(
    x: Operand, W: Operand, b: Operand = None, stride: Sizes = 1, pad: Pad = 0, dilation: Sizes = 1, groups: int = 1
) -> Variable:
    """conv2d with one spatial axis.   (N, C, L) (M, C/groups, K) (M,) -> (N, M, OL)"""
    return conv_nd("conv1d", 1, x, W, b, stride, pad, dilation, groups)


def conv2d(
    x: Operand, W: Operand, b: Operand = None, stride: Sizes = 1, pad: Pad = 0, dilation: Sizes = 1, groups: int = 1
) -> Variable:
    """y[n, m, o] = sum over c, k of x[n, c, o S + k D - P] W[m, c, k], + b[m]

    (N, C, H, W) (M, C/groups, KH, KW) (M,) -> (N, M, OH, OW), OH = (H + P0 + P1 - D (KH - 1) - 1) // S + 1

    With groups = C a filter sees one channel only: a depthwise convolution.
    Raises ValueError if the channels do not fit, or the kernel does not fit into the padded image. Raises TypeError for
    operands that are no arrays, and for groups that are no whole number.
    """
    return conv_nd("conv2d", 2, x, W, b, stride, pad, dilation, groups)


def conv3d(
    x: Operand, W: Operand, b: Operand = None, stride: Sizes = 1, pad: Pad = 0, dilation: Sizes = 1, groups: int = 1
) -> Variable:
    """conv2d with three spatial axes.   (N, C, D, H, W) (M, C/groups, KD, KH, KW) (M,) -> (N, M, OD, OH, OW)"""
    return conv_nd("conv3d", 3, x, W, b, stride, pad, dilation, groups)


def conv_nd(
    name: str, n: int, x: Operand, W: Operand, b: Operand, stride: Sizes, pad: Pad, dilation: Sizes, groups: int
) -> Any:
    """The convolution over `n` spatial axes; `name` stands in the messages of errors."""
    w, groups = checked(name, n, x, W, b, stride, pad, dilation, groups)
    return with_digits(Conv(w, groups), *((x, W) if b is None else (x, W, b)))


def with_digits(f: Any, *operands: Operand) -> Any:
    """f(*operands), with sums of float16 in float32: kernels for a GPU make them so, elsewhere `in_single` does."""
    return f(*operands) if floats_on_gpu(*map(as_array, operands)) else in_single(f, *operands)


class ConvTranspose(Function):
    """x = the sum of all y[n, m, o] times filter m, laid down at window o: the adjoint of Conv in x.   y, W -> x"""

    alike = 0

    def __init__(self, w, groups):
        self.w, self.groups = w, groups

    def forward(self, y, W):
        return conv.transpose(y, W, self.w, self.groups)

    def backward(self, gx):
        y, W = self.inputs
        needs_y, needs_W = self.needs
        gy = needs_y and Conv(self.w, self.groups)(gx, W)
        return gy, needs_W and ConvFilterGradient(self.w, self.groups)(gx, y)


def conv_transpose1d(
    x: Operand,
    W: Operand,
    b: Operand = None,
    stride: Sizes = 1,
    pad: Pad = 0,
    output_pad: Sizes = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> Variable:
    """conv_transpose2d with one spatial axis.   (N, C, L) (C, M/groups, K) (M,) -> (N, M, OL)"""
    return transposed("conv_transpose1d", 1, x, W, b, stride, pad, output_pad, dilation, groups)


def conv_transpose2d(
    x: Operand,
    W: Operand,
    b: Operand = None,
    stride: Sizes = 1,
    pad: Pad = 0,
    output_pad: Sizes = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> Variable:
    """Every pixel times the filter of its channel, laid down `stride` apart and summed: the adjoint of conv2d.

    (N, C, H, W) (C, M/groups, KH, KW) (M,) -> (N, M, OH, OW), OH = (H - 1) S + D (KH - 1) + 1 - P0 - P1 + output_pad

    `pad` cuts off what conv2d with that pad would have added. With stride > 1 several image sizes give the same output
    size of conv2d; `output_pad` chooses which one to restore.
    Raises ValueError if the channels do not fit, OH is not positive, or output_pad is not smaller than the stride.
    """
    return transposed("conv_transpose2d", 2, x, W, b, stride, pad, output_pad, dilation, groups)


def conv_transpose3d(
    x: Operand,
    W: Operand,
    b: Operand = None,
    stride: Sizes = 1,
    pad: Pad = 0,
    output_pad: Sizes = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> Variable:
    """conv_transpose2d with three spatial axes.   (N, C, D, H, W) (C, M/groups, *K) (M,) -> (N, M, OD, OH, OW)"""
    return transposed("conv_transpose3d", 3, x, W, b, stride, pad, output_pad, dilation, groups)


def transposed(
    name: str, n: int, x: Operand, W: Operand, b: Operand, stride: Sizes, pad: Pad, output_pad: Sizes, dilation: Sizes,
    groups: int,
) -> Variable:  # fmt: skip
    """The transposed convolution over `n` spatial axes; `name` stands in the messages of errors."""
    check_images(name, x, n)
    check_filters(name, W, n)
    groups = whole(f"{name}: groups", groups)
    C, M = x.shape[1], W.shape[1] * groups
    if W.shape[0] != C or C % groups:
        raise ValueError(
            f"{name} takes filters W (C, M/groups, ...), with C = {C} a multiple of groups, "
            f"not filters {W.shape} for images {x.shape} in {groups} groups{channels_behind(x.shape, W.shape[0])}"
        )
    check_bias(name, b, M)
    w = transposed_windows(name, x.shape[2:], W.shape[2:], stride, pad, output_pad, dilation)
    if b is None:
        return with_digits(ConvTranspose(w, groups), x, W)
    return with_digits(lambda x, W, b: ConvTranspose(w, groups)(x, W) + b.reshape(M, *[1] * n), x, W, b)


def transposed_windows(
    name: str, size: Shape, kernel: Sizes, stride: Sizes, pad: Pad, output_pad: Sizes, dilation: Sizes
) -> Windows:
    """The windows, as many as `size` says, on the image that a transposed convolution makes."""
    if isinstance(pad, str):
        raise ValueError(f"{name}: pad must be numbers or pairs, not {shown(pad)}: OH depends on it")
    n = len(size)
    w = windows_of(name, (1 << 30,) * n, kernel, stride, pad, dilation)  # checks these; the size is found below
    more = per_axis(f"{name}: output_pad", output_pad, n, 0)
    image = []
    for H, K, S, (P0, P1), D, R in zip(size, w.kernel, w.stride, w.pad, w.dilation, more):
        numbers = f"(H - 1) S + D (K - 1) + 1 - P0 - P1 + R = ({H} - 1) {S} + {D} ({K} - 1) + 1 - {P0} - {P1} + {R}"
        O = (H - 1) * S + D * (K - 1) + 1 - P0 - P1 + R
        if O < 1:
            raise ValueError(f"{name}: the output size must be at least 1, not {numbers} = {O}")
        if R >= S:
            raise ValueError(f"{name}: output_pad must be smaller than the stride {S}, not {R}")
        image.append(O)
    return w._replace(size=tuple(image), out=tuple(size))


def checked(
    name: str, n: int, x: Operand, W: Operand, b: Operand, stride: Sizes, pad: Pad, dilation: Sizes, groups: int
) -> tuple[Windows, int]:
    """The windows of filters on images of `n` axes, and the number of groups. Raises if anything does not fit."""
    groups = whole(f"{name}: groups", groups)
    check_images(name, x, n)
    check_filters(name, W, n)
    C, M = x.shape[1], W.shape[0]
    if W.shape[1] * groups != C or M % groups:
        remedy = channels_behind(x.shape, W.shape[1] * groups)
        raise ValueError(
            f"{name} takes filters W (M, C/groups, ...), with C = {C} and M = {M} multiples of groups, "
            f"not filters {W.shape} for images {x.shape} in {groups} groups{remedy}"
        )
    check_bias(name, b, M)
    return windows_of(name, x.shape[2:], W.shape[2:], stride, pad, dilation), groups


def windows_of(
    name: str, size: Shape, kernel: Sizes, stride: Sizes, pad: Pad, dilation: Sizes = 1, ceil: bool = False
) -> Windows:
    """`windows`, with `name` in front of the messages of its errors."""
    try:
        return windows(size, kernel, stride, pad, dilation, ceil)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def check_images(name: str, x: Operand, n: int) -> None:
    """Raises ValueError unless x has `n` spatial axes behind those of samples and channels."""
    shape = operand(name, x).shape
    if len(shape) != n + 2:
        axes = ("N", "C", *("DHW"[-n:] if n > 1 else "L"))
        raise ValueError(f"{name}: x must have the {n + 2} axes ({', '.join(axes)}), not the shape {shape}")


def check_filters(name: str, W: Operand, n: int) -> None:
    """Raises ValueError unless W has two axes for channels and `n` for the kernel, none of them empty."""
    shape = operand(name, W).shape
    if len(shape) != n + 2 or 0 in shape:
        raise ValueError(f"{name}: W must have {n + 2} axes, 2 for channels, {n} for the kernel, not the shape {shape}")


def check_bias(name: str, b: Operand, M: int) -> None:
    """Raises ValueError unless b is None or has one number for each of M channels."""
    shape = (M,) if b is None else operand(name, b).shape
    if shape != (M,):
        raise ValueError(f"{name}: b must have the shape ({M},), one number a channel, not {shape}")
