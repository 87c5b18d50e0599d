"""The state of an optimizer divided over the ranks: each updates its part of the parameters, and sends them [ZeRO-1].

The gradients are the same on all ranks, after `averaging`. So each parameter needs to be updated by one rank only, and
its slots, twice its size for Adam, need to lie there only. What it costs is to send each parameter once more in a step.
Source: Rajbhandari et al., "ZeRO: memory optimizations toward training trillion parameter models", 2020.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from autograd.algebra import as_array
from autograd.backend import device_of, to_device, to_numpy
from autograd.checks import shown
from autograd.layers.base import named_objects
from autograd.optimizers.base import Grads, Optimizer
from autograd.optimizers.scaling import LossScale
from autograd.variable import Variable

if TYPE_CHECKING:
    from autograd.distributed.group import Group

__all__ = ["Partition", "innermost", "scaling"]


def owners(params: Mapping[str, Variable], size: int) -> dict[str, int]:
    """The rank that updates each parameter: neighbours belong together, and all ranks have about as many numbers."""
    ends = [*accumulate([p.size for p in params.values()])]
    return {path: (end - p.size // 2 - 1) * size // ends[-1] for (path, p), end in zip(params.items(), ends)}


@dataclass(frozen=True)
class Own:
    """A transform of gradients that leaves those of this rank: a parameter that is left out is not updated."""

    rank: int
    size: int

    def __call__(self, params: Mapping[str, Variable], grads: Grads) -> Grads:
        owner = owners(params, self.size)
        return {path: g for path, g in grads.items() if owner[path] == self.rank}


def innermost(optimizer: Any) -> Any:
    """The optimizer that a Partition or a LossScale was made of, or both."""
    while isinstance(optimizer, (Partition, LossScale)):
        optimizer = optimizer.optimizer
    return optimizer


def scaling(optimizer: Any) -> LossScale | None:
    """The LossScale among them, if there is one."""
    optimizer = optimizer.optimizer if isinstance(optimizer, Partition) else optimizer
    return optimizer if isinstance(optimizer, LossScale) else None


class Partition:
    """An optimizer that updates this rank's part of the parameters, and takes the others from their ranks.

    `optimizer` is the one that it was made of: its learning rate may be changed there, on all ranks alike. It may be a
    `LossScale`, which decides alike on all ranks: it looks at all gradients, and each rank has the means of all.
    `update` and `state_dict` are collective. The state is that of the whole, so any number of ranks, and a plain
    optimizer, may load it.
    """

    def __init__(self, group: Group, optimizer: Optimizer | LossScale) -> None:
        inner = innermost(optimizer)
        if not isinstance(inner, Optimizer) or isinstance(optimizer, Partition):
            raise TypeError(f"partition: optimizer must be an Optimizer or a LossScale, not {shown(optimizer)}")
        self.group, self.optimizer, self.inner = group, optimizer, inner
        inner.transforms = (*inner.transforms, Own(group.rank, group.size))  # the last: norms are of all

    def __repr__(self) -> str:
        return f"Partition({type(self.optimizer).__name__}, rank {self.group.rank} of {self.group.size})"

    def backward(self, loss: Variable) -> None:
        """The backward pass, through the scaled loss if it is that of a `LossScale`."""
        if isinstance(self.optimizer, LossScale):
            self.optimizer.backward(loss)
        else:
            loss.backward()

    def update(self) -> None:
        """One step for every parameter. Raises what `Optimizer.update` raises."""
        params, rank, inner = dict(named_objects(self.inner.root, self.inner.kind)), self.group.rank, self.inner
        owner = owners(params, self.group.size)
        for path in [path for path in inner.counts if owner[path] != rank]:  # from a state of the whole
            del inner.counts[path], inner.state[path]
        steps = inner.steps
        self.optimizer.update()
        if inner.steps == steps:  # too large a scale, on all ranks
            return
        mine = {path: to_numpy(as_array(p)) for path, p in params.items() if owner[path] == rank and p.grad is not None}
        for found in self.group.gather(mine):
            for path, x in found.items():
                if owner[path] != rank:
                    p = as_array(params[path])
                    p[...] = to_device(x, device_of(p))
                    params[path].written(path)

    def state_dict(self) -> dict[str, Any]:
        """The state of all ranks, as one optimizer would have it."""
        found: dict[str, Any] = {}
        for state in self.group.gather(self.optimizer.state_dict()):
            found |= state
        return found

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Takes a state of the whole, of which the next update keeps this rank's part. Raises ValueError if unfit."""
        self.optimizer.load_state_dict(state)
