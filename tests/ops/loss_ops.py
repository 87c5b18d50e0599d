"""Rows for losses. The references are loops over Python numbers, straight from the formulas; `math.fsum` adds exactly."""

import math

import numpy as np

from autograd.functions import loss as L
from tests.ops.table import Op, away_from, case, normal, strided, wrong


def mean_of(f):
    """The mean of f(x_i, t_i) over all elements."""

    def reference(x, t, *options, **named):
        ts = np.broadcast_to(np.asarray(t, x.dtype), x.shape)
        return np.asarray(math.fsum(f(float(a), float(b), *options, **named) for a, b in zip(x.flat, ts.flat)) / x.size, x.dtype)

    return reference


def absolute_or_square(a, b, delta=1.0):
    d = abs(a - b)
    return d * d / 2 if d <= delta else delta * (d - delta / 2)


def bits(a, b):
    """-log of the probability of b under the logit a, from the two halves of the sigmoid: no number overflows."""
    log_p, log_q = (a, 0.0) if a < 0 else (0.0, -a)
    return math.log1p(math.exp(-abs(a))) - b * log_p - (1 - b) * log_q


def inside(p):
    return min(max(p, 2.0**-52), 1 - 2.0**-52)


def log_softmax(row):
    largest = max(row)
    return [a - largest - math.log(math.fsum(math.exp(b - largest) for b in row)) for a in row]


def cross_entropy(x, t, *, axis=-1, ignore_index=None, smoothing=0.0):
    """One sample after the other, with the target written out as a distribution."""
    t = np.asarray(t)
    rows = np.moveaxis(x, axis, -1).reshape(-1, x.shape[axis]).tolist()
    C = len(rows[0])
    if t.shape == x.shape:
        targets = np.moveaxis(t, axis, -1).reshape(-1, C).tolist()
    else:
        targets = [None if label == ignore_index else [float(k == label) for k in range(C)] for label in t.ravel().tolist()]
    pairs = [(log_softmax(row), target) for row, target in zip(rows, targets) if target is not None]
    losses = [-math.fsum(((1 - smoothing) * p + smoothing / C) * a for a, p in zip(row, target)) for row, target in pairs]
    return np.asarray(math.fsum(losses) / max(len(losses), 1), x.dtype)


def divergence(p, q):
    terms = [a * math.log(a / b) for a, b in zip(p.ravel().tolist(), q.ravel().tolist()) if a]
    return np.asarray(math.fsum(terms) / (p.size / p.shape[-1]), p.dtype)


shapes = [(), (1,), (3,), (7,), (2, 3), (3, 1), (1, 3), (1, 1), (2, 1, 2), (2, 2, 3)]


def targets(make, low=None, high=None, ints=True, gap=0.0):
    """Predictions of many shapes, in [low, high], and targets `make(x)` for them; `gap`: no prediction equals a number."""

    def x(*shape):
        a = normal(*shape, low=low, high=high)
        return away_from(a, 0.0, 1.0, gap=gap) if gap else a

    cases = [case(x(*s), make(x(*s))) for s in shapes]
    a = x(2, 3)
    cases += [case(strided(a), make(a)), case(a, strided(make(a))), case(x(3, 2).T, make(a)), case(np.broadcast_to(x(1, 3), (2, 3)), make(a))]
    cases += [case(a.astype(np.float32), make(a).astype(np.float32)), case(a, make(a)[::-1].copy()), case(a[::-1], make(a))]
    if ints:
        zeros_and_ones = np.array([[0, 1, 1], [1, 0, 0]])
        cases += [case(a, zeros_and_ones), case(a, zeros_and_ones > 0), case(a, zeros_and_ones.tolist()), case(x(), 1), case(x(3), [0.0, 1.0, 0.0])]
        cases += [case(a.astype(np.float32), zeros_and_ones), case(a, zeros_and_ones.astype(np.uint8)), case(a, np.zeros((2, 3), np.float32))]
    return cases


def apart(x):
    """Targets at distances from x that are not near 0 or 1, where the derivatives of |d| and of Huber's loss jump."""
    return np.asarray(x - away_from(normal(*x.shape, seed=5), 0.0, -1.0, 1.0, -0.5, 0.5))


def other(x):
    return normal(*x.shape, seed=5)


def likely(x):
    return normal(*x.shape, seed=5, low=0.1, high=0.9)


def labelled():
    x, box = normal(4, 3), normal(2, 3, 2)
    t, other = np.array([0, 2, 1, 1]), np.array([[0, 1], [2, 2]])
    likelihood = normal(4, 3, low=0, high=1)
    lecture = np.array([[10.0, 9.0, 8.0], [4.0, 6.0, 5.0]])
    course = np.array([[0.2, -0.4], [0.3, 0.5], [1.3, -3.2], [2.1, 0.3]])
    cases = [case(x, t), case(x, t.tolist()), case(x, t.astype(np.uint8)), case(x, t.astype(np.int32)), case(x, np.eye(3)[t]), case(x, np.eye(3, dtype=int)[t])]
    cases += [case(x, likelihood), case(x, likelihood / likelihood.sum(1, keepdims=True)), case(x.astype(np.float32), likelihood.astype(np.float32))]
    cases += [case(x, t, smoothing=0.1), case(x, np.eye(3)[t], smoothing=0.3), case(x, t, ignore_index=1), case(x, t, ignore_index=-100)]
    cases += [case(x, np.array([0, -100, 1, -100]), ignore_index=-100), case(x, np.array([0, -1, 1, 2]), ignore_index=-1, smoothing=0.2)]
    cases += [case(x, np.full(4, 2), ignore_index=2), case(x.T, t, axis=0), case(x.T, t, axis=0, smoothing=0.2), case(x, x > 0), case(x.T, likelihood.T, axis=0)]
    cases += [case(box, other, axis=1), case(box, other, axis=-2, ignore_index=2), case(box, np.array([[0, 1, 1], [1, 0, 0]])), case(box, np.abs(np.tanh(box)), axis=1)]
    cases += [case(normal(3), 1), case(normal(3), np.array(2)), case(normal(3), np.array([0.2, 0.3, 0.5])), case(normal(1, 2), [1])]
    cases += [case(strided(x), t), case(normal(3, 4).T, t), case(x, strided(t)), case(np.broadcast_to(x[:1], (4, 3)), t), case(x.astype(np.float32), t), case(x.astype(np.float32), t, smoothing=0.1)]
    cases += [case(np.array([[1e4, 0.0, -1e4]]), [1]), case(np.array([[1e4, 0.0, -1e4]], np.float32), [2]), case(x + 1000.0, t)]
    return [*cases, case(lecture, np.eye(3)[:2]), case(lecture, [0, 1]), case(course, [2 - 1, 0, 1, 0])]


def distributions():
    def p(*shape, seed=0):
        a = normal(*shape, seed=seed, low=0.2, high=1)
        return a / a.sum(-1, keepdims=True)

    cases = [case(p(*s), p(*s, seed=1)) for s in ((2,), (3,), (7,), (1,), (2, 3), (1, 3), (4, 2), (3, 1), (2, 2, 3), (2, 1, 2), (2, 2, 2), (1, 1, 4))]
    a, b = p(2, 3), p(2, 3, seed=1)
    cases += [case(strided(a), b), case(a, strided(b)), case(p(3, 2).T, b), case(a, a.copy()), case(a * 0.7, b), case(a, b * 0.6)]
    cases += [case(a.astype(np.float32), b.astype(np.float32)), case(np.broadcast_to(a[:1], (2, 3)), b)]
    return [*cases, case(a[::-1], b), case(a.T, b.T), case(p(5), p(5, seed=3)), case(p(6), p(6, seed=3))]


x = normal(2, 3)


def same_shape(name):
    return [
        wrong(ValueError, rf"{name} takes a prediction and a target of the same shape, not \(2, 1\) and \(2,\)", normal(2, 1), normal(2)),
        wrong(ValueError, "of the same shape", x, 0.5), wrong(ValueError, "at least one element", normal(0, 2), normal(0, 2)),
        wrong(TypeError, f"{name}: the prediction must be floating-point, not int64", np.arange(3), normal(3)), wrong(TypeError, "not float", 1.0, 2.0),
    ]  # fmt: skip


def outside(name):
    """Targets that are no probabilities: class numbers, -1 and 1, nan, infinity."""
    return [wrong(ValueError, rf"{name}: t must be in \[0, 1\], not ", np.full(2, 0.5), np.array([0.5, t])) for t in (2.0, -1.0, 7.0, 1.01, np.nan, np.inf)]


extremes = [case(np.array([1e4, -1e4, 0.0, 1e4, -1e4]), np.array([1.0, 0, 1, 0, 1])), case(np.array([1e4, -1e4], np.float32), np.array([0, 1]))]

OPS = [
    Op("mean_squared_error", L.mean_squared_error, mean_of(lambda a, b: (a - b) ** 2), targets(other), same_shape("mean_squared_error")),
    Op("mean_absolute_error", L.mean_absolute_error, mean_of(lambda a, b: abs(a - b)), targets(apart, gap=0.05), same_shape("mean_absolute_error")),
    Op(
        "huber_loss", L.huber_loss, mean_of(absolute_or_square),
        targets(apart, ints=False) + [case(c.args[0], c.args[1], delta=d) for c in targets(apart, ints=False)[2:6] for d in (0.5, 2.5)] + [case(normal(3), normal(3)), case(normal(3), normal(3), 1)],
        [*same_shape("huber_loss"), wrong(ValueError, "delta must be above 0, not 0", x, x, 0), wrong(ValueError, "must be above 0", x, x, delta=-1.0), wrong(TypeError, "delta must be a number, not True", x, x, delta=True)],
    ),
    Op(
        "softmax_cross_entropy", L.softmax_cross_entropy, cross_entropy, labelled(),
        [
            wrong(ValueError, r"labels must be in 0 \.\. 2, as there are 3 classes, not 3", x, [0, 3]), wrong(ValueError, "3 classes, not -1", x, [-1, 0]),
            wrong(ValueError, "3 classes, not -100", x, [0, -100]), wrong(ValueError, "3 classes, not 5", x, [-100, 5], ignore_index=-100),
            wrong(ValueError, r"logits \(2, 3\) must be labels of shape \(2,\) or a distribution of shape \(2, 3\), not \(3,\)", x, [0, 1, 2]),
            wrong(ValueError, r"not \(2, 1\)", x, [[0], [1]]), wrong(TypeError, "labels must be integers, not float64", x, [0.0, 1.0]),
            wrong(TypeError, "labels must be integers, not bool", x, [False, True]), wrong(TypeError, "prediction must be floating-point, not int", np.arange(6).reshape(2, 3), [0, 1]),
            wrong(ValueError, "smoothing must be at least 0 and below 1, not 1", x, [0, 1], smoothing=1), wrong(ValueError, "ignore_index must be None where the target is a distribution, not 1", x, x, ignore_index=1),
            wrong(ValueError, "at least one element", normal(0, 3), np.zeros(0, int)), wrong(ValueError, "axis 2 does not fit", x, [0, 1], axis=2), wrong(ValueError, r"not shape \(\)", normal(), 0),
            wrong(ValueError, "at least 2 classes, not 1", normal(2, 1), [[0], [1]]), wrong(ValueError, "at least 2 classes", normal(2, 1), [0, 0]), wrong(ValueError, "at least 2 classes", normal(1, 3), [0, 0, 0], axis=0),
            *[wrong(ValueError, r"a target must be in \[0, 1\], not ", x, t) for t in (x * 2, np.array([[0, 2, 1], [1, 0, 0]]), np.full((2, 3), np.nan))],
            *[wrong(TypeError, "ignore_index must be a whole number", x, [0, 1], ignore_index=i) for i in ("abc", 1.5, True, np.nan)],
        ],
    ),
    Op("sigmoid_cross_entropy", L.sigmoid_cross_entropy, mean_of(bits), targets(likely) + extremes, [*same_shape("sigmoid_cross_entropy"), *outside("sigmoid_cross_entropy")]),
    Op(
        "binary_cross_entropy", L.binary_cross_entropy, mean_of(lambda p, t: -t * math.log(inside(p)) - (1 - t) * math.log(1 - inside(p))),
        targets(likely, low=0.1, high=0.9), [*same_shape("binary_cross_entropy"), *outside("binary_cross_entropy"), wrong(ValueError, r"p must be in \[0, 1\], not -3.0: are these logits\?", np.array([0.5, -3.0]), [0, 1]), wrong(ValueError, "not 5.0", np.array([0.5, 5.0]), [0, 1])],
    ),
    Op(
        "kl_divergence", L.kl_divergence, divergence, distributions(),
        [
            *same_shape("kl_divergence"), wrong(ValueError, "not single numbers", normal(low=0.1, high=0.9), normal(low=0.1, high=0.9)),
            *[wrong(ValueError, rf"{name} must be in \[0, 1\], not -?\d.*: are these logits", *pair) for name, pair in (("p", (np.array([-3.0, 5.0, 2.0]), np.array([0.2, 0.3, 0.5]))), ("q", (np.array([0.2, 0.8]), np.array([-1.0, 2.0]))))],
        ],
    ),
]  # fmt: skip
