"""The same model on every rank: what differs is found by name, what has an array is sent, generators go own ways."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.backend import generator, state_of, to_numpy
from autograd.distributed.partition import innermost, scaling
from autograd.layers.base import Entry, Layer, Parameter, Unfilled, named_objects
from autograd.optimizers.base import Optimizer, name_of

if TYPE_CHECKING:
    from autograd.distributed.group import Group

__all__ = ["check_same", "description", "part_ways", "replicate", "settings_of", "share_buffers"]


def check_same(group: Group, name: str, mine: Mapping[str, Any]) -> None:
    """Raises ValueError, on every rank, unless all have the same values by the same names."""
    all_ranks = group.gather(dict(mine))
    wrong = []
    for key in dict.fromkeys([key for one in all_ranks for key in one]):
        ranks: dict[str, list[str]] = {}  # by what they have
        for rank, one in enumerate(all_ranks):
            ranks.setdefault(str(one.get(key, "nothing")), []).append(str(rank))
        if len(ranks) > 1:
            said = [f"{value} on rank {', '.join(some)}" for value, some in ranks.items()]
            wrong.append(f"{key}: {', '.join([*said[1:], said[0]])}")
    if wrong:
        raise ValueError(f"{name} must be the same on all {group.size} ranks, not\n  " + "\n  ".join(wrong))


def description(model: Layer) -> dict[str, str]:
    """The layers and the mode of each, and kind, dtype and shape of all that a checkpoint holds, by path."""
    found = {}
    for path, x in named_objects(model, (Layer, Entry)):
        if isinstance(x, Layer):
            found[path or "the whole"] = f"{type(x).__name__}, {'train' if x.training else 'eval'}()"
        else:
            shape = x.value.sizes if type(x.value) is Unfilled else x.value.shape
            found[path] = f"{type(x).__name__} {x.value.dtype} {shape}"
    return found


def settings_of(optimizer: Any) -> dict[str, Any]:
    """What an update depends on, beside the gradients and the slots, by name."""
    inner, scaled = innermost(optimizer), scaling(optimizer)
    found: dict[str, Any] = {"optimizer": type(inner).__name__, "loss scale": getattr(scaled, "scale", None)}
    if isinstance(inner, Optimizer):
        found |= {key: getattr(inner, key) for key in ("steps", *sorted(inner.settings()), "groups", "master")}
        found["transforms"] = [name_of(f) for f in inner.transforms]
    return {key: re.sub(r" at 0x[0-9a-f]+", "", str(value)) for key, value in found.items()}


def replicate(group: Group, model: Layer) -> None:
    """Gives every rank the arrays of rank 0. What has no size yet will be drawn from the same seed on all ranks."""
    check_same(group, "the model", description(model))
    entries = dict(model.named_state())
    for path, values in group.broadcast({path: contents(x.value) for path, x in entries.items()}).items():
        x = entries[path]
        if type(x.value) is Unfilled:
            x.value.rng = values
        elif group.rank:
            x.load(values)
            if isinstance(x, Parameter):
                x.written(path)


def share_buffers(group: Group, model: Layer) -> None:
    """Gives every rank the buffers of rank 0, such as the running statistics of a BatchNorm over its part alone.

    It is done at the end of an epoch, before a test, and with each checkpoint: a resumed run has those of rank 0 too.
    """
    if group.size == 1:
        return
    buffers = {path: x for path, x in model.named_state() if not isinstance(x, Parameter)}
    known = {path: x for path, x in buffers.items() if type(x.value) is not Unfilled}
    for path, values in group.broadcast({path: contents(x.value) for path, x in known.items()}).items():
        if group.rank:
            buffers[path].load(values)


def contents(value: Any) -> Any:
    """The array in main memory, or the seed from which it will be drawn."""
    if type(value) is not Unfilled:
        return to_numpy(value)
    return value.rng if isinstance(value.rng, int) else int(generator(value.rng).integers(1 << 63))


def part_ways(group: Group, model: Layer) -> None:
    """Lets each rank draw numbers of its own, which follow from the generators of rank 0: dropout's, say.

    It is done at the start and after each checkpoint, which holds rank 0's: so a resumed run draws what it would have.
    """
    generators = [generator(), *[x for _, x in named_objects(model, np.random.Generator)]]
    for rng, state in zip(generators, group.broadcast([state_of(x) for x in generators])):
        if group.rank:
            text = json.dumps([group.rank, state], sort_keys=True)
            words = np.frombuffer(hashlib.sha256(text.encode()).digest(), "<u4")
            rng.bit_generator.state = type(rng.bit_generator)(words).state
