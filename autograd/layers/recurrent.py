"""Layers with a memory. A call is one step of a sequence: x (N, I) -> h (N, H), for a batch of N sequences.

    for x in sequence:
        h = layer(x)

The state stays in the layer for the next step; at the beginning of a sequence it counts as zero. `reset_state()` begins
a new sequence. `cut_state()` keeps the state but detaches it from its graph: called after each `backward` of a long
sequence, it frees the memory of the past. Every Layer has both methods, so one call resets or cuts a whole model.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from autograd.algebra import Operand, as_array
from autograd.backend import seeded
from autograd.checks import dtype_of, whole
from autograd.functions.activation import sigmoid
from autograd.functions.elementwise import tanh
from autograd.functions.linear import linear
from autograd.functions.operands import operand
from autograd.functions.shape import split
from autograd.layers.base import Generator, Layer, Parameter, State, fitting, lazy_size
from autograd.layers.initializers import lecun, orthogonal, zeros

__all__ = ["GRU", "LSTM", "RNN"]


class Recurrent(Layer):
    """The base of the three: Wx (I, G H) for the input and Wh (H, G H) for the state, with G gates side by side.

    All gates are one product with x and one with h, which is faster than a product for each. Wx starts `lecun`, Wh with
    an `orthogonal` matrix for each gate. `in_size` is I; without it, the first call takes I from x.
    """

    gates = 1

    def __init__(
        self, hidden: int, in_size: int | None = None, *, dtype: Any = np.float32, rng: Generator = None
    ) -> None:
        I, H, dtype = lazy_size("in_size", in_size), whole("hidden", hidden), dtype_of("dtype", dtype)
        rng = rng if rng is None else seeded("rng", rng)  # a seed is used once, not again for every matrix
        self.Wx = Parameter.lazy((I, self.gates * H), lecun, rng, dtype)
        self.Wh = Parameter(np.hstack([orthogonal((H, H), rng, dtype) for _ in range(self.gates)]))
        self.b = Parameter(zeros((self.gates * H,), rng, dtype))
        self.last_h = State()

    @property
    def h(self) -> Operand:
        """The output of the last step, None at the beginning of a sequence; after `cut_state` a plain array."""
        return self.last_h.value

    def check_step(self, x: Operand) -> None:
        """Raises ValueError if x is not one step, or no next step of the batch in the state.

        Sequences would be taken for a larger batch without a memory, and another batch would be broadcast, in silence.
        """
        name, h = type(self).__name__, as_array(self.h)
        shape = operand(name, x).shape
        if len(shape) not in (1, 2):
            loop = ": call it for each step, as in `for t in range(x.shape[1]): h = layer(x[:, t])` for x (N, T, I)"
            raise ValueError(f"{name} takes one step of a batch of sequences, x (N, I), not {shape}{loop}")
        if h is not None and shape[:-1] != h.shape[:-1]:
            raise ValueError(
                f"{name} takes the next step of the batch whose state is {h.shape}, not x {x.shape}: "
                "call reset_state() before a new sequence"
            )
        walked = self.b.grad is not None and self.b.grad is not self.last_h.gradient
        if walked and getattr(self.h, "creator", None) is not None:
            warnings.warn(
                f"{name} goes on from a state whose graph a backward pass has walked already, and the next one walks "
                "through all of it again: call cut_state() after each backward, or reset_state() before a new sequence",
                stacklevel=4,
            )

    def remember(self, h: Operand) -> None:
        """Keeps the output for the next step."""
        self.last_h.value, self.last_h.gradient = h, self.b.grad


class RNN(Recurrent):
    """h <- tanh(x Wx + h Wh + b).   A call is one step, (N, I) -> (N, H); the layer keeps h for the next."""

    def forward(self, x: Operand) -> Any:
        self.check_step(x)
        z = linear(fitting(self, x, self.Wx), self.Wx, self.b)
        if self.h is not None:
            z = z + linear(self.h, self.Wh)
        h = tanh(z)
        self.remember(h)
        return h


class LSTM(Recurrent):
    """Long short-term memory.   A call is one step, (N, I) -> (N, H); the layer keeps h and c for the next.

    With z = x Wx + h Wh + b, split into four along its last axis:
    i, f, o = sigmoid(z_i), sigmoid(z_f), sigmoid(z_o);  g = tanh(z_g);  c <- f c + i g;  h <- o tanh(c)

    The gates lie in the order i, f, g, o, as in PyTorch. The forget gate's bias starts at 1, so that a fresh memory
    remembers. Source: Hochreiter and Schmidhuber, 1997; Gers, Schmidhuber and Cummins, 2000.
    """

    gates = 4

    def __init__(
        self, hidden: int, in_size: int | None = None, *, dtype: Any = np.float32, rng: Generator = None
    ) -> None:
        super().__init__(hidden, in_size, dtype=dtype, rng=rng)
        self.b.data[hidden : 2 * hidden] = 1
        self.last_c = State()

    @property
    def c(self) -> Operand:
        """The memory cells, None at the beginning of a sequence; after `cut_state` a plain array."""
        return self.last_c.value

    def forward(self, x: Operand) -> Any:
        self.check_step(x)
        z = linear(fitting(self, x, self.Wx), self.Wx, self.b)
        if self.h is not None:
            z = z + linear(self.h, self.Wh)
        i, f, g, o = split(z, 4, axis=-1)
        c = sigmoid(i) * tanh(g)
        if self.c is not None:
            c = sigmoid(f) * self.c + c
        h = sigmoid(o) * tanh(c)
        self.remember(h)
        self.last_c.value = c
        return h


class GRU(Recurrent):
    """Gated recurrent unit.   A call is one step, (N, I) -> (N, H); the layer keeps h for the next.

    With u = x Wx + b and v = h Wh + d, each split into three along its last axis:
    r = sigmoid(u_r + v_r);  z = sigmoid(u_z + v_z);  n = tanh(u_n + r v_n);  h <- (1 - z) n + z h

    This is PyTorch's form, with its order of gates r, z, n. The reset gate acts after the product with Wh, so that
    product has a bias d of its own. Source: Cho et al., 2014.
    """

    gates = 3

    def __init__(
        self, hidden: int, in_size: int | None = None, *, dtype: Any = np.float32, rng: Generator = None
    ) -> None:
        super().__init__(hidden, in_size, dtype=dtype, rng=rng)
        self.d = Parameter(np.zeros(3 * hidden, dtype))

    def forward(self, x: Operand) -> Any:
        self.check_step(x)
        ur, uz, un = split(linear(fitting(self, x, self.Wx), self.Wx, self.b), 3, axis=-1)
        if self.h is None:
            vr, vz, vn = split(self.d, 3)
        else:
            vr, vz, vn = split(linear(self.h, self.Wh, self.d), 3, axis=-1)
        n = tanh(un + sigmoid(ur + vr) * vn)
        z = sigmoid(uz + vz)
        h = n - z * n
        if self.h is not None:
            h = h + z * self.h
        self.remember(h)
        return h
