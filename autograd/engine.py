"""Reverse accumulation: the graph is walked back from its outputs, and each function turns the gradients of its
outputs into gradients of its inputs.

The graph has two kinds of parts. A *function* has `parents`, the nodes of its inputs (None for a constant), and a
`generation`, one more than the highest among its inputs. A `Node` stands for one value: it knows the function that made
it and the value's shape and dtype, and refers only weakly to the Variable, whose array is thus free to go.

    node(x) <-- function <-- node(y) <-- function <-- node(z)        creator, parents: strong references, backwards only

Nothing points forward, so a graph dies by reference count when its last Variable does. The node of the highest
generation is taken first: then all that could add to its gradient has been taken. Gradients are arrays, or Variables if
they are to be differentiated again: here it makes no difference.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from heapq import heappop, heappush
from itertools import count
from operator import attrgetter
from typing import Any
from weakref import ref

from autograd.shapes import Shape, repeated


class Node(ref[Any]):
    """A value's place in the graph: output `index` of `creator`, or a leaf (None). There is one Node to a value, so it
    compares by identity. Called, it returns the Variable, or None if that is gone."""

    __slots__ = ("__weakref__", "creator", "dtype", "index", "shape")
    creator: Any
    index: int
    shape: Shape
    dtype: Any
    __hash__ = object.__hash__
    __eq__ = object.__eq__


def accumulate(seeds: dict[Any, Any], keep: Any, path: Container[Any] | None) -> dict[Any, Any]:
    """The gradients of the leaves below `seeds` (gradients by node) and of the nodes in `keep` (None: all alive ones).

    With a `path`, only its functions are walked, and only the gradients of nodes in `keep` are returned.
    """
    grads: dict[Any, Any] = {}
    kept: dict[Any, Any] = {}
    owned: set[Any] = set()  # nodes whose gradient is a sum made here: a buffer that may be added to in place
    heap: list[tuple[int, int, Any]] = []
    order = count()  # breaks ties in the heap: first come, first taken
    f: Any = None
    pairs: Iterable[tuple[Any, Any]] = seeds.items()
    while True:
        for node, g in pairs:
            if node is None or g is None or (path is not None and node.creator not in path and node not in keep):
                continue
            creator = node.creator
            if f is not None and (getattr(g, "shape", None) != node.shape or g.dtype != node.dtype):
                g = fit(g, node, f)
            if node not in grads:
                grads[node] = g
                if creator is not None and (path is None or creator in path):
                    heappush(heap, (-creator.generation, next(order), node))
            elif node in owned:
                grads[node] += g
            else:
                grads[node] = grads[node] + g
                owned.add(node)
        if not heap:
            return grads | kept
        node = heappop(heap)[2]
        f = node.creator
        if f.siblings is None and keep == ():
            gxs = f.backward(grads.pop(node))
        elif node in grads:
            gxs = f.backward(*take(node, f, grads, keep, kept))
        else:  # an output of a function that was walked when another of its outputs was taken
            pairs = ()
            continue
        if not isinstance(gxs, (tuple, list)):
            gxs = (gxs,)
        if len(gxs) != len(f.parents):
            raise ValueError(f"{type(f).__name__}.backward: {len(gxs)} gradients for {len(f.parents)} inputs")
        pairs = zip(f.parents, gxs)


def take(node: Any, f: Any, grads: dict[Any, Any], keep: Container[Any] | None, kept: dict[Any, Any]) -> list[Any]:
    """The gradients of all outputs of `f`: out of `grads`, into `kept` if wanted, zeros where there is none."""
    gys = []
    for weak, zeros in f.siblings or [(lambda: node, None)]:
        output = weak()  # None: that output and its uses are gone
        gy = grads.pop(output, None)
        if gy is not None and (output() is not None if keep is None else output in keep):
            kept[output] = gy
        gys.append(zeros() if gy is None else gy)
    return gys


def fit(g: Any, node: Any, f: Any) -> Any:
    """`g` summed to the shape and cast to the dtype of `node`: the adjoint of broadcasting and type promotion."""
    try:
        g = sum_to(g, node.shape)
    except (AttributeError, ValueError) as error:
        given = f"of shape {g.shape}" if hasattr(g, "shape") else f"{g!r}, which is no array,"
        raise ValueError(f"{type(f).__name__}.backward: gradient {given} for an input of shape {node.shape}") from error
    return g if g.dtype == node.dtype else g.astype(node.dtype)


def sum_to(x: Any, shape: Shape) -> Any:
    """The sum of `x` over the axes along which an array of `shape` was repeated to become as large as `x`."""
    return x if x.shape == shape else x.sum(axis=repeated(shape, x.shape)).reshape(shape)


def below(nodes: Iterable[Any]) -> set[Any]:
    """The functions that `nodes` were computed by."""
    found: set[Any] = set()
    stack = [*nodes]
    while stack:
        f = getattr(stack.pop(), "creator", None)  # None below a leaf, and below None, a constant
        if f is not None and f not in found:
            found.add(f)
            stack += f.parents
    return found


def between(outputs: Iterable[Any], targets: Container[Any]) -> set[Any]:
    """The functions that lie on a way from `outputs` back to a node in `targets`."""
    path: set[Any] = set()
    for f in sorted(below(outputs), key=attrgetter("generation")):
        if any(node in targets or node.creator in path for node in f.parents if node is not None):
            path.add(f)
    return path
