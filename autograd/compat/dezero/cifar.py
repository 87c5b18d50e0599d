"""CIFAR10 and CIFAR100 of `dezero.datasets`, read from the binary version of the published archives, without pickle.

Source: Krizhevsky, "Learning multiple layers of features from tiny images", 2009.
"""

from __future__ import annotations

import io
import os
import tarfile
import zlib
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from autograd.checks import one_of
from autograd.compat.dezero import cache
from autograd.compat.dezero.datasets import Images
from autograd.compat.dezero.transforms import AsType, Compose, Normalize
from autograd.data.download import fetch_first
from autograd.files import opened

__all__ = ["CIFAR10", "CIFAR100"]

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

ROWS = 50_000  # the most in a file
CENTERED = Compose([AsType(), Normalize(mean=0.5, std=0.5)])


@dataclass(frozen=True)
class Archive:
    """A published `.tar.gz`: its address, its size in bytes, and its SHA-256 in hexadecimal."""

    url: str
    size: int
    sha256: str

    def content(self) -> bytes:
        """Returns the bytes of the archive, and fetches it first if the cache has no good copy.

        Raises RuntimeError if it cannot be fetched.
        """
        path = Path(cache.cache_dir) / self.url.rpartition("/")[2]
        troubles: list[str] = []
        content = fetch_first([self.url], path, self.verified, most=self.size, timeout=30, troubles=troubles)
        if content is None:
            raise RuntimeError("\n  ".join([*troubles, f"put the file behind {self.url} at {path}"]))
        return content

    def verified(self, path: Path) -> bytes:
        """Returns the bytes of a file. Raises ValueError if it is not the archive."""
        with opened(path) as file:
            size = os.fstat(file.fileno()).st_size
            content = file.read() if size == self.size else b""
        if sha256(content).hexdigest() != self.sha256:
            raise ValueError(f"the file, of {size} bytes, is not the published one of {self.size}")
        return content

    def rows(self, names: list[str], width: int) -> Any:
        """Returns the rows of these files of the archive, uint8: the bytes of the labels, then those of the pixels.

        Raises ValueError if the archive lacks a file, or if one is not full rows or has more than ROWS.
        """
        found: dict[str, Any] = {}
        try:
            with tarfile.open(fileobj=io.BytesIO(self.content()), mode="r:gz") as tar:
                for member in tar:
                    name = Path(member.name).name
                    if member.isreg() and name in names:
                        if name in found or member.size % width or member.size > ROWS * width:
                            raise ValueError(
                                f"{name} has {member.size} bytes, and a row has {width}; or it is there twice"
                            )
                        found[name] = np.frombuffer(tar.extractfile(member).read(), np.uint8)  # type: ignore[union-attr]
        except (tarfile.TarError, EOFError, OSError, zlib.error, ValueError) as error:
            raise ValueError(f"{self.url.rpartition('/')[2]} is damaged or no archive of CIFAR: {error}") from error
        if lost := [name for name in names if name not in found]:
            raise ValueError(f"{self.url.rpartition('/')[2]} is damaged or no archive of CIFAR: no {', '.join(lost)}")
        return np.concatenate([found[name].reshape(-1, width) for name in names])


class CIFAR10(Images):
    """Photographs of ten classes: uint8 (3, 32, 32). The default transform gives float32."""

    archive = Archive(
        "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
        170_052_171,
        "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    )
    files: ClassVar[dict[bool, list[str]]] = {
        True: [f"data_batch_{i}.bin" for i in range(1, 6)],
        False: ["test_batch.bin"],
    }
    label_bytes = 1  # in front of the pixels of a row
    column = 0  # the byte that is the label

    def __init__(self, train: bool = True, transform: Any = CENTERED, target_transform: Any = None) -> None:
        super().__init__(train, transform, target_transform)

    def prepare(self) -> None:
        rows = self.archive.rows(self.files[bool(self.train)], self.label_bytes + 3 * 32 * 32)
        self.data = rows[:, self.label_bytes :].reshape(-1, 3, 32, 32)
        self.label = rows[:, self.column].astype(int)

    @staticmethod
    def labels() -> dict[int, str]:
        return dict(enumerate(CLASSES.split(",")))


class CIFAR100(CIFAR10):
    """Photographs of a hundred classes, the "fine" labels, in twenty groups of classes, the "coarse" labels."""

    archive = Archive(
        "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
        168_513_733,
        "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
    )
    files: ClassVar[dict[bool, list[str]]] = {True: ["train.bin"], False: ["test.bin"]}
    label_bytes = 2

    def __init__(
        self,
        train: bool = True,
        transform: Any = CENTERED,
        target_transform: Any = None,
        label_type: str = "fine",
    ) -> None:
        self.label_type = one_of("label_type", label_type, "fine", "coarse")
        self.column = int(label_type == "fine")
        super().__init__(train, transform, target_transform)

    @staticmethod
    def labels(label_type: str = "fine") -> dict[int, str]:
        return dict(enumerate((FINE if label_type == "fine" else COARSE).split(",")))
