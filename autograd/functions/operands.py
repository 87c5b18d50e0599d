"""What a function takes: the checks of its operands, and the dtypes in which it computes and answers."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.algebra import Operand, astype, operand
from autograd.shapes import Axis, Shape, axes_of

__all__ = ["axes_at", "check_elementwise", "operand", "rounded", "summable", "summable_together"]


def check_elementwise(name: str, *xs: Operand) -> None:
    """Raises TypeError for a list, a tuple or a string among `xs`: Python's operators would join or repeat it."""
    for x in xs:
        if isinstance(x, (list, tuple, str, bytes)):
            raise TypeError(f"{name} takes Variables, arrays and numbers, not {type(x).__name__}: {x!r:.40}")


def axes_at(name: str, x: Operand, axis: Axis, empty: bool = True) -> Shape:
    """The axes of x that `axis` names, counted from 0, for the function `name`.

    Raises TypeError if x has no shape, and ValueError for an axis out of range. Without `empty`, raises ValueError also
    if there are no elements along the axes.
    """
    if not hasattr(x, "shape"):
        raise TypeError(f"{name} takes a Variable or an array, not {type(x).__name__}: {x!r:.40}")
    axes = axes_of(x.shape, axis)
    if not empty and 0 in [x.shape[a] for a in axes]:
        raise ValueError(f"{name} takes at least one element over axis {axis}, not shape {x.shape}")
    return axes


def summable(x: Operand) -> Any:
    """`x` in a dtype with room for sums: float16, which ends at 65504, as float32; integers as float64."""
    if x.dtype.kind in "biu":
        return astype(x, np.float64)
    return astype(x, np.float32) if x.dtype == np.float16 else x


def summable_together(*xs: Operand) -> list[Any]:
    """`xs`, each with room for sums, in their common dtype."""
    ys = [summable(x) for x in xs]
    dtypes = {y.dtype for y in ys}
    return ys if len(dtypes) == 1 else [astype(y, np.result_type(*dtypes)) for y in ys]


def rounded(y: Operand, *xs: Operand) -> Any:
    """`y` in the common dtype of `xs`; unchanged if that is an integer type."""
    if {x.dtype for x in xs} == {y.dtype}:
        return y
    dtype = np.result_type(*[x.dtype for x in xs])
    return astype(y, dtype) if dtype.kind == "f" else y
