"""Rows for arithmetic as functions, and for choosing. The references are loops over Python numbers."""

import math

import numpy as np

import autograd.functions.arithmetic as F
from tests.ops.table import Op, away_from, case, normal, pairs, strided, unary, wrong


def by_element(f):
    """The function of arrays and numbers, broadcast, that applies f to their elements as Python numbers."""

    def function(*xs, **options):
        xs = [np.asarray(x, float) if isinstance(x, list) else x for x in xs]
        dtype = np.result_type(*xs) if np.result_type(*xs).kind == "f" else np.float64
        xs = np.broadcast_arrays(*xs)
        rows = zip(*[x.ravel().tolist() for x in xs])
        return np.array([f(*row, **options) for row in rows], dtype).reshape(xs[0].shape)

    return function


def apart(cases):
    """`cases` with the second operand moved where it is nearly equal to the first: there is a kink."""
    moved = []
    for c in cases:
        x0, x1 = c.args
        dtype = getattr(x1, "dtype", np.dtype(float))
        near = np.abs(np.subtract(x0, x1)) < 0.05
        x1 = np.asarray(x1 + 0.1 * near.any(), dtype) if near.any() else x1
        assert not (np.abs(np.subtract(x0, x1)) < 0.02).any()
        moved.append(case(x0, x1))
    return moved


def chosen():
    """Cases of `where`: conditions of every shape beside operands of every shape."""
    shapes = [
        ((), (), ()), ((3,), (3,), (3,)), ((2, 3), (2, 3), (2, 3)), ((3,), (2, 3), (2, 3)), ((2, 1), (3,), (2, 3)),
        ((), (2, 3), (3,)), ((2, 3), (), ()), ((2, 3), (3,), ()), ((2, 3), (1, 3), (2, 1)), ((0,), (0,), (1,)),
        ((2, 3, 4), (4,), (3, 1)), ((1,), (2, 2), (2, 2)), ((0, 3), (3,), (3,)), ((4, 1), (1, 4), ()),
    ]  # fmt: skip
    cases = [case(normal(*c) > 0, normal(*a, seed=1), normal(*b, seed=2)) for c, a, b in shapes]
    x, y = normal(2, 3), normal(2, 3, seed=5)
    cases += [case(x > 0, x, 0), case(x > 0, 1.5, x), case(True, x, y), case(False, x, y), case(np.True_, x, 2)]
    cases += [case(strided(x) > 0, strided(x), y.T.copy().T), case(x.T > 0, x.T, normal(3, 2)), case(x > 9, x, y)]
    narrow = x.astype(np.float32)
    cases += [case(x > 0, narrow, 0.5), case(x > 0, narrow, narrow * 2), case(x > 0, narrow, y), case(x > 0, x, narrow)]
    return cases


def limited():
    """Cases of `clip`, with no element at a limit."""
    both = unary(points=(-1, 1))
    low = [case(*c.args, -1, None) for c in both[2::3]]
    high = [case(*c.args, None, 1.0) for c in both[2::3]]
    x = away_from(normal(3, 4), -1, 1)
    equal = [case(x, 5, 5), case(x, -9.0, 9), case(x, np.float64(-1), np.int64(1))]
    return [case(*c.args, -1.0, 1.0) for c in both] + low + high + equal


def between_arrays():
    """Cases of `clip` with limits that are arrays, some of them crossed."""
    x, low, high = np.arange(6.0).reshape(2, 3) - 2.5, np.array([-1.2, 0.7, -3.0]), np.array([[0.9], [-2.1]])
    cases = [case(x, low, high), case(x, low, None), case(x, None, high), case(x, -1, high), case(x, low, 1.0)]
    cases += [case(x[0], low, np.asarray(1.2)), case(np.asarray(0.3), low, high), case(strided(x), low, high)]
    return [*cases, case(*[a.astype(np.float32) for a in (x, low, high)])]


def listed(*before):
    """A list and a string, with which Python would do something else."""
    return [wrong(TypeError, "takes Variables, arrays and numbers", *before, x) for x in ([1.0, 2.0], "text", (1,))]


def none(name, *more):
    return [wrong(TypeError, rf"^{name} takes Variables, arrays and numbers, not {type(x).__name__}: ", x, *more) for x in (None, "text", {})]


shapes = [wrong(ValueError, "broadcast", normal(*a), normal(*b)) for a, b in (((2,), (3,)), ((2, 3), (3, 2)))]
powers = [case(normal(3, 2), p) for p in (0, 1, 2, 3, -1)]
at_zero = [case(np.array([0.0, 1.0, -2.0]), p) for p in (0, 1, 2, 3)]
smooth = unary(points=(0,))
x = normal(2, 3)

OPS = [
    Op("add", F.add, by_element(lambda a, b: a + b), pairs(), [*shapes, *listed(x)]),
    Op("sub", F.sub, by_element(lambda a, b: a - b), pairs(), [*shapes, *listed(x)]),
    Op("mul", F.mul, by_element(lambda a, b: a * b), pairs(), [*shapes, *listed(x)]),
    Op("div", F.div, by_element(lambda a, b: a / b), pairs(low=0.3), [*shapes, *listed(x)]),
    Op("power", F.power, by_element(math.pow), pairs(low=0.3, high=2) + powers + at_zero, [*shapes, *listed(x)]),
    Op("neg", F.neg, by_element(lambda a: 0.0 - a), unary(), listed()),
    Op("abs", F.abs, by_element(math.fabs), smooth, listed() + none("abs")),
    Op("sign", F.sign, by_element(lambda a: (a > 0) - (a < 0)), smooth, none("sign")),
    Op("maximum", F.maximum, by_element(max), apart(pairs()), shapes + none("maximum", 1.0)),
    Op("minimum", F.minimum, by_element(min), apart(pairs()), shapes + none("minimum", 1.0)),
    Op(
        "where",
        F.where,
        by_element(lambda c, a, b: a if c else b),
        chosen(),
        [
            wrong(TypeError, "must be boolean, not float64", x, x, x),
            wrong(TypeError, "must be boolean, not int: compare first", 1, x, x),
            wrong(TypeError, "must be boolean, not list", [True], x, x),
            wrong(ValueError, "broadcast", x > 0, normal(2), normal(3)),
        ],
    ),
    Op(
        "clip",
        F.clip,
        lambda x, low, high: by_element(lambda a, b, c: min(max(a, b), c))(
            x, -math.inf if low is None else low, math.inf if high is None else high
        ).astype(x.dtype),
        [*limited(), *between_arrays(), case(normal(2, 3), [-0.5, 0, 0.2], [0.3, 0.4, 1]), case(normal(3), [-0.5] * 3, None)],
        [
            wrong(ValueError, "takes low, high or both, not None and None", x, None, None),
            wrong(ValueError, "low must be at most 1, not 2", x, 2, 1.0),
            wrong(ValueError, "low must be at most 1, not nan", x, math.nan, 1.0),
            wrong(TypeError, "high must be a number, not '2'", x, 0, "2"),
        ],
    ),
]
