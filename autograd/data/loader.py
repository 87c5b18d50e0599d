"""Batches: epoch after epoch, each in a new order."""

from __future__ import annotations

import contextlib
import copy
import hashlib
import json
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from autograd.backend import Array, to_device
from autograd.bfloat16 import kind_of
from autograd.checks import dtype_of, flag, function, one_of, shown, whole
from autograd.data.ahead import made_ahead
from autograd.data.columns import columns, mapped, stacked
from autograd.data.generators import has_generator
from autograd.data.transforms import takes_rng
from autograd.data.workers import METHODS, from_workers
from autograd.locks import Lock, drawers
from autograd.names import with_advice

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

    def seed(self) -> list[int]:
        """Four words that only this epoch has. Generators are seeded with them, and nothing is drawn for them."""
        text = json.dumps([self.number, self.origin], sort_keys=True)
        return np.frombuffer(hashlib.sha256(text.encode()).digest()[:16], "<u4").tolist()  # type: ignore[no-any-return]


drawing = Lock()  # one order is drawn at a time: a generator may belong to several loaders


class DataLoader:
    """The data in batches: `for x, t in loader` is one epoch.

    data         a tuple of columns of equal length: a batch is a tuple of arrays; a dict of columns: a dict of arrays
                 one array: a batch is an array
                 an object with len(data) and data[i], such as a list of samples (rows): samples are stacked
    batch_size   samples in a batch; the last batch has the rest, or is left out with drop_last=True
    shuffle      draw a new order for each epoch
    rng          a NumPy Generator, or the seed of one; None: different numbers in each run
    device       'cpu' or 'gpu': move each batch there; None leaves it where the data is. For a GPU a thread takes
                 and moves two batches of columns ahead, where no transform and no collate of yours runs
    dtype        of the floating-point numbers in a batch, such as np.float32; None leaves them as they are
    transform    a function of each sample, or of x where a sample is a tuple (x, ...)
    collate      a function of the list of samples that makes the batch, such as `data.padded` for ragged ones
    sampler      draws the samples of an epoch in place of `shuffle`, such as a `WeightedSampler`
    workers      processes that make batches ahead; 0: this process makes each when it is asked for

    A column is an array, a frame or series of pandas, a tensor, a sparse matrix, or a list. A memory-mapped file stays
    one. Samples may be dicts, too. Samples that are Python numbers become int64 or float32.

    Each `for` is a new epoch, also after a `break`. Two loops at a time don't disturb each other, nor in two threads.
    Threads that share one iterator get each batch once. A batch is a copy: writing to it does not change the data.

    A `transform` or `collate` with a parameter `rng` that is not set gets a generator of its own for each sample or
    batch. Its numbers follow from `rng`, the epoch and the place in it: workers and a resumed run give the same.

    Beside workers a generator that the data, a transform or a collate have of their own is refused: it would repeat.

    Workers are started by `start_method`: 'fork', 'spawn' or 'forkserver'; None is Python's default. All but 'fork'
    pickle the data, and need `if __name__ == "__main__":` in a script. They are started for each epoch.

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

    part = (0, 1)  # of each batch: the rank of this process, and the number of processes

    @with_advice
    def __init__(
        self,
        data: Any,
        batch_size: int,
        *,
        shuffle: bool = True,
        drop_last: bool = False,
        rng: int | np.random.Generator | None = 0,
        device: str | None = None,
        dtype: Any = None,
        transform: Callable[..., Any] | None = None,
        collate: Callable[..., Any] | None = None,
        sampler: Callable[[np.random.Generator], Any] | None = None,
        workers: int = 0,
        start_method: str | None = None,
    ) -> None:
        self.columns = columns(data)
        self.rows: Any = data if self.columns is None else None
        self.batch_size = whole("DataLoader: batch_size", batch_size)
        self.shuffle = flag("DataLoader: shuffle", shuffle)
        self.drop_last = flag("DataLoader: drop_last", drop_last)
        self.device = one_of("DataLoader: device", device, "cpu", "gpu", None)
        self.floats = None if dtype is None else dtype_of("DataLoader: dtype", dtype)
        self.transform = optional("transform", transform)
        self.collate = optional("collate", collate)
        self.workers = whole("DataLoader: workers", workers, 0)
        if workers:
            check_generators(transform, collate, [data] if self.columns is None else self.columns.columns)
        self.start_method = one_of("DataLoader: start_method", start_method, *METHODS, None)
        self.rng = generator_of(rng)
        drawers.add(self)
        self.length = self.columns.length if self.columns else len(data)
        self.sampler = check_sampler(sampler, self.length)
        whole(f"DataLoader: len(data) with drop_last={drop_last}", self.samples, self.batch_size if drop_last else 1)
        self.latest = Epoch(number=-1, finished=True)
        self.resumed = False

    @property
    def data(self) -> Any:
        """The data: as they were given if they are samples; columns as arrays."""
        return self.rows if self.columns is None else self.columns.formed(self.columns.columns)

    @property
    def samples(self) -> int:
        """The number of samples in an epoch."""
        return self.length if self.sampler is None else len(self.sampler)

    def __len__(self) -> int:
        """The number of batches in an epoch."""
        full, rest = divmod(self.samples, self.batch_size)
        return full if self.drop_last or rest == 0 else full + 1

    def __iter__(self) -> Iterator[Any]:
        return Shared(self.run())

    def run(self) -> Iterator[Any]:
        """The batches of an epoch, which begins with the first of them."""
        with drawing:
            epoch = self.latest if self.resumed else self.begin()
            self.latest, self.resumed = epoch, False
        with contextlib.closing(self.batches(epoch)) as batches:
            for batch in batches:
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
        if self.sampler is not None:
            return drawn(self.sampler, rng, self.length)
        return rng.permutation(self.length) if self.shuffle else np.arange(self.length)

    def batches(self, epoch: Epoch) -> Generator[Any]:
        """The batches of an epoch that are left."""
        make, numbers = Maker(self, epoch), range(epoch.position, len(self))
        if self.workers:
            made = from_workers(make, numbers, self.workers, self.start_method, make.seed)
        else:
            made = (make(k) for k in numbers)
        with contextlib.closing(made):
            if self.device != "gpu" or self.workers or make.whole is None:
                yield from made if self.device is None else map(self.moved, made)
                return
            with contextlib.closing(made_ahead(made, self.moved)) as ready:
                yield from ready

    def shard(self, rank: int, size: int) -> Self:
        """A loader of the same batches for process `rank` of `size`, which together load each batch once.

        Of N samples it gives those from N rank / size to N (rank + 1) / size, both rounded up. They may be none, arrays
        of 0 rows. State and length are those of the whole: a position means the same for any number of processes.
        """
        size = whole("shard: size", size)
        if self.part != (0, 1):
            raise ValueError(f"shard takes a loader of whole batches, not one of part {self.part[0]} of {self.part[1]}")
        other = copy.copy(self)
        other.part = whole("shard: rank", rank, 0, size - 1), size
        other.rng, other.latest = copy.deepcopy(self.rng), copy.copy(self.latest)
        drawers.add(other)
        return other

    def places(self, k: int) -> slice:
        """The places of batch k in the order of an epoch, as far as they are of this process."""
        first = k * self.batch_size
        n = min(self.batch_size, self.samples - first)
        start, stop = [-(-n * part // self.part[1]) for part in (self.part[0], self.part[0] + 1)]
        return slice(first + start, first + stop)

    def moved(self, batch: Any) -> Any:
        """The batch on the loader's device."""
        return mapped(lambda array: to_device(array, self.device or "cpu"), batch)

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
        names = ("length", "batch_size", "shuffle", "drop_last", *(("samples",) if self.sampler else ()))
        return {name: getattr(self, name) for name in names}


class Maker:
    """Batch k of an epoch, as a function of k. It can be pickled if the data can: workers make batches, too."""

    def __init__(self, loader: DataLoader, epoch: Epoch) -> None:
        self.loader, self.order = loader, epoch.order
        self.orders = loader.columns.orders(epoch.order) if loader.columns else []
        randomly = [takes_rng(f) for f in (loader.transform, loader.collate)]
        self.transform_draws, self.collate_draws = randomly
        self.seed = epoch.seed() if loader.workers or any(randomly) else []
        plain = loader.transform is None and loader.collate is None
        self.whole = loader.columns if plain and type(loader).joined is DataLoader.joined else None

    def __call__(self, k: int) -> Any:
        """The batch in the memory where the data is."""
        rows = self.loader.places(k)
        if rows.start < rows.stop or self.whole is not None:
            return self.made(k, rows)
        i = max(rows.start - 1, 0)  # of no sample nobody knows the shape
        return mapped(no_rows, self.made(k, slice(i, i + 1)))

    def made(self, k: int, rows: slice) -> Any:
        """The samples at these places of the epoch, as batch k or a part of it."""
        if self.whole is not None:
            batch = self.whole.batch(self.orders, rows)
        else:
            samples = [self.sample(place, row) for place, row in enumerate(self.order[rows].tolist(), rows.start)]
            batch = self.joined(k, samples)
        return batch if self.loader.floats is None else mapped(self.cast, batch)

    def sample(self, place: int, row: int) -> Any:
        """The sample of this row, at this place of the epoch, transformed."""
        f, data = self.loader.transform, self.loader.columns
        sample = data.sample(row) if data is not None else self.loader.rows[row]
        if f is None:
            return sample
        options = {"rng": np.random.default_rng([*self.seed, place])} if self.transform_draws else {}
        if isinstance(sample, tuple) and sample:
            return (f(sample[0], **options), *sample[1:])
        return f(sample, **options)

    def joined(self, k: int, samples: list[Any]) -> Any:
        """Batch k of these samples."""
        f = self.loader.collate
        if f is None:
            return self.loader.joined(samples)
        return f(samples, rng=np.random.default_rng([*self.seed, k, 1])) if self.collate_draws else f(samples)

    def cast(self, array: Array) -> Array:
        """Floating-point numbers in the loader's dtype."""
        return array.astype(self.loader.floats, copy=False) if kind_of(array.dtype) == "f" else array


def no_rows(array: Array) -> Array:
    """An array like this one, without its rows."""
    return array[:0]


class Shared:
    """An iterator for several threads: each item goes to one of them."""

    def __init__(self, items: Iterator[Any]) -> None:
        self.items, self.lock = items, Lock()

    def __iter__(self) -> Shared:
        return self

    def __next__(self) -> Any:
        with self.lock:
            return next(self.items)


def optional(name: str, f: Any) -> Any:
    """The function f, or None."""
    return None if f is None else function(f"DataLoader: {name}", f)


def check_generators(transform: Any, collate: Any, data: Sequence[Any]) -> None:
    """Raises ValueError for a generator that workers would copy. That of a sampler stays in this process."""
    for what, x in (("a transform", transform), ("a collate", collate), *[("data", x) for x in data]):
        if has_generator(x):
            advice = "leave its rng unset, and the loader gives it one"
            advice = "draw from np.random, which is seeded for each batch" if what == "data" else advice
            raise ValueError(
                f"DataLoader: workers must be 0 for {what} with a generator of its own, which each process would copy, "
                f"and begin anew in each epoch: {advice}"
            )


def check_sampler(sampler: Any, length: int) -> Any:
    """`sampler`, if it is None or draws a known number of `length` samples."""
    if sampler is None:
        return None
    if not callable(sampler) or not hasattr(sampler, "__len__") or isinstance(sampler, type):
        raise TypeError(
            "DataLoader: sampler must have a length and be a function of a generator that gives numbers of samples, "
            f"such as data.WeightedSampler(weights), not {shown(sampler)}"
        )
    whole("DataLoader: len(sampler)", len(sampler))
    if (weights := getattr(sampler, "length", length)) != length:
        raise ValueError(f"DataLoader: sampler must have a weight for each of {length} samples, not {weights}")
    return sampler


def drawn(sampler: Any, rng: np.random.Generator, length: int) -> NDArray[np.int64]:
    """What the sampler draws. Raises ValueError unless they are numbers of samples."""
    order = np.asarray(sampler(rng))
    if order.shape != (len(sampler),) or order.dtype.kind not in "iu" or order.min() < 0 or order.max() >= length:
        raise ValueError(
            f"DataLoader: sampler must give {len(sampler)} whole numbers, 0 to {length - 1}, not {order.dtype} "
            f"{order.shape}: {shown(order)}"
        )
    return order.astype(np.int64)


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
