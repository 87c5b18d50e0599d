"""DeZero's data sets, loaders and transforms. What is random is drawn from NumPy's global generator, as there.

`MNIST` reads the files that `autograd.data` finds or fetches, and those in DeZero's own cache, `~/.dezero`.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from autograd import backend
from autograd.data import parse_idx, spiral
from autograd.data.download import download, replacing
from autograd.data.sources import MNIST as PUBLISHED
from autograd.data.sources import read
from autograd.dezero.functions import pair

cache_dir = str(Path.home() / ".dezero")
GIST = "https://gist.githubusercontent.com/yrevar/942d3a0ac09ec9e5eb3a/raw/238f720ff059c1f82f368259d1ca4ffa5dd8f9f5/"
SHAKESPEARE = "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt"


def get_file(url: str, file_name: str | None = None) -> str:
    """The path of the file behind `url`, fetched into `~/.dezero` if it is not there. RuntimeError if that fails."""
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
    """Prints how much of a file is there, over what it printed before: a `reporthook` of `urlretrieve`."""
    share = min(block_num * block_size / total_size, 1.0)
    print(f"\r[{'#' * int(30 * share):.<30}] {share:.2%}", end="")


class Compose:
    """One transform after the other."""

    def __init__(self, transforms: Sequence[Callable[[Any], Any]] = ()) -> None:
        self.transforms = transforms

    def __call__(self, img: Any) -> Any:
        for transform in self.transforms or ():
            img = transform(img)
        return img


class Convert:
    """A picture of Pillow in another mode, 'BGR' included."""

    def __init__(self, mode: str = "RGB") -> None:
        self.mode = mode

    def __call__(self, img: Any) -> Any:
        if self.mode != "BGR":
            return img.convert(self.mode)
        from PIL import Image

        return Image.merge("RGB", img.convert("RGB").split()[::-1])


class Resize:
    """A picture in another size (width, height), by Pillow's interpolation `mode`: 2 is bilinear."""

    def __init__(self, size: Any, mode: int = 2) -> None:
        self.size, self.mode = pair(size), mode

    def __call__(self, img: Any) -> Any:
        return img.resize(self.size, self.mode)


class CenterCrop:
    """The middle of a picture, (width, height)."""

    def __init__(self, size: Any) -> None:
        self.size = pair(size)

    def __call__(self, img: Any) -> Any:
        left, up = [(n - m) // 2 for n, m in zip(img.size, self.size)]
        return img.crop((left, up, left + self.size[0], up + self.size[1]))


class ToArray:
    """A picture as an array (C, H, W); an array as it is."""

    def __init__(self, dtype: Any = np.float32) -> None:
        self.dtype = dtype

    def __call__(self, img: Any) -> Any:
        if isinstance(img, np.ndarray):
            return img
        if not hasattr(img, "getbands"):
            raise TypeError(f"ToArray takes a picture of Pillow or an array, not {type(img)}")
        return np.asarray(img).transpose(2, 0, 1).astype(self.dtype)


class ToPIL:
    """An array (C, H, W) as a picture."""

    def __call__(self, array: Any) -> Any:
        from PIL import Image

        return Image.fromarray(array.transpose(1, 2, 0))


class RandomHorizontalFlip:
    """A picture as it is or its mirror image, one as likely as the other. In DeZero this class is empty."""

    def __call__(self, img: Any) -> Any:
        return img.transpose(0) if np.random.rand() < 0.5 else img  # 0: Pillow's FLIP_LEFT_RIGHT


class Normalize:
    """y = (x - mean) / std, numbers or a sequence with one for each channel."""

    def __init__(self, mean: Any = 0, std: Any = 1) -> None:
        self.mean, self.std = mean, std

    def __call__(self, array: Any) -> Any:
        mean, std = [channels(value, array) for value in (self.mean, self.std)]
        return (array - mean) / std


def channels(value: Any, array: Any) -> Any:
    """A number as it is; a sequence in a shape that fits the channels, the first axis."""
    if np.isscalar(value):
        return value
    return np.array(value, array.dtype).reshape(-1, *[1] * (array.ndim - 1))


class Flatten:
    """The elements in a row."""

    def __call__(self, array: Any) -> Any:
        return array.flatten()


class AsType:
    """An array in another dtype."""

    def __init__(self, dtype: Any = np.float32) -> None:
        self.dtype = dtype

    def __call__(self, array: Any) -> Any:
        return array.astype(self.dtype)


ToFloat = AsType


class ToInt(AsType):
    """An array of integers."""

    def __init__(self, dtype: Any = int) -> None:
        super().__init__(dtype)


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
            raise TypeError(f"a Dataset is read one element at a time, not at {index!r:.40}")
        if self.label is None:
            return self.transform(self.data[index]), None
        return self.transform(self.data[index]), self.target_transform(self.label[index])

    def __len__(self) -> int:
        return len(self.data)

    def prepare(self) -> None:
        """Sets `data` and `label`."""


def get_spiral(train: bool = True) -> tuple[Any, Any]:
    """The points of `autograd.data.spiral`. As in DeZero the global generator is seeded, and goes on from there."""
    rng = np.random.RandomState(1984 if train else 2020)
    x, t = spiral("train" if train else "test", rng=rng)
    np.random.set_state(rng.get_state())
    return x, t


class Spiral(Dataset):
    """The spiral: points (2,) and the number of their arm."""

    def prepare(self) -> None:
        self.data, self.label = get_spiral(self.train)


def show(images: Any, row: int, col: int) -> None:
    """Shows as many of the images (C, H, W) as fit into so many rows and columns, drawn at random, with matplotlib."""
    from matplotlib import pyplot as plt

    picked = [images[np.random.randint(0, len(images) - 1)].transpose(1, 2, 0) for _ in range(row * col)]
    rows = [np.concatenate(picked[r * col : (r + 1) * col], axis=1) for r in range(row)]
    plt.imshow(np.concatenate(rows), cmap="gray", interpolation="nearest")
    plt.axis("off")
    plt.show()


class MNIST(Dataset):
    """Handwritten digits: float32 (784,) from 0 to 1 by the default transform, of uint8 (1, 28, 28)."""

    def __init__(
        self,
        train: bool = True,
        transform: Any = Compose([Flatten(), AsType(), Normalize(0.0, 255.0)]),  # noqa: B008
        target_transform: Any = None,
    ) -> None:
        super().__init__(train, transform, target_transform)

    def prepare(self) -> None:
        name = "train" if self.train else "t10k"
        self.data = self.read(f"{name}-images-idx3-ubyte").reshape(-1, 1, 28, 28)
        self.label = self.read(f"{name}-labels-idx1-ubyte")

    def read(self, name: str) -> Any:
        """The array in a published file."""
        try:
            return parse_idx(read(PUBLISHED, name, folder=cache_dir))
        except FileNotFoundError:
            return parse_idx(read(PUBLISHED, name))

    def show(self, row: int = 10, col: int = 10) -> None:
        """Shows images drawn at random, with matplotlib."""
        show(self.data, row, col)

    @staticmethod
    def labels() -> dict[int, str]:
        return {digit: str(digit) for digit in range(10)}


def cache_path(filename: str, train: bool) -> Path:
    """Where DeZero keeps the arrays of a data set, for the last part of its URL."""
    return Path(cache_dir) / f"{filename.rpartition('/')[2]}.{'train' if train else 'test'}.npz"


def load_cache_npz(filename: str, train: bool = False) -> tuple[Any, Any]:
    """The arrays `data` and `label` that `save_cache_npz` has kept under a name; (None, None) if there are none."""
    path = cache_path(filename, train)
    if not path.exists():
        return None, None
    with np.load(path, allow_pickle=False) as npz:
        return npz["data"], npz["label"]


def save_cache_npz(data: Any, label: Any, filename: str, train: bool = False) -> str | None:
    """Keeps two arrays in `~/.dezero`, whole or not at all; the path, or None if the file is there already."""
    path = cache_path(filename, train)
    if path.exists():
        return None
    print(f"Saving: {path.name}")
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary, temporary.open("xb") as file:
        np.savez_compressed(file, data=data, label=label)
    print(" Done")
    return str(path)


class SinCurve(Dataset):
    """A wave, float64: each value and the next one. Noisy while training, and a cosine in the test."""

    def prepare(self) -> None:
        x = np.linspace(0, 2 * np.pi, 1000)
        noise = np.random.uniform(-0.05, 0.05, size=x.shape)
        y = (np.sin(x) + noise if self.train else np.cos(x))[:, np.newaxis]
        self.data, self.label = y[:-1], y[1:]


class Shakespear(Dataset):
    """Shakespeare's plays as numbers of characters, each with the next one; `char_to_id` and `id_to_char` translate."""

    def prepare(self) -> None:
        text = Path(get_file(SHAKESPEARE, "shakespear.txt")).read_text(encoding="utf-8")
        self.char_to_id = {char: i for i, char in enumerate(dict.fromkeys(text))}
        self.id_to_char = {i: char for char, i in self.char_to_id.items()}
        indices = np.array([self.char_to_id[char] for char in text])
        self.data, self.label = indices[:-1], indices[1:]


class ImageNet(Dataset):
    """The names of its classes; there is no data."""

    @staticmethod
    def labels() -> Any:
        """The name of each of the 1,000 classes."""
        return ast.literal_eval(Path(get_file(GIST + "imagenet1000_clsidx_to_labels.txt")).read_text(encoding="utf-8"))


class DataLoader:
    """An iterator over batches (x, t), in the order of `np.random.permutation` if `shuffle`.

    There is one position: a loop that was left goes on where it was. After the last batch it begins anew.
    """

    def __init__(self, dataset: Any, batch_size: int, shuffle: bool = True, gpu: bool = False) -> None:
        self.dataset, self.batch_size, self.shuffle, self.gpu = dataset, batch_size, shuffle, gpu
        self.data_size = len(dataset)
        self.max_iter = math.ceil(self.data_size / batch_size)
        self.reset()

    def reset(self) -> None:
        """Begins anew."""
        self.iteration = 0
        self.index = np.random.permutation(self.data_size) if self.shuffle else np.arange(self.data_size)

    def __iter__(self) -> DataLoader:
        return self

    def __next__(self) -> tuple[Any, Any]:
        if self.iteration >= self.max_iter:
            self.reset()
            raise StopIteration
        samples = [self.dataset[i] for i in self.rows()]
        self.iteration += 1
        xp = backend.cupy() if self.gpu else np
        return xp.array([x for x, _ in samples]), xp.array([t for _, t in samples])

    def next(self) -> tuple[Any, Any]:
        return self.__next__()

    def rows(self) -> Any:
        """The places of the samples of this batch."""
        return self.index[self.iteration * self.batch_size : (self.iteration + 1) * self.batch_size]

    def to_cpu(self) -> None:
        self.gpu = False

    def to_gpu(self) -> None:
        self.gpu = True


class SeqDataLoader(DataLoader):
    """Batches for a recurrent network: row i goes through the data from i / batch_size of its length on."""

    def __init__(self, dataset: Any, batch_size: int, gpu: bool = False) -> None:
        super().__init__(dataset, batch_size, shuffle=False, gpu=gpu)

    def rows(self) -> Any:
        jump = self.data_size // self.batch_size
        return [(i * jump + self.iteration) % self.data_size for i in range(self.batch_size)]
