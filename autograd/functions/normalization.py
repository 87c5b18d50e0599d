"""Normalization: to mean 0 and variance 1 over a part of the axes, then to a learned scale and offset.

`batch_norm_by_formula` is the one to read; `batch_norm` has the same values and gradients, faster. y has the common
dtype of x, gamma and beta; for float16 everything is computed in float32.
Every function raises TypeError if eps is not a number, and ValueError if it is negative.
"""

from __future__ import annotations

from math import prod
from typing import Any

from autograd.algebra import Operand, as_array, reshape
from autograd.backend import Array, namespace
from autograd.checks import number, whole
from autograd.function import Function
from autograd.functions.linear import WeightedSums
from autograd.functions.operands import channels_behind, operand, rounded, summable, summable_together, with_room
from autograd.functions.reduction import mean
from autograd.functions.statistics import channel_means, channel_sums, mean_of_channels, per_channel, row_means, settled
from autograd.kernels import norms
from autograd.kernels.gpu import norms as gpu
from autograd.kernels.matmul import product
from autograd.kernels.ways import kernel
from autograd.shapes import Shape
from autograd.sums import sum_over
from autograd.variable import Variable

__all__ = [
    "batch_norm", "batch_norm_by_formula", "batch_norm_inference", "batch_norm_with_statistics", "group_norm",
    "instance_norm", "layer_norm", "local_response_norm", "rms_norm",
]  # fmt: skip


def batch_norm_by_formula(x: Operand, gamma: Operand, beta: Operand, eps: float = 1e-5) -> Variable:
    """`batch_norm` in the steps of its formula: slower, and it keeps every step for the backward pass.

    Raises what `batch_norm` raises.
    """
    eps = check_batch_norm("batch_norm_by_formula", x, gamma, beta, eps)
    axes, shape = (0, *range(2, x.ndim)), (1, -1, *[1] * (x.ndim - 2))

    def formula(x: Any, gamma: Any, beta: Any) -> Any:
        d = x - settled(mean(x, axes, keepdims=True), x, axes)
        xn = d / (mean(d**2, axes, keepdims=True) + eps) ** 0.5
        return gamma.reshape(shape) * xn + beta.reshape(shape)

    return with_room(formula, x, gamma, beta)


class BatchNorm(Function):
    """y = gamma xn + beta, xn = (x - mean) / sqrt(var + eps), with mean and var of each channel (axis 1).

    gx = gamma / sqrt(var + eps) (gy - mean(gy) - xn mean(gy xn)),  ggamma = sum(gy xn),  gbeta = sum(gy)
    """

    alike = 0

    def __init__(self, eps):
        self.eps = eps

    def forward(self, x, gamma, beta):
        y, mean, var = normed_channels(x, gamma, beta, self.eps)
        self.save(mean=mean, var=var)
        return y

    def recompute(self, x, gamma, beta):
        mean = mean_of_channels(x)
        return {"mean": mean, "var": channel_means((x - per_channel(mean, x)) ** 2)}

    def backward(self, gy):
        x, gamma, _ = self.inputs
        return channels_gradient(gy, x, gamma, self.saved.mean, self.saved.var, self.eps, asked(self.needs))


def asked(needs):
    """Which gradients are asked for, as truth values: a record keeps the arguments of a kernel, and no graph."""
    return tuple([bool(need) for need in needs])


@kernel(norms.batch_norm, gpu.batch_norm)
def normed_channels(x, gamma, beta, eps):
    """y = gamma xn + beta, mean and var"""
    mean = mean_of_channels(x)
    y = x - per_channel(mean, x)
    var = channel_means(y, y)
    y *= per_channel(gamma * (var + eps) ** -0.5, x)
    y += per_channel(beta, x)
    return y, mean, var


@kernel(norms.batch_norm_gradient, gpu.batch_norm_gradient)
def channels_gradient(gy, x, gamma, mean, var, eps, needs):
    """gx, ggamma and gbeta"""
    inv = (var + eps) ** -0.5
    d = x - per_channel(mean, x)  # xn = d inv
    mean_gy, mean_gy_xn = channel_means(gy), channel_means(gy, d) * inv
    gx = None
    if needs[0]:
        gx = d  # computed in d's memory; a Variable has no *= and is rebound
        gx *= per_channel(mean_gy_xn * -inv, x)
        gx += gy
        gx -= per_channel(mean_gy, x)
        gx *= per_channel(gamma * inv, x)
    n = x.size // gamma.size
    return gx, mean_gy_xn * n, mean_gy * n


def batch_norm(x: Operand, gamma: Operand, beta: Operand, eps: float = 1e-5) -> Variable:
    """y = gamma (x - mean) / sqrt(var + eps) + beta.   (N, C, ...) (C,) (C,) -> (N, C, ...)

    mean and var are those of this batch, of each channel (axis 1) over all other axes: over axis 0 for (N, C), over
    0, 2, 3 for images (N, C, H, W). Gradients flow through them. var is the mean of the squared deviations.
    Raises ValueError if the shapes do not fit or a channel has fewer than two values.
    Source: Ioffe and Szegedy, "Batch normalization", 2015.
    """
    return batch_norm_with_statistics(x, gamma, beta, eps)[0]


def batch_norm_with_statistics(
    x: Operand, gamma: Operand, beta: Operand, eps: float = 1e-5
) -> tuple[Variable, Array, Array]:
    """`batch_norm(x, gamma, beta, eps)` and the statistics of the batch, for running averages: (y, mean, var).

    mean and var are plain arrays of shape (C,), constants; for float16 they are float32. var is the biased variance of
    the formula; var n / (n - 1) is the unbiased one, n = x.size / C.
    """
    f = BatchNorm(check_batch_norm("batch_norm", x, gamma, beta, eps))
    y = f(*summable_together(x, gamma, beta))
    return rounded(y, x, gamma, beta), f.state.mean, f.state.var  # arrays, also in a recorded backward pass


def check_batch_norm(name: str, x: Operand, gamma: Operand, beta: Operand, eps: float) -> float:
    """Raises the errors of a batch norm. Returns eps as a Python number."""
    check_batch(name, x)
    check_parameters(name, gamma, beta, x.shape[1:2], x.shape)
    return number(f"{name}: eps", eps, least=0)


def check_batch(name: str, x: Operand) -> None:
    """Raises ValueError unless x has channels on axis 1, each with at least two values."""
    shape = operand(name, x).shape
    if len(shape) < 2 or 0 in shape:
        raise ValueError(f"{name} takes x (N, C, ...) with at least one element in each channel, not {shape}")
    if prod(shape) == shape[1]:
        raise ValueError(
            f"{name} takes at least 2 values in each channel, not 1, shape {shape}: of one value the variance is 0, "
            "and y is beta whatever x is. Give it a larger batch, or use test_mode()"
        )


def check_parameters(name: str, gamma: Operand, beta: Operand, shape: Shape, x: Shape = ()) -> None:
    """Raises ValueError unless gamma and beta have this shape; x is that of the input, if they are of its channels."""
    given = operand(name, gamma).shape, operand(name, beta).shape
    if given != (shape, shape):
        remedy = channels_behind(x, given[0][0]) if len(given[0]) == 1 else ""
        raise ValueError(f"{name}: gamma and beta must have the shape {shape}, not {given[0]} and {given[1]}{remedy}")


class BatchNormInference(Function):
    """y = gamma xn + beta, xn = (x - mean) / sqrt(var + eps), with mean and var of each channel (axis 1) given.

    gx = gamma / sqrt(var + eps) gy,  ggamma = sum(gy xn),  gbeta = sum(gy),
    gmean = -gamma / sqrt(var + eps) gbeta,  gvar = -gamma / (2 (var + eps)) ggamma
    """

    alike = 0

    def __init__(self, eps):
        self.eps = eps

    def forward(self, x, gamma, beta, mean, var):
        return channels_by_statistics(x, gamma, beta, mean, var, self.eps)

    def backward(self, gy):
        x, gamma, _, mean, var = self.inputs
        needs_x, needs_gamma, needs_beta, needs_mean, needs_var = self.needs
        inv = (var + self.eps) ** -0.5
        ggamma = gbeta = None
        if needs_gamma or needs_var:
            ggamma = channel_sums(gy, x - per_channel(mean, x)) * inv
        if needs_beta or needs_mean:
            gbeta = channel_sums(gy)
        return (
            needs_x and gy * per_channel(gamma * inv, x),
            ggamma,
            gbeta,
            needs_mean and -gamma * inv * gbeta,
            needs_var and -0.5 * gamma * inv**2 * ggamma,
        )


@kernel(gpu.batch_norm_inference)
def channels_by_statistics(x, gamma, beta, mean, var, eps):
    """y = gamma xn + beta"""
    scale = gamma * (var + eps) ** -0.5
    y = x * per_channel(scale, x)
    y += per_channel(beta - mean * scale, x)
    return y


def batch_norm_inference(
    x: Operand, gamma: Operand, beta: Operand, mean: Operand, var: Operand, eps: float = 1e-5
) -> Variable:
    """y = gamma (x - mean) / sqrt(var + eps) + beta with given statistics, all four of shape (C,): for test mode.

    Raises ValueError if the shapes do not fit.
    """
    name = "batch_norm_inference"
    xs = operand(name, x).shape
    if len(xs) < 2:
        raise ValueError(f"{name} takes x (N, C, ...), not {xs}")
    check_parameters(name, gamma, beta, xs[1:2], xs)
    given = operand(name, mean).shape, operand(name, var).shape
    if given != (xs[1:2], xs[1:2]):
        raise ValueError(f"{name}: mean and var must have the shape {xs[1:2]}, not {given[0]} and {given[1]}")
    y = BatchNormInference(number(f"{name}: eps", eps, least=0))(*summable_together(x, gamma, beta, mean, var))
    return rounded(y, x, gamma, beta, mean, var)


class LayerNorm(Function):
    """y = gamma xn + beta, xn = (x - mean) / sqrt(var + eps), with mean and var of each row; a row has gamma's shape.

    gx = (g - mean(g) - xn mean(g xn)) / sqrt(var + eps) for g = gamma gy,  ggamma = sum(gy xn),  gbeta = sum(gy)
    """

    alike = 0

    def __init__(self, eps):
        self.eps = eps

    def forward(self, x, gamma, beta):
        y, mean, var = normed_rows(x, gamma, beta, self.eps)
        self.save(mean=mean, var=var)
        return y

    def recompute(self, x, gamma, beta):
        rows = x.reshape(-1, gamma.size)
        mean = settled(row_means(rows), rows, (1,))
        return {"mean": mean, "var": row_means((rows - mean) ** 2)}

    def backward(self, gy):
        x, gamma, _ = self.inputs
        return rows_gradient(gy, x, gamma, self.saved.mean, self.saved.var, self.eps, asked(self.needs))


@kernel(norms.layer_norm, gpu.layer_norm)
def normed_rows(x, gamma, beta, eps):
    """y = gamma xn + beta, mean and var"""
    rows = x.reshape(-1, gamma.size)
    mean = settled(row_means(rows), rows, (1,))
    y = rows - mean
    var = row_means(y, y)
    y *= (var + eps) ** -0.5
    y *= gamma.reshape(-1)
    y += beta.reshape(-1)
    return y.reshape(x.shape), mean, var


@kernel(norms.layer_norm_gradient, gpu.layer_norm_gradient)
def rows_gradient(gy, x, gamma, mean, var, eps, needs):
    """gx, ggamma and gbeta"""
    needs_x, needs_gamma, needs_beta = needs
    D = gamma.size
    rows, gy = x.reshape(-1, D), gy.reshape(-1, D)
    inv = (var + eps) ** -0.5
    d = rows - mean  # xn = d inv
    gy_d = gy * d
    gx = ggamma = gbeta = None
    if needs_x:
        weight = gamma.reshape(-1)
        gx = d  # computed in d's memory; a Variable has no *= and is rebound
        gx *= (gy_d @ weight).reshape(-1, 1) * inv**2 * (-1 / D)
        gx += gy * weight
        gx -= (gy @ weight).reshape(-1, 1) * (1 / D)
        gx *= inv
        gx = gx.reshape(x.shape)
    if needs_gamma:
        ggamma = product(inv.reshape(1, -1), gy_d).reshape(gamma.shape)
    if needs_beta:
        gbeta = sum_over(gy, (0,), keepdims=False).reshape(gamma.shape)
    return gx, ggamma, gbeta


def layer_norm(x: Operand, gamma: Operand, beta: Operand, eps: float = 1e-5) -> Variable:
    """y = gamma (x - mean) / sqrt(var + eps) + beta, with mean and var of each sample.   (..., D) (D,) (D,) -> (..., D)

    They are taken over the last axes of x, those that gamma has: for gamma (H, W) over each (H, W) of x (..., H, W).
    Raises ValueError if the shapes do not fit. Source: Ba, Kiros and Hinton, "Layer normalization", 2016.
    """
    name = "layer_norm"
    check_parameters(name, gamma, beta, check_rows(name, x, gamma))
    y = LayerNorm(number(f"{name}: eps", eps, least=0))(*summable_together(x, gamma, beta))
    return rounded(y, x, gamma, beta)


def check_rows(name: str, x: Operand, gamma: Operand) -> Shape:
    """The shape of gamma. Raises ValueError unless the last axes of x have it."""
    xs, shape = operand(name, x).shape, operand(name, gamma).shape
    if not shape or prod(shape) == 0 or xs[-len(shape) :] != shape:
        raise ValueError(f"{name}: gamma must have the shape of the last axes of x {xs}, not {shape}")
    return shape


class RMSNorm(Function):
    """y = gamma xn, xn = x / sqrt(mean(x^2) + eps), with the mean of each row; a row has gamma's shape.

    gx = (g - xn mean(g xn)) / sqrt(mean(x^2) + eps) for g = gamma gy,  ggamma = sum(gy xn)
    """

    alike = 0

    def __init__(self, eps):
        self.eps = eps

    def forward(self, x, gamma):
        y, square = scaled_rows(x, gamma, self.eps)
        self.save(square=square)
        return y

    def recompute(self, x, gamma):
        rows = x.reshape(-1, gamma.size)
        return {"square": row_means(rows, rows)}

    def backward(self, gy):
        x, gamma = self.inputs
        return scaled_rows_gradient(gy, x, gamma, self.saved.square, self.eps, asked(self.needs))


@kernel(gpu.rms_norm)
def scaled_rows(x, gamma, eps):
    """y = gamma xn, and mean(x^2)"""
    rows = x.reshape(-1, gamma.size)
    square = row_means(rows, rows)
    y = rows * (square + eps) ** -0.5
    y *= gamma.reshape(-1)
    return y.reshape(x.shape), square


@kernel(gpu.rms_norm_gradient)
def scaled_rows_gradient(gy, x, gamma, square, eps, needs):
    """gx and ggamma"""
    needs_x, needs_gamma = needs
    D = gamma.size
    rows, gy = x.reshape(-1, D), gy.reshape(-1, D)
    inv = (square + eps) ** -0.5
    gx = None
    gy_x = gy * rows
    if needs_x:
        weight = gamma.reshape(-1)
        gx = rows * ((gy_x @ weight).reshape(-1, 1) * inv**2 * (-1 / D))
        gx += gy * weight  # in gx's memory; a Variable has no += and is rebound
        gx *= inv
        gx = gx.reshape(x.shape)
    return gx, product(inv.reshape(1, -1), gy_x).reshape(gamma.shape) if needs_gamma else None


def rms_norm(x: Operand, gamma: Operand, eps: float = 1e-5) -> Variable:
    """y = gamma x / sqrt(mean(x^2) + eps), with the mean over the last axes of x, those of gamma.   (..., D) (D,)

    A layer norm without the mean and without an offset. Raises ValueError if the shapes do not fit.
    Source: Zhang and Sennrich, "Root mean square layer normalization", 2019.
    """
    check_rows("rms_norm", x, gamma)
    y = RMSNorm(number("rms_norm: eps", eps, least=0))(*summable_together(x, gamma))
    return rounded(y, x, gamma)


def group_norm(x: Operand, groups: int, gamma: Operand, beta: Operand, eps: float = 1e-5) -> Variable:
    """y = gamma (x - mean) / sqrt(var + eps) + beta, mean and var of each sample and group.   (N, C, ...) (C,) (C,)

    A group is C / groups neighbouring channels; one group of all channels is a layer norm of (C, ...).
    Raises TypeError if groups is not a whole number, ValueError if it does not divide C or the shapes do not fit.
    Source: Wu and He, "Group normalization", 2018.
    """
    return by_group("group_norm", x, groups, gamma, beta, eps)


def instance_norm(x: Operand, gamma: Operand, beta: Operand, eps: float = 1e-5) -> Variable:
    """y = gamma (x - mean) / sqrt(var + eps) + beta, with mean and var of each sample and channel: C groups of one.

    Raises ValueError if the shapes do not fit, or a channel of a sample has one value.
    Source: Ulyanov, Vedaldi and Lempitsky, "Instance normalization", 2016.
    """
    shape = operand("instance_norm", x).shape
    if len(shape) > 1 and prod(shape[2:]) == 1:
        raise ValueError(
            f"instance_norm takes at least 2 values in each channel, not 1, shape {shape}: of one value the variance "
            "is 0, and y is beta whatever x is"
        )
    return by_group("instance_norm", x, prod(shape[1:2]), gamma, beta, eps)


def local_response_norm(x: Operand, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Variable:
    """y = x / (k + alpha/size sum of x^2 over `size` neighbouring channels)^beta   (N, C, ...) -> (N, C, ...)

    The neighbours of channel c are c - size // 2 ... c + (size - 1) // 2, as far as there are such channels.
    Raises TypeError if x is not of real numbers, ValueError if size < 1.
    Source: Krizhevsky, Sutskever and Hinton, "ImageNet classification with deep convolutional neural networks", 2012.
    """
    name = "local_response_norm"
    check_groups(name, x, 1)
    size = whole(f"{name}: size", size)
    alpha, beta, k = [number(f"{name}: {key}", v) for key, v in (("alpha", alpha), ("beta", beta), ("k", k))]

    def normed(x: Any) -> Any:
        xp = namespace(as_array(x))
        d = xp.arange(x.shape[1]) - xp.arange(x.shape[1])[:, None]
        near = ((d >= -(size // 2)) & (d <= (size - 1) // 2)).astype(x.dtype)
        return x / (k + WeightedSums(near, 1 - x.ndim)(x * x) * (alpha / size)) ** beta

    return with_room(normed, x)


def by_group(name: str, x: Operand, groups: int, gamma: Operand, beta: Operand, eps: float) -> Any:
    """The layer norm of each group as a row, then the scale and the offset of each channel."""
    G = check_groups(name, x, groups)
    N, C, *rest = x.shape
    check_parameters(name, gamma, beta, (C,), x.shape)
    xp, z, D = namespace(as_array(x)), summable(x), C * prod(rest) // G
    f = LayerNorm(number(f"{name}: eps", eps, least=0))
    xn = f(reshape(z, (N * G, D)), xp.ones(D, z.dtype), xp.zeros(D, z.dtype))
    shape = (1, C, *[1] * len(rest))
    return rounded(reshape(xn, x.shape) * reshape(gamma, shape) + reshape(beta, shape), x, gamma, beta)


def check_groups(name: str, x: Operand, groups: int) -> int:
    """`groups` as a Python int. Raises TypeError if it is not a whole number, ValueError if it does not divide C."""
    shape = operand(name, x).shape
    if len(shape) < 2 or 0 in shape[1:]:
        raise ValueError(f"{name} takes x (N, C, ...) with at least one element in each channel, not {shape}")
    groups = whole(f"{name}: groups", groups)
    if shape[1] % groups:
        raise ValueError(f"{name}: groups must divide the {shape[1]} channels, not {groups}")
    return groups
