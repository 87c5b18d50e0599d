"""Arrays that change or go while a graph needs them: what stands in their place, and how that is seen."""

from __future__ import annotations

import zlib
from math import prod
from typing import Any
from weakref import ref

import numpy as np

from autograd.backend import to_numpy

__all__ = ["LARGE", "Changed", "Loose", "edited", "fingerprint", "loosened"]

LARGE = 1 << 12  # elements: smaller arrays stay with their functions, because to let them go costs more than it frees


class Changed:
    """Stands for an array that was changed since a function kept it. Its shape can be read; other uses are an error."""

    def __init__(self, array: Any, message: str) -> None:
        self.shape, self.dtype, self.ndim, self.size = array.shape, array.dtype, len(array.shape), prod(array.shape)
        self.message = message
        self.__dict__["__array_ufunc__"] = None  # CuPy reads it here, NumPy from the class: both reach refuse

    def refuse(self, *_: Any, **__: Any) -> Any:
        raise RuntimeError(self.message)

    __array_ufunc__ = __array_function__ = __array__ = refuse
    __getattr__ = __getitem__ = __setitem__ = __len__ = __bool__ = __int__ = __float__ = refuse
    __add__ = __sub__ = __mul__ = __truediv__ = __pow__ = __matmul__ = __neg__ = __abs__ = refuse
    __radd__ = __rsub__ = __rmul__ = __rtruediv__ = __rpow__ = __rmatmul__ = refuse
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = refuse


class Loose(ref[Any]):
    """A weak reference to an array that a function needs no longer: the backward pass that used it is over."""

    __slots__ = ("dtype", "shape")

    def __init__(self, array: Any) -> None:
        self.shape, self.dtype = array.shape, array.dtype


def loosened(x: Any) -> Any:
    """A large array as a Loose, anything else as it is."""
    return Loose(x) if type(x) is np.ndarray and x.size >= LARGE else x


def edited(node: Any, array: Any, moment: float) -> Any:
    """The node through whose Variable `array`, the value at `node`, was changed after `moment`; None if it was not.

    A view is followed down the graph to the array that it shows.
    """
    below = False  # is it a node below, with an array of its own?
    while node is not None:
        x = node()
        if x is not None and (not below or shares_memory(array, x.value)):
            notes = [found for at, found in getattr(node, "notes", ()) if at > moment]
            written = getattr(node, "moment", -1) > moment if below else x.value is not array
            if written or (notes and notes[0] != fingerprint(x.value)):
                return node
        parents = () if node.creator is None or getattr(array, "base", None) is None else node.creator.parents
        node, below = next(filter(None, parents), None), True
    return None


def shares_memory(a: Any, b: Any) -> bool:
    """May two arrays of NumPy lie in the same memory? False for others."""
    return isinstance(a, np.ndarray) and isinstance(b, np.ndarray) and np.may_share_memory(a, b)


def fingerprint(x: Any) -> int:
    """A number that changes with the elements of the array."""
    return zlib.crc32(np.ascontiguousarray(to_numpy(x)).view(np.uint8).data)
