"""The data sets by name. Each is a function that returns a pair of arrays (x, t): float32 inputs and targets.

Random numbers come from `rng` or from a documented seed, never from NumPy's global generator.
"""

from __future__ import annotations

from importlib.resources import files
from os import PathLike

import numpy as np
from numpy.typing import NDArray

from autograd.checks import flag, number, one_of, whole
from autograd.data.idx import parse_idx
from autograd.data.sources import FASHION_MNIST, MNIST, Source, read
from autograd.names import with_advice

__all__ = ["digits", "fashion_mnist", "mnist", "sine", "spiral"]

Inputs = NDArray[np.float32]
Labels = NDArray[np.int64]
Folder = str | PathLike[str]
Legacy = np.random.RandomState  # the same numbers in every version of NumPy
Seed = int | np.random.Generator | Legacy


def digits(split: str = "train", *, flatten: bool = True) -> tuple[Inputs, Labels]:
    """Real handwritten digits of 8 x 8 pixels; they come with the package.

    split   'train' (1,437 samples), 'test' (360) or 'all' (1,797), in the order in which they were published
    x       float32 (N, 64) between 0 (white) and 1 (black); (N, 1, 8, 8) with flatten=False
    t       int64 (N,), the digit

    The split is stored with the data and never changes; each digit has the same share of both parts.
    Source: E. Alpaydin, C. Kaynak, Optical Recognition of Handwritten Digits, UCI, 1998, doi 10.24432/C50P49,
    CC BY 4.0. See digits.LICENSE.txt beside this file.

    >>> x, t = digits("test")
    >>> x.shape, t[:4]
    ((360, 64), array([1, 2, 7, 8]))
    """
    one_of("digits: split", split, "train", "test", "all")
    with files(__package__).joinpath("digits.npz").open("rb") as file:
        stored = np.load(file, allow_pickle=False)
        images, labels, test = stored["images"], stored["labels"], stored["test"]
    rows = {"train": ~test, "test": test, "all": slice(None)}[split]
    return scaled(images[rows], 16, flatten), labels[rows].astype(np.int64)


@with_advice
def mnist(
    split: str = "train",
    *,
    flatten: bool = True,
    folder: Folder | None = None,
    download: bool = True,
    timeout: float = 30.0,
) -> tuple[Inputs, Labels]:
    """MNIST: handwritten digits of 28 x 28 grey values, 60,000 for training and 10,000 for the test.

    split      'train' or 'test'
    x          float32 (N, 784) between 0 (paper) and 1 (ink); (N, 1, 28, 28) with flatten=False
    t          int64 (N,), the digit
    folder     the only place to look for the four published files
    download   False: never use the network
    timeout    seconds that a mirror may be silent

    Without `folder` the files are read from the cache (see `cache_folder`), and downloaded into it once. The SHA-256 of
    the published content is verified at every reading.
    Raises FileNotFoundError if no place has them, and ValueError if only copies with other content were found: the
    message lists what was tried, and what to do without a network.
    """
    return labelled_images(MNIST, split, flatten, folder, download, timeout)


@with_advice
def fashion_mnist(
    split: str = "train",
    *,
    flatten: bool = True,
    folder: Folder | None = None,
    download: bool = True,
    timeout: float = 30.0,
) -> tuple[Inputs, Labels]:
    """Fashion-MNIST: pictures of clothes in ten classes, as many and of the same size as in MNIST, but harder.

    The arguments are those of `mnist`. The files of Debian's package dataset-fashion-mnist are found too.
    t is 0 T-shirt, 1 trousers, 2 pullover, 3 dress, 4 coat, 5 sandal, 6 shirt, 7 sneaker, 8 bag, 9 boot.
    Source: H. Xiao, K. Rasul, R. Vollgraf, arXiv:1708.07747, MIT.
    """
    return labelled_images(FASHION_MNIST, split, flatten, folder, download, timeout)


def spiral(
    split: str = "train",
    *,
    classes: int = 3,
    per_class: int = 100,
    noise: float = 0.2,
    rng: Seed | None = None,
) -> tuple[Inputs, Labels]:
    """Points on interleaved spiral arms, in random order. On arm j, with n points per arm:

        r = 0, 1/n, …, (n-1)/n      θ = 4 (j + r) + noise · N(0, 1)      x = r (sin θ, cos θ)      t = j

    x     float32 (classes · per_class, 2), inside the unit circle
    t     int64 (classes · per_class,)
    rng   a generator or a seed; by default 1984 for 'train' and 2020 for 'test'

    A seed is for NumPy's legacy generator, whose numbers never change between versions. With the defaults these are
    exactly the points of the course. Three arms of 4 radians lie well apart; more arms come closer.
    """
    one_of("spiral: split", split, "train", "test")
    classes, n = whole("spiral: classes", classes), whole("spiral: per_class", per_class)
    noise = number("spiral: noise", noise, least=0)
    rng = legacy("spiral: rng", {"train": 1984, "test": 2020}[split] if rng is None else rng)
    j, r = np.repeat(np.arange(classes), n), np.tile(np.arange(n) / n, classes)
    theta = 4 * j + 4 * r + noise * rng.standard_normal(classes * n)
    x = np.stack([r * np.sin(theta), r * np.cos(theta)], axis=1)
    order = rng.permutation(classes * n)
    return x[order].astype(np.float32), j[order].astype(np.int64)


def sine(split: str = "train", *, length: int = 1000, noise: float = 0.05, rng: Seed = 0) -> tuple[Inputs, Inputs]:
    """One period of a wave; the task is to predict each value from those before it. With `length` angles φ, 0 to 2π:

        'train': s = sin φ + U(-noise, noise)      'test': s = cos φ      x_i = s_i      t_i = s_(i+1)

    x, t   float32 (length-1, 1), in the order of time: don't shuffle them
    rng    a generator, or a seed for NumPy's legacy generator
    """
    one_of("sine: split", split, "train", "test")
    noise = number("sine: noise", noise, least=0)
    phi = np.linspace(0, 2 * np.pi, whole("sine: length", length, 2))
    s = np.cos(phi)
    if split == "train":
        s = np.sin(phi) + legacy("sine: rng", rng).uniform(-noise, noise, phi.shape)
    s = s.astype(np.float32)[:, np.newaxis]
    return s[:-1].copy(), s[1:].copy()


def labelled_images(
    source: Source, split: str, flatten: bool, folder: Folder | None, download: bool, timeout: float
) -> tuple[Inputs, Labels]:
    """The images and labels of a source in the format of MNIST."""
    one_of("split", split, "train", "test")
    flag("flatten", flatten)
    download = flag("download", download)
    timeout = number("timeout", timeout, above=0, finite=False)
    prefix = {"train": "train", "test": "t10k"}[split]
    images, labels = (
        parse_idx(read(source, f"{prefix}-{part}", folder=folder, download=download, timeout=timeout))
        for part in ("images-idx3-ubyte", "labels-idx1-ubyte")
    )
    return scaled(images, 255, flatten), labels.astype(np.int64)


def scaled(images: NDArray[np.generic], most: int, flatten: bool) -> Inputs:
    """Whole numbers 0 … most of shape (N, H, W) -> float32 0 … 1, as rows (N, H·W) or images (N, 1, H, W)."""
    N, H, W = images.shape
    x: Inputs = np.divide(images, most, dtype=np.float32)
    return x.reshape((N, H * W) if flag("flatten", flatten) else (N, 1, H, W))


def legacy(name: str, rng: Seed) -> np.random.Generator | Legacy:
    """The generator itself, or NumPy's legacy generator for a seed."""
    return (
        rng if isinstance(rng, (np.random.Generator, Legacy)) else Legacy(whole(f"{name}, if not a generator,", rng, 0))
    )
