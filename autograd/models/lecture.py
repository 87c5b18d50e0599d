"""The small convolutional network at the end of the lecture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd.algebra import Operand
from autograd.checks import shown, whole
from autograd.functions.activation import relu
from autograd.functions.pooling import max_pool2d
from autograd.functions.shape import flatten
from autograd.layers.base import Layer
from autograd.layers.conv import Conv2d
from autograd.layers.linear import Linear
from autograd.models.blocks import layer_options
from autograd.variable import Variable

__all__ = ["SimpleConvNet"]


class SimpleConvNet(Layer):
    """Convolution, ReLU, pooling 2/2, affine, ReLU, affine.   (N, C, H, W) -> (N, classes)

    `size` is (C, H, W). Source: Saito, "Deep learning from scratch", chapter 7.
    Raises ValueError if the image is too small for the kernel and the pooling.
    """

    def __init__(
        self,
        classes: int = 10,
        size: tuple[int, int, int] = (1, 28, 28),
        filters: int = 30,
        kernel: int = 5,
        pad: int = 0,
        hidden: int = 100,
        **options: Any,
    ) -> None:
        classes, hidden, options = whole("classes", classes), whole("hidden", hidden), layer_options(**options)
        if not isinstance(size, Sequence) or isinstance(size, (str, bytes, bytearray, memoryview)) or len(size) != 3:
            raise TypeError(f"SimpleConvNet: size must be (C, H, W), such as (1, 28, 28), not {shown(size)}")
        C, *image = [whole(f"SimpleConvNet: {name} of size", n) for name, n in zip("CHW", size)]
        filters, kernel, pad = whole("filters", filters), whole("kernel", kernel), whole("pad", pad, least=0)
        OH, OW = [(H + 2 * pad - kernel + 1) // 2 for H in image]
        if min(OH, OW) < 1:
            least = kernel + 1 - 2 * pad
            raise ValueError(f"SimpleConvNet: size must be (C, H, W) with H and W of at least {least}, not {size}")
        self.conv = Conv2d(filters, kernel, 1, pad, C, **options)
        self.hidden = Linear(hidden, filters * OH * OW, **options)
        self.output = Linear(classes, hidden, **options)

    def forward(self, x: Operand) -> Variable:
        x = max_pool2d(relu(self.conv(x)), 2)
        x = relu(self.hidden(flatten(x)))
        return self.output(x)
