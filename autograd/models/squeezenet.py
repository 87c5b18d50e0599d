"""SqueezeNet: few parameters, because 3 x 3 filters see few channels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd.algebra import Operand
from autograd.checks import one_of, whole
from autograd.functions.activation import relu
from autograd.functions.pooling import global_average_pool2d
from autograd.functions.shape import concat, flatten
from autograd.layers.base import Layer
from autograd.layers.containers import Sequential
from autograd.layers.conv import Conv2d
from autograd.layers.pooling import MaxPool2d
from autograd.layers.regularization import Dropout
from autograd.models.blocks import layer_options
from autograd.variable import Variable

__all__ = ["SqueezeNet"]

SQUEEZED = (16, 16, 32, 32, 48, 48, 64, 64)  # channels in the middle of each fire module
VERSIONS = {  # channels and kernel of the first convolution; the fire modules with a pooling before them
    "1.0": (96, 7, (0, 3, 7)),
    "1.1": (64, 3, (0, 2, 4)),
}


class Fire(Layer):
    """S filters of 1 x 1 squeeze the channels, then 4 S of 1 x 1 and 4 S of 3 x 3.   (N, C, H, W) -> (N, 8 S, H, W)"""

    def __init__(self, C: int, S: int, **options: Any) -> None:
        self.squeeze = Conv2d(S, 1, in_channels=C, **options)
        self.expand1x1 = Conv2d(4 * S, 1, in_channels=S, **options)
        self.expand3x3 = Conv2d(4 * S, 3, pad=1, in_channels=S, **options)

    def forward(self, x: Operand) -> Variable:
        x = relu(self.squeeze(x))
        return concat([relu(self.expand1x1(x)), relu(self.expand3x3(x))], axis=1)


class SqueezeNet(Layer):
    """Eight fire modules: 1.2 million parameters.   (N, 3, H, W) -> (N, classes)

    Version 1.1 pools earlier, which saves more than half of the work. torchvision's weights fit.
    Source: Iandola et al., "SqueezeNet: AlexNet-level accuracy with 50x fewer parameters", 2016, table 1.
    """

    def __init__(self, classes: int = 1000, version: str = "1.0", **options: Any) -> None:
        one_of("SqueezeNet: version", version, *VERSIONS)
        classes, options = whole("classes", classes), layer_options(**options)
        C, kernel, pooled = VERSIONS[version]
        parts: list[Callable[..., Any]] = [Conv2d(C, kernel, 2, in_channels=3, **options), relu]
        for i, S in enumerate(SQUEEZED):
            if i in pooled:
                parts.append(MaxPool2d(3, 2, ceil_mode=True))
            parts.append(Fire(C, S, **options))
            C = 8 * S
        self.features = Sequential(*parts)
        self.classifier = Sequential(Dropout(0.5), Conv2d(classes, 1, in_channels=C, **options), relu)

    def forward(self, x: Operand) -> Variable:
        return flatten(global_average_pool2d(self.classifier(self.features(x))))
