"""Rows for elements by an index. The references are loops over the places of the index."""

import math
import statistics

import numpy as np

import autograd.functions.indices as F
from tests.ops.table import Op, case, normal, strided, wrong

v, x, box = normal(5), normal(4, 3), normal(2, 3, 2)
no_axis = "axis .* does not fit the shape"


def taken(x, index, axis=None):
    x, axis = (x.reshape(-1), 0) if axis is None else (x, axis)
    index, x = np.asarray(index, int), np.moveaxis(x, axis, 0)
    y = np.array([x[i] for i in index.ravel()], x.dtype).reshape(index.shape + x.shape[1:])
    k = axis % x.ndim
    return np.moveaxis(y, range(index.ndim), range(k, k + index.ndim))


def gathered(x, index, axis=-1):
    x, axis = (x.reshape(-1), 0) if axis is None else (x, axis % x.ndim)
    index = np.asarray(index, int)
    shape = [m if i == axis or m > 1 else n for i, (m, n) in enumerate(zip(index.shape, x.shape))]
    index = np.broadcast_to(index, shape)
    y = np.zeros(shape, x.dtype)
    for place in np.ndindex(*shape):
        inner = tuple([p if n > 1 else 0 for p, n in zip(place, x.shape)])  # an axis of size 1 is broadcast
        y[place] = x[(*inner[:axis], index[place], *inner[axis + 1 :])]
    return y


def scattered(x, index, values, axis=-1):
    y, axis, index, values = x.copy(), axis % x.ndim, np.asarray(index, int), np.asarray(values)
    for place in np.ndindex(*values.shape):
        y[(*place[:axis], index[place], *place[axis + 1 :])] += values[place]
    return y


def reduced(x, index, values, axis=-1, reduction="sum"):
    """Each element in a list with its values, and then the list as one number."""
    lists, axis, index, values = {p: [x[p]] for p in np.ndindex(*x.shape)}, axis % x.ndim, np.asarray(index, int), np.asarray(values)
    for place in np.ndindex(*values.shape):
        lists[(*place[:axis], int(index[place]) % x.shape[axis], *place[axis + 1 :])].append(values[place])
    of = {"sum": math.fsum, "mean": statistics.fmean, "prod": math.prod, "max": max, "min": min}[reduction]
    return np.array([of(found) for found in lists.values()], x.dtype).reshape(x.shape)


def added(x, index, values, axis=0):
    y, values = np.moveaxis(x.copy(), axis, 0), np.moveaxis(values, axis, 0)
    for i, row in zip(np.asarray(index, int), values):
        y[i] += row
    return np.moveaxis(y, 0, axis)


def by_segment(f, empty):
    """f(the rows of a segment), or the number `empty` where it has none."""

    def function(x, segments, n):
        found = [x[np.asarray(segments, int) % max(n, 1) == s] for s in range(n)]
        y = [f(rows) if len(rows) else np.full(x.shape[1:], empty) for rows in found]
        return np.array(y, x.dtype).reshape(n, *x.shape[1:])

    return function


def indices():
    """Cases of take(x, index, axis)."""
    found = [np.array([0, 2, 2]), np.array([[1, 0], [-1, 1]]), np.array(1), np.array([], int), [0, 1], 1, np.array([2, 0], np.uint8)]
    cases = [case(v, i) for i in found] + [case(x, i, axis=a) for i in found for a in (0, 1, -1)] + [case(x, np.array([11, 0, 3])), case(x, [-1, 4], None)]
    return [*cases, case(box, np.array([1, 1]), axis=1), case(box, [[0, 2]], 1), case(strided(x), found[0], 0), case(x.T, found[1], 1), case(x.astype(np.float32), found[0], 1), case(normal(0, 3), found[3], 0)]


def places(size, *shape):
    return np.random.default_rng(shape).integers(-size, size, shape)


def along():
    """Cases of take_along_axis(x, index, axis)."""
    cases = [case(x, places(3, 4, n), axis=a) for n in (1, 2, 3, 5) for a in (1, -1)] + [case(x, places(4, n, 3), axis=0) for n in (1, 2, 4, 6)]
    cases += [case(x, places(3, 1, 2), axis=1), case(x, places(3, 2, 2), axis=1), case(x, places(4, 2, 1), 0), case(x, places(12, 5), axis=None), case(v, places(5, 7)), case(v, [0, 4, -1])]
    cases += [case(box, places(n, 2, 3, 2), axis=a) for a, n in ((0, 2), (1, 3), (2, 2), (-1, 2))] + [case(strided(x), places(3, 4, 2)), case(x.T, places(4, 3, 2)), case(x.astype(np.float32), places(3, 4, 2))]
    return [*cases, case(x, places(3, 4, 0)), case(x[:1], places(3, 4, 2)), case(x[:, :1], places(4, 2, 3), axis=0), case(normal(0, 3), np.zeros((0, 2), int)), case(np.broadcast_to(normal(3), (4, 3)), places(3, 4, 2)), case(x, places(3, 4, 2).astype(np.int8) % 3)]


def scatters():
    cases = [case(x, places(3, 4, n), normal(4, n, seed=1), axis=a) for n in (1, 2, 3, 5) for a in (1, -1)] + [case(x, places(4, n, 3), normal(n, 3, seed=1), axis=0) for n in (1, 2, 4, 6)]
    cases += [case(x, places(3, 2, 2), normal(2, 2, seed=1)), case(v, places(5, 7), normal(7)), case(v, [0, 4, 0], normal(3)), case(v, [0, 4, 0], [1.0, 2.0, 3.0]), case(x.astype(np.float32), [[0, 1]], [[1, 2.5]]), case(v, np.array([], int), normal(0)), case(x, places(3, 4, 2), np.float32(2) * normal(4, 2).astype(np.float32))]
    cases += [case(box, places(n, 2, 3, 2), normal(2, 3, 2, seed=1), axis=a) for a, n in ((0, 2), (1, 3), (2, 2), (-1, 2))]
    return [*cases, case(strided(x), places(3, 4, 2), strided(normal(4, 2))), case(x.T, places(4, 3, 2), normal(2, 3).T), case(normal(0, 3), np.zeros((0, 2), int), normal(0, 2)), case(x.astype(np.float32), places(3, 4, 2), normal(4, 2).astype(np.float32)), case(np.broadcast_to(normal(3), (4, 3)), places(3, 4, 2), normal(4, 2))]


def slices():
    cases = [case(x, places(4, n), normal(n, 3, seed=1)) for n in (0, 1, 2, 3, 6)] + [case(x, places(3, n), normal(4, n, seed=1), axis=a) for n in (0, 1, 2, 5) for a in (1, -1)]
    cases += [case(v, places(5, n), normal(n, seed=1)) for n in (0, 1, 2, 8)] + [case(v, [1, 1], normal(2)), case(v, [1, 1], [0.5, 2]), case(x.astype(np.float32), [3], [[1, 2.5, 3]]), case(x, np.array([2, 0], np.uint8), normal(2, 3))]
    cases += [case(box, places(n, 3), normal(*[3 if i == a else m for i, m in enumerate(box.shape)], seed=1), axis=a) for a, n in ((0, 2), (1, 3), (2, 2))]
    return [*cases, case(strided(x), places(4, 2), strided(normal(2, 3))), case(x.T, places(3, 2), normal(4, 2).T), case(x.astype(np.float32), places(4, 2), normal(2, 3).astype(np.float32)), case(np.broadcast_to(normal(3), (4, 3)), places(4, 2), normal(2, 3)), case(normal(0), np.array([], int), normal(0)), case(x, places(4, 2), np.broadcast_to(normal(3), (2, 3)))]


def filled():
    masks = [x > 0, x > 9, x < 9, normal(3) > 0, normal(4, 1) > 0, np.True_, True]
    cases = [case(x, mask, value) for mask in masks for value in (0, -50, 2.5, normal(seed=3))]
    return [*cases, case(v, v > 0, normal(1)), case(box, box < 0, 1.0), case(strided(x), x > 0, 1.0), case(x.T, x.T > 0, 1.0), case(x.astype(np.float32), x > 0, 7.5)]


def segments():
    """Cases of segment_sum and its like: rows, segments, their number."""
    numbers = [[0, 0, 1, 2], [2, 0, 2, 0], [1, 1, 1, 1], [0, 1, 2, 3], [3, 3, 0, 0], [-1, -2, 0, 1]]
    cases = [case(rows, np.array(s), 4) for s in numbers for rows in (x, normal(4), normal(4, 2, 2))] + [case(x, s, 5) for s in numbers[:2]]
    cases += [case(strided(x), np.array(numbers[0]), 4), case(normal(3, 4).T, np.array(numbers[1]), 4), case(x.astype(np.float32), np.array(numbers[1], np.uint8), 3), case(normal(0, 3), np.array([], int), 2), case(x, np.array(numbers[2]), 2)]
    return [*cases, case(normal(1), np.array([0]), 1), case(normal(4, 0), np.array(numbers[0]), 3)]


def none_empty():
    """Cases of segment_max and segment_min in which each segment has a row."""
    numbers = [[0, 0, 1, 1], [1, 0, 1, 0], [0, 1, 0, 0], [1, 1, 0, -1], [-1, 0, 0, 0]]
    cases = [case(rows, np.array(s), 2) for s in numbers for rows in (x, normal(4), normal(4, 2, 2), strided(x))] + [case(x, s, 2) for s in numbers[:2]]
    return [*cases, case(normal(3, 4).T, np.array(numbers[1]), 2), case(x.astype(np.float32), np.array(numbers[1], np.uint8), 2), case(x, np.zeros(4, int), 1), case(normal(1), np.array([0]), 1), case(normal(4, 0), np.array(numbers[0]), 2)]


of_segments = [
    wrong(ValueError, r"the index must be in -2 \.\. 1, for an axis of 2, not 2", x, np.array([0, 1, 2, 0]), 2),
    wrong(TypeError, "segments: the index must be of integers, not float64", x, np.zeros(4), 2),
    wrong(ValueError, r"rows x \(N, \.\.\.\) and segments \(N,\), not shapes \(4, 3\) and \(2,\)", x, np.array([0, 1]), 2),
    wrong(TypeError, "n must be a whole number, not 1.5", x, np.zeros(4, int), 1.5),
]



def written(add):
    def compute(x, index, values):
        y = x.copy()
        np.add.at(y, index, values) if add else y.__setitem__(index, values)
        return y

    return compute




def put_along(x, index, values, axis=-1):
    y, axis, index = x.copy(), axis % x.ndim, np.asarray(index)
    values = np.broadcast_to(values, np.shape(index))
    for place in np.ndindex(*np.shape(index)):
        y[(*place[:axis], index[place], *place[axis + 1 :])] = values[place]
    return y


writings = [case(x, i, w) for i, w in ((0, normal(3)), (slice(1, 3), 2.0), ((slice(None), 1), normal(4)), (x > 0, -1.0), ([0, 2], normal(2, 3)), (([0, 0], [1, 1]), normal(2)), (..., normal(3)), ((None, 2), normal(1, 3)), (np.array([3, 3, 1]), normal(3, 3)), (1, [1, 2.5, 3]))] + [case(x.astype(np.float32), 0, [1, 2.5, 3])] + [case(strided(x), 1, normal(3)), case(x.T, 0, 1.5), case(x.astype(np.float32), 0, normal(3).astype(np.float32))]
unwritable = [wrong(ValueError, "does not broadcast|broadcast", x, 0, normal(2)), wrong(TypeError, "must be floating-point for values of float64", np.arange(3), 0, normal())]
put_cases = [case(x, np.random.default_rng(n).integers(-3, 3, (4, n)), normal(4, n)) for n in (0, 1, 2, 5)] + [case(x, np.array([[0, 1, 2]]), 2.0, 0), case(v, np.array([1, 1, 4]), normal(3)), case(v, [1, 4], [0.5, 2]), case(box, np.array([[[0, 1]]]), normal(1, 1, 2), 1), case(x.astype(np.float32), np.array([[1]]), np.float32(2))]


def framed(x, size, axis=-1):
    return np.lib.stride_tricks.sliding_window_view(x, size, axis).copy()



OPS = [
    Op(
        "take", F.take, taken, indices(),
        [wrong(TypeError, "take: the index must be of integers, not float64", x, np.zeros(2)), wrong(ValueError, r"in -3 \.\. 2, for an axis of 3, not 3", x, np.array([0, 3]), 1), wrong(ValueError, "not -13", x, np.array([-13])), wrong(ValueError, no_axis, x, np.array([0]), 2)],
    ),
    Op(
        "take_along_axis", F.take_along_axis, gathered, along(),
        [wrong(TypeError, "index must be of integers, not float64", x, np.zeros((4, 1))), wrong(ValueError, "for an axis of 3, not 3", x, np.full((4, 1), 3)), wrong(ValueError, r"the axes of x \(4, 3\), none longer but axis 1, not shape \(2,\)", x, np.array([0, 1])), wrong(ValueError, "none longer but axis 1", x, np.zeros((5, 1), int)), wrong(ValueError, no_axis, x, np.zeros((4, 1), int), 2)],
    ),
    Op(
        "scatter_add", F.scatter_add, scattered, scatters(),
        [wrong(TypeError, "index must be of integers, not float64", x, np.zeros((4, 1)), normal(4, 1)), wrong(ValueError, "for an axis of 3, not -4", x, np.full((4, 1), -4), normal(4, 1)), wrong(ValueError, r"a value for each index, not shapes \(4, 2\) and \(4, 1\)", x, np.zeros((4, 1), int), normal(4, 2)), wrong(ValueError, "none longer but axis 1", x, np.zeros((5, 1), int), normal(5, 1))],
    ),
    Op(
        "scatter_reduce", F.scatter_reduce, reduced, [case(*c.args, **c.options, reduction=r) for c in scatters() for r in ("mean", "prod", "max", "min")] + [case(x, [[0], [1], [1], [2]], normal(4, 1)), case(v * (v > 0), [0, 1, 1, 1, 0], normal(5) * [0, 0, 0, 1, 1], reduction="prod")],
        [wrong(ValueError, "reduction must be one of 'sum', 'mean', 'prod', 'max', 'min', not 'amax'", x, [[0]], [[1.0]], reduction="amax"), wrong(TypeError, "must be floating-point for a prod, not int64, int64", np.arange(3), [0], np.array([1]), reduction="prod"), wrong(ValueError, "scatter_reduce takes a value for each index", x, np.zeros((4, 1), int), normal(4, 2))],
    ),
    Op(
        "index_add", F.index_add, added, slices(),
        [wrong(TypeError, "index must be of integers, not float64", x, np.zeros(2), normal(2, 3)), wrong(ValueError, "for an axis of 4, not 4", x, np.array([4]), normal(1, 3)), wrong(ValueError, r"an index \(n,\) and values \('n', 3\), not shapes \(2,\) and \(1, 3\)", x, np.array([0, 1]), normal(1, 3)), wrong(ValueError, no_axis, x, np.array([0]), x, 2)],
    ),
    Op(
        "masked_fill", F.masked_fill, lambda x, mask, value: np.where(mask, np.asarray(value, x.dtype), x), filled(),
        [wrong(TypeError, "must be boolean, not float64", x, x, 0.0), wrong(ValueError, r"must broadcast to x \(3,\), not to \(4, 3\)", normal(3), x > 0, 0.0), wrong(TypeError, "masked_fill takes a Variable or an array, not list", [1.0], True, 0.0)],
    ),
    Op("segment_sum", F.segment_sum, by_segment(lambda rows: rows.sum(0), 0), segments(), of_segments),
    Op("segment_mean", F.segment_mean, by_segment(lambda rows: rows.mean(0), 0), segments(), of_segments),
    Op("segment_max", F.segment_max, by_segment(lambda rows: np.sort(rows, 0)[-1], -math.inf), none_empty(), of_segments),
    Op("segment_max of none", F.segment_max, by_segment(lambda rows: np.sort(rows, 0)[-1], -math.inf), segments(), of_segments, order=0),
    Op("segment_min", F.segment_min, by_segment(lambda rows: np.sort(rows, 0)[0], math.inf), none_empty(), of_segments),
    Op("segment_min of none", F.segment_min, by_segment(lambda rows: np.sort(rows, 0)[0], math.inf), segments(), of_segments, order=0),
    Op("setitem", F.setitem, written(False), writings, [*unwritable, wrong(TypeError, "setitem takes a Variable or an array", [1.0], 0, 1.0)]),
    Op("add_at", F.add_at, written(True), writings, [*unwritable, wrong(TypeError, "add_at takes a Variable or an array", [1.0], 0, 1.0)]),
    Op("put_along_axis", F.put_along_axis, put_along, put_cases, [wrong(ValueError, "for an axis of 3, not 3", x, np.array([[3]]), 1.0), wrong(TypeError, "index must be of integers", x, np.ones((1, 1)), 1.0), wrong(ValueError, "none longer but axis 1", x, np.zeros((5, 1), int), 1.0)]),
    Op("sliding_window_view", F.sliding_window_view, framed, [case(x, n, a) for n in (1, 2, 3) for a in (0, 1, -2)] + [case(v, 5), case(strided(x), 2), case(x.astype(np.float32), 2), case(box, 2, 1)], [wrong(ValueError, "size must be at most 3, not 4", x, 4), wrong(ValueError, "axis 2 does not fit", x, 1, 2), wrong(TypeError, "size must be a whole number", x, 1.5)]),
]  # fmt: skip
