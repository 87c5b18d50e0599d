"""Training as plain functions of model, loss, optimizer and loader. There is no Trainer: copy the loop and change it.

history = fit(model, F.softmax_cross_entropy, optimizer, loader, epochs=10, test=test_loader)
history.plot("curve.png")
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple

from autograd.algebra import as_array
from autograd.checks import shown, takes, whole
from autograd.config import current, no_grad, test_mode
from autograd.function import Function
from autograd.layers.base import Layer, named_objects
from autograd.metrics import accuracy
from autograd.optimizers.base import Optimizer
from autograd.tensorboard import TensorBoard
from autograd.variable import Variable

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
        self.loss += loss * n
        self.metric += one_number("metric", metric) * n

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

    Raises TypeError or ValueError, before it begins, for arguments that do not go together, such as an optimizer of
    another model. Raises FloatingPointError if the loss is not finite. The parameters keep their values of the last
    good update. The buffers do not: the running mean of a BatchNorm has seen the batch, and may be nan.
    Warns if the model is set to `eval()`, or this is inside `test_mode()`: dropout drops nothing then.
    """
    epochs = whole("fit: epochs", epochs, least=0)
    check_model("fit", model, loss=loss, metric=metric, watch=watch)
    check_loaders("fit", loader=loader, **{} if test is None else {"test": test})
    check_training(optimizer, model)
    history = History()
    for epoch in range(1, epochs + 1):
        start = time.perf_counter()
        means = Means()
        for x, t in map(pair, progress(loader, f"epoch {epoch}/{epochs}")):
            y = model(x)
            error = loss(y, t)
            value = loss_value(error)
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
    check_model("evaluate", model, loss=loss, metric=metric)
    check_loaders("evaluate", loader=loader)
    means = Means()
    with test_mode(), no_grad():
        for x, t in map(pair, loader):
            y = model(x)
            means.add(len(x), loss_value(loss(y, t), graph=False), metric(y, t))
    return means.score()


FUNCTIONS = {
    "loss": "(y, t), such as F.softmax_cross_entropy",
    "metric": "(y, t), such as F.accuracy",
    "watch": "(epoch, values), such as tensorboard(folder), or None",
}


def check_model(name: str, model: Any, **functions: Any) -> None:
    """Raises TypeError if the model is no Layer, or one of the functions is none."""
    if not isinstance(model, Layer):
        given = f"the class {model.__name__}: call it first" if isinstance(model, type) else repr(model)[:40]
        raise TypeError(f"{name}: model must be a Layer, not {given}")
    for what, f in functions.items():
        if not callable(f) and not (what == "watch" and f is None):
            raise TypeError(f"{name}: {what} must be a function {FUNCTIONS[what]}, not {f!r:.40}")
        if isinstance(f, type) and issubclass(f, (Layer, Function)):
            raise TypeError(f"{name}: {what} must be a function {FUNCTIONS[what]}, not the class {f.__name__}")
        if f is not None and not takes(f, 2):
            raise TypeError(
                f"{name}: {what} must be a function {FUNCTIONS[what]}, not one of other arguments, {f!r:.40}"
            )


def check_loaders(name: str, **loaders: Any) -> None:
    """Raises TypeError for what gives no batches (x, t), such as the data themselves."""
    for what, loader in loaders.items():
        arrays = isinstance(loader, (tuple, list)) and any(hasattr(x, "dtype") for x in loader)
        if arrays or hasattr(loader, "dtype") or not isinstance(loader, Iterable) or isinstance(loader, (str, dict)):
            given = "the data themselves: DataLoader(data, batch_size)" if arrays else f"{loader!r:.40}"
            given = f"the class {loader.__name__}: make one of it" if isinstance(loader, type) else given
            raise TypeError(f"{name}: {what} must be a DataLoader, or a list of batches (x, t), not {given}")


def check_training(optimizer: Any, model: Layer) -> None:
    """Raises TypeError for what is no optimizer, and ValueError for one that trains none of the model's parameters.

    Warns where the model is in test mode.
    """
    if not model.training or current().training is False:
        said = "fit: the model trains as in a test, without dropout: call model.train() first, outside of test_mode()"
        warnings.warn(said, stacklevel=3)
    if isinstance(optimizer, type):
        raise TypeError(f"fit: optimizer must be an Optimizer, not the class: make one, {optimizer.__name__}(model)")
    if isinstance(optimizer, Collection) or not callable(getattr(optimizer, "update", None)):
        raise TypeError(f"fit: optimizer must be an Optimizer, not {optimizer!r:.40}")
    if isinstance(optimizer, Optimizer):
        ours = {id(p) for p in model.params()}
        if not any(id(p) in ours for _, p in named_objects(optimizer.root, optimizer.kind)):
            kind = type(optimizer).__name__
            raise ValueError(
                f"fit: optimizer must be one of this model, not of other parameters: {kind}(model) with the model that "
                "is given to fit"
            )


def pair(batch: Any) -> tuple[Any, Any]:
    """A batch as (x, t). Raises TypeError if it is none."""
    if not isinstance(batch, (tuple, list)) or len(batch) != 2:
        given = f"{type(batch).__name__} of {len(batch)}" if isinstance(batch, (tuple, list)) else type(batch).__name__
        raise TypeError(f"loader must give batches (x, t), not {given}{getattr(batch, 'shape', '')}")
    return batch[0], batch[1]


def loss_value(error: Any, graph: bool = True) -> float:
    """The loss as a number. Raises TypeError if it has no `backward`, and ValueError for several numbers."""
    if graph and not isinstance(error, Variable):
        raise TypeError(f"loss must return a Variable, which is computed from y, not {error!r:.40}")
    return one_number("loss", error)


def one_number(name: str, y: Any) -> float:
    """What the function `name` has returned, as a float. Raises ValueError for several numbers, TypeError for none."""
    value = as_array(y)
    if getattr(value, "size", 1) != 1:
        raise ValueError(f"{name} must return one number, not the shape {value.shape}: take its mean or sum")
    try:
        return float(value.item() if hasattr(value, "item") else value)
    except (TypeError, ValueError):
        raise TypeError(f"{name} must return one number, not {shown(y)}") from None


def progress(loader: Iterable[Any], title: str) -> Iterable[Any]:
    """`loader` with a progress bar, if tqdm is installed and the error stream is a terminal."""
    if not sys.stderr.isatty():
        return loader
    try:
        from tqdm import tqdm
    except ImportError:
        return loader
    return tqdm(loader, title, leave=False)  # type: ignore[no-any-return]


def tensorboard(folder: str | Path) -> TensorBoard:
    """Writes the values of each epoch for TensorBoard, one file a run: `fit(..., watch=tensorboard("runs/1"))`.

    Raises RuntimeError if tensorboardX is not installed.
    """
    return TensorBoard(folder)
