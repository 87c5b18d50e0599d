"""Rows for attention. The references go query by query, and over the complex plane."""

import math

import numpy as np

from autograd.functions import attention as A
from tests.ops.table import Op, case, normal, strided, wrong


def one_by_one(q, k, v, mask=None, causal=False, *, offset=0, scale=None, softcap=None, p=0.0, rng=None):
    """Each query by itself: the keys that it sees, their weights by `math.exp`, the mean of their values."""
    H, HK = (x.shape[-3] if x.ndim > 2 else 1 for x in (q, k))
    if H > HK > 1:
        k, v = (np.repeat(x, H // HK, axis=-3) for x in (k, v))
    lead = np.broadcast_shapes(q.shape[:-2], k.shape[:-2], v.shape[:-2])
    T, S, D = q.shape[-2], *k.shape[-2:]
    q, k, v = (np.broadcast_to(x, (*lead, *x.shape[-2:])) for x in (q, k, v))
    seen = np.ones((T, S), bool) if mask is None or mask.dtype != bool else mask
    added = mask if mask is not None and mask.dtype != bool else np.zeros((T, S))
    seen, added = np.broadcast_to(seen, (*lead, T, S)), np.broadcast_to(added, (*lead, T, S))
    y = np.zeros((*lead, T, v.shape[-1]), np.float64)
    for place in np.ndindex(*lead, T):
        before, i = place[:-1], place[-1]
        scores = {}
        for j in range(S):
            if seen[(*place, j)] and added[(*place, j)] > -math.inf and (not causal or j <= i + offset):
                s = math.fsum(float(a) * float(b) for a, b in zip(q[place], k[(*before, j)])) * (1 / math.sqrt(D) if scale is None else scale)
                scores[j] = float(added[(*place, j)]) + (s if softcap is None else softcap * math.tanh(s / softcap))
        weights = {j: math.exp(s - max(scores.values())) for j, s in scores.items()}
        for j, w in weights.items():
            y[place] += w / sum(weights.values()) * v[(*before, j)]
    return y.astype(q.dtype)


def turned(x, offset=0, base=10_000.0):
    D = x.shape[-1]
    z = x[..., : D // 2] + 1j * x[..., D // 2 :]
    angles = np.array([[(t + offset) / base ** (2 * i / D) for i in range(D // 2)] for t in range(x.shape[-2])]).reshape(x.shape[-2], D // 2)
    z = z * np.exp(1j * angles)
    return np.concatenate([z.real, z.imag], -1).astype(x.dtype)


def attended():
    def given(*shapes, **options):
        return case(*[normal(*shape, seed=i) for i, shape in enumerate(shapes)], **options)

    shapes = [((1, 1), (1, 1), (1, 1)), ((3, 2), (3, 2), (3, 2)), ((2, 3), (4, 3), (4, 2)), ((0, 2), (3, 2), (3, 1)), ((2, 3, 2),) * 3, ((2, 1, 2), (2, 4, 2), (2, 4, 3)), ((2, 2, 3, 2),) * 3, ((1, 2, 3, 2), (2, 1, 3, 2), (2, 2, 3, 2)), ((3, 2), (2, 4, 2), (2, 4, 2)), ((3, 2), (4, 2), (2, 4, 3)), ((2, 3, 2), (4, 2), (4, 3))]
    cases = [given(*s) for s in shapes] + [given(*s, causal=True) for s in shapes[1:3] + shapes[4:7]]
    cases += [given((4, 2, 2), (2, 3, 2), (2, 3, 2)), given((1, 4, 2, 2), (1, 2, 3, 2), (1, 2, 3, 1), causal=True), given((1, 4, 2, 2), (1, 1, 3, 2), (1, 1, 3, 1)), given((4, 2, 2), (2, 3, 2), (2, 3, 2), mask=normal(4, 2, 3) > 0), given((4, 2, 2), (2, 3, 2), (2, 3, 2), mask=normal(1, 2, 3) > 0)]
    cases += [given((1, 2), (4, 2), (4, 2), causal=True, offset=2), given((3, 2), (2, 2), (2, 2), causal=True, offset=-2), given((2, 2), (3, 2), (3, 2), scale=0.3), given((2, 2), (3, 2), (3, 2), softcap=0.7), given((2, 2), (3, 2), (3, 2), softcap=2.0, causal=True, scale=2)]
    q, k, v = normal(2, 3, 2), normal(2, 4, 2, seed=1), normal(2, 4, 3, seed=2)
    masks = [normal(3, 4) > 0, normal(2, 1, 4) > 0, normal(1, 3, 1) > 0, np.zeros((3, 4), bool), np.array([True, False, False, True])]
    cases += [case(q, k, v, mask) for mask in masks] + [case(q, k, v, masks[0], True), case(q, k, v, masks[0], softcap=1.0)]
    cases += [case(q, k, v, normal(3, 4, seed=3)), case(q, k, v, normal(2, 3, 4, seed=3), True), case(q, k, v, normal(4, seed=3)), case(q, k, v, normal(3, 4), softcap=1.5)]
    x = [a.astype(np.float32) for a in (q, k, v)]
    return [*cases, case(*map(strided, (q, k, v))), case(q.transpose(1, 0, 2), k.transpose(1, 0, 2)[:3], v.transpose(1, 0, 2)[:3]), case(*x, causal=True), case(100 * q, k, v), case(q, np.broadcast_to(k[:1, :1], k.shape), v)]


def vectors():
    shapes = [(1, 2), (3, 2), (2, 4), (5, 6), (0, 2), (2, 3, 2), (2, 1, 4), (1, 2, 3, 4), (2, 2, 2, 2)]
    x = normal(3, 4)
    cases = [case(normal(*s)) for s in shapes] + [case(normal(*s), offset=7) for s in shapes] + [case(normal(2, 4), base=b) for b in (2.0, 100, 0.5)]
    return [*cases, case(strided(x)), case(normal(4, 3).T, 1), case(x.astype(np.float32)), case(x.astype(np.float32), 5, 100.0), case(np.broadcast_to(x[:1], (2, 4)))]


x, two = normal(3, 4), normal(2, 3, 4)

OPS = [
    Op(
        "scaled_dot_product_attention", A.scaled_dot_product_attention, one_by_one, attended(),
        [
            wrong(ValueError, r"takes q \(\.\.\., T, D\).*not \(3, 4\), \(3, 3\) and \(3, 4\)", x, normal(3, 3), x), wrong(ValueError, r"not \(3, 4\), \(3, 4\) and \(2, 4\)", x, x, normal(2, 4)),
            wrong(ValueError, r"not \(4,\), ", normal(4), x, x), wrong(ValueError, "S > 0", x, normal(0, 4), normal(0, 4)), wrong(ValueError, "heads that divide", normal(3, 2, 4), normal(2, 2, 4), normal(2, 2, 4)),
            wrong(ValueError, r"mask must broadcast to the scores \(3, 3\), not \(2, 3\)", x, x, x, np.ones((2, 3), bool)), wrong(ValueError, r"not \(2, 3, 3\)", x, x, x, np.ones((2, 3, 3), bool)),
            wrong(TypeError, "mask must be booleans .* not int64", x, x, x, np.ones((3, 3), int)), wrong(TypeError, "causal must be True or False, not 1", x, x, x, None, 1),
            wrong(ValueError, "softcap must be above 0, not 0", x, x, x, softcap=0), wrong(ValueError, "p must be at least 0 and below 1, not 1", x, x, x, p=1),
        ],
    ),
    Op(
        "rotary", A.rotary, turned, vectors(),
        [wrong(ValueError, r"an even D, not \(3, 3\)", normal(3, 3)), wrong(ValueError, r"not \(4,\)", normal(4)), wrong(TypeError, "floating-point vectors, not int64", np.ones((2, 2), int)), wrong(ValueError, "offset must be at least 0, not -1", x, -1)],
    ),
]  # fmt: skip
