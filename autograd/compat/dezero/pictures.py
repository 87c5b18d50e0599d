"""The pictures of graphs of `dezero.utils`, drawn by `autograd.visualize`."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Any

from autograd import visualize

__all__ = ["get_dot_graph", "plot_dot_graph"]


def get_dot_graph(output: Any, verbose: bool = True) -> str:
    """The graph as DOT text. With `verbose`, it shows shapes and dtypes."""
    return visualize.to_dot(output, shapes=verbose, dtypes=verbose)


def plot_dot_graph(output: Any, verbose: bool = True, to_file: str = "graph.png", layer: Any = None) -> Any:
    """Draws the graph into a file. Returns the picture in a notebook.

    The script continues if the renderer fails, as with DeZero: a warning says so, and the DOT text is written instead.
    """
    try:
        path = visualize.plot(output, to_file, shapes=verbose, dtypes=verbose, layer=layer)
    except RuntimeError as error:  # the renderer failed
        path = visualize.plot(output, Path(to_file).with_suffix(".dot"), shapes=verbose, dtypes=verbose, layer=layer)
        warnings.warn(f"{to_file} could not be drawn, {path} was written instead: {error}", stacklevel=2)
    if "IPython" in sys.modules and path.suffix == ".png":
        return sys.modules["IPython"].display.Image(filename=str(path))
    return None
