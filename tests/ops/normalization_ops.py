"""Rows for normalization. The references take one channel, or one sample, after the other, with `statistics`."""

import math
import statistics

import numpy as np

from autograd.functions import normalization as N
from tests.ops.table import Op, case, normal, strided, wrong


def standardized(values, mean, var, eps):
    return [(v - mean) / math.sqrt(var + eps) for v in values]


def by_channel(x, gamma, beta, eps=1e-5):
    y, means, variances = np.empty_like(x), [], []
    for c in range(x.shape[1]):
        values = [float(v) for v in x[:, c].ravel()]
        means.append(statistics.fmean(values))
        variances.append(math.fsum((v - means[-1]) ** 2 for v in values) / len(values))
        xn = np.array(standardized(values, means[-1], variances[-1], eps)).reshape(x[:, c].shape)
        y[:, c] = gamma[c] * xn + beta[c]
    return y, np.array(means, x.dtype), np.array(variances, x.dtype)


def by_given(x, gamma, beta, mean, var, eps=1e-5):
    y = np.empty_like(x)
    for c in range(x.shape[1]):
        y[:, c] = gamma[c] * np.array(standardized(x[:, c].ravel(), mean[c], var[c], eps)).reshape(x[:, c].shape) + beta[c]
    return y


def by_sample(x, gamma, beta, eps=1e-5):
    rows = []
    for row in x.reshape(-1, gamma.size):
        mean = statistics.fmean(row)
        rows.append(standardized(row, mean, statistics.fmean([(v - mean) ** 2 for v in row]), eps))
    return np.asarray(np.array(rows).reshape(x.shape) * gamma + beta, x.dtype)


def batches():
    def given(x, **options):
        C = x.shape[1]
        return case(x, normal(C, seed=1).astype(x.dtype), normal(C, seed=2).astype(x.dtype), **options)

    shapes = [(4, 1), (3, 2), (5, 3), (6, 2), (3, 4), (4, 2), (7, 1), (2, 2, 3), (3, 2, 2), (2, 2, 2, 2), (3, 1, 2, 2), (1, 2, 2, 3), (2, 2, 1, 3), (1, 3, 5), (2, 1, 2, 1, 3)]
    cases = [given(normal(*shape)) for shape in shapes] + [given(normal(*shape), eps=0.5) for shape in ((4, 2), (2, 2), (2, 2, 1, 1), (3, 2), (2, 2, 2))]
    x = normal(4, 3)
    cases += [given(strided(x)), given(normal(3, 4).T), given(normal(2, 3, 2).transpose(2, 1, 0)), given(x.astype(np.float32)), given(x + 10), given(x * 30)]
    return [*cases, given(np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])), given(x.astype(np.float32) + 3, eps=1e-3), case(x, np.ones(3), np.zeros(3), 1e-3)]


def fixed():
    cases = [case(c.args[0], *c.args[1:3], normal(c.args[0].shape[1], seed=3).astype(c.args[0].dtype), normal(c.args[0].shape[1], seed=4, low=0.5).astype(c.args[0].dtype), **c.options) for c in batches()[:-1]]
    return [*cases, case(normal(0, 2), normal(2), normal(2), normal(2), np.ones(2)), case(normal(1, 2), normal(2), normal(2), normal(2), np.ones(2))]


def rows():
    def given(x, *shape, **options):
        return case(x, normal(*shape, seed=1).astype(x.dtype), normal(*shape, seed=2).astype(x.dtype), **options)

    shapes = [((3,), (3,)), ((7,), (7,)), ((2, 3), (3,)), ((1, 3), (3,)), ((4, 3), (3,)), ((0, 3), (3,)), ((2, 2, 3), (3,)), ((2, 1, 4), (4,))]
    shapes += [((2, 2, 3), (2, 3)), ((2, 3), (2, 3)), ((3, 2, 2), (2, 2)), ((2, 1, 2, 2), (1, 2, 2)), ((1, 2, 3), (1, 2, 3)), ((2, 1, 2, 3), (3,)), ((2, 5), (5,))]
    cases = [given(normal(*a), *b) for a, b in shapes] + [given(normal(*a), *b, eps=0.5) for a, b in (((2, 1), (1,)), ((2, 2), (2,)), ((3, 3), (3,)), ((1,), (1,)))]
    x = normal(3, 4)
    cases += [given(strided(x), 4), given(x.T, 3), given(normal(3, 2, 2).transpose(2, 1, 0), 2, 3), given(x.astype(np.float32), 4), given(x + 10, 4), given(x * 30, 4)]
    return [*cases, given(np.broadcast_to(x[:1], (2, 4)), 4), given(x.astype(np.float32) + 3, 4, eps=1e-3)]


def by_square(x, gamma, eps=1e-5):
    found = [[v / math.sqrt(math.fsum(v * v for v in row) / len(row) + eps) for v in row] for row in x.reshape(-1, gamma.size).tolist()]
    return np.asarray(np.array(found).reshape(x.shape) * gamma, x.dtype)


def by_group(x, groups, gamma, beta, eps=1e-5):
    y = np.empty_like(x)
    for sample, out in zip(x, y):
        for part, place in zip(np.split(sample, groups), np.split(out, groups)):
            values = [float(v) for v in part.ravel()]
            mean = statistics.fmean(values)
            place[...] = np.reshape(standardized(values, mean, statistics.fmean([(v - mean) ** 2 for v in values]), eps), part.shape)
    return np.stack([gamma[c] * y[:, c] + beta[c] for c in range(x.shape[1])], 1)


def images(*groups):
    """Images, or what else has channels, with a number of groups for each (none: a group for each channel)."""

    def given(x, *groups, **options):
        return case(x, *groups, normal(x.shape[1], seed=1).astype(x.dtype), normal(x.shape[1], seed=2).astype(x.dtype), **options)

    shapes = [(2, 4, 3), (1, 2, 4), (3, 2, 3), (2, 6, 2), (1, 4, 2, 2), (2, 2, 2, 3), (2, 2, 2, 1, 2), (0, 2, 3), (1, 2, 5)]
    cases = [given(normal(*shape), *groups) for shape in shapes]
    cases += [given(normal(2, 2, 4, seed=3), *groups, eps=0.5), given(normal(2, 2, 2), *groups, eps=0.5)]
    x = normal(2, 4, 3)
    cases += [given(strided(x), *groups), given(normal(3, 2, 4).transpose(2, 1, 0), *groups), given(x.astype(np.float32), *groups)]
    return [*cases, given(x + 10, *groups), given(x * 30, *groups), given(np.broadcast_to(x[:1], (2, 4, 3)), *groups)]


x, two, three = normal(4, 3), normal(2), normal(3)


def wrong_batch(name="batch_norm"):
    return [
        wrong(ValueError, rf"{name}: gamma and beta must have the shape \(3,\), not \(2,\) and \(3,\)", x, two, three), wrong(ValueError, r"not \(3,\) and \(2,\)", x, three, two),
        wrong(ValueError, rf"{name} takes x \(N, C, \.\.\.\) .* not \(3,\)", three, three, three), wrong(ValueError, r"at least one element in each channel, not \(0, 3\)", normal(0, 3), three, three),
        wrong(ValueError, r"\(1, 3\)", x, normal(1, 3), three),
        *[wrong(ValueError, rf"{name} takes at least 2 values in each channel, not 1, shape \({shape[0]}, ", normal(*shape), three, three) for shape in ((1, 3), (1, 3, 1), (1, 3, 1, 1))],
    ]  # fmt: skip



def responses(x, size, alpha=1e-4, beta=0.75, k=1.0):
    y = np.zeros_like(x)
    for c in range(x.shape[1]):
        near = x[:, max(c - size // 2, 0) : c + (size - 1) // 2 + 1]
        y[:, c] = x[:, c] / (k + alpha / size * (near**2).sum(1)) ** beta
    return y


sized = [case(normal(2, 5, *s), n) for s in ((), (3,), (2, 2)) for n in (1, 2, 3)] + [case(normal(2, 4, 3), 3, 0.5, 0.5, 2.0), case(strided(normal(2, 3)), 2), case(normal(2, 3, 2).astype(np.float32), 2)]

OPS = [
    Op("batch_norm", N.batch_norm, lambda *args, **options: by_channel(*args, **options)[0], batches(), wrong_batch()),
    Op("batch_norm_by_formula", N.batch_norm_by_formula, lambda *args, **options: by_channel(*args, **options)[0], batches(), wrong_batch("batch_norm_by_formula")),
    Op("batch_norm_with_statistics", N.batch_norm_with_statistics, by_channel, batches(), wrong_batch(), order=0),  # mean and var are constants
    Op(
        "batch_norm_inference", N.batch_norm_inference, by_given, fixed(),
        [
            wrong(ValueError, r"gamma and beta must have the shape \(3,\), not \(2,\)", x, two, three, three, three), wrong(ValueError, r"mean and var must have the shape \(3,\), not \(2,\) and \(3,\)", x, three, three, two, three),
            wrong(ValueError, r"takes x \(N, C, \.\.\.\), not \(3,\)", three, three, three, three, three),
        ],
    ),
    Op(
        "layer_norm", N.layer_norm, by_sample, rows(),
        [
            wrong(ValueError, r"gamma must have the shape of the last axes of x \(4, 3\), not \(2,\)", x, two, two), wrong(ValueError, r"gamma and beta must have the shape \(3,\), not \(3,\) and \(2,\)", x, three, two),
            wrong(ValueError, r"not \(\)", x, 1.0, 0.0), wrong(ValueError, r"not \(4,\)", x, normal(4), normal(4)), wrong(ValueError, r"not \(0,\)", normal(2, 0), normal(0), normal(0)),
        ],
    ),
    Op(
        "rms_norm", N.rms_norm, by_square, [case(*c.args[:2], **c.options) for c in rows()],
        [wrong(ValueError, r"rms_norm: gamma must have the shape of the last axes of x \(4, 3\), not \(2,\)", x, two), wrong(ValueError, r"not \(\)", x, 1.0), wrong(ValueError, "eps must be at least 0, not -1", x, three, -1)],
    ),
    Op(
        "group_norm", N.group_norm, by_group, images(1) + images(2) + [case(normal(3, 4), 1, normal(4), normal(4)), case(normal(2, 6), 2, normal(6), normal(6))],
        [
            wrong(ValueError, "groups must divide the 3 channels, not 2", x, 2, three, three), wrong(ValueError, "groups must be at least 1, not 0", x, 0, three, three),
            wrong(ValueError, r"takes x \(N, C, \.\.\.\) .* not \(3,\)", three, 1, three, three), wrong(ValueError, r"gamma and beta must have the shape \(3,\), not \(2,\)", x, 1, two, three),
        ],
    ),
    Op(
        "instance_norm", N.instance_norm, lambda x, gamma, beta, eps=1e-5: by_group(x, x.shape[1], gamma, beta, eps), images(),
        [wrong(ValueError, r"^instance_norm takes x \(N, C, \.\.\.\) .* not \(3,\)", three, three, three), wrong(ValueError, r"^instance_norm: .* must have the shape \(4,\), not \(3,\)", normal(2, 4, 3), three, three), *[wrong(ValueError, "at least 2 values in each channel, not 1", normal(*s), three, three) for s in ((4, 3), (4, 3, 1, 1))]],
    ),
    Op("local_response_norm", N.local_response_norm, responses, sized, [wrong(ValueError, "size must be at least 1, not 0", x, 0), wrong(ValueError, r"takes x \(N, C, \.\.\.\)", normal(5), 2), wrong(TypeError, "alpha must be a number", x, 2, "a")]),
]  # fmt: skip
