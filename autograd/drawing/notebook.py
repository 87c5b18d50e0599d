"""What a notebook shows of a Variable that has a graph."""

from __future__ import annotations

from contextlib import suppress
from importlib import import_module
from typing import Any

LIMIT = 200  # parts in the picture


def mimebundle(x: Any, include: Any = None, exclude: Any = None) -> dict[str, str]:
    """The graph of `x` as SVG, DOT and Mermaid beside its text; the front end takes what it can show best.

    What goes wrong is left out: a notebook shows the value, and never an error in its place.
    """
    bundle = {"text/plain": object.__repr__(x)}
    with suppress(Exception):
        bundle["text/plain"] = repr(x)
    with suppress(Exception):
        if x.creator is not None:
            picture = import_module("autograd.drawing.picture")  # not at the top: every Variable knows this module, and
            render = import_module("autograd.drawing.render")  # a program that shows none need not wait for the rest
            bundle["text/vnd.mermaid"] = picture.to_mermaid(x, values=True, max_nodes=LIMIT)
            bundle["text/vnd.graphviz"] = text = picture.to_dot(x, values=True, max_nodes=LIMIT)
            drawn = render.render(text, "svg", timeout=5)
            if drawn is not None:
                bundle["image/svg+xml"] = drawn.decode()
    return bundle
