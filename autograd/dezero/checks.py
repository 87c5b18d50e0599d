"""DeZero's checks of a gradient against differences, and what it compares and reshapes arrays with."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import engine
from autograd.backend import namespace, to_numpy
from autograd.core import as_array
from autograd.dezero.variables import as_variable
from autograd.shapes import reduced


def gradient_check(f: Any, x: Any, *args: Any, rtol: float = 1e-4, atol: float = 1e-5, **kwargs: Any) -> bool:
    """Does the backward pass of `f(x, ...)` agree with central differences? Prints both where it does not.

    `x` is made float64.
    """
    x = as_variable(x)
    x.data = x.data.astype(np.float64)
    expected = numerical_grad(f, x, *args, **kwargs)
    f(x, *args, **kwargs).backward()
    found = x.grad.data
    right = found.shape == expected.shape and array_allclose(expected, found, rtol, atol)
    if not right:
        print("\n========== FAILED (Gradient Check) ==========")
        for title, gx in ("Numerical Grad", expected), ("Backprop Grad", found):
            print(f"{title}\n shape: {gx.shape}\n values: {str(gx.flatten()[:10])[1:-1]} ...")
    return right


def numerical_grad(f: Any, x: Any, *args: Any, **kwargs: Any) -> Any:
    """The gradient of the sum of `f(x, ...)` in x by central differences, an array."""
    eps = 1e-4
    array = as_array(x)
    gx = namespace(array).zeros_like(array)
    for index in np.ndindex(*array.shape):
        before = array[index].copy()
        array[index] = before + eps
        y1 = as_array(f(x, *args, **kwargs)).copy()
        array[index] = before - eps
        y2 = as_array(f(x, *args, **kwargs)).copy()
        array[index] = before
        gx[index] = (y1 - y2).sum() / (2 * eps)
    return gx


def array_equal(a: Any, b: Any) -> bool:
    """Have two arrays or Variables the same shape and elements?"""
    return np.array_equal(to_numpy(as_array(a)), to_numpy(as_array(b)))


def array_allclose(a: Any, b: Any, rtol: float = 1e-4, atol: float = 1e-5) -> bool:
    """Are the elements of two arrays or Variables equal up to these tolerances?"""
    return np.allclose(to_numpy(as_array(a)), to_numpy(as_array(b)), rtol, atol)


def sum_to(x: Any, shape: tuple[int, ...]) -> Any:
    """The sum of an array over the axes along which one of `shape` would be broadcast."""
    return engine.sum_to(x, tuple(shape))


def reshape_sum_backward(gy: Any, x_shape: tuple[int, ...], axis: Any, keepdims: bool) -> Any:
    """The gradient of a sum in the shape in which it can be broadcast to `x_shape`."""
    return gy.reshape(reduced(x_shape, axis, True))


def logsumexp(x: Any, axis: int = 1) -> Any:
    """ln(sum of e^x) of an array, with the axis kept."""
    xp = namespace(x)
    m = x.max(axis=axis, keepdims=True)
    return m + xp.log(xp.exp(x - m).sum(axis=axis, keepdims=True))


def max_backward_shape(x: Any, axis: Any) -> list[int]:
    """The shape of x after a maximum over `axis`, with the axes kept."""
    return list(reduced(x.shape, axis, True))
