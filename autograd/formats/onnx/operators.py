"""From a node of ONNX to our functions: arithmetic, logic, reductions, and the moving of elements.

An entry of OPERATORS is called with the attributes of the node, and its inputs: Variables where a gradient may flow,
arrays elsewhere, None for one that is left out. It returns the output, or a tuple of them.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

import autograd.functions as F
from autograd.algebra import as_array
from autograd.backend import to_numpy
from autograd.variable import Variable

__all__ = ["OPERATORS", "Attributes", "Unknown", "axes_of", "op", "values", "whole_numbers"]

OPERATORS: dict[str, Callable[..., Any]] = {}


class Unknown(Exception):
    """A node asks for what we have not; the text says what."""


class Attributes(dict[str, Any]):
    """The attributes of a node by name, the number of its outputs, the version of its operators, and its graphs."""

    outputs = 1
    version = 1
    run: Any = None  # runs a graph within this one on some values


def op(*names: str) -> Callable[[Any], Any]:
    """Enters a function into the table, for the operators of these names."""

    def enter(f: Any) -> Any:
        OPERATORS.update(dict.fromkeys(names, f))
        return f

    return enter


def values(x: Any) -> Any:
    """The array of an input whose values are needed themselves, such as a shape."""
    return to_numpy(as_array(x))


def whole_numbers(x: Any) -> list[int]:
    """An input of whole numbers as a list."""
    return [int(n) for n in values(x).reshape(-1)]


def is_float(x: Any) -> bool:
    return bool(x.dtype.kind == "f")


def axes_of(a: Attributes, axes: Any) -> list[int] | None:
    """The axes, an attribute in old versions and an input in new ones; None for all."""
    return a.get("axes") if axes is None else whole_numbers(axes)


SAME: dict[str, Callable[..., Any]] = {  # one node, one function
    "Abs": F.abs, "Acos": F.arccos, "Acosh": F.arccosh, "Asin": F.arcsin, "Asinh": F.arcsinh, "Atan": F.arctan,
    "Atanh": F.arctanh, "Cos": F.cos, "Cosh": F.cosh, "Det": F.det, "Erf": F.erf, "Exp": F.exp,
    "HardSwish": F.hardswish, "Log": F.log, "MatMul": F.matmul, "Mish": F.mish, "Neg": operator.neg, "Relu": F.relu,
    "Sigmoid": F.sigmoid,
    "Sign": F.sign, "Sin": F.sin, "Sinh": F.sinh, "Softplus": F.softplus, "Softsign": F.softsign, "Sqrt": F.sqrt,
    "Tan": F.tan, "Tanh": F.tanh, "Add": operator.add, "Sub": operator.sub, "Mul": operator.mul,
    "Floor": F.floor, "Ceil": F.ceil, "Round": F.round, "Identity": lambda x: x, "Reciprocal": lambda x: 1 / x,
}  # fmt: skip
ARRAYS: dict[str, Callable[..., Any]] = {  # of arrays alone: they have no gradient
    "And": np.logical_and, "Or": np.logical_or, "Xor": np.logical_xor, "Not": np.logical_not, "Equal": np.equal,
    "Greater": np.greater, "GreaterOrEqual": np.greater_equal, "Less": np.less, "LessOrEqual": np.less_equal,
    "IsNaN": np.isnan, "BitwiseAnd": np.bitwise_and, "BitwiseOr": np.bitwise_or, "BitwiseXor": np.bitwise_xor,
    "BitwiseNot": np.bitwise_not, "NonZero": lambda x: np.array(np.nonzero(np.atleast_1d(x)), np.int64),
}  # fmt: skip


def of_inputs(f: Callable[..., Any]) -> Callable[..., Any]:
    return lambda a, *xs: f(*xs)


def of_arrays(f: Callable[..., Any]) -> Callable[..., Any]:
    return lambda a, *xs: np.asarray(f(*map(values, xs)))


OPERATORS.update({name: of_inputs(f) for name, f in SAME.items()})
OPERATORS.update({name: of_arrays(f) for name, f in ARRAYS.items()})


# ---- arithmetic


@op("Div")
def div(a, x, y):
    if is_float(x):
        return x / y
    x, y = values(x), values(y)  # whole numbers are cut off towards 0
    return (np.abs(x) // np.abs(y) * np.sign(x) * np.sign(y)).astype(x.dtype)


@op("Pow")
def power(a, x, y):
    if not is_float(x):
        return (values(x) ** values(y)).astype(x.dtype)
    return F.power(x, y if y.dtype == x.dtype else values(y).astype(x.dtype))


@op("Mod")
def mod(a, x, y):
    return (F.fmod if a.get("fmod") else F.remainder)(x, y)


@op("BitShift")
def bit_shift(a, x, y):
    return (np.left_shift if a["direction"] == "LEFT" else np.right_shift)(values(x), values(y))


@op("IsInf")
def is_inf(a, x):
    x = values(x)
    return (np.isposinf(x) & bool(a.get("detect_positive", 1))) | (np.isneginf(x) & bool(a.get("detect_negative", 1)))


def folded(f: Callable[..., Any]) -> Callable[..., Any]:
    """The operator of any number of inputs, from a function of two."""

    def fold(a, x, *xs):
        for y in xs:
            x = f(x, y)
        return x

    return fold


OPERATORS.update(Max=folded(F.maximum), Min=folded(F.minimum), Sum=folded(operator.add))


@op("Mean")
def mean(a, *xs):
    return OPERATORS["Sum"](a, *xs) / len(xs)


@op("Elu")
def elu(a, x):
    return F.elu(x, a.get("alpha", 1.0))


@op("Celu")
def celu(a, x):
    return F.celu(x, a.get("alpha", 1.0))


@op("Selu")
def selu(a, x):
    return a.get("gamma", 1.0507010221481323) * F.elu(x, a.get("alpha", 1.6732631921768188))


@op("LeakyRelu")
def leaky_relu(a, x):
    return F.leaky_relu(x, a.get("alpha", 0.01))


@op("PRelu")
def prelu(a, x, slope):
    return F.where(values(x) > 0, x, x * slope)


@op("ThresholdedRelu")
def thresholded_relu(a, x):
    return F.where(values(x) > a.get("alpha", 1.0), x, 0.0)


@op("Shrink")
def shrink(a, x):
    limit, bias, x = a.get("lambd", 0.5), a.get("bias", 0.0), x if is_float(x) else x.astype(x.dtype)
    y = F.where(values(x) < -limit, x + bias, F.where(values(x) > limit, x - bias, x * 0))
    return F.astype(y, x.dtype) if y.dtype != x.dtype else y


@op("HardSigmoid")
def hard_sigmoid(a, x):
    return F.clip(x * a.get("alpha", 0.2) + a.get("beta", 0.5), 0, 1)


@op("Swish")
def swish(a, x):
    return x * F.sigmoid(x * a.get("alpha", 1.0))


@op("SwiGLU")
def swiglu(a, x, y):
    return swish(a, x) * y


@op("Gelu")
def gelu(a, x):
    return F.gelu(x, a.get("approximate", "none"))


@op("Clip")
def clip(a, x, low=None, high=None):
    low, high = a.get("min", low), a.get("max", high)
    x = x if low is None else F.maximum(x, values(low).astype(x.dtype) if hasattr(low, "dtype") else low)
    return x if high is None else F.minimum(x, values(high).astype(x.dtype) if hasattr(high, "dtype") else high)


@op("Softmax", "LogSoftmax", "Hardmax")
def softmax(a, x):
    """Before version 13 all axes from `axis` on are one."""
    f = {"Softmax": F.softmax, "LogSoftmax": F.log_softmax, "Hardmax": hardmax}[a["operator"]]
    if a.version >= 13:
        with np.errstate(invalid="ignore"):  # a row that is -inf everywhere is nan
            return f(x, a.get("axis", -1))
    axis = a.get("axis", 1) % max(x.ndim, 1)
    flat = F.reshape(x, (math.prod(x.shape[:axis]), math.prod(x.shape[axis:])))
    return F.reshape(f(flat, 1), x.shape)


def hardmax(x, axis):
    return F.moveaxis(F.one_hot(F.argmax(x, axis), x.shape[axis], x.dtype), -1, axis)


@op("Where")
def where(a, c, x, y):
    return F.where(values(c), x, y) if x.dtype.kind in "fiub" else np.where(values(c), x, y)


@op("Cast")
def cast(a, x):
    return converted(x, a["to"])


@op("CastLike")
def cast_like(a, x, like):
    return converted(x, like.dtype)


def converted(x, dtype):
    """x in another dtype; only from floating-point numbers to others does a gradient flow."""
    if is_float(x) and np.dtype(dtype).kind == "f":
        return F.astype(x, dtype)
    with np.errstate(all="ignore"):
        y = values(x).astype(dtype)
    return Variable(y) if y.dtype.kind == "f" else y


# ---- reductions


REDUCTIONS: dict[str, Callable[..., Any]] = {
    "ReduceMax": F.max, "ReduceMin": F.min, "ReduceSum": F.sum, "ReduceProd": F.prod, "ReduceMean": F.mean,
    "ReduceLogSumExp": F.logsumexp, "ReduceL1": lambda x, axes, keep: F.sum(F.abs(x), axes, keep),
    "ReduceL2": lambda x, axes, keep: F.norm(x, 2, axes, keep),
    "ReduceSumSquare": lambda x, axes, keep: F.sum(F.square(x), axes, keep),
    "ReduceLogSum": lambda x, axes, keep: F.log(F.sum(x, axes, keep)),
}  # fmt: skip
EMPTY = {"ReduceMax": -math.inf, "ReduceMin": math.inf, "ReduceLogSumExp": -math.inf}  # of no elements


@op(*REDUCTIONS)
def reduce(a, x, axes=None):
    name, keep = a["operator"], bool(a.get("keepdims", 1))
    axes = axes_of(a, axes) or None
    if axes is None and a.get("noop_with_empty_axes"):
        plain = name in ("ReduceMax", "ReduceMin", "ReduceSum", "ReduceProd", "ReduceMean")
        return x if plain else REDUCTIONS[name](F.expand_dims(x, 0), 0, False)
    axes = tuple([k % x.ndim for k in axes] if axes is not None else range(x.ndim))
    if name in EMPTY and 0 in [x.shape[k] for k in axes]:
        y = values(x).sum(axis=axes, keepdims=keep)
        return np.full(y.shape, EMPTY[name] if is_float(x) else limit_of(x.dtype, name), x.dtype)
    y = REDUCTIONS[name](x, axes, keep)
    return y if y.dtype == x.dtype else F.astype(y, x.dtype)


def limit_of(dtype, name):
    """The most or the least number of a dtype, the extreme of no elements."""
    if dtype.kind == "b":
        return name == "ReduceMin"
    return np.iinfo(dtype).min if name == "ReduceMax" else np.iinfo(dtype).max


@op("ArgMax", "ArgMin")
def arg_extreme(a, x):
    f, axis = F.argmax if a["operator"] == "ArgMax" else F.argmin, a.get("axis", 0)
    if not a.get("select_last_index"):
        return f(x, axis, bool(a.get("keepdims", 1)))
    return x.shape[axis] - 1 - f(np.flip(values(x), axis), axis, bool(a.get("keepdims", 1)))


@op("CumSum", "CumProd")
def cumulative(a, x, axis):
    """`exclusive`: of the elements before each one; `reverse`: from the end."""
    axis, product = int(values(axis).item()) % x.ndim, a["operator"] == "CumProd"
    x = F.flip(x, axis) if a.get("reverse") else x
    y = F.cumprod(x, axis) if product else F.cumsum(x, axis)
    y = y if y.dtype == x.dtype else F.astype(y, x.dtype)
    if a.get("exclusive"):
        before = (slice(None),) * axis
        first = np.full((*x.shape[:axis], 1, *x.shape[axis + 1 :]), product, x.dtype)
        y = F.concat([first, y[(*before, slice(0, -1))]], axis)
    return F.flip(y, axis) if a.get("reverse") else y


# ---- shapes


@op("Constant")
def constant(a):
    return next(np.asarray(x) for name, x in a.items() if name.startswith(("value", "sparse_value")))


@op("Shape")
def shape(a, x):
    return np.array(x.shape, np.int64)[a.get("start", 0) : a.get("end")]


@op("Size")
def size(a, x):
    return np.array(math.prod(x.shape), np.int64)


@op("ConstantOfShape")
def constant_of_shape(a, shape):
    return np.full(whole_numbers(shape), np.asarray(a.get("value", np.zeros(1, np.float32))).reshape(-1)[0])


@op("Range")
def range_of(a, start, stop, step):
    start, stop, step = [values(x).reshape(()) for x in (start, stop, step)]
    return np.arange(start, stop, step, dtype=start.dtype)


@op("EyeLike")
def eye_like(a, x):
    N, M = x.shape
    return np.eye(N, M, a.get("k", 0), a.get("dtype", x.dtype))


@op("Reshape")
def reshape(a, x, shape=None):
    sizes = a.get("shape") if shape is None else whole_numbers(shape)
    if not a.get("allowzero"):
        sizes = [x.shape[i] if n == 0 else n for i, n in enumerate(sizes)]
    return F.reshape(x, tuple(sizes))


@op("Flatten")
def flatten(a, x):
    axis = a.get("axis", 1)
    axis += x.ndim if axis < 0 else 0
    return F.reshape(x, (math.prod(x.shape[:axis]), math.prod(x.shape[axis:])))


@op("Transpose")
def transpose(a, x):
    return F.transpose(x, tuple(a["perm"])) if "perm" in a else F.transpose(x)


@op("Squeeze")
def squeeze(a, x, axes=None):
    axes = axes_of(a, axes)
    return F.squeeze(x, None if axes is None else tuple(axes))


@op("Unsqueeze")
def unsqueeze(a, x, axes=None):
    return F.expand_dims(x, tuple(axes_of(a, axes) or ()))


@op("Expand")
def expand(a, x, shape):
    return F.broadcast_to(x, np.broadcast_shapes(x.shape, tuple(whole_numbers(shape))))


@op("Tile")
def tile(a, x, repeats):
    return F.tile(x, tuple(whole_numbers(repeats)))


@op("Concat")
def concat(a, *xs):
    return F.concat(xs, a["axis"])


@op("Split")
def split(a, x, parts=None):
    axis, count = a.get("axis", 0), a.get("num_outputs", a.outputs)
    sizes = a.get("split") if parts is None else whole_numbers(parts)
    if sizes is None:
        step = -(-x.shape[axis] // count)
        return F.split(x, [step * i for i in range(1, count)], axis)
    return F.split(x, np.cumsum(sizes)[:-1].tolist(), axis)


@op("Slice")
def slice_of(a, x, starts=None, ends=None, axes=None, steps=None):
    starts, ends = [
        a[word] if given is None else whole_numbers(given) for word, given in (("starts", starts), ("ends", ends))
    ]
    axes = axes_of(a, axes) or range(len(starts))
    index = [slice(None)] * x.ndim
    for start, end, axis, step in zip(starts, ends, axes, [1] * len(starts) if steps is None else whole_numbers(steps)):
        n = x.shape[axis]
        if step < 0:
            start, end = min(start, n - 1), None if end < -n else end
        index[axis] = slice(start, end, step)
    return F.getitem(x, tuple(index))


@op("Pad")
def pad(a, x, pads=None, value=None, axes=None):
    """Negative widths cut off."""
    mode, widths = a.get("mode", "constant"), a.get("pads") if pads is None else whole_numbers(pads)
    axes = [k % x.ndim for k in (range(x.ndim) if axes is None else whole_numbers(axes))]
    value = a.get("value", 0) if value is None else values(value).item()
    width, cut = [(0, 0)] * x.ndim, [slice(None)] * x.ndim
    for k, before, after in zip(axes, widths, widths[len(axes) :]):
        width[k] = max(before, 0), max(after, 0)
        cut[k] = slice(max(-before, 0), x.shape[k] + min(after, 0))
    y = F.getitem(x, tuple(cut)) if min(widths, default=0) < 0 else x
    return F.pad(y, width, value) if mode == "constant" else F.pad(y, width, mode=mode)


# ---- places


@op("Gather")
def gather(a, x, index):
    return F.getitem(x, (slice(None),) * (a.get("axis", 0) % x.ndim) + (values(index),))


def grid_of(index: Any, axis: int) -> tuple[Any, ...]:
    """The place of every element of an index along an axis."""
    grid = list(np.meshgrid(*[np.arange(n) for n in index.shape], indexing="ij"))
    grid[axis] = index
    return tuple(grid)


@op("GatherElements")
def gather_elements(a, x, index):
    return F.getitem(x, grid_of(values(index), a.get("axis", 0) % x.ndim))


@op("GatherND")
def gather_nd(a, x, index):
    index = values(index)
    batch = np.meshgrid(*[np.arange(n) for n in index.shape[:-1]], indexing="ij")[: a.get("batch_dims", 0)]
    return F.getitem(x, (*batch, *np.moveaxis(index, -1, 0)))


def put(x: Any, index: tuple[Any, ...], new: Any, reduction: str) -> Any:
    """x with new values at some places: in the place of the old ones, added, or one after the other."""
    if not isinstance(x, Variable) and not isinstance(new, Variable):
        x = x.copy()
    if reduction in ("none", "add"):
        return (F.setitem if reduction == "none" else F.add_at)(x, index, new)
    f = {"mul": operator.mul, "max": F.maximum, "min": F.minimum}[reduction]
    for at in np.ndindex(np.broadcast_shapes(*[np.shape(i) for i in index])):
        place = tuple([int(i[at]) for i in index])
        x = F.setitem(x, place, f(x[place], new[at]))
    return x


@op("ScatterElements", "Scatter")
def scatter_elements(a, x, index, new):
    return put(x, grid_of(values(index), a.get("axis", 0) % x.ndim), new, a.get("reduction", "none"))


@op("ScatterND")
def scatter_nd(a, x, index, new):
    return put(x, tuple(np.moveaxis(values(index), -1, 0)), new, a.get("reduction", "none"))


@op("TensorScatter")
def tensor_scatter(a, past, new, start=None):
    axis = a.get("axis", -2) % past.ndim
    first = np.zeros(past.shape[0], int) if start is None else values(start)
    index = list(np.meshgrid(*[np.arange(n) for n in new.shape], indexing="ij", sparse=True))
    index[axis] = index[axis] + first.reshape(-1, *[1] * (past.ndim - 1))
    index[axis] = index[axis] % past.shape[axis] if a.get("mode") == "circular" else index[axis]
    return F.setitem(past, tuple(index), new)


@op("Compress")
def compress(a, x, keep):
    places = np.flatnonzero(values(keep))
    return F.take(x, places, a["axis"]) if "axis" in a else F.getitem(F.reshape(x, (-1,)), places)


@op("OneHot")
def one_hot(a, index, depth, numbers):
    """Indices below 0 count from the end; what is beyond has no place."""
    depth, index, numbers = int(values(depth).reshape(-1)[0]), values(index).astype(int), values(numbers)
    found = (index % depth)[..., None] == np.arange(depth)
    found &= ((index >= -depth) & (index < depth))[..., None]
    return np.moveaxis(np.where(found, numbers[1], numbers[0]), -1, a.get("axis", -1))


@op("TopK")
def top_k(a, x, k):
    k, axis = int(values(k).reshape(-1)[0]), a.get("axis", -1)
    array = values(x)
    key = array if not a.get("largest", 1) else -array.astype(np.float64 if is_float(x) else np.int64)
    order = np.argsort(key, axis=axis, kind="stable").take(np.arange(k), axis)
    return F.take_along_axis(x, order, axis), order


@op("Trilu")
def trilu(a, x, k=None):
    lower, k = not a.get("upper", 1), 0 if k is None else int(values(k).item())
    N, M = x.shape[-2:]
    mask = np.tri(N, M, k if lower else k - 1, dtype=bool)
    return F.where(mask if lower else ~mask, x, np.zeros((), x.dtype))


@op("Unique")
def unique(a, x):
    axis = a.get("axis")
    _, first, inverse, counts = np.unique(values(x), True, True, True, axis=axis)
    inverse = inverse.reshape(-1)
    if not a.get("sorted", 1):
        order = np.argsort(first)
        first, counts, inverse = first[order], counts[order], np.argsort(order)[inverse]
    y = F.getitem(F.reshape(x, (-1,)), first) if axis is None else F.take(x, first, axis)
    return y, first, inverse, counts


@op("ReverseSequence")
def reverse_sequence(a, x, lengths):
    time, batch = a.get("time_axis", 0), a.get("batch_axis", 1)
    t, n = np.arange(x.shape[time])[:, None], values(lengths)[None]
    index = np.where(t < n, n - 1 - t, t)  # (T, N)
    index = index if time < batch else index.T
    return F.take_along_axis(x, np.broadcast_to(index.reshape(*index.shape, *[1] * (x.ndim - 2)), x.shape), time)


@op("CenterCropPad")
def center_crop_pad(a, x, shape):
    cut, width = [slice(None)] * x.ndim, [(0, 0)] * x.ndim
    for k, n in zip(a.get("axes", range(x.ndim)), whole_numbers(shape)):
        more = n - x.shape[k]
        cut[k] = slice(None) if more >= 0 else slice(-more // 2, -more // 2 + n)
        width[k] = (more // 2, more - more // 2) if more > 0 else (0, 0)
    return F.pad(F.getitem(x, tuple(cut)), width)


@op("ArrayFeatureExtractor")
def array_feature_extractor(a, x, index):
    return F.take(x, values(index).reshape(-1), -1)


@op("Binarizer")
def binarizer(a, x):
    return (values(x) > a.get("threshold", 0.0)).astype(x.dtype)


# ---- control: a graph within the graph sees the values of the one around it


@op("If")
def branch(a, condition):
    return tuple(a.run(a["then_branch" if values(condition).item() else "else_branch"], ()))


@op("Loop")
def loop(a, count=None, condition=None, *carried):
    """Runs the body while it says so; what it returns besides the carried values is stacked."""
    now, rows = list(carried), []
    most = math.inf if count is None else int(values(count).item())
    going, i = condition is None or bool(values(condition).item()), 0
    while going and i < most:
        found = a.run(a["body"], (np.array(i, np.int64), np.array(True), *now))
        going, i = bool(values(found[0]).item()), i + 1
        now = found[1 : 1 + len(carried)]
        rows.append(found[1 + len(carried) :])
    return (*now, *[F.stack(list(ys)) for ys in zip(*rows)])


@op("Scan")
def scan(a, *inputs):
    """Like a loop over the slices of the last inputs, along their first axis."""
    if a.version < 9 or any(
        a.get(f"scan_{word}", ()) for word in ("input_axes", "output_axes", "input_directions", "output_directions")
    ):
        raise Unknown("a Scan along other axes, backwards, or of version 8")
    count = a["num_scan_inputs"]
    state, xs, rows = list(inputs[:-count]), inputs[-count:], []
    for i in range(xs[0].shape[0]):
        found = a.run(a["body"], (*state, *[x[i] for x in xs]))
        state = found[: len(state)]
        rows.append(found[len(state) :])
    return (*state, *[F.stack(list(ys)) for ys in zip(*rows)])
