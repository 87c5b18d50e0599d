"""Gradients of relu and leaky relu; the sigmoid, SiLU and theirs: a few steps each, of large arrays piece by piece."""

from __future__ import annotations

import numpy as np

from autograd.backend import Array, namespace
from autograd.kernels.compiled import each
from autograd.kernels.gpu.fusion import fused
from autograd.kernels.indexing import masked
from autograd.kernels.pieces import by_pieces
from autograd.kernels.scratch import borrowed
from autograd.kernels.ways import kernel

__all__ = ["leaky_relu_gradient", "relu_gradient", "sigmoid", "sigmoid_gradient", "silu", "silu_gradient"]

SMALL, HUGE = 1e-30, 1e30  # between them x and x sigmoid(x) have all their digits


@kernel(fused)
def relu_gradient(gy: Array, y: Array) -> Array:
    """gy where y > 0, 0 elsewhere"""
    return masked(gy, y > 0)


@kernel(fused)
def leaky_relu_gradient(gy: Array, x: Array, slope: float) -> Array:
    """gy where x > 0, slope gy where x <= 0"""
    return masked(gy, x > 0) + masked(gy, x <= 0) * slope


def write_sigmoid(y: Array, x: Array) -> None:
    with np.errstate(over="ignore"):  # e^-x = inf gives the right y = 0
        np.negative(x, out=y)
        np.exp(y, out=y)
        y += 1
        np.divide(1, y, out=y)


@kernel(each("elementwise.logistic"), by_pieces(write_sigmoid), fused)
def sigmoid(x: Array) -> Array:
    """1 / (1 + e^-x)"""
    with np.errstate(over="ignore"):
        return 1 / (1 + namespace(x).exp(-x))


def write_sigmoid_gradient(gx: Array, gy: Array, y: Array) -> None:
    np.subtract(1, y, out=gx)
    gx *= y
    gx *= gy


@kernel(each("elementwise.logistic_gradient"), by_pieces(write_sigmoid_gradient), fused)
def sigmoid_gradient(gy: Array, y: Array) -> Array:
    """gy y (1 - y)"""
    return gy * ((1 - y) * y)


def write_silu(y: Array, x: Array) -> None:
    write_sigmoid(y, x)
    y *= x


@kernel(each("elementwise.silu"), by_pieces(write_silu), fused)
def silu(x: Array) -> Array:
    """x s, s = 1 / (1 + e^-x)"""
    return sigmoid.plain(x) * x


def write_silu_gradient(gx: Array, gy: Array, x: Array, y: Array) -> None:
    """Takes s = y / x where that has all digits: a quotient costs a fifth of an exponential."""
    with borrowed(np, 1) as (memory,):
        s = np.abs(x, out=memory(x.shape, x.dtype))
        if s.min() > SMALL and s.max() < HUGE:  # a nan is not
            np.divide(y, x, out=s)
        else:
            write_sigmoid(s, x)
        np.subtract(1, s, out=gx)
        gx *= x
        gx += 1
        gx *= s
        gx *= gy


@kernel(each("elementwise.silu_gradient", 2), by_pieces(write_silu_gradient), fused)
def silu_gradient(gy: Array, x: Array, y: Array) -> Array:
    """gy s (1 + x (1 - s)), where y = x s"""
    s = sigmoid.plain(x)
    return gy * (((1 - s) * x + 1) * s)
