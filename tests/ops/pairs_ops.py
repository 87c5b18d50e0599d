"""Rows for functions of two numbers. The reference is Python's `math`, one pair after the other."""

import math

import numpy as np

import autograd.functions.pairs as F
from tests.ops.arithmetic_ops import by_element, listed, none, shapes
from tests.ops.table import Op, case, normal, pairs


def log_of_sum(a, b):
    m = max(a, b)
    return m if m == -math.inf else m + math.log(math.exp(a - m) + math.exp(b - m))


def x_log_y(x, y):
    return 0.0 if x == 0 else x * math.log(y)


x = normal(2, 3)
zeros = [case(np.array([0.0, 0.0, 2.0]), np.array([0.7, 3.0, 1.5])), case(np.array([0.0, 1.0]), np.array([2.0, 2.0]))]
between = [case(*c.args, 0.25) for c in pairs()] + [case(*c.args, normal(seed=5)) for c in pairs()[:20]]

OPS = [
    Op("arctan2", F.arctan2, by_element(math.atan2), pairs(low=0.3) + [case(-x, np.abs(x) + 0.2)], shapes + none("arctan2", 1.0) + listed(x)),
    Op("hypot", F.hypot, by_element(math.hypot), pairs(low=0.3), shapes + none("hypot", 1.0) + listed(x)),
    Op("logaddexp", F.logaddexp, by_element(log_of_sum), pairs(), shapes + none("logaddexp", 1.0) + listed(x)),
    Op("xlogy", F.xlogy, by_element(x_log_y), pairs(low=0.3) + zeros, shapes + none("xlogy", 1.0) + listed(x)),
    Op("lerp", F.lerp, by_element(lambda a, b, t: a + t * (b - a)), between, [*none("lerp", 1.0, 1.0), *listed(x, x)]),
]
