"""Batches that are no DataLoader's, of which each rank takes its part."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from autograd.backend import Array
from autograd.checks import shown
from autograd.data.columns import mapped

if TYPE_CHECKING:
    from autograd.distributed.group import Group

__all__ = ["Shards"]


class Shards:
    """Of each batch of N rows those of this rank: N r / P to N (r + 1) / P, rounded up."""

    def __init__(self, group: Group, batches: Iterable[Any]) -> None:
        self.part, self.batches = (group.rank, group.size), batches
        if isinstance(batches, (list, tuple)):
            check_batches(batches)

    def __iter__(self) -> Iterator[Any]:
        for batch in self.batches:
            check_batches([batch])
            found: list[Array] = []
            mapped(found.append, batch)
            lengths = sorted({len(x) for x in found})
            if len(lengths) > 1:
                raise ValueError(f"shard takes batches whose arrays have as many rows as samples, not {lengths}")
            yield mapped(self.rows, batch)

    def __len__(self) -> int:
        return len(self.batches)  # type: ignore[arg-type]

    def rows(self, x: Array) -> Array:
        """The rows of this rank."""
        rank, size = self.part
        return x[-(-len(x) * rank // size) : -(-len(x) * (rank + 1) // size)]


def check_batches(batches: Sequence[Any]) -> None:
    """Raises TypeError unless there are arrays in each, and ValueError if there is none."""
    if not batches:
        raise ValueError("shard takes at least one batch (x, t), not an empty list")
    for batch in batches:
        found: list[Any] = []
        mapped(found.append, batch)
        if not found or any(not x.ndim for x in found):
            raise TypeError(f"shard takes batches (x, t) of arrays with rows, not {shown(batch)}")
