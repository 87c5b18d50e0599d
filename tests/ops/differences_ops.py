"""Rows for differences and integrals. The references are loops over the elements of each list."""

import math
from itertools import pairwise

import numpy as np

import autograd.functions.differences as F
from tests.ops.sorting_ops import along, of_kind
from tests.ops.table import Op, case, normal, strided, wrong

v, x, box = normal(5), normal(3, 4), normal(2, 3, 2)


def differences(row, n=1):
    for _ in range(n):
        row = [b - a for a, b in pairwise(row)]
    return row


def diff(x, n=1, axis=-1, prepend=None, append=None):
    parts = [a if np.ndim(a) else np.full_like(np.take(x, [0], axis), a) for a in (prepend, x, append) if a is not None]
    return of_kind(along(lambda row: differences(row, n)))(np.concatenate(parts, axis) if n else x, axis=axis).astype(x.dtype)


def trapezoids(row, dx):
    return [(a + b) / 2 * d for a, b, d in zip(row, row[1:], dx)]


def integral(join):
    def compute(y, x=None, dx=1.0, axis=-1):
        n = y.shape[axis]
        if x is None:
            return of_kind(along(lambda row: join(trapezoids(row, [dx] * n))))(y, axis=axis)
        wide = np.moveaxis(np.broadcast_to(x if x.ndim > 1 else np.moveaxis(np.broadcast_to(x, (*np.moveaxis(y, axis, -1).shape,)), -1, axis), y.shape), axis, -1)
        moved = np.moveaxis(y, axis, -1)
        result = np.array([join(trapezoids(r, differences(p))) for r, p in zip(moved.reshape(-1, n).tolist(), wide.reshape(-1, n).tolist())])
        return np.moveaxis(result.reshape(*moved.shape[:-1], -1), -1, axis).astype(y.dtype)

    return compute


def total(parts):
    return [math.fsum(parts)]


def running(parts):
    return [math.fsum(parts[: i + 1]) for i in range(len(parts))]


plain = [case(a) for a in (v, x, box, strided(x), x.T, x.astype(np.float32))]
diffs = plain + [case(x, n, a) for n in (0, 1, 2, 3, 4, 7) for a in (0, 1, -2)] + [case(x, prepend=p, append=q) for p, q in ((0.5, None), (None, normal(3, 2)), (normal(3, 1), 2.0), (1, 0))] + [case(box, axis=1, prepend=normal(2, 1, 2))]
whole = [case(y, axis=a) for y in (x, box) for a in (0, 1, -1)] + [case(x, dx=0.5), case(v, v[::-1] * 2), case(x, normal(4)), case(x, normal(3), axis=0), case(box, normal(2, 3, 2), axis=1), case(x, x + 1), case(x.astype(np.float32), normal(4).astype(np.float32))]
both = [wrong(ValueError, r"places x \(4,\) or \(3, 4\), not shape \(3,\)", x, normal(3)), wrong(TypeError, "dx must be a number", x, None, "a"), wrong(ValueError, "axis 2 does not fit", x, None, 1.0, 2), wrong(TypeError, "takes a Variable or an array, not list", [1.0])]

OPS = [
    Op("diff", F.diff, diff, diffs, [wrong(ValueError, "n must be at least 0", x, -1), wrong(ValueError, "axis 2 does not fit", x, 1, 2), wrong(TypeError, "diff takes a Variable or an array, not list", [1.0, 2.0]), wrong(ValueError, "concat", x, 1, 0, normal(2, 3))]),
    Op("trapezoid", F.trapezoid, lambda y, x=None, dx=1.0, axis=-1: integral(total)(y, x, dx, axis).squeeze(axis), plain + whole, both),
    Op("cumulative_trapezoid", F.cumulative_trapezoid, integral(running), plain + whole, both),
]  # fmt: skip
