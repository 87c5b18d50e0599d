"""ResNet: each block learns what to add to its input, so gradients have a path around every layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from autograd.algebra import Operand
from autograd.checks import whole
from autograd.functions.activation import relu
from autograd.functions.pooling import global_average_pool2d, max_pool2d
from autograd.functions.shape import flatten
from autograd.layers.base import Layer
from autograd.layers.containers import Sequential
from autograd.layers.linear import Linear
from autograd.models.blocks import ConvBN, layer_options
from autograd.variable import Variable

__all__ = ["ResNet18", "ResNet34", "ResNet50", "ResNet101", "ResNet152"]


def basic(C: int, M: int, stride: int, **options: Any) -> Sequential:
    """Two convolutions of 3 x 3."""
    return Sequential(ConvBN(C, M, 3, stride, **options), ConvBN(M, M, 3, 1, None, **options))


def bottleneck(C: int, M: int, stride: int, **options: Any) -> Sequential:
    """A convolution of 3 x 3 on a quarter of the channels, between two of 1 x 1."""
    K = M // 4
    return Sequential(
        ConvBN(C, K, 1, **options), ConvBN(K, K, 3, stride, **options), ConvBN(K, M, 1, 1, None, **options)
    )


class Residual(Layer):
    """y = relu(f(x) + x), with a 1 x 1 convolution of x where f changes its shape.   (N, C, H, W) -> (N, M, OH, OW)"""

    def __init__(self, f: Callable[..., Sequential], C: int, M: int, stride: int, **options: Any) -> None:
        self.f = f(C, M, stride, **options)
        self.shortcut = ConvBN(C, M, 1, stride, None, **options) if C != M or stride > 1 else None

    def forward(self, x: Operand) -> Variable:
        return relu(self.f(x) + (x if self.shortcut is None else self.shortcut(x)))


class ResNet(Layer):
    """A stem and four stages; all stages but the first halve the image.   (N, 3, H, W) -> (N, classes)

    A subclass names the block and the number of blocks in each stage. torchvision's weights fit. The stride of a
    bottleneck is in its 3 x 3 convolution, as in torchvision ("version 1.5").
    Source: He et al., "Deep residual learning for image recognition", 2015, table 1.
    """

    block: ClassVar[Callable[..., Sequential]]
    depths: ClassVar[tuple[int, ...]]
    channels: ClassVar[int]  # of the first stage; each further stage has twice as many
    torch_names: ClassVar[dict[str, str]] = {
        "conv1.": "stem.0.", "bn1.": "stem.1.",
        "layer1.": "stages.0.", "layer2.": "stages.1.", "layer3.": "stages.2.", "layer4.": "stages.3.",
        ".conv1.": ".f.0.0.", ".bn1.": ".f.0.1.",
        ".conv2.": ".f.1.0.", ".bn2.": ".f.1.1.",
        ".conv3.": ".f.2.0.", ".bn3.": ".f.2.1.",
        ".downsample.": ".shortcut.", "fc.": "classifier.",
    }  # fmt: skip

    def __init__(self, classes: int = 1000, **options: Any) -> None:
        classes, options = whole("classes", classes), layer_options(**options)
        self.stem = ConvBN(3, 64, 7, 2, **options)
        self.stages: list[Sequential] = []
        C, M, f = 64, self.channels, self.block
        for i, depth in enumerate(self.depths):
            strides = [2 if i else 1] + [1] * (depth - 1)
            shapes = zip([C] + [M] * (depth - 1), strides)
            self.stages.append(Sequential(*[Residual(f, before, M, stride, **options) for before, stride in shapes]))
            C, M = M, 2 * M
        self.classifier = Linear(classes, C, **options)

    def forward(self, x: Operand) -> Variable:
        x = max_pool2d(self.stem(x), 3, 2, 1)
        for stage in self.stages:
            x = stage(x)
        return self.classifier(flatten(global_average_pool2d(x)))


class ResNet18(ResNet):
    """ResNet of 18 layers: 11.7 million parameters."""

    block, depths, channels = staticmethod(basic), (2, 2, 2, 2), 64


class ResNet34(ResNet):
    """ResNet of 34 layers: 21.8 million parameters."""

    block, depths, channels = staticmethod(basic), (3, 4, 6, 3), 64


class ResNet50(ResNet):
    """ResNet of 50 layers: 25.6 million parameters."""

    block, depths, channels = staticmethod(bottleneck), (3, 4, 6, 3), 256


class ResNet101(ResNet):
    """ResNet of 101 layers: 44.5 million parameters."""

    block, depths, channels = staticmethod(bottleneck), (3, 4, 23, 3), 256


class ResNet152(ResNet):
    """ResNet of 152 layers: 60.2 million parameters."""

    block, depths, channels = staticmethod(bottleneck), (3, 8, 36, 3), 256
