"""Normalization layers: with scale, offset and, for batches, running statistics."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.algebra import Operand, as_array
from autograd.checks import dtype_of, number, whole
from autograd.config import training
from autograd.functions.normalization import (
    batch_norm_inference,
    batch_norm_with_statistics,
    group_norm,
    instance_norm,
    layer_norm,
    rms_norm,
)
from autograd.kernels.norms import moved_statistics
from autograd.layers.base import Buffer, Layer, Parameter, fitting, lazy_size
from autograd.layers.initializers import ones, zeros
from autograd.locks import Lock
from autograd.variable import Variable

__all__ = ["BatchNorm", "GroupNorm", "InstanceNorm", "LayerNorm", "RMSNorm"]


statistics = Lock()  # one change of running statistics at a time: threads that train one layer lose none


SEVERAL = ", that of the last axis: F.layer_norm and F.rms_norm are taken over all axes of the gamma that they get"


class Normalization(Layer):
    """The base of all: a scale gamma and an offset beta, of the size of the input along `axis`."""

    axis = 1

    def __init__(self, size: int | None = None, *, eps: float = 1e-5, dtype: Any = np.float32) -> None:
        size, dtype = lazy_size("size", size, SEVERAL if self.axis == -1 else ""), dtype_of("dtype", dtype)
        self.gamma = Parameter.lazy((size,), ones, dtype=dtype, axis=self.axis)
        self.beta = Parameter.lazy((size,), zeros, dtype=dtype, axis=self.axis)
        self.eps = number(f"{type(self).__name__}: eps", eps, least=0)


class BatchNorm(Normalization):
    """y = gamma (x - mean) / sqrt(var + eps) + beta for each channel.   (N, C) or (N, C, H, W), gamma and beta (C,)

    While training, mean and var are those of the batch. Two buffers, `mean` and `var`, follow them:
    mean <- momentum mean + (1 - momentum) batch mean, and var likewise with the unbiased variance (divided by n - 1).
    Under `test_mode()` the buffers are used instead. A call under `no_grad()` alone still changes them.
    momentum is the share of the old value, as in the lecture; in PyTorch it is the share of the new one.
    """

    def __init__(
        self, size: int | None = None, *, momentum: float = 0.9, eps: float = 1e-5, dtype: Any = np.float32
    ) -> None:
        super().__init__(size, eps=eps, dtype=dtype)
        self.mean = Buffer.lazy(self.gamma.shape, zeros, dtype=dtype, axis=1)
        self.var = Buffer.lazy(self.gamma.shape, ones, dtype=dtype, axis=1)
        self.momentum = number("BatchNorm: momentum", momentum, least=0, most=1)

    def forward(self, x: Operand) -> Variable:
        x = fitting(self, x, self.gamma)
        if not training():
            return batch_norm_inference(x, self.gamma, self.beta, self.mean.data, self.var.data, self.eps)
        y, mean, var = batch_norm_with_statistics(x, self.gamma, self.beta, self.eps)
        self.track(mean, var, as_array(x).size // mean.size)
        return y

    def track(self, mean: Any, var: Any, n: int) -> None:
        """Moves the buffers towards the statistics of a batch with n values in each channel."""
        with statistics:
            running = moved_statistics(self.mean.data, self.var.data, mean, var, self.momentum, n)
            self.mean.data, self.var.data = running


class LayerNorm(Normalization):
    """y = gamma (x - mean) / sqrt(var + eps) + beta over the last axis.   (..., D), gamma and beta (D,)"""

    axis = -1

    def forward(self, x: Operand) -> Variable:
        return layer_norm(fitting(self, x, self.gamma), self.gamma, self.beta, self.eps)


class GroupNorm(Normalization):
    """Normalizes each group of channels of each sample.   (N, C, ...), gamma and beta (C,)"""

    def __init__(self, groups: int, size: int | None = None, *, eps: float = 1e-5, dtype: Any = np.float32) -> None:
        super().__init__(size, eps=eps, dtype=dtype)
        self.groups = whole("GroupNorm: groups", groups)

    def forward(self, x: Operand) -> Variable:
        return group_norm(fitting(self, x, self.gamma), self.groups, self.gamma, self.beta, self.eps)


class InstanceNorm(Normalization):
    """Normalizes each channel of each sample.   (N, C, ...), gamma and beta (C,)"""

    def forward(self, x: Operand) -> Variable:
        return instance_norm(fitting(self, x, self.gamma), self.gamma, self.beta, self.eps)


class RMSNorm(Layer):
    """y = gamma x / sqrt(mean(x^2) + eps) over the last axis.   (..., D), gamma (D,)"""

    def __init__(self, size: int | None = None, *, eps: float = 1e-5, dtype: Any = np.float32) -> None:
        self.gamma = Parameter.lazy((lazy_size("size", size, SEVERAL),), ones, dtype=dtype_of("dtype", dtype))
        self.eps = number("RMSNorm: eps", eps, least=0)

    def forward(self, x: Operand) -> Variable:
        return rms_norm(fitting(self, x, self.gamma), self.gamma, self.eps)
