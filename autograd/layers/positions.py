"""What tells attention, which sees a set of vectors, where in the text each of them stands."""

from __future__ import annotations

from functools import cache, partial
from typing import Any

import numpy as np

from autograd.algebra import Operand, as_array, operand
from autograd.backend import namespace
from autograd.bfloat16 import kind_of
from autograd.checks import number, one_of, whole
from autograd.functions.attention import rotary
from autograd.layers.base import Generator, Initializer, Layer, Parameter, fitting
from autograd.layers.initializers import normal
from autograd.variable import Variable

__all__ = ["SMALL", "PositionalEncoding"]

SMALL = partial(normal, std=0.02)  # how GPT-2 and BERT begin


class PositionalEncoding(Layer):
    """y_t = x_t + P_t, or x_t turned by an angle that grows with t.   (..., T, D) -> (..., T, D)

    kind='sinusoidal'   P_t = sin(t w_0), cos(t w_0), sin(t w_1), ... with w_i = base^(-2i/D): nothing is learned
    kind='learned'      P is a parameter W (length, D), normal with standard deviation 0.02
    kind='rotary'       the pair (x_i, x_(i + D/2)) is turned by t w_i: for queries and keys, see `F.rotary`

    `layer(x, offset)` counts t from `offset`: the number of tokens in front of x. `size` is D.
    Raises ValueError for a learned encoding without `length`, and for a text beyond it.
    Source: Vaswani et al., "Attention is all you need", 2017, section 3.5.
    """

    def __init__(
        self,
        size: int,
        kind: str = "sinusoidal",
        length: int | None = None,
        *,
        base: float = 10_000.0,
        initializer: Initializer = SMALL,
        dtype: Any = np.float32,
        rng: Generator = None,
    ) -> None:
        name = "PositionalEncoding"
        self.kind = one_of(f"{name}: kind", kind, "sinusoidal", "learned", "rotary")
        self.size, self.base = whole("size", size), number(f"{name}: base", base, above=0)
        if self.kind != "learned" and size % 2:
            raise ValueError(f"{name}: size must be even for pairs, not {size}")
        if self.kind == "learned" and length is None:
            raise ValueError(f"{name}: a learned encoding takes the length of the longest text, such as length=512")
        length = whole(f"{name}: length", 1 if length is None else length)
        self.W = Parameter.lazy((length, self.size), initializer, rng, dtype) if self.kind == "learned" else None

    def forward(self, x: Operand, offset: int = 0) -> Variable:
        x, offset = operand("PositionalEncoding", x), whole("PositionalEncoding: offset", offset, least=0)
        if x.ndim < 2 or x.shape[-1] != self.size:
            raise ValueError(f"PositionalEncoding takes x (..., T, {self.size}), not {x.shape}")
        if self.kind == "rotary":
            return rotary(x, offset, self.base)
        if self.W is None:
            return x + sinusoids(x, offset, self.base)
        x = fitting(self, x, self.W)
        end, most = offset + x.shape[-2], self.W.shape[0]
        if end > most:
            raise ValueError(f"PositionalEncoding: the text must end within its length of {most}, not at {end}")
        return fitting(self, x, self.W) + self.W[offset:end]


def sinusoids(x: Operand, offset: int, base: float) -> Any:
    """P_t for the positions t of x, in its dtype and on its device.   (T, D)"""
    T, D = x.shape[-2:]
    dtype = x.dtype if kind_of(x.dtype) == "f" else np.dtype(np.float64)
    return namespace(as_array(x)).asarray(table(offset, T, D, base).astype(dtype))


@cache
def frequencies(D: int, base: float) -> np.ndarray[Any, Any]:
    """w_i = base^(-2i/D) for the D/2 pairs."""
    return np.asarray(base ** (-np.arange(0, D, 2) / D))


def table(offset: int, T: int, D: int, base: float) -> np.ndarray[Any, Any]:
    """sin and cos of t w_i in turns, for T positions from `offset` on.   (T, D)"""
    angles = np.outer(np.arange(offset, offset + T), frequencies(D, base))
    return np.stack([np.sin(angles), np.cos(angles)], -1).reshape(T, D)
