"""The checkpoints of a training in a folder: the latest ones, and the best one; and how a training goes on from them.

checkpoints = Checkpoints("runs/1", keep=3, best="test_loss")
parts = {"model": model, "optimizer": optimizer, "loader": loader, "generator": ag.generator}
start = checkpoints.resume(**parts).get("number", 0)  # 0 if there is none yet
for epoch in range(start + 1, epochs + 1):
    ...
    checkpoints.save(epoch, {"test_loss": loss}, **parts)

serialize.load(checkpoints.best(), model=model)
"""

from __future__ import annotations

import math
import numbers
import os
import re
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from autograd import serialize
from autograd.backend import generator
from autograd.checks import flag, shown, whole
from autograd.distributed import Group, Partition
from autograd.distributed.replicas import check_same, part_ways, share_buffers
from autograd.files import delete_abandoned, path_of_file
from autograd.history import History, largest_is_best
from autograd.layers.base import Layer, named_objects
from autograd.names import with_advice

__all__ = ["Checkpoints", "Run"]

NAME = re.compile(r"checkpoint-(\d{10})\.npz")
LARGEST = 10**10 - 1  # a number of ten digits: names are in the order of their numbers


class Checkpoints:
    """Checkpoints in a folder, one file each, `checkpoint-0000000012.npz`.

    folder    where they lie; the first `save` makes it
    keep      how many of the latest stay, at least 1; older ones are deleted
    best      the name of a value, such as "test_loss": the checkpoint of its best value stays too
    largest   True: the largest value is the best, as of an accuracy. False: the smallest. None: the name says it, if it
              ends in `loss`, `accuracy` or another metric of `autograd.metrics`
    every     for `fit`: a checkpoint after every so many updates too, not only after each epoch

    Other files in the folder are left alone. Raises ValueError if `largest` is None and the name says nothing.
    """

    @with_advice
    def __init__(
        self,
        folder: str | os.PathLike[str],
        keep: int = 3,
        best: str | None = None,
        *,
        largest: bool | None = None,
        every: int | None = None,
    ) -> None:
        if best is not None and not isinstance(best, str):
            raise TypeError(f"Checkpoints: best must be the name of a value, or None, not {shown(best)}")
        self.folder = Path(path_of_file(folder))
        self.keep = whole("Checkpoints: keep", keep)
        self.measure = best
        self.largest = largest_is_best("Checkpoints", best or "loss", largest)
        self.every = None if every is None else whole("Checkpoints: every", every)
        self.position: int | None = None  # the number that was saved or loaded last
        self.measured: dict[int, float] = {}  # the value of `measure` by number

    def __repr__(self) -> str:
        return f"Checkpoints({str(self.folder)!r}, keep={self.keep}, best={self.measure!r})"

    def path(self, number: int) -> Path:
        """The file of a number."""
        return self.folder / f"checkpoint-{number:010}.npz"

    def numbers(self) -> list[int]:
        """The numbers of the checkpoints that are there, in order."""
        found = [NAME.fullmatch(name) for name in os.listdir(self.folder)] if self.folder.is_dir() else []
        return sorted([int(match[1]) for match in found if match])

    def save(self, number: int, values: Mapping[str, Any] | None = None, /, **parts: Any) -> Path:
        """Writes the checkpoint of this number, of an epoch or an update, and deletes those that are too many.

        `values` are numbers such as the losses; the parts are those of `serialize.save`. Returns the path.
        Later checkpoints than this one are deleted if this object has resumed from an earlier one.
        Raises ValueError for a number below one that is there otherwise: the folder belongs to another training. Raises
        ValueError without a value that `best` names, and what `serialize.save` raises; the old ones are there then.
        """
        number, values = whole("save: number", number, 0, LARGEST), checked_values(values)
        if self.measure is not None and self.measure not in values:
            raise ValueError(
                f"save: values must have {self.measure!r}, which is `best`, not {', '.join(values) or 'none'}"
            )
        if taken := {"number", "values"} & parts.keys():
            raise TypeError(f"save: a part must have another name than {taken.pop()}")
        there = self.numbers()
        if there and number < there[-1] and (self.position is None or number < self.position):
            raise ValueError(
                f"save: number must be at least {there[-1]}, as of the latest in {self.folder}, not {number}: call "
                "resume first, or take another folder"
            )
        self.folder.mkdir(parents=True, exist_ok=True)
        serialize.save(self.path(number), number=number, values=values, **parts)
        self.position = number
        if self.measure is not None:
            self.measured[number] = values[self.measure]
        self.clear(number)
        return self.path(number)

    def clear(self, number: int) -> None:
        """Deletes what is later than `number`, and what is neither among the latest nor the best."""
        there = self.numbers()
        past = [n for n in there if n <= number]
        kept = {*past[-self.keep :], *self.ranked(past)[:1]}
        for n in there:
            if n not in kept:
                self.path(n).unlink(missing_ok=True)
                self.measured.pop(n, None)
        delete_abandoned(self.folder, ".checkpoint-")

    def latest(self) -> Path | None:
        """The path of the latest checkpoint that is whole, None if there is none. Warns of each one that is damaged."""
        return self.first_whole(reversed(self.numbers()))

    def best(self) -> Path | None:
        """The path of the best checkpoint that is whole, None if there is none.

        Raises ValueError if `best` was not given.
        """
        if self.measure is None:
            raise ValueError("best() needs the name of a value: make it by Checkpoints(folder, best='test_loss')")
        return self.first_whole(self.ranked(self.numbers()))

    def resume(self, **parts: Any) -> dict[str, Any]:
        """Loads the latest checkpoint that is whole into the parts, all or none: see `serialize.load`.

        Returns its `number`, its `values` and the other plain values. Without a checkpoint it changes nothing, and
        returns an empty dict. Warns of each one that is damaged. Raises ValueError if it does not fit.
        """
        path = self.latest()
        if path is None:
            return {}
        found = serialize.load({**parts}, path) if parts else serialize.load(path)
        self.position = found["number"]
        return found

    def first_whole(self, numbers: Iterable[int]) -> Path | None:
        for number in numbers:
            try:
                serialize.read(self.path(number))
            except FileNotFoundError:  # another process has deleted it
                continue
            except ValueError as error:
                warnings.warn(f"{error}. The checkpoint before it is taken", stacklevel=3)
            else:
                return self.path(number)
        return None

    def ranked(self, numbers: Iterable[int]) -> list[int]:
        """The numbers whose value of `measure` is known, the best first; of equal ones the earliest."""
        found = [(self.value(n), n) for n in numbers] if self.measure is not None else []
        return [n for value, n in sorted(found) if not math.isnan(value)]

    def value(self, number: int) -> float:
        """What `best` is measured by: the smallest is the best. nan if the file does not say it."""
        if number not in self.measured:
            try:
                self.measured[number] = serialize.values(self.path(number))["values"][self.measure]
            except (ValueError, LookupError, TypeError, OSError):
                return math.nan
        return -self.measured[number] if self.largest else self.measured[number]


def checked_values(values: Any) -> dict[str, float]:
    """Numbers by name. Raises TypeError for anything else."""
    if values is not None and not isinstance(values, Mapping):
        raise TypeError(f"save: values must be a dict of numbers, such as {{'loss': 0.3}}, not {shown(values)}")
    found = {}
    for name, value in (values or {}).items():
        x = value.item() if getattr(value, "size", 0) == 1 and hasattr(value, "item") else value
        if not isinstance(name, str) or isinstance(x, bool) or not isinstance(x, numbers.Real):
            raise TypeError(f"save: values must be a dict of numbers, and {shown(name)} is {shown(value)}")
        found[name] = float(x)
    return found


class Run:
    """A training by `fit`, which writes checkpoints, and goes on where another one was.

    Its parts are all that the numbers depend on: the model, its generators and the shared one, the optimizer, both
    loaders, and the watches that have a state. `count` are the updates so far. In a group rank 0 writes, and all read.
    """

    def __init__(
        self, checkpoints: Any, resume: bool, history: History, model: Layer, loader: Any, group: Group, **others: Any
    ) -> None:
        self.checkpoints, self.history = checked_checkpoints(checkpoints), history
        self.group, self.model = group, model
        self.batches_of_epoch = len(loader) if hasattr(loader, "__len__") else None
        self.count, self.batches, self.stopped = 0, 0, False
        self.sums: Any = None  # of the epoch in which it goes on
        generators = dict(enumerate_named(named_objects(model, np.random.Generator)))
        self.parts = {"model": model, "generator": generator, "generators": generators}
        self.parts |= {name: x for name, x in {"loader": loader, **others}.items() if hasattr(x, "state_dict")}
        if flag("fit: resume", resume):
            self.resume()
        elif self.checkpoints is not None and self.checkpoints.numbers():
            raise ValueError(
                f"fit: checkpoints must be a folder without any, or given with resume=True, not {self.checkpoints}"
            )
        if self.checkpoints is not None and self.checkpoints.every and "loader" not in self.parts:
            raise TypeError(f"fit: loader must have a state, as a DataLoader has, for every=, not {shown(loader)}")

    def resume(self) -> None:
        """Loads the latest checkpoint, if there is one. Raises ValueError if it is not one of `fit`."""
        if self.checkpoints is None:
            raise ValueError("fit: resume=True needs checkpoints: checkpoints=Checkpoints(folder)")
        try:
            found = self.checkpoints.resume(**self.parts)
        except ValueError as error:
            raise ValueError(
                f"{error}\nfit: resume=True goes on with the model, optimizer, loaders and watches of that training. "
                "To go on with others: found = serialize.load(path, model=model, optimizer=optimizer), then fit with "
                "history=History(found['history']) and another folder for checkpoints"
            ) from error
        check_same(self.group, "fit: the latest checkpoint", {"number": found.get("number")})
        if not found:
            return
        if not {"history", "sums", "batches", "stopped"} <= found.keys():
            raise ValueError(f"fit: the latest of {self.checkpoints} must be a checkpoint of fit: resume it by hand")
        self.count, self.batches, self.stopped = found["number"], found["batches"], found["stopped"]
        self.sums = found["sums"]
        if self.stopped:
            said = f"fit: a watch has stopped the training in {self.checkpoints.folder}, and so nothing is trained"
            warnings.warn(f"{said}: load the latest checkpoint and take a new folder to train on", stacklevel=5)
        self.history.clear()
        self.history.update(found["history"])
        part_ways(self.group, self.model)

    def begin(self, sums: Any) -> Any:
        """The sums of an epoch: those of its batches so far, if it has begun before. Rank 0 has those of all ranks."""
        if self.sums is not None:
            none = {} if self.group.rank == 0 else {"size": 0.0, "loss": 0.0, "measures": {}}
            sums.load_state_dict({**self.sums, **none})
            self.sums = None
        return sums

    def updated(self, batches: int, sums: Any) -> None:
        """An update for so many batches has been made."""
        self.count += 1
        self.batches += batches
        if self.checkpoints is None or self.checkpoints.every is None:
            return
        if self.count % self.checkpoints.every == 0 and self.batches != self.batches_of_epoch:
            measure = self.checkpoints.measure  # which is known at the end of an epoch
            share_buffers(self.group, self.model)  # as at the end of an epoch: those of rank 0 are what a file holds
            self.save({} if measure is None else {measure: math.nan}, sums.over(self.group).state_dict())

    def finished(self, values: Mapping[str, float], stopped: bool) -> None:
        """An epoch has ended, and the training with it if it is `stopped`."""
        self.batches, self.stopped = 0, stopped
        self.save(values, None)

    def save(self, values: Mapping[str, float], sums: Any) -> None:
        state = {"history": dict(self.history), "batches": self.batches, "stopped": self.stopped, "sums": sums}
        if self.checkpoints is None:
            return
        parts = {name: Gathered(x) if isinstance(x, Partition) else x for name, x in self.parts.items()}
        if self.group.rank == 0:
            self.checkpoints.save(self.count, values, **parts, **state)
        part_ways(self.group, self.model)  # as a resumed run will


class Gathered:
    """The state of an optimizer whose parts lie on several ranks: all of them bring it, and one writes it."""

    def __init__(self, partition: Partition) -> None:
        self.state = partition.state_dict()

    def state_dict(self) -> dict[str, Any]:
        return self.state


def enumerate_named(pairs: Iterable[tuple[str, Any]]) -> Iterable[tuple[str, Any]]:
    """Objects by their number, as text: a path may have a sign that no name of a part has."""
    return [(str(i), x) for i, (_, x) in enumerate(pairs)]


def checked_checkpoints(checkpoints: Any) -> Checkpoints | None:
    """None or a Checkpoints; a folder is one too. Raises TypeError for anything else."""
    if isinstance(checkpoints, (str, os.PathLike)):
        return Checkpoints(checkpoints)
    if checkpoints is not None and not isinstance(checkpoints, Checkpoints):
        raise TypeError(f"fit: checkpoints must be a Checkpoints, a folder or None, not {shown(checkpoints)}")
    return checkpoints
