"""Batches that are no DataLoader's, of which each rank takes its part."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from autograd.backend import Array
from autograd.data.columns import mapped

if TYPE_CHECKING:
    from autograd.distributed.group import Group

__all__ = ["Shards"]


class Shards:
    """Of each batch of N rows those of this rank: N r / P to N (r + 1) / P, rounded up."""

    def __init__(self, group: Group, batches: Iterable[Any]) -> None:
        self.part, self.batches = (group.rank, group.size), batches

    def __iter__(self) -> Iterator[Any]:
        return (mapped(self.rows, batch) for batch in self.batches)

    def __len__(self) -> int:
        return len(self.batches)  # type: ignore[arg-type]

    def rows(self, x: Array) -> Array:
        """The rows of this rank."""
        rank, size = self.part
        return x[-(-len(x) * rank // size) : -(-len(x) * (rank + 1) // size)]
