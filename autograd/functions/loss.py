"""Losses: one number that says how far a prediction is from its target.

Every loss is a mean: of errors over all elements, of the cross entropies of classes over the samples (all axes but
that of the classes). Prediction and target must have the same shape; nothing is broadcast.
"""

from __future__ import annotations

from math import prod
from typing import Any

from autograd.backend import Array, namespace
from autograd.core import Function, Operand, Variable, as_array, astype, getitem
from autograd.functions.activation import log_softmax, sigmoid, softmax
from autograd.functions.elementwise import log
from autograd.functions.shape import moveaxis
from autograd.shapes import axes_of


def checked(name: str, x: Operand, t: Operand) -> tuple[Any, Any]:
    """Prediction and target of one shape, with elements; integers and numbers among them in the dtype of the other.

    Raises:
        TypeError: the prediction is not floating-point.
        ValueError: the shapes differ, or there is nothing to take a mean of.
    """
    if not hasattr(x, "dtype") or x.dtype.kind != "f":
        raise TypeError(f"{name}: the prediction must be floating-point, not {getattr(x, 'dtype', type(x).__name__)}")
    if not hasattr(t, "dtype"):
        t = namespace(as_array(x)).asarray(t, dtype=x.dtype)
    if x.shape != t.shape:
        raise ValueError(f"{name}: prediction {x.shape} and target {t.shape} must have the same shape")
    if 0 in x.shape:
        raise ValueError(f"{name}: the mean over no elements, shape {x.shape}, is undefined")
    return x, t if t.dtype.kind == "f" else astype(t, x.dtype)


class MeanSquaredError(Function):
    """y = mean of (x - t)^2"""

    def forward(self, x, t):
        d = x - t
        return (d * d).mean()

    def backward(self, gy):
        x, t = self.inputs
        gx = (x - t) * (gy * (2 / x.size))
        return gx, self.parents[1] and -gx


class MeanAbsoluteError(Function):
    """y = mean of |x - t|"""

    def forward(self, x, t):
        d = x - t
        self.slope = namespace(d).sign(d)
        self.n = d.size
        return abs(d).mean()

    def backward(self, gy):
        gx = self.slope * (gy * (1 / self.n))
        return gx, self.parents[1] and -gx


class HuberLoss(Function):
    """y = mean of c (d - c / 2), d = x - t, and c is d clipped to [-delta, delta]; the derivative in d is c."""

    def __init__(self, delta):
        self.delta = delta

    def forward(self, x, t):
        xp, d = namespace(x, t), x - t
        self.inside = abs(d) <= self.delta
        self.edge = xp.sign(d) * self.delta * ~self.inside
        c = d * self.inside + self.edge
        return (c * (d - c / 2)).mean()

    def backward(self, gy):
        x, t = self.inputs
        gx = ((x - t) * self.inside + self.edge) * (gy * (1 / x.size))
        return gx, self.parents[1] and -gx


class SoftmaxCrossEntropy(Function):
    """y = -mean of log softmax(x)[label].   (..., C) (...) -> ();   gradient: (softmax(x) - target) / n

    The target is one-hot, or with smoothing s: (1 - s) one-hot + s / C. Of no samples it is 0.
    """

    def __init__(self, smoothing):
        self.smoothing = smoothing

    def forward(self, x, t):
        xp, C, s = namespace(x, t), x.shape[-1], self.smoothing
        rows, labels = x.reshape(-1, C), t.reshape(-1)
        self.n = max(labels.size, 1)
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
        self.residual = y.reshape(x.shape)
        return losses.sum() / self.n

    def backward(self, gy):
        x, _ = self.inputs
        residual = self.residual
        if isinstance(x, Variable):
            y = softmax(x)
            residual = residual + (y - as_array(y))  # adds 0, and the derivative
        return residual * (gy * (1 / self.n)), None


class SigmoidCrossEntropy(Function):
    """y = -mean of t log p + (1 - t) log(1 - p), p = sigmoid(x): max(x, 0) - x t + log(1 + e^-|x|) never overflows."""

    def forward(self, x, t):
        xp = namespace(x, t)
        return (xp.maximum(x, 0) - x * t + xp.log1p(xp.exp(-abs(x)))).mean()

    def backward(self, gy):
        x, t = self.inputs
        g = gy * (1 / x.size)
        return (sigmoid(x) - t) * g, self.parents[1] and -x * g


class BinaryCrossEntropy(Function):
    """y = -mean of t log q + (1 - t) log(1 - q), q = p moved into [eps, 1 - eps], eps the spacing of floats at 1."""

    def forward(self, p, t):
        xp = namespace(p, t)
        eps = float(xp.finfo(p.dtype).eps)
        self.shift = xp.clip(p, eps, 1 - eps) - p
        q = p + self.shift
        return -(t * xp.log(q) + (1 - t) * xp.log(1 - q)).mean()

    def backward(self, gy):
        p, t = self.inputs
        q = p + self.shift
        g = gy * (1 / p.size)
        return g * (q - t) / (q * (1 - q)), self.parents[1] and g * (log(1 - q) - log(q))


def mean_squared_error(x: Operand, t: Operand) -> Any:
    """y = mean of (x - t)^2 over all elements: the sum of squares divided by x.size, not by the batch.

    Raises TypeError if x is not floating-point, ValueError if the shapes differ or are empty.
    """
    return MeanSquaredError()(*checked("mean_squared_error", x, t))


def mean_absolute_error(x: Operand, t: Operand) -> Any:
    """y = mean of |x - t| over all elements. The derivative where x = t is taken as 0.

    Raises TypeError if x is not floating-point, ValueError if the shapes differ or are empty.
    """
    return MeanAbsoluteError()(*checked("mean_absolute_error", x, t))


def huber_loss(x: Operand, t: Operand, delta: float = 1.0) -> Any:
    """y = mean over all elements of d^2 / 2 where |d| <= delta, delta (|d| - delta / 2) elsewhere; d = x - t.

    Squares near 0, straight lines far out: single wild targets pull less. Source: Huber, 1964.
    Raises TypeError if x is not floating-point, ValueError if the shapes differ or are empty, or delta is not positive.
    """
    if not delta > 0:
        raise ValueError(f"huber_loss: delta must be positive, not {delta}")
    return HuberLoss(delta)(*checked("huber_loss", x, t))


def softmax_cross_entropy(
    x: Operand, t: Operand, *, axis: int = -1, ignore_index: int | None = None, smoothing: float = 0.0
) -> Any:
    """y = -mean over the samples of the sum of t log softmax(x) over the classes.   (..., C) (...) or (..., C) -> ()

    x are logits, with the classes along `axis`. t are labels 0 .. C - 1 (integers, x's shape without that axis),
    or distributions over the classes (in the shape of x: one-hot or probabilities). The mean is over all other axes.
    Samples with the label `ignore_index` contribute nothing and are not counted; if all are ignored, y is 0.
    `smoothing` s makes the target (1 - s) t + s / C (Szegedy et al., 2016). Stable for any finite logits.

    Raises:
        TypeError: x is not floating-point; t has the shape of labels, but is not of integers.
        ValueError: shapes that do not fit, an empty x, a label out of range, a smoothing outside [0, 1).
    """
    x, t, labels = logits_and_target(x, t, axis)
    if not 0 <= smoothing < 1:
        raise ValueError(f"softmax_cross_entropy: smoothing must be in [0, 1), not {smoothing}")
    if labels:
        if ignore_index is not None and (ignored := as_array(t) == ignore_index).any():
            x, t = getitem(x, ~ignored), as_array(t)[~ignored]
        check_labels("softmax_cross_entropy", as_array(t), x.shape[-1])
        return SoftmaxCrossEntropy(smoothing)(x, t)
    if ignore_index is not None:
        raise ValueError("softmax_cross_entropy: ignore_index goes with labels, not with distributions")
    t = t * (1 - smoothing) + smoothing / x.shape[-1] if smoothing else t
    return -(t * log_softmax(x)).sum() / prod(x.shape[:-1])


def logits_and_target(x: Operand, t: Operand, axis: int) -> tuple[Any, Any, bool]:
    """x and t with the classes on the last axis, and whether t are labels (a distribution otherwise)."""
    if not hasattr(x, "dtype") or x.dtype.kind != "f":
        raise TypeError(f"softmax_cross_entropy: x must be floating-point, not {getattr(x, 'dtype', type(x).__name__)}")
    t = t if hasattr(t, "dtype") else namespace(as_array(x)).asarray(t)
    if 0 in x.shape or not x.shape:
        raise ValueError(f"softmax_cross_entropy takes logits (..., C) with at least one element, not {x.shape}")
    (k,) = axes_of(x.shape, axis)
    labels = t.shape == x.shape[:k] + x.shape[k + 1 :]
    if not labels and t.shape != x.shape:
        raise ValueError(
            f"softmax_cross_entropy: the target of logits {x.shape} must be labels of shape "
            f"{x.shape[:k] + x.shape[k + 1 :]} or a distribution of shape {x.shape}, not {t.shape}"
        )
    if labels and t.dtype.kind not in "iu":
        raise TypeError(f"softmax_cross_entropy: labels must be integers, not {t.dtype}")
    if not labels and t.dtype.kind != "f":
        t = astype(t, x.dtype)
    if k == len(x.shape) - 1:
        return x, t, labels
    return moveaxis(x, k, -1), t if labels else moveaxis(t, k, -1), labels


def check_labels(name: str, labels: Array, classes: int) -> None:
    """Raises ValueError for a label that is not in 0 .. classes - 1."""
    wrong = (labels < 0) | (labels >= classes)
    if wrong.any():
        label = int(labels.reshape(-1)[wrong.reshape(-1)][0])
        raise ValueError(f"{name}: label {label} is out of range for {classes} classes, 0 to {classes - 1}")


def sigmoid_cross_entropy(x: Operand, t: Operand) -> Any:
    """y = -mean of t log sigmoid(x) + (1 - t) log(1 - sigmoid(x)) over all elements; x are logits, t in [0, 1].

    Stable for any finite logits.
    Raises TypeError if x is not floating-point, ValueError if the shapes differ or are empty.
    """
    return SigmoidCrossEntropy()(*checked("sigmoid_cross_entropy", x, t))


def binary_cross_entropy(p: Operand, t: Operand) -> Any:
    """y = -mean of t log p + (1 - t) log(1 - p) over all elements; p are probabilities, t in [0, 1].

    p is moved into [eps, 1 - eps] first, eps the machine epsilon of its dtype, so that y and its gradient are finite;
    the gradient passes as if p lay there, so that it is not stuck at 0. From logits, `sigmoid_cross_entropy` is exact.
    Raises TypeError if p is not floating-point, ValueError if the shapes differ or are empty.
    """
    return BinaryCrossEntropy()(*checked("binary_cross_entropy", p, t))


def kl_divergence(p: Operand, q: Operand) -> Any:
    """y = sum of p log(p / q) over the last axis, mean over the others: how far q is from the distribution p.

    Both are probabilities, and taken as they are: nothing is normalized. 0 log 0 = 0; where q is 0 and p is not, y is
    infinite. In PyTorch this is kl_div(log q, p, reduction="batchmean") of matrices.
    Raises TypeError if p is not floating-point, ValueError if the shapes differ or are empty.
    """
    p, q = checked("kl_divergence", p, q)
    if not p.shape:
        raise ValueError("kl_divergence takes distributions (..., C), not single numbers")
    zero = as_array(p) == 0
    return (p * (log(p + zero) - log(q + zero))).sum() / prod(p.shape[:-1])
