"""Optimizers that give each element a step size of its own, from the squares of its gradients so far."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import Any

from autograd.backend import Array, namespace
from autograd.optimizers.base import Optimizer, Rate, Transform, at_least_zero, below_one


class AdaGrad(Optimizer):
    """h <- h + g^2;  p <- p - lr g / (sqrt(h) + eps)

    Source: Duchi, Hazan and Singer, "Adaptive subgradient methods", 2011.
    """

    slots = ("h",)

    def __init__(
        self, model: Any, lr: Rate = 0.01, eps: float = 1e-10, *, transforms: Sequence[Transform] = ()
    ) -> None:
        super().__init__(model, lr, transforms=transforms)
        self.eps = at_least_zero("eps", eps)

    def step(self, lr: float, t: int, p: Array, g: Array, h: Array) -> None:  # type: ignore[override]
        h += g * g
        p -= lr * g / (namespace(p).sqrt(h) + self.eps)


class AdaDelta(Optimizer):
    """v <- rho v + (1 - rho) g^2;  d = g sqrt(u + eps) / sqrt(v + eps);  u <- rho u + (1 - rho) d^2;  p <- p - lr d

    Source: Zeiler, "ADADELTA: an adaptive learning rate method", 2012; there is no lr there, which is lr = 1.
    """

    slots = ("v", "u")

    def __init__(
        self, model: Any, lr: Rate = 1.0, rho: float = 0.9, eps: float = 1e-6, *, transforms: Sequence[Transform] = ()
    ) -> None:
        super().__init__(model, lr, transforms=transforms)
        self.rho, self.eps = below_one("rho", rho), at_least_zero("eps", eps)

    def step(self, lr: float, t: int, p: Array, g: Array, v: Array, u: Array) -> None:  # type: ignore[override]
        v += (1 - self.rho) * (g * g - v)
        d = g * namespace(p).sqrt((u + self.eps) / (v + self.eps))
        u += (1 - self.rho) * (d * d - u)
        p -= lr * d


class RMSprop(Optimizer):
    """v <- rho v + (1 - rho) g^2;  p <- p - lr g / (sqrt(v) + eps)

    Source: Hinton, "Neural networks for machine learning", lecture 6, 2012.
    """

    slots = ("v",)

    def __init__(
        self, model: Any, lr: Rate = 0.01, rho: float = 0.99, eps: float = 1e-8, *, transforms: Sequence[Transform] = ()
    ) -> None:
        super().__init__(model, lr, transforms=transforms)
        self.rho, self.eps = below_one("rho", rho), at_least_zero("eps", eps)

    def step(self, lr: float, t: int, p: Array, g: Array, v: Array) -> None:  # type: ignore[override]
        v += (1 - self.rho) * (g * g - v)
        p -= lr * g / (namespace(p).sqrt(v) + self.eps)


class Adam(Optimizer):
    """m <- beta1 m + (1 - beta1) g;  v <- beta2 v + (1 - beta2) g^2;
    p <- p - lr (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps)

    t counts the steps of this parameter, so one that joins later is corrected for its own beginning.
    Source: Kingma and Ba, "Adam: a method for stochastic optimization", 2015.
    """

    slots = ("m", "v")

    def __init__(
        self,
        model: Any,
        lr: Rate = 1e-3,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
        *,
        transforms: Sequence[Transform] = (),
    ) -> None:
        super().__init__(model, lr, transforms=transforms)
        self.beta1, self.beta2 = below_one("beta1", beta1), below_one("beta2", beta2)
        self.eps = at_least_zero("eps", eps)

    def step(self, lr: float, t: int, p: Array, g: Array, m: Array, v: Array) -> None:  # type: ignore[override]
        m += (1 - self.beta1) * (g - m)
        v += (1 - self.beta2) * (g * g - v)
        root = sqrt(1 - self.beta2**t)  # numerator and denominator times this: one pass over the array less
        p -= lr * root / (1 - self.beta1**t) * m / (namespace(p).sqrt(v) + self.eps * root)


class AdamW(Adam):
    """p <- p - lr decay p, then a step of Adam: the decay is not divided by sqrt(v) as it would be within g.

    Source: Loshchilov and Hutter, "Decoupled weight decay regularization", 2019.
    """

    def __init__(
        self,
        model: Any,
        lr: Rate = 1e-3,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
        decay: float = 0.01,
        *,
        transforms: Sequence[Transform] = (),
    ) -> None:
        super().__init__(model, lr, beta1, beta2, eps, transforms=transforms)
        self.decay = at_least_zero("decay", decay)

    def step(self, lr: float, t: int, p: Array, g: Array, m: Array, v: Array) -> None:
        p *= 1 - lr * self.decay
        super().step(lr, t, p, g, m, v)
