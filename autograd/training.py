"""Training as plain functions of model, loss, optimizer and loader. There is no Trainer: copy the loop and change it.

history = fit(model, F.softmax_cross_entropy, optimizer, loader, epochs=10, test=test_loader, metric=F.accuracy)
history.plot("curve.png")
y = predict(model, x)
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, is_dataclass
from math import inf, isfinite, nan
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from autograd.algebra import as_array
from autograd.backend import Array, is_array, namespace, to_numpy
from autograd.batches import (
    Batch,
    Reduction,
    batch_loss,
    batch_of,
    check_parts,
    check_rows,
    checked_reduction,
    counted,
    groups,
    has_parts,
    inputs_of,
    joined,
    one_number,
    rows_of,
)
from autograd.checkpoints import Checkpoints, Run
from autograd.checks import number, shown, takes, whole
from autograd.config import current, no_grad, test_mode
from autograd.data.sequences import SequenceLoader
from autograd.distributed import Averaging, Group
from autograd.distributed.partition import innermost, scaling
from autograd.distributed.replicas import check_same, share_buffers
from autograd.function import Function
from autograd.history import BESIDE, History, Score, largest_is_best
from autograd.kernels.gpu import floats_on_gpu, on_gpu
from autograd.kernels.gpu.tensors import square_sum
from autograd.layers.base import Layer, named_objects
from autograd.layers.normalization import BatchNorm
from autograd.measures import Measure, total
from autograd.names import advised, with_advice
from autograd.optimizers.base import Optimizer
from autograd.optimizers.groups import rate_at
from autograd.progress import Report, progress
from autograd.tensorboard import TensorBoard
from autograd.variable import Variable

__all__ = ["EarlyStopping", "History", "Score", "evaluate", "fit", "predict", "progress", "tensorboard"]

Metric: TypeAlias = Callable[[Any, Any], Any]
Metrics: TypeAlias = Metric | Sequence[Metric] | Mapping[str, Metric] | None
Watch: TypeAlias = Callable[[int, dict[str, float]], Any]


@with_advice
def fit(
    model: Layer, loss: Callable[..., Any], optimizer: Any, loader: Iterable[Any], *, epochs: int = 1,
    test: Iterable[Any] | None = None, metric: Metrics = None, watch: Watch | Sequence[Watch] | None = None,
    accumulate: int = 1, history: History | None = None, verbose: bool | None = None,
    checkpoints: Checkpoints | str | Path | None = None, resume: bool = False, group: Group | None = None,
    reduction: Reduction = "mean",
) -> History:  # fmt: skip
    """Trains `model`: for each batch (x, t), `loss(model(x), t)`, its gradients, and an update.

    loader      batches (x, t), ((x1, x2), t), ({"a": x}, t) or {"a": x, "t": t}: a tuple is several arguments of the
                model, a dict its keywords. In (x, t, weight) each sample has a weight, and the loss is the mean of
                `loss(y, t, reduction="none")` with these weights
    test        batches that are measured after each epoch, in test mode
    metric      a function (y, t), several in a list or a dict of names, or None. It is measured on each training batch,
                before its update, and on `test`; those of `autograd.metrics` are of all samples of an epoch
    optimizer   of this model; for float16 `O.LossScale(O.Adam(model, master=True))`, which may skip an update
    watch       a function (epoch, values) that is called after each epoch, or a list of such. Training stops if one
                returns True: `EarlyStopping(5)`. `tensorboard(folder)` writes the values
    accumulate  n: an update for n batches, as if they were one; a BatchNorm sees each alone
    history     one to go on with: its epochs count among `epochs`. If an error or Ctrl-C ends the training, it has the
                epochs before
    verbose     None: a bar and a line for each epoch in a terminal or a notebook, a line now and then in a log. True:
                all lines. False: nothing. The bar needs tqdm
    checkpoints `Checkpoints(folder, keep=3, best="test_loss")`: one after each epoch, and after `every` updates
    resume      True: goes on from the latest checkpoint, if there is one, bit for bit, in the middle of an epoch too.
                The model, its dropout, the optimizer with its learning rate, the loaders and the history are then as
                they were, whatever they were made with. Trains nothing, and warns, if a watch has stopped that training
    group       `distributed.init()`: its processes train the model together, as one process with the whole batch would.
                The loaders are `group.shard(loader)`. Losses and metrics are those of all; rank 0 prints, and writes
                the checkpoints, which every rank reads
    reduction   how the losses of batches are made one. "mean": each counts by its samples. "sum": the loss is a sum,
                and its mean over the samples is reported. A function (y, t) of what else the loss divides by:
                `lambda y, t: (t != -1).sum()` for `ignore_index=-1`, `lambda y, t: w[t].sum()` for weights of classes

    Raises TypeError or ValueError, before it begins, for arguments that do not go together, such as an optimizer of
    another model. Raises ValueError if none gets a gradient from the first loss. Raises FloatingPointError if the loss
    or a gradient is not finite, and names the parameter. The parameters keep their values of the last good update. The
    buffers do not: the running mean of a BatchNorm has seen the batch, and may be nan.
    Warns if the model is set to `eval()`, or this is inside `test_mode()`: dropout drops nothing then. Warns if a
    schedule has come down to 0 before the last epoch: it counts updates, not epochs. Warns if batches are parts, by
    `accumulate` or `group`, and the loss of the first one is not made of those of its samples, as `reduction` says.
    """
    epochs, accumulate = whole("fit: epochs", epochs, least=0), whole("fit: accumulate", accumulate)
    metrics, watches = named_metrics("fit", metric), listed(watch)
    check_model("fit", model, loss=[loss], metric=metrics.values(), watch=watches)
    check_loaders("fit", group, loader=loader, **{} if test is None else {"test": test})
    check_training(optimizer, model)
    check_columns(checkpoints, watches, ["loss", *metrics, *BESIDE], test is not None)
    reduction, history = checked_reduction("fit", reduction), checked_history(history)
    ranks, averaging = replicated(
        group, model, optimizer, epochs=epochs, accumulate=accumulate, reduction=reduction, metric=[*metrics],
        test=test is not None, resume=resume, history=history.epochs,
    )  # fmt: skip
    report = Report(epochs, verbose if ranks.rank == 0 else False)
    run = Run(checkpoints, resume, history, model, loader, ranks, optimizer=optimizer, test=test, **numbered(watches))
    for epoch in range(history.epochs + 1, 0 if run.stopped else epochs + 1):
        start, sums = time.perf_counter(), run.begin(Sums(metrics, reduction))
        for some in groups(report.batches(loader, epoch), accumulate):
            counts, outputs, errors = passes(some, model, loss, reduction, averaging, optimizer, not run.count)
            sums.update(counts, outputs, *numbers_of(model, errors, epoch, optimizer, first=not run.count))
            optimizer.update()
            report.loss(sums.loss / (sums.size or 1))
            run.updated(len(some), sums)
        share_buffers(ranks, model)
        values = sums.over(ranks).score() | rates(optimizer, history, last=epoch == epochs)
        values |= {"gradient_norm": sums.norm(epoch, optimizer), "seconds": time.perf_counter() - start}
        values |= tested(model, loss, test, metric=metric, group=group, reduction=reduction)
        history.append(values := ranks.broadcast(values))
        report.epoch(epoch, values)
        stop = any(ranks.gather(sum(is_true(f(epoch, dict(values))) for f in watches) > 0))  # every watch is called
        run.finished(values, stop)
        if stop:
            break
    return history


@with_advice
def evaluate(
    model: Layer, loss: Callable[..., Any], loader: Iterable[Any], *, metric: Metrics = None,
    group: Group | None = None, reduction: Reduction = "mean",
) -> Score:  # fmt: skip
    """The mean loss and the metrics over `loader`, in test mode and without a graph. The arguments are those of `fit`.

    The losses of batches count by their samples, or by the weights of these, or as `reduction` says.

    >>> import autograd.functions as F, autograd.layers as L
    >>> x, t = np.eye(2), np.array([0, 0])
    >>> evaluate(L.Sequential(F.relu), F.softmax_cross_entropy, [(x, t)], metric=F.accuracy).metric
    0.5
    """
    metrics = named_metrics("evaluate", metric)
    check_model("evaluate", model, loss=[loss], metric=metrics.values())
    check_loaders("evaluate", group, loader=loader)
    sums, ranks = Sums(metrics, checked_reduction("evaluate", reduction)), checked_group("evaluate", group)
    share_buffers(ranks, model)
    with test_mode(), no_grad():
        for batch in map(batch_of, loader):
            y = model(*batch.inputs, **batch.options)
            batch = counted(reduction, y, batch)
            sums.add(batch, one_number("loss", batch_loss(loss, y, batch)), y)
    return Score(sums.over(ranks).score())


def tested(model: Layer, loss: Any, test: Iterable[Any] | None, **options: Any) -> dict[str, float]:
    """The values of `evaluate` by the names that `fit` has for them; none without a test."""
    return {} if test is None else {f"test_{k}": x for k, x in evaluate(model, loss, test, **options).items()}


@with_advice
def predict(model: Layer, data: Any, *, batch_size: int = 256) -> Any:
    """What `model` gives for all samples, in test mode and without a graph: an array, or a tuple, list or dict of them.

    data   an array, of which `batch_size` rows are taken at a time, or a tuple or a dict of arrays, which are several
           arguments of the model; or a loader, whose batches are arrays, or those of `fit`, and keep their order. For
           one sample x, `predict(model, x[None])[0]`

    Raises TypeError or ValueError for anything else, and for a loader that shuffles or samples, as the outputs would
    have its order.
    """
    check_model("predict", model)
    batch_size = whole("predict: batch_size", batch_size)
    if getattr(data, "shuffle", False) is True or getattr(data, "sampler", None) is not None:
        raise ValueError("predict: data must keep its order: DataLoader(data, batch_size, shuffle=False)")
    rows = is_array(data) or isinstance(data, (Variable, tuple, dict))
    if rows:
        batches: Iterable[Any] = rows_of(data, batch_size)
    else:
        check_loaders("predict", None, data=data)
        batches = map(inputs_in, data)
    with test_mode(), no_grad():
        outputs = [model(*inputs, **options) for inputs, options in map(inputs_of, batches)]
    if not outputs:
        raise ValueError("predict: data must have at least one sample, not none")
    y = joined(outputs)
    if rows:
        check_rows(y, data)
    return y


@advised
@dataclass
class EarlyStopping:
    """For `fit(..., watch=EarlyStopping(5))`: stops once `patience` epochs have brought no better value.

    name      the value: "test_loss", "loss", or a metric
    largest   is the largest value the best? None: the name says it, if it ends in `loss`, `accuracy` or another metric
              of `autograd.metrics`
    delta     a value is better if it is so by more than this

    A nan is not better. The model keeps the parameters of the last epoch; `epoch` and `best` say which was the best.
    Raises ValueError if there is no value of this name, or `largest` is None and the name says nothing.
    """

    patience: int
    name: str = "test_loss"
    largest: bool | None = field(default=None, kw_only=True)
    delta: float = field(default=0.0, kw_only=True)
    best: float = field(default=inf, init=False)
    epoch: int = field(default=0, init=False)
    latest: int = field(default=0, init=False, repr=False)

    def __post_init__(self) -> None:
        self.patience = whole("EarlyStopping: patience", self.patience)
        self.delta = float(number("EarlyStopping: delta", self.delta, least=0))
        if not isinstance(self.name, str):
            raise TypeError(f"EarlyStopping: name must be text, such as 'test_loss', not {shown(self.name)}")
        self.largest = largest_is_best("EarlyStopping", self.name, self.largest)

    def __call__(self, epoch: int, values: Mapping[str, float]) -> bool:
        """Has it been long enough?"""
        epoch = whole("EarlyStopping: epoch", epoch)
        if not isinstance(values, Mapping):
            raise TypeError(f"EarlyStopping: values must be a dict of names and numbers, not {shown(values)}")
        if self.name not in values:
            raise ValueError(
                f"EarlyStopping: name must be one of {', '.join(values)}, not {self.name!r}: fit(..., test=loader) "
                "measures test values"
            )
        if not self.latest or epoch <= self.latest:  # a new training
            self.epoch, self.best = epoch - 1, -inf if self.largest else inf
        self.latest = epoch
        gain = (values[self.name] - self.best) * (1 if self.largest else -1)
        if gain > self.delta:
            self.best, self.epoch = values[self.name], epoch
        return epoch - self.epoch >= self.patience

    def state_dict(self) -> dict[str, float]:
        """What it has seen, for a checkpoint."""
        return {"best": self.best, "epoch": self.epoch, "latest": self.latest}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on where another one was. Raises TypeError or ValueError for what is no state of one."""
        if not isinstance(state, Mapping) or state.keys() != {"best", "epoch", "latest"}:
            raise TypeError(f"EarlyStopping: state must be what state_dict() gave, not {shown(state)}")
        best = float(number("EarlyStopping: best", state["best"], finite=False))
        epoch, latest = [whole(f"EarlyStopping: {name}", state[name], least=0) for name in ("epoch", "latest")]
        self.best, self.epoch, self.latest = best, epoch, latest


class Sums:
    """What the batches of an epoch add up to: the loss of each times its size, its metrics, its gradients' norms.

    A loss that is a sum needs no factor: divided by the samples it is their mean.
    """

    def __init__(self, metrics: Mapping[str, Metric], reduction: Reduction = "mean") -> None:
        self.metrics, self.reduction = metrics, reduction
        self.size, self.loss = 0.0, 0.0
        self.measures: dict[str, tuple[Callable[..., float], Sequence[Any]]] = {}  # the formula and its sums
        self.norms: list[float] = []
        self.before: Mapping[str, Any] = {}  # the sums of the measures, where the epoch has begun in another run

    def add(self, batch: Batch, loss: float, y: Any) -> None:
        """Adds a batch, which has no samples if it is the part of a rank that got none."""
        if not batch.samples:
            return
        self.size += batch.size
        self.loss += loss if self.reduction == "sum" else loss * batch.size
        with no_grad():
            for i, (name, metric) in enumerate(self.metrics.items()):
                found = metric(y, batch.t)
                if not isinstance(found, Measure):
                    found = Measure(mean, one_number("metric", found) * batch.samples, batch.samples)
                sums: Sequence[Any] = found.sums
                if name in self.measures:
                    sums = [total(a, b) for a, b in zip(self.measures[name][1], sums)]
                elif str(i) in self.before:
                    sums = [total(like(x, self.before[str(i)][str(k)]), x) for k, x in enumerate(sums)]
                self.measures[name] = found.formula, sums

    def update(self, batches: Sequence[Batch], ys: Sequence[Any], losses: Sequence[float], norms: list[float]) -> None:
        """Adds the batches of an update."""
        for batch, y, loss in zip(batches, ys, losses):
            self.add(batch, loss, y)
        self.norms += norms

    def norm(self, epoch: int, optimizer: Any) -> float:
        """The mean norm of the gradients; nan if a `LossScale` has skipped all updates.

        At a scale below 1 that is a FloatingPointError: the scale is not the reason.
        """
        if not self.norms and (scaled := scaling(optimizer)) and scaled.scale < 1:
            raise FloatingPointError(
                f"no update of epoch {epoch} had finite gradients, at any scale of the loss: with ag.anomaly() shows "
                "where nan or infinity begins"
            )
        return sum(self.norms) / len(self.norms) if self.norms else nan

    def score(self) -> dict[str, float]:
        """The mean loss and the metrics. Raises ValueError if there was no sample."""
        if not self.size:
            raise ValueError("the loader gave no batch that counts: it is empty, or was an iterator that is used up")
        return {"loss": self.loss / self.size} | {name: float(f(*sums)) for name, (f, sums) in self.measures.items()}

    def over(self, ranks: Group) -> Sums:
        """The sums of all ranks; the norms are those of every rank."""
        found = Sums(self.metrics)
        found.norms = self.norms
        for size, loss, measures in ranks.gather((self.size, self.loss, self.measures)):
            found.size += size
            found.loss += loss
            for name, (formula, sums) in measures.items():
                if name in found.measures:
                    sums = [total(a, b) for a, b in zip(found.measures[name][1], sums)]
                found.measures[name] = formula, sums
        return found

    def state_dict(self) -> dict[str, Any]:
        """The sums so far, as a checkpoint holds them."""
        measures = {
            str(i): {str(k): asdict(x) if is_dataclass(x) else x for k, x in enumerate(sums)}  # type: ignore[arg-type]
            for i, (_, sums) in enumerate(self.measures.values())
        }
        sums = {"size": self.size, "loss": self.loss, "norms": np.array(self.norms)}
        return {**sums, "metrics": [*self.metrics], "measures": measures}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on with these sums. Raises ValueError if they are those of other metrics."""
        if (names := state.get("metrics", [*self.metrics])) != [*self.metrics]:
            raise ValueError(f"fit: metric must be what the checkpoint has sums of, {names}, not {[*self.metrics]}")
        self.size, self.loss, self.norms = state["size"], state["loss"], state["norms"].tolist()
        self.before = state["measures"]


def like(x: Any, state: Any) -> Any:
    """A sum of the kind of x, from what the checkpoint has of it."""
    kind: Any = type(x)
    return kind(**state) if is_dataclass(x) else state


def mean(total: float, n: int) -> float:
    return total / n if n else nan


def passes(
    some: Sequence[Batch], model: Layer, loss: Any, reduction: Reduction, averaging: Averaging, optimizer: Any,
    first: bool,
) -> tuple[list[Batch], list[Any], list[Variable]]:  # fmt: skip
    """The passes of an update, forward and back: the batches with what they count, the outputs, and the losses.

    Where batches are parts, the loss of the first one is tried: on all ranks, or on none.
    """
    counts: list[Batch] = []
    outputs: list[Any] = []
    errors: list[Variable] = []
    model.cleargrads()
    for batch in some:
        outputs.append(model(*batch.inputs, **batch.options))
        counts.append(counted(reduction, outputs[-1], batch))
        errors.append(one_loss(batch_loss(loss, outputs[-1], counts[-1])))
        with averaging(counts[-1].size, last=batch is some[-1], reduction="sum" if reduction == "sum" else "mean"):
            walk_back(errors[-1], optimizer)
    if first and (len(some) > 1 or averaging.group.size > 1):
        parts = averaging.group.gather(has_parts(outputs[0], counts[0]))  # all or none: a loss may have sums over ranks
        if all(parts):
            check_parts(loss, reduction, outputs[0], errors[0], counts[0])
    return counts, outputs, errors


def walk_back(error: Variable, optimizer: Any) -> None:
    """The backward pass, through the scaled loss if the optimizer scales it."""
    scaled = scaling(optimizer)
    if scaled is None:
        error.backward()
    else:
        scaled.backward(error)


def one_loss(error: Any) -> Variable:
    """The loss of a batch. Raises TypeError for one without a graph, ValueError for several numbers."""
    if not isinstance(error, Variable):
        raise TypeError(f"loss must return a Variable, which is computed from y, not {error!r:.40}")
    if error.size != 1:
        raise ValueError(f"loss must return one number, not the shape {error.shape}: take its mean or sum")
    return error


def numbers_of(
    model: Layer, errors: list[Variable], epoch: int, optimizer: Any, first: bool
) -> tuple[list[float], list[float]]:
    """The losses of an update and, in a list, the norm of all gradients. A GPU is asked once for all of them.

    There is no norm if a scaled loss was too large, and the update will be skipped. Raises FloatingPointError for a
    loss or a gradient that is not finite, and ValueError if there is no gradient at the first update.
    """
    grads = {path: as_array(p.grad) for path, p in model.named_params() if p.grad is not None and not p.frozen}
    if first and not grads:
        raise ValueError(
            "loss must be computed from model(x), not from other parameters alone: none of the model's has a gradient. "
            "The way from the loss to them is cut, as by .data, detach() or NumPy"
        )
    losses, square = losses_and_square([as_array(error) for error in errors], [*grads.values()])
    check_losses(losses, model, epoch)
    scaled = scaling(optimizer)
    if not isfinite(square) or square < 1e-30:  # in float32 it may have been too large or small
        if path := next((path for path, g in grads.items() if not all_finite(g)), None):
            if scaled is not None:
                return losses, []
            raise FloatingPointError(
                f"the gradient of {path} is not finite in epoch {epoch}, and nothing was updated: try a smaller "
                "learning rate; with ag.anomaly() shows where it begins"
            )
        square = sum([float(square_of(g, "d")) for g in grads.values()])
    return losses, [float(square**0.5) / (1 if scaled is None else scaled.scale)]


def losses_and_square(errors: list[Array], grads: list[Array]) -> tuple[list[float], float]:
    """The losses as numbers, and the sum of the squares of all gradients."""
    if grads and floats_on_gpu(*grads) and on_gpu(*errors):
        together = [error.reshape(()).astype("d") for error in errors] + [square_sum(grads)]
        *losses, square = to_numpy(namespace(grads[0]).stack(together)).tolist()
        return losses, square
    with np.errstate(over="ignore", invalid="ignore"):  # looked at by those who ask
        return [one_number("loss", error) for error in errors], sum([float(square_of(g, "f")) for g in grads])


def check_losses(losses: list[float], model: Layer, epoch: int) -> None:
    """Raises FloatingPointError for nan and infinity."""
    for value in losses:
        if not isfinite(value):
            bad = [path for path, p in model.named_params() if not all_finite(as_array(p))]
            where = f"{bad[0]} is not finite either" if bad else "with ag.anomaly() shows where it begins"
            raise FloatingPointError(f"the loss is {value} in epoch {epoch}: try a smaller learning rate; {where}")


def square_of(g: Array, least: str) -> Any:
    """The sum of the squares, in float32 or float64 at least."""
    flat = g.astype(np.promote_types(g.dtype, least), copy=False).reshape(-1)
    return namespace(g).vdot(flat, flat)


def all_finite(x: Array) -> bool:
    return bool(namespace(x).isfinite(x).all())


def rates(optimizer: Any, history: History, last: bool) -> dict[str, float]:
    """The learning rate of the latest update. Warns of the first epoch that ends with 0 before the last one."""
    optimizer = innermost(optimizer)
    if not isinstance(optimizer, Optimizer):
        return {}
    lr = rate_at(optimizer.lr, max(optimizer.steps - 1, 0))
    if lr == 0 and not last and history.get("lr", [])[-1:] != [0]:
        said = "fit: the learning rate is 0 before the last epoch: a schedule counts updates, epochs * len(loader)"
        warnings.warn(said, stacklevel=4)
    return {"lr": lr}


def numbered(watches: list[Any]) -> dict[str, Any]:
    """The watches by name, as the parts of a checkpoint."""
    return {f"watch{i}": watch for i, watch in enumerate(watches)}


def is_true(x: Any) -> bool:
    """Is it True itself? A watch may return something else, such as the path of a file."""
    return isinstance(x, (bool, np.bool_)) and bool(x)


def listed(watch: Any) -> list[Any]:
    """None, one or several as a list."""
    return [] if watch is None else list(watch) if isinstance(watch, (list, tuple)) else [watch]


def named_metrics(name: str, metric: Any) -> dict[str, Metric]:
    """None, one, a list or a dict of metrics by name: one alone is `metric`, in a list each has that of its function.

    Raises ValueError for two of one name, and for names of other values.
    """
    if metric is None:
        return {}
    if isinstance(metric, Mapping):
        pairs = list(metric.items())
    elif isinstance(metric, (list, tuple)):
        pairs = [(getattr(getattr(f, "func", f), "__name__", type(f).__name__), f) for f in metric]
    else:
        pairs = [("metric", metric)]
    for i, (own, _) in enumerate(pairs):
        if not isinstance(own, str) or own in TAKEN or own.startswith("test_") or own in dict(pairs[:i]):
            raise ValueError(
                f"{name}: metric must have a name of its own for each function, not {own!r:.40}: give a dict, "
                "{'accuracy': F.accuracy}"
            )
    return dict(pairs)


TAKEN = {"loss", "lr", "gradient_norm", "seconds"}
FUNCTIONS = {
    "loss": "(y, t), such as F.softmax_cross_entropy",
    "metric": "(y, t), such as F.accuracy",
    "watch": "(epoch, values), such as tensorboard(folder), or None",
}


def check_model(name: str, model: Any, **functions: Iterable[Any]) -> None:
    """Raises TypeError if the model is no Layer, or one of the functions is none."""
    if not isinstance(model, Layer):
        given = f"the class {model.__name__}: call it first" if isinstance(model, type) else repr(model)[:40]
        raise TypeError(f"{name}: model must be a Layer, not {given}")
    for what, f in [(what, f) for what, some in functions.items() for f in some]:
        if not callable(f):
            raise TypeError(f"{name}: {what} must be a function {FUNCTIONS[what]}, not {f!r:.40}")
        if isinstance(f, type) and issubclass(f, (Layer, Function, EarlyStopping)):
            raise TypeError(f"{name}: {what} must be a function {FUNCTIONS[what]}, not the class {f.__name__}")
        if not takes(f, 2):
            raise TypeError(
                f"{name}: {what} must be a function {FUNCTIONS[what]}, not one of other arguments, {f!r:.40}"
            )


def checked_group(name: str, group: Any) -> Group:
    """The group of processes; that of this one alone for None. Raises TypeError for anything else."""
    if group is not None and not isinstance(group, Group):
        raise TypeError(f"{name}: group must be a Group, distributed.init(), or None, not {shown(group)}")
    return group or Group()


def replicated(group: Any, model: Layer, optimizer: Any, **given: Any) -> tuple[Group, Averaging]:
    """The processes, and their averaging of gradients. In a group they all have the model of rank 0 then.

    Raises ValueError, on every rank, if the models, the optimizers or other arguments differ.
    """
    ranks = checked_group("fit", group)
    if ranks.size > 1:
        said = {name: "a function" if callable(x) else x for name, x in given.items()}
        check_same(ranks, "the arguments of fit", said)
        if any(type(layer) is BatchNorm for layer in Layer.layers(model)):
            warnings.warn(
                "fit: a BatchNorm takes its statistics over the part of each process alone: "
                "group.synchronize(model) takes them over the whole batch",
                stacklevel=4,
            )
    return ranks, Averaging(ranks, model) if group is None else ranks.averaging(model, optimizer)


def check_loaders(name: str, group: Group | None, **loaders: Any) -> None:
    """Raises TypeError for what gives no batches (x, t), such as the data, ValueError for whole ones in a group."""
    for what, loader in loaders.items():
        ours = checked_group(name, group)
        if ours.size > 1 and getattr(loader, "part", (0, 1)) != (ours.rank, ours.size):
            raise ValueError(f"{name}: {what} must give this rank its part of each batch: group.shard({what})")
        arrays = isinstance(loader, (tuple, list)) and any(hasattr(x, "dtype") for x in loader)
        if arrays or hasattr(loader, "dtype") or not isinstance(loader, Iterable) or isinstance(loader, (str, dict)):
            given = "the data themselves: DataLoader(data, batch_size)" if arrays else f"{loader!r:.40}"
            given = f"the class {loader.__name__}: make one of it" if isinstance(loader, type) else given
            raise TypeError(f"{name}: {what} must be a DataLoader, or a list of batches (x, t), not {given}")
        if isinstance(loader, SequenceLoader):
            raise TypeError(
                f"{name}: {what} must give batches (x, t), and a SequenceLoader gives (x, lengths) or (x, lengths, t): "
                "write the loop, or give [((x, lengths), t) for x, lengths, t in loader]"
            )


def inputs_in(batch: Any) -> Any:
    """The inputs among a batch of `fit`, or the batch itself, if it is an array or a dict without a target."""
    if isinstance(batch, (tuple, list)):
        if len(batch) not in (1, 2, 3):
            raise TypeError(f"predict: data must give batches x or (x, t), not {type(batch).__name__} of {len(batch)}")
        return batch[0]
    return batch


def checked_history(history: Any) -> History:
    """The history to go on with, a new one for None. Raises TypeError for anything else."""
    if history is not None and not isinstance(history, History):
        raise TypeError(f"fit: history must be a History, or None, not {shown(history)}")
    return History() if history is None else history


def check_columns(checkpoints: Any, watches: list[Any], names: list[str], test: bool) -> None:
    """Raises ValueError for a `best` or an `EarlyStopping` of a value that no epoch will have."""
    names += [f"test_{name}" for name in names if name not in BESIDE] if test else []
    wanted = [("checkpoints: best", getattr(checkpoints, "measure", None))]
    wanted += [("EarlyStopping: name", f.name) for f in watches if isinstance(f, EarlyStopping)]
    for what, name in wanted:
        if name is not None and name not in names:
            raise ValueError(
                f"fit: {what} must be one of {', '.join(names)}, not {name!r}: fit(..., test=loader) measures test "
                "values, and metric=[f] calls each metric by its function's name"
            )


def check_training(optimizer: Any, model: Layer) -> None:
    """Raises TypeError for what is no optimizer, and ValueError for one that trains none of the model's parameters.

    Warns where the model is in test mode.
    """
    if not model.training or current().training is False:
        said = "fit: the model trains as in a test, without dropout: call model.train() first, outside of test_mode()"
        warnings.warn(said, stacklevel=4)
    if isinstance(optimizer, type):
        raise TypeError(f"fit: optimizer must be an Optimizer, not the class: make one, {optimizer.__name__}(model)")
    if isinstance(optimizer, Collection) or not callable(getattr(optimizer, "update", None)):
        raise TypeError(f"fit: optimizer must be an Optimizer, not {optimizer!r:.40}")
    if not takes(optimizer.update, 0):
        kind = type(optimizer).__name__
        raise TypeError(
            f"fit: optimizer must be one whose update() takes no arguments, not {kind}, which takes the loss as a "
            "function: write the loop, for x, t in loader: optimizer.update(lambda: loss(model(x), t))"
        )
    optimizer = innermost(optimizer)
    if isinstance(optimizer, Optimizer):
        ours = {id(p) for p in model.params()}
        if not any(id(p) in ours for _, p in named_objects(optimizer.root, optimizer.kind)):
            kind = type(optimizer).__name__
            raise ValueError(
                f"fit: optimizer must be one of this model, not of other parameters: {kind}(model) with the model that "
                "is given to fit"
            )


def tensorboard(folder: str | Path) -> TensorBoard:
    """Writes the values of each epoch for TensorBoard, one file a run: `fit(..., watch=tensorboard("runs/1"))`.

    Raises RuntimeError if tensorboardX is not installed.
    """
    return TensorBoard(folder)
