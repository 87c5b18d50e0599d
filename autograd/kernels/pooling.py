"""Pooling windows: their maxima, their sums, and the two ways back.

Every loop runs over the taps of the kernel; all windows are treated at once.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import numpy as np

from autograd.backend import Array, namespace
from autograd.kernels.threads import shared
from autograd.kernels.windows import Windows

WORTH = 1 << 19  # pixels that are worth a second thread


def largest(x: Array, w: Windows) -> tuple[Array, Array]:
    """The maximum of each window, and the number of the tap that holds it: the first one, where several do.

    (N, C, *size) -> twice (N, C, *out). Padding holds minus infinity, and its taps are never named. A window with a nan
    has the maximum nan; which tap is named then is open.
    """
    xp = namespace(x)
    lowest = {"f": -xp.inf, "b": False}.get(x.dtype.kind)
    lowest = xp.iinfo(x.dtype).min if lowest is None else lowest
    y = xp.full((*x.shape[:2], *w.out), lowest, x.dtype)
    where = xp.zeros(y.shape, xp.uint8 if prod(w.kernel) <= 256 else xp.int64)
    if any(map(any, w.pad)):
        where += first_inside(xp.zeros((1, 1, *w.out), where.dtype), w)

    def work(part: slice) -> None:
        for number, (_, pixels, windows) in enumerate(w.taps()):
            candidate, best, tap = x[part][pixels], y[part][windows], where[part][windows]
            if number:  # numbers grow, so the maximum of them is the last that won; a masked assignment is slower
                xp.maximum(tap, (candidate > best).astype(tap.dtype) * number, out=tap)
            xp.maximum(best, candidate, out=best)

    divide(work, x)
    return y, where


def first_inside(where: Array, w: Windows) -> Array:
    """Sets each window's element to the number of its first tap that lies on the image."""
    for number, (_, _, windows) in reversed([*enumerate(w.taps())]):
        where[windows] = number
    return where


def pick(x: Array, where: Array, w: Windows) -> Array:
    """y[o] = x at tap where[o] of window o.   (N, C, *size) -> (N, C, *out)"""
    xp = namespace(x)
    y = xp.zeros(where.shape, x.dtype)
    for number, (_, pixels, windows) in enumerate(w.taps()):
        y[windows] += xp.where(where[windows] == number, x[pixels], 0)
    return y


def put(y: Array, where: Array, w: Windows) -> Array:
    """Each y[o] added at tap where[o] of window o: the adjoint of pick.   (N, C, *out) -> (N, C, *size)"""
    xp = namespace(y)
    x = xp.zeros((*y.shape[:2], *w.size), y.dtype)

    def work(part: slice) -> None:
        for number, (_, pixels, windows) in enumerate(w.taps()):
            if w.apart:
                xp.multiply(y[part][windows], where[part][windows] == number, out=x[part][pixels])
            else:
                x[part][pixels] += y[part][windows] * (where[part][windows] == number)

    divide(work, x)
    return x


def total(x: Array, w: Windows) -> Array:
    """The sum of each window.   (N, C, *size) -> (N, C, *out)"""
    y = namespace(x).zeros((*x.shape[:2], *w.out), x.dtype)
    for _, pixels, windows in w.taps():
        y[windows] += x[pixels]
    return y


def spray(y: Array, w: Windows) -> Array:
    """Each y[o] added to all pixels of window o: the adjoint of total.   (N, C, *out) -> (N, C, *size)"""
    x = namespace(y).zeros((*y.shape[:2], *w.size), y.dtype)
    for _, pixels, windows in w.taps():
        x[pixels] += y[windows]
    return x


def divide(work: Callable[[slice], None], x: Array) -> None:
    """Does `work` on shares of the images, one to a thread, if they are worth it."""
    shared(work, len(x), None if namespace(x) is np and x.size >= WORTH else 1)
