"""First values for weights: functions `(shape, rng, dtype) -> array`.

Those with a further number take it by keyword; `functools.partial(normal, std=0.02)` is an initializer again.
`rng` is a NumPy generator, a seed, or None for the shared generator of `autograd.seed`. The values are drawn in float64
on the CPU and then rounded, so that a seed gives the same weights in every dtype and on every device.

A signal keeps its size through many layers if a weight's variance is one over the number of inputs that are summed,
the *fan-in*; a gradient, if it is one over the number of outputs, the *fan-out*.
"""

from __future__ import annotations

from math import prod, sqrt
from typing import Any

import numpy as np

from autograd.backend import generator
from autograd.layers.base import Generator
from autograd.shapes import Shape

Floats = np.ndarray[Any, Any]


def fans(shape: Shape) -> tuple[int, int]:
    """Fan-in and fan-out of a matrix (I, O) or of filters (OC, C, KH, KW), with any number of spatial axes.

    Raises ValueError for fewer than two axes: a bias has no fan.
    """
    if len(shape) < 2:
        raise ValueError(f"fan-in and fan-out need a shape (I, O) or (OC, C, KH, KW), not {shape}: use zeros there")
    if len(shape) == 2:
        return shape[0], shape[1]
    return prod(shape[1:]), shape[0] * prod(shape[2:])


def normal(shape: Shape, rng: Generator = None, dtype: Any = np.float32, *, std: float = 1.0) -> Floats:
    """Normal with mean 0 and this standard deviation."""
    return np.asarray(generator(rng).standard_normal(shape) * std).astype(dtype)


def uniform(
    shape: Shape, rng: Generator = None, dtype: Any = np.float32, *, low: float = -1.0, high: float = 1.0
) -> Floats:
    """Uniform between `low` and `high`."""
    return np.asarray(generator(rng).uniform(low, high, shape)).astype(dtype)


def constant(shape: Shape, rng: Generator = None, dtype: Any = np.float32, *, value: float = 0.0) -> Floats:
    """The same value everywhere. As weights: equal weights get equal gradients and stay equal, so for biases only."""
    return np.full(shape, value, dtype)


def zeros(shape: Shape, rng: Generator = None, dtype: Any = np.float32) -> Floats:
    return np.zeros(shape, dtype)


def ones(shape: Shape, rng: Generator = None, dtype: Any = np.float32) -> Floats:
    return np.ones(shape, dtype)


def lecun(shape: Shape, rng: Generator = None, dtype: Any = np.float32) -> Floats:
    """Normal with variance 1 / fan-in. Source: LeCun et al., "Efficient backprop", 1998."""
    return normal(shape, rng, dtype, std=sqrt(1 / max(fans(shape)[0], 1)))


def xavier(shape: Shape, rng: Generator = None, dtype: Any = np.float32) -> Floats:
    """Normal with variance 2 / (fan-in + fan-out); 1/n if both are n. For sigmoid and tanh.

    Source: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010.
    """
    return normal(shape, rng, dtype, std=sqrt(2 / max(sum(fans(shape)), 1)))


def he(shape: Shape, rng: Generator = None, dtype: Any = np.float32) -> Floats:
    """Normal with variance 2 / fan-in, because ReLU lets half of the signal pass.

    Source: He et al., "Delving deep into rectifiers", 2015.
    """
    return normal(shape, rng, dtype, std=sqrt(2 / max(fans(shape)[0], 1)))


def orthogonal(shape: Shape, rng: Generator = None, dtype: Any = np.float32, *, gain: float = 1.0) -> Floats:
    """A random matrix with orthonormal rows or columns (the shorter ones), times `gain`: it keeps lengths.

    The sign of R's diagonal is made positive, without which QR does not give every rotation the same chance.
    Filters (OC, C, KH, KW) count as a matrix (OC, C KH KW). Source: Saxe, McClelland and Ganguli, 2014.
    """
    fans(shape)
    rows, columns = shape[0], prod(shape[1:])
    Q, R = np.linalg.qr(generator(rng).standard_normal((max(rows, columns), min(rows, columns))))
    Q = Q * np.sign(np.diagonal(R)) * gain
    return np.asarray(Q if rows >= columns else Q.T).reshape(shape).astype(dtype)
