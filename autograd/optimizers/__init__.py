"""Optimizers, schedules of the learning rate, and transforms of the gradients.

optimizer = O.Adam(model, lr=O.cosine(1e-3, 10_000), transforms=[O.clip_by_norm(1.0)])
model.cleargrads()
loss.backward()
optimizer.update()

`LBFGS` and `NewtonCG` take the loss as a function, `optimizer.update(lambda: loss(model(x), t))`.
"""

from types import FunctionType
from typing import TYPE_CHECKING, Any

from autograd.names import missing_name, with_advice
from autograd.optimizers.adaptive import AdaDelta, AdaGrad, Adam, AdamW, Lion, RAdam, RMSprop
from autograd.optimizers.averages import EMA
from autograd.optimizers.base import Optimizer
from autograd.optimizers.groups import group, vectors
from autograd.optimizers.minimizers import LBFGS, NewtonCG
from autograd.optimizers.scaling import LossScale
from autograd.optimizers.schedules import constant, cosine, exponential, onecycle, plateau, step, warmup
from autograd.optimizers.sgd import SGD, Momentum, Nesterov
from autograd.optimizers.transforms import check_finite, clip_by_norm, clip_by_value, freeze, weight_decay

__all__ = [
    "EMA",
    "LBFGS",
    "SGD",
    "AdaDelta",
    "AdaGrad",
    "Adam",
    "AdamW",
    "Lion",
    "LossScale",
    "Momentum",
    "Nesterov",
    "NewtonCG",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "check_finite",
    "clip_by_norm",
    "clip_by_value",
    "constant",
    "cosine",
    "exponential",
    "freeze",
    "group",
    "onecycle",
    "plateau",
    "step",
    "vectors",
    "warmup",
    "weight_decay",
]

for name in __all__:  # schedules and transforms answer other frameworks' words
    if isinstance(globals()[name], FunctionType):
        globals()[name] = with_advice(globals()[name])
        globals()[name].__module__ = __name__  # where pickle finds this one

if not TYPE_CHECKING:  # a type checker finds a missing name by itself

    def __getattr__(name: str) -> Any:
        """Raises the error for a missing name, which says what it is called here."""
        raise missing_name(__name__, name, __all__)
