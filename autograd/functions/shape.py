"""Moving elements about: new shapes, new orders, parts and joins. No value changes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np

from autograd import core
from autograd.backend import namespace
from autograd.core import BroadcastTo, Function, Operand, SumTo
from autograd.functions.operands import operand
from autograd.shapes import Axis, Shape, axes_of, repeated

__all__ = [
    "astype", "broadcast_to", "concat", "expand_dims", "flatten", "flip", "getitem", "moveaxis", "pad", "repeat",
    "reshape", "roll", "split", "squeeze", "stack", "sum_to", "swapaxes", "tile", "to", "transpose",
]  # fmt: skip


def reshape(x: Operand, *shape: Any) -> Any:
    """The same elements in another shape; one size may be -1. Takes reshape(x, 2, 3) and reshape(x, (2, 3))."""
    return core.reshape(operand("reshape", x), *shape)


def transpose(x: Operand, *axes: Any) -> Any:
    """The axes in another order, reversed by default. Takes transpose(x, 1, 0, 2) and transpose(x, (1, 0, 2))."""
    return core.transpose(operand("transpose", x), *axes)


def getitem(x: Operand, index: Any) -> Any:
    """y = x[index] with NumPy's indices: integers, slices, `...`, None, masks and arrays, repeats included."""
    return core.getitem(operand("getitem", x), index)


def astype(x: Operand, dtype: Any) -> Any:
    """x in another dtype. Integers have no gradients: there it leaves the graph."""
    return core.astype(operand("astype", x), dtype)


def to(x: Operand, device: str) -> Any:
    """x on `'cpu'` or `'gpu'`; gradients flow back across the move."""
    return core.to(operand("to", x), device)


def broadcast_to(x: Operand, shape: Shape) -> Any:
    """x repeated along axes of size 1, and along new ones in front, up to `shape`. The gradient is summed over them.

    Raises ValueError if x does not broadcast to the shape.
    """
    x = operand("broadcast_to", x)
    repeated(x.shape, tuple(shape))
    return x if x.shape == tuple(shape) else BroadcastTo(tuple(shape))(x)


def sum_to(x: Operand, shape: Shape) -> Any:
    """x summed to `shape`: the adjoint of `broadcast_to`, from which x might have come. The gradient is repeated.

    Raises ValueError if an array of that shape does not broadcast to x's.
    """
    x = operand("sum_to", x)
    repeated(tuple(shape), x.shape)
    return x if x.shape == tuple(shape) else SumTo(tuple(shape))(x)


def expand_dims(x: Operand, axis: int | tuple[int, ...]) -> Any:
    """New axes of size 1, at the places `axis` of the result.   (3, 4), axis 1 -> (3, 1, 4)"""
    x = operand("expand_dims", x)
    axes = axis if isinstance(axis, tuple) else (axis,)
    rest, n = iter(x.shape), len(x.shape) + len(axes)
    new = axes_of((1,) * n, axes)
    return reshape(x, tuple([1 if i in new else next(rest) for i in range(n)]))


def squeeze(x: Operand, axis: Axis = None) -> Any:
    """x without its axes of size 1, or without those of them that `axis` names.

    Raises ValueError if a named axis has another size than 1.
    """
    x = operand("squeeze", x)
    shape = x.shape
    gone = [i for i, n in enumerate(shape) if n == 1] if axis is None else axes_of(shape, axis)
    if any(shape[i] != 1 for i in gone):
        raise ValueError(f"squeeze: axis {axis} of shape {shape} is not of size 1")
    return reshape(x, tuple([n for i, n in enumerate(shape) if i not in gone]))


def flatten(x: Operand) -> Any:
    """Every sample as one row.   (N, ...) -> (N, K), K the product of the rest; (N,) -> (N, 1)

    Raises ValueError for a single number, which has no samples.
    """
    x = operand("flatten", x)
    shape = x.shape
    if not shape:
        raise ValueError("flatten takes samples (N, ...), not a single number: reshape(x, -1) makes one axis of all")
    return reshape(x, (shape[0], prod(shape[1:])))


def moveaxis(x: Operand, source: int | tuple[int, ...], destination: int | tuple[int, ...]) -> Any:
    """The axes `source` moved to the places `destination`; the others keep their order.

    Raises ValueError for axes that x does not have, or for a different number of places.
    """
    x = operand("moveaxis", x)
    shape = x.shape
    old, new = axes_of(shape, source), axes_of(shape, destination)
    if len(old) != len(new):
        raise ValueError(f"moveaxis: {len(old)} axes {source} for {len(new)} places {destination}")
    order = [i for i in range(len(shape)) if i not in old]
    for place, axis in sorted(zip(new, old)):
        order.insert(place, axis)
    return transpose(x, tuple(order))


def swapaxes(x: Operand, axis1: int, axis2: int) -> Any:
    """Two axes exchanged: swapaxes(x, -1, -2) transposes every matrix of a batch."""
    x = operand("swapaxes", x)
    shape = x.shape
    ((a,), (b,)) = axes_of(shape, axis1), axes_of(shape, axis2)
    order = list(range(len(shape)))
    order[a], order[b] = b, a
    return transpose(x, tuple(order))


def flip(x: Operand, axis: Axis = None) -> Any:
    """The elements in reversed order along `axis`: a number, a tuple, or None for all axes."""
    x = operand("flip", x)
    shape = x.shape
    axes = axes_of(shape, axis)
    return getitem(x, tuple([slice(None, None, -1 if i in axes else None) for i in range(len(shape))]))


def tile(x: Operand, repeats: int | Sequence[int]) -> Any:
    """The whole of x laid out again and again: repeats[i] times along axis i.   [1, 2], 2 -> [1, 2, 1, 2]

    Where one of shape and repeats is shorter, ones are put in front, as in NumPy.
    Raises ValueError for a negative number.
    """
    counts = (int(repeats),) if isinstance(repeats, (int, np.integer)) else tuple(repeats)
    if any(n < 0 for n in counts):
        raise ValueError(f"tile: the numbers of repeats must not be negative: {repeats}")
    x = operand("tile", x)
    n = max(len(counts), len(x.shape))
    shape = (1,) * (n - len(x.shape)) + x.shape
    counts = (1,) * (n - len(counts)) + counts
    paired = reshape(x, tuple([k for size in shape for k in (1, size)]))
    wide = broadcast_to(paired, tuple([k for pair in zip(counts, shape) for k in pair]))
    return reshape(wide, tuple([count * size for count, size in zip(counts, shape)]))


def repeat(x: Operand, repeats: int, axis: int | None = None) -> Any:
    """Each element `repeats` times in a row along `axis` (None: of x as one row).   [1, 2], 2 -> [1, 1, 2, 2]

    Raises ValueError for a negative number, TypeError for one number per element: that is x[indices].
    """
    if not isinstance(repeats, (int, np.integer)):
        raise TypeError(f"repeat takes one number of repeats, not {repeats!r}: for one each, index with an array")
    if repeats < 0:
        raise ValueError(f"repeat: the number of repeats must not be negative: {repeats}")
    x = operand("repeat", x)
    x, axis = (reshape(x, -1), 0) if axis is None else (x, axis)
    shape = x.shape
    (k,) = axes_of(shape, axis)
    head, tail = shape[: k + 1], shape[k + 1 :]
    wide = broadcast_to(reshape(x, (*head, 1, *tail)), (*head, repeats, *tail))
    return reshape(wide, (*head[:-1], head[-1] * repeats, *tail))


class Pad(Function):
    """x with width[i] = (before, after) elements of a constant around axis i; the gradient is cut out of the middle."""

    def __init__(self, width, value):
        self.width = width
        self.value = value
        self.middle = tuple([slice(a, None if b == 0 else -b) for a, b in width])

    def forward(self, x):
        y = namespace(x).full([a + n + b for n, (a, b) in zip(x.shape, self.width)], self.value, x.dtype)
        y[self.middle] = x
        return y

    def backward(self, gy):
        return gy[self.middle]


def pad(x: Operand, width: Any, value: float = 0) -> Any:
    """x with a border of the constant `value`. `width`: n (every side), (before, after), or such a pair for each axis.

    Raises ValueError for a negative width, or pairs that do not fit the number of axes.
    """
    x = operand("pad", x)
    shape = x.shape
    try:
        pairs = np.broadcast_to(width, (len(shape), 2)).tolist()
    except ValueError as error:
        expected = "n, (before, after), or such a pair for each axis"
        raise ValueError(f"pad: width {width} does not fit the shape {shape}: give {expected}") from error
    if any(not isinstance(n, int) or n < 0 for pair in pairs for n in pair):
        raise ValueError(f"pad: widths must be whole numbers from 0, not {width}")
    return Pad(pairs, value)(x)


def roll(x: Operand, shift: int | tuple[int, ...], axis: Axis = None) -> Any:
    """The elements moved `shift` places along `axis`, around the end to the beginning; axis None: of x as one row.

    Raises ValueError if several shifts and axes differ in number.
    """
    x = operand("roll", x)
    if axis is None:
        return reshape(roll(reshape(x, -1), shift, 0), x.shape)
    axes = axes_of(x.shape, axis)
    shifts = shift if isinstance(shift, tuple) else (shift,) * len(axes)
    if len(shifts) != len(axes):
        raise ValueError(f"roll: {len(shifts)} shifts {shift} for {len(axes)} axes {axis}")
    for n, k in zip(shifts, axes):
        size = x.shape[k]
        cut = -n % size if size else 0
        if cut:
            x = concat(split(x, [cut], k)[::-1], k)
    return x


class Concat(Function):
    """Arrays one after the other along an axis. Its adjoint is Split."""

    def __init__(self, axis):
        self.axis = axis

    def forward(self, *xs):
        ends = np.cumsum([x.shape[self.axis] for x in xs]).tolist()
        self.bounds = list(pairwise([0, *ends]))
        return namespace(*xs).concatenate(xs, self.axis)

    def backward(self, gy):
        return Split(self.bounds, self.axis)(gy)


class Split(Function):
    """The parts x[begin:end] along an axis, for bounds = [(begin, end), ...] that cover it. The adjoint of Concat."""

    def __init__(self, bounds, axis):
        self.bounds = bounds
        self.axis = axis

    def forward(self, x):
        before = (slice(None),) * self.axis
        return tuple([x[(*before, slice(*bound))] for bound in self.bounds])

    def backward(self, *gys):
        return Concat(self.axis)(*gys)


def concat(xs: Sequence[Operand], axis: int = 0) -> Any:
    """The arrays `xs` one after the other along `axis`; their other sizes are equal.

    Raises ValueError for no arrays, or shapes that do not fit.
    """
    xs = [operand("concat", x) for x in xs]
    shapes = [x.shape for x in xs]
    if not shapes or not shapes[0]:
        raise ValueError(f"concat takes at least one array, each of at least one axis, not shapes {shapes}")
    (k,) = axes_of(shapes[0], axis)
    if any(len(s) <= k or (*s[:k], *s[k + 1 :]) != (*shapes[0][:k], *shapes[0][k + 1 :]) for s in shapes):
        raise ValueError(f"concat: shapes {shapes} may differ along axis {axis} only")
    return Concat(k)(*xs)


def stack(xs: Sequence[Operand], axis: int = 0) -> Any:
    """Arrays of one shape side by side along a new axis.   n times (3, 4), axis 1 -> (3, n, 4)

    Raises ValueError for no arrays, or different shapes.
    """
    xs = [operand("stack", x) for x in xs]
    shapes = [x.shape for x in xs]
    if len(set(shapes)) != 1:
        raise ValueError(f"stack takes at least one array, all of one shape, not {shapes}")
    return concat([expand_dims(x, axis) for x in xs], axis)


def split(x: Operand, sections: int | Sequence[int], axis: int = 0) -> tuple[Any, ...]:
    """A tuple of parts of x along `axis`: a number of equal parts, or the points where to cut.

    split(x, 3) cuts (6,) into (2,) (2,) (2,), and split(x, [1, 4]) into (1,) (3,) (2,).
    Raises ValueError if the parts would not be equal, or the points are not in order within the axis.
    """
    x = operand("split", x)
    (k,) = axes_of(x.shape, axis)
    n = x.shape[k]
    if isinstance(sections, (int, np.integer)):
        if sections < 1 or n % sections:
            raise ValueError(f"split: axis {axis} of size {n} has no {sections} equal parts: give points where to cut")
        sections = range(n // sections, n, n // sections) if n else [0] * (sections - 1)
    points = [0, *[int(p) for p in sections], n]
    if points != sorted(points):
        raise ValueError(f"split: the points {list(sections)} must be in order and within the axis {axis} of size {n}")
    return Split(list(pairwise(points)), k)(x)
