"""Averages of weights over the steps of training, which generalize better than the last weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from autograd.algebra import as_array
from autograd.backend import Array, is_array
from autograd.bfloat16 import is_half
from autograd.checks import number, shown, whole
from autograd.config import mode
from autograd.layers.base import named_objects
from autograd.names import with_advice
from autograd.optimizers.base import trainable

__all__ = ["EMA"]


class EMA:
    """The exponential moving average of a model's weights:   a <- d a + (1 - d) p,  d = min(decay, (1 + n) / (10 + n))

    model   a layer, or a list or dict of parameters
    decay   the share that stays; n counts the updates, so the first weights, which know nothing, are soon forgotten

        ema = EMA(model, 0.999)
        ...
        optimizer.update()
        ema.update()
        ...
        with ema.weights():  # the model has the averages inside
            print(training.evaluate(model, ...))

    Buffers, such as running means, are the model's own: they are averages already.
    Source: Polyak and Juditsky, "Acceleration of stochastic approximation by averaging", 1992.
    """

    @with_advice
    def __init__(self, model: Any, decay: float = 0.999) -> None:
        self.root, self.kind = trainable("EMA", model)
        self.decay = float(number("EMA: decay", decay, least=0, below=1))
        self.steps = 0
        self.averages: dict[str, Array] = {}

    def update(self) -> None:
        """Takes the weights of now into the average. A parameter that is new begins with its value."""
        n, watcher = self.steps, mode.get().watcher
        if watcher is not None:
            n = watcher.number(self, "steps", n, lambda: self.steps)
        d = min(self.decay, (1 + n) / (10 + n))
        self.steps += 1
        for path, p in named_objects(self.root, self.kind):
            now, average = as_array(p), self.averages.get(path)
            if average is None or average.shape != now.shape:
                self.averages[path] = now.astype(wide(now), copy=True)
            else:
                average += (1 - d) * (now.astype(average.dtype, copy=False) - average)

    @contextmanager
    def weights(self) -> Iterator[None]:
        """The model has the averages inside the block, and its own weights again afterwards.

        Raises RuntimeError before the first update.
        """
        if not self.averages:
            raise RuntimeError("EMA has no averages yet: call update() after each update of the optimizer")
        params = {path: p for path, p in named_objects(self.root, self.kind) if path in self.averages}
        before = {path: as_array(p) for path, p in params.items()}
        try:
            for path, p in params.items():
                p.data = self.averages[path].astype(p.dtype)
            yield
        finally:
            for path, p in params.items():
                p.data = before[path]

    def state_dict(self) -> dict[str, Any]:
        """A copy of the averages by path, and `steps`."""
        return {"steps": self.steps, **{path: average.copy() for path, average in self.averages.items()}}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on where the EMA that gave this `state_dict` was.

        Raises TypeError for what is none, ValueError for paths that the model lacks, and changes nothing then.
        """
        if not isinstance(state, Mapping) or "steps" not in state:
            raise TypeError(f"load_state_dict takes a dict that state_dict() gave, not {shown(state)}")
        averages = {path: value for path, value in state.items() if path != "steps"}
        for path, average in averages.items():
            if not is_array(average):
                raise TypeError(f"load_state_dict: {path} must be an array, not {shown(average)}")
        params = dict(named_objects(self.root, self.kind))
        if strangers := [path for path in averages if path not in params]:
            raise ValueError(f"load_state_dict: the model has no {', '.join(strangers)}; it has {', '.join(params)}")
        self.steps = whole("steps", state["steps"], least=0)
        self.averages = {path: average.copy() for path, average in averages.items()}


def wide(p: Array) -> Any:
    """The dtype of an average: that of the parameter, and float32 for one of 16 bits."""
    return np.float32 if is_half(p.dtype) else p.dtype
