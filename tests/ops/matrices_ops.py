"""Rows for numbers of matrices and matrices of vectors. The references are NumPy's functions, or loops over elements."""

import math

import numpy as np

import autograd.functions as every
import autograd.functions.matrices as F
from tests.ops.linalg_ops import spread
from tests.ops.table import Op, case, normal, strided, wrong

stacks = [normal(2, 3), normal(2, 3, 2), normal(3, 1), normal(1, 2, 2, 2), normal(4, 2).T, strided(normal(2, 2))]
squares = [spread(2, 2), spread(3, 3), spread(2, 3, 3), strided(spread(3, 3)), spread(3, 3).T, spread(2, 2).astype(np.float32), spread(1, 1), spread(1, 2, 2, 2)]
rows = [normal(3, 4), normal(2, 5), normal(1, 4), normal(6), normal(4, 2).T, strided(normal(3, 4)), normal(3, 4).astype(np.float32), normal(2, 3)]
v, x, number = normal(4), normal(2, 3), normal()


def of_matrices(x, ord="fro", keepdims=False):
    y = np.linalg.norm(x, "fro" if ord is None else ord, axis=(-2, -1), keepdims=keepdims)
    return np.asarray(y, x.dtype)


def covariance(x, ddof=1):
    m = x.reshape(-1, x.shape[-1])
    means = [math.fsum(row) / len(row) for row in m]
    y = [[math.fsum((a - p) * (b - q) for a, b in zip(r, s)) / (m.shape[1] - ddof) for s, q in zip(m, means)] for r, p in zip(m, means)]
    return np.squeeze(np.array(y, x.dtype)) if len(m) == 1 else np.array(y, x.dtype)


def correlation(x):
    c = np.atleast_2d(covariance(x))
    y = [[c[i, j] / math.sqrt(c[i, i] * c[j, j]) for j in range(len(c))] for i in range(len(c))]
    return np.asarray(np.squeeze(np.array(y)) if len(c) == 1 else np.array(y), x.dtype)


def powers(x, N=None, increasing=False):
    n = x.shape[-1] if N is None else N
    columns = [x**0 if not k else math.prod([x] * k) for k in range(n)]
    return np.stack(columns if increasing else columns[::-1], -1) if n else np.zeros((*x.shape, 0), x.dtype)


def blocks(*xs):
    xs = [np.atleast_2d(x) for x in xs]
    y = np.zeros(np.sum([x.shape for x in xs], 0), np.result_type(*xs))
    i = j = 0
    for a in xs:
        y[i : i + a.shape[0], j : j + a.shape[1]] = a
        i, j = i + a.shape[0], j + a.shape[1]
    return y


def condition(x, ord=2):
    return np.asarray(np.linalg.cond(x, ord), x.dtype)


NORM = "ord must be 'fro', 'nuc', 1, -1, 2, -2, inf or -inf"
tensors = [case(spread(6, 6).reshape(2, 3, 6)), case(spread(6, 6).reshape(6, 2, 3), 1), case(spread(4, 4).reshape(2, 2, 2, 2)), case(spread(4, 4).reshape(2, 2, 4), ind=2), case(spread(3, 3), 1), case(strided(spread(4, 4).reshape(2, 2, 4))), case(spread(6, 6).reshape(3, 2, 1, 6), 3), case(spread(4, 4).astype(np.float32).reshape(2, 2, 4))]
equations = [case(spread(6, 6).reshape(2, 3, 6), normal(2, 3)), case(spread(6, 6).reshape(6, 2, 3), normal(6)), case(spread(4, 4).reshape(2, 2, 2, 2), normal(2, 2)), case(spread(3, 3), normal(3)), case(spread(6, 6).reshape(2, 3, 6).transpose(2, 0, 1), normal(2, 3), (0,)), case(spread(4, 4).reshape(2, 2, 4), strided(normal(2, 2))), case(spread(6, 6).reshape(6, 3, 2), normal(6)), case(spread(4, 4).astype(np.float32).reshape(2, 2, 4), normal(2, 2).astype(np.float32))]



def distances(a, b, ord=2):
    shape = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    a, b = [np.broadcast_to(z, (*shape, *z.shape[-2:])) for z in (a, b)]
    y = np.zeros((*shape, a.shape[-2], b.shape[-2]))
    for i, j in np.ndindex(*y.shape[-2:]):
        d = np.abs(a[..., i, :] - b[..., j, :])
        y[..., i, j] = d.max(-1) if ord == math.inf else (d**ord).sum(-1) ** (1 / ord)
    return y.astype(np.result_type(a, b))



OPS = [
    Op(
        "matrix_norm", F.matrix_norm, of_matrices,
        [case(a, ord=p) for a in stacks for p in ("fro", 1, -1, 2, -2, "nuc", math.inf, -math.inf, None)] + [case(stacks[1], p, keepdims=True) for p in ("fro", 1, 2, "nuc", -math.inf)] + [case(np.zeros((0, 3)), p) for p in (1, 2, math.inf, "nuc")],
        [wrong(ValueError, r"takes matrices \(\.\.\., N, M\), not shape \(3,\)", normal(3)), wrong(ValueError, f"{NORM}, not 3", normal(2, 2), 3), wrong(ValueError, "ord must be .*, not 'nuclear'", normal(2, 2), "nuclear"), wrong(TypeError, "ord must be a number, not \\[1\\]", normal(2, 2), [1])],
    ),
    Op(
        "cond", F.cond, condition, [case(a, p) for a in squares for p in (None, 2, -2, 1, math.inf, "fro", "nuc")] + [case(spread(3, 2))],
        [wrong(ValueError, "invertible", np.ones((2, 2)), 1), wrong(ValueError, NORM, spread(2, 2), 3), wrong(ValueError, r"takes matrices \(\.\.\., M, N\)", v), wrong(TypeError, "cond takes a Variable or an array", None)],
    ),
    Op("cov", F.cov, covariance, [case(a) for a in rows] + [case(a, ddof=0) for a in rows] + [case(rows[0], ddof=0.5)], [wrong(ValueError, "more than ddof = 4 observations", normal(3, 4), 4), wrong(ValueError, r"observations \(N,\) of a number", normal(2, 3, 4)), wrong(TypeError, "ddof must be a number", x, "1"), wrong(TypeError, "cov takes a Variable or an array", [1.0, 2.0])]),
    Op("corrcoef", F.corrcoef, correlation, [case(a) for a in rows if a.ndim > 1] + [case(normal(3, 7)), case(normal(2, 4, seed=3))], [wrong(ValueError, "more than ddof = 1 observations", normal(3, 1)), wrong(ValueError, "observations", normal(2, 2, 2)), wrong(TypeError, "corrcoef takes a Variable or an array", "text")]),
    Op("vander", F.vander, powers, [case(a, n, increasing=i) for a in (v, x, normal(1), strided(v), normal(3).astype(np.float32)) for n in (None, 0, 1, 3) for i in (True, False)], [wrong(ValueError, "not a single number", number), wrong(ValueError, "N must be at least 0", v, -1), wrong(TypeError, "increasing must be True or False", v, 3, 1), wrong(TypeError, "vander takes a Variable or an array", [1.0])]),
    Op(
        "block_diag", F.block_diag, blocks,
        [case(a, b) for a in (x, v, number, normal(3, 1), strided(x)) for b in (x.T, normal(2))] + [case(x), case(x, v, x), case(x.astype(np.float32), x.astype(np.float32)), case(normal(0, 2), x)],
        [wrong(ValueError, "one matrix or more", normal(2, 2, 2)), wrong(ValueError, r"one matrix or more, not shapes \[\]"), wrong(TypeError, "block_diag takes a Variable or an array", x, None)],
    ),
    Op("tensorinv", F.tensorinv, lambda x, ind=2: np.asarray(np.linalg.tensorinv(x, ind), x.dtype), tensors, [wrong(ValueError, "as many elements in the first 2 axes", normal(2, 3, 4)), wrong(ValueError, "ind must be at least 1", spread(4, 4), 0), wrong(ValueError, "invertible", np.ones((2, 2, 4)))]),
    Op(
        "tensorsolve", F.tensorsolve, lambda x, b, axes=None: np.asarray(np.linalg.tensorsolve(x, b, axes), x.dtype), equations,
        [wrong(ValueError, "as many unknowns as equations", normal(2, 3, 4), normal(2, 3)), wrong(ValueError, "invertible", np.ones((2, 2, 4)), normal(2, 2)), wrong(ValueError, "axis", spread(3, 3), normal(3), (5,)), wrong(TypeError, "tensorsolve takes a Variable or an array", spread(2, 2), [1.0, 2.0])],
    ),
    Op("vecdot", every.vecdot, lambda a, b, axis=-1: np.asarray((a * b).sum(axis)), [case(a, b) for a, b in ((v, v + 1), (x, x[0]), (normal(2, 3, 2), normal(2, 3, 2, seed=3)), (strided(x), x))] + [case(x, x, 0), case(x.astype(np.float32), x.astype(np.float32)), case(normal(2, 0), normal(2, 0)), case(normal(3, 1, 2), normal(4, 2))], [wrong(ValueError, "whose shapes broadcast", x, normal(2)), wrong(ValueError, "axis 2", x, x, 2), wrong(TypeError, "vecdot takes", [1.0], v)]),
    Op("cdist", every.cdist, distances, [case(a, b, p) for a, b in ((x, normal(2, 3, seed=7)), (normal(2, 2, 3), x), (strided(x), normal(3, 3, seed=9))) for p in (1, 2, 3, math.inf)] + [case(x.astype(np.float32), normal(2, 3, seed=9).astype(np.float32))], [wrong(ValueError, "vectors of one length", x, normal(2, 2)), wrong(ValueError, "rows of matrices", v, x), wrong(TypeError, "ord must be a number", x, x, "a")]),
]  # fmt: skip
