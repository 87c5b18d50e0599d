"""Weights from files of our own, of PyTorch and of safetensors, into a model.

PyTorch calls every parameter `weight` or `bias`, and its models name their parts in their own way. So a name is
translated twice: the way to a layer by the model's `torch_names`, a table of parts of names; and the last word by what
the layer has that is found there.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Container, Iterator, Mapping
from typing import IO, Any, TypeAlias
from zipfile import ZipFile

import numpy as np

from autograd.backend import Array, is_array
from autograd.layers.base import Layer
from autograd.layers.linear import Linear
from autograd.models.formats import read_safetensors, read_torch, read_torch_zip
from autograd.serialize import BROKEN, contents

Path: TypeAlias = str | os.PathLike[str]

WORDS = {"weight": ("W", "gamma"), "bias": ("b", "beta"), "running_mean": ("mean",), "running_var": ("var",)}


def load_weights(model: Layer, source: Path | Mapping[str, Any], *, strict: bool = True) -> None:
    """Loads weights from a file (see `read_weights`) or a dict, such as the state_dict of a model in PyTorch.

    Names that are paths of the model stay; others are taken for PyTorch's and translated. PyTorch's matrices, (outputs,
    inputs), are transposed, floating-point numbers get the dtype of their parameter, and `num_batches_tracked` has no
    use. With strict=False, names that one side lacks are ignored.

    For another number of classes, leave out what belongs to the old ones:

        weights = models.read_weights("resnet18.pth")
        del weights["fc.weight"], weights["fc.bias"]
        models.load_weights(models.ResNet18(classes=10), weights, strict=False)

    Raises FileNotFoundError, and ValueError for a file that is damaged or does not fit; the model is as before then.
    """
    state = source if isinstance(source, Mapping) else read_weights(source)
    try:
        model.load_state_dict(dict(translated(state, model)), strict)
    except ValueError as error:
        name = "the weights" if isinstance(source, Mapping) else os.fspath(source)
        raise ValueError(f"{name} do not fit this {type(model).__name__}: {error}") from error


def read_weights(path: Path) -> dict[str, Array]:
    """The arrays in the file by name, read-only: `.pth` of PyTorch (old and zip), `.safetensors` or `.npz`.

    The content tells which it is, not the name. Nothing in the file is run: a pickle that asks for more than tensors is
    refused. Raises FileNotFoundError, and ValueError, naming the file, for one that is damaged or holds something else.
    """
    with open(path, "rb") as file:
        try:
            return arrays_in(file)
        except (*BROKEN, pickle.UnpicklingError, MemoryError) as error:
            raise ValueError(f"{os.fspath(path)} is damaged, or is no file of weights: {error}") from error


def arrays_in(file: IO[bytes]) -> dict[str, Array]:
    """The arrays in an open file of any of the formats."""
    first = file.read(9)
    file.seek(0)
    if first[8:] == b"{":  # asked first, as the length before it may begin like the others
        return read_safetensors(file.read())
    if first.startswith(b"PK"):
        with ZipFile(file) as archive:
            if any(name.endswith("/data.pkl") for name in archive.namelist()):
                return read_torch_zip(archive)
        file.seek(0)
        return {name: x for name, x in contents(file).items() if is_array(x)}
    if first.startswith(b"\x80"):
        return read_torch(file.read())
    raise ValueError(f"it begins with {first.hex(' ') or 'nothing'}, as no zip, no pickle and no safetensors does")


def translated(state: Mapping[str, Any], model: Layer) -> Iterator[tuple[str, Array]]:
    """The entries of `state` under the paths of the model, as far as it has them."""
    boxes = dict(model.named_state())
    matrices = {id(layer.W) for layer in model.layers() if isinstance(layer, Linear)}
    for name, given in state.items():
        x = array_of(given)
        path = name if name in boxes else path_of(name, getattr(model, "torch_names", {}), boxes)
        box = boxes.get(path)
        if box is None and path.endswith("num_batches_tracked"):
            continue
        if name not in boxes and id(box) in matrices:
            x = x.T
        if box is not None and x.dtype.kind == box.dtype.kind == "f":
            x = x.astype(box.dtype, copy=False)
        yield path, x


def array_of(x: Any) -> Array:
    """An entry as an array; of a tensor of PyTorch, its numbers without the graph, bfloat16 as float32."""
    if hasattr(x, "detach"):
        x = x.detach().cpu()
        x = x.float() if str(x.dtype) == "torch.bfloat16" else x
    return x if is_array(x) else np.asarray(x)


def path_of(name: str, table: Mapping[str, str], paths: Container[str]) -> str:
    """PyTorch's name in our words. A key that begins with a dot may stand anywhere in it, others only at the start."""
    name = name.removeprefix("module.")  # of DataParallel
    for theirs, ours in table.items():
        if theirs.startswith("."):
            name = name.replace(theirs, ours)
        elif name.startswith(theirs):
            name = ours + name.removeprefix(theirs)
    lead, dot, word = name.rpartition(".")
    return next((lead + dot + ours for ours in WORDS.get(word, ()) if lead + dot + ours in paths), name)
