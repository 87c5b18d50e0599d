"""`dezero.datasets`, without CIFAR. Random numbers are drawn from NumPy's global generator, as in DeZero."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import numpy as np

from autograd.compat.dezero import cache
from autograd.compat.dezero.transforms import AsType, Compose, Flatten, Normalize
from autograd.data import cache_folder, parse_idx, spiral
from autograd.data.sources import MNIST as PUBLISHED
from autograd.data.sources import read

__all__ = ["Dataset", "get_spiral", "Spiral", "MNIST", "SinCurve", "Shakespear", "ImageNet"]

GIST = "https://gist.githubusercontent.com/yrevar/942d3a0ac09ec9e5eb3a/raw/238f720ff059c1f82f368259d1ca4ffa5dd8f9f5/"
SHAKESPEARE = "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt"
UNIT = Compose([Flatten(), AsType(), Normalize(0.0, 255.0)])  # one row of numbers from 0 to 1


class Dataset:
    """Pairs of `data[i]` and `label[i]`, each after its transform. A subclass sets both arrays in `prepare`."""

    def __init__(self, train: bool = True, transform: Any = None, target_transform: Any = None) -> None:
        self.train = train
        self.transform = transform or Compose()
        self.target_transform = target_transform or Compose()
        self.data: Any = None
        self.label: Any = None
        self.prepare()

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        if not np.isscalar(index):
            raise TypeError(f"a Dataset takes an index for one element at a time, not {index!r:.40}")
        if self.label is None:
            return self.transform(self.data[index]), None
        return self.transform(self.data[index]), self.target_transform(self.label[index])

    def __len__(self) -> int:
        return len(self.data)

    def prepare(self) -> None:
        """Sets `data` and `label`."""


def get_spiral(train: bool = True) -> tuple[Any, Any]:
    """Returns the points of `autograd.data.spiral`. It seeds and advances the global generator, as DeZero does."""
    rng = np.random.RandomState(1984 if train else 2020)
    x, t = spiral("train" if train else "test", rng=rng)
    np.random.set_state(rng.get_state())
    return x, t


class Spiral(Dataset):
    """Points (2,) on three arms of a spiral; the label is the number of the arm."""

    def prepare(self) -> None:
        self.data, self.label = get_spiral(self.train)


class Images(Dataset):
    """A data set of images (C, H, W)."""

    def show(self, row: int = 10, col: int = 10) -> None:
        """Shows row * col random images with matplotlib."""
        from matplotlib import pyplot as plt

        drawn = [self.data[np.random.randint(0, len(self.data) - 1)].transpose(1, 2, 0) for _ in range(row * col)]
        rows = [np.concatenate(drawn[r * col : (r + 1) * col], axis=1) for r in range(row)]
        plt.imshow(np.concatenate(rows), cmap="gray", interpolation="nearest")
        plt.axis("off")
        plt.show()


class MNIST(Images):
    """Handwritten digits: uint8 (1, 28, 28). The default transform gives float32 (784,) from 0 to 1.

    The files are those of `autograd.data`, or those in DeZero's cache.
    """

    def __init__(self, train: bool = True, transform: Any = UNIT, target_transform: Any = None) -> None:
        super().__init__(train, transform, target_transform)

    def prepare(self) -> None:
        name = "train" if self.train else "t10k"
        self.data = self.read(f"{name}-images-idx3-ubyte").reshape(-1, 1, 28, 28)
        self.label = self.read(f"{name}-labels-idx1-ubyte")

    def read(self, name: str) -> Any:
        """Returns the array in a published file: one of DeZero's cache, or of ours, or of a mirror.

        Raises ValueError if a copy has a wrong checksum and no place has a good one, FileNotFoundError if none has any.
        """
        try:
            return parse_idx(read(PUBLISHED, name, folder=cache.cache_dir))
        except (FileNotFoundError, ValueError, RuntimeError) as error:
            own = error
        try:
            return parse_idx(read(PUBLISHED, name))
        except (FileNotFoundError, ValueError, RuntimeError) as error:
            wrong = [str(e).splitlines()[1].strip() for e in (own, error) if isinstance(e, ValueError)]
            if wrong:
                raise ValueError(f"MNIST has a wrong file, {wrong[0]}: delete it, and {ways_out()}") from error
            raise FileNotFoundError(f"MNIST has no {name} here: {ways_out()}") from error

    @staticmethod
    def labels() -> dict[int, str]:
        return {digit: str(digit) for digit in range(10)}


def ways_out() -> str:
    """What to do without the files, as the end of a sentence."""
    names = ", ".join([f"{name}.gz" for name in PUBLISHED.files])
    places = f"{cache.cache_dir} or {cache_folder() / PUBLISHED.folder}"
    elsewhere = f"set AUTOGRAD_DATA to a folder that has them in its folder {PUBLISHED.folder}"
    return f"run again with a network, or put {names} into {places}, or {elsewhere}"


class SinCurve(Dataset):
    """Each value of a wave and the next one, float64: a noisy sine for training, a cosine for the test."""

    def prepare(self) -> None:
        x = np.linspace(0, 2 * np.pi, 1000)
        noise = np.random.uniform(-0.05, 0.05, size=x.shape)
        y = (np.sin(x) + noise if self.train else np.cos(x))[:, np.newaxis]
        self.data, self.label = y[:-1], y[1:]


class Shakespear(Dataset):
    """Shakespeare's plays: the number of each character, and that of the next one.

    `char_to_id` and `id_to_char` translate between characters and numbers.
    """

    def prepare(self) -> None:
        text = Path(cache.get_file(SHAKESPEARE, "shakespear.txt")).read_text(encoding="utf-8")
        self.char_to_id = {char: i for i, char in enumerate(dict.fromkeys(text))}
        self.id_to_char = {i: char for char, i in self.char_to_id.items()}
        indices = np.array([self.char_to_id[char] for char in text])
        self.data, self.label = indices[:-1], indices[1:]


class ImageNet(Dataset):
    """The names of the classes. There is no data."""

    @staticmethod
    def labels() -> Any:
        """Returns the name of each of the 1,000 classes."""
        path = cache.get_file(GIST + "imagenet1000_clsidx_to_labels.txt")
        return ast.literal_eval(Path(path).read_text(encoding="utf-8"))
