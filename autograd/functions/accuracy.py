"""How often a classifier is right."""

from __future__ import annotations

from autograd.algebra import Operand
from autograd.backend import Array, item, namespace
from autograd.checks import whole
from autograd.functions.predictions import predictions
from autograd.measures import Measure

__all__ = ["accuracy"]


def accuracy(
    y: Operand, t: Operand, *, threshold: float | None = None, top: int = 1, ignore_index: int | None = None
) -> float:
    """The fraction of samples whose largest score is at the target, a number.   (..., C) (...) or (..., C) -> float

    t are labels 0 .. C - 1, or distributions over the classes, whose largest elements count. With `top` k the target
    may be among the k largest scores; of equal ones the first count. Samples with the label `ignore_index` are not
    counted; one with a nan among its scores is wrong. No gradient flows.
    With a `threshold` y has one score a decision, in the shape of t or with a last axis of 1: those above mean 1, the
    others 0. It is 0 for logits, 0.5 for probabilities.
    y may also be the predicted labels, of integers or booleans, in the shape of the labels t.
    The number is a `Measure`: it knows its counts, so that `fit` and `evaluate` add them over batches.

    Raises ValueError if the shapes do not fit, there is no sample, a sample has one score and there is no threshold, t
    is neither labels of these classes nor distributions, or integers y could be both scores and labels.
    """
    top = whole("accuracy: top", top)
    found = predictions("accuracy", y, t, threshold, ignore_index)
    if top == 1:
        right = found.guesses == found.labels
    elif found.scores is None or top >= found.scores.shape[1]:
        C = "one score or label a sample" if found.scores is None else f"{found.scores.shape[1]} classes"
        raise ValueError(f"accuracy: top must be smaller than the number of classes, not {top} for {C}")
    else:
        right = ranks(found.scores, found.labels) < top
    return Measure(fraction, float(item(right.sum())), right.size)


def fraction(right: float, n: int) -> float:
    return right / n


def ranks(scores: Array, labels: Array) -> Array:
    """How many scores come before that of the label: larger ones, and equal ones on its left.   (n, C) (n,) -> (n,)

    With a nan among the scores it is C.
    """
    xp = namespace(scores)
    n, C = scores.shape
    labels = labels.astype("i8")
    own = scores[xp.arange(n), labels][:, None]
    before = (scores > own) | ((scores == own) & (xp.arange(C) < labels[:, None]))
    return xp.where((scores == scores).all(1), before.sum(1), C)
