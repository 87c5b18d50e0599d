"""`dezero.cuda`: the module that computes with an array, and moves between the devices."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import backend
from autograd.algebra import as_array

__all__ = ["as_cupy", "as_numpy", "get_array_module", "gpu_enable"]

gpu_enable = backend.gpu_available()
array_types: Any = np.ndarray
if gpu_enable:
    cupy = cp = backend.cupy()
    array_types = np.ndarray, cupy.ndarray
    __all__ += ["cp", "cupy"]


def get_array_module(x: Any) -> Any:
    """The module that computes with an array or a Variable: NumPy or CuPy."""
    return backend.namespace(as_array(x))


def as_numpy(x: Any) -> Any:
    """A number, an array or a Variable as a NumPy array."""
    return backend.to_numpy(np.array(x) if np.isscalar(x) else as_array(x))


def as_cupy(x: Any) -> Any:
    """A number, an array or a Variable as a CuPy array. Raises RuntimeError without CuPy or a GPU."""
    return backend.cupy().asarray(as_array(x))
