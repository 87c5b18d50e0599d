"""Images in another size, and images read at any place: `interpolate`, `grid_sample`.

Pixel i of H has its centre at i. The image reaches from -1/2 to H - 1/2 where `align_corners` is False: it is an area.
With `align_corners` it reaches from 0 to H - 1, from the centre of its first pixel to that of its last one.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product
from math import floor, prod
from typing import Any, NamedTuple

import numpy as np

from autograd.algebra import Operand, as_array, getitem, reshape, transpose
from autograd.backend import Array, namespace
from autograd.bfloat16 import kind_of
from autograd.checks import flag, number, one_of, shown
from autograd.function import Function
from autograd.functions.arithmetic import clip, masked
from autograd.functions.embedding import Embedding
from autograd.functions.operands import operand, rounded, summable, with_room
from autograd.functions.pooling import adaptive_average, spatial_axes
from autograd.kernels.windows import Sizes, per_axis
from autograd.variable import Variable

__all__ = ["affine_grid", "grid_sample", "interpolate"]

SHARP = -0.75  # the parameter of the cubic: the slope of its kernel at distance 1
SMOOTH = -0.5  # the same where a cubic is wider than a pixel, as in Pillow
FAR = 1e9  # pixels: places beyond are as far away as this
LINEAR = {1: "linear", 2: "bilinear", 3: "trilinear"}


class Table(NamedTuple):
    """Which K pixels make each of O results, and with which weights: arrays (O, K)."""

    index: Any
    weight: Any


class Resample(Function):
    """y[o] = sum over k of weight[o, k] x[index[o, k]] along an axis. The adjoint is another one, with `back`."""

    def __init__(self, there, back, axis):
        self.there, self.back, self.axis = there, back, axis

    def forward(self, x):
        xp, (index, weight), y = namespace(x), self.there, None
        column = [-1 if i == self.axis else 1 for i in range(x.ndim)]
        for k in range(index.shape[1]):
            part = x.take(xp.asarray(index[:, k]), self.axis)
            if not (weight[:, k] == 1).all():
                part[(slice(None),) * self.axis + (xp.asarray(weight[:, k] == 0),)] = 0  # an infinity times 0 is nan
                part *= xp.asarray(weight[:, k].astype(x.dtype)).reshape(column)
            y = part if y is None else y + part
        return y

    def backward(self, gy):
        return Resample(self.back, self.there, self.axis)(gy)


def interpolate(
    x: Operand,
    size: Sizes | None = None,
    scale: Any = None,
    mode: str = "nearest",
    align_corners: bool = False,
    antialias: bool = False,
) -> Variable:
    """x with `size` pixels along each spatial axis, or with floor(scale H).   (N, C, *sizes) -> (N, C, *size)

    mode: "nearest", the pixel at floor(o H/O); "nearest-exact", the one nearest to the centre of o; "linear",
    "bilinear" or "trilinear", straight lines between two pixels along one, two or three axes; "bicubic", cubics through
    four pixels (Keys, 1981, with a = -3/4); "area", the mean of a region. All treat one axis after the other.
    `align_corners` puts the corner pixels of x and y on each other, for lines and cubics. `antialias` makes a smaller y
    from all pixels of x: the kernel is as wide as a pixel of y, and ends at the border (a cubic has a = -1/2 here).
    Raises TypeError if align_corners or antialias is not a flag. Raises ValueError unless one of size and scale is
    given, and they and the mode fit the number of axes.
    """
    n = spatial_axes("interpolate", x)
    shape = x.shape[2:]
    if (size is None) == (scale is None):
        raise ValueError(f"interpolate takes a size or a scale, one of them, not {shown(size)} and {shown(scale)}")
    if 0 in shape:
        raise ValueError(f"interpolate takes images of at least one pixel, not shape {x.shape}")
    scales = (None,) * n if scale is None else checked_scales(scale, n)
    out = tuple([floor(H * s) for H, s in zip(shape, scales)]) if size is None else size  # type: ignore[operator]
    out = per_axis("interpolate: size", out, n, 1)
    fitting = ["nearest", "nearest-exact", "area", LINEAR[n], *(["bicubic"] if n == 2 else [])]
    mode, align = one_of("interpolate: mode", mode, *fitting), flag("interpolate: align_corners", align_corners)
    if align and mode not in (LINEAR[n], "bicubic"):
        raise ValueError(f"interpolate: align_corners must be False in mode {mode!r}, which has no corners to align")
    smooth = flag("interpolate: antialias", antialias)
    if smooth and (align or mode not in (LINEAR[n], "bicubic")):
        raise ValueError(f"interpolate: antialias takes lines and cubics without align_corners, not mode {mode!r}")
    if mode == "area":
        return adaptive_average("interpolate", n, x, out)
    y = x if mode.startswith("nearest") else summable(x)
    for axis, (H, O, s) in enumerate(zip(shape, out, scales)):
        if mode.startswith("nearest") or O != H or s not in (None, 1):
            there = smoothing(mode, H, O, s) if smooth else tables(mode, H, O, s, align)
            y = Resample(*there, axis + 2)(y)
    return rounded(y, x)


def checked_scales(scale: Any, n: int) -> tuple[Any, ...]:
    """A positive number for each axis, from one for all or a sequence of them."""
    scales = scale.tolist() if hasattr(scale, "tolist") else scale
    scales = tuple(scales) if isinstance(scales, (tuple, list)) else (scales,) * n
    if len(scales) != n:
        raise ValueError(f"interpolate: scale must be a positive number, or {n} of them, not {shown(scale)}")
    return tuple([number("interpolate: scale", s, above=0, most=FAR) for s in scales])


@lru_cache(1 << 8)
def tables(mode: str, H: int, O: int, scale: float | None, align: bool) -> tuple[Table, Table]:
    """The tables from H pixels to O, and back."""
    step = H / O if scale is None else 1 / scale
    o = np.arange(O)
    if mode == "nearest":
        index, weight = (o * H // O if scale is None else np.floor(o * step))[:, None], np.ones((O, 1))
    elif mode == "nearest-exact":
        place = (2 * o + 1) * H // (2 * O) if scale is None else np.floor((o + 0.5) * step)
        index, weight = place[:, None], np.ones((O, 1))
    else:
        place = o * ((H - 1) / (O - 1) if O > 1 else 0) if align else (o + 0.5) * step - 0.5
        place = place if mode == "bicubic" else np.maximum(place, 0)
        first = np.floor(place)
        ends = (-1, 0, 1, 2) if mode == "bicubic" else (0, 1)
        weights = (cubic if mode == "bicubic" else line)(place - first)
        index, weight = np.stack([first + k for k in ends], 1), np.stack(weights, 1)
    there = Table(index.clip(0, H - 1).astype(int), weight)
    return there, turned(there, H)


@lru_cache(1 << 8)
def smoothing(mode: str, H: int, O: int, scale: float | None) -> tuple[Table, Table]:
    """The tables where the kernel is as wide as a pixel of the result, if that is the larger one."""
    step = H / O if scale is None else 1 / scale
    wide = max(step, 1)
    place = ((np.arange(O) + 0.5) * step - 0.5)[:, None]
    reach = wide * (2 if mode == "bicubic" else 1)
    index = np.ceil(place - reach) + np.arange(floor(2 * reach) + 1)
    d = abs(index - place) / wide
    if mode == "bicubic":
        weight = np.where(d < 1, near(d, SMOOTH), np.where(d < 2, far(d, SMOOTH), 0))
    else:
        weight = np.maximum(1 - d, 0)
    weight = np.where((index >= 0) & (index < H), weight, 0)
    there = Table(index.clip(0, H - 1).astype(int), weight / weight.sum(1, keepdims=True))
    return there, turned(there, H)


def turned(there: Table, H: int) -> Table:
    """The table of the adjoint: for each pixel the results that it is part of, as many columns as the most have."""
    O = len(there.index)
    keys, inverse = np.unique(
        there.index * O + np.arange(O)[:, None], return_inverse=True
    )  # (pixel, result), once each
    weights = np.bincount(inverse.reshape(-1), there.weight.reshape(-1), keys.size)
    pixels, results = keys // O, keys % O
    many = np.bincount(pixels, minlength=H)
    place = np.arange(keys.size) - np.repeat(np.cumsum(many) - many, many)
    index, weight = np.zeros((H, max(int(many.max()), 1)), int), np.zeros((H, max(int(many.max()), 1)))
    index[pixels, place], weight[pixels, place] = results, weights
    return Table(index, weight)


def line(t: Any) -> list[Any]:
    """The weights of two pixels at the distances t and 1 - t."""
    return [1 - t, t]


def cubic(t: Any) -> list[Any]:
    """The weights of four pixels at the distances 1 + t, t, 1 - t and 2 - t."""
    return [far(1 + t), near(t), near(1 - t), far(2 - t)]


def near(d: Any, a: float = SHARP) -> Any:
    """The cubic at distances up to 1."""
    return ((a + 2) * d - (a + 3)) * d * d + 1


def far(d: Any, a: float = SHARP) -> Any:
    """The cubic at distances from 1 to 2."""
    return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a


def grid_sample(
    x: Operand, grid: Operand, mode: str = "bilinear", padding_mode: str = "zeros", align_corners: bool = False
) -> Variable:
    """y[n, c, o] = image x[n, c] at the place grid[n, o].   (N, C, H, W) (N, OH, OW, 2) -> (N, C, OH, OW)

    A place is (column, row), each from -1 to 1 over the image. Volumes (N, C, D, H, W) take (N, OD, OH, OW, 3), with
    (column, row, layer). mode: "bilinear" between the 4 or 8 pixels around the place, "nearest", or "bicubic" among 16.
    padding_mode says what is outside: "zeros", "border" (the nearest pixel), "reflection". Both x and the grid have
    gradients; at the borders between pixels they are those of one side. A place with a nan is on no pixel: y is nan
    there, in every mode, and its gradients are 0. Source: Jaderberg et al., "Spatial transformer networks", 2015.
    Raises TypeError if x or the grid is not floating-point. Raises ValueError if the shapes do not fit, or for a mode
    that is none of these; volumes have no "bicubic".
    """
    name = "grid_sample"
    n = spatial_axes(name, x)
    grid = operand(name, grid)
    shape = grid.shape
    if kind_of(x.dtype) != "f" or kind_of(grid.dtype) != "f":
        raise TypeError(f"{name} takes floating-point x and grid, not {x.dtype} and {grid.dtype}")
    if n == 1 or len(shape) != n + 2 or shape[0] != x.shape[0] or shape[-1] != n or 0 in x.shape:
        raise ValueError(
            f"{name} takes x (N, C, H, W) and a grid (N, OH, OW, 2), or (N, C, D, H, W) and (N, OD, OH, OW, 3), "
            f"not shapes {x.shape} and {shape}"
        )
    one_of(f"{name}: mode", mode, "bilinear", "nearest", *(["bicubic"] if n == 2 else []))
    one_of(f"{name}: padding_mode", padding_mode, "zeros", "border", "reflection")
    align = flag(f"{name}: align_corners", align_corners)
    return with_room(lambda x, grid: sampled_somewhere(x, grid, mode, padding_mode, align), x, grid)


def sampled_somewhere(x: Any, grid: Any, mode: str, outside: str, align: bool) -> Any:
    """`sampled`, and nan with gradients of 0 where the grid is nan."""
    there = as_array(grid) == as_array(grid)
    if there.all():
        return sampled(x, grid, mode, outside, align)
    y = sampled(x, masked(grid, there), mode, outside, align)
    there = namespace(there).broadcast_to(there.all(-1)[:, None], y.shape)
    return masked(y, there) + namespace(there).where(there, 0, np.nan).astype(y.dtype)


def sampled(x: Any, grid: Any, mode: str, outside: str, align: bool) -> Any:
    """`grid_sample` of arguments that fit: the sum over the taps around each place, axis by axis."""
    (N, C, *size), out, n = x.shape, grid.shape[1:-1], x.ndim - 2
    xp, O = namespace(as_array(grid)), prod(out)
    rows = reshape(transpose(x, (0, *range(2, n + 2), 1)), (N * prod(size), C))
    taps = []  # for each axis: (pixel, is it on the image, weight) of each tap
    for axis, H in enumerate(size):
        g = clip(reshape(getitem(grid, (..., n - 1 - axis)), (N * O,)), -FAR / H, FAR / H)
        place = (g + 1) * ((H - 1) / 2) if align else (g + 1) * (H / 2) - 0.5
        if mode != "bicubic" and outside != "zeros":
            slope, shift = inside(xp, as_array(place), H, outside, align)
            place = place * slope + shift
        taps.append(around(xp, place, H, mode, outside, align))
    sample = xp.repeat(xp.arange(N), O) * prod(size)
    y: Any = 0
    for chosen in product(*taps):
        pixel, on, weight = 0, True, None  # type: Any, Any, Any
        for (p, there, w), H in zip(chosen, size):
            pixel, on = pixel * H + p, on & there
            weight = w if weight is None or w is None else weight * w
        part = Embedding()(rows, sample + pixel)
        if weight is not None:
            part = part * reshape(masked(weight, on), (N * O, 1))
        y = y + (part if weight is not None else masked(part, on[:, None]))
    return transpose(reshape(y, (N, *out, C)), (0, n + 1, *range(1, n + 1)))


def around(xp: Any, place: Any, H: int, mode: str, outside: str, align: bool) -> list[tuple[Array, Array, Any]]:
    """The taps around places along an axis: pixels, whether they are on the image, and weights (None for 1)."""
    given = as_array(place)
    first = xp.rint(given) if mode == "nearest" else xp.floor(given)
    if mode == "nearest":
        steps, weights = [0], [None]
    else:
        t = place - first
        steps, weights = ([0, 1], line(t)) if mode == "bilinear" else ([-1, 0, 1, 2], cubic(t))
    found = []
    for k, weight in zip(steps, weights):
        pixel = first + k
        if mode == "bicubic" and outside != "zeros":
            slope, shift = inside(xp, pixel, H, outside, align)
            pixel = pixel * slope + shift
        found.append((pixel.clip(0, H - 1).astype(int), (pixel >= 0) & (pixel <= H - 1), weight))
    return found


def inside(xp: Any, place: Array, H: int, outside: str, align: bool) -> tuple[Array, Array]:
    """a and b, for which a place + b is on the image: at its border, or turned back from there. a is -1, 0 or 1."""
    slope, shift = xp.ones_like(place), xp.zeros_like(place)
    if outside == "reflection":
        low, span = (0, H - 1) if align else (-0.5, H)
        turns = xp.floor((place - low) / span) if span else xp.zeros_like(place)
        odd = turns % 2 == 1
        slope = xp.where(odd, -1, 1).astype(place.dtype)
        shift = xp.where(odd, (turns + 1) * span + 2 * low, -turns * span).astype(place.dtype)
        if not span:
            slope = xp.zeros_like(place)
        place = place * slope + shift
    beyond = (place < 0) | (place > H - 1)
    return xp.where(beyond, 0, slope).astype(place.dtype), xp.where(beyond, place.clip(0, H - 1), shift)


def affine_grid(theta: Operand, size: Any, align_corners: bool = False) -> Variable:
    """The grid of `grid_sample` at which an affine map theta finds each pixel.   (N, 2, 3), (H, W) -> (N, H, W, 2)

    grid[n, h, w] = theta[n] (column, row, 1), and column and row go from -1 to 1 over the new image. With (N, 3, 4) and
    (D, H, W) it is (N, D, H, W, 3).
    Raises TypeError if theta is not floating-point, ValueError unless it is (N, 2, 3) or (N, 3, 4), and sizes fit.
    """
    theta = operand("affine_grid", theta)
    shape = theta.shape
    if kind_of(theta.dtype) != "f":
        raise TypeError(f"affine_grid takes a floating-point theta, not {theta.dtype}")
    if len(shape) != 3 or shape[1:] not in ((2, 3), (3, 4)):
        raise ValueError(f"affine_grid takes theta (N, 2, 3) or (N, 3, 4), not shape {shape}")
    n = shape[1]
    out, align = per_axis("affine_grid: size", size, n, 1), flag("affine_grid: align_corners", align_corners)
    axes = []
    for H in out:
        ends = (H - 1) / max(H if not align else H - 1, 1)
        axes.append(np.linspace(-ends, ends, H))
    places = np.stack([*np.meshgrid(*axes, indexing="ij")[::-1], np.ones(out)], -1).reshape(-1, n + 1)

    def mapped(theta: Any) -> Any:
        base = namespace(as_array(theta)).asarray(places.astype(theta.dtype))
        return reshape(base @ theta.swapaxes(1, 2), (shape[0], *out, n))

    return with_room(mapped, theta)
