"""What Python and NumPy make of a Variable: numbers, text, arrays, and the results of NumPy's functions.

A conversion that would lose a gradient is an error, except for a Python number: `float(loss)` is asked for by name.
"""

from __future__ import annotations

import dis
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.algebra import Operand
from autograd.backend import is_array
from autograd.config import mode
from autograd.function import Tracked

__all__ = ["Convertible"]


def loses_gradient(x: Any) -> bool:
    """Would an array made of x lose a gradient?"""
    return ((x.node is not None and x.node.creator is not None) or not x.converts) and mode.get().recording


def lost(x: Any) -> TypeError:
    """The error for an array that would lose the gradient of x."""
    what = f"a {type(x).__name__}" + (" that has a graph" if x.creator is not None else "")
    return TypeError(
        f"NumPy makes no array of {what}, whose gradient would be lost: use x.data for the array, or a function of "
        "autograd.functions"
    )


def of_number(name: str, op: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The method that makes a Python number of a Variable of one element."""

    def method(self: Any) -> Any:
        if self.value.size != 1:
            raise TypeError(
                f"{name}, as all of Python's math, takes a Variable of one element, not shape {self.value.shape}: "
                "use autograd.functions, such as F.exp, or x.data"
            )
        caller = sys._getframe(1)
        if loses_gradient(self) and caller.f_code.co_code[caller.f_lasti] == dis.opmap["STORE_SUBSCR"]:
            raise lost(self)  # a[0, 0] = x
        return op(self.value.item())

    return method


class OfTheClass:
    """A method that the class has, and its instances answer None for.

    NumPy looks for `__array_ufunc__` at the class, and asks the method. CuPy looks at the instance: None makes it leave
    operators to the Variable on the right.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self.function if instance is None else None


BY_OPERATOR = {
    np.add: ("__add__", "__radd__"),
    np.subtract: ("__sub__", "__rsub__"),
    np.multiply: ("__mul__", "__rmul__"),
    np.divide: ("__truediv__", "__rtruediv__"),
    np.power: ("__pow__", "__rpow__"),
    np.matmul: ("__matmul__", "__rmatmul__"),
    np.floor_divide: ("__floordiv__", "__rfloordiv__"),
    np.remainder: ("__mod__", "__rmod__"),
}


class Convertible(Tracked):
    """The conversions of a Variable."""

    __slots__ = ()
    __array_priority__ = 200
    converts = True  # does np.asarray take the array, if there is no graph?

    __int__ = of_number("int", int)
    __float__ = of_number("float", float)
    __complex__ = of_number("complex", complex)
    __trunc__ = of_number("math.trunc", int)

    def __divmod__(self: Any, other: Operand) -> Any:
        return self // other, self % other

    def __rdivmod__(self: Any, other: Operand) -> Any:
        return other // self, other % self

    def __round__(self: Any, ndigits: int | None = None) -> Any:
        return np.round(self, 0 if ndigits is None else ndigits)

    def __format__(self, spec: str) -> str:
        if not spec:
            return str(self)
        if self.value.size != 1:
            raise TypeError(f"a format such as {spec!r} takes a Variable of one element, not shape {self.value.shape}")
        return format(self.value.item(), spec)

    def __setitem__(self, index: Any, value: Any) -> None:
        raise TypeError(
            "a Variable takes no assignment to its elements, which would have no gradient: use F.where(mask, new, x), "
            "or edit x.data[index] = ... before x is used"
        )

    def __array__(self: Any, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        """For np.asarray: the array of a leaf, or under no_grad(). Raises TypeError if a gradient would be lost."""
        caller = sys._getframe(1)
        if caller.f_globals.get("__name__", "").startswith("scipy.sparse."):
            if caller.f_code.co_name == "_matmul_dispatch":
                return np.array(None, object)  # so SciPy's A @ x leaves the product to Variable.__rmatmul__
            if mode.get().recording:
                raise TypeError("a sparse matrix beside a Variable takes @ alone: A @ x, x @ A; or use A.toarray()")
        if not isinstance(self.value, (np.ndarray, np.generic)) and not is_array(self.value):
            return np.asarray(self.value)  # raises the error of what stands there until the array is known
        if loses_gradient(self):
            raise lost(self)
        return np.array(self.data, dtype=dtype, copy=copy)

    @OfTheClass
    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        """NumPy's elementwise functions: operators here, the others by the table of `functions.numpy_functions`."""
        names = BY_OPERATOR.get(ufunc)
        if names is not None and method == "__call__" and not options:
            x, other = inputs
            return getattr(x, names[0])(other) if isinstance(x, Tracked) else getattr(other, names[1])(x)
        from autograd.functions.numpy_functions import call_ufunc  # it needs the functions, which need this file

        return call_ufunc(ufunc, method, inputs, options)

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        """NumPy's other functions: our own, a plain result, or a TypeError that says what to use."""
        from autograd.functions.numpy_functions import call_function  # the same

        return call_function(function, args, options)
