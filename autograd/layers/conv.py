"""The convolution layers: filters and a bias of their own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import prod, sqrt
from typing import Any, ClassVar

import numpy as np

from autograd.algebra import Operand
from autograd.checks import flag, whole
from autograd.functions.conv import conv1d, conv2d, conv3d, conv_transpose1d, conv_transpose2d, conv_transpose3d
from autograd.kernels.windows import Pad, Sizes, per_axis, windows
from autograd.layers.base import Generator, Initializer, Layer, Parameter, fitting, lazy_size
from autograd.layers.initializers import lecun, normal, zeros
from autograd.shapes import Shape
from autograd.variable import Variable

__all__ = ["Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"]

LARGE = 1 << 30  # pixels along an axis: more than any kernel, so only the arguments themselves can be wrong


class Convolution(Layer):
    """y = x * W + b over `axes` spatial axes: the base of Conv1d, Conv2d and Conv3d.

    `in_channels` is C; without it, the first call takes C from x. W starts normal with variance 1/(C/groups · K)
    (`lecun`), and b at zero. In front of a ReLU, `initializer=he` keeps the size of the signal.
    """

    axes: ClassVar[int]
    function: ClassVar[Callable[..., Any]]

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
        C, M, groups = checked_channels(in_channels, out_channels, groups)
        bias = flag("bias", bias)
        kernel = windows((LARGE,) * self.axes, kernel, stride, pad, dilation).kernel
        self.W = Parameter.lazy((M, C and C // groups, *kernel), initializer, rng, dtype, axis=1, share=groups)
        self.b = Parameter.lazy((M,), zeros, rng, dtype) if bias else None
        self.stride, self.pad, self.dilation, self.groups = stride, pad, dilation, groups

    def forward(self, x: Operand) -> Variable:
        x = fitting(self, x, self.W)
        return self.function(x, self.W, self.b, self.stride, self.pad, self.dilation, self.groups)


class Conv1d(Convolution):
    """y[n, m, o] = sum over c, k of x[n, c, o S + k D - P] W[m, c, k], + b[m].   (N, C, L) -> (N, M, OL)

    The options are those of Conv2d, the sizes those of `conv1d`.
    """

    axes = 1
    function = staticmethod(conv1d)


class Conv2d(Convolution):
    """y[n, m, o] = sum over c, k of x[n, c, o S + k D - P] W[m, c, k], + b[m].   (N, C, H, W) -> (N, M, OH, OW)

    W is (M, C/groups, KH, KW) and b (M,), with M = `out_channels`. `in_channels` is C; without it, the first call takes
    C from x. Sizes, strides and padding are those of `conv2d`.
    """

    axes = 2
    function = staticmethod(conv2d)


class Conv3d(Convolution):
    """y[n, m, o] = sum over c, k of x[n, c, o S + k D - P] W[m, c, k], + b[m].   (N, C, D, H, W) -> (N, M, OD, OH, OW)

    The options are those of Conv2d, the sizes those of `conv3d`.
    """

    axes = 3
    function = staticmethod(conv3d)


class ConvolutionTranspose(Layer):
    """The transposed convolution over `axes` spatial axes: the base of ConvTranspose1d, 2d and 3d.

    With stride S and K taps, each output pixel sums C/groups · K/S weights on average. The default initializer uses
    that number as the fan-in, which keeps the size of the signal. `lecun` and `he` use M/groups · K instead, the fan-in
    of the convolution back to x.
    """

    axes: ClassVar[int]
    function: ClassVar[Callable[..., Any]]

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
        C, M, groups = checked_channels(in_channels, out_channels, groups)
        bias = flag("bias", bias)
        w = windows((LARGE,) * self.axes, kernel, stride, pad, dilation)
        per_axis("output_pad", output_pad, self.axes, 0)
        if initializer is None:
            initializer = partial(transposed_lecun, groups=groups, steps=prod(w.stride))
        self.W = Parameter.lazy((C, M // groups, *w.kernel), initializer, rng, dtype, axis=1)
        self.b = Parameter.lazy((M,), zeros, rng, dtype) if bias else None
        self.stride, self.pad, self.output_pad, self.dilation, self.groups = stride, pad, output_pad, dilation, groups

    def forward(self, x: Operand) -> Variable:
        x = fitting(self, x, self.W)
        return self.function(x, self.W, self.b, self.stride, self.pad, self.output_pad, self.dilation, self.groups)


class ConvTranspose1d(ConvolutionTranspose):
    """Each step times the filter of its channel, laid down `stride` apart and summed.   (N, C, L) -> (N, M, OL)

    The options are those of ConvTranspose2d, the sizes those of `conv_transpose1d`.
    """

    axes = 1
    function = staticmethod(conv_transpose1d)


class ConvTranspose2d(ConvolutionTranspose):
    """The transposed convolution: each pixel times the filter of its channel, laid down `stride` apart and summed.

    (N, C, H, W) -> (N, M, OH, OW), OH = (H - 1) S + D (KH - 1) + 1 - P0 - P1 + output_pad; W is (C, M/groups, KH, KW).
    The options are those of `conv_transpose2d`.
    """

    axes = 2
    function = staticmethod(conv_transpose2d)


class ConvTranspose3d(ConvolutionTranspose):
    """Each voxel times the filter of its channel, laid down `stride` apart.   (N, C, D, H, W) -> (N, M, OD, OH, OW)

    The options are those of ConvTranspose2d, the sizes those of `conv_transpose3d`.
    """

    axes = 3
    function = staticmethod(conv_transpose3d)


def transposed_lecun(shape: Shape, rng: Generator, dtype: Any, *, groups: int, steps: int) -> Any:
    """Normal with variance 1 / (C/groups · K/S), for filters (C, M/groups, ...) of K taps and S = `steps`."""
    return normal(shape, rng, dtype, std=sqrt(groups * steps / (shape[0] * prod(shape[2:]))))


def checked_channels(in_channels: Any, out_channels: Any, groups: Any) -> tuple[int | None, int, int]:
    """C (None if not known yet), M and groups as ints. Raises ValueError unless groups divides C and M."""
    C, M, groups = lazy_size("in_channels", in_channels), whole("out_channels", out_channels), whole("groups", groups)
    if M % groups or (C or 0) % groups:
        raise ValueError(f"groups must divide in_channels = {C} and out_channels = {M}, not be {groups}")
    return C, M, groups
