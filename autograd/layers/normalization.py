"""Normalization with scale, offset and, for batches, running statistics."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.config import training
from autograd.core import Operand, as_array
from autograd.functions.arithmetic import number
from autograd.functions.normalization import (
    batch_norm_inference,
    batch_norm_with_statistics,
    check_batch,
    check_eps,
    check_groups,
    group_norm,
    instance_norm,
    layer_norm,
)
from autograd.layers.base import Buffer, Layer, Parameter, check_sizes
from autograd.layers.initializers import ones, zeros


class BatchNorm(Layer):
    """y = gamma (x - mean) / sqrt(var + eps) + beta for each channel.   (N, C) or (N, C, H, W), gamma and beta (C,)

    While training, mean and var are those of the batch, and `mean`, `var`, two buffers, follow them:
    mean <- momentum mean + (1 - momentum) batch mean, var likewise with the unbiased variance of the batch (divided by
    n - 1). Under `test_mode()` they are used instead. momentum is the share of the old, as in the lecture; PyTorch's
    is the share of the new. A call under `no_grad()` alone still trains the buffers: use `test_mode()`.
    """

    def __init__(
        self, size: int | None = None, *, momentum: float = 0.9, eps: float = 1e-5, dtype: Any = np.float32
    ) -> None:
        check_sizes(size=size)
        if not 0 <= number("BatchNorm: momentum", momentum) <= 1:
            raise ValueError(f"BatchNorm: momentum must be in [0, 1], not {momentum}")
        self.gamma = Parameter.planned((size,), ones, dtype=dtype)
        self.beta = Parameter.planned((size,), zeros, dtype=dtype)
        self.mean = Buffer.planned((size,), zeros, dtype=dtype)
        self.var = Buffer.planned((size,), ones, dtype=dtype)
        self.momentum, self.eps = momentum, check_eps("BatchNorm", eps)

    def forward(self, x: Operand) -> Any:
        if None in self.gamma.shape:  # an input that does not fit is refused before its size is taken
            check_batch("BatchNorm", x)
        for box in (self.gamma, self.beta, self.mean, self.var):
            box.settle(x, 1)
        if not training.get():
            return batch_norm_inference(x, self.gamma, self.beta, self.mean.data, self.var.data, self.eps)
        y, mean, var = batch_norm_with_statistics(x, self.gamma, self.beta, self.eps)
        n = as_array(x).size // mean.size
        self.follow(self.mean, mean)
        self.follow(self.var, var * (n / max(n - 1, 1)))
        return y

    def follow(self, buffer: Buffer, batch: Any) -> None:
        """Moves a running value towards that of a batch."""
        running = buffer.data * self.momentum + batch * (1 - self.momentum)
        buffer.data = running.astype(buffer.dtype, copy=False)


class Normalization(Layer):
    """What the layers below share: a scale gamma and an offset beta, of the size of the input along `axis`."""

    axis = 1

    def __init__(self, size: int | None = None, *, eps: float = 1e-5, dtype: Any = np.float32) -> None:
        check_sizes(size=size)
        self.gamma = Parameter.planned((size,), ones, dtype=dtype)
        self.beta = Parameter.planned((size,), zeros, dtype=dtype)
        self.eps = check_eps(type(self).__name__, eps)

    def settle(self, x: Operand) -> None:
        """Takes the size from an input, if it is not known yet."""
        self.gamma.settle(x, self.axis)
        self.beta.settle(x, self.axis)


class LayerNorm(Normalization):
    """y = gamma (x - mean) / sqrt(var + eps) + beta over the last axis.   (..., D), gamma and beta (D,)"""

    axis = -1

    def forward(self, x: Operand) -> Any:
        self.settle(x)
        return layer_norm(x, self.gamma, self.beta, self.eps)


class GroupNorm(Normalization):
    """Each sample's groups of channels normalized by themselves.   (N, C, ...), gamma and beta (C,)"""

    def __init__(self, groups: int, size: int | None = None, *, eps: float = 1e-5, dtype: Any = np.float32) -> None:
        check_sizes(groups=groups)
        super().__init__(size, eps=eps, dtype=dtype)
        self.groups = groups

    def forward(self, x: Operand) -> Any:
        if None in self.gamma.shape:  # an input that does not fit is refused before its size is taken
            check_groups("GroupNorm", x, self.groups)
        self.settle(x)
        return group_norm(x, self.groups, self.gamma, self.beta, self.eps)


class InstanceNorm(Normalization):
    """Each sample's channels normalized, each by itself.   (N, C, ...), gamma and beta (C,)"""

    def forward(self, x: Operand) -> Any:
        if None in self.gamma.shape:  # an input that does not fit is refused before its size is taken
            check_groups("InstanceNorm", x, 1)
        self.settle(x)
        return instance_norm(x, self.gamma, self.beta, self.eps)
