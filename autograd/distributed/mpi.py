"""The group of the processes that mpiexec has started: the operations of `Group`, by mpi4py.

No operation blocks inside MPI: each is begun, and then asked for until it is done. So a rank that waits can hear what
the others say, in a channel of its own: that one of them waits too long, or has ended. A rank that hears that another
one waits says what it waits for itself. Who says nothing is missing.
"""

from __future__ import annotations

import atexit
import pickle
import sys
import time
import traceback
from collections.abc import Iterator
from types import TracebackType
from typing import Any

import numpy as np

from autograd.backend import Array, by_numpy
from autograd.checks import number, whole
from autograd.distributed.group import Group, Pending
from autograd.distributed.nccl import NCCL

__all__ = ["MPIGroup"]

SPINS = 200  # times that a rank asks at once; then it lets others run in between
GRACE = 2.0  # seconds for the others to say that they wait too, or for the last message of one that has ended
PAUSE = 0.01  # seconds between two looks at what others say
ENDED = "ended"


class MPIGroup(Group):
    """The ranks of a communicator of mpi4py, whose messages have a channel of their own there."""

    def __init__(self, MPI: Any, comm: Any, timeout: float, presence: Presence | None = None) -> None:
        self.MPI, self.comm = MPI, comm.Dup()
        self.rank, self.size = comm.Get_rank(), comm.Get_size()
        self.presence = presence or Presence(MPI, comm.Dup(), timeout)
        self.others: Group | None = None
        self.calls = 0  # of operations: those of all ranks with one number belong together
        self.nccl: NCCL | None = None

    def __reduce__(self) -> Any:
        """A pickle is the group of the process in which it is opened."""
        raise TypeError("a Group belongs to its processes and cannot be pickled: call distributed.init() there")

    def begin_sum(self, x: Array) -> Pending:
        if by_numpy(x):
            request = self.comm.Iallreduce(self.MPI.IN_PLACE, x, op=self.MPI.SUM)
            return self.begun(request, f"all_reduce of {x.dtype} {x.shape}", x)
        if self.nccl is None:
            self.nccl = NCCL(self)
        return self.nccl.begin_sum(x)

    def broadcast(self, x: Any, root: int = 0) -> Any:
        whole("broadcast: root", root, 0, self.size - 1)
        text = pickle.dumps(x, protocol=5) if self.rank == root else b""
        n = np.array([len(text)], np.int64)
        self.done(self.comm.Ibcast(n, root), "broadcast", n)
        buffer = np.frombuffer(text, np.uint8).copy() if self.rank == root else np.empty(n[0], np.uint8)
        self.done(self.comm.Ibcast(buffer, root), "broadcast", buffer)
        return x if self.rank == root else pickle.loads(buffer.data)

    def gather(self, x: Any) -> list[Any]:
        mine = np.frombuffer(pickle.dumps(x, protocol=5), np.uint8)
        sizes = np.zeros(self.size, np.int64)
        self.done(self.comm.Iallgather(np.array([mine.size], np.int64), sizes), "gather", sizes)
        all_ranks = np.empty(sizes.sum(), np.uint8)
        request = self.comm.Iallgatherv(mine, [all_ranks, sizes.tolist()])
        self.done(request, "gather", (mine, all_ranks))
        return [pickle.loads(part.data) for part in np.split(all_ranks, np.cumsum(sizes)[:-1])]

    def barrier(self, timeout: float | None = None) -> None:
        if timeout is not None:
            number("barrier: timeout", timeout, above=0)
        self.begun(self.comm.Ibarrier(), "barrier", None).wait(timeout)

    def begun(self, request: Any, name: str, buffers: Any) -> Request:
        self.calls += 1
        return Request(request, self.presence, f"{name} (call {self.calls})", buffers)

    def done(self, request: Any, name: str, buffers: Any) -> None:
        self.begun(request, name, buffers).wait()

    def channel(self) -> Group:
        if self.others is None:
            self.others = MPIGroup(self.MPI, self.comm, self.presence.timeout, self.presence)
        return self.others


class Request(Pending):
    """An operation of MPI that has begun. It keeps its buffers until it is done."""

    def __init__(self, request: Any, presence: Presence, name: str, buffers: Any) -> None:
        self.request, self.presence, self.name, self.buffers = request, presence, name, buffers

    def test(self) -> bool:
        return bool(self.request.Test())

    def wait(self, timeout: float | None = None) -> None:
        for _ in range(SPINS):
            if self.request.Test():
                return
        for _ in self.presence.while_waiting(self.name, timeout):
            if self.request.Test():
                return


class Presence:
    """Who is there: what the ranks tell each other while they wait, and when they end."""

    def __init__(self, MPI: Any, comm: Any, timeout: float) -> None:
        self.MPI, self.comm, self.timeout = MPI, comm, timeout
        self.rank, self.size = comm.Get_rank(), comm.Get_size()
        self.ended: set[int] = set()
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
            if text == ENDED:
                self.ended.add(status.Get_source())
            yield status.Get_source(), text

    def while_waiting(self, name: str, timeout: float | None) -> Iterator[None]:
        """The turns of a waiting loop. Raises TimeoutError, with who is missing; RuntimeError if a rank has ended."""
        limit = self.timeout if timeout is None else timeout
        begun = look = time.monotonic()
        end, waiting = begun + limit, {self.rank: name}
        told = False
        while True:
            yield
            time.sleep(0)
            now = time.monotonic()
            if now < look:
                continue
            look = now + PAUSE
            for rank, text in self.heard():
                if text != ENDED:
                    waiting[rank] = text
            if not told and (self.ended or len(waiting) > 1 or now > end):  # somebody asks, or it is time to ask
                self.tell(name)
                told = True
            if self.ended and len({*self.ended, *waiting}) == self.size and end > now:  # nobody else is on the way
                end = min(end, now + GRACE)
            if now > (end if self.ended else end + GRACE):
                raise self.failure(name, now - begun, waiting)

    def failure(self, name: str, seconds: float, waiting: dict[int, str]) -> Exception:
        """The error that says who is missing."""
        there = ", ".join(f"rank {rank} in {text}" for rank, text in sorted(waiting.items()))
        name = name.partition(" (call ")[0]
        if self.ended:
            gone = ", ".join(map(str, sorted(self.ended)))
            return RuntimeError(f"{name}: rank {gone} has ended, while others wait: {there}. Every rank must call it")
        missing = ", ".join([str(rank) for rank in range(self.size) if rank not in waiting])
        if not missing:
            return TimeoutError(
                f"{name}: all ranks must make the same calls in the same order, not {there}. Does one stand under a "
                "condition, such as `if group.rank == 0:`?"
            )
        return TimeoutError(
            f"{name}: rank {missing} is missing after {seconds:.0f} s, while others wait: {there}. It hangs, or it "
            "computes for longer than distributed.init(timeout=...) allows"
        )

    def leave(self) -> None:
        """Tells the others that this process ends, and waits for them to end too, without using its core."""
        if self.MPI.Is_finalized():
            return
        self.tell(ENDED)
        request = self.comm.Ibarrier()
        while not request.Test() or len(self.ended) < self.size - 1:
            for _ in self.heard():
                pass
            time.sleep(PAUSE)


def end_all_on_error(MPI: Any, rank: int, size: int) -> None:
    """From here on an error that nobody catches is printed, and ends the processes of all ranks."""
    before = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, place: TracebackType | None) -> None:
        if before is sys.__excepthook__:
            text = "".join(traceback.format_exception(kind, error, place))
            print(f"rank {rank} of {size}:\n{text}", file=sys.stderr, end="")
        else:
            before(kind, error, place)
        sys.stdout.flush()
        sys.stderr.flush()
        time.sleep(0.5)  # the others may be about to say the same
        MPI.COMM_WORLD.Abort(1)

    sys.excepthook = hook
