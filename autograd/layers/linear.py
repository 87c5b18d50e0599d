"""The layer that is a matrix."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.core import Operand
from autograd.functions.linear import linear
from autograd.layers.base import Generator, Initializer, Layer, Parameter, check_sizes
from autograd.layers.initializers import lecun, zeros


class Linear(Layer):
    """y = x W + b.   (..., I) -> (..., O), with W (I, O), b (O,)

    `in_size` is I; without it the first call tells. W starts normal with variance 1/I (`lecun`), which keeps the size
    of a signal where no activation follows, and b at zero; in front of a ReLU `initializer=he` keeps it.
    float64 input with the usual float32 parameters gives float64 output, by NumPy's rule.
    """

    def __init__(
        self,
        out_size: int,
        in_size: int | None = None,
        bias: bool = True,
        *,
        initializer: Initializer = lecun,
        dtype: Any = np.float32,
        rng: Generator = None,
    ) -> None:
        check_sizes(out_size=out_size, in_size=in_size)
        self.W = Parameter.planned((in_size, out_size), initializer, rng, dtype)
        self.b = Parameter.planned((out_size,), zeros, rng, dtype) if bias else None

    def forward(self, x: Operand) -> Any:
        self.W.settle(x, -1)
        return linear(x, self.W, self.b)
