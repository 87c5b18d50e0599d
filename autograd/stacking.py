"""A nested list of Variables as one Variable."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.backend import namespace
from autograd.function import Function, Tracked

__all__ = ["stacked"]


class Stack(Function):
    """Arrays of one shape, one after the other along a new first axis; its adjoint takes them apart."""

    alike = 0

    def forward(self, *xs):
        xp, dtypes = namespace(*xs), {x.dtype for x in xs if hasattr(x, "dtype")}
        dtype = np.result_type(*dtypes) if dtypes else None
        return xp.stack([xp.asarray(x, dtype=dtype) for x in xs])

    def backward(self, gy):
        return tuple([needed and gy[i] for i, needed in enumerate(self.needs)])


def stacked(xs: Any) -> Any:
    """A nested list of Variables, arrays and numbers as one Variable, through which gradients flow."""
    if not isinstance(xs, (list, tuple)):
        return xs
    xs = [stacked(x) for x in xs]
    shapes = list(dict.fromkeys([np.shape(x.value if isinstance(x, Tracked) else x) for x in xs]))
    if len(shapes) > 1:
        raise ValueError(f"a list of Variables must hold values of one shape, not {shapes[0]} and {shapes[1]}")
    return Stack()(*xs)
