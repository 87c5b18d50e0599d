"""What stands beside a Variable: a constant takes the dtype of the Variables and never widens them.

`x / np.sqrt(8)`, `x + [1, 2]` and `x * counts` stay float32 if x is. What is no array of real numbers is refused: text,
dates, objects, complex numbers, masked arrays, NumPy's matrices, and sparse matrices outside a matrix product.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from numbers import Real
from typing import Any

import numpy as np

from autograd.backend import as_numbers, check_index, is_array
from autograd.bfloat16 import FLOATS, dtype_from, kind_of, number_of, promoted
from autograd.checks import shown

__all__ = [
    "NUMBERS", "check_real", "constant", "copied_index", "family_of_result", "holds", "is_sparse", "real_dtype",
    "result", "settle",
]  # fmt: skip

KINDS = "fiub"  # of the dtypes that are real numbers
NUMBERS = frozenset({float, int, bool})  # what needs no second look


def settle(f: Any, arrays: list[Any], parents: list[Any], family: Any, kind: type) -> None:
    """Casts the constants among `arrays`, the inputs of f, to the dtype of the Variables, whose nodes are `parents`.

    An array of integers or booleans that stays one, an index or labels, is copied: its owner may change it. `kind` is
    the class of Variables, `family` that of those among the inputs; without one nothing is cast.
    """
    dtype: Any = None
    for node in parents:
        if node is not None and node.dtype is not dtype:
            dtype = node.dtype if dtype is None else promoted(dtype, node.dtype)
    dtype = dtype if family is not None and family.narrows else None
    first = len(arrays) if f.alike is None or family is None else f.alike
    for i, x in enumerate(arrays):
        t = type(x)
        if is_sparse(x):
            raise no_sparse(type(f).__name__.lower())
        if parents[i] is not None or t in NUMBERS or (t is np.ndarray and x.dtype is dtype):
            continue
        if t in (list, tuple) and holds(x, kind):
            name = type(f).__name__.lower()
            raise TypeError(f"{name} takes no list of Variables, which would lose their graph: use Variable([x, y])")
        if i >= first:
            arrays[i] = constant(type(f).__name__.lower(), x, dtype)
        elif family is not None and isinstance(x, (np.ndarray, np.generic)):
            if x.dtype.kind in "iub" and x.shape:
                arrays[i] = x.copy()
            elif x.dtype.kind in FLOATS and not x.shape and dtype is not None:
                arrays[i] = number_of(dtype, x)


def family_of_result(family: Any, inputs: Iterable[Any]) -> Any:
    """The class of what is computed from constants alone: that of the family's constants if one of them is frozen."""
    return family.constants or family if any(getattr(x, "frozen", False) for x in inputs) else family


def constant(name: str, x: Any, dtype: Any) -> Any:
    """`x` as an operand of the function `name` beside Variables of `dtype`; None for a dtype if there are none.

    NumPy's numbers and arrays are cast. Raises TypeError for what is no real number and no array of them.
    """
    if isinstance(x, (bool, int, float, np.bool, np.number)):
        check_real(name, x)
        return number_of(dtype, x) if isinstance(x, np.generic) and dtype is not None else x
    if isinstance(x, Real):
        return float(x)  # a fraction
    if not is_array(x):
        x = as_constant(name, x)
    check_real(name, x)
    if dtype is None or x.dtype == dtype:
        return x
    return x.astype(dtype) if x.shape or not isinstance(x, np.ndarray) else number_of(dtype, x)


def as_constant(name: str, x: Any) -> Any:
    """A list, or an array of another library, as a NumPy array. Raises TypeError for anything else."""
    if is_sparse(x):
        raise no_sparse(name)
    if isinstance(x, (list, tuple)) or (hasattr(x, "__array__") and not isinstance(x, type)):
        return np.asarray(x)
    raise TypeError(f"{name} takes Variables, arrays and numbers, not {type(x).__name__}: {shown(x)}")


def no_sparse(name: str) -> TypeError:
    """The error for a sparse matrix in the function `name`."""
    return TypeError(f"{name} takes no sparse matrix: use A @ x, F.matmul, F.linear, or A.toarray()")


def check_real(name: str, x: Any) -> None:
    """Raises TypeError unless `x`, an array or a number, is real, and neither masked nor a matrix."""
    if type(x) is np.ndarray and x.dtype.kind in KINDS:
        return
    if type(x) is np.ndarray or not isinstance(x, np.ndarray):
        if hasattr(x, "dtype") and kind_of(x.dtype) not in KINDS:
            raise TypeError(f"{name} takes real numbers, not {x.dtype}: {shown(x)}")
        return
    if isinstance(x, np.ma.MaskedArray):
        raise TypeError(f"{name} takes no masked array, whose masked elements would count: give it x.filled(value)")
    if isinstance(x, np.matrix):
        raise TypeError(f"{name} takes no np.matrix, which multiplies in its own way: give it np.asarray(x)")
    check_real(name, x.view(np.ndarray))


def real_dtype(name: str, dtype: Any) -> np.dtype[Any]:
    """`dtype` as NumPy's. Raises TypeError unless it is one of real numbers."""
    if isinstance(dtype, np.dtype) and dtype.kind in KINDS:
        return dtype
    found = dtype_from(dtype)
    if found is None or kind_of(found) not in KINDS:
        raise TypeError(f"{name}: dtype must be one of real numbers, such as np.float32 or int, not {shown(dtype)}")
    return found


def is_sparse(x: Any) -> bool:
    """Is it a sparse matrix or array, of SciPy or CuPy?"""
    return type(x).__module__.startswith(("scipy.", "cupyx.")) and hasattr(x, "tocsr")


def holds(x: Any, kind: type) -> bool:
    """Is there an object of `kind` in the nested list or tuple x?"""
    return any(isinstance(item, kind) or (isinstance(item, (list, tuple)) and holds(item, kind)) for item in x)


def result(name: str, value: Any, kind: type) -> Any:
    """What the function `name` computed as an array, if it is not of a usual type. Refuses objects of `kind`."""
    if isinstance(value, kind) or (isinstance(value, list) and holds(value, kind)):
        raise TypeError(f"{name} must return arrays, not Variables: it computes on arrays, and backward differentiates")
    if isinstance(value, list):
        raise TypeError(f"{name} must return an array, or a tuple of arrays, not a list: write return y0, y1")
    if isinstance(value, np.matrix):
        return np.asarray(value)
    if not is_array(value) and not isinstance(value, np.generic):
        return as_numbers(value)
    check_real(name, value)
    return value


def copied_index(x: Any, index: Any, plain: Callable[[Any], Any]) -> Any:
    """An index of x whose arrays and lists are copies, so that a graph never sees them change. `plain` opens Variables.

    Raises ValueError for arrays on another device than x.
    """
    if isinstance(index, tuple):
        return tuple([copied_index(x, part, plain) for part in index])
    if isinstance(index, list):
        return [copied_index(x, part, plain) for part in index]
    index = plain(index)
    if not is_array(index) or not index.shape:
        return index
    check_index("GetItem", plain(x), index)
    return index.copy()
