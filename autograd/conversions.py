"""What Python and NumPy make of a Variable: numbers, text, arrays, and the results of NumPy's functions.

A conversion that would lose a gradient is an error, except for a Python number: `float(loss)` is asked for by name.
"""

from __future__ import annotations

import dis
import operator
import sys
from collections.abc import Callable
from types import FunctionType
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import numpy as np

from autograd import algebra
from autograd.algebra import Operand, Operator
from autograd.backend import Array, is_array, item, read
from autograd.bfloat16 import is_bfloat16
from autograd.checks import shown, whole
from autograd.config import mode
from autograd.function import Tracked
from autograd.methods import ArrayMethods
from autograd.names import MissingAttribute

if TYPE_CHECKING:
    from autograd.variable import Variable

__all__ = ["Convertible", "named"]

C = TypeVar("C", bound=type)


def named(cls: C) -> C:
    """The class with the names of its attributes on the methods that a function made for it, as `help` shows them."""
    for name, method in vars(cls).items():
        if isinstance(method, FunctionType) and "<locals>" in method.__qualname__:
            method.__name__, method.__qualname__ = name, f"{cls.__qualname__}.{name}"
    return cls


T = TypeVar("T")
Objects: TypeAlias = np.ndarray[Any, np.dtype[np.object_]]  # said to checkers: array * x is no array of numbers


def loses_gradient(x: Any) -> bool:
    """Would an array made of x lose a gradient?"""
    return ((x.node is not None and x.node.creator is not None) or not x.converts) and mode.get().recording


VIEWS = algebra.GetItem, algebra.Reshape, algebra.Transpose, algebra.BroadcastTo


def is_drawn(x: Any, caller: Any) -> bool:
    """Is x a part of a leaf, for which Matplotlib asks? It draws leaves, and takes them apart."""
    if not caller.f_globals.get("__name__", "").startswith(("matplotlib.", "mpl_toolkits.")):
        return False
    node = x.node
    while node is not None and isinstance(node.creator, VIEWS):
        node = node.creator.parents[0]
    return x.converts and (node is None or node.creator is None)


def lost(x: Any) -> TypeError:
    """The error for an array that would lose the gradient of x."""
    what = f"a {type(x).__name__}" + (" that has a graph" if x.creator is not None else "")
    return TypeError(
        f"NumPy makes no array of {what}, whose gradient would be lost: use x.data for the array, or a function of "
        "autograd.functions"
    )


def of_number(name: str, op: Callable[[Any], T]) -> Callable[[Any], T]:
    """The method that makes a Python number of a Variable of one element."""

    def method(self: Any) -> T:
        if self.value.size != 1:
            raise TypeError(
                f"{name}, as all of Python's math, takes a Variable of one element, not shape {self.value.shape}: "
                "use autograd.functions, such as F.exp, or x.data"
            )
        caller = sys._getframe(1)
        if loses_gradient(self) and (
            caller.f_code.co_code[caller.f_lasti] == dis.opmap["STORE_SUBSCR"]  # a[0, 0] = x
            or caller.f_globals.get("__name__", "").startswith(("scipy.", "sklearn."))  # what a callback returned
        ):
            raise lost(self)
        return op(item(self.value))

    method.__doc__ = "The one element as a number of Python, without its graph: math.exp(x) has no gradient, use F.exp."
    return method


def of_array(words: str, op: Callable[..., T]) -> Callable[..., T]:
    """The method that applies `op` to the array. Its errors become those of a Variable, with these words."""

    def method(self: Any, *index: Any) -> T:
        try:
            y = op(self.value, *index)
        except (TypeError, ValueError, IndexError) as error:
            raise type(error)(f"{words}, not {self.dtype} of shape {self.value.shape}") from error
        return y if type(self.value) is np.ndarray else read(y)

    method.__doc__ = f"That of the array: {words}."
    return method


def element(array: Any, *index: Any) -> float:
    """The one number of an array, or the number at an index."""
    return array.item(*index)


def comparison(op: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Array]:
    """The method that compares arrays, and gives a plain boolean array."""

    def compare(self: Any, other: Any) -> Array:
        try:
            return op(self.value, other.value if isinstance(other, Tracked) else other)
        except (TypeError, ValueError) as error:
            kind = TypeError if isinstance(error, TypeError) else ValueError
            message = f"{op.__name__} takes numbers, or an array that broadcasts to {self.shape}, not {shown(other)}"
            raise kind(message) from error

    compare.__doc__ = "A plain array of booleans, element by element."
    return compare


def in_place(op: Callable[[Any, Any], Any]) -> Operator:
    """The method for an operator such as `-=`. A leaf under `no_grad()` takes the result as its data.

    Elsewhere `x -= y` means x = x - y, a new Variable. The leaf's former array, which may be yours, stays as it is.
    """

    def method(self: Any, other: Operand) -> Variable:
        node = self.node
        if mode.get().recording or node is None or node.creator is not None or not node.given or not self.narrows:
            return NotImplemented
        y = op(self, other)
        if y.shape != self.shape:
            raise ValueError(f"x {op.__name__[1:]}= y takes a y that broadcasts to {self.shape}, not to {y.shape}")
        self.data = y.data.astype(self.dtype, copy=False)
        return self

    method.__doc__ = "A new Variable; under no_grad() a leaf takes the result as its data."
    return method


class Elsewhere:
    """An attribute that a Variable lacks, and that others set: both ask and set are the AttributeError that says so."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, x: Any, owner: type) -> Any:
        raise MissingAttribute(self.name, owner)

    def __set__(self, x: Any, value: Any) -> None:
        raise MissingAttribute(self.name, type(x))


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


@named
class Convertible(ArrayMethods):
    """The conversions of a Variable."""

    __slots__ = ()
    __array_priority__ = 200
    converts = True  # does np.asarray take the array, if there is no graph?

    __bool__ = of_array("the truth of a Variable needs one element: write (x > 0).all() or .any()", bool)
    __len__ = of_array("len and loops take a Variable with axes", len)
    __index__ = of_array("an index must be one integer", operator.index)
    item = of_array("item takes a Variable of one element, or the index of one", element)

    __iadd__, __isub__, __imul__ = in_place(operator.add), in_place(operator.sub), in_place(operator.mul)
    __itruediv__, __ipow__ = in_place(operator.truediv), in_place(operator.pow)
    __ifloordiv__, __imod__ = in_place(operator.floordiv), in_place(operator.mod)

    __eq__ = comparison(operator.eq)
    __ne__ = comparison(operator.ne)
    __lt__ = comparison(operator.lt)
    __le__ = comparison(operator.le)
    __gt__ = comparison(operator.gt)
    __ge__ = comparison(operator.ge)

    __int__ = of_number("int", int)
    __float__ = of_number("float", float)
    __complex__ = of_number("complex", complex)
    __trunc__ = of_number("math.trunc", int)

    def __divmod__(self: Any, other: Operand) -> tuple[Variable, Variable]:
        return self // other, self % other

    def __rdivmod__(self: Any, other: Operand) -> tuple[Variable, Variable]:
        return other // self, other % self

    def __round__(self: Any, ndigits: int | None = None) -> Variable:
        return np.round(self, 0 if ndigits is None else whole("round: ndigits", ndigits, -99, 99))

    def __format__(self, spec: str) -> str:
        if not spec:
            return str(self)
        if self.value.size != 1:
            raise TypeError(f"a format such as {spec!r} takes a Variable of one element, not shape {self.value.shape}")
        return format(item(self.value), spec)

    def __setitem__(self, index: Any, value: Any = None) -> None:
        raise TypeError(
            "a Variable takes no assignment to its elements, which would have no gradient: use F.where(mask, new, x), "
            "or edit x.data[index] = ... before x is used"
        )

    __delitem__ = __setitem__

    if not TYPE_CHECKING:  # a type checker finds a missing attribute by itself
        requires_grad = Elsewhere()

        def __getattr__(self, name: str) -> Any:
            """The error for an attribute that is missing, with our word for it."""
            raise MissingAttribute(name, type(self))

    def __array__(self: Any, dtype: Any = None, copy: bool | None = None) -> Objects:
        """For np.asarray: the array of a leaf, or under no_grad(). Raises TypeError if a gradient would be lost."""
        caller = sys._getframe(1)
        if caller.f_globals.get("__name__", "").startswith("scipy.sparse."):
            if caller.f_code.co_name == "_matmul_dispatch":
                return np.array(None, object)  # so SciPy's A @ x leaves the product to Variable.__rmatmul__
            if mode.get().recording:
                raise TypeError("a sparse matrix beside a Variable takes @ alone: A @ x, x @ A; or use A.toarray()")
        if not isinstance(self.value, (np.ndarray, np.generic)) and not is_array(self.value):
            return np.asarray(self.value)  # raises the error of what stands there until the array is known
        if loses_gradient(self) and not is_drawn(self, caller):
            raise lost(self)
        return np.array(self.data, dtype=dtype, copy=copy)

    def to_numpy(self) -> np.ndarray[Any, Any]:
        """The array, as `np.asarray` gives it: a TypeError if a gradient would be lost."""
        return np.asarray(self)

    def __dlpack__(self: Any, **options: Any) -> Any:
        """The array for another framework, by DLPack, in the same memory.

        Raises BufferError if a gradient would be lost, and for bfloat16.
        """
        if loses_gradient(self):
            what = f"a {type(self).__name__}" + (" that has a graph" if self.creator is not None else "")
            raise BufferError(f"DLPack takes no graph along, and the gradient of {what} would be lost: use x.detach()")
        if is_bfloat16(self.dtype):
            raise BufferError("NumPy and CuPy have no bfloat16 in DLPack: use x.astype(np.float32)")
        return self.data.__dlpack__(**{key: x for key, x in options.items() if x is not None})

    def __dlpack_device__(self: Any) -> Any:
        """DLPack's kind and number of the device."""
        return self.data.__dlpack_device__()

    def graph(self, **options: Any) -> Any:
        """The graph as a picture, which a notebook shows. The options are those of `visualize.to_dot`."""
        from autograd.visualize.notebook import Drawing  # only a picture needs them

        return Drawing(self, **options)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """What a notebook shows: the numbers, and a line on dtype, shape and graph."""
        from autograd.visualize.notebook import mimebundle  # the same

        return mimebundle(self, include, exclude)

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
        from autograd.functions.numpy_functions import call_function, opened  # the same

        if is_drawn(self, sys._getframe(1)):
            return function(*opened(args), **opened(options))
        return call_function(function, args, options)
