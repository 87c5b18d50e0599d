"""The interactive page: the graph as JSON in `page.html`, which lays it out and draws it in the browser."""

from __future__ import annotations

import json
import linecache
from collections.abc import Callable
from importlib.resources import files
from math import prod
from pathlib import PurePath
from typing import Any

import numpy as np

from autograd.backend import to_numpy

from .graph import Boxes, Graph, Part
from .labels import SMALL, Labels, norm, passed, written
from .records import Record, Source, record_of
from .text import GROUND, LEAF, colours, fill, names_of

NOT_RECORDED = "not recorded: run the program inside `with autograd.visualize.tracing():`"


def html(graph: Graph, labels: Labels, closed: Callable[[Boxes], bool]) -> str:
    """The page, complete in one text. No `<` of the data reaches it, so that no label can end the script."""
    data = json.dumps(described(graph, labels, closed)).replace("<", "\\u003c")
    template = files("autograd.drawing").joinpath("page.html").read_text(encoding="utf-8")
    return template.replace(">GRAPH<", f">{data}<")


def described(graph: Graph, labels: Labels, closed: Callable[[Boxes], bool]) -> dict[str, Any]:
    """What the page knows: parts and boxes with what it shows of them, edges as pairs of positions."""
    names = names_of(graph)
    position = {part: i for i, part in enumerate(graph.parts)}
    boxes: dict[Boxes, int] = {(): -1}
    for part in graph.parts:
        for n in range(1, len(part.boxes) + 1):
            boxes.setdefault(part.boxes[:n], len(boxes) - 1)
    orders = sorted({part.order for part in graph.parts})
    return {
        "parts": [part_facts(part, names[part], labels) | {"box": boxes[part.boxes]} for part in graph.parts],
        "edges": [[position[a], position[b]] for a, b in graph.edges],
        "boxes": [
            box_facts(box, f"b{i}", labels) | {"box": boxes[box[:-1]], "closed": closed(box)}
            for box, i in boxes.items()
            if box
        ],
        "legend": [legend("given", LEAF), *[legend(passed(n), colours(n).function) for n in orders]],
        "ground": GROUND,
    }


def legend(name: str, fill: str) -> dict[str, str]:
    return {"name": name, "fill": fill}


def part_facts(part: Part, name: str, labels: Labels) -> dict[str, Any]:
    """What the page shows of a part: the label in the picture, and the panel's title, rows and source lines."""
    look = {"id": name, "kind": part.kind, "fill": fill(part), "line": colours(part.order).line, "facts": []}
    if part.kind == "rest":
        return look | {"label": labels.of(part), "title": labels.of(part)[0], "about": "cut off by max_nodes"}
    if part.kind == "function":
        f = part.item
        about = (type(f).__doc__ or "").strip().split("\n\n")[0]
        facts = [["pass", passed(part.order)], *layer_fact(part.boxes), *settings(f)]
        found = {"label": labels.of(part), "title": type(f).__name__, "about": about, "facts": facts}
        return look | found | {"sources": sources(record_of(f))}
    node = part.item
    creator = node.creator
    kind = "given" if creator is None else f"result {node.index} of {type(creator).__name__}"
    facts = [["kind", kind], ["shape", str(node.shape)], ["dtype", str(node.dtype)], *layer_fact(part.boxes)]
    facts += [["value", summary(labels.array(node))], ["gradient", gradient(node())]]
    label = labels.of(part)
    found = {"label": label, "title": labels.name(node) or "a value", "facts": facts}
    if creator is None:
        return look | found | ({"parameter": prod(node.shape)} if node in labels.paths else {})
    return look | found | {"sources": sources(record_of(creator))}


def box_facts(boxes: Boxes, name: str, labels: Labels) -> dict[str, Any]:
    """What the page shows of a call of a layer."""
    call, order = boxes[-1]
    label = labels.of_layer(boxes)
    facts = [["path", call.path or "the outermost"], ["call", str(call.number)], ["pass", passed(order)]]
    look = {"id": name, "fill": colours(order).function, "line": colours(order).line}
    return look | {"label": label, "title": " ".join(label), "facts": facts}


def layer_fact(boxes: Boxes) -> list[list[str]]:
    """In which layer something stands."""
    return [["layer", f"{boxes[-1][0].path} {boxes[-1][0].kind}".strip()]] if boxes else []


def settings(f: Any) -> list[list[str]]:
    """The parameters of a function that are short enough to read."""
    return [
        [name, repr(value)]
        for name, value in getattr(f, "__dict__", {}).items()
        if isinstance(value, (bool, int, float, str, tuple)) and len(repr(value)) < 60
    ]


def sources(record: Record | None) -> list[tuple[str, str]]:
    """The line of the program that made a function, and for a derivative the line that made its origin."""
    if record is None or record.source is None:
        return [("Made by", NOT_RECORDED)]
    found = [("Made by " + where(record.source), code(record.source))]
    origin = record.origin
    if origin is not None and origin.source is not None:
        found.append((f"In the derivative of {origin.kind}, made by {where(origin.source)}", code(origin.source)))
    return found


def where(source: Source) -> str:
    return f"{PurePath(source.file).name}, line {source.line}, in {source.function}"


def code(source: Source) -> str:
    return linecache.getline(source.file, source.line).strip() or "(the text of this line is not at hand)"


def gradient(x: Any) -> str:
    """The gradient of a Variable in one line."""
    if x is None:
        return "the Variable is gone"
    return "none" if x.grad is None else f"{summary(x.grad.value)}, norm {norm(x.grad.value):.4g}"


def summary(array: Any) -> str:
    """An array in one line: its numbers if they are few, otherwise their range and mean."""
    if array is None:
        return "gone: nothing needs it any more"
    if array.size <= SMALL:
        return written(array)
    x = to_numpy(array)
    if x.dtype.kind == "c":
        return f"norm {norm(x):.4g}"
    with np.errstate(all="ignore"):
        text = f"min {x.min():.4g}, mean {x.mean():.4g}, max {x.max():.4g}"
    bad = x.size - np.isfinite(x).sum()
    return text + (f", {bad} not finite" if bad else "")
