"""What a notebook shows: the numbers of a Variable, and its graph on request, `y.graph()`."""

from __future__ import annotations

from contextlib import suppress
from html import escape
from typing import Any

from autograd.visualize import render
from autograd.visualize.picture import to_dot, to_mermaid

__all__ = ["Drawing", "mimebundle"]

LIMIT = 200  # parts in the picture


def mimebundle(x: Any, include: Any = None, exclude: Any = None) -> dict[str, str]:
    """The text of `x`, and the same as HTML with a line on its dtype, its shape, and where it comes from.

    What fails is left out. So a notebook shows the value, and never an error in its place.
    """
    bundle = {"text/plain": object.__repr__(x)}
    with suppress(Exception):
        bundle["text/plain"] = repr(x)
    with suppress(Exception):
        line = f"{x.dtype} {x.shape}, {origin(x)}"
        bundle["text/html"] = f"<pre>{escape(bundle['text/plain'], quote=False)}</pre><small>{escape(line)}</small>"
    return bundle


def origin(x: Any) -> str:
    """Where a Variable comes from, and whether it has a graph."""
    if x.creator is not None:
        return f"made by {type(x.creator).__name__}: its graph is .graph()"
    return "a leaf" if x.node is not None and x.node.given else "without a graph"


class Drawing:
    """The picture of a graph: a notebook shows it, and `print` gives the DOT text. `plot` draws into a file.

    `y` is a Variable or a list of them. The options are those of `to_dot`; small arrays are shown, and at most
    `max_nodes` parts. It is drawn when it is made: what happens to the graph later does not change it.

    >>> from autograd import Variable
    >>> x = Variable(3.0, name="x")
    >>> "Mul" in str((x * 2).graph())
    True
    """

    def __init__(self, y: Any, *, values: bool = True, max_nodes: int | None = LIMIT, **options: Any) -> None:
        self.dot = to_dot(y, values=values, max_nodes=max_nodes, **options)
        self.mermaid = to_mermaid(y, values=values, max_nodes=max_nodes, **options)

    def __str__(self) -> str:
        return self.dot

    def __repr__(self) -> str:
        parts = self.dot.count(" [label=") - self.dot.count(" graph [label=")
        return f"<a picture of {parts} parts: a notebook shows it, visualize.plot(y, path) draws it into a file>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """The graph as SVG, DOT and Mermaid. The notebook takes the best that it can show."""
        bundle = {"text/plain": repr(self), "text/vnd.mermaid": self.mermaid, "text/vnd.graphviz": self.dot}
        with suppress(Exception):
            picture = render.render(self.dot, "svg", timeout=5)
            if picture is not None:
                bundle["image/svg+xml"] = picture.decode()
        return bundle
