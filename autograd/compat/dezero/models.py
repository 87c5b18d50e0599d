"""`dezero.models`. The attributes of the large networks have the names of the parameters in DeZero's files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partialmethod
from typing import Any, ClassVar

import numpy as np

from autograd.backend import is_array
from autograd.compat.dezero.cache import get_file
from autograd.compat.dezero.core import as_variable
from autograd.compat.dezero.functions import F
from autograd.compat.dezero.layers import BatchNorm, Conv2d, Layer, Linear
from autograd.compat.dezero.pictures import plot_dot_graph
from autograd.functions import concat

__all__ = [
    "BottleneckA", "BottleneckB", "BuildingBlock", "MLP", "Model", "ResNet", "ResNet101", "ResNet152", "ResNet50",
    "Sequential", "SqueezeNet", "VGG16",
]  # fmt: skip

WEIGHTS = "https://github.com/koki0702/dezero-models/releases/download/v0.1/"


class Model(Layer):
    """A Layer that can be drawn."""

    def plot(self, *inputs: Any, to_file: str = "model.png") -> Any:
        """Draws the graph of a call into a file. It begins with the inputs, arrays too."""
        xs = [as_variable(x) if is_array(x) else x for x in inputs]  # alive while the graph is drawn
        return plot_dot_graph(self.forward(*xs), verbose=True, to_file=to_file, layer=self)


class Sequential(Model):
    """Layers and functions in a chain: the attributes l0, l1, ... and the list `layers`."""

    def __init__(self, *layers: Callable[..., Any]) -> None:
        super().__init__()
        for i, layer in enumerate(layers):
            setattr(self, f"l{i}", layer)
        self.layers: Any = list(layers)

    def forward(self, x: Any) -> Any:
        for layer in self.layers:
            x = layer(x)
        return x


class MLP(Model):
    """Linear layers with an activation after each but the last: the attributes l0, l1, ... and the list `layers`."""

    def __init__(self, fc_output_sizes: Sequence[int], activation: Callable[[Any], Any] = F.sigmoid) -> None:
        super().__init__()
        self.activation = activation
        self.layers: Any = [Linear(size) for size in fc_output_sizes]
        for i, layer in enumerate(self.layers):
            setattr(self, f"l{i}", layer)

    def forward(self, x: Any) -> Any:
        for layer in self.layers[:-1]:
            x = self.activation(layer(x))
        return self.layers[-1](x)


class VGG16(Model):
    """Thirteen convolutions in five blocks, then three linear layers.   (N, 3, 224, 224) -> (N, 1000)

    Source: Simonyan and Zisserman, "Very deep convolutional networks for large-scale image recognition", 2014.
    """

    WEIGHTS_PATH = WEIGHTS + "vgg16.npz"
    blocks = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))  # channels, convolutions

    def __init__(self, pretrained: bool = False) -> None:
        super().__init__()
        for i, (channels, n) in enumerate(self.blocks, 1):
            for j in range(1, n + 1):
                setattr(self, f"conv{i}_{j}", Conv2d(channels, kernel_size=3, stride=1, pad=1))
        self.fc6, self.fc7, self.fc8 = Linear(4096), Linear(4096), Linear(1000)
        if pretrained:
            self.load_weights(get_file(self.WEIGHTS_PATH))

    def forward(self, x: Any) -> Any:
        for i, (_, n) in enumerate(self.blocks, 1):
            for j in range(1, n + 1):
                x = F.relu(getattr(self, f"conv{i}_{j}")(x))
            x = F.pooling(x, 2, 2)
        x = F.flatten(x)
        x = F.dropout(F.relu(self.fc6(x)))
        x = F.dropout(F.relu(self.fc7(x)))
        return self.fc8(x)

    @staticmethod
    def preprocess(image: Any, size: tuple[int, int] | None = (224, 224), dtype: Any = np.float32) -> Any:
        """A picture of Pillow as an array (3, H, W): blue, green and red, minus their means over ImageNet."""
        image = image.convert("RGB")
        array = np.asarray(image.resize(size) if size else image, dtype=dtype)[:, :, ::-1]
        return (array - np.array([103.939, 116.779, 123.68], dtype=dtype)).transpose(2, 0, 1)


class Bottleneck(Layer):
    """y = relu(f(x) + x), where f is three convolutions. A fourth one, if given, changes x to the shape of f(x)."""

    def __init__(self, *sizes: tuple[int, int, int, int]) -> None:
        super().__init__()
        self.length = len(sizes)
        for i, size in enumerate(sizes, 1):
            setattr(self, f"conv{i}", Conv2d(*size, nobias=True))
            setattr(self, f"bn{i}", BatchNorm())

    def normalized(self, i: int, x: Any) -> Any:
        return getattr(self, f"bn{i}")(getattr(self, f"conv{i}")(x))

    def forward(self, x: Any) -> Any:
        h = F.relu(self.normalized(1, x))
        h = F.relu(self.normalized(2, h))
        h = self.normalized(3, h)
        return F.relu(h + (self.normalized(4, x) if self.length == 4 else x))


class BottleneckA(Bottleneck):
    """A Bottleneck that changes the shape.

    The stride is that of the first convolution, or with `downsample_fb` of the second. `in_channels` is ignored:
    the first call determines it.
    """

    def __init__(
        self, in_channels: int, mid_channels: int, out_channels: int, stride: int = 2, downsample_fb: bool = False
    ) -> None:
        first, second = (1, stride) if downsample_fb else (stride, 1)
        to_middle, across = (mid_channels, 1, first, 0), (mid_channels, 3, second, 1)
        super().__init__(to_middle, across, (out_channels, 1, 1, 0), (out_channels, 1, stride, 0))


class BottleneckB(Bottleneck):
    """A Bottleneck that keeps the shape."""

    def __init__(self, in_channels: int, mid_channels: int) -> None:
        super().__init__((mid_channels, 1, 1, 0), (mid_channels, 3, 1, 1), (in_channels, 1, 1, 0))


class BuildingBlock(Layer):
    """Bottlenecks in a chain: `a`, which changes the shape, then `b1`, `b2`, ..."""

    def __init__(
        self,
        n_layers: int,
        in_channels: int,
        mid_channels: int,
        out_channels: int,
        stride: int,
        downsample_fb: bool = False,
    ) -> None:
        super().__init__()
        self.a = BottleneckA(in_channels, mid_channels, out_channels, stride, downsample_fb)
        self.names = ["a", *[f"b{i}" for i in range(1, n_layers)]]
        for name in self.names[1:]:
            setattr(self, name, BottleneckB(out_channels, mid_channels))

    def forward(self, x: Any) -> Any:
        for name in self.names:
            x = getattr(self, name)(x)
        return x


class ResNet(Model):
    """Residual networks of 50, 101 or 152 layers.   (N, 3, 224, 224) -> (N, 1000)

    DeZero's own ResNet does not run in version 0.0.13: its arguments do not fit its layers.
    Source: He et al., "Deep residual learning for image recognition", 2015.
    """

    WEIGHTS_PATH = WEIGHTS + "resnet{}.npz"
    blocks: ClassVar[dict[int, tuple[int, ...]]] = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}

    def __init__(self, n_layers: int = 152, pretrained: bool = False) -> None:
        super().__init__()
        if n_layers not in self.blocks:
            raise ValueError(f"n_layers must be 50, 101 or 152, not {n_layers}")
        self.conv1, self.bn1 = Conv2d(64, 7, 2, 3), BatchNorm()
        for i, n in enumerate(self.blocks[n_layers]):
            seen, stride = (128 << i, 2) if i else (64, 1)
            setattr(self, f"res{i + 2}", BuildingBlock(n, seen, 64 << i, 256 << i, stride))
        self.fc6 = Linear(1000)
        if pretrained:
            self.load_weights(get_file(self.WEIGHTS_PATH.format(n_layers)))

    def forward(self, x: Any) -> Any:
        x = F.pooling(F.relu(self.bn1(self.conv1(x))), kernel_size=3, stride=2)
        for i in range(2, 6):
            x = getattr(self, f"res{i}")(x)
        return self.fc6(F.average(x, axis=(2, 3)))


class ResNet50(ResNet):
    __init__ = partialmethod(ResNet.__init__, 50)  # type: ignore[assignment]


class ResNet101(ResNet):
    __init__ = partialmethod(ResNet.__init__, 101)  # type: ignore[assignment]


class ResNet152(ResNet):
    __init__ = partialmethod(ResNet.__init__, 152)  # type: ignore[assignment]


class Fire(Layer):
    """S filters of 1 x 1, then 4 S filters of 1 x 1 and 4 S of 3 x 3 in parallel.   (N, C, H, W) -> (N, 8 S, H, W)"""

    def __init__(self, squeezed: int) -> None:
        super().__init__()
        self.squeeze = Conv2d(squeezed, 1)
        self.expand1 = Conv2d(4 * squeezed, 1)
        self.expand3 = Conv2d(4 * squeezed, 3, pad=1)

    def forward(self, x: Any) -> Any:
        x = F.relu(self.squeeze(x))
        return concat([F.relu(self.expand1(x)), F.relu(self.expand3(x))], axis=1)


class SqueezeNet(Model):
    """Eight Fire modules between two convolutions.   (N, 3, 224, 224) -> (N, 1000)

    DeZero's own class is empty in version 0.0.13, and nobody has published weights.
    Source: Iandola et al., "SqueezeNet: AlexNet-level accuracy with 50x fewer parameters", 2016, table 1.
    """

    squeezed = (16, 16, 32, 32, 48, 48, 64, 64)
    pooled = (2, 5, 9)  # the modules after a pooling, counted from 2 as in the table

    def __init__(self, pretrained: bool = False) -> None:
        super().__init__()
        if pretrained:
            raise ValueError(
                "pretrained must be False, not True: nobody has published weights of SqueezeNet for DeZero"
            )
        self.conv1, self.conv10 = Conv2d(96, 7, stride=2, pad=2), Conv2d(1000, 1)
        for i, channels in enumerate(self.squeezed, 2):
            setattr(self, f"fire{i}", Fire(channels))

    def forward(self, x: Any) -> Any:
        x = F.relu(self.conv1(x))
        for i in range(2, 10):
            x = F.pooling(x, 3, 2) if i in self.pooled else x
            x = getattr(self, f"fire{i}")(x)
        return F.average(F.relu(self.conv10(F.dropout(x))), axis=(2, 3))
