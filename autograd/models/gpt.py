"""GPT: a network that reads a text from left to right, and says at every place what comes next.

    model = models.GPT(vocabulary=256, context=64, size=128, depth=4, heads=4)
    loss = F.softmax_cross_entropy(model(x), t)               # x (N, T), t the same texts one token further on
    more = model.generate(x, 100, temperature=0.8, top_k=40)  # (N, T + 100)

A token becomes a vector, and so does its position. `depth` blocks add to these vectors. In each, attention looks back
at earlier tokens, and two layers think about every token alone. The last vector is compared with those of all tokens.
Source: Radford et al., "Language models are unsupervised multitask learners" (GPT-2), 2019.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar

import numpy as np

from autograd.algebra import Operand, as_array
from autograd.backend import Array, as_numbers, generator, is_array, namespace, to_numpy
from autograd.bfloat16 import is_bfloat16, kind_of
from autograd.checks import flag, number, shown, whole
from autograd.config import no_grad, test_mode
from autograd.functions.activation import gelu
from autograd.functions.linear import linear
from autograd.functions.regularization import dropout as dropped
from autograd.layers.attention import KeyValueCache, MultiHeadAttention
from autograd.layers.base import Generator, Initializer, Layer
from autograd.layers.embedding import Embedding
from autograd.layers.initializers import normal
from autograd.layers.linear import Linear
from autograd.layers.normalization import LayerNorm
from autograd.layers.positions import SMALL, PositionalEncoding
from autograd.models.blocks import layer_options
from autograd.models.decoding import Decoder
from autograd.variable import Variable

__all__ = ["GPT", "Block", "from_gpt2", "sampled"]


class Block(Layer):
    """x <- x + attention(norm1(x)), y = x + project(gelu(expand(norm2(x)))).   (N, T, D) -> (N, T, D)"""

    def __init__(self, size: int, heads: int, dropout: float, last: Initializer, **options: Any) -> None:
        self.dropout, dtype = dropout, options["dtype"]
        self.norm1 = LayerNorm(size, dtype=dtype)
        self.attention = MultiHeadAttention(size, heads, dropout=dropout, **options)
        self.norm2 = LayerNorm(size, dtype=dtype)
        self.expand = Linear(4 * size, size, **options)
        self.project = Linear(size, 4 * size, **{**options, "initializer": last})
        self.attention.out = Linear(size, size, **{**options, "initializer": last})

    def forward(self, x: Operand, cache: KeyValueCache | None = None) -> Variable:
        x = x + dropped(self.attention(self.norm1(x), causal=True, cache=cache), self.dropout)
        h = gelu(self.expand(self.norm2(x)), "tanh")
        return x + dropped(self.project(h), self.dropout)


class GPT(Layer):
    """The scores of the next token, after every token of a text.   (N, T) of whole numbers -> (N, T, vocabulary)

    A text has at most `context` tokens. With the defaults it is the small GPT-2, of 124 million parameters; its weights
    fit, see `from_gpt2`. The matrix of the token vectors is that of the scores too. Weights start normal with standard
    deviation 0.02; those at the end of each addition are smaller by sqrt(2 depth), because so many are added.
    """

    torch_names: ClassVar[dict[str, str]] = {
        "transformer.": "", "wte.": "tokens.", "wpe.": "positions.", "h.": "blocks.", "ln_f.": "norm.",
        ".ln_1.": ".norm1.", ".ln_2.": ".norm2.", ".attn.c_proj.": ".attention.out.", ".attn.": ".attention.",
        ".mlp.c_fc.": ".expand.", ".mlp.c_proj.": ".project.",
    }  # fmt: skip

    def __init__(
        self,
        vocabulary: int = 50_257,
        context: int = 1024,
        size: int = 768,
        depth: int = 12,
        heads: int = 12,
        dropout: float = 0.1,
        *,
        initializer: Initializer = SMALL,
        dtype: Any = np.float32,
        rng: Generator = None,
    ) -> None:
        options = layer_options(initializer, dtype, rng)
        self.context, depth = whole("context", context), whole("depth", depth)
        self.dropout = number("GPT: dropout", dropout, least=0, below=1)
        last = initializer if initializer is not SMALL else partial(normal, std=0.02 / math.sqrt(2 * depth))
        self.tokens = Embedding(vocabulary, size, **options)
        self.positions = PositionalEncoding(size, "learned", context, **options)
        self.blocks = [Block(size, heads, self.dropout, last, **options) for _ in range(depth)]
        self.norm = LayerNorm(size, dtype=dtype)

    def forward(self, index: Operand, caches: list[KeyValueCache] | None = None) -> Variable:
        """The scores after each token of `index`; with `caches`, it continues the text that they remember."""
        if caches is not None and not (isinstance(caches, (list, tuple)) and len(caches) == len(self.blocks)):
            raise TypeError(f"GPT: caches must be those that model.caches() makes, not {shown(caches)}")
        x = self.positions(self.tokens(index), caches[0].length if caches else 0)
        x = dropped(x, self.dropout)
        for i, block in enumerate(self.blocks):
            x = block(x, caches[i] if caches else None)
        return linear(self.norm(x), self.tokens.W.T)

    def caches(self) -> list[KeyValueCache]:
        """An empty cache for every block."""
        return [KeyValueCache() for _ in self.blocks]

    @test_mode()
    @no_grad()
    def generate(
        self,
        index: Any,
        count: int,
        *,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        rng: Any = None,
        cached: bool = True,
    ) -> Array:
        """The texts (N, T) with `count` tokens more, each drawn as `sampled` says.   (N, T) -> (N, T + count)

        Beyond the context the model sees the end of the text: the last half of the context, when it is full, and what
        follows. A `Decoder` computes one token after the other, from the keys and values of those before it; where a
        subclass or another layer has taken the place of a part, `forward` does, from the same caches. With
        `cached=False` everything is computed again for each token, with the same results up to rounding.
        """
        index = self.checked(index)
        cached, choice = flag("generate: cached", cached), check_sampling("generate", temperature, top_k, top_p)
        (N, T), xp = index.shape, namespace(index)
        text = xp.concatenate([index, xp.zeros((N, whole("generate: count", count, 0)), index.dtype)], 1)
        rng, start, decode = generator(rng), max(0, T - self.context), None
        for end in range(T, text.shape[1]):
            if end - start > self.context:
                start, decode = end - max(self.context // 2, 1), None
            if decode is None:
                caches = self.caches() if cached else None
                scores = self(text[:, start:end], caches)[:, -1]
                decode = self.decoder(caches) if caches else None
            else:
                scores = decode(text[:, end - 1])
            text[:, end] = xp.asarray(sampled(scores, *choice, rng=rng))
        return text

    def decoder(self, caches: list[KeyValueCache]) -> Callable[[Array], Any]:
        """What gives the scores after one token more (N,), for the text in the caches."""
        return Decoder(self, caches) if is_plain(self) else lambda index: self(index[:, None], caches)[:, -1]

    def checked(self, index: Any) -> Array:
        """Texts as an array (N, T) of whole numbers. Raises TypeError or ValueError for anything else."""
        index = as_array(index)
        index = index if hasattr(index, "dtype") else as_numbers(index)
        if index.dtype.kind not in "iu" or index.ndim != 2 or index.shape[1] < 1:
            raise ValueError(f"generate takes texts (N, T) of whole numbers, T > 0, not {index.dtype} {index.shape}")
        return index.astype(int)


def is_plain(model: GPT) -> bool:
    """Is every part what a GPT makes, whose formula a `Decoder` has? NumPy would round each of its sums to bfloat16."""
    heads, eps = {b.attention.heads for b in model.blocks if type(b) is Block}, model.norm.eps

    def affine(*layers: Any) -> bool:
        return all(type(f) is Linear and f.b is not None for f in layers)

    def norms(*layers: Any) -> bool:
        return all(type(f) is LayerNorm and f.eps == eps for f in layers)

    def plain(b: Any) -> bool:
        a = b.attention
        own = type(b) is Block and type(a) is MultiHeadAttention and a.kv_heads == a.heads and not a.rotary
        return own and affine(a.q, a.k, a.v, a.out, b.expand, b.project) and norms(b.norm1, b.norm2)

    outer = type(model) is GPT and type(model.tokens) is Embedding and type(model.positions) is PositionalEncoding
    parts = outer and len(heads) == 1 and norms(model.norm) and all(plain(b) for b in model.blocks)
    return parts and not any(is_bfloat16(p.dtype) for p in model.params())


def check_sampling(name: str, temperature: Any, top_k: Any, top_p: Any) -> tuple[float, int | None, float | None]:
    """The three as numbers. Raises TypeError or ValueError for what they cannot be."""
    return (
        number(f"{name}: temperature", temperature, least=0),
        top_k if top_k is None else whole(f"{name}: top_k", top_k),
        top_p if top_p is None else number(f"{name}: top_p", top_p, above=0, most=1),
    )


def sampled(
    scores: Operand,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    *,
    rng: Any = None,
) -> Any:
    """A token for each row of scores, drawn with the probabilities softmax(scores / temperature).   (N, V) -> (N,)

    temperature   0 takes the best; below 1 the likely ones become likelier
    top_k         only the k best can be drawn
    top_p         only the fewest best can be drawn that have the probability p together

    Sources: Fan et al., "Hierarchical neural story generation", 2018 (top_k); Holtzman et al., "The curious case of
    neural text degeneration", 2019 (top_p).
    """
    temperature, top_k, top_p = check_sampling("sampled", temperature, top_k, top_p)
    s = as_array(scores)
    if not is_array(s) or kind_of(s.dtype) != "f" or s.ndim != 2 or not s.shape[1]:
        raise TypeError(f"sampled takes scores (N, V), a floating-point Variable or array, not {shown(scores)}")
    s = to_numpy(s).astype(np.float64)
    if not np.isfinite(s.max(1)).all():
        raise ValueError(f"sampled takes scores without nan, and a finite one in each row, not {shown(s)}")
    if temperature == 0:
        return s.argmax(1)
    order = np.argsort(-s, axis=1, kind="stable")  # the best come first
    s = np.take_along_axis(s, order, 1)
    with np.errstate(over="ignore"):  # at a temperature of nearly 0 all but the best are infinitely far from it
        p = np.exp((s - s[:, :1]) / temperature)
    p /= p.sum(1, keepdims=True)
    if top_k is not None:
        p[:, top_k:] = 0
    if top_p is not None:
        p[p.cumsum(1) - p >= top_p * p.sum(1, keepdims=True)] = 0  # those in front of it have enough already
    heights = p.cumsum(1)
    drawn = generator(rng).random((len(s), 1)) * heights[:, -1:]
    return np.take_along_axis(order, (heights <= drawn).sum(1, keepdims=True), 1)[:, 0]


def from_gpt2(state: Mapping[str, Any]) -> dict[str, Array]:
    """The state_dict of a GPT-2 of Hugging Face for `load_weights`. Its matrices `c_...` are (inputs, outputs).

    The matrix that holds queries, keys and values side by side is taken apart.
    """
    found: dict[str, Array] = {}
    for name, x in state.items():
        x = to_numpy(x) if isinstance(x, np.ndarray) else np.asarray(x)
        lead, packed, word = name.partition("c_attn.")
        if name.endswith((".attn.bias", ".attn.masked_bias", "lm_head.weight")):
            continue  # the causal mask, and the token vectors once more
        x = x.T if ".c_" in name else x
        found |= {f"{lead}{part}.{word}": y for part, y in zip("qkv", np.split(x, 3))} if packed else {name: x}
    return found
