"""From a Variable to a picture: `to_dot`, `to_mermaid`, and `plot` into a file."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Collection
from numbers import Integral
from os import PathLike, fspath
from pathlib import Path
from typing import Any, TypeAlias

from .graph import Boxes, Graph, folded, graph_of, limited, node_of
from .labels import Labels, kept_arrays
from .page import html
from .records import paths
from .render import INSTALL, render
from .text import dot, mermaid

Fold: TypeAlias = int | str | Collection[str] | None
OPTIONS = {"names", "shapes", "dtypes", "values", "gradients"}  # what a label can say


def to_dot(
    y: Any,
    *,
    names: bool = True,
    shapes: bool = True,
    dtypes: bool = False,
    values: bool = False,
    gradients: bool = False,
    max_nodes: int | None = None,
    fold: Fold = 1,
    layer: Any = None,
) -> str:
    """The graph of a Variable, or of several, as DOT text: ellipses for values, boxes for functions, each once.

    The values say their names, their shapes (not of scalars) and, if asked, dtypes, the numbers in small arrays, and
    the norms of their gradients. Colours tell the forward computation from the backward passes that were recorded.
    `max_nodes` draws that many parts at most: the outputs, what is nearest to them, and the others as one box.

    A traced graph (`visualize.trace`) is folded by layer: `fold=1` shows the layers directly below the network as
    boxes, `fold=2` opens those, `fold=None` all; `fold=["conv1"]` closes the layers with these paths only. There the
    input of a network is a part too, and parameters have their paths for names.

    Without a trace a name is there as long as its Variable is alive: it is gone with the local `x` of a function that
    has returned. An array that was given to a network is a constant, and no part; `layer` names the parameters.

    Raises TypeError for what is not a Variable, ValueError for a `max_nodes` below 1 or a layer that is not there.

    >>> from autograd import Variable
    >>> x = Variable(1.0, name="x")
    >>> print(to_dot(x * 2))  # doctest: +ELLIPSIS
    digraph {
      ...
      v0 [label="x", ...
      v0 -> f0
      f0 -> v1
    }
    """
    shown = {"names": names, "shapes": shapes, "dtypes": dtypes, "values": values, "gradients": gradients}
    graph, labels = prepared(y, layer, shown)
    return dot(limited(folded(graph, closing(fold, graph)), size(max_nodes)), labels)


def to_mermaid(y: Any, *, max_nodes: int | None = None, fold: Fold = 1, layer: Any = None, **shown: bool) -> str:
    """The same graph as text for Mermaid, which code hosts and notebooks draw by themselves. Options as in `to_dot`."""
    graph, labels = prepared(y, layer, shown)
    return mermaid(limited(folded(graph, closing(fold, graph)), size(max_nodes)), labels)


def to_html(y: Any, *, max_nodes: int | None = 3000, fold: Fold = 1, layer: Any = None, **shown: bool) -> str:
    """The same graph as an interactive page, `fold` and all other layers to be opened there. Options as in `to_dot`."""
    graph, labels = prepared(y, layer, shown)
    return html(limited(graph, size(max_nodes)), labels, closing(fold, graph))


def to_graphviz(y: Any, **options: Any) -> Any:
    """The same graph as a `graphviz.Source`, for programs that go on with that package. Options as in `to_dot`."""
    try:
        import graphviz
    except ImportError as error:
        raise RuntimeError("to_graphviz needs the package graphviz: pip install graphviz") from error
    return graphviz.Source(to_dot(y, **options))


def plot(y: Any, path: str | PathLike[str], *, max_nodes: int | None = 3000, **options: Any) -> Path:
    """Draws the graph of a Variable, or of several, into a file, and returns its path. The ending says what is written:

    `.svg .png .pdf`  a picture, by the renderer that is there: Graphviz's `dot`, graphviz-pure, or pygraphviz
    `.html`           one page that needs nothing else: pan, zoom, open and close layers, click a part to see more
    `.dot .gv .mmd`   the text of `to_dot` or `to_mermaid`

    The options are those of `to_dot`. Without a renderer the text is written as `.dot` instead, and a warning says what
    to install. graphviz-pure writes no PDF, and in a PNG no Japanese letters: take SVG for names with them.
    Raises ValueError for another ending, FileNotFoundError or PermissionError if there is no folder to write into,
    RuntimeError with its message if the renderer fails.
    """
    target = Path(fspath(path))
    if not target.parent.is_dir():
        raise FileNotFoundError(f"plot writes into a folder that is there, not {str(target.parent)!r}: make it first")
    if not os.access(target.parent, os.W_OK):
        raise PermissionError(f"plot may not write into {str(target.parent)!r}: choose another folder")
    form = target.suffix.lower().removeprefix(".")
    if form in TEXTS:
        target.write_text(TEXTS[form](y, max_nodes=max_nodes, **options), encoding="utf-8")
        return target
    if form not in ("svg", "png", "pdf"):
        endings = " ".join([f".{known}" for known in ("svg", "png", "pdf", *TEXTS)])
        raise ValueError(f"plot writes {endings}, not {target.name!r}")
    text = to_dot(y, max_nodes=max_nodes, **options)
    picture = render(text, form)
    if picture is None:
        beside = target.with_suffix(".dot")
        target = target.with_name(target.name + ".dot") if beside.exists() else beside  # overwrites nobody's text
        target.write_text(text, encoding="utf-8")
        warnings.warn(f"no renderer for .{form}, {target} was written instead: {INSTALL}", stacklevel=2)
    else:
        target.write_bytes(picture)
    return target


TEXTS = {"dot": to_dot, "gv": to_dot, "mmd": to_mermaid, "html": to_html}


def prepared(y: Any, layer: Any, shown: dict[str, bool]) -> tuple[Graph, Labels]:
    """The complete graph of `y`, and what its labels need. Checks what was given."""
    ys = list(y) if isinstance(y, (list, tuple)) else [y]
    for x in ys:
        if not hasattr(x, "node"):
            hint = ": a layer has one once it is called, as in plot(trace(layer, x), path)" if is_layer(x) else ""
            raise TypeError(f"only a Variable, or a list of them, has a graph to draw, not {type(x).__name__}{hint}")
    if layer is not None and not is_layer(layer):
        raise TypeError(f"layer is the Layer whose parameters have names, or None, not {type(layer).__name__}")
    if not shown.keys() <= OPTIONS:
        unknown = ", ".join(sorted(shown.keys() - OPTIONS))
        raise TypeError(f"no option {unknown}: there are max_nodes, fold, layer, {', '.join(sorted(OPTIONS))}")
    named = {} if layer is None else {p.node: path for path, p in layer.named_params() if p.node is not None}
    graph = graph_of([node_of(x) for x in ys], paths)
    kept = kept_arrays([part.item for part in graph.parts if part.kind == "function"])
    return graph, Labels(**shown, paths=named or paths, kept=kept)


def is_layer(x: Any) -> bool:
    return hasattr(x, "named_params") and not isinstance(x, type)


def closing(fold: Fold, graph: Graph) -> Callable[[Boxes], bool]:
    """Which layers are closed: those deep enough, or those that are named. Checks what was given."""
    if fold is None or fold is False:
        return lambda boxes: False
    if isinstance(fold, int) and fold >= 0:
        return lambda boxes: len(boxes) > fold
    names: set[Any] = {fold} if isinstance(fold, str) else set(fold) if isinstance(fold, Collection) else {None}
    if not all(isinstance(name, str) for name in names):
        raise TypeError(f"fold is a depth from 0, a path of a layer or several, or None, not {fold!r}")
    known = {call.path for part in graph.parts for call, _ in part.boxes}
    if not names <= known:
        there = ", ".join(sorted(known - {""})) or "none, for it was not traced: plot(trace(model, x), path)"
        raise ValueError(f"fold names {sorted(names - known)}, but the layers in this graph are {there}")
    return lambda boxes: boxes[-1][0].path in names


def size(max_nodes: int | None) -> int | None:
    """`max_nodes`, checked."""
    if max_nodes is not None and not isinstance(max_nodes, Integral):
        raise TypeError(f"max_nodes is a whole number, or None for all, not {max_nodes!r}")
    if max_nodes is not None and max_nodes < 1:
        raise ValueError(f"max_nodes must be at least 1, or None for all, not {max_nodes}")
    return max_nodes
