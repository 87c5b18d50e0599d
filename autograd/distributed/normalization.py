"""Batch normalization with the statistics of all ranks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.algebra import Operand, as_array
from autograd.backend import namespace
from autograd.checks import shown
from autograd.config import training
from autograd.functions.operands import rounded, summable
from autograd.functions.shape import concat
from autograd.layers.base import fitting
from autograd.layers.normalization import BatchNorm
from autograd.variable import Variable

if TYPE_CHECKING:
    from autograd.distributed.group import Group

__all__ = ["SyncBatchNorm"]


class SyncBatchNorm(BatchNorm):
    """`BatchNorm` whose mean and variance are those of the batch of all ranks together.   (N, C, ...), gamma, beta (C,)

    y = gamma (x - mean) / sqrt(var + eps) + beta,  mean = sum x / n,  var = sum (x - mean)^2 / n,  the sums over ranks.

    A rank may have no sample at all. `group.synchronize(model)` makes one of each BatchNorm of a model.
    """

    group: Group

    def __init__(
        self,
        group: Group,
        size: int | None = None,
        *,
        momentum: float = 0.9,
        eps: float = 1e-5,
        dtype: Any = np.float32,
    ) -> None:
        if not hasattr(group, "all_reduce"):
            raise TypeError(f"SyncBatchNorm: group must be a Group, such as distributed.init(), not {shown(group)}")
        super().__init__(size, momentum=momentum, eps=eps, dtype=dtype)
        self.group = group

    @classmethod
    def take_over(cls, layer: BatchNorm, group: Group) -> None:
        """Makes one of a BatchNorm, with its parameters and buffers."""
        layer.__class__ = cls
        layer.group = group  # type: ignore[attr-defined]

    def forward(self, x: Operand) -> Variable:
        if not training():
            return super().forward(x)
        x = fitting(self, x, self.gamma)
        y, mean, var, n = self.normed(x)
        if n < 2:
            raise ValueError(f"SyncBatchNorm takes at least 2 values in each channel over all ranks, not {n}")
        self.track(mean, var, n)
        return y

    def normed(self, x: Any) -> tuple[Any, Any, Any, int]:
        """y, and the statistics of all ranks: mean, var and the number of values in a channel."""
        z, C = summable(x), self.gamma.size
        axes, shape = (0, *range(2, x.ndim)), (1, C, *[1] * (x.ndim - 2))
        xp = namespace(as_array(x))
        n = xp.full(1, x.size // C, z.dtype)
        sums = self.group.sum(concat([z.sum(axes), n]))
        n = as_array(sums)[C:]
        mean = sums[:C] / n
        d = z - mean.reshape(shape)
        var = self.group.sum((d * d).sum(axes)) / n
        y = (self.gamma * (var + self.eps) ** -0.5).reshape(shape) * d + self.beta.reshape(shape)
        return rounded(y, x, self.gamma, self.beta), as_array(mean), as_array(var), int(n[0])
