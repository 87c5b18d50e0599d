"""DeZero's pictures of graphs, drawn by `autograd.visualize`."""

from __future__ import annotations

import sys
from typing import Any

from autograd import visualize


def get_dot_graph(output: Any, verbose: bool = True) -> str:
    """The graph as DOT text: with the shapes and dtypes if `verbose`."""
    return visualize.to_dot(output, shapes=verbose, dtypes=verbose)


def plot_dot_graph(output: Any, verbose: bool = True, to_file: str = "graph.png", layer: Any = None) -> Any:
    """Draws the graph into a file; in a notebook the picture is the result."""
    path = visualize.plot(output, to_file, shapes=verbose, dtypes=verbose, layer=layer)
    if "IPython" in sys.modules and path.suffix == ".png":
        return sys.modules["IPython"].display.Image(filename=str(path))
    return None
