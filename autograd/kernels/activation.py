"""The sigmoid, SiLU and softmax, and their gradients: a few steps each, of large arrays piece by piece."""

from __future__ import annotations

import numpy as np

from autograd.backend import Array, namespace
from autograd.kernels.pieces import by_pieces, in_pieces, is_large
from autograd.kernels.scratch import borrowed
from autograd.kernels.ways import kernel, way
from autograd.sums import sum_over

__all__ = ["sigmoid", "sigmoid_gradient", "silu", "silu_gradient", "softmax", "softmax_gradient"]

SMALL, HUGE = 1e-30, 1e30  # between them x and x sigmoid(x) have all their digits
NEAR = 40  # e^x and a sum of them are far from the limits of single precision up to here
LONG = 1 << 12  # numbers in a row that einsum may add


def write_sigmoid(y: Array, x: Array) -> None:
    with np.errstate(over="ignore"):  # e^-x = inf gives the right y = 0
        np.negative(x, out=y)
        np.exp(y, out=y)
        y += 1
        np.divide(1, y, out=y)


@kernel(by_pieces(write_sigmoid))
def sigmoid(x: Array) -> Array:
    """1 / (1 + e^-x)"""
    with np.errstate(over="ignore"):
        return 1 / (1 + namespace(x).exp(-x))


def write_sigmoid_gradient(gx: Array, gy: Array, y: Array) -> None:
    np.subtract(1, y, out=gx)
    gx *= y
    gx *= gy


@kernel(by_pieces(write_sigmoid_gradient))
def sigmoid_gradient(gy: Array, y: Array) -> Array:
    """gy y (1 - y)"""
    return gy * ((1 - y) * y)


def write_silu(y: Array, x: Array) -> None:
    write_sigmoid(y, x)
    y *= x


@kernel(by_pieces(write_silu))
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


@kernel(by_pieces(write_silu_gradient))
def silu_gradient(gy: Array, x: Array, y: Array) -> Array:
    """gy s (1 + x (1 - s)), where y = x s"""
    s = sigmoid.plain(x)
    return gy * (((1 - s) * x + 1) * s)


def write_softmax(y: Array, x: Array) -> None:
    """Without the maximum where e^x is far from all limits: to find and to subtract it takes as long as to divide."""
    if x.min() > -NEAR and x.max() < NEAR:  # a nan is not
        np.exp(x, out=y)
    else:
        with np.errstate(over="ignore"):  # x - max = -inf gives the right 0
            np.subtract(x, x.max(axis=-1, keepdims=True), out=y)
        np.exp(y, out=y)
    y /= sums_of_rows(y)


def sums_of_rows(x: Array) -> Array:
    """The sums along the rows.   (N, K) -> (N, 1)

    einsum adds sixteen numbers at once, and so K / 16 one after the other, in a third of the time of NumPy's sum.
    """
    return np.einsum("ij->i", x)[:, None] if x.shape[1] <= LONG else sum_over(x, (1,))


@way(fits=is_large)
def softmax_by_pieces(x: Array) -> Array:
    return in_pieces(write_softmax, x, row=x.shape[-1:])


@kernel(softmax_by_pieces)
def softmax(x: Array) -> Array:
    """e^x / sum of e^x, along the last axis"""
    with np.errstate(over="ignore"):
        y = x - x.max(axis=-1, keepdims=True)
    y = namespace(x).exp(y)
    y /= sum_over(y, (-1,))
    return y


def write_softmax_gradient(gx: Array, gy: Array, y: Array) -> None:
    np.multiply(gy, y, out=gx)
    np.subtract(gy, sums_of_rows(gx), out=gx)
    gx *= y


@way(fits=is_large)
def softmax_gradient_by_pieces(gy: Array, y: Array) -> Array:
    return in_pieces(write_softmax_gradient, gy, y, row=y.shape[-1:])


@kernel(softmax_gradient_by_pieces)
def softmax_gradient(gy: Array, y: Array) -> Array:
    """y (gy - sum of gy y), along the last axis"""
    return y * (gy - sum_over(gy * y, (-1,)))
