"""The methods of NumPy's arrays on a Variable: `x.std(axis=0)` is `np.std(x, axis=0)`, with NumPy's arguments.

NumPy's function asks the Variable, which answers by the table of `functions.numpy_functions`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.backend import Array, to_numpy
from autograd.function import Tracked
from autograd.names import in_own_name

if TYPE_CHECKING:
    from autograd.variable import Variable

__all__ = ["ArrayMethods"]


def method(function: Any, name: str = "") -> Callable[..., Variable]:
    """The method that calls a function of NumPy with the Variable as its first argument, and speaks for it."""

    def call(self: Any, *args: Any, **options: Any) -> Any:
        try:
            return function(self, *args, **options)
        except (TypeError, ValueError, IndexError) as error:
            in_own_name(error, call.__name__)
            raise

    call.__name__ = call.__qualname__ = name or function.__name__
    call.__doc__ = f"np.{function.__name__} of this Variable; the arguments are NumPy's."
    return call


def answer(function: Any) -> Callable[..., Array]:
    """The same for what gives positions, or answers a question: a plain array."""
    return method(function)


class ArrayMethods(Tracked):
    """What an array of NumPy can do, and exp, log and abs. Positions and answers to questions are plain arrays."""

    __slots__ = ()

    exp, log, abs, round, clip, copy = map(method, (np.exp, np.log, np.abs, np.round, np.clip, np.copy))
    std, var, prod, cumsum, cumprod = map(method, (np.std, np.var, np.prod, np.cumsum, np.cumprod))
    ravel, squeeze, repeat, flatten = *map(method, (np.ravel, np.squeeze, np.repeat)), method(np.ravel, "flatten")
    take, diagonal, trace, dot = map(method, (np.take, np.diagonal, np.trace, np.dot))
    argmax, argmin, argsort = map(answer, (np.argmax, np.argmin, np.argsort))
    all, any, nonzero = map(answer, (np.all, np.any, np.nonzero))

    def numpy(self) -> np.ndarray[Any, Any]:
        """The array, as `np.asarray` gives it: a TypeError if a gradient would be lost."""
        return np.asarray(self)

    def tolist(self) -> Any:
        """The numbers, in nested lists: asked for by name, as `item` gives one."""
        return to_numpy(self.value).tolist()
