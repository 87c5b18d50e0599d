"""A graph of ONNX while it is written: nodes, constants, and sizes that depend on the batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd.formats.onnx.recording import Batch, Rows

__all__ = ["OPSET", "Graph", "Value"]

OPSET = 18


class Value(NamedTuple):
    """What a function was given or returned: its name in the graph, its sizes, its dtype, its array if it has one."""

    name: Any
    shape: tuple[Any, ...]
    dtype: Any
    constant: Any = None

    @property
    def ndim(self) -> int:
        return len(self.shape)


class Graph:
    """Nodes are added by a call: `g("Add", x, 1.0)` is the name of the sum.

    An input is a name, a Value, an array, a number (which takes `g.dtype`, that of the call's result), None for one
    that is left out, or a list of sizes, which may be a `Batch`.
    """

    def __init__(self, library: Any) -> None:
        self.onnx = library
        self.batch: str | None = None  # the input that has the batch along its first axis
        self.taken: set[str] = set()  # names of inputs and of parameters
        self.nodes: list[Any] = []
        self.initializers: dict[str, Any] = {}
        self.known: dict[Any, str] = {}
        self.counts: dict[str, int] = {}
        self.size: str | None = None
        self.path, self.dtype = "", np.dtype(np.float32)

    def __call__(self, op: str, *inputs: Any, outputs: int = 1, **attributes: Any) -> Any:
        names = [self.name_of(x) for x in inputs]
        while names and not names[-1]:
            names.pop()
        found = [self.fresh(op) for _ in range(outputs)]
        self.nodes.append(self.onnx.helper.make_node(op, names, found, name=found[0], **attributes))
        return found[0] if outputs == 1 else found

    def fresh(self, word: str) -> str:
        """A name that is not in use: the path of the layer, and the word with a number."""
        name = f"{self.path}/{word}" if self.path else word
        self.counts[name] = self.counts.get(name, -1) + 1
        found = f"{name}_{self.counts[name]}"
        return self.fresh(word) if found in self.taken else found

    def name_of(self, x: Any) -> str:
        if x is None or isinstance(x, str):
            return x or ""
        if isinstance(x, Value):
            return x.name() if callable(x.name) else x.name
        if isinstance(x, list):
            return self.sizes(x)
        if isinstance(x, Batch):
            return self.cast(self("Squeeze", self.sizes([x]), [0]), self.dtype)
        if isinstance(x, Rows):
            return self("Expand", self.array(x.part), list(x.shape))
        return self.array(np.asarray(x) if hasattr(x, "dtype") else np.asarray(x, self.dtype))

    def array(self, x: Any, name: str | None = None) -> str:
        """The name of a constant. Equal small ones are one."""
        key = (x.dtype, x.shape, x.tobytes()) if name is None and x.size < 64 else None
        if key is None or key not in self.known:
            found = name or self.fresh("constant")
            self.initializers[found] = self.onnx.numpy_helper.from_array(
                np.ascontiguousarray(x).reshape(x.shape), found
            )
            self.known[key] = found
        return self.known[key]

    def sizes(self, sizes: Sequence[Any]) -> str:
        """The name of a vector of sizes; those of the batch are computed where the graph runs."""
        if not any(isinstance(n, Batch) for n in sizes):
            return self.array(np.array(sizes, np.int64))
        if self.size is None:
            self.size = self("Shape", self.batch, start=0, end=1)
        parts: list[str] = []
        for n in sizes:
            if not isinstance(n, Batch):
                parts.append(self.array(np.array([n], np.int64)))
                continue
            product = self.size if n.k == 1 else self("Mul", self.size, [n.k])
            parts.append(self("Add", product, [n.c]) if n.c else product)
        return parts[0] if len(parts) == 1 else self("Concat", *parts, axis=0)

    def shaped(self, x: Any, shape: Sequence[Any]) -> str:
        """x in another shape. One size of the batch can be left to ONNX, as the rest."""
        wide = [i for i, n in enumerate(shape) if isinstance(n, Batch)]
        if len(wide) == 1 and shape[wide[0]].c == 0 and 0 not in shape and -1 not in shape:
            shape = [-1 if i == wide[0] else n for i, n in enumerate(shape)]
        return self("Reshape", x, list(shape))

    def cast(self, x: Any, dtype: Any) -> str:
        """x in another dtype."""
        return self("Cast", x, to=self.onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))
