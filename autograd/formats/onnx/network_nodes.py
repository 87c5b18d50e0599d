"""From a function to the nodes of ONNX: products, convolutions, pooling, norms, attention, recurrence."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd.formats.onnx.graph import Graph, Value
from autograd.formats.onnx.nodes import node, numbers
from autograd.formats.onnx.recording import Different, Rows

__all__ = ["LAST_STEP"]

LAST_STEP = "ONNX has the memory cells of an LSTM after its last step alone, and this model uses those before it"


@node("Linear")
def linear(g: Graph, f: Any, x: Value, W: Value, b: Value) -> Any:
    if x.ndim == 2:
        return g("Gemm", *numbers(g, x, W, b))
    x, W, b = numbers(g, x, W, b)
    return g("Add", g("MatMul", x, W), b)


@node("WeightedSums")
def weighted_sums(g: Graph, f: Any, x: Value) -> Any:
    """A x along an axis: x A^T along the last one."""
    order = [i for i in range(x.ndim) if i != f.axis % x.ndim] + [f.axis % x.ndim]
    y = g("MatMul", g("Transpose", x, perm=order), np.asarray(f.A, x.dtype).T)
    return g("Transpose", y, perm=[order.index(i) for i in range(x.ndim)])


@node("Einsum")
def einsum(g: Graph, f: Any, *xs: Value) -> Any:
    return g("Einsum", *numbers(g, *xs), equation=",".join(f.terms) + "->" + f.output)


# ---- windows


def windows_of(w: Any) -> dict[str, Any]:
    """ONNX's words for windows; the padding has all that is before, then all that is behind."""
    pads = [before for before, _ in w.pad] + [behind for _, behind in w.pad]
    return {
        "kernel_shape": [*w.kernel], "strides": [*w.stride], "dilations": [*w.dilation], "pads": pads,
    }  # fmt: skip


def padded(g: Graph, x: Any, w: Any, value: float) -> Any:
    """x with the padding of its windows, as a node of its own."""
    before, behind = [[0, 0, *side] for side in zip(*w.pad)]
    return g("Pad", x, [*before, *behind], value) if any(map(any, w.pad)) else x


@node("Conv")
def conv(g: Graph, f: Any, x: Value, W: Value, b: Value | None = None) -> Any:
    return g("Conv", x, W, b, group=f.groups, **windows_of(f.w))


@node("ConvTranspose")
def conv_transpose(g: Graph, f: Any, y: Value, W: Value) -> Any:
    more = [
        H - ((O - 1) * S + D * (K - 1) + 1 - sum(pad))
        for H, O, S, D, K, pad in zip(f.w.size, f.w.out, f.w.stride, f.w.dilation, f.w.kernel, f.w.pad)
    ]
    return g("ConvTranspose", y, W, group=f.groups, output_padding=more, **windows_of(f.w))


@node("MaxPool")
def max_pool(g: Graph, f: Any, x: Value) -> Any:
    options = windows_of(f.w)
    if any(max(pad) >= K for pad, K in zip(f.w.pad, f.w.kernel)):
        x, options["pads"] = padded(g, x, f.w, -math.inf), [0] * len(options["pads"])
    return g("MaxPool", x, **options)


@node("WindowSum")
def window_sum(g: Graph, f: Any, x: Value) -> Any:
    """The mean of each window, with the padding, times the number of taps."""
    options = windows_of(f.w)
    if options.pop("dilations") != [1] * len(f.w.kernel):
        raise Different("a sum over windows with dilation")
    options["pads"] = [0] * len(options["pads"])
    return g("Mul", g("AveragePool", padded(g, x, f.w, 0.0), **options), float(math.prod(f.w.kernel)))


@node("WindowFill")
def window_fill(g: Graph, f: Any, y: Value) -> Any:
    """Every pixel repeated: windows that lie side by side."""
    if f.w.kernel != f.w.stride or any(map(any, f.w.pad)) or set(f.w.dilation) != {1}:
        raise Different("the adjoint of a sum over windows that overlap")
    scales = np.array([1, 1, *f.w.kernel], np.float32)
    return g(
        "Resize", y, None, scales, mode="nearest", nearest_mode="floor", coordinate_transformation_mode="asymmetric"
    )


@node("RegionMax")
def region_max(g: Graph, f: Any, x: Value) -> Any:
    """The maxima along one axis after the other: region i holds floor(i H/O) to ceil((i + 1) H/O) - 1."""
    y: Any = x
    for axis, (H, O) in enumerate(zip(x.shape[2:], f.out), 2):
        bounds = [(i * H // O, -(-(i + 1) * H // O)) for i in range(O)]
        parts = [g("ReduceMax", g("Slice", y, [a], [b], [axis]), [axis]) for a, b in bounds]
        y = g("Concat", *parts, axis=axis)
    return y


# ---- norms


@node("LayerNorm")
def layer_norm(g: Graph, f: Any, x: Value, gamma: Value, beta: Value) -> Any:
    axis = x.ndim - gamma.ndim
    return g("LayerNormalization", *numbers(g, x, gamma, beta), axis=axis, epsilon=float(f.eps))


@node("RMSNorm")
def rms_norm(g: Graph, f: Any, x: Value, gamma: Value) -> Any:
    axes = list(range(x.ndim - gamma.ndim, x.ndim))
    x, gamma = numbers(g, x, gamma)
    return g("Mul", g("Div", x, g("Sqrt", g("Add", g("ReduceMean", g("Mul", x, x), axes), f.eps))), gamma)


@node("BatchNormInference")
def batch_norm_inference(g: Graph, f: Any, x: Value, *given: Value) -> Any:
    return g("BatchNormalization", *numbers(g, x, *given), epsilon=float(f.eps))


@node("BatchNorm")
def batch_norm(g: Graph, f: Any, x: Value, gamma: Value, beta: Value) -> Any:
    """With the statistics of the batch."""
    axes = [0, *range(2, x.ndim)]
    shape = [1, x.shape[1], *[1] * (x.ndim - 2)]
    x, gamma, beta = numbers(g, x, gamma, beta)
    d = g("Sub", x, g("ReduceMean", x, axes))
    xn = g("Div", d, g("Sqrt", g("Add", g("ReduceMean", g("Mul", d, d), axes), f.eps)))
    return g("Add", g("Mul", xn, g("Reshape", gamma, shape)), g("Reshape", beta, shape))


# ---- attention


@node("MaskedSoftmax")
def masked_softmax(g: Graph, f: Any, s: Value, *biases: Value) -> Any:
    return weights(g, f, s, s.shape, biases)


@node("Attention")
def attention(g: Graph, f: Any, q: Value, k: Value, v: Value, *biases: Value) -> Any:
    order = [*range(k.ndim - 2), k.ndim - 1, k.ndim - 2]
    s = g("MatMul", g("Mul", q, f.scale), g("Transpose", k, perm=order))
    return g("MatMul", weights(g, f, s, (q.shape[-2], k.shape[-2]), biases), v)


def weights(g: Graph, f: Any, s: Any, shape: Any, biases: Any) -> Any:
    """The softmax of the scores s; a row in which everything is hidden is 0, where ONNX's softmax is nan."""
    T, S = shape[-2:]
    for bias in biases:
        s = g("Add", s, bias)
    if f.offset is not None and not (T == 1 and f.offset + 1 >= S):
        s = g("Add", s, np.where(np.arange(S) > np.arange(T)[:, None] + f.offset, -math.inf, 0.0).astype(g.dtype))
    if f.seen is not None:
        hidden = g.array(np.array(-math.inf, g.dtype))
        s = g("Where", f.seen, s, hidden)
    P = g("Softmax", s, axis=-1)
    empty = f.offset is not None and f.offset < 0
    return g("Where", g("IsNaN", P), 0.0, P) if biases or f.seen is not None or empty else P


@node("Rotate")
def rotate(g: Graph, f: Any, x: Value) -> Any:
    half, whole, last = x.shape[-1] // 2, x.shape[-1], x.ndim - 1
    a, b = g("Slice", x, [0], [half], [last]), g("Slice", x, [half], [whole], [last])
    first = g("Sub", g("Mul", a, f.cos), g("Mul", b, f.sin))
    return g("Concat", first, g("Add", g("Mul", b, f.cos), g("Mul", a, f.sin)), axis=last)


# ---- recurrence: ONNX has the steps in front, the gates in another order, and an axis of directions


def gates(g: Graph, W: Value, order: list[int]) -> Any:
    """(I, G H) with our order of gates -> (1, G H, I) with ONNX's."""
    turned = g("Transpose", W, perm=[1, 0]) if W.ndim == 2 else W
    if order != [*range(len(order))]:
        parts = g("Split", turned, outputs=len(order), axis=0, num_outputs=len(order))
        turned = g("Concat", *[parts[k] for k in order], axis=0)
    return g("Unsqueeze", turned, [0]) if W.ndim == 2 else turned


def recurrence(g: Graph, f: Any, op: str, order: list[int], x: Value, states: Any, weights: Any, **options: Any) -> Any:
    """The states after each step, and those after the last: (N, T, H), or (N, H) for one step; (1, N, H)."""
    Wx, Wh, b, *d = weights
    if f.live is not None:
        raise Different("the lengths of sequences are numbers of Python: give sequences of one length")
    given = g("Unsqueeze", x, [0]) if x.ndim < 3 else g("Transpose", x, perm=[1, 0, 2])
    zeros = np.zeros(b.shape, g.dtype)
    biases = g("Concat", gates(g, b, order), gates(g, d[0], order) if d else zeros, axis=0)
    before = [None if is_zero(h) else g("Unsqueeze", h, [0]) for h in states]
    B = g("Unsqueeze", biases, [0])
    found = g(
        op, given, gates(g, Wx, order), gates(g, Wh, order), B, None, *before, outputs=1 + len(states),
        hidden_size=int(Wh.shape[0]), direction="reverse" if f.reverse else "forward", **options,
    )  # fmt: skip
    y = g("Squeeze", found[0], [0, 1]) if x.ndim < 3 else g("Transpose", g("Squeeze", found[0], [1]), perm=[1, 0, 2])
    return y, found[1:]


def is_zero(h: Value) -> bool:
    """Is the state a constant of zeros, as ONNX takes for granted?"""
    constant = h.constant.part if isinstance(h.constant, Rows) else h.constant
    return constant is not None and not np.any(constant)


@node("RNN")
def rnn(g: Graph, f: Any, x: Value, h: Value, *weights: Value) -> Any:
    return recurrence(g, f, "RNN", [0], x, [h], weights)[0]


@node("LSTM")
def lstm(g: Graph, f: Any, x: Value, h: Value, c: Value, *weights: Value) -> Any:
    y, (_, last) = recurrence(g, f, "LSTM", [0, 3, 1, 2], x, [h, c], weights)
    return [y, g("Squeeze", last, [0]) if x.ndim < 3 else g("Transpose", last, perm=[1, 0, 2])]


@node("GRU")
def gru(g: Graph, f: Any, x: Value, h: Value, *weights: Value) -> Any:
    return recurrence(g, f, "GRU", [1, 0, 2], x, [h], weights, linear_before_reset=1)[0]


@node("GRUResetBefore")
def gru_reset_before(g: Graph, f: Any, x: Value, h: Value, *weights: Value) -> Any:
    return recurrence(g, f, "GRU", [1, 0, 2], x, [h], weights, linear_before_reset=0)[0]
