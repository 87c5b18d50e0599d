"""BERT: a network that reads a whole text at once, and gives a vector for every token that knows all the others.

    model = models.BERT(**bert.MINILM)
    models.load_weights(model, "model.safetensors")
    vectors = bert.sentence_vectors(model, index, mask)  # (N, T) -> (N, 384), of length 1: similar where texts are

The vectors of a token, its position and its kind of text are added. In each of `depth` blocks all tokens look at each
other, and two layers think about every token alone. A norm follows each sum.
Source: Devlin et al., "BERT: pre-training of deep bidirectional transformers", 2018.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from autograd.algebra import Operand, as_array
from autograd.backend import as_numbers, namespace
from autograd.checks import number, shown, whole
from autograd.functions.activation import gelu
from autograd.functions.elementwise import tanh
from autograd.functions.reduction import norm
from autograd.functions.regularization import dropout as dropped
from autograd.layers.attention import MultiHeadAttention
from autograd.layers.base import Generator, Initializer, Layer
from autograd.layers.embedding import Embedding
from autograd.layers.linear import Linear
from autograd.layers.normalization import LayerNorm
from autograd.layers.positions import SMALL, PositionalEncoding
from autograd.models.blocks import layer_options
from autograd.variable import Variable

__all__ = ["BERT", "MINILM", "Block", "sentence_vectors"]

MINILM = {"size": 384, "depth": 6, "heads": 12}  # all-MiniLM-L6-v2, 22.7 million parameters


class Block(Layer):
    """x <- norm1(x + attention(x)), y = norm2(x + project(gelu(expand(x)))).   (N, T, D) -> (N, T, D)"""

    def __init__(self, size: int, heads: int, hidden: int, dropout: float, eps: float, **options: Any) -> None:
        self.dropout, norm = dropout, {"eps": eps, "dtype": options["dtype"]}
        self.attention = MultiHeadAttention(size, heads, dropout=dropout, **options)
        self.norm1 = LayerNorm(size, **norm)
        self.expand = Linear(hidden, size, **options)
        self.project = Linear(size, hidden, **options)
        self.norm2 = LayerNorm(size, **norm)

    def forward(self, x: Operand, mask: Operand = None) -> Variable:
        x = self.norm1(x + dropped(self.attention(x, mask=mask), self.dropout))
        return self.norm2(x + dropped(self.project(gelu(self.expand(x))), self.dropout))


class BERT(Layer):
    """A vector for every token.   (N, T) of whole numbers -> (N, T, size)

    `mask` (N, T) is True, or 1, where a token is one, and False where it is padding. `types` (N, T) says to which of
    two texts a token belongs; 0 without it. With the defaults it is BERT-base; the weights of Hugging Face fit.
    """

    torch_names: ClassVar[dict[str, str]] = {
        "bert.": "", "embeddings.word_embeddings.": "tokens.", "embeddings.position_embeddings.": "positions.",
        "embeddings.token_type_embeddings.": "types.", "embeddings.LayerNorm.": "norm.", "encoder.layer.": "blocks.",
        ".attention.self.query.": ".attention.q.", ".attention.self.key.": ".attention.k.",
        ".attention.self.value.": ".attention.v.", ".attention.output.dense.": ".attention.out.",
        ".attention.output.LayerNorm.": ".norm1.", ".intermediate.dense.": ".expand.", ".output.dense.": ".project.",
        ".output.LayerNorm.": ".norm2.", "pooler.dense.": "pooler.",
    }  # fmt: skip

    def __init__(
        self,
        vocabulary: int = 30_522,
        context: int = 512,
        size: int = 768,
        depth: int = 12,
        heads: int = 12,
        hidden: int | None = None,
        dropout: float = 0.1,
        eps: float = 1e-12,
        *,
        initializer: Initializer = SMALL,
        dtype: Any = np.float32,
        rng: Generator = None,
    ) -> None:
        options = layer_options(initializer, dtype, rng)
        self.dropout = number("BERT: dropout", dropout, least=0, below=1)
        size, depth = whole("size", size), whole("depth", depth)
        hidden = 4 * size if hidden is None else whole("hidden", hidden)
        self.tokens = Embedding(vocabulary, size, **options)
        self.positions = PositionalEncoding(size, "learned", context, **options)
        self.types = Embedding(2, size, **options)
        self.norm = LayerNorm(size, eps=eps, dtype=dtype)
        self.blocks = [Block(size, heads, hidden, self.dropout, eps, **options) for _ in range(depth)]
        self.pooler = Linear(size, size, **options)

    def forward(self, index: Operand, mask: Operand = None, types: Operand = None) -> Variable:
        index = as_array(index)
        index = index if hasattr(index, "dtype") else as_numbers(index)
        kinds = namespace(index).zeros(index.shape, int) if types is None else types
        x = self.norm(self.positions(self.tokens(index)) + self.types(kinds))
        x = dropped(x, self.dropout)
        seen = None if mask is None else as_booleans(mask)[..., None, :]
        for block in self.blocks:
            x = block(x, seen)
        return x

    def pooled(self, y: Operand) -> Variable:
        """tanh of a Linear of the first token's vector, for classifying whole texts.   (N, T, size) -> (N, size)"""
        return tanh(self.pooler(y[:, 0]))


def sentence_vectors(model: BERT, index: Operand, mask: Operand = None) -> Variable:
    """The mean of the vectors of a text's tokens, scaled to length 1.   (N, T) -> (N, size)

    The product of two is their cosine: near 1 for texts that say the same, if the model was trained for it. A text that
    is padding alone gives 0.
    Source: Reimers and Gurevych, "Sentence-BERT", 2019.
    """
    if not isinstance(model, BERT):
        raise TypeError(f"sentence_vectors takes a BERT, and then the texts, not {shown(model)}")
    y = model(index, mask)
    if mask is not None:
        y = y * as_booleans(mask)[..., None]
    total = y.sum(axis=1)  # its length does not matter, so the number of tokens does not
    length = norm(total, axis=1, keepdims=True)
    return total / (length + (as_array(length) == 0))


def as_booleans(mask: Operand) -> Any:
    """A mask of 0 and 1, or of booleans, as booleans."""
    mask = as_array(mask)
    return (mask if hasattr(mask, "dtype") else as_numbers(mask)) != 0
