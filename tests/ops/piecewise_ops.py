"""Rows for activations made of pieces. The reference is the formula in Python's `math`, one number after the other."""

import math

import numpy as np

import autograd.functions.piecewise as F
from tests.ops.arithmetic_ops import by_element as by_pairs
from tests.ops.arithmetic_ops import none
from tests.ops.elementwise_ops import arrays, by_element, not_numbers
from tests.ops.table import Op, away_from, case, normal, pairs, strided, wrong


def sigmoid(a):
    return 1 / (1 + math.exp(-a))


def gated(x, axis=-1):
    a, b = np.split(x, 2, axis)
    return a * by_element(sigmoid)(b)


def apart(cases):
    """`cases` with the first operand away from 0, where the kink is."""
    moved = [away_from(np.asarray(c.args[0]), 0) for c in cases]
    return [case(x.astype(getattr(c.args[0], "dtype", float)), *c.args[1:]) for x, c in zip(moved, cases)]


def halves():
    shapes = [((2,), 0), ((4,), 0), ((4,), -1), ((0,), 0), ((2, 4), 1), ((2, 4), 0), ((4, 3), 0), ((3, 2), -1), ((2, 4, 3), 1), ((2, 4, 3), 0), ((2, 3, 2), 2), ((0, 4), 1), ((2, 0), 0)]
    cases = [case(normal(*shape), axis=a) for shape, a in shapes] + [case(normal(3, 4)), case(strided(normal(3, 4))), case(normal(4, 3).T)]
    return [*cases, *[case(normal(n, 2 * n)) for n in range(1, 8)], case(normal(2, 4).astype(np.float32)), case(np.broadcast_to(normal(4), (2, 4)))]


x = normal(2, 3)
negative = [wrong(ValueError, "limit must be at least 0, not -1", x, -1), wrong(TypeError, "limit must be a number, not None", x, None)]


OPS = [
    Op("prelu", F.prelu, by_pairs(lambda a, s: a if a > 0 else s * a), apart(pairs()), [*none("prelu", 1.0), wrong(ValueError, "broadcast", x, normal(2))]),
    Op(
        "celu", F.celu, by_element(lambda a, alpha=1.0: a if a > 0 else alpha * math.expm1(a / alpha)),
        arrays(points=(0,)) + [case(away_from(normal(5), 0), alpha) for alpha in (0.5, 2, 1.0)],
        [*not_numbers("celu"), wrong(ValueError, "alpha must be above 0, not 0", x, 0), wrong(TypeError, "alpha must be a number", x, "1")],
    ),
    Op("mish", F.mish, by_element(lambda a: a * math.tanh(math.log1p(math.exp(a)))), arrays(), not_numbers("mish")),
    Op("logsigmoid", F.logsigmoid, by_element(lambda a: math.log(sigmoid(a))), arrays(points=(0,)), not_numbers("logsigmoid")),
    Op("softsign", F.softsign, by_element(lambda a: a / (1 + math.fabs(a))), arrays(points=(0,)), not_numbers("softsign")),
    Op("hardsigmoid", F.hardsigmoid, by_element(lambda a: min(max(a / 6 + 0.5, 0), 1)), arrays(points=(-3, 3)) + [case(np.array([-4.0, 4.0]))], not_numbers("hardsigmoid")),
    Op("hardswish", F.hardswish, by_element(lambda a: a * min(max(a + 3, 0), 6) / 6), arrays(points=(-3, 3)) + [case(np.array([-4.0, 4.0]))], not_numbers("hardswish")),
    Op("glu", F.glu, gated, halves(), [wrong(ValueError, r"two halves, not axis -1 of shape \(2, 3\)", x), wrong(ValueError, "axis 2 does not fit", x, 2), wrong(TypeError, "glu takes a Variable or an array, not list", [1.0, 2.0])]),
    Op("softshrink", F.softshrink, by_element(lambda a, limit=0.5: a - limit if a > limit else a + limit if a < -limit else 0), arrays(points=(-0.5, 0.5)) + [case(away_from(normal(5), -1, 1), 1), case(away_from(normal(5), 0), 0)], [*not_numbers("softshrink"), *negative]),
    Op("hardshrink", F.hardshrink, by_element(lambda a, limit=0.5: a if math.fabs(a) > limit else 0), arrays(points=(-0.5, 0.5)) + [case(away_from(normal(5), -1, 1), 1)], [*not_numbers("hardshrink"), negative[1]]),
    Op(
        "threshold", F.threshold, by_element(lambda a, limit, value: a if a > limit else value),
        arrays(points=(0.5,), limit=0.5, value=-2.0) + [case(away_from(normal(5), -1), -1, 7)],
        [wrong(TypeError, "threshold takes Variables, arrays and numbers, not NoneType", None, 1, 1), wrong(TypeError, "limit must be a number, not array|limit must be a number, not Variable", x, x, 1.0), wrong(TypeError, "value must be a number", x, 1.0, "a")],
    ),
    Op("tanhshrink", F.tanhshrink, by_element(lambda a: a - math.tanh(a)), arrays(), not_numbers("tanhshrink")),
]  # fmt: skip
