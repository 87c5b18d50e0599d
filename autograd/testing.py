"""Numeric derivatives: `numerical_gradient` and `numerical_diff`, and `check_gradients`, which compares with them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from autograd.algebra import as_array
from autograd.backend import Array, as_values, is_array, namespace, to_numpy
from autograd.bfloat16 import finfo, kind_of
from autograd.checks import function, number, shown, whole
from autograd.constants import check_real
from autograd.derivatives.structures import Rebuild, apart
from autograd.names import missing_name
from autograd.variable import Variable, grad

__all__ = ["check_gradients", "numerical_diff", "numerical_gradient"]

Scalar: TypeAlias = Callable[..., Variable]  # a function of Variables, the inputs, whose value is a number


def step_for(dtype: Any) -> float:
    """The step h for central differences: 2**-17 = 7.6e-6 for float64, 2**-8 for float32, 2**-3 for float16.

    Their error is about h²/6 times the third derivative, and eps/h by rounding; near eps^(1/3) both are small. A power
    of two lets most x + h be exact.
    """
    return float(2.0 ** round(np.log2(float(finfo(dtype).eps)) / 3))


def numerical_diff(f: Callable[[Any], Any], x: float, h: float | None = None) -> float:
    """The derivative of f at the number x, (f(x + h) - f(x - h)) / 2h.

    If h is not given, it is 7.6e-6, or so much times the next power of two above |x|. Raises ValueError if x + h is x.

    >>> round(numerical_diff(lambda x: 0.01 * x**2 + 0.1 * x, 5), 6)
    0.2
    """
    x = as_array(x)
    x = x.item() if isinstance(x, np.ndarray) and not x.shape else x
    f, x = function("numerical_diff: f", f), float(number("numerical_diff: x", x))
    h = step_at(x, step_for(np.float64)) if h is None else number("numerical_diff: h", h, above=0)
    if x + h == x:
        raise ValueError(f"numerical_diff: h = {h} is lost beside x = {x}: give a larger one")
    return (value_of(f(x + h)) - value_of(f(x - h))) / (2 * h)


def numerical_gradient(f: Callable[[Any], Any], x: Any, h: float | None = None) -> Any:
    """The gradient of f at x, an array of its shape: for each element, with e_i one there and zero elsewhere,

        g_i = (f(x + h e_i) - f(x - h e_i)) / 2h

    x   an array, a Variable, a number or a list. f gets x itself, changed in place and then put back, so f may as well
        read it from elsewhere: `numerical_gradient(lambda W: net.loss(x, t), net.params["W1"])`
    f   gives one number: a float, or an array or a Variable of one element
    h   the step; about eps^(1/3) of the dtype if it is not given, 7.6e-6 for float64 and 3.9e-3 for float32, times the
        next power of two above |x_i| if that is more than 1

    Whole numbers, lists, and arrays that are read-only are copied first, so there f must use what it is given. f is
    called twice for every element.
    Raises TypeError if x holds no real numbers, or f gives none. Raises ValueError if f gives several, and if x_i + h
    is x_i.

    >>> numerical_gradient(lambda x: (x**2).sum(), np.array([3.0, 4.0])).round(6)
    array([6., 8.])
    """
    f, x = function("numerical_gradient: f", f), editable(x)
    values = as_array(x)
    given = None if h is None else number("numerical_gradient: h", h, above=0)
    gx = namespace(values).zeros_like(values)
    for i in np.ndindex(*values.shape):
        h = step_at(values[i], step_for(values.dtype)) if given is None else given
        gx[i] = (after_step(f, x, i, h) - after_step(f, x, i, -h)) / (2 * h)
    return gx


def step_at(x: Any, h: float) -> float:
    """h times the next power of two above |x|, if that is more than 1: the sum x + h keeps its digits."""
    size = abs(float(x))
    return h * 2.0 ** math.ceil(math.log2(size)) if 1 < size < np.inf else h


def editable(x: Any) -> Any:
    """x, or a copy of it, as a Variable or an array of floating-point numbers that can be changed in place."""
    try:
        values = x.data if isinstance(x, Variable) else as_values(x)
    except (TypeError, ValueError) as error:
        raise TypeError(f"numerical_gradient: x must hold real numbers, not {shown(x)}") from error
    check_real("numerical_gradient", values)
    floats = kind_of(values.dtype) == "f"
    if floats and (values is x or isinstance(x, Variable)) and getattr(values.flags, "writeable", True):
        return x
    values = values.astype(values.dtype if floats else np.float64)
    return Variable(values) if isinstance(x, Variable) else values


def after_step(f: Callable[[Any], Any], x: Any, i: Any, step: float) -> float:
    """f(x) while `step` is added to element i of x."""
    values = x.data if isinstance(x, Variable) else x
    before = values[i].copy()
    values[i] = before + step
    if values[i] == before:
        raise ValueError(f"numerical_gradient: h = {abs(step)} is lost beside x = {before}: give a larger one")
    try:
        return value_of(f(x))
    finally:
        values[i] = before


def value_of(y: Any) -> float:
    """What f gave, as a number. Raises TypeError if it is none, and ValueError if it is several."""
    y = as_array(y)
    if isinstance(y, (str, bytes)):
        raise TypeError(f"f must give a number, not {shown(y)}")
    if getattr(y, "size", 1) != 1:
        raise ValueError(f"f must give one number, not the shape {y.shape}: take its sum or mean")
    try:
        return float(y.item() if hasattr(y, "item") else y)
    except (TypeError, ValueError) as error:
        raise TypeError(f"f must give a number, not {shown(y)}") from error


def check_gradients(
    f: Callable[..., Any],
    *arrays: Any,
    order: int = 3,
    eps: float = 1e-5,
    rtol: float = 1e-5,
    atol: float = 1e-7,
    rng: np.random.Generator | int = 0,
) -> None:
    """Checks the derivatives of f(*arrays) of the orders 1 to `order` against central differences.

    With random numbers v of the shape of f(x), s(x) = sum of v f(x) is a number. Order 1 checks, for h = `eps` and each
    element of each floating-point array,

        ds/dx_i = (s(x + h e_i) - s(x - h e_i)) / 2h

    Order 2 checks the gradient of s, taken with `create_graph=True`, in the place of f, and so on. From order 2 on, one
    random direction per array takes the place of all e_i. Arrays of float32 are cast to float64 first. Integer arrays
    and numbers are constants. f may return a Variable or a tuple of them. An input may be a list, a tuple or a dict:
    the arrays in it count as inputs, so `check_gradients(partial(functional_call, net), params, x)` checks a layer.

    `backward()` must agree with `grad`, and f must not change its inputs.

    >>> check_gradients(lambda x, W: x @ W, np.ones((2, 3)), np.ones((3, 4)))

    Raises AssertionError if a derivative is wrong, with the order, the input, the element and both numbers, and if an
    input was changed. Raises TypeError if no input, or no output that depends on one, is floating-point. Raises
    ValueError if f gives different values for equal inputs: a dropout needs a seed.
    """
    name = "check_gradients"
    order, eps = whole(f"{name}: order", order), number(f"{name}: eps", eps, above=0)
    rtol = number(f"{name}: rtol", rtol, least=0, below=1)  # with 1, a derivative of 0 would always do
    atol = number(f"{name}: atol", atol, least=0)
    leaves, _, rebuild = apart(arrays)
    inputs = [as_array(x) for x in leaves]
    places = [i for i, x in enumerate(inputs) if is_array(x) and kind_of(x.dtype) == "f"]
    if not places:
        raise TypeError(f"no floating-point array among the {len(arrays)} inputs: there is nothing to differentiate")
    xs = [inputs[i].astype(np.float64, copy=False) for i in places]
    before = [x.copy() for x in xs]
    seeds = np.random.default_rng(rng).integers(2**32, size=order + 1)
    g = partial(called_on, f, rebuild, inputs, places)

    for k in range(1, order + 1):
        s = partial(weighted, g, seeds[k])
        gxs = first_order(s, xs, places) if k == 1 else [to_numpy(gx.data) for gx in gradient(s, *map(Variable, xs))]
        check_unchanged(k, places, xs, before)
        if k == 1 and len({str(moved(s, xs, 0, 0.0)) for _ in range(2)}) == 2:
            raise ValueError("f gives different values for equal inputs: draw its random numbers from the same seed")
        differences = by_element if k == 1 else partial(by_direction, np.random.default_rng(seeds[0]))
        for j, i in enumerate(places):
            for where, got, expected in differences(s, xs, j, gxs[j], eps):
                if not abs(got - expected) <= atol + rtol * abs(expected):
                    found = f"the derivative is {got:.10g}, central differences give {expected:.10g}"
                    raise AssertionError(f"order {k}, input {i}, {where}: {found}")
        g = partial(gradient, s)


def called_on(
    f: Callable[..., Any], rebuild: Rebuild, inputs: Sequence[Any], places: Sequence[int], *xs: Variable
) -> Any:
    """f of the inputs, with `xs` in their places. Raises TypeError if f is no function."""
    if not callable(f):
        raise TypeError(f"check_gradients takes a function and then its inputs, not {f!r:.40}")
    given = list(inputs)
    for i, x in zip(places, xs):
        given[i] = x
    return f(*rebuild(given))


def check_unchanged(order: int, places: Sequence[int], xs: Sequence[Array], before: Sequence[Array]) -> None:
    """Raises AssertionError if an array is not what it was before."""
    for i, x, old in zip(places, xs, before):
        if not np.array_equal(to_numpy(x), to_numpy(old), equal_nan=True):
            raise AssertionError(f"order {order}: f or its backward modified input {i}")


def weighted(f: Callable[..., Any], seed: int, *xs: Variable) -> Variable:
    """The sum of v f(x) with random v, which depend on the seed alone; several outputs are added."""
    rng = np.random.default_rng(seed)
    ys = f(*xs)
    total: Any = 0
    for y in ys if isinstance(ys, (tuple, list)) else [ys]:
        if isinstance(y, Variable) and y.node is not None:
            v = np.asarray(rng.standard_normal(y.shape), y.dtype)
            total = total + (namespace(y.data).asarray(v) * y).sum()
    if not isinstance(total, Variable):
        raise TypeError("f must return a floating-point Variable (or a tuple of them) that is computed from its inputs")
    return total


def gradient(s: Scalar, *xs: Variable) -> Any:
    """ds/dx for each x, recorded, so that it can be differentiated again."""
    return grad(s(*xs), xs, create_graph=True)


def first_order(s: Scalar, xs: Sequence[Array], places: Sequence[int]) -> list[Any]:
    """The gradients of s by `grad`. Raises AssertionError if `backward` gives others."""
    variables = [Variable(x) for x in xs]
    y = s(*variables)
    gxs = [to_numpy(gx.data) for gx in grad(y, variables)]
    y.backward()
    for i, x, gx in zip(places, variables, gxs):
        other = np.zeros(x.shape) if x.grad is None else to_numpy(x.grad.data)
        if other.shape != gx.shape or not np.allclose(other, gx, rtol=1e-10, atol=1e-12, equal_nan=True):
            raise AssertionError(f"input {i}: backward() gives {other!r:.300}, and grad() gives {gx!r:.300}")
    return gxs


def moved(s: Scalar, xs: Sequence[Array], j: int, step: Any) -> float:
    """The value of s after a step of input j."""
    return float(s(*[Variable(x + step if i == j else x) for i, x in enumerate(xs)]).item())


def by_element(s: Scalar, xs: Sequence[Array], j: int, gx: Any, eps: float) -> Any:
    """For each element of input j: its place, its derivative, and the central difference."""
    alone = xs[j].copy()  # which shares its memory with no other input
    expected = numerical_gradient(lambda x: s(*[Variable(x if i == j else y) for i, y in enumerate(xs)]), alone, eps)
    for index in np.ndindex(*xs[j].shape):
        yield f"element {index}", float(gx[index]), float(expected[index])


def by_direction(rng: np.random.Generator, s: Scalar, xs: Sequence[Array], j: int, gx: Any, eps: float) -> Any:
    """The same for the derivative along one random direction d: d · gx."""
    d = rng.standard_normal(xs[j].shape)
    h = namespace(xs[j]).asarray(eps * d)
    yield "a random direction", float((d * gx).sum()), (moved(s, xs, j, h) - moved(s, xs, j, -h)) / (2 * eps)


if not TYPE_CHECKING:  # a type checker finds a missing name by itself

    def __getattr__(name: str) -> Any:
        """Raises the error for a missing name, which says what it is called here."""
        raise missing_name(__name__, name, __all__)
