"""A step of an LSTM on CuPy: one kernel for all gates and both states, of a formula of single elements."""

from __future__ import annotations

from typing import Any

from autograd.backend import Array
from autograd.kernels.gpu import floats_on_gpu
from autograd.kernels.gpu.fusion import FORMULAS, formula_of_arrays
from autograd.kernels.ways import way

__all__ = ["lstm_cell"]


def cell(i: Any, f: Any, g: Any, o: Any, v_i: Any, v_f: Any, v_g: Any, v_o: Any, c: Any) -> tuple[Any, ...]:
    """The gates, c <- f c + i g, and h <- o tanh(c); a sigmoid is (1 + tanh(a / 2)) / 2."""
    i, f, o = [FORMULAS.tanh((a + v) * 0.5) * 0.5 + 0.5 for a, v in ((i, v_i), (f, v_f), (o, v_o))]
    g = FORMULAS.tanh(g + v_g)
    c = f * c + i * g
    return i, f, g, o, c, o * FORMULAS.tanh(c)


@way(fits=floats_on_gpu)
def lstm_cell(a: Array, v: Array, c: Array, new_c: Array, new_h: Array) -> None:
    """(N, 4 H) (N, 4 H) (N, H) three times"""
    H = c.shape[-1]
    gates, added = [[x[..., k : k + H] for k in range(0, 4 * H, H)] for x in (a, v)]
    run, numbers = formula_of_arrays(cell, a.dtype.char, 9)
    run(*gates, *added, c, *numbers, *gates, new_c, new_h)
