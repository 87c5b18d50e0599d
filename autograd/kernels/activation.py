"""Activations whose formula has several steps, and their gradients for arrays."""

from __future__ import annotations

import numpy as np

from autograd.backend import Array, namespace
from autograd.kernels.compiled import each
from autograd.kernels.ways import kernel

__all__ = ["sigmoid", "sigmoid_gradient", "silu", "silu_gradient"]


@kernel(each("elementwise.logistic"))
def sigmoid(x: Array) -> Array:
    """1 / (1 + e^-x)"""
    with np.errstate(over="ignore"):  # e^-x = inf gives the right 0
        return 1 / (1 + namespace(x).exp(-x))


@kernel(each("elementwise.logistic_gradient"))
def sigmoid_gradient(gy: Array, y: Array) -> Array:
    """gy y (1 - y), for y = sigmoid x"""
    return gy * ((1 - y) * y)


@kernel(each("elementwise.silu"))
def silu(x: Array) -> Array:
    """x s, s = sigmoid x"""
    return sigmoid(x) * x


@kernel(each("elementwise.silu_gradient"))
def silu_gradient(gy: Array, x: Array) -> Array:
    """gy s (1 + x (1 - s)), s = sigmoid x"""
    s = sigmoid(x)
    return gy * (((1 - s) * x + 1) * s)
