"""The weights of PyTorch's RNN, LSTM and GRU under our names.

weight_ih_l0            Wx, transposed          weight_ih_l1_reverse      Wx1_reverse
weight_hh_l0            Wh, transposed
bias_ih_l0              b
bias_hh_l0              d of a GRU; added to b in the others, where only the sum of the two counts

The cells of PyTorch, which take one step, have the same names without the number: weight_ih.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping
from typing import Any

import numpy as np

from autograd.layers.base import Layer
from autograd.layers.recurrent import GRU, LSTM, RNN

__all__ = ["recurrent_matrices", "recurrent_path", "torch_recurrent", "with_one_bias"]

WORDS = {"weight_ih": "Wx", "weight_hh": "Wh", "bias_ih": "b", "bias_hh": "d"}
OURS = re.compile(r"(Wx|Wh|b|d)(\d*)(_reverse)?")
NAME = re.compile(rf"(.*\.)?({'|'.join(WORDS)})(?:_l(\d+)(_reverse)?)?")


def recurrent_path(name: str, paths: Container[str]) -> str | None:
    """The path of the weight that PyTorch calls so, or None."""
    found = NAME.fullmatch(name)
    if found is None:
        return None
    lead, word, layer, reverse = found.groups(default="")
    path = lead + WORDS[word] + ("" if layer == "0" else layer) + reverse
    return path if path in paths else None


def recurrent_matrices(layer: Layer) -> Iterator[Any]:
    """The matrices of a recurrent layer, which PyTorch has transposed."""
    if isinstance(layer, (RNN, LSTM, GRU)):
        yield from [p for name, p in vars(layer).items() if name.startswith(("Wx", "Wh"))]


def with_one_bias(state: Mapping[str, Any], paths: Mapping[str, Any], renamed: Any) -> dict[str, Any]:
    """The state, in which b is the sum of two biases where the layer has no d; `renamed` gives our path of a name.

    A GRU that resets before the product has no d either, but is another function than PyTorch's: nothing is added.
    """
    found = dict(state)
    for name in state:
        lead, dot, word = name.rpartition(".")
        first = lead + dot + word.replace("bias_hh", "bias_ih")
        path = renamed(first)
        if first == name or first not in found or path not in paths or renamed(name) in paths:
            continue
        lead, dot, word = path.rpartition(".")
        H, gates = paths[f"{lead}{dot}Wh{word.removeprefix('b')}"].shape
        if gates != 3 * H:
            found[first] = found[first] + found.pop(name)
    return found


def torch_recurrent(layer: Layer, word: str, x: Any) -> Iterator[tuple[str, Any]]:
    """The weight `word` of a recurrent layer in PyTorch: its name and array there, and a second bias of zeros.

    Raises ValueError for a GRU that resets before the product: PyTorch has none.
    """
    if isinstance(layer, GRU) and layer.reset == "before":
        raise ValueError('PyTorch has no GRU with reset="before": make the model with reset="after"')
    found = OURS.fullmatch(word)
    if found is None:
        yield word, x
        return
    kind, number, reverse = found.groups(default="")
    end = f"_l{number or 0}{reverse}"
    theirs = {ours: name for name, ours in WORDS.items()}
    yield theirs[kind] + end, x.T
    if kind == "b" and not isinstance(layer, GRU):
        yield "bias_hh" + end, np.zeros_like(x)
