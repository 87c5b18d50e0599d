"""Losses: one number that says how far a prediction is from its target.

Every loss is a mean: over all elements, or of the cross entropies of the samples (all axes but the axis of classes).
`reduction="sum"` is their sum, `reduction="none"` all of them. A `weight` multiplies each loss and is broadcast to
them; the mean divides by their number all the same. Class weights are another matter: see `softmax_cross_entropy`.
Prediction and target must have the same shape; nothing is broadcast.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from math import inf, prod
from typing import Any

import numpy as np

from autograd.algebra import AddAt, Operand, array_like, as_array, astype, getitem
from autograd.backend import Array, as_numbers, namespace
from autograd.bfloat16 import finfo, kind_of
from autograd.checks import number, one_of, shown, whole, within
from autograd.constants import check_real
from autograd.function import Function, Tracked
from autograd.functions.activation import Sigmoid, Softmax, log_softmax, sigmoid, softmax, softplus
from autograd.functions.arithmetic import Clip, limited
from autograd.functions.elementwise import log
from autograd.functions.operands import LABEL, with_room
from autograd.functions.shape import moveaxis
from autograd.kernels.gpu import late
from autograd.kernels.rows import cross_entropy
from autograd.shapes import Shape, broadcast, one_axis
from autograd.variable import Variable

__all__ = [
    "binary_cross_entropy", "huber_loss", "kl_divergence", "mean_absolute_error", "mean_squared_error", "nll_loss",
    "sigmoid_cross_entropy", "smooth_l1_loss", "softmax_cross_entropy",
]  # fmt: skip


SLACK = 1e-3  # so much may a probability be outside [0, 1]: by rounding, in float16 too, or by a step of a difference


def check_floating(name: str, x: Operand) -> None:
    """Raises TypeError unless the prediction x is a Variable or an array of floating-point numbers."""
    if not hasattr(x, "dtype") or kind_of(x.dtype) != "f":
        raise TypeError(f"{name}: the prediction must be floating-point, not {getattr(x, 'dtype', type(x).__name__)}")


def check_probabilities(name: str, x: Operand, remedy: str = "", nan: bool = False) -> None:
    """Raises ValueError unless all x are in [0, 1], up to `SLACK`. With `nan` that is allowed: a loss shows it.

    `name` is the function and the argument, `remedy` what to do.
    """
    x = as_array(x)
    low, high = x.min(), x.max()
    if not (low >= -SLACK and high <= 1 + SLACK) and not (nan and low != low):
        flat = x.reshape(-1)
        outside = flat[~((flat >= -SLACK) & (flat <= 1 + SLACK))][0]
        raise ValueError(f"{name} must be in [0, 1], not {outside}{remedy}")


def prediction_and_target(name: str, x: Operand, t: Operand) -> tuple[Any, Any]:
    """x and t of one shape, with elements; an integer or boolean t in the dtype of x.

    Raises TypeError if x is not floating-point, ValueError if the shapes differ or are empty.
    """
    check_floating(name, x)
    t = target(f"{name}: the target", t, x)
    if x.shape != t.shape:
        raise ValueError(f"{name} takes a prediction and a target of the same shape, not {x.shape} and {t.shape}")
    if 0 in x.shape:
        raise ValueError(f"{name} takes at least one element, not shape {x.shape}")
    return x, t if kind_of(t.dtype) == "f" else astype(t, x.dtype)


def target(name: str, t: Operand, x: Operand) -> Any:
    """t as a Variable or an array beside x; a number or a list of numbers becomes an array. TypeError for the rest."""
    if not hasattr(t, "dtype"):
        try:
            t = array_like(x, t)  # a list of Variables becomes one
            if not isinstance(t, Tracked):
                t = as_numbers(t)
                t = namespace(as_array(x)).asarray(t, dtype=x.dtype if kind_of(t.dtype) == "f" else t.dtype)
        except (TypeError, ValueError) as error:
            raise TypeError(f"{name} must be of numbers, not {shown(t)}") from error
    if kind_of(t.dtype) not in "fiub":
        raise TypeError(f"{name} must be of real numbers, not {t.dtype}: {shown(t)}")
    check_real(name, as_array(t))
    return t


def warn_of_probabilities(name: str, x: Operand, kind: type[Function], remedy: str) -> None:
    """Warns if x, of which the loss `name` takes logits, was made by `kind`: the graph tells. Else it costs nothing."""
    if isinstance(x, Variable) and x.node is not None and type(x.node.creator) is kind:
        warnings.warn(f"{name} takes no probabilities, as {kind.__name__.lower()} gives them: {remedy}", stacklevel=4)


def is_mean(reduction: Any, weight: Any) -> bool:
    """Is it the plain mean that is asked for?"""
    return weight is None and isinstance(reduction, str) and reduction == "mean"


def weights_for(name: str, weight: Operand, shape: Shape, x: Operand) -> Any:
    """`weight` as real numbers in the dtype of x. `name` is the function and the argument.

    Raises TypeError unless they are real numbers, ValueError if they do not broadcast to `shape`.
    """
    weight = target(name, weight, x)
    if kind_of(weight.dtype) != "f" or not isinstance(weight, Tracked):
        weight = astype(weight, x.dtype)
    if broadcast(weight.shape, shape) != shape:
        raise ValueError(f"{name} must broadcast to the shape {shape}, not have the shape {weight.shape}")
    return weight


def reduced(
    name: str,
    f: Callable[..., Any],
    xs: tuple[Any, ...],
    reduction: str,
    weight: Operand = None,
    shape: Shape | None = None,
) -> Any:
    """The mean or the sum of the losses f(*xs) times their weights, or all of them.

    They have the shape of the first of `xs`, or `shape`, and are computed with room. Raises ValueError for a reduction
    that is none of the three, and what `weights_for` raises.
    """
    reduction = one_of(f"{name}: reduction", reduction, "mean", "sum", "none")
    if weight is not None:
        xs = *xs, weights_for(f"{name}: weight", weight, xs[0].shape if shape is None else shape, xs[0])

    def of_all(*xs: Any) -> Any:
        losses = f(*xs) if weight is None else f(*xs[:-1]) * xs[-1]
        return losses if reduction == "none" else losses.sum() if reduction == "sum" else losses.mean()

    return with_room(of_all, *xs)


class ElementLoss(Function):
    """The mean of the losses of all elements, their sum, or all of them: `losses(x, t)`.

    `slopes(x, t, g)` are the derivatives, g times those of the loss of an element in x and in t.
    """

    alike = 0
    losses: Callable[..., Any]
    slopes: Callable[..., Any]

    def __init__(self, reduction):
        self.reduction = reduction

    def forward(self, x, t):
        y = self.losses(x, t)
        return y.mean() if self.reduction == "mean" else y.sum() if self.reduction == "sum" else y

    def backward(self, gy):
        x, t = self.inputs
        return self.slopes(x, t, gy * (1 / x.size) if self.reduction == "mean" else gy)


def of_elements(
    name: str, loss: Callable[[str], Callable[..., Any]], x: Operand, t: Operand, reduction: str, weight: Operand
) -> Any:
    """loss(reduction)(x, t), where the losses have no weights; `reduced` for others, and for what it raises."""
    if weight is not None:
        return reduced(name, loss("none"), (x, t), reduction, weight)
    return with_room(loss(one_of(f"{name}: reduction", reduction, "mean", "sum", "none")), x, t)


class MeanSquaredError(ElementLoss):
    """y = mean of (x - t)^2"""

    def losses(self, x, t):
        d = x - t
        return d * d

    def slopes(self, x, t, g):
        gx = (x - t) * (2 * g)
        return gx, self.needs[1] and -gx


def mean_squared_error(x: Operand, t: Operand, *, reduction: str = "mean", weight: Operand = None) -> Variable:
    """y = mean of (x - t)^2 over all elements: the sum of squares divided by x.size, not by the batch.

    Raises TypeError if x is not floating-point, ValueError if the shapes differ or are empty, for an unknown reduction,
    or a weight that does not broadcast to x.
    """
    x, t = prediction_and_target("mean_squared_error", x, t)
    return of_elements("mean_squared_error", MeanSquaredError, x, t, reduction, weight)


class MeanAbsoluteError(ElementLoss):
    """y = mean of |d|, d = x - t; the derivative in d is sign(d) / n."""

    def losses(self, x, t):
        d = x - t
        self.save(sign=namespace(d).sign(d), constant=True)
        return abs(d)

    def slopes(self, x, t, g):
        gx = self.saved.sign * g
        return gx, self.needs[1] and -gx


def mean_absolute_error(x: Operand, t: Operand, *, reduction: str = "mean", weight: Operand = None) -> Variable:
    """y = mean of |x - t| over all elements. The derivative where x = t is taken as 0.

    Raises what `mean_squared_error` raises.
    """
    x, t = prediction_and_target("mean_absolute_error", x, t)
    return of_elements("mean_absolute_error", MeanAbsoluteError, x, t, reduction, weight)


class HuberLoss(ElementLoss):
    """y = mean of c (d - c / 2), d = x - t, c = d clipped to [-delta, delta]; the derivative in d is c / n."""

    def __init__(self, delta, reduction):
        super().__init__(reduction)
        self.delta = delta

    def losses(self, x, t):
        d = x - t
        if self.delta == inf:  # inf - inf is nan
            return d * d / 2
        c = limited(d, -self.delta, self.delta)
        return c * (d - c / 2)

    def slopes(self, x, t, g):
        gx = Clip(-self.delta, self.delta)(x - t) * g
        return gx, self.needs[1] and -gx


def huber_loss(
    x: Operand, t: Operand, delta: float = 1.0, *, reduction: str = "mean", weight: Operand = None
) -> Variable:
    """y = mean over all elements of d^2 / 2 where |d| <= delta, delta (|d| - delta / 2) elsewhere; d = x - t.

    A square near 0 and a straight line far out, so that single wild targets pull less. Source: Huber, 1964.
    Raises what `mean_squared_error` raises, and ValueError unless delta > 0.
    """
    delta = number("huber_loss: delta", delta, above=0, finite=False)
    x, t = prediction_and_target("huber_loss", x, t)
    return of_elements("huber_loss", partial(HuberLoss, delta), x, t, reduction, weight)


def smooth_l1_loss(
    x: Operand, t: Operand, beta: float = 1.0, *, reduction: str = "mean", weight: Operand = None
) -> Variable:
    """y = mean over all elements of d^2 / (2 beta) where |d| < beta, |d| - beta / 2 elsewhere; d = x - t.

    It is `huber_loss` with delta = beta, divided by beta; with beta 0 it is |d|. Source: Girshick, "Fast R-CNN", 2015.
    Raises what `mean_squared_error` raises, and ValueError unless beta is a finite number of at least 0.
    """
    name = "smooth_l1_loss"
    beta = number(f"{name}: beta", beta, least=0)
    x, t = prediction_and_target(name, x, t)
    if not beta:
        return of_elements(name, MeanAbsoluteError, x, t, reduction, weight)
    return of_elements(name, lambda kind: lambda x, t: HuberLoss(beta, kind)(x, t) / beta, x, t, reduction, weight)


class SoftmaxCrossEntropy(Function):
    """y = -1/n sum of target log softmax(x).   (..., C) (...) -> ();   gx = (softmax(x) - target) gy / n

    n is the number of labels t. With smoothing s the target is (1 - s) one-hot(t) + s / C. With no samples (all
    ignored) the loss is 0.
    """

    def __init__(self, smoothing, reduction="none"):
        self.smoothing = smoothing
        self.reduction = reduction

    def forward(self, x, t):
        losses, residual = cross_entropy(x.reshape(-1, x.shape[-1]), t.reshape(-1), self.smoothing)
        self.save(residual=residual.reshape(x.shape))
        return losses.sum() / max(t.size, 1) if self.reduction == "mean" else losses.reshape(t.shape)

    def recompute(self, x, t):
        xp, C, s = namespace(as_array(x)), x.shape[-1], self.smoothing
        target = xp.full((t.size, C), s / C, x.dtype)
        target[xp.arange(t.size), t.reshape(-1)] += 1 - s
        return {"residual": softmax(x) - target.reshape(x.shape)}

    def backward(self, gy):
        residual = self.saved.residual  # softmax(x) - target
        n = max(prod(residual.shape[:-1]), 1)
        return residual * (gy * (1 / n) if self.reduction == "mean" else gy[..., None]), None


def softmax_cross_entropy(
    x: Operand, t: Operand, *, axis: int = -1, ignore_index: int | None = None, smoothing: float = 0.0,
    reduction: str = "mean", weight: Operand = None,
) -> Variable:  # fmt: skip
    """y = -mean over the samples of the sum of t log softmax(x) over the classes.   (..., C) (...) or (..., C) -> ()

    x are logits, with the classes along `axis`; y is stable for any finite logits. t are labels 0 .. C - 1 (integers,
    x's shape without that axis), or distributions over the classes (x's shape; one-hot or probabilities). C is at least
    2, because softmax of one logit is 1 whatever it is: `sigmoid_cross_entropy` is the loss of one logit.
    The mean is over all other axes. Samples with the label `ignore_index` contribute nothing and are not counted. With
    no samples the loss is 0. `smoothing` s makes the target (1 - s) t + s / C (Szegedy et al., 2016).
    `weight` (C,) has a number for each class, which multiplies its term of the sum. With labels, the mean divides by
    the sum of the weights of the labels. `reduction="none"` gives the loss of each sample, 0 where it is ignored.

    Raises TypeError if x is not floating-point, or if labels are not integers. Raises ValueError if the shapes do not
    fit, x is empty or has one class, a label is out of range, a target is outside [0, 1], or the smoothing is not in
    [0, 1), and for an unknown reduction.
    """
    name = "softmax_cross_entropy"
    warn_of_probabilities(name, x, Softmax, "give it the logits, to which it applies softmax itself")
    x, t, labels = logits_and_target(name, x, t, axis)
    smoothing = number(f"{name}: smoothing", smoothing, least=0, below=1)
    ignore_index = None if ignore_index is None else whole(f"{name}: ignore_index", ignore_index, *LABEL)
    plain = is_mean(reduction, weight)
    if labels and plain:
        x, t, _ = without(name, x, t, ignore_index)
        f = SoftmaxCrossEntropy(smoothing, "mean")
        return with_room(lambda x: f(x, t), x) if x.dtype.char == "e" else f(x, t)
    if labels:
        return of_labels(name, cross_entropies(smoothing), x, t, ignore_index, reduction, weight)
    if ignore_index is not None:
        raise ValueError(f"{name}: ignore_index must be None where the target is a distribution, not {ignore_index}")
    check_probabilities(f"{name}: a target", t, ": x are the logits, t the probabilities, or labels of integers")
    C, n = x.shape[-1], prod(x.shape[:-1])

    def of_distributions(x: Any, t: Any, w: Any = None) -> Variable:
        t = t * (1 - smoothing) + smoothing / C if smoothing else t
        if plain:
            return -(t * log_softmax(x)).sum() / n
        return -((t if w is None else t * w) * log_softmax(x)).sum(-1)

    if plain:
        return with_room(of_distributions, x, t)
    xs = (x, t) if weight is None else (x, t, weights_for(f"{name}: weight", weight, (C,), x))
    return reduced(name, of_distributions, xs, reduction)


def cross_entropies(smoothing: float) -> Callable[..., Any]:
    """The function (x, t, weights of the classes or None) -> the cross entropy of each sample."""

    def losses(x: Any, t: Any, w: Any) -> Any:
        if w is None:
            return SoftmaxCrossEntropy(smoothing)(x, t)
        found = SoftmaxCrossEntropy(0.0)(x, t) * getitem(w, t)
        if not smoothing:
            return found
        return found * (1 - smoothing) - (log_softmax(x) * w).sum(-1) * (smoothing / x.shape[-1])

    return losses


def nll_loss(
    x: Operand, t: Operand, *, axis: int = -1, ignore_index: int | None = None, reduction: str = "mean",
    weight: Operand = None,
) -> Variable:  # fmt: skip
    """y = -mean over the samples of x[t], x = log p for each class [negative log-likelihood].   (..., C) (...) -> ()

    The classes are along `axis`, and t are labels. The options are those of `softmax_cross_entropy`, which is this loss
    of log_softmax(x), and faster.
    Raises TypeError if x is not floating-point, or if labels are not integers. Raises ValueError if the shapes do not
    fit, x is empty, a label is out of range, and for an unknown reduction.
    """
    warn_of_probabilities("nll_loss", x, Softmax, "give it those of log_softmax, or softmax_cross_entropy the logits")
    x, t, labels = logits_and_target("nll_loss", x, t, axis, least=1)
    if not labels:
        raise ValueError(f"nll_loss takes labels of shape {x.shape[:-1]}, not a distribution of shape {t.shape}")
    ignore_index = None if ignore_index is None else whole("nll_loss: ignore_index", ignore_index, *LABEL)

    def losses(x: Any, t: Any, w: Any) -> Variable:
        rows = namespace(t).arange(t.size)
        found = -getitem(x.reshape(t.size, x.shape[-1]), (rows, t.reshape(-1))).reshape(t.shape)
        return found if w is None else found * getitem(w, t)

    return of_labels("nll_loss", losses, x, t, ignore_index, reduction, weight)


def of_labels(
    name: str, f: Callable[..., Any], x: Any, t: Any, ignore_index: int | None, reduction: str, weight: Operand
) -> Any:
    """The mean, the sum or all of the losses f(x, t, weights of the classes) of samples with labels.   (..., C) (...)

    Those that are ignored are 0, and are not counted by the mean, which divides by the weights of the labels.
    """
    reduction = one_of(f"{name}: reduction", reduction, "mean", "sum", "none")
    xs: tuple[Any, ...] = (x,)
    if weight is not None:
        xs = x, weights_for(f"{name}: weight", weight, (x.shape[-1],), x)
        if xs[1].shape != (x.shape[-1],):
            raise ValueError(
                f"{name}: weight must have a number for each of {x.shape[-1]} classes, not {shown(weight)}"
            )

    def of_all(x: Any, w: Any = None) -> Any:
        kept, labels, ignored = without(name, x, t, ignore_index)
        losses = f(kept, labels, w)
        if reduction == "none":
            return losses if labels.shape == t.shape else AddAt(~ignored, t.shape)(losses)
        if reduction == "sum" or not labels.size:
            return losses.sum()
        return losses.mean() if w is None else losses.sum() / getitem(w, labels).sum()

    return with_room(of_all, *xs)


def without(name: str, x: Any, t: Any, ignore_index: int | None) -> tuple[Any, Any, Any]:
    """The samples whose label is not `ignore_index`, their labels, and where the others are (None: nowhere)."""
    t = as_array(t)
    ignored = None if ignore_index is None else t == ignore_index
    if ignored is not None and ignored.any():
        x, t = getitem(x, ~ignored), t[~ignored]
    check_labels(name, t, x.shape[-1])
    return x, t, ignored


def logits_and_target(name: str, x: Operand, t: Operand, axis: int, least: int = 2) -> tuple[Any, Any, bool]:
    """x and t with at least so many classes on the last axis, and whether t are labels (a distribution otherwise)."""
    check_floating(name, x)
    t = target(f"{name}: the target", t, x)
    if 0 in x.shape or not x.shape:
        raise ValueError(f"{name} takes logits (..., C) with at least one element, not shape {x.shape}")
    k = one_axis(name, x.shape, axis)
    if x.shape[k] < least:
        raise ValueError(
            f"{name} takes logits of at least 2 classes, not 1, shape {x.shape}: softmax of one logit is always 1. "
            "sigmoid_cross_entropy is the loss of one logit"
        )
    samples = x.shape[:k] + x.shape[k + 1 :]
    labels = t.shape == samples
    if not labels and t.shape != x.shape:
        raise ValueError(
            f"{name}: the target of logits {x.shape} must be labels of shape {samples} "
            f"or a distribution of shape {x.shape}, not {t.shape}"
        )
    if labels and t.dtype.kind not in "iu":
        raise TypeError(f"{name}: labels must be integers, not {t.dtype}")
    if not labels and kind_of(t.dtype) != "f":
        t = astype(t, x.dtype)
    if k == len(x.shape) - 1:
        return x, t, labels
    return moveaxis(x, k, -1), t if labels else moveaxis(t, k, -1), labels


def check_labels(name: str, labels: Array, C: int) -> None:
    """Raises ValueError for a label that is not in 0 .. C - 1."""

    def error(label: int) -> ValueError:
        return ValueError(f"{name}: labels must be {within(C)}, as there are {C} classes, not {label}")

    if late.fits(labels):
        late.check_below(labels, C, error)
        return
    wrong = (labels < 0) | (labels >= C)
    if wrong.any():
        raise error(int(labels.reshape(-1)[wrong.reshape(-1)][0]))


class SigmoidCrossEntropy(ElementLoss):
    """y = -mean of t log p + (1 - t) log(1 - p), p = sigmoid(x): max(x, 0) - x t + log(1 + e^-|x|) never overflows."""

    def losses(self, x, t):
        xp = namespace(x, t)
        return xp.maximum(x, 0) - x * t + xp.log1p(xp.exp(-abs(x)))

    def slopes(self, x, t, g):
        return (sigmoid(x) - t) * g, self.needs[1] and -x * g


def sigmoid_cross_entropy(
    x: Operand, t: Operand, *, reduction: str = "mean", weight: Operand = None, pos_weight: Operand = None
) -> Variable:
    """y = -mean of t log sigmoid(x) + (1 - t) log(1 - sigmoid(x)) over all elements; x are logits, t in [0, 1].

    Stable for any finite logits. `pos_weight` multiplies the term of t alone, and is broadcast to x: with the ratio of
    negative samples to positive ones, a rare class counts as much as a frequent one.
    Raises what `mean_squared_error` raises, and ValueError if a target is outside [0, 1].
    """
    name = "sigmoid_cross_entropy"
    warn_of_probabilities(name, x, Sigmoid, "give it the logits, or use binary_cross_entropy")
    x, t = prediction_and_target(name, x, t)
    check_probabilities(f"{name}: t", t)
    if pos_weight is None:
        return of_elements(name, SigmoidCrossEntropy, x, t, reduction, weight)

    def losses(x: Any, t: Any, positive: Any) -> Any:
        return t * positive * softplus(-x) + (1 - t) * softplus(x)

    positive = weights_for(f"{name}: pos_weight", pos_weight, x.shape, x)
    return reduced(name, losses, (x, t, positive), reduction, weight)


class BinaryCrossEntropy(ElementLoss):
    """y = -mean of t log q + (1 - t) log(1 - q), q = p + shift, and shift moves p into [eps, 1 - eps].

    eps is the spacing of floats at 1. The derivative of q in p counts as 1.
    """

    def __init__(self, eps, reduction):
        super().__init__(reduction)
        self.eps = eps

    def losses(self, p, t):
        xp, eps = namespace(p, t), self.eps
        shift = xp.clip(p, eps, 1 - eps) - p
        q = p + shift
        self.save(shift=shift, constant=True)
        return -(t * xp.log(q) + (1 - t) * xp.log(1 - q))

    def slopes(self, p, t, g):
        q = p + self.saved.shift
        return g * (q - t) / (q * (1 - q)), self.needs[1] and g * (log(1 - q) - log(q))


def binary_cross_entropy(p: Operand, t: Operand, *, reduction: str = "mean", weight: Operand = None) -> Variable:
    """y = -mean of t log p + (1 - t) log(1 - p) over all elements; p are probabilities, t in [0, 1].

    p is moved into [eps, 1 - eps] first, so that y and its gradient are finite: eps is the machine epsilon, and
    2^-15 in float16.
    The derivative of that move counts as 1: a p at 0 is not stuck there. Use `sigmoid_cross_entropy` for logits.
    Raises what `mean_squared_error` raises, and ValueError if p or t is outside [0, 1] by more than rounding.
    """
    p, t = prediction_and_target("binary_cross_entropy", p, t)
    logits = ": are these logits? Apply sigmoid, or use sigmoid_cross_entropy"
    check_probabilities("binary_cross_entropy: p", p, logits, nan=True)
    check_probabilities("binary_cross_entropy: t", t)
    eps = 2**-15 if p.dtype.char == "e" else float(finfo(p.dtype).eps)  # float16 holds 1 / eps
    return of_elements("binary_cross_entropy", partial(BinaryCrossEntropy, eps), p, t, reduction, weight)


class Divergence(Function):
    """y = p log(p / q), and 0 where p is 0"""

    alike = 0

    def forward(self, p, q):
        self.save(**self.recompute(p, q))
        with np.errstate(invalid="ignore"):  # 0 log 0
            return namespace(p, q).where(p == 0, 0, p * self.saved.ratio)

    def recompute(self, p, q):
        with np.errstate(divide="ignore", invalid="ignore"):
            return {"ratio": log(p) - log(q)}

    def backward(self, gy):
        (p, q), ratio = self.inputs, self.saved.ratio
        needs_p, needs_q = self.needs
        return needs_p and gy * (ratio + 1), needs_q and -gy * (p / (q + ((p == 0) & (q == 0))))


def kl_divergence(p: Operand, q: Operand, *, reduction: str = "mean", weight: Operand = None) -> Variable:
    """y = sum of p log(p / q) over the last axis, mean over the others: how far q is from the distribution p.

    Both are probabilities, and are not normalized here. 0 log 0 = 0; where q is 0 and p is not, y is infinite.
    The gradient in p is -inf where p alone is 0, and nan where both are.
    PyTorch calls it kl_div(log q, p, reduction="batchmean"), for matrices. `reduction="none"` gives a divergence for
    each distribution, and a weight is broadcast to these.
    Raises what `mean_squared_error` raises, and ValueError if p or q is outside [0, 1] by more than rounding.
    """
    p, q = prediction_and_target("kl_divergence", p, q)
    for name, x in (("p", p), ("q", q)):
        remedy = ": are these logits, or logarithms? Apply softmax, or exp"
        check_probabilities(f"kl_divergence: {name}", x, remedy, nan=True)
    if not p.shape:
        raise ValueError("kl_divergence takes distributions (..., C), not single numbers")
    if is_mean(reduction, weight):  # one sum in the place of a sum and a mean
        return with_room(lambda p, q: Divergence()(p, q).sum() / prod(p.shape[:-1]), p, q)
    shape = p.shape[:-1]
    return reduced("kl_divergence", lambda p, q: Divergence()(p, q).sum(-1), (p, q), reduction, weight, shape)
