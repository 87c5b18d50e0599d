"""Rows for functions beside others of their topics: remainders, pairs with nan, writing by index, distances, pooling.

The references are Python's `math` and loops over elements, or NumPy's function of the same name.
"""

import math

import numpy as np

import autograd.functions as F
from tests.ops.arithmetic_ops import by_element as by_pair
from tests.ops.core_ops import by_lists
from tests.ops.elementwise_ops import arrays, by_element, not_numbers
from tests.ops.images_ops import windows
from tests.ops.pooling_ops import plain
from tests.ops.reduction_ops import (
    ddofs,
    distinct,
    holey,
    nothing,
    smallest,
    standard_deviation,
    twice,
    variance,
    wrongs,
)
from tests.ops.sorting_ops import part
from tests.ops.table import Op, away_from, case, normal, strided, wrong

v, x, box = normal(5), normal(4, 3), normal(2, 3, 2)


def none(name):
    return [wrong(TypeError, rf"^{name} takes Variables, arrays and numbers, not NoneType", None, x), wrong(TypeError, f"^{name} takes", x, "text")]


def apart(low=0.3):
    """Pairs whose quotient is no whole number."""
    shapes = [((), ()), ((3,), (3,)), ((2, 3), (3,)), ((2, 1), (1, 3)), ((4,), (1,)), ((0,), (1,)), ((2, 3, 2), (3, 1)), ((1, 2), (2, 1))]
    cases = []
    for a, b in shapes:
        y = normal(*b, seed=2, low=low, high=2)
        k = np.floor(normal(*np.broadcast_shapes(a, b), seed=1, low=-3, high=3))
        cases += [case(np.asarray((k + 0.4) * y), y), case(np.asarray((k + 0.3) * y).astype(np.float32), y.astype(np.float32))]
    return [*cases, case(strided(np.array([1.0, -2.3])), 0.7)]


signed = [case(away_from(normal(*s), 0), away_from(normal(*s, seed=3), 0)) for s in ((), (3,), (2, 3), (0,), (2, 3, 2))] + [case(x, 1.0), case(x, -2.0), case(x.astype(np.float32), x.astype(np.float32)), case(strided(x), -x)]
two = [case(normal(*s), normal(*t, seed=3)) for s, t in (((), ()), ((3,), (3,)), ((2, 3), (3,)), ((2, 1), (1, 3)), ((0,), (1,)), ((2, 3, 2), (3, 1)))] + [case(x, 1.5), case(x.astype(np.float32), x.astype(np.float32) + 1), case(strided(x), x + 1)]
holes = [case(np.array([math.nan, 1.0, 2.0, math.nan]), np.array([1.0, math.nan, 3.0, math.nan])), case(np.array([math.nan, 2.0]), 1.0)] * 4


def extreme(pick):
    return by_pair(lambda a, b: b if a != a else a if b != b else pick(a, b))


def both(f):
    return lambda *args, **o: (f(*args, **o), by_lists(lambda row: math.fsum(row) / len(row))(*args, **{k: w for k, w in o.items() if k != "ddof"}))


def parts_of(x, q, axis=None, keepdims=False, method="linear"):
    return np.asarray(np.nanquantile(x.astype(float), q, axis=axis, keepdims=keepdims, method=method), x.dtype)


def written(add):
    def compute(x, index, values):
        y = x.copy()
        np.add.at(y, index, values) if add else y.__setitem__(index, values)
        return y

    return compute


def put_along(x, index, values, axis=-1):
    y, axis = x.copy(), axis % x.ndim
    values = np.broadcast_to(values, np.shape(index))
    for place in np.ndindex(*np.shape(index)):
        y[(*place[:axis], index[place], *place[axis + 1 :])] = values[place]
    return y


writes = [case(x, i, w) for i, w in ((0, normal(3)), (slice(1, 3), 2.0), ((slice(None), 1), normal(4)), (x > 0, -1.0), ([0, 2], normal(2, 3)), (([0, 0], [1, 1]), normal(2)), (..., normal(3)), ((None, 2), normal(1, 3)), (np.array([3, 3, 1]), normal(3, 3)))] + [case(strided(x), 1, normal(3)), case(x.T, 0, 1.5), case(x.astype(np.float32), 0, normal(3).astype(np.float32))]
bad = [wrong(ValueError, "does not broadcast|broadcast", x, 0, normal(2)), wrong(TypeError, "must be floating-point for values of float64", np.arange(3), 0, normal())]
along = [case(x, np.random.default_rng(n).integers(-3, 3, (4, n)), normal(4, n)) for n in (0, 1, 2, 5)] + [case(x, np.array([[0, 1, 2]]), 2.0, 0), case(v, np.array([1, 1, 4]), normal(3)), case(box, np.array([[[0, 1]]]), normal(1, 1, 2), 1), case(x.astype(np.float32), np.array([[1]]), np.float32(2))]


def framed(x, size, axis=-1):
    return np.lib.stride_tricks.sliding_window_view(x, size, axis).copy()


def embedded(x, offset=0, axis1=-2, axis2=-1):
    n = x.shape[-1] + abs(offset)
    y = np.zeros((*x.shape[:-1], n, n), x.dtype)
    for i in range(x.shape[-1]):
        y[..., i + max(-offset, 0), i + max(offset, 0)] = x[..., i]
    return np.moveaxis(y, (-2, -1), (axis1, axis2))


def margins(x, t, reduction="mean"):
    losses = []
    for row, of in zip(x.reshape(-1, x.shape[-1]).tolist(), np.reshape(t, (-1, x.shape[-1])).tolist()):
        losses.append(sum(max(0, 1 - a + b) for a, i in zip(row, of) for b, j in zip(row, of) if i and not j) / len(row))
    total = {"mean": np.mean, "sum": np.sum, "none": lambda y: np.reshape(y, x.shape[:-1])}[reduction](losses)
    return np.asarray(total, x.dtype)


def distances(a, b, ord=2):
    shape = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    a, b = [np.broadcast_to(z, (*shape, *z.shape[-2:])) for z in (a, b)]
    y = np.zeros((*shape, a.shape[-2], b.shape[-2]))
    for i, j in np.ndindex(*y.shape[-2:]):
        d = np.abs(a[..., i, :] - b[..., j, :])
        y[..., i, j] = d.max(-1) if ord == math.inf else (d**ord).sum(-1) ** (1 / ord)
    return y.astype(np.result_type(a, b))


def responses(x, size, alpha=1e-4, beta=0.75, k=1.0):
    y = np.zeros_like(x)
    for c in range(x.shape[1]):
        near = x[:, max(c - size // 2, 0) : c + (size - 1) // 2 + 1]
        y[:, c] = x[:, c] / (k + alpha / size * (near**2).sum(1)) ** beta
    return y


def powers(x, ord, kernel, stride=None, pad=0, ceil_mode=False):
    out, found, _ = windows(x, kernel, stride, pad, ceil_mode)
    y = np.zeros((*x.shape[:2], *out), x.dtype)
    for o, taps in found.items():
        inside = [p for p in taps if all(0 <= i < n for i, n in zip(p, x.shape[2:]))]
        y[(..., *o)] = sum(np.abs(x[(..., *p)]) ** ord for p in inside) ** (1 / ord)
    return y


def lp(n):
    image = lambda *shape: away_from(plain(*shape), 0)  # noqa: E731
    sizes = (4, 5, 3)[:n]
    cases = [case(image(1, 1, *sizes), p, 2) for p in (1, 2, 3)] + [case(image(1, 2, *sizes), 2, 2, 1), case(image(1, 1, *sizes), 2, 3, 2, 1), case(image(1, 1, *sizes), 2, 2, ceil_mode=True), case(strided(image(1, 1, *sizes)), 2, 2), case(image(1, 1, *sizes).astype(np.float32), 2, 2)]
    return Op(f"lp_pool{n}d", getattr(F, f"lp_pool{n}d"), powers, cases, [wrong(ValueError, "x must have the", plain(3), 2, 2), wrong(ValueError, "ord must be at least 1, not 0", plain(1, 1, *sizes), 0, 2), wrong(ValueError, "kernel must be", plain(1, 1, *sizes), 2, 0)])


classes = np.array([[1, 0, 1], [0, 0, 1], [0, 0, 0], [1, 1, 1]])
losses = [case(x, classes, reduction=r) for r in ("mean", "sum", "none")] + [case(x, classes > 0), case(x[0], classes[0]), case(x.astype(np.float32), classes), case(strided(x), classes), case(normal(2, 2, 3), np.broadcast_to(classes[:2], (2, 2, 3)))]
with_methods = [case(x, q, axis=a, method=m) for q in (0.3, 0.6) for a in (None, 0) for m in ("lower", "higher", "nearest", "midpoint")]
sized = [case(normal(2, 5, *s), n) for s in ((), (3,), (2, 2)) for n in (1, 2, 3)] + [case(normal(2, 4, 3), 3, 0.5, 0.5, 2.0), case(strided(normal(2, 3)), 2), case(normal(2, 3, 2).astype(np.float32), 2)]

OPS = [
    Op("logit", F.logit, by_element(lambda a: math.log(a / (1 - a))), arrays(low=0.1, high=0.9), not_numbers("logit")),
    Op("rsqrt", F.rsqrt, by_element(lambda a: 1 / math.sqrt(a)), arrays(low=0.3, high=3.0), not_numbers("rsqrt")),
    Op("sinc", F.sinc, by_element(lambda a: math.sin(math.pi * a) / (math.pi * a) if a else 1.0), arrays() + [case(np.array([0.0, 1e-9, 1.0, -0.3, 0.31, 0.33]))], not_numbers("sinc")),
    Op("tanhshrink", F.tanhshrink, by_element(lambda a: a - math.tanh(a)), arrays(), not_numbers("tanhshrink")),
    Op("floor_divide", F.floor_divide, by_pair(lambda a, b: math.floor(a / b)), apart(), none("floor_divide")),
    Op("remainder", F.remainder, by_pair(lambda a, b: a - b * math.floor(a / b)), apart(), none("remainder")),
    Op("fmod", F.fmod, by_pair(math.fmod), apart(), none("fmod")),
    Op("copysign", F.copysign, by_pair(math.copysign), signed, none("copysign")),
    Op("fmax", F.fmax, extreme(max), two, none("fmax")), Op("fmax of holes", F.fmax, extreme(max), holes, none("fmax"), order=0),
    Op("fmin", F.fmin, extreme(min), two, none("fmin")), Op("fmin of holes", F.fmin, extreme(min), holes, none("fmin"), order=0),
    Op("logaddexp2", F.logaddexp2, by_pair(lambda a, b: math.log2(2**a + 2**b)), two, none("logaddexp2")),
    Op("xlog1py", F.xlog1py, by_pair(lambda a, b: a * math.log1p(b) if a else 0.0), [case(c.args[0], np.asarray(np.abs(c.args[1]), c.args[0].dtype)) for c in two] + [case(np.array([0.0, 1.0]), np.array([2.0, -0.5]))], none("xlog1py")),
    Op("var_mean", F.var_mean, both(variance), [*distinct, *ddofs], wrongs("var", twice, *nothing, smallest)),
    Op("std_mean", F.std_mean, both(standard_deviation), [c for c in [*distinct, *ddofs] if c.args[0].size > 1], wrongs("var", twice, *nothing, smallest)),
    Op("quantile by methods", F.quantile, parts_of, with_methods, [wrong(ValueError, "method must be one of 'linear'", x, 0.5, method="middle"), wrong(ValueError, "axis 2", x, 0.5, 2)]),
    Op("nanquantile", F.nanquantile, parts_of, with_methods + [case(x, 0.4), case(v, [0.2, 0.7]), case(box, 0.3, 1, True)], [wrong(ValueError, "method must be one of 'linear'", x, 0.5, method="middle"), wrong(ValueError, r"q must be in 0 \.\. 1", x, 2), *[wrong(ValueError, "at least one element", normal(0), 0.5)]]),
    Op("nanquantile of holes", F.nanquantile, parts_of, [case(c.args[0], 0.3, axis=0) for c in holey([case(x), case(normal(7)), case(normal(9, 4)), case(normal(5, 2, 2))])] * 2, [wrong(ValueError, r"q must be in 0 \.\. 1", x, 2), wrong(TypeError, "q must be a number", x, "a")], order=0),
    Op("nanmedian", F.nanmedian, by_lists(lambda row: part(row, 0.5)), distinct, wrongs("nanmedian", twice, *nothing)),
    Op("setitem", F.setitem, written(False), writes, [*bad, wrong(TypeError, "setitem takes a Variable or an array", [1.0], 0, 1.0)]),
    Op("add_at", F.add_at, written(True), writes, [*bad, wrong(TypeError, "add_at takes a Variable or an array", [1.0], 0, 1.0)]),
    Op("put_along_axis", F.put_along_axis, put_along, along, [wrong(ValueError, "for an axis of 3, not 3", x, np.array([[3]]), 1.0), wrong(TypeError, "index must be of integers", x, np.ones((1, 1)), 1.0), wrong(ValueError, "none longer but axis 1", x, np.zeros((5, 1), int), 1.0)]),
    Op("sliding_window_view", F.sliding_window_view, framed, [case(x, n, a) for n in (1, 2, 3) for a in (0, 1, -2)] + [case(v, 5), case(strided(x), 2), case(x.astype(np.float32), 2), case(box, 2, 1)], [wrong(ValueError, "size must be at most 3, not 4", x, 4), wrong(ValueError, "axis 2 does not fit", x, 1, 2), wrong(TypeError, "size must be a whole number", x, 1.5)]),
    Op("diag_embed", F.diag_embed, embedded, [case(a, k) for a in (v, x, box, strided(x), x.astype(np.float32)) for k in (0, 1, -2)] + [case(x, 0, 0, 2), case(x, 1, 2, 0), case(box, 0, 1, 2)], [wrong(ValueError, "not a single number", normal()), wrong(ValueError, "axis 3 does not fit", x, 0, 3), wrong(TypeError, "offset must be a whole number", x, 0.5)]),
    Op("multilabel_margin_loss", F.multilabel_margin_loss, margins, losses, [wrong(ValueError, "targets must be 0 or 1", x, classes * 2), wrong(ValueError, "single number", normal(), np.array(1.0)), wrong(ValueError, "reduction must be one of", x, classes, reduction="max")]),
    Op("vecdot", F.vecdot, lambda a, b, axis=-1: np.asarray((a * b).sum(axis)), [case(a, b) for a, b in ((v, v + 1), (x, x[0]), (box, box * 2), (strided(x), x))] + [case(x, x, 0), case(x.astype(np.float32), x.astype(np.float32)), case(normal(2, 0), normal(2, 0)), case(normal(3, 1, 2), normal(4, 2))], [wrong(ValueError, "whose shapes broadcast", x, normal(2)), wrong(ValueError, "axis 2", x, x, 2), wrong(TypeError, "vecdot takes", [1.0], v)]),
    Op("cdist", F.cdist, distances, [case(a, b, p) for a, b in ((x, normal(2, 3, seed=7)), (normal(2, 2, 3), x), (strided(x), normal(3, 3, seed=9))) for p in (1, 2, 3, math.inf)] + [case(x.astype(np.float32), normal(2, 3, seed=9).astype(np.float32))], [wrong(ValueError, "vectors of one length", x, normal(2, 2)), wrong(ValueError, "rows of matrices", v, x), wrong(TypeError, "ord must be a number", x, x, "a")]),
    Op("local_response_norm", F.local_response_norm, responses, sized, [wrong(ValueError, "size must be at least 1, not 0", x, 0), wrong(ValueError, r"takes x \(N, C, \.\.\.\)", v, 2), wrong(TypeError, "alpha must be a number", x, 2, "a")]),
    *[lp(n) for n in (1, 2, 3)],
]  # fmt: skip
