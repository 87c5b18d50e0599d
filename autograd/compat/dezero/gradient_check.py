"""The gradient checks of `dezero.utils`, and its comparisons of arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.algebra import as_array
from autograd.backend import namespace, to_numpy
from autograd.compat.dezero.core import as_variable

__all__ = ["array_allclose", "array_equal", "gradient_check", "numerical_grad"]


def gradient_check(f: Any, x: Any, *args: Any, rtol: float = 1e-4, atol: float = 1e-5, **kwargs: Any) -> bool:
    """Compares the backward pass of `f(x, ...)` with central differences, in float64. Prints both if they differ."""
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
    """The gradient in x of the sum of `f(x, ...)`, by central differences: an array."""
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
    """True if two arrays or Variables have the same shape and elements."""
    return np.array_equal(to_numpy(as_array(a)), to_numpy(as_array(b)))


def array_allclose(a: Any, b: Any, rtol: float = 1e-4, atol: float = 1e-5) -> bool:
    """True if the elements of two arrays or Variables are equal up to these tolerances."""
    return np.allclose(to_numpy(as_array(a)), to_numpy(as_array(b)), rtol, atol)
