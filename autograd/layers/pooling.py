"""Pooling as layers, for use in a Sequential."""

from __future__ import annotations

from typing import Any

from autograd.algebra import Operand
from autograd.checks import flag
from autograd.functions.pooling import average_pool2d, max_pool2d
from autograd.kernels.windows import Pad, Sizes, per_axis, windows
from autograd.layers.base import Layer

__all__ = ["AveragePool2d", "MaxPool2d"]

LARGE = 1 << 30  # pixels along an axis: more than any kernel, so only the arguments themselves can be wrong


class MaxPool2d(Layer):
    """The maximum of every window: `max_pool2d`. Without `stride`, windows lie side by side."""

    def __init__(self, kernel: Sizes, stride: Sizes | None = None, pad: Pad = 0, ceil_mode: bool = False) -> None:
        self.kernel = per_axis("kernel", kernel, 2, 1)
        self.stride = self.kernel if stride is None else per_axis("stride", stride, 2, 1)
        windows((LARGE,) * 2, self.kernel, self.stride, pad)
        self.pad, self.ceil_mode = pad, flag("ceil_mode", ceil_mode)

    def forward(self, x: Operand) -> Any:
        return max_pool2d(x, self.kernel, self.stride, self.pad, self.ceil_mode)


class AveragePool2d(Layer):
    """The mean of every window, padding included: `average_pool2d`. Without `stride`, windows lie side by side."""

    def __init__(self, kernel: Sizes, stride: Sizes | None = None, pad: Pad = 0) -> None:
        self.kernel = per_axis("kernel", kernel, 2, 1)
        self.stride = self.kernel if stride is None else per_axis("stride", stride, 2, 1)
        windows((LARGE,) * 2, self.kernel, self.stride, pad)
        self.pad = pad

    def forward(self, x: Operand) -> Any:
        return average_pool2d(x, self.kernel, self.stride, self.pad)
