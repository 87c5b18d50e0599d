"""Transforms of gradients: functions (params, grads) -> grads of dicts by path, for any optimizer.

    Adam(model, lr=1e-3, transforms=[clip_by_norm(1.0), weight_decay(1e-4)])

They are applied in this order. `params` are all parameters, `grads` the arrays of those that have a gradient; a path
that a transform leaves out is not updated. The arrays given are not changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import hypot, isfinite

import numpy as np

from autograd.backend import Array, namespace
from autograd.core import Variable
from autograd.optimizers.base import Grads, Transform, at_least_zero


def clip_by_norm(max_norm: float) -> Transform:
    """g <- g max_norm / n where n, the norm of all gradients together, is larger than max_norm: the direction stays.

    A gradient that is infinite or NaN is not hidden: it makes all of them NaN.
    """
    max_norm = at_least_zero("max_norm", max_norm)

    def clip(params: Mapping[str, Variable], grads: Grads) -> Grads:
        n = hypot(*[norm(g) for g in grads.values()])
        return grads if n <= max_norm else {path: g * (max_norm / n) for path, g in grads.items()}

    return clip


def norm(g: Array) -> float:
    """The length of `g` as a vector; in float64 where the squares overflow."""
    flat = g.reshape(-1)
    square = float(namespace(g).vdot(flat, flat))
    if not isfinite(square) or square < 1e-30:
        flat = flat.astype(np.float64)
        square = float(namespace(g).vdot(flat, flat))
    return square**0.5


def clip_by_value(limit: float) -> Transform:
    """g <- each element moved into [-limit, limit]: the direction may change."""
    limit = at_least_zero("limit", limit)

    def clip(params: Mapping[str, Variable], grads: Grads) -> Grads:
        return {path: g.clip(-limit, limit) for path, g in grads.items()}

    return clip


def weight_decay(rate: float) -> Transform:
    """g <- g + rate p: the gradient of a loss to which (rate/2) sum p^2 is added.

    All parameters decay, biases too. For Adam it is better taken out of the gradient: see AdamW.
    """
    rate = at_least_zero("rate", rate)

    def decay(params: Mapping[str, Variable], grads: Grads) -> Grads:
        return {path: g + rate * params[path].data for path, g in grads.items()}

    return decay


def freeze(*which: str | Callable[[str], bool]) -> Transform:
    """Leaves parameters as they are: those at or below a path (`encoder`, `blocks.0.W`), or whose path is accepted.

    `freeze("encoder", lambda path: path.endswith(".b"))` freezes an encoder, and all biases. Their gradients are
    computed all the same. Raises ValueError, at the update, for a path at or below which no parameter is.
    """
    prefixes = tuple([path for path in which if isinstance(path, str)])
    accepts = [accept for accept in which if not isinstance(accept, str)]
    if not which or not all(map(callable, accepts)):
        raise TypeError(f"freeze takes paths, or functions of a path, not {which!r:.60}")

    def below(path: str, prefix: str) -> bool:
        return path == prefix or path.startswith(prefix + ".")

    def thaw(params: Mapping[str, Variable], grads: Grads) -> Grads:
        for prefix in prefixes:
            if not any(below(path, prefix) for path in params):
                raise ValueError(f"freeze: there is no parameter at or below {prefix!r}; there are {', '.join(params)}")
        frozen = {path for path in grads if any(below(path, p) for p in prefixes) or any(f(path) for f in accepts)}
        return {path: g for path, g in grads.items() if path not in frozen}

    return thaw
