"""Rows for losses by element, summed and weighted, and for those of pairs, margins and likelihoods.

The references are loops over single numbers or vectors, in Python's arithmetic.
"""

import math

import numpy as np

import autograd.functions as F
from tests.ops.loss_ops import absolute_or_square, bits, inside, log_softmax, outside, same_shape
from tests.ops.table import Op, away_from, case, normal, strided, wrong

REDUCTIONS = ("mean", "sum", "none")


def collected(losses, shape, dtype, reduction="mean", weight=None, total=None):
    """A list of losses of that shape: weighted, and then all of them, their sum, or their mean."""
    w = np.ones(shape) if weight is None else np.broadcast_to(np.asarray(weight, float), shape)
    weighted = [a * b for a, b in zip(losses, w.ravel().tolist(), strict=True)]
    if reduction == "none":
        return np.array(weighted, dtype).reshape(shape)
    return np.asarray(math.fsum(weighted) / (total or len(weighted) if reduction == "mean" else 1), dtype)


def elementwise(f):
    """f(x_i, t_i, ...) for each element, options by name."""

    def reference(*xs, reduction="mean", weight=None, arrays=2, **options):
        shape = np.broadcast_shapes(*[np.shape(x) for x in xs])
        columns = [np.broadcast_to(np.asarray(x, float), shape).ravel().tolist() for x in xs]
        return collected([f(*row, **options) for row in zip(*columns)], shape, xs[0].dtype, reduction, weight)

    return reference


def by_vector(f, vectors=2):
    """f(x_i, y_i, ...) for each vector along the last axis of the first so many arrays, and the numbers of the others."""

    def reference(*args, reduction="mean", weight=None, **options):
        xs, numbers = [a for a in args if hasattr(a, "ndim")], [a for a in args if not hasattr(a, "ndim")]
        wide, rest = np.broadcast_arrays(*xs[:vectors]), xs[vectors:]
        shape, D = wide[0].shape[:-1], wide[0].shape[-1]
        rows = [x.reshape(-1, D).tolist() for x in wide] + [x.ravel().tolist() for x in rest]
        return collected([f(*row, *numbers, **options) for row in zip(*rows)], shape, xs[0].dtype, reduction, weight)

    return reference


def ways(x, t, *more, weight=None, **options):
    """A call with each reduction, with and without weights of several shapes."""
    w = normal(*x.shape, seed=8, low=0.2, high=2) if weight is None else weight
    weights = [None, w, w[0], 0.5] if weight is None else [None, w]
    return [case(x, t, *more, reduction=r, weight=v, **options) for r in REDUCTIONS for v in weights]


def cast(t, dtype):
    return t.astype(dtype) if t.dtype.kind == "f" else t


def layouts(make, *more, **options):
    """Other shapes and layouts: `make(x)` gives the target."""
    shapes = [(), (1,), (5,), (2, 1), (1, 3), (2, 2, 2), (2, 1, 2)]
    cases = [case(x, make(x), *more, reduction=r, **options) for x, r in zip([normal(*s) for s in shapes], REDUCTIONS * 3)]
    x = normal(2, 3)
    for a in (strided(x), normal(3, 2).T, np.broadcast_to(x[:1], (2, 3)), x.astype(np.float32)):
        cases += [case(a, cast(make(a), a.dtype), *more, reduction=r, **options) for r in ("sum", "none")]
    return cases


def near(x):
    return np.asarray(x - away_from(normal(*x.shape, seed=5), 0.0, -1.0, 1.0, -0.5, 0.5))


def chance(x):
    return normal(*x.shape, seed=6, low=0.1, high=0.9)


def sides(x):
    return np.where(normal(*x.shape, seed=7) > 0, 1, -1)  # integers, as derivatives would move them


def counts(x):
    return normal(*x.shape, seed=9, low=0.2, high=4)


def probable(cases):
    return [case(np.asarray(1 / (1 + np.exp(-c.args[0]))), *c.args[1:], **c.options) for c in cases]


x, labels, C = normal(4, 3), np.array([0, 2, 1, 2]), normal(3, seed=3, low=0.2, high=2)
likelihood = normal(4, 3, seed=4, low=0.1, high=1)


def classified(of_class):
    """Losses of labels and of distributions; `of_class(row)` gives the loss of each class."""

    def reference(x, t, axis=-1, ignore_index=None, smoothing=0.0, reduction="mean", weight=None):
        t, n = np.asarray(t), x.shape[axis]
        samples = tuple(np.delete(x.shape, axis))
        rows = np.moveaxis(x, axis, -1).reshape(-1, n).tolist()
        w = np.ones(n) if weight is None else np.asarray(weight)
        of_labels = t.shape == samples
        targets = np.eye(n)[np.where(t == ignore_index, 0, t).ravel()] if of_labels else np.moveaxis(t, axis, -1).reshape(-1, n)
        kept = (t != ignore_index).ravel() if of_labels else np.ones(len(rows), bool)
        losses = []
        for row, target, counted in zip(rows, targets, kept):
            terms = [v * ((1 - smoothing) * p + smoothing / n) * a for v, p, a in zip(w, target, of_class(row))]
            losses.append(math.fsum(terms) if counted else 0.0)
        total = sum(w[t.ravel()[kept]]) if of_labels else len(rows)
        return collected(losses, samples, x.dtype, reduction, None, total)

    return reference


def labelled(smoothing):
    cases = [case(x, labels, reduction=r, weight=w) for r in REDUCTIONS for w in (None, C, C.tolist())]
    cases += [case(x, labels, reduction=r, weight=w, ignore_index=i) for r in REDUCTIONS for w in (None, C) for i in (2, -100)]
    cases += [case(x, np.array([0, -1, 1, -1]), ignore_index=-1, reduction=r, weight=C) for r in REDUCTIONS]
    cases += [case(normal(2, 3, 2), np.array([[0, 1], [2, 2]]), axis=1, reduction=r, weight=C, ignore_index=1) for r in REDUCTIONS]
    cases += [case(normal(3), 1, reduction="none"), case(x.astype(np.float32), labels, reduction="none", weight=C), case(strided(x), labels, reduction="sum")]
    if smoothing:
        cases += [case(x, t, reduction=r, weight=w, smoothing=0.2) for t in (labels, likelihood) for r in REDUCTIONS for w in (None, C)]
        cases += [case(x.T, likelihood.T, axis=0, reduction="none", weight=C), case(x, likelihood, reduction="none"), case(x, likelihood, weight=C)]
    return cases


def kl(p, q):
    return math.fsum(a * math.log(a / b) for a, b in zip(p, q) if a)


def positive_bits(a, b, w=1.0):
    """bits(a, b), with the term of b weighted."""
    return b * w * bits(a, 1.0) + (1 - b) * bits(a, 0.0)


def with_positive(x, t, pos_weight=1.0, **options):
    return elementwise(positive_bits)(x, t, np.broadcast_to(np.asarray(pos_weight, float), x.shape), **options)


def smooth(a, b, beta=1.0):
    return absolute_or_square(a, b, beta) / beta if beta else abs(a - b)


def length(a, ord=2):
    return max(map(abs, a)) if ord == math.inf else math.fsum(abs(v) ** ord for v in a) ** (1 / ord)


def far(a, b, ord=2, eps=1e-6):
    return length([u - v + eps for u, v in zip(a, b)], ord)


def cosine(a, b, eps=1e-8):
    return math.fsum(u * v for u, v in zip(a, b)) / (max(length(a), eps) * max(length(b), eps))


def pair(a, b, t, margin=0.0):
    return 1 - cosine(a, b) if t == 1 else max(0.0, cosine(a, b) - margin)


def triplet(a, p, n, margin=1.0, ord=2, eps=1e-6, swap=False):
    return max(0.0, far(a, p, ord, eps) - min(far(a, n, ord, eps), far(p, n, ord, eps) if swap else math.inf) + margin)


def poisson(a, t, log_input=True, full=False, eps=1e-8):
    y = math.exp(a) - t * a if log_input else a - t * math.log(a + eps)
    return y + (t * math.log(t) - t + math.log(2 * math.pi * t) / 2 if full and t > 1 else 0)


def gaussian(a, t, v, full=False, eps=1e-6):
    v = max(v, eps)
    return (math.log(v) + (a - t) ** 2 / v + (math.log(2 * math.pi) if full else 0)) / 2


def multi_margin(x, t, p=1, margin=1.0, reduction="mean", weight=None):
    w = np.ones(x.shape[-1]) if weight is None else np.asarray(weight)
    losses = []
    for row, label in zip(x.reshape(-1, x.shape[-1]).tolist(), np.asarray(t).ravel().tolist()):
        others = [max(0.0, margin - row[label] + a) ** p for j, a in enumerate(row) if j != label]
        losses.append(w[label] * math.fsum(others) / len(row))
    return collected(losses, x.shape[:-1], x.dtype, reduction)


def multilabel(x, t, reduction="mean", weight=None):
    w = np.broadcast_to(np.ones(1) if weight is None else weight, x.shape)
    terms = [v * bits(a, b) for v, a, b in zip(w.ravel().tolist(), x.ravel().tolist(), np.asarray(t, float).ravel().tolist())]
    n = x.shape[-1]
    return collected([math.fsum(terms[i : i + n]) / n for i in range(0, len(terms), n)], x.shape[:-1], x.dtype, reduction)


def unit(x, ord=2, axis=-1, eps=1e-12):
    axes = (axis,) if isinstance(axis, int) else axis
    lengths = np.apply_over_axes(np.sum, np.abs(x) ** ord, axes) ** (1 / ord) if ord != math.inf else np.apply_over_axes(np.max, np.abs(x), axes)
    return x / np.where(lengths < eps, eps, lengths)


def cosines(a, b, axis=-1, eps=1e-8):
    a, b = np.broadcast_arrays(a, b)
    rows = [np.moveaxis(z, axis, -1) for z in (a, b)]
    found = [cosine(u, v, eps) for u, v in zip(*[z.reshape(-1, z.shape[-1]).tolist() for z in rows])]
    return np.array(found, a.dtype).reshape(rows[0].shape[:-1])


def distances(a, b, ord=2, eps=1e-6, keepdims=False):
    a, b = np.broadcast_arrays(a, b)
    found = [far(u, v, ord, eps) for u, v in zip(a.reshape(-1, a.shape[-1]).tolist(), b.reshape(-1, a.shape[-1]).tolist())]
    return np.array(found, a.dtype).reshape((*a.shape[:-1], 1) if keepdims else a.shape[:-1])


def vectors():
    """Pairs of arrays of vectors."""
    shapes = [((3,), (3,)), ((2, 3), (2, 3)), ((2, 3), (3,)), ((2, 1, 3), (2, 3)), ((1, 4), (3, 4)), ((4, 2), (4, 2)), ((2, 2, 2), (2, 2, 2)), ((1, 3), (1, 3))]
    pairs = [(normal(*a, seed=1), normal(*b, seed=2)) for a, b in shapes]
    a, b = pairs[1]
    return [*pairs, (strided(a), b), (normal(3, 2).T, b), (a.astype(np.float32), b.astype(np.float32)), (a, strided(b)), (3 * a, b[::-1])]


def unknown(name, *args):
    """A reduction that is none, and weights that do not fit."""
    return [
        wrong(ValueError, rf"{name}: reduction must be one of 'mean', 'sum', 'none', not 'max'", *args, reduction="max"), wrong(ValueError, "reduction must be one of", *args, reduction=None),
        wrong(ValueError, rf"{name}: weight must ", *args, weight=normal(7)), wrong(TypeError, "weight must be of numbers, not", *args, weight="text"),
    ]  # fmt: skip


not_signs = "targets must be 1 or -1, not"
t1, v = sides(normal(4)), normal(4, 3, seed=2)
far_apart = [normal(4, 3, seed=i) for i in (1, 2, 3)]
of_pairs = [case(a, b, sides(normal(*np.broadcast_shapes(a.shape, b.shape)[:-1], seed=4)), m, reduction=r) for a, b in vectors() for m, r in ((0.0, "none"), (-0.5, "mean"))]
rank = [normal(4, seed=i) for i in (1, 2)]



def margins(x, t, reduction="mean"):
    losses = []
    for row, of in zip(x.reshape(-1, x.shape[-1]).tolist(), np.reshape(t, (-1, x.shape[-1])).tolist()):
        losses.append(sum(max(0, 1 - a + b) for a, i in zip(row, of) for b, j in zip(row, of) if i and not j) / len(row))
    total = {"mean": np.mean, "sum": np.sum, "none": lambda y: np.reshape(y, x.shape[:-1])}[reduction](losses)
    return np.asarray(total, x.dtype)


classes = np.array([[1, 0, 1], [0, 0, 1], [0, 0, 0], [1, 1, 1]])
of_classes = [case(x, classes, reduction=r) for r in ("mean", "sum", "none")] + [case(x, classes > 0), case(x[0], classes[0]), case(x.astype(np.float32), classes), case(strided(x), classes), case(normal(2, 2, 3), np.broadcast_to(classes[:2], (2, 2, 3)))]

OPS = [
    Op("mean_squared_error weighted", F.mean_squared_error, elementwise(lambda a, b: (a - b) ** 2), ways(x, normal(4, 3, seed=5)) + layouts(near), unknown("mean_squared_error", x, x)),
    Op("mean_absolute_error weighted", F.mean_absolute_error, elementwise(lambda a, b: abs(a - b)), ways(x, near(x)) + layouts(near), unknown("mean_absolute_error", x, x)),
    Op("huber_loss weighted", F.huber_loss, elementwise(absolute_or_square), ways(x, near(x)) + ways(x, near(x), 0.7) + layouts(near) + [case(x, x + 3, math.inf, reduction="none")], unknown("huber_loss", x, x)),
    Op(
        "smooth_l1_loss", F.smooth_l1_loss, elementwise(smooth), ways(x, near(x), beta=0.5) + ways(x, near(x)) + layouts(near) + [case(x, near(x), 0), case(x, near(x), beta=0.0, reduction="none")],
        [*same_shape("smooth_l1_loss"), *unknown("smooth_l1_loss", x, x), wrong(ValueError, "beta must be at least 0, not -1", x, x, -1), wrong(ValueError, "not inf", x, x, math.inf)],
    ),
    Op("sigmoid_cross_entropy weighted", F.sigmoid_cross_entropy, with_positive, ways(x, chance(x)) + ways(x, chance(x), pos_weight=C) + layouts(chance, pos_weight=2.0) + [case(np.array([1e4, -1e4]), np.array([0.0, 1.0]), pos_weight=3.0)],
       [*unknown("sigmoid_cross_entropy", x, x > 0), wrong(ValueError, r"pos_weight must broadcast to the shape \(4, 3\), not have the shape \(4,\)", x, x > 0, pos_weight=np.ones(4))]),
    Op("binary_cross_entropy weighted", F.binary_cross_entropy, elementwise(lambda p, t: -t * math.log(inside(p)) - (1 - t) * math.log(1 - inside(p))), probable(ways(x, chance(x)) + layouts(chance)), unknown("binary_cross_entropy", likelihood, x > 0)),
    Op("kl_divergence weighted", F.kl_divergence, by_vector(kl), ways(likelihood / 3, chance(x) / 2, weight=normal(4, low=0.2, high=2)) + ways(normal(2, 2, 3, low=0.1, high=0.3), normal(2, 2, 3, seed=2, low=0.1, high=0.3), weight=C[:2]), unknown("kl_divergence", likelihood, likelihood)),
    Op(
        "softmax_cross_entropy weighted", F.softmax_cross_entropy, classified(lambda row: [-a for a in log_softmax(row)]), labelled(True),
        [*unknown("softmax_cross_entropy", x, labels), wrong(ValueError, "a number for each of 3 classes, not array", x, labels, weight=np.ones(1)), wrong(ValueError, "3 classes, not 7", x, [0, 1, 7, 0], reduction="sum")],
    ),
    Op(
        "nll_loss", F.nll_loss, classified(lambda row: [-a for a in row]), labelled(False),
        [
            *unknown("nll_loss", x, labels), wrong(ValueError, "labels must be in 0 .. 2, as there are 3 classes, not 3", x, [0, 1, 2, 3]), wrong(TypeError, "labels must be integers", x, np.zeros(4)),
            wrong(ValueError, r"takes labels of shape \(4,\), not a distribution", x, likelihood), wrong(TypeError, "must be floating-point", np.zeros((2, 3), int), [0, 1]),
        ],
    ),
    Op("hinge_loss", F.hinge_loss, elementwise(lambda a, t, margin=1.0: max(0.0, margin - t * a)), ways(x, sides(x)) + layouts(sides, margin=0.5), [*same_shape("hinge_loss"), *unknown("hinge_loss", x, sides(x)), wrong(ValueError, f"hinge_loss: {not_signs} 0", x, x > 0)]),
    Op("hinge_embedding_loss", F.hinge_embedding_loss, elementwise(lambda a, t, margin=1.0: a if t == 1 else max(0.0, margin - a)), ways(x, sides(x)) + layouts(sides, 0.5), [*unknown("hinge_embedding_loss", x, sides(x)), wrong(ValueError, f"{not_signs} 0.5", x, np.full((4, 3), 0.5))]),
    Op("soft_margin_loss", F.soft_margin_loss, elementwise(lambda a, t: bits(a, (t + 1) / 2)), ways(x, sides(x)) + layouts(sides), [*unknown("soft_margin_loss", x, sides(x)), wrong(ValueError, not_signs, x, x)]),
    Op(
        "margin_ranking_loss", F.margin_ranking_loss, elementwise(lambda a, b, t, margin=0.0: max(0.0, margin - t * (a - b))),
        [case(*rank, t1, m, reduction=r, weight=w) for m in (0.0, 0.5, -0.2) for r in REDUCTIONS for w in (None, C[0], np.abs(rank[0]))] + [case(normal(2, 3), normal(3), 1, reduction="none"), case(normal(2, 1), normal(3), np.array([1, -1, 1]))],
        [*unknown("margin_ranking_loss", *rank, t1), wrong(ValueError, not_signs, *rank, rank[0]), wrong(ValueError, "broadcast", normal(3), normal(2), 1), wrong(TypeError, "real numbers, not complex", normal(3) * 1j, normal(3), 1)],
    ),
    Op(
        "multi_margin_loss", F.multi_margin_loss, multi_margin,
        [case(x, labels, p, m, reduction=r, weight=w) for p in (1, 2) for m in (1.0, 0.3) for r in REDUCTIONS for w in (None, C)] + [case(normal(3), 1), case(normal(2, 2, 3), np.array([[0, 1], [2, 2]]), 2), case(x.astype(np.float32), labels)],
        [*unknown("multi_margin_loss", x, labels), wrong(ValueError, "p must be at most 2, not 3", x, labels, 3), wrong(ValueError, r"labels of shape \(4,\)", x, likelihood), wrong(ValueError, "not 9", x, [0, 1, 2, 9])],
    ),
    Op("multilabel_soft_margin_loss", F.multilabel_soft_margin_loss, multilabel, ways(x, chance(x), weight=C) + ways(x, x > 0, weight=C) + [c for c in layouts(chance) if c.args[0].ndim],
       [*same_shape("multilabel_soft_margin_loss"), *outside("multilabel_soft_margin_loss"), *unknown("multilabel_soft_margin_loss", x, x > 0), wrong(ValueError, "not a single number", normal(), normal(low=0, high=1))]),
    Op(
        "cosine_embedding_loss", F.cosine_embedding_loss, by_vector(pair), of_pairs + [case(x, v, t1, reduction=r, weight=w) for r in REDUCTIONS for w in (0.5, np.abs(normal(4)))],
        [*unknown("cosine_embedding_loss", x, v, t1), wrong(ValueError, not_signs, x, v, normal(4)), wrong(ValueError, r"targets of shape \(4,\)", x, v, t1[:2]), wrong(ValueError, "margin must be at least -1 and at most 1, not 2", x, v, t1, 2)],
    ),
    Op(
        "triplet_margin_loss", F.triplet_margin_loss, by_vector(triplet, 3),
        [case(*far_apart, m, p, swap=s, reduction=r) for m in (1.0, 3) for p in (1, 2, 3) for s in (False, True) for r in REDUCTIONS] + [case(*far_apart, 5.0, reduction=r, weight=np.abs(normal(4))) for r in REDUCTIONS] + [case(*[a.astype(np.float32) for a in far_apart])],
        [*unknown("triplet_margin_loss", *far_apart), wrong(ValueError, "margin must be above 0", *far_apart, 0), wrong(ValueError, "ord must be at least 1", *far_apart, 1.0, 0.5), wrong(ValueError, "broadcast", x, v, normal(4, 2)), wrong(TypeError, "swap must be True or False", *far_apart, swap=1)],
    ),
    Op("poisson_nll_loss", F.poisson_nll_loss, elementwise(poisson), ways(x, counts(x)) + ways(x, counts(x), full=True) + ways(chance(x) + 0.5, counts(x), False, full=True) + layouts(counts, full=True),
       [*same_shape("poisson_nll_loss"), *unknown("poisson_nll_loss", x, x), wrong(ValueError, "eps must be above 0", x, x, eps=0), wrong(TypeError, "full must be True or False", x, x, full=1)]),
    Op(
        "gaussian_nll_loss", F.gaussian_nll_loss, elementwise(gaussian), ways(x, v, counts(x)) + ways(x, v, counts(x)[:, :1], full=True) + ways(x, v, 0.5) + layouts(near, 0.7),
        [*unknown("gaussian_nll_loss", x, v, 1.0), wrong(ValueError, "var must be at least 0, not -1", x, v, -1.0), wrong(ValueError, "var must broadcast", x, v, np.ones(4)), wrong(ValueError, "eps must be above 0", x, v, 1.0, eps=0)],
    ),
    Op(
        "normalize", F.normalize, unit,
        [case(a, ord, axis) for a in (x, strided(x), normal(3, 4).T, x.astype(np.float32), normal(2, 2, 2)) for ord, axis in ((2, -1), (1, 0), (3, 1), (2, (0, 1)), (math.inf, -1))] + [case(normal(3)), case(x, eps=10.0)],
        [wrong(ValueError, "at least one element", normal(0, 3)), wrong(ValueError, "ord must be at least 1", x, 0.5), wrong(ValueError, "eps must be above 0", x, eps=0), wrong(ValueError, "axis 3 does not fit", x, 2, 3), wrong(TypeError, "real numbers, not complex", x * 1j)],
    ),
    Op(
        "cosine_similarity", F.cosine_similarity, cosines, [case(*p) for p in vectors()] + [case(a, b, 0) for a, b in vectors() if a.shape == b.shape] + [case(x, v, 1, 5.0), case(x, v, -2), case(normal(2, 3), normal(3), 1), case(normal(3), normal(2, 3), -1)],
        [wrong(ValueError, "shapes broadcast, not", x, normal(2)), wrong(ValueError, "axis 2 does not fit", x, x, 2), wrong(ValueError, "eps must be above 0", x, x, eps=0), wrong(ValueError, "at least one element", normal(), normal())],
    ),
    Op(
        "pairwise_distance", F.pairwise_distance, distances, [case(*p) for p in vectors()] + [case(*p, ord, keepdims=k) for p in vectors()[:3] for ord in (1, 3, math.inf) for k in (False, True)] + [case(x, x, eps=0.1)],
        [wrong(ValueError, "shapes broadcast, not", x, normal(2)), wrong(ValueError, "ord must be at least 1", x, x, 0), wrong(ValueError, "eps must be at least 0", x, x, eps=-1), wrong(TypeError, "takes a Variable or an array", x, "text")],
    ),
    Op("multilabel_margin_loss", F.multilabel_margin_loss, margins, of_classes, [wrong(ValueError, "targets must be 0 or 1", x, classes * 2), wrong(ValueError, "single number", normal(), np.array(1.0)), wrong(ValueError, "reduction must be one of", x, classes, reduction="max")]),
]  # fmt: skip
