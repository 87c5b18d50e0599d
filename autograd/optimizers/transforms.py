"""Transforms of gradients: functions (params, grads) -> grads of dicts by path, for any optimizer.

    Adam(model, lr=1e-3, transforms=[clip_by_norm(1.0), weight_decay(1e-4)])

They are applied in this order. `params` holds all parameters, `grads` the arrays of those that have a gradient. A
parameter whose path a transform leaves out is not updated. A transform returns new arrays and changes none. It prints
as the call that made it, is equal to another one of the same numbers, and can be pickled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from math import inf
from typing import Any

import numpy as np

from autograd.backend import Array, item, namespace
from autograd.bfloat16 import is_half
from autograd.checks import flag, number
from autograd.kernels.gpu import floats_on_gpu
from autograd.kernels.gpu.tensors import square_sum, step_all
from autograd.names import advised
from autograd.optimizers.base import Grads
from autograd.optimizers.groups import below, check_found
from autograd.variable import Variable

__all__ = ["check_finite", "clip_by_norm", "clip_by_value", "freeze", "weight_decay"]


def check_finite(params: Mapping[str, Variable], grads: Grads) -> Grads:
    """g, if all gradients are finite: `transforms=[check_finite, clip_by_norm(1.0)]` in a loop of one's own.

    Raises FloatingPointError with the path of one that is not; nothing is updated then. `fit` does so by itself.
    """
    for path, g in grads.items():
        if not namespace(g).isfinite(g).all():
            raise FloatingPointError(
                f"the gradient of {path} is not finite, and nothing was updated: try a smaller learning rate; with "
                "ag.anomaly() shows where it begins"
            )
    return grads


@advised
@dataclass(frozen=True)
class clip_by_norm:
    """g <- g max_norm / n if n > max_norm, where n is the norm of all gradients together: the direction stays.

    A gradient that is not finite is not hidden: NaN makes all of them NaN, infinity becomes NaN and makes the others 0.
    """

    max_norm: float

    def __post_init__(self) -> None:
        number("max_norm", self.max_norm, above=0)

    def __call__(self, params: Mapping[str, Variable], grads: Grads) -> Grads:
        together = bool(grads) and floats_on_gpu(*grads.values(), chars="efdE")
        n: Any = item(square_sum([*grads.values()])) ** 0.5 if together else norm(grads)
        if n <= self.max_norm:
            return grads
        factor = self.max_norm / n
        if together:
            return scaled(grads, factor)
        return {path: times(g, factor.astype(wide(g))) for path, g in grads.items()}


def scaled(grads: Grads, factor: float) -> Grads:
    """All gradients times a number, by one kernel."""

    def write(y: Array, g: Array) -> None:
        y[...] = g * factor

    new = {path: namespace(g).empty(g.shape, g.dtype) for path, g in grads.items()}
    step_all(write, [(new[path], namespace(g).ascontiguousarray(g)) for path, g in grads.items()])
    return new


def norm(grads: Grads) -> Any:
    """The norm of all gradients together."""
    xp = namespace(*list(grads.values())[:1] or [0.0])
    if hasattr(xp, "square_sum") and len({g.dtype for g in grads.values()}) == 1:  # a step on a GPU that is recorded
        return xp.square_sum([*grads.values()]) ** 0.5
    return reduce(hypot, [length(g) for g in grads.values()], 0.0)


def wide(g: Array) -> Any:
    """The dtype in which numbers of g are multiplied."""
    return np.dtype(np.float32) if is_half(g.dtype) else g.dtype


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
    return (g.astype(wide(g)) * factor).astype(g.dtype) if is_half(g.dtype) else g * factor


@advised
@dataclass(frozen=True)
class clip_by_value:
    """g <- g with each element clipped to [-limit, limit]: the direction may change."""

    limit: float

    def __post_init__(self) -> None:
        number("limit", self.limit, above=0)

    def __call__(self, params: Mapping[str, Variable], grads: Grads) -> Grads:
        return {path: g.clip(-self.limit, self.limit).astype(g.dtype, copy=False) for path, g in grads.items()}


@advised
@dataclass(frozen=True)
class weight_decay:
    """g <- g + rate p: the gradient of a loss to which (rate/2) sum p^2 is added.

    With vectors=False biases, and scales and shifts of normalizations, do not decay: what has one axis or none. With
    Adam use decoupled decay instead: AdamW, with groups=[group(vectors, decay=0.0)].
    """

    rate: float
    vectors: bool = True

    def __post_init__(self) -> None:
        number("rate", self.rate, least=0)
        flag("vectors", self.vectors)

    def __call__(self, params: Mapping[str, Variable], grads: Grads) -> Grads:
        decays = {path: self.vectors or g.ndim > 1 for path, g in grads.items()}
        return {path: g + times(params[path].data, self.rate) if decays[path] else g for path, g in grads.items()}


@advised
@dataclass(frozen=True, init=False, repr=False)
class freeze:
    """Excludes parameters from the update: by a path (`encoder`, `blocks.0.W`), or by a function of the path.

    A path stands for all parameters at or below it. `freeze("encoder", lambda path: path.endswith(".b"))` freezes an
    encoder and all biases. Their gradients are still computed: `layer.freeze()` saves that too. At the update, raises
    ValueError for a path that stands for no parameter.
    """

    which: tuple[str | Callable[[str], bool], ...]

    def __init__(self, *which: str | Callable[[str], bool]) -> None:
        if not which or not all(isinstance(w, str) or callable(w) for w in which):
            raise TypeError(f"freeze takes paths and functions of a path, not {which!r:.60}")
        object.__setattr__(self, "which", which)

    def __call__(self, params: Mapping[str, Variable], grads: Grads) -> Grads:
        check_found("freeze", self.which, params)
        return {path: g for path, g in grads.items() if not self.selects(path)}

    def selects(self, path: str) -> bool:
        """Is the parameter at this path frozen?"""
        return any(below(path, w) if isinstance(w, str) else w(path) for w in self.which)

    def __repr__(self) -> str:
        return f"freeze({', '.join(map(repr, self.which))})"
