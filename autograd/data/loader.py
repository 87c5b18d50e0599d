"""Batches: one pass over the data after another, each in an order of its own."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from autograd.backend import is_array, namespace, to_device
from autograd.data.arguments import require_flag, require_one_of, whole

__all__ = ["DataLoader", "Dataset"]

Array = Any  # of NumPy or of CuPy


class Dataset(Protocol):
    """Anything of known length that gives a sample for each number from 0 to length-1."""

    def __len__(self) -> int: ...
    def __getitem__(self, row: int, /) -> Any: ...


@dataclass(slots=True)
class Epoch:
    """One pass over the data. `origin` is the state of the generator that `order` was drawn with."""

    number: int
    order: NDArray[np.int64] = field(default_factory=lambda: np.arange(0))
    origin: dict[str, Any] | None = None
    position: int = 0  # batches handed out
    finished: bool = False


class DataLoader:
    """The data in batches: `for x, t in loader` is one epoch.

    data         a tuple of arrays of equal length, for batches that are tuples of arrays; or one array; or
                 any object with len(data) and data[i], such as a list of samples, for batches of stacked
                 samples. So a tuple is columns, and a list is rows.
    batch_size   samples in a batch; the last one has the rest, or is left out with drop_last=True
    shuffle      draw a new order for each epoch
    rng          a NumPy Generator, or the seed of one; with None it is different each time
    device       'cpu' or 'gpu': move each batch there; None leaves it where the data is

    Each `for` is an epoch of its own: after a `break` the next one begins anew, in a new order, and two at a
    time don't disturb each other. A batch is a copy: writing to it does not change the data. Samples that are
    Python numbers become int64 or float32.

    `state_dict()` says where the epoch stands that was begun last. A loader of the same data that loads it
    goes on with exactly the batches that were to come, in this epoch and in all that follow:

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
        require_flag("shuffle", shuffle)
        require_flag("drop_last", drop_last)
        require_one_of("device", device, "cpu", "gpu", None)
        self.arrays = columns(data)
        self.data: Any = data
        self.batch_size = whole("batch_size", batch_size, 1)
        self.shuffle, self.drop_last, self.device = bool(shuffle), bool(drop_last), device
        self.rng = generator(rng)
        self.length = len(self.arrays[0] if self.arrays else data)
        if len(self) == 0:
            raise ValueError(f"{self.length} samples give no batch of {batch_size} with drop_last={drop_last}")
        self.latest = Epoch(number=-1, finished=True)
        self.resumed = False

    def __len__(self) -> int:
        """Batches in an epoch."""
        full, rest = divmod(self.length, self.batch_size)
        return full if self.drop_last or rest == 0 else full + 1

    def __iter__(self) -> Iterator[Any]:
        epoch = self.latest if self.resumed else self.begin()
        self.latest, self.resumed = epoch, False
        for batch in self.batches(epoch.order, epoch.position):
            epoch.position += 1
            yield batch
        epoch.finished = True

    @property
    def epoch(self) -> int:
        """The number, from 0, of the epoch that is under way, or else of the next one."""
        return self.latest.number + self.latest.finished

    def begin(self) -> Epoch:
        """A new epoch, in a new order."""
        origin = plain(self.rng.bit_generator.state)
        return Epoch(self.latest.number + 1, self.order(self.rng), origin)

    def order(self, rng: np.random.Generator) -> NDArray[np.int64]:
        """The rows of the data as an epoch has them."""
        return rng.permutation(self.length) if self.shuffle else np.arange(self.length)

    def batches(self, order: NDArray[np.int64], start: int) -> Iterator[Any]:
        """The batches of this order, from number `start` on."""
        # The order is brought to where an array is, once an epoch.
        pairs = [(array, namespace(array).asarray(order)) for array in self.arrays]
        for k in range(start, len(self)):
            rows = slice(k * self.batch_size, (k + 1) * self.batch_size)
            if not self.arrays:
                batch = stack([self.data[row] for row in order[rows].tolist()])
            else:
                batch = tuple(array.take(index[rows], axis=0) for array, index in pairs)
                batch = batch if isinstance(self.data, tuple) else batch[0]
            yield batch if self.device is None else moved(batch, self.device)

    def state_dict(self) -> dict[str, Any]:
        """Where the latest epoch stands, in numbers, strings, lists and dicts: it survives JSON.

        An epoch ends when its loop does. The state taken inside the loop at the last batch is from before
        that end: after loading it the first loop has no batch, and the second is the next epoch.
        """
        under_way = not self.latest.finished
        return {
            **self.signature(),
            "epoch": self.epoch,
            "position": self.latest.position if under_way else 0,
            "origin": self.latest.origin if under_way else None,
            "rng": plain(self.rng.bit_generator.state),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where another loader was when it gave this state.

        ValueError if it is the state of other data, other batches or another kind of generator; the loader is
        unchanged then.
        """
        other = {name: state.get(name) for name in self.signature()}
        if other != self.signature():
            raise ValueError(f"the state is that of a loader with {other}; this one has {self.signature()}")
        number = whole("the state's epoch", state.get("epoch"), 0)
        position = whole("the state's position", state.get("position"), 0)
        if position > len(self):
            raise ValueError(f"the state's position is {position}; an epoch has {len(self)} batches")
        rng = restored(self.rng, state.get("rng"))
        if (origin := state.get("origin")) is None:
            self.latest = Epoch(number - 1, finished=True)
        else:
            self.latest = Epoch(number, self.order(restored(self.rng, origin)), origin, position)
        self.resumed = not self.latest.finished
        self.rng.bit_generator.state = rng.bit_generator.state

    def signature(self) -> dict[str, Any]:
        """What two loaders must share for a position in one to mean the same in the other."""
        return {name: getattr(self, name) for name in ("length", "batch_size", "shuffle", "drop_last")}


def columns(data: Any) -> tuple[Array, ...]:
    """The arrays that the data consists of; none if it is an object that gives samples."""
    if is_array(data):
        data = (data,)
    sequence = hasattr(data, "__len__") and hasattr(data, "__getitem__")
    if not sequence or isinstance(data, Mapping | str | bytes):
        raise TypeError(
            f"data is of type {type(data).__name__}; "
            "give a tuple of arrays, one array, or an object with len(data) and data[i]"
        )
    if not isinstance(data, tuple):
        return ()
    for number, array in enumerate(data):
        if not is_array(array) or array.ndim == 0:
            raise TypeError(f"data[{number}] is {array!r:.60}; a tuple must consist of arrays with rows")
    if len({len(array) for array in data}) != 1:
        raise ValueError(f"the arrays must be of equal length; their shapes are {[a.shape for a in data]}")
    return data


def generator(rng: object) -> np.random.Generator:
    if isinstance(rng, np.random.Generator):
        return rng
    if rng is None:
        return np.random.default_rng()
    return np.random.default_rng(whole("rng, which is not a Generator and so a seed,", rng, 0))


def restored(rng: np.random.Generator, state: Any) -> np.random.Generator:
    """A new generator of the same kind in this state."""
    bits = type(rng.bit_generator)()
    try:
        bits.state = state
    except (KeyError, OverflowError, TypeError, ValueError) as error:
        raise ValueError(f"not the state of a generator of kind {type(bits).__name__}: {error}") from error
    return np.random.Generator(bits)


def plain(state: Any) -> Any:
    """The state of a generator with its arrays as lists, as JSON needs it."""
    if isinstance(state, Mapping):
        return {name: plain(value) for name, value in state.items()}
    return state.tolist() if isinstance(state, np.ndarray) else state


def moved(batch: Any, device: str) -> Any:
    if isinstance(batch, tuple):
        return tuple(to_device(array, device) for array in batch)
    return to_device(batch, device)


def stack(samples: Sequence[Any]) -> Any:
    """Samples as a batch: tuples become a tuple of stacked columns, anything else one stacked column."""
    widths = {len(sample) if isinstance(sample, tuple) else None for sample in samples}
    if len(widths) != 1:
        raise ValueError("the samples of a batch must be tuples of one length, or none of them a tuple")
    if widths == {None}:
        return stack_column(samples)
    return tuple(stack_column(column) for column in zip(*samples, strict=True))


def stack_column(values: Sequence[Any]) -> Array:
    """Arrays of one shape as one array with an axis in front; numbers as an array of one axis."""
    if all(isinstance(value, int | float | np.generic) for value in values):
        column = np.asarray(values)
        python_floats = column.dtype == np.float64 and all(type(value) in (int, float) for value in values)
        return column.astype(np.float32) if python_floats else column
    if not all(is_array(value) for value in values):
        raise TypeError(f"a sample is an array, a number, or a tuple of these; got {values[0]!r:.60}")
    if len(shapes := {value.shape for value in values}) != 1:
        raise ValueError(f"samples of different shapes make no batch: {sorted(shapes)}")
    return namespace(*values).stack(values)
