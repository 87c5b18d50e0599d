"""Weights of ours under PyTorch's names, and files of them that PyTorch reads: the way out beside `load_weights`.

A path is translated from the outermost layer to the innermost: each layer that has `torch_names` puts their names in
the place of ours. The last part of the name follows from the kind of layer. What is written is translated back before
it leaves, so a wrong name is an error here, and not in PyTorch.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from autograd.backend import Array, to_numpy
from autograd.checks import shown
from autograd.formats import safetensors, torch
from autograd.layers.attention import MultiHeadAttention
from autograd.layers.base import Layer, named_objects
from autograd.layers.conv import Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from autograd.layers.embedding import Embedding
from autograd.layers.linear import Linear
from autograd.layers.normalization import BatchNorm, GroupNorm, InstanceNorm, LayerNorm, RMSNorm
from autograd.layers.recurrent import GRU, LSTM, RNN
from autograd.models.recurrent_weights import torch_recurrent
from autograd.models.weights import translated

__all__ = ["save_weights", "torch_state_dict"]

WRITERS: dict[str, Any] = {".pth": torch.write, ".pt": torch.write, ".safetensors": safetensors.write}
CONVS = Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
NORMS = BatchNorm, GroupNorm, InstanceNorm, LayerNorm, RMSNorm
WORDS = {"W": "weight", "b": "bias", "gamma": "weight", "beta": "bias", "mean": "running_mean", "var": "running_var"}


def torch_state_dict(model: Layer) -> dict[str, Array]:
    """The weights of a model under PyTorch's names, as copies: what the `state_dict` of the same model there has.

        theirs.load_state_dict({name: torch.from_numpy(x) for name, x in models.torch_state_dict(ours).items()})

    Matrices are transposed to (outputs, inputs). Queries, keys and values are packed as `in_proj_weight`, recurrent
    weights get the names of their layer and direction and a second bias, and batch norms a count of batches, 0. Parts
    are called as in `torch_names` of the model, where it has one; others keep their paths, such as `0.weight`.
    Raises TypeError for what is no layer, RuntimeError while a size is not known, and ValueError for a GRU that resets
    before the product, which PyTorch has not, and where two names would be one.
    """
    if not isinstance(model, Layer):
        raise TypeError(f"torch_state_dict takes a model, a Layer, not {shown(model)}")
    state = {path: to_numpy(x) for path, x in model.state_dict().items()}
    layers = dict(named_objects(model, Layer))
    found: dict[str, Array] = {}
    for path, x in state.items():
        lead, _, word = path.rpartition(".")
        for name, array in named(layers.get(lead), word, x):
            full = theirs(model, f"{lead}.{name}" if lead else name, layers)
            if full in found:
                raise ValueError(f"torch_state_dict: two weights would be called {full}: rename a layer")
            found[full] = np.array(array, order="C")  # also of one number alone
    found = packed(model, found, layers)
    check_way_back(model, found, state)
    return found


def save_weights(model: Layer, path: str | os.PathLike[str]) -> None:
    """Writes the weights under PyTorch's names, for PyTorch: a `.pth` or `.pt` file, or `.safetensors`.

        model.load_state_dict(torch.load("net.pth"))    # in PyTorch, where weights_only=True is the default

    Names and layouts are those of `torch_state_dict`; `load_weights` reads the file too. Checkpoints of ours are
    written by `serialize.save`. The file is written whole or not at all, and nothing in it runs when it is read.
    Raises ValueError for another ending, and what `torch_state_dict` raises.
    """
    end = Path(os.fspath(path)).suffix if isinstance(path, (str, os.PathLike)) else None
    if end not in WRITERS:
        raise ValueError(f"save_weights: path must end with {', '.join(WRITERS)}, not {shown(path)}")
    WRITERS[end](path, torch_state_dict(model))


def named(layer: Any, word: str, x: Array) -> Iterator[tuple[str, Array]]:
    """The names of an entry of a layer in PyTorch, with the arrays there."""
    if isinstance(layer, (RNN, LSTM, GRU)):
        yield from torch_recurrent(layer, word, x)
    elif isinstance(layer, (Linear, Embedding, *CONVS, *NORMS)) and word in WORDS:
        yield WORDS[word], x.T if isinstance(layer, Linear) and word == "W" else x
        if isinstance(layer, BatchNorm) and word == "var":
            yield "num_batches_tracked", np.zeros((), np.int64)
    else:
        yield word, x


def theirs(model: Layer, path: str, layers: Mapping[str, Layer]) -> str:
    """The path in PyTorch's words, by the tables of the layers on the way to it, the innermost first."""
    lead = path
    while lead:
        lead = lead.rpartition(".")[0]
        table = getattr(layers.get(lead), "torch_names", {})
        start = len(lead) + 1 if lead else 0
        path = path[:start] + renamed(path[start:], table)
    return path


def renamed(name: str, table: Mapping[str, str]) -> str:
    """A name of ours in their words: first what stands at its start, then what may stand anywhere behind it."""
    for word, ours in table.items():
        if not word.startswith(".") and ours and name.startswith(ours):
            name = word + name.removeprefix(ours)
            break
    for word, ours in table.items():
        if word.startswith(".") and len(ours) > 1:
            name = name.replace(ours, word)
    return name


def packed(model: Layer, state: dict[str, Array], layers: Mapping[str, Layer]) -> dict[str, Array]:
    """The state with the matrices of queries, keys and values as PyTorch's attention has them: one, or three."""
    for path, layer in layers.items():
        lead = theirs(model, f"{path}.q.weight" if path else "q.weight", layers)
        if not isinstance(layer, MultiHeadAttention) or not lead.endswith("q.weight") or lead not in state:
            continue
        lead = lead.removesuffix("q.weight")
        matrices = [state[f"{lead}{part}.weight"] for part in "qkv"]
        biases = [state[name] for part in "qkv" if (name := f"{lead}{part}.bias") in state]
        if len(matrices[0]) != len(matrices[1]):  # fewer heads of keys: PyTorch's layer has none
            continue
        alike = len({x.shape for x in matrices}) == 1
        new = {f"{lead}in_proj_weight": np.concatenate(matrices)} if alike else {}
        if not alike:
            new = {f"{lead}{part}_proj_weight": x for part, x in zip("qkv", matrices)}
        if len(biases) == 3:
            new[f"{lead}in_proj_bias"] = np.concatenate(biases)
        gone = {f"{lead}{part}.{word}" for part in "qkv" for word in ("weight", "bias")}
        state = {**{name: x for name, x in state.items() if name not in gone}, **new}
    return state


def check_way_back(model: Layer, found: Mapping[str, Array], state: Mapping[str, Array]) -> None:
    """Raises ValueError unless `load_weights` would give every weight back."""
    back = dict(translated(found, model))
    for path, x in state.items():
        if path not in back or not np.array_equal(back[path], x, equal_nan=True):
            raise ValueError(f"torch_state_dict finds no name of {path} in PyTorch that leads back: see torch_names")
