"""Batches: epoch after epoch, each in a new order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from autograd.backend import Array, is_array, namespace, to_device
from autograd.checks import flag, one_of, shown, whole
from autograd.locks import Lock, drawers

__all__ = ["DataLoader", "Dataset"]


class Dataset(Protocol):
    """An object with a length and a sample for each number from 0 to length-1."""

    def __len__(self) -> int: ...
    def __getitem__(self, row: int, /) -> Any: ...


@dataclass(slots=True)
class Epoch:
    """One pass over the data. `origin` is the state of the generator before `order` was drawn."""

    number: int
    order: NDArray[np.int64] = field(default_factory=lambda: np.arange(0))
    origin: dict[str, Any] | None = None
    position: int = 0  # batches handed out
    finished: bool = False


drawing = Lock()  # one order is drawn at a time: a generator may belong to several loaders


class DataLoader:
    """The data in batches: `for x, t in loader` is one epoch.

    data         a tuple of arrays of equal length (columns): a batch is a tuple of arrays
                 one array: a batch is an array
                 an object with len(data) and data[i], such as a list of samples (rows): samples are stacked
    batch_size   samples in a batch; the last batch has the rest, or is left out with drop_last=True
    shuffle      draw a new order for each epoch
    rng          a NumPy Generator, or the seed of one; None: different numbers in each run
    device       'cpu' or 'gpu': move each batch there; None leaves it where the data is

    Each `for` is a new epoch, also after a `break`. Two loops at a time don't disturb each other, nor in two threads.
    Threads that share one iterator get each batch once. A batch is a copy: writing to it does not change the data.
    Samples that are Python numbers become int64 or float32.

    `state_dict()` is the position in the epoch that began last. A loader of the same data that loads it continues with
    exactly the batches that are left, in this epoch and in all later ones:

    >>> loader = DataLoader(np.arange(10), batch_size=4)
    >>> for first in loader:
    ...     state = loader.state_dict()
    ...     break
    >>> other = DataLoader(np.arange(10), batch_size=4)
    >>> other.load_state_dict(state)
    >>> sorted(np.concatenate([first, *other]).tolist())
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    """

    def __init__(
        self,
        data: tuple[Array, ...] | Array | Dataset,
        batch_size: int,
        *,
        shuffle: bool = True,
        drop_last: bool = False,
        rng: int | np.random.Generator | None = 0,
        device: str | None = None,
    ) -> None:
        self.arrays = columns(data)
        self.data: Any = data
        self.batch_size = whole("DataLoader: batch_size", batch_size)
        self.shuffle = flag("DataLoader: shuffle", shuffle)
        self.drop_last = flag("DataLoader: drop_last", drop_last)
        self.device = one_of("DataLoader: device", device, "cpu", "gpu", None)
        self.rng = generator_of(rng)
        drawers.add(self)
        self.length = len(self.arrays[0] if self.arrays else data)
        whole(f"DataLoader: len(data) with drop_last={drop_last}", self.length, self.batch_size if drop_last else 1)
        self.latest = Epoch(number=-1, finished=True)
        self.resumed = False

    def __len__(self) -> int:
        """The number of batches in an epoch."""
        full, rest = divmod(self.length, self.batch_size)
        return full if self.drop_last or rest == 0 else full + 1

    def __iter__(self) -> Iterator[Any]:
        return Shared(self.run())

    def run(self) -> Iterator[Any]:
        """The batches of an epoch, which begins with the first of them."""
        with drawing:
            epoch = self.latest if self.resumed else self.begin()
            self.latest, self.resumed = epoch, False
        for batch in self.batches(epoch.order, epoch.position):
            epoch.position += 1
            yield batch
        epoch.finished = True

    @property
    def epoch(self) -> int:
        """The number, from 0, of the epoch in progress, or of the next one between two epochs."""
        return self.latest.number + self.latest.finished

    def begin(self) -> Epoch:
        """A new epoch, in a new order."""
        origin = as_json(self.rng.bit_generator.state)
        return Epoch(self.latest.number + 1, self.order(self.rng), origin)

    def order(self, rng: np.random.Generator) -> NDArray[np.int64]:
        """The numbers of the samples in the order of an epoch."""
        return rng.permutation(self.length) if self.shuffle else np.arange(self.length)

    def batches(self, order: NDArray[np.int64], start: int) -> Iterator[Any]:
        """The batches of this order, beginning with number `start`."""
        # The order is moved to the device of each array once an epoch, not once a batch.
        pairs = [(array, namespace(array).asarray(order)) for array in self.arrays]
        for k in range(start, len(self)):
            rows = slice(k * self.batch_size, (k + 1) * self.batch_size)
            if not self.arrays:
                batch = self.joined([self.data[row] for row in order[rows].tolist()])
            else:
                batch = tuple(array.take(index[rows], axis=0) for array, index in pairs)
                batch = batch if isinstance(self.data, tuple) else batch[0]
            yield batch if self.device is None else on_device(batch, self.device)

    def joined(self, samples: Sequence[Any]) -> Any:
        """Samples as a batch."""
        return stacked(samples)

    def state_dict(self) -> dict[str, Any]:
        """The position in the latest epoch, in numbers, strings, lists and dicts, so that it can be written as JSON.

        An epoch ends when its loop ends. A state from inside the loop at the last batch is from before that end: the
        first loop after loading it has no batch, and the second is the next epoch.
        """
        with drawing:
            in_progress = not self.latest.finished
            return {
                **self.signature(),
                "epoch": self.epoch,
                "position": self.latest.position if in_progress else 0,
                "origin": self.latest.origin if in_progress else None,
                "rng": as_json(self.rng.bit_generator.state),
            }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continues where another loader was when its state was taken.

        Raises ValueError for the state of other data, other batches or another kind of generator; the loader is
        unchanged then.
        """
        if not isinstance(state, Mapping):
            raise TypeError(f"DataLoader takes the state_dict of a loader, not {shown(state)}")
        other = {name: state.get(name) for name in self.signature()}
        if other != self.signature():
            raise ValueError(f"DataLoader takes the state of a loader with {self.signature()}, not {other}")
        number = whole("the state's epoch", state.get("epoch"), 0)
        position = whole("the state's position", state.get("position"), 0)
        if position > len(self):
            raise ValueError(f"the state's position must be at most {len(self)}, not {position}")
        rng = restored(self.rng, state.get("rng"))
        if (origin := state.get("origin")) is None:
            self.latest = Epoch(number - 1, finished=True)
        else:
            self.latest = Epoch(number, self.order(restored(self.rng, origin)), origin, position)
        self.resumed = not self.latest.finished
        self.rng.bit_generator.state = rng.bit_generator.state

    def signature(self) -> dict[str, Any]:
        """What two loaders must have in common, so that a position means the same in both."""
        return {name: getattr(self, name) for name in ("length", "batch_size", "shuffle", "drop_last")}


class Shared:
    """An iterator for several threads: each item goes to one of them."""

    def __init__(self, items: Iterator[Any]) -> None:
        self.items, self.lock = items, Lock()

    def __iter__(self) -> Shared:
        return self

    def __next__(self) -> Any:
        with self.lock:
            return next(self.items)


def columns(data: Any) -> tuple[Array, ...]:
    """The arrays of the data; empty for an object that gives samples."""
    if is_array(data):
        data = (data,)
    sequence = hasattr(data, "__len__") and hasattr(data, "__getitem__")
    if not sequence or isinstance(data, (Mapping, str, bytes)):
        given = type(data).__name__
        raise TypeError(f"DataLoader takes arrays, a tuple of them, or an object with len and data[i], not {given}")
    if not isinstance(data, tuple):
        return ()
    for number, array in enumerate(data):
        if not is_array(array) or array.ndim == 0:
            raise TypeError(f"DataLoader: data[{number}] must be an array with rows, not {array!r:.60}")
    if len({len(array) for array in data}) != 1:
        raise ValueError(f"DataLoader takes arrays of equal length, not shapes {[a.shape for a in data]}")
    return data


def generator_of(rng: Any) -> np.random.Generator:
    """The generator itself, or a new one for a seed or None."""
    seed = rng is not None and not isinstance(rng, np.random.Generator)
    return np.random.default_rng(whole("DataLoader: rng, if not a Generator,", rng, 0) if seed else rng)


def restored(rng: np.random.Generator, state: Any) -> np.random.Generator:
    """A new generator of the same kind, in this state."""
    bits = type(rng.bit_generator)()
    try:
        bits.state = state
    except (KeyError, OverflowError, TypeError, ValueError) as error:
        kind = type(bits).__name__
        raise ValueError(f"the state's rng must be that of a {kind} generator, not {state!r:.40}: {error!r}") from error
    return np.random.Generator(bits)


def as_json(state: Any) -> Any:
    """The state of a generator, with lists in place of arrays."""
    if isinstance(state, Mapping):
        return {name: as_json(value) for name, value in state.items()}
    return state.tolist() if isinstance(state, np.ndarray) else state


def on_device(batch: Any, device: str) -> Any:
    """The batch with all its arrays on a device."""
    if isinstance(batch, tuple):
        return tuple(to_device(array, device) for array in batch)
    return to_device(batch, device)


def stacked(samples: Sequence[Any]) -> Any:
    """Samples as a batch: tuples become a tuple of columns, all others one column."""
    widths = {len(sample) if isinstance(sample, tuple) else None for sample in samples}
    if len(widths) != 1:
        raise ValueError("the samples of a batch must be tuples of one length or no tuples, not a mixture")
    return column(samples) if widths == {None} else tuple(column(values) for values in zip(*samples, strict=True))


def column(values: Sequence[Any]) -> Array:
    """Arrays of one shape as one array with a new first axis; numbers as an array of one axis."""
    if all(isinstance(value, (int, float, np.generic)) for value in values):
        numbers = np.asarray(values)
        python_floats = numbers.dtype == np.float64 and all(type(value) in (int, float) for value in values)
        return numbers.astype(np.float32) if python_floats else numbers
    if not all(is_array(value) for value in values):
        raise TypeError(f"a sample must be an array, a number, or a tuple of these, not {values[0]!r:.60}")
    if len(shapes := {value.shape for value in values}) != 1:
        raise ValueError(f"the samples of a batch must have one shape, not {sorted(shapes)}")
    return namespace(*values).stack(values)
