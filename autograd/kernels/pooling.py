"""Pooling: the maximum and the sum of each window, and their adjoints.

Every loop runs over the taps of the kernel; all windows are treated at once. The arrays are

    x (N, C, *size)     y, where (N, C, *out)     where[o] = the number of the tap that holds the maximum of window o
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from autograd.backend import Array, namespace
from autograd.kernels import planes
from autograd.kernels.compiled import Compiled, loop, over, single
from autograd.kernels.gpu import pooling as gpu
from autograd.kernels.indexing import masked
from autograd.kernels.threads import over_images
from autograd.kernels.ways import kernel
from autograd.kernels.windows import Windows, taps
from autograd.shapes import Shape

__all__ = ["gather_max", "region_max", "scatter_max", "window_fill", "window_max", "window_sum"]

MANY = 256  # taps whose sum in float32 would lose digits
LARGE = 1 << 19  # pixels for which a second thread pays


def fits_loop(x: Array, w: Windows) -> bool:
    """A loop over windows pays where they overlap: NumPy makes a pass over all windows for each tap."""
    return len(w.size) == 2 and not w.disjoint and prod(w.kernel) <= MANY and single(x)


def geometry(w: Windows) -> tuple[int, ...]:
    """Kernel, stride, padding in front and dilation, as the loops take them."""
    return (*w.kernel, *w.stride, *[before for before, _ in w.pad], *w.dilation)


def images_of(x: Array) -> Array:
    """(N, C, H, W) -> (N · C, H, W)"""
    return x.reshape(-1, *x.shape[2:])


def compiled_window_max(x: Array, w: Windows) -> tuple[Array, Array]:
    flat = x.reshape(-1)
    if not np.dot(flat, flat) >= 0:  # there is a nan
        return window_max.plain(x, w)
    y, where = np.empty((*x.shape[:2], *w.out), x.dtype), np.empty((*x.shape[:2], *w.out), np.uint8)
    work, numbers = loop("pooling.window_max"), geometry(w)
    over(lambda x, y, where: work(x, numbers, y, where), x.size, images_of(x), images_of(y), images_of(where))
    return y, where


def compiled_scatter_max(y: Array, where: Array, w: Windows) -> Array:
    x, work, numbers = np.empty((*y.shape[:2], *w.size), y.dtype), loop("pooling.scatter_max"), geometry(w)
    over(lambda y, where, x: work(y, where, numbers, x), x.size, images_of(y), images_of(where), images_of(x))
    return x


def compiled_window_sum(x: Array, w: Windows) -> Array:
    """A convolution with ones."""
    return planes.forward(x, np.ones((x.shape[1], *w.kernel), x.dtype), None, w, x.shape[1])


def compiled_window_fill(y: Array, w: Windows) -> Array:
    return planes.transpose(y, np.ones((y.shape[1], *w.kernel), y.dtype), w, y.shape[1])


def fits_sum(x: Array, w: Windows) -> bool:
    return w.stride == (1, 1) and fits_loop(x, w)


def fits_scatter(y: Array, where: Array, w: Windows) -> bool:
    return fits_loop(y, w) and where.dtype == np.uint8 and where.flags.c_contiguous


@kernel(Compiled(compiled_window_max, fits_loop), gpu.window_max)
def window_max(x: Array, w: Windows) -> tuple[Array, Array]:
    """y[o] = max over k of x[p(o, k)], and `where`, the first tap with this value [max pooling].   x -> y, where

    Padding counts as minus infinity, and no tap in it is named. A window with a nan has the maximum nan, and its tap.
    """
    xp = namespace(x)
    lowest = {"f": -xp.inf, "b": False}.get(x.dtype.kind)
    lowest = xp.iinfo(x.dtype).min if lowest is None else lowest
    y = xp.full((*x.shape[:2], *w.out), lowest, x.dtype)
    where = xp.zeros(y.shape, xp.uint8 if prod(w.kernel) <= 256 else xp.int64)
    if any(map(any, w.pad)):
        where += first_tap(xp.zeros((1, 1, *w.out), where.dtype), w)

    def work(share: slice) -> None:
        for k, (_, pixels, windows) in enumerate(taps(w)):
            candidate, best, tap = x[share][pixels], y[share][windows], where[share][windows]
            if k:  # taps grow, so the maximum of them is the last that won; a masked assignment is slower
                xp.maximum(tap, (candidate > best).astype(tap.dtype) * k, out=tap)
            xp.maximum(best, candidate, out=best)

    over_images(work, x, large=x.size >= LARGE)
    flat = y.reshape(-1)
    if (
        x.dtype.kind == "f" and not xp.dot(flat, flat) >= 0
    ):  # a sum of squares is nan only of a nan: a look that is free
        for k, (_, pixels, windows) in enumerate(taps(w)):
            where[windows][xp.isnan(x[pixels])] = k
    return y, where


def first_tap(where: Array, w: Windows) -> Array:
    """Sets each window's element to its first tap that lies on the image."""
    for k, (_, _, windows) in reversed([*enumerate(taps(w))]):
        where[windows] = k
    return where


@kernel(gpu.gather_max)
def gather_max(x: Array, where: Array, w: Windows) -> Array:
    """y[o] = x[p(o, where[o])].   x, where -> y"""
    xp = namespace(x)
    y = xp.zeros(where.shape, x.dtype)
    for k, (_, pixels, windows) in enumerate(taps(w)):
        y[windows] += xp.where(where[windows] == k, x[pixels], 0)
    return y


@kernel(Compiled(compiled_scatter_max, fits_scatter), gpu.scatter_max)
def scatter_max(y: Array, where: Array, w: Windows) -> Array:
    """x[p] = sum of y[o] over all o with p(o, where[o]) = p, the adjoint of gather_max.   y, where -> x"""
    xp = namespace(y)
    x = xp.zeros((*y.shape[:2], *w.size), y.dtype if w.disjoint else sums_of(y, w))

    def work(share: slice) -> None:
        for k, (_, pixels, windows) in enumerate(taps(w)):
            if w.disjoint:
                x[share][pixels] = masked(y[share][windows], where[share][windows] == k)
            else:
                x[share][pixels] += masked(y[share][windows], where[share][windows] == k)

    over_images(work, x, large=x.size >= LARGE)
    return x.astype(y.dtype, copy=False)


def regions(H: int, O: int) -> Any:
    """(O, K) pixels: floor(o H/O) to ceil((o+1) H/O) - 1, the last one repeated where a region is shorter."""
    first, last = np.arange(O) * H // O, -(-np.arange(1, O + 1) * H // O) - 1
    return np.minimum(first[:, None] + np.arange((last - first).max() + 1), last[:, None])


@kernel(gpu.region_max)
def region_max(x: Array, out: Shape) -> tuple[Array, Array]:
    """y[o] = the maximum of region o [adaptive max pooling], and the number of the first pixel of the image with it.

    (N, C, *size) -> (N, C, *out) twice. One axis after the other, so that the work is the sum of K taps for each, and
    not their product. A region with a nan has the maximum nan, and the pixel of one.
    """
    y, pixel = one_axis_after_the_other(x, out, False)
    flat, xp = y.reshape(-1), namespace(x)
    return (y, pixel) if x.dtype.kind != "f" or xp.dot(flat, flat) >= 0 else one_axis_after_the_other(x, out, True)


def one_axis_after_the_other(x: Array, out: Shape, nans: bool) -> tuple[Array, Array]:
    """The maxima and their pixels. `nans`: may there be any? It costs a look at each number."""
    xp, size, y, pixel = namespace(x), x.shape[2:], x, None
    for axis, (H, O) in enumerate(zip(size, out), 2):
        table = xp.asarray(regions(H, O))
        place = xp.arange(H).reshape(-1, *[1] * (x.ndim - 1 - axis))
        if pixel is None:
            y, tap = maxima(y, table, axis, nans)
            pixel = xp.minimum(place.take(table[:, 0], 0) + tap, place.take(table[:, -1], 0))  # of a nan named twice
        else:
            y, pixel = maxima_of_pixels(y, pixel * H + place, table, axis, nans)
    return y, pixel


def maxima(x: Array, table: Array, axis: int, nans: bool) -> tuple[Array, Array]:
    """y[o] = max over k of x[table[o, k]], and the first k with it."""
    xp, K = namespace(x), table.shape[1]
    y = x.take(table[:, 0], axis)
    tap = xp.zeros(y.shape, xp.uint8 if K <= 256 else xp.int64)
    for k in range(1, K):
        candidate = x.take(table[:, k], axis)
        won = candidate > y
        won = won | (candidate != candidate) if nans else won
        xp.maximum(tap, won.astype(tap.dtype) * k, out=tap)  # taps grow; a masked assignment is slower
        xp.maximum(y, candidate, out=y)
    return y, tap


def maxima_of_pixels(x: Array, pixel: Array, table: Array, axis: int, nans: bool) -> tuple[Array, Array]:
    """y[o] = max over k of x[table[o, k]], and the lowest number of a pixel with it."""
    xp = namespace(x)
    y, lowest = x.take(table[:, 0], axis), pixel.take(table[:, 0], axis)
    for k in range(1, table.shape[1]):
        candidate, other = x.take(table[:, k], axis), pixel.take(table[:, k], axis)
        won = (candidate > y) | ((candidate == y) & (other < lowest))
        won = won | (candidate != candidate) if nans else won
        lowest = xp.where(won, other, lowest)
        xp.maximum(y, candidate, out=y)
    return y, lowest


@kernel(Compiled(compiled_window_sum, fits_sum), gpu.window_sum)
def window_sum(x: Array, w: Windows) -> Array:
    """y[o] = sum over k of x[p(o, k)] [sum pooling].   x -> y"""
    y = namespace(x).zeros((*x.shape[:2], *w.out), sums_of(x, w))
    for _, pixels, windows in taps(w):
        y[windows] += x[pixels]
    return y.astype(x.dtype, copy=False)


@kernel(Compiled(compiled_window_fill, fits_sum), gpu.window_fill)
def window_fill(y: Array, w: Windows) -> Array:
    """x[p] = sum of y[o] over all o, k with p(o, k) = p: the adjoint of window_sum.   y -> x"""
    x = namespace(y).zeros((*y.shape[:2], *w.size), sums_of(y, w))
    for _, pixels, windows in taps(w):
        x[pixels] += y[windows]
    return x.astype(y.dtype, copy=False)


def sums_of(x: Array, w: Windows) -> Any:
    """The dtype in which as many numbers of x as a kernel has taps are added one after the other."""
    if x.dtype == np.float16:
        return np.float32
    return np.float64 if x.dtype == np.float32 and prod(w.kernel) > MANY else x.dtype
