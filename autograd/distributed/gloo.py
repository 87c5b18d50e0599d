"""The group of the processes that torchrun has started: the operations of `Group`, by PyTorch's gloo.

    torchrun --nproc-per-node 4 train.py

It suits machines that have PyTorch and no MPI, on several of them too. What the ranks say to each other while they wait
lies in the store that torchrun keeps.
"""

from __future__ import annotations

import atexit
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import numpy as np

from autograd.backend import Array
from autograd.distributed.group import Group
from autograd.distributed.several import Done, Several
from autograd.distributed.waiting import ENDED, PAUSE, Presence

__all__ = ["GlooGroup", "started_by_torchrun"]

LONG = timedelta(days=1)  # who is missing is found by `Presence`, before gloo's own limit


def started_by_torchrun(torch: Any, timeout: float) -> Group:
    """The group of all processes, which meet at the address that torchrun has left."""
    store, rank, size = next(torch.distributed.rendezvous("env://", timeout=LONG))
    torch.distributed.init_process_group("gloo", store=store, rank=rank, world_size=size, timeout=LONG)
    return GlooGroup(torch, torch.distributed.group.WORLD, Stored(store, rank, size, timeout))


class GlooGroup(Several):
    """The ranks of a process group of PyTorch."""

    def __init__(self, torch: Any, ranks: Any, presence: Presence) -> None:
        super().__init__(presence)
        self.torch, self.ranks = torch, ranks

    def begin_all_reduce(self, x: Array) -> Done:
        signed = x.view(x.dtype.str.replace("u", "i"))  # gloo has no others, and sums of these have the same bits
        return self.begin("all_reduce", self.torch.from_numpy(signed))

    def begin_broadcast(self, x: Array, root: int) -> Done:
        return self.begin("broadcast", self.torch.from_numpy(x), root)

    def begin_gather(self, mine: Array, sizes: list[int]) -> tuple[Done, list[Array]]:
        rows = np.empty((self.size, max(sizes)), np.uint8)  # gloo takes equal sizes alone
        here = self.torch.from_numpy(np.resize(mine, max(sizes)))
        done = self.begin("all_gather", [self.torch.from_numpy(row) for row in rows], here)
        return done, [row[:n] for row, n in zip(rows, sizes)]

    def begin_barrier(self) -> Done:
        return self.begin("barrier")

    def begin(self, operation: str, *arguments: Any) -> Done:
        work = getattr(self.torch.distributed, operation)(*arguments, group=self.ranks, async_op=True)
        return lambda: work.is_completed() and work.wait()

    def apart(self) -> Group:
        ranks = self.torch.distributed.new_group(backend="gloo", timeout=LONG)
        return GlooGroup(self.torch, ranks, self.presence)


class Stored(Presence):
    """What the ranks tell each other, as entries of a store: the k-th words of each rank."""

    def __init__(self, store: Any, rank: int, size: int, timeout: float) -> None:
        super().__init__(rank, size, timeout)
        self.store, self.said, self.next = store, 0, [0] * size
        atexit.register(self.leave)

    def tell(self, text: str) -> None:
        self.store.set(f"autograd/{self.rank}/{self.said}", text)
        self.said += 1

    def heard(self) -> Iterator[tuple[int, str]]:
        for rank in range(self.size):
            while rank != self.rank and self.store.check([key := f"autograd/{rank}/{self.next[rank]}"]):
                self.next[rank] += 1
                yield rank, self.store.get(key).decode()

    def leave(self) -> None:
        """Tells the others that this process ends, and waits for them to end too."""
        with suppress(RuntimeError):  # the store has ended with its process
            self.tell(ENDED)
            while len(self.ended) < self.size - 1:
                self.ended.update([rank for rank, text in self.heard() if text == ENDED])
                time.sleep(PAUSE)
