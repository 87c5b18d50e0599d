"""A table of vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.core import Operand
from autograd.functions.embedding import embedding
from autograd.layers.base import Generator, Initializer, Layer, Parameter, check_sizes
from autograd.layers.initializers import normal


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
        if size is None:
            raise TypeError("size must be a whole number, not None: indices don't tell it")
        check_sizes(vocabulary=vocabulary, size=size)
        self.W = Parameter.planned((vocabulary, size), initializer, rng, dtype)

    def forward(self, index: Operand) -> Any:
        return embedding(self.W, index)
