"""Optimizers that give each element a step size of its own, from the squares of its gradients so far."""

from __future__ import annotations

from dataclasses import dataclass

from autograd.backend import Array, namespace
from autograd.kernels import updates
from autograd.optimizers.base import Optimizer, Rate, bounded

__all__ = ["AdaDelta", "AdaGrad", "Adam", "AdamW", "Lion", "RAdam", "RMSprop"]


@dataclass(eq=False)
class AdaGrad(Optimizer):
    """h <- h + g^2;  p <- p - lr g / (sqrt(h) + eps)

    Source: Duchi, Hazan and Singer, "Adaptive subgradient methods", 2011.
    """

    slots = ("h",)
    lr: Rate = 0.01
    eps: float = bounded(1e-10)

    def step(self, lr: float, t: int, p: Array, g: Array, h: Array) -> None:
        h += g * g
        p -= lr * g / (namespace(p).sqrt(h) + self.eps)


@dataclass(eq=False)
class AdaDelta(Optimizer):
    """v <- rho v + (1 - rho) g^2;  d = g sqrt(u + eps) / sqrt(v + eps);  u <- rho u + (1 - rho) d^2;  p <- p - lr d

    Source: Zeiler, "ADADELTA: an adaptive learning rate method", 2012. The paper has no lr, which is lr = 1.
    """

    slots = ("v", "u")
    lr: Rate = 1.0
    rho: float = bounded(0.9, below=1)
    eps: float = bounded(1e-6)

    def step(self, lr: float, t: int, p: Array, g: Array, v: Array, u: Array) -> None:
        v += (1 - self.rho) * (g * g - v)
        d = g * namespace(p).sqrt((u + self.eps) / (v + self.eps))
        u += (1 - self.rho) * (d * d - u)
        p -= lr * d


@dataclass(eq=False)
class RMSprop(Optimizer):
    """v <- rho v + (1 - rho) g^2;  p <- p - lr g / (sqrt(v) + eps)

    Source: Hinton, "Neural networks for machine learning", lecture 6, 2012.
    """

    slots = ("v",)
    lr: Rate = 0.01
    rho: float = bounded(0.99, below=1)
    eps: float = bounded(1e-8)

    def step(self, lr: float, t: int, p: Array, g: Array, v: Array) -> None:
        v += (1 - self.rho) * (g * g - v)
        p -= lr * g / (namespace(p).sqrt(v) + self.eps)


@dataclass(eq=False)
class Adam(Optimizer):
    """m <- beta1 m + (1 - beta1) g;  v <- beta2 v + (1 - beta2) g^2;
    p <- p - lr (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps)

    t counts the steps of this parameter, so one that joins later is corrected for its own beginning.
    Source: Kingma and Ba, "Adam: a method for stochastic optimization", 2015.
    """

    slots = ("m", "v")
    one_pass = True
    lr: Rate = 1e-3
    beta1: float = bounded(0.9, below=1)
    beta2: float = bounded(0.999, below=1)
    eps: float = bounded(1e-8)

    def step(self, lr: float, t: int, p: Array, g: Array, m: Array, v: Array) -> None:
        updates.adam(p, g, m, v, self.beta1, self.beta2, *self.corrected(lr, t))

    def corrected(self, lr: float, t: int) -> tuple[float, float]:
        """The rate and eps of step t. By the paper's faster order (section 2) both corrections become one number."""
        c = (1 - self.beta2**t) ** 0.5
        return lr * c / (1 - self.beta1**t), c * self.eps


@dataclass(eq=False)
class AdamW(Adam):
    """p <- p - lr decay p, then a step of Adam. Unlike a decay within g, this one is not divided by sqrt(v).

    Source: Loshchilov and Hutter, "Decoupled weight decay regularization", 2019.
    """

    decay: float = bounded(0.01)

    def step(self, lr: float, t: int, p: Array, g: Array, m: Array, v: Array) -> None:
        updates.adamw(p, g, m, v, self.beta1, self.beta2, *self.corrected(lr, t), 1 - lr * self.decay)


@dataclass(eq=False)
class RAdam(Adam):
    """m and v as in Adam;  rho = rho_inf - 2 t beta2^t / (1 - beta2^t),  rho_inf = 2 / (1 - beta2) - 1;
    where rho > 5:  p <- p - lr r (m / (1 - beta1^t)) sqrt(1 - beta2^t) / (sqrt(v) + eps);
    before:         p <- p - lr m / (1 - beta1^t)

    The first steps, when v has seen too few gradients, are those of momentum; r brings in the adaptive ones slowly.
    So it needs no warm-up. Source: Liu et al., "On the variance of the adaptive learning rate and beyond", 2020.
    """

    one_pass = False

    def step(self, lr: float, t: int, p: Array, g: Array, m: Array, v: Array) -> None:
        m += (1 - self.beta1) * (g - m)
        v += (1 - self.beta2) * (g * g - v)
        power, limit = self.beta2**t, 2 / (1 - self.beta2) - 1
        rho = limit - 2 * t * power / (1 - power)
        rate = lr / (1 - self.beta1**t)
        if rho <= 5:
            p -= rate * m
            return
        r = ((rho - 4) * (rho - 2) * limit / ((limit - 4) * (limit - 2) * rho)) ** 0.5
        p -= rate * r * (1 - power) ** 0.5 * m / (namespace(p).sqrt(v) + self.eps)


@dataclass(eq=False)
class Lion(Optimizer):
    """p <- p - lr (sign(beta1 m + (1 - beta1) g) + decay p);  m <- beta2 m + (1 - beta2) g

    Every element moves by lr, so lr is a third to a tenth of Adam's, and `decay` as much larger.
    Source: Chen et al., "Symbolic discovery of optimization algorithms", 2023.
    """

    slots = ("m",)
    lr: Rate = 1e-4
    beta1: float = bounded(0.9, below=1)
    beta2: float = bounded(0.99, below=1)
    decay: float = bounded(0.0)

    def step(self, lr: float, t: int, p: Array, g: Array, m: Array) -> None:
        direction = namespace(p).sign(self.beta1 * m + (1 - self.beta1) * g)
        if self.decay:
            p *= 1 - lr * self.decay
        p -= lr * direction
        m += (1 - self.beta2) * (g - m)
