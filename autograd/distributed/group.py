"""A group of processes: what they say to each other, and what is made of it.

Every operation is *collective*: all ranks call it, in the same order. The base class is the group of one process, which
has nobody to talk to; `several.Several` has the same five operations for several.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from autograd.algebra import Operand, as_array
from autograd.backend import Array, is_array
from autograd.checks import number, shown, whole
from autograd.data.loader import DataLoader
from autograd.distributed.averaging import Averaging
from autograd.distributed.normalization import SyncBatchNorm
from autograd.distributed.partition import Partition
from autograd.distributed.replicas import check_same, part_ways, replicate, settings_of
from autograd.distributed.shards import Shards
from autograd.distributed.sums import SumOverRanks
from autograd.layers.base import Layer
from autograd.layers.normalization import BatchNorm
from autograd.optimizers.base import Optimizer
from autograd.optimizers.scaling import LossScale

__all__ = ["Group", "Pending"]


class Pending:
    """A sum over the ranks that is on its way. Here it is there already: one rank is the sum."""

    def test(self) -> bool:
        """Is it there? Asking brings it forward: a process that only computes passes no message on."""
        return True

    def wait(self) -> None:
        """Waits until it is there. Raises TimeoutError, with the ranks that are missing; RuntimeError if one ended."""


class Group:
    """The processes that train together. This class is a group of one: a program that was started plainly.

    rank   the number of this process, from 0
    size   how many there are

    Collective operations: `all_reduce`, `broadcast`, `gather` and `barrier`, and what is made of them. All ranks call
    them in the same order.
    """

    rank = 0
    size = 1

    def __repr__(self) -> str:
        return f"{type(self).__name__}(rank={self.rank}, size={self.size})"

    def __deepcopy__(self, _: Any) -> Group:
        return self  # of processes there is no copy

    def all_reduce(self, x: Array) -> Pending:
        """Begins to write the sum of x over all ranks into x, and returns at once: `.wait()` before x is used.

        x is a contiguous, writable array of floating-point numbers or integers of 32 or 64 bits, of the same shape on
        all ranks.
        Raises TypeError or ValueError for anything else.
        """
        if not is_array(x):
            raise TypeError(f"all_reduce takes an array, not {shown(x)}")
        if x.dtype.kind not in "fiu" or x.dtype.itemsize not in (4, 8):
            raise TypeError(f"all_reduce takes numbers of 32 or 64 bits, not {x.dtype}: x.astype(np.float32)")
        if not x.flags.c_contiguous or not getattr(x.flags, "writeable", True):
            raise ValueError("all_reduce takes a contiguous, writable array, into which it writes the sum: x.copy()")
        return self.begin_sum(x)

    def begin_sum(self, x: Array) -> Pending:
        """`all_reduce` of an array that has been looked at."""
        return Pending()

    def broadcast(self, x: Any, root: int = 0) -> Any:
        """What `root` has given, on every rank: anything that can be pickled."""
        whole("broadcast: root", root, 0, self.size - 1)
        return x

    def gather(self, x: Any) -> list[Any]:
        """What each rank has given, by rank, on every rank: anything that can be pickled."""
        return [x]

    def barrier(self, timeout: float | None = None) -> None:
        """Waits until every rank is here; `timeout` seconds at most, None for those of the group.

        Raises TimeoutError, with the ranks that are missing.
        """
        if timeout is not None:
            number("barrier: timeout", timeout, above=0)

    def channel(self) -> Group:
        """The same ranks, with messages of their own: these never meet those of the group."""
        return self

    def sum(self, x: Operand) -> Any:
        """The sum of x over all ranks, on each: of a Variable a Variable.   (...) -> (...)

        y = sum over ranks of x,   gx = sum over ranks of gy. Raises what `all_reduce` raises.
        """
        if not is_array(as_array(x)):
            raise TypeError(f"sum takes an array or a Variable, not {shown(x)}")
        return SumOverRanks(self)(x)

    def shard(self, loader: Iterable[Any]) -> Any:
        """A loader that gives this rank its part of each batch of `loader`, in the order of rank 0's.

        Of N samples rank r of P has those from N r / P to N (r + 1) / P, rounded up: all together have what one process
        would have, and a batch of fewer than P samples leaves some without any. `state_dict()` is that of the whole, so
        a checkpoint fits any number of processes.
        Takes a DataLoader, or other batches, which each rank makes whole. Raises ValueError for a loader that is
        sharded already, and, on every rank, for one that differs between ranks.
        """
        if isinstance(loader, DataLoader):
            part = loader.shard(self.rank, self.size)
            check_same(self, "shard: loader", loader.signature())
            part.load_state_dict(self.broadcast(loader.state_dict()))
            return part
        if (
            isinstance(loader, (str, bytes, set, range, Mapping))
            or hasattr(loader, "dtype")
            or not hasattr(loader, "__iter__")
        ):
            raise TypeError(f"shard takes a DataLoader, or a list of batches (x, t), not {shown(loader)}")
        return Shards(self, loader)

    def averaging(self, model: Layer, optimizer: Any = None, *, bucket: int = 1 << 24) -> Averaging:
        """Gives every rank the parameters, buffers and generators of rank 0, and averages gradients: see `Averaging`.

        `bucket` are the bytes from which on a part is sent: 16 MB, because processes of one machine hide nothing. With
        1 MB the gradients of small models are sent during the pass too. Raises ValueError, on every rank, if the models
        differ in the name, the shape or the dtype of a part, in what is frozen, or in `eval()`; and if the optimizers
        differ in their settings.
        """
        averaging = Averaging(self.channel(), model, bucket)
        replicate(self, model)
        if optimizer is not None:
            if isinstance(optimizer, (type, Collection)) or not hasattr(optimizer, "update"):
                raise TypeError(f"averaging: optimizer must be an Optimizer, or None, not {shown(optimizer)}")
            check_same(self, "the optimizer", settings_of(optimizer))
        part_ways(self, model)
        return averaging

    def partition(self, optimizer: Optimizer | LossScale) -> Partition:
        """The optimizer with its state divided over the ranks, each of which updates its part: see `Partition`."""
        return Partition(self, optimizer)

    def synchronize(self, model: Layer) -> Layer:
        """Lets every BatchNorm in the model take its statistics over the samples of all ranks. Returns the model."""
        if not isinstance(model, Layer):
            raise TypeError(f"synchronize: model must be a Layer, not {shown(model)}")
        for layer in Layer.layers(model):
            if type(layer) is BatchNorm:
                SyncBatchNorm.take_over(layer, self)
        return model
