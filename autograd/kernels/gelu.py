"""GELU, its slope and its gradient, which many steps make up: of large arrays piece by piece."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from autograd.backend import Array, namespace
from autograd.kernels.compiled import each
from autograd.kernels.erf import LOW, normal_cdf, write_half_normal
from autograd.kernels.gpu.fusion import fused
from autograd.kernels.pieces import by_pieces, in_pieces, is_large
from autograd.kernels.scratch import borrowed
from autograd.kernels.ways import kernel, way

__all__ = ["gelu", "gelu_gradient", "gelu_slope", "tanh_gelu", "tanh_gelu_gradient", "tanh_gelu_slope"]

FAR = 40  # from here on the slope is 1, and 0 on the other side; x^2 could overflow
SMALL = 1e-30  # the square of a number whose digits are all there, and those of half of it
A, C = 0.044715, math.sqrt(8 / math.pi)  # (1 + tanh u) / 2 = sigmoid(2 u), with 2 u = C (x + A x^3)


def write_upper_gelu(y: Array, x: Array) -> None:
    write_half_normal(y, x)
    y *= x


@way(fits=is_large)
def gelu_by_pieces(x: Array) -> Array:
    """The few far below 0 all at once."""
    y = in_pieces(write_upper_gelu, x)
    low = np.flatnonzero(x < LOW)
    if low.size:
        tail = x.reshape(-1)[low]
        y.reshape(-1)[low] = tail * normal_cdf.plain(tail)
    return y


@kernel(each("elementwise.gelu"), gelu_by_pieces, fused)
def gelu(x: Array) -> Array:
    """x P, where P is the probability that a standard normal number is below x."""
    return x * normal_cdf(x)


def write_gelu_gradient(gx: Array, gy: Array, x: Array, y: Array) -> None:
    """Takes P = y / x where that has all digits."""
    with borrowed(np, 1) as (memory,), np.errstate(over="ignore"):
        p = np.multiply(x, x, out=memory(x.shape, x.dtype))
        if p.min() > SMALL and p.max() < FAR * FAR:  # a nan is not
            p *= -0.5
            np.exp(p, out=p)
            p *= x
            p *= 1 / math.sqrt(2 * math.pi)
            np.divide(y, x, out=gx)
            gx += p
        else:
            gx[...] = gelu_slope.plain(x)
    gx *= gy


@kernel(each("elementwise.gelu_gradient", 2), by_pieces(write_gelu_gradient), fused)
def gelu_gradient(gy: Array, x: Array, y: Array) -> Array:
    """gy (P + x p), where y = x P"""
    return gy * gelu_slope(x)


def from_plain(name: str) -> Callable[[Array, Array], None]:
    """Writes what the kernel `name` gives, for a piece."""

    def write(y: Array, x: Array) -> None:
        y[...] = globals()[name].plain(x)

    return write


@kernel(each("elementwise.gelu_slope"), by_pieces(from_plain("gelu_slope")), fused)
def gelu_slope(x: Array) -> Array:
    """P + x p, with the density p = e^(-x^2 / 2) / sqrt(2 pi)."""
    x = namespace(x).clip(x, -FAR, FAR)
    p = namespace(x).exp(-0.5 * x * x)
    return normal_cdf(x) + x * p * (1 / math.sqrt(2 * math.pi))


@kernel(each("elementwise.tanh_gelu"), by_pieces(from_plain("tanh_gelu")), fused)
def tanh_gelu(x: Array) -> Array:
    """x s, with s = sigmoid(C (x + A x^3)) = (1 + tanh(C (x + A x^3) / 2)) / 2."""
    return x * sigmoid(x)


@kernel(each("elementwise.tanh_gelu_slope"), by_pieces(from_plain("tanh_gelu_slope")), fused)
def tanh_gelu_slope(x: Array) -> Array:
    """s + x s (1 - s) C (1 + 3 A x^2)"""
    x = namespace(x).clip(x, -FAR, FAR)
    s = sigmoid(x)
    return s * (x * (1 - s) * (3 * A * C * x * x + C) + 1)


@kernel(each("elementwise.tanh_gelu_gradient"), fused)
def tanh_gelu_gradient(gy: Array, x: Array) -> Array:
    """gy times the slope"""
    gx = tanh_gelu_slope(x)
    gx *= gy
    return gx


def sigmoid(x: Array) -> Array:
    """1 / (1 + e^-u), u = C (x + A x^3)"""
    with np.errstate(over="ignore"):  # e^-u = inf gives the right 0
        return 1 / (1 + namespace(x).exp(x * (-A * C * x * x - C)))
