"""Losses with a margin: nothing to pay beyond it. They train classifiers that need no probabilities.

Targets are 1 or -1, or labels of classes. max(0, z) has the gradient 1/2 at z = 0, as `maximum` has for equal operands.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.algebra import Operand, as_array, getitem
from autograd.backend import namespace
from autograd.checks import number, whole
from autograd.functions.activation import softplus
from autograd.functions.arithmetic import masked, maximum
from autograd.functions.loss import (
    SigmoidCrossEntropy,
    check_labels,
    check_probabilities,
    logits_and_target,
    prediction_and_target,
    reduced,
    weights_for,
)
from autograd.functions.similarity import reals, signs
from autograd.variable import Variable

__all__ = [
    "hinge_embedding_loss", "hinge_loss", "margin_ranking_loss", "multi_margin_loss", "multilabel_margin_loss",
    "multilabel_soft_margin_loss", "soft_margin_loss",
]  # fmt: skip


def signed(name: str, x: Operand, t: Operand) -> tuple[Any, Any]:
    """x and t of one shape, t of 1 and -1. Raises what `mean_squared_error` raises, ValueError for other targets."""
    x, t = prediction_and_target(name, x, t)
    return x, signs(name, t, x)


def hinge_loss(
    x: Operand, t: Operand, margin: float = 1.0, *, reduction: str = "mean", weight: Operand = None
) -> Variable:
    """y = mean of max(0, margin - t x); t is 1 or -1, the side on which the score x should be.

    The loss of a support vector machine (Cortes and Vapnik, 1995), and of the discriminator of many GANs.
    Raises what `mean_squared_error` raises, and ValueError if a target is neither 1 nor -1.
    """
    x, t = signed("hinge_loss", x, t)
    margin = number("hinge_loss: margin", margin)
    return reduced("hinge_loss", lambda x, t: maximum(margin - t * x, 0), (x, t), reduction, weight)


def hinge_embedding_loss(
    x: Operand, t: Operand, margin: float = 1.0, *, reduction: str = "mean", weight: Operand = None
) -> Variable:
    """y = mean of x where t = 1, max(0, margin - x) where t = -1; x are distances of pairs that belong together or not.

    Raises what `mean_squared_error` raises, and ValueError if a target is neither 1 nor -1.
    """
    x, t = signed("hinge_embedding_loss", x, t)
    margin = number("hinge_embedding_loss: margin", margin)
    together = as_array(t) > 0

    def losses(x: Any) -> Any:
        return masked(x, together) + masked(maximum(margin - x, 0), ~together)

    return reduced("hinge_embedding_loss", losses, (x,), reduction, weight)


def soft_margin_loss(x: Operand, t: Operand, *, reduction: str = "mean", weight: Operand = None) -> Variable:
    """y = mean of log(1 + e^(-t x)); t is 1 or -1. It is `sigmoid_cross_entropy` with these targets for 1 and 0.

    Raises what `mean_squared_error` raises, and ValueError if a target is neither 1 nor -1.
    """
    x, t = signed("soft_margin_loss", x, t)
    return reduced("soft_margin_loss", lambda x, t: softplus(-t * x), (x, t), reduction, weight)


def margin_ranking_loss(
    x0: Operand, x1: Operand, t: Operand, margin: float = 0.0, *, reduction: str = "mean", weight: Operand = None
) -> Variable:
    """y = mean of max(0, margin - t (x0 - x1)): x0 is ranked above x1 where t = 1, and below where t = -1.

    All three are broadcast. Raises TypeError if x0 is not of real numbers. Raises ValueError if the shapes do not
    broadcast, a target is neither 1 nor -1, and for an unknown reduction.
    """
    name = "margin_ranking_loss"
    x0, x1 = reals(name, x0, x1)
    margin = number(f"{name}: margin", margin)
    x0, x1, t = reals(name, x0, x1, signs(name, t, x0))
    shape = np.broadcast_shapes(x0.shape, x1.shape, t.shape)
    if 0 in shape:
        raise ValueError(f"{name} takes at least one element, not shapes {x0.shape} and {x1.shape}")

    def losses(x0: Any, x1: Any, t: Any) -> Any:
        return maximum(margin - t * (x0 - x1), 0)

    return reduced(name, losses, (x0, x1, t), reduction, weight, shape)


def multi_margin_loss(
    x: Operand, t: Operand, p: int = 1, margin: float = 1.0, *, reduction: str = "mean", weight: Operand = None
) -> Variable:
    """y = mean over the samples of 1/C sum over j != t of max(0, margin - x[t] + x[j])^p.   (..., C) (...) -> ()

    t are labels: the score of the right class is above all others by the margin. p is 1 or 2. `weight` (C,) has a
    number for each class, which multiplies the losses of its samples.
    Raises TypeError if x is not floating-point, or if labels are not integers. Raises ValueError if the shapes do not
    fit, a label is out of range, p is neither 1 nor 2, and for an unknown reduction. Source: Crammer and Singer, 2001.
    """
    name = "multi_margin_loss"
    x, t, labels = logits_and_target(name, x, t, -1)
    if not labels:
        raise ValueError(f"{name} takes labels of shape {x.shape[:-1]}, not {t.shape}")
    t = as_array(t)
    check_labels(name, t, C := x.shape[-1])
    margin, p = number(f"{name}: margin", margin), whole(f"{name}: p", p, 1, 2)
    others = namespace(t).arange(C) != t[..., None]
    xs = (x,) if weight is None else (x, weights_for(f"{name}: weight", weight, (C,), x))

    def losses(x: Any, w: Any = None) -> Any:
        rows = x.reshape(t.size, C)
        right = getitem(rows, (namespace(t).arange(t.size), t.reshape(-1))).reshape((*t.shape, 1))
        z = masked(maximum(margin - right + x, 0), others)
        found = (z if p == 1 else z * z).mean(-1)
        return found if w is None else found * getitem(w, t)

    return reduced(name, losses, xs, reduction)


def multilabel_soft_margin_loss(x: Operand, t: Operand, *, reduction: str = "mean", weight: Operand = None) -> Variable:
    """y = -mean of t log sigmoid(x) + (1 - t) log(1 - sigmoid(x)), over the classes and then over the samples.

    (..., C) (..., C) -> (), with t in [0, 1]: a sample may belong to several classes. `weight` (C,) multiplies the
    terms of each class; `reduction="none"` gives the loss of each sample.
    Raises what `sigmoid_cross_entropy` raises, and ValueError for a single number.
    """
    name = "multilabel_soft_margin_loss"
    x, t = prediction_and_target(name, x, t)
    if not x.shape:
        raise ValueError(f"{name} takes logits (..., C), not a single number")
    check_probabilities(f"{name}: t", t)
    xs = (x, t) if weight is None else (x, t, weights_for(f"{name}: weight", weight, x.shape, x))

    def losses(x: Any, t: Any, w: Any = None) -> Any:
        terms = SigmoidCrossEntropy("none")(x, t)
        return (terms if w is None else terms * w).mean(-1)

    return reduced(name, losses, xs, reduction)


def multilabel_margin_loss(x: Operand, t: Operand, *, reduction: str = "mean") -> Variable:
    """y = mean over the samples of 1/C sum over i in T, j not in T of max(0, 1 - x[i] + x[j])

    (..., C) (..., C) -> (): T are the classes of the sample, where t is 1; elsewhere t is 0. Each of their scores is to
    be above all others by 1.
    Raises what `mean_squared_error` raises, and ValueError for a single number or if a target is neither 0 nor 1.
    """
    name = "multilabel_margin_loss"
    x, t = prediction_and_target(name, x, t)
    if not x.shape:
        raise ValueError(f"{name} takes scores (..., C), not a single number")
    belongs = as_array(t) > 0
    if ((as_array(t) != 1) & belongs | (as_array(t) < 0)).any():
        raise ValueError(f"{name}: targets must be 0 or 1, a number for each class")
    others = belongs[..., :, None] & ~belongs[..., None, :]

    def losses(x: Any) -> Any:
        z = maximum(1 - getitem(x, (..., slice(None), None)) + getitem(x, (..., None, slice(None))), 0)
        return masked(z, others).sum((-2, -1)) / x.shape[-1]

    return reduced(name, losses, (x,), reduction)
