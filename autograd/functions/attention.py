"""Attention: each query takes a mean of the values, weighted by how well their keys match it.

`attention_weights` and one product are the formula to read. `Attention` has the same values and gradients, in one
function that keeps no array of the size T x S but the weights.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd.algebra import BroadcastTo, Operand, as_array, matmul, reshape
from autograd.backend import namespace
from autograd.bfloat16 import kind_of
from autograd.checks import flag, number, shown, whole
from autograd.config import training
from autograd.function import Function
from autograd.functions.elementwise import tanh
from autograd.functions.operands import operand, rounded, summable_together
from autograd.functions.regularization import dropout
from autograd.functions.statistics import row_sums
from autograd.kernels import rows
from autograd.kernels.gpu.rows import in_place
from autograd.kernels.matmul import product
from autograd.kernels.ways import kernel
from autograd.shapes import broadcast
from autograd.variable import Variable

__all__ = ["rotary", "scaled_dot_product_attention"]


class MaskedSoftmax(Function):
    """P = e^z / sum of e^z over the last axis, z = scores + biases; a row in which everything is hidden gives 0.

    `offset` and `seen` hide scores, see `masked_softmax`. gs = P (gP - sum of P gP over the row), for the biases too.
    """

    alike = 0

    def __init__(self, offset=None, seen=None):
        self.offset, self.seen = offset, seen

    def forward(self, s, *biases):
        return masked_softmax(s.copy(), biases, self.offset, self.seen)

    def backward(self, gP):
        (P,) = self.outputs
        gs = P * (gP - row_sums(P, gP))
        return tuple([needed and gs for needed in self.needs])


def masked_softmax(s: Any, biases: Sequence[Any], offset: int | None, seen: Any) -> Any:
    """The masked softmax of the scores, in their memory; `offset` hides later keys, `seen` those where it is False."""
    for bias in biases:
        s = add_to(s, bias)
    if offset is not None and not (s.shape[-2] == 1 and offset + 1 >= s.shape[-1]):  # the newest token sees all
        s = rows.hide_later(s, offset)
    if seen is not None:
        s = add_to(s, namespace(s).where(seen, 0.0, -math.inf).astype(s.dtype))
    return rows.hidden_softmax(s)


@kernel(rows.scores_gradient, in_place("softmax_gradient"), writes=(0,))
def scores_gradient(gP: Any, P: Any) -> Any:
    """P (gP - sum of P gP over the row), in the memory of gP; a Variable has no -= and is rebound."""
    gP -= row_sums(P, gP)
    gP *= P
    return gP


def attention_weights(q: Operand, k: Operand, *biases: Operand, softcap: float | None = None, **hidden: Any) -> Any:
    """softmax(q k^T + biases), the scores before the biases limited to -softcap .. softcap by c tanh(s / c)."""
    s = matmul(q, k.swapaxes(-1, -2))
    if softcap is not None:
        s = tanh(s * (1 / softcap)) * softcap
    return MaskedSoftmax(**hidden)(s, *biases)


class Attention(Function):
    """y = P v for P = softmax(scale q k^T + biases).   (..., T, D) (..., S, D) (..., S, E) (..., T, S) -> (..., T, E)

    gv = P^T gy,  gP = gy v^T,  gs = P (gP - sum of P gP over the row) for the scores s,  gq = scale gs k,
    gk = scale gs^T q. The masks that only hide are made again where they are needed: see `masked_softmax`.
    """

    alike = 0

    def __init__(self, scale, offset=None, seen=None):
        self.scale, self.offset, self.seen = scale, offset, seen

    def forward(self, q, k, v, *biases):
        P = masked_softmax(product(q * self.scale, k.swapaxes(-1, -2)), biases, self.offset, self.seen)
        self.save(P=P)
        return product(P, v)

    def recompute(self, q, k, v, *biases):
        return {"P": attention_weights(q * self.scale, k, *biases, offset=self.offset, seen=self.seen)}

    def backward(self, gy):
        q, k, v, *_ = self.inputs
        needs_q, needs_k, needs_v, *needs = self.needs
        P = self.saved.P
        gs = product(gy, v.swapaxes(-1, -2))
        P = P if P.shape == gs.shape else BroadcastTo(gs.shape)(P)  # where v alone has an axis in front
        gs = scores_gradient(gs, P)
        gq = needs_q and product(gs, k) * self.scale
        gk = needs_k and product(gs.swapaxes(-1, -2), q) * self.scale
        gv = needs_v and product(P.swapaxes(-1, -2), gy)
        return gq, gk, gv, *[needed and gs for needed in needs]


def add_to(s: Any, bias: Any) -> Any:
    """s + bias, in the memory of s where the sum has its shape."""
    if np.broadcast_shapes(s.shape, bias.shape) != s.shape:
        return s + bias
    s += bias
    return s


def scaled_dot_product_attention(
    q: Operand,
    k: Operand,
    v: Operand,
    mask: Operand = None,
    causal: bool = False,
    *,
    offset: int = 0,
    scale: float | None = None,
    softcap: float | None = None,
    p: float = 0.0,
    rng: Any = None,
) -> Variable:
    """y = softmax(scale q k^T + mask) v.   (..., T, D) queries, (..., S, D) keys, (..., S, E) values -> (..., T, E)

    mask     booleans, True where a query may see a key; or numbers that are added, with gradient.   (..., T, S)
    causal   query i sees the keys 0 .. i + offset; `offset` is the number of keys in front of the first query
    scale    1 / sqrt(D) by default: the scores of random vectors keep the variance 1
    softcap  limits the scaled scores s to c tanh(s / c), before the mask
    p, rng   dropout of the weights while training, as in `dropout`

    A query that sees no key gets 0, and gives no gradient. Keys and values (..., HK, S, D) may have fewer heads than
    the queries (..., H, T, D): H / HK neighbouring heads share one. Apart from a dropout and a softcap, no array of
    T x S numbers is kept for the backward pass but the weights.
    Raises TypeError for a mask of integers. Raises ValueError where the shapes do not fit.
    Sources: Vaswani et al., "Attention is all you need", 2017; Ainslie et al., "GQA", 2023, for the shared heads.
    """
    name = "scaled_dot_product_attention"
    q, k, v = [operand(name, x) for x in (q, k, v)]
    shape = check_attention(name, q, k, v)
    D = q.shape[-1]
    scale = 1 / math.sqrt(max(D, 1)) if scale is None else number(f"{name}: scale", scale)
    softcap = softcap if softcap is None else number(f"{name}: softcap", softcap, above=0)
    p = number(f"{name}: p", p, least=0, below=1)
    offset = whole(f"{name}: offset", offset, least=-(2**62), most=2**62)
    mask = checked_mask(name, mask, shape)
    numbers = [] if mask is None or mask.dtype.kind == "b" else [mask]
    given = q, k, v, *numbers
    q, k, v, *biases = with_groups(q.shape, k.shape, *summable_together(*given))
    (seen,) = [None] if mask is None or numbers else with_groups(given[0].shape, given[1].shape, as_array(mask).copy())
    hidden = {"offset": offset if flag(f"{name}: causal", causal) else None, "seen": seen}
    if softcap is None and not (p and training()):
        y = Attention(scale, **hidden)(q, k, v, *biases)
    else:
        P = attention_weights(q * scale, k, *biases, softcap=softcap, **hidden)
        y = matmul(dropout(P, p, rng), v)
    return rounded(reshape(y, (*shape[:-1], v.shape[-1])), *given)


def check_attention(name: str, q: Operand, k: Operand, v: Operand) -> tuple[int, ...]:
    """The shape (..., T, S) of the scores. Raises ValueError unless q, k, v fit together."""
    a, b, c = q.shape, k.shape, v.shape
    fits = min(len(a), len(b), len(c)) >= 2 and a[-1] == b[-1] and b[-2] == c[-2] and b[-2] > 0
    lead = None
    if fits:
        heads = (a[-3:-2] or (1,))[0], (b[-3:-2] or (1,))[0]
        shared = heads[1] > 1 and heads[0] % heads[1] == 0 and b[-3:-2] == c[-3:-2]
        b, c = [(*x[:-3], heads[0], *x[-2:]) if shared else x for x in (b, c)]
        lead = broadcast(a[:-2], b[:-2], c[:-2])
    if lead is None:
        given = f"{q.shape}, {k.shape} and {v.shape}"
        raise ValueError(
            f"{name} takes q (..., T, D), k (..., S, D) and v (..., S, E) with S > 0, and axes in front that broadcast "
            f"or heads that divide, not {given}"
        )
    return (*lead, a[-2], b[-2])


def checked_mask(name: str, mask: Operand, shape: tuple[int, ...]) -> Any:
    """The mask, or None. Raises TypeError or ValueError unless it fits the scores of this shape."""
    if mask is None:
        return None
    mask = operand(name, mask)
    if kind_of(mask.dtype) not in "bf":
        raise TypeError(f"{name}: mask must be booleans (True: seen) or floating-point numbers, not {mask.dtype}")
    wide = broadcast(mask.shape, shape)
    if wide is None or wide[-2:] != shape[-2:] or mask.ndim > len(shape):
        raise ValueError(f"{name}: mask must broadcast to the scores {shape}, not {mask.shape}: {shown(mask)}")
    return mask


def with_groups(queries: tuple[int, ...], keys: tuple[int, ...], *xs: Any) -> list[Any]:
    """The operands; where there are fewer heads of keys, with an axis of the H / HK heads that share one.

    q (..., H, T, D) becomes (..., HK, H/HK, T, D), k (..., HK, S, D) becomes (..., HK, 1, S, D).
    """
    H, HK = (queries[-3:-2] or (1,))[0], (keys[-3:-2] or (1,))[0]
    if HK in (1, H):
        return [*xs]
    found = []
    for x in xs:
        heads = (x.shape[-3:-2] or (1,))[0]
        groups = (HK, H // HK) if heads == H else (heads, 1)
        found.append(reshape(x, (*x.shape[:-3], *groups, *x.shape[-2:])) if x.ndim > 2 else x)
    return found


class Rotate(Function):
    """The pairs (x_i, x_(i + D/2)) turned by angles with these cosines and sines; the gradient is turned back."""

    def __init__(self, cos, sin):
        self.cos, self.sin = cos, sin

    def forward(self, x):
        a, b = x[..., : x.shape[-1] // 2], x[..., x.shape[-1] // 2 :]
        return namespace(x).concatenate([a * self.cos - b * self.sin, b * self.cos + a * self.sin], -1)

    def backward(self, gy):
        return Rotate(self.cos, -self.sin)(gy)


def rotary(x: Operand, offset: int = 0, base: float = 10_000.0) -> Variable:
    """Vectors turned by angles that grow with their position, so that q k^T depends on distances.   (..., T, D)

    The pair (x_i, x_(i + D/2)) of the vector at position t is turned by (t + offset) base^(-2i/D).
    Raises TypeError if x is not floating-point, and ValueError unless D is even.
    Source: Su et al., "RoFormer: enhanced transformer with rotary position embedding", 2021.
    """
    x, offset = operand("rotary", x), whole("rotary: offset", offset, least=0, most=2**53)
    base = number("rotary: base", base, above=0)
    if kind_of(x.dtype) != "f":
        raise TypeError(f"rotary takes floating-point vectors, not {x.dtype}")
    if x.ndim < 2 or x.shape[-1] % 2:
        raise ValueError(f"rotary takes x (..., T, D) with an even D, not {x.shape}")
    T, D = x.shape[-2:]
    angles = np.outer(offset + np.arange(T), base ** (-np.arange(0, D, 2) / max(D, 1)))
    cos, sin = [namespace(as_array(x)).asarray(f(angles).astype(x.dtype)) for f in (np.cos, np.sin)]
    return Rotate(cos, sin)(x)
