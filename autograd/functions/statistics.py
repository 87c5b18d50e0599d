"""Means over channels and over rows, in one pass over the data: the statistics of normalization.

They take arrays and Variables, and are differentiable at every order. `channel_means(x)` is `x.mean((0, 2, 3))` of
images, `channel_means(x, y)` is `(x * y).mean((0, 2, 3))`; both are several times as fast.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from autograd.algebra import Operand
from autograd.functions.linear import Einsum

__all__ = ["channel_means", "per_channel", "row_means", "row_sums", "sum_of_products"]

FEW_PIXELS = range(2, 33)  # so few pixels a channel that the overhead of a NumPy loop for each channel dominates


def channel_means(*xs: Operand) -> Any:
    """The mean of the product of `xs` over all axes but 1.   (N, C, ...) -> (C,)"""
    N, C, *rest = xs[0].shape
    P = prod(rest)
    if P in FEW_PIXELS:  # over the samples first, where channels and pixels are one long axis
        pixels = sum_of_products("nk", "k", *[x.reshape(N, C * P) for x in xs])
        sums = sum_of_products("cp", "c", pixels.reshape(C, P))
    else:  # einsum's loops are in the order of the alphabet: p after n, or folded images take twice as long
        sums = sum_of_products("ncp", "c", *[x.reshape(N, C, P) for x in xs])
    return sums * (1 / (N * P))


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
