"""Optimizers, schedules of the learning rate, and transforms of the gradients.

optimizer = O.Adam(model, lr=O.cosine(1e-3, 10_000), transforms=[O.clip_by_norm(1.0)])
model.cleargrads()
loss.backward()
optimizer.update()
"""

from typing import TYPE_CHECKING, Any

from autograd.names import missing_name
from autograd.optimizers.adaptive import AdaDelta, AdaGrad, Adam, AdamW, RMSprop
from autograd.optimizers.base import Optimizer
from autograd.optimizers.schedules import constant, cosine, exponential, step, warmup
from autograd.optimizers.sgd import SGD, Momentum, Nesterov
from autograd.optimizers.transforms import clip_by_norm, clip_by_value, freeze, weight_decay

__all__ = [
    "SGD",
    "AdaDelta",
    "AdaGrad",
    "Adam",
    "AdamW",
    "Momentum",
    "Nesterov",
    "Optimizer",
    "RMSprop",
    "clip_by_norm",
    "clip_by_value",
    "constant",
    "cosine",
    "exponential",
    "freeze",
    "step",
    "warmup",
    "weight_decay",
]

if not TYPE_CHECKING:  # a type checker finds a missing name by itself

    def __getattr__(name: str) -> Any:
        """Raises the error for a missing name, which says what it is called here."""
        raise missing_name(__name__, name, __all__)
