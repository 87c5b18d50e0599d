"""Compiled ways of convolution in which each channel has a filter of its own, in steps of 1: `loops/depthwise.py`."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from autograd.backend import Array
from autograd.kernels.compiled import MANY, SINGLE, Compiled, loop, single
from autograd.kernels.threads import shared
from autograd.kernels.windows import Windows

__all__ = ["filter_gradient", "forward", "transpose"]


def fits(images: Array, W: Any, w: Windows, groups: int, C: int, M: int) -> bool:
    """One filter for each channel, steps of 1, images of two axes with so few pixels that one stays in the cache."""
    return (
        groups == C == M > 1
        and w.stride == (1, 1)
        and prod(w.padded_size) <= 1 << 16
        and single(images)
        and (W is None or (type(W) is np.ndarray and W.dtype is SINGLE))
    )


def layout(w: Windows) -> tuple[Array, int, int, int]:
    """The offsets of the taps in a padded image, the width of its rows, the place of its first pixel, and its size."""
    (_, width), (KH, KW), (DH, DW) = w.padded_size, w.kernel, w.dilation
    offsets = [h * DH * width + k * DW for h in range(KH) for k in range(KW)]
    (top, _), (left, _) = w.pad
    return np.array(offsets), width, top * width + left, prod(w.padded_size)


def compiled_forward(x: Array, W: Array, b: Array | None, w: Windows, groups: int = 1) -> Array:
    y, work, where = np.empty((len(x), groups, *w.out), SINGLE), loop("depthwise.forward"), layout(w)
    W = np.ascontiguousarray(W).reshape(groups, -1)
    b = np.zeros(groups, SINGLE) if b is None else np.ascontiguousarray(b, SINGLE)
    in_shares(lambda i: work(x[i], W, b, *where, y[i]), y)
    return y


def compiled_transpose(y: Array, W: Array, w: Windows, groups: int = 1) -> Array:
    x, work, where = np.empty((len(y), groups, *w.size), SINGLE), loop("depthwise.transpose"), layout(w)
    W = np.ascontiguousarray(W).reshape(groups, -1)
    in_shares(lambda i: work(y[i], W, *where, x[i]), y)
    return x


def compiled_filter_gradient(
    x: Array, y: Array, w: Windows, groups: int = 1, bias: bool = False
) -> tuple[Array, Array | None]:
    work, where, x = loop("depthwise.filter_gradient"), layout(w), np.ascontiguousarray(x)

    def part(i: slice) -> tuple[Array, Array]:
        W, b = np.zeros((groups, prod(w.kernel))), np.zeros(groups)
        work(x[i], y[i], *where, W, b)
        return W, b

    parts = in_shares(part, y)
    W = sum([W for W, _ in parts]).astype(SINGLE).reshape(groups, 1, *w.kernel)
    return W, sum([b for _, b in parts]).astype(SINGLE) if bias else None


def in_shares(work: Any, y: Array) -> list[Any]:
    """The results of `work` on some images each: one share for each thread, or one for all if there is little work."""
    return shared(work, len(y), None if y.size >= MANY else 1)


forward = Compiled(
    compiled_forward, lambda x, W, b, w, groups=1: fits(x, W, w, groups, x.shape[1], len(W)) and is_single(b)
)
transpose = Compiled(
    compiled_transpose, lambda y, W, w, groups=1: fits(y, W, w, groups, W.shape[1] * groups, y.shape[1])
)
filter_gradient = Compiled(
    compiled_filter_gradient,
    lambda x, y, w, groups=1, bias=False: is_single(x) and fits(y, None, w, groups, x.shape[1], y.shape[1]),
)


def is_single(x: Any) -> bool:
    """An array of NumPy of float32, or nothing."""
    return x is None or (type(x) is np.ndarray and x.dtype is SINGLE)
