"""The ways of batch norm and layer norm, whose formulas take Variables too: `functions/normalization.py`.

Compiled ones are here, CuPy's in `gpu/norms.py`; so is the step of running statistics.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from autograd.backend import Array
from autograd.kernels.compiled import MANY, SINGLE, Compiled, loop, single
from autograd.kernels.gpu import norms as gpu
from autograd.kernels.threads import shared
from autograd.kernels.ways import kernel

__all__ = ["batch_norm", "batch_norm_gradient", "layer_norm", "layer_norm_gradient", "moved_statistics"]

FEW = 16  # pixels of a channel, or numbers of a row, for which a loop over them does not pay


def row_fits(x: Array, gamma: Array, *others: Array) -> bool:
    return single(x) and gamma.size >= FEW and all(is_single(a) for a in (gamma, *others))


def is_single(x: Any) -> bool:
    return type(x) is np.ndarray and x.dtype is SINGLE


def channels_fit(x: Array, *others: Array) -> bool:
    return single(x) and prod(x.shape[2:]) >= FEW and all(is_single(a) for a in others)


def compiled_layer_norm(x: Array, gamma: Array, beta: Array, eps: float) -> tuple[Array, Array, Array]:
    rows, gamma, beta = x.reshape(-1, gamma.size), flat(gamma), flat(beta)
    y, mean, var = np.empty(rows.shape, SINGLE), np.empty((len(rows), 1), SINGLE), np.empty((len(rows), 1), SINGLE)
    work = loop("rows.layer_norm")
    in_shares(lambda i: work(rows[i], gamma, beta, eps, y[i], mean[i], var[i]), len(rows), y.size)
    return y.reshape(x.shape), mean, var


def compiled_layer_norm_gradient(
    gy: Array, x: Array, gamma: Array, mean: Array, var: Array, eps: float, needs: Any
) -> tuple[Array, Array, Array]:
    rows, D, work = x.reshape(-1, gamma.size), gamma.size, loop("rows.layer_norm_gradient")
    gy, g, gx = np.ascontiguousarray(gy).reshape(rows.shape), flat(gamma), np.empty(rows.shape, SINGLE)

    def part(i: slice) -> Array:
        sums = np.zeros((2, D))
        work(gy[i], rows[i], g, mean[i], var[i], eps, gx[i], *sums)
        return sums

    ggamma, gbeta = sum(in_shares(part, len(rows), x.size)).astype(SINGLE)
    return gx.reshape(x.shape), ggamma.reshape(gamma.shape), gbeta.reshape(gamma.shape)


def compiled_batch_norm(x: Array, gamma: Array, beta: Array, eps: float) -> tuple[Array, Array, Array]:
    N, C, work = len(x), len(gamma), loop("channels.batch_norm")
    images, gamma, beta = x.reshape(N, C, -1), flat(gamma), flat(beta)
    y, mean, var = np.empty(images.shape, SINGLE), np.empty(C, SINGLE), np.empty(C, SINGLE)
    in_shares(lambda c: work(images, gamma, beta, eps, y, mean, var, c.start, c.stop), C, x.size)
    return y.reshape(x.shape), mean, var


def compiled_batch_norm_gradient(
    gy: Array, x: Array, gamma: Array, mean: Array, var: Array, eps: float, needs: Any
) -> tuple[Array, Array, Array]:
    C, images, work = len(gamma), x.reshape(len(x), len(gamma), -1), loop("channels.batch_norm_gradient")
    gy, gamma, gx = np.ascontiguousarray(gy).reshape(images.shape), flat(gamma), np.empty(images.shape, SINGLE)
    ggamma, gbeta = np.empty(C, SINGLE), np.empty(C, SINGLE)
    in_shares(lambda c: work(gy, images, gamma, mean, var, eps, gx, ggamma, gbeta, c.start, c.stop), C, x.size)
    return gx.reshape(x.shape), ggamma, gbeta


@kernel(gpu.moved_statistics)
def moved_statistics(
    mean: Array, var: Array, batch_mean: Array, batch_var: Array, momentum: float, n: int
) -> tuple[Array, Array]:
    """momentum mean + (1 - momentum) batch_mean, and var likewise with n / (n - 1) batch_var, for n values a channel.

    They keep the dtypes of mean and var.
    """
    moved = [
        (running * momentum + batch * (1 - momentum)).astype(running.dtype, copy=False)
        for running, batch in ((mean, batch_mean), (var, batch_var * (n / max(n - 1, 1))))
    ]
    return moved[0], moved[1]


def flat(x: Array) -> Array:
    return np.ascontiguousarray(x).reshape(-1)


def in_shares(work: Any, count: int, size: int) -> list[Any]:
    """The results of `work` on slices of range(count), one for each thread, or on the whole range for a small size."""
    return shared(work, count, None if size >= MANY else 1)


layer_norm = Compiled(compiled_layer_norm, lambda x, gamma, beta, eps: row_fits(x, gamma, beta))
layer_norm_gradient = Compiled(
    compiled_layer_norm_gradient,
    lambda gy, x, gamma, mean, var, eps, needs: single(gy, x) and row_fits(x, gamma, mean, var),
)
batch_norm = Compiled(compiled_batch_norm, lambda x, gamma, beta, eps: channels_fit(x, gamma, beta))
batch_norm_gradient = Compiled(
    compiled_batch_norm_gradient,
    lambda gy, x, gamma, mean, var, eps, needs: single(gy, x) and channels_fit(x, gamma, mean, var),
)
