"""Dropout as a layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from autograd.algebra import Operand
from autograd.backend import seeded
from autograd.checks import number
from autograd.functions.regularization import dropout, dropout1d, dropout2d, dropout3d
from autograd.layers.base import Generator, Layer
from autograd.variable import Variable

__all__ = ["Dropout", "Dropout1d", "Dropout2d", "Dropout3d"]


class Dropout(Layer):
    """Sets each element to 0 with probability p while training, and scales the others by 1 / (1 - p).

    Under `test_mode()` it is the identity. Raises ValueError if p is not in [0, 1), and TypeError if it is no number.
    """

    function: ClassVar[Callable[..., Any]] = staticmethod(dropout)

    def __init__(self, p: float = 0.5, *, rng: Generator = None) -> None:
        self.p = number(f"{type(self).__name__}: p", p, least=0, below=1)
        self.rng = (
            rng if rng is None else seeded(f"{type(self).__name__}: rng", rng)
        )  # a seed is used once, not again in every call

    def forward(self, x: Operand) -> Variable:
        return self.function(x, self.p, self.rng)


class Dropout1d(Dropout):
    """Sets whole channels (N, C, L) to 0 while training: `dropout1d`. Otherwise it is `Dropout`."""

    function = staticmethod(dropout1d)


class Dropout2d(Dropout):
    """Sets whole channels (N, C, H, W) to 0 while training: `dropout2d`. Otherwise it is `Dropout`."""

    function = staticmethod(dropout2d)


class Dropout3d(Dropout):
    """Sets whole channels (N, C, D, H, W) to 0 while training: `dropout3d`. Otherwise it is `Dropout`."""

    function = staticmethod(dropout3d)
