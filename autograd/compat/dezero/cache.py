"""DeZero's cache, the folder `~/.dezero`: fetched files, and the arrays of data sets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from autograd.data.download import download
from autograd.files import replacing
from autograd.formats import read_weights

__all__ = ["cache_dir", "get_file", "load_cache_npz", "save_cache_npz", "show_progress", "write_npz"]

cache_dir = str(Path.home() / ".dezero")


def get_file(url: str, file_name: str | None = None) -> str:
    """Returns the path of the file behind `url`, and fetches it first if the cache does not have it.

    Raises RuntimeError if it cannot be fetched.
    """
    path = Path(cache_dir) / (file_name or url.rpartition("/")[2])
    if not path.exists():
        print(f"Downloading: {path.name}")
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with replacing(path) as temporary:
                download(url, temporary, most=1 << 40, timeout=30)
        except (OSError, ValueError) as error:
            raise RuntimeError(f"{url} could not be fetched ({error}): put the file at {path}") from error
        print(" Done")
    return str(path)


def show_progress(block_num: int, block_size: int, total_size: int) -> None:
    """Prints the share of a file that has arrived, over the line before: a `reporthook` of `urlretrieve`."""
    share = min(block_num * block_size / total_size, 1.0)
    print(f"\r[{'#' * int(30 * share):.<30}] {share:.2%}", end="")


def cache_path(filename: str, train: bool) -> Path:
    """The file for the arrays of a data set. Its name is the last part of the data set's URL."""
    return Path(cache_dir) / f"{filename.rpartition('/')[2]}.{'train' if train else 'test'}.npz"


def load_cache_npz(filename: str, train: bool = False) -> tuple[Any, Any]:
    """Returns the arrays `data` and `label` that `save_cache_npz` wrote; (None, None) if it wrote none.

    Raises ValueError if the file is damaged or has no such arrays.
    """
    path = cache_path(filename, train)
    if not path.exists():
        return None, None
    arrays = read_weights(path)
    if not arrays.keys() >= {"data", "label"}:
        raise ValueError(f"{path} must have the arrays data and label, not {', '.join(arrays)}: delete it")
    return arrays["data"], arrays["label"]


def save_cache_npz(data: Any, label: Any, filename: str, train: bool = False) -> str | None:
    """Writes two arrays into the cache and returns the path; None if the file exists already."""
    path = cache_path(filename, train)
    if path.exists():
        return None
    print(f"Saving: {path.name}")
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        write_npz(temporary, {"data": np.asarray(data), "label": np.asarray(label)})
    print(" Done")
    return str(path)


def write_npz(path: Path, arrays: dict[str, Any]) -> None:
    """Writes arrays as `numpy.savez` does: compressed, unless they shrink so much that they would not be read again.

    Raises TypeError for Python objects, which would be pickled.
    """
    if objects := [name for name, x in arrays.items() if x.dtype.hasobject]:
        raise TypeError(f"{', '.join(objects)} must be an array of numbers, not of Python objects")
    for save in (np.savez_compressed, np.savez):
        with path.open("wb") as file:
            save(file, **arrays)
            if sum([x.nbytes for x in arrays.values()]) < 4 * file.tell() + (30 << 20):  # see damage.limit_of
                return
