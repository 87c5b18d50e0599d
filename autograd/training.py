"""Training as plain functions over (model, loss, optimizer, loader). There is no Trainer: copy the loop and change it.

history = fit(model, F.softmax_cross_entropy, optimizer, loader, epochs=10, test=test_loader)
history.plot("curve.png")
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from autograd.config import no_grad, test_mode
from autograd.core import as_array
from autograd.functions.embedding import accuracy
from autograd.layers.base import Layer

Watch = Callable[[int, dict[str, float]], None]


class Score(NamedTuple):
    """What `evaluate` measured: means over all samples."""

    loss: float
    metric: float


@dataclass
class History:
    """What `fit` measured, one entry an epoch. `test_loss` and `test_metric` are empty without a test loader."""

    loss: list[float] = field(default_factory=list)
    metric: list[float] = field(default_factory=list)
    test_loss: list[float] = field(default_factory=list)
    test_metric: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def plot(self, path: str | Path) -> Path:
        """Draws the curves as a picture, PNG or another type by the extension.

        Raises:
            RuntimeError: matplotlib is not installed.
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

    `metric(y, t)` is measured along, on the training batches while they are trained on, and on `test` after each
    epoch. `watch(epoch, values)` is called after each epoch: print them, or pass `tensorboard(folder)`. A progress bar
    is shown where tqdm is installed and the error stream is a terminal.

    Raises:
        FloatingPointError: the loss is not finite; the parameters are as they were after the last good update. The
            buffers are not: the running mean of a BatchNorm has seen the batch, and may be nan.
    """
    history = History()
    for epoch in range(1, epochs + 1):
        start = time.perf_counter()
        seen, total, right = 0, 0.0, 0.0
        for x, t in progress(loader, f"epoch {epoch}/{epochs}"):
            y = model(x)
            error = loss(y, t)
            value = error.item()
            if value != value or abs(value) == float("inf"):
                raise FloatingPointError(f"the loss is {value} in epoch {epoch}: try a smaller learning rate")
            model.cleargrads()
            error.backward()
            optimizer.update()
            seen += len(x)
            total += value * len(x)
            right += float(metric(y, t)) * len(x)
        if seen == 0:
            raise ValueError("the loader gave no batch: it is empty, or was an iterator that is used up")
        history.loss.append(total / seen)
        history.metric.append(right / seen)
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
    seen, total, right = 0, 0.0, 0.0
    with test_mode(), no_grad():
        for x, t in loader:
            y = model(x)
            seen += len(x)
            total += float(as_array(loss(y, t)).item()) * len(x)
            right += float(metric(y, t)) * len(x)
    if seen == 0:
        raise ValueError("the loader gave no batch: it is empty, or was an iterator that is used up")
    return Score(total / seen, right / seen)


def progress(loader: Iterable[Any], title: str) -> Iterable[Any]:
    """`loader` with a progress bar, where tqdm is installed and somebody is looking."""
    if not sys.stderr.isatty():
        return loader
    try:
        from tqdm import tqdm
    except ImportError:
        return loader
    return tqdm(loader, title, leave=False)  # type: ignore[no-any-return]


def tensorboard(folder: str | Path) -> Watch:
    """For `fit(..., watch=tensorboard("runs/1"))`: writes each epoch's values as event files that TensorBoard shows.

    Raises:
        RuntimeError: tensorboardX is not installed.
    """
    try:
        from tensorboardX import SummaryWriter
    except ImportError as error:
        raise RuntimeError("writing for TensorBoard needs: pip install 'define-by-run[tensorboard]'") from error

    def watch(epoch: int, values: dict[str, float]) -> None:
        with SummaryWriter(str(folder), filename_suffix=f".{epoch}") as writer:  # closed, and so written, each time
            for name, value in values.items():
                writer.add_scalar(name, value, epoch)

    return watch
