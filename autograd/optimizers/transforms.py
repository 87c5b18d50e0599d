"""Transforms of gradients: functions (params, grads) -> grads of dicts by path, for any optimizer.

    Adam(model, lr=1e-3, transforms=[clip_by_norm(1.0), weight_decay(1e-4)])

They are applied in this order. `params` holds all parameters, `grads` the arrays of those that have a gradient. A
parameter whose path a transform leaves out is not updated. A transform returns new arrays and changes none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce
from math import inf
from typing import Any

import numpy as np

from autograd.backend import Array, namespace
from autograd.checks import flag, number
from autograd.optimizers.base import Grads, Transform
from autograd.optimizers.groups import below, check_found
from autograd.variable import Variable

__all__ = ["clip_by_norm", "clip_by_value", "freeze", "weight_decay"]


def clip_by_norm(max_norm: float) -> Transform:
    """g <- g max_norm / n if n > max_norm, where n is the norm of all gradients together: the direction stays.

    One gradient that is infinite or NaN makes all of them NaN, and so is not hidden.
    """
    max_norm = number("max_norm", max_norm, least=0)

    def clip(params: Mapping[str, Variable], grads: Grads) -> Grads:
        n: Any = reduce(hypot, [length(g) for g in grads.values()], 0.0)
        if n <= max_norm:
            return grads
        factor = max_norm / n
        return {path: times(g, factor.astype(wide(g))) for path, g in grads.items()}

    return clip


def wide(g: Array) -> Any:
    """The dtype in which numbers of g are multiplied."""
    return np.dtype(np.float32) if g.dtype == np.float16 else g.dtype


def hypot(a: Any, b: Any) -> Any:
    """sqrt(a^2 + b^2) of numbers of either device."""
    return namespace(a, b).hypot(a, b)


def length(g: Array) -> Any:
    """The norm of `g` as a vector; in float64 if its square overflows or vanishes in the dtype of g."""
    flat = g.astype(wide(g), copy=False).reshape(-1)
    square = namespace(g).vdot(flat, flat)
    if not 1e-30 <= square < inf:
        flat = flat.astype(np.float64)
        square = namespace(g).vdot(flat, flat)
    return square.astype(np.float64) ** 0.5


def times(g: Array, factor: Any) -> Array:
    """g times a number, which may be too small or too large for float16."""
    return (g.astype(wide(g)) * factor).astype(g.dtype) if g.dtype == np.float16 else g * factor


def clip_by_value(limit: float) -> Transform:
    """g <- g with each element clipped to [-limit, limit]: the direction may change."""
    limit = number("limit", limit, least=0)

    def clip(params: Mapping[str, Variable], grads: Grads) -> Grads:
        return {path: g.clip(-limit, limit) for path, g in grads.items()}

    return clip


def weight_decay(rate: float, vectors: bool = True) -> Transform:
    """g <- g + rate p: the gradient of a loss to which (rate/2) sum p^2 is added.

    With vectors=False biases, and scales and shifts of normalizations, do not decay: what has one axis or none. With
    Adam use decoupled decay instead: AdamW, with groups=[group(vectors, decay=0.0)].
    """
    rate, vectors = number("rate", rate, least=0), flag("vectors", vectors)

    def decay(params: Mapping[str, Variable], grads: Grads) -> Grads:
        return {path: g + times(params[path].data, rate) if vectors or g.ndim > 1 else g for path, g in grads.items()}

    return decay


def freeze(*which: str | Callable[[str], bool]) -> Transform:
    """Excludes parameters from the update: by a path (`encoder`, `blocks.0.W`), or by a function of the path.

    A path stands for all parameters at or below it. `freeze("encoder", lambda path: path.endswith(".b"))` freezes an
    encoder and all biases. Their gradients are still computed: `layer.freeze()` saves that too. At the update, raises
    ValueError for a path that stands for no parameter.
    """
    prefixes = tuple([path for path in which if isinstance(path, str)])
    accepts = [accept for accept in which if not isinstance(accept, str)]
    if not which or not all(map(callable, accepts)):
        raise TypeError(f"freeze takes paths and functions of a path, not {which!r:.60}")

    def thaw(params: Mapping[str, Variable], grads: Grads) -> Grads:
        check_found("freeze", prefixes, params)
        frozen = {path for path in grads if any(below(path, p) for p in prefixes) or any(f(path) for f in accepts)}
        return {path: g for path, g in grads.items() if path not in frozen}

    return thaw
