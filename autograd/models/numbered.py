"""Weights that are called W1, b1, W2, ..., as in "Deep learning from scratch": under the paths of a model."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from autograd.layers.base import Layer

__all__ = ["by_number"]

NUMBERED = re.compile(r"(W|b|gamma|beta)(\d+)")


def by_number(state: Mapping[str, Any], model: Layer) -> Mapping[str, Any]:
    """`state` with `Wk` under the path of the k-th W of the model, if all its names are of that kind.

    A number without a place keeps its name. Matrices are (inputs, outputs) in the book, as they are here.
    """
    paths = [path for path, _ in model.named_params()]
    found = {name: NUMBERED.fullmatch(name) for name in state if isinstance(name, str)}
    if not state or not all(found.get(name) and name not in paths for name in state):
        return state

    def renamed(name: str) -> str:
        word, number = NUMBERED.fullmatch(name).groups()  # type: ignore[union-attr]
        places = [path for path in paths if path.rpartition(".")[2] == word]
        return places[int(number) - 1] if 0 < int(number) <= len(places) else name

    return {renamed(name): x for name, x in state.items()}
