"""Recurrent networks over whole sequences: a state h that every step changes, h <- f(x, h).

A function is given the inputs of all steps, and answers with the states after all of them. What the inputs give to the
gates is one product for all steps, and so are the gradients of the weights. Only h Wh is done step by step.

The way back goes through the steps once more, from the last to the first, and gathers the gradients of the gates of all
steps. They lie in memory that is used again: new memory would take longer than the arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from autograd.algebra import Operand, as_array
from autograd.backend import Array, by_numpy, is_array, namespace
from autograd.checks import flag
from autograd.function import Function
from autograd.functions.activation import sigmoid
from autograd.functions.arithmetic import where
from autograd.functions.elementwise import tanh
from autograd.functions.linear import linear
from autograd.functions.operands import operand, steps_within, with_room
from autograd.functions.shape import Concat, Split
from autograd.kernels import recurrent as kernel
from autograd.kernels.gpu import recurrent as gpu
from autograd.kernels.matmul import product
from autograd.kernels.scratch import Allocator, borrowed
from autograd.kernels.ways import kernel as kernel_of
from autograd.sums import sum_over
from autograd.variable import Variable

__all__ = ["Recurrence", "gru", "lstm", "rnn"]


def steps_of(x: Any) -> list[Any]:
    """The rows of x, one for each step."""
    if is_array(x):
        return list(x)
    return [row.reshape(x.shape[1:]) for row in Split(list(pairwise(range(len(x) + 1))), 0)(x)]


def room_for_steps(like: Any, new: Allocator) -> tuple[Any, list[Any]]:
    """An array for what is computed step by step, as large as `like` (T, N, ...), and its rows; None for Variables."""
    if not is_array(like):
        return None, [None] * len(like)
    room = new(like.shape, like.dtype)
    return room, list(room)


def beside(*xs: Any, out: Any = None) -> Any:
    """Arrays side by side, along the last axis."""
    return namespace(*xs).concatenate(xs, -1, out) if is_array(xs[0]) else Concat(xs[0].ndim - 1)(*xs)


def as_rows(room: Any, rows: Sequence[Any]) -> Any:
    """The rows that were computed, the last one first, as one array: their room, if they have one."""
    return Concat(0)(*[row[None] for row in rows[::-1]]) if room is None else room


def parts_of(a: Any, H: int) -> list[Any]:
    """The gates that lie side by side in a, each of size H."""
    return [a[..., k : k + H] for k in range(0, a.shape[-1], H)]


def backwards(*xs: Any) -> list[Any]:
    """What belongs to a step, for each step from the last to the first."""
    return list(zip(*[x if isinstance(x, list) else steps_of(x) for x in xs]))[::-1]


def as_matrix(x: Any) -> Any:
    """(T, N, H) -> (T N, H)"""
    return x.reshape(-1, x.shape[-1])


class Recurrence(Function):
    """The base of all: which step comes first, and what the input has to do with it.

    x is (N, T, I), or (N, I) for one step. Inside, the steps are in front, (T, N, ...), in the order of computation.
    """

    alike = 0
    protects = False  # a state that is remembered would keep all steps before it
    walked = False  # has a backward pass been here? Who goes on from these states walks through all of it again

    def __init__(self, reverse, live):
        self.reverse = reverse
        self.live = live  # (N, T), true where a sequence has a step; None if each has all

    def in_order(self, x):
        """(N, T, ...) -> (T, N, ...); one step (N, ...) -> (1, N, ...)"""
        if x.ndim < 3:
            return x[None]
        x = x.transpose(1, 0, 2)
        return x[::-1] if self.reverse else x

    def back_in_place(self, y, one):
        """The inverse of `in_order`: (T, N, ...) -> (N, T, ...), or (N, ...) for one step"""
        if one:
            return y[0]
        return (y[::-1] if self.reverse else y).transpose(1, 0, 2)

    def mask(self):
        """(T, N, 1), or None"""
        return None if self.live is None else self.in_order(self.live[..., None])

    def masks(self, like):
        """For each step 1 where a sequence has it and 0 elsewhere, (N, 1); None if each has all."""
        return [None] * len(like) if self.live is None else list(self.mask().astype(like.dtype))

    def outcome(self, hs, x):
        """The states after each step, without the one before the first, in the order of x."""
        return self.back_in_place(hs[1:], x.ndim < 3)

    def input_to_gates(self, x, Wx, b, *others):
        """x Wx + b for all steps in order, in an array of its own.   -> (T, N, G H)"""
        x = self.in_order(x)
        z = product(as_matrix(x), Wx)
        z = z.astype(np.result_type(*[a.dtype for a in (z, b, *others)]), copy=False)
        z += b
        return z.reshape(*x.shape[:-1], Wx.shape[1])

    def before(self, h, hs):
        """The state before each step: the first one, and all outputs but the last.   -> (T, N, H)"""
        hs = self.in_order(hs)
        return h[None] if len(hs) == 1 else Concat(0)(h[None], hs[:-1])

    def check_outputs(self):
        """Raises RuntimeError if the outputs were edited: what `forward` has saved lies in the same memory."""
        for y in self.outputs:
            y[:0]  # what stands in for an edited array refuses

    def gradients_of_input(self, x, Wx, dz):
        """Those of x, Wx and b, from the gradient of the gates in all steps."""
        self.walked = True
        rows, xs = as_matrix(dz), self.in_order(x)
        gx = self.needs[0] and self.back_in_place(product(rows, Wx.T).reshape(xs.shape), x.ndim < 3)
        return gx, product(as_matrix(xs).T, rows), sum_over(rows, (0,), keepdims=False)


class RNN(Recurrence):
    """h <- tanh(x Wx + h Wh + b);   dz = dh (1 - h^2),  dh <- dz Wh^T"""

    def forward(self, x, h, Wx, Wh, b):
        hs = kernel.rnn(self.input_to_gates(x, Wx, b, h, Wh), h, Wh, self.mask())
        self.save(before=hs[:-1])
        return self.outcome(hs, x)

    def recompute(self, x, h, Wx, Wh, b):
        return {"before": self.before(h, self.outputs[0])}

    def backward(self, gy):
        x, _, Wx, Wh, _ = self.inputs
        hs, dh, dzs = self.in_order(self.outputs[0]), 0, []
        with borrowed(namespace(as_array(x)), 1) as [new]:
            room, rows = room_for_steps(hs, new)
            for row, live, g, h in backwards(rows, self.masks(hs), self.in_order(gy), hs):
                dh = g + dh
                slope = 1 - h * h if live is None else (1 - h * h) * live
                dzs.append(beside(dh * slope, out=row))
                dh = passed_on(product(dzs[-1], Wh.T), dh, live)
            dz = as_rows(room, dzs)
            gx, gWx, gb = self.gradients_of_input(x, Wx, dz)
            return gx, dh, gWx, product(as_matrix(self.saved.before).T, as_matrix(dz)), gb


class LSTM(Recurrence):
    """i, f, g, o = gates of x Wx + h Wh + b;   c <- f c + i g;   h <- o tanh(c)

    dc <- dc + dh o (1 - tanh(c)^2);   dz = dc g i', dc c f', dc i g', dh tanh(c) o';   dc <- dc f;   dh <- dz Wh^T
    """

    keeps_outputs = True  # for recompute

    def forward(self, x, h, c, Wx, Wh, b):
        gates = self.input_to_gates(x, Wx, b, h, c, Wh)
        hs, cs = kernel.lstm(gates, h, c, Wh, self.mask())
        self.save(gates=gates, before=hs[:-1], cs=cs)
        return self.outcome(hs, x), self.outcome(cs, x)

    def recompute(self, x, h, c, Wx, Wh, b):
        hs, cs = self.outputs
        before, cs = self.before(h, hs), Concat(0)(c[None], self.in_order(cs))
        i, f, g, o = parts_of(linear(self.in_order(x), Wx, b) + linear(before, Wh), h.shape[-1])
        return {"gates": beside(sigmoid(i), sigmoid(f), tanh(g), sigmoid(o)), "before": before, "cs": cs}

    def backward(self, gy, gc):
        self.check_outputs()
        x, _, _, Wx, Wh, _ = self.inputs
        saved = self.saved
        gates, cs = saved.gates, saved.cs
        by_kernel = is_array(gates) and not by_numpy(gates)
        of_tanh = None if by_kernel else tanh_only(gates, cs[0])  # looked up once: steps may be small
        dh, dc, dzs = 0, 0, []
        with borrowed(namespace(as_array(x)), 1) as [new]:
            room, rows = room_for_steps(gates, new)
            steps = [rows, self.masks(gates), self.in_order(gy), self.in_order(gc), gates, cs[:-1], cs[1:]]
            for dz, live, gh, g_c, a, c_before, c in backwards(*steps):
                dh, dc = gh + dh, g_c + dc
                if by_kernel:
                    lstm_cell_gradient(dz, dc, dh, a, c_before, c, live)
                else:
                    dz, dc = cell_gradient(dz, dc, dh, a, c_before, c, live, of_tanh)
                dh = passed_on(product(dz, Wh.T), dh, live)
                dzs.append(dz)
            dz = as_rows(room, dzs)
            gx, gWx, gb = self.gradients_of_input(x, Wx, dz)
            return gx, dh, dc, gWx, product(as_matrix(saved.before).T, as_matrix(dz)), gb


def tanh_only(a, c):
    """1 for the gate that is a tanh, g, and 0 for the others."""
    return kernel.of_gates(namespace(as_array(a)), (0, 0, 1, 0), c.shape, a.dtype)


def cell_gradient(dz, dc, dh, a, before, c, live, of_tanh):
    """The gradient dz of the sums in the gates a, in its memory if it has one, and dc of the step before."""
    i, f, g, o = parts_of(a, c.shape[-1])
    tanh_c = tanh(c)
    slopes = (a + of_tanh) * (1 - a)  # a (1 - a) of the sigmoids, (1 + g) (1 - g) of the tanh
    through = (1 - tanh_c * tanh_c) * o
    if live is not None:
        slopes, through, f = slopes * live, through * live, f * live + (1 - live)
    dc = dc + dh * through
    dz = beside(dc * g, dc * before, dc * i, dh * tanh_c, out=dz)
    dz *= slopes  # in its memory; a Variable has no *= and is rebound
    return dz, dc * f


@kernel_of(gpu.lstm_cell_gradient, writes=(0, 1))
def lstm_cell_gradient(dz: Array, dc: Array, dh: Array, a: Array, before: Array, c: Array, live: Array | None) -> None:
    """`cell_gradient` of arrays, in the memory of dz and dc."""
    _, dc[...] = cell_gradient(dz, dc, dh, a, before, c, live, tanh_only(a, c))


class GRU(Recurrence):
    """r, z = sigmoid(u + v);   n = tanh(u_n + r v_n);   h <- n + z (h - n),   with u = x Wx + b, v = h Wh + d

    dn = dh (1 - z) n';   du = dn v_n r', dh (h - n) z', dn;   dv = the same but dn r;   dh <- dh z + dv Wh^T
    """

    keeps_outputs = True  # for recompute

    def forward(self, x, h, Wx, Wh, b, d):
        gates = self.input_to_gates(x, Wx, b, h, Wh, d)
        hs, vn = kernel.gru(gates, h, Wh, d, self.mask())
        self.save(gates=gates, vn=vn, before=hs[:-1])
        return self.outcome(hs, x)

    def recompute(self, x, h, Wx, Wh, b, d):
        before, H = self.before(h, self.outputs[0]), h.shape[-1]
        ur, uz, un = parts_of(linear(self.in_order(x), Wx, b), H)
        vr, vz, vn = parts_of(linear(before, Wh, d), H)
        r = sigmoid(ur + vr)
        return {"gates": beside(r, sigmoid(uz + vz), tanh(un + r * vn)), "vn": vn, "before": before}

    def backward(self, gy):
        self.check_outputs()
        x, _, Wx, Wh, _, _ = self.inputs
        saved, H = self.saved, Wh.shape[0]
        dh, dus, dvs = 0, [], []
        with borrowed(namespace(as_array(x)), 2) as news:
            (room_u, rows_u), (room_v, rows_v) = [room_for_steps(saved.gates, new) for new in news]
            steps = [rows_u, rows_v, self.masks(saved.gates), self.in_order(gy), saved.gates, saved.vn, saved.before]
            for row_u, row_v, live, g, a, vn, before in backwards(*steps):
                r, z, n = parts_of(a, H)
                dh = g + dh
                dz, dn, dh = of_mixing(dh, z, n, before, live)
                dr = dn * vn * (r * (1 - r))
                dus.append(beside(dr, dz, dn, out=row_u))
                dvs.append(beside(dr, dz, dn * r, out=row_v))
                dh = product(dvs[-1], Wh.T) + dh
            du, dv = as_rows(room_u, dus), as_matrix(as_rows(room_v, dvs))
            gx, gWx, gb = self.gradients_of_input(x, Wx, du)
            return gx, dh, gWx, product(as_matrix(saved.before).T, dv), gb, sum_over(dv, (0,), keepdims=False)


class GRUResetBefore(Recurrence):
    """r, z = sigmoid(u + h Wh);   n = tanh(u_n + (r h) Wh_n);   h <- n + z (h - n),   with u = x Wx + b

    dn = dh (1 - z) n';   q = dn Wh_n^T;   du = q h r', dh (h - n) z', dn;   dh <- dh z + q r + du_rz Wh_rz^T
    """

    keeps_outputs = True  # for recompute

    def forward(self, x, h, Wx, Wh, b):
        gates = self.input_to_gates(x, Wx, b, h, Wh)
        hs = kernel.gru_reset_before(gates, h, Wh, self.mask())
        self.save(gates=gates, before=hs[:-1])
        return self.outcome(hs, x)

    def recompute(self, x, h, Wx, Wh, b):
        before, H = self.before(h, self.outputs[0]), h.shape[-1]
        ur, uz, un = parts_of(linear(self.in_order(x), Wx, b), H)
        vr, vz = parts_of(linear(before, Wh[:, : 2 * H]), H)
        r = sigmoid(ur + vr)
        n = tanh(un + linear(r * before, Wh[:, 2 * H :]))
        return {"gates": beside(r, sigmoid(uz + vz), n), "before": before}

    def backward(self, gy):
        self.check_outputs()
        x, _, Wx, Wh, _ = self.inputs
        saved, H = self.saved, Wh.shape[0]
        Wrz, Wn = Wh[:, : 2 * H], Wh[:, 2 * H :]
        dh, dus = 0, []
        with borrowed(namespace(as_array(x)), 1) as [new]:
            room, rows = room_for_steps(saved.gates, new)
            steps = [rows, self.masks(saved.gates), self.in_order(gy), saved.gates, saved.before]
            for row, live, g, a, before in backwards(*steps):
                r, z, n = parts_of(a, H)
                dh = g + dh
                dz, dn, dh = of_mixing(dh, z, n, before, live)
                q = product(dn, Wn.T)
                drz = beside(q * before * (r * (1 - r)), dz)
                dus.append(beside(drz, dn, out=row))
                dh = product(drz, Wrz.T) + dh + q * r
            du = as_rows(room, dus)
            gx, gWx, gb = self.gradients_of_input(x, Wx, du)
            rows, before = as_matrix(du), as_matrix(saved.before)
            r = as_matrix(saved.gates[..., :H])
            gWh = beside(product(before.T, rows[:, : 2 * H]), product((before * r).T, rows[:, 2 * H :]))
            return gx, dh, gWx, gWh, gb


def passed_on(through: Any, dh: Any, live: Any) -> Any:
    """What goes to the state before: `through` the step, or dh itself where a sequence has no such step."""
    return through if live is None else through + dh * (1 - live)


def of_mixing(dh: Any, z: Any, n: Any, before: Any, live: Any) -> tuple[Any, Any, Any]:
    """h <- n + z (h - n): the gradients of what z and n are made of, and what goes to the h before."""
    if live is None:
        return dh * (before - n) * (z * (1 - z)), dh * (1 - z) * (1 - n * n), dh * z
    dz, dn, through = of_mixing(dh * live, z, n, before, None)
    return dz, dn, passed_on(through, dh, live)


def rnn(
    x: Operand, h: Operand, Wx: Operand, Wh: Operand, b: Operand, *, lengths: Any = None, reverse: bool = False
) -> Variable:
    """h <- tanh(x Wx + h Wh + b) for every step; y are the states after each.   (N, T, I) -> (N, T, H)

    x (N, I) is one step, and gives (N, H). h (N, H) is the state before, None for zeros; Wx (I, H), Wh (H, H), b (H,).
    `lengths` (N,) are the numbers of steps that the sequences have: after its last one, a sequence keeps its state, and
    x gets no gradient. With `reverse` the last step is computed first, and y stays beside x.
    Raises ValueError if the shapes do not fit, TypeError if lengths are not whole numbers.
    """
    x, live, given = prepared("rnn", 1, x, {"h": h}, Wx, Wh, {"b": b}, lengths)
    return with_room(RNN(flag("rnn: reverse", reverse), live), x, *given)


def lstm(
    x: Operand, h: Operand, c: Operand, Wx: Operand, Wh: Operand, b: Operand, *, lengths: Any = None,
    reverse: bool = False,
) -> tuple[Variable, Variable]:  # fmt: skip
    """c <- f c + i g, h <- o tanh(c) for every step; the states after each.   (N, T, I) -> (N, T, H), (N, T, H)

    i, f, o = sigmoid and g = tanh of x Wx + h Wh + b, whose last axis has them in the order i, f, g, o: Wx is (I, 4 H),
    Wh (H, 4 H), b (4 H,). The rest is as in `rnn`. Source: Hochreiter and Schmidhuber, 1997; Gers et al., 2000.
    """
    x, live, given = prepared("lstm", 4, x, {"h": h, "c": c}, Wx, Wh, {"b": b}, lengths)
    return with_room(LSTM(flag("lstm: reverse", reverse), live), x, *given)  # type: ignore[no-any-return]


def gru(
    x: Operand, h: Operand, Wx: Operand, Wh: Operand, b: Operand, d: Operand = None, *, lengths: Any = None,
    reverse: bool = False,
) -> Variable:  # fmt: skip
    """h <- (1 - z) n + z h for every step; y are the states after each.   (N, T, I) -> (N, T, H)

    With u = x Wx + b and v = h Wh + d: r, z = sigmoid(u + v) and n = tanh(u_n + r v_n), in the order r, z, n. Wx is
    (I, 3 H), Wh (H, 3 H), b and d (3 H,). Without d, r acts before the product: n = tanh(u_n + (r h) Wh_n), as in
    Cho et al., 2014. The rest is as in `rnn`.
    """
    biases = {"b": b} if d is None else {"b": b, "d": d}
    x, live, given = prepared("gru", 3, x, {"h": h}, Wx, Wh, biases, lengths)
    f = GRUResetBefore if d is None else GRU
    return with_room(f(flag("gru: reverse", reverse), live), x, *given)


def prepared(
    name: str, gates: int, x: Any, states: dict[str, Any], Wx: Any, Wh: Any, biases: dict[str, Any], lengths: Any
) -> tuple[Any, Array | None, list[Any]]:
    """x, the steps that the sequences have, and the operands of the function. Raises its errors."""
    xs, Wxs, Whs = [operand(name, a).shape for a in (x, Wx, Wh)]
    fits = len(xs) in (1, 2, 3) and len(Wxs) == len(Whs) == 2 and Wxs == (xs[-1], gates * Whs[0]) and 0 not in xs[1:]
    if not fits or Whs[1] != Wxs[1]:
        G = f"{gates} H" if gates > 1 else "H"
        raise ValueError(
            f"{name} takes x (N, T, I) with T > 0, or (N, I), Wx (I, {G}) and Wh (H, {G}), "
            f"not x {xs}, Wx {Wxs}, Wh {Whs}"
        )
    H = Whs[0]
    shape = (xs[0], H) if len(xs) == 3 else (*xs[:-1], H)
    for key, a in states.items():
        if a is None:
            W = as_array(Wh)
            states[key] = namespace(W).zeros(shape, W.dtype)
        elif (given := operand(name, a).shape) != shape:
            raise ValueError(f"{name}: the state {key} must be {shape} for x {xs}, not {given}")
    for key, a in biases.items():
        if (given := operand(name, a).shape) != (gates * H,):
            raise ValueError(f"{name}: {key} must be {(gates * H,)} for Wh {Whs}, not {given}")
    live = None if lengths is None else steps_within(f"{name}: lengths", lengths, x)
    if live is not None:
        x = where(live[..., None], x, 0)  # nan there would be nan in the gradients of the weights
    return x, live, [*states.values(), Wx, Wh, *biases.values()]
