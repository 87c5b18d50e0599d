"""Rows for functions of two numbers. The reference is Python's `math`, one pair after the other."""

import math

import numpy as np

import autograd.functions.pairs as F
from tests.ops.arithmetic_ops import by_element, listed, none, shapes
from tests.ops.rounding_ops import none as neither
from tests.ops.table import Op, case, normal, pairs, strided


def log_of_sum(a, b):
    m = max(a, b)
    return m if m == -math.inf else m + math.log(math.exp(a - m) + math.exp(b - m))


def x_log_y(x, y):
    return 0.0 if x == 0 else x * math.log(y)


x = normal(2, 3)
zeros = [case(np.array([0.0, 0.0, 2.0]), np.array([0.7, 3.0, 1.5])), case(np.array([0.0, 1.0]), np.array([2.0, 2.0]))]
between = [case(*c.args, 0.25) for c in pairs()] + [case(*c.args, normal(seed=5)) for c in pairs()[:20]]

two = [case(normal(*s), normal(*t, seed=3)) for s, t in (((), ()), ((3,), (3,)), ((2, 3), (3,)), ((2, 1), (1, 3)), ((0,), (1,)), ((2, 3, 2), (3, 1)))] + [case(x, 1.5), case(x.astype(np.float32), x.astype(np.float32) + 1), case(strided(x), x + 1)]
holes = [case(np.array([math.nan, 1.0, 2.0, math.nan]), np.array([1.0, math.nan, 3.0, math.nan])), case(np.array([math.nan, 2.0]), 1.0)] * 4


def extreme(pick):
    return by_element(lambda a, b: b if a != a else a if b != b else pick(a, b))



OPS = [
    Op("arctan2", F.arctan2, by_element(math.atan2), pairs(low=0.3) + [case(-x, np.abs(x) + 0.2)], shapes + none("arctan2", 1.0) + listed(x)),
    Op("hypot", F.hypot, by_element(math.hypot), pairs(low=0.3), shapes + none("hypot", 1.0) + listed(x)),
    Op("logaddexp", F.logaddexp, by_element(log_of_sum), pairs(), shapes + none("logaddexp", 1.0) + listed(x)),
    Op("xlogy", F.xlogy, by_element(x_log_y), pairs(low=0.3) + zeros, shapes + none("xlogy", 1.0) + listed(x)),
    Op("lerp", F.lerp, by_element(lambda a, b, t: a + t * (b - a)), between, [*none("lerp", 1.0, 1.0), *listed(x, x)]),
    Op("fmax", F.fmax, extreme(max), two, neither("fmax")), Op("fmax of holes", F.fmax, extreme(max), holes, neither("fmax"), order=0),
    Op("logaddexp2", F.logaddexp2, by_element(lambda a, b: math.log2(2**a + 2**b)), two, neither("logaddexp2")),
    Op("xlog1py", F.xlog1py, by_element(lambda a, b: a * math.log1p(b) if a else 0.0), [case(c.args[0], np.asarray(np.abs(c.args[1]), c.args[0].dtype)) for c in two] + [case(np.array([0.0, 1.0]), np.array([2.0, -0.5]))], neither("xlog1py")),
    Op("fmin", F.fmin, extreme(min), two, neither("fmin")), Op("fmin of holes", F.fmin, extreme(min), holes, neither("fmin"), order=0),
]
