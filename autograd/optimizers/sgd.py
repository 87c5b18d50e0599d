"""Gradient descent, and with momentum."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd.backend import Array
from autograd.optimizers.base import Optimizer, Rate, Transform, below_one


class SGD(Optimizer):
    """p <- p - lr g"""

    def __init__(self, model: Any, lr: Rate = 0.01, *, transforms: Sequence[Transform] = ()) -> None:
        super().__init__(model, lr, transforms=transforms)

    def step(self, lr: float, t: int, p: Array, g: Array) -> None:  # type: ignore[override]
        p -= lr * g


class Momentum(Optimizer):
    """v <- momentum v + g;  p <- p - lr v

    Other books write v <- momentum v - lr g, p <- p + v: the same as long as lr is. Source: Polyak, 1964.
    """

    slots = ("v",)

    def __init__(
        self, model: Any, lr: Rate = 0.01, momentum: float = 0.9, *, transforms: Sequence[Transform] = ()
    ) -> None:
        super().__init__(model, lr, transforms=transforms)
        self.momentum = below_one("momentum", momentum)

    def step(self, lr: float, t: int, p: Array, g: Array, v: Array) -> None:  # type: ignore[override]
        v *= self.momentum
        v += g
        p -= lr * v


class Nesterov(Momentum):
    """v <- momentum v + g;  p <- p - lr (g + momentum v)

    The gradient is that at p, and the step as if it had been taken where the momentum leads.
    Source: Sutskever et al., "On the importance of initialization and momentum in deep learning", 2013.
    """

    def step(self, lr: float, t: int, p: Array, g: Array, v: Array) -> None:  # type: ignore[override]
        v *= self.momentum
        v += g
        p -= lr * (g + self.momentum * v)
