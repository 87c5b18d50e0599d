"""Normalization: to mean 0 and variance 1 over a part of the axes, then to a scale and an offset that are learned.

y has the dtype that x, gamma and beta have together. Of float16 the statistics, and all else, are computed in float32.
eps is a number; every function raises TypeError for what is none, and ValueError below 0.
"""

from __future__ import annotations

from math import inf, prod
from typing import Any

import numpy as np

from autograd.backend import Array, namespace
from autograd.core import Function, Operand, Variable, as_array, reshape
from autograd.functions.arithmetic import number
from autograd.functions.linear import Einsum
from autograd.functions.operands import operand, rounded, summable, whole
from autograd.shapes import Shape


class BatchNorm(Function):
    """y = gamma xn + beta, xn = (x - mean) / sqrt(var + eps), mean and var those of each channel (axis 1) in the batch.

    gx = gamma / sqrt(var + eps) (gy - mean(gy) - xn mean(gy xn)),  ggamma = sum(gy xn),  gbeta = sum(gy)
    """

    def __init__(self, eps):
        self.eps = eps

    def forward(self, x, gamma, beta):
        xp = namespace(x)
        self.mean = channel_means(x)
        y = xp.subtract(x, per_channel(self.mean, x), dtype=xp.result_type(x, gamma, beta))
        self.var = channel_means(y, y)
        y *= per_channel(gamma * (self.var + self.eps) ** -0.5, y)
        y += per_channel(beta, y)
        return y

    def backward(self, gy):
        x, gamma, _ = self.inputs
        n, mean, var = x.size // gamma.size, self.mean, self.var
        if isinstance(x, Variable):  # they too are to be differentiated
            mean = channel_means(x)
            var = channel_means((x - per_channel(mean, x)) ** 2)
        inv = (var + self.eps) ** -0.5
        d = x - per_channel(mean, x)
        mean_gy, mean_gy_xn = channel_means(gy), channel_means(gy, d) * inv
        gx = None
        if self.parents[0] is not None:
            gx = d  # from here on in this buffer, which is ours
            gx *= per_channel(mean_gy_xn * -inv, x)
            gx += gy
            gx -= per_channel(mean_gy, x)
            gx *= per_channel(gamma * inv, x)
        return gx, mean_gy_xn * n, mean_gy * n


class LayerNorm(Function):
    """y = gamma xn + beta, xn = (x - mean) / sqrt(var + eps), mean and var those of each row; a row has gamma's shape.

    gx = (g - mean(g) - xn mean(g xn)) / sqrt(var + eps) for g = gamma gy,  ggamma = sum(gy xn),  gbeta = sum(gy)
    """

    def __init__(self, eps):
        self.eps = eps

    def forward(self, x, gamma, beta):
        xp = namespace(x)
        rows = x.reshape(-1, gamma.size)
        self.mean = row_means(rows)
        y = xp.subtract(rows, self.mean, dtype=xp.result_type(x, gamma, beta))
        self.var = row_means(y, y)
        y *= (self.var + self.eps) ** -0.5
        y *= gamma.reshape(-1)
        y += beta.reshape(-1)
        return y.reshape(x.shape)

    def backward(self, gy):
        x, gamma, _ = self.inputs
        n, weight, mean, var = gamma.size, gamma.reshape(-1), self.mean, self.var
        rows, gy = x.reshape(-1, n), gy.reshape(-1, n)
        if isinstance(x, Variable):  # they too are to be differentiated
            mean = row_means(rows)
            var = row_means((rows - mean) ** 2)
        inv = (var + self.eps) ** -0.5
        d = rows - mean
        product = gy * d
        wanted_x, wanted_gamma, wanted_beta = self.parents
        gx = None
        if wanted_x is not None:
            gx = d  # from here on in this buffer, which is ours
            gx *= (product @ weight).reshape(-1, 1) * inv**2 * (-1 / n)
            gx += gy * weight
            gx -= (gy @ weight).reshape(-1, 1) * (1 / n)
            gx *= inv
            gx = gx.reshape(x.shape)
        ggamma = wanted_gamma and (inv.reshape(-1) @ product).reshape(gamma.shape)
        return gx, ggamma, wanted_beta and gy.sum(0).reshape(gamma.shape)


SHORT = range(2, 33)  # pixels of a channel, so few that NumPy's loops over each would take longer to begin than to run


def channel_means(*xs: Operand) -> Any:
    """The mean of the product of `xs` over all axes but 1.   (N, C, ...) -> (C,)"""
    N, C, *rest = xs[0].shape
    L = prod(rest)
    if L in SHORT:  # over the samples first: channels and pixels are one long axis then
        sums = total("cl", "c", total("nk", "k", *[x.reshape(N, C * L) for x in xs]).reshape(C, L))
    else:
        sums = total("ncl", "c", *[x.reshape(N, C, L) for x in xs])
    return sums * (1 / (N * L))


def per_channel(a: Any, x: Any) -> Any:
    """A number for each channel, in a shape to compute with x.   (C,) -> (1, C, 1, ...), or repeated (1, C, ...)"""
    C, *rest = x.shape[1:]
    if prod(rest) in SHORT and isinstance(a, np.ndarray):
        return np.repeat(a, prod(rest)).reshape(1, C, *rest)
    return a.reshape(1, C, *[1] * len(rest))


def row_means(*xs: Operand) -> Any:
    """The mean of the product of `xs` over each row.   (N, D) -> (N, 1)"""
    N, D = xs[0].shape
    return total("nd", "n", *xs).reshape(N, 1) * (1 / D)


def total(letters: str, output: str, *xs: Operand) -> Any:
    """The sum of the product of `xs`, whose axes are `letters`, over the letters that `output` lacks.

    In one pass, with no array for the product: several times as fast as (x * y).sum over these axes. That pass adds one
    number after the other, sixteen side by side along the last axis: of 100,000 float32 numbers near 10,000 it would
    make a mean that is wrong by 7. So axes longer than thousands are summed in halves.
    """
    shape = xs[0].shape
    for axis in range(len(shape) if max(shape) > 1 << 11 else 0):
        if shape[axis] > (1 << 14 if axis == len(shape) - 1 else 1 << 11) and letters[axis] not in output:
            half = shape[axis] // 2
            halves = [(*[slice(None)] * axis, part) for part in (slice(half), slice(half, None))]
            first, second = [total(letters, output, *[x[part] for x in xs]) for part in halves]
            return first + second
    return Einsum([letters] * len(xs), output)(*xs)


def check_parameters(name: str, gamma: Operand, beta: Operand, shape: Shape) -> None:
    """Raises ValueError unless gamma and beta have this shape."""
    given = operand(name, gamma).shape, operand(name, beta).shape
    if given != (shape, shape):
        raise ValueError(f"{name}: gamma and beta must have the shape {shape}, not {given[0]} and {given[1]}")


def check_batch(name: str, x: Operand) -> None:
    """Raises ValueError unless x has channels on axis 1, and elements."""
    shape = operand(name, x).shape
    if len(shape) < 2 or 0 in shape:
        raise ValueError(f"{name} takes x (N, C, ...) with at least one element in each channel, not {shape}")


def check_groups(name: str, x: Operand, groups: int) -> int:
    """`groups` as a Python int. Raises TypeError if it is no whole number, ValueError if it does not divide C."""
    shape = operand(name, x).shape
    if len(shape) < 2 or 0 in shape[1:]:
        raise ValueError(f"{name} takes x (N, C, ...) with at least one element in each channel, not {shape}")
    groups = whole(f"{name}: groups", groups)
    if shape[1] % groups:
        raise ValueError(f"{name}: {shape[1]} channels do not make {groups} equal groups")
    return groups


def check_eps(name: str, eps: float) -> float:
    """`eps` as a Python number. Raises TypeError if it is none, ValueError if it is negative."""
    eps = number(f"{name}: eps", eps)
    if not 0 <= eps < inf:
        raise ValueError(f"{name}: eps must be at least 0 and finite, not {eps}")
    return eps


def batch_norm_with_statistics(
    x: Operand, gamma: Operand, beta: Operand, eps: float = 1e-5
) -> tuple[Any, Array, Array]:
    """`batch_norm(x, gamma, beta, eps)` and what it normalized with: (y, mean, var).

    mean and var are plain arrays of shape (C,), constants, for running averages; of float16 they are float32. var is
    the biased variance, the one in the formula; times n / (n - 1) it is the unbiased one, n = x.size / C.
    """
    check_batch("batch_norm", x)
    check_parameters("batch_norm", gamma, beta, x.shape[1:2])
    f = BatchNorm(check_eps("batch_norm", eps))
    y = f(summable(x), summable(gamma), summable(beta))
    return rounded(y, x, gamma, beta), f.mean, f.var


def batch_norm(x: Operand, gamma: Operand, beta: Operand, eps: float = 1e-5) -> Any:
    """y = gamma (x - mean) / sqrt(var + eps) + beta.   (N, C, ...) (C,) (C,) -> (N, C, ...)

    mean and var are those of this batch, of each channel (axis 1) over all other axes: over axis 0 for (N, C), over
    0, 2, 3 for images (N, C, H, W); gradients flow through them. var is the mean of the squared deviations.
    Source: Ioffe and Szegedy, "Batch normalization", 2015. Raises ValueError for wrong shapes and for an empty batch.
    """
    return batch_norm_with_statistics(x, gamma, beta, eps)[0]


def batch_norm_inference(
    x: Operand, gamma: Operand, beta: Operand, mean: Operand, var: Operand, eps: float = 1e-5
) -> Any:
    """y = gamma (x - mean) / sqrt(var + eps) + beta with given statistics, all four of shape (C,): for test mode.

    Raises ValueError for wrong shapes.
    """
    name = "batch_norm_inference"
    xs = operand(name, x).shape
    if len(xs) < 2:
        raise ValueError(f"{name} takes x (N, C, ...), not {xs}")
    check_parameters(name, gamma, beta, xs[1:2])
    if [operand(name, a).shape for a in (mean, var)] != [xs[1:2]] * 2:
        raise ValueError(f"{name}: mean and var must have the shape {xs[1:2]}")
    shape = (1, -1, *[1] * (len(xs) - 2))
    scale = summable(gamma) * (summable(var) + check_eps(name, eps)) ** -0.5
    y = summable(x) * reshape(scale, shape) + reshape(beta - mean * scale, shape)
    return rounded(y, x, gamma, beta, mean, var)


def layer_norm(x: Operand, gamma: Operand, beta: Operand, eps: float = 1e-5) -> Any:
    """y = gamma (x - mean) / sqrt(var + eps) + beta, with mean and var of each sample.   (..., D) (D,) (D,) -> (..., D)

    They are taken over the last axes of x, those that gamma has: for gamma (H, W) over each (H, W) of x (..., H, W).
    Source: Ba, Kiros and Hinton, "Layer normalization", 2016. Raises ValueError for wrong shapes.
    """
    xs, shape = operand("layer_norm", x).shape, operand("layer_norm", gamma).shape
    if not shape or prod(shape) == 0 or xs[-len(shape) :] != shape:
        raise ValueError(f"layer_norm: gamma must have the shape of the last axes of x {xs}, not {shape}")
    check_parameters("layer_norm", gamma, beta, shape)
    y = LayerNorm(check_eps("layer_norm", eps))(summable(x), summable(gamma), summable(beta))
    return rounded(y, x, gamma, beta)


def group_norm(x: Operand, groups: int, gamma: Operand, beta: Operand, eps: float = 1e-5) -> Any:
    """y = gamma (x - mean) / sqrt(var + eps) + beta, mean and var of each sample and group.   (N, C, ...) (C,) (C,)

    A group is C / groups neighbouring channels with all that is in them; one group is a layer norm of (C, ...).
    Source: Wu and He, "Group normalization", 2018. Raises ValueError for wrong shapes, or groups that do not divide C.
    """
    return by_group("group_norm", x, groups, gamma, beta, eps)


def by_group(name: str, x: Operand, groups: int, gamma: Operand, beta: Operand, eps: float) -> Any:
    """The layer norm of each group as a row, and then the scale and the offset of each channel."""
    groups = check_groups(name, x, groups)
    check_parameters(name, gamma, beta, x.shape[1:2])
    xp, z, D = namespace(as_array(x)), summable(x), prod(x.shape[1:]) // groups
    rows = reshape(z, (x.shape[0] * groups, D))
    y = LayerNorm(check_eps(name, eps))(rows, xp.ones(D, z.dtype), xp.zeros(D, z.dtype))
    shape = (1, -1, *[1] * (len(x.shape) - 2))
    return rounded(reshape(y, x.shape) * reshape(gamma, shape) + reshape(beta, shape), x, gamma, beta)


def instance_norm(x: Operand, gamma: Operand, beta: Operand, eps: float = 1e-5) -> Any:
    """y = gamma (x - mean) / sqrt(var + eps) + beta, with mean and var of each sample and channel: C groups of one.

    Source: Ulyanov, Vedaldi and Lempitsky, "Instance normalization", 2016. Raises ValueError for wrong shapes.
    """
    return by_group("instance_norm", x, prod(operand("instance_norm", x).shape[1:2]), gamma, beta, eps)
