"""Rows for looking up rows, and for accuracy. The references are loops."""

import numpy as np

from autograd.algebra import as_array
from autograd.backend import namespace
from autograd.functions.accuracy import accuracy
from autograd.functions.embedding import embedding, one_hot
from tests.ops.table import Op, case, normal, strided, wrong


def looked_up(W, index):
    index = np.asarray(index)
    return np.array([W[i] for i in index.ravel().tolist()], W.dtype).reshape((*index.shape, *W.shape[1:]))


def as_an_array(y, t):
    """accuracy gives a Python number; the table compares arrays of the input's kind."""
    found = accuracy(y, t)
    assert isinstance(found, float)
    return namespace(as_array(y)).asarray(found, dtype=y.dtype)


def right(y, t):
    """A count of the samples that have no score above that of the target, and none as high before it."""
    C = y.shape[-1]
    rows, t = y.reshape(-1, C).tolist(), np.asarray(t)
    labels = [row.index(max(row)) for row in t.reshape(-1, C).tolist()] if t.shape == y.shape else t.ravel().tolist()
    return np.asarray(sum(row.index(max(row)) == label for row, label in zip(rows, labels)) / len(rows), y.dtype)


def lookups():
    W, column, box = normal(5, 3), normal(4), normal(3, 2, 2)
    indices = [0, 4, [0], [1, 3], [2, 2, 2], [4, 0, 4, 0], [[0, 1], [1, 4]], [[[2]]], np.array([], int), np.zeros((0, 2), int), np.array(3)]
    cases = [case(W, index if isinstance(index, np.ndarray) else np.array(index)) for index in indices] + [case(W, index) for index in indices[:8]]
    cases += [case(column, np.array([1, 1, 3])), case(column, np.array(2)), case(box, np.array([0, 2, 0])), case(box, np.array([[1], [1]])), case(normal(1, 2), np.array([0, 0]))]
    cases += [case(W, np.array([1, 4, 1], dtype)) for dtype in (np.int8, np.uint8, np.int32)] + [case(strided(W), np.array([0, 0])), case(normal(3, 5).T, np.array([4, 4]))]
    return [*cases, case(W, strided(np.array([3, 3, 1]))), case(W.astype(np.float32), np.array([1, 1])), case(np.broadcast_to(W[:1], (5, 3)), np.array([1, 2])), case(normal(2, 0), np.array([1]))]


def unit_rows(index, classes, dtype=np.float32):
    return np.eye(classes, dtype=dtype)[np.asarray(index, int)]


def classes():
    indices = [np.array(2), np.array([0]), np.array([1, 0, 2]), np.array([[2, 2], [0, 1]]), np.array([[[1]]]), np.array([], int), np.zeros((0, 2), int), [0, 1, 1], 2, [[1], [0]]]
    cases = [case(index, 3) for index in indices] + [case(index, 5, np.float64) for index in indices] + [case(np.array([0, 0]), 1), case(np.array([1, 3]), 4, int), case(np.array([1, 3]), 4, bool)]
    return [*cases, *[case(np.array([1, 3], dtype), 4) for dtype in (np.int8, np.uint8, np.int32)], case(strided(np.array([3, 0, 1])), 4)]


def scores():
    y, t = normal(6, 3), np.array([0, 2, 1, 1, 0, 2])
    best, weights = y.argmax(1), normal(6, 3, seed=1, low=0.1, high=0.9)
    distribution = weights / weights.sum(1, keepdims=True)
    cases = [case(y, t), case(y, best), case(y, (best + 1) % 3), case(y, t.tolist()), case(y, np.eye(3)[t]), case(y, np.eye(3)[best]), case(y.astype(np.float32), t)]
    cases += [case(strided(y), t), case(normal(3, 6).T, t), case(y, t.astype(np.uint8)), case(normal(2, 2, 3), np.array([[0, 1], [2, 0]])), case(normal(3), np.array(1))]
    cases += [case(normal(n, 4), np.arange(n) % 4) for n in range(1, 9)] + [case(np.zeros((2, 2)), np.array([0, 1])), case(y, strided(t)), case(y, distribution), case(normal(5), 3)]
    cases += [case(y, t.astype(float)), case(np.array([[0.0, np.nan], [1, 2]]), np.array([1, 1])), case(y, np.eye(3, dtype=np.float16)[t])]
    return cases


W, y = normal(5, 3), normal(2, 3)

OPS = [
    Op(
        "embedding", embedding, looked_up, lookups(),
        [
            wrong(ValueError, r"index must be in 0 \.\. 4, as W has 5 rows, not 5", W, np.array([0, 5])), wrong(ValueError, r"index must be in 0 \.\. 4, .* not -1", W, np.array([[0], [-1]])),
            wrong(TypeError, "the index must be of integers, not float64", W, np.array([0.0])), wrong(TypeError, "not bool", W, np.array([True])), wrong(ValueError, "not a single number", normal(), 0),
        ],
    ),
    Op(
        "one_hot", one_hot, unit_rows, classes(),
        [
            wrong(ValueError, r"index must be in 0 \.\. 2, as there are 3 classes, not 3", np.array([0, 3]), 3), wrong(ValueError, "not -1", np.array([-1]), 3), wrong(TypeError, "of integers, not float64", np.array([1.0]), 3),
            wrong(ValueError, "classes must be at least 1, not 0", np.array([0]), 0), wrong(TypeError, "one_hot: dtype must be of numbers", np.array([0]), 3, "text"),
        ],
        order=0,
    ),
    Op(
        "accuracy", as_an_array, right, scores(),
        [
            *[wrong(ValueError, r"at least 2 classes, not \(2, 1\): one score is always the largest", normal(2, 1), t) for t in ([0, 1], [[0], [1]], np.array([[0.0], [1.0]]))],
            *[wrong(ValueError, r"must be distributions.*a regression has no accuracy", y, t) for t in (normal(2, 3, seed=1), np.array([[0, 1, 1], [1, 0, 0]]), np.full((2, 3), np.nan))],
            *[wrong(ValueError, r"labels must be whole numbers in 0 \.\. 2, .* not ", y, t) for t in ([0, 3], [-1, 0], [0, 0.5], [0, np.nan])],
            wrong(ValueError, "must be distributions", np.array([0.0, 1, 2, 2]), np.array([0, 1, 1, 2])), wrong(ValueError, "which may be either", np.eye(3, dtype=int), np.eye(3, dtype=int)),
            wrong(TypeError, "real numbers, not complex", y * 1j, [0, 1]), wrong(TypeError, "real numbers, not object", y, np.array([None, 1])),
            wrong(ValueError, r"not \(2, 3\) and \(3,\)", y, [0, 1, 2]), wrong(ValueError, r"not \(0, 3\)", normal(0, 3), np.zeros(0, int)), wrong(ValueError, r"not \(2, 3\) and \(2, 1\)", y, [[0], [1]])], order=0,
    ),
]  # fmt: skip
