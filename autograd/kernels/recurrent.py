"""The steps of recurrent networks, one after the other, on arrays.

z (T, N, G H) is what the input gives to the G gates of each step; the state adds h Wh to it. hs (T + 1, N, H) are the
states before the first step and after each one. `live` (T, N, 1) says which sequences have a step t: the others keep
their state.
"""

from __future__ import annotations

from functools import lru_cache
from math import prod
from types import ModuleType
from typing import Any

from autograd.backend import Array, by_numpy, namespace
from autograd.kernels.gpu import recurrent as gpu
from autograd.kernels.matmul import product
from autograd.kernels.ways import kernel
from autograd.shapes import Shape

__all__ = ["gru", "gru_reset_before", "lstm", "lstm_cell", "of_gates", "rnn"]

SMALL = 1 << 12  # elements of a state: NumPy's loop over its rows takes longer than the arithmetic


def states(z: Array, h: Array) -> Array:
    """Room for the states of all steps, (T + 1, N, H), with h as the first one."""
    hs = namespace(z).empty((len(z) + 1, *h.shape), z.dtype)
    hs[0] = h
    return hs


def keep(hs: Array, t: int, live: Array | None) -> None:
    """Sequences that have no step t keep the state before it."""
    if live is not None:
        hs[t + 1] = namespace(hs).where(live[t], hs[t + 1], hs[t])


def squashed(a: Array) -> Array:
    """The sigmoid in place: (1 + tanh(a / 2)) / 2, which never overflows and is faster than 1 / (1 + e^-a)."""
    a *= 0.5
    namespace(a).tanh(a, out=a)
    a *= 0.5
    a += 0.5
    return a


def rnn(z: Array, h: Array, Wh: Array, live: Array | None) -> Array:
    """hs of h <- tanh(z + h Wh). z is used up."""
    xp, hs = namespace(z), states(z, h)
    for t, a in enumerate(z):
        a += product(hs[t], Wh)
        xp.tanh(a, out=hs[t + 1])
        keep(hs, t, live)
    return hs


def lstm(z: Array, h: Array, c: Array, Wh: Array, live: Array | None) -> tuple[Array, Array]:
    """hs and cs of c <- f c + i g, h <- o tanh(c). z becomes the gates i, f, g, o."""
    hs, cs = states(z, h), states(z, c)
    step, numbers = (cell, cell_numbers(z, h)) if by_numpy(z) else (lstm_cell, ())  # looked up once: steps may be small
    for t, a in enumerate(z):
        step(a, product(hs[t], Wh), cs[t], cs[t + 1], hs[t + 1], *numbers)
        keep(hs, t, live)
        keep(cs, t, live)
    return hs, cs


@kernel(gpu.lstm_cell, writes=(0, 3, 4))
def lstm_cell(a: Array, v: Array, c: Array, new_c: Array, new_h: Array) -> None:
    """a becomes the gates i, f, g, o of a + v;  new_c = f c + i g,  new_h = o tanh(new_c)."""
    cell(a, v, c, new_c, new_h, *cell_numbers(a, c))


def cell(a: Array, v: Array, c: Array, new_c: Array, new_h: Array, scale: Array, offset: Array) -> None:
    """`lstm_cell` with one tanh for all gates: sigmoid(a) = tanh(a / 2) / 2 + 1 / 2."""
    xp, H = namespace(a), c.shape[-1]
    a += v
    a *= scale
    xp.tanh(a, out=a)
    a *= scale
    a += offset
    xp.multiply(a[..., H : 2 * H], c, out=new_c)
    new_c += a[..., :H] * a[..., 2 * H : 3 * H]
    xp.multiply(a[..., 3 * H :], xp.tanh(new_c), out=new_h)


def cell_numbers(a: Array, c: Array) -> tuple[Array, Array]:
    """The scale and the offset of `cell` for gates of the dtype of a, and states like c."""
    halves, ends = (0.5, 0.5, 1, 0.5), (0.5, 0.5, 0, 0.5)
    return of_gates(namespace(a), halves, c.shape, a.dtype), of_gates(namespace(a), ends, c.shape, a.dtype)


@lru_cache(12)
def of_gates(xp: ModuleType, numbers: tuple[float, ...], shape: Shape, dtype: Any) -> Array:
    """A number for each gate of states of this shape, (N, H) -> (N, G H), or a row (G H,) for large ones."""
    row = xp.asarray(numbers, dtype).repeat(shape[-1])
    return row if prod(shape) > SMALL else xp.broadcast_to(row, (*shape[:-1], row.size)).copy()


def gru(z: Array, h: Array, Wh: Array, d: Array, live: Array | None) -> tuple[Array, Array]:
    """hs and v_n of n = tanh(u_n + r v_n), h <- n + z (h - n), v = h Wh + d. z (the u) becomes the gates r, z, n."""
    xp, hs = namespace(z), states(z, h)
    H = h.shape[-1]
    vn = xp.empty((len(z), *h.shape), z.dtype)
    for t, a in enumerate(z):
        v = product(hs[t], Wh)
        v += d
        vn[t] = v[..., 2 * H :]
        a[..., : 2 * H] += v[..., : 2 * H]
        squashed(a[..., : 2 * H])
        n = a[..., 2 * H :]
        n += a[..., :H] * vn[t]
        xp.tanh(n, out=n)
        mixed(hs, t, a, n)
        keep(hs, t, live)
    return hs, vn


def gru_reset_before(z: Array, h: Array, Wh: Array, live: Array | None) -> Array:
    """hs of n = tanh(u_n + (r h) Wh_n), h <- n + z (h - n). z (the u) becomes the gates r, z, n."""
    xp, hs = namespace(z), states(z, h)
    H = h.shape[-1]
    Wrz, Wn = Wh[:, : 2 * H], Wh[:, 2 * H :]
    for t, a in enumerate(z):
        a[..., : 2 * H] += product(hs[t], Wrz)
        squashed(a[..., : 2 * H])
        n = a[..., 2 * H :]
        n += product(a[..., :H] * hs[t], Wn)
        xp.tanh(n, out=n)
        mixed(hs, t, a, n)
        keep(hs, t, live)
    return hs


def mixed(hs: Array, t: int, a: Array, n: Any) -> None:
    """h <- n + z (h - n)"""
    H = n.shape[-1]
    y = hs[t + 1]
    y[...] = hs[t]
    y -= n
    y *= a[..., H : 2 * H]
    y += n
