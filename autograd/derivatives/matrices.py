"""Whole Jacobians and Hessians, by a walk back with many seeds at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any, overload

from autograd.backend import namespace
from autograd.checks import flag
from autograd.derivatives.calls import of_parameters
from autograd.derivatives.seeds import gradients_by_seed, rows
from autograd.derivatives.structures import One, OneToOne, called, detached, inputs, scalar
from autograd.functions.shape import moveaxis
from autograd.layers.base import Layer
from autograd.variable import Variable, grad

__all__ = ["hessian", "jacobian", "laplacian"]


@overload
def jacobian(f: OneToOne, x: One, create_graph: bool = False) -> Variable: ...
@overload
def jacobian(f: Callable[[Any], Any], x: Any, create_graph: bool = False) -> Any: ...
def jacobian(f: Callable[[Any], Any], x: Any, create_graph: bool = False) -> Any:
    """J[i, j] = df(x)[i] / dx[j].   f(x) (*M), x (*N) -> (*M, *N)

    >>> jacobian(lambda x: x[:2] * x[2], [1.0, 2.0, 3.0])
    Variable([[3., 0., 1.],
              [0., 3., 2.]])

    Where f gives or takes a list or a dict, J is the structure of f(x), with that of x in each place. There are two
    ways, and the cheaper one is taken: a walk back with a seed for each output; or, where the inputs are much fewer, a
    recorded one, whose derivative is walked with a seed for each input. Either goes with all seeds at once.

    Raises TypeError for what is not floating-point.
    """
    name, create_graph = "jacobian", flag("jacobian: create_graph", create_graph)
    f, x = of_parameters(f, x)
    xs, rebuild = inputs(name, x, create_graph)
    ys, rebuild_y = called(name, f, rebuild(xs))
    n = sum([prod(x.shape) for x in xs])
    return rebuild_y([rebuild((by_columns if FEWER * n < y.size else rows)(y, xs, create_graph)) for y in ys])


FEWER = 3  # so many times fewer inputs than outputs must there be, because the way of the inputs walks over more


def by_columns(y: Variable, xs: Sequence[Variable], create_graph: bool) -> list[Variable]:
    """dy/dx for each x, column by column: the product u^T J is linear in u, and its derivative is J."""
    u = Variable(y.value * 0)
    found = []
    for x, gx in zip(xs, grad([y], xs, [u], create_graph=True)):
        (columns,) = rows(gx, [u], create_graph)  # (*N, *M)
        found.append(moveaxis(columns, tuple(range(x.ndim)), tuple(range(y.ndim, y.ndim + x.ndim))))
    return found


@overload
def hessian(f: OneToOne, x: One, create_graph: bool = False) -> Variable: ...
@overload
def hessian(f: Callable[[Any], Any], x: Any, create_graph: bool = False) -> Any: ...
def hessian(f: Callable[[Any], Any], x: Any, create_graph: bool = False) -> Any:
    """H[i, j] = d^2 f / dx[i] dx[j] of a function that gives a number.   x (*N) -> (*N, *N)

    >>> hessian(lambda x: x[0] ** 2 * x[1], [3.0, 5.0])
    Variable([[10.,  6.],
              [ 6.,  0.]])

    Where x is a list or a dict, H is one of rows, each in the structure of x: `hessian(f, p)["W"]["b"]` has the shape
    of W and then that of b. One recorded walk back, and one with a seed for each input, all at once.

    Raises ValueError if f gives more than one number.
    """
    name, create_graph = "hessian", flag("hessian: create_graph", create_graph)
    f, x = of_parameters(f, x)
    xs, rebuild = inputs(name, x, create_graph)
    y = scalar(name, called(name, f, rebuild(xs))[0])
    gxs = grad(y, xs, create_graph=True)
    return rebuild([rebuild(rows(gx, xs, create_graph)) for gx in gxs])


def laplacian(f: Callable[[Any], Any], x: Any, create_graph: bool = False) -> Variable:
    """y[n] = sum over d of d^2 f(x)[n] / dx[n, d]^2, the trace of the Hessian, row by row.   (..., D) -> (...)

    f takes rows x (..., D) and gives a number for each, (...) or (..., 1). It must treat them one by one, as a network
    without batch normalization does: with their sum in place of f, one walk back is the gradient of each. f may be a
    layer; x is one array, because parameters, or a structure of arrays, have no rows to go through one by one.

    >>> laplacian(lambda x: (x**3).sum(-1), [[1.0, 2.0], [3.0, 4.0]])
    Variable([18., 42.])

    Raises ValueError if f does not give one number for each row, or x is not one array of rows.
    """
    name, create_graph = "laplacian", flag("laplacian: create_graph", create_graph)
    if isinstance(x, Layer):
        raise ValueError(f"{name}: x must be one array of rows (..., D), not a layer: its parameters are no rows")
    xs, rebuild = inputs(name, x, create_graph)
    if len(xs) != 1 or not xs[0].ndim:
        raise ValueError(f"{name}: x must be one array of rows (..., D), not {[x.shape for x in xs]}")
    ys, _ = called(name, f, rebuild(xs))
    (x,) = xs
    if len(ys) != 1 or ys[0].shape not in (x.shape[:-1], (*x.shape[:-1], 1)):
        raise ValueError(f"{name}: f must give {x.shape[:-1]}, a number for each row, not {[y.shape for y in ys]}")
    gx = grad(ys[0], x, create_graph=True)
    D = x.shape[-1]
    xp = namespace(x.value)
    seeds = xp.eye(D, dtype=x.dtype).reshape(D, *[1] * (x.ndim - 1), D)
    (second,) = gradients_by_seed(gx, [x], xp.broadcast_to(seeds, (D, *x.shape)), create_graph)
    return sum([second[d, ..., d] for d in range(D)]) if D else detached([gx.sum(-1)], create_graph)[0]
