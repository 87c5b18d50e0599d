"""Graphs as pictures.

`plot(y, "graph.svg")` draws the graph of a Variable into a file. `to_dot`, `to_mermaid` and `to_html` give it as text.
`y.graph()`, a `Drawing`, shows it in a notebook.
`plot(trace(model, x), "model.svg")` draws a network with its layers as boxes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autograd.names import missing_name
from autograd.visualize.notebook import Drawing, mimebundle
from autograd.visualize.picture import plot, to_dot, to_graphviz, to_html, to_mermaid
from autograd.watch.tracing import trace, tracing

__all__ = ["Drawing", "mimebundle", "plot", "to_dot", "to_graphviz", "to_html", "to_mermaid", "trace", "tracing"]

if not TYPE_CHECKING:  # a type checker finds a missing name by itself

    def __getattr__(name: str) -> Any:
        """Raises the error for a missing name, which says what it is called here."""
        raise missing_name(__name__, name, __all__)
