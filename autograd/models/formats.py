"""Two formats of other people's weights, read into arrays: `torch.save`, old and new, and safetensors.

A file of PyTorch is a pickle that describes tensors, and the numbers beside it: behind it in the old format, each
storage on its own in a zip in the new one. A pickle may ask for any function there is, and set attributes of what it
gets; `Descriptions` knows a few harmless names, for what has none, and refuses all others. So reading a file runs
nothing that is in it, and changes nothing. PyTorch is not needed.

The arrays are read-only views of the file's content. bfloat16, which NumPy lacks, becomes float32.
"""

from __future__ import annotations

import io
import json
import pickle
from collections import OrderedDict
from collections.abc import Mapping
from typing import IO, Any, NamedTuple
from zipfile import ZipFile

import numpy as np

Floats = np.ndarray[Any, Any]

MAGIC = 0x1950A86A20F9469CFC6C
BFLOAT16 = "bfloat16"
STORAGES = {
    "FloatStorage": "f4", "DoubleStorage": "f8", "HalfStorage": "f2", "BFloat16Storage": BFLOAT16,
    "LongStorage": "i8", "IntStorage": "i4", "ShortStorage": "i2", "CharStorage": "i1", "ByteStorage": "u1",
    "BoolStorage": "?", "ComplexFloatStorage": "c8", "ComplexDoubleStorage": "c16",
}  # fmt: skip
SAFETENSORS = {
    "F64": "f8", "F32": "f4", "F16": "f2", "BF16": BFLOAT16, "I64": "i8", "I32": "i4", "I16": "i2", "I8": "i1",
    "U64": "u8", "U32": "u4", "U16": "u2", "U8": "u1", "BOOL": "?",
}  # fmt: skip


class Storage(NamedTuple):
    """Numbers of one type in the file, under a key."""

    kind: str
    key: str


class Tensor(NamedTuple):
    """A tensor as it is described before its numbers are known: a view of a storage, with strides in elements."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def array(self, numbers: Mapping[str, Floats]) -> Floats:
        """The view. Raises ValueError if it would reach beyond the storage."""
        x = numbers[self.storage.key]
        last = self.offset + sum([(n - 1) * stride for n, stride in zip(self.shape, self.strides)])
        if min((self.offset, *self.shape, *self.strides)) < 0 or (0 not in self.shape and last >= len(x)):
            raise ValueError(f"a tensor of shape {self.shape} lies outside its storage of {len(x)} numbers")
        strides = [stride * x.itemsize for stride in self.strides]
        return np.lib.stride_tricks.as_strided(x[self.offset :], self.shape, strides, writeable=False)


class RebuildTensor:
    """What the pickle calls for each tensor. Not a function, which would have attributes that a pickle can set.

    Raises ValueError for what describes no tensor, and for one that is conjugated or negated as it is read.
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
            raise ValueError("a tensor is not described by a storage, an offset, its sizes and strides")
        if view:
            raise ValueError(
                f"a tensor is a view of its storage by {', '.join(map(str, view)):.40}, and not the plain numbers: "
                "in PyTorch, save x.resolve_conj().resolve_neg()"
            )
        return Tensor(storage, offset, tuple(shape), tuple(strides))


class RebuildParameter:
    """What the pickle calls for each parameter; the rest is about gradients and hooks."""

    __slots__ = ()

    def __call__(self, data: Tensor, *rest: Any) -> Tensor:
        return data


HARMLESS = {
    "collections.OrderedDict": OrderedDict,
    "torch._utils._rebuild_tensor_v2": RebuildTensor(),
    "torch._utils._rebuild_parameter": RebuildParameter(),
    "torch.Size": tuple,
    **{"torch." + name: kind for name, kind in STORAGES.items()},
}


class Descriptions(pickle.Unpickler):
    """Loads what a pickle of PyTorch says about tensors; `storages` are those that it speaks of, by key."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(file)
        self.storages: dict[str, Storage] = {}

    def find_class(self, module: str, name: str) -> Any:
        if f"{module}.{name}" not in HARMLESS:
            raise pickle.UnpicklingError(
                f"it asks for {module}.{name}, which has no place among weights, and was refused. In PyTorch, "
                "torch.save(model.state_dict(), path) writes nothing but weights."
            )
        return HARMLESS[f"{module}.{name}"]

    def persistent_load(self, pid: Any) -> Storage:
        _, kind, key, _, _, *view = pid
        if kind not in STORAGES.values() or not isinstance(key, str) or view not in ([], [None]):
            raise ValueError(f"{pid!r:.100} describes no storage: a file of PyTorch before 0.4?")
        return self.storages.setdefault(key, Storage(kind, key))


def numbers_of(content: Any, kind: str, order: Any = "<") -> Floats:
    """The numbers in these bytes, in the machine's byte order."""
    if kind == BFLOAT16:  # the upper half of a float32
        return (np.frombuffer(content, order + "u2").astype(np.uint32) << 16).view(np.float32)
    dtype = np.dtype(kind)
    return np.frombuffer(content, dtype.newbyteorder(order)).astype(dtype, copy=False)


def read_torch(content: bytes) -> dict[str, Floats]:
    """The old format: three pickles of a header, the tensors, the keys; then each storage after its length."""
    file = io.BytesIO(content)
    magic, _, system = [Descriptions(file).load() for _ in range(3)]
    if magic != MAGIC:
        raise ValueError("it is a pickle, but not one of torch.save")
    descriptions = Descriptions(file)
    found, keys = descriptions.load(), Descriptions(file).load()
    order = "<" if system["little_endian"] else ">"
    arrays: dict[str, Floats] = {}
    for key in keys:
        if key not in descriptions.storages:
            raise ValueError(f"it has a storage {key!r:.40} that no tensor is described by")
        kind = descriptions.storages[key].kind
        start = file.tell() + 8
        size = np.dtype("u2" if kind == BFLOAT16 else kind).itemsize
        stop = start + size * int.from_bytes(file.read(8), "little" if order == "<" else "big")
        if stop > len(content):
            raise ValueError(f"it is cut short: it should have at least {stop} bytes, and has {len(content)}")
        arrays[key] = numbers_of(memoryview(content)[start:stop], kind, order)
        file.seek(stop)
    return named(found, arrays)


def read_torch_zip(archive: ZipFile) -> dict[str, Floats]:
    """The new format: a zip of `data.pkl` and a file for each storage."""
    (pickled,) = [name for name in archive.namelist() if name.endswith("/data.pkl")]
    root = pickled.removesuffix("data.pkl")
    big = root + "byteorder" in archive.namelist() and archive.read(root + "byteorder") == b"big"
    descriptions = Descriptions(io.BytesIO(archive.read(pickled)))
    found = descriptions.load()
    return named(found, {
        key: numbers_of(archive.read(f"{root}data/{key}"), storage.kind, ">" if big else "<")
        for key, storage in descriptions.storages.items()
    })  # fmt: skip


def named(found: Any, numbers: Mapping[str, Floats]) -> dict[str, Floats]:
    """The arrays by name. Of a checkpoint with more in it, those in its `state_dict` or `model`."""
    for key in ("state_dict", "model_state_dict", "model"):
        if isinstance(found, dict) and isinstance(found.get(key), dict):
            return named(found[key], numbers)
    if not isinstance(found, dict) or not all(isinstance(x, Tensor) for x in found.values()):
        content = ", ".join(map(str, found)) if isinstance(found, dict) else type(found).__name__
        raise ValueError(f"it has no dict of tensors, which a state_dict is, but {content:.200}")
    return {str(name): x.array(numbers) for name, x in found.items()}


def read_safetensors(content: bytes) -> dict[str, Floats]:
    """A length, a header in JSON (type, shape, where the numbers lie), the numbers. Always little-endian."""
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])
    body = memoryview(content)[start:]
    arrays = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        first, last = entry["data_offsets"]
        if not 0 <= first <= last <= len(body):
            raise ValueError(f"it is cut short: {name} ends at byte {last} of {len(body)}")
        arrays[name] = numbers_of(body[first:last], SAFETENSORS[entry["dtype"]]).reshape(entry["shape"])
    return arrays
