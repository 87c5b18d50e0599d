"""Training as plain functions of model, loss, optimizer and loader. There is no Trainer: copy the loop and change it.

history = fit(model, F.softmax_cross_entropy, optimizer, loader, epochs=10, test=test_loader)
history.plot("curve.png")
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple

from autograd.algebra import as_array
from autograd.checks import whole
from autograd.config import no_grad, test_mode
from autograd.layers.base import Layer
from autograd.metrics import accuracy

__all__ = ["History", "Score", "evaluate", "fit", "tensorboard"]

Watch = Callable[[int, dict[str, float]], None]


class Score(NamedTuple):
    """What `evaluate` measured: means over all samples."""

    loss: float
    metric: float


class Means:
    """Sums over samples: of the loss and the metric of each batch, times its number of samples."""

    samples, loss, metric = 0, 0.0, 0.0

    def add(self, n: int, loss: float, metric: Any) -> None:
        """Adds a batch of n samples."""
        self.samples += n
        self.loss += float(loss) * n
        self.metric += float(metric) * n

    def score(self) -> Score:
        """The means. Raises ValueError if there was no sample."""
        if self.samples == 0:
            raise ValueError("the loader gave no batch: it is empty, or was an iterator that is used up")
        return Score(self.loss / self.samples, self.metric / self.samples)


@dataclass
class History:
    """What `fit` measured, one value for each epoch. `test_loss` and `test_metric` stay empty without `test`."""

    loss: list[float] = field(default_factory=list)
    metric: list[float] = field(default_factory=list)
    test_loss: list[float] = field(default_factory=list)
    test_metric: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def plot(self, path: str | Path) -> Path:
        """Draws the curves into a picture, whose type follows the extension of `path`.

        Raises RuntimeError if matplotlib is not installed.
        """
        try:
            from matplotlib.figure import Figure
        except ImportError as error:
            raise RuntimeError("drawing curves needs matplotlib: pip install 'define-by-run[plot]'") from error
        figure = Figure(figsize=(8, 3), layout="constrained")
        panels = [("loss", self.loss, self.test_loss), ("metric", self.metric, self.test_metric)]
        for axes, (name, train, test) in zip(figure.subplots(1, 2), panels):
            axes.plot(range(1, len(train) + 1), train, label="training")
            if test:
                axes.plot(range(1, len(test) + 1), test, label="test")
            axes.set(xlabel="epoch", ylabel=name)
            axes.legend()
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=120)
        return path


def fit(
    model: Layer,
    loss: Callable[[Any, Any], Any],
    optimizer: Any,
    loader: Iterable[tuple[Any, Any]],
    *,
    epochs: int = 1,
    test: Iterable[tuple[Any, Any]] | None = None,
    metric: Callable[[Any, Any], Any] = accuracy,
    watch: Watch | None = None,
) -> History:
    """Trains `model`: for each batch (x, t), `loss(model(x), t)`, its gradients, and an update.

    `metric(y, t)` is measured on each training batch, before its update, and on `test` after each epoch.
    `watch(epoch, values)` is called after each epoch: print the values, or pass `tensorboard(folder)`.
    A progress bar is shown if tqdm is installed and the error stream is a terminal.

    Raises FloatingPointError if the loss is not finite. The parameters keep their values of the last good update. The
    buffers do not: the running mean of a BatchNorm has seen the batch, and may be nan.
    """
    epochs = whole("fit: epochs", epochs, least=0)
    if isinstance(optimizer, Collection) or not callable(getattr(optimizer, "update", None)):
        raise TypeError(f"fit: optimizer must be an Optimizer, not {optimizer!r:.40}")
    history = History()
    for epoch in range(1, epochs + 1):
        start = time.perf_counter()
        means = Means()
        for x, t in progress(loader, f"epoch {epoch}/{epochs}"):
            y = model(x)
            error = loss(y, t)
            value = error.item()
            if not isfinite(value):
                raise FloatingPointError(f"the loss is {value} in epoch {epoch}: try a smaller learning rate")
            model.cleargrads()
            error.backward()
            means.add(len(x), value, metric(y, t))
            optimizer.update()
        history.loss.append(means.score().loss)
        history.metric.append(means.score().metric)
        history.seconds.append(time.perf_counter() - start)
        if test is not None:
            score = evaluate(model, loss, test, metric=metric)
            history.test_loss.append(score.loss)
            history.test_metric.append(score.metric)
        if watch is not None:
            watch(epoch, {name: values[-1] for name, values in vars(history).items() if values})
    return history


def evaluate(
    model: Layer,
    loss: Callable[[Any, Any], Any],
    loader: Iterable[tuple[Any, Any]],
    *,
    metric: Callable[[Any, Any], Any] = accuracy,
) -> Score:
    """The mean loss and metric over `loader`, in test mode and without a graph."""
    means = Means()
    with test_mode(), no_grad():
        for x, t in loader:
            y = model(x)
            means.add(len(x), as_array(loss(y, t)).item(), metric(y, t))
    return means.score()


def progress(loader: Iterable[Any], title: str) -> Iterable[Any]:
    """`loader` with a progress bar, if tqdm is installed and the error stream is a terminal."""
    if not sys.stderr.isatty():
        return loader
    try:
        from tqdm import tqdm
    except ImportError:
        return loader
    return tqdm(loader, title, leave=False)  # type: ignore[no-any-return]


def tensorboard(folder: str | Path) -> Watch:
    """Writes the values of each epoch for TensorBoard: `fit(..., watch=tensorboard("runs/1"))`.

    Raises RuntimeError if tensorboardX is not installed.
    """
    try:
        from tensorboardX import SummaryWriter
    except ImportError as error:
        raise RuntimeError(
            "writing for TensorBoard needs tensorboardX: pip install 'define-by-run[tensorboard]'"
        ) from error

    def watch(epoch: int, values: dict[str, float]) -> None:
        with SummaryWriter(
            str(folder), filename_suffix=f".{epoch}"
        ) as writer:  # closed after each epoch: the file is complete
            for name, value in values.items():
                writer.add_scalar(name, value, epoch)

    return watch
