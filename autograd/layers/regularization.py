"""Noise as a layer."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.core import Operand
from autograd.functions.regularization import check_probability, dropout
from autograd.layers.base import Generator, Layer


class Dropout(Layer):
    """Sets each element to 0 with probability p while training, and scales the others by 1 / (1 - p).

    Under `test_mode()` it is the identity. Raises ValueError if p is not in [0, 1), TypeError if it is no number.
    """

    def __init__(self, p: float = 0.5, *, rng: Generator = None) -> None:
        check_probability("Dropout", p)
        self.p = p
        self.rng = rng if rng is None else np.random.default_rng(rng)  # a seed is spent once, not anew in every call

    def forward(self, x: Operand) -> Any:
        return dropout(x, self.p, self.rng)
