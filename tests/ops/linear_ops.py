"""Rows for products of matrices and tensors. The references are loops, or broadcast products that are summed."""

import itertools

import numpy as np

from autograd.functions.linear import einsum, linear, outer, tensordot
from tests.ops.table import Op, case, normal, strided, wrong


def by_loops(subscripts, *xs):
    """One product after the other: for every value of every letter, add the product of what it names."""
    left, arrow, output = subscripts.replace(" ", "").partition("->")
    count = [x.ndim - len(term.replace("...", "")) for x, term in zip(xs, left.split(","))]
    terms = [term.replace("...", "VWXYZ"[5 - n :]) for n, term in zip(count, left.split(","))]
    if not arrow:
        output = "..." + "".join(sorted(c for c in set("".join(terms)) - set("VWXYZ") if "".join(terms).count(c) == 1))
    output = output.replace("...", "VWXYZ"[5 - max([n for n, term in zip(count, left.split(",")) if "..." in term], default=0) :])
    sizes = {}
    for x, term in zip(xs, terms):
        sizes |= {c: n for c, n in zip(term, x.shape) if sizes.get(c, 1) == 1}
    y = np.zeros([sizes[c] for c in output], np.result_type(*xs))
    for values in itertools.product(*map(range, sizes.values())):
        at = dict(zip(sizes, values))
        places = [tuple(at[c] if n > 1 else 0 for c, n in zip(term, x.shape)) for x, term in zip(xs, terms)]
        y[tuple(at[c] for c in output)] += np.prod([x[place] for x, place in zip(xs, places)])
    return y


def einsums():
    rows = [
        ("ij,jk->ik", (2, 3), (3, 2)), ("ij,jk", (2, 3), (3, 2)), ("ij,kj->ik", (2, 3), (2, 3)), ("bij,bjk->bik", (2, 2, 2), (2, 2, 2)),
        ("i,i->", (3,), (3,)), ("i,i", (3,), (3,)), ("i,j->ij", (2,), (3,)), ("i,j->ji", (2,), (3,)), ("ij->ji", (2, 3)), ("ij->", (2, 3)),
        ("ij->i", (2, 3)), ("ij", (2, 3)), ("ba", (2, 3)), ("i->i", (3,)), ("->", ()), (",->", (), ()), (",ij", (), (2, 2)),
        ("ii", (3, 3)), ("ii->i", (3, 3)), ("iij->ji", (2, 2, 3)), ("iii->i", (2, 2, 2)), ("ii,ij->j", (2, 2), (2, 2)), ("ijij->ij", (2, 2, 2, 2)),
        ("i,j->i", (2,), (3,)), ("ij,k->", (2, 2), (2,)), ("ij,i->ij", (2, 3), (2,)), ("i,ij,j->", (2,), (2, 3), (3,)), ("i,j,k->kij", (2,), (3,), (2,)),
        ("...i,i->...", (2, 3), (3,)), ("...ij,...jk", (2, 2, 2), (1, 2, 2)), ("...ij,jk->...ik", (2, 2, 3), (3, 1)), ("...", (2, 2)), ("i...->...", (2, 3)),
        ("...i->i...", (2, 3)), ("i...,i...->i...", (2, 1, 3), (2, 2, 1)), ("...,...", (2, 3), (3,)), ("...i,i", (3,), (3,)),
        ("ij,j->i", (2, 3), (1,)), ("ij,j->i", (2, 1), (3,)), ("ij , jk -> ik", (1, 1), (1, 2)), ("ij,jk->ik", (2, 0), (0, 2)), ("i,i->i", (0,), (0,)),
    ]  # fmt: skip
    cases = [case(row[0], *[normal(*shape, seed=i) for i, shape in enumerate(row[1:])]) for row in rows]
    x, W = normal(2, 3), normal(3, 2, seed=1)
    cases += [case("ij,jk->ik", strided(x), W.T.copy().T), case("ij,ij->j", x, W.T), case("ij,jk->ik", np.broadcast_to(x[:1], (2, 3)), W)]
    return [*cases, case("ij,jk->ik", x.astype(np.float32), W.astype(np.float32)), case("ij,jk->ik", x, np.arange(6, dtype=np.int8).reshape(3, 2))]


def layers():
    shapes = [((2, 3), (3, 4)), ((1, 1), (1, 1)), ((3,), (3, 2)), ((1, 3), (3, 1)), ((4, 1), (1, 2)), ((2, 2, 3), (3, 2)), ((2, 1, 2, 2), (2, 2))]
    shapes += [((0, 3), (3, 2)), ((2, 0), (0, 3)), ((2, 3), (3, 0)), ((2, 0, 3), (3, 2)), ((0,), (0, 2))]
    cases = [case(normal(*a), normal(*b, seed=1), normal(b[1], seed=2)) for a, b in shapes]
    cases += [case(normal(*a), normal(*b, seed=1)) for a, b in shapes[:8]] + [case(normal(2, 3), normal(3, 4), None)]
    x, W, b = normal(2, 3), normal(3, 2), normal(2)
    cases += [case(strided(x), W, b), case(W.T, x.T, b), case(x, np.broadcast_to(W[:1], (3, 2)), strided(b)), case(normal(2, 2, 3).transpose(1, 0, 2), W, b)]
    narrow = [a.astype(np.float32) for a in (x, W, b)]
    cases += [case(*narrow), case(x, *narrow[1:]), case(np.arange(6, dtype=np.int8).reshape(2, 3), W, b), case(np.ones((2, 2)), np.ones((2, 3)), np.ones(3))]
    return cases


def contractions():
    shapes = [((2, 3), (3, 2), 1), ((2, 3), (2, 3), 2), ((2,), (3,), 0), ((3,), (3,), 1), ((2, 2, 2), (2, 2), 2), ((2, 2, 2), (2, 2), 1), ((), (), 0)]
    shapes += [((2, 3), (4, 3), (1, 1)), ((2, 3), (4, 3), (-1, -1)), ((2, 3), (3, 2), ((0, 1), (1, 0))), ((2, 3, 2), (2, 2, 3), ((1, 0), (2, 0)))]
    shapes += [((2, 3), (2, 3), ([0], [0])), ((2, 3), (2,), (0, 0)), ((2, 2), (2, 2), ((), ())), ((), (2, 3), 0), ((2, 3), (), 0)]
    shapes += [((0, 2), (2, 3), 1), ((2, 0), (0, 3), 1), ((2, 3), (3, 2), np.int64(1)), ((1, 2, 1), (1, 2, 1), ((0, 1, 2), (0, 1, 2)))]
    cases = [case(normal(*a), normal(*b, seed=1), axes) for a, b, axes in shapes] + [case(normal(2, 3), normal(2, 3, seed=1))]
    x, W = normal(2, 3), normal(3, 2, seed=1)
    return [*cases, case(strided(x), W, 1), case(x.T, W.T, axes=1), case(x.astype(np.float32), W.astype(np.float32), 1), case(x, W.T, axes=(1, 1))]


def summed(a, b, axes=2):
    """Products of all pairs of elements in one large array, whose pairs of axes are then reduced to their diagonals."""
    if not isinstance(axes, tuple):
        axes = range(a.ndim - axes, a.ndim), range(axes)
    first, second = [[k % n for k in np.atleast_1d(np.array(axis, int))] for axis, n in zip(axes, (a.ndim, b.ndim))]
    y = a.reshape((*a.shape, *[1] * b.ndim)) * b
    for i, j in zip(first, second):
        y = y * np.eye(a.shape[i]).reshape([y.shape[k] if k in (i, a.ndim + j) else 1 for k in range(y.ndim)])
    return np.asarray(y.sum((*first, *[a.ndim + j for j in second])), np.result_type(a, b))


def vectors():
    sizes = [(1, 1), (1, 3), (3, 1), (2, 3), (3, 2), (3, 3), (0, 2), (2, 0), (0, 0), (4, 2), (2, 4), (5, 1), (1, 5), (6, 2), (2, 6), (4, 4)]
    a, b = normal(3), normal(2, seed=1)
    cases = [case(normal(n), normal(m, seed=1)) for n, m in sizes] + [case(a, a), case(strided(a), b), case(a[::-1], b), case(a, normal(2, 2)[:, 0])]
    return [*cases, case(a.astype(np.float32), b.astype(np.float32)), case(a.astype(np.float32), b), case(a, np.arange(2, dtype=np.int8)), case(np.broadcast_to(normal(), (3,)), b), case(a, b * 100)]


x, W, b = normal(2, 3), normal(3, 4), normal(4)

OPS = [
    Op(
        "linear", linear, lambda x, W, b=None: (x[..., None] * W).sum(-2) + (0 if b is None else b), layers(),
        [
            wrong(ValueError, r"x \(\.\.\., I\), W \(I, O\) and b \(O,\), not x \(2, 3\), W \(4, 3\), b \(3,\)", x, normal(4, 3), normal(3)),
            wrong(ValueError, r"not x \(2, 3\), W \(3, 4\), b \(2,\)", x, W, normal(2)), wrong(ValueError, r"b \(1, 4\)", x, W, normal(1, 4)),
            wrong(ValueError, r"not x \(2, 3\), W \(3,\)", x, normal(3)), wrong(ValueError, r"not x \(\)", normal(), W, b),
        ],
    ),
    Op(
        "einsum", einsum, by_loops, einsums(),
        [
            wrong(TypeError, "subscripts as text", x, W), wrong(ValueError, "has 1 terms for 2 operands", "ij", x, W),
            wrong(ValueError, "a letter for every axis", "ijk->i", x), wrong(ValueError, "'j' is both 3 and 2", "ij,jk->ik", x, normal(2, 3)),
            wrong(ValueError, "at most once", "ij->ii", x), wrong(ValueError, "letters of the terms", "ij->k", x), wrong(ValueError, "may hold letters", "i1->i", x),
            wrong(ValueError, "write '...' there too", "...j->j", x), wrong(ValueError, "for 0 operands", ""), wrong(ValueError, "both", "ii", x),
            wrong(ValueError, "may hold letters|a letter for every axis", "... ...->...", x), wrong(ValueError, "a letter for every axis", "...ijk->i...", x),
        ],
    ),
    Op(
        "tensordot", tensordot, summed, contractions(),
        [
            wrong(ValueError, "different sizes", x, x, 1), wrong(ValueError, "no 3 axes to sum over", x, x, 3), wrong(ValueError, "does not fit the shape", x, x, (2, 0)),
            wrong(ValueError, "different sizes", x, x, ((0, 1), (0,))),
        ],
    ),
    Op("outer", outer, lambda a, b: np.array([[p * q for q in b] for p in a], np.result_type(a, b)).reshape(len(a), len(b)), vectors(),
       [wrong(ValueError, r"two vectors, not shapes \(2, 3\) and \(4,\)", x, b), wrong(ValueError, r"not shapes \(4,\) and \(\)", b, 2.0)]),
]  # fmt: skip
