"""Connectionist temporal classification: the loss of a sequence whose labels are known, but not when each one is said.

A network says a class for each of T steps, one of them the blank. Steps are read by merging equal neighbours and then
dropping blanks: `a a - a b b` reads `a a b`. The loss is -ln of the probability of all ways to say the labels.

The ways go through the extended labels, `- a - a - b -`: a step stays, goes on by one place, or skips a blank between
two different labels. alpha[s] is the logarithm of the probability of being at place s, having said all before.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.algebra import Operand, as_array, getitem
from autograd.backend import Array, as_numbers, namespace, to_numpy
from autograd.bfloat16 import kind_of
from autograd.checks import shown, whole
from autograd.functions.activation import log_softmax
from autograd.functions.arithmetic import where
from autograd.functions.operands import operand, steps_within, with_room
from autograd.functions.reduction import logsumexp
from autograd.functions.shape import concat, split, stack
from autograd.variable import Variable

__all__ = ["ctc_loss"]

NEVER = -1e30  # the logarithm of a probability of 0, with which one can compute


def ctc_loss(x: Operand, t: Operand, *, lengths: Any = None, target_lengths: Any = None, blank: int = 0) -> Variable:
    """y = -mean over the samples of ln p(t | x).   (N, T, C) (N, L) -> ()

    x are logits of C classes in T steps, t labels 0 .. C - 1 without the `blank`. `lengths` (N,) are the numbers of
    steps and `target_lengths` (N,) those of labels; what is beyond them is not looked at. PyTorch takes log_softmax(x)
    with the steps in front, and its mean divides each -ln p by the number of labels too.
    Raises TypeError if x is not floating-point or t is not of integers. Raises ValueError if the shapes do not fit, a
    label is out of range or the blank, or a sequence has fewer steps than its labels need: one for each, and one for a
    blank between equal neighbours. Source: Graves et al., "Connectionist temporal classification", 2006.
    """
    x = operand("ctc_loss", x)
    if kind_of(x.dtype) != "f":
        raise TypeError(f"ctc_loss: the prediction must be floating-point, not {x.dtype}")
    if x.ndim != 3 or 0 in x.shape or x.shape[2] < 2:
        raise ValueError(f"ctc_loss takes logits x (N, T, C) of at least 2 classes, not {x.shape}")
    blank = whole("ctc_loss: blank", blank, 0, x.shape[2] - 1)
    steps = np.full(len(x), x.shape[1]) if lengths is None else lengths
    live = steps_within("ctc_loss: lengths", steps, x)
    labels, counts = labels_of(t, target_lengths, x, blank)
    repeats = ((labels[:, 1:] == labels[:, :-1]) & (labels[:, 1:] != blank)).sum(1)
    short = to_numpy(as_numbers(as_array(steps))) < counts + repeats
    if short.any():
        n = int(short.argmax())
        raise ValueError(f"ctc_loss: lengths must be at least {counts[n] + repeats[n]} for the labels of sample {n}")
    if live is not None:
        x = where(live[..., None], x, 0)  # nan there would be nan in its own gradient
    return with_room(lambda x: -log_probability(x, labels, counts, live, blank).sum() / len(labels), x)


def labels_of(t: Operand, target_lengths: Any, x: Any, blank: int) -> tuple[Array, Array]:
    """The labels (N, L), the blank beyond their number, and the numbers (N,). Raises the errors of both."""
    try:
        labels = to_numpy(as_numbers(as_array(t)))
    except (TypeError, ValueError) as error:
        raise TypeError(f"ctc_loss takes labels t (N, L) of integers, not {shown(t)}") from error
    if labels.dtype.kind not in "iu":
        raise TypeError(f"ctc_loss: labels must be integers, not {labels.dtype}")
    N, C = x.shape[0], x.shape[2]
    if labels.ndim != 2 or labels.shape[0] != N:
        raise ValueError(f"ctc_loss takes labels t (N, L) for x {x.shape}, not {labels.shape}")
    said = np.ones(labels.shape, bool)
    if target_lengths is not None:
        given = steps_within("ctc_loss: target_lengths", target_lengths, labels[..., None])
        said = said if given is None else given
    wrong = labels[said & ((labels < 0) | (labels >= C) | (labels == blank))]
    if wrong.size:
        raise ValueError(f"ctc_loss: labels must be in 0 .. {C - 1} and not the blank {blank}, not {int(wrong[0])}")
    return np.where(said, labels, blank).astype(int), said.sum(1)


def log_probability(x: Any, labels: Array, counts: Array, live: Array | None, blank: int) -> Any:
    """ln p of the labels of each sample, as the sum over all ways.   (N, T, C) -> (N,)"""
    xp, (N, T, _) = namespace(as_array(x)), x.shape
    extended = np.full((N, 2 * labels.shape[1] + 1), blank)
    extended[:, 1::2] = labels
    skips = np.zeros(extended.shape, bool)  # where a place is reached from the one before the last
    skips[:, 3::2] = labels[:, 1:] != labels[:, :-1]
    allowed = xp.asarray(np.where(skips, 0, NEVER).astype(x.dtype))
    rows = xp.arange(N).reshape(-1, 1, 1)
    said = getitem(log_softmax(x), (rows, xp.arange(T).reshape(1, -1, 1), xp.asarray(extended)[:, None]))  # (N, T, S)
    never = xp.full((N, 2), NEVER, x.dtype)
    start = xp.full(extended.shape, NEVER, x.dtype)
    start[:, 0] = 0
    alpha: Any = start  # before the first step: a blank that has not been said
    for k, step in enumerate(split(said, T, 1)):
        before = concat([never, alpha], 1)
        ways = [before[:, 2:], before[:, 1:-1], before[:, :-2] + allowed]
        after = logsumexp(stack(ways), 0) + step[:, 0]
        alpha = after if live is None else where(live[:, k, None], after, alpha)
    sample, last = xp.arange(N), xp.asarray(2 * counts)
    ends = [alpha[sample, last], where(last > 0, alpha[sample, xp.maximum(last - 1, 0)], NEVER)]
    return logsumexp(stack(ends), 0)
