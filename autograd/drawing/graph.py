"""A graph as the parts of a picture and the arrows between them: complete, folded by layer, or cut to a size.

Every function and every value is one part. A value stands inside the layers that contain everything it touches, so that
what goes in and out of a layer stands outside of it.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from .records import Call, Node, calls, order

Boxes: TypeAlias = tuple[tuple[Call, int], ...]  # calls of layers, outermost first, each in one backward pass or none


@dataclass(eq=False, slots=True)
class Part:
    """One thing in the picture."""

    kind: str  # "value", "function", "layer" (a closed one), or "rest" (what was cut off)
    item: Any  # its node, the function, the call of the layer, the number of parts
    boxes: Boxes  # that it stands in, outermost first
    rank: int  # its place in the computation: more than that of what it is computed from
    order: int  # 0 in the forward computation, n in the n-th recorded backward pass


Edges: TypeAlias = list[tuple[Part, Part]]


@dataclass(slots=True)
class Graph:
    """Parts in the order of the computation, and the edges in its direction."""

    parts: list[Part]
    edges: Edges
    outputs: list[Part]  # those that were asked for


@dataclass(slots=True)
class Group:
    """What stands in the same open layer: parts, and further open layers."""

    number: int
    boxes: Boxes
    parts: list[Part] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)


class Alone:
    """The node of a Variable that has none, because it is in no graph."""

    creator = None
    index = 0

    def __init__(self, y: Any) -> None:
        self.y, self.shape, self.dtype = y, y.shape, y.dtype

    def __call__(self) -> Any:
        return self.y


def node_of(y: Any) -> Node:
    """The node of a Variable."""
    return Alone(y) if y.node is None else y.node


def ancestors(nodes: Iterable[Node]) -> list[Any]:
    """The functions below `nodes`, in the order of the computation."""
    found: dict[Any, None] = {}
    stack = [node.creator for node in nodes]
    while stack:
        f = stack.pop()
        if f is not None and f not in found:
            found[f] = None
            stack += [node.creator for node in f.parents if node is not None]
    return sorted(found, key=lambda f: f.generation)


def graph_of(outputs: Sequence[Node], parameters: Container[Node] = ()) -> Graph:
    """The complete graph of some outputs. A leaf stands outside of all layers, unless it is one of `parameters`."""
    functions = ancestors(outputs)
    users: dict[Node, list[Any]] = {node: [] for node in outputs}
    for f in functions:
        for node in f.parents:
            if node is not None:
                users.setdefault(node, []).append(f)
    part_of: dict[Any, Part] = {f: Part("function", f, boxes(f), 2 * f.generation, order(f)) for f in functions}
    settle(functions, users, part_of)
    wanted = dict.fromkeys(outputs)
    for node, used in users.items():
        outside = node in wanted or (node.creator is None and node not in parameters)
        part_of[node] = value(node, [part_of[f] for f in used], part_of.get(node.creator), outside)
    edges = [(part_of[node], part_of[f]) for f in functions for node in f.parents if node is not None]
    edges += [(part_of[node.creator], part_of[node]) for node in users if node.creator is not None]
    edges.sort(key=lambda edge: edge[1].rank)
    return Graph(sorted(part_of.values(), key=lambda part: part.rank), edges, [part_of[node] for node in wanted])


def value(node: Node, users: list[Part], creator: Part | None, outside: bool) -> Part:
    """The part of a value: after its creator; a leaf right before the last that uses it.

    It stands in the layers that it touches in its own pass: what a backward pass takes from a layer stays in there. A
    leaf whose Variable is gone belongs to the pass that uses it first: it is the seed of a backward pass.
    """
    if creator is not None:
        order, rank, touching = creator.order, creator.rank + 1, [creator, *users]
    else:
        order = 0 if node() is not None else min([part.order for part in users], default=0)
        rank, touching = max([part.rank for part in users], default=1) - 1, users
    around = () if outside else common([part.boxes for part in touching if part.order == order])
    return Part("value", node, around, rank, order)


def settle(functions: list[Any], users: dict[Node, list[Any]], part_of: dict[Any, Part]) -> None:
    """Gives the sums of gradients, made by the engine and by no layer, a place: in what is around one that they come
    from and one that they go to."""
    after: dict[Any, list[Part]] = {f: [] for f in functions}
    for node, used in users.items():
        if node.creator is not None:
            after[node.creator] += [part_of[g] for g in used]
    for f in reversed(functions):
        part = part_of[f]
        if part.order and not part.boxes:
            before = [part_of[node.creator] for node in f.parents if node is not None and node.creator is not None]
            pairs = [(a, b) for a in before for b in after[f] if a.order == b.order == part.order]
            part.boxes = max([common([a.boxes, b.boxes]) for a, b in pairs], key=len, default=())


def boxes(f: Any) -> Boxes:
    """The calls of layers around a function, as far as it was traced."""
    return tuple([(call, order(f)) for call in calls(f)])


def common(paths: Sequence[Boxes]) -> Boxes:
    """The longest beginning that all `paths` share."""
    shared = min(paths, key=len, default=())
    while not all(path[: len(shared)] == shared for path in paths):
        shared = shared[:-1]
    return shared


def folded(graph: Graph, closed: Callable[[Boxes], bool]) -> Graph:
    """The graph with one part for all that stands in a layer that is `closed`, the outermost of several."""
    ends: dict[Boxes, Boxes] = {}
    layers: dict[Boxes, Part] = {}
    shown: dict[Part, Part] = {}
    for part in graph.parts:
        if part.boxes not in ends:
            heads = [part.boxes[:n] for n in range(1, len(part.boxes) + 1)]
            ends[part.boxes] = next((head for head in heads if closed(head)), ())
        head = ends[part.boxes]
        if head and head not in layers:
            layers[head] = Part("layer", head[-1][0], head, part.rank, head[-1][1])
        shown[part] = layers[head] if head else part
        shown[part].rank = max(shown[part].rank, part.rank)
    return merged(graph, shown)


def limited(graph: Graph, size: int | None) -> Graph:
    """The graph with `size` parts at most: those furthest from the outputs, but no output, become one, the rest."""
    if size is None or len(graph.parts) <= size:
        return graph
    kept = set(nearest(graph)[: max(size - 1, len(graph.outputs))])
    first = graph.parts[0]
    rest = Part("rest", len(graph.parts) - len(kept), (), first.rank, first.order)
    return merged(graph, {part: part if part in kept else rest for part in graph.parts})


def nearest(graph: Graph) -> list[Part]:
    """The parts by the number of edges to the next output, the outputs first."""
    before: dict[Part, list[Part]] = {part: [] for part in graph.parts}
    for a, b in graph.edges:
        before[b].append(a)
    queue, found = list(graph.outputs), set(graph.outputs)
    for part in queue:  # which grows meanwhile
        for a in before[part]:
            if a not in found:
                found.add(a)
                queue.append(a)
    return queue


def merged(graph: Graph, shown: dict[Part, Part]) -> Graph:
    """The graph in which `shown[part]` stands for each part; one edge for all that begin or end at a merged part."""
    edges: Edges = []
    seen: set[tuple[Part, Part]] = set()
    for a, b in graph.edges:
        edge = shown[a], shown[b]
        if edge == (a, b):
            edges.append(edge)
        elif edge[0] is not edge[1] and edge not in seen:
            seen.add(edge)
            edges.append(edge)
    parts = sorted(dict.fromkeys(shown.values()), key=lambda part: part.rank)
    return Graph(parts, edges, list(dict.fromkeys([shown[part] for part in graph.outputs])))


def grouped(graph: Graph) -> Group:
    """The parts of the graph in the layers that are open; the outermost group is no layer."""
    groups: dict[Boxes, Group] = {(): Group(0, ())}
    for part in graph.parts:
        inside = part.boxes[:-1] if part.kind == "layer" else part.boxes
        for n in range(1, len(inside) + 1):
            if inside[:n] not in groups:
                groups[inside[:n]] = Group(len(groups), inside[:n])
                groups[inside[: n - 1]].groups.append(groups[inside[:n]])
        groups[inside].parts.append(part)
    return groups[()]
