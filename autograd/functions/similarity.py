"""How near vectors are: by their angle or by their distance; and the losses that pull pairs together or apart."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.algebra import Operand, as_array, astype, getitem
from autograd.backend import namespace, to_numpy
from autograd.bfloat16 import kind_of
from autograd.checks import flag, number
from autograd.functions.arithmetic import masked, maximum, minimum, where
from autograd.functions.loss import reduced, target
from autograd.functions.operands import axes_at, real, with_room
from autograd.functions.reduction import norm
from autograd.functions.shape import broadcast_to
from autograd.shapes import Axis, broadcast, one_axis
from autograd.variable import Variable

__all__ = [
    "cdist", "cosine_embedding_loss", "cosine_similarity", "normalize", "pairwise_distance", "triplet_margin_loss",
    "vecdot",
]  # fmt: skip


def reals(name: str, *xs: Operand) -> list[Any]:
    """`xs` as operands of real floating-point numbers: whole numbers become float64.

    Raises TypeError for numbers that are not real, ValueError if the shapes do not broadcast.
    """
    found: list[Any] = []
    for x in xs:
        x = real(name, x)
        found.append(x if kind_of(x.dtype) == "f" else astype(x, float))
    shapes = [x.shape for x in found]
    if broadcast(*shapes) is None:
        raise ValueError(f"{name} takes arrays whose shapes broadcast, not {' and '.join(map(str, shapes))}")
    return found


def vectors(name: str, *xs: Operand) -> list[Any]:
    """`xs` as `reals` gives them. Raises ValueError also for arrays without axes, or without elements."""
    found = reals(name, *xs)
    shapes = [x.shape for x in found]
    if any(0 in shape or not shape for shape in shapes):
        raise ValueError(f"{name} takes vectors with at least one element, not shapes {shapes}")
    return found


def normalize(x: Operand, ord: float = 2, axis: Axis = -1, eps: float = 1e-12) -> Variable:
    """y = x / max(|x|, eps), with the p-norm `ord` over `axis`: vectors of length 1.

    A vector shorter than eps is divided by eps, and its gradient is gy / eps; so 0 stays 0, and is no kink.
    Raises TypeError if x is not of real numbers, ValueError if it is empty, ord < 1 or eps <= 0.
    """
    (x,) = vectors("normalize", x)
    ord, eps = number("normalize: ord", ord, least=1, finite=False), number("normalize: eps", eps, above=0)
    axes_at("normalize", x, axis, empty=False)
    return with_room(lambda x: x / length(x, ord, axis, eps), x)


def length(x: Any, ord: float, axis: Axis, eps: float) -> Any:
    """max(|x|, eps) with the p-norm `ord`: a constant near 0, without the tip of the norm."""
    y = norm(x, ord, axis, keepdims=True)
    short = as_array(y) < eps
    return where(short, eps, norm(where(short, 1.0, x), ord, axis, keepdims=True)) if short.any() else y


def cosine_similarity(x0: Operand, x1: Operand, axis: int = -1, eps: float = 1e-8) -> Variable:
    """y = x0 . x1 / (max(|x0|, eps) max(|x1|, eps)) along `axis`: the cosine of the angle.   (..., D) (..., D) -> (...)

    The shapes are broadcast. With a vector of 0 y is 0, and the gradient of that vector is the other one's direction
    divided by eps.
    Raises TypeError if an operand is not of real numbers, ValueError if the shapes do not broadcast or eps <= 0.
    """
    x0, x1 = vectors("cosine_similarity", x0, x1)
    eps = number("cosine_similarity: eps", eps, above=0)
    shape = np.broadcast_shapes(x0.shape, x1.shape)
    k = one_axis("cosine_similarity", shape, axis) - len(shape)  # counted from the end, it is the same axis in both
    return with_room(lambda x0, x1: cosine(x0, x1, k, eps), x0, x1)


def cosine(x0: Any, x1: Any, axis: int, eps: float) -> Any:
    """The cosine of the angle between vectors along an axis, which counts from the end."""
    shape = np.broadcast_shapes(x0.shape, x1.shape)
    units = []
    for x in (x0, x1):
        if x.ndim < -axis or x.shape[axis] < shape[axis]:  # each vector is one number, repeated
            x = broadcast_to(x, shape)
        units.append(x / length(x, 2, axis, eps))
    return (units[0] * units[1]).sum(axis)


def pairwise_distance(x0: Operand, x1: Operand, ord: float = 2, eps: float = 1e-6, keepdims: bool = False) -> Variable:
    """y = |x0 - x1 + eps|, the p-norm `ord` over the last axis.   (..., D) (..., D) -> (...)

    eps is added to each difference, so that the gradient of equal vectors is finite and not 0. With eps = 0 it is
    0, and the second one nan.
    Raises TypeError if an operand is not of real numbers, ValueError if the shapes do not broadcast or ord < 1.
    """
    x0, x1 = vectors("pairwise_distance", x0, x1)
    eps, keepdims = number("pairwise_distance: eps", eps, least=0), flag("keepdims", keepdims)
    number("pairwise_distance: ord", ord, least=1, finite=False)
    return with_room(lambda x0, x1: distance(x0, x1, ord, eps, keepdims), x0, x1)


def distance(x0: Any, x1: Any, ord: float, eps: float, keepdims: bool = False) -> Any:
    """The p-norm of x0 - x1 + eps over the last axis."""
    return norm(x0 - x1 + eps, ord, -1, keepdims)


def vecdot(x0: Operand, x1: Operand, axis: int = -1) -> Variable:
    """y = sum of x0 x1 along `axis`, the dot product of vectors.   (..., D) (..., D) -> (...)

    The shapes are broadcast. Raises TypeError if an operand is not of real numbers, ValueError if they do not fit.
    """
    x0, x1 = reals("vecdot", x0, x1)
    shape = np.broadcast_shapes(x0.shape, x1.shape)
    k = one_axis("vecdot", shape, axis)
    return with_room(lambda x0, x1: (x0 * x1).sum(k), x0, x1)


def cdist(x0: Operand, x1: Operand, ord: float = 2) -> Variable:
    """y[..., i, j] = |x0[..., i] - x1[..., j]|, the p-norm `ord` of each pair.   (..., N, D) (..., M, D) -> (..., N, M)

    The gradient of equal vectors is 0, the second one nan; `ord` is as in `norm`.
    Raises TypeError if an operand is not of real numbers, ValueError if the shapes do not fit.
    """
    for x in (x0, x1):
        axes_at("cdist", x, None)
        if x.ndim < 2:
            raise ValueError(f"cdist takes vectors in the rows of matrices (..., N, D), not shape {x.shape}")
    if x0.shape[-1] != x1.shape[-1]:
        raise ValueError(f"cdist takes vectors of one length, not shapes {x0.shape} and {x1.shape}")
    pairs = reals(
        "cdist", getitem(x0, (..., slice(None), None, slice(None))), getitem(x1, (..., None, slice(None), slice(None)))
    )
    return with_room(lambda x0, x1: norm(x0 - x1, ord, -1), *pairs)


def signs(name: str, t: Operand, x: Any) -> Any:
    """The targets t, each 1 or -1, in the dtype of x. Raises ValueError if one is another number."""
    t = target(f"{name}: the target", t, x)
    wrong = (as_array(t) != 1) & (as_array(t) != -1)
    if wrong.any():
        other = to_numpy(as_array(t)).reshape(-1)[to_numpy(namespace(as_array(t)).asarray(wrong)).reshape(-1)][0]
        raise ValueError(f"{name}: targets must be 1 or -1, not {other}")
    return t if kind_of(t.dtype) == "f" else astype(t, x.dtype)


def cosine_embedding_loss(
    x0: Operand, x1: Operand, t: Operand, margin: float = 0.0, *, reduction: str = "mean", weight: Operand = None
) -> Variable:
    """y = mean of 1 - c where t = 1, max(0, c - margin) where t = -1; c is the cosine.   (..., D) (..., D) (...) -> ()

    Pairs with t = 1 are turned towards each other, pairs with t = -1 apart until c is at most the margin.
    Raises TypeError if x0 is not of real numbers. Raises ValueError if the shapes do not fit, a target is neither 1 nor
    -1, the margin is not in [-1, 1], and for an unknown reduction.
    """
    name = "cosine_embedding_loss"
    x0, x1 = vectors(name, x0, x1)
    margin = number(f"{name}: margin", margin, least=-1, most=1)
    t = signs(name, t, x0)
    if t.shape != (shape := np.broadcast_shapes(x0.shape, x1.shape)[:-1]):
        raise ValueError(f"{name} takes targets of shape {shape} for x0 {x0.shape} and x1 {x1.shape}, not {t.shape}")

    def losses(x0: Any, x1: Any) -> Any:
        c, together = cosine(x0, x1, -1, 1e-8), as_array(t) > 0
        return masked(1 - c, together) + masked(maximum(c - margin, 0), ~together)

    return reduced(name, losses, (x0, x1), reduction, weight, shape)


def triplet_margin_loss(
    anchor: Operand,
    positive: Operand,
    negative: Operand,
    margin: float = 1.0,
    ord: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    *,
    reduction: str = "mean",
    weight: Operand = None,
) -> Variable:
    """y = mean of max(0, |a - p| - |a - n| + margin): each anchor nearer to its positive than to its negative.

    All are (..., D), and the distances are those of `pairwise_distance`. With `swap`, |p - n| takes the place of
    |a - n| where it is smaller (Balntas et al., 2016).
    Raises TypeError if an operand is not of real numbers. Raises ValueError if the shapes do not broadcast, the margin
    is not positive, ord < 1, and for an unknown reduction.
    """
    name = "triplet_margin_loss"
    xs = vectors(name, anchor, positive, negative)
    margin, eps = number(f"{name}: margin", margin, above=0), number(f"{name}: eps", eps, least=0)
    number(f"{name}: ord", ord, least=1, finite=False)
    swap = flag(f"{name}: swap", swap)

    def losses(a: Any, p: Any, n: Any) -> Any:
        far = distance(a, n, ord, eps)
        if swap:
            far = minimum(far, distance(p, n, ord, eps))
        return maximum(distance(a, p, ord, eps) - far + margin, 0)

    return reduced(name, losses, tuple(xs), reduction, weight, np.broadcast_shapes(*[x.shape for x in xs])[:-1])
