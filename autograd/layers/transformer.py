"""The layers of a Transformer: tokens look at each other, then each is thought about alone; both add to what was there.

Source: Vaswani et al., "Attention is all you need", 2017.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from autograd.algebra import Operand
from autograd.backend import seeded
from autograd.checks import flag, function, number, shown, whole
from autograd.functions.activation import relu
from autograd.functions.regularization import dropout as dropped
from autograd.layers.attention import KeyValueCache, MultiHeadAttention
from autograd.layers.base import Generator, Initializer, Layer
from autograd.layers.initializers import xavier
from autograd.layers.linear import Linear
from autograd.layers.normalization import LayerNorm
from autograd.variable import Variable

__all__ = ["TransformerDecoderLayer", "TransformerEncoderLayer"]


class TransformerEncoderLayer(Layer):
    """x <- norm1(x + attention(x)), y = norm2(x + feed_forward(x)).   (..., T, D) -> (..., T, D)

    feed_forward(x) = activation(x W1 + b1) W2 + b2, with `hidden` units between (4 D by default). norm_first=True
    normalizes what goes in instead, x <- x + attention(norm1(x)), which trains without a warm-up. `dropout` is that of
    the attention weights, of the hidden units and of both sums. The call takes what `MultiHeadAttention` takes besides
    a memory; with causal=True it is the layer of a GPT. The defaults are those of the paper and of PyTorch, whose
    state_dict `models.load_weights` reads, but for the dropout, which is 0.
    """

    torch_names: ClassVar[dict[str, str]] = {
        "self_attn.": "attention.", ".self_attn.": ".attention.", "multihead_attn.": "cross.",
        ".multihead_attn.": ".cross.", ".out_proj.": ".out.", "linear1.": "expand.", ".linear1.": ".expand.",
        "linear2.": "project.", ".linear2.": ".project.",
    }  # fmt: skip

    def __init__(
        self,
        size: int,
        heads: int,
        hidden: int | None = None,
        *,
        activation: Callable[[Any], Any] = relu,
        dropout: float = 0.0,
        norm_first: bool = False,
        norm: Callable[..., Layer] = LayerNorm,
        kv_heads: int | None = None,
        rotary: bool = False,
        eps: float = 1e-5,
        bias: bool = True,
        initializer: Initializer = xavier,
        dtype: Any = np.float32,
        rng: Generator = None,
    ) -> None:
        name = type(self).__name__
        self.activation, self.norm_first = function("activation", activation), flag(f"{name}: norm_first", norm_first)
        self.dropout = number(f"{name}: dropout", dropout, least=0, below=1)
        self.rng = rng if rng is None else seeded(f"{name}: rng", rng)
        linear: dict[str, Any] = {"bias": bias, "initializer": initializer, "dtype": dtype, "rng": self.rng}
        heads_options = {"kv_heads": kv_heads, "dropout": dropout, "rotary": rotary, **linear}
        self.attention = MultiHeadAttention(size, heads, **heads_options)
        self.norm1 = function("norm", norm)(size, eps=eps, dtype=dtype)
        self.add_cross_attention(size, heads, norm, eps, heads_options)
        self.expand = Linear(4 * size if hidden is None else whole("hidden", hidden), size, **linear)
        self.project = Linear(size, self.expand.W.shape[1], **linear)

    def add_cross_attention(self, size: int, heads: int, norm: Any, eps: float, options: dict[str, Any]) -> None:
        """The second norm; a decoder has one more attention in front of it."""
        self.norm2 = norm(size, eps=eps, dtype=options["dtype"])

    def forward(
        self, x: Operand, mask: Operand = None, causal: bool = False, cache: KeyValueCache | None = None
    ) -> Variable:
        x = self.add(x, self.norm1, lambda x: self.attention(x, mask=mask, causal=causal, cache=cache))
        return self.add(x, self.norm2, self.feed_forward)

    def add(self, x: Operand, norm: Layer, f: Callable[[Any], Any]) -> Variable:
        """norm(x + f(x)), or x + f(norm(x)) with norm_first."""
        if self.norm_first:
            return x + dropped(f(norm(x)), self.dropout, self.rng)
        return norm(x + dropped(f(x), self.dropout, self.rng))

    def feed_forward(self, x: Operand) -> Variable:
        return self.project(dropped(self.activation(self.expand(x)), self.dropout, self.rng))


class TransformerDecoderLayer(TransformerEncoderLayer):
    """x <- norm1(x + attention(x)), x <- norm2(x + cross(x, memory)), y = norm3(x + feed_forward(x)).

    x (..., T, D) is the text so far, whose tokens see those before them (causal=True); the memory (..., S, E) is what
    an encoder made of another text. The options are those of `TransformerEncoderLayer`.

        y = layer(x, memory)                                        memory_mask hides what is padding there
        y = layer(x, memory, cache=(L.KeyValueCache(), L.KeyValueCache()))    decoding: x is the next token
    """

    def add_cross_attention(self, size: int, heads: int, norm: Any, eps: float, options: dict[str, Any]) -> None:
        self.cross = MultiHeadAttention(size, heads, **{**options, "rotary": False})
        self.norm2 = norm(size, eps=eps, dtype=options["dtype"])
        self.norm3 = norm(size, eps=eps, dtype=options["dtype"])

    def forward(  # type: ignore[override]
        self,
        x: Operand,
        memory: Operand,
        mask: Operand = None,
        memory_mask: Operand = None,
        causal: bool = True,
        cache: tuple[KeyValueCache, KeyValueCache] | None = None,
    ) -> Variable:
        name = type(self).__name__
        if memory is None:
            raise TypeError(f"{name} takes x and a memory, not None: without one, use a TransformerEncoderLayer")
        if cache is not None and not (isinstance(cache, (tuple, list)) and len(cache) == 2):
            raise TypeError(f"{name}: cache must be two of KeyValueCache, for x and for the memory, not {shown(cache)}")
        own, other = (None, None) if cache is None else cache
        x = self.add(x, self.norm1, lambda x: self.attention(x, mask=mask, causal=causal, cache=own))
        x = self.add(x, self.norm2, lambda x: self.cross(x, memory, mask=memory_mask, cache=other))
        return self.add(x, self.norm3, self.feed_forward)
