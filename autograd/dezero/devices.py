"""DeZero's `cuda`: which module computes, and the way between the devices."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import backend, core

gpu_enable = backend.gpu_available()
NAMES = ["gpu_enable", "get_array_module", "as_numpy", "as_cupy"]
if gpu_enable:
    cupy = backend.cupy()
    NAMES += ["cupy", "cp"]
    cp = cupy
array_types = (np.ndarray, cupy.ndarray) if gpu_enable else np.ndarray


def get_array_module(x: Any) -> Any:
    """The module that computes with an array or a Variable: NumPy or CuPy."""
    return backend.namespace(core.as_array(x))


def as_numpy(x: Any) -> Any:
    """A number, an array or a Variable as a NumPy array."""
    return backend.to_numpy(np.array(x) if np.isscalar(x) else core.as_array(x))


def as_cupy(x: Any) -> Any:
    """A number, an array or a Variable as a CuPy array. RuntimeError without CuPy and a GPU."""
    return backend.cupy().asarray(core.as_array(x))
