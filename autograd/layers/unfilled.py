"""What stands in an entry for its array, as long as one of its sizes is unknown.

Its shape, dtype and number of axes can be read. Every other use is an error that says how the size becomes known.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from inspect import signature
from typing import Any, ClassVar, Self, TypeAlias

import numpy as np

from autograd.backend import Array, generator, is_array, to_device
from autograd.shapes import Shape

__all__ = ["Generator", "Initializer", "Unfilled", "Unknown", "fits"]

Generator: TypeAlias = "np.random.Generator | int | None"  # None: the shared one of `autograd.seed`
Initializer: TypeAlias = Callable[[Shape, Generator, Any], Any]


class Refusing:
    """An object whose use as a number or an array is an error with its `message`."""

    message: Any

    def refuse(self, *_: Any, **__: Any) -> Any:
        raise RuntimeError(self.message)

    __array_ufunc__ = __array_function__ = __array__ = refuse
    __add__ = __sub__ = __mul__ = __truediv__ = __floordiv__ = __mod__ = __pow__ = __matmul__ = refuse
    __radd__ = __rsub__ = __rmul__ = __rtruediv__ = __rfloordiv__ = __rmod__ = __rpow__ = __rmatmul__ = refuse
    __iadd__ = __isub__ = __imul__ = __itruediv__ = __ifloordiv__ = __imod__ = __ipow__ = __imatmul__ = refuse
    __neg__ = __pos__ = __abs__ = __invert__ = __bool__ = __int__ = __float__ = __index__ = __len__ = __iter__ = refuse
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __contains__ = __getitem__ = __setitem__ = refuse
    __hash__ = object.__hash__


class Unknown(Refusing):
    """A size that is not known yet. It equals None and is shown as None; to compute with it is an error."""

    def __init__(self, message: str) -> None:
        self.message = message

    def __eq__(self, other: object) -> bool:
        return other is None or isinstance(other, Unknown) or bool(self.refuse())

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(None)

    def __repr__(self) -> str:
        return "None"


@dataclass(eq=False, repr=False)
class Unfilled(Refusing):
    """Stands in for an array while the size None in `sizes` is unknown: the `x.shape[axis] // share` of an input x."""

    sizes: tuple[int | None, ...]
    initializer: Initializer
    rng: Generator
    dtype: Any
    axis: int
    share: int
    device: str = field(default="cpu", init=False)  # where the array will lie: `move` changes it
    name: str = "a parameter"
    owner: type | None = None  # the class of the layer that has it as an attribute
    alive: ClassVar[set[int]] = set()  # ids of all that exist: while there are none, no layer has to look for its own

    def __new__(cls, *_: Any) -> Self:
        self = object.__new__(cls)
        self.alive.add(id(self))  # here, because a copy or a pickle does not call __init__
        return self

    def __del__(self) -> None:
        self.alive.discard(id(self))

    def __getstate__(self) -> Any:
        """A copy will draw the same numbers: both get one seed, which is drawn now."""
        if not isinstance(self.rng, int):
            self.rng = int(generator(self.rng).integers(1 << 63))
        return vars(self)

    def __repr__(self) -> str:
        return f"{self.dtype} {self.shape}, which the first input will complete"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # a protocol that somebody looks for, such as copying
            raise AttributeError(name)
        return self.refuse()

    @property
    def message(self) -> str:
        """What is unknown, and the two ways in which it becomes known."""
        options = signature(self.owner).parameters if self.owner else ()
        size = next((f", or give {name}" for name in ("in_size", "in_channels", "size") if name in options), "")
        of = f" of {self.owner.__name__}" if self.owner else ""
        return f"{self.name}{of} {self.sizes} has no size yet: call the model once{size}"

    @property
    def shape(self) -> tuple[Any, ...]:
        return tuple([Unknown(self.message) if n is None else n for n in self.sizes])

    @property
    def ndim(self) -> int:
        return len(self.sizes)

    def array(self, size: int = 0) -> Array:
        """The initial array, with `size` in place of None."""
        shape = tuple([size if n is None else n for n in self.sizes])
        array = self.initializer(shape, self.rng, self.dtype)
        if not is_array(array):
            raise TypeError(f"the initializer must make an array {self.dtype} {shape}, not {array!r:.40}")
        if (array.shape, array.dtype) != (shape, self.dtype):
            raise ValueError(f"the initializer must make {self.dtype} {shape}, not {array.dtype} {array.shape}")
        return to_device(array.copy(), self.device)  # a copy, because optimizers write into it


def fits(shape: Shape, expected: tuple[int | None, ...]) -> bool:
    """Is it the expected shape, in which None stands for a size that is not known yet?"""
    return len(shape) == len(expected) and all(n in (None, m) for n, m in zip(expected, shape))
