"""What it costs to be watched: a step of training inside `with tracing()` against the same step outside.

python benchmarks/watching.py
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

import numpy as np
from timing import compare

import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd.models import SimpleConvNet
from autograd.watch import anomaly, profile, tracing

WATCHERS: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "tracing": tracing,
    "profile": profile,
    "anomaly": anomaly,
}


def steps(model: Any, x: Any, t: Any) -> Callable[..., None]:
    """Ten steps of training inside of a watcher's block."""
    optimizer = O.SGD(model, lr=0.01)

    def run(watcher: Callable[[], AbstractContextManager[Any]]) -> None:
        with watcher():
            for _ in range(10):
                loss = F.softmax_cross_entropy(model(x), t)
                model.cleargrads()
                loss.backward()
                optimizer.update()

    return run


def main() -> None:
    rng = np.random.default_rng(0)
    t = rng.integers(0, 10, 32)
    programs = {
        "784-100-10, batch 32": steps(L.MLP((100, 10)), rng.random((32, 784), np.float32), t),
        "SimpleConvNet, batch 32": steps(SimpleConvNet(10), rng.random((32, 1, 28, 28), np.float32), t),
    }
    print(f"{'ten steps, times in ms':42} {'watched: median, min':>19}   {'unwatched: median, min':>19}    ratio")
    for program, run in programs.items():
        for name, watcher in WATCHERS.items():
            compare(f"{program}: {name}", partial(run, watcher), partial(run, nullcontext))


if __name__ == "__main__":
    main()
