"""Rows added where an index says, one after the other, in the order in which NumPy adds them."""

from __future__ import annotations

from autograd.kernels.loops.jit import loop


@loop
def add_rows(x, index, y):
    """y[index[i]] += x[i].   (N, D) (N,) (V, D)"""
    for i in range(index.size):
        a, to = x[i], y[index[i]]
        for j in range(a.size):
            to[j] += a[j]


@loop
def add_numbers(x, index, y):
    """y[index[i]] += x[i].   (N,) (N,) (V,)"""
    for i in range(index.size):
        y[index[i]] += x[i]
