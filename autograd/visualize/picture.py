"""From a Variable to a picture: `to_dot`, `to_mermaid`, `to_html`, and `plot` into a file."""

from __future__ import annotations

import gc
import os
import warnings
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from os import PathLike
from pathlib import Path
from typing import Any, TypeAlias

from autograd.checks import flag, whole
from autograd.engine import Node
from autograd.files import Picture, path_of_file
from autograd.layers.base import Layer, Parameter, named_objects
from autograd.names import with_advice
from autograd.variable import Variable
from autograd.visualize.graph import Graph, Scope, collapsed, graph_of, input_names, node_of, truncated
from autograd.visualize.labels import Labels, kept_arrays
from autograd.visualize.page import html
from autograd.visualize.reductions import reductions
from autograd.visualize.render import INSTALL, render, undrawn
from autograd.visualize.text import dot, mermaid

__all__ = ["plot", "to_dot", "to_graphviz", "to_html", "to_mermaid"]

Fold: TypeAlias = int | str | Collection[str] | None
OPTIONS = {"names", "shapes", "dtypes", "values", "gradients"}  # what a label can say


@with_advice
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
    layer: Layer | None = None,
    profile: Any = None,
) -> str:
    """The graph of a Variable, or of several, as DOT text: an ellipse for each value, a box for each function.

    The values show their names, their shapes or, of scalars that somebody holds, their numbers; on request also dtypes,
    small arrays, and the norms of their gradients. A small array that is gone is "not kept". A function shows the
    numbers among its inputs, as far as it or a trace keeps them. The colours tell the forward computation from the
    backward passes that were recorded. `max_nodes` limits the number of parts: the outputs and the parts nearest to
    them stay, the others become one box.

    A traced graph (`visualize.trace`) is folded by layer. `fold=1` shows the layers directly below the network as
    boxes, `fold=2` opens those, and `fold=None` opens all; `fold=["conv1"]` closes the layers with these paths only.
    Parameters have their paths as names there.

    Without a trace, a name is known as long as its Variable is alive, and an array that a network was called on is no
    part. Parameters have their paths there too, from `layer`, or from the outermost layer that is alive.

    `profile` adds the time of each function to its box, in a colour from white to red; a closed layer shows the sum
    of its functions. It is an object whose method `seconds(function)` returns a number, or None.

    Raises TypeError if y is not a Variable. Raises ValueError if `max_nodes` is below 1 or `fold` names no layer.

    >>> from autograd import Variable
    >>> x = Variable([1.0, 2.0], name="x")
    >>> print(to_dot(x * 2, shapes=False))  # doctest: +ELLIPSIS
    digraph {
      ...
      v0 [label="x", ...
      v0 -> f0
      f0 -> v1
    }
    """
    shown = {"names": names, "shapes": shapes, "dtypes": dtypes, "values": values, "gradients": gradients}
    return dot(*folded(y, max_nodes, fold, layer, profile, shown))


def to_mermaid(
    y: Any,
    *,
    max_nodes: int | None = None,
    fold: Fold = 1,
    layer: Layer | None = None,
    profile: Any = None,
    **shown: bool,
) -> str:
    """The same graph as text for Mermaid, which code hosts and notebooks draw. The options are those of `to_dot`."""
    return mermaid(*folded(y, max_nodes, fold, layer, profile, shown))


def to_html(
    y: Any,
    *,
    max_nodes: int | None = 3000,
    fold: Fold = 1,
    layer: Layer | None = None,
    profile: Any = None,
    **shown: bool,
) -> str:
    """The same graph as an interactive page, where layers open and close. The options are those of `to_dot`."""
    size = size_of(max_nodes)
    graph, labels = labelled(y, layer, profile, shown, size)
    return html(truncated(graph, size), labels, closing(fold, graph))


def to_graphviz(y: Any, **options: Any) -> Any:
    """The same graph as a `graphviz.Source`, for programs that use that package. The options are those of `to_dot`."""
    try:
        import graphviz
    except ImportError as error:
        raise RuntimeError("to_graphviz needs the package graphviz: pip install graphviz") from error
    return graphviz.Source(to_dot(y, **options))


def plot(y: Any, path: str | PathLike[str], *, max_nodes: int | None = 3000, **options: Any) -> Path:
    """Draws the graph of a Variable, or of several, into a file. Returns the path, which a notebook shows as a picture.

    Its ending says what is written:

    `.svg .png .pdf`  a picture, by the first renderer found: Graphviz's `dot`, graphviz-pure, or pygraphviz
    `.html`           one page that needs nothing else: pan, zoom, open and close layers, click a part to see more
    `.dot .gv .mmd`   the text of `to_dot` or `to_mermaid`

    The options are those of `to_dot`. Without a renderer the DOT text is written instead, and a warning says what to
    install. graphviz-pure writes no PDF. Its PNG have no Japanese letters, and a warning names them.
    Raises ValueError for another ending. Raises FileNotFoundError or PermissionError if the folder does not exist or is
    not writable, and RuntimeError with the renderer's message if that fails.
    """
    target: Path = Picture(path_of_file(path))
    if not target.parent.is_dir():
        raise FileNotFoundError(f"path must be in a folder that exists, not in {str(target.parent)!r}: make it first")
    if not os.access(target.parent, os.W_OK):
        raise PermissionError(
            f"path must be in a writable folder, not in {str(target.parent)!r}: choose another folder"
        )
    form = target.suffix.lower().removeprefix(".")
    if form in TEXTS:
        target.write_text(TEXTS[form](y, max_nodes=max_nodes, **options), encoding="utf-8")
        return target
    if form not in ("svg", "png", "pdf"):
        endings = " ".join([f".{known}" for known in ("svg", "png", "pdf", *TEXTS)])
        raise ValueError(f"path must end in one of {endings}, not {target.name!r}")
    text = to_dot(y, max_nodes=max_nodes, **options)
    picture = render(text, form)
    if picture is None:
        beside = target.with_suffix(".dot")
        target = target.with_name(target.name + ".dot") if beside.exists() else beside  # overwrites no other text
        target.write_text(text, encoding="utf-8")
        warnings.warn(f"no renderer for .{form}, {target} was written instead: {INSTALL}", stacklevel=2)
    else:
        target.write_bytes(picture)
        if letters := undrawn(text, form):
            warnings.warn(f"{target.name} shows boxes in place of {letters[:20]!r}: write .svg or .html", stacklevel=2)
    return target


TEXTS = {"dot": to_dot, "gv": to_dot, "mmd": to_mermaid, "html": to_html}


def folded(
    y: Any, max_nodes: int | None, fold: Fold, layer: Layer | None, profile: Any, shown: dict[str, bool]
) -> tuple[Graph, Labels]:
    """The graph of `y` with closed layers, cut to a size, and its labels."""
    size = size_of(max_nodes)
    graph, labels = labelled(y, layer, profile, shown, size)
    return truncated(collapsed(graph, closing(fold, graph)), size), labels


def labelled(
    y: Any, layer: Layer | None, profile: Any, shown: dict[str, bool], size: int | None
) -> tuple[Graph, Labels]:
    """The graph of `y` before layers are closed, and its labels. Of a large graph, four times what is shown."""
    ys = list(y) if isinstance(y, (list, tuple)) else [y]
    for x in ys:
        if not isinstance(x, Variable):
            hint = ": call it first, as in plot(trace(layer, x), path)" if isinstance(x, Layer) else ""
            raise TypeError(f"y must be a Variable or a list of Variables, not {type(x).__name__}{hint}")
    if layer is not None and not isinstance(layer, Layer):
        raise TypeError(f"layer must be a Layer or None, not {type(layer).__name__}")
    if not shown.keys() <= OPTIONS:
        unknown = ", ".join(sorted(shown.keys() - OPTIONS))
        known = ", ".join(["max_nodes, fold, layer, profile", *sorted(OPTIONS)])
        raise TypeError(f"an option must be one of {known}, not {unknown}")
    shown = {option: flag(option, value) for option, value in shown.items()}
    graph = graph_of([node_of(x) for x in ys], None if size is None else 4 * size + 100)
    functions = [part for part in graph.parts if part.kind == "function"]
    for part in functions if profile is not None else ():
        part.seconds = profile.seconds(part.item)
    names, paths = input_names([part.item for part in functions])
    if layer is not None:
        paths = {p.node: path for path, p in layer.named_params() if p.node is not None} or paths
    paths = found_paths([part.item for part in graph.parts if part.kind == "value"], paths) | paths
    kept = kept_arrays([part.item for part in functions])
    return reductions(graph), Labels(**shown, traced=names, paths=paths, kept=kept)


def found_paths(nodes: list[Node], known: Mapping[Node, str]) -> dict[Node, str]:
    """The paths of Parameters that no trace has told, from the outermost layers that are alive.

    The class of the layer stands in front where there are several of them.
    """
    waiting = {id(x): node for node in nodes if node not in known and isinstance(x := node(), Parameter)}
    if not waiting:
        return {}
    layers = [x for x in gc.get_objects() if issubclass(type(x), Layer) and vars(x)]
    below: dict[int, list[tuple[str, Any]]] = {}
    for layer in layers:
        with suppress(Exception):  # a layer that is being made, or holds a set of others
            below[id(layer)] = list(named_objects(layer, (Layer, Parameter)))
    inner = {id(x) for found in below.values() for path, x in found if path}
    roots = [layer for layer in layers if id(layer) in below and id(layer) not in inner]
    owned = [(root, [(path, x) for path, x in below[id(root)] if id(x) in waiting]) for root in roots]
    owned = [(root, found) for root, found in owned if found]
    lead = [f"{type(root).__name__}." if len(owned) > 1 else "" for root, _ in owned]
    return {waiting[id(x)]: start + path for start, (_, found) in zip(lead, owned) for path, x in found}


def closing(fold: Fold, graph: Graph) -> Callable[[Scope], bool]:
    """The condition for a closed layer: it is deep enough, or `fold` names its path."""
    if fold is None or fold is False:
        return lambda scope: False
    if isinstance(fold, int) and fold >= 0:
        return lambda scope: len(scope) > fold
    given: list[Any] = [fold] if isinstance(fold, str) else list(fold) if isinstance(fold, Collection) else [None]
    if not all(isinstance(path, str) for path in given):
        raise TypeError(f"fold must be a depth from 0, a path of a layer or several, or None, not {fold!r}")
    paths = set(given)
    known = {call.path for part in graph.parts for call, _ in part.scope}
    if not paths <= known:
        there = ", ".join(sorted(known - {""})) or "none, for it was not traced: plot(trace(model, x), path)"
        raise ValueError(f"fold must name layers of this graph, not {sorted(paths - known)}; its layers are {there}")
    return lambda scope: scope[-1][0].path in paths


def size_of(max_nodes: int | None) -> int | None:
    """`max_nodes` as an int, or None for all parts."""
    return None if max_nodes is None else whole("max_nodes", max_nodes)
