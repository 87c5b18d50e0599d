"""Steps of optimizers: parameter and slots change in place, in one pass over all of them."""

from __future__ import annotations

import numpy as np

from autograd.kernels.loops.jit import loop

real = np.float32


@loop
def sgd(p, g, lr):
    lr = real(lr)
    for i in range(p.size):
        p[i] -= lr * g[i]


@loop
def momentum(p, g, v, lr, factor):
    lr, factor = real(lr), real(factor)
    for i in range(p.size):
        v[i] = v[i] * factor + g[i]
        p[i] -= lr * v[i]


@loop
def adam(p, g, m, v, beta1, beta2, rate, eps):
    a, b, rate, eps = real(1 - beta1), real(1 - beta2), real(rate), real(eps)
    for i in range(p.size):
        m[i] += a * (g[i] - m[i])
        v[i] += b * (g[i] * g[i] - v[i])
        p[i] -= rate * m[i] / (np.sqrt(v[i]) + eps)


@loop
def adamw(p, g, m, v, beta1, beta2, rate, eps, keep):
    a, b, rate, eps, keep = real(1 - beta1), real(1 - beta2), real(rate), real(eps), real(keep)
    for i in range(p.size):
        m[i] += a * (g[i] - m[i])
        v[i] += b * (g[i] * g[i] - v[i])
        p[i] = p[i] * keep - rate * m[i] / (np.sqrt(v[i]) + eps)
