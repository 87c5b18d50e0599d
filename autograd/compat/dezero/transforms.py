"""`dezero.transforms`: one sample in, the changed sample out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd.compat.dezero.arrays import pair

__all__ = [
    "Compose", "Convert", "Resize", "CenterCrop", "ToArray", "ToPIL", "RandomHorizontalFlip", "Normalize", "Flatten",
    "AsType", "ToFloat", "ToInt",
]  # fmt: skip


class Compose:
    """Applies one transform after the other."""

    def __init__(self, transforms: Sequence[Callable[[Any], Any]] = ()) -> None:
        self.transforms = transforms

    def __call__(self, img: Any) -> Any:
        for transform in self.transforms or ():
            img = transform(img)
        return img


class Convert:
    """A picture of Pillow in another mode. The mode "BGR" is known too."""

    def __init__(self, mode: str = "RGB") -> None:
        self.mode = mode

    def __call__(self, img: Any) -> Any:
        if self.mode != "BGR":
            return img.convert(self.mode)
        from PIL import Image

        return Image.merge("RGB", img.convert("RGB").split()[::-1])


class Resize:
    """A picture in another size (width, height). `mode` is Pillow's interpolation: 2 is bilinear."""

    def __init__(self, size: Any, mode: int = 2) -> None:
        self.size, self.mode = pair(size), mode

    def __call__(self, img: Any) -> Any:
        return img.resize(self.size, self.mode)


class CenterCrop:
    """The middle of a picture, of size (width, height)."""

    def __init__(self, size: Any) -> None:
        self.size = pair(size)

    def __call__(self, img: Any) -> Any:
        left, up = [(n - m) // 2 for n, m in zip(img.size, self.size)]
        return img.crop((left, up, left + self.size[0], up + self.size[1]))


class ToArray:
    """A picture as an array (C, H, W). An array stays as it is. Raises TypeError for anything else."""

    def __init__(self, dtype: Any = np.float32) -> None:
        self.dtype = dtype

    def __call__(self, img: Any) -> Any:
        if isinstance(img, np.ndarray):
            return img
        if not hasattr(img, "getbands"):
            raise TypeError(f"ToArray takes a picture of Pillow or an array, not {type(img)}")
        return np.asarray(img).transpose(2, 0, 1).astype(self.dtype)


class ToPIL:
    """An array (C, H, W) as a picture of Pillow."""

    def __call__(self, array: Any) -> Any:
        from PIL import Image

        return Image.fromarray(array.transpose(1, 2, 0))


class RandomHorizontalFlip:
    """A picture or its mirror image, with equal probability. DeZero's class is empty."""

    def __call__(self, img: Any) -> Any:
        return img.transpose(0) if np.random.rand() < 0.5 else img  # 0: Pillow's FLIP_LEFT_RIGHT


class Normalize:
    """y = (x - mean) / std. Both are a number, or a sequence with one number for each channel."""

    def __init__(self, mean: Any = 0, std: Any = 1) -> None:
        self.mean, self.std = mean, std

    def __call__(self, array: Any) -> Any:
        shape = -1, *[1] * (array.ndim - 1)  # the channels are the first axis
        mean, std = [v if np.isscalar(v) else np.array(v, array.dtype).reshape(shape) for v in (self.mean, self.std)]
        return (array - mean) / std


class Flatten:
    """The elements as an array of one axis."""

    def __call__(self, array: Any) -> Any:
        return array.flatten()


class AsType:
    """The array in another dtype."""

    def __init__(self, dtype: Any = np.float32) -> None:
        self.dtype = dtype

    def __call__(self, array: Any) -> Any:
        return array.astype(self.dtype)


ToFloat = AsType


class ToInt(AsType):
    """The array in an integer dtype."""

    def __init__(self, dtype: Any = int) -> None:
        super().__init__(dtype)
