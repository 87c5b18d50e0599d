"""Rows for what a Variable can do by itself: operators, indexing, and the methods that it has in common with arrays."""

import math
import operator

import numpy as np

from autograd.algebra import getitem, matmul
from autograd.variable import Variable, as_variable
from tests.ops.table import Op, case, normal, pairs, strided, wrong


def of_elements(f):
    """The function of arrays that applies f to pairs of Python numbers, one after the other."""

    def function(x, y):
        x, y = np.broadcast_arrays(x, y)
        dtype = np.result_type(x, y) if np.result_type(x, y).kind == "f" else np.float64
        return np.array([f(float(a), float(b)) for a, b in zip(x.flat, y.flat)], dtype).reshape(x.shape)

    return function


def matmul_by_sums(x, W):
    """Sum over k of x[..., n, k] W[..., k, m], after 1-D operands have become a row and a column."""
    rows, columns = (x[None] if x.ndim == 1 else x), (W[:, None] if W.ndim == 1 else W)
    y = (rows[..., :, :, None] * columns[..., None, :, :]).sum(-2)
    y = y[..., 0, :] if x.ndim == 1 else y
    return y[..., 0] if W.ndim == 1 else y


def dot(x, W):
    """The method of a Variable; arrays alone give an array, which NumPy's own method would widen."""
    y = as_variable(x).dot(W)
    return y if isinstance(x, Variable) or isinstance(W, Variable) else y.data


def dot_by_sums(x, W):
    """The same, but a batch of matrices W is an axis of its own."""
    if np.ndim(x) == 0 or np.ndim(W) == 0:
        return x * W
    return matmul_by_sums(x, W) if W.ndim < 3 else np.stack([dot_by_sums(x, w) for w in W], axis=-2)


def take(x, index):
    """The elements whose numbers, in a list of all, stand at the index."""
    numbers = np.arange(x.size).reshape(x.shape)[index]
    return np.array([x.flat[n] for n in np.ravel(numbers)], x.dtype).reshape(np.shape(numbers))


def products():
    shapes = [
        ((2, 3), (3, 4)), ((1, 3), (3, 1)), ((1, 1), (1, 1)), ((3,), (3,)), ((1,), (1,)), ((2, 3), (3,)),
        ((3,), (3, 2)), ((2, 2, 3), (3, 2)), ((2, 2, 3), (2, 3, 2)), ((2, 3), (2, 3, 2)), ((1, 2, 3), (2, 3, 1)),
        ((2, 1, 2, 2), (3, 2, 1)), ((3,), (2, 3, 2)), ((2, 2, 3), (3,)), ((2, 1, 2, 3), (3, 2)), ((0, 3), (3, 2)),
        ((2, 0), (0, 3)), ((2, 3), (3, 0)), ((0,), (0,)), ((0, 2, 3), (3, 2)), ((2, 0, 3), (3, 2)),
    ]  # fmt: skip
    cases = [case(normal(*a, seed=1), normal(*b, seed=2)) for a, b in shapes]
    x, W = normal(2, 3), normal(3, 4, seed=3)
    cases += [case(strided(x), W), case(x, strided(W)), case(normal(3, 2).T, normal(4, 3).T), case(x, x.T)]
    cases += [case(np.broadcast_to(x[:1], (2, 3)), W), case(normal(2, 2, 3).transpose(1, 0, 2), W)]
    narrow = x.astype(np.float32)
    cases += [case(narrow, W.astype(np.float32)), case(narrow, W), case(x, np.eye(3, dtype=np.int8))]
    return cases


def indices():
    x, v, box = normal(3, 4), normal(5, seed=1), normal(2, 3, 4)
    rows, mask = np.array([0, 2, 2, 0]), np.array([[True, False, True, False]] * 3)
    backwards = slice(None, None, -2)
    cases = [case(v, i) for i in (0, -1, np.int64(2), slice(None), slice(1, 4), backwards, slice(9, 9), ..., None)]
    cases += [case(v, i) for i in (np.array([1, 1, 1]), np.array([], int), np.array([[0, -1], [2, 2]]))]
    cases += [case(v, v > 0), case(v, (v > 9,)), case(v, [4, 0, 4]), case(v, ())]
    cases += [case(x, i) for i in (1, (1, 2), (-1, -1), (slice(None), 1), (slice(0, 2), slice(1, None, 2)), rows, mask)]
    cases += [case(x, i) for i in ((rows, rows), (rows, np.array(1)), (slice(None), rows), (..., 0), (None, ..., None))]
    cases += [case(x, (np.array([[0], [2]]), np.array([1, 1]))), case(x, mask[:, 0]), case(x, (slice(None), mask[0]))]
    cases += [case(box, i) for i in ((0, ..., rows), (slice(None), rows[:2], rows[:2]), (..., None, 1))]
    cases += [case(box, (rows % 2, 1, rows)), case(box, (rows % 2, slice(1, None), rows)), case(box, box > 0)]
    cases += [case(normal(), ()), case(normal(), ...), case(normal(), None), case(normal(0, 3), slice(None, None, -1))]
    cases += [case(x.T, (1, rows % 3)), case(strided(x), (slice(None), 2)), case(x.astype(np.float32), rows)]
    return cases


def powers():
    x = normal(3, 2)
    arrays = np.array([0, 3], np.int8), np.array([[3], [2], [-1]], np.int8)
    constants = [case(x, p) for p in (0, 1, 2, 3, -1, -2, 4.0, *arrays)]
    at_zero = [case(np.array([0.0, 1.0, -2.0]), p) for p in (0, 1, 2, 3, 5)]
    halves = [case(normal(3, low=0.3, high=2), p) for p in (0.5, -0.5, 1.5)]
    return pairs(low=0.3, high=2.0) + constants + at_zero + halves + [case(2.0, x), case(0.5, normal())]


def reductions(function, distinct=False):
    """Cases of `function(x, axis, keepdims)`; with `distinct`, without empty reductions."""
    x, box = normal(3, 4), normal(2, 3, 2)
    cases = [case(normal(*shape)) for shape in ((), (1,), (5,), (2, 3, 2))]
    cases += [case(strided(normal(5))), case(x), case(x.T), case(x, keepdims=True)]
    cases += [case(x, axis=a, keepdims=k) for a in (0, 1, -1, -2, (0, 1)) for k in (False, True)]
    cases += [case(box, axis=a) for a in (0, 1, -1, (0, 2), (-1, 0), (2, 0, 1))] + [case(box, axis=(1,), keepdims=True)]
    cases += [case(normal(0, 3), axis=1), case(normal(0, 3), axis=-1, keepdims=True)]
    cases += [case(x.astype(np.float32), axis=0)]
    return cases if distinct else [*cases, case(normal(2, 1, 2, 1), axis=(1, 3))]


def reduction(name, reference):
    wrongs = [wrong(ValueError, "axis", normal(2, 3), axis=2), wrong(ValueError, "axis", normal(2, 3), axis=(0, 0))]
    f = lambda x, axis=None, keepdims=False: getattr(x, name)(axis=axis, keepdims=keepdims)  # noqa: E731
    return Op(f"Variable.{name}", f, reference, reductions(name, distinct=name in ("max", "min")), wrongs)


def by_lists(f):
    """f of a list of numbers for each place of the result: the reduction, as a loop."""

    def function(x, axis=None, keepdims=False):
        axes = range(x.ndim) if axis is None else np.atleast_1d(axis) % x.ndim
        rest = [i for i in range(x.ndim) if i not in axes]
        shape = tuple(1 if i in axes else n for i, n in enumerate(x.shape) if keepdims or i not in axes)
        sizes = math.prod(x.shape[i] for i in rest), math.prod(x.shape[i] for i in axes)
        rows = x.transpose([*rest, *axes]).reshape(sizes)
        return np.array([f(row.tolist()) for row in rows], x.dtype).reshape(shape)

    return function


shapes = [wrong(ValueError, "broadcast", normal(*a), normal(*b)) for a, b in (((2,), (3,)), ((2, 3), (3, 2)))]
refused = r"^(add|sub|mul|div|power) takes Variables, arrays and numbers, not (dict|NoneType): |a Variable holds numbers|not contain a loop|not supported|unsupported operand"
not_numbers = [wrong(TypeError, refused, normal(2), y) for y in ("a", {}, None)]


def comparison(name, f):
    equal = normal(2, 3)
    cases = pairs() + [case(equal, equal.copy()), case(equal.round(), 0.0), case(np.arange(3), np.array([0, 5, 2]))]
    reference = lambda x, y: of_elements(f)(x, y).astype(bool)  # noqa: E731
    return Op(f"comparison {name}", getattr(operator, name), reference, cases, shapes, order=0)


OPS = [
    Op(
        "matmul",
        matmul,
        matmul_by_sums,
        products(),
        [
            wrong(ValueError, r"matmul of shapes \(3, 2\) and \(3,\)", normal(3, 2), normal(3)),
            wrong(ValueError, r"matmul of shapes \(2, 3\) and \(2, 2\)", normal(2, 3), normal(2, 2)),
            wrong(ValueError, r"matmul of shapes \(2,\) and \(3,\)", normal(2), normal(3)),
            wrong(ValueError, r"matmul of shapes \(\) and \(3,\)", normal(), normal(3)),
            wrong(ValueError, r"matmul of shapes \(2, 3\) and \(\)", normal(2, 3), 2.0),
        ],
    ),
    Op(
        "Variable.dot",
        dot,
        dot_by_sums,
        [c for c in products() if max(x.ndim for x in c.args) < 3]
        + [case(normal(2, 3), normal(2, 3, 2)), case(normal(3), normal(2, 3, 2)), case(normal(2, 2, 3), normal(3))]
        + [case(normal(2, 3), 2.0), case(normal(2, 3), normal())],
        [
            wrong(ValueError, r"dot of shapes \(3, 2\) and \(3,\)", normal(3, 2), normal(3)),
            wrong(ValueError, r"different sizes", normal(3, 2), normal(2, 3, 2)),
            wrong(TypeError, "takes a Variable or an array, not str", normal(3), "a"),
        ],
    ),
    Op(
        "getitem",
        getitem,
        take,
        indices(),
        [
            wrong(IndexError, "out of bounds", normal(3), 3),
            wrong(IndexError, "too many indices", normal(3), (0, 0)),
            wrong(IndexError, "boolean index", normal(3), np.array([True, False])),
            wrong(IndexError, "only integers", normal(3), 1.0),
            wrong(IndexError, "only integers", normal(3), "a"),
        ],
    ),
    Op("operator +", operator.add, of_elements(lambda a, b: a + b), pairs(), [*shapes, *not_numbers]),
    Op("operator -", operator.sub, of_elements(lambda a, b: a - b), pairs(), [*shapes, *not_numbers]),
    Op("operator *", operator.mul, of_elements(lambda a, b: a * b), pairs(), shapes),
    Op("operator /", operator.truediv, of_elements(lambda a, b: a / b), pairs(low=0.3), [*shapes, *not_numbers]),
    Op("operator **", operator.pow, of_elements(math.pow), powers(), [*shapes, *not_numbers]),
    reduction("sum", by_lists(math.fsum)),
    reduction("mean", by_lists(lambda row: math.fsum(row) / len(row) if row else math.nan)),
    reduction("max", by_lists(max)),
    reduction("min", by_lists(min)),
    comparison("lt", lambda a, b: a < b),
    comparison("le", lambda a, b: a <= b),
    comparison("gt", lambda a, b: a > b),
    comparison("ge", lambda a, b: a >= b),
    comparison("eq", lambda a, b: a == b),
    comparison("ne", lambda a, b: a != b),
]
