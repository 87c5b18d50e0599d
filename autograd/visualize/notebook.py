"""What a notebook shows of a Variable."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from autograd.visualize import render
from autograd.visualize.picture import to_dot, to_mermaid

__all__ = ["mimebundle"]

LIMIT = 200  # parts in the picture


def mimebundle(x: Any, include: Any = None, exclude: Any = None) -> dict[str, str]:
    """The text of `x` and its graph as SVG, DOT and Mermaid. The notebook takes the best that it can show.

    A format that fails is left out. So a notebook shows the value, and never an error in its place.
    """
    bundle = {"text/plain": object.__repr__(x)}
    with suppress(Exception):
        bundle["text/plain"] = repr(x)
    with suppress(Exception):
        if x.creator is not None:
            bundle["text/vnd.mermaid"] = to_mermaid(x, values=True, max_nodes=LIMIT)
            bundle["text/vnd.graphviz"] = text = to_dot(x, values=True, max_nodes=LIMIT)
            picture = render.render(text, "svg", timeout=5)
            if picture is not None:
                bundle["image/svg+xml"] = picture.decode()
    return bundle
