"""VGG: small filters, many layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd.algebra import Operand
from autograd.checks import whole
from autograd.functions.activation import relu
from autograd.functions.pooling import adaptive_average_pool2d
from autograd.functions.shape import flatten
from autograd.layers.base import Layer
from autograd.layers.containers import Sequential
from autograd.layers.conv import Conv2d
from autograd.layers.linear import Linear
from autograd.layers.pooling import MaxPool2d
from autograd.layers.regularization import Dropout
from autograd.models.blocks import layer_options
from autograd.variable import Variable

__all__ = ["VGG16"]

STAGES = (  # channels, convolutions
    (64, 2),
    (128, 2),
    (256, 3),
    (512, 3),
    (512, 3),
)


class VGG16(Layer):
    """Thirteen convolutions of 3 x 3 and three affine layers: 138 million parameters.   (N, 3, H, W) -> (N, classes)

    An adaptive average pooling to 7 x 7 admits images of any size. torchvision's weights fit.
    Source: Simonyan and Zisserman, "Very deep convolutional networks for large-scale image recognition", 2014, table D.
    """

    def __init__(self, classes: int = 1000, **options: Any) -> None:
        classes, options = whole("classes", classes), layer_options(**options)
        parts: list[Callable[..., Any]] = []
        C = 3
        for M, convolutions in STAGES:
            for _ in range(convolutions):
                parts += [Conv2d(M, 3, 1, 1, C, **options), relu]
                C = M
            parts += [MaxPool2d(2)]
        self.features = Sequential(*parts)
        self.classifier = Sequential(
            Linear(4096, 512 * 7 * 7, **options), relu, Dropout(0.5),
            Linear(4096, 4096, **options), relu, Dropout(0.5),
            Linear(classes, 4096, **options),
        )  # fmt: skip

    def forward(self, x: Operand) -> Variable:
        x = adaptive_average_pool2d(self.features(x), 7)
        return self.classifier(flatten(x))
