"""Rows for steps. The reference is Python's `math`, one number after the other."""

import math

import numpy as np

import autograd.functions.rounding as F
from tests.ops.arithmetic_ops import by_element as by_pairs
from tests.ops.elementwise_ops import arrays, by_element, not_numbers
from tests.ops.table import Op, away_from, case, normal, strided, wrong

steps = (-3, -2.5, -2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 2.5, 3)
x = normal(2, 3)
digits = [case(normal(4) * 100 + 0.123, decimals=d) for d in (1, 2, 3, -1, -2, np.int64(1))]
holes = np.array([1.5, math.nan, math.inf, -math.inf, -2.0])


def filled(x, nan=0.0, posinf=None, neginf=None):
    most = float(np.finfo(x.dtype).max)
    posinf, neginf = most if posinf is None else posinf, -most if neginf is None else neginf
    return by_element(lambda a: nan if a != a else posinf if a == math.inf else neginf if a == -math.inf else a)(x)



def none(name):
    return [wrong(TypeError, rf"^{name} takes Variables, arrays and numbers, not NoneType", None, x), wrong(TypeError, f"^{name} takes", x, "text")]




def apart(low=0.3):
    """Pairs whose quotient is no whole number."""
    shapes = [((), ()), ((3,), (3,)), ((2, 3), (3,)), ((2, 1), (1, 3)), ((4,), (1,)), ((0,), (1,)), ((2, 3, 2), (3, 1)), ((1, 2), (2, 1))]
    cases = []
    for a, b in shapes:
        y = normal(*b, seed=2, low=low, high=2)
        k = np.floor(normal(*np.broadcast_shapes(a, b), seed=1, low=-3, high=3))
        cases += [case(np.asarray((k + 0.4) * y), y), case(np.asarray((k + 0.3) * y).astype(np.float32), y.astype(np.float32))]
    return [*cases, case(strided(np.array([1.0, -2.3])), 0.7)]


signed = [case(away_from(normal(*s), 0), away_from(normal(*s, seed=3), 0)) for s in ((), (3,), (2, 3), (0,), (2, 3, 2))] + [case(x, 1.0), case(x, -2.0), case(x.astype(np.float32), x.astype(np.float32)), case(strided(x), -x)]

OPS = [
    Op("floor", F.floor, by_element(math.floor), arrays(points=steps), not_numbers("floor")),
    Op("ceil", F.ceil, by_element(math.ceil), arrays(points=steps), not_numbers("ceil")),
    Op("trunc", F.trunc, by_element(math.trunc), arrays(points=steps), not_numbers("trunc")),
    Op("rint", F.rint, by_element(round), arrays(points=steps), not_numbers("rint")),
    Op(
        "round", F.round, by_element(lambda a, decimals=0: round(a, decimals)), arrays(points=steps) + digits,
        [*not_numbers("round"), wrong(TypeError, "decimals must be a whole number, not 0.5", x, 0.5), wrong(ValueError, "decimals must be at most 99, not 100", x, 100)],
    ),
    Op("nan_to_num", F.nan_to_num, filled, arrays(), [*not_numbers("nan_to_num"), wrong(TypeError, "nan_to_num: nan must be a number, not None", x, None), wrong(TypeError, "posinf must be a number, not 'a'", x, posinf="a")]),
    Op("nan_to_num of holes", F.nan_to_num, filled, [case(holes, **o) for o in ({}, {"nan": 2.0}, {"posinf": 5.0}, {"neginf": -3}, {"nan": -1, "posinf": 9, "neginf": 0})] + [case(holes[i : i + 1], nan=0.5) for i in range(5)], not_numbers("nan_to_num"), order=0),
    Op("floor_divide", F.floor_divide, by_pairs(lambda a, b: math.floor(a / b)), apart(), none("floor_divide")),
    Op("remainder", F.remainder, by_pairs(lambda a, b: a - b * math.floor(a / b)), apart(), none("remainder")),
    Op("fmod", F.fmod, by_pairs(math.fmod), apart(), none("fmod")),
    Op("copysign", F.copysign, by_pairs(math.copysign), signed, none("copysign")),
]  # fmt: skip
