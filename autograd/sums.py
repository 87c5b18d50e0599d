"""Sums that keep their digits.

NumPy adds pairwise along the last axis alone. Along the others it adds one number after the other, in the dtype of the
array: the mean of 10^6 rows of 0.1 is 0.101 in float32, and a sum in float16 stands still at 2048. `sum_over` adds runs
of 64 rows, then the sums of 64 runs, and so on, which is faster too where the rows are short.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from autograd.backend import by_numpy, namespace

__all__ = ["sum_in_shape", "sum_over"]

LONG = 256  # so many numbers may be added one after the other: the error is at most 128 units in the last place
SMALL = 1 << 10  # elements for which a look at the axes would cost more than it is worth
RUN = 64  # rows that are added one after the other
WIDE = 1 << 10  # elements that a row should have; shorter rows are added side by side


def sum_over(x: Any, axes: tuple[int, ...], keepdims: bool = True) -> Any:
    """The sum of x over `axes`, which stay with length 1 unless `keepdims` is false. Of 16 bits in float32.

    x is an array or a Variable; axes are counted from either end. CuPy adds in a tree: its own sum is used. Only the
    result is rounded.
    """
    if x.dtype.kind == "V":  # bfloat16
        return sum_over(x.astype(np.float32), axes, keepdims).astype(x.dtype)
    if (x.size > SMALL or x.dtype.char == "e") and by_numpy(x):
        y, axes = x.astype(np.float32) if x.dtype.char == "e" else x, tuple([a % x.ndim for a in axes])
        if one_by_one(y, axes) > LONG:
            y = sum_in_runs(y, axes)
            y = y if keepdims else y.reshape([n for a, n in enumerate(x.shape) if a not in axes])
        else:
            y = y.sum(axis=axes, keepdims=keepdims)
        return y.astype(x.dtype) if x.dtype.char == "e" else y
    return x.sum(axis=axes, keepdims=keepdims)


def sum_in_shape(x: Any, axes: tuple[int, ...], shape: tuple[int, ...]) -> Any:
    """The sum of x over `axes`, in a shape with as many elements."""
    y = sum_over(x, axes, keepdims=len(shape) == x.ndim)
    return y if y.shape == shape else y.reshape(shape)


def one_by_one(x: Any, axes: tuple[int, ...]) -> int:
    """How many numbers NumPy's sum would add one after the other: all but those along the last axes in memory."""
    if x.dtype.kind != "f" or (len(axes) == 1 and x.shape[axes[0]] <= LONG):
        return 0  # whole numbers lose no digits, and few rows not many
    inside = x.flags.c_contiguous
    n, last = 1, x.ndim - 1
    for a in sorted(axes, reverse=True):
        if inside and a == last:
            last -= 1  # this axis and those behind it are one long axis
        else:
            inside = False
            n *= x.shape[a]
    return n


def sum_in_runs(x: Any, axes: tuple[int, ...]) -> Any:
    """The sum over `axes`, which stay with length 1, in the order of the memory: run by run of neighbouring axes."""
    shape = tuple([1 if a in axes else n for a, n in enumerate(x.shape)])
    repeated = [a for a in axes if x.strides[a] == 0 and x.shape[a] > 1]  # a broadcast: the same numbers n times
    times = prod([x.shape[a] for a in repeated])
    x = x[tuple([slice(1) if a in repeated else slice(None) for a in range(x.ndim)])]
    order = sorted(range(x.ndim), key=lambda a: -abs(x.strides[a]))
    kept = [x.shape[a] for a in order if a not in axes]
    runs: list[list[Any]] = []  # [is it summed?, its size]
    for a in order:
        if runs and runs[-1][0] == (a in axes):
            runs[-1][1] *= x.shape[a]
        else:
            runs.append([a in axes, x.shape[a]])
    y = namespace(x).ascontiguousarray(x.transpose(order))
    if runs[-1][0] and runs[-1][1] >= RUN:
        y = y.reshape(-1, runs.pop()[1]).sum(1)
    before = 1
    for summed, n in runs:
        if summed:
            y = sum_of_rows(y.reshape(before, n, -1))
        else:
            before *= n
    back = sorted([a for a in range(x.ndim) if a not in axes], key=[a for a in order if a not in axes].index)
    y = y.reshape(kept).transpose([back.index(a) for a in sorted(back)]).reshape(shape)
    return y * times if times > 1 else y


def sum_of_rows(x: Any) -> Any:
    """The sum over the middle axis.   (A, N, C) -> (A, C)"""
    A, N, C = x.shape
    if C == 1:
        return x.reshape(A, N).sum(1).reshape(A, 1)
    if N <= 2 * RUN:
        return x.sum(1)
    beside = max(1, min(WIDE // max(C, 1), N // RUN))  # neighbouring rows, taken as one
    q = N // (RUN * beside)
    n = q * RUN * beside
    y = sum_of_rows(x[:, :n].reshape(A, q, RUN, beside * C).sum(2).reshape(A, q * beside, C))
    return y if n == N else y + sum_of_rows(x[:, n:])
