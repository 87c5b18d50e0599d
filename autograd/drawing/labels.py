"""What is written into the parts of a picture: lines of plain text, which each format escapes in its own way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograd.backend import to_numpy

from .graph import Boxes, Part
from .records import Node, named

SMALL = 8  # elements of an array whose values are written
PASSES = ("forward", "first backward", "second backward", "third backward")


@dataclass(slots=True)
class Labels:
    """Which lines a part gets, and what they are taken from."""

    names: bool = True
    shapes: bool = True
    dtypes: bool = False
    values: bool = False
    gradients: bool = False
    paths: Mapping[Node, str] = field(default_factory=dict)  # of parameters
    kept: Mapping[Node, Any] = field(default_factory=dict)  # arrays whose Variables are gone

    def of(self, part: Part) -> list[str]:
        if part.kind == "value":
            return self.of_value(part.item)
        if part.kind == "function":
            return self.of_function(part.item)
        return self.of_layer(part.boxes) if part.kind == "layer" else [f"… {part.item} more"]

    def of_function(self, f: Any) -> list[str]:
        """Its class; with `values` also the constants among its inputs, as far as it keeps them."""
        constants = [x for node, x in zip(f.parents, getattr(f, "arrays", ())) if node is None and self.values]
        return [type(f).__name__] + [written(x) for x in constants if np.size(x) <= SMALL]

    def of_value(self, node: Node) -> list[str]:
        x = node()
        lines = []
        if self.names:
            lines.append(self.name(node))
        shape = [str(node.shape)] if self.shapes and node.shape else []
        lines.append(" ".join(shape + [str(node.dtype)] * self.dtypes))
        array = self.array(node)
        if self.values and array is not None and array.size <= SMALL:
            lines.append(written(array))
        if self.gradients and x is not None and x.grad is not None:
            lines.append(f"|grad| = {norm(x.grad.value):.4g}")
        return [clean(line) for line in lines if line]

    def of_layer(self, boxes: Boxes) -> list[str]:
        """The path of a layer below the one around it, its class, and what tells its calls apart."""
        call, order = boxes[-1]
        around = boxes[-2][0].path + "." if len(boxes) > 1 and boxes[-2][0].path else ""
        kind = f"{call.kind} (call {call.number})" if call.number > 1 else call.kind
        return [clean(line) for line in (call.path.removeprefix(around), kind, order and passed(order)) if line]

    def name(self, node: Node) -> str:
        x = node()
        return str((None if x is None else x.name) or self.paths.get(node) or named.get(node, ""))

    def array(self, node: Node) -> Any:
        """The array of a value: of its Variable or, if that is gone, as a function kept it; None if it is gone too."""
        x = node()
        return self.kept.get(node) if x is None else x.value


def clean(line: str) -> str:
    """One line of at most 60 characters that every kind of file may hold: no control characters, no half characters."""
    line = "".join([c if c.isprintable() else " " if c.isspace() else "\ufffd" for c in line])
    return line if len(line) <= 60 else line[:59] + "…"


def passed(order: int) -> str:
    """The name of a pass."""
    return PASSES[order] if order < len(PASSES) else f"{order}th backward"


def written(array: Any) -> str:
    """A small array in four digits, on one line."""
    return " ".join(np.array2string(to_numpy(array), precision=4, separator=", ", suppress_small=True).split())


def norm(array: Any) -> float:
    """The Euclidean norm."""
    return float(np.linalg.norm(to_numpy(array).ravel()))


def kept_arrays(functions: Iterable[Any]) -> dict[Node, Any]:
    """The arrays that functions keep for their derivatives, by node."""
    found: dict[Node, Any] = {}
    for f in functions:
        found |= {node: array for node, array in zip(f.parents, getattr(f, "arrays", ())) if node is not None}
        outputs = [(weak(), array) for weak, array in getattr(f, "kept", ())]
        found |= {node: array for node, array in outputs if node is not None}
    return found
