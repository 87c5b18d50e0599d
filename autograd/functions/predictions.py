"""What a classifier predicts, beside what is true: what accuracy and the metrics of classes have in common."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, NamedTuple

from autograd.algebra import Operand, as_array
from autograd.backend import Array, as_numbers, namespace
from autograd.bfloat16 import kind_of, single
from autograd.checks import number, shown, whole
from autograd.functions.operands import LABEL
from autograd.kernels.gpu import late, on_gpu

__all__ = ["Predictions", "beside", "predictions"]

SLACK = 1e-2  # of the sum of a distribution, which may be float16


class Predictions(NamedTuple):
    """Of n samples, those ignored left out."""

    guesses: Array  # (n,): the classes, -1 where a nan is among the scores
    labels: Array  # (n,)
    scores: Array | None  # (n, C), where there are some
    classes: int | None  # C, where it is known


def predictions(
    name: str, y: Operand, t: Operand, threshold: float | None = None, ignore_index: int | None = None
) -> Predictions:
    """Scores (..., C), decisions of one score each, or labels, as predicted classes beside the true ones.

    Raises TypeError or ValueError, in the words of the function `name`, for what `accuracy` refuses.
    """
    y, t = beside(name, y, t)
    ignore_index = None if ignore_index is None else whole(f"{name}: ignore_index", ignore_index, *LABEL)
    for what, x in (("scores", y), ("labels", t)):
        if kind_of(x.dtype) not in "fiub":
            raise TypeError(f"{name} takes {what} that are real numbers, not {x.dtype}")
    if not y.size or t.shape not in (y.shape, y.shape[:-1]):
        raise ValueError(f"{name} takes scores (..., C) and labels (...) or (..., C), not {y.shape} and {t.shape}")
    scores, C = None, None
    if threshold is not None:
        guesses, labels, C = decisions(name, y, t, number(f"{name}: threshold", threshold), ignore_index), t, 2
    elif y.dtype.kind == "b" or (y.dtype.kind in "iu" and t.shape == y.shape):
        guesses, labels = given_labels(name, y, t), t
    else:
        C, scores = y.shape[-1], y
        labels = labels_of(name, y, t, ignore_index)
        guesses = largest(y)
    return kept(name, guesses.reshape(-1), labels.reshape(-1), scores, C, ignore_index)


def beside(name: str, y: Any, t: Any) -> tuple[Array, Array]:
    """What is predicted and what is true as arrays. There is no gradient to lose, so both may be lists of numbers.

    Raises TypeError for what is neither a Variable, an array, nor a list or a number, ValueError for uneven rows.
    """
    y = single(as_array(y)) if hasattr(y, "dtype") else listed(f"{name}: y", y)
    return y, single(as_array(t)) if hasattr(t, "dtype") else namespace(y).asarray(listed(f"{name}: t", t))


def listed(what: str, x: Any) -> Array:
    """A number or a list of numbers as an array."""
    if isinstance(x, (list, tuple, int, float)):
        with suppress(TypeError):
            return as_numbers(x)
    raise TypeError(f"{what} must be a Variable, an array or a list of numbers, not {shown(x)}")


def kept(name: str, guesses: Array, labels: Array, scores: Any, C: int | None, ignore_index: int | None) -> Predictions:
    """The samples that are not ignored. Raises ValueError if there is none."""
    scores = None if scores is None else scores.reshape(-1, scores.shape[-1])
    if ignore_index is not None:
        rows = labels != ignore_index
        guesses, labels, scores = guesses[rows], labels[rows], None if scores is None else scores[rows]
        if not labels.size:
            raise ValueError(f"{name} takes at least one sample whose label is not the ignored {ignore_index}")
    return Predictions(guesses, labels, scores, C)


def largest(y: Array) -> Array:
    """The class of the largest score; -1 where one is nan."""
    guesses = y.argmax(-1)
    return namespace(y).where(y.max(-1) == y.max(-1), guesses, -1) if kind_of(y.dtype) == "f" else guesses


def decisions(name: str, y: Array, t: Array, threshold: float, ignore_index: int | None) -> Array:
    """1 where a score is above the threshold, 0 where it is not, -1 where it is nan; in the shape of the labels."""
    if t.shape != y.shape and y.shape[-1] != 1:
        raise ValueError(
            f"{name}: threshold must be None where y has scores of several classes, {y.shape} for labels {t.shape}: "
            "the largest score counts there"
        )
    if y.dtype.kind == "b":
        raise TypeError(f"{name}: threshold must be None where y are labels, {y.dtype}")
    check_labels(name, t, 2, ignore_index)
    return namespace(y).where(y == y, (y > threshold).astype("i8"), -1).reshape(t.shape)


def given_labels(name: str, y: Array, t: Array) -> Array:
    """y as predicted labels, of the shape of the labels t. Raises ValueError if they may be scores."""
    if t.shape != y.shape:
        raise ValueError(f"{name} takes predicted labels and labels of one shape, not {y.shape} and {t.shape}")
    if y.dtype.kind != "b" and y.ndim > 1 and y.shape[-1] > 1:
        raise ValueError(
            f"{name} takes floating-point scores, or flat labels, not {y.dtype} {y.shape}, which may be either: "
            "y.astype(float) makes scores of it, y.reshape(-1) and t.reshape(-1) labels"
        )
    return y


def labels_of(name: str, y: Array, t: Array, ignore_index: int | None) -> Array:
    """The true classes beside scores (..., C): t itself, or the largest of distributions. ValueError for the rest."""
    C = y.shape[-1]
    if C == 1:
        raise ValueError(
            f"{name} takes scores (..., C) of at least 2 classes, not {y.shape}: one score is always the largest. "
            f"Give it a threshold, {name}(y, t, threshold=0) for logits and 0.5 for probabilities, or labels, "
            f"{name}(y > 0, t)"
        )
    labels = classes_of_distributions(name, t, ignore_index) if t.shape == y.shape else t
    if y.ndim == 1 and t.ndim == 1:
        raise ValueError(
            f"{name} takes scores (..., C), not {y.shape} for labels {t.shape}: for one score a sample give a "
            f"threshold, {name}(y, t, threshold=0), or labels, {name}(y > 0, t), and y[None], t[None] for one sample"
        )
    check_labels(name, labels, C, ignore_index)
    return labels


def classes_of_distributions(name: str, t: Array, ignore_index: int | None) -> Array:
    """The classes of distributions (..., C). Raises ValueError for anything else of that shape."""
    low, sums = t.min(), t.sum(-1)
    if not (low >= 0) or not (abs(sums - 1) <= SLACK).all():
        raise ValueError(
            f"{name}: t of the shape of the scores must be distributions, at least 0 and with the sum 1, not "
            f"{t.dtype} {t.shape} from {t.min()} to {t.max()}: a regression has no {name}; labels need the shape "
            "(...), and decisions of one score each a threshold"
        )
    if ignore_index is not None:
        raise ValueError(f"{name}: ignore_index must be None where t are distributions, not {shown(ignore_index)}")
    return t.argmax(-1)


def check_labels(name: str, labels: Array, C: int, ignore_index: int | None) -> None:
    """Raises ValueError unless all labels that count are whole numbers in 0 .. C - 1."""

    def error(label: Any) -> ValueError:
        must = f"labels must be whole numbers in 0 .. {C - 1}, as there are {C} classes"
        return ValueError(f"{name}: {must}, not {label}")

    if ignore_index is None and labels.dtype.kind in "iu" and on_gpu(labels):
        late.check_below(labels, C, error)
        return
    wrong = (labels < 0) | (labels >= C) | (labels != labels // 1) if labels.dtype.kind != "b" else labels != labels
    if ignore_index is not None:
        wrong &= labels != ignore_index
    if wrong.any():
        raise error(labels.reshape(-1)[wrong.reshape(-1)][0])
