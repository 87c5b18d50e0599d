"""Derivatives of what a solver found, from the condition that it fulfils."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import Any

import numpy as np

from autograd.algebra import as_array, reshape
from autograd.backend import namespace
from autograd.checks import shown, whole
from autograd.config import no_grad
from autograd.derivatives.matrices import jacobian
from autograd.variable import Variable, as_variable

__all__ = ["root"]


def root(f: Callable[[Any, Any], Any], x: Any, theta: Any, order: int = 1) -> Any:
    """x, where f(x, theta) = 0, as a function of theta:   dx/dtheta = -(df/dx)^-1 df/dtheta   [implicit functions]

    x       the solution, an array that any solver found; its own way is not differentiated
    theta   what f gets beside x: a Variable, or a list or dict of them, to which the gradients go
    f       gives an array of the shape of x. For a minimum it is the gradient in x
    order   up to which derivatives are right; those beyond it are wrong, in silence

    >>> theta = Variable(9.0)
    >>> x = root(lambda x, theta: x * x - theta, 3.0, theta, order=2)
    >>> from autograd import grad
    >>> g = grad(x, theta, create_graph=True)
    >>> g, grad(g, theta)
    (Variable(0.16666667), Variable(-0.00925926))

    Each order is one step x - J^-1 f(x, theta) with J = df/dx as a constant. A step moves a solution nowhere, and makes
    one more derivative right. J is a matrix of all elements of x by all.

    Raises ValueError if f does not give the shape of x, if J is singular (then x is no isolated solution), or if x is
    no solution: a step would move it by more than the fourth root of the precision, beside its largest element or 1.
    """
    order = whole("root: order", order)
    if not callable(f):
        raise TypeError(f"root: f must be a function of x and theta, not {shown(f)}")
    try:
        solution = as_variable(x)
    except (TypeError, ValueError) as error:
        raise TypeError(f"root: x must be an array of real numbers, not {shown(x)}") from error
    if solution.dtype.kind != "f":
        raise TypeError(f"root: x must be floating-point, not {solution.dtype}: x.astype(float) makes it so")
    inverse = inverse_jacobian(f, as_array(solution), theta)
    y: Any = as_array(solution)
    for _ in range(order):
        y = y - reshape(inverse @ reshape(f(y, theta), -1), solution.shape)
    moved = abs(as_array(y) - as_array(solution))
    if solution.size and not float(moved.max()) <= precision(solution) * max(1.0, float(abs(as_array(solution)).max())):
        raise ValueError(f"root: x must be a solution of f(x, theta) = 0: a step moves it by {float(moved.max()):.3g}")
    return y


def precision(x: Variable) -> float:
    """How exact a solver must be: the fourth root of the rounding error of a number."""
    return float(np.finfo(x.dtype).eps) ** 0.25


def inverse_jacobian(f: Callable[[Any, Any], Any], x: Any, theta: Any) -> Any:
    """(df/dx)^-1 as an array.   x (*N) -> (N, N). Raises ValueError if there is none."""
    J = jacobian(lambda x: f(x, theta), x)
    if not isinstance(J, Variable) or J.shape != x.shape * 2:
        raise ValueError(f"root: f must give an array of the shape of x, {x.shape}, not {shown(J)}")
    with no_grad():
        try:
            inverse = namespace(J.value).linalg.inv(as_array(J).reshape(x.size, x.size))
        except np.linalg.LinAlgError:
            inverse = None
    if inverse is None or not isfinite(float(inverse.sum())):
        raise ValueError("root: df/dx must be invertible, not singular: x is no isolated solution of f(x, theta) = 0")
    return inverse
