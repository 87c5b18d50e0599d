"""Weights of other people's networks, loaded under the names of ours.

PyTorch calls every parameter `weight` or `bias`, and its models name their parts in their own way. So a name has two
translations. The path to a layer follows the model's `torch_names`, a table from their names to ours. The last part of
the name is mapped by the attributes of the layer found there (weight -> W or gamma; weight_ih_l0 -> Wx).
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Container, Iterator, Mapping
from typing import Any

import numpy as np

from autograd.backend import Array, is_array
from autograd.bfloat16 import kind_of
from autograd.formats import read_weights
from autograd.layers.base import Layer, fits, named_objects
from autograd.layers.linear import Linear
from autograd.models.numbered import by_number
from autograd.models.recurrent_weights import recurrent_matrices, recurrent_path, with_one_bias

__all__ = ["load_weights", "path_of", "translated"]

APART = re.compile(r"\b([qkv])_proj_weight$")
PACKED = re.compile(r"((?:.*\.)?)in_proj_(weight|bias)")
WORDS = {"weight": ("W", "gamma"), "bias": ("b", "beta"), "running_mean": ("mean",), "running_var": ("var",)}


def load_weights(model: Layer, source: str | os.PathLike[str] | Mapping[str, Any], *, strict: bool = True) -> None:
    """Loads weights from a file (see `read_weights`) or a dict, such as the state_dict of a model in PyTorch.

    Names that are paths of the model stay; all others are translated from PyTorch's, or from W1, b1, W2, ... of the
    book "Deep learning from scratch", whose params.pkl `pickle.load` reads. Matrices of PyTorch, (outputs,
    inputs), are transposed. Floating-point numbers get the dtype of their parameter. `num_batches_tracked` and
    `position_ids`, which are counts, are ignored. The packed matrix of queries, keys and values is taken apart.
    With strict=False, names that one side lacks are ignored too.

    For another number of classes, leave out the last layer of the old ones:

        weights = models.read_weights("resnet18.pth")
        del weights["fc.weight"], weights["fc.bias"]
        models.load_weights(models.ResNet18(classes=10), weights, strict=False)

    Raises FileNotFoundError if there is no such file. Raises ValueError if the file is damaged, unpacks to much more
    than the model needs (see `read_weights`), or does not fit; the model is unchanged then.
    """
    if not isinstance(model, Layer):
        raise TypeError(f"load_weights takes a model, a Layer, and then the weights, not {model!r:.40}")
    state = source if isinstance(source, Mapping) else read_weights(source, most=bytes_of(model))
    try:
        model.load_state_dict(dict(translated(by_number(state, model), model)), strict)
    except ValueError as error:
        name = "the weights" if isinstance(source, Mapping) else os.fspath(source)
        raise ValueError(f"{name} do not fit this {type(model).__name__}: {error}") from error


def translated(state: Mapping[str, Any], model: Layer) -> Iterator[tuple[str, Array]]:
    """The entries of `state`, under the path in the model where it has one.

    Raises ValueError if two of them have the same path.
    """
    entries = dict(model.named_state())
    origins: dict[str, str] = {}
    table = torch_names_of(model)
    matrices = {id(layer.W) for layer in model.layers() if isinstance(layer, Linear)}
    matrices |= {id(W) for layer in model.layers() for W in recurrent_matrices(layer)}

    def renamed(name: str) -> str:
        return name if name in entries else path_of(name, table, entries)

    for name, x in with_one_bias(dict(unpacked(state, entries)), entries, renamed).items():
        path = renamed(name)
        entry = entries.get(path)
        if entry is None and path.endswith(("num_batches_tracked", "position_ids")):
            continue
        if name not in entries and id(entry) in matrices:
            x = x.T
        if origins.setdefault(path, name) != name:
            raise ValueError(f"{origins[path]} and {name} are both the weights of {path}")
        if entry is not None and kind_of(x.dtype) == kind_of(entry.dtype) == "f" and fits(x.shape, entry.shape):
            x = x.astype(entry.dtype, copy=False)
        yield path, x


def torch_names_of(model: Layer) -> dict[str, str]:
    """The table of a model, and behind it those of its parts, below the paths of these parts."""
    found = dict(getattr(model, "torch_names", {}))
    for path, layer in named_objects(model, Layer):
        table = getattr(layer, "torch_names", {}) if path else {}
        for theirs, ours in table.items():
            if not theirs.startswith("."):
                found.setdefault(f"{path}.{theirs}", f"{path}.{ours}")
    return found


def unpacked(state: Mapping[str, Any], paths: Container[str]) -> Iterator[tuple[str, Array]]:
    """The entries of `state` as arrays; paths of the model stay.

    `in_proj_weight` of an attention in PyTorch is three: `q.weight`, `k.weight` and `v.weight`.
    Where keys and values have another size than queries, PyTorch has three as well: `q_proj_weight`, ...
    """
    for name, given in state.items():
        x = array_of(given)
        packed = PACKED.fullmatch(name)
        if name in paths or name.removeprefix("module.") in paths:
            yield name, x
        elif packed and x.ndim and len(x) % 3 == 0:
            yield from zip([f"{packed[1]}{part}.{packed[2]}" for part in "qkv"], np.split(x, 3))
        else:
            yield APART.sub(r"\1.weight", name), x


def bytes_of(model: Layer) -> int:
    """The bytes of all arrays that a model can load, in double precision, as far as their sizes are known."""
    return sum([8 * math.prod(x.shape) for _, x in model.named_state() if None not in x.shape])


def array_of(x: Any) -> Array:
    """x as an array. A tensor of PyTorch loses its graph, and bfloat16 becomes float32."""
    if hasattr(x, "detach"):
        x = x.detach().cpu()
        x = x.float() if str(x.dtype) == "torch.bfloat16" else x
    return x if is_array(x) else np.asarray(x)


def path_of(name: str, table: Mapping[str, str], paths: Container[str]) -> str:
    """PyTorch's name in our words. A key of the table that begins with a dot matches anywhere, others at the start.

    `module.`, which DataParallel puts in front, is dropped where the name has no place with it.
    """
    path = in_our_words(name, table, paths)
    if path in paths or not name.startswith("module."):
        return path
    return path_of(name.removeprefix("module."), table, paths)


def in_our_words(name: str, table: Mapping[str, str], paths: Container[str]) -> str:
    """`path_of` a name as it stands."""
    for theirs, ours in table.items():
        if theirs.startswith("."):
            name = name.replace(theirs, ours)
        elif name.startswith(theirs):
            name = ours + name.removeprefix(theirs)
    if (path := recurrent_path(name, paths)) is not None:
        return path
    lead, dot, word = name.rpartition(".")
    return next((lead + dot + ours for ours in WORDS.get(word, ()) if lead + dot + ours in paths), name)
