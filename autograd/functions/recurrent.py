"""Recurrent networks over whole sequences: a state h that every step changes, h <- f(x, h).

A function is given the inputs of all steps, and answers with the states after all of them. What the inputs give to the
gates is one product for all steps, and so are the gradients of the weights. Only h Wh is done step by step.

The way back is a loop over the steps too. What it multiplies with is known for all steps at once, so it is computed
before, in a few large operations.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from autograd.algebra import Operand, as_array
from autograd.backend import Array, is_array, namespace
from autograd.checks import flag
from autograd.function import Function
from autograd.functions.activation import sigmoid
from autograd.functions.arithmetic import where
from autograd.functions.elementwise import tanh
from autograd.functions.linear import linear
from autograd.functions.operands import operand, steps_within, with_room
from autograd.functions.shape import Concat, Split
from autograd.kernels import recurrent as kernel
from autograd.kernels.matmul import product
from autograd.sums import sum_over

__all__ = ["Recurrence", "gru", "lstm", "rnn"]


def steps_of(x: Any) -> list[Any]:
    """The rows of x, one for each step."""
    if is_array(x):
        return list(x)
    return [row.reshape(x.shape[1:]) for row in Split(list(pairwise(range(len(x) + 1))), 0)(x)]


def beside(*xs: Any) -> Any:
    """Arrays side by side, along the last axis."""
    return namespace(*xs).concatenate(xs, -1) if is_array(xs[0]) else Concat(xs[0].ndim - 1)(*xs)


def as_rows(xs: Sequence[Any]) -> Any:
    """The steps as one array.   T times (N, H) -> (T, N, H)"""
    rows = [x[None] for x in xs]
    return rows[0] if len(rows) == 1 else namespace(*rows).concatenate(rows) if is_array(xs[0]) else Concat(0)(*rows)


def parts_of(a: Any, H: int) -> list[Any]:
    """The gates that lie side by side in a, each of size H."""
    return [a[..., k : k + H] for k in range(0, a.shape[-1], H)]


def as_matrix(x: Any) -> Any:
    """(T, N, H) -> (T N, H)"""
    return x.reshape(-1, x.shape[-1])


class Recurrence(Function):
    """The base of all: which step comes first, and what the input has to do with it.

    x is (N, T, I), or (N, I) for one step. Inside, the steps are in front, (T, N, ...), in the order of computation.
    """

    alike = 0
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

    def outcome(self, hs, x):
        """The states after each step, without the one before the first, in the order of x."""
        return self.back_in_place(hs[1:], x.ndim < 3)

    def input_to_gates(self, x, Wx, b, *others):
        """x Wx + b for all steps in order, in an array of its own.   -> (T, N, G H)"""
        x = self.in_order(x)
        z = product(as_matrix(x), Wx)
        z = z.astype(np.result_type(z, b, *others), copy=False)
        z += b
        return z.reshape(*x.shape[:-1], Wx.shape[1])

    def before(self, h, hs):
        """The state before each step: the first one, and all outputs but the last.   -> (T, N, H)"""
        hs = self.in_order(hs)
        return h[None] if len(hs) == 1 else Concat(0)(h[None], hs[:-1])

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
        h = self.in_order(self.outputs[0])
        E, kept = 1 - h * h, None
        if self.live is not None:
            kept = 1 - self.mask().astype(E.dtype)  # a sequence that has ended hands its gradient on
            E = E * (1 - kept)
        dh, dzs = 0, []
        for t, g, e in list(zip(range(len(h)), steps_of(self.in_order(gy)), steps_of(E)))[::-1]:
            dh = g + dh
            dz = dh * e
            dh = product(dz, Wh.T) if kept is None else product(dz, Wh.T) + dh * kept[t]
            dzs.append(dz)
        dz = as_rows(dzs[::-1])
        gx, gWx, gb = self.gradients_of_input(x, Wx, dz)
        return gx, dh, gWx, product(as_matrix(self.saved.before).T, as_matrix(dz)), gb


class LSTM(Recurrence):
    """i, f, g, o = gates of x Wx + h Wh + b;   c <- f c + i g;   h <- o tanh(c)

    dc <- dc + dh o (1 - tanh(c)^2);   dz = dc g i', dc c f', dc i g', dh tanh(c) o';   dc <- dc f;   dh <- dz Wh^T
    """

    keeps_outputs = True  # for recompute

    def forward(self, x, h, c, Wx, Wh, b):
        gates = self.input_to_gates(x, Wx, b, h, c, Wh)
        hs, cs, tanh_c = kernel.lstm(gates, h, c, Wh, self.mask())
        self.save(gates=gates, tanh_c=tanh_c, before=hs[:-1], c_before=cs[:-1])
        return self.outcome(hs, x), self.outcome(cs, x)

    def recompute(self, x, h, c, Wx, Wh, b):
        hs, cs = self.outputs
        before, c_before = self.before(h, hs), self.before(c, cs)
        i, f, g, o = parts_of(linear(self.in_order(x), Wx, b) + linear(before, Wh), h.shape[-1])
        gates = beside(sigmoid(i), sigmoid(f), tanh(g), sigmoid(o))
        return {"gates": gates, "tanh_c": tanh(self.in_order(cs)), "before": before, "c_before": c_before}

    def factors(self):
        """What the loop multiplies with: i' g, f' c, g' i, o' tanh(c), o (1 - tanh(c)^2), f; and 1 where h is kept."""
        saved = self.saved
        tanh_c = saved.tanh_c
        i, f, g, o = parts_of(saved.gates, tanh_c.shape[-1])
        found = [i * (1 - i) * g, f * (1 - f) * saved.c_before, (1 - g * g) * i, o * (1 - o) * tanh_c]
        found.append(o * (1 - tanh_c * tanh_c))
        if self.live is None:
            return [*found, f], None
        live = self.mask().astype(tanh_c.dtype)
        return [*[x * live for x in found], f * live + (1 - live)], 1 - live

    def backward(self, gy, gc):
        x, _, _, Wx, Wh, _ = self.inputs
        factors, kept = self.factors()
        gy, gc, *factors = [steps_of(a) for a in (self.in_order(gy), self.in_order(gc), *factors)]
        dh, dc, dzs = 0, 0, []
        for t, gh, g, di, df, dg, do, e, f in list(zip(range(len(gy)), gy, gc, *factors))[::-1]:
            dh = gh + dh
            dc = g + dc + dh * e
            dz = beside(dc * di, dc * df, dc * dg, dh * do)
            dc = dc * f
            dh = product(dz, Wh.T) if kept is None else product(dz, Wh.T) + dh * kept[t]
            dzs.append(dz)
        dz = as_rows(dzs[::-1])
        gx, gWx, gb = self.gradients_of_input(x, Wx, dz)
        return gx, dh, dc, gWx, product(as_matrix(self.saved.before).T, as_matrix(dz)), gb


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
        x, _, Wx, Wh, _, _ = self.inputs
        saved = self.saved
        r, z, n = parts_of(saved.gates, saved.vn.shape[-1])
        dn_dh, dz_dh, z = of_mixing(z, n, saved.before, self.mask())
        loop = [self.in_order(gy), dn_dh, dn_dh * saved.vn * (r * (1 - r)), dz_dh, r, z]
        dh, dus, dvs = 0, [], []
        for g, by_n, by_r, by_z, r, z in list(zip(*map(steps_of, loop)))[::-1]:
            dh = g + dh
            dn = dh * by_n
            du = beside(dh * by_r, dh * by_z, dn)
            dv = beside(du[..., : -dn.shape[-1]], dn * r)
            dh = product(dv, Wh.T) + dh * z
            dus.append(du)
            dvs.append(dv)
        du, dv = as_rows(dus[::-1]), as_matrix(as_rows(dvs[::-1]))
        gx, gWx, gb = self.gradients_of_input(x, Wx, du)
        gWh, gd = product(as_matrix(saved.before).T, dv), sum_over(dv, (0,), keepdims=False)
        return gx, dh, gWx, gWh, gb, gd


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
        x, _, Wx, Wh, _ = self.inputs
        saved = self.saved
        before, H = saved.before, saved.before.shape[-1]
        Wrz, Wn = Wh[:, : 2 * H], Wh[:, 2 * H :]
        r, z, n = parts_of(saved.gates, H)
        dn_dh, dz_dh, z = of_mixing(z, n, before, self.mask())
        loop = [self.in_order(gy), dn_dh, before * (r * (1 - r)), dz_dh, r, z]
        dh, dus = 0, []
        for g, by_n, by_q, by_z, reset, z in list(zip(*map(steps_of, loop)))[::-1]:
            dh = g + dh
            dn = dh * by_n
            q = product(dn, Wn.T)
            drz = beside(q * by_q, dh * by_z)
            dh = product(drz, Wrz.T) + dh * z + q * reset
            dus.append(beside(drz, dn))
        du = as_rows(dus[::-1])
        gx, gWx, gb = self.gradients_of_input(x, Wx, du)
        rows = as_matrix(du)
        gWrz = product(as_matrix(before).T, rows[:, : 2 * H])
        gWn = product(as_matrix(before * r).T, rows[:, 2 * H :])
        return gx, dh, gWx, beside(gWrz, gWn), gb


def of_mixing(z: Any, n: Any, before: Any, mask: Any) -> tuple[Any, Any, Any]:
    """For h <- n + z (h - n), what dh is multiplied with for dn, for dz, and for the h before."""
    dn, dz = (1 - z) * (1 - n * n), (before - n) * (z * (1 - z))
    if mask is None:
        return dn, dz, z
    live = mask.astype(n.dtype)
    return dn * live, dz * live, z * live + (1 - live)


def rnn(
    x: Operand, h: Operand, Wx: Operand, Wh: Operand, b: Operand, *, lengths: Any = None, reverse: bool = False
) -> Any:
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
) -> tuple[Any, Any]:  # fmt: skip
    """c <- f c + i g, h <- o tanh(c) for every step; the states after each.   (N, T, I) -> (N, T, H), (N, T, H)

    i, f, o = sigmoid and g = tanh of x Wx + h Wh + b, whose last axis has them in the order i, f, g, o: Wx is (I, 4 H),
    Wh (H, 4 H), b (4 H,). The rest is as in `rnn`. Source: Hochreiter and Schmidhuber, 1997; Gers et al., 2000.
    """
    x, live, given = prepared("lstm", 4, x, {"h": h, "c": c}, Wx, Wh, {"b": b}, lengths)
    return with_room(LSTM(flag("lstm: reverse", reverse), live), x, *given)  # type: ignore[no-any-return]


def gru(
    x: Operand, h: Operand, Wx: Operand, Wh: Operand, b: Operand, d: Operand = None, *, lengths: Any = None,
    reverse: bool = False,
) -> Any:  # fmt: skip
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
            f"{name} takes x (N, T, I) or (N, I), Wx (I, {G}) and Wh (H, {G}), not x {xs}, Wx {Wxs}, Wh {Whs}"
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
