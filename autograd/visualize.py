"""Looking at graphs: `plot(y, "graph.svg")`, `to_dot(y)`, `to_mermaid(y)`, and `trace` for networks of layers.

A graph does not know which layer or which line of the program made a function. `tracing()` watches the program while it
runs, as a profiler does, with `sys.setprofile`: no function and no layer has a line of code for it, and outside of the
block it costs nothing.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from autograd.backend import is_array
from autograd.core import Function, Variable, as_variable
from autograd.drawing.notebook import mimebundle
from autograd.drawing.picture import plot, to_dot, to_graphviz, to_html, to_mermaid
from autograd.drawing.records import Call, Record, Source, named, paths, record_of, records
from autograd.layers.base import Layer, walk

__all__ = ["mimebundle", "plot", "to_dot", "to_graphviz", "to_html", "to_mermaid", "trace", "tracing"]

PACKAGE = str(Path(__file__).parent) + os.sep


@contextmanager
def tracing() -> Iterator[None]:
    """Inside the block, graphs remember for the picture which layer and which line of the program made what.

    >>> from autograd import Variable
    >>> x = Variable(2.0, name="x")
    >>> with tracing():
    ...     y = x * x

    Only the thread that opens the block is watched. It replaces a profiler that is at work (`sys.setprofile`) until the
    block is left; a debugger or a coverage tool is not disturbed.
    """
    before = sys.getprofile()
    sys.setprofile(Watch())
    try:
        yield
    finally:
        sys.setprofile(before)


def trace(function: Any, *xs: Any, **options: Any) -> Any:
    """`function(*xs, **options)`, watched: the picture of the result can be folded by layer.

    `plot(trace(model, x), "model.svg")` draws a network as boxes that are its layers. An array among the inputs becomes
    a Variable, so that the picture begins with it.
    """
    given = [as_variable(x) if is_array(x) else x for x in xs]
    named.update({x.node: "input" for x in given if isinstance(x, Variable) and x.node is not None})
    with tracing():
        return function(*given, **options)


class Watch:
    """The profiler: Python calls it at every call and return."""

    def __init__(self) -> None:
        self.open: list[tuple[FrameType, Layer, Call]] = []  # the calls of layers that have not returned
        self.counts: Counter[Layer] = Counter()
        self.paths: dict[int, str] = {}  # of the layers below the outermost one that is open, by id

    def __call__(self, frame: FrameType, event: str, arg: Any) -> None:
        if frame.f_code.co_name != "__call__":
            return
        if event == "call":
            this = frame.f_locals.get("self")
            if isinstance(this, Layer):
                self.enter(frame, this)
            elif isinstance(this, Function) and type(this).__weakrefoffset__:
                origin, source = above(frame.f_back)
                calls = tuple(dict.fromkeys([call for _, _, call in self.open])) if origin is None else origin.calls
                records[this] = Record(type(this).__name__, calls, origin, source)
                xs = [x for x in frame.f_locals.get("inputs", ()) if isinstance(x, Variable) and x.name]
                named.update({x.node: x.name for x in xs if x.node is not None})
        elif event == "return" and self.open and self.open[-1][0] is frame:
            self.leave()

    def enter(self, frame: FrameType, layer: Layer) -> None:
        """Opens a call of `layer`: the same once more where its `__call__` asks that of its base class."""
        if self.open and self.open[-1][1] is layer:
            call = self.open[-1][2]
        else:
            if not self.open:
                self.paths = {id(inner): path for path, inner in walk(layer, Layer)}
            self.counts[layer] += 1
            call = Call(self.paths.get(id(layer), ""), type(layer).__name__, self.counts[layer])
        self.open.append((frame, layer, call))

    def leave(self) -> None:
        """Closes the innermost call; after the outermost, all parameters have nodes, which are given their names."""
        layer = self.open.pop()[1]
        if not self.open:
            paths.update({p.node: path for path, p in layer.named_params() if p.node is not None})


def above(frame: FrameType | None) -> tuple[Record | None, Source | None]:
    """The record of the function whose backward runs above `frame`, and the line outside of the package above both."""
    origin = None
    while frame is not None:
        code = frame.f_code
        if code.co_name == "backward" and origin is None:
            this = frame.f_locals.get("self")
            origin = record_of(this) if isinstance(this, Function) else None
        if not code.co_filename.startswith(PACKAGE):
            return origin, Source(code.co_filename, frame.f_lineno, code.co_name)
        frame = frame.f_back
    return origin, None
