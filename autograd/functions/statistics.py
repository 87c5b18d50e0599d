"""Means over channels and over rows, in one pass over the data: the statistics of normalization.

They take arrays and Variables, and are differentiable at every order. `channel_means(x)` is `x.mean((0, 2, 3))` of
images, `channel_means(x, y)` is `(x * y).mean((0, 2, 3))`; both are several times as fast.
"""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from autograd.algebra import Operand, as_array
from autograd.backend import namespace
from autograd.functions.linear import Einsum
from autograd.shapes import Shape

__all__ = [
    "channel_means", "channel_sums", "mean_of_channels", "per_channel", "row_means", "row_sums", "settled",
    "sum_of_products",
]  # fmt: skip

FEW_PIXELS = range(2, 33)  # so few pixels a channel that the overhead of a NumPy loop for each channel dominates

NEAR = 0.01  # more than the rounding of a mean, relative to it


@lru_cache
def ends(ndim: int, axes: Shape) -> tuple[Any, Any]:
    """The indices of the first and of the last numbers along these axes, which stay with length 1."""
    found = [tuple([end if a in axes else slice(None) for a in range(ndim)]) for end in (slice(1), slice(-1, None))]
    return found[0], found[1]


def settled(mean: Operand, x: Operand, axes: Shape) -> Any:
    """`mean`, that of x over `axes`, which stay with length 1; where all its numbers are equal, this number itself.

    The mean of n equal numbers is rounded, unless they are 0. Deviations from it would be noise, which a division by
    their own size makes as large as any: a channel of 3333.3 was normalized to 0.08 in float32.
    """
    value = as_array(x)
    start, stop = ends(value.ndim, axes)
    first, xp = value[start], namespace(value)
    same = first == value[stop]
    asked = type(value) is np.ndarray  # elsewhere an answer costs more than the work
    if asked and (not xp.count_nonzero(same) or not (first * same).any()):  # mostly the first and the last differ
        return mean
    m = as_array(mean)
    with np.errstate(invalid="ignore"):  # inf - inf
        gap = first - m
        same &= (gap != 0) & (abs(gap) <= NEAR * abs(m))
    if asked and not same.any():
        return mean
    return mean + xp.where(same & (value == first).all(axis=axes, keepdims=True), gap, 0)


def channel_means(*xs: Operand) -> Any:
    """The mean of the product of `xs` over all axes but 1.   (N, C, ...) -> (C,)"""
    N, _, *rest = xs[0].shape
    return channel_sums(*xs) * (1 / (N * prod(rest)))


def channel_sums(*xs: Operand) -> Any:
    """The sum of the product of `xs` over all axes but 1.   (N, C, ...) -> (C,)"""
    N, C, *rest = xs[0].shape
    P = prod(rest)
    if P in FEW_PIXELS:  # over the samples first, where channels and pixels are one long axis
        pixels = sum_of_products("nk", "k", *[x.reshape(N, C * P) for x in xs])
        return sum_of_products("cp", "c", pixels.reshape(C, P))
    # einsum's loops are in the order of the alphabet: p after n, or folded images take twice as long
    return sum_of_products("ncp", "c", *[x.reshape(N, C, P) for x in xs])


def mean_of_channels(x: Operand) -> Any:
    """The settled mean of each channel.   (N, C, ...) -> (C,)"""
    shape, axes = (1, -1, *[1] * (x.ndim - 2)), (0, *range(2, x.ndim))
    return settled(channel_means(x).reshape(shape), x, axes).reshape(-1)


def per_channel(a: Any, x: Any) -> Any:
    """One number for each channel, in a shape that broadcasts against x.   (C,) -> (1, C, 1, ...) or (1, C, ...)"""
    C, *rest = x.shape[1:]
    if prod(rest) in FEW_PIXELS and isinstance(a, np.ndarray):
        return np.repeat(a, prod(rest)).reshape(1, C, *rest)
    return a.reshape(1, C, *[1] * len(rest))


def row_means(*xs: Operand) -> Any:
    """The mean of the product of `xs` over each row.   (N, D) -> (N, 1)"""
    N, D = xs[0].shape
    return sum_of_products("nd", "n", *xs).reshape(N, 1) * (1 / D)


def row_sums(*xs: Operand) -> Any:
    """The sum of the product of `xs` over the last axis, which stays with length 1.   (..., D) -> (..., 1)"""
    *lead, D = xs[0].shape
    return sum_of_products("nd", "n", *[x.reshape(-1, D) for x in xs]).reshape(*lead, 1)


def sum_of_products(letters: str, output: str, *xs: Operand) -> Any:
    """The sum of the product of `xs`, whose axes are `letters`, over the letters that `output` lacks."""
    return Einsum([letters] * len(xs), output)(*xs)
