"""A graph as parts of a picture and edges between them: complete, with closed layers, or cut to a size.

Each function and each value is one part. The *scope* of a part are the layer calls around it. A value stands in the
scope that everything which touches it shares. So the inputs and outputs of a layer stand outside of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import product
from operator import attrgetter
from typing import Any, TypeAlias

from autograd.engine import Node, functions_below
from autograd.variable import Variable
from autograd.watch.places import Call
from autograd.watch.tracing import record_of

__all__: list[str] = []

Scope: TypeAlias = tuple[tuple[Call, int], ...]  # layer calls with their pass numbers, the outermost first


@dataclass(eq=False, slots=True)
class Part:
    """One part of the picture."""

    kind: str  # "value", "function", "layer" (a closed one), or "rest" (all that was cut off)
    item: Any  # the node, the function, the call of the layer, or how many parts
    scope: Scope
    rank: int  # its place in the computation: higher than the ranks of its inputs
    pass_number: int  # 0 in the forward computation, n in the n-th recorded backward pass
    seconds: float | None = None  # the time of its functions, if there is a profile
    title: str = ""  # of a function that stands for several


Edges: TypeAlias = list[tuple[Part, Part]]


@dataclass(slots=True)
class Graph:
    """Parts in the order of the computation, and edges in its direction."""

    parts: list[Part]
    edges: Edges
    outputs: list[Part]


@dataclass(slots=True)
class Group:
    """The parts in one open layer, and the open layers in it."""

    number: int
    scope: Scope
    parts: list[Part] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)


def node_of(x: Variable) -> Node:
    """The node of a Variable; a new one, which the Variable does not keep, if it has none."""
    if x.node is not None:
        return x.node
    node = Node(x)
    node.creator, node.generation, node.shape, node.dtype = None, 0, x.shape, x.dtype
    return node


def pass_number(f: Any) -> int:
    """The number of the backward pass that recorded a function; 0 in the forward computation."""
    return 0 if f.made_by is None else f.made_by.number


def scope_of(f: Any) -> Scope:
    """The layer calls around a function, if it was traced."""
    record = record_of(f)
    return () if record is None else tuple([(call, pass_number(f)) for call in record.calls])


def input_names(functions: Iterable[Any]) -> tuple[dict[Node, str], dict[Node, str]]:
    """The names of values, and the paths of Parameters, that traced functions remember of their inputs."""
    names: dict[Node, str] = {}
    paths: dict[Node, str] = {}
    for f in functions:
        record = record_of(f)
        if record is not None:
            names |= {node: name for node, name in zip(f.parents, record.names) if name}
            paths |= {node: path for node, path in zip(f.parents, record.paths) if path}
    return names, paths


def graph_of(outputs: Sequence[Node], most: int | None = None) -> Graph:
    """The graph of some outputs. Leaves stand outside of all layers, except for their Parameters.

    `most` limits the functions to about as many, those nearest to the outputs: the cost is that of what is shown.
    """
    nearest = functions_below(outputs) if most is None else functions_near(outputs, most)
    functions = sorted(nearest, key=attrgetter("generation"))
    users: dict[Node, list[Any]] = {node: [] for node in outputs}
    for f in functions:
        for node in f.parents:
            if node is not None:
                users.setdefault(node, []).append(f)
    part_of: dict[Any, Part] = {
        f: Part("function", f, scope_of(f), 2 * f.generation, pass_number(f)) for f in functions
    }
    place_sums(functions, users, part_of)
    parameters = input_names(functions)[1]
    shown = dict.fromkeys(outputs)
    below = Part(
        "rest", "", (), min([part.rank for part in part_of.values()], default=0) - 2, 0
    )  # what was not visited
    for node, using in users.items():
        if node.creator not in part_of and node.creator is not None:
            part_of[node.creator] = below
        outside = node in shown or (node.creator is None and node not in parameters)
        part_of[node] = value_part(node, [part_of[f] for f in using], part_of.get(node.creator), outside)
    edges = [(part_of[node], part_of[f]) for f in functions for node in f.parents if node is not None]
    edges += [(part_of[node.creator], part_of[node]) for node in users if node.creator is not None]
    edges.sort(key=lambda edge: edge[1].rank)
    parts = sorted(dict.fromkeys(part_of.values()), key=attrgetter("rank"))
    return Graph(parts, edges, [part_of[node] for node in shown])


def functions_near(outputs: Iterable[Node], most: int) -> list[Any]:
    """The functions below `outputs`, breadth first, until there are `most`."""
    found: dict[Any, None] = dict.fromkeys([node.creator for node in outputs if node.creator is not None])
    queue = [*found]
    for f in queue:  # the loop extends the queue
        for node in f.parents:
            if node is not None and node.creator is not None and node.creator not in found and len(found) < most:
                found[node.creator] = None
                queue.append(node.creator)
    return queue


def value_part(node: Node, users: list[Part], creator: Part | None, outside: bool) -> Part:
    """The part of a value: right after its creator. A leaf stands right before its last user.

    Only parts of its own pass decide about its scope: a value of a layer that a backward pass uses stays in the layer.
    A leaf without a Variable is the seed of a backward pass, so it belongs to the first pass that uses it.
    """
    if creator is not None:
        number, rank, touching = creator.pass_number, creator.rank + 1, [creator, *users]
    else:
        number = 0 if node() is not None else min([part.pass_number for part in users], default=0)
        rank, touching = max([part.rank for part in users], default=1) - 1, users
    scope = () if outside else common_prefix([part.scope for part in touching if part.pass_number == number])
    return Part("value", node, scope, rank, number)


def place_sums(functions: list[Any], users: dict[Node, list[Any]], part_of: dict[Any, Part]) -> None:
    """Places each gradient sum, which belongs to no layer, in the innermost layer that an input and a user share."""
    users_of: dict[Any, list[Part]] = {f: [] for f in functions}
    for node, using in users.items():
        if node.creator in users_of:
            users_of[node.creator] += [part_of[g] for g in using]
    for f in reversed(functions):
        part = part_of[f]
        if part.pass_number and not part.scope:
            creators = [node.creator for node in f.parents if node is not None]
            inputs = [part_of[creator] for creator in creators if creator in part_of]
            near = [a.scope for a in inputs if a.pass_number == part.pass_number]
            far = [b.scope for b in users_of[f] if b.pass_number == part.pass_number]
            part.scope = max([common_prefix(pair) for pair in product(near, far)], key=len, default=())


def common_prefix(scopes: Sequence[Scope]) -> Scope:
    """The longest beginning that all `scopes` share."""
    shared = min(scopes, key=len, default=())
    while not all(scope[: len(shared)] == shared for scope in scopes):
        shared = shared[:-1]
    return shared


def collapsed(graph: Graph, closed: Callable[[Scope], bool]) -> Graph:
    """The graph with one part for each layer that is `closed`: the outermost of several that are nested."""
    ends: dict[Scope, Scope] = {}
    layers: dict[Scope, Part] = {}
    shown: dict[Part, Part] = {}
    for part in graph.parts:
        if part.scope not in ends:
            heads = [part.scope[:n] for n in range(1, len(part.scope) + 1)]
            ends[part.scope] = next((head for head in heads if closed(head)), ())
        head = ends[part.scope]
        if head and head not in layers:
            layers[head] = Part("layer", head[-1][0], head, part.rank, head[-1][1])
        shown[part] = layers[head] if head else part
        shown[part].rank = max(shown[part].rank, part.rank)
    return contracted(graph, shown)


def truncated(graph: Graph, size: int | None) -> Graph:
    """The graph with at most `size` parts. The outputs stay; the parts furthest from them become one, the rest."""
    if size is None or len(graph.parts) <= size:
        return graph
    kept = set([part for part in by_distance(graph) if part.kind != "rest"][: max(size - 1, len(graph.outputs))])
    first = graph.parts[0]
    more = "at least " if first.kind == "rest" else ""  # not all parts were visited
    rest = Part("rest", f"{more}{len(graph.parts) - len(kept)}", (), first.rank, first.pass_number)
    return contracted(graph, {part: part if part in kept else rest for part in graph.parts})


def by_distance(graph: Graph) -> list[Part]:
    """The parts by the number of edges to the next output, the outputs first."""
    inputs: dict[Part, list[Part]] = {part: [] for part in graph.parts}
    for a, b in graph.edges:
        inputs[b].append(a)
    queue, found = list(graph.outputs), set(graph.outputs)
    for part in queue:  # the loop extends the queue
        for a in inputs[part]:
            if a not in found:
                found.add(a)
                queue.append(a)
    return queue


def contracted(graph: Graph, shown: dict[Part, Part]) -> Graph:
    """The graph with `shown[part]` in the place of each part. Equal edges at a part that stands for several are one."""
    edges: Edges = []
    seen: set[tuple[Part, Part]] = set()
    for a, b in graph.edges:
        edge = shown[a], shown[b]
        if edge == (a, b):
            edges.append(edge)
        elif edge[0] is not edge[1] and edge not in seen:
            seen.add(edge)
            edges.append(edge)
    for part, whole in shown.items():
        if part is not whole and part.seconds is not None:
            whole.seconds = (whole.seconds or 0.0) + part.seconds
    parts = sorted(dict.fromkeys(shown.values()), key=attrgetter("rank"))
    return Graph(parts, edges, list(dict.fromkeys([shown[part] for part in graph.outputs])))


def grouped(graph: Graph) -> Group:
    """The parts by the open layers around them. The outermost group is no layer."""
    groups: dict[Scope, Group] = {(): Group(0, ())}
    for part in graph.parts:
        scope = part.scope[:-1] if part.kind == "layer" else part.scope
        for n in range(1, len(scope) + 1):
            if scope[:n] not in groups:
                groups[scope[:n]] = Group(len(groups), scope[:n])
                groups[scope[: n - 1]].groups.append(groups[scope[:n]])
        groups[scope].parts.append(part)
    return groups[()]
