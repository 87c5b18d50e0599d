"""Arrays of other frameworks as Variables, in the same memory: the way in of DLPack.

The way out is `Variable.__dlpack__`: `torch.from_dlpack(x)`, `jax.numpy.from_dlpack(x)`, `np.from_dlpack(x)`.
"""

from __future__ import annotations

from typing import Any

from autograd.backend import array_of_dlpack
from autograd.checks import shown
from autograd.variable import Variable, as_variable

__all__ = ["from_dlpack"]


def from_dlpack(x: Any) -> Variable:
    """A Variable in the memory of x: an array or tensor of PyTorch, JAX, CuPy, NumPy, or another one with DLPack.

    >>> import numpy as np
    >>> array = np.zeros(2)
    >>> x = from_dlpack(array)
    >>> array[0] = 1
    >>> x
    Variable([1., 0.])

    Nothing is copied: what is written into one is in the other. A graph does not come along: the Variable is a leaf.
    Raises TypeError for x without DLPack, and for numbers that NumPy has not, such as bfloat16. Raises what x raises if
    it refuses, as a tensor that needs a gradient does. Raises RuntimeError for an array on a GPU without CuPy.
    """
    if isinstance(x, type) or not (hasattr(x, "__dlpack__") and hasattr(x, "__dlpack_device__")):
        raise TypeError(f"from_dlpack takes an array or a tensor with DLPack, not {shown(x)}")
    try:
        array = array_of_dlpack(x)
    except (BufferError, RuntimeError) as error:
        if "nsupported" not in str(error) and "dtype" not in str(error):
            raise
        raise TypeError(f"from_dlpack takes real numbers as NumPy has them, not {shown(x)}: {error}") from error
    return as_variable(array)
