"""Reverse accumulation: the walk back over the graph.

The graph has two kinds of parts. A *function* has `parents`, the nodes of its inputs, None for a constant. A `Node`
stands for one value: its `creator` is the function that made it, None for a leaf. Its `generation` is one more than the
highest among the creator's parents, and 0 for a leaf.

    node(x) <-- function <-- node(y) <-- function <-- node(z)        creator, parents: strong references, backwards only

Nothing points forward, so a graph dies by reference count when its last Variable does. A node refers to its Variable
only weakly: an array that no function keeps is free with its Variable.

`backward_pass` takes the nodes from the highest generation down. All uses of a value have a higher generation than the
value itself, so its gradient is complete when its turn comes. Gradients are arrays, or Variables in a backward pass
that is recorded; the engine makes no difference.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from math import prod
from operator import attrgetter
from sys import getrefcount
from typing import Any
from weakref import ref

from autograd import bfloat16
from autograd.config import mode
from autograd.protection import owned, protected
from autograd.shapes import Shape, broadcast_axes
from autograd.sums import sum_in_shape

__all__ = [
    "Computed", "Node", "backward_pass", "below", "functions_below", "latest_first", "nodes_below", "nodes_between",
    "releasable", "sum_to", "unbroadcast",
]  # fmt: skip


class Node(ref[Any]):
    """A value's place in the graph: an output of `creator`, or a leaf. Called, it gives the Variable, or None."""

    __slots__ = ("__weakref__", "creator", "dtype", "generation", "moment", "notes", "retained", "shape", "written")
    creator: Any
    generation: int
    shape: Shape
    dtype: Any
    casts = True  # are gradients cast to the dtype?
    written: str  # who has written into the array since; unset at first
    moment: int  # the number of writes then; unset at first
    notes: list[tuple[int, int]]  # what the array held when it was handed out; unset at first
    retained: Any  # a weak reference to the gradient that `retain_grad` has put there; unset at first
    given = True  # for a leaf: did somebody make it, so that a gradient is expected?
    __hash__ = object.__hash__  # there is one node to a value, so nodes compare by identity
    __eq__ = object.__eq__


class Computed(Node):
    """The place of a value that was computed without a graph, and is used like a leaf."""

    __slots__ = ()
    given = False


by_generation = attrgetter("generation")


def backward_pass(
    seeds: dict[Any, Any], walk: Iterable[Any], retained: Container[Any] = (), wanted: Any = None, free: Any = ()
) -> dict[Any, Any]:
    """The gradients by node: of the leaves that were reached, and of the nodes in `retained`.

    `seeds` are the gradients to begin with. `walk` are the nodes to go through, the latest generation first. `wanted`
    are the nodes that take a gradient, None for all. `free` are the ids of functions that let large arrays go once they
    are walked.
    """
    grads, kept = dict(seeds), dict[Any, Any]()
    sums: set[Any] = set()  # nodes whose gradient is a sum made here: nobody else sees that array
    now = mode.get()
    # nobody has to be told of a gradient, and none is bfloat16
    plain = not retained and now.differentiating is None and now.watcher is None and not bfloat16.seen
    if now.watcher is not None and wanted is None:
        walk = now.watcher.walk(walk, grads)
    with Noting() as noting:
        for node in walk:
            gy = grads.pop(node, None)
            if gy is None:
                continue  # no gradient came, or it went along with that of another output
            f = noting.f = node.creator
            gxs = f.backward(gy) if plain and f.direct else backward_of(f, node, gy, grads, kept, retained)
            if id(f) in free:
                f.release()
            if type(gxs) is not tuple or len(gxs) != len(f.parents):
                gxs = one_for_each_input(f, gxs)
            for x, gx in zip(f.parents, gxs):
                if gx is None or x is None or (wanted is not None and x not in wanted):
                    continue
                if getattr(gx, "shape", None) != x.shape or gx.dtype != x.dtype:
                    gx = unbroadcast(gx, x, f)
                if x not in grads:
                    grads[x] = gx
                elif x in sums:
                    grads[x] += gx
                else:
                    grads[x] = grads[x] + gx
                    sums.add(x)
    return grads | kept


class Noting:
    """Adds to an error in its block which function was differentiated."""

    f: Any = None

    def __enter__(self) -> Noting:
        return self

    def __exit__(self, _: Any, error: BaseException | None, __: Any) -> None:
        if error is not None:
            error.add_note(f"in the derivative of {self.f!r}")


def one_for_each_input(f: Any, gxs: Any) -> tuple[Any, ...]:
    """What `f.backward` returned as a tuple. Raises ValueError unless it has a gradient for each input."""
    gxs = tuple(gxs) if isinstance(gxs, (tuple, list)) else (gxs,)
    if len(gxs) != len(f.parents):
        raise ValueError(f"{type(f).__name__}.backward: {len(gxs)} gradients for {len(f.parents)} inputs")
    return gxs


def backward_of(f: Any, node: Any, gy: Any, grads: dict[Any, Any], kept: dict[Any, Any], retained: Any) -> Any:
    """What `f.backward` gives: in full, for several outputs, retained gradients, recorded passes and watchers."""
    gys = [gy]
    if f.several:  # zeros for an output that no gradient reached, or that was cut off
        outputs = f.output_nodes()
        gys = [grads.pop(y, None) if y is not None and y.creator is f else None for y in outputs]
        gys[outputs.index(node)] = gy
        kept.update({y: g for y, g in zip(outputs, gys) if g is not None and y in retained})
        gys = [f.zeros_like_output(i) if g is None else g for i, g in enumerate(gys)]
    elif node in retained:
        kept[node] = gy
    gys = [*bfloat16.widened(gys)] if bfloat16.seen and getattr(f, "widens", True) else gys
    _, _, recorded, watcher, _ = mode.get()
    if recorded is not None:
        recorded.enter(f)
    if f.foreign:
        with protected(f"{type(f).__name__}.backward", gys) as locked:
            return owned(f, f.backward(*locked) if watcher is None else watcher.backward(f, locked), gys)
    return f.backward(*gys) if watcher is None else watcher.backward(f, gys)


def unbroadcast(g: Any, node: Any, f: Any) -> Any:
    """`g` summed to the shape of `node` and cast to its dtype: the adjoint of broadcasting and of type promotion."""
    if getattr(g, "shape", None) != node.shape:
        try:
            g = sum_to(g, node.shape)
        except (AttributeError, ValueError) as error:
            found = f"gradient of shape {g.shape}" if hasattr(g, "shape") else f"gradient {g!r}, which is no array,"
            raise ValueError(f"{type(f).__name__}.backward: {found} for an input of shape {node.shape}") from error
    if bfloat16.kind_of(g.dtype) not in "fiub":
        raise TypeError(f"{type(f).__name__}.backward must give real numbers, not {g.dtype}")
    return g.astype(node.dtype) if node.casts and g.dtype != node.dtype else g


def sum_to(x: Any, shape: Shape) -> Any:
    """The sum of `x` over the axes along which an array of `shape` was repeated to become as large as `x`."""
    return x if x.shape == shape else sum_in_shape(x, broadcast_axes(shape, x.shape), shape)


def nodes_below(nodes: Iterable[Any], ends: Container[Any] = ()) -> dict[Any, None]:
    """The nodes from which `nodes` were computed, and these; as the keys of a dict, whose order is always the same.

    It goes no further than the nodes in `ends`.
    """
    found = dict.fromkeys([node for node in nodes if node is not None])
    stack = [*found]
    while stack:
        last = stack.pop()
        if last.creator is not None and last not in ends:
            for node in last.creator.parents:
                if node is not None and node not in found:
                    found[node] = None
                    stack.append(node)
    return found


def nodes_between(outputs: Iterable[Any], targets: Container[Any]) -> dict[Any, None]:
    """The computed nodes on a way from `outputs` back to a node in `targets`, the latest generation first."""
    found: dict[Any, None] = {}
    for node in sorted(nodes_below(outputs), key=by_generation):
        if node.creator is not None and any(x in targets or x in found for x in node.creator.parents if x is not None):
            found[node] = None
    return dict.fromkeys(reversed(found))


def latest_first(nodes: Iterable[Any]) -> list[Any]:
    """The computed nodes among `nodes`, the highest generation first."""
    return sorted([node for node in nodes if node.creator is not None], key=by_generation, reverse=True)


def functions_below(nodes: Iterable[Any]) -> list[Any]:
    """The functions by which `nodes` were computed, each once. Two that compare as equal are two."""
    return list({id(f): f for node in nodes_below(nodes) if (f := node.creator) is not None}.values())


def releasable(walk: list[Any], nodes: Container[Any], large: int) -> dict[int, Any]:
    """The functions whose arrays only this walk needs, by id: once walked, they may let large ones go.

    `walk` is that of `backward_pass`, and `nodes` all nodes below. A function that another graph uses too keeps its
    arrays, as do those below it. Where no array is large, there is nothing to let go.
    """
    uses: dict[int, int] = {}  # how often functions of the walk refer to a node, by id
    shared: set[Any] = set()
    found: dict[int, Any] = {}
    if not any(node.shape and prod(node.shape) >= large for node in walk):
        return found
    for f in {id(node.creator): node.creator for node in walk}.values():
        for x in f.parents:
            uses[id(x)] = uses.get(id(x), 0) + 1
    for node in walk:
        siblings: Any = ()  # not those of the last turn: they would count as references
        f, x = node.creator, node()
        held = uses.get(id(node), 0) + (x is not None and x.node is node)
        outside = getrefcount(node) - held > REFERENCES
        siblings = [y for y in f.output_nodes() if y is not None and y is not node] if f.several and f.protects else ()
        if outside or node in shared or any(y in shared or y not in nodes for y in siblings):
            shared.update(f.parents)
        else:
            found[id(f)] = f
    return found


REFERENCES = 4  # of `releasable` itself to a node: two lists of nodes, a local name, an argument

below = functions_below  # the name in version 0.1
