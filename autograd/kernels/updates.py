"""Steps of optimizers, element by element and in place. A loop makes one pass over parameter, gradient and slots."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.backend import Array, namespace
from autograd.kernels.compiled import Compiled, loop, over, single
from autograd.kernels.ways import kernel

__all__ = ["adam", "adamw", "momentum", "sgd"]

LARGE = 1 << 22  # numbers of a parameter for which a second thread pays: BLAS's threads have just used the cores


def in_place(name: str, n: int) -> Compiled:
    """The way by a loop over n arrays, the parameter, its gradient and the slots, and some numbers."""
    run: Any = None

    def compute(*arguments: Any) -> None:
        nonlocal run
        run = run or loop(f"updates.{name}")
        numbers = [float(a) for a in arguments[n:]]
        p, g, *slots = arguments[:n]
        xs = [p.reshape(-1), np.ascontiguousarray(g).reshape(-1), *[slot.reshape(-1) for slot in slots]]
        if p.size < LARGE:
            run(*xs, *numbers)
        else:
            over(lambda *parts: run(*parts, *numbers), p.size, *xs)

    def fits(*arguments: Any) -> bool:
        p, g, *slots = arguments[:n]
        return single(g, *slots, p) and all([slot.flags.c_contiguous for slot in slots])  # noqa: C419  # faster

    compute.__name__ = compute.__qualname__ = name
    return Compiled(compute, fits)


@kernel(in_place("sgd", 2), writes=(0,))
def sgd(p: Array, g: Array, lr: float) -> None:
    """p <- p - lr g"""
    p -= lr * g


@kernel(in_place("momentum", 3), writes=(0, 2))
def momentum(p: Array, g: Array, v: Array, lr: float, factor: float) -> None:
    """v <- factor v + g;  p <- p - lr v"""
    v *= factor
    v += g
    p -= lr * v


@kernel(in_place("adam", 4), writes=(0, 2, 3))
def adam(p: Array, g: Array, m: Array, v: Array, beta1: float, beta2: float, rate: float, eps: float) -> None:
    """m <- beta1 m + (1 - beta1) g;  v <- beta2 v + (1 - beta2) g^2;  p <- p - rate m / (sqrt(v) + eps)"""
    m += (1 - beta1) * (g - m)
    v += (1 - beta2) * (g * g - v)
    p -= rate * m / (namespace(p).sqrt(v) + eps)


@kernel(in_place("adamw", 4), writes=(0, 2, 3))
def adamw(
    p: Array, g: Array, m: Array, v: Array, beta1: float, beta2: float, rate: float, eps: float, keep: float
) -> None:
    """As `adam`, with  p <- keep p - rate m / (sqrt(v) + eps)"""
    p *= keep
    adam.plain(p, g, m, v, beta1, beta2, rate, eps)
