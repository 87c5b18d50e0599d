"""Training in float16: a scaled loss, so that small gradients do not vanish.

    model = L.Sequential(L.Linear(100, dtype=np.float16), F.relu, L.Linear(10, dtype=np.float16))
    optimizer = O.LossScale(O.Adam(model, master=True))
    ...
    optimizer.backward(loss)
    optimizer.update()

The smallest number of float16 is 6e-8, and the largest 65504. The gradients of k times the loss are k times as large.
They are divided by k again in float32, where the optimizer computes. bfloat16 has the range of float32, and needs no
scale.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from autograd.algebra import as_array, astype
from autograd.backend import Array, namespace
from autograd.bfloat16 import promoted
from autograd.checks import number, shown, whole
from autograd.config import replayed
from autograd.layers.base import named_objects
from autograd.names import with_advice
from autograd.optimizers.base import Grads, Optimizer
from autograd.variable import Variable

__all__ = ["LossScale"]

LARGEST, SMALLEST = 2.0**24, 2.0**-14
SINGLE = np.dtype(np.float32)


class LossScale:
    """An optimizer for float16, with the gradients of `scale` times the loss.

    optimizer   the one that updates, best with `master=True`: it keeps float32 copies of the weights, to which small
                updates add up
    start       the scale at first: 2^15 is the largest power of two in float16
    every       after so many updates in a row without an overflow, the scale is doubled

    `backward(loss)` goes through the scaled loss, and adds scaled gradients to `grad`. `update()` divides them by the
    scale in float32, before the transforms. If one is infinite or nan, nothing is updated, `skipped` counts one more,
    and the scale is halved. `training.fit` takes it as its optimizer. A checkpoint holds the scale and the state of the
    optimizer.

    Source: Micikevicius et al., "Mixed precision training", 2018.
    """

    @with_advice
    def __init__(self, optimizer: Optimizer, start: float = 2.0**15, *, every: int = 2000) -> None:
        if not isinstance(optimizer, Optimizer):
            turned = ": group.partition(O.LossScale(optimizer))" if hasattr(optimizer, "inner") else ""  # a Partition
            raise TypeError(
                f"LossScale: optimizer must be an Optimizer, such as O.Adam(model), not {shown(optimizer)}{turned}"
            )
        self.optimizer = optimizer
        self.scale = float(number("LossScale: start", start, least=SMALLEST, most=LARGEST))
        self.every = whole("LossScale: every", every)
        self.good, self.skipped = 0, 0

    def __repr__(self) -> str:
        return f"LossScale({type(self.optimizer).__name__}, scale={self.scale:g}, skipped={self.skipped})"

    def backward(self, loss: Any) -> None:
        """`(scale * loss).backward()`, in which what is too large for float16 becomes infinite without a warning."""
        if not isinstance(loss, Variable):
            raise TypeError(f"LossScale.backward takes the loss, a Variable, not {shown(loss)}")
        with np.errstate(over="ignore", invalid="ignore"):  # update() looks for it
            (astype(loss, promoted(loss.dtype, SINGLE)) * self.scale).backward()

    def update(self) -> None:
        """One step of the optimizer with the true gradients, or none if one of them is infinite or nan."""
        if replayed():
            raise RuntimeError("LossScale.update decides by the gradients, which no captured step can: call it outside")
        if not self.is_finite():
            if self.scale <= SMALLEST:
                raise FloatingPointError(
                    f"LossScale: the gradients are not finite at the smallest scale, {SMALLEST:g}: the scale is "
                    "not the reason, and with ag.anomaly() shows where it begins"
                )
            self.scale, self.good, self.skipped = max(self.scale / 2, SMALLEST), 0, self.skipped + 1
            return
        optimizer = self.optimizer
        with optimizer.lock:
            transforms = optimizer.transforms
            try:
                optimizer.transforms = (self.true, *transforms)
                optimizer.update()
            finally:
                optimizer.transforms = transforms
        self.good += 1
        if self.good % self.every == 0:
            self.scale = min(2 * self.scale, LARGEST)

    def true(self, params: Mapping[str, Variable], grads: Grads) -> Grads:
        """The gradients divided by the scale, those of float16 in float32: a transform."""
        return {path: self.divided(g) for path, g in grads.items()}

    def divided(self, g: Array) -> Array:
        return g.astype(promoted(g.dtype, SINGLE)) * (1 / self.scale)

    def is_finite(self) -> bool:
        """Are all gradients finite? They are asked together, because a GPU makes the program wait for the answer."""
        params = [p for _, p in named_objects(self.optimizer.root, self.optimizer.kind)]
        found: Any = True
        for g in [as_array(p.grad) for p in params if p.grad is not None and not p.frozen]:
            found = namespace(g).isfinite(g).all() & found
        return bool(found)

    def state_dict(self) -> dict[str, Any]:
        """That of the optimizer, with the scale and the counts."""
        own = {name: getattr(self, attribute) for name, attribute in OWN.items()}
        return self.optimizer.state_dict() | own

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on where another one was; with the state of an optimizer alone, at the scale of now.

        Raises what the optimizer raises, and ValueError for a scale out of bounds; nothing is changed then.
        """
        if not isinstance(state, Mapping):
            raise TypeError(f"load_state_dict takes a dict that state_dict() gave, not {shown(state)}")
        scale = float(number("loss_scale", state.get("loss_scale", self.scale), least=SMALLEST, most=LARGEST))
        good, skipped = [whole(name, state.get(name, 0), least=0) for name in ("loss_scale_good", "loss_scale_skipped")]
        self.optimizer.load_state_dict({name: value for name, value in state.items() if name not in OWN})
        self.scale, self.good, self.skipped = scale, good, skipped


OWN = {"loss_scale": "scale", "loss_scale_good": "good", "loss_scale_skipped": "skipped"}
