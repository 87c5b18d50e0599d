"""The walk back with many seeds at once: a gradient has one more axis, in front, for the seeds.

    gy (K, *y.shape) -> gx (K, *x.shape)

`backward` of most functions is written with operators, which broadcast, so it takes such a gradient as it is. Others
have a rule here. For all the rest each seed has a step of its own, through the engine: slower, and just as right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from math import prod
from typing import Any

from autograd import algebra, engine
from autograd.algebra import AddAt, BroadcastTo, GetItem, MatMul, Reshape, SumTo, Transpose, stacked
from autograd.backend import namespace
from autograd.config import mode, using
from autograd.function import Function, new_node, wrap
from autograd.functions import activation, elementwise
from autograd.functions.linear import Linear, WeightedSums
from autograd.functions.shape import concat
from autograd.guards import BackwardPass
from autograd.kernels.matmul import product
from autograd.shapes import inverse_permutation
from autograd.variable import Variable

__all__ = ["RULES", "gradients_by_seed", "rows"]

LARGE = 1 << 22  # elements of a gradient with its seeds: more are walked in several turns


def rows(y: Variable, xs: Sequence[Variable], create_graph: bool) -> list[Any]:
    """dy/dx for each x, with a seed for each element of y.   y (*M), x (*N) -> (*M, *N)"""
    found = gradients_by_seed(y, xs, None, create_graph)
    return [algebra.reshape(gx, (*y.shape, *x.shape)) for gx, x in zip(found, xs)]


def gradients_by_seed(y: Variable, xs: Sequence[Variable], seeds: Any, create_graph: bool) -> list[Any]:
    """The gradients of y by each seed.   seeds (K, *M), x (*N) -> (K, *N). Without seeds, they are the unit vectors."""
    targets = [x.node or new_node(x) for x in xs]
    xp, K = namespace(y.value), y.size if seeds is None else len(seeds)
    walk = engine.nodes_between([y.node], set(targets)) if K else {}
    turn = max(1, LARGE // max([1, *[prod(node.shape) for node in [*walk, *targets]]]))
    family, now = y.family, mode.get()
    parts = []
    for start in range(0, max(K, 1), turn):
        k = min(turn, K - start)
        seed = xp.eye(k, K, start, y.dtype).reshape(k, *y.shape) if seeds is None else seeds[start : start + k]
        recorded = BackwardPass(family, []) if create_graph else None
        changed = create_graph or now.differentiating is not None
        with using(differentiating=recorded, recording=create_graph or now.recording) if changed else nullcontext():
            found = walk_back(y.node, wrap(seed, family) if create_graph else seed, walk, {*walk, *targets})
        parts.append([found[t] if t in found else xp.zeros((k, *x.shape), x.dtype) for t, x in zip(targets, xs)])
    gxs = [part[0] if len(part) == 1 else concat(part, 0) for part in zip(*parts)]
    return [gx if isinstance(gx, Variable) else wrap(gx, family) for gx in gxs]


def walk_back(y: Any, seed: Any, walk: Iterable[Any], wanted: set[Any]) -> dict[Any, Any]:
    """The gradients by node, as `engine.backward_pass` gives them, with K seeds in front."""
    now, K = mode.get(), len(seed)
    grads: dict[Any, Any] = {y: seed}
    for node in walk:
        gy = grads.pop(node, None)
        if gy is None:
            continue
        f = node.creator
        rule = None if now.watcher is not None or f.foreign else RULES.get(type(f))
        if rule is not None and now.differentiating is not None:
            now.differentiating.enter(f)
        gxs = None if rule is None else rule(f, gy)
        pairs: Iterable[Any] = one_by_one(node, gy, grads, K) if gxs is None else zip(f.parents, as_tuple(gxs))
        for x, gx in pairs:
            if gx is None or x is None or x not in wanted:
                continue
            gx = summed(gx, K, x)
            grads[x] = grads[x] + gx if x in grads else gx
    return grads


def as_tuple(gxs: Any) -> tuple[Any, ...]:
    return gxs if isinstance(gxs, tuple) else (gxs,)


def summed(gx: Any, K: int, x: Any) -> Any:
    """gx summed over the axes along which x was broadcast, and in its dtype.   (K, *M) -> (K, *x.shape)"""
    if gx.shape != (K, *x.shape):
        lead = gx.ndim - 1 - len(x.shape)
        gx = engine.sum_to(gx, (K, *[1] * lead, *x.shape)).reshape((K, *x.shape))
    return gx.astype(x.dtype) if gx.dtype != x.dtype and x.casts else gx


def one_by_one(node: Any, gy: Any, grads: dict[Any, Any], K: int) -> list[tuple[Any, Any]]:
    """The parents of a function with their gradients: a step of the engine for each seed."""
    f = node.creator
    given = {node: gy}
    if f.several:
        siblings = [x for x in f.output_nodes() if x is not None and x.creator is f and x in grads]
        given |= {x: grads.pop(x) for x in siblings}
    parents = dict.fromkeys([x for x in f.parents if x is not None])
    steps = [engine.backward_pass({x: g[k] for x, g in given.items()}, [node], wanted=parents) for k in range(K)]
    return [(x, stacked([step[x] for step in steps])) for x in parents if x in steps[0]]


def as_it_is(f: Any, gy: Any) -> Any:
    """The rule of a function whose `backward` broadcasts."""
    return f.backward(gy)


def of_reshape(f: Any, gy: Any) -> Any:
    return gy.reshape((len(gy), *f.parents[0].shape))


def of_transpose(f: Any, gy: Any) -> Any:
    axes = inverse_permutation(f.axes) if f.axes else range(gy.ndim - 1)[::-1]
    return gy.transpose((0, *[1 + axis for axis in axes]))


def of_sum(f: Any, gy: Any) -> Any:
    shape = f.parents[0].shape
    lead = (1,) * (len(shape) - gy.ndim + 1)
    return BroadcastTo((len(gy), *shape))(gy.reshape((len(gy), *lead, *gy.shape[1:])))


def of_getitem(f: Any, gy: Any) -> Any:
    index = behind_the_seeds(f.index)
    return None if index is None else AddAt(index, (len(gy), *f.parents[0].shape))(gy)


def of_add_at(f: Any, gy: Any) -> Any:
    index = behind_the_seeds(f.index)
    return None if index is None else gy[index]


def behind_the_seeds(index: Any) -> Any:
    """The same index behind one more axis; None where NumPy would take the axes in another order."""
    parts = index if isinstance(index, tuple) else (index,)
    arrays = [i for i, part in enumerate(parts) if not isinstance(part, (slice, type(None), type(...), int))]
    if arrays and (any(isinstance(part, int) for part in parts) or arrays[-1] - arrays[0] >= len(arrays)):
        return None
    return slice(None), *parts


def of_linear(f: Any, gy: Any) -> Any:
    x, W, _ = f.inputs
    needs_x, needs_W, needs_b = f.needs
    g = gy.reshape((len(gy), prod(gy.shape[1:-1]), gy.shape[-1]))  # (K, N, O)
    flat = x.reshape((prod(x.shape[:-1]), x.shape[-1]))
    gx = needs_x and product(g, W.T).reshape((len(gy), *x.shape))
    return gx, needs_W and product(flat.T, g), needs_b and g


NAMES = (
    "Exp Log1p Expm1 Sqrt Square Sin Cos Tan Arcsin Arccos Arctan Sinh Cosh Tanh Slope "
    "Sigmoid ReLU LeakyReLU ELU SiLU Softplus"
)
ELEMENTWISE = [{**vars(elementwise), **vars(activation)}[name] for name in NAMES.split()]
BROADCASTING: list[Any] = [
    *(algebra.Add, algebra.Sub, algebra.Mul, algebra.Div, algebra.FloorDiv, algebra.Mod, algebra.Neg, algebra.Power),
    *(algebra.Log, MatMul, BroadcastTo, WeightedSums, *ELEMENTWISE),
]
RULES: dict[type[Function], Callable[[Any, Any], Any]] = {
    **dict.fromkeys(BROADCASTING, as_it_is),
    Reshape: of_reshape,
    Transpose: of_transpose,
    SumTo: of_sum,
    GetItem: of_getitem,
    AddAt: of_add_at,
    Linear: of_linear,
}
