"""A layer as a function of its parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from autograd.bfloat16 import kind_of
from autograd.checks import shown
from autograd.layers.base import Layer, Unfilled
from autograd.variable import Variable, as_variable

__all__ = ["functional_call", "of_parameters"]

Y = TypeVar("Y")


def functional_call(layer: Callable[..., Y], params: Mapping[str, Any], *xs: Any, **options: Any) -> Y:
    """layer(*xs) computed with `params` in the place of its own: {path: Variable or array}, as `named_params` has them.

    Gradients go to the Variables in `params`. Parameters that are not in it stay those of the layer. Buffers, such as
    running means, are the layer's own, and change as in any call. No other thread may use the layer meanwhile.

        loss = lambda p: F.mean_squared_error(functional_call(net, p, x), t)
        params = {path: p.data for path, p in net.named_params()}
        value, gradients = value_and_grad(loss, params)

    Raises TypeError for what is no layer or no dict, ValueError for a path that the layer does not have, and for a
    value of another shape.
    """
    name = "functional_call"
    if not isinstance(layer, Layer):
        raise TypeError(f"{name} takes a layer, not {shown(layer)}")
    if not isinstance(params, Mapping):
        raise TypeError(f"{name}: params must be a dict of arrays by path, not {shown(params)}")
    there = dict(layer.named_params())
    given = {path: floating(name, path, x) for path, x in params.items()}
    for path, x in given.items():
        if path not in there:
            raise ValueError(f"{name}: the layer has {', '.join(map(str, there))}, not {shown(path)}")
        if type(there[path].value) is not Unfilled and there[path].shape != x.shape:
            raise ValueError(f"{name}: {path} must have the shape {there[path].shape}, not {x.shape}")
    with in_place(there, given):
        return layer(*xs, **options)


@contextmanager
def in_place(params: Mapping[str, Any], given: Mapping[str, Variable]) -> Iterator[None]:
    """The block sees the values and the places in a graph of `given` in those of `params` that have the same path."""
    before = {path: (params[path].value, params[path].node) for path in given}
    try:
        for path, x in given.items():
            params[path].value, params[path].node = x.value, x.node
        yield
    finally:
        for path, (value, node) in before.items():
            params[path].value, params[path].node = value, node


def of_parameters(f: Any, x: Any) -> tuple[Any, Any]:
    """f and x as they are; where x is a layer, f as a function of its parameters, and these: {path: Parameter}."""
    if not isinstance(x, Layer) or not callable(f):
        return f, x
    params = dict(x.named_params())

    def g(given: Mapping[str, Variable]) -> Any:
        with in_place(params, given):
            return f(x)

    return g, params


def floating(name: str, path: Any, x: Any) -> Variable:
    """x as a Variable. Raises TypeError unless it is floating-point."""
    try:
        found = as_variable(x)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name}: {path} must be an array of real numbers, not {shown(x)}") from error
    if kind_of(found.dtype) != "f" or found.node is None:
        raise TypeError(f"{name}: {path} must be floating-point and have a place in a graph, not {shown(x)}")
    return found
