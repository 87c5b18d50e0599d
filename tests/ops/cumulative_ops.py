"""Rows for running results. The references are loops over the positions of the axis."""

import numpy as np

import autograd.functions.cumulative as F
from tests.ops.reduction_ops import running
from tests.ops.table import Op, case, normal, wrong


def loop(op):
    def function(x, axis=None):
        x, axis = (x.reshape(-1), 0) if axis is None else (x, axis)
        y = np.moveaxis(x.copy(), axis, 0)
        for i in range(1, len(y)):
            y[i] = op(y[i - 1], y[i])
        return np.moveaxis(y, 0, axis)

    return function


def added(a, b):
    m = np.where(a > b, a, b)
    return m + np.log(np.exp(a - m) + np.exp(b - m))


zeros = [case(np.array(x)) for x in ([2.0, 0.0, -3.0, 0.5], [0.0, 1.5, 0.0, 2.0, -1.0], [0.0, 0.0, 0.0], [1.0, 2.0, 0.0])]
box = normal(2, 3, 2)
box[0, 1], box[1, 0, 0] = 0, 0
zeros += [case(box, axis=a) for a in (None, 0, 1, -1)]
far = [case(np.array(x)) for x in ([0.0, 900.0, -900.0], [-1000.0, 0.0, 1.0], [700.0, -700.0, 699.0])] + [case(normal(2, 3) * 500, axis=a) for a in (0, 1, None)]
more = [wrong(TypeError, r"axis must be one number, not \(0, 1\)", normal(2, 3), axis=(0, 1)), wrong(ValueError, "axis 2 does not fit", normal(2, 3), 2), wrong(TypeError, "takes a Variable or an array, not list", [1.0])]

unlike = [c for c in running() if 0 not in c.args[0].strides]  # equal elements are a kink

OPS = [
    Op("cumprod", F.cumprod, loop(lambda a, b: a * b), running() + zeros, more),
    Op("cummax", F.cummax, loop(np.maximum), unlike + far, more),
    Op("cummin", F.cummin, loop(np.minimum), unlike + far, more),
    Op("logcumsumexp", F.logcumsumexp, loop(added), running() + far, more),
]
