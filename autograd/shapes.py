"""The arithmetic of shapes and axes. Tuples in, tuples out, and clear errors where they do not fit."""

from __future__ import annotations

import operator
from typing import TypeAlias

__all__ = ["Axis", "Shape", "axes_of", "broadcast_axes", "check_matmul", "inverse_permutation", "reduced_shape"]

Shape: TypeAlias = tuple[int, ...]
Axis: TypeAlias = int | tuple[int, ...] | None


def axes_of(shape: Shape, axis: Axis) -> Shape:
    """`axis` (a number, a tuple, or None for all; negative from the end) as numbers from 0.

    Raises TypeError if an axis is no whole number, ValueError if the shape does not have it or it is named twice.
    """
    n = len(shape)
    given = range(n) if axis is None else axis if isinstance(axis, (tuple, list)) else (axis,)
    try:
        axes = tuple(map(operator.index, given))
    except TypeError as error:
        raise TypeError(f"axis must be a whole number, a tuple of them, or None, not {axis!r:.40}") from error
    if any(not -n <= a < n for a in axes) or len({a % n for a in axes}) < len(axes):
        raise ValueError(f"axis {axis} does not fit the shape {shape}: axes go from {-n} to {n - 1}, each at most once")
    return tuple([a % n for a in axes])


def reduced_shape(shape: Shape, axis: Axis, keepdims: bool) -> Shape:
    """The shape after a reduction over `axis`."""
    axes = axes_of(shape, axis)
    if keepdims:
        return tuple([1 if i in axes else n for i, n in enumerate(shape)])
    return tuple([n for i, n in enumerate(shape) if i not in axes])


def inverse_permutation(axes: Shape) -> Shape:
    """The order of axes that undoes the order `axes`."""
    return tuple(sorted(range(len(axes)), key=lambda i: axes[i] % len(axes)))


def broadcast_axes(small: Shape, large: Shape) -> Shape:
    """The axes of `large` along which an array of shape `small` is repeated when it is broadcast.

    Raises ValueError if `small` does not broadcast to `large`.
    """
    lead = len(large) - len(small)
    if lead < 0 or any(n not in (1, m) for n, m in zip(small, large[lead:])):
        raise ValueError(f"shape {small} does not broadcast to {large}")
    return tuple([i for i, n in enumerate(large) if i < lead or small[i - lead] != n])


def check_matmul(a: Shape, b: Shape) -> None:
    """Raises ValueError unless arrays of these shapes have a matrix product."""
    if not a or not b or a[-1] != b[-2 if len(b) > 1 else 0]:
        raise ValueError(
            f"matmul of shapes {a} and {b}: the last axis of the first must be as long as the second to last of the "
            "second, or its only one"
        )
