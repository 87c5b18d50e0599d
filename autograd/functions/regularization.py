"""Noise against over-fitting."""

from __future__ import annotations

from typing import Any

from autograd.algebra import Operand
from autograd.backend import generator, namespace
from autograd.checks import number
from autograd.config import training
from autograd.function import Function

__all__ = ["dropout"]


class Dropout(Function):
    """y = x mask / (1 - p), each element of the mask 0 with probability p and 1 otherwise"""

    def __init__(self, p, rng):
        self.p = p
        self.rng = rng

    def forward(self, x):
        draw = self.rng.random(x.shape, dtype="float32")
        mask = namespace(x).asarray(draw >= self.p) * x.dtype.type(1 / (1 - self.p))
        self.save(mask=mask, constant=True)
        return x * mask

    def backward(self, gy):
        return gy * self.saved.mask


def dropout(x: Operand, p: float = 0.5, rng: Any = None) -> Any:
    """Each element becomes 0 with probability p, and x / (1 - p) otherwise: the expected value stays x.

    Under `test_mode()` it is the identity, because training scales already (the lecture scales when testing instead).
    `rng` is a NumPy generator or a seed; by default the shared generator of `autograd.seed`. The mask is drawn on the
    CPU, so a seed gives the same mask on every device. With p = 0 nothing is drawn.
    Raises TypeError if p is not a number or x is not floating-point, ValueError if p is not in [0, 1).
    Source: Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", 2014.
    """
    p = number("dropout: p", p, least=0, below=1)
    dtype = getattr(x, "dtype", None)
    if getattr(dtype, "kind", "") not in ("f", "c"):
        raise TypeError(f"dropout takes floating-point arrays, not {dtype or type(x).__name__}: try x.astype(float)")
    return Dropout(p, generator(rng))(x) if p and training() else x
