"""Sums and means as one part each, where the graph has several functions for them.

The sum over an axis is SumTo, which leaves an axis of 1, and Reshape, which takes it away. A mean is Div too.
"""

from __future__ import annotations

from math import prod
from typing import Any

from autograd.algebra import Div, Reshape, SumTo
from autograd.visualize.graph import Graph, Part, contracted

__all__: list[str] = []

ABOUT = {"Sum": "y = sum of x over axes", "Mean": "y = sum of x over axes / how many there are"}


def reductions(graph: Graph) -> Graph:
    """The graph with one part for each sum and each mean. A value between that somebody holds keeps them apart."""
    users: dict[Part, list[Part]] = {}
    for a, b in graph.edges:
        users.setdefault(a, []).append(b)
    shown = {part: part for part in graph.parts}
    for part in graph.parts:
        if part.kind == "function" and type(part.item) is SumTo:
            title, chain = chain_of(part, users, graph.outputs)
            last = chain[-1]
            whole = Part("function", last.item, part.scope, last.rank, part.pass_number, title=title)
            shown |= dict.fromkeys(chain, whole)
    return contracted(graph, shown)


def chain_of(part: Part, users: dict[Part, list[Part]], outputs: list[Part]) -> tuple[str, list[Part]]:
    """The name of a reduction that begins with a SumTo, and its parts: functions and the values between them."""
    f, chain = part.item, [part]
    title = "SumTo" if part.pass_number or len(f.shape) < len(f.parents[0].shape) else "Sum"

    def following() -> list[Part]:
        """The value and the function that come next, if nobody else sees the value."""
        (value,) = users[chain[-1]]
        after = users.get(value, [])
        hidden = value not in outputs and value.item() is None and len(after) == 1
        return [value, *after] if hidden and place(after[0]) == place(part) else []

    after = following()
    if after and type(after[1].item) is Reshape and sizes(f.shape) == sizes(after[1].item.shape):
        title, chain = "Sum", chain + after
        after = following()
    if after and title == "Sum" and divides(after[1].item, prod(f.parents[0].shape) / max(prod(f.shape), 1)):
        title, chain = "Mean", chain + after
    return title, chain


def place(part: Part) -> Any:
    """The layers and the pass of a part."""
    return part.scope, part.pass_number


def sizes(shape: Any) -> list[int]:
    """The sizes of the axes that are longer than 1. Reshape may have been told its shape as a number."""
    return [n for n in (shape if isinstance(shape, tuple) else (shape,)) if n != 1]


def divides(f: Any, n: float) -> bool:
    """Is it a division by the number n?"""
    return type(f) is Div and f.parents[0] is not None and f.parents[1] is None and f.arrays[1] == n
