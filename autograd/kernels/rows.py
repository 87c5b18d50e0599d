"""Softmax, its logarithm and its cross entropy, and layer norm, for arrays. Each has a loop over rows as a way."""

from __future__ import annotations

import math
from math import prod
from typing import Any

import numpy as np

from autograd.backend import Array, namespace
from autograd.kernels.compiled import SINGLE, Compiled, loop, over, single
from autograd.kernels.gpu import rows as gpu
from autograd.kernels.pieces import in_pieces, is_large
from autograd.kernels.ways import kernel, way
from autograd.sums import sum_over

__all__ = [
    "below", "cross_entropy", "hidden_softmax", "hide_later", "log_softmax", "log_softmax_gradient",
    "scores_gradient", "softmax", "softmax_gradient",
]  # fmt: skip

NEAR = 40  # e^x and a sum of them are far from the limits of single precision up to here
LONG = 1 << 12  # numbers in a row that einsum may add


def by_rows(name: str, bits: bool = False) -> Compiled:
    """The way by a loop over rows, f(*arrays, axes), where the axes are the last ones. `bits`: it takes x's as well."""

    def compute(*arguments: Any) -> Array:
        *xs, axes = arguments
        shape = (-1, prod([xs[-1].shape[a] for a in axes]))
        xs = [np.ascontiguousarray(x).reshape(shape) for x in xs]
        y = np.empty(xs[-1].shape, SINGLE)
        over(loop(f"rows.{name}"), y.size, *xs, *([xs[0].view(np.int32)] if bits else []), y)
        return y.reshape(arguments[-2].shape)

    def fits(*arguments: Any) -> bool:
        *xs, axes = arguments
        n = xs[-1].ndim
        return single(*xs) and sorted(axes) == [*range(n - len(axes), n)]

    compute.__name__ = compute.__qualname__ = name
    return Compiled(compute, fits)


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


def last_axis(*arguments: Any) -> bool:
    """Are these large arrays, and rows along the last axis alone?"""
    *xs, axes = arguments
    return axes == (xs[0].ndim - 1,) and is_large(*xs)


@way(fits=last_axis)
def softmax_by_pieces(x: Array, axes: tuple[int, ...]) -> Array:
    return in_pieces(write_softmax, x, row=x.shape[-1:])


@kernel(by_rows("softmax", bits=True), softmax_by_pieces, gpu.by_rows("softmax"))
def softmax(x: Array, axes: tuple[int, ...]) -> Array:
    """e^x / sum of e^x over some axes"""
    y = namespace(x).exp(below(x, x.max(axis=axes, keepdims=True)))
    y /= sum_over(y, axes)
    return y


def write_softmax_gradient(gx: Array, gy: Array, y: Array) -> None:
    np.multiply(gy, y, out=gx)
    np.subtract(gy, sums_of_rows(gx), out=gx)
    gx *= y


@way(fits=last_axis)
def softmax_gradient_by_pieces(gy: Array, y: Array, axes: tuple[int, ...]) -> Array:
    return in_pieces(write_softmax_gradient, gy, y, row=y.shape[-1:])


@kernel(by_rows("softmax_gradient"), softmax_gradient_by_pieces, gpu.by_rows("softmax_gradient"))
def softmax_gradient(gy: Array, y: Array, axes: tuple[int, ...]) -> Array:
    """y (gy - sum of gy y), for y = softmax x"""
    return y * (gy - sum_over(gy * y, axes))


@kernel(gpu.hide_later, writes=(0,))
def hide_later(s: Array, offset: int) -> Array:
    """Adds -inf to the scores of each query i with keys behind i + offset, in the memory of s.   (..., T, S)"""
    xp, (T, S) = namespace(s), s.shape[-2:]
    s += xp.where(xp.arange(S) > xp.arange(T)[:, None] + offset, -math.inf, 0.0).astype(s.dtype)
    return s


def compiled_hidden_softmax(s: Array) -> Array:
    rows = s.reshape(-1, s.shape[-1])
    over(loop("rows.hidden_softmax"), s.size, rows, rows.view(np.int32))
    return s


@kernel(
    Compiled(compiled_hidden_softmax, lambda s: single(s) and s.ndim > 0), gpu.in_place("hidden_softmax"), writes=(0,)
)
def hidden_softmax(s: Array) -> Array:
    """e^s / sum of e^s over the last axis, in the memory of s; a row of -inf gives 0."""
    xp = namespace(s)
    top = s.max(axis=-1, keepdims=True)
    s -= xp.where(top == -math.inf, 0, top)  # -inf - -inf would be nan
    xp.exp(s, out=s)
    total = sum_over(s, (s.ndim - 1,))
    s /= total + (total == 0)
    return s


def compiled_scores_gradient(gP: Array, P: Array) -> Array:
    rows = gP.reshape(-1, gP.shape[-1])
    over(loop("rows.scores_gradient"), gP.size, rows, np.ascontiguousarray(P).reshape(rows.shape))
    return gP


scores_gradient = Compiled(compiled_scores_gradient, lambda gP, P: single(P, gP) and P.ndim > 0)


@kernel(by_rows("log_softmax", bits=True), gpu.by_rows("log_softmax"))
def log_softmax(x: Array, axes: tuple[int, ...]) -> Array:
    """x - ln(sum of e^x) over some axes"""
    xp = namespace(x)
    y = below(x, x.max(axis=axes, keepdims=True))
    return y - xp.log(sum_over(xp.exp(y), axes))


@kernel(by_rows("log_softmax_gradient"), gpu.by_rows("log_softmax_gradient"))
def log_softmax_gradient(gy: Array, y: Array, axes: tuple[int, ...]) -> Array:
    """gy - e^y sum of gy, for y = log softmax x"""
    gx = namespace(y).exp(y)
    gx *= sum_over(gy, axes)  # saves an array
    return gy - gx


def below(x: Array, most: Array) -> Array:
    """x - most, where a difference that overflows is -inf: e^x is 0 there, and no warning is due."""
    with np.errstate(over="ignore"):
        return x - most


def compiled_cross_entropy(x: Array, labels: Array, smoothing: float) -> tuple[Array, Array]:
    losses, residual = np.empty(len(x), SINGLE), np.empty(x.shape, SINGLE)
    work = loop("rows.cross_entropy")

    def part(x: Array, labels: Array, losses: Array, residual: Array) -> None:
        work(x, x.view(np.int32), labels, float(smoothing), losses, residual)

    over(part, x.size, x, labels, losses, residual)
    return losses, residual


@kernel(
    Compiled(compiled_cross_entropy, lambda x, labels, smoothing: single(x) and labels.dtype == np.int64),
    gpu.cross_entropy,
)
def cross_entropy(x: Array, labels: Array, smoothing: float) -> tuple[Array, Array]:
    """The losses -sum of target log softmax(x), and softmax(x) - target.   (N, C) (N,) -> (N,) (N, C)

    The target is (1 - s) one-hot(label) + s / C, with the smoothing s. Labels are 0 .. C - 1.
    """
    xp, C, s = namespace(x, labels), x.shape[-1], smoothing
    chosen = xp.arange(labels.size), labels
    y = x - x.max(1, keepdims=True)
    losses = y[chosen] * (s - 1)
    if s:
        losses -= y.sum(1) * (s / C)
    xp.exp(y, out=y)
    sums = y @ xp.ones(C, y.dtype)  # a product: BLAS adds several times as fast as a sum
    losses += xp.log(sums)
    y /= sums.reshape(-1, 1)
    y[chosen] -= 1 - s
    if s:
        y -= s / C
    return losses, y
