"""The blocks and options that the networks of this folder share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.algebra import Operand
from autograd.backend import seeded
from autograd.checks import dtype_of, function
from autograd.functions.activation import relu
from autograd.functions.arithmetic import clip
from autograd.kernels.windows import Pad
from autograd.layers.base import Generator, Initializer
from autograd.layers.containers import Sequential
from autograd.layers.conv import Conv2d
from autograd.layers.initializers import he
from autograd.layers.normalization import BatchNorm
from autograd.variable import Variable

__all__ = ["ConvBN", "layer_options", "relu6"]


class ConvBN(Sequential):
    """Convolution, batch normalization, activation (or None).   (N, C, H, W) -> (N, M, H/stride, W/stride)

    The convolution has no bias: the normalization would subtract it, and has an offset of its own.
    """

    def __init__(
        self,
        C: int,
        M: int,
        kernel: int,
        stride: int = 1,
        activation: Callable[[Any], Any] | None = relu,
        *,
        pad: Pad | None = None,
        groups: int = 1,
        eps: float = 1e-5,
        dtype: Any = np.float32,
        **options: Any,
    ) -> None:
        pad = kernel // 2 if pad is None else pad
        conv = Conv2d(M, kernel, stride, pad, C, bias=False, groups=groups, dtype=dtype, **options)
        super().__init__(conv, BatchNorm(M, eps=eps, dtype=dtype), *([activation] if activation else []))


def relu6(x: Operand) -> Variable:
    """y = min(max(x, 0), 6): a bounded ReLU, for arithmetic of low precision. Its gradient at 0 is 0."""
    return clip(relu(x), None, 6)


def layer_options(initializer: Initializer = he, dtype: Any = np.float32, rng: Generator = None) -> dict[str, Any]:
    """The options of all layers of a model. A seed is used once, not again in every layer."""
    return {
        "initializer": function("initializer", initializer),
        "dtype": dtype_of("dtype", dtype),
        "rng": rng if rng is None else seeded("rng", rng),
    }
