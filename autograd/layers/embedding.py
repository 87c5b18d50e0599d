"""The layer that looks up vectors in a table."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.algebra import Operand
from autograd.checks import whole
from autograd.functions.embedding import embedding
from autograd.layers.base import Generator, Initializer, Layer, Parameter
from autograd.layers.initializers import normal

__all__ = ["Embedding"]


class Embedding(Layer):
    """y = W[index]: a vector for each number below `vocabulary`.   (...) of integers -> (..., D), with W (V, D)

    The vectors start normal with standard deviation 1.
    """

    def __init__(
        self,
        vocabulary: int,
        size: int,
        *,
        initializer: Initializer = normal,
        dtype: Any = np.float32,
        rng: Generator = None,
    ) -> None:
        self.W = Parameter.lazy((whole("vocabulary", vocabulary), whole("size", size)), initializer, rng, dtype)

    def forward(self, index: Operand) -> Any:
        return embedding(self.W, index)
