"""The layer that is a matrix."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.algebra import Operand
from autograd.checks import flag, whole
from autograd.functions.linear import linear
from autograd.layers.base import Generator, Initializer, Layer, Parameter, fitting, lazy_size
from autograd.layers.initializers import lecun, zeros
from autograd.variable import Variable

__all__ = ["Linear"]


class Linear(Layer):
    """y = x W + b.   (..., I) -> (..., O), with W (I, O), b (O,)

    `in_size` is I; without it, the first call takes I from x. W starts normal with variance 1/I (`lecun`), b at zero.
    This keeps the size of a signal if no activation follows; in front of a ReLU, `initializer=he` keeps it.
    float64 input takes the dtype of the parameters, float32 by default; for a Variable a warning says so.
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
        I, O, bias = lazy_size("in_size", in_size), whole("out_size", out_size), flag("bias", bias)
        self.W = Parameter.lazy((I, O), initializer, rng, dtype)
        self.b = Parameter.lazy((O,), zeros, rng, dtype) if bias else None

    def forward(self, x: Operand) -> Variable:
        return linear(fitting(self, x, self.W), self.W, self.b)
