"""`torch.save`, old format and zip, read without PyTorch.

A file holds a pickle that describes tensors, and the raw numbers: after the pickle in the old format, in one member for
each storage in the zip. A pickle may call any function and set attributes of what it gets. `Descriptions` allows a
short list of safe names and rejects everything else, so reading a file runs nothing in it and changes nothing.
"""

from __future__ import annotations

import io
import pickle
from collections import OrderedDict
from collections.abc import Mapping
from typing import IO, Any, NamedTuple
from zipfile import ZipFile

import numpy as np

from autograd.backend import Array
from autograd.formats.dtypes import BFLOAT16, itemsize, numbers_of

__all__ = ["read", "recognises"]

MAGIC = 0x1950A86A20F9469CFC6C
STORAGES = {
    "FloatStorage": "f4", "DoubleStorage": "f8", "HalfStorage": "f2", "BFloat16Storage": BFLOAT16,
    "LongStorage": "i8", "IntStorage": "i4", "ShortStorage": "i2", "CharStorage": "i1", "ByteStorage": "u1",
    "BoolStorage": "?", "ComplexFloatStorage": "c8", "ComplexDoubleStorage": "c16",
}  # fmt: skip


def recognises(file: IO[bytes]) -> bool:
    """True for a pickle, and for a zip with a member `data.pkl`."""
    first = file.read(2)
    return first[:1] == b"\x80" or (first == b"PK" and any(map(is_pickle, ZipFile(file).namelist())))


def is_pickle(name: str) -> bool:
    """True for the member of a zip that describes the tensors."""
    return name.endswith("/data.pkl")


def read(file: IO[bytes]) -> dict[str, Array]:
    """The tensors of a state_dict by name, as read-only views of the content. bfloat16 becomes float32."""
    zipped = file.read(2) == b"PK"
    file.seek(0)
    return read_zip(file) if zipped else read_old(file.read())


class Storage(NamedTuple):
    """Numbers of one type, stored in the file under a key."""

    dtype: str
    key: str


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
        if min((self.offset, *self.shape, *self.strides)) < 0 or (0 not in self.shape and last >= len(x)):
            raise ValueError(f"a tensor of shape {self.shape} lies outside its storage of {len(x)} numbers")
        strides = [stride * x.itemsize for stride in self.strides]
        return np.lib.stride_tricks.as_strided(x[self.offset :], self.shape, strides, writeable=False)


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
        numbers = [offset, *shape, *strides]
        if type(storage) is not Storage or len(shape) != len(strides) or any(type(n) is not int for n in numbers):
            raise ValueError("a tensor must be described by a storage, an offset, its sizes and strides")
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


SAFE = {
    "collections.OrderedDict": OrderedDict,
    "torch._utils._rebuild_tensor_v2": RebuildTensor(),
    "torch._utils._rebuild_parameter": RebuildParameter(),
    "torch.Size": tuple,
    **{"torch." + name: dtype for name, dtype in STORAGES.items()},
}


class Descriptions(pickle.Unpickler):
    """Loads the descriptions of tensors from a pickle of PyTorch. `storages` holds those it refers to, by key."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(file)
        self.storages: dict[str, Storage] = {}

    def find_class(self, module: str, name: str) -> Any:
        if f"{module}.{name}" not in SAFE:
            raise pickle.UnpicklingError(
                f"it asks for {module}.{name}, which has no place among weights, and was refused. In PyTorch, "
                "torch.save(model.state_dict(), path) writes nothing but weights."
            )
        return SAFE[f"{module}.{name}"]

    def persistent_load(self, pid: Any) -> Storage:
        _, dtype, key, _, _, *view = pid
        if dtype not in STORAGES.values() or not isinstance(key, str) or view not in ([], [None]):
            raise ValueError(f"{pid!r:.100} describes no storage: a file of PyTorch before 0.4?")
        return self.storages.setdefault(key, Storage(dtype, key))


def read_old(content: bytes) -> dict[str, Array]:
    """The old format: pickles of three headers, the tensors and the keys; then each storage after its length."""
    file = io.BytesIO(content)
    magic, _, system = [Descriptions(file).load() for _ in range(3)]
    if magic != MAGIC:
        raise ValueError("it is a pickle, but not one of torch.save")
    descriptions = Descriptions(file)
    found, keys = descriptions.load(), Descriptions(file).load()
    order = "<" if system["little_endian"] else ">"
    numbers: dict[str, Array] = {}
    for key in keys:
        if key not in descriptions.storages:
            raise ValueError(f"it has a storage {key!r:.40} that no tensor is described by")
        dtype = descriptions.storages[key].dtype
        start = file.tell() + 8
        stop = start + itemsize(dtype) * int.from_bytes(file.read(8), "little" if order == "<" else "big")
        if stop > len(content):
            raise ValueError(f"it is cut short: it should have at least {stop} bytes, and has {len(content)}")
        numbers[key] = numbers_of(memoryview(content)[start:stop], dtype, order)
        file.seek(stop)
    return named(found, numbers)


def read_zip(file: IO[bytes]) -> dict[str, Array]:
    """The new format: a zip of `data.pkl` and a member for each storage."""
    with ZipFile(file) as archive:
        (pickled,) = [name for name in archive.namelist() if is_pickle(name)]
        root = pickled.removesuffix("data.pkl")
        big = root + "byteorder" in archive.namelist() and archive.read(root + "byteorder") == b"big"
        descriptions = Descriptions(io.BytesIO(archive.read(pickled)))
        found = descriptions.load()
        numbers = {
            key: numbers_of(archive.read(f"{root}data/{key}"), storage.dtype, ">" if big else "<")
            for key, storage in descriptions.storages.items()
        }
    return named(found, numbers)


def named(found: Any, numbers: Mapping[str, Array]) -> dict[str, Array]:
    """The arrays by name. A checkpoint with more than tensors must have them in `state_dict` or `model`."""
    for key in ("state_dict", "model_state_dict", "model"):
        if isinstance(found, dict) and isinstance(found.get(key), dict):
            return named(found[key], numbers)
    if not isinstance(found, dict) or not all(isinstance(x, Tensor) for x in found.values()):
        content = ", ".join(map(str, found)) if isinstance(found, dict) else type(found).__name__
        raise ValueError(f"it must hold a dict of tensors, as a state_dict is, not {content:.200}")
    return {str(name): x.array(numbers) for name, x in found.items()}
