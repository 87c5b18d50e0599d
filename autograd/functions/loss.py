"""Losses: one number that says how far a prediction is from its target.

Every loss is a mean: over all elements, or of the cross entropies of the samples (all axes but the axis of classes).
Prediction and target must have the same shape; nothing is broadcast.
"""

from __future__ import annotations

from math import inf, prod
from typing import Any

import numpy as np

from autograd.algebra import Operand, array_like, as_array, astype, getitem
from autograd.backend import Array, as_numbers, namespace
from autograd.checks import number, shown, whole
from autograd.constants import check_real
from autograd.function import Function, Tracked
from autograd.functions.activation import log_softmax, sigmoid, softmax
from autograd.functions.arithmetic import Clip, limited
from autograd.functions.elementwise import log
from autograd.functions.operands import LABEL, with_room
from autograd.functions.shape import moveaxis
from autograd.shapes import one_axis

__all__ = [
    "binary_cross_entropy", "huber_loss", "kl_divergence", "mean_absolute_error", "mean_squared_error",
    "sigmoid_cross_entropy", "softmax_cross_entropy",
]  # fmt: skip


SLACK = 1e-3  # so much may a probability be outside [0, 1]: by rounding, in float16 too, or by a step of a difference


def check_floating(name: str, x: Operand) -> None:
    """Raises TypeError unless the prediction x is a Variable or an array of floating-point numbers."""
    if not hasattr(x, "dtype") or x.dtype.kind != "f":
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
    t = target(name, t, x)
    if x.shape != t.shape:
        raise ValueError(f"{name} takes a prediction and a target of the same shape, not {x.shape} and {t.shape}")
    if 0 in x.shape:
        raise ValueError(f"{name} takes at least one element, not shape {x.shape}")
    return x, t if t.dtype.kind == "f" else astype(t, x.dtype)


def target(name: str, t: Operand, x: Operand) -> Any:
    """t as a Variable or an array beside x; a number or a list of numbers becomes an array. TypeError for the rest."""
    if not hasattr(t, "dtype"):
        try:
            t = array_like(x, t)  # a list of Variables becomes one
            if not isinstance(t, Tracked):
                t = as_numbers(t)
                t = namespace(as_array(x)).asarray(t, dtype=x.dtype if t.dtype.kind == "f" else t.dtype)
        except (TypeError, ValueError) as error:
            raise TypeError(f"{name} takes a target of numbers, not {shown(t)}") from error
    if t.dtype.kind not in "fiub":
        raise TypeError(f"{name} takes a target of real numbers, not {t.dtype}: {shown(t)}")
    check_real(name, as_array(t))
    return t


class MeanSquaredError(Function):
    """y = mean of (x - t)^2"""

    alike = 0

    def forward(self, x, t):
        d = x - t
        return (d * d).mean()

    def backward(self, gy):
        x, t = self.inputs
        _, needs_t = self.needs
        gx = (x - t) * (gy * (2 / x.size))
        return gx, needs_t and -gx


def mean_squared_error(x: Operand, t: Operand) -> Any:
    """y = mean of (x - t)^2 over all elements: the sum of squares divided by x.size, not by the batch.

    Raises TypeError if x is not floating-point, ValueError if the shapes differ or are empty.
    """
    return with_room(MeanSquaredError(), *prediction_and_target("mean_squared_error", x, t))


class MeanAbsoluteError(Function):
    """y = mean of |d|, d = x - t; the derivative in d is sign(d) / n."""

    alike = 0

    def forward(self, x, t):
        d = x - t
        self.save(sign=namespace(d).sign(d), constant=True)
        return abs(d).mean()

    def backward(self, gy):
        sign = self.saved.sign
        _, needs_t = self.needs
        gx = sign * (gy * (1 / sign.size))
        return gx, needs_t and -gx


def mean_absolute_error(x: Operand, t: Operand) -> Any:
    """y = mean of |x - t| over all elements. The derivative where x = t is taken as 0.

    Raises TypeError if x is not floating-point, ValueError if the shapes differ or are empty.
    """
    return with_room(MeanAbsoluteError(), *prediction_and_target("mean_absolute_error", x, t))


class HuberLoss(Function):
    """y = mean of c (d - c / 2), d = x - t, c = d clipped to [-delta, delta]; the derivative in d is c / n."""

    alike = 0

    def __init__(self, delta):
        self.delta = delta

    def forward(self, x, t):
        d = x - t
        c = limited(d, -self.delta, self.delta)
        return (c * (d - c / 2)).mean()

    def backward(self, gy):
        x, t = self.inputs
        _, needs_t = self.needs
        c = Clip(-self.delta, self.delta)(x - t)
        gx = c * (gy * (1 / x.size))
        return gx, needs_t and -gx


def huber_loss(x: Operand, t: Operand, delta: float = 1.0) -> Any:
    """y = mean over all elements of d^2 / 2 where |d| <= delta, delta (|d| - delta / 2) elsewhere; d = x - t.

    A square near 0 and a straight line far out, so that single wild targets pull less. Source: Huber, 1964.
    Raises TypeError if x is not floating-point, ValueError if the shapes differ or are empty, or unless delta > 0.
    """
    delta = number("huber_loss: delta", delta, above=0, finite=False)
    x, t = prediction_and_target("huber_loss", x, t)
    if delta == inf:  # inf - inf is nan
        return with_room(MeanSquaredError(), x, t) * 0.5
    return with_room(HuberLoss(delta), x, t)


class SoftmaxCrossEntropy(Function):
    """y = -1/n sum of target log softmax(x).   (..., C) (...) -> ();   gx = (softmax(x) - target) gy / n

    n is the number of labels t. With smoothing s the target is (1 - s) one-hot(t) + s / C. With no samples (all
    ignored) the loss is 0.
    """

    def __init__(self, smoothing):
        self.smoothing = smoothing

    def forward(self, x, t):
        xp, C, s = namespace(x, t), x.shape[-1], self.smoothing
        rows, labels = x.reshape(-1, C), t.reshape(-1)
        chosen = xp.arange(labels.size), labels
        y = rows - rows.max(1, keepdims=True)
        losses = y[chosen] * (s - 1)
        if s:
            losses -= y.sum(1) * (s / C)
        xp.exp(y, out=y)
        sums = y @ xp.ones(C, y.dtype)  # a product: BLAS adds several times as fast as a sum
        losses += xp.log(sums)
        y /= sums.reshape(-1, 1)
        y[chosen] -= 1 - s
        if s:
            y -= s / C
        self.save(residual=y.reshape(x.shape))
        return losses.sum() / max(labels.size, 1)

    def recompute(self, x, t):
        xp, C, s = namespace(as_array(x)), x.shape[-1], self.smoothing
        target = xp.full((t.size, C), s / C, x.dtype)
        target[xp.arange(t.size), t.reshape(-1)] += 1 - s
        return {"residual": softmax(x) - target.reshape(x.shape)}

    def backward(self, gy):
        residual = self.saved.residual  # softmax(x) - target
        n = max(prod(residual.shape[:-1]), 1)
        return residual * (gy * (1 / n)), None


def softmax_cross_entropy(
    x: Operand, t: Operand, *, axis: int = -1, ignore_index: int | None = None, smoothing: float = 0.0
) -> Any:
    """y = -mean over the samples of the sum of t log softmax(x) over the classes.   (..., C) (...) or (..., C) -> ()

    x are logits, with the classes along `axis`; y is stable for any finite logits. t are labels 0 .. C - 1 (integers,
    x's shape without that axis), or distributions over the classes (x's shape; one-hot or probabilities). C is at least
    2, because softmax of one logit is 1 whatever it is: `sigmoid_cross_entropy` is the loss of one logit.
    The mean is over all other axes. Samples with the label `ignore_index` contribute nothing and are not counted. With
    no samples the loss is 0. `smoothing` s makes the target (1 - s) t + s / C (Szegedy et al., 2016).

    Raises TypeError if x is not floating-point, or if labels are not integers. Raises ValueError if the shapes do not
    fit, x is empty or has one class, a label is out of range, a target is outside [0, 1], or the smoothing is not in
    [0, 1).
    """
    name = "softmax_cross_entropy"
    x, t, labels = logits_and_target(name, x, t, axis)
    smoothing = number(f"{name}: smoothing", smoothing, least=0, below=1)
    ignore_index = None if ignore_index is None else whole(f"{name}: ignore_index", ignore_index, *LABEL)
    if labels:
        if ignore_index is not None and (ignored := as_array(t) == ignore_index).any():
            x, t = getitem(x, ~ignored), as_array(t)[~ignored]
        check_labels(name, as_array(t), x.shape[-1])
        f = SoftmaxCrossEntropy(smoothing)
        return with_room(lambda x: f(x, t), x) if x.dtype.char == "e" else f(x, t)
    if ignore_index is not None:
        raise ValueError(f"{name}: ignore_index must be None where the target is a distribution, not {ignore_index}")
    check_probabilities(f"{name}: a target", t, ": x are the logits, t the probabilities, or labels of integers")
    C, n = x.shape[-1], prod(x.shape[:-1])

    def of_distributions(x: Any, t: Any) -> Any:
        t = t * (1 - smoothing) + smoothing / C if smoothing else t
        return -(t * log_softmax(x)).sum() / n

    return with_room(of_distributions, x, t)


def logits_and_target(name: str, x: Operand, t: Operand, axis: int) -> tuple[Any, Any, bool]:
    """x and t with the classes on the last axis, and whether t are labels (a distribution otherwise)."""
    check_floating(name, x)
    t = target(name, t, x)
    if 0 in x.shape or not x.shape:
        raise ValueError(f"{name} takes logits (..., C) with at least one element, not shape {x.shape}")
    k = one_axis(name, x.shape, axis)
    if x.shape[k] == 1:
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
    if not labels and t.dtype.kind != "f":
        t = astype(t, x.dtype)
    if k == len(x.shape) - 1:
        return x, t, labels
    return moveaxis(x, k, -1), t if labels else moveaxis(t, k, -1), labels


def check_labels(name: str, labels: Array, C: int) -> None:
    """Raises ValueError for a label that is not in 0 .. C - 1."""
    wrong = (labels < 0) | (labels >= C)
    if wrong.any():
        label = int(labels.reshape(-1)[wrong.reshape(-1)][0])
        raise ValueError(f"{name}: labels must be in 0 .. {C - 1}, as there are {C} classes, not {label}")


class SigmoidCrossEntropy(Function):
    """y = -mean of t log p + (1 - t) log(1 - p), p = sigmoid(x): max(x, 0) - x t + log(1 + e^-|x|) never overflows."""

    alike = 0

    def forward(self, x, t):
        xp = namespace(x, t)
        return (xp.maximum(x, 0) - x * t + xp.log1p(xp.exp(-abs(x)))).mean()

    def backward(self, gy):
        x, t = self.inputs
        _, needs_t = self.needs
        g = gy * (1 / x.size)
        return (sigmoid(x) - t) * g, needs_t and -x * g


def sigmoid_cross_entropy(x: Operand, t: Operand) -> Any:
    """y = -mean of t log sigmoid(x) + (1 - t) log(1 - sigmoid(x)) over all elements; x are logits, t in [0, 1].

    Stable for any finite logits. Raises TypeError if x is not floating-point, ValueError if the shapes differ or are
    empty, or if a target is outside [0, 1].
    """
    x, t = prediction_and_target("sigmoid_cross_entropy", x, t)
    check_probabilities("sigmoid_cross_entropy: t", t)
    return with_room(SigmoidCrossEntropy(), x, t)


class BinaryCrossEntropy(Function):
    """y = -mean of t log q + (1 - t) log(1 - q), q = p + shift, and shift moves p into [eps, 1 - eps].

    eps is the spacing of floats at 1. The derivative of q in p counts as 1.
    """

    alike = 0

    def __init__(self, eps):
        self.eps = eps

    def forward(self, p, t):
        xp, eps = namespace(p, t), self.eps
        shift = xp.clip(p, eps, 1 - eps) - p
        q = p + shift
        self.save(shift=shift, constant=True)
        return -(t * xp.log(q) + (1 - t) * xp.log(1 - q)).mean()

    def backward(self, gy):
        p, t = self.inputs
        _, needs_t = self.needs
        q = p + self.saved.shift
        g = gy * (1 / p.size)
        return g * (q - t) / (q * (1 - q)), needs_t and g * (log(1 - q) - log(q))


def binary_cross_entropy(p: Operand, t: Operand) -> Any:
    """y = -mean of t log p + (1 - t) log(1 - p) over all elements; p are probabilities, t in [0, 1].

    p is moved into [eps, 1 - eps] first, so that y and its gradient are finite: eps is the machine epsilon, and
    2^-15 in float16.
    The derivative of that move counts as 1: a p at 0 is not stuck there. Use `sigmoid_cross_entropy` for logits.
    Raises TypeError if p is not floating-point, ValueError if the shapes differ or are empty, or if p or t is outside
    [0, 1] by more than rounding.
    """
    p, t = prediction_and_target("binary_cross_entropy", p, t)
    logits = ": are these logits? Apply sigmoid, or use sigmoid_cross_entropy"
    check_probabilities("binary_cross_entropy: p", p, logits, nan=True)
    check_probabilities("binary_cross_entropy: t", t)
    eps = 2**-15 if p.dtype.char == "e" else float(np.finfo(p.dtype).eps)  # float16 holds 1 / eps
    return with_room(BinaryCrossEntropy(eps), p, t)


def kl_divergence(p: Operand, q: Operand) -> Any:
    """y = sum of p log(p / q) over the last axis, mean over the others: how far q is from the distribution p.

    Both are probabilities, and are not normalized here. 0 log 0 = 0; where q is 0 and p is not, y is infinite.
    PyTorch calls it kl_div(log q, p, reduction="batchmean"), for matrices.
    Raises TypeError if p is not floating-point, ValueError if the shapes differ or are empty, or if p or q is outside
    [0, 1] by more than rounding.
    """
    p, q = prediction_and_target("kl_divergence", p, q)
    for name, x in (("p", p), ("q", q)):
        remedy = ": are these logits, or logarithms? Apply softmax, or exp"
        check_probabilities(f"kl_divergence: {name}", x, remedy, nan=True)
    if not p.shape:
        raise ValueError("kl_divergence takes distributions (..., C), not single numbers")
    zero, n = as_array(p) == 0, prod(p.shape[:-1])
    return with_room(lambda p, q: (p * (log(p + zero) - log(q + zero))).sum() / n, p, q)
