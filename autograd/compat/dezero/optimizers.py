"""`dezero.optimizers`: `Adam().setup(model)`, then `update()` after each `backward()`.

Two formulas differ from those of `autograd.optimizers`: Adam's eps is added without bias correction, and the velocity
of momentum contains the learning rate.
"""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import Any

from autograd.backend import namespace
from autograd.compat.dezero.core import Parameter

__all__ = [
    "AdaDelta", "AdaGrad", "Adam", "ClipGrad", "FreezeParam", "MomentumSGD", "Optimizer", "SGD", "WeightDecay",
]  # fmt: skip

Hook = Callable[[list[Any]], None]


class Optimizer:
    """The loop over the parameters that have a gradient, after the hooks. A subclass defines `update_one(param)`."""

    def __init__(self) -> None:
        self.target: Any = None
        self.hooks: list[Hook] = []
        self.kept: dict[tuple[int, str], tuple[Any, Any]] = {}

    def setup(self, target: Any) -> Any:
        self.target = target
        return self

    def add_hook(self, f: Hook) -> None:
        """Calls `f(params)` in each update, before the parameters change."""
        self.hooks.append(f)

    def update(self) -> None:
        params = [p for p in self.target.params() if p.grad is not None]
        for f in self.hooks:
            f(params)
            params = [p for p in params if p.grad is not None]  # a hook may freeze some
        for param in params:
            self.update_one(param)

    def update_one(self, param: Any) -> None:
        raise NotImplementedError(f"{type(self).__name__} has no formula: define update_one(self, param)")

    def slot(self, param: Any, name: str) -> Any:
        """The array of this name that belongs to a parameter: zeros at first."""
        key = id(param), name
        if key not in self.kept:
            self.kept[key] = param, namespace(param.data).zeros_like(param.data)
        return self.kept[key][1]


class SGD(Optimizer):
    """p <- p - lr g"""

    def __init__(self, lr: float = 0.01) -> None:
        super().__init__()
        self.lr = lr

    def update_one(self, param: Any) -> None:
        param.data -= self.lr * param.grad.data


class MomentumSGD(Optimizer):
    """v <- momentum v - lr g;  p <- p + v"""

    def __init__(self, lr: float = 0.01, momentum: float = 0.9) -> None:
        super().__init__()
        self.lr, self.momentum = lr, momentum

    def update_one(self, param: Any) -> None:
        v = self.slot(param, "v")
        v *= self.momentum
        v -= self.lr * param.grad.data
        param.data += v


class AdaGrad(Optimizer):
    """h <- h + g^2;  p <- p - lr g / (sqrt(h) + eps)"""

    def __init__(self, lr: float = 0.001, eps: float = 1e-8) -> None:
        super().__init__()
        self.lr, self.eps = lr, eps

    def update_one(self, param: Any) -> None:
        g, h = param.grad.data, self.slot(param, "h")
        h += g * g
        param.data -= self.lr * g / (namespace(h).sqrt(h) + self.eps)


class AdaDelta(Optimizer):
    """v <- rho v + (1 - rho) g^2;  d = g sqrt((u + eps) / (v + eps));  u <- rho u + (1 - rho) d^2;  p <- p - d"""

    def __init__(self, rho: float = 0.95, eps: float = 1e-6) -> None:
        super().__init__()
        self.rho, self.eps = rho, eps

    def update_one(self, param: Any) -> None:
        g, v, u = param.grad.data, self.slot(param, "v"), self.slot(param, "u")
        v *= self.rho
        v += (1 - self.rho) * g * g
        d = namespace(v).sqrt((u + self.eps) / (v + self.eps)) * g
        u *= self.rho
        u += (1 - self.rho) * d * d
        param.data -= d


class Adam(Optimizer):
    """m <- m + (1 - beta1) (g - m);  v <- v + (1 - beta2) (g^2 - v);  p <- p - lr m / (sqrt(v) + eps),

    lr = alpha sqrt(1 - beta2^t) / (1 - beta1^t) in the t-th update.
    """

    def __init__(self, alpha: float = 0.001, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8) -> None:
        super().__init__()
        self.t = 0
        self.alpha, self.beta1, self.beta2, self.eps = alpha, beta1, beta2, eps

    @property
    def lr(self) -> float:
        return self.alpha * sqrt(1.0 - self.beta2**self.t) / (1.0 - self.beta1**self.t)

    def update(self) -> None:
        self.t += 1
        super().update()

    def update_one(self, param: Any) -> None:
        g, m, v = param.grad.data, self.slot(param, "m"), self.slot(param, "v")
        m += (1 - self.beta1) * (g - m)
        v += (1 - self.beta2) * (g * g - v)
        param.data -= self.lr * m / (namespace(v).sqrt(v) + self.eps)


class WeightDecay:
    """A hook: g <- g + rate p"""

    def __init__(self, rate: float) -> None:
        self.rate = rate

    def __call__(self, params: list[Any]) -> None:
        for param in params:
            param.grad.data += self.rate * param.data


class ClipGrad:
    """A hook: g <- g max_norm / n if n > max_norm, where n is the norm of all gradients together."""

    def __init__(self, max_norm: float) -> None:
        self.max_norm = max_norm

    def __call__(self, params: list[Any]) -> None:
        norm = sqrt(sum([(param.grad.data**2).sum() for param in params]))
        rate = self.max_norm / (norm + 1e-6)
        if rate < 1:
            for param in params:
                param.grad.data *= rate


class FreezeParam:
    """A hook that freezes the given parameters, and those of the given layers."""

    def __init__(self, *layers: Any) -> None:
        self.freeze_params = [p for x in layers for p in ([x] if isinstance(x, Parameter) else x.params())]

    def __call__(self, params: list[Any]) -> None:
        for p in self.freeze_params:
            p.grad = None
