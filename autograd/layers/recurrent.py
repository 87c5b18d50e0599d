"""Layers with a memory: RNN, LSTM and GRU.

    y = layer(x)                    a sequence (N, T, I) -> (N, T, H), from the state zero
    h = layer(x)                    one step (N, I) -> (N, H), from the state that the step before has left
    y, state = layer(x, state)      either of them, from this state (None for zero), with the state after it

`reset_state()` begins a new sequence of steps. `cut_state()` keeps the state but detaches it from its graph: called
after each `backward` of a long sequence, it frees the memory of the past. Every Layer has both methods, so one call
resets or cuts a whole model.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from autograd.algebra import Operand
from autograd.backend import seeded
from autograd.checks import dtype_of, flag, number, one_of, shown, whole
from autograd.config import current
from autograd.functions.arithmetic import where
from autograd.functions.operands import operand, steps_within
from autograd.functions.recurrent import Recurrence, gru, lstm, rnn
from autograd.functions.regularization import dropout
from autograd.functions.shape import concat, stack
from autograd.layers.base import Generator, Layer, Parameter, State, fitting, lazy_size
from autograd.layers.initializers import lecun, orthogonal, zeros
from autograd.variable import Variable

__all__ = ["GRU", "LSTM", "RNN"]


class Left:
    """Stands for the state that the step before has left, where a call gives none."""

    def __repr__(self) -> str:
        return "the one left by the step before"


LEFT = Left()


class Recurrent(Layer):
    """The base of the three: Wx (I, G H) for the input and Wh (H, G H) for the state, with G gates side by side.

    All gates are one product with x and one with h, which is faster than a product for each. Wx starts `lecun`, Wh with
    an `orthogonal` matrix for each gate. `in_size` is I; without it, the first call takes I from x.
    Further layers have the weights Wx1, Wh1, b1 and so on, the other direction Wx_reverse, Wx1_reverse.
    """

    gates = 1
    states: tuple[str, ...] = ("last_h",)
    last_h: State
    Wx: Parameter
    Wh: Parameter
    b: Parameter

    def __init__(
        self,
        hidden: int,
        in_size: int | None = None,
        *,
        layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        stateful: bool = False,
        dtype: Any = np.float32,
        rng: Generator = None,
    ) -> None:
        I, H, dtype = lazy_size("in_size", in_size), whole("hidden", hidden), dtype_of("dtype", dtype)
        self.depth, self.directions = whole("layers", layers), 1 + flag("bidirectional", bidirectional)
        self.dropout = number("dropout", dropout, least=0, below=1)
        self.stateful = flag("stateful", stateful)
        if self.dropout and self.depth == 1:
            raise ValueError(f"dropout must be 0 for one layer, not {self.dropout}: it acts between layers")
        if self.stateful and self.directions == 2:
            raise ValueError("stateful must be False with bidirectional=True: no state goes on to both sides")
        self.rng = rng = rng if rng is None else seeded("rng", rng)  # a seed is used once, not again for every matrix
        for k in range(self.depth):
            for reverse in (False, True)[: self.directions]:
                self.make(suffix(k, reverse), self.directions * H if k else I, H, dtype, rng)
        for name in self.states:
            setattr(self, name, State())

    def make(self, end: str, I: int | None, H: int, dtype: Any, rng: Generator) -> None:
        """Makes the weights of one layer in one direction, whose names have this end."""
        setattr(self, "Wx" + end, Parameter.lazy((I, self.gates * H), lecun, rng, dtype))
        Wh = np.hstack([orthogonal((H, H), rng, dtype) for _ in range(self.gates)])
        setattr(self, "Wh" + end, Parameter(Wh))
        setattr(self, "b" + end, Parameter(zeros((self.gates * H,), rng, dtype)))

    @property
    def h(self) -> Operand:
        """The output of the last step, None at the beginning of a sequence; after `cut_state` a plain array.

        (N, H), or (layers, N, H) if there are several layers.
        """
        return self.last_h.value

    def forward(self, x: Operand, state: Any = LEFT, *, lengths: Any = None) -> Any:
        name = type(self).__name__
        shape = operand(name, x).shape
        self.check_rank(shape)
        x = fitting(self, x, self.Wx)
        goes_on = state is LEFT and (len(shape) < 3 or self.stateful)
        before = self.state_left(shape) if goes_on else self.state_given(None if state is LEFT else state, shape)
        live = None if lengths is None else steps_within(f"{name}: lengths", lengths, x)
        y, after = self.run(x, before, live, lengths if live is not None else None)
        if goes_on:
            for box, value in zip(self.boxes(), after):
                box.follow(value, self.b.grad)
        return y if state is LEFT else (y, after[0] if len(after) == 1 else tuple(after))

    if TYPE_CHECKING:  # what a call returns: without a state, and with one

        @overload
        def __call__(self, x: Operand, *, lengths: Any = None) -> Variable: ...
        @overload
        def __call__(self, x: Operand, state: Any, *, lengths: Any = None) -> tuple[Variable, Any]: ...
        def __call__(self, x: Operand, state: Any = LEFT, *, lengths: Any = None) -> Any: ...

    def run(self, x: Any, before: list[Any], live: Any, lengths: Any) -> tuple[Any, list[Any]]:
        """The outputs of the top layer, and the states after the last step, each (N, H) or (parts, N, H)."""
        after: list[list[Any]] = []
        several = self.depth * self.directions > 1
        for k in range(self.depth):
            if k and self.dropout:
                x = dropout(x, self.dropout, self.rng)
            ys = []
            for reverse in (False, True)[: self.directions]:
                given = [s[len(after)] if several and s is not None else s for s in before]
                found = self.compute(suffix(k, reverse), x, given, {"lengths": lengths, "reverse": reverse})
                ys.append(found[0] if live is None else where(live[..., None], found[0], 0))
                after.append([s if s.ndim < 3 else s[:, 0 if reverse else -1] for s in found])
            x = ys[0] if len(ys) == 1 else concat(ys, -1)
        return x, [stack(parts) if several else parts[0] for parts in zip(*after)]

    def compute(self, end: str, x: Any, before: list[Any], options: dict[str, Any]) -> tuple[Any, ...]:
        """The states of one layer in one direction after each step."""
        raise NotImplementedError(f"{type(self).__name__} has no step: define compute")

    def boxes(self) -> list[State]:
        """What the layer remembers from one step to the next."""
        return [getattr(self, name) for name in self.states]

    def check_rank(self, shape: tuple[int, ...]) -> None:
        """Raises ValueError unless x is one step or whole sequences."""
        name = type(self).__name__
        if len(shape) not in (1, 2, 3):
            raise ValueError(f"{name} takes one step x (N, I), or whole sequences x (N, T, I), not {shape}")
        if self.directions == 2 and len(shape) < 3:
            raise ValueError(f"{name} takes whole sequences x (N, T, I) if it is bidirectional, not one step {shape}")

    def state_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of a state for x of this shape."""
        parts = self.depth * self.directions
        of_one = (shape[0], self.Wh.shape[0]) if len(shape) == 3 else (*shape[:-1], self.Wh.shape[0])
        return of_one if parts == 1 else (parts, *of_one)

    def state_left(self, shape: tuple[int, ...]) -> list[Any]:
        """The state that the step before has left. Raises ValueError if it was of another batch."""
        name, before = type(self).__name__, [box.value for box in self.boxes()]
        if before[0] is None:
            return before
        if before[0].shape != self.state_shape(shape):
            raise ValueError(
                f"{name} takes the next step of the batch whose state is {before[0].shape}, not x {shape}: "
                "call reset_state() before a new sequence"
            )
        walked = (
            self.b.grad is not None and self.b.grad is not self.last_h.gradient
        )  # from any step, not the last alone
        if getattr(before[0], "creator", None) is not None and (walked or graph_was_walked(before[0])):
            warn_of_growth(name, "call cut_state() after each backward, or reset_state() before a new sequence")
        return before

    def state_given(self, state: Any, shape: tuple[int, ...]) -> list[Any]:
        """The arrays of a state that a call gives. Raises TypeError or ValueError for what is none."""
        name, count = type(self).__name__, len(self.boxes())
        if state is None:
            return [None] * count
        if count > 1 and (not isinstance(state, (tuple, list)) or len(state) != count):
            raise TypeError(
                f"{name} takes a state (h, c), as a call with a state returns it, or None, not {shown(state)}"
            )
        before = [operand(f"{name}: the state", s) for s in (state if count > 1 else [state])]
        for s in before:
            if s.shape != self.state_shape(shape):
                raise ValueError(f"{name} takes a state {self.state_shape(shape)} for x {shape}, not {s.shape}")
        if any(graph_was_walked(s) for s in before):
            warn_of_growth(name, "give it the state without its graph, .detach(), after each backward")
        return before


def suffix(layer: int, reverse: bool) -> str:
    """What the names of the weights of one layer in one direction end with."""
    return f"{layer or ''}{'_reverse' if reverse else ''}"


def graph_was_walked(state: Any) -> bool:
    """Has a backward pass gone through the steps from which this state comes?"""
    f = getattr(state, "creator", None)
    for _ in range(4):  # the last step was taken out of the sequence, and stacked
        if f is not None and not isinstance(f, Recurrence):
            f = next((node.creator for node in f.parents if node is not None), None)
    return isinstance(f, Recurrence) and f.walked


def warn_of_growth(name: str, remedy: str) -> None:
    """Warns where the graph grows: not under `no_grad`, where nothing is recorded."""
    if not current().recording:
        return
    warnings.warn(
        f"{name} goes on from a state whose graph a backward pass has walked already, and the next one walks through "
        f"all of it again: {remedy}",
        stacklevel=6,
    )


class RNN(Recurrent):
    """h <- tanh(x Wx + h Wh + b), for whole sequences or for one step a call.

    A sequence (N, T, I) -> (N, T, H) begins at the state zero and leaves none: no batch goes on from another.
    A step (N, I) -> (N, H) goes on from the step before it, until `reset_state()` says that a new sequence begins.
    `y, state = layer(x, state)` takes the state, None for zero, and returns the next one; the layer keeps nothing.

    With `lengths` (N,), sequence n has that many steps: y is 0 after them, the state stays, and x gets no gradient.
    `layers` of them stand upon each other, with `dropout` between them. `bidirectional` sequences are read from both
    ends: y is (N, T, 2 H). The state of several parts is (parts, N, H), the layers bottom up, each to the right and to
    the left. With `stateful`, a sequence goes on from the one before it, as steps do: for texts cut into pieces.
    Raises ValueError for x of other shapes, and for a state of another batch.
    """

    def compute(self, end: str, x: Any, before: list[Any], options: dict[str, Any]) -> tuple[Any, ...]:
        Wx, Wh, b = [getattr(self, name + end) for name in ("Wx", "Wh", "b")]
        return (rnn(x, before[0], Wx, Wh, b, **options),)


class LSTM(Recurrent):
    """Long short-term memory, for whole sequences or for one step a call; the state is (h, c).

    A sequence (N, T, I) -> (N, T, H) begins at the state zero and leaves none: no batch goes on from another.
    A step (N, I) -> (N, H) goes on from the step before it, until `reset_state()` says that a new sequence begins.
    `y, (h, c) = layer(x, (h, c))` takes the state, None for zero, and returns the next one; the layer keeps nothing.

    With z = x Wx + h Wh + b, split into four along its last axis:
    i, f, o = sigmoid(z_i), sigmoid(z_f), sigmoid(z_o);  g = tanh(z_g);  c <- f c + i g;  h <- o tanh(c)

    The gates lie in the order i, f, g, o, as in PyTorch. The forget gate's bias starts at 1, so that a fresh memory
    remembers. The options `lengths`, `layers`, `dropout`, `bidirectional` and `stateful` are those of `RNN`.
    Source: Hochreiter and Schmidhuber, 1997; Gers, Schmidhuber and Cummins, 2000.
    """

    gates = 4
    states = "last_h", "last_c"
    last_c: State

    def make(self, end: str, I: int | None, H: int, dtype: Any, rng: Generator) -> None:
        super().make(end, I, H, dtype, rng)
        getattr(self, "b" + end).data[H : 2 * H] = 1

    @property
    def c(self) -> Operand:
        """The memory cells, None at the beginning of a sequence; after `cut_state` a plain array."""
        return self.last_c.value

    def compute(self, end: str, x: Any, before: list[Any], options: dict[str, Any]) -> tuple[Any, ...]:
        Wx, Wh, b = [getattr(self, name + end) for name in ("Wx", "Wh", "b")]
        return lstm(x, before[0], before[1], Wx, Wh, b, **options)


class GRU(Recurrent):
    """Gated recurrent unit, for whole sequences or for one step a call.

    A sequence (N, T, I) -> (N, T, H) begins at the state zero and leaves none: no batch goes on from another.
    A step (N, I) -> (N, H) goes on from the step before it, until `reset_state()` says that a new sequence begins.
    `y, state = layer(x, state)` takes the state, None for zero, and returns the next one; the layer keeps nothing.

    With u = x Wx + b and v = h Wh + d, each split into three along its last axis:
    r = sigmoid(u_r + v_r);  z = sigmoid(u_z + v_z);  n = tanh(u_n + r v_n);  h <- (1 - z) n + z h

    This is PyTorch's form, with its order of gates r, z, n. The reset gate acts after the product with Wh, so that
    product has a bias d of its own. With reset="before" it acts before: n = tanh(u_n + (r h) Wh_n), and there is no d.
    The options `lengths`, `layers`, `dropout`, `bidirectional` and `stateful` are those of `RNN`.
    Source: Cho et al., 2014.
    """

    gates = 3

    def __init__(
        self,
        hidden: int,
        in_size: int | None = None,
        *,
        reset: str = "after",
        layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        stateful: bool = False,
        dtype: Any = np.float32,
        rng: Generator = None,
    ) -> None:
        self.reset = one_of("reset", reset, "after", "before")
        options: Any = {"bidirectional": bidirectional, "dropout": dropout, "stateful": stateful, "dtype": dtype}
        super().__init__(hidden, in_size, layers=layers, rng=rng, **options)

    def make(self, end: str, I: int | None, H: int, dtype: Any, rng: Generator) -> None:
        super().make(end, I, H, dtype, rng)
        setattr(self, "d" + end, Parameter(zeros((3 * H,), rng, dtype)) if self.reset == "after" else None)

    def compute(self, end: str, x: Any, before: list[Any], options: dict[str, Any]) -> tuple[Any, ...]:
        Wx, Wh, b, d = [getattr(self, name + end) for name in ("Wx", "Wh", "b", "d")]
        return (gru(x, before[0], Wx, Wh, b, d, **options),)
