"""What is measured: a row is one piece of everyday work, written for us, for PyTorch and, some of them, for JAX.

    data(rng)                                   the arrays all sides start from: inputs, weights
    ours(*data), theirs(*data), jax(*data)      the Work: a step, its arguments, what it changes

A file is a group of rows, `bench.py conv` measures one. PyTorch and JAX are imported inside the functions: each side
runs in a process of its own, and has in memory what it needs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

__all__ = ["GROUPS", "ROWS", "Row", "Work", "both_ways", "chosen"]


@dataclass
class Work:
    """`step(*args)` is timed, and returns what is compared; `state()` is what the steps have changed, compared too."""

    step: Callable[..., Any]
    args: Sequence[Any] = ()
    state: Callable[[], Any] = list


@dataclass
class Row:
    """The work of each side. `tolerance` is relative to the largest number of an array, and follows the dtype if None.

    `seen` reduces what a step returns to what must be equal, where the rest is random.
    """

    data: Callable[..., Sequence[Any]]
    ours: Callable[..., Work]
    theirs: Callable[..., Work]
    jax: Callable[..., Work] | None = None
    tolerance: float | None = None
    seen: Callable[[list[Any]], list[Any]] | None = None


def both_ways(f, g, data, h=None, constants=0, **options) -> Row:
    """f of ours, g(torch, ...) and h(jax.numpy, ...): values, and gradients in all inputs but the last `constants`.

    The gradients of the values are drawn. Functions may return a tuple.
    """

    def inputs(rng):
        xs = list(data(rng))
        ys = tuple_of(f(*xs))
        return xs, [rng.standard_normal(y.shape).astype(y.dtype) for y in ys]

    def ours(xs, seeds):
        from autograd import Variable, grad

        def step(xs, seeds):
            n = len(xs) - constants
            vs = [Variable(x) for x in xs[:n]]
            ys = tuple_of(f(*vs, *xs[n:]))
            return [*ys, *grad(list(ys), vs, seeds)]

        return Work(step, (xs, seeds))

    def theirs(xs, seeds):
        import torch

        def step(xs, seeds):
            n = len(xs) - constants
            vs = [x.detach().requires_grad_() for x in xs[:n]]
            ys = tuple_of(g(torch, *vs, *xs[n:]))
            return [*ys, *torch.autograd.grad(ys, vs, seeds)]

        return Work(step, ([torch.tensor(x) for x in xs], [torch.tensor(s) for s in seeds]))

    def jax(xs, seeds):
        import jax

        @jax.jit
        def step(xs, seeds):
            n = len(xs) - constants
            ys, back = jax.vjp(lambda *vs: tuple_of(h(jax.numpy, *vs, *xs[n:])), *xs[:n])
            return [*ys, *back(tuple(seeds))]

        return Work(step, ([*map(jax.numpy.asarray, xs)], [*map(jax.numpy.asarray, seeds)]))

    return Row(inputs, ours, theirs, jax if h else None, **options)


def tuple_of(y):
    return y if isinstance(y, tuple) else (y,)


NAMES = "scalars", "networks", "conv", "recurrent", "transformer", "elementwise", "layers", "optimizers", "derivatives"
GROUPS: dict[str, dict[str, Row]] = {name: import_module(f"rows.{name}").ROWS for name in NAMES}
ROWS: dict[str, Row] = {name: row for rows in GROUPS.values() for name, row in rows.items()}


def chosen(words: Sequence[str]) -> list[str]:
    """The rows that the words name: groups, rows, or parts of the names of rows. All, if there are no words."""
    found: dict[str, None] = {}
    for word in words or GROUPS:
        names = [word] if word in ROWS else [name for name in GROUPS.get(word, ROWS) if word in GROUPS or word in name]
        if not names:
            raise ValueError(f"no row is named like {word!r}; groups are {', '.join(GROUPS)}")
        found |= dict.fromkeys(names)
    return list(found)
