"""What a Variable has in common with the array that it holds: the array protocol, written with a few operations.

`ArrayLike` needs `value` (the array), arithmetic, indexing, `reshape`, `transpose` and `sum` from its subclass, and
gives the rest: shape and conversions, plain boolean comparisons, and the methods that are short formulas.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator
from math import prod
from typing import Any

import numpy as np

from autograd.backend import Array, as_numbers, is_array, namespace, to_numpy
from autograd.shapes import Axis, axes_of, reduced


def of_value(op: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The method that applies `op` to the array."""
    return lambda self: op(self.value)


def comparison(op: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """The method that compares arrays, and gives a plain boolean array."""
    return lambda self, other: op(self.value, other.value if isinstance(other, ArrayLike) else other)


SEQUENCES = frozenset({list, tuple, str})


def beside(x: Any, other: Any) -> Any:
    """`other`, if it is a list, as an array of x's module: Python would take `2 * [1, 2]` for a repetition."""
    if type(other) not in SEQUENCES:
        return other
    return namespace(x.value if isinstance(x, ArrayLike) else x).asarray(as_numbers(other))


def listed(xs: Any) -> list[Any]:
    """What was given, one or several, as a list."""
    return list(xs) if isinstance(xs, Iterable) and not hasattr(xs, "dtype") else [xs]


class ArrayLike:
    """An array in a box that looks like an array."""

    __slots__ = ()
    __array_ufunc__ = None  # so that ndarray + Variable asks Variable.__radd__
    __array_priority__ = 200  # the same for CuPy
    __hash__ = object.__hash__

    value: Any  # as computed: a 0-d result stays a NumPy scalar, ten times cheaper than a 0-d array, until looked at
    name: str | None
    node: Any
    grad: Any
    sum: Any
    reshape: Any
    astype: Any
    transpose: Any

    @property
    def data(self) -> Array:
        """The array. Optimizers replace it or change it in place; do neither between a forward and its backward."""
        if isinstance(self.value, np.generic):
            self.value = np.asarray(self.value)
        return self.value

    @data.setter
    def data(self, data: Array) -> None:
        if not is_array(data) and not isinstance(data, np.generic):
            raise TypeError(f"data must be an array, not {type(data).__name__}")
        if (data.shape, data.dtype) != (self.value.shape, self.value.dtype):
            self.node = None  # another kind of value needs another place in the graph
        self.value = data

    shape = property(operator.attrgetter("value.shape"))
    dtype = property(operator.attrgetter("value.dtype"))
    ndim = property(operator.attrgetter("value.ndim"))
    size = property(operator.attrgetter("value.size"))
    item = of_value(lambda value: value.item())
    __len__ = of_value(len)
    __bool__ = of_value(bool)
    __int__ = of_value(int)
    __float__ = of_value(float)
    __index__ = of_value(operator.index)

    __eq__ = comparison(operator.eq)
    __ne__ = comparison(operator.ne)
    __lt__ = comparison(operator.lt)
    __le__ = comparison(operator.le)
    __gt__ = comparison(operator.gt)
    __ge__ = comparison(operator.ge)

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))  # type: ignore[index]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        return np.array(self.value, dtype=dtype, copy=copy)

    def __repr__(self) -> str:
        kind = type(self).__name__
        text = repr(to_numpy(self.data)).replace("\n", "\n" + " " * (len(kind) - len("array")))
        return kind + text.removeprefix("array")[:-1] + (f", name={self.name!r})" if self.name else ")")

    def __getstate__(self) -> Any:
        """Copies and pickles are leaves: everything but the place in the graph."""
        state: Any = object.__getstate__(self)
        return state[0], {**state[1], "node": None}

    def __pos__(self) -> Any:
        return self

    def __abs__(self) -> Any:
        """|x|; the derivative is sign x, and 0 at 0."""
        return self * namespace(self.value).sign(self.value)  # type: ignore[operator]

    @property
    def T(self) -> Any:
        return self.transpose()

    def swapaxes(self, axis1: int, axis2: int) -> Any:
        """Two axes exchanged: `swapaxes(-1, -2)` transposes every matrix of a batch."""
        axes = list(range(self.ndim))
        axes[axis1], axes[axis2] = axes[axis2], axes[axis1]
        return self.transpose(axes)

    def mean(self, axis: Axis = None, keepdims: bool = False) -> Any:
        """(1/n) sum of x over `axis`, n the number of elements summed; of float16 in float32. ValueError if n = 0."""
        n = prod([self.shape[a] for a in axes_of(self.shape, axis)])
        if not n:
            raise ValueError(f"mean of no elements: shape {self.shape} over axis {axis}")
        if self.dtype == np.float16:  # whose largest number is 65504
            return self.astype(np.float32).mean(axis, keepdims).astype(np.float16)
        return self.sum(axis, keepdims) / n

    def max(self, axis: Axis = None, keepdims: bool = False) -> Any:
        """The largest element over `axis`; of equal ones the first receives the whole gradient."""
        axes = axes_of(self.shape, axis)
        if 0 in [self.shape[a] for a in axes]:
            raise ValueError(f"max of no elements: shape {self.shape} over axis {axis}")
        rest = [a for a in range(self.ndim) if a not in axes]
        sizes = prod([self.shape[a] for a in rest]), prod([self.shape[a] for a in axes])
        rows = self.transpose([*rest, *axes]).reshape(sizes)
        xp = namespace(rows.data)
        return rows[xp.arange(sizes[0]), rows.data.argmax(1)].reshape(reduced(self.shape, axis, keepdims))

    def min(self, axis: Axis = None, keepdims: bool = False) -> Any:
        """The smallest element over `axis`; of equal ones the first receives the whole gradient."""
        return -(-self).max(axis, keepdims)  # type: ignore[operator]
