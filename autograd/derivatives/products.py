"""Products of Jacobians and Hessians with vectors: one walk back, or two."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, overload

from autograd.backend import zeros_like
from autograd.checks import flag
from autograd.derivatives.calls import of_parameters
from autograd.derivatives.structures import One, OneToOne, called, detached, inputs, like, scalar
from autograd.layers.base import Layer
from autograd.variable import Variable, grad

__all__ = ["hvp", "jvp", "value_and_grad", "vjp"]

Paths: TypeAlias = dict[str, Variable]  # the structure of the parameters of a layer


@overload
def value_and_grad(f: Callable[[Any], Any], x: One, create_graph: bool = False) -> tuple[Variable, Variable]: ...
@overload
def value_and_grad(f: Callable[[Any], Any], x: Layer, create_graph: bool = False) -> tuple[Variable, Paths]: ...
@overload
def value_and_grad(f: Callable[[Any], Any], x: Any, create_graph: bool = False) -> tuple[Variable, Any]: ...
def value_and_grad(f: Callable[[Any], Any], x: Any, create_graph: bool = False) -> tuple[Variable, Any]:
    """f(x), a number, and df/dx in the structure of x.

    >>> import numpy as np
    >>> value_and_grad(lambda p: (p["a"] * p["b"]).sum(), {"a": np.array([1.0, 2.0]), "b": np.array([3.0, 4.0])})
    (Variable(11.), {'a': Variable([3., 4.]), 'b': Variable([1., 2.])})

    Raises ValueError if f gives more than one number.
    """
    name, create_graph = "value_and_grad", flag("value_and_grad: create_graph", create_graph)
    f, x = of_parameters(f, x)
    xs, rebuild = inputs(name, x, create_graph)
    y = scalar(name, called(name, f, rebuild(xs))[0])
    gxs = grad(y, xs, create_graph=create_graph)
    return detached([y], create_graph)[0], rebuild(gxs)


@overload
def vjp(f: OneToOne, x: One, v: Any, create_graph: bool = False) -> tuple[Variable, Variable]: ...
@overload
def vjp(f: Callable[[Any], Any], x: Any, v: Any, create_graph: bool = False) -> tuple[Any, Any]: ...
def vjp(f: Callable[[Any], Any], x: Any, v: Any, create_graph: bool = False) -> tuple[Any, Any]:
    """f(x) and v^T J, where J = df/dx and v is like f(x): one walk back. The product is in the structure of x.

    >>> vjp(lambda x: x * x, [1.0, 2.0], [1.0, 10.0])
    (Variable([1., 4.]), Variable([ 2., 40.]))

    Raises ValueError if v does not have the shape of f(x), TypeError for another structure.
    """
    name, create_graph = "vjp", flag("vjp: create_graph", create_graph)
    f, x = of_parameters(f, x)
    xs, rebuild = inputs(name, x, create_graph)
    ys, rebuild_y = called(name, f, rebuild(xs))
    vs = like(name, v, ys, rebuild_y(ys), create_graph)
    gxs = grad(ys, xs, vs, create_graph=create_graph)
    return rebuild_y(detached(ys, create_graph)), rebuild(gxs)


@overload
def jvp(f: OneToOne, x: One, v: Any, create_graph: bool = False) -> tuple[Variable, Variable]: ...
@overload
def jvp(f: Callable[[Any], Any], x: Any, v: Any, create_graph: bool = False) -> tuple[Any, Any]: ...
def jvp(f: Callable[[Any], Any], x: Any, v: Any, create_graph: bool = False) -> tuple[Any, Any]:
    """f(x) and J v, where J = df/dx and v is like x: the derivative of f along v, in the structure of f(x).

    This is no forward mode. The product u^T J is linear in u, and its derivative in u along v is J v. So there are two
    walks back, of which the first is recorded: about the time and the memory of an `hvp`.

    >>> jvp(lambda x: x * x, [1.0, 2.0], [1.0, 10.0])
    (Variable([1., 4.]), Variable([ 2., 40.]))

    Raises ValueError if v does not have the shape of x, TypeError for another structure.
    """
    name, create_graph = "jvp", flag("jvp: create_graph", create_graph)
    f, x = of_parameters(f, x)
    xs, rebuild = inputs(name, x, create_graph)
    vs = like(name, v, xs, x, create_graph)
    ys, rebuild_y = called(name, f, rebuild(xs))
    us = [Variable(zeros_like(y.value)) for y in ys]
    gxs = grad(ys, xs, us, create_graph=True)
    return rebuild_y(detached(ys, create_graph)), rebuild_y(grad(gxs, us, vs, create_graph=create_graph))


@overload
def hvp(f: Callable[[Any], Any], x: One, v: Any, create_graph: bool = False) -> tuple[Variable, Variable]: ...
@overload
def hvp(f: Callable[[Any], Any], x: Layer, v: Any, create_graph: bool = False) -> tuple[Variable, Paths]: ...
@overload
def hvp(f: Callable[[Any], Any], x: Any, v: Any, create_graph: bool = False) -> tuple[Variable, Any]: ...
def hvp(f: Callable[[Any], Any], x: Any, v: Any, create_graph: bool = False) -> tuple[Variable, Any]:
    """f(x), a number, and H v, where H is the Hessian of f and v is like x: two walks back, the first recorded.

    The matrix H is never made, so this works for a network of many weights.

    >>> hvp(lambda x: (x**3).sum(), [1.0, 2.0], [1.0, 1.0])
    (Variable(9.), Variable([ 6., 12.]))

    Raises ValueError if f gives more than one number, or v does not have the shape of x.
    """
    name, create_graph = "hvp", flag("hvp: create_graph", create_graph)
    f, x = of_parameters(f, x)
    xs, rebuild = inputs(name, x, create_graph)
    vs = like(name, v, xs, x, create_graph)
    y = scalar(name, called(name, f, rebuild(xs))[0])
    gxs = grad(y, xs, create_graph=True)
    return detached([y], create_graph)[0], rebuild(grad(gxs, xs, vs, create_graph=create_graph))
