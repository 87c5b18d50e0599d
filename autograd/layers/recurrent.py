"""Layers with a memory: each call is one step of a sequence, on a batch x (N, I), and returns h (N, H).

What a layer carries to the next step is in `carry`: nothing at the beginning of a sequence, where the state counts as
zero. `reset_state()` begins a new sequence. `cut_state()` goes on with it, but lets no gradient back beyond this point:
called after each `backward` of a long sequence, it frees the graph of the past. Every Layer has both, for all layers
below it, so a whole model is reset or cut by one call.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.core import Operand, as_array
from autograd.functions.activation import sigmoid
from autograd.functions.elementwise import tanh
from autograd.functions.linear import linear
from autograd.functions.operands import operand
from autograd.functions.shape import split
from autograd.layers.base import Generator, Layer, Parameter, check_sizes
from autograd.layers.initializers import lecun, orthogonal, zeros


class Recurrent(Layer):
    """What the three have in common: Wx (I, G H) from the input, Wh (H, G H) from the state, for G gates side by side.

    All gates are one product for x and one for h, which is faster than a product for each. Wx starts `lecun`, Wh with
    an `orthogonal` matrix for each gate. `in_size` is I; without it the first call tells.
    """

    gates = 1

    def __init__(
        self, hidden: int, in_size: int | None = None, *, dtype: Any = np.float32, rng: Generator = None
    ) -> None:
        check_sizes(hidden=hidden, in_size=in_size)
        rng = rng if rng is None else np.random.default_rng(rng)  # a seed is spent once, not anew for every matrix
        self.Wx = Parameter.planned((in_size, self.gates * hidden), lecun, rng, dtype)
        self.Wh = Parameter(np.hstack([orthogonal((hidden, hidden), rng, dtype) for _ in range(self.gates)]))
        self.b = Parameter(zeros((self.gates * hidden,), rng, dtype))

    @property
    def h(self) -> Operand:
        """The output of the last step, None at the beginning of a sequence; after `cut_state` a plain array."""
        return self.carry[0] if self.carry else None

    def linear_of_x(self, x: Operand) -> Any:
        """x Wx + b. Raises ValueError for a batch that does not go with the state: it would be broadcast silently."""
        before, now = as_array(self.h), as_array(x)
        if before is not None and before.shape[:-1] != operand(type(self).__name__, now).shape[:-1]:
            raise ValueError(
                f"{type(self).__name__}: x {now.shape} is no next step of the batch whose state is {before.shape}: "
                "call reset_state() before a new sequence"
            )
        self.Wx.settle(x, -1)
        return linear(x, self.Wx, self.b)


class RNN(Recurrent):
    """h <- tanh(x Wx + h Wh + b)"""

    def forward(self, x: Operand) -> Any:
        z = self.linear_of_x(x)
        if self.carry:
            z = z + linear(self.h, self.Wh)
        h = tanh(z)
        self.carry = (h,)
        return h


class LSTM(Recurrent):
    """Long short-term memory. With z = x Wx + h Wh + b, split into four along its last axis:

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

    @property
    def c(self) -> Operand:
        """The memory cells, None at the beginning of a sequence."""
        return self.carry[1] if self.carry else None

    def forward(self, x: Operand) -> Any:
        z = self.linear_of_x(x)
        if self.carry:
            z = z + linear(self.h, self.Wh)
        i, f, g, o = split(z, 4, axis=-1)
        c = sigmoid(i) * tanh(g)
        if self.carry:
            c = sigmoid(f) * self.c + c
        h = sigmoid(o) * tanh(c)
        self.carry = h, c
        return h


class GRU(Recurrent):
    """Gated recurrent unit. With u = x Wx + b and v = h Wh + d, each split into three along its last axis:

    r = sigmoid(u_r + v_r);  z = sigmoid(u_z + v_z);  n = tanh(u_n + r v_n);  h <- (1 - z) n + z h

    The form of PyTorch, with the gates in its order r, z, n and the reset after the product, which therefore has a
    bias of its own. Source: Cho et al., 2014.
    """

    gates = 3

    def __init__(
        self, hidden: int, in_size: int | None = None, *, dtype: Any = np.float32, rng: Generator = None
    ) -> None:
        super().__init__(hidden, in_size, dtype=dtype, rng=rng)
        self.d = Parameter(np.zeros(3 * hidden, dtype))

    def forward(self, x: Operand) -> Any:
        ur, uz, un = split(self.linear_of_x(x), 3, axis=-1)
        if self.carry:
            vr, vz, vn = split(linear(self.h, self.Wh, self.d), 3, axis=-1)
        else:
            vr, vz, vn = split(self.d, 3)
        n = tanh(un + sigmoid(ur + vr) * vn)
        z = sigmoid(uz + vz)
        h = n - z * n
        if self.carry:
            h = h + z * self.h
        self.carry = (h,)
        return h
