"""Changes of images that leave their meaning: turned, shifted, in other colours, mixed. They take arrays alone."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd.backend import Array, is_array, namespace
from autograd.bfloat16 import kind_of
from autograd.checks import number, shown, whole
from autograd.data.images import check_generator, check_images, each, interval, two

GREY = (0.299, 0.587, 0.114)  # how bright red, green and blue are. Source: ITU-R BT.601


def affine(
    x: Any, *, angle: float = 0, shift: Any = (0, 0), scale: float = 1, shear: float = 0, fill: float = 0
) -> Any:
    """The image turned, sheared, enlarged and shifted around its centre:

        p' = c + s R(angle) S(shear) (p - c) + (down, right)        S = [[1, 0], [tan shear, 1]], p = (row, column)

    angle   degrees, counter-clockwise
    shift   (down, right) in pixels
    scale   enlargement
    shear   degrees by which columns lean
    fill    the value outside of the image

    New pixels are interpolated linearly between the four old ones around them. Integers are rounded.
    """
    check_images("affine", x)
    down, right = two("affine: shift", shift)
    down, right = number("affine: shift", down), number("affine: shift", right)
    a = math.radians(number("affine: angle", angle))
    k = math.tan(math.radians(number("affine: shear", shear, above=-90, below=90)))
    R = np.array([[math.cos(a), -math.sin(a)], [math.sin(a), math.cos(a)]])
    M = number("affine: scale", scale, above=0) * R @ np.array([[1, 0], [k, 1]])
    return warped(x, np.linalg.inv(M), np.array([down, right], np.float64), number("affine: fill", fill))


def rotate(x: Any, angle: float, *, fill: float = 0) -> Any:
    """The image turned around its centre by an angle in degrees, counter-clockwise. `fill` is outside of it."""
    check_images("rotate", x)
    return affine(x, angle=number("rotate: angle", angle), fill=number("rotate: fill", fill))


def random_rotation(x: Any, degrees: float, *, rng: np.random.Generator, fill: float = 0) -> Any:
    """The image turned by a random angle, uniform between -degrees and degrees."""
    check_generator("random_rotation", rng)
    check_images("random_rotation", x)
    degrees, fill = number("random_rotation: degrees", degrees, least=0), number("random_rotation: fill", fill)
    return each(lambda image: affine(image, angle=rng.uniform(-degrees, degrees), fill=fill), x)


def random_affine(
    x: Any,
    *,
    rng: np.random.Generator,
    degrees: float = 0,
    shift: float = 0,
    scale: tuple[float, float] = (1, 1),
    shear: float = 0,
    fill: float = 0,
) -> Any:
    """A random `affine` map: the angle within ±degrees, the shear within ±shear, each uniform; and

    shift   the largest shift down and right, as a share of height and width
    scale   log-uniform between the two
    """
    check_generator("random_affine", rng)
    check_images("random_affine", x)
    degrees, shift = number("random_affine: degrees", degrees, least=0), number("random_affine: shift", shift, least=0)
    shear, fill = number("random_affine: shear", shear, least=0, below=90), number("random_affine: fill", fill)
    low, high = [math.log(bound) for bound in interval("random_affine: scale", scale)]
    H, W = x.shape[-2:]

    def one(image: Any) -> Any:
        angle, lean, size, down, right = rng.uniform(-1, 1, 5)
        return affine(
            image,
            angle=angle * degrees,
            shift=(down * shift * H, right * shift * W),
            scale=math.exp((low + high) / 2 + size * (high - low) / 2),
            shear=lean * shear,
            fill=fill,
        )

    return each(one, x)


def warped(x: Any, inverse: Any, shift: Any, fill: float) -> Any:
    """The image whose pixel p is that of x at c + inverse (p - c - shift), with c in the middle."""
    xp = namespace(x)
    H, W = x.shape[-2:]
    centre = np.array([H - 1, W - 1]) / 2
    places = np.stack(np.meshgrid(np.arange(H), np.arange(W), indexing="ij"), axis=-1)
    rows, columns = np.moveaxis((places - centre - shift) @ inverse.T + centre, -1, 0)
    border = [(0, 0)] * (x.ndim - 2) + [(1, 1), (1, 1)]
    floats = x if kind_of(x.dtype) == "f" else x.astype(np.float32)
    padded = xp.pad(floats, border, constant_values=fill)
    y: Any = 0
    for row, down in neighbours(rows, H):
        for column, right in neighbours(columns, W):
            weight = xp.asarray((down * right).astype(floats.dtype))
            y = y + padded[..., xp.asarray(row), xp.asarray(column)] * weight
    return of_kind(y, x)


def neighbours(place: Array, H: int) -> list[tuple[Array, Array]]:
    """The two old pixels around each place, counted in the image with its border, and their weights."""
    first = np.floor(place)
    return [(np.clip(first + 1 + step, 0, H + 1).astype(np.int64), 1 - abs(place - first - step)) for step in (0, 1)]


def of_kind(y: Any, x: Any) -> Any:
    """y in the dtype of x: whole numbers are rounded, and stay in its range."""
    if kind_of(x.dtype) == "f":
        return y.astype(x.dtype, copy=False)
    limits = np.iinfo(x.dtype) if x.dtype.kind in "iu" else np.iinfo(np.uint8)
    return y.round().clip(limits.min, limits.max).astype(x.dtype)


def colour(x: Any, *, brightness: float = 1, contrast: float = 1, saturation: float = 1) -> Any:
    """The image in other colours; each number is a factor, 1 changes nothing, and 0 gives black, one grey, or greys:

        y = b x      y = m + c (x - m), m the mean brightness      y = g + s (x - g), g the brightness of each pixel

    one after the other. x is from 0 to 1, or uint8, and stays in that range. Brightness is 0.299 R + 0.587 G + 0.114 B;
    an image of one channel is its own.
    """
    most = check_colours("colour", x)
    given = {"brightness": brightness, "contrast": contrast, "saturation": saturation}
    b, c, s = [number(f"colour: {name}", value, least=0) for name, value in given.items()]
    y = x.astype(np.float32) if kind_of(x.dtype) != "f" else x
    y = (y * b).clip(0, most)
    mean = grey(y).mean(axis=(-3, -2, -1), keepdims=True)
    y = (mean + c * (y - mean)).clip(0, most)
    pixel = grey(y)
    return of_kind((pixel + s * (y - pixel)).clip(0, most), x)


def random_colour(
    x: Any, *, rng: np.random.Generator, brightness: float = 0.2, contrast: float = 0.2, saturation: float = 0.2
) -> Any:
    """The image in random colours: each factor of `colour` is uniform between 1 - its number and 1 + its number."""
    check_generator("random_colour", rng)
    check_colours("random_colour", x)
    given = {"brightness": brightness, "contrast": contrast, "saturation": saturation}
    widths = [number(f"random_colour: {name}", value, least=0, most=1) for name, value in given.items()]

    def one(image: Any) -> Any:
        factors = [1 + float(u) * width for u, width in zip(rng.uniform(-1, 1, 3), widths)]
        return colour(image, **dict(zip(given, factors)))

    return each(one, x)


def check_colours(name: str, x: Any) -> int:
    """The largest value of x. Raises TypeError or ValueError unless x is one image or more of 1 or 3 channels."""
    check_images(name, x)
    if kind_of(x.dtype) != "f" and x.dtype != np.uint8:
        raise TypeError(f"{name} takes floating-point images from 0 to 1, or uint8, not {x.dtype}")
    if x.shape[-3] not in (1, 3):
        raise ValueError(f"{name} takes images of 1 or 3 channels, (3, H, W), not {x.shape}")
    return 1 if kind_of(x.dtype) == "f" else 255


def grey(x: Any) -> Any:
    """The brightness of each pixel: (..., 3, H, W) -> (..., 1, H, W)."""
    if x.shape[-3] == 1:
        return x
    weights = namespace(x).asarray(np.array(GREY, x.dtype)).reshape(3, 1, 1)
    return (x * weights).sum(axis=-3, keepdims=True)


def mixup(x: Any, t: Any, classes: int | None = None, *, rng: np.random.Generator, alpha: float = 0.2) -> Any:
    """A batch whose samples are mixed with others of the batch, and their targets in the same proportion:

        y_i = λ_i x_i + (1 - λ_i) x_j        λ_i ~ Beta(alpha, alpha),  j a random permutation

    x         floating-point (N, ...)
    t         labels (N,), which become probabilities (N, classes); or floating-point targets (N, ...), which are mixed

    In a loader: `collate=lambda samples, rng: mixup(*stacked(samples), classes=10, rng=rng)`. Losses take such targets.
    Source: Zhang et al., "mixup: beyond empirical risk minimization", 2018.
    """
    check_generator("mixup", rng)
    alpha = number("mixup: alpha", alpha, above=0)
    for name, a in {"x": x, "t": t}.items():
        if not is_array(a) or not a.ndim or kind_of(a.dtype) not in "fiu" or (name == "x" and kind_of(a.dtype) != "f"):
            raise TypeError(f"mixup: {name} must be an array of a batch, and x floating-point, not {shown(a)}")
    if len(x) != len(t) or not len(x):
        raise ValueError(f"mixup takes as many targets as samples, and at least one, not {x.shape} and {t.shape}")
    if kind_of(t.dtype) != "f":
        t = probabilities(t, classes, x.dtype)
    order, share = rng.permutation(len(x)), rng.beta(alpha, alpha, len(x))
    return tuple([mixed(a, order, share) for a in (x, t)])


def probabilities(t: Any, classes: int | None, dtype: Any) -> Any:
    """Labels (N,) as rows (N, classes) with a 1 at the label."""
    C = whole("mixup: classes, with labels,", classes)
    if t.ndim != 1 or t.min() < 0 or t.max() >= C:
        raise ValueError(f"mixup takes labels (N,) in 0 .. {C - 1}, not {t.dtype} {t.shape}: {shown(t)}")
    return namespace(t).eye(C, dtype=dtype)[t]


def mixed(a: Any, order: Array, share: Array) -> Any:
    """share_i a_i + (1 - share_i) a_order(i)."""
    xp = namespace(a)
    s = xp.asarray(share.astype(a.dtype)).reshape(-1, *[1] * (a.ndim - 1))
    return s * a + (1 - s) * a[xp.asarray(order)]
