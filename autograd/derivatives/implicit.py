"""Derivatives of what a solver found, from the condition that it fulfils."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import isfinite
from typing import Any

import numpy as np

from autograd.algebra import as_array, reshape
from autograd.bfloat16 import finfo, kind_of
from autograd.checks import number, shown
from autograd.derivatives.calls import of_parameters
from autograd.derivatives.matrices import jacobian
from autograd.derivatives.products import vjp
from autograd.derivatives.seeds import rows
from autograd.derivatives.structures import apart, called
from autograd.engine import nodes_below
from autograd.function import Function
from autograd.functions.linalg import inv
from autograd.names import with_advice
from autograd.variable import Variable, as_variable

__all__ = ["root"]


class Root(Function):
    """x, where f(x, thetas) = 0.   dx = -J^-1 df, J = df/dx and df = (df/dtheta) dtheta at x   [implicit functions]

    Its derivative is made of x itself and of derivatives of f, so it has one too, and so on.
    """

    def __init__(self, f, x, inverse):
        self.f, self.x, self.inverse = f, x, inverse  # J^-1 as an array

    def forward(self, *_):
        return self.x

    def backward(self, gx):
        thetas, (x,) = self.inputs, self.outputs
        recorded = isinstance(gx, Variable)
        inverse = inv(square(jacobian(lambda x: self.f(x, thetas), x, True))) if recorded else self.inverse
        u = -reshape(reshape(gx, (-1,)) @ inverse, x.shape)
        given = dict(enumerate(thetas))
        return tuple(vjp(lambda given: self.f(x, [*given.values()]), given, u, recorded)[1].values())


@with_advice
def root(f: Callable[[Any, Any], Any], x: Any, theta: Any, *, tolerance: float | None = None) -> Variable:
    """x, where f(x, theta) = 0, as a function of theta:   dx/dtheta = -(df/dx)^-1 df/dtheta   [implicit functions]

    x          the solution, an array that any solver found; its own way is not differentiated
    theta      what f gets beside x: a Variable, a list or dict with such in it, to which the gradients go, or a layer,
               to whose parameters they go. Numbers and arrays are constants; if all are, x is one, as a Variable
    f          gives an array of the shape of x. For a minimum it is the gradient in x
    tolerance  how exact x must be. None: the fourth root of the rounding error, 1.2e-4 in float64, 0.019 in float32

    >>> theta = Variable(9.0)
    >>> x = root(lambda x, theta: x * x - theta, 3.0, theta)
    >>> from autograd import grad
    >>> g = grad(x, theta, create_graph=True)
    >>> g, grad(g, theta)
    (Variable(0.16666667), Variable(-0.00925926))

    Every order is right. J = df/dx is a matrix of all elements of x by all. A walk back calls f again: once, and once
    more for J if it is recorded. So f must be the same function then, without chance.

    The derivatives are those at the given x, and about as far from the true ones as x is from the solution. Therefore
    a step of Newton, J^-1 f(x, theta), is tried: it may not move x by more than the tolerance times the scale, which is
    the largest element of x, or 1. A quarter of its digits must be right: minimizers stop early.
    Give a tolerance where x is small in its units, for there the scale 1 says nothing.

    Raises ValueError if x is no solution by this measure, if f does not give the shape of x, if J is singular (x is no
    isolated solution then), or if f computes from a Variable that is not in theta: it would get no gradient.
    """
    if not callable(f):
        raise TypeError(f"root: f must be a function of x and theta, not {shown(f)}")
    try:
        solution = as_variable(x)
    except (TypeError, ValueError) as error:
        raise TypeError(f"root: x must be an array of real numbers, not {shown(x)}") from error
    if kind_of(solution.dtype) != "f":
        raise TypeError(f"root: x must be floating-point, not {solution.dtype}: x.astype(float) makes it so")
    if tolerance is None:
        tolerance = float(finfo(solution.dtype).eps) ** 0.25
    tolerance = number("root: tolerance", tolerance, above=0)
    g, thetas = with_leaves(f, theta)
    value = solution.value.copy()
    return as_variable(Root(g, value, checked_inverse(g, value, thetas, tolerance))(*thetas))


def with_leaves(f: Callable[[Any, Any], Any], theta: Any) -> tuple[Callable[[Any, Any], Any], list[Any]]:
    """f as a function of x and of the floating-point Variables in theta, in a list; and these."""
    parts = of_parameters(f, theta)[1]
    leaves, _, rebuild = apart(parts)
    places = [i for i, leaf in enumerate(leaves) if isinstance(leaf, Variable) and kind_of(leaf.dtype) == "f"]

    def g(x: Any, thetas: Iterable[Any]) -> Any:
        found = dict(zip(places, thetas))
        given = rebuild([found.get(i, leaf) for i, leaf in enumerate(leaves)])
        return of_parameters(lambda theta: f(x, theta), theta)[0](given)

    return g, [leaves[i] for i in places]


def checked_inverse(f: Callable[[Any, Any], Any], value: Any, thetas: Iterable[Any], tolerance: float) -> Any:
    """(df/dx)^-1 as an array.   x (*N) -> (N, N). Raises what `root` raises."""
    x, thetas = Variable(value), [Variable(as_array(theta)) for theta in thetas]
    ys, _ = called("root", lambda x: f(x, thetas), x)
    if len(ys) != 1 or ys[0].shape != x.shape:
        raise ValueError(f"root: f must give an array of the shape of x, {x.shape}, not {[y.shape for y in ys]}")
    given = {v.node for v in (x, *thetas)}
    for node in nodes_below([ys[0].node]):  # a leaf that f has made itself is dead by now
        if node.creator is None and node not in given and node() is not None:
            raise ValueError(
                f"root: f must take Variables from theta alone, not one of shape {node.shape} from elsewhere, which "
                "would get no gradient: give it in theta, or as an array, x.data"
            )
    residual = as_array(ys[0])
    try:
        inverse = as_array(inv(square(rows(ys[0], [x], False)[0])))
    except ValueError:
        inverse = None
    if inverse is None or not isfinite(float(inverse.sum())):
        raise ValueError("root: df/dx must be invertible, not singular: x is no isolated solution of f(x, theta) = 0")
    step, scale = largest(inverse @ residual.reshape(-1)), max(1.0, largest(value))
    if not step <= tolerance * scale:
        raise ValueError(
            f"root: x must be a solution of f(x, theta) = 0, where the residual is 0, not {largest(residual):.3g}: "
            f"a step of Newton moves x by {step:.3g}, more than the tolerance {tolerance:.3g} of the scale {scale:.3g}"
        )
    return inverse


def largest(x: Any) -> float:
    """The size of the largest element, 0 if there is none."""
    return float(abs(x).max()) if x.size else 0.0


def square(J: Variable) -> Variable:
    """A Jacobian as a matrix.   (*N, *N) -> (N, N)"""
    n = int(np.prod(J.shape[: J.ndim // 2], dtype=int))
    return reshape(J, (n, n))
