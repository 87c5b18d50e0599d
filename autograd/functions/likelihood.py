"""Negative logarithms of likelihoods of numbers: of counts (Poisson) and of measurements (Gauss)."""

from __future__ import annotations

import math
from typing import Any

from autograd.algebra import Operand, as_array
from autograd.backend import namespace
from autograd.checks import flag, number
from autograd.functions.arithmetic import masked
from autograd.functions.elementwise import exp, log, square
from autograd.functions.loss import prediction_and_target, reduced, weights_for
from autograd.variable import Variable

__all__ = ["gaussian_nll_loss", "poisson_nll_loss"]


def poisson_nll_loss(
    x: Operand,
    t: Operand,
    log_input: bool = True,
    full: bool = False,
    eps: float = 1e-8,
    *,
    reduction: str = "mean",
    weight: Operand = None,
) -> Variable:
    """y = mean of e^x - t x, x the logarithm of a rate and t a count: -log of its likelihood, without log(t!).

    Without `log_input` x is the rate itself, and the loss x - t log(x + eps). With `full` Stirling's approximation of
    log(t!), t log t - t + log(2 pi t) / 2, is added where t > 1.
    Raises what `mean_squared_error` raises, and ValueError unless eps > 0.
    """
    x, t = prediction_and_target("poisson_nll_loss", x, t)
    log_input, full = flag("poisson_nll_loss: log_input", log_input), flag("poisson_nll_loss: full", full)
    eps = number("poisson_nll_loss: eps", eps, above=0)

    def losses(x: Any, t: Any) -> Any:
        y = exp(x) - t * x if log_input else x - t * log(x + eps)
        if not full:
            return y
        many = as_array(t) > 1
        count = masked(t, many) + ~many  # 1 where there is nothing to add, whose logarithm is 0
        return y + masked(count * log(count) - count + log(count * (2 * math.pi)) * 0.5, many)

    return reduced("poisson_nll_loss", losses, (x, t), reduction, weight)


def gaussian_nll_loss(
    x: Operand,
    t: Operand,
    var: Operand,
    full: bool = False,
    eps: float = 1e-6,
    *,
    reduction: str = "mean",
    weight: Operand = None,
) -> Variable:
    """y = mean of (log v + (x - t)^2 / v) / 2, v = max(var, eps): -log of the likelihood of t under N(x, var).

    `var` is broadcast to x: a number for all, one for each sample (N, 1), or one for each element. The derivative of v
    in var counts as 1, so that a variance of 0 is not stuck there. With `full` log(2 pi) / 2 is added.
    Raises what `mean_squared_error` raises, and ValueError if a variance is negative or does not broadcast to x, or
    unless eps > 0.
    """
    name = "gaussian_nll_loss"
    x, t = prediction_and_target(name, x, t)
    full, eps = flag(f"{name}: full", full), number(f"{name}: eps", eps, above=0)
    var = weights_for(f"{name}: var", var, x.shape, x)
    if (as_array(var) < 0).any():
        raise ValueError(f"{name}: var must be at least 0, not {as_array(var).min()}")
    constant = math.log(2 * math.pi) / 2 if full else 0

    def losses(x: Any, t: Any, var: Any) -> Any:
        given = as_array(var)
        v = var + (namespace(given).maximum(given, eps) - given)
        return (log(v) + square(x - t) / v) * 0.5 + constant

    return reduced(name, losses, (x, t, var), reduction, weight)
