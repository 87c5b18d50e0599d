"""A graph as text: DOT for Graphviz, and Mermaid, which code hosts and notebooks draw themselves."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from colorsys import hls_to_rgb
from typing import NamedTuple

from autograd.visualize.graph import Graph, Group, Part, grouped
from autograd.visualize.labels import Labels, pass_name

__all__: list[str] = []


class Colours(NamedTuple):
    """The colours of one pass."""

    value: str
    function: str
    line: str


# One row for each pass: forward, first backward, and so on. Passes beyond have a hue of their own each.
COLOURS = (
    Colours("#fdf1d6", "#cfe2f7", "#3b5f86"),
    Colours("#e9f5e1", "#b5deaa", "#3d7032"),
    Colours("#fce6ef", "#f3b3cc", "#8d3560"),
    Colours("#ece7f8", "#c9bbec", "#57429a"),
    Colours("#e0f5f2", "#a3e3d8", "#1f7a6c"),
    Colours("#f8eadd", "#eac9a3", "#8a5a1e"),
)
LEAF = "#ffd482"  # a leaf of the forward computation
GOLDEN = 0.618  # a step of the hue after which none comes near to one before
GROUND = "#f6f7f9"  # an open layer
SLOWEST = (240, 68, 56)  # red, green and blue of the part that takes the most time

DOT_HEAD = """digraph {
  graph [fontname="Helvetica", fontsize=11, ranksep=0.3, nodesep=0.25]
  node [fontname="Helvetica", fontsize=11, style=filled, height=0.3]
  edge [color="#6b7280", arrowsize=0.7]"""
LONG = 2000  # ranks that all edges together pass by; with more, Graphviz would take minutes for curved edges
DOT_LONG = "  graph [splines=ortho, nslimit=0.1, nslimit1=0.1, mclimit=0.5]"
ASIDE = " " * 34  # keeps the name of a layer, at the right of its box, away from the arrows into it
MARGIN = " " * 5  # and in the box where the font of a browser is wider
DOT_SHAPES = {"value": "ellipse", "function": "box", "layer": "box3d", "rest": "folder"}
MERMAID_SHAPES = {"value": '(["{}"])', "function": '["{}"]', "layer": '[["{}"]]', "rest": '>"{}"]'}
MERMAID_SPECIAL = re.compile(r"""[^\w\s.,:;=()+*/…-]|\\""")


def palette(pass_number: int) -> Colours:
    """The colours of a pass."""
    if pass_number < len(COLOURS):
        return COLOURS[pass_number]
    hue = (pass_number * GOLDEN + 0.45) % 1  # begins at yellow, which is not in the table
    return Colours(*[rgb(hls_to_rgb(hue, lightness, 0.6)) for lightness in (0.93, 0.82, 0.35)])


def rgb(colour: Iterable[float]) -> str:
    """Red, green and blue from 0 to 1 as text: #ffffff."""
    return "#" + "".join([f"{round(255 * part):02x}" for part in colour])


class Shades:
    """The fill colours of some parts: by pass, or from white to red by time if there is a profile."""

    def __init__(self, parts: Iterable[Part]) -> None:
        self.most = max([part.seconds for part in parts if part.seconds is not None], default=None)

    def fill(self, part: Part) -> str:
        """The fill colour of a part."""
        if part.kind == "value":
            leaf = part.item.creator is None and part.pass_number == 0
            return LEAF if leaf else palette(part.pass_number).value
        if self.most is not None:
            share = min((part.seconds or 0.0) / (self.most or 1.0), 1.0)
            return rgb([1 + share * (colour / 255 - 1) for colour in SLOWEST])
        return GROUND if part.kind == "rest" else palette(part.pass_number).function

    def legend(self, pass_number: int) -> str:
        """The fill colour by which the legend shows a pass."""
        return palette(pass_number).function if self.most is None else palette(pass_number).value


def identifiers(graph: Graph) -> dict[Part, str]:
    """A name for each part, such as v3 or f0: the same in every run."""
    counts = dict.fromkeys(DOT_SHAPES, -1)
    names = {}
    for part in graph.parts:
        counts[part.kind] += 1
        names[part] = f"{part.kind[0]}{counts[part.kind]}"
    return names


def nested_lines(group: Group, write: Callable[[Part], str], begin: Callable[[Group], str], end: str) -> Iterator[str]:
    """The lines of a group: its parts, then the groups in it, each between its first and its last line."""
    indent = "  " * (len(group.scope) + 1)
    for part in group.parts:
        yield indent + write(part)
    for inner in group.groups:
        yield indent + begin(inner)
        yield from nested_lines(inner, write, begin, end)
        yield indent + end


def dot_quoted(label: list[str]) -> str:
    """Lines as one DOT string. `&` is escaped too, because Graphviz reads HTML entities."""
    escaped = [line.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;") for line in label]
    return '"' + "\\n".join(escaped) + '"'


def legend_passes(graph: Graph) -> list[int]:
    """The passes in the legend: all up to the last; none if there is only the forward computation."""
    last = max([part.pass_number for part in graph.parts if part.kind != "value"], default=0)
    return [*range(last + 1)] if last else []


def dot_legend(passes: list[int], shades: Shades) -> str:
    """A row below the picture with the colours of the passes."""
    cells = "".join([f'<TD BGCOLOR="{shades.legend(n)}">{pass_name(n)}</TD>' for n in passes])
    return f'  label=<<TABLE BORDER="0" CELLBORDER="1" CELLSPACING="4" CELLPADDING="8"><TR>{cells}</TR></TABLE>>'


def dot(graph: Graph, labels: Labels) -> str:
    """The text for Graphviz."""
    names, shades = identifiers(graph), Shades(graph.parts)

    def write(part: Part) -> str:
        label = labels.of(part)
        shape = DOT_SHAPES[part.kind] if label else "circle, width=0.2"
        style = f'shape={shape}, fillcolor="{shades.fill(part)}", color="{palette(part.pass_number).line}"'
        return f"{names[part]} [label={dot_quoted(label)}, {style}]"

    def begin(group: Group) -> str:
        style = f'labeljust=r, style="filled,rounded", fillcolor="{GROUND}", color="{palette(group.scope[-1][1]).line}"'
        title = dot_quoted([ASIDE + "  ".join(labels.of_layer(group.scope)) + MARGIN])
        return f"subgraph cluster_{group.number} {{ graph [label={title}, {style}]"

    passes = legend_passes(graph)
    legend = [dot_legend(passes, shades)] if passes else []
    long = [DOT_LONG] if sum([abs(b.rank - a.rank) - 1 for a, b in graph.edges]) > LONG else []
    body = nested_lines(grouped(graph), write, begin, "}")
    edges = [f"  {names[a]} -> {names[b]}" for a, b in graph.edges]
    return "\n".join([DOT_HEAD, *long, *legend, *body, *edges, "}\n"])


def mermaid_quoted(label: list[str]) -> str:
    """Lines as the inside of a Mermaid string: a character with a meaning there becomes a numeric entity."""
    return "<br/>".join([MERMAID_SPECIAL.sub(lambda c: f"#{ord(c[0])};", line) for line in label])


def mermaid(graph: Graph, labels: Labels) -> str:
    """The text for Mermaid: a flowchart."""
    names, shades = identifiers(graph), Shades(graph.parts)
    classes: dict[tuple[str, str], str] = {}
    grounds: list[str] = []

    def styled(fill: str, line: str) -> str:
        return ":::" + classes.setdefault((fill, line), f"c{len(classes)}")

    def write(part: Part) -> str:
        label = mermaid_quoted(labels.of(part)) or " "
        shape = MERMAID_SHAPES[part.kind].format(label)
        return names[part] + shape + styled(shades.fill(part), palette(part.pass_number).line)

    def begin(group: Group) -> str:
        line = palette(group.scope[-1][1]).line
        grounds.append(f"  style s{group.number} fill:{GROUND},stroke:{line},color:#111")
        title = " ".join(labels.of_layer(group.scope))  # on one line: Mermaid leaves no room for a second
        return f'subgraph s{group.number}["{mermaid_quoted([title])}"]'

    body = list(nested_lines(grouped(graph), write, begin, "end"))
    edges = [f"  {names[a]} --> {names[b]}" for a, b in graph.edges]
    passes = legend_passes(graph)
    legend = [f'    p{n}["{pass_name(n)}"]' + styled(shades.legend(n), palette(n).line) for n in passes]
    legend = legend and ['  subgraph legend["passes"]', *legend, "  end"]
    styles = [f"  classDef {name} fill:{fill},stroke:{line},color:#111" for (fill, line), name in classes.items()]
    return "\n".join(["flowchart TD", *body, *edges, *legend, *styles, *grounds]) + "\n"
