"""What is computed with arrays, outside of functions, and known all the same: the signs of |x|, places of a maximum.

Such arrays depend on the data, so that two recordings differ in them. They are held against the formula, in both
recordings, and the call is replaced by the node that does the same.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from autograd.algebra import as_array
from autograd.formats.onnx.graph import Graph, Value
from autograd.formats.onnx.nodes import node
from autograd.formats.onnx.recording import Call

__all__ = ["recognised"]


class Abs(NamedTuple):
    """y = |x|, which the core computes as x times its signs"""


class Copy(NamedTuple):
    """y = x, which is computed as one of two equal arrays, by a mask: the row of an embedding that is not trained"""


class Extreme(NamedTuple):
    """y = the largest or the smallest number of each row, which the core looks up at its place"""

    op: str


def recognised(call: Call) -> Call | None:
    """The same call with another function, if its arrays are signs or places of extremes; else None."""
    arrays = [as_array(x) for x in call.inputs]
    kind = type(call.f).__name__
    if kind == "Mul":
        for x, y, given in zip(arrays, arrays[::-1], call.inputs):
            if np.shape(x) == np.shape(y) and np.array_equal(np.sign(x), y) and np.shape(x):
                return call._replace(f=Abs(), inputs=(given,))
    if kind == "Where" and arrays[1] is arrays[2]:
        return call._replace(f=Copy(), inputs=call.inputs[1:2])
    if kind == "GetItem" and type(call.f.index) is tuple and len(call.f.index) == 2:
        (x,), (row, column) = arrays, call.f.index
        for op, place in (("ReduceMax", np.argmax), ("ReduceMin", np.argmin)):
            if x.ndim == 2 and np.array_equal(row, np.arange(len(x))) and np.array_equal(column, place(x, 1)):
                return call._replace(f=Extreme(op))
    return None


@node("Abs")
def absolute(g: Graph, f: Any, x: Value) -> Any:
    return g("Abs", x)


@node("Copy")
def copy(g: Graph, f: Any, x: Value) -> Any:
    return g("Identity", x)


@node("Extreme")
def extreme(g: Graph, f: Any, x: Value) -> Any:
    return g("Squeeze", g(f.op, x, [1]), [1])
