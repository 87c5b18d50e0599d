"""Noise against over-fitting."""

from __future__ import annotations

from typing import Any

from autograd.backend import generator, namespace
from autograd.config import training
from autograd.core import Function, Operand
from autograd.functions.arithmetic import number


class Dropout(Function):
    """y = x mask / (1 - p), every element of the mask 0 with probability p and 1 otherwise."""

    def __init__(self, p, rng):
        self.p = p
        self.rng = rng

    def forward(self, x):
        draw = self.rng.random(x.shape, dtype="float32")
        self.mask = namespace(x).asarray(draw >= self.p) * x.dtype.type(1 / (1 - self.p))
        return x * self.mask

    def backward(self, gy):
        return gy * self.mask


def check_probability(name: str, p: float) -> None:
    """Raises TypeError or ValueError unless p is a number in [0, 1)."""
    if not 0 <= number(f"{name}: p", p) < 1:
        raise ValueError(f"{name}: the probability p must be in [0, 1), not {p}")


def dropout(x: Operand, p: float = 0.5, rng: Any = None) -> Any:
    """Every element becomes 0 with probability p, and x / (1 - p) otherwise: the expected value stays x.

    It is scaled here, while training, so that under `test_mode()` it is the identity; the lecture scales when testing
    instead. `rng` is a NumPy generator, or a seed; by default the shared one of `autograd.seed`. The mask is drawn on
    the CPU: a seed gives the same mask on every device. With p = 0 nothing is drawn.
    Source: Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", 2014.

    Raises:
        ValueError: p is not in [0, 1).
        TypeError: p is no number, x is not floating-point.
    """
    check_probability("dropout", p)
    dtype = getattr(x, "dtype", None)
    if dtype is None or dtype.kind not in "fc":
        raise TypeError(f"dropout takes floating-point arrays, not {dtype or type(x).__name__}: try x.astype(float)")
    return Dropout(p, generator(rng))(x) if p and training.get() else x
