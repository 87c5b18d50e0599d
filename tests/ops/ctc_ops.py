"""The row of ctc_loss. The reference adds the probabilities of all sequences of classes that read as the labels."""

import math
from itertools import groupby, product

import numpy as np

from autograd.functions.ctc import ctc_loss
from tests.ops.table import Op, case, normal, strided, wrong


def by_all_ways(x, t, *, lengths=None, target_lengths=None, blank=0):
    total = 0.0
    for n in range(len(x)):
        T = x.shape[1] if lengths is None else lengths[n]
        labels = list(t[n][: None if target_lengths is None else target_lengths[n]])
        e = np.exp(x[n].astype(float))
        p = e / e.sum(1, keepdims=True)
        ways = product(range(x.shape[2]), repeat=T)
        read = (way for way in ways if [c for c, _ in groupby(way) if c != blank] == labels)
        total -= math.log(math.fsum(math.prod(p[k, c] for k, c in enumerate(way)) for way in read))
    return np.asarray(total / len(x), x.dtype)


x = normal(2, 4, 3)

OPS = [
    Op(
        "ctc_loss",
        ctc_loss,
        by_all_ways,
        [
            case(x, np.array([[1, 2], [2, 2]])),
            case(x, [[1], [2]]),
            case(normal(1, 1, 2), np.array([[1]])),
            case(normal(3, 5, 4), np.array([[1, 1, 2], [2, 0, 0], [0, 1, 0]]), target_lengths=[2, 1, 3], blank=3),
            case(x, np.array([[1, 2], [2, 9]]), lengths=[4, 2], target_lengths=np.array([2, 1])),
            case(x, np.zeros((2, 0), int)),
            case(x, np.array([[1, 2], [-1, -1]]), target_lengths=[2, 0], lengths=np.array([3, 1])),
            case(x.astype(np.float32), np.array([[1, 2], [2, 1]])),
            case(strided(x), np.array([[1, 2], [2, 1]])),
        ],
        [
            wrong(TypeError, "prediction must be floating-point", np.ones((2, 4, 3), int), [[1], [2]]),
            wrong(TypeError, "labels must be integers", x, [[1.5], [2]]),
            wrong(TypeError, r"takes labels t \(N, L\) of integers", x, "text"),
            wrong(ValueError, r"takes logits x \(N, T, C\) of at least 2 classes", x[0], [1]),
            wrong(ValueError, r"takes logits x \(N, T, C\) of at least 2 classes", x[..., :1], [[1], [2]]),
            wrong(ValueError, r"takes labels t \(N, L\) for x \(2, 4, 3\), not \(1, 1\)", x, [[1]]),
            wrong(ValueError, "labels must be in 0 .. 2 and not the blank 0, not 3", x, [[1], [3]]),
            wrong(ValueError, "labels must be in 0 .. 2 and not the blank 0, not 0", x, [[1], [0]]),
            wrong(ValueError, "blank must be at most 2", x, [[1], [2]], blank=3),
            wrong(ValueError, "lengths must be at least 3 for the labels of sample 1", x, [[1, 2], [2, 2]], lengths=[4, 2]),
            wrong(ValueError, "ctc_loss: lengths must be 2 numbers in 0 .. 4", x, [[1], [2]], lengths=[5, 1]),
            wrong(ValueError, "target_lengths must be 2 numbers in 0 .. 1", x, [[1], [2]], target_lengths=[2, 1]),
        ],
    )
]
