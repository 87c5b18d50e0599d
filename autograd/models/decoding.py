"""One more token of a GPT, in plain arrays: what `GPT.forward` computes, without the graph and with fewer steps.

A graph costs some microseconds a function, which is nothing beside a batch and much beside a single token. Three things
are done once for a whole text. The scale of attention goes into the matrix of the queries. Queries, keys and values are
one product. And of norm(x) W + b = (xn gamma + beta) W + b, where xn has mean 0 and variance 1, only xn is left:

    xn W' + b',   W' = gamma W,   b' = beta W + b
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from autograd.algebra import as_array
from autograd.backend import Array, namespace
from autograd.kernels.gelu import tanh_gelu
from autograd.layers.attention import KeyValueCache
from autograd.layers.linear import Linear
from autograd.layers.normalization import LayerNorm

__all__ = ["Decoder"]

Affine = tuple[Array, Array]  # W, b


class Decoder:
    """The scores of the next token after one token more.   (N,) of whole numbers -> (N, V)

    It takes the weights of a GPT as they are now, and the caches that `GPT.forward` has filled with the text so far.
    """

    def __init__(self, model: Any, caches: Sequence[KeyValueCache]) -> None:
        self.tokens, self.positions = as_array(model.tokens.W), as_array(model.positions.W)
        self.parts = [weights_of(block) for block in model.blocks]
        self.heads, self.eps = model.blocks[0].attention.heads, model.norm.eps
        W, b = self.tokens.T, namespace(self.tokens).zeros(len(self.tokens), self.tokens.dtype)
        self.scores = normed(model.norm, [(W, b)])
        self.caches = caches

    def __call__(self, index: Array) -> Array:
        x = self.tokens[index] + self.positions[self.caches[0].length]
        for (qkv, out, expand, project), cache in zip(self.parts, self.caches):
            x = x + affine(self.attention(affine(standard(x, self.eps), qkv), cache), out)
            x += affine(tanh_gelu(affine(standard(x, self.eps), expand)), project)
        return affine(standard(x, self.eps), self.scores)

    def attention(self, x: Array, cache: KeyValueCache) -> Array:
        """The mean of the values of all tokens so far, for the newest of them.   (N, 3 D) -> (N, D)"""
        N, D = len(x), x.shape[1] // 3
        q, k, v = x.reshape(N, 3, self.heads, 1, D // self.heads).transpose(1, 0, 2, 3, 4)
        k, v = cache.append(k, v)
        s = q @ k.swapaxes(-1, -2)
        s -= s.max(axis=-1, keepdims=True)
        namespace(s).exp(s, out=s)
        y = s @ v
        y /= s.sum(axis=-1, keepdims=True)
        return y.reshape(N, D)


def affine(x: Array, weights: Affine) -> Array:
    """x W + b"""
    y = x @ weights[0]
    y += weights[1]
    return y


def standard(x: Array, eps: float) -> Array:
    """(x - mean) / sqrt(var + eps) of each row"""
    D = x.shape[1]
    d = x - x.sum(axis=1, keepdims=True) * (1 / D)
    d *= ((d * d).sum(axis=1, keepdims=True) * (1 / D) + eps) ** -0.5
    return d


def normed(norm: LayerNorm, parts: Sequence[Affine]) -> Affine:
    """W' and b' of several maps side by side, each behind this norm."""
    gamma, beta = as_array(norm.gamma), as_array(norm.beta)
    xp = namespace(gamma)
    W, b = xp.concatenate([W for W, _ in parts], 1), xp.concatenate([b for _, b in parts])
    return gamma[:, None] * W, beta @ W + b


def weights_of(block: Any) -> tuple[Affine, Affine, Affine, Affine]:
    """The maps of a block: to queries, keys and values, from the heads, to the hidden units, and from these."""
    part = block.attention
    (Wq, bq), scale = arrays(part.q), 1 / math.sqrt(part.q.W.shape[1] / part.heads)
    qkv = normed(block.norm1, [(Wq * scale, bq * scale), arrays(part.k), arrays(part.v)])
    return qkv, arrays(part.out), normed(block.norm2, [arrays(block.expand)]), arrays(block.project)


def arrays(layer: Linear) -> Affine:
    """W and b of a Linear."""
    return as_array(layer.W), as_array(layer.b)
