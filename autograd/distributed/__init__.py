"""Data parallel training: several processes train one model, each on its part of every batch.

    group = distributed.init()                      # the processes that `mpiexec -n 4 python train.py` has started
    loader = group.shard(loader)                    # each takes its part of each batch
    averaging = group.averaging(model, optimizer)   # all begin with the parameters of rank 0

    for x, t in loader:
        loss = F.softmax_cross_entropy(model(x), t)
        model.cleargrads()
        with averaging(samples=len(t)):             # the mean gradient of all ranks, sent while the pass goes on
            loss.backward()
        optimizer.update()

`fit(..., loader, group=group)` does the same with two lines more. A program that was started plainly is a group of one.

One rule holds everywhere: the loss of the run is the mean of the ranks' losses, weighted by what each divides by, its
samples for a mean. What goes forward over ranks, `group.sum`, therefore has as its gradient the sum of those of all
ranks.

`group` has the operations, `averaging` the buckets. Arrays of NumPy go by MPI (`mpi`, pip install mpi4py mpich), or by
PyTorch's gloo (`gloo`, by torchrun), those of CuPy by NCCL (`nccl`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autograd.distributed.averaging import Averaging
from autograd.distributed.group import Group
from autograd.distributed.normalization import SyncBatchNorm
from autograd.distributed.partition import Partition
from autograd.distributed.start import init
from autograd.names import missing_name

__all__ = ["Averaging", "Group", "Partition", "SyncBatchNorm", "init"]

if not TYPE_CHECKING:  # a type checker finds a missing name by itself

    def __getattr__(name: str) -> Any:
        """Raises the error for a missing name, which says what it is called here."""
        raise missing_name(__name__, name, __all__)
