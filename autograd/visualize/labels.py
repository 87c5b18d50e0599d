"""The labels of the parts: lines of plain text. Each format escapes them in its own way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Any
from weakref import ref

import numpy as np

from autograd.backend import to_numpy
from autograd.engine import Node
from autograd.visualize.graph import Part, Scope
from autograd.watch.tracing import record_of

__all__: list[str] = []

FEW = 8  # an array of at most so many elements is written in full
ORDINALS = {1: "st", 2: "nd", 3: "rd"}


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
            return self.of_function(part) + time
        return (self.of_layer(part.scope) if part.kind == "layer" else [f"… {part.item} more"]) + time

    def of_function(self, part: Part) -> list[str]:
        """Its class and the constant numbers that it, or a trace, keeps; with `values` also small constant arrays."""
        f, most = part.item, FEW if self.values else 1
        if part.title:
            return [part.title]
        record = record_of(f)
        constants: Iterable[Any] = () if record is None else record.numbers
        if hasattr(f, "arrays"):
            constants = [held(x) for node, x in zip(f.parents, f.arrays) if node is None and held(x) is not None]
        return [type(f).__name__] + [formatted(x) for x in constants if np.size(x) <= most]

    def of_value(self, node: Node) -> list[str]:
        """The name, the shape and so on, as far as they are asked for, and the number of a scalar that is alive."""
        x = node()
        lines, n = [], prod(node.shape)
        if self.names:
            lines.append(self.name(node))
        shape = [str(node.shape)] if self.shapes and node.shape else []
        lines.append(" ".join(shape + [str(node.dtype)] * self.dtypes))
        array = self.array(node) if self.values else x.value if x is not None else None
        if array is not None and (n <= FEW if self.values else n == 1):
            lines.append(formatted(array))
        elif array is None and self.values and n <= FEW:
            lines.append("not kept")
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
        """The name of its Variable, the path of a Parameter, which may end in its name, or the name that was traced."""
        x, path = node(), self.paths.get(node, "")
        name = "" if x is None else x.name or ""
        return str((path if path.endswith("." + name) else name) or path or self.traced.get(node, ""))

    def array(self, node: Node) -> Any:
        """The array of the Variable, or the one that a function keeps if the Variable is gone. None if both are."""
        x = node()
        return self.kept.get(node) if x is None else x.value


def printable(line: str) -> str:
    """One line of at most 60 characters. Control characters and lone surrogates are replaced."""
    line = "".join([c if c.isprintable() else " " if c.isspace() else "\ufffd" for c in line])
    return line if len(line) <= 60 else line[:59] + "…"


def pass_name(number: int) -> str:
    """`forward`, `1st backward`, `2nd backward`, and so on."""
    ending = "th" if number // 10 % 10 == 1 else ORDINALS.get(number % 10, "th")
    return f"{number}{ending} backward" if number else "forward"


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
            found |= {node: held(array) for node, array in zip(f.parents, f.arrays) if node is not None}
        if f.keeps_outputs:
            found |= {node: held(array) for node, array in zip(f.output_nodes(), f.kept) if node is not None}
    return found


def held(array: Any) -> Any:
    """What a function keeps; None for an array that it has let go after its backward pass, and that nobody else has."""
    return array() if isinstance(array, ref) else array
