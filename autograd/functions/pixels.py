"""Pixels moved between space and channels, and the windows of an image side by side. No value changes."""

from __future__ import annotations

from math import prod
from typing import Any

from autograd.algebra import Operand, reshape, transpose
from autograd.checks import shown, whole
from autograd.functions.conv import Col2im, Im2col, windows_of
from autograd.functions.operands import operand
from autograd.functions.pooling import spatial_axes
from autograd.kernels.windows import Pad, Sizes, per_axis
from autograd.variable import Variable

__all__ = ["channel_shuffle", "fold", "pixel_shuffle", "pixel_unshuffle", "unfold"]


def pixel_shuffle(x: Operand, scale: int) -> Variable:
    """r^2 channels become r x r pixels, r = `scale` [depth to space].   (..., C r^2, H, W) -> (..., C, r H, r W)

    y[c, h r + i, w r + j] = x[c r^2 + i r + j, h, w]. Source: Shi et al., "Real-time single image and video
    super-resolution", 2016.
    Raises ValueError unless x has at least three axes and a multiple of r^2 channels.
    """
    shape, r = operand("pixel_shuffle", x).shape, whole("pixel_shuffle: scale", scale)
    if len(shape) < 3 or shape[-3] % (r * r):
        raise ValueError(f"pixel_shuffle takes x (..., C, H, W) with a multiple of {r * r} channels, not shape {shape}")
    *N, C, H, W = shape
    n = len(N)
    x = reshape(x, (*N, C // (r * r), r, r, H, W))
    return reshape(transpose(x, (*range(n + 1), n + 3, n + 1, n + 4, n + 2)), (*N, C // (r * r), H * r, W * r))


def pixel_unshuffle(x: Operand, scale: int) -> Variable:
    """r x r pixels become r^2 channels, r = `scale`: `pixel_shuffle` undone.   (..., C, r H, r W) -> (..., C r^2, H, W)

    Raises ValueError unless x has at least three axes and r divides height and width.
    """
    shape, r = operand("pixel_unshuffle", x).shape, whole("pixel_unshuffle: scale", scale)
    if len(shape) < 3 or shape[-2] % r or shape[-1] % r:
        raise ValueError(f"pixel_unshuffle takes x (..., C, H, W), H and W multiples of {r}, not shape {shape}")
    *N, C, H, W = shape
    n = len(N)
    x = reshape(x, (*N, C, H // r, r, W // r, r))
    return reshape(transpose(x, (*range(n + 1), n + 2, n + 4, n + 1, n + 3)), (*N, C * r * r, H // r, W // r))


def channel_shuffle(x: Operand, groups: int) -> Variable:
    """Channel g K + k becomes channel k G + g, for G groups of K channels.   (N, C, ...) -> (N, C, ...)

    What one group of filters has found, all groups of the next layer see. Source: Zhang et al., "ShuffleNet", 2017.
    Raises ValueError unless x has channels, a multiple of groups.
    """
    shape, G = operand("channel_shuffle", x).shape, whole("channel_shuffle: groups", groups)
    if len(shape) < 2 or shape[1] % G:
        raise ValueError(f"channel_shuffle takes x (N, C, ...), C a multiple of {G} groups, not shape {shape}")
    x = reshape(x, (shape[0], G, shape[1] // G, prod(shape[2:])))
    return reshape(transpose(x, (0, 2, 1, 3)), shape)


def unfold(x: Operand, kernel: Sizes, stride: Sizes = 1, pad: Pad = 0, dilation: Sizes = 1) -> Variable:
    """The pixels under each tap of a kernel, a column for each of its L positions.   (N, C, *size) -> (N, C K, L)

    K is the number of taps. `im2col` has the same numbers in rows. Images have one to three spatial axes.
    Raises ValueError if no window fits.
    """
    n = spatial_axes("unfold", x)
    w = windows_of("unfold", x.shape[2:], per_axis("unfold: kernel", kernel, n, 1), stride, pad, dilation)
    return reshape(Im2col(w)(x), (x.shape[0], x.shape[1] * prod(w.kernel), prod(w.out)))


def fold(cols: Operand, size: Any, kernel: Sizes, stride: Sizes = 1, pad: Pad = 0, dilation: Sizes = 1) -> Variable:
    """Columns laid down where `unfold` found them, and summed: its adjoint.   (N, C K, L) -> (N, C, *size)

    `size` is the size of the image, a tuple with one to three sizes.
    Raises ValueError if the columns are not as many as the kernel has positions, or not a multiple of K long.
    """
    shape = operand("fold", cols).shape
    sizes = tuple(size) if isinstance(size, (tuple, list)) else ()
    if not 1 <= len(sizes) <= 3:
        raise ValueError(f"fold: size must be a tuple of one to three sizes, not {shown(size)}")
    sizes = per_axis("fold: size", sizes, len(sizes), 1)
    w = windows_of("fold", sizes, kernel, stride, pad, dilation)
    K, L = prod(w.kernel), prod(w.out)
    if len(shape) != 3 or shape[1] % K or shape[2] != L:
        raise ValueError(f"fold takes columns (N, C · {K}, {L}) for the image {sizes}, not shape {shape}")
    return Col2im(w)(reshape(cols, (shape[0], shape[1] // K, *w.kernel, *w.out)))
