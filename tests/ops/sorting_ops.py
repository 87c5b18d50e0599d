"""Rows for elements in order. The references are Python's `sorted` and `statistics` on lists, one for each row."""

import math
import statistics

import numpy as np

import autograd.functions.sorting as F
from tests.ops.core_ops import by_lists, reductions
from tests.ops.reduction_ops import holey, no_number, nothing, twice, wrongs
from tests.ops.table import Op, case, normal, strided, wrong

v, x, box = normal(6), normal(3, 4), normal(2, 3, 2)


def along(f):
    """The function that puts f(a list) in the place of each list along the axis."""

    def function(x, *args, axis=-1, **options):
        x, axis = (x.reshape(-1), 0) if axis is None else (x, axis)
        moved = np.moveaxis(x, axis, -1)
        rows = [f(row, *args, **options) for row in moved.reshape(math.prod(moved.shape[:-1]), moved.shape[-1]).tolist()]
        return np.moveaxis(np.array(rows).reshape(*moved.shape[:-1], -1 if rows else moved.shape[-1]), -1, axis)

    return function


def order(row, descending=False):
    return sorted(range(len(row)), key=row.__getitem__, reverse=descending)


def of_kind(f):
    return lambda x, *args, **options: f(x, *args, **options).astype(x.dtype)


def first_ones(x, k, axis=-1, largest=True):
    first = lambda row: order(row, largest)[:k]  # noqa: E731
    return of_kind(along(lambda row: [row[i] for i in first(row)]))(x, axis=axis), along(first)(x, axis=axis).astype(int)


def sorts():
    cases = [case(a) for a in (v, x, box, normal(1), normal(0), normal(2, 1), normal(1, 4), x.T, strided(x), x.astype(np.float32))]
    cases += [case(x, axis=a) for a in (0, 1, -2, None)] + [case(box, axis=a) for a in (0, 1, 2, -1, -2, None)] + [case(a, descending=True) for a in (v, x, box, strided(x))]
    return cases + [case(x, axis=a, descending=True) for a in (0, -1, None)] + [case(normal(n, seed=n)) for n in range(2, 9)] + [case(x.T, axis=0), case(normal(2, 2, 2, 2), axis=1)]


def firsts():
    cases = [case(v, k) for k in (1, 2, 3, 5, 6)] + [case(x, k, axis=a) for k in (1, 2, 3) for a in (0, 1, -1)]
    cases += [case(normal(8), k, largest=False) for k in (0, 1, 2, 3, 8)] + [case(normal(2, 9), 2, axis=1, largest=False), case(box, 1, axis=1, largest=False)]
    return [*cases, *[case(box, 2, axis=a) for a in (0, 1, 2)], case(strided(x), 2), case(x.T, 2), case(x.astype(np.float32), 2), case(normal(1), 1), *[case(normal(n, seed=n), n) for n in range(2, 8)]]


def part(row, q):
    """The number on the straight line between two of the sorted ones."""
    row, place = sorted(row), q * (len(row) - 1)
    i = min(int(place), len(row) - 2) if len(row) > 1 else 0
    return row[i] + (row[min(i + 1, len(row) - 1)] - row[i]) * (place - i)


def quantiles(x, q, axis=None, keepdims=False):
    if np.ndim(q):
        return np.array([quantiles(x, p, axis, keepdims) for p in q], x.dtype)
    return by_lists(lambda row: part(row, q))(x, axis, keepdims)


distinct = reductions("max", distinct=True)
parts = [case(*c.args, q, **c.options) for c, q in zip(distinct, [0.3, 0.75, 0.1, 0.9, 0.5] * len(distinct))]
parts += [case(x, q, **o) for q in (0, 1, 1.0, 0.25, [0.2, 0.7], np.array([1, 0]), (0.9, 0.1, 0.4), [[0.2, 0.7], [0.4, 1]], np.array([0.2, 0.8]), np.array(0.6)) for o in ({}, {"axis": 0}, {"axis": 1, "keepdims": True})]
with_q = [wrong(w.error, w.match.replace("NAME", "quantile"), *w.args, 0.5, **w.options) for w in (*wrongs("NAME"), twice, *nothing)]
size = wrong(ValueError, "k must be at most 4, not 5", x, 5)



def parts_of(x, q, axis=None, keepdims=False, method="linear"):
    return np.asarray(np.nanquantile(x.astype(float), q, axis=axis, keepdims=keepdims, method=method), x.dtype)


with_methods = [case(x, q, axis=a, method=m) for q in (0.3, 0.6) for a in (None, 0) for m in ("lower", "higher", "nearest", "midpoint")]

OPS = [
    Op("argsort", F.argsort, lambda x, **o: along(order)(x, **o).astype(int), sorts(), [*no_number("argsort"), wrong(TypeError, "descending must be True or False, not 1", x, 0, 1)], order=0),
    Op("sort", F.sort, of_kind(along(lambda row, descending=False: sorted(row, reverse=descending))), sorts(), no_number("sort")),
    Op("topk", lambda *args, **options: F.topk(*args, **options)[0], lambda *args, **options: first_ones(*args, **options)[0], firsts(), [size, wrong(TypeError, "k must be a whole number, not 1.0", x, 1.0), wrong(ValueError, "k must be at least 0", x, -1), wrong(ValueError, "axis 2 does not fit", x, 1, 2), wrong(TypeError, "largest must be True or False, not 1", x, 1, largest=1)]),
    Op("topk numbers", lambda *args, **options: F.topk(*args, **options)[1], lambda *args, **options: first_ones(*args, **options)[1], firsts(), [size, wrong(ValueError, "at least 0, not -1", x, -1)], order=0),
    Op("median", F.median, by_lists(statistics.median), distinct, wrongs("median", twice, *nothing)),
    Op(
        "quantile", F.quantile, quantiles, parts,
        [*with_q, wrong(ValueError, r"q must be in 0 \.\. 1, not 1.5", x, 1.5), wrong(ValueError, "not nan", x, math.nan), wrong(TypeError, "q must be a number or a list of numbers, not 'a'", x, "a")],
    ),
    Op("quantile by methods", F.quantile, parts_of, with_methods, [wrong(ValueError, "method must be one of 'linear'", x, 0.5, method="middle"), wrong(ValueError, "axis 2", x, 0.5, 2)]),
    Op("nanquantile", F.nanquantile, parts_of, with_methods + [case(x, 0.4), case(v, [0.2, 0.7]), case(box, 0.3, 1, True)], [wrong(ValueError, "method must be one of 'linear'", x, 0.5, method="middle"), wrong(ValueError, r"q must be in 0 \.\. 1", x, 2), *[wrong(ValueError, "at least one element", normal(0), 0.5)]]),
    Op("nanquantile of holes", F.nanquantile, parts_of, [case(c.args[0], 0.3, axis=0) for c in holey([case(x), case(normal(7)), case(normal(9, 4)), case(normal(5, 2, 2))])] * 2, [wrong(ValueError, r"q must be in 0 \.\. 1", x, 2), wrong(TypeError, "q must be a number", x, "a")], order=0),
    Op("nanmedian", F.nanmedian, by_lists(lambda row: part(row, 0.5)), distinct, wrongs("nanmedian", twice, *nothing)),
]  # fmt: skip
