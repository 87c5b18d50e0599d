"""DeZero's CIFAR10 and CIFAR100, read from the binary version of the published archives: no pickle is opened.

Source: Krizhevsky, "Learning multiple layers of features from tiny images", 2009.
"""

from __future__ import annotations

import io
import tarfile
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from autograd.data.download import fetch_first
from autograd.dezero import data
from autograd.dezero.data import AsType, Compose, Dataset, Normalize

CLASSES = "airplane,automobile,bird,cat,deer,dog,frog,horse,ship,truck"
COARSE = (
    "aquatic mammals,fish,flowers,food containers,fruit and vegetables,household electrical devices,"
    "household furniture,insects,large carnivores,large man-made outdoor things,large natural outdoor scenes,"
    "large omnivores and herbivores,medium-sized mammals,non-insect invertebrates,people,reptiles,small mammals,trees,"
    "vehicles 1,vehicles 2"
)
FINE = (
    "apple,aquarium fish,baby,bear,beaver,bed,bee,beetle,bicycle,bottle,bowl,boy,bridge,bus,butterfly,camel,can,castle,"
    "caterpillar,cattle,chair,chimpanzee,clock,cloud,cockroach,couch,crab,crocodile,cup,dinosaur,dolphin,elephant,"
    "flatfish,forest,fox,girl,hamster,house,kangaroo,keyboard,lamp,lawn mower,leopard,lion,lizard,lobster,man,"
    "maple tree,motorcycle,mountain,mouse,mushroom,oak tree,orange,orchid,otter,palm tree,pear,pickup truck,pine tree,"
    "plain,plate,poppy,porcupine,possum,rabbit,raccoon,ray,road,rocket,rose,sea,seal,shark,shrew,skunk,skyscraper,snail,"
    "snake,spider,squirrel,streetcar,sunflower,sweet pepper,table,tank,telephone,television,tiger,tractor,train,trout,"
    "tulip,turtle,wardrobe,whale,willow tree,wolf,woman,worm"
)


@dataclass(frozen=True)
class Archive:
    """A published `.tar.gz`: its address, its size in bytes and its SHA-256 in hexadecimal."""

    url: str
    size: int
    sha256: str


CIFAR_10 = Archive(
    "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
    170_052_171,
    "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
)
CIFAR_100 = Archive(
    "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
    168_513_733,
    "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
)


def verified(path: Path, archive: Archive) -> bytes:
    """The bytes of a file, if it is the archive; ValueError if not."""
    content = path.read_bytes()
    if sha256(content).hexdigest() != archive.sha256:
        raise ValueError(f"the file, of {len(content)} bytes, is not the published one of {archive.size}")
    return content


def fetched(archive: Archive) -> bytes:
    """The bytes of an archive, fetched into `~/.dezero` unless a good copy is there. RuntimeError if that fails."""
    path = Path(data.cache_dir) / archive.url.rpartition("/")[2]
    check = partial(verified, archive=archive)
    troubles: list[str] = []
    content = fetch_first([archive.url], path, check, most=archive.size, timeout=30, troubles=troubles)
    if content is None:
        raise RuntimeError("\n  ".join([*troubles, f"put the file behind {archive.url} at {path}"]))
    return content


def rows(archive: Archive, names: list[str], width: int) -> Any:
    """The rows of files of an archive, uint8: the bytes of the labels and those of the pixels."""
    with tarfile.open(fileobj=io.BytesIO(fetched(archive)), mode="r:gz") as tar:
        files: dict[str, Any] = {Path(member.name).name: tar.extractfile(member) for member in tar if member.isfile()}
        return np.concatenate([np.frombuffer(files[name].read(), np.uint8).reshape(-1, width) for name in names])


def numbered(names: str) -> dict[int, str]:
    return dict(enumerate(names.split(",")))


class CIFAR10(Dataset):
    """Small photographs of ten kinds of things: uint8 (3, 32, 32), float32 after the default transform."""

    archive = CIFAR_10
    files: ClassVar[dict[bool, list[str]]] = {
        True: [f"data_batch_{i}.bin" for i in range(1, 6)],
        False: ["test_batch.bin"],
    }
    labelled = 1  # bytes of labels in a row
    column = 0  # that of the label

    def __init__(
        self,
        train: bool = True,
        transform: Any = Compose([AsType(), Normalize(mean=0.5, std=0.5)]),  # noqa: B008
        target_transform: Any = None,
    ) -> None:
        super().__init__(train, transform, target_transform)

    def prepare(self) -> None:
        both = rows(self.archive, self.files[bool(self.train)], self.labelled + 3 * 32 * 32)
        self.data = both[:, self.labelled :].reshape(-1, 3, 32, 32)
        self.label = both[:, self.column].astype(int)

    def show(self, row: int = 10, col: int = 10) -> None:
        """Shows images drawn at random, with matplotlib."""
        data.show(self.data, row, col)

    @staticmethod
    def labels() -> dict[int, str]:
        return numbered(CLASSES)


class CIFAR100(CIFAR10):
    """The same of a hundred kinds, the 'fine' labels, in twenty groups, the 'coarse' ones."""

    archive = CIFAR_100
    files: ClassVar[dict[bool, list[str]]] = {True: ["train.bin"], False: ["test.bin"]}
    labelled = 2

    def __init__(
        self,
        train: bool = True,
        transform: Any = Compose([AsType(), Normalize(mean=0.5, std=0.5)]),  # noqa: B008
        target_transform: Any = None,
        label_type: str = "fine",
    ) -> None:
        if label_type not in ("fine", "coarse"):
            raise ValueError(f"label_type is 'fine' or 'coarse', not {label_type!r}")
        self.label_type, self.column = label_type, int(label_type == "fine")
        super().__init__(train, transform, target_transform)

    @staticmethod
    def labels(label_type: str = "fine") -> dict[int, str]:
        return numbered(FINE if label_type == "fine" else COARSE)
