"""Rows for diagonals and triangles. The references are loops over the places of the matrices."""

import numpy as np

import autograd.functions.triangles as F
from tests.ops.table import Op, case, normal, strided, wrong

x, wide, tall, box, stack = normal(3, 3), normal(2, 4), normal(4, 2), normal(3, 3, 2), normal(2, 3, 2, 3)
matrices = [x, wide, tall, x.T, strided(x), x.astype(np.float32), normal(1, 1), normal(0, 0), normal(0, 3), normal(2, 0), np.broadcast_to(normal(3), (2, 3))]
no_axis = "axis .* does not fit the shape"


def diagonals(x, offset=0, axis1=0, axis2=1):
    x = np.moveaxis(x, (axis1, axis2), (-2, -1))
    places = [(i, i + offset) for i in range(x.shape[-2]) if 0 <= i + offset < x.shape[-1]]
    return np.stack([x[..., i, j] for i, j in places], -1) if places else np.zeros((*x.shape[:-2], 0), x.dtype)


def matrix(x, k=0):
    if x.ndim == 2:
        return diagonals(x, k)
    y = np.zeros((len(x) + abs(k),) * 2, x.dtype)
    for i, value in enumerate(x):
        y[i + max(-k, 0), i + max(k, 0)] = value
    return y


def triangle(keep):
    def function(x, k=0):
        y = np.zeros_like(x)
        for i, j in np.ndindex(*x.shape[-2:]):
            if keep(j - i, k):
                y[..., i, j] = x[..., i, j]
        return y

    return function


offsets = [case(a, k) for a in (x, wide, tall) for k in (1, -1, 2, -3, 3, 9, -9)]
stacked = [case(box), case(box, 1, 1, 2), case(box, -1, axis1=2, axis2=0), case(stack, 0, -2, -1), case(stack, 1, 1, 3), case(box, axis1=1, axis2=0)]
vectors = [case(normal(n), k) for n in (0, 1, 3) for k in (0, 1, -2)]
wrongs = [wrong(ValueError, no_axis, x, 0, 0, 2), wrong(ValueError, no_axis, x, 0, 1, -1), wrong(TypeError, "offset must be a whole number, not 0.5", x, 0.5), wrong(ValueError, no_axis, normal(3))]
of_triangles = [wrong(ValueError, r"takes matrices \(\.\.\., N, M\), not shape \(3,\)", normal(3)), wrong(TypeError, "k must be a whole number, not 0.5", x, 0.5)]
triangles = [case(a) for a in (*matrices, box, stack)] + offsets + [case(stack, 1), case(box, -1)]



def embedded(x, offset=0, axis1=-2, axis2=-1):
    n = x.shape[-1] + abs(offset)
    y = np.zeros((*x.shape[:-1], n, n), x.dtype)
    for i in range(x.shape[-1]):
        y[..., i + max(-offset, 0), i + max(offset, 0)] = x[..., i]
    return np.moveaxis(y, (-2, -1), (axis1, axis2))



OPS = [
    Op("diagonal", F.diagonal, diagonals, [case(a) for a in matrices] + offsets + stacked, wrongs),
    Op("trace", F.trace, lambda *args, **o: diagonals(*args, **o).sum(-1), [case(a) for a in matrices] + offsets + stacked, wrongs),
    Op("diag", F.diag, matrix, [case(a) for a in matrices] + offsets + vectors, [wrong(ValueError, r"a vector or a matrix, not shape \(3, 3, 2\)", box), wrong(ValueError, "a vector or a matrix", normal()), wrong(TypeError, "k must be a whole number, not '1'", x, "1")]),
    Op("tril", F.tril, triangle(lambda d, k: d <= k), triangles, of_triangles),
    Op("triu", F.triu, triangle(lambda d, k: d >= k), triangles, of_triangles),
    Op("diag_embed", F.diag_embed, embedded, [case(a, k) for a in (normal(5), x, box, strided(x), x.astype(np.float32)) for k in (0, 1, -2)] + [case(x, 0, 0, 2), case(x, 1, 2, 0), case(box, 0, 1, 2)], [wrong(ValueError, "not a single number", normal()), wrong(ValueError, "axis 3 does not fit", x, 0, 3), wrong(TypeError, "offset must be a whole number", x, 0.5)]),
]  # fmt: skip
