"""Dropout as a layer."""

from __future__ import annotations

from typing import Any

from autograd.algebra import Operand
from autograd.backend import seeded
from autograd.checks import number
from autograd.functions.regularization import dropout
from autograd.layers.base import Generator, Layer

__all__ = ["Dropout"]


class Dropout(Layer):
    """Sets each element to 0 with probability p while training, and scales the others by 1 / (1 - p).

    Under `test_mode()` it is the identity. Raises ValueError if p is not in [0, 1), and TypeError if it is no number.
    """

    def __init__(self, p: float = 0.5, *, rng: Generator = None) -> None:
        self.p = number("Dropout: p", p, least=0, below=1)
        self.rng = rng if rng is None else seeded("Dropout: rng", rng)  # a seed is used once, not again in every call

    def forward(self, x: Operand) -> Any:
        return dropout(x, self.p, self.rng)
