"""The operations of several processes, made of four that an engine such as MPI begins: see `mpi` and `gloo`."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.backend import Array, by_numpy
from autograd.checks import number, whole
from autograd.distributed.group import Group, Pending
from autograd.distributed.nccl import NCCL
from autograd.distributed.waiting import Presence, Request

__all__ = ["Done", "Several"]

Done = Callable[[], Any]  # is the operation done?


class Several(Group):
    """The ranks of a communicator. A subclass has the operations that begin, and a channel of its own for messages."""

    def __init__(self, presence: Presence) -> None:
        self.rank, self.size, self.presence = presence.rank, presence.size, presence
        self.others: Group | None = None
        self.calls = 0  # of operations: those of all ranks with one number belong together
        self.nccl: NCCL | None = None

    def begin_all_reduce(self, x: Array) -> Done:
        """The sum, into x."""
        raise NotImplementedError

    def begin_broadcast(self, x: Array, root: int) -> Done:
        """What `root` has in x, into x."""
        raise NotImplementedError

    def begin_gather(self, mine: Array, sizes: list[int]) -> tuple[Done, list[Array]]:
        """The bytes of all ranks, of these numbers."""
        raise NotImplementedError

    def begin_barrier(self) -> Done:
        """Done when every rank has begun it."""
        raise NotImplementedError

    def apart(self) -> Group:
        """Another communicator of the same ranks."""
        raise NotImplementedError

    def __reduce__(self) -> Any:
        """A pickle is the group of the process in which it is opened."""
        raise TypeError("a Group belongs to its processes and cannot be pickled: call distributed.init() there")

    def begun(self, done: Done, name: str, buffers: Any) -> Request:
        self.calls += 1
        return Request(done, self.presence, f"{name} (call {self.calls})", buffers)

    def begin_sum(self, x: Array) -> Pending:
        if by_numpy(x):
            return self.begun(self.begin_all_reduce(x), f"all_reduce of {x.dtype} {x.shape}", x)
        if self.nccl is None:
            self.nccl = NCCL(self)
        return self.nccl.begin_sum(x)

    def broadcast(self, x: Any, root: int = 0) -> Any:
        whole("broadcast: root", root, 0, self.size - 1)
        text = np.frombuffer(pickle.dumps(x, protocol=5) if self.rank == root else b"", np.uint8).copy()
        n = np.array([text.size], np.int64)
        self.begun(self.begin_broadcast(n, root), "broadcast", n).wait()
        buffer = text if self.rank == root else np.empty(n[0], np.uint8)
        self.begun(self.begin_broadcast(buffer, root), "broadcast", buffer).wait()
        return x if self.rank == root else pickle.loads(buffer.data)

    def gather(self, x: Any) -> list[Any]:
        mine = np.frombuffer(pickle.dumps(x, protocol=5), np.uint8)
        sizes = self.gathered(np.array([mine.size], np.int64).view(np.uint8), [8] * self.size)
        texts = self.gathered(mine, [int(n.view(np.int64)[0]) for n in sizes])
        return [pickle.loads(text.data) for text in texts]

    def gathered(self, mine: Array, sizes: list[int]) -> list[Array]:
        done, rows = self.begin_gather(mine, sizes)
        self.begun(done, "gather", (mine, rows)).wait()
        return rows

    def barrier(self, timeout: float | None = None) -> None:
        if timeout is not None:
            number("barrier: timeout", timeout, above=0)
        self.begun(self.begin_barrier(), "barrier", None).wait(timeout)

    def channel(self) -> Group:
        if self.others is None:
            self.barrier()  # which says who is missing; engines wait for them in silence
            self.others = self.apart()
        return self.others
