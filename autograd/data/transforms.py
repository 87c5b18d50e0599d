"""Transforms of images: preparation for a network, and random changes (augmentation).

    rng = np.random.default_rng(0)
    prepare = compose(partial(resize, size=256), partial(centre_crop, size=224), to_chw)
    augment = compose(partial(random_crop, size=32, pad=4, rng=rng), partial(random_flip, rng=rng))

In a DataLoader the generator is the loader's: `DataLoader((x, t), 32, transform=compose(random_flip, random_colour))`.

An image is an array (C, H, W), a batch is (N, C, H, W); a size is (height, width), or a number for both. A function of
an image also takes an image of Pillow and returns one; `to_chw` makes it an array. Random transforms draw from their
generator, separately for every image of a batch. Inputs are never changed; a crop may be a view of its input.
"""

from __future__ import annotations

import inspect
import math
import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd.backend import is_array, namespace
from autograd.bfloat16 import kind_of
from autograd.checks import dtype_of, flag, number, one_of, shown, whole
from autograd.data.augmentation import affine, colour, mixup, random_affine, random_colour, random_rotation, rotate
from autograd.data.images import (
    Image,
    Size,
    channels,
    check_generator,
    check_images,
    described,
    each,
    height_width,
    interval,
    is_pillow,
    is_sequence,
    pair,
)

__all__ = [
    "affine",
    "centre_crop",
    "colour",
    "compose",
    "crop",
    "flip",
    "mixup",
    "normalize",
    "random_affine",
    "random_colour",
    "random_crop",
    "random_erasing",
    "random_flip",
    "random_rotation",
    "resize",
    "rotate",
    "to_chw",
]

# Pillow's number of the method, the radius of its kernel, and the weight at a distance d in pixels.
KERNELS: dict[str, tuple[int, float, Callable[[Any], Any]]] = {
    "box": (4, 0.5, lambda d: np.where((d > -0.5) & (d <= 0.5), 1.0, 0.0)),
    "bilinear": (2, 1.0, lambda d: np.maximum(1 - np.abs(d), 0)),
    "bicubic": (3, 2.0, lambda d: cubic(np.abs(d))),
}
GENERATORS = (np.random.Generator, np.random.RandomState, random.Random)
FLIP_LEFT_RIGHT, FLIP_TOP_BOTTOM = 0, 1  # Pillow's numbers


class Composed:
    """One transform after another. It can be pickled if they can."""

    def __init__(self, transforms: Sequence[Callable[..., Any]]) -> None:
        self.transforms = [(f, takes_rng(f)) for f in transforms]

    def __call__(self, x: Any, rng: np.random.Generator | None = None) -> Any:
        """The result of all. Those that draw without a generator of their own draw from `rng`."""
        for f, draws in self.transforms:
            x = f(x, rng=rng) if draws and rng is not None else f(x)
        return x


def compose(*transforms: Callable[..., Any]) -> Composed:
    """One function that applies the transforms in this order. It can be pickled if they can."""
    for f in transforms:
        if not callable(f):
            raise TypeError(f"compose takes functions, not {shown(f)}: set their options with functools.partial")
    return Composed(transforms)


def takes_rng(f: Any) -> bool:
    """Has the function a parameter `rng` that is not set yet?"""
    try:
        rng = inspect.signature(f).parameters.get("rng")
    except (TypeError, ValueError):
        return False  # None, or a function of C
    if rng is None or rng.kind not in (rng.POSITIONAL_OR_KEYWORD, rng.KEYWORD_ONLY):
        return False
    return rng.default is rng.empty or rng.default is None


def to_chw(image: Any, *, dtype: Any = np.float32) -> Any:
    """(H, W, C) or (H, W) -> (C, H, W), for an array in the order of most image files, or an image of Pillow.

    uint8 numbers, 0 to 255, become 0 to 1; floating-point numbers keep their values. A palette of Pillow becomes RGB.
    Raises ValueError for other numbers, and TypeError for a `dtype` that is not floating-point.
    """
    dtype = dtype_of("to_chw: dtype", dtype)  # images are from 0 to 1
    if is_pillow(image):
        x = np.asarray(image.convert("RGB") if image.mode in ("P", "1", "CMYK") else image)
    else:
        x = image
    if not is_array(x) or x.ndim not in (2, 3) or kind_of(x.dtype) not in "uf":
        raise ValueError(
            f"to_chw takes one image, uint8 or floating-point, (H, W, C) or (H, W), not {described(image)}"
        )
    if x.dtype.kind == "u" and x.dtype != np.uint8:
        raise ValueError(
            f"to_chw takes uint8 or floating-point numbers, not {x.dtype}: divide by the largest number first"
        )
    x = (x[:, :, None] if x.ndim == 2 else x).transpose(2, 0, 1)
    return x.astype(dtype) / 255 if x.dtype == np.uint8 else x.astype(dtype)


def normalize(x: Any, mean: float | Sequence[float], std: float | Sequence[float]) -> Any:
    """y = (x - mean) / std, with one number for all channels or one for each. The dtype stays.

    For ImageNet, mean is (0.485, 0.456, 0.406) and std (0.229, 0.224, 0.225), with images from 0 to 1.
    """
    check_images("normalize", x)
    if kind_of(x.dtype) != "f":
        raise TypeError(f"normalize takes floating-point images, not {x.dtype}: see to_chw")
    m, s = channels("normalize: mean", mean), channels("normalize: std", std, above=0)
    if len(m) not in (1, x.shape[-3]) or len(s) not in (1, x.shape[-3]):
        raise ValueError(
            f"normalize takes one number, or one for each of {x.shape[-3]} channels, not {shown(mean)}, {shown(std)}"
        )
    xp = namespace(x)
    m, s = [xp.asarray(v, dtype=x.dtype).reshape(-1, 1, 1) for v in (m, s)]
    return (x - m) / s


def resize(x: Image, size: Size, method: str = "bicubic") -> Image:
    """The image in another size. One number is the length of the shorter side; the proportions stay.

    method   'box', 'bilinear' or 'bicubic', the kernel of the interpolation. For a smaller image the kernel is wider
             (antialiasing), so that every old pixel counts

    y = A x B^T: a matrix product for each axis. Floating-point results equal Pillow's; for uint8, Pillow also rounds
    between the two products. Bicubic values may leave the range of x. Integers are rounded once, at the end.
    Raises TypeError for 64-bit integers, bool and complex numbers.
    """
    pillow, _, _ = KERNELS[one_of("resize: method", method, *KERNELS)]
    H, W = height_width("resize", x)
    OH, OW = pair("resize: size", size) if is_sequence(size) else proportional(H, W, whole("resize: size", size))
    if is_pillow(x):
        return x.resize((OW, OH), pillow)
    if kind_of(x.dtype) not in "fiu" or x.dtype in (np.int64, np.uint64):
        raise TypeError(
            f"resize takes floating-point numbers or integers up to 32 bits, not {x.dtype}: use x.astype(np.float32)"
        )
    floats = x.astype(np.result_type(x.dtype, np.float32), copy=False)
    A, B = [namespace(x).asarray(interpolation(*n, method), dtype=floats.dtype) for n in ((H, OH), (W, OW))]
    y = A @ (floats @ B.T)
    if kind_of(x.dtype) == "f":
        return y.astype(x.dtype, copy=False)
    limits = np.iinfo(x.dtype)
    return y.round().clip(limits.min, limits.max).astype(x.dtype)


def crop(x: Image, top: int, left: int, height: int, width: int) -> Image:
    """`height` rows from `top` and `width` columns from `left`. Raises ValueError if the image is too small."""
    H, W = height_width("crop", x)
    top, left = whole("crop: top", top, 0), whole("crop: left", left, 0)
    height, width = whole("crop: height", height), whole("crop: width", width)
    if top + height > H or left + width > W:
        raise ValueError(f"crop takes pixels of an image of {H} x {W}, not {height} x {width} from ({top}, {left})")
    if is_pillow(x):
        return x.crop((left, top, left + width, top + height))
    return x[..., top : top + height, left : left + width]


def centre_crop(x: Image, size: Size) -> Image:
    """The middle of the image."""
    H, W = height_width("centre_crop", x)
    h, w = pair("centre_crop: size", size)
    if h > H or w > W:
        raise ValueError(f"centre_crop takes a size of at most {H} x {W}, not {h} x {w}")
    return crop(x, (H - h) // 2, (W - w) // 2, h, w)


def flip(x: Image, *, vertical: bool = False) -> Image:
    """The mirror image: left and right are exchanged, or top and bottom with `vertical`."""
    height_width("flip", x)
    vertical = flag("flip: vertical", vertical)
    if is_pillow(x):
        return x.transpose(FLIP_TOP_BOTTOM if vertical else FLIP_LEFT_RIGHT)
    return x[..., ::-1, :] if vertical else x[..., ::-1]


def random_crop(x: Image, size: Size, *, rng: np.random.Generator, pad: int = 0) -> Image:
    """A part of this size from a random place in the image, after `pad` zeros are added on each side."""
    check_generator("random_crop", rng)
    H, W = height_width("random_crop", x)
    h, w = pair("random_crop: size", size)
    pad = whole("random_crop: pad", pad, 0)
    if h > H + 2 * pad or w > W + 2 * pad:
        raise ValueError(f"random_crop takes pixels of an image of {H} x {W} with a border of {pad}, not {h} x {w}")

    def one(image: Image) -> Image:
        top, left = int(rng.integers(H + 2 * pad - h + 1)), int(rng.integers(W + 2 * pad - w + 1))
        return crop(bordered(image, pad), top, left, h, w)

    return each(one, x)


def random_flip(x: Image, p: float = 0.5, *, rng: np.random.Generator, vertical: bool = False) -> Image:
    """The mirror image with probability p."""
    check_generator("random_flip", rng)
    p, vertical = number("random_flip: p", p, least=0, most=1), flag("random_flip: vertical", vertical)
    height_width("random_flip", x)
    return each(lambda image: flip(image, vertical=vertical) if rng.random() < p else image, x)


def random_erasing(
    x: Any,
    p: float = 0.5,
    *,
    rng: np.random.Generator,
    area: tuple[float, float] = (0.02, 0.33),
    ratio: tuple[float, float] = (0.3, 3.3),
    value: float | None = 0.0,
) -> Any:
    """Overwrites a random rectangle with probability p, so that the network cannot rely on one part of an object.

    area    the rectangle's share of the image, uniform between the two
    ratio   height over width, log-uniform between the two, so that tall and wide are equally likely
    value   fills the rectangle; None: normal random numbers, for normalized images

    Source: Zhong et al., "Random erasing data augmentation", 2017.
    """
    check_generator("random_erasing", rng)
    p = number("random_erasing: p", p, least=0, most=1)
    check_images("random_erasing", x)
    area = interval("random_erasing: area", area, most=1)
    ratio = interval("random_erasing: ratio", ratio)
    value = None if value is None else number("random_erasing: value", value)
    H, W = x.shape[-2:]

    def one(image: Any) -> Any:
        if rng.random() >= p:
            return image
        count = rng.uniform(*area) * H * W
        proportion = math.exp(rng.uniform(math.log(ratio[0]), math.log(ratio[1])))
        h = min(H, max(1, round(math.sqrt(count * proportion))))
        w = min(W, max(1, round(math.sqrt(count / proportion))))
        top, left = int(rng.integers(H - h + 1)), int(rng.integers(W - w + 1))
        y = image.copy()
        noise = rng.standard_normal((len(y), h, w)) if value is None else value
        y[:, top : top + h, left : left + w] = namespace(y).asarray(noise, dtype=y.dtype)
        return y

    return each(one, x)


def bordered(x: Image, pad: int) -> Image:
    """The image with a border of zeros."""
    if not pad:
        return x
    if is_pillow(x):
        return x.crop((-pad, -pad, x.width + pad, x.height + pad))
    return namespace(x).pad(x, ((0, 0), (pad, pad), (pad, pad)))


def interpolation(H: int, OH: int, method: str) -> Any:
    """The matrix (OH, H) from H old pixels to OH new ones. Row i has the weights of the old pixels around new pixel i.

    The pixels inside the kernel are those that Pillow takes, including its rounding for two pixels equally far away.
    """
    _, reach, kernel = KERNELS[method]
    scale = max(H / OH, 1)
    middle = (np.arange(OH)[:, None] + 0.5) * (H / OH)
    first, end = [np.floor(middle + distance * scale + 0.5) for distance in (-reach, reach)]
    old = np.arange(H)
    weights = np.where((first <= old) & (old < end), kernel((old + 0.5 - middle) / scale), 0)
    return weights / weights.sum(axis=1, keepdims=True)


def cubic(d: Any, a: float = -0.5) -> Any:
    """The kernel of bicubic interpolation. Source: Keys, "Cubic convolution interpolation", 1981."""
    near = (a + 2) * d**3 - (a + 3) * d**2 + 1
    return np.where(d < 1, near, np.where(d < 2, a * (d**3 - 5 * d**2 + 8 * d - 4), 0))


def proportional(H: int, W: int, shorter: int) -> tuple[int, int]:
    """The size with this shorter side and, up to rounding, the same proportions."""
    return (shorter, round(shorter * W / H)) if H <= W else (round(shorter * H / W), shorter)
