"""Activations and their gradients, number by number, each in one pass over its arrays."""

from __future__ import annotations

import numpy as np

from autograd.kernels.loops.jit import inlined, loop
from autograd.kernels.loops.numbers import bell, density, negative, sigmoid, size, tail

real = np.float32
ONE, THREE, A, C = real(1), real(3), real(0.044715), real(1.5957691216057308)  # C = sqrt(8 / pi), as in kernels/gelu.py
FAR = real(40)


@inlined
def bounded(x):
    """x between -40 and 40: beyond, its products with what is 0 there could overflow."""
    x = -FAR if x < -FAR else x
    return FAR if x > FAR else x


@inlined
def slope(x):
    """P + x p = 1 - (Q - x p) for x > 0, with the probability Q of the other side"""
    a = size(x)
    b = bell(a)
    z = tail(a, b) - a * density(b)
    return z if negative(x) else ONE - z


@inlined
def slope_by_tanh(x):
    """s + x s (1 - s) C (1 + 3 A x^2), s = sigmoid(C (x + A x^3))"""
    s = sigmoid(x * (A * C * x * x + C))
    return s * (x * (ONE - s) * (THREE * A * C * x * x + C) + ONE)


@loop
def logistic(x, y):
    for i in range(x.size):
        y[i] = sigmoid(x[i])


@loop
def logistic_gradient(gy, y, gx):
    for i in range(y.size):
        gx[i] = gy[i] * ((ONE - y[i]) * y[i])


@loop
def silu(x, y):
    for i in range(x.size):
        y[i] = sigmoid(x[i]) * x[i]


@loop
def silu_gradient(gy, x, gx):
    for i in range(x.size):
        s = sigmoid(x[i])
        gx[i] = gy[i] * (((ONE - s) * x[i] + ONE) * s)


@loop
def gelu(x, y):
    for i in range(x.size):
        a = size(x[i])
        q = tail(a, bell(a))
        y[i] = x[i] * (q if negative(x[i]) else ONE - q)


@loop
def gelu_slope(x, y):
    for i in range(x.size):
        y[i] = slope(x[i])


@loop
def gelu_gradient(gy, x, gx):
    for i in range(x.size):
        gx[i] = gy[i] * slope(x[i])


@loop
def tanh_gelu(x, y):
    for i in range(x.size):
        y[i] = x[i] * sigmoid(x[i] * (A * C * x[i] * x[i] + C))


@loop
def tanh_gelu_slope(x, y):
    for i in range(x.size):
        y[i] = slope_by_tanh(bounded(x[i]))


@loop
def tanh_gelu_gradient(gy, x, gx):
    for i in range(x.size):
        gx[i] = gy[i] * slope_by_tanh(bounded(x[i]))
