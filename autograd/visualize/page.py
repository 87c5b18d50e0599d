"""The interactive page: the graph as JSON inside of `page.html`, which draws it in the browser."""

from __future__ import annotations

import json
import linecache
from collections.abc import Callable
from importlib.resources import files
from math import prod
from typing import Any

import numpy as np

from autograd.backend import to_numpy
from autograd.engine import Node
from autograd.visualize.graph import Graph, Part, Scope
from autograd.visualize.labels import FEW, Labels, duration, formatted, norm, pass_name
from autograd.visualize.reductions import ABOUT
from autograd.visualize.text import GROUND, LEAF, Shades, identifiers, palette
from autograd.watch.places import Source
from autograd.watch.tracing import Record, record_of

__all__: list[str] = []

NOT_RECORDED = "not recorded: run the program inside `with autograd.visualize.tracing():`"


def html(graph: Graph, labels: Labels, closed: Callable[[Scope], bool]) -> str:
    """The page, complete in one text. The data contain no `<`, so no label can end the script."""
    data = json.dumps(page_data(graph, labels, closed)).replace("<", "\\u003c")
    template = files("autograd.visualize").joinpath("page.html").read_text(encoding="utf-8")
    return template.replace(">GRAPH<", f">{data}<")


def page_data(graph: Graph, labels: Labels, closed: Callable[[Scope], bool]) -> dict[str, Any]:
    """The parts, the boxes (layers) and the edges, with all that the page shows of them."""
    names = identifiers(graph)
    position = {part: i for i, part in enumerate(graph.parts)}
    boxes: dict[Scope, Part] = {}
    for part in graph.parts:
        for n in range(1, len(part.scope) + 1):
            head = part.scope[:n]
            box = boxes.setdefault(head, Part("layer", head[-1][0], head, part.rank, head[-1][1]))
            if part.seconds is not None:
                box.seconds = (box.seconds or 0.0) + part.seconds
    number = {scope: i for i, scope in enumerate(boxes)} | {(): -1}
    inner = [box for scope, box in boxes.items() if len(scope) > 1]  # the outermost layer is open, and takes most
    shades = Shades([*graph.parts, *inner])
    passes = range(1 + max([part.pass_number for part in graph.parts], default=0))
    return {
        "parts": [part_data(p, names[p], labels, shades) | {"box": number[p.scope]} for p in graph.parts],
        "edges": [[position[a], position[b]] for a, b in graph.edges],
        "boxes": [
            box_data(box, f"b{number[scope]}", labels, shades) | {"box": number[scope[:-1]], "closed": closed(scope)}
            for scope, box in boxes.items()
        ],
        "legend": [legend("given", LEAF), *[legend(pass_name(n), shades.legend(n)) for n in passes]],
        "ground": GROUND,
    }


def legend(name: str, fill: str) -> dict[str, str]:
    """One entry of the legend."""
    return {"name": name, "fill": fill}


def part_data(part: Part, name: str, labels: Labels, shades: Shades) -> dict[str, Any]:
    """A part for the page: its label and colours, and the title, the rows and the source lines of its panel."""
    label = labels.of(part)
    data: dict[str, Any] = {
        "id": name,
        "kind": part.kind,
        "fill": shades.fill(part),
        "line": palette(part.pass_number).line,
    }
    data |= {"label": label, "facts": []}
    if part.kind == "rest":
        return data | {"title": label[0], "about": "cut off by max_nodes"}
    if part.kind == "function":
        f = part.item
        about = ABOUT.get(part.title) or (type(f).__doc__ or "").strip().split("\n\n")[0]
        facts = [["pass", pass_name(part.pass_number)], *time_fact(part), *layer_fact(part.scope), *settings(f)]
        return data | {
            "title": part.title or type(f).__name__,
            "about": about,
            "facts": facts,
            "sources": sources(record_of(f)),
        }
    node = part.item
    facts = [["kind", kind_of(node)], ["shape", str(node.shape)], ["dtype", str(node.dtype)], *layer_fact(part.scope)]
    facts += [["value", array_summary(labels.array(node))], ["gradient", gradient_summary(node())]]
    data |= {"title": labels.name(node) or "a value", "facts": facts}
    if node.creator is None:
        return data | ({"parameter": prod(node.shape)} if node in labels.paths else {})
    return data | {"sources": sources(record_of(node.creator))}


def kind_of(node: Node) -> str:
    """Where a value comes from."""
    f = node.creator
    if f is None:
        return "given"
    return f"result {f.output_nodes().index(node) if f.several else 0} of {type(f).__name__}"


def box_data(box: Part, name: str, labels: Labels, shades: Shades) -> dict[str, Any]:
    """A layer call for the page."""
    call, label = box.item, labels.of(box)
    facts = [["path", call.path or "the outermost"], ["call", str(call.number)], ["pass", pass_name(box.pass_number)]]
    data: dict[str, Any] = {"id": name, "fill": shades.fill(box), "line": palette(box.pass_number).line}
    return data | {"label": label, "title": " ".join(label), "facts": facts + time_fact(box)}


def time_fact(part: Part) -> list[list[str]]:
    """The time of a part, if there is a profile."""
    return [] if part.seconds is None else [["time", duration(part.seconds)]]


def layer_fact(scope: Scope) -> list[list[str]]:
    """The innermost layer around something."""
    return [["layer", str(scope[-1][0])]] if scope else []


def settings(f: Any) -> list[list[str]]:
    """The parameters of a function, which its `__init__` sets, as far as they are short enough to read."""
    codes = [getattr(vars(cls).get("__init__"), "__code__", None) for cls in type(f).__mro__]
    names = {name for code in codes if code is not None for name in code.co_names}
    found = {name: repr(x) for name, x in vars(f).items() if isinstance(x, (bool, int, float, str, tuple))}
    return [[name, text] for name, text in found.items() if name in names and len(text) < 60]


def sources(record: Record | None) -> list[tuple[str, str]]:
    """The line that called a function; for a derivative also the line that called its origin."""
    if record is None or record.source is None:
        return [("Made by", NOT_RECORDED)]
    found = [(f"Made by {record.source}", code_of(record.source))]
    origin = record.origin
    if origin is not None and origin.source is not None:
        found.append((f"In the derivative of {origin.kind}, made by {origin.source}", code_of(origin.source)))
    return found


def code_of(source: Source) -> str:
    """The text of a line."""
    return linecache.getline(source.file, source.line).strip() or "(the text of this line is not at hand)"


def gradient_summary(x: Any) -> str:
    """The gradient of a Variable in one line."""
    if x is None:
        return "the Variable is gone"
    return "none" if x.grad is None else f"{array_summary(x.grad.value)}, norm {norm(x.grad.value):.4g}"


def array_summary(array: Any) -> str:
    """An array in one line: the numbers of a small one, otherwise their range and mean."""
    if array is None:
        return "gone: nothing needs it any more"
    if array.size <= FEW:
        return formatted(array)
    x = to_numpy(array)
    if x.dtype.kind == "c":
        return f"norm {norm(x):.4g}"
    with np.errstate(all="ignore"):
        text = f"min {x.min():.4g}, mean {x.mean():.4g}, max {x.max():.4g}"
    bad = x.size - np.isfinite(x).sum()
    return text + (f", {bad} not finite" if bad else "")
