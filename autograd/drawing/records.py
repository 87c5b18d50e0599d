"""What a traced program leaves for the picture: where each function was called, and what the parameters are called.

`autograd.visualize.tracing` writes here. Records live as long as the functions and nodes that they are about.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias
from weakref import WeakKeyDictionary

Node: TypeAlias = Any  # the engine's: has creator, index, shape and dtype; called, it gives the Variable while it lives


@dataclass(frozen=True, eq=False, slots=True)
class Call:
    """One call of a layer. `number` counts the calls of the same layer in a trace, from 1."""

    path: str  # from the outermost layer, whose own is empty
    kind: str
    number: int


class Source(NamedTuple):
    """A line of the program."""

    file: str
    line: int
    function: str


class Record(NamedTuple):
    """The call of a function."""

    kind: str
    calls: tuple[Call, ...]  # of the layers around it, outermost first
    origin: Record | None  # of the function whose backward made this one; None in the forward computation
    source: Source | None  # the line outside of this package from which all that was called


records: WeakKeyDictionary[Any, Record] = WeakKeyDictionary()
paths: WeakKeyDictionary[Node, str] = WeakKeyDictionary()  # of parameters
named: WeakKeyDictionary[Node, str] = WeakKeyDictionary()  # the names that a trace has seen, of its inputs too


def record_of(f: Any) -> Record | None:
    """The record of a function, if it was traced."""
    return records.get(f) if type(f).__weakrefoffset__ else None


def calls(f: Any) -> tuple[Call, ...]:
    """The calls of layers around a function; of a function that a backward pass made, those around its origin."""
    record = record_of(f)
    return () if record is None else record.calls


def order(f: Any) -> int:
    """The backward pass that made a function, counted from 1; 0 in the forward computation."""
    return getattr(f, "order", 0)
