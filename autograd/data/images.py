"""What a transform asks of its arguments: is it an image, a size, a generator?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd.backend import is_array, namespace
from autograd.checks import number, shown, whole

Image = Any  # an array (C, H, W) or (N, C, H, W), or an image of Pillow
Size = int | Sequence[int]


def each(f: Callable[[Any], Any], x: Image) -> Image:
    """f of an image, or of each image of a batch."""
    return f(x) if is_pillow(x) or x.ndim == 3 else namespace(x).stack([f(image) for image in x])


def pair(name: str, size: Size) -> tuple[int, int]:
    """(height, width) of a size."""
    height, width = two(name, size) if is_sequence(size) else (size, size)
    return whole(name, height), whole(name, width)


def interval(name: str, bounds: Sequence[float], most: float | None = None) -> tuple[float, float]:
    """Two positive numbers in ascending order."""
    low, high = two(name, bounds)
    high = number(name, high, above=0, most=most)
    return number(name, low, above=0, most=high), high


def two(name: str, values: Any) -> tuple[Any, Any]:
    """The two elements of a sequence."""
    if not is_sequence(values) or len(values) != 2:
        raise ValueError(f"{name} must be a pair, not {shown(values)}")
    first, second = values
    return first, second


def is_sequence(x: Any) -> bool:
    """Is it a list, a tuple, or an array with one axis?"""
    return isinstance(x, (list, tuple)) or (is_array(x) and x.ndim == 1)


def channels(name: str, values: Any, above: float | None = None) -> Any:
    """One number, or one for each channel, as a flat array."""
    given = values if is_sequence(values) else [values]
    return np.array([number(name, v, above=above) for v in given], np.float64)


def is_pillow(x: object) -> bool:
    """True for an image of Pillow. Pillow need not be installed."""
    return any(base.__module__.startswith("PIL.") for base in type(x).__mro__)


def height_width(name: str, x: Image) -> tuple[int, int]:
    """(H, W) of an image or a batch; `name` is the function that was called."""
    if is_pillow(x):
        return x.height, x.width
    check_images(name, x)
    return x.shape[-2], x.shape[-1]


def check_images(name: str, x: Any) -> None:
    """Raises TypeError or ValueError unless x is an array (C, H, W) or (N, C, H, W)."""
    if not is_array(x):
        raise TypeError(f"{name} takes arrays, not {described(x)}: to_chw makes an array from an image of Pillow")
    if x.ndim not in (3, 4) or 0 in x.shape:
        raise ValueError(f"{name} takes images (C, H, W) or (N, C, H, W), not {described(x)}")
    if x.ndim == 3 and x.shape[2] <= 4 < min(x.shape[:2]):
        raise ValueError(f"{name} takes (C, H, W), not {x.shape}, which looks like (H, W, C): use to_chw, or x[None]")


def check_generator(name: str, rng: object) -> None:
    if not isinstance(rng, np.random.Generator):
        raise TypeError(
            f"{name}: rng must be a NumPy generator, np.random.default_rng(seed), not {shown(rng)}: a seed would give "
            "the same numbers for every image"
        )


def described(x: Any) -> str:
    """The dtype and shape of an array, or the type of anything else."""
    return f"{x.dtype} {x.shape}" if is_array(x) else type(x).__name__
