"""Moving elements: new shapes, new orders, parts and joins. No value changes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from math import prod
from typing import Any

import numpy as np

from autograd.algebra import BroadcastTo, Operand, SumTo, astype, getitem, reshape, to, transpose
from autograd.backend import namespace, to_numpy
from autograd.bfloat16 import kind_of
from autograd.checks import LARGEST, number, one_of, shown, whole
from autograd.function import Function
from autograd.functions.operands import operand
from autograd.shapes import Axis, Shape, axes_of, broadcast_axes, one_axis, shape_of
from autograd.variable import Variable

__all__ = [
    "astype", "broadcast_to", "concat", "expand_dims", "flatten", "flip", "getitem", "moveaxis", "pad", "repeat",
    "reshape", "roll", "split", "squeeze", "stack", "sum_to", "swapaxes", "tile", "to", "transpose",
]  # fmt: skip


def broadcast_to(x: Operand, shape: Shape) -> Variable:
    """x repeated along axes of size 1, and along new axes in front, up to `shape`. The gradient is summed over them.

    Raises ValueError if x does not broadcast to the shape.
    """
    x, shape = operand("broadcast_to", x), shape_of("broadcast_to: a size", shape)
    broadcast_axes(x.shape, shape)
    return x if x.shape == shape else BroadcastTo(shape)(x)


def sum_to(x: Operand, shape: Shape) -> Variable:
    """x summed to `shape`: the adjoint of `broadcast_to`. The gradient is repeated.

    Raises ValueError if an array of that shape does not broadcast to x's shape.
    """
    x, shape = operand("sum_to", x), shape_of("sum_to: a size", shape)
    broadcast_axes(shape, x.shape)
    return x if x.shape == shape else SumTo(shape)(x)


def expand_dims(x: Operand, axis: int | tuple[int, ...]) -> Variable:
    """New axes of size 1, which the result has at `axis`.   (3, 4), axis 1 -> (3, 1, 4)

    Raises ValueError for an axis that the result does not have.
    """
    x = operand("expand_dims", x)
    axes = tuple(axis) if isinstance(axis, (tuple, list)) else (axis,)
    rest, n = iter(x.shape), len(x.shape) + len(axes)
    new = axes_of((1,) * n, axes)
    return reshape(x, tuple([1 if i in new else next(rest) for i in range(n)]))


def squeeze(x: Operand, axis: Axis = None) -> Variable:
    """x without its axes of size 1, or without the one or the tuple of them that `axis` names.

    Raises ValueError if a named axis does not have size 1.
    """
    x = operand("squeeze", x)
    shape = x.shape
    gone = [i for i, n in enumerate(shape) if n == 1] if axis is None else axes_of(shape, axis)
    if any(shape[i] != 1 for i in gone):
        raise ValueError(f"squeeze takes axes of size 1, not axis {axis} of shape {shape}")
    return reshape(x, tuple([n for i, n in enumerate(shape) if i not in gone]))


def flatten(x: Operand) -> Variable:
    """Every sample as one row.   (N, ...) -> (N, K), K the product of the rest; (N,) -> (N, 1)

    Raises ValueError if x has no axes.
    """
    x = operand("flatten", x)
    shape = x.shape
    if not shape:
        raise ValueError("flatten takes samples (N, ...), not a single number: reshape(x, -1) makes one axis of all")
    return reshape(x, (shape[0], prod(shape[1:])))


def moveaxis(x: Operand, source: int | tuple[int, ...], destination: int | tuple[int, ...]) -> Variable:
    """The axes `source` moved to the positions `destination`; the other axes keep their order.

    Raises ValueError for an axis out of range, or if source and destination differ in number.
    """
    x = operand("moveaxis", x)
    shape = x.shape
    old, new = axes_of(shape, source), axes_of(shape, destination)
    if len(old) != len(new):
        raise ValueError(
            f"moveaxis takes as many destinations as sources, not {shown(source)} and {shown(destination)}"
        )
    order = [i for i in range(len(shape)) if i not in old]
    for place, axis in sorted(zip(new, old)):
        order.insert(place, axis)
    return transpose(x, tuple(order))


def swapaxes(x: Operand, axis1: int, axis2: int) -> Variable:
    """Two axes exchanged: swapaxes(x, -1, -2) transposes every matrix of a batch.

    Raises ValueError for an axis out of range.
    """
    x = operand("swapaxes", x)
    shape = x.shape
    a, b = one_axis("swapaxes", shape, axis1), one_axis("swapaxes", shape, axis2)
    order = list(range(len(shape)))
    order[a], order[b] = b, a
    return transpose(x, tuple(order))


def flip(x: Operand, axis: Axis = None) -> Variable:
    """The elements in reversed order along `axis`: a number, a tuple, or None for all axes.

    Raises ValueError for an axis out of range.
    """
    x = operand("flip", x)
    shape = x.shape
    axes = axes_of(shape, axis)
    return getitem(x, tuple([slice(None, None, -1 if i in axes else None) for i in range(len(shape))]))


def tile(x: Operand, repeats: int | Sequence[int]) -> Variable:
    """x as a whole repeats[i] times along axis i.   [1, 2], 2 -> [1, 2, 1, 2]

    The shorter one of shape and repeats gets ones in front, as in NumPy.
    Raises TypeError if repeats are not whole numbers, ValueError if one is negative.
    """
    x = operand("tile", x)
    counts = shape_of("tile: repeats", repeats)
    n = max(len(counts), len(x.shape))
    shape = (1,) * (n - len(x.shape)) + x.shape
    counts = (1,) * (n - len(counts)) + counts
    paired = reshape(x, tuple([k for size in shape for k in (1, size)]))
    wide = broadcast_to(paired, tuple([k for pair in zip(counts, shape) for k in pair]))
    return reshape(wide, tuple([count * size for count, size in zip(counts, shape)]))


def repeat(x: Operand, repeats: int, axis: int | None = None) -> Variable:
    """Each element `repeats` times in a row along `axis` (None: x flattened).   [1, 2], 2 -> [1, 1, 2, 2]

    Raises TypeError if repeats is not one whole number, ValueError if it is negative. An index x[indices] repeats each
    element its own number of times.
    """
    x, repeats = operand("repeat", x), whole("repeat: repeats", repeats, least=0)
    x, axis = (reshape(x, -1), 0) if axis is None else (x, axis)
    shape = x.shape
    k = one_axis("repeat", shape, axis)
    head, tail = shape[: k + 1], shape[k + 1 :]
    wide = broadcast_to(reshape(x, (*head, 1, *tail)), (*head, repeats, *tail))
    return reshape(wide, (*head[:-1], head[-1] * repeats, *tail))


class Pad(Function):
    """x with width[i] = (before, after) elements of a constant around axis i. Its adjoint cuts out the middle."""

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


def pad(x: Operand, width: Any, value: float = 0, mode: str = "constant") -> Variable:
    """x with a border. `width`: n (every side), (before, after), or such a pair for each axis.

    `mode` says what the border of [a, b, c] is: "constant", the `value`; "edge", the last element (a a | a b c | c c);
    "reflect", a mirror on it (c b | a b c | b a); "symmetric", a mirror beside it (b a | a b c | c b); "wrap", the
    other end (b c | a b c | a b). PyTorch's words for "edge" and "wrap" are "replicate" and "circular".
    Raises ValueError if a width is not a whole number of at least 0, the pairs do not fit the axes, or a border is
    wider than what it mirrors.
    """
    x = operand("pad", x)
    shape = x.shape
    try:
        pairs = np.broadcast_to(width, (len(shape), 2)).tolist()
    except (TypeError, ValueError) as error:
        expected = f"n, (before, after), or such a pair for each axis of shape {shape}"
        raise ValueError(f"pad: width must be {expected}, not {shown(width)}") from error
    if any(type(n) is not int or not 0 <= n <= LARGEST for pair in pairs for n in pair):
        raise ValueError(f"pad: widths must be whole numbers of at least 0, not {shown(width)}")
    value = fitting("pad: value", value, x.dtype)
    if one_of("pad: mode", mode, "constant", *BORDERS) == "constant":
        return Pad(pairs, value)(x)
    for axis, (before, after) in enumerate(pairs):
        x = bordered(x, axis, before, after, BORDERS[mode])
    return x


BORDERS = {name: name for name in ("edge", "reflect", "symmetric", "wrap")} | {"replicate": "edge", "circular": "wrap"}


def bordered(x: Any, axis: int, before: int, after: int, mode: str) -> Any:
    """x with `before` and `after` elements more along an axis: parts of x, turned over or repeated."""
    n = x.shape[axis]
    widest = {"edge": LARGEST if n else 0, "reflect": max(n - 1, 0)}.get(mode, n)
    if max(before, after) > widest:
        raise ValueError(
            f"pad: a border in mode {mode!r} must be at most {widest} wide along axis {axis} of {n} elements, "
            f"not {max(before, after)}"
        )
    if not before and not after:
        return x

    def part(start: int, stop: int, step: int = 1) -> Any:
        bounds = slice(start, stop if stop >= 0 else None, step)
        return getitem(x, (slice(None),) * axis + (bounds,))

    k = 1 if mode == "reflect" else 0
    if mode == "edge":
        first, last = part(0, 1), part(n - 1, n)
        parts = repeat(first, before, axis), repeat(last, after, axis)
    elif mode == "wrap":
        parts = part(n - before, n), part(0, after)
    else:
        parts = part(before - 1 + k, k - 1, -1), part(n - 1 - k, n - 1 - k - after, -1)
    return concat([y for y, used in zip((parts[0], x, parts[1]), (before, True, after)) if used], axis)


def fitting(name: str, value: float, dtype: Any) -> Any:
    """The number `value`, if an array of `dtype` can hold it; its nan and infinities are those of floating-point ones.

    Raises TypeError if it is no number, ValueError if it does not fit.
    """
    if dtype.kind == "b" and isinstance(value, (bool, np.bool)):
        return value
    if isinstance(value, float) and value != value:
        value = math.nan
    else:
        value = number(name, value, finite=False)
    info = np.iinfo(dtype) if dtype.kind in "iu" else None
    held = kind_of(dtype) == "f" or (
        value in (0, 1) if info is None else value % 1 == 0 and info.min <= value <= info.max
    )
    if not held and dtype.kind in "iub":
        raise ValueError(f"{name} must be a number that {dtype} can hold, not {shown(value)}")
    return value


class Concat(Function):
    """Arrays one after the other along an axis. Its adjoint is Split."""

    alike = 0

    def __init__(self, axis):
        self.axis = axis

    def forward(self, *xs):
        ends = accumulate([x.shape[self.axis] for x in xs], initial=0)
        self.save(bounds=list(pairwise(ends)))
        return namespace(*xs).concatenate(xs, self.axis)

    def backward(self, gy):
        return Split(self.saved.bounds, self.axis)(gy)


def several(name: str, xs: Any) -> list[Any]:
    """The elements of a list or a tuple of arrays, or the rows of an array. Raises TypeError for anything else."""
    if type(xs) is list or type(xs) is tuple:
        return list(xs)
    rows = getattr(xs, "ndim", 1) > 0 and getattr(getattr(xs, "dtype", None), "kind", "f") in "fiubc"
    if isinstance(xs, (str, bytes, dict, set)) or not isinstance(xs, Iterable) or not rows:
        raise TypeError(f"{name} takes a list of Variables and arrays, not {type(xs).__name__}: {shown(xs)}")
    return list(xs)


def concat(xs: Sequence[Operand], axis: int = 0) -> Variable:
    """The arrays `xs` one after the other along `axis`; their other sizes are equal.

    Raises ValueError if there are no arrays or the shapes do not fit.
    """
    xs = [operand("concat", x) for x in several("concat", xs)]
    shapes = [x.shape for x in xs]
    if not shapes or not shapes[0]:
        raise ValueError(f"concat takes at least one array, each with at least one axis, not shapes {shapes}")
    k = one_axis("concat", shapes[0], axis)
    if len({(len(s), s[:k], s[k + 1 :]) for s in shapes}) > 1:
        raise ValueError(f"concat takes shapes that differ along axis {axis} only, not {shapes}")
    return Concat(k)(*xs)


def stack(xs: Sequence[Operand], axis: int = 0) -> Variable:
    """Arrays of one shape side by side along a new axis.   n times (3, 4), axis 1 -> (3, n, 4)

    Raises ValueError if there are no arrays or the shapes differ.
    """
    xs = [operand("stack", x) for x in several("stack", xs)]
    shapes = [x.shape for x in xs]
    if len(set(shapes)) != 1:
        raise ValueError(f"stack takes at least one array, all of the same shape, not {shapes}")
    k = one_axis("stack", (1, *shapes[0]), axis)
    return concat([expand_dims(x, k) for x in xs], k)


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


def split(x: Operand, sections: Any, axis: int = 0) -> tuple[Variable, ...]:
    """A tuple of parts of x along `axis`. `sections` is a number of equal parts, or the points at which to cut.

    split(x, 3) cuts (6,) into (2,) (2,) (2,), and split(x, [1, 4]) into (1,) (3,) (2,).
    Raises ValueError if the parts would not be equal, or the points are not in order within the axis.
    """
    x = operand("split", x)
    k = one_axis("split", x.shape, axis)
    n = x.shape[k]
    points = to_numpy(sections).tolist() if hasattr(sections, "dtype") else sections
    if not isinstance(points, (tuple, list, range)):
        parts = whole("split: sections", points)
        if n % parts:
            raise ValueError(f"split: sections must divide the size {n} of axis {axis}, or be points, not {parts}")
        points = range(n // parts, n, n // parts) if n else [0] * (parts - 1)
    points = [0, *[whole("split: points", p, least=0) for p in points], n]
    if points != sorted(points):
        raise ValueError(f"split: points must be in order in 0 .. {n}, the size of axis {axis}, not {points[1:-1]}")
    ys: Any = Split(list(pairwise(points)), k)(x)
    return ys


def roll(x: Operand, shift: int | tuple[int, ...], axis: Axis = None) -> Variable:
    """The elements moved by `shift` along `axis`, from the end around to the beginning; axis None: along x flattened.

    Raises ValueError for an axis out of range, or if several shifts and axes differ in number.
    """
    x = operand("roll", x)
    if axis is None:
        return reshape(roll(reshape(x, -1), shift, 0), x.shape)
    axes = axes_of(x.shape, axis)
    given = shift if isinstance(shift, (tuple, list)) else (shift,) * len(axes)
    shifts = [whole("roll: shift", n, -LARGEST) for n in given]
    if len(shifts) != len(axes):
        raise ValueError(f"roll takes as many shifts as axes, not {shown(shift)} and {shown(axis)}")
    for n, k in zip(shifts, axes):
        size = x.shape[k]
        cut = -n % size if size else 0
        if cut:
            x = concat(split(x, [cut], k)[::-1], k)
    return x
