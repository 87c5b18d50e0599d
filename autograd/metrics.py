"""Metrics: plain numbers that say how good a model is. They take what a loss takes, and have no gradient.

    fit(model, loss, optimizer, loader, test=test, metric=[metrics.accuracy, metrics.f1])

Each is a `Measure`, a float that knows the sums that it was computed from. `fit` and `evaluate` add these over the
batches, so F1 and R^2 of an epoch are those of all its samples. Options are bound with `functools.partial`. Predictions
and targets are Variables, arrays or lists of numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from math import sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from autograd.algebra import Operand
from autograd.backend import Array, namespace, to_numpy
from autograd.bfloat16 import kind_of
from autograd.checks import one_of, shown, whole
from autograd.functions.accuracy import accuracy
from autograd.functions.predictions import beside, predictions
from autograd.measures import Measure
from autograd.names import missing_name

__all__ = ["accuracy", "confusion_matrix", "f1", "mae", "precision", "r2", "recall", "rmse", "roc_auc"]


def confusion_matrix(
    y: Operand, t: Operand, *, classes: int | None = None, threshold: float | None = None,
    ignore_index: int | None = None,
) -> NDArray[np.int64]:  # fmt: skip
    """How many samples of class i, the row, were taken for class j, the column.   (..., C) (...) -> (C, C)

    y and t are those of `accuracy`, and so are the threshold and `ignore_index`. Where y are labels, `classes` is their
    number C, or one more than the largest. Raises what `accuracy` raises, and ValueError for a nan among the scores.
    """
    name = "confusion_matrix"
    C = None if classes is None else whole(f"{name}: classes", classes)
    guesses, labels, C = counted(name, y, t, threshold, ignore_index, C)
    places = namespace(guesses).bincount(labels * C + guesses, minlength=C * C)
    return to_numpy(places).reshape(C, C)


def precision(
    y: Operand, t: Operand, *, average: str = "macro", label: int | None = None, threshold: float | None = None,
    ignore_index: int | None = None,
) -> float:  # fmt: skip
    """Of the samples that were taken for a class, the fraction that is of it: right / predicted.   (..., C) (...)

    The arguments are those of `f1`, and so are the errors.
    """
    return of_classes("precision", 1.0, y, t, average, label, threshold, ignore_index)


def recall(
    y: Operand, t: Operand, *, average: str = "macro", label: int | None = None, threshold: float | None = None,
    ignore_index: int | None = None,
) -> float:  # fmt: skip
    """Of the samples of a class, the fraction that was found: right / actual.   (..., C) (...)

    The arguments are those of `f1`, and so are the errors.
    """
    return of_classes("recall", 0.0, y, t, average, label, threshold, ignore_index)


def f1(
    y: Operand, t: Operand, *, average: str = "macro", label: int | None = None, threshold: float | None = None,
    ignore_index: int | None = None,
) -> float:  # fmt: skip
    """The harmonic mean of precision and recall: 2 right / (predicted + actual).   (..., C) (...)

    y and t are those of `accuracy`, and so are the threshold and `ignore_index`.
    average   "macro": the mean over the classes that occur in y or t. "weighted": the mean by the number of their
              samples. "micro": from the counts of all classes together
    label     the class whose number alone is wanted, such as 1 with a threshold

    A class without a sample that it could be computed from has 0. Raises what `confusion_matrix` raises.
    """
    return of_classes("f1", 0.5, y, t, average, label, threshold, ignore_index)


def of_classes(
    name: str, share: float, y: Operand, t: Operand, average: Any, label: Any, threshold: Any, ignore_index: Any
) -> Measure:
    """right / (share predicted + (1 - share) actual), over the classes, from their counts."""
    average = one_of(f"{name}: average", average, "macro", "micro", "weighted")
    label = None if label is None else whole(f"{name}: label", label, least=0)
    guesses, labels, C = counted(name, y, t, threshold, ignore_index, least=(label or 0) + 1)
    if label is not None and label >= C:
        raise ValueError(f"{name}: label must be one of the classes 0 .. {C - 1}, not {label}")
    counts = partial(namespace(guesses).bincount, minlength=C)
    sums = [to_numpy(counts(x)) for x in (guesses[guesses == labels], guesses, labels)]
    return Measure(partial(averaged, share, average, label), *sums)


def averaged(share: float, average: str, label: int | None, right: Any, predicted: Any, actual: Any) -> float:
    """One number of the counts (C,) of all classes."""
    of = share * predicted + (1 - share) * actual
    if average == "micro" and label is None:
        return float(right.sum() / of.sum())
    each = np.divide(right, of, out=np.zeros(len(of)), where=of > 0)
    if label is not None:
        return float(each[label])
    weights = actual if average == "weighted" else (predicted + actual > 0)
    return float((each * weights).sum() / weights.sum())


def counted(
    name: str, y: Operand, t: Operand, threshold: Any, ignore_index: Any, classes: int | None = None, least: int = 2
) -> tuple[Array, Array, int]:
    """Predicted and true classes as integers (n,), and their number C. Raises ValueError for what is none of them."""
    found = predictions(name, y, t, threshold, ignore_index)
    guesses, labels = found.guesses, found.labels
    if any((x != x // 1).any() or (x < 0).any() for x in (guesses, labels) if x.dtype.kind != "b"):
        raise ValueError(f"{name} takes labels that are whole numbers of at least 0, and no nan among scores")
    guesses, labels = guesses.astype("i8"), labels.astype("i8")
    largest = int(max(guesses.max(), labels.max()))
    C = found.classes or classes or max(largest + 1, least, 2)
    if largest >= C or (classes or C) != C:
        raise ValueError(f"{name}: classes must be {found.classes or f'more than {largest}'}, not {classes}")
    return guesses, labels, C


@dataclass(frozen=True)
class Scores:
    """The scores of all samples, and which are of class 1: the order of all is no sum of numbers."""

    scores: Any
    positive: Any

    def __add__(self, other: Scores) -> Scores:
        """Those of both sets."""
        parts = ((self.scores, other.scores), (self.positive, other.positive))
        return Scores(*[np.concatenate(pair) for pair in parts])


def roc_auc(y: Operand, t: Operand) -> float:
    """Of all pairs of a sample of class 1 and one of class 0, the fraction in which the first has the larger score.

    (N,), (N, 1) or (N, 2); (N,) or (N, 1) -> float. Equal scores count half. It is the area under the ROC curve.
    y are scores of class 1, such as logits or probabilities; of two columns the second less the first. t are 0 and 1.
    It is nan without samples of both classes. Over batches it keeps all scores, and is that of all samples.

    Raises TypeError or ValueError for anything else, and for a nan among the scores.
    """
    y, t = beside("roc_auc", y, t)
    wrong = y.shape not in {(t.size,), (t.size, 1), (t.size, 2)} or t.shape not in {(t.size,), (t.size, 1)}
    if wrong or not t.size or {y.dtype.kind, t.dtype.kind} - {*"fiub"}:
        raise ValueError(
            f"roc_auc takes scores (N,), (N, 1) or (N, 2) and labels (N,), real numbers, not {y.dtype} {y.shape} and "
            f"{t.dtype} {t.shape}"
        )
    scores, positive = to_numpy(y).astype(np.float64).reshape(t.size, -1), to_numpy(t).reshape(-1) == 1
    with np.errstate(invalid="ignore"):  # inf - inf is nan
        score = scores[:, 0] if scores.shape[1] == 1 else scores[:, 1] - scores[:, 0]
    if (to_numpy(t).reshape(-1) != positive).any() or np.isnan(score).any():
        raise ValueError("roc_auc takes labels that are 0 or 1, and no nan among scores")
    return Measure(area, Scores(score, positive))


def area(both: Any) -> float:
    """The pairs in order from the ranks of the scores: Mann and Whitney, 1947."""
    _, places, counts = np.unique(both.scores, return_inverse=True, return_counts=True)
    ranks = (counts.cumsum() - (counts - 1) / 2)[places]  # from 1; equal scores have the mean of theirs
    n = int(both.positive.sum())
    pairs = n * (both.positive.size - n)
    return float(ranks[both.positive].sum() - n * (n + 1) / 2) / pairs if pairs else float("nan")


@dataclass(frozen=True)
class Moments:
    """The number of values in each column, their means, and the sums of their squared distances from these."""

    n: int
    mean: Any
    squares: Any

    def __add__(self, other: Moments) -> Moments:
        """The moments of both sets. Source: Chan, Golub and LeVeque, 1983."""
        n, d = self.n + other.n, other.mean - self.mean
        return Moments(n, self.mean + d * (other.n / n), self.squares + other.squares + d * d * (self.n * other.n / n))


def r2(y: Operand, t: Operand) -> float:
    """R^2 = 1 - sum of (t - y)^2 / sum of (t - mean of t)^2.   (N, ...) (N, ...) -> float

    1 is exact, 0 as good as the mean of t, and nan where all t of a column are equal. Of columns it is the mean.
    Raises TypeError or ValueError unless y and t are real numbers of one shape.
    """
    y, t = regression("r2", y, t)
    y, t = y.reshape(len(t), -1), t.reshape(len(t), -1)
    mean = t.mean(0)
    moments = Moments(len(t), to_numpy(mean), to_numpy(((t - mean) ** 2).sum(0)))
    return Measure(explained, to_numpy(((t - y) ** 2).sum(0)), moments)


def explained(errors: Any, moments: Any) -> float:
    """R^2 of the squared errors and the moments of all columns."""
    if not (moments.squares > 0).all():
        return float("nan")
    return float((1 - errors / moments.squares).mean())


def mae(y: Operand, t: Operand) -> float:
    """The mean of |y - t| over all elements [mean absolute error]. Raises what `r2` raises."""
    y, t = regression("mae", y, t)
    return Measure(quotient, float(abs(y - t).sum()), y.size)


def rmse(y: Operand, t: Operand) -> float:
    """The root of the mean of (y - t)^2 over all elements. Raises what `r2` raises."""
    y, t = regression("rmse", y, t)
    return Measure(root_of_quotient, float(((y - t) ** 2).sum()), y.size)


def quotient(total: float, n: int) -> float:
    return total / n


def root_of_quotient(total: float, n: int) -> float:
    return sqrt(total / n)


def regression(name: str, y: Operand, t: Operand) -> tuple[Array, Array]:
    """Prediction and target in float64, of one shape. Raises TypeError or ValueError for anything else."""
    y, t = beside(name, y, t)
    for what, x in (("a prediction", y), ("a target", t)):
        if kind_of(x.dtype) not in "fiub":
            raise TypeError(f"{name} takes {what} of real numbers, not {x.dtype}: {shown(x)}")
    if y.shape != t.shape or not y.ndim or not y.size:
        raise ValueError(f"{name} takes a prediction and a target of one shape (N, ...), not {y.shape} and {t.shape}")
    return y.astype(np.float64), t.astype(np.float64)


if not TYPE_CHECKING:  # a type checker finds a missing name by itself

    def __getattr__(name: str) -> Any:
        """Raises the error for a missing name, which says what it is called here."""
        raise missing_name(__name__, name, __all__)
