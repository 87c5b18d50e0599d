"""The arithmetic of shapes and axes. Tuples in, tuples out, and clear errors where they do not fit."""

from __future__ import annotations

import operator
from typing import Any, TypeAlias

import numpy as np

from autograd.checks import flag, shown, whole

__all__ = [
    "Axis", "Shape", "axes_of", "broadcast", "broadcast_axes", "check_matmul", "inverse_permutation", "one_axis",
    "reduced_shape", "shape_of",
]  # fmt: skip

Shape: TypeAlias = tuple[int, ...]
Axis: TypeAlias = int | tuple[int, ...] | None


def axes_of(shape: Shape, axis: Axis) -> Shape:
    """`axis` (a number, a tuple, or None for all; negative from the end) as numbers from 0.

    Raises TypeError if an axis is no whole number, ValueError if the shape does not have it or it is named twice.
    """
    n = len(shape)
    if type(axis) is int and -n <= axis < n:
        return (axis % n,)
    if axis is None:
        return tuple(range(n))
    given = axis if isinstance(axis, (tuple, list)) else (axis,)
    try:
        axes = tuple(map(operator.index, given))
    except TypeError:
        axes = ()
    if len(axes) < len(given) or bool in map(type, given):  # True is no axis 1
        raise TypeError(f"axis must be a whole number, a tuple of them, or None, not {shown(axis)}")
    if any(not -n <= a < n for a in axes) or len({a % n for a in axes}) < len(axes):
        there = f"axes must be from {-n} to {n - 1}, each at most once" if n else "a single number has no axes"
        raise ValueError(f"axis {shown(axis)} does not fit the shape {shape}: {there}")
    return tuple([a % n for a in axes])


def one_axis(name: str, shape: Shape, axis: int) -> int:
    """`axis`, one whole number, counted from 0. Raises TypeError for another, and what `axes_of` raises."""
    if axis is None or isinstance(axis, (tuple, list)):
        raise TypeError(f"{name}: axis must be one number, not {shown(axis)}")
    (k,) = axes_of(shape, axis)
    return k


def shape_of(name: str, shape: Any, least: int = 0) -> Shape:
    """`shape`, a whole number or a sequence of them, as a tuple of ints of at least `least`.

    Raises TypeError if a size is no whole number, ValueError if it is below `least`.
    """
    sizes = shape if isinstance(shape, (tuple, list)) else shape.tolist() if hasattr(shape, "tolist") else (shape,)
    if not isinstance(sizes, (tuple, list)):
        sizes = (sizes,)
    return tuple([whole(name, size, least) for size in sizes])


def reduced_shape(shape: Shape, axis: Axis, keepdims: bool) -> Shape:
    """The shape after a reduction over `axis`. Raises what `axes_of` raises, and TypeError if keepdims is no flag."""
    axes = axes_of(shape, axis)
    keepdims = keepdims if keepdims is True or keepdims is False else flag("keepdims", keepdims)
    if keepdims:
        return tuple([1 if i in axes else n for i, n in enumerate(shape)])
    return tuple([n for i, n in enumerate(shape) if i not in axes])


def inverse_permutation(axes: Shape) -> Shape:
    """The order of axes that undoes the order `axes`."""
    return tuple(sorted(range(len(axes)), key=lambda i: axes[i] % len(axes)))


def broadcast(*shapes: Shape) -> Shape | None:
    """The shape that arrays of these shapes have together, None if they do not broadcast."""
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        return None


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
