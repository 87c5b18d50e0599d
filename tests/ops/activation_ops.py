"""Rows for activations. The references are formulas on Python numbers, one after the other, and loops over lists."""

import math

import numpy as np

import autograd.functions.activation as F
from tests.ops.elementwise_ops import arrays, by_element, not_numbers
from tests.ops.table import Op, case, normal, strided, wrong


def sigmoid(x):
    return 1 / (1 + math.exp(-x)) if x > -700 else 0.0


def elu(x, alpha=1.0):
    return x if x > 0 else alpha * math.expm1(x)


def gelu(x, approximate="none"):
    if approximate == "tanh":
        return 0.5 * x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    return 0.5 * x * math.erfc(-x / math.sqrt(2))


def along(f):
    """f of the list of numbers along one axis (or the axes of a tuple), which gives a list of the same length."""

    def function(x, axis=-1):
        axes = tuple(np.atleast_1d(range(x.ndim) if axis is None else axis) % x.ndim)
        last = np.moveaxis(x, axes, range(-len(axes), 0))
        size = math.prod(last.shape[x.ndim - len(axes) :])
        lists = np.array([f(row.tolist()) for row in last.reshape(-1, size)], x.dtype)
        return np.moveaxis(lists.reshape(last.shape), range(-len(axes), 0), axes)

    return function


def softmax(row):
    total = math.fsum(math.exp(a - row[0]) for a in row)
    return [math.exp(a - row[0]) / total for a in row]


def log_softmax(row):
    total = math.log(math.fsum(math.exp(a - row[0]) for a in row))
    return [a - row[0] - total for a in row]


def classes():
    """Cases of softmax(x, axis), without any over no elements."""
    x, box = normal(3, 4), normal(2, 3, 2)
    cases = [case(a) for a in (normal(1), normal(5), normal(3, 1), x, x.T, strided(x), box)]
    cases += [case(normal(0, 3)), case(normal(2, 0, 2))]
    cases += [case(x, axis=a) for a in (0, 1, -2, (0, 1), (1, 0), None)]
    cases += [case(box, axis=a) for a in (0, 1, 2, -3, (0, 2), (-1, 1), None)]
    cases += [case(x * 10), case(x + 1e4), case(np.zeros((2, 3))), case(np.array([0.0, 300.0, -300.0]))]
    cases += [case(np.broadcast_to(normal(3), (2, 3))), case(normal(3, 0), axis=0), case(x.astype(np.float32), axis=0)]
    return cases


def far():
    """Numbers at which a careless formula overflows, in both precisions."""
    return [case(np.array([-1e4, -200.0, -95.0, 95.0, 200.0, 1e4], dtype)) for dtype in (np.float64, np.float32)]


wrong_axes = [
    wrong(ValueError, r"axis 2 does not fit the shape \(2, 3\)", normal(2, 3), axis=2),
    wrong(ValueError, r"axis \(0, -2\) does not fit", normal(2, 3), axis=(0, -2)),
    wrong(ValueError, r"axis -1 does not fit the shape \(\)", normal()),
    wrong(ValueError, r"at least one element over axis -1, not shape \(2, 0\)", normal(2, 0)),
    wrong(TypeError, "takes a Variable or an array, not list", [1.0, 2.0]),
]

kink = {"points": (0,)}
slopes = [case(normal(2, 3), slope=s) for s in (0, 0.2, 1, 2.0, -0.5, np.float64(0.3))]
alphas = [case(normal(2, 3), alpha=a) for a in (0.5, 2, np.float64(1.5))]
limits = [case(normal(2, 3), *limits) for limits in ((-0.5, 0.5), (0, 6), (-9, 9.0))]

OPS = [
    Op("sigmoid", F.sigmoid, by_element(sigmoid), arrays() + far(), not_numbers("exp")),
    Op("relu", F.relu, by_element(lambda x: max(x, 0.0)), arrays(**kink) + far(), not_numbers("clip|maximum|minimum")),
    Op(
        "leaky_relu",
        F.leaky_relu,
        by_element(lambda x, slope=0.01: x if x > 0 else slope * x),
        arrays(**kink) + slopes + far(),
        [*not_numbers("clip|maximum|minimum"), wrong(TypeError, "slope must be a number, not '0.1'", normal(2), "0.1")],
    ),
    Op(
        "elu",
        F.elu,
        by_element(elu),
        arrays(**kink) + alphas + far(),
        [
            *not_numbers("clip|maximum|minimum"),
            wrong(ValueError, "alpha must be above 0, not -1", normal(2), alpha=-1),
            wrong(TypeError, "alpha must be a number, not True", normal(2), alpha=True),
            wrong(TypeError, r"alpha must be a number, not \[1\]", normal(2), alpha=[1]),
        ],
    ),
    Op(
        "selu",
        F.selu,
        by_element(lambda x: 1.0507009873554804934193349852946 * elu(x, 1.6732632423543772848170429916717)),
        arrays(**kink) + far(),
        not_numbers("clip|maximum|minimum"),
    ),
    Op("silu", F.silu, by_element(lambda x: x * sigmoid(x)), arrays() + far(), not_numbers("exp")),
    Op(
        "gelu",
        F.gelu,
        by_element(gelu),
        arrays() + arrays(approximate="tanh") + far(),
        [*not_numbers("multiply|erf"), wrong(ValueError, "must be one of 'none', 'tanh', not 'exact'", normal(2), "exact")],
    ),
    Op(
        "softplus",
        F.softplus,
        by_element(lambda x: math.log1p(math.exp(x)) if x < 50 else x),
        arrays() + far(),
        not_numbers("clip|maximum|minimum"),
    ),
    Op(
        "hardtanh",
        F.hardtanh,
        by_element(lambda x, low=-1.0, high=1.0: min(max(x, low), high)),
        arrays(points=(-1, 1)) + limits + far(),
        [wrong(ValueError, "low must be at most -1, not 1", normal(2), 1, -1), *not_numbers("clip|maximum|minimum")],
    ),
    Op("erf", F.erf, by_element(math.erf), arrays() + far(), not_numbers("erf takes real numbers")),
    Op("softmax", F.softmax, along(softmax), classes(), wrong_axes),
    Op("log_softmax", F.log_softmax, along(log_softmax), classes(), wrong_axes),
]
