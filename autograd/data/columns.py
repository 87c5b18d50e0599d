"""The data as columns or as samples, and samples as a batch."""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd.backend import Array, is_array, namespace
from autograd.bfloat16 import kind_of
from autograd.checks import shown

__all__ = ["Columns", "columns", "in_memory", "mapped", "stacked"]

KINDS = "fiub"  # of the dtypes that are real numbers
TWO = "list(zip(zip(x1, x2), t)), or {'a': x1, 'b': x2, 't': t} for a model of a and b"


class Columns:
    """Columns of equal length: a batch has the same rows of each.

    `columns` are arrays, sparse matrices, or sequences of anything. `form` says what the data were: the class tuple,
    the keys of a dict, or None for one column alone.
    """

    def __init__(self, columns: list[Any], form: Any) -> None:
        self.columns, self.form = columns, form
        lengths = {rows_in(column) for column in columns}
        if len(lengths) != 1:
            shapes = [getattr(column, "shape", None) or (len(column),) for column in columns]
            inputs = [f"data[{i}]" for i, x in enumerate(columns) if isinstance(x, tuple) and all(map(is_whole, x))]
            advice = f": {inputs[0]} is taken for a list of samples; several inputs are {TWO}" if inputs else ""
            raise ValueError(f"DataLoader takes arrays of equal length, not shapes {shapes}{advice}")
        (self.length,) = lengths

    def formed(self, values: Iterable[Any]) -> Any:
        """One value a column, in the form of the data."""
        if self.form is tuple:
            return tuple(values)
        return next(iter(values)) if self.form is None else dict(zip(self.form, values))

    def orders(self, order: NDArray[np.int64]) -> list[Any]:
        """The numbers of rows for each column, on its device: they are moved once an epoch, not once a batch."""
        return [namespace(column).asarray(order) if is_array(column) else order for column in self.columns]

    def batch(self, orders: list[Any], rows: slice) -> Any:
        """Copies of the rows that stand at `rows` of the orders."""
        return self.formed([taken(column, order[rows]) for column, order in zip(self.columns, orders)])

    def sample(self, row: int) -> Any:
        """A copy of one row."""
        values = [column[row] for column in self.columns]
        return self.formed([in_memory(value.copy()) if is_array(value) else value for value in values])

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "columns": [Map(x) if is_map(x) else x for x in self.columns]}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.columns = [x.opened() if isinstance(x, Map) else x for x in self.columns]


class Map:
    """Where a memory-mapped array lies: a process that is sent it opens the file, and is not sent the numbers."""

    def __init__(self, x: np.memmap[Any, Any]) -> None:
        self.place = (x.filename, x.dtype, "r", x.offset, x.shape, "C" if x.flags.c_contiguous else "F")

    def opened(self) -> np.memmap[Any, Any]:
        """The array, read-only."""
        return np.memmap(*self.place)  # type: ignore[call-overload, no-any-return]


def is_map(x: Any) -> bool:
    """Is it a whole memory-mapped file, and no view of one?"""
    return isinstance(x, np.memmap) and isinstance(x.base, mmap.mmap) and x.flags.forc and x.filename is not None


def in_memory(x: Array) -> Array:
    """Rows as a plain array: NumPy calls even a copy of those of a memory map one."""
    return x.view(np.ndarray) if isinstance(x, np.memmap) else x


def columns(data: Any) -> Columns | None:
    """The data as columns; None for an object that gives samples."""
    if isinstance(data, tuple):
        return Columns([as_column(f"data[{i}]", x) for i, x in enumerate(data)], tuple)
    if isinstance(data, Mapping):
        return Columns([as_column(f"data[{key!r}]", x) for key, x in data.items()], tuple(data))
    if is_whole(data):
        return Columns([as_column("data", data)], None)
    if not is_sequence(data):
        advice = ": give list(data)" if isinstance(data, Iterable) and not isinstance(data, (str, bytes, type)) else ""
        raise TypeError(
            "DataLoader takes arrays, a frame, a tuple or a dict of them, or an object with len and data[i], not "
            f"{type(data).__name__}{advice}"
        )
    if looks_like_columns(data):
        raise ValueError(
            f"DataLoader: data must be a tuple, (x, t), not a list of {len(data)} arrays of equal length, which would "
            f"be {len(data)} samples: give (x, t), or np.stack(data) if they are samples"
        )
    return None


def looks_like_columns(data: Any) -> bool:
    """Is it a list of two or three arrays with as many rows each, and more rows than arrays?"""
    if not isinstance(data, list) or not 2 <= len(data) <= 3 or not all(map(is_whole, data)):
        return False
    lengths = {rows_in(x) for x in data}
    return len(lengths) == 1 and max(lengths) > len(data)


def as_column(name: str, x: Any) -> Any:
    """`x` as an array, a sparse matrix in rows, or a sequence. Raises TypeError for what has no rows."""
    if is_sparse(x):
        return x.tocsr()
    if not is_array(x) and is_whole(x):
        x = numbers_in(name, x)
    if isinstance(x, list) and x and all(isinstance(value, (int, float, np.generic)) for value in x):
        x = column(x)
    if isinstance(x, np.ma.MaskedArray):
        raise TypeError(
            f"DataLoader: {name} must be no masked array, whose mask a batch would lose: give x.filled(value)"
        )
    if not (x.ndim if is_array(x) else is_sequence(x)):
        raise TypeError(f"DataLoader: {name} must be an array with rows, or a list of samples, not {shown(x)}")
    return x


def is_whole(x: Any) -> bool:
    """Is it an array, of any library, that is in memory as one piece? A file of arrays, as of HDF5, is none."""
    if is_array(x) or is_sparse(x):
        return True
    foreign = hasattr(x, "__dlpack__") or hasattr(x, "to_numpy") or not hasattr(x, "__getitem__")
    return hasattr(x, "__array__") and foreign and not isinstance(x, type)


def is_sequence(x: Any) -> bool:
    """Has it a length, and an element for each number below?"""
    has = hasattr(x, "__len__") and hasattr(x, "__getitem__")
    return has and not isinstance(x, (Mapping, str, bytes, type))


def is_sparse(x: Any) -> bool:
    """Is it a sparse matrix of SciPy?"""
    return type(x).__module__.startswith("scipy.sparse") and hasattr(x, "tocsr")


def numbers_in(name: str, x: Any) -> Array:
    """The numbers of a frame, a series or a tensor as an array. Raises TypeError if there are others in it."""
    try:
        array = x.to_numpy() if hasattr(x, "to_numpy") else np.asarray(x)
        if kind_of(array.dtype) not in KINDS and hasattr(x, "columns"):  # as of booleans beside floats
            array = np.stack([numbers_in(f"{name}[{key!r}]", x[key]) for key in x.columns], axis=1)
    except (RuntimeError, ValueError, AttributeError) as error:
        raise TypeError(f"DataLoader: {name} must be an array in memory, not {type(x).__name__}: {error}") from error
    if kind_of(array.dtype) not in KINDS:
        kind = getattr(x, "dtype", array.dtype)
        raise TypeError(f"DataLoader: {name} must hold numbers, and none missing, not {kind}: encode or fill it first")
    return array


def rows_in(x: Any) -> int:
    """The number of rows."""
    shape = getattr(x, "shape", None)
    return len(x) if shape is None else shape[0] if shape else 0


def taken(column_: Any, rows: Any) -> Any:
    """A copy of these rows of a column."""
    if is_array(column_):
        return in_memory(column_.take(rows, axis=0))
    return column_[rows] if is_sparse(column_) else stacked([column_[row] for row in rows.tolist()])


def stacked(samples: Sequence[Any]) -> Any:
    """Samples as a batch: tuples become a tuple of columns, dicts a dict of columns, all others one column.

    >>> stacked([(np.zeros(2), 1), (np.ones(2), 2)])
    (array([[0., 0.],
           [1., 1.]]), array([1, 2]))

    Raises ValueError for samples of several shapes, TypeError for what is neither a number nor an array.
    """
    if not isinstance(samples, (list, tuple)) or not samples:
        raise TypeError(f"stacked takes a list of samples, not {shown(samples)}")
    if len({form(sample) for sample in samples}) != 1:
        raise ValueError("the samples of a batch must be tuples of one length, dicts of one set of keys, or neither")
    first = samples[0]
    if isinstance(first, tuple):
        return tuple([stacked(values) for values in zip(*samples)])
    if isinstance(first, Mapping):
        return {key: stacked([sample[key] for sample in samples]) for key in first}
    return column(samples)


def form(sample: Any) -> Any:
    """What two samples must have in common to lie in one batch, besides shapes."""
    if isinstance(sample, tuple):
        return len(sample)
    return frozenset(sample) if isinstance(sample, Mapping) else None


def column(values: Sequence[Any]) -> Array:
    """Arrays of one shape as one array with a new first axis; numbers as an array of one axis."""
    if all(isinstance(value, (int, float, np.generic)) for value in values):
        numbers = np.asarray(values)
        python_floats = numbers.dtype == np.float64 and all(type(value) in (int, float) for value in values)
        return numbers.astype(np.float32) if python_floats else numbers
    arrays = [numbers_in("a sample", x) if not is_array(x) and is_whole(x) else x for x in values]
    for x in arrays:
        if not is_array(x):
            kinds = "an array, a number, or a tuple or dict of these"
            raise TypeError(f"a sample must be {kinds}, not {x!r:.60}: give collate=")
    if len(shapes := {x.shape for x in arrays}) != 1:
        raise ValueError(
            f"the samples of a batch must have one shape, not {sorted(shapes)}: give collate=, such as data.padded"
        )
    return namespace(*arrays).stack(arrays)


def mapped(f: Callable[[Array], Any], batch: Any) -> Any:
    """The batch with f of each of its arrays."""
    if isinstance(batch, tuple):
        return tuple([mapped(f, x) for x in batch])
    if isinstance(batch, list):
        return [mapped(f, x) for x in batch]
    if isinstance(batch, dict):
        return {key: mapped(f, x) for key, x in batch.items()}
    return f(batch) if is_array(batch) else batch
