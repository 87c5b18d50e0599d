"""Initializers: functions `(shape, rng, dtype) -> array` that give weights their first values.

`rng` is a NumPy generator, a seed, or None for the shared generator of `autograd.seed`. Values are drawn in float64 on
the CPU and then rounded, so a seed gives the same weights in every dtype and on every device. Further numbers are
keywords: `functools.partial(normal, std=0.02)` is an initializer again.

The *fan-in* is the number of inputs that an output sums, the *fan-out* the number of outputs of an input. A signal
keeps its size through many layers if the variance of the weights is 1 / fan-in, a gradient if it is 1 / fan-out.
"""

from __future__ import annotations

from math import prod, sqrt
from typing import Any

import numpy as np

from autograd.backend import generator
from autograd.checks import dtype_of, number
from autograd.layers.base import Generator
from autograd.shapes import Shape, shape_of

__all__ = ["constant", "fans", "he", "lecun", "normal", "ones", "orthogonal", "uniform", "xavier", "zeros"]

Floats = np.ndarray[Any, Any]


def sizes_and_dtype(name: str, shape: Shape, dtype: Any, kinds: str = "f") -> tuple[Shape, Any]:
    """The shape as ints and the dtype. Raises TypeError or ValueError if they are none."""
    return shape_of(f"{name}: a size", shape), dtype_of(f"{name}: dtype", dtype, kinds)


def fans(shape: Shape) -> tuple[int, int]:
    """Fan-in and fan-out of a matrix (I, O), or of filters (M, C, KH, KW) with any number of spatial axes.

    Raises ValueError for fewer than two axes, such as a bias.
    """
    shape = shape_of("a size", shape)
    if len(shape) < 2:
        raise ValueError(f"shape must be (I, O) or (M, C, KH, KW), which have a fan-in, not {shape}: use zeros there")
    if len(shape) == 2:
        return shape[0], shape[1]
    return prod(shape[1:]), shape[0] * prod(shape[2:])


def normal(shape: Shape, rng: Generator = None, dtype: Any = np.float32, *, std: float = 1.0) -> Floats:
    """Normal with mean 0 and standard deviation `std`."""
    shape, dtype = sizes_and_dtype("normal", shape, dtype)
    return np.asarray(generator(rng).standard_normal(shape) * number("normal: std", std, least=0)).astype(dtype)


def uniform(
    shape: Shape, rng: Generator = None, dtype: Any = np.float32, *, low: float = -1.0, high: float = 1.0
) -> Floats:
    """Uniform between `low` and `high`."""
    shape, dtype = sizes_and_dtype("uniform", shape, dtype)
    high = number("uniform: high", high)
    return np.asarray(generator(rng).uniform(number("uniform: low", low, most=high), high, shape)).astype(dtype)


def constant(shape: Shape, rng: Generator = None, dtype: Any = np.float32, *, value: float = 0.0) -> Floats:
    """The same value everywhere. For biases: equal weights get equal gradients and stay equal."""
    shape, dtype = sizes_and_dtype("constant", shape, dtype, "fiub")
    return np.full(shape, number("constant: value", value), dtype)


def zeros(shape: Shape, rng: Generator = None, dtype: Any = np.float32) -> Floats:
    """0 everywhere, as for biases. The generator is not used."""
    return np.zeros(*sizes_and_dtype("zeros", shape, dtype, "fiub"))


def ones(shape: Shape, rng: Generator = None, dtype: Any = np.float32) -> Floats:
    """1 everywhere, as for the scale of a norm. The generator is not used."""
    return np.ones(*sizes_and_dtype("ones", shape, dtype, "fiub"))


def lecun(shape: Shape, rng: Generator = None, dtype: Any = np.float32) -> Floats:
    """Normal with variance 1 / fan-in. Source: LeCun et al., "Efficient backprop", 1998."""
    return normal(shape, rng, dtype, std=sqrt(1 / max(fans(shape)[0], 1)))


def xavier(shape: Shape, rng: Generator = None, dtype: Any = np.float32) -> Floats:
    """Normal with variance 2 / (fan-in + fan-out), for sigmoid and tanh.

    Source: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010.
    """
    return normal(shape, rng, dtype, std=sqrt(2 / max(sum(fans(shape)), 1)))


def he(shape: Shape, rng: Generator = None, dtype: Any = np.float32) -> Floats:
    """Normal with variance 2 / fan-in, because ReLU lets half of the signal pass.

    Source: He et al., "Delving deep into rectifiers", 2015.
    """
    return normal(shape, rng, dtype, std=sqrt(2 / max(fans(shape)[0], 1)))


def orthogonal(shape: Shape, rng: Generator = None, dtype: Any = np.float32, *, gain: float = 1.0) -> Floats:
    """A random matrix with orthonormal rows or columns, whichever are fewer, times `gain`: it keeps lengths.

    Q of a QR decomposition is uniformly distributed only if the diagonal of R is positive, so its signs go into Q.
    Filters (M, C, KH, KW) count as a matrix (M, C KH KW). Source: Saxe, McClelland and Ganguli, 2014.
    """
    shape, dtype = sizes_and_dtype("orthogonal", shape, dtype)
    fans(shape)
    gain = number("orthogonal: gain", gain)
    rows, columns = shape[0], prod(shape[1:])
    Q, R = np.linalg.qr(generator(rng).standard_normal((max(rows, columns), min(rows, columns))))
    Q = Q * np.sign(np.diagonal(R)) * gain
    return np.asarray(Q if rows >= columns else Q.T).reshape(shape).astype(dtype)
