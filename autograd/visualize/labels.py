"""The labels of the parts: lines of plain text. Each format escapes them in its own way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograd.backend import to_numpy
from autograd.engine import Node
from autograd.visualize.graph import Part, Scope

__all__: list[str] = []

FEW = 8  # an array of at most so many elements is written in full
PASSES = ("forward", "first backward", "second backward", "third backward")


@dataclass(slots=True)
class Labels:
    """What the labels say, and where it comes from."""

    names: bool = True
    shapes: bool = True
    dtypes: bool = False
    values: bool = False
    gradients: bool = False
    traced: Mapping[Node, str] = field(default_factory=dict)  # names of values whose Variables may be gone
    paths: Mapping[Node, str] = field(default_factory=dict)  # of Parameters
    kept: Mapping[Node, Any] = field(default_factory=dict)  # arrays of values whose Variables may be gone

    def of(self, part: Part) -> list[str]:
        """The lines of a part; the last one is its time, if there is a profile."""
        if part.kind == "value":
            return self.of_value(part.item)
        time = [] if part.seconds is None else [duration(part.seconds)]
        if part.kind == "function":
            return self.of_function(part.item) + time
        return (self.of_layer(part.scope) if part.kind == "layer" else [f"… {part.item} more"]) + time

    def of_function(self, f: Any) -> list[str]:
        """Its class; with `values` also small constants among the inputs that it keeps."""
        constants = [x for node, x in zip(f.parents, getattr(f, "arrays", ())) if node is None and self.values]
        return [type(f).__name__] + [formatted(x) for x in constants if np.size(x) <= FEW]

    def of_value(self, node: Node) -> list[str]:
        """The name, the shape and so on, as far as they are asked for."""
        x = node()
        lines = []
        if self.names:
            lines.append(self.name(node))
        shape = [str(node.shape)] if self.shapes and node.shape else []
        lines.append(" ".join(shape + [str(node.dtype)] * self.dtypes))
        array = self.array(node)
        if self.values and array is not None and array.size <= FEW:
            lines.append(formatted(array))
        if self.gradients and x is not None and x.grad is not None:
            lines.append(f"|grad| = {norm(x.grad.value):.4g}")
        return [printable(line) for line in lines if line]

    def of_layer(self, scope: Scope) -> list[str]:
        """The path of a layer below the layer around it, its class, the number of the call, and the pass."""
        call, number = scope[-1]
        around = scope[-2][0].path + "." if len(scope) > 1 and scope[-2][0].path else ""
        kind = f"{call.kind} (call {call.number})" if call.number > 1 else call.kind
        lines = (call.path.removeprefix(around), kind, pass_name(number) if number else "")
        return [printable(line) for line in lines if line]

    def name(self, node: Node) -> str:
        """The name of its Variable, the path of a Parameter, or the name that was traced."""
        x = node()
        return str((None if x is None else x.name) or self.paths.get(node) or self.traced.get(node, ""))

    def array(self, node: Node) -> Any:
        """The array of the Variable, or the one that a function keeps if the Variable is gone. None if both are."""
        x = node()
        return self.kept.get(node) if x is None else x.value


def printable(line: str) -> str:
    """One line of at most 60 characters. Control characters and lone surrogates are replaced."""
    line = "".join([c if c.isprintable() else " " if c.isspace() else "\ufffd" for c in line])
    return line if len(line) <= 60 else line[:59] + "…"


def pass_name(number: int) -> str:
    """`forward`, `first backward`, and so on."""
    return PASSES[number] if number < len(PASSES) else f"{number}th backward"


def formatted(array: Any) -> str:
    """A small array in four digits, on one line."""
    return " ".join(np.array2string(to_numpy(array), precision=4, separator=", ", suppress_small=True).split())


def norm(array: Any) -> float:
    """The Euclidean norm."""
    return float(np.linalg.norm(to_numpy(array).ravel()))


def duration(seconds: float) -> str:
    """A time in two digits: `1.2 ms`."""
    unit, size = next(((u, s) for u, s in (("s", 1.0), ("ms", 1e-3)) if seconds >= s), ("µs", 1e-6))
    return f"{float(f'{seconds / size:.2g}'):g} {unit}"


def kept_arrays(functions: Iterable[Any]) -> dict[Node, Any]:
    """The arrays that functions keep for their derivatives, by node."""
    found: dict[Node, Any] = {}
    for f in functions:
        if f.keeps_inputs:
            found |= {node: array for node, array in zip(f.parents, f.arrays) if node is not None}
        if f.keeps_outputs:
            found |= {node: array for node, array in zip(f.output_nodes(), f.kept) if node is not None}
    return found
