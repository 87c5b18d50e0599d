"""Sequences of different lengths, or one that is very long, in batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd.backend import Array, is_array, to_device
from autograd.bfloat16 import kind_of
from autograd.checks import number, one_of, shown, whole
from autograd.data.loader import DataLoader

__all__ = ["SequenceLoader", "StreamLoader", "Windows", "padded"]

POOL = 50  # batches that are sorted by length together


def padded(sequences: Sequence[Any], pad: float = 0) -> tuple[Array, NDArray[np.int64]]:
    """Sequences (T_i, ...) as one array (N, T, ...) with `pad` behind the shorter ones, and their lengths (N,).

    >>> padded([[1, 2, 3], [4]])
    (array([[1, 2, 3],
           [4, 0, 0]]), array([3, 1]))

    Raises TypeError for what is no list of sequences of numbers, ValueError if they differ in more than the length.
    """
    pad = number("padded: pad", pad)
    arrays = sequences_of("padded", sequences)
    if len({a.shape[1:] for a in arrays}) != 1:
        raise ValueError(f"padded takes sequences that differ in length alone, not {sorted({a.shape for a in arrays})}")
    lengths = np.array([len(a) for a in arrays], np.int64)
    dtype = np.result_type(*arrays)
    if kind_of(dtype) != "f" and not (pad == pad // 1 and abs(pad) < 2**53):
        raise ValueError(f"padded: pad must be a whole number beside {dtype}, not {pad}")
    if dtype.kind in "iu" and not np.iinfo(dtype).min <= pad <= np.iinfo(dtype).max:
        raise ValueError(f"padded: pad must be a number of {dtype}, not {pad:g}: give sequences of another dtype")
    x = np.full((len(arrays), lengths.max(), *arrays[0].shape[1:]), pad, dtype)
    for row, a in zip(x, arrays):
        row[: len(a)] = a
    return x, lengths


def sequences_of(name: str, sequences: Any) -> list[Any]:
    """A list of sequences as arrays. Raises TypeError for anything else, ValueError if there are none."""
    if isinstance(sequences, (str, bytes, dict, set)) or not hasattr(sequences, "__len__"):
        raise TypeError(f"{name} takes a list of sequences of numbers, not {shown(sequences)}")
    if not len(sequences):
        raise ValueError(f"{name} takes at least one sequence, not {shown(sequences)}")
    try:
        arrays = [s if is_array(s) else np.asarray(s) for s in sequences]
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name} takes sequences of numbers, not {shown(sequences)}") from error
    for a in arrays:
        if a.ndim < 1 or kind_of(a.dtype) not in "fiub":
            raise TypeError(f"{name} takes sequences of numbers, not {shown(a)}")
    return arrays


class Samples:
    """Sequences and their targets as rows."""

    def __init__(self, arrays: list[Any], targets: Any) -> None:
        self.arrays, self.targets = arrays, targets

    def __len__(self) -> int:
        return len(self.arrays)

    def __getitem__(self, row: int) -> Any:
        return (self.arrays[row],) if self.targets is None else (self.arrays[row], self.targets[row])


class SequenceLoader(DataLoader):
    """Batches of sequences of similar length, padded: `for x, lengths in loader`.

    sequences   a list of arrays (T_i, ...); x is (N, T, ...), with `pad` behind, and `lengths` is (N,)
    targets     one for each: a number, and a batch is (x, lengths, t); or a sequence, padded with `target_pad`

    Of POOL batches at a time the sequences are sorted by length, so that little is padding; then the batches are put
    into a random order. The other arguments, the order of the epochs and `state_dict` are those of `DataLoader`.
    `mask = np.arange(x.shape[1]) < lengths[:, None]` is True where there is no padding.
    """

    def __init__(
        self,
        sequences: Sequence[Any],
        batch_size: int,
        *,
        targets: Any = None,
        pad: float = 0,
        target_pad: float = -1,
        shuffle: bool = True,
        drop_last: bool = False,
        rng: int | np.random.Generator | None = 0,
        device: str | None = None,
    ) -> None:
        arrays = sequences_of("SequenceLoader: sequences", sequences)
        if targets is not None and (not hasattr(targets, "__len__") or len(targets) != len(arrays)):
            raise ValueError(f"SequenceLoader takes a target for each of {len(arrays)} sequences, not {shown(targets)}")
        if targets is not None and any(np.ndim(t) == 0 and kind_of(np.asarray(t).dtype) not in "fiub" for t in targets):
            raise TypeError(f"SequenceLoader takes targets of numbers, not {shown(targets)}")
        self.pads = number("SequenceLoader: pad", pad), number("SequenceLoader: target_pad", target_pad)
        self.lengths = np.array([len(a) for a in arrays])
        options: dict[str, Any] = {"shuffle": shuffle, "drop_last": drop_last, "rng": rng, "device": device}
        super().__init__(Samples(arrays, targets), batch_size, **options)

    def order(self, rng: np.random.Generator) -> NDArray[np.int64]:
        """A random order, in which neighbours have similar lengths: batch by batch, and the incomplete one last."""
        order, n = super().order(rng), self.batch_size
        if not self.shuffle:
            return order
        for i in range(0, len(order), n * POOL):
            pool = order[i : i + n * POOL]
            order[i : i + n * POOL] = pool[np.argsort(self.lengths[pool], kind="stable")]
        full = len(order) // n * n
        batches = order[:full].reshape(-1, n)
        return np.concatenate([batches[rng.permutation(len(batches))].reshape(-1), order[full:]])

    def joined(self, samples: Sequence[Any]) -> Any:
        """A batch: sequences padded, their lengths, and the targets."""
        sequences, *targets = zip(*samples)
        x, lengths = padded(sequences, self.pads[0])
        if not targets:
            return x, lengths
        plain = all(np.ndim(t) == 0 for t in targets[0])
        return x, lengths, np.asarray(targets[0]) if plain else padded(targets[0], self.pads[1])[0]


class StreamLoader:
    """One long sequence for truncated backpropagation: `for x, t in loader`, both (N, T), t one element further on.

    The sequence is cut into N = `batch_size` streams of equal length, side by side. Row i of a batch continues row i of
    the batch before: a recurrent layer keeps its state from batch to batch (`cut_state` after each update), and resets
    it between epochs. What does not fill the last batch is left out.
    """

    def __init__(self, sequence: Any, batch_size: int, steps: int, *, device: str | None = None) -> None:
        (array,) = sequences_of("StreamLoader: sequence", [sequence])
        self.batch_size, self.steps = whole("StreamLoader: batch_size", batch_size), whole("StreamLoader: steps", steps)
        self.device = one_of("StreamLoader: device", device, "cpu", "gpu", None)
        N, T = self.batch_size, self.steps
        self.length = (len(array) - 1) // (N * T)
        if self.length < 1:
            raise ValueError(
                f"StreamLoader takes at least {N * T + 1} elements for a batch ({N}, {T}), not {len(array)}"
            )
        size = self.length * T
        self.x = array[: N * size].reshape(N, size, *array.shape[1:])
        self.t = array[1 : N * size + 1].reshape(N, size, *array.shape[1:])

    def __len__(self) -> int:
        """The number of batches."""
        return self.length

    def __iter__(self) -> Iterator[tuple[Array, Array]]:
        for i in range(0, self.length * self.steps, self.steps):
            x, t = [a[:, i : i + self.steps].copy() for a in (self.x, self.t)]
            yield (x, t) if self.device is None else (to_device(x, self.device), to_device(t, self.device))


class Windows:
    """All windows of a long sequence, as data for a `DataLoader`: sample i is (x, t), t one element further on.

    >>> x, t = Windows(np.arange(10), 4)[3]
    >>> x, t
    (array([3, 4, 5, 6]), array([4, 5, 6, 7]))
    """

    def __init__(self, sequence: Any, length: int) -> None:
        (self.sequence,) = sequences_of("Windows: sequence", [sequence])
        self.size = whole("Windows: length", length, 1, max(len(self.sequence) - 1, 1))
        if len(self.sequence) < 2:
            raise ValueError(f"Windows takes a sequence of at least 2 elements, not {len(self.sequence)}")

    def __len__(self) -> int:
        return len(self.sequence) - self.size

    def __getitem__(self, row: int) -> tuple[Array, Array]:
        if not 0 <= row < len(self):
            raise IndexError(f"there are windows 0 .. {len(self) - 1}, not {row}")
        return self.sequence[row : row + self.size], self.sequence[row + 1 : row + self.size + 1]
