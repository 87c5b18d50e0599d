"""What a notebook shows of a Variable that has a graph."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

LIMIT = 200  # parts in the picture


def mimebundle(x: Any, include: Any = None, exclude: Any = None) -> dict[str, str]:
    """The graph of `x` as SVG, DOT and Mermaid beside its text; the front end takes what it can show best.

    What goes wrong is left out: a notebook shows the value, and never an error in its place.
    """
    bundle = {"text/plain": repr(x)}
    with suppress(Exception):
        if x.creator is not None:
            from .picture import to_dot, to_mermaid  # only here: a program that shows nothing need not wait for it
            from .render import render

            bundle["text/vnd.mermaid"] = to_mermaid(x, values=True, max_nodes=LIMIT)
            bundle["text/vnd.graphviz"] = text = to_dot(x, values=True, max_nodes=LIMIT)
            picture = render(text, "svg", timeout=10)
            if picture is not None:
                bundle["image/svg+xml"] = picture.decode()
    return bundle
