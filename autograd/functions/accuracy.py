"""How often a classifier is right."""

from __future__ import annotations

from autograd.algebra import Operand, as_array
from autograd.backend import Array, as_numbers, namespace
from autograd.checks import shown, whole
from autograd.functions.operands import LABEL, operand

__all__ = ["accuracy"]

SLACK = 1e-2  # of the sum of a distribution, which may be float16


def accuracy(y: Operand, t: Operand, *, ignore_index: int | None = None) -> float:
    """The fraction of samples whose largest score is at the target, a number.   (..., C) (...) or (..., C) -> float

    t are labels 0 .. C - 1, or distributions over the classes, whose largest elements count. Samples with the label
    `ignore_index` are not counted; one with a nan among its scores is wrong. No gradient flows.
    y may also be the predicted labels, of integers or booleans, in the shape of the labels t: `accuracy(y > 0, t)` is
    that of one logit a sample, for which there is no largest.
    Raises ValueError if the shapes do not fit, there is no sample, a sample has one score, t is neither labels of these
    classes nor distributions, or integers y could be both scores and labels.
    """
    y, t = as_array(operand("accuracy", y)), as_array(t)
    ignore_index = None if ignore_index is None else whole("accuracy: ignore_index", ignore_index, *LABEL)
    t = t if hasattr(t, "dtype") else namespace(y).asarray(as_numbers(t))
    for name, x in (("scores", y), ("labels", t)):
        if x.dtype.kind not in "fiub":
            raise TypeError(f"accuracy takes {name} that are real numbers, not {x.dtype}")
    if not y.size or t.shape not in (y.shape, y.shape[:-1]):
        raise ValueError(f"accuracy takes scores (..., C) and labels (...) or (..., C), not {y.shape} and {t.shape}")
    if y.dtype.kind == "b" or (y.dtype.kind in "iu" and t.shape == y.shape):
        return agreement(predicted(y, t), t, ignore_index)
    C = y.shape[-1]
    if C == 1:
        raise ValueError(
            f"accuracy takes scores (..., C) of at least 2 classes, not {y.shape}: one score is always the largest. "
            "Give it labels: accuracy(y > 0, t) for logits, accuracy(y > 0.5, t) for probabilities"
        )
    labels = labels_of(t, ignore_index) if t.shape == y.shape else t
    if y.ndim == 1 and t.ndim == 1:
        raise ValueError(
            f"accuracy takes scores (..., C), not {y.shape} for labels {t.shape}: give labels for one score a sample, "
            "accuracy(y > 0, t), and y[None], t[None] for one sample"
        )
    wrong = (labels < 0) | (labels >= C) | (labels != labels // 1)
    if ignore_index is not None:
        wrong &= labels != ignore_index
    if wrong.any():
        label = labels.reshape(-1)[wrong.reshape(-1)][0]
        raise ValueError(
            f"accuracy: labels must be whole numbers in 0 .. {C - 1}, as there are {C} classes, not {label}"
        )
    guesses = y.argmax(-1)
    if y.dtype.kind == "f":
        guesses = namespace(y).where(y.max(-1) == y.max(-1), guesses, -1)  # a nan is no class
    return agreement(guesses, labels, ignore_index)


def predicted(y: Array, t: Array) -> Array:
    """y as predicted labels, of the shape of the labels t. Raises ValueError if they may be scores."""
    if t.shape != y.shape:
        raise ValueError(f"accuracy takes predicted labels and labels of one shape, not {y.shape} and {t.shape}")
    if y.dtype.kind != "b" and y.ndim > 1 and y.shape[-1] > 1:
        raise ValueError(
            f"accuracy takes floating-point scores, or flat labels, not {y.dtype} {y.shape}, which may be either: "
            "y.astype(float) makes scores of it, y.reshape(-1) and t.reshape(-1) labels"
        )
    return y


def labels_of(t: Array, ignore_index: int | None) -> Array:
    """The classes of distributions (..., C). Raises ValueError for anything else of that shape."""
    low, sums = t.min(), t.sum(-1)
    if not (low >= 0) or not (abs(sums - 1) <= SLACK).all():
        raise ValueError(
            "accuracy: t of the shape of the scores must be distributions, at least 0 and with the sum 1, not "
            f"{t.dtype} {t.shape} from {t.min()} to {t.max()}: a regression has no accuracy, give fit and "
            "evaluate another metric; labels need the shape (...)"
        )
    if ignore_index is not None:
        raise ValueError(f"accuracy: ignore_index must be None where t are distributions, not {shown(ignore_index)}")
    return t.argmax(-1)


def agreement(guesses: Array, labels: Array, ignore_index: int | None) -> float:
    """The fraction of equal elements among those that count. Raises ValueError if none does."""
    right = guesses == labels
    if ignore_index is not None:
        right = right[labels != ignore_index]
        if not right.size:
            raise ValueError(f"accuracy takes at least one sample whose label is not the ignored {ignore_index}")
    return float(right.mean())
