"""`torch.save`, old format and zip, read without PyTorch; and the zip, written without it.

A file holds a pickle that describes tensors, and the raw numbers: after the pickle in the old format, in one member for
each storage in the zip. A pickle may call any function and set attributes of what it gets. `Machine` allows a short
list of safe names and rejects everything else, so reading a file runs nothing in it and changes nothing.
"""

from __future__ import annotations

import math
import os
import struct
import zipfile
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np

from autograd.backend import Array, to_numpy
from autograd.bfloat16 import is_bfloat16
from autograd.files import path_of_file, replacing
from autograd.formats.archive import Archive
from autograd.formats.dtypes import BFLOAT16, itemsize, numbers_of
from autograd.formats.pickles import Machine, UnpicklingError

__all__ = ["read", "recognises", "write"]

MAGIC = 0x1950A86A20F9469CFC6C
STORAGES = {
    "FloatStorage": "f4", "DoubleStorage": "f8", "HalfStorage": "f2", "BFloat16Storage": BFLOAT16,
    "LongStorage": "i8", "IntStorage": "i4", "ShortStorage": "i2", "CharStorage": "i1", "ByteStorage": "u1",
    "BoolStorage": "?", "ComplexFloatStorage": "c8", "ComplexDoubleStorage": "c16",
}  # fmt: skip


KINDS = {np.dtype(dtype): kind for kind, dtype in STORAGES.items() if dtype != BFLOAT16}
NDIM = 64  # NumPy's most
STATES = ("state_dict", "model_state_dict", "model")  # where checkpoints of whole trainings have their tensors


def recognises(file: IO[bytes], limit: int) -> bool:
    """True for a pickle, and for a zip with a member `data.pkl`."""
    first = file.read(2)
    return first[:1] == b"\x80" or (first == b"PK" and any(map(is_pickle, Archive(file, limit).members)))


def is_pickle(name: str) -> bool:
    """True for the member of a zip that describes the tensors."""
    return name.endswith("/data.pkl")


def read(file: IO[bytes], limit: int) -> dict[str, Array]:
    """The tensors of a state_dict by name, as read-only views of the content. bfloat16 becomes float32."""
    zipped = file.read(2) == b"PK"
    file.seek(0)
    return read_zip(file, limit) if zipped else read_old(file.read(), limit)


class Storage(NamedTuple):
    """Numbers of one type, stored in the file under a key."""

    dtype: str
    key: str
    size: int


class Tensor(NamedTuple):
    """A tensor as the pickle describes it: a view of a storage. The offset and the strides count elements."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def array(self, numbers: Mapping[str, Array]) -> Array:
        """The view of the storage's numbers. Raises ValueError if it reaches beyond them."""
        x = numbers[self.storage.key]
        last = self.offset + sum([(n - 1) * stride for n, stride in zip(self.shape, self.strides)])
        size = math.prod(self.shape)
        if size and last >= len(x):
            raise ValueError(f"a tensor of shape {self.shape} lies outside its storage of {len(x)} numbers")
        strides = [stride * x.itemsize if n > 1 else 0 for n, stride in zip(self.shape, self.strides)]
        start = self.offset if size else 0
        return np.lib.stride_tricks.as_strided(x[start:], self.shape, strides, writeable=False)


class RebuildTensor:
    """The pickle calls this for each tensor. It is no function, because a pickle can set the attributes of a function.

    Raises ValueError for arguments that describe no tensor, and for a lazily conjugated or negated tensor.
    """

    __slots__ = ()

    def __call__(
        self,
        storage: Any,
        offset: int,
        shape: tuple[int, ...],
        strides: tuple[int, ...],
        requires_grad: Any = False,
        hooks: Any = None,
        view: Any = None,
    ) -> Tensor:
        if type(storage) is not Storage or not len(shape) == len(strides) <= NDIM:
            raise ValueError("a tensor must be described by a storage, an offset, its sizes and strides")
        numbers = [offset, *shape, *strides]
        if any(type(n) is not int for n in numbers):
            raise ValueError("a tensor must be described by a storage, an offset, its sizes and strides")
        if min(numbers) < 0 or max(numbers) >= 1 << 60:
            raise ValueError(f"a tensor of shape {tuple(shape)!r:.200} lies outside its storage: a number is too large")
        if view:
            raise ValueError(
                f"a tensor must be the plain numbers of its storage, not a view by {', '.join(map(str, view)):.40}: "
                "in PyTorch, save x.resolve_conj().resolve_neg()"
            )
        return Tensor(storage, offset, tuple(shape), tuple(strides))


class RebuildParameter:
    """The pickle calls this for each parameter. The other arguments are about gradients and hooks."""

    __slots__ = ()

    def __call__(self, data: Tensor, *rest: Any) -> Tensor:
        return data


SAFE: dict[str, Any] = {
    "collections.OrderedDict": dict,
    "torch._utils._rebuild_tensor_v2": RebuildTensor(),
    "torch._utils._rebuild_parameter": RebuildParameter(),
    "torch.Size": tuple,
    **{"torch." + name: dtype for name, dtype in STORAGES.items()},
}
CALLABLE = tuple([x for x in SAFE.values() if callable(x)])


class Descriptions:
    """Reads the descriptions of tensors. `storages` holds those that were referred to, by key."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.storages: dict[str, Storage] = {}

    def load(self, content: bytes, position: int = 0) -> tuple[Any, int]:
        """The object in the pickle at a position, and the position behind it."""
        machine = Machine(content, position, self.limit, SAFE, CALLABLE, self.storage)
        found = machine.load()
        self.limit -= machine.cost
        return found, machine.position

    def storage(self, pid: Any) -> Storage:
        """The storage of a persistent id: a word, its type, its key, the device, its size, and in the old format None.

        Raises ValueError for another id, and for a second size or type of the same storage.
        """
        if type(pid) is not tuple or len(pid) not in (5, 6):
            raise UnpicklingError("a persistent id describes no storage: a file of PyTorch before 0.4?")
        _, dtype, key, _, size, *view = pid
        plain = type(key) is str and type(dtype) is str and type(size) is int and size >= 0
        if not plain or dtype not in STORAGES.values() or view not in ([], [None]):
            raise UnpicklingError("a persistent id describes no storage: a file of PyTorch before 0.4?")
        found = self.storages.setdefault(key, Storage(dtype, key, size))
        if found != Storage(dtype, key, size):
            raise ValueError(f"the storage {key:.40} has {found.size} numbers {found.dtype}, and {size} {dtype}")
        return found

    def pay(self, storage: Storage) -> None:
        """Counts the memory of a storage whose numbers become wider than they are in the file."""
        self.limit -= 4 * storage.size if storage.dtype == BFLOAT16 else 0
        if self.limit < 0:
            raise ValueError(f"the storage {storage.key:.40} takes more memory than such a file may")


def read_old(content: bytes, limit: int) -> dict[str, Array]:
    """The old format: pickles of three headers, the tensors and the keys; then each storage after its length."""
    descriptions = Descriptions(limit - len(content))
    magic, position = descriptions.load(content)
    _, position = descriptions.load(content, position)
    system, position = descriptions.load(content, position)
    if magic != MAGIC or type(system) is not dict:
        raise ValueError("it is a pickle, but not one of torch.save")
    found, position = descriptions.load(content, position)
    keys, position = descriptions.load(content, position)
    order = "<" if system["little_endian"] else ">"
    numbers: dict[str, Array] = {}
    for key in keys:
        if type(key) is not str or key not in descriptions.storages:
            raise ValueError(f"it has a storage {key!r:.40} that no tensor is described by")
        if key in numbers:
            raise ValueError(f"it has the storage {key:.40} twice")
        storage = descriptions.storages[key]
        start = position + 8
        size = int.from_bytes(content[position:start], "little" if order == "<" else "big")
        position = start + itemsize(storage.dtype) * size
        if position > len(content):
            raise ValueError(f"it is cut short: it should have at least {position} bytes, and has {len(content)}")
        if size != storage.size:
            raise ValueError(f"the storage {key:.40} should have {storage.size} numbers, and has {size}")
        descriptions.pay(storage)
        numbers[key] = numbers_of(memoryview(content)[start:position], storage.dtype, order)
    return named(found, numbers, limit)


def read_zip(file: IO[bytes], limit: int) -> dict[str, Array]:
    """The new format: a zip of `data.pkl` and a member for each storage."""
    archive = Archive(file, limit)
    pickles = [name for name in archive.members if is_pickle(name)]
    if len(pickles) != 1:
        raise ValueError(f"it must have one data.pkl, not {len(pickles)}")
    root = pickles[0].removesuffix("data.pkl")
    big = root + "byteorder" in archive.members and archive.read(root + "byteorder") == b"big"
    descriptions = Descriptions(limit - archive.total)
    found, _ = descriptions.load(archive.read(pickles[0]))
    numbers: dict[str, Array] = {}
    for key, storage in descriptions.storages.items():
        name = f"{root}data/{key}"
        if name not in archive.members:
            raise ValueError(f"it has no storage {key:.40}")
        size = archive.members[name].size
        if size != storage.size * itemsize(storage.dtype):
            raise ValueError(f"the storage {key:.40} should have {storage.size} {storage.dtype}, and has {size} bytes")
        descriptions.pay(storage)
        numbers[key] = numbers_of(archive.read(name), storage.dtype, ">" if big else "<")
    return named(found, numbers, limit)


def named(found: Any, numbers: Mapping[str, Array], limit: int) -> dict[str, Array]:
    """The arrays by name. A checkpoint with more than tensors must have them in `state_dict` or `model`.

    Raises ValueError if copies of them would take more bytes than `limit`: an expanded tensor has any size.
    """
    inner: Any = found
    for _ in range(4):
        if isinstance(inner, dict):
            found = inner
            inner = next((x for key in STATES if isinstance(x := found.get(key), dict)), None)
    if not isinstance(found, dict) or not all(isinstance(x, Tensor) for x in found.values()):
        content = ", ".join([f"{key!s:.40}" for key in islice(found, 8)]) if isinstance(found, dict) else None
        raise ValueError(f"it must hold a dict of tensors, as a state_dict is, not {content or type(found).__name__}")
    if len({str(name) for name in found}) != len(found):
        raise ValueError("it has two tensors whose names are the same text")
    total = sum([math.prod(x.shape) * numbers[x.storage.key].itemsize for x in found.values()])
    if total > limit:
        raise ValueError(f"its tensors repeat few numbers, and would take {total} bytes: save them with x.clone()")
    return {str(name): x.array(numbers) for name, x in found.items()}


def write(path: str | os.PathLike[str], arrays: Mapping[str, Any]) -> None:
    """Writes arrays by name as the zip that `torch.load(path, weights_only=True)` reads as a dict of tensors.

    The pickle in it names a storage, an offset, sizes and strides for each tensor, and calls what PyTorch calls itself.
    The file is written whole or not at all. Raises TypeError for a name that is no text, and for numbers that PyTorch
    has not, such as uint16.
    """
    tensors = {}
    for i, (name, given) in enumerate(arrays.items()):
        x = to_numpy(given) if hasattr(given, "dtype") else given
        kind = storage_for(x.dtype) if hasattr(x, "dtype") else None
        if not isinstance(name, str) or kind is None:
            known = ", ".join(map(str, [*KINDS, BFLOAT16]))
            raise TypeError(f"write takes arrays of {known} by name, not {name!r:.60}: {x!r:.60}")
        little = x.astype(x.dtype.newbyteorder("<"))
        tensors[name] = str(i), kind, np.ascontiguousarray(little).reshape(x.shape)
    with replacing(Path(path_of_file(path))) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        archive.writestr(zipfile.ZipInfo("archive/data.pkl"), described(tensors))
        archive.writestr(zipfile.ZipInfo("archive/byteorder"), "little")
        for key, _, x in tensors.values():
            archive.writestr(zipfile.ZipInfo(f"archive/data/{key}"), x.tobytes())
        archive.writestr(zipfile.ZipInfo("archive/version"), "3\n")


def storage_for(dtype: np.dtype[Any]) -> str | None:
    """PyTorch's class of storage for numbers of this type; None if it has none."""
    return "BFloat16Storage" if is_bfloat16(dtype) else KINDS.get(dtype.newbyteorder("="))


def described(tensors: Mapping[str, tuple[str, str, Array]]) -> bytes:
    """The pickle, protocol 2, of an OrderedDict of tensors, each with a storage of its own."""
    empty = b"ccollections\nOrderedDict\n)R"
    found = b"\x80\x02" + empty + b"("
    for name, (key, kind, x) in tensors.items():
        strides = [n // x.itemsize for n in x.strides]
        storage = (
            b"(" + text("storage") + f"ctorch\n{kind}\n".encode() + text(key) + text("cpu") + whole(x.size) + b"tQ"
        )
        sizes = [b"(" + b"".join(map(whole, numbers)) + b"t" for numbers in (x.shape, strides)]
        args = b"(" + storage + whole(0) + b"".join(sizes) + b"\x89" + empty + b"t"
        found += text(name) + b"ctorch._utils\n_rebuild_tensor_v2\n" + args + b"R"
    return found + b"u."


def text(word: str) -> bytes:
    """A word in a pickle."""
    return b"X" + struct.pack("<I", len(word.encode())) + word.encode()


def whole(n: int) -> bytes:
    """A whole number in a pickle: four bytes, or eight."""
    return b"J" + struct.pack("<i", n) if -(2**31) <= n < 2**31 else b"\x8a\x08" + struct.pack("<q", n)
