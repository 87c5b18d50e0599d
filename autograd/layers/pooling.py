"""Pooling and new sizes as layers, for use in a Sequential."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from autograd.algebra import Operand
from autograd.checks import flag, number, whole
from autograd.functions import pixels, pooling
from autograd.functions.resize import interpolate
from autograd.kernels.windows import Pad, Sizes, per_axis, windows
from autograd.layers.base import Layer
from autograd.variable import Variable

__all__ = [
    "AdaptiveAveragePool1d", "AdaptiveAveragePool2d", "AdaptiveAveragePool3d", "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d", "AdaptiveMaxPool3d", "AveragePool1d", "AveragePool2d", "AveragePool3d", "MaxPool1d",
    "MaxPool2d", "MaxPool3d", "PixelShuffle", "Upsample",
]  # fmt: skip

LARGE = 1 << 30  # pixels along an axis: more than any kernel, so only the arguments themselves can be wrong


class MaxPool(Layer):
    """The maximum of every window: the base of MaxPool1d, MaxPool2d and MaxPool3d."""

    axes: ClassVar[int]
    function: ClassVar[Callable[..., Any]]

    def __init__(
        self,
        kernel: Sizes,
        stride: Sizes | None = None,
        pad: Pad = 0,
        ceil_mode: bool = False,
        *,
        dilation: Sizes = 1,
    ) -> None:
        n = self.axes
        self.kernel = per_axis("kernel", kernel, n, 1)
        self.stride = self.kernel if stride is None else per_axis("stride", stride, n, 1)
        self.pad, self.ceil_mode = pad, flag("ceil_mode", ceil_mode)
        self.dilation = windows((LARGE,) * n, self.kernel, self.stride, pad, dilation).dilation

    def forward(self, x: Operand) -> Variable:
        return self.function(x, self.kernel, self.stride, self.pad, self.ceil_mode, self.dilation)


class MaxPool1d(MaxPool):
    """The maximum of every window: `max_pool1d`. Without `stride`, windows lie side by side."""

    axes = 1
    function = staticmethod(pooling.max_pool1d)


class MaxPool2d(MaxPool):
    """The maximum of every window: `max_pool2d`. Without `stride`, windows lie side by side."""

    axes = 2
    function = staticmethod(pooling.max_pool2d)


class MaxPool3d(MaxPool):
    """The maximum of every window: `max_pool3d`. Without `stride`, windows lie side by side."""

    axes = 3
    function = staticmethod(pooling.max_pool3d)


class AveragePool(Layer):
    """The mean of every window: the base of AveragePool1d, AveragePool2d and AveragePool3d."""

    axes: ClassVar[int]
    function: ClassVar[Callable[..., Any]]

    def __init__(
        self,
        kernel: Sizes,
        stride: Sizes | None = None,
        pad: Pad = 0,
        ceil_mode: bool = False,
        *,
        count_include_pad: bool = True,
        divisor: float | None = None,
    ) -> None:
        n = self.axes
        self.kernel = per_axis("kernel", kernel, n, 1)
        self.stride = self.kernel if stride is None else per_axis("stride", stride, n, 1)
        windows((LARGE,) * n, self.kernel, self.stride, pad)
        self.pad, self.ceil_mode = pad, flag("ceil_mode", ceil_mode)
        self.count_include_pad = flag("count_include_pad", count_include_pad)
        self.divisor = None if divisor is None else number("divisor", divisor)

    def forward(self, x: Operand) -> Variable:
        options = self.stride, self.pad, self.ceil_mode, self.count_include_pad, self.divisor
        return self.function(x, self.kernel, *options)


class AveragePool1d(AveragePool):
    """The mean of every window: `average_pool1d`. Without `stride`, windows lie side by side."""

    axes = 1
    function = staticmethod(pooling.average_pool1d)


class AveragePool2d(AveragePool):
    """The mean of every window: `average_pool2d`. Without `stride`, windows lie side by side."""

    axes = 2
    function = staticmethod(pooling.average_pool2d)


class AveragePool3d(AveragePool):
    """The mean of every window: `average_pool3d`. Without `stride`, windows lie side by side."""

    axes = 3
    function = staticmethod(pooling.average_pool3d)


class AdaptivePool(Layer):
    """As many regions as `size` says, whatever the image: the base of the adaptive poolings."""

    axes: ClassVar[int]
    function: ClassVar[Callable[..., Any]]

    def __init__(self, size: Sizes) -> None:
        self.size = per_axis("size", size, self.axes, 1)

    def forward(self, x: Operand) -> Variable:
        return self.function(x, self.size)


class AdaptiveAveragePool1d(AdaptivePool):
    """The means of `size` regions: `adaptive_average_pool1d`."""

    axes = 1
    function = staticmethod(pooling.adaptive_average_pool1d)


class AdaptiveAveragePool2d(AdaptivePool):
    """The means of `size` regions: `adaptive_average_pool2d`. With size 1 it is the mean of each channel."""

    axes = 2
    function = staticmethod(pooling.adaptive_average_pool2d)


class AdaptiveAveragePool3d(AdaptivePool):
    """The means of `size` regions: `adaptive_average_pool3d`."""

    axes = 3
    function = staticmethod(pooling.adaptive_average_pool3d)


class AdaptiveMaxPool1d(AdaptivePool):
    """The maxima of `size` regions: `adaptive_max_pool1d`."""

    axes = 1
    function = staticmethod(pooling.adaptive_max_pool1d)


class AdaptiveMaxPool2d(AdaptivePool):
    """The maxima of `size` regions: `adaptive_max_pool2d`."""

    axes = 2
    function = staticmethod(pooling.adaptive_max_pool2d)


class AdaptiveMaxPool3d(AdaptivePool):
    """The maxima of `size` regions: `adaptive_max_pool3d`."""

    axes = 3
    function = staticmethod(pooling.adaptive_max_pool3d)


class Upsample(Layer):
    """x in another size, or `scale` times as large: `interpolate`, whose modes it has.

    The arguments are checked at the first call, because they depend on the number of axes.
    """

    def __init__(
        self, size: Sizes | None = None, scale: Any = None, mode: str = "nearest", align_corners: bool = False
    ) -> None:
        if (size is None) == (scale is None):
            raise ValueError(f"Upsample takes a size or a scale, one of them, not {size!r:.40} and {scale!r:.40}")
        self.size, self.scale, self.mode = size, scale, mode
        self.align_corners = flag("align_corners", align_corners)

    def forward(self, x: Operand) -> Variable:
        return interpolate(x, self.size, self.scale, self.mode, self.align_corners)


class PixelShuffle(Layer):
    """scale^2 channels become scale x scale pixels: `pixel_shuffle`."""

    def __init__(self, scale: int) -> None:
        self.scale = whole("scale", scale)

    def forward(self, x: Operand) -> Variable:
        return pixels.pixel_shuffle(x, self.scale)
