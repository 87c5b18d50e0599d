"""Products of matrices and tensors."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from string import ascii_letters
from typing import Any

import numpy as np

from autograd.algebra import BroadcastTo, Operand, SumTo, as_array, getitem, matmul, reshape, transpose
from autograd.backend import namespace
from autograd.checks import shown, whole
from autograd.constants import is_sparse
from autograd.function import Function
from autograd.functions.operands import operand
from autograd.kernels.einsum import sum_of_products
from autograd.kernels.matmul import half_product, product, weighted_sums
from autograd.shapes import axes_of
from autograd.variable import Variable

__all__ = ["Einsum", "Linear", "WeightedSums", "einsum", "linear", "matmul", "outer", "tensordot"]


class Linear(Function):
    """y = x W + b.   (..., I) (I, O) (O,) -> (..., O)"""

    alike = 0
    widens = False

    def forward(self, x, W, b):
        dtype = b.dtype
        if dtype.char in "eE" and x.dtype == W.dtype == dtype:
            y = half_product(as_matrix(x), W, b)  # (N, O)
        else:
            y = product(as_matrix(x), W)
            if y.dtype == dtype:
                y += b  # saves a second array of its size
            else:
                y = y + b
        return y if x.ndim == 2 else y.reshape(*x.shape[:-1], W.shape[1])

    def backward(self, gy):
        x, W, b = self.inputs
        needs_x, needs_W, needs_b = self.needs
        g = as_matrix(gy)  # (N, O)
        gx = needs_x and product(g, W.T)
        gx = gx if gx is None or x.ndim == 2 else gx.reshape(x.shape)
        gW = needs_W and product(as_matrix(x).T, g)
        return gx, gW, needs_b and SumTo(b.shape)(g)


class WeightedSums(Function):
    """y = A x along an axis, counted from the last, with constant weights A >= 0, of which many are 0.

    A 0 takes nothing: one infinity or nan in x, or in gy, stays in the sums that it is part of.
    """

    def __init__(self, A, axis):
        self.A, self.axis = A, axis

    def forward(self, x):
        return weighted_sums(x, self.A, self.axis)

    def backward(self, gy):
        return WeightedSums(self.A.T, self.axis)(gy)


def as_matrix(x: Operand) -> Any:
    """x as a matrix of the vectors along its last axis.   (..., I) -> (N, I)"""
    return x if x.ndim == 2 else x.reshape(prod(x.shape[:-1]), x.shape[-1])


def linear(x: Operand, W: Operand, b: Operand = None) -> Variable:
    """y = x W + b, for every vector along the last axis of x.   (..., I) (I, O) (O,) -> (..., O)

    The layer of a network, "affine" in the lecture: its gradients are gy W^T, x^T gy, and the sum of gy over the batch.
    Raises ValueError where the shapes do not fit.
    """
    xs, Ws, *bs = [operand("linear", a).shape for a in ((x, W) if b is None else (x, W, b))]
    if not xs or len(Ws) != 2 or xs[-1] != Ws[0] or bs not in ([], [Ws[1:]]):
        given = f"x {xs}, W {Ws}" + "".join([f", b {shape}" for shape in bs])
        advice = ": a layer is Linear(out_size, in_size)" if xs and xs[-1:] == Ws[1:] else ""
        raise ValueError(f"linear takes x (..., I), W (I, O) and b (O,), not {given}{advice}")
    if is_sparse(x):
        return matmul(x, W) if b is None else matmul(x, W) + b
    return matmul(x, W) if b is None else Linear()(x, W, b)


def outer(a: Operand, b: Operand) -> Variable:
    """y[i, j] = a[i] b[j].   (N,) (M,) -> (N, M). Raises ValueError for operands that are not vectors."""
    shapes = operand("outer", a).shape, operand("outer", b).shape
    if [len(s) for s in shapes] != [1, 1]:
        raise ValueError(f"outer takes two vectors, not shapes {shapes[0]} and {shapes[1]}")
    return reshape(a, (-1, 1)) * reshape(b, (1, -1))


def tensordot(a: Operand, b: Operand, axes: int | tuple[int | Sequence[int], int | Sequence[int]] = 2) -> Variable:
    """The product summed over pairs of axes, as one matrix product: y has the other axes of a, then those of b.

    `axes` is a number, of the last axes of a and as many first axes of b, or two lists of axes that go together.
    Raises ValueError for axes that do not exist, or do not have the same sizes.
    """
    a, b = operand("tensordot", a), operand("tensordot", b)
    if not isinstance(axes, (tuple, list, np.ndarray)):
        n = whole("tensordot: axes", axes, 0)
        if n > min(a.ndim, b.ndim):
            raise ValueError(f"tensordot: shapes {a.shape} and {b.shape} have no {n} axes to sum over")
        axes = tuple(range(a.ndim - n, a.ndim)), tuple(range(n))
    if len(axes) != 2:
        raise ValueError(f"tensordot: axes must be a number or two lists of axes, not {shown(axes)}")
    summed_a, summed_b = [axes_of(x.shape, tuple(np.atleast_1d(k).tolist())) for x, k in zip((a, b), axes)]
    if [a.shape[i] for i in summed_a] != [b.shape[i] for i in summed_b]:
        raise ValueError(f"tensordot: axes {summed_a} of {a.shape} and {summed_b} of {b.shape} have different sizes")
    kept_a = tuple([i for i in range(a.ndim) if i not in summed_a])
    kept_b = tuple([i for i in range(b.ndim) if i not in summed_b])
    I, J, K = [tuple([x.shape[i] for i in axes]) for x, axes in ((a, kept_a), (b, kept_b), (a, summed_a))]
    A = reshape(transpose(a, kept_a + summed_a), (prod(I), prod(K)))
    B = reshape(transpose(b, summed_b + kept_b), (prod(K), prod(J)))
    return reshape(matmul(A, B), I + J)


class Einsum(Function):
    """y[output] = sum of x0[terms[0]] x1[terms[1]] ... over the letters not in the output. No term has a letter twice.

    The gradient of an operand is the product of gy and the other operands. It is summed over the letters that the
    operand lacks, and repeated along the letters that it alone has.
    """

    alike = 0

    def __init__(self, terms, output):
        self.terms = terms
        self.output = output

    def forward(self, *xs):
        like = next((x for x in xs if hasattr(x, "dtype")), np.float64(0))  # a constant is a number of Python
        arrays = [x if hasattr(x, "dtype") else namespace(like).asarray(x, like.dtype) for x in xs]
        return sum_of_products(self.terms, self.output, *arrays)

    def backward(self, gy):
        xs = self.inputs
        return tuple([needed and self.gradient(i, gy, xs) for i, needed in enumerate(self.needs)])

    def gradient(self, i, gy, xs):
        """The gradient of operand i."""
        x, letters = xs[i], self.terms[i]
        others = [self.output, *self.terms[:i], *self.terms[i + 1 :]]
        common = "".join([c for c in letters if c in "".join(others)])
        gx = Einsum(others, common)(gy, *xs[:i], *xs[i + 1 :])
        sizes = dict(zip(common, gx.shape))
        gx = gx.reshape(tuple([sizes.get(c, 1) for c in letters]))  # the letters that x alone has: axes of 1
        wide = np.broadcast_shapes(gx.shape, x.shape)
        return gx if wide == gx.shape else BroadcastTo(wide)(gx)


def einsum(subscripts: str, *operands: Operand) -> Variable:
    """Einstein's sum: `einsum("ij,jk->ik", a, b)` is the product of matrices.

    A term has a letter for each axis of its operand. y is the product of all operands, summed over the letters that the
    output lacks. A letter twice in one term takes the diagonal ("ii->i"). `...` stands for any axes, aligned from the
    right and broadcast. Without "->", the output is `...` and then the letters that occur once, in alphabetical order.
    Raises TypeError for subscripts that are not text. Raises ValueError for terms that do not fit the operands, an
    unknown or repeated letter in the output, and sizes that differ.
    """
    if not isinstance(subscripts, str):
        raise TypeError(f"einsum takes its subscripts as text first, such as 'ij,jk->ik', not {shown(subscripts)}")
    xs = [operand("einsum", x) for x in operands]
    shapes = [x.shape for x in xs]
    terms, output = parse(subscripts, shapes)
    pairs = [diagonal(x, term) for x, term in zip(xs, terms)]
    return Einsum([term for _, term in pairs], output)(*[x for x, _ in pairs])


def parse(subscripts: str, shapes: Sequence[tuple[int, ...]]) -> tuple[list[str], str]:
    """The terms and the output of `subscripts`, with a letter for every axis: free letters replace `...`."""
    left, arrow, output = subscripts.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(shapes) or not shapes:
        raise ValueError(f"einsum: {subscripts!r} has {len(terms)} terms for {len(shapes)} operands")
    free = [c for c in ascii_letters if c not in subscripts]
    hidden = [len(s) - len(term.replace("...", "")) if "..." in term else 0 for s, term in zip(shapes, terms)]
    dots = "".join(free[: max(hidden)])
    if not arrow:
        letters = left.replace("...", "").replace(",", "")
        output = "..." + "".join(sorted([c for c in letters if letters.count(c) == 1]))
    if dots and "..." not in output:
        raise ValueError(f"einsum: {subscripts!r} hides axes behind '...', not in its output: write '...' there too")
    output = output.replace("...", dots, 1)
    terms = [term.replace("...", dots[len(dots) - max(n, 0) :], 1) for term, n in zip(terms, hidden)]
    check_terms(subscripts, terms, output, shapes)
    return terms, output


def check_terms(subscripts: str, terms: list[str], output: str, shapes: Sequence[tuple[int, ...]]) -> None:
    """Raises ValueError unless the terms fit the shapes and the output is made of their letters, each once."""
    for term in [*terms, output]:
        if any(c not in ascii_letters for c in term):
            raise ValueError(f"einsum: {subscripts!r} may hold letters, ',', '->' and one '...' a term")
    sizes: dict[str, int] = {}
    for term, shape in zip(terms, shapes):
        if len(term) != len(shape):
            raise ValueError(f"einsum: {subscripts!r} must have a letter for every axis of the shapes {list(shapes)}")
        for c, n in zip(term, shape):
            if n != 1 and sizes.setdefault(c, n) != n:
                raise ValueError(f"einsum: {subscripts!r}, shapes {list(shapes)}: {c!r} is both {sizes[c]} and {n}")
    if len(set(output)) < len(output) or not set(output) <= set("".join(terms)):
        raise ValueError(f"einsum: the output of {subscripts!r} must name letters of the terms, each at most once")


def diagonal(x: Operand, term: str) -> tuple[Any, str]:
    """x with one axis for each letter, and these letters. A letter that named several axes takes their diagonal."""
    for c in dict.fromkeys(term):
        axes = [i for i, other in enumerate(term) if other == c]
        if len(axes) > 1:
            rest = [i for i in range(len(term)) if i not in axes]
            xp, n = namespace(as_array(x)), x.shape[axes[0]]
            x = getitem(transpose(x, tuple(axes + rest)), (xp.arange(n),) * len(axes))
            term = c + "".join([term[i] for i in rest])
    return x, term
