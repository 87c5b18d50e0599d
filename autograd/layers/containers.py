"""Layers that are made of layers: Sequential and MLP."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from autograd.algebra import Operand
from autograd.backend import seeded
from autograd.checks import function, shown
from autograd.function import Function
from autograd.functions.activation import relu
from autograd.layers.arguments import Elsewhere
from autograd.layers.base import Generator, Initializer, Layer
from autograd.layers.initializers import he
from autograd.layers.linear import Linear
from autograd.variable import Variable

__all__ = ["MLP", "Sequential"]


REMEDIES = {
    (list, tuple): ": give them one by one, Sequential(*parts)",
    dict: ": give its values, Sequential(*parts.values()), whose paths are 0, 1, ..., or make a Layer with attributes",
}


class Sequential(Layer):
    """y = f_n(... f_2(f_1(x))); each f is a layer or a plain function.

    `model[0]` is a part, `model[:2]` a Sequential that shares its parts with this one. The paths are `0.W`, `2.W`, ...
    Raises TypeError for a part that is not callable.
    """

    def __init__(self, *parts: Callable[..., Any]) -> None:
        for part in parts:
            if isinstance(part, type) and issubclass(part, (Layer, Function)):
                raise TypeError(f"Sequential takes layers and functions, not the class {part.__name__}: call it first")
            if not callable(part):
                remedy = next((words for kind, words in REMEDIES.items() if isinstance(part, kind)), "")
                raise TypeError(f"Sequential takes layers and functions, not {shown(part)}{remedy}")
        self.parts = list(parts)

    if not TYPE_CHECKING:
        append, extend = Elsewhere("Sequential(*model, part)"), Elsewhere("Sequential(*model, *parts)")

    def forward(self, x: Operand) -> Variable:
        for f in self.parts:
            x = f(x)
        return x

    def children(self) -> Iterable[tuple[Any, Any]]:
        return enumerate(self.parts)

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> Sequential: ...
    def __getitem__(self, index: int | slice) -> Any:
        return Sequential(*self.parts[index]) if isinstance(index, slice) else self.parts[index]

    def __len__(self) -> int:
        return len(self.parts)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.parts)


class MLP(Sequential):
    """A multilayer perceptron: a Linear for each size, with the activation between them.

    `sizes` are the output sizes of the layers: MLP((1000, 10)) is Linear(1000), relu, Linear(10). `in_size` is the size
    of the input; without it, the first call takes it from x. Weights start `he`, which suits the ReLU.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        activation: Callable[[Any], Any] = relu,
        *,
        in_size: int | None = None,
        initializer: Initializer = he,
        dtype: Any = np.float32,
        rng: Generator = None,
    ) -> None:
        if not isinstance(sizes, Sequence) or isinstance(sizes, (str, bytes, bytearray, memoryview)):
            raise TypeError(f"MLP takes the sizes of its layers as a list, such as MLP((1000, 10)), not {shown(sizes)}")
        if not sizes:
            raise ValueError("MLP takes the sizes of at least one layer, not none")
        function("MLP: activation", activation)
        rng = rng if rng is None else seeded("rng", rng)  # a seed is used once, not again in every layer
        parts: list[Callable[..., Any]] = []
        for before, size in zip([in_size, *sizes], sizes):
            parts += [Linear(size, before, initializer=initializer, dtype=dtype, rng=rng), activation]
        super().__init__(*parts[:-1])
