"""Sums of CuPy's arrays over ranks, by NCCL. It has not been run yet: that needs a machine with several GPUs.

Each rank has a GPU of its own, which the program chooses: `cupy.cuda.Device(group.rank % gpus).use()`. The sum runs on
a stream of its own, behind what the current stream has been told so far. `wait` makes the current stream wait for it,
and no processor.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from autograd.backend import Array, cupy
from autograd.distributed.group import Group, Pending

__all__ = ["NCCL"]


class NCCL:
    """The ranks of a group as a communicator of NCCL; the group tells all of them its number."""

    def __init__(self, group: Group) -> None:
        self.cuda, self.nccl = cupy().cuda, import_module("cupy.cuda.nccl")
        if not self.nccl.available:
            raise RuntimeError("all_reduce of CuPy's arrays needs NCCL: pip install nvidia-nccl-cu12")
        unique = group.broadcast(self.nccl.get_unique_id() if group.rank == 0 else None)
        self.comm = self.nccl.NcclCommunicator(group.size, unique, group.rank)
        self.stream = self.cuda.Stream(non_blocking=True)

    def begin_sum(self, x: Array) -> Pending:
        """Begins to write the sum over the ranks into x."""
        self.stream.wait_event(self.cuda.get_current_stream().record())
        kind = getattr(self.nccl, f"NCCL_{x.dtype.name.upper()}")
        self.comm.allReduce(x.data.ptr, x.data.ptr, x.size, kind, self.nccl.NCCL_SUM, self.stream.ptr)
        return OnStream(self.cuda, self.stream.record(), x)


class OnStream(Pending):
    """A sum on the stream of NCCL. It keeps its array until it is done."""

    def __init__(self, cuda: Any, event: Any, x: Array) -> None:
        self.cuda, self.event, self.x = cuda, event, x

    def test(self) -> bool:
        return bool(self.event.done)

    def wait(self) -> None:
        self.cuda.get_current_stream().wait_event(self.event)
