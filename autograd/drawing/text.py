"""A graph as text: DOT for Graphviz, Mermaid for the pages and notebooks that draw it themselves."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from .graph import Graph, Group, Part, grouped
from .labels import Labels, passed


class Colours(NamedTuple):
    value: str
    function: str
    line: str


# One row for each pass: forward, first backward, second backward, and all that follow.
COLOURS = (
    Colours("#fdf1d6", "#cfe2f7", "#3b5f86"),
    Colours("#e9f5e1", "#b5deaa", "#3d7032"),
    Colours("#fce6ef", "#f3b3cc", "#8d3560"),
    Colours("#ece7f8", "#c9bbec", "#57429a"),
)
LEAF = "#ffd482"  # a value of the forward pass that was given, not computed
GROUND = "#f6f7f9"  # of an open layer

DOT_HEAD = """digraph {
  graph [fontname="Helvetica", fontsize=11, ranksep=0.3, nodesep=0.25]
  node [fontname="Helvetica", fontsize=11, style=filled, height=0.3]
  edge [color="#6b7280", arrowsize=0.7]"""
MANY = 2000  # ranks that edges pass by: above it curves around everything would take Graphviz minutes
DOT_MANY = "  graph [splines=ortho, nslimit=0.1, nslimit1=0.1, mclimit=0.5]"
DOT_SHAPES = {"value": "ellipse", "function": "box", "layer": "box3d", "rest": "folder"}
MERMAID_SHAPES = {"value": '(["{}"])', "function": '["{}"]', "layer": '[["{}"]]', "rest": '>"{}"]'}
MERMAID_SPECIAL = re.compile(r"""[^\w\s.,:;=()+*/…-]|\\""")


def colours(order: int) -> Colours:
    return COLOURS[min(order, len(COLOURS) - 1)]


def fill(part: Part) -> str:
    if part.kind == "value":
        return LEAF if part.item.creator is None and part.order == 0 else colours(part.order).value
    return GROUND if part.kind == "rest" else colours(part.order).function


def names_of(graph: Graph) -> dict[Part, str]:
    """A name for each part, v3 or f0, the same at every run."""
    counts = dict.fromkeys(DOT_SHAPES, -1)
    names = {}
    for part in graph.parts:
        counts[part.kind] += 1
        names[part] = f"{part.kind[0]}{counts[part.kind]}"
    return names


def lines(group: Group, write: Callable[[Part], str], begin: Callable[[Group], str], end: str) -> Iterator[str]:
    """The parts of a group, then the groups in it, each between a line that begins and one that ends it."""
    indent = "  " * (len(group.boxes) + 1)
    for part in group.parts:
        yield indent + write(part)
    for inner in group.groups:
        yield indent + begin(inner)
        yield from lines(inner, write, begin, end)
        yield indent + end


def dot_quoted(label: list[str]) -> str:
    """Lines as one DOT string: quotes and backslashes are escaped, and `&`, for Graphviz reads HTML's entities."""
    escaped = [line.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;") for line in label]
    return '"' + "\\n".join(escaped) + '"'


def passes(graph: Graph) -> list[int]:
    """The passes that a legend tells apart: none if there is only the forward computation."""
    orders = sorted({part.order for part in graph.parts if part.kind != "value"})
    return orders if orders != [0] else []


def dot_legend(orders: list[int]) -> str:
    """A row below the picture that says which colour is which pass."""
    cells = "".join([f'<TD BGCOLOR="{colours(n).function}">{passed(n)}</TD>' for n in orders])
    return f'  label=<<TABLE BORDER="0" CELLBORDER="1" CELLSPACING="4" CELLPADDING="4"><TR>{cells}</TR></TABLE>>'


def dot(graph: Graph, labels: Labels) -> str:
    """The text for Graphviz."""
    names = names_of(graph)

    def write(part: Part) -> str:
        label = labels.of(part)
        shape = DOT_SHAPES[part.kind] if label else "circle, width=0.2"
        look = f'shape={shape}, fillcolor="{fill(part)}", color="{colours(part.order).line}"'
        return f"{names[part]} [label={dot_quoted(label)}, {look}]"

    def begin(group: Group) -> str:
        style = f'style="filled,rounded", fillcolor="{GROUND}", color="{colours(group.boxes[-1][1]).line}"'
        return f"subgraph cluster_{group.number} {{ graph [label={dot_quoted(labels.of_layer(group.boxes))}, {style}]"

    orders = passes(graph)
    legend = [dot_legend(orders)] if orders else []
    many = [DOT_MANY] if sum([abs(b.rank - a.rank) - 1 for a, b in graph.edges]) > MANY else []
    body = lines(grouped(graph), write, begin, "}")
    edges = [f"  {names[a]} -> {names[b]}" for a, b in graph.edges]
    return "\n".join([DOT_HEAD, *many, *legend, *body, *edges, "}\n"])


def mermaid_quoted(label: list[str]) -> str:
    """Lines as the inside of a Mermaid string: whatever could mean something there becomes a numeric entity."""
    return "<br/>".join([MERMAID_SPECIAL.sub(lambda c: f"#{ord(c[0])};", line) for line in label])


def mermaid(graph: Graph, labels: Labels) -> str:
    """The text for Mermaid: a flowchart."""
    names = names_of(graph)
    classes: dict[tuple[str, str], str] = {}
    grounds: list[str] = []

    def styled(ground: str, line: str) -> str:
        return ":::" + classes.setdefault((ground, line), f"c{len(classes)}")

    def write(part: Part) -> str:
        label = mermaid_quoted(labels.of(part)) or " "
        return names[part] + MERMAID_SHAPES[part.kind].format(label) + styled(fill(part), colours(part.order).line)

    def begin(group: Group) -> str:
        grounds.append(f"  style s{group.number} fill:{GROUND},stroke:{colours(group.boxes[-1][1]).line},color:#111")
        title = " ".join(labels.of_layer(group.boxes))  # on one line: Mermaid leaves no room for a second
        return f'subgraph s{group.number}["{mermaid_quoted([title])}"]'

    body = list(lines(grouped(graph), write, begin, "end"))
    edges = [f"  {names[a]} --> {names[b]}" for a, b in graph.edges]
    legend = [f'    p{n}["{passed(n)}"]' + styled(colours(n).function, colours(n).line) for n in passes(graph)]
    legend = legend and ['  subgraph legend["passes"]', *legend, "  end"]
    looks = [f"  classDef {name} fill:{ground},stroke:{line},color:#111" for (ground, line), name in classes.items()]
    return "\n".join(["flowchart TD", *body, *edges, *legend, *looks, *grounds]) + "\n"
