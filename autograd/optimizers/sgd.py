"""Gradient descent, without and with momentum."""

from __future__ import annotations

from dataclasses import dataclass

from autograd.backend import Array
from autograd.kernels import updates
from autograd.optimizers.base import Optimizer, Rate, bounded

__all__ = ["SGD", "Momentum", "Nesterov"]


@dataclass(eq=False)
class SGD(Optimizer):
    """p <- p - lr g"""

    one_pass = True
    lr: Rate = 0.01

    def step(self, lr: float, t: int, p: Array, g: Array) -> None:
        updates.sgd(p, g, lr)


@dataclass(eq=False)
class Momentum(Optimizer):
    """v <- momentum v + g;  p <- p - lr v

    Other books write v <- momentum v - lr g, p <- p + v. This is the same as long as lr is constant.
    Source: Polyak, "Some methods of speeding up the convergence of iteration methods", 1964.
    """

    slots = ("v",)
    one_pass = True
    lr: Rate = 0.01
    momentum: float = bounded(0.9, below=1)

    def step(self, lr: float, t: int, p: Array, g: Array, v: Array) -> None:
        updates.momentum(p, g, v, lr, self.momentum)


@dataclass(eq=False)
class Nesterov(Optimizer):
    """v <- momentum v + g;  p <- p - lr (g + momentum v)

    The gradient is the one at p. The step is that of an algorithm whose p is one momentum step ahead.
    Source: Sutskever et al., "On the importance of initialization and momentum in deep learning", 2013.
    """

    slots = ("v",)
    lr: Rate = 0.01
    momentum: float = bounded(0.9, below=1)

    def step(self, lr: float, t: int, p: Array, g: Array, v: Array) -> None:
        v *= self.momentum
        v += g
        p -= lr * (g + self.momentum * v)
