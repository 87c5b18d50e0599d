"""Attention as a layer: several heads side by side, and what they remember while a text is written."""

from __future__ import annotations

from math import prod
from typing import Any, ClassVar
from weakref import ref

import numpy as np

from autograd.algebra import Operand, as_array, operand
from autograd.backend import Array, namespace, seeded
from autograd.checks import flag, number, shown, whole
from autograd.config import current
from autograd.functions.attention import rotary, scaled_dot_product_attention
from autograd.layers.base import Generator, Initializer, Layer
from autograd.layers.initializers import xavier
from autograd.layers.linear import Linear
from autograd.shapes import broadcast
from autograd.variable import Variable

__all__ = ["KeyValueCache", "MultiHeadAttention"]


class KeyValueCache:
    """The keys and values of all tokens so far, so that the next one costs a product for itself alone.

    It belongs to one text, or one batch of texts, and to one MultiHeadAttention. `length` is the number of tokens. The
    arrays double when they are full, so that a token costs the same, however long the text is.
    """

    def __init__(self) -> None:
        self.length = 0
        self.arrays: tuple[Array, ...] = ()
        self.layer: Any = None  # a weak reference to the MultiHeadAttention that filled it

    def __getstate__(self) -> dict[str, Any]:
        """What a copy or a pickle holds: it belongs to the layer that uses it first."""
        return {**vars(self), "layer": None}

    def check(self, layer: Layer) -> None:
        """Raises ValueError if another layer filled it: its keys are not those of this one."""
        if self.layer is not None and self.layer() is not layer:
            raise ValueError("a KeyValueCache belongs to one MultiHeadAttention: make one for each layer")

    def append(self, *new: Operand) -> tuple[Array, ...]:
        """All keys and all values, with the new ones at the end.   (..., T, D) -> (..., length, D)

        Raises RuntimeError where a graph is recorded: there is no gradient through a cache.
        """
        if any(getattr(x, "node", None) is not None for x in new) and current().recording:
            raise RuntimeError("a KeyValueCache has no gradient: decode inside `with no_grad():`")
        arrays = [as_array(x) for x in new]
        for kept, x in zip(self.arrays, arrays):
            mine, given = [(a.dtype, *a.shape[:-2], a.shape[-1]) for a in (kept, x)]
            if mine != given:
                shapes = f"{kept.dtype} {kept.shape[:-2]} and {x.dtype} {x.shape[:-2]}"
                raise ValueError(f"a KeyValueCache belongs to one batch and one layer, not to {shapes}: make a new one")
        before, after = self.length, self.length + arrays[0].shape[-2]
        if not self.arrays or self.arrays[0].shape[-2] < after:
            self.arrays = tuple([self.longer(i, x, before, after) for i, x in enumerate(arrays)])
        for kept, x in zip(self.arrays, arrays):
            kept[..., before:after, :] = x
        self.length = after
        return self.read()

    def longer(self, i: int, x: Array, before: int, after: int) -> Array:
        """Array number i, twice as long, with the tokens that it holds."""
        kept = self.arrays[i] if self.arrays else x[..., :0, :]
        y = namespace(x).empty((*kept.shape[:-2], max(2 * before, after, 16), x.shape[-1]), x.dtype)
        y[..., :before, :] = kept[..., :before, :]
        return y

    def read(self) -> tuple[Array, ...]:
        """All keys and all values."""
        return tuple([a[..., : self.length, :] for a in self.arrays])


class MultiHeadAttention(Layer):
    """y = concat(head_1, ..., head_H) Wo, head_h = attention(x Wq_h, m Wk_h, m Wv_h).   (..., T, D) -> (..., T, D)

    Queries come from x, keys and values from the memory m (..., S, E): x itself, if none is given. `size` is D, a
    multiple of `heads`, and `memory_size` is E, if it is not D; with fewer `kv_heads`, several heads share keys and
    values. The parts are Linears q, k, v, out.

        y = layer(x)                        each token sees all
        y = layer(x, causal=True)           each token sees itself and those before it
        y = layer(x, memory)                cross attention
        y = layer(x, mask=mask)             booleans (True: seen) or numbers to add; (T, S), (N, T, S) or (N, H, T, S)
        y = layer(x, causal=True, cache=c)  x holds the tokens that follow those in c, a KeyValueCache

    `mask=(np.arange(S) < lengths[:, None])[:, None]` hides the padding of a batch. `dropout` is that of the weights;
    `rotary=True` turns queries and keys by their positions (`F.rotary`).
    Source: Vaswani et al., "Attention is all you need", 2017, section 3.2.
    """

    torch_names: ClassVar[dict[str, str]] = {"out_proj.": "out."}

    def __init__(
        self,
        size: int,
        heads: int,
        kv_heads: int | None = None,
        *,
        memory_size: int | None = None,
        bias: bool = True,
        dropout: float = 0.0,
        rotary: bool = False,
        initializer: Initializer = xavier,
        dtype: Any = np.float32,
        rng: Generator = None,
    ) -> None:
        name = "MultiHeadAttention"
        size, self.heads = whole("size", size), whole("heads", heads)
        memory_size = memory_size if memory_size is None else whole("memory_size", memory_size)
        self.kv_heads = self.heads if kv_heads is None else whole("kv_heads", kv_heads)
        if size % self.heads or self.heads % self.kv_heads:
            raise ValueError(
                f"{name}: heads must divide size, and kv_heads the heads, not {size}, {self.heads}, {self.kv_heads}"
            )
        self.dropout = number(f"{name}: dropout", dropout, least=0, below=1)
        self.rotary = flag(f"{name}: rotary", rotary)
        if self.rotary and size // self.heads % 2:
            raise ValueError(f"{name}: rotary takes heads of an even size, not {size // self.heads}")
        self.rng = rng if rng is None else seeded(f"{name}: rng", rng)
        options: dict[str, Any] = {"bias": bias, "initializer": initializer, "dtype": dtype, "rng": self.rng}
        E, shared = memory_size or size, size // self.heads * self.kv_heads
        self.q = Linear(size, size, **options)
        self.k = Linear(shared, E, **options)
        self.v = Linear(shared, E, **options)
        self.out = Linear(size, size, **options)

    def forward(
        self,
        x: Operand,
        memory: Operand = None,
        mask: Operand = None,
        causal: bool = False,
        cache: KeyValueCache | None = None,
    ) -> Variable:
        x = operand("MultiHeadAttention", x)
        if x.ndim < 2 or x.shape[-1] != self.q.W.shape[0]:
            raise ValueError(f"MultiHeadAttention takes x (..., T, {self.q.W.shape[0]}), not {x.shape}")
        E = self.k.W.shape[0]
        if memory is None and x.shape[-1] != E:
            raise ValueError(f"MultiHeadAttention with memory_size={E} takes x and a memory (..., S, {E}), not x alone")
        if memory is not None:
            check_memory(operand("MultiHeadAttention", memory).shape, x.shape, E)
        if not isinstance(cache, (KeyValueCache, type(None))):
            raise TypeError(f"MultiHeadAttention: cache must be a KeyValueCache, not {shown(cache)}")
        if cache is not None:
            cache.check(self)
        before = cache.length if cache is not None and memory is None else 0
        if memory is None and not before + x.shape[-2]:
            raise ValueError(f"MultiHeadAttention takes x (..., T, {x.shape[-1]}) of at least one token, not {x.shape}")
        q, (k, v) = self.turned(split_heads(self.q(x), self.heads), before), self.keys_and_values(x, memory, cache)
        mask = with_heads(mask, x.ndim)
        options = {"offset": before, "p": self.dropout, "rng": self.rng}
        y = scaled_dot_product_attention(q, k, v, mask, causal, **options)
        return self.out(joined_heads(y))

    def keys_and_values(self, x: Operand, memory: Operand, cache: KeyValueCache | None) -> tuple[Any, Any]:
        """Keys and values of the memory, or of x and all that is in the cache. Those of a memory enter it once."""
        if cache is not None and memory is not None and cache.length:
            if cache.length != memory.shape[-2]:
                raise ValueError(
                    f"MultiHeadAttention: the cache holds {cache.length} tokens, not those of the memory "
                    f"{memory.shape}: make a new one for another memory"
                )
            return cache.read()  # type: ignore[return-value]
        m = x if memory is None else memory
        k, v = [split_heads(f(m), self.kv_heads) for f in (self.k, self.v)]
        k = self.turned(k, 0 if cache is None else cache.length)
        if cache is None:
            return k, v
        k, v = cache.append(k, v)
        cache.layer = ref(self)
        return k, v

    def turned(self, x: Operand, offset: int) -> Variable:
        """Queries or keys, turned by their positions if the layer is rotary."""
        return rotary(x, offset) if self.rotary else x


def check_memory(memory: tuple[int, ...], x: tuple[int, ...], E: int) -> None:
    """Raises ValueError unless a memory of this shape fits x."""
    fits = len(memory) >= 2 and memory[-1] == E and memory[-2] > 0
    if not fits or broadcast(memory[:-2], x[:-2]) is None:
        raise ValueError(f"MultiHeadAttention takes x {x} and a memory (..., S, {E}) of as many texts, not {memory}")


def split_heads(x: Any, heads: int) -> Any:
    """(..., T, D) -> (..., H, T, D/H)"""
    return x.reshape(*x.shape[:-1], heads, x.shape[-1] // heads).swapaxes(-2, -3)


def joined_heads(x: Any) -> Any:
    """(..., H, T, D/H) -> (..., T, D)"""
    y = x.swapaxes(-2, -3)
    return y.reshape(*y.shape[:-2], prod(y.shape[-2:]))


def with_heads(mask: Operand, ndim: int) -> Any:
    """A mask for each sample of x (N, ..., T, D), with an axis for the heads.   (N, ..., T, S) -> (N, ..., 1, T, S)"""
    if mask is None:
        return None
    mask = operand("MultiHeadAttention: mask", mask)
    return mask.reshape(*mask.shape[:-2], 1, *mask.shape[-2:]) if mask.ndim == ndim > 2 else mask
