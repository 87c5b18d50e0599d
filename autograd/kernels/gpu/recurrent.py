"""A step of an LSTM on CuPy: one kernel for all gates and both states, and one back, of formulas of single elements."""

from __future__ import annotations

from typing import Any

from autograd.backend import Array
from autograd.kernels.gpu import floats_on_gpu
from autograd.kernels.gpu.fusion import FORMULAS, formula_of_arrays
from autograd.kernels.ways import way

__all__ = ["lstm_cell", "lstm_cell_gradient"]


def cell(i: Any, f: Any, g: Any, o: Any, v_i: Any, v_f: Any, v_g: Any, v_o: Any, c: Any) -> tuple[Any, ...]:
    """The gates, c <- f c + i g, and h <- o tanh(c); a sigmoid is (1 + tanh(a / 2)) / 2."""
    i, f, o = [FORMULAS.tanh((a + v) * 0.5) * 0.5 + 0.5 for a, v in ((i, v_i), (f, v_f), (o, v_o))]
    g = FORMULAS.tanh(g + v_g)
    c = f * c + i * g
    return i, f, g, o, c, o * FORMULAS.tanh(c)


@way(fits=floats_on_gpu)
def lstm_cell(a: Array, v: Array, c: Array, new_c: Array, new_h: Array) -> None:
    """(N, 4 H) (N, 4 H) (N, H) three times"""
    run, numbers = formula_of_arrays(cell, a.dtype.char, 9)
    gates = gates_of(a, c)
    run(*gates, *gates_of(v, c), c, *numbers, *gates, new_c, new_h)


def cell_back(dc: Any, dh: Any, i: Any, f: Any, g: Any, o: Any, before: Any, c: Any) -> tuple[Any, ...]:
    """The gradients of the four sums in the gates, and dc of the step before."""
    t = FORMULAS.tanh(c)
    dc = dc + dh * (1 - t * t) * o
    sums = dc * g * (i * (1 - i)), dc * before * (f * (1 - f)), dc * i * (1 - g * g), dh * t * (o * (1 - o))
    return *sums, dc * f


@way(fits=lambda dz, dc, dh, a, before, c, live: live is None and floats_on_gpu(dz, dc, dh, a, before, c))
def lstm_cell_gradient(dz: Array, dc: Array, dh: Array, a: Array, before: Array, c: Array, live: None) -> None:
    """(N, 4 H) (N, H) (N, H) (N, 4 H) (N, H) (N, H)"""
    run, numbers = formula_of_arrays(cell_back, a.dtype.char, 8)
    run(dc, dh, *gates_of(a, c), before, c, *numbers, *gates_of(dz, c), dc)


def gates_of(a: Array, c: Array) -> list[Array]:
    """The four gates in a, each of the size of the state c."""
    H = c.shape[-1]
    return [a[..., k : k + H] for k in range(0, 4 * H, H)]
