"""Rows for recurrent networks. The references compute one number after the other, from the formulas."""

import math

import numpy as np

from autograd.functions import recurrent as R
from tests.ops.table import Op, case, normal, strided, wrong


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def dot(x, column):
    return math.fsum(float(a) * float(b) for a, b in zip(x, column, strict=True))


def rnn_step(x, h, Wx, Wh, b):
    return ([math.tanh(dot(x, Wx[:, j]) + dot(h, Wh[:, j]) + b[j]) for j in range(len(h))],)


def lstm_step(x, h, c, Wx, Wh, b):
    H = len(h)
    z = [dot(x, Wx[:, j]) + dot(h, Wh[:, j]) + b[j] for j in range(4 * H)]
    c = [sigmoid(z[H + j]) * c[j] + sigmoid(z[j]) * math.tanh(z[2 * H + j]) for j in range(H)]
    return [sigmoid(z[3 * H + j]) * math.tanh(c[j]) for j in range(H)], c


def gru_step(x, h, Wx, Wh, b, d=None):
    H = len(h)
    u = [dot(x, Wx[:, j]) + b[j] for j in range(3 * H)]
    v = [dot(h, Wh[:, j]) + (0 if d is None else d[j]) for j in range(2 * H)]
    r, z = ([sigmoid(u[k * H + j] + v[k * H + j]) for j in range(H)] for k in (0, 1))
    if d is None:
        rh = [a * b for a, b in zip(r, h)]
        n = [math.tanh(u[2 * H + j] + dot(rh, Wh[:, 2 * H + j])) for j in range(H)]
    else:
        n = [math.tanh(u[2 * H + j] + r[j] * (dot(h, Wh[:, 2 * H + j]) + d[2 * H + j])) for j in range(H)]
    return ([(1 - z[j]) * n[j] + z[j] * h[j] for j in range(H)],)


def of_sequences(step, states):
    """The function of sequences, (N, T, I) or (N, I), whose step is given."""

    def reference(x, *given, lengths=None, reverse=False):
        before, weights = given[:states], given[states:]
        H, xs = weights[1].shape[0], x if x.ndim == 3 else x.reshape(-1, 1, x.shape[-1])
        N, T, _ = xs.shape
        found = [np.zeros((N, T, H), np.float64) for _ in range(states)]
        for k in range(N):
            state = tuple(np.zeros(H) if s is None else s.reshape(N, H)[k] for s in before)
            for t in range(T)[:: -1 if reverse else 1]:
                if lengths is None or t < lengths[k]:
                    state = step(xs[k, t], *state, *weights)
                for y, s in zip(found, state):
                    y[k, t] = s
        shape = (*x.shape[:-1], H)
        ys = tuple(y.reshape(shape).astype(weights[0].dtype) for y in found)
        return ys if states > 1 else ys[0]

    return reference


def arguments(gates, states, biases, *shape, H=3, seed=0):
    """Arguments for x of this shape."""
    of_state = (*shape[:-1], H) if len(shape) < 3 else (shape[0], H)
    before = [normal(*of_state, seed=seed + k) for k in range(1, states + 1)]
    weights = [normal(shape[-1], gates * H, seed=seed + 3), normal(H, gates * H, seed=seed + 4)]
    return [normal(*shape, seed=seed), *before, *weights, *[normal(gates * H, seed=seed + 5 + k) for k in range(biases)]]


def cases(gates, states, biases):
    def of(*shape, **options):
        return arguments(gates, states, biases, *shape, **options)

    x, *rest = of(2, 3, 2)
    single = [a.astype(np.float32) for a in of(2, 2, 2)]
    return [
        case(*of(2, 3, 2)), case(*of(2, 3, 2, seed=7), reverse=True), case(*of(3, 2)), case(*of(2)), case(*of(1, 1, 1, H=1)),
        case(*of(2, 3, 2), lengths=[3, 1]), case(*of(3, 3, 2), lengths=np.array([2, 0, 3]), reverse=True),
        case(*of(2, 2, 1), lengths=(2, 2)), case(x, *[None] * states, *rest[states:]), case(*single),
        case(strided(x), *[strided(a) for a in rest]),
    ]  # fmt: skip


def refusals(gates, states, biases):
    x, *rest = arguments(gates, states, biases, 2, 3, 2)
    weights = rest[states:]
    return [
        wrong(ValueError, r"takes x \(N, T, I\) with T > 0, or \(N, I\)", np.ones((1, 2, 3, 2)), *rest),
        wrong(ValueError, r"takes x \(N, T, I\) with T > 0, or \(N, I\)", np.ones((2, 3, 4)), *rest),
        wrong(ValueError, r"takes x \(N, T, I\) with T > 0, or \(N, I\)", np.ones((2, 0, 2)), *rest),
        wrong(ValueError, "takes x .* and Wh", x, *rest[:states], weights[0], weights[1][:, :-1], *weights[2:]),
        wrong(ValueError, r"the state h must be \(2, 3\)", x, np.ones((3, 3)), *rest[1:]),
        wrong(ValueError, "b must be", x, *rest[:states], *weights[:2], np.ones(2), *weights[3:]),
        wrong(ValueError, "lengths must be 2 numbers in 0 .. 3, not", x, *rest, lengths=[3, 4]),
        wrong(ValueError, "lengths must be 2 numbers in 0 .. 3, not", x, *rest, lengths=[3]),
        wrong(ValueError, "lengths must be None for one step", x[:, 0], *rest, lengths=[1, 1]),
        wrong(TypeError, "lengths must be whole numbers", x, *rest, lengths=[1.5, 2]),
        wrong(TypeError, "reverse must be True or False", x, *rest, reverse=1),
        wrong(TypeError, "takes a Variable or an array", "text", *rest),
    ]


OPS = [
    Op("rnn", R.rnn, of_sequences(rnn_step, 1), cases(1, 1, 1), refusals(1, 1, 1)),
    Op("lstm", R.lstm, of_sequences(lstm_step, 2), cases(4, 2, 1), refusals(4, 2, 1)),
    Op("gru", R.gru, of_sequences(gru_step, 1), cases(3, 1, 2), refusals(3, 1, 2)),
    Op("gru, reset before", R.gru, of_sequences(gru_step, 1), cases(3, 1, 1), refusals(3, 1, 1)),
]
