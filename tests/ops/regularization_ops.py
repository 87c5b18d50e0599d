"""Rows for noise. The reference draws the same numbers and looks at them one by one."""

import numpy as np

from autograd import test_mode
from autograd.functions.regularization import dropout
from tests.ops.table import Op, case, normal, strided, unary, wrong


def thinned(x, p=0.5, rng=None):
    drawn = np.random.default_rng(rng).random(x.shape, np.float32) if p else np.ones(x.shape)
    kept = [a / (1 - p) if u >= p else 0.0 for a, u in zip(x.flat, drawn.flat)]
    return np.array(kept, x.dtype).reshape(x.shape)


@test_mode()
def untouched(x, p=0.5, rng=None):
    return dropout(x, p, rng)


x = normal(3, 4)
chances = [case(a, p, rng=seed) for a in (x, strided(x)) for p in (0, 0.1, 0.5, 0.9, np.float64(0.3)) for seed in (1, 2)]
refused = [
    wrong(ValueError, "p must be at least 0 and below 1, not 1", x, 1), wrong(TypeError, "p must be a number, not False", x, False), wrong(ValueError, "not -0.1", x, -0.1), wrong(ValueError, "not nan", x, float("nan")),
    wrong(TypeError, "floating-point arrays, not int64", np.arange(3)), wrong(TypeError, "not float: ", 1.0),
]  # fmt: skip

OPS = [
    Op("dropout", dropout, thinned, unary(rng=0) + chances, refused),
    Op("dropout in test mode", untouched, lambda x, p=0.5, rng=None: x.copy(), unary() + chances, refused),
]
