"""Images made fit for a network, and changed at random so that it sees no image twice.

    rng = np.random.default_rng(0)
    prepare = compose(partial(resize, size=256), partial(centre_crop, size=224), to_chw)
    augment = compose(partial(random_crop, size=32, pad=4, rng=rng), partial(random_flip, rng=rng))

An image is an array (C, H, W), several are (N, C, H, W); sizes are (height, width), or a number for both.
What takes an image takes one of Pillow too, and gives one back; `to_chw` makes it an array. What is random draws from
the generator that it is given, for every image of a batch anew. Inputs are never changed; a crop may be a view of one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from autograd.backend import is_array, namespace

__all__ = [
    "centre_crop",
    "compose",
    "crop",
    "flip",
    "normalize",
    "random_crop",
    "random_erasing",
    "random_flip",
    "resize",
    "to_chw",
]

Image = Any  # an array (C, H, W) or (N, C, H, W), or an image of Pillow
Size = int | Sequence[int]

KERNELS: dict[str, tuple[float, Callable[[Any], Any]]] = {  # reach, and weight at a distance in pixels
    "box": (0.5, lambda d: np.where((d > -0.5) & (d <= 0.5), 1.0, 0.0)),
    "bilinear": (1.0, lambda d: np.maximum(1 - np.abs(d), 0)),
    "bicubic": (2.0, lambda d: cubic(np.abs(d))),
}


def compose(*transforms: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """One function that does them all, the first one first. It can be pickled if they can."""
    for f in transforms:
        if not callable(f):
            raise TypeError(f"compose takes functions, not {f!r:.40}: set their options with functools.partial")
    return partial(through, transforms)


def through(transforms: Sequence[Callable[[Any], Any]], x: Any) -> Any:
    for f in transforms:
        x = f(x)
    return x


def to_chw(image: Any, *, dtype: Any = np.float32) -> Any:
    """(H, W, C) or (H, W) -> (C, H, W), as most image files and libraries have it: an image of Pillow, or an array.

    uint8, 0 to 255, becomes 0 to 1; floating-point numbers keep their values. A palette of Pillow becomes RGB.
    Raises ValueError for other numbers, and TypeError for a `dtype` that is not floating-point.
    """
    if np.dtype(dtype).kind != "f":
        raise TypeError(f"to_chw: dtype must be floating-point, not {np.dtype(dtype)}: it makes images from 0 to 1")
    if is_pillow(image):
        x = np.asarray(image.convert("RGB") if image.mode in ("P", "1", "CMYK") else image)
    else:
        x = image
    if not is_array(x) or x.ndim not in (2, 3) or x.dtype.kind not in "uf":
        raise ValueError(
            f"to_chw takes one image, uint8 or floating-point, (H, W, C) or (H, W), not {described(image)}"
        )
    if x.dtype.kind == "u" and x.dtype != np.uint8:
        raise ValueError(f"to_chw: divide {x.dtype} numbers by the largest of their range first")
    x = (x[:, :, None] if x.ndim == 2 else x).transpose(2, 0, 1)
    return x.astype(dtype) / 255 if x.dtype == np.uint8 else x.astype(dtype)


def normalize(x: Any, mean: float | Sequence[float], std: float | Sequence[float]) -> Any:
    """y = (x - mean) / std, with numbers for all channels or one for each; the dtype stays.

    ImageNet's are (0.485, 0.456, 0.406) and (0.229, 0.224, 0.225), for images from 0 to 1.
    """
    check_images("normalize", x)
    if x.dtype.kind != "f":
        raise TypeError(f"normalize takes floating-point images, not {x.dtype}: see to_chw")
    m, s = [np.asarray(v, np.float64).reshape(-1) for v in (mean, std)]
    if len(m) not in (1, x.shape[-3]) or len(s) not in (1, x.shape[-3]) or not (s > 0).all():
        raise ValueError(
            f"normalize: one number, or one for each of {x.shape[-3]} channels, std > 0; not {mean}, {std}"
        )
    xp = namespace(x)
    m, s = [xp.asarray(v, dtype=x.dtype).reshape(-1, 1, 1) for v in (m, s)]
    return (x - m) / s


def resize(x: Image, size: Size, method: str = "bicubic") -> Image:
    """The image in another size. One number is the length of the shorter side, and the proportions stay.

    method   'box', 'bilinear' or 'bicubic': how far a pixel's influence reaches. Where the image gets smaller, it
             reaches as much farther (antialiasing), so every old pixel counts

    Each axis on its own is a matrix product: y = A x B^T. Floating-point images become what Pillow makes of them; with
    uint8, Pillow rounds between the two products too. A bicubic curve may overshoot what it passes through.
    Whole numbers are rounded, once. Raises TypeError for those of 64 bits, bool and complex ones.
    """
    if method not in KERNELS:
        raise ValueError(f"resize: method must be one of {', '.join(map(repr, KERNELS))}, not {method!r}")
    H, W = height_width("resize", x)
    OH, OW = proportional(H, W, size) if isinstance(size, int | np.integer) else pair("size", size)
    if is_pillow(x):
        from PIL.Image import Resampling

        return x.resize((OW, OH), Resampling[method.upper()])
    if x.dtype.kind not in "fiu" or x.dtype in (np.int64, np.uint64):
        raise TypeError(
            f"resize takes floating-point or whole numbers of at most 32 bits, not {x.dtype}: use x.astype(np.float32)"
        )
    floats = x.astype(np.result_type(x.dtype, np.float32), copy=False)
    A, B = [namespace(x).asarray(interpolation(*n, method), dtype=floats.dtype) for n in ((H, OH), (W, OW))]
    y = A @ (floats @ B.T)
    if x.dtype.kind == "f":
        return y.astype(x.dtype, copy=False)
    limits = np.iinfo(x.dtype)
    return y.round().clip(limits.min, limits.max).astype(x.dtype)


def crop(x: Image, top: int, left: int, height: int, width: int) -> Image:
    """The rows from `top` and the columns from `left`. Raises ValueError if they are not all in the image."""
    H, W = height_width("crop", x)
    if not (0 <= top <= H - height and 0 <= left <= W - width and height > 0 and width > 0):
        raise ValueError(f"crop: {height} x {width} pixels from ({top}, {left}) are not in an image of {H} x {W}")
    if is_pillow(x):
        return x.crop((left, top, left + width, top + height))
    return x[..., top : top + height, left : left + width]


def centre_crop(x: Image, size: Size) -> Image:
    """The middle of the image."""
    H, W = height_width("centre_crop", x)
    h, w = pair("size", size)
    return crop(x, (H - h) // 2, (W - w) // 2, h, w)


def flip(x: Image, *, vertical: bool = False) -> Image:
    """The mirror image: left and right change places, or with `vertical` top and bottom."""
    height_width("flip", x)
    if is_pillow(x):
        from PIL.Image import Transpose

        return x.transpose(Transpose.FLIP_TOP_BOTTOM if vertical else Transpose.FLIP_LEFT_RIGHT)
    return x[..., ::-1, :] if vertical else x[..., ::-1]


def random_crop(x: Image, size: Size, *, rng: np.random.Generator, pad: int = 0) -> Image:
    """A part of this size from anywhere in the image, to which `pad` zeros are added on each side first."""
    check_generator("random_crop", rng)
    H, W = height_width("random_crop", x)
    h, w = pair("size", size)
    if pad < 0 or h > H + 2 * pad or w > W + 2 * pad:
        raise ValueError(f"random_crop: {h} x {w} pixels are not in an image of {H} x {W} with a border of {pad}")

    def one(image: Image) -> Image:
        top, left = int(rng.integers(H + 2 * pad - h + 1)), int(rng.integers(W + 2 * pad - w + 1))
        return crop(bordered(image, pad), top, left, h, w)

    return each(one, x)


def random_flip(x: Image, p: float = 0.5, *, rng: np.random.Generator, vertical: bool = False) -> Image:
    """The mirror image with probability p."""
    check_generator("random_flip", rng)
    check_probability("random_flip", p)
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
    """With probability p a rectangle is overwritten, so that the network cannot rely on one part of an object.

    area    its share of the image, drawn uniformly between the two
    ratio   its height over its width, log-uniformly, so that tall and wide are alike
    value   what it is filled with; None: normal random numbers, for images that are normalized

    Source: Zhong et al., "Random erasing data augmentation", 2017.
    """
    check_generator("random_erasing", rng)
    check_probability("random_erasing", p)
    check_images("random_erasing", x)
    if not 0 < area[0] <= area[1] <= 1 or not 0 < ratio[0] <= ratio[1]:
        raise ValueError(f"random_erasing: area must be two shares, ratio two positive numbers, not {area}, {ratio}")
    H, W = x.shape[-2:]

    def one(image: Any) -> Any:
        if rng.random() >= p:
            return image
        pixels = rng.uniform(*area) * H * W
        proportion = math.exp(rng.uniform(math.log(ratio[0]), math.log(ratio[1])))
        h = min(H, max(1, round(math.sqrt(pixels * proportion))))
        w = min(W, max(1, round(math.sqrt(pixels / proportion))))
        top, left = int(rng.integers(H - h + 1)), int(rng.integers(W - w + 1))
        y = image.copy()
        noise = rng.standard_normal((len(y), h, w)) if value is None else value
        y[:, top : top + h, left : left + w] = namespace(y).asarray(noise, dtype=y.dtype)
        return y

    return each(one, x)


def each(f: Callable[[Any], Any], x: Image) -> Image:
    """f of the image, or of each image of a batch."""
    return f(x) if is_pillow(x) or x.ndim == 3 else namespace(x).stack([f(image) for image in x])


def bordered(x: Image, pad: int) -> Image:
    """The image with a border of zeros."""
    if not pad:
        return x
    if is_pillow(x):
        return x.crop((-pad, -pad, x.width + pad, x.height + pad))
    return namespace(x).pad(x, ((0, 0), (pad, pad), (pad, pad)))


def interpolation(H: int, OH: int, method: str) -> Any:
    """The matrix (OH, H) that makes OH pixels of H: row i weighs the old pixels around the middle of the new one.

    Which pixels are near enough is decided as in Pillow, to the rounding: a box ends where two are equally far.
    """
    reach, kernel = KERNELS[method]
    scale = max(H / OH, 1)
    middle = (np.arange(OH)[:, None] + 0.5) * (H / OH)
    first, end = [np.floor(middle + distance * scale + 0.5) for distance in (-reach, reach)]
    pixels = np.arange(H)
    weights = np.where((first <= pixels) & (pixels < end), kernel((pixels + 0.5 - middle) / scale), 0)
    return weights / weights.sum(axis=1, keepdims=True)


def cubic(d: Any, a: float = -0.5) -> Any:
    """The curve of bicubic interpolation. Source: Keys, "Cubic convolution interpolation", 1981."""
    near = (a + 2) * d**3 - (a + 3) * d**2 + 1
    return np.where(d < 1, near, np.where(d < 2, a * (d**3 - 5 * d**2 + 8 * d - 4), 0))


def proportional(H: int, W: int, shorter: int) -> tuple[int, int]:
    """The sizes with this shorter side and, as near as whole pixels allow, the same proportions."""
    pair("size", shorter)
    return (shorter, round(shorter * W / H)) if H <= W else (round(shorter * H / W), shorter)


def pair(name: str, size: Size) -> tuple[int, int]:
    """(height, width) of a size."""
    sizes = (size, size) if isinstance(size, int | np.integer) else tuple(size)
    if len(sizes) != 2 or not all(isinstance(n, int | np.integer) and n > 0 for n in sizes):
        raise ValueError(f"{name} must be a positive whole number or a pair (height, width), not {size!r}")
    return int(sizes[0]), int(sizes[1])


def is_pillow(x: object) -> bool:
    """Is it an image of Pillow, which need not be installed?"""
    return any(base.__module__.startswith("PIL.") for base in type(x).__mro__)


def height_width(name: str, x: Image) -> tuple[int, int]:
    if is_pillow(x):
        return x.height, x.width
    check_images(name, x)
    return x.shape[-2], x.shape[-1]


def check_images(name: str, x: Any) -> None:
    """Raises TypeError or ValueError unless it is an array of one image or several, the channels before the rows."""
    if not is_array(x):
        raise TypeError(f"{name} takes arrays, not {described(x)}; to_chw makes one of an image of Pillow")
    if x.ndim not in (3, 4) or 0 in x.shape:
        raise ValueError(f"{name} takes images (C, H, W) or (N, C, H, W), not {described(x)}")
    if x.ndim == 3 and x.shape[2] <= 4 < min(x.shape[:2]):
        raise ValueError(f"{name}: {x.shape} looks like (H, W, C): see to_chw; if it is (C, H, W), give x[None]")


def check_generator(name: str, rng: object) -> None:
    if not isinstance(rng, np.random.Generator):
        raise TypeError(
            f"{name}: rng must be a NumPy generator, np.random.default_rng(seed), not {rng!r:.40}: a seed would draw "
            "the same for every image"
        )


def check_probability(name: str, p: float) -> None:
    if not 0 <= p <= 1:
        raise ValueError(f"{name}: the probability p must be between 0 and 1, not {p}")


def described(x: Any) -> str:
    return f"{x.dtype} {x.shape}" if is_array(x) else type(x).__name__
