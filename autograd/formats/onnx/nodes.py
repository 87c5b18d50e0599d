"""From a function to the nodes of ONNX: arithmetic, elementwise functions, reductions, and the moving of elements.

An entry of NODES is called with the graph, the parameters of the function, and its inputs. It adds nodes, and returns
the name of the result, or a list of names.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.formats.onnx.graph import Graph, Value
from autograd.formats.onnx.recording import Batch, Different, Rows

__all__ = ["NODES", "node"]

NODES: dict[str, Callable[..., Any]] = {}
FIRST, LAST = -(2**63) + 1, 2**63 - 1  # ends of a slice that reach beyond every array


def node(*names: str) -> Callable[[Any], Any]:
    """Enters a function into the table, for the Functions of these names."""

    def enter(f: Any) -> Any:
        NODES.update(dict.fromkeys(names, f))
        return f

    return enter


def numbers(g: Graph, *xs: Any) -> list[Any]:
    """The inputs in one dtype, the widest among them: ONNX's arithmetic takes no others."""
    dtypes = [x.dtype for x in xs if x.dtype is not None]
    wide = np.result_type(*dtypes) if dtypes else g.dtype
    g.dtype = wide
    return [x if x.dtype in (None, wide) else g.cast(x, wide) for x in xs]


SAME = {  # one function, one node
    "Log": "Log", "Exp": "Exp", "Sqrt": "Sqrt", "Sin": "Sin", "Cos": "Cos", "Tan": "Tan", "Arcsin": "Asin",
    "Arccos": "Acos", "Arctan": "Atan", "Sinh": "Sinh", "Cosh": "Cosh", "Arcsinh": "Asinh", "Arccosh": "Acosh",
    "Arctanh": "Atanh", "Tanh": "Tanh", "Erf": "Erf", "Neg": "Neg", "Sign": "Sign", "Sigmoid": "Sigmoid",
    "ReLU": "Relu", "Softplus": "Softplus", "Softsign": "Softsign", "Hardswish": "HardSwish", "Mish": "Mish",
    "Add": "Add", "Sub": "Sub", "Mul": "Mul", "Div": "Div", "Power": "Pow", "MatMul": "MatMul", "Maximum": "Max",
    "Minimum": "Min", "Det": "Det",
}  # fmt: skip


def same(op: str) -> Callable[..., Any]:
    return lambda g, f, *xs: g(op, *numbers(g, *xs))


NODES.update({name: same(op) for name, op in SAME.items()})


@node("Steps")
def steps(g: Graph, f: Any, x: Value) -> Any:
    op = {"floor": "Floor", "ceil": "Ceil", "rint": "Round", "round": "Round"}.get(f.name)
    if f.name == "trunc":
        return g("Mul", g("Sign", x), g("Floor", g("Abs", x)))
    if op is None or any(f.parameters):
        raise Different(f"ONNX has no step function {f.name}{f.parameters or ''}")
    return g(op, x)


@node("FloorDiv")
def floor_div(g: Graph, f: Any, x: Value, y: Value) -> Any:
    return g("Floor", g("Div", *numbers(g, x, y)))


@node("Mod")
def mod(g: Graph, f: Any, x: Value, y: Value) -> Any:
    a, b = numbers(g, x, y)
    return g("Sub", a, g("Mul", b, g("Floor", g("Div", a, b))))


@node("Fmod")
def fmod(g: Graph, f: Any, x: Value, y: Value) -> Any:
    return g("Mod", *numbers(g, x, y), fmod=1)


def formula(names: str, f: Callable[..., Any]) -> None:
    """Enters functions of the inputs alone, written with the graph."""
    NODES.update({name: lambda g, _, *xs: f(g, *numbers(g, *xs)) for name in names.split()})


formula("Square", lambda g, x: g("Mul", x, x))
formula("Rsqrt", lambda g, x: g("Reciprocal", g("Sqrt", x)))
formula("Cbrt", lambda g, x: g("Mul", g("Sign", x), g("Pow", g("Abs", x), 1 / 3)))
formula("Exp2", lambda g, x: g("Pow", 2.0, x))
formula("Expm1", lambda g, x: g("Sub", g("Exp", x), 1.0))
formula("Log1p", lambda g, x: g("Log", g("Add", x, 1.0)))
formula("Log2", lambda g, x: g("Mul", g("Log", x), 1 / math.log(2)))
formula("Log10", lambda g, x: g("Mul", g("Log", x), 1 / math.log(10)))
formula("Logit", lambda g, x: g("Log", g("Div", x, g("Sub", 1.0, x))))
formula("SiLU", lambda g, x: g("Mul", x, g("Sigmoid", x)))
formula("LogSigmoid", lambda g, x: g("Neg", g("Softplus", g("Neg", x))))
formula("GELU", lambda g, x: g("Mul", x, g("Mul", g("Add", g("Erf", g("Mul", x, math.sqrt(0.5))), 1.0), 0.5)))
formula("Hypot", lambda g, x, y: g("Sqrt", g("Add", g("Mul", x, x), g("Mul", y, y))))
formula("Lerp", lambda g, x, y, t: g("Add", x, g("Mul", t, g("Sub", y, x))))
formula("PReLU", lambda g, x, slope: g("Add", g("Max", x, 0.0), g("Mul", slope, g("Min", x, 0.0))))
formula("ClipBetween", lambda g, x, low, high: g("Min", g("Max", x, low), high))


@node("TanhGELU")
def tanh_gelu(g: Graph, f: Any, x: Value) -> Any:
    """x sigmoid(2 c (x + 0.044715 x^3)), c = sqrt(2 / pi)"""
    inner = g("Add", x, g("Mul", g("Mul", g("Mul", x, x), x), 0.044715))
    return g("Mul", x, g("Sigmoid", g("Mul", inner, 2 * math.sqrt(2 / math.pi))))


@node("Sinc")
def sinc(g: Graph, f: Any, x: Value) -> Any:
    """sin(x) / x, and 1 at 0"""
    if f.n:
        raise Different("it is a derivative of sin(x) / x")
    zero = g("Equal", x, 0.0)
    return g("Where", zero, 1.0, g("Div", g("Sin", x), g("Where", zero, 1.0, x)))


@node("LogAddExp")
def log_add_exp(g: Graph, f: Any, x: Value, y: Value) -> Any:
    """max(x, y) + ln(1 + e^-|x - y|)"""
    a, b = numbers(g, x, y)
    return g("Add", g("Max", a, b), g("Softplus", g("Neg", g("Abs", g("Sub", a, b)))))


@node("LeakyReLU")
def leaky_relu(g: Graph, f: Any, x: Value) -> Any:
    return g("LeakyRelu", x, alpha=float(f.slope))


@node("ELU")
def elu(g: Graph, f: Any, x: Value) -> Any:
    return g("Elu", x, alpha=float(f.alpha))


@node("Softshrink")
def softshrink(g: Graph, f: Any, x: Value) -> Any:
    return g("Shrink", x, lambd=float(f.limit), bias=float(f.limit))


@node("Beyond")
def beyond(g: Graph, f: Any, x: Value) -> Any:
    """The negation keeps a nan, which is not beyond anything."""
    g.dtype = x.dtype
    return g("Where", g("LessOrEqual", g("Abs", x) if f.both else x, f.limit), f.value, x)


@node("Softmax")
def softmax(g: Graph, f: Any, x: Value) -> Any:
    return g("Softmax", x, axis=int(f.axes[0])) if len(f.axes) == 1 else g("Exp", log_softmax(g, f, x))


@node("LogSoftmax")
def log_softmax(g: Graph, f: Any, x: Value) -> Any:
    if len(f.axes) == 1:
        return g("LogSoftmax", x, axis=int(f.axes[0]))
    return g("Sub", x, g("ReduceLogSumExp", x, list(f.axes)))


@node("Masked")
def masked(g: Graph, f: Any, x: Value) -> Any:
    return g("Where", f.mask, x, g.array(np.zeros((), x.dtype)))


@node("Where")
def where(g: Graph, f: Any, c: Value, x: Value, y: Value) -> Any:
    if x.name is not None and x.name is y.name:
        return g("Identity", x)
    return g("Where", c, *numbers(g, x, y))


@node("Clip")
def clip(g: Graph, f: Any, x: Value) -> Any:
    return g("Clip", x, f.low, f.high)


@node("Convert")
def convert(g: Graph, f: Any, x: Value) -> Any:
    return g("Identity", x) if f.dtype is None else g.cast(x, f.dtype)


# ---- reductions


@node("SumTo")
def sum_to(g: Graph, f: Any, x: Value) -> Any:
    """The sum over the axes that `f.shape` lacks or has with size 1; those of size 1 stay."""
    lead = x.ndim - len(f.shape)
    axes = [i for i in range(x.ndim) if i < lead or (f.shape[i - lead] == 1 and x.shape[i] != 1)]
    y = g("ReduceSum", x, axes) if axes else g("Identity", x)
    return g("Squeeze", y, list(range(lead))) if lead else y


@node("Variance")
def variance(g: Graph, f: Any, x: Value) -> Any:
    d = g("Sub", x, g("ReduceMean", x, list(f.axes)))
    return g("Div", g("ReduceSum", g("Mul", d, d), list(f.axes)), f.n)


@node("LogSumExp")
def log_sum_exp(g: Graph, f: Any, x: Value) -> Any:
    return g("ReduceLogSumExp", x, list(f.axes))


@node("CumSum")
def cum_sum(g: Graph, f: Any, x: Value) -> Any:
    return g("CumSum", x, g.array(np.int64(f.axis)))


@node("Root")
def root(g: Graph, f: Any, x: Value) -> Any:
    return g("Sqrt", x) if f.p == 2 else g("Pow", x, 1 / f.p)


@node("PowerOfAbs")
def power_of_abs(g: Graph, f: Any, x: Value) -> Any:
    return g("Pow", g("Abs", x), f.p)


# ---- moving elements


@node("Reshape")
def reshape(g: Graph, f: Any, x: Value) -> Any:
    shape = f.shape if isinstance(f.shape, (tuple, list)) and not isinstance(f.shape, Batch) else (f.shape,)
    return g.shaped(x, shape)


@node("Transpose")
def transpose(g: Graph, f: Any, x: Value) -> Any:
    return g("Transpose", x, perm=[int(a) % x.ndim for a in f.axes] if f.axes else list(range(x.ndim))[::-1])


@node("BroadcastTo")
def broadcast_to(g: Graph, f: Any, x: Value) -> Any:
    return g("Expand", x, list(f.shape))


@node("Pad")
def pad(g: Graph, f: Any, x: Value) -> Any:
    g.dtype = x.dtype
    return g("Pad", x, [before for before, _ in f.width] + [after for _, after in f.width], f.value)


@node("Concat")
def concat(g: Graph, f: Any, *xs: Value) -> Any:
    return g("Concat", *numbers(g, *xs), axis=int(f.axis))


@node("Stack")
def stack(g: Graph, f: Any, *xs: Value) -> Any:
    return g("Concat", *[g("Unsqueeze", x, [0]) for x in numbers(g, *xs)], axis=0)


@node("Split")
def split(g: Graph, f: Any, x: Value) -> Any:
    return [g("Slice", x, [start], [stop], [int(f.axis)]) for start, stop in f.bounds]


@node("Embedding")
def embedding(g: Graph, f: Any, W: Value, index: Value) -> Any:
    """ONNX gathers by numbers of 32 and 64 bits."""
    return g("Gather", W, index if index.dtype in (np.int32, np.int64) else g.cast(index, np.int64), axis=0)


@node("OneHot")
def one_hot(g: Graph, f: Any, index: Value) -> Any:
    """onnxruntime counts in 64 bits alone."""
    given = index if index.dtype == np.int64 else g.cast(index, np.int64)
    return g("OneHot", given, g.array(np.array([f.classes])), g.array(np.array([0, 1], f.dtype)), axis=-1)


@node("GetItem")
def get_item(g: Graph, f: Any, x: Value) -> Any:
    """Slices first, then numbers and arrays, then new axes."""
    index = with_all_axes(f.index, x.ndim)
    parts = [k for k in index if k is not None]
    if any(getattr(k, "dtype", np.dtype(int)).kind == "b" for k in parts):
        raise Different("an index of booleans gives as many elements as are true")
    if any(isinstance(k, Rows) for k in parts):
        raise Different("an index with as many elements as the batch says")
    cuts = [(i, k) for i, k in enumerate(parts) if isinstance(k, slice) and k != slice(None)]
    y: Any = x
    if cuts:
        ends = [slice_of(k) for _, k in cuts]
        starts, stops, steps = [list(column) for column in zip(*ends)]
        y = g("Slice", x, starts, stops, [i for i, _ in cuts], steps)
    arrays = [i for i, k in enumerate(parts) if is_list(k)]
    if len(arrays) > 1 or (arrays and len([k for k in parts if not isinstance(k, slice)]) > 1):
        y = gather_points(g, y, parts)
    else:
        for i, k in reversed([*enumerate(parts)]):
            if not isinstance(k, slice):
                y = g("Gather", y, [k] if isinstance(k, Batch) else g.array(np.asarray(k, np.int64)), axis=i)
                y = g("Squeeze", y, [i]) if isinstance(k, Batch) else y
    left = [k for k in index if k is None or isinstance(k, slice) or is_list(k)]
    new = [i for i, k in enumerate(left) if k is None]
    if new and arrays and np.ndim(parts[arrays[0]]) > 1:
        raise Different("an index with new axes beside an array of several axes")
    y = g("Unsqueeze", y, new) if new else y
    return g("Identity", x) if y is x else y


def is_list(k: Any) -> bool:
    """Is this part of an index an array or a list of numbers?"""
    return not isinstance(k, (slice, Batch)) and np.ndim(k) > 0


def with_all_axes(index: Any, ndim: int) -> list[Any]:
    """The index with a slice, a number, an array or None for every axis."""
    parts = [*index] if type(index) is tuple else [index]
    missing = ndim - len([k for k in parts if k is not None and k is not Ellipsis])
    dots = [i for i, k in enumerate(parts) if k is Ellipsis] or [len(parts)]
    return [*parts[: dots[0]], *[slice(None)] * missing, *parts[dots[0] + 1 :]]


def slice_of(k: slice) -> tuple[Any, Any, int]:
    """Start, stop and step of a slice, all of them numbers."""
    step = 1 if k.step is None else int(k.step)
    start = k.start if k.start is not None else 0 if step > 0 else LAST
    stop = k.stop if k.stop is not None else LAST if step > 0 else FIRST
    return start, stop, step


def gather_points(g: Graph, x: Any, parts: list[Any]) -> Any:
    """x at the places that several arrays name: they stand in front, and what they name are its first axes."""
    count = len([k for k in parts if not isinstance(k, slice)])
    if any(isinstance(k, slice) for k in parts[:count]):
        raise Different("an index of several arrays that are not the first axes")
    places = np.stack(np.broadcast_arrays(*parts[:count]), -1).astype(np.int64)
    return g("GatherND", x, places)


@node("Resample")
def resample(g: Graph, f: Any, x: Value) -> Any:
    """The sum of the pixels that make a result, each times its weight."""
    index, weight = [np.asarray(a) for a in f.there]
    column = [-1 if i == f.axis % x.ndim else 1 for i in range(x.ndim)]
    y = None
    for k in range(index.shape[1]):
        part = g("Gather", x, g.array(index[:, k].astype(np.int64)), axis=int(f.axis))
        if not (weight[:, k] == 1).all():
            part = g("Mul", part, weight[:, k].astype(x.dtype).reshape(column))
        y = part if y is None else g("Add", y, part)
    return y
