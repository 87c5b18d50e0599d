"""Where the program is: the layers whose calls are open, and the line of the user's program that is running."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from types import FrameType
from typing import Any, NamedTuple

from autograd.config import Watcher
from autograd.layers.base import Layer, Parameter, named_objects

__all__ = ["PACKAGE", "Call", "Locator", "Source", "source_line"]

PACKAGE = str(Path(__file__).parents[1]) + os.sep


@dataclass(frozen=True, eq=False, slots=True)
class Call:
    """One call of a layer. `number` counts the calls of the same layer, from 1."""

    path: str  # from the outermost layer, whose own path is empty
    kind: str
    number: int

    def __str__(self) -> str:
        return f"{self.path} {self.kind}".strip()


class Source(NamedTuple):
    """A line of a program."""

    file: str
    line: int
    function: str

    def __str__(self) -> str:
        return f"{PurePath(self.file).name}, line {self.line}, in {self.function}"


def source_line() -> Source | None:
    """The line that is running: the innermost one outside of this package."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(PACKAGE):
        frame = frame.f_back
    return None if frame is None else Source(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name)


class Locator(Watcher):
    """A Watcher that knows which calls of layers are open: `calls`, the outermost first."""

    def __init__(self) -> None:
        self.calls: tuple[Call, ...] = ()
        self.counts: dict[int, tuple[Layer, int]] = {}  # calls of each layer, by id; the layer keeps its id while here
        self.outermost: Layer | None = None  # of the calls that are open, or of the last ones
        self.paths: dict[int, str] = {}  # of the layers and Parameters below it, by id

    def layer(self, layer: Any, xs: Sequence[Any], options: Mapping[str, Any]) -> Any:
        """Opens a call of the layer, and closes it after an error too."""
        around = self.calls
        if not around:
            self.outermost, self.paths = layer, {}
        number = self.counts.get(id(layer), (layer, 0))[1] + 1
        self.counts[id(layer)] = layer, number
        self.calls = (*around, Call(self.path(layer), type(layer).__name__, number))
        try:
            return super().layer(layer, xs, options)
        finally:
            self.calls = around

    def path(self, x: Any) -> str:
        """The path of a layer or a Parameter from the outermost layer; empty for one that is not below it."""
        if id(x) not in self.paths and self.outermost is not None:  # new since the last search, or not below
            found = named_objects(self.outermost, (Layer, Parameter))
            self.paths.update([(id(y), path) for path, y in found])
        return self.paths.setdefault(id(x), "")
