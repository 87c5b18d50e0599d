"""The layers that convolve: filters and a bias of their own."""

from __future__ import annotations

from functools import partial
from math import prod, sqrt
from typing import Any

import numpy as np

from autograd.core import Operand, as_array
from autograd.functions.conv import check_images, conv_transpose2d, convolution, way_back, windows_of
from autograd.kernels.windows import Pad, Sizes, padding, per_axis
from autograd.layers.base import Generator, Initializer, Layer, Parameter, check_sizes
from autograd.layers.initializers import lecun, normal, zeros
from autograd.shapes import Shape


class Convolution(Layer):
    """y = x * W + b over `axes` spatial axes: what Conv1d, Conv2d and Conv3d have in common.

    `in_channels` is C; without it the first call tells. W starts normal with variance 1/(C/groups · K) (`lecun`) and b
    at zero; in front of a ReLU `initializer=he` keeps the size of the signal.
    """

    axes: int

    def __init__(
        self,
        out_channels: int,
        kernel: Sizes,
        stride: Sizes = 1,
        pad: Pad = 0,
        in_channels: int | None = None,
        bias: bool = True,
        *,
        dilation: Sizes = 1,
        groups: int = 1,
        initializer: Initializer = lecun,
        dtype: Any = np.float32,
        rng: Generator = None,
    ) -> None:
        check_sizes(out_channels=out_channels, groups=groups)
        kernel = per_axis("kernel", kernel, self.axes, 1)
        C = channels_per_group(in_channels, out_channels, groups)
        check_steps(self.axes, stride, pad, dilation)
        self.W = Parameter.planned((out_channels, C, *kernel), initializer, rng, dtype)
        self.b = Parameter.planned((out_channels,), zeros, rng, dtype) if bias else None
        self.stride, self.pad, self.dilation, self.groups = stride, pad, dilation, groups

    def forward(self, x: Operand) -> Any:
        name = type(self).__name__
        if None in self.W.shape:  # images that do not fit are refused before W takes a size from them
            check_images(name, x, self.axes)
            channels_per_group(x.shape[1], self.W.shape[0], self.groups)
            windows_of(name, x.shape[2:], self.W.shape[2:], self.stride, self.pad, self.dilation)
            self.W.settle(as_array(x)[:, :: self.groups], 1)  # every groups-th channel: as many as one group has
        return convolution(name, self.axes, x, self.W, self.b, self.stride, self.pad, self.dilation, self.groups)


class Conv1d(Convolution):
    """y[n, m, o] = sum over c, k of x[n, c, o S + k D - P] W[m, c, k], + b[m].   (N, C, L) -> (N, M, OL)

    The options are those of Conv2d, the sizes those of `conv1d`.
    """

    axes = 1


class Conv2d(Convolution):
    """y[n, m, o] = sum over c, k of x[n, c, o S + k D - P] W[m, c, k], + b[m].   (N, C, H, W) -> (N, M, OH, OW)

    W is (M, C/groups, KH, KW) and b (M,), for M = `out_channels`. `in_channels` is C; without it the first call tells.
    Sizes, strides and padding as in `conv2d`.
    """

    axes = 2


class Conv3d(Convolution):
    """y[n, m, o] = sum over c, k of x[n, c, o S + k D - P] W[m, c, k], + b[m].   (N, C, D, H, W) -> (N, M, OD, OH, OW)

    The options are those of Conv2d, the sizes those of `conv3d`.
    """

    axes = 3


class ConvTranspose2d(Layer):
    """Every pixel times the filter of its channel, laid down `stride` apart and summed: `conv_transpose2d`.

    (N, C, H, W) -> (N, M, OH, OW), OH = (H - 1) S + D (KH - 1) + 1 - P0 - P1 + output_pad; W is (C, M/groups, KH, KW).

    Where S pixels lie between the steps of a kernel of K taps, a pixel of y is a sum over C/groups · K/S weights, on
    average. So without an `initializer` W starts normal with variance 1 over that, which keeps the size of the signal.
    `lecun` and `he` divide by the fan-in of the shape of W, M/groups · K, which is that of the convolution back to x.
    """

    def __init__(
        self,
        out_channels: int,
        kernel: Sizes,
        stride: Sizes = 1,
        pad: Pad = 0,
        in_channels: int | None = None,
        bias: bool = True,
        *,
        output_pad: Sizes = 0,
        dilation: Sizes = 1,
        groups: int = 1,
        initializer: Initializer | None = None,
        dtype: Any = np.float32,
        rng: Generator = None,
    ) -> None:
        check_sizes(out_channels=out_channels, groups=groups)
        kernel = per_axis("kernel", kernel, 2, 1)
        channels_per_group(in_channels, out_channels, groups)
        check_steps(2, stride, pad, dilation)
        per_axis("output_pad", output_pad, 2, 0)
        steps = prod(per_axis("stride", stride, 2, 1))
        initializer = initializer or partial(spreading, groups=groups, steps=steps)
        self.W = Parameter.planned((in_channels, out_channels // groups, *kernel), initializer, rng, dtype)
        self.b = Parameter.planned((out_channels,), zeros, rng, dtype) if bias else None
        self.stride, self.pad, self.output_pad, self.dilation, self.groups = stride, pad, output_pad, dilation, groups

    def forward(self, x: Operand) -> Any:
        if None in self.W.shape:  # images that do not fit are refused before W takes a size from them
            name, (_, M, *kernel) = "ConvTranspose2d", self.W.shape
            check_images(name, x, 2)
            channels_per_group(x.shape[1], M * self.groups, self.groups)
            way_back(name, x.shape[2:], kernel, self.stride, self.pad, self.output_pad, self.dilation)
            self.W.settle(x, 1)
        return conv_transpose2d(x, self.W, self.b, self.stride, self.pad, self.output_pad, self.dilation, self.groups)


def spreading(shape: Shape, rng: Generator, dtype: Any, *, groups: int, steps: int) -> Any:
    """Normal with variance 1 / (C/groups · K/S), for filters (C, M/groups, ...) of K taps and S = `steps`."""
    return normal(shape, rng, dtype, std=sqrt(groups * steps / (shape[0] * prod(shape[2:]))))


def channels_per_group(C: int | None, M: int, groups: int) -> int | None:
    """C/groups, None if C is not known yet. Raises ValueError unless groups divides both numbers of channels."""
    if C is not None and (isinstance(C, bool) or not isinstance(C, (int, np.integer)) or C < 1):
        raise ValueError(f"in_channels must be a positive whole number or None, not {C!r}")
    if M % groups or (C is not None and C % groups):
        raise ValueError(f"groups = {groups} must divide the channels in, {C}, and out, {M}")
    return None if C is None else C // groups


def check_steps(n: int, stride: Sizes, pad: Pad, dilation: Sizes) -> None:
    """Raises ValueError for a stride, pad or dilation that fits no image of `n` axes."""
    ones = (1,) * n
    padding(pad, ones, ones, per_axis("stride", stride, n, 1), per_axis("dilation", dilation, n, 1))
