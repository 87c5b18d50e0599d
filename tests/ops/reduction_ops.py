"""Rows for reductions. The references are loops over lists of Python numbers, one list for each place of the result."""

import math
import statistics

import numpy as np

import autograd.functions.reduction as F
from tests.ops.core_ops import by_lists, reductions
from tests.ops.table import Op, case, normal, strided, wrong


def along(x, axis=None):
    """The running sum, as a loop over the positions of the axis."""
    if axis is None:
        x, axis = x.reshape(-1), 0
    y = np.moveaxis(x.copy(), axis, 0)
    for i in range(1, len(y)):
        y[i] = y[i - 1] + y[i]
    return np.moveaxis(y, 0, axis)


def variance(x, axis=None, keepdims=False, ddof=0):
    return by_lists(lambda row: statistics.pvariance(row) * len(row) / (len(row) - ddof))(x, axis, keepdims)


def standard_deviation(x, axis=None, keepdims=False, ddof=0):
    return np.asarray(variance(x.astype(float), axis, keepdims, ddof) ** 0.5, x.dtype)


def length(x, ord=2, axis=None, keepdims=False):
    if ord == 0:
        return by_lists(lambda row: sum(a != 0 for a in row))(x, axis, keepdims)
    powers = lambda row: math.fsum(abs(a) ** ord for a in row) ** (1 / ord)  # noqa: E731
    extreme = lambda row: (max if ord > 0 else min)(map(abs, row))  # noqa: E731
    return by_lists(extreme if abs(ord) == math.inf else powers)(x, axis, keepdims)


def position(pick):
    """Where the first number equal to `pick` of its list stands."""

    def function(x, axis=None, keepdims=False):
        return by_lists(lambda row: row.index(pick(row)))(x, axis, keepdims).astype(int)

    return function


def running():
    """Cases of cumsum(x, axis)."""
    x, box = normal(3, 4), normal(2, 3, 2)
    cases = [case(a) for a in (normal(), normal(1), normal(5), normal(0), x, x.T, strided(x), normal(0, 3), box)]
    cases += [case(x, axis=a) for a in (0, 1, -1, -2)] + [case(box, axis=a) for a in (0, 1, 2, -1, -2, -3)]
    cases += [case(x.T, axis=0), case(strided(x), axis=0), case(normal(0, 3), axis=0), case(normal(0, 3), axis=1)]
    cases += [case(normal(2, 0), -1), case(np.broadcast_to(normal(3), (2, 3)), 0), case(x.astype(np.float32), axis=0)]
    return cases


def zeros_inside():
    """Cases of `prod` with one, two and only zeros among the factors."""
    one, two = np.array([2.0, 0.0, -3.0, 0.5]), np.array([0.0, 1.5, 0.0, 2.0, -1.0])
    box = normal(2, 3, 2)
    box[0, 1], box[1, 0, 0] = 0, 0
    cases = [case(x) for x in (one, two, np.zeros(3), np.zeros(1), normal(7), normal(8), normal(0), normal(2, 0))]
    cases += [case(box, axis=a) for a in (None, 0, 1, (0, 2), (2, 1))]
    return [*cases, case(normal(2, 0), axis=1, keepdims=True)]


def norms():
    """Cases of `norm` with other exponents."""
    x = normal(2, 3)
    cases = [case(x, ord=p) for p in (1, 2.0, 2.5, 3, 4, math.inf, np.float64(2), np.int64(3), 0, 0.5, -1, -2.5, -math.inf)]
    return cases + [case(x, ord=p, axis=a, keepdims=True) for p in (1, 3, math.inf) for a in (0, (0, 1))]


def wrongs(name, *more):
    return [
        wrong(ValueError, r"axis 2 does not fit the shape \(2, 3\)", normal(2, 3), axis=2),
        wrong(ValueError, r"axis -3 does not fit the shape \(2, 3\)", normal(2, 3), axis=-3),
        wrong(TypeError, f"{name} takes a Variable or an array, not (list|float|str)", [1.0, 2.0]),
        *more,
    ]


def no_number(name):
    """Wrong calls of a function along one axis."""
    return [
        wrong(ValueError, r"axis 4 does not fit", normal(2, 3), axis=4),
        wrong(TypeError, r"axis must be one number, not \(0, 1\)", normal(2, 3), axis=(0, 1)),
        wrong(TypeError, f"{name} takes a Variable or an array, not list", [1.0, 2.0]),
    ]


def holey(cases):
    """The cases with every third element of larger arrays nan."""
    found = []
    for c in cases:
        x = np.array(c.args[0])
        if x.size > 2 and x.ndim == 1:
            x[::3] = np.nan
        elif x.ndim > 1:
            x.reshape(-1)[1::5] = np.nan
        found.append(case(x, **c.options))
    return found


def without_nan(f):
    def of_row(row):
        row = [a for a in row if a == a]
        return f(row) if row or f is math.fsum else math.nan

    return by_lists(of_row)


twice = wrong(ValueError, r"axis \(0, -2\) does not fit .* each at most once", normal(2, 3), axis=(0, -2))
nothing = [
    wrong(ValueError, r"takes at least one element over axis None, not shape \(0,\)", normal(0)),
    wrong(ValueError, r"takes at least one element over axis 1, not shape \(2, 0\)", normal(2, 0), axis=1),
]
empty = [case(normal(2, 0)), case(normal(2, 0), axis=1)]
distinct = reductions("max", distinct=True)
ddofs = [case(normal(2, 3), axis=a, ddof=d) for a in (None, 1) for d in (0, 1, 0.5)]
spread = [c for c in distinct if c.args[0].size > 1]  # the deviation of a single number is 0: a kink
equal = [case(np.array([[2, 1, 2], [0, 0, 1]]), axis=1), case(np.array([1.0, 3.0, 3.0, 1.0])), case(np.zeros((2, 2)))]
large = [case(normal(2, 3) + 1e4), case(normal(2, 3) * 1e3, axis=1), case(np.zeros(3)), case(np.full(2, -1e4))]
smallest = wrong(ValueError, r"more than ddof = 3 elements over axis 1, not shape \(2, 3\)", normal(2, 3), axis=1, ddof=3)



def both(f):
    return lambda *args, **o: (f(*args, **o), by_lists(lambda row: math.fsum(row) / len(row))(*args, **{k: w for k, w in o.items() if k != "ddof"}))



OPS = [
    Op("sum", F.sum, by_lists(math.fsum), [*distinct, *empty], wrongs("sum", twice)),
    Op("mean", F.mean, by_lists(statistics.fmean), distinct, wrongs("mean", twice, *nothing)),
    Op("var", F.var, variance, [*distinct, *ddofs], wrongs("var", twice, *nothing, smallest)),
    Op("std", F.std, standard_deviation, [*spread, *ddofs], wrongs("var", twice, *nothing, smallest)),
    Op("max", F.max, by_lists(max), distinct, wrongs("max", twice, *nothing)),
    Op("min", F.min, by_lists(min), distinct, wrongs("min", twice, *nothing)),
    Op("argmax", F.argmax, position(max), [*distinct, *equal], wrongs("argmax", twice, *nothing), order=0),
    Op("argmin", F.argmin, position(min), [*distinct, *equal], wrongs("argmin", twice, *nothing), order=0),
    Op(
        "logsumexp",
        F.logsumexp,
        by_lists(lambda row: max(row) + math.log(math.fsum(math.exp(a - max(row)) for a in row))),
        [*distinct, *large],
        wrongs("logsumexp", twice, *nothing),
    ),
    Op(
        "cumsum",
        F.cumsum,
        along,
        running(),
        wrongs("cumsum", wrong(TypeError, r"axis must be one number, not \(0, 1\)", normal(2, 3), axis=(0, 1))),
    ),
    Op("prod", F.prod, by_lists(math.prod), [*distinct, *zeros_inside()], wrongs("prod", twice)),
    Op(
        "norm",
        F.norm,
        length,
        [*distinct, *norms(), *empty],
        wrongs(
            "norm",
            twice,
            wrong(ValueError, "ord must be a number, not nan", normal(2), ord=math.nan),
            wrong(TypeError, "ord must be a number, not 'fro'", normal(2), ord="fro"),
            wrong(ValueError, "at least one element", normal(0), ord=math.inf),
        ),
    ),
    Op("nansum", F.nansum, without_nan(math.fsum), [*distinct, *empty], wrongs("nansum", twice)),
    Op("nanmean", F.nanmean, without_nan(statistics.fmean), distinct, wrongs("nanmean", twice, *nothing)),
    Op("nansum of holes", F.nansum, without_nan(math.fsum), holey(distinct), wrongs("nansum", twice), order=0),
    Op("nanmean of holes", F.nanmean, without_nan(statistics.fmean), holey(distinct), wrongs("nanmean", twice), order=0),
    Op("var_mean", F.var_mean, both(variance), [*distinct, *ddofs], wrongs("var", twice, *nothing, smallest)),
    Op("std_mean", F.std_mean, both(standard_deviation), [c for c in [*distinct, *ddofs] if c.args[0].size > 1], wrongs("var", twice, *nothing, smallest)),
]
