"""Published files: where they may lie, where they can be downloaded, and how their content is recognised.

A file is what its SHA-256 says. The sum is that of the decompressed content, because gzip headers differ from copy to
copy. A file with another sum is never returned, and never enters the cache.
"""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType

from autograd.checks import number
from autograd.data.download import fetch_first
from autograd.files import opened, path_of_file

__all__ = ["FASHION_MNIST", "MNIST", "Published", "Source", "cache_folder", "read"]


@dataclass(frozen=True)
class Published:
    """The content of a file: its size in bytes and its SHA-256 in hexadecimal, both after decompression."""

    size: int
    sha256: str


@dataclass(frozen=True)
class Source:
    """A data set of several files, each published as `<name>.gz`.

    folder     its folder inside the cache
    files      name → content
    mirrors    addresses, tried in this order; the name of the file is appended
    packaged   folders where a system package may have put it
    advice     one more way to get it without a network
    """

    title: str
    folder: str
    files: Mapping[str, Published]
    mirrors: tuple[str, ...]
    packaged: tuple[str, ...] = ()
    advice: str = ""


def ubyte_files(train_images: str, train_labels: str, test_images: str, test_labels: str) -> Mapping[str, Published]:
    """The four files of a data set like MNIST, from their sums. The names and sizes are always the same."""
    return MappingProxyType(
        {
            "train-images-idx3-ubyte": Published(16 + 60_000 * 28 * 28, train_images),
            "train-labels-idx1-ubyte": Published(8 + 60_000, train_labels),
            "t10k-images-idx3-ubyte": Published(16 + 10_000 * 28 * 28, test_images),
            "t10k-labels-idx1-ubyte": Published(8 + 10_000, test_labels),
        }
    )


MNIST = Source(
    title="MNIST",
    folder="mnist",
    files=ubyte_files(
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
    mirrors=(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
)

FASHION_MNIST = Source(
    title="Fashion-MNIST",
    folder="fashion-mnist",
    files=ubyte_files(
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ),
    mirrors=(
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    ),
    packaged=("/usr/share/datasets/fashion-mnist",),
    advice="on Debian or Ubuntu: apt install dataset-fashion-mnist",
)


def cache_folder() -> Path:
    """The folder of downloaded files: $AUTOGRAD_DATA, else $XDG_CACHE_HOME/autograd, else ~/.cache/autograd."""
    chosen, shared = os.environ.get("AUTOGRAD_DATA"), os.environ.get("XDG_CACHE_HOME", "")
    if chosen:
        return Path(chosen).expanduser()
    return (Path(shared) if os.path.isabs(shared) else Path.home() / ".cache") / "autograd"


def read(
    source: Source,
    name: str,
    *,
    folder: str | os.PathLike[str] | None = None,
    download: bool = True,
    timeout: float = 30.0,
) -> bytes:
    """The decompressed content of one file.

    Only `folder` is searched, if it is given; otherwise the cache, the folders of system packages, and the mirrors.
    A copy with other content is passed over, and a download takes its place in the cache. Raises ValueError if no place
    has a good copy, but one has such a copy, and names it. Raises FileNotFoundError if no place has any.
    """
    number("timeout, in seconds,", timeout, above=0)
    cache = cache_folder() / source.folder
    places = [Path(path_of_file(folder)).expanduser()] if folder is not None else [cache, *map(Path, source.packaged)]
    damaged: list[str] = []
    troubles: list[str] = []
    content = first_good_copy(places, name, source.files[name], damaged, troubles)
    if content is None and download and folder is None:
        content = downloaded(source, name, cache, timeout, troubles)
    if content is None:
        advice = what_to_do(source, cache) if folder is None else "put the published file there"
        if damaged:
            found = f"{source.title}: there is a copy of {name}, but it is not the published file"
            raise ValueError("\n  ".join([found, *damaged, *troubles, f"replace it, or delete it; {advice}"]))
        tried = f"{source.title}: no {name}.gz (nor {name}) in {', '.join(map(str, places))}"
        raise FileNotFoundError("\n  ".join([tried, *troubles, advice]))
    return content


def first_good_copy(
    places: list[Path], name: str, published: Published, damaged: list[str], troubles: list[str]
) -> bytes | None:
    """The content of the first good copy, compressed or not.

    Appends copies with other content to `damaged`, and those that cannot be read to `troubles`.
    """
    for path in copies(places, name):
        try:
            return read_verified(path, published)
        except FileNotFoundError:
            continue
        except OSError as error:
            troubles.append(f"{path}: {error}")
        except ValueError as error:
            damaged.append(f"{path}: {error}")
    return None


def copies(places: list[Path], name: str) -> Iterator[Path]:
    for place in places:
        yield place / f"{name}.gz"
        yield place / name


def read_verified(path: Path, published: Published) -> bytes:
    """The decompressed content of a file. Raises ValueError if it is not the published content.

    The first bytes tell whether the file is compressed: some servers decompress on the way and keep the name.
    """
    with opened(path) as file:
        compressed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        try:
            # One byte more than expected shows that a file is too long, however long it is.
            content = (gzip.GzipFile(fileobj=file) if compressed else file).read(published.size + 1)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise ValueError(f"the compressed file is damaged or cut short ({error})") from error
    if len(content) != published.size:
        size = f"more than {published.size}" if len(content) > published.size else str(len(content))
        raise ValueError(f"the content must have {published.size} bytes, not {size}")
    if (found := sha256(content).hexdigest()) != published.sha256:
        raise ValueError(f"the content must have SHA-256 {published.sha256}, not {found}")
    return content


def downloaded(source: Source, name: str, cache: Path, timeout: float, troubles: list[str]) -> bytes | None:
    """The content of a file from the first good mirror, which also enters the cache. Appends failures to `troubles`."""
    published = source.files[name]
    return fetch_first(
        [f"{mirror}{name}.gz" for mirror in source.mirrors],
        cache / f"{name}.gz",
        partial(read_verified, published=published),
        most=published.size + 65_536,
        timeout=timeout,
        troubles=troubles,
    )


def what_to_do(source: Source, cache: Path) -> str:
    """Advice for users without a network."""
    ways = [
        "without a network, one of these helps:",
        f"- put {', '.join(f'{name}.gz' for name in source.files)} into {cache}",
        f"- set AUTOGRAD_DATA to a folder that has them in its folder {source.folder}, or pass folder=",
    ]
    return "\n  ".join([*ways, f"- {source.advice}"] if source.advice else ways)
