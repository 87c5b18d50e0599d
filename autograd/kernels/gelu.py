"""GELU and its slope, which many steps make up: of large arrays block by block, so that the steps stay in the cache."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from autograd.backend import Array, namespace
from autograd.kernels.compiled import each
from autograd.kernels.erf import normal_cdf
from autograd.kernels.ways import kernel, way

__all__ = ["gelu", "gelu_gradient", "gelu_slope", "tanh_gelu", "tanh_gelu_gradient", "tanh_gelu_slope"]

FAR = 40  # from here on the slope is 1, and 0 on the other side; x^2 could overflow
CACHED = 1 << 17  # bytes computed at once
A, C = 0.044715, math.sqrt(8 / math.pi)  # (1 + tanh u) / 2 = sigmoid(2 u), with 2 u = C (x + A x^3)


def in_blocks(name: str) -> Callable[[Array], Array]:
    """The way of the kernel `name` for large arrays of NumPy."""

    def compute(x: Array) -> Array:
        y, f = np.empty(x.shape, x.dtype), globals()[name].plain
        source, target, size = x.reshape(-1), y.reshape(-1), CACHED // x.itemsize
        for i in range(0, x.size, size):
            target[i : i + size] = f(source[i : i + size])
        return y

    return compute


def large(x: Array) -> bool:
    return isinstance(x, np.ndarray) and x.nbytes > CACHED


@kernel(each("elementwise.gelu"), way(fits=large)(in_blocks("gelu")))
def gelu(x: Array) -> Array:
    """x P, where P is the probability that a standard normal number is below x."""
    return x * normal_cdf(x)


@kernel(each("elementwise.gelu_slope"), way(fits=large)(in_blocks("gelu_slope")))
def gelu_slope(x: Array) -> Array:
    """P + x p, with the density p = e^(-x^2 / 2) / sqrt(2 pi)."""
    x = namespace(x).clip(x, -FAR, FAR)
    p = namespace(x).exp(-0.5 * x * x)
    return normal_cdf(x) + x * p * (1 / math.sqrt(2 * math.pi))


@kernel(each("elementwise.gelu_gradient"))
def gelu_gradient(gy: Array, x: Array) -> Array:
    """gy (P + x p)"""
    gx = gelu_slope(x)
    gx *= gy  # saves an array
    return gx


@kernel(each("elementwise.tanh_gelu"), way(fits=large)(in_blocks("tanh_gelu")))
def tanh_gelu(x: Array) -> Array:
    """x s, with s = sigmoid(C (x + A x^3)) = (1 + tanh(C (x + A x^3) / 2)) / 2."""
    return x * sigmoid(x)


@kernel(each("elementwise.tanh_gelu_slope"), way(fits=large)(in_blocks("tanh_gelu_slope")))
def tanh_gelu_slope(x: Array) -> Array:
    """s + x s (1 - s) C (1 + 3 A x^2)"""
    x = namespace(x).clip(x, -FAR, FAR)
    s = sigmoid(x)
    return s * (x * (1 - s) * (3 * A * C * x * x + C) + 1)


@kernel(each("elementwise.tanh_gelu_gradient"))
def tanh_gelu_gradient(gy: Array, x: Array) -> Array:
    """gy times the slope"""
    gx = tanh_gelu_slope(x)
    gx *= gy
    return gx


def sigmoid(x: Array) -> Array:
    """1 / (1 + e^-u), u = C (x + A x^3)"""
    with np.errstate(over="ignore"):  # e^-u = inf gives the right 0
        return 1 / (1 + namespace(x).exp(x * (-A * C * x * x - C)))
