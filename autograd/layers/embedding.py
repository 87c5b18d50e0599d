"""The layer that looks up vectors in a table."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.algebra import Operand
from autograd.checks import whole
from autograd.functions.embedding import embedding
from autograd.layers.base import Generator, Initializer, Layer, Parameter
from autograd.layers.initializers import normal
from autograd.variable import Variable

__all__ = ["Embedding"]


class Embedding(Layer):
    """y = W[index]: a vector for each number below `vocabulary`.   (...) of integers -> (..., D), with W (V, D)

    The vectors start normal with standard deviation 1. The one at `padding_idx` starts at 0, and stays there, because
    its gradient is 0.
    """

    def __init__(
        self,
        vocabulary: int,
        size: int,
        padding_idx: int | None = None,
        *,
        initializer: Initializer = normal,
        dtype: Any = np.float32,
        rng: Generator = None,
    ) -> None:
        V, D = whole("vocabulary", vocabulary), whole("size", size)
        self.padding_idx = None if padding_idx is None else whole("padding_idx", padding_idx, 0, V - 1)
        self.W = Parameter.lazy((V, D), initializer, rng, dtype)
        if self.padding_idx is not None:
            self.W.data[self.padding_idx] = 0

    def forward(self, index: Operand) -> Variable:
        return embedding(self.W, index, self.padding_idx)
