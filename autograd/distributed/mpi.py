"""The group of the processes that mpiexec has started: the operations of `Group`, by mpi4py."""

from __future__ import annotations

import atexit
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from autograd.backend import Array
from autograd.distributed.group import Group
from autograd.distributed.several import Done, Several
from autograd.distributed.waiting import ENDED, PAUSE, Presence

__all__ = ["MPIGroup"]


class MPIGroup(Several):
    """The ranks of a communicator of mpi4py, whose messages have a channel of their own there."""

    def __init__(self, MPI: Any, comm: Any, timeout: float, presence: Presence | None = None) -> None:
        super().__init__(presence or Told(MPI, comm.Dup(), timeout))
        self.MPI, self.comm = MPI, comm.Dup()

    def begin_all_reduce(self, x: Array) -> Done:
        return self.comm.Iallreduce(self.MPI.IN_PLACE, x, op=self.MPI.SUM).Test  # type: ignore[no-any-return]

    def begin_broadcast(self, x: Array, root: int) -> Done:
        return self.comm.Ibcast(x, root).Test  # type: ignore[no-any-return]

    def begin_gather(self, mine: Array, sizes: list[int]) -> tuple[Done, list[Array]]:
        found = np.empty(sum(sizes), np.uint8)
        return self.comm.Iallgatherv(mine, [found, sizes]).Test, np.split(found, np.cumsum(sizes)[:-1])

    def begin_barrier(self) -> Done:
        return self.comm.Ibarrier().Test  # type: ignore[no-any-return]

    def apart(self) -> Group:
        return MPIGroup(self.MPI, self.comm, self.presence.timeout, self.presence)


class Told(Presence):
    """What the ranks tell each other, as messages of a communicator."""

    def __init__(self, MPI: Any, comm: Any, timeout: float) -> None:
        super().__init__(comm.Get_rank(), comm.Get_size(), timeout)
        self.MPI, self.comm = MPI, comm
        self.sending: list[Any] = []
        atexit.register(self.leave)

    def tell(self, text: str) -> None:
        """Sends a few words to all others."""
        words = np.frombuffer(text.encode()[:256], np.uint8).copy()
        self.sending += [(self.comm.Isend(words, rank), words) for rank in range(self.size) if rank != self.rank]

    def heard(self) -> Iterator[tuple[int, str]]:
        """What others have sent since: rank and words."""
        status, words = self.MPI.Status(), np.empty(256, np.uint8)
        while self.comm.Iprobe(self.MPI.ANY_SOURCE, self.MPI.ANY_TAG, status):
            self.comm.Recv(words, status.Get_source(), self.MPI.ANY_TAG, status)
            text = words[: status.Get_count(self.MPI.BYTE)].tobytes().decode()
            yield status.Get_source(), text

    def leave(self) -> None:
        """Tells the others that this process ends, and waits for them to end too, without using its core."""
        if self.MPI.Is_finalized():
            return
        self.tell(ENDED)
        request = self.comm.Ibarrier()
        while not request.Test() or len(self.ended) < self.size - 1:
            self.ended.update([rank for rank, text in self.heard() if text == ENDED])
            time.sleep(PAUSE)
