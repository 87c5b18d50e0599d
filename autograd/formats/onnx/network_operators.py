"""From a node of ONNX to our functions: products, norms, recurrence, attention, losses, quantized weights."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import autograd.functions as F
from autograd.formats.onnx.operators import Unknown, op, values

__all__ = ["GATES"]


@op("Gemm")
def gemm(a, A, B, C=None):
    A = F.transpose(A) if a.get("transA") else A
    B = F.transpose(B) if a.get("transB") else B
    y, alpha, beta = F.matmul(A, B), a.get("alpha", 1.0), a.get("beta", 1.0)
    y = y if alpha == 1 else y * alpha
    return y if C is None else y + (C if beta == 1 else C * beta)


@op("Einsum")
def einsum(a, *xs):
    return F.einsum(a["equation"], *xs)


# ---- norms


@op("BatchNormalization")
def batch_norm(a, x, gamma, beta, mean, var):
    eps = a.get("epsilon", 1e-5)
    if not a.get("training_mode"):
        return F.batch_norm_inference(x, gamma, beta, mean, var, eps)
    y, batch_mean, batch_var = F.batch_norm_with_statistics(x, gamma, beta, eps)
    old = a.get("momentum", 0.9)
    return y, values(mean) * old + batch_mean * (1 - old), values(var) * old + batch_var * (1 - old)


@op("InstanceNormalization")
def instance_norm(a, x, gamma, beta):
    return F.instance_norm(x, gamma, beta, a.get("epsilon", 1e-5))


@op("GroupNormalization")
def group_norm(a, x, gamma, beta):
    """Before version 21 a scale and an offset belong to a group."""
    groups = a["num_groups"]
    if a.version < 21 and gamma.shape[0] == groups != x.shape[1]:
        gamma, beta = [F.repeat(p, x.shape[1] // groups, 0) for p in (gamma, beta)]
    return F.group_norm(x, groups, gamma, beta, a.get("epsilon", 1e-5))


@op("LayerNormalization")
def layer_norm(a, x, gamma, beta=None):
    """Further outputs are the mean of each row, and 1 / sqrt(var + eps)."""
    axis, eps = a.get("axis", -1) % x.ndim, a.get("epsilon", 1e-5)
    beta = np.zeros(gamma.shape, x.dtype) if beta is None else beta
    if gamma.shape != x.shape[axis:]:
        gamma, beta = [F.broadcast_to(p, x.shape[axis:]) for p in (gamma, beta)]
    y = F.layer_norm(x, gamma, beta, eps)
    if a.outputs == 1:
        return y
    axes = tuple(range(axis, x.ndim))
    return (y, F.mean(x, axes, True), 1 / F.sqrt(F.var(x, axes, True) + eps))[: a.outputs]


@op("RMSNormalization")
def rms_norm(a, x, gamma):
    axis = a.get("axis", -1) % x.ndim
    gamma = gamma if gamma.shape == x.shape[axis:] else F.broadcast_to(gamma, x.shape[axis:])
    return F.rms_norm(x, gamma, a.get("epsilon", 1e-5))


@op("MeanVarianceNormalization")
def mean_variance(a, x):
    axes = tuple(a.get("axes", (0, 2, 3)))
    return (x - F.mean(x, axes, True)) / (F.std(x, axes, True) + 1e-9)


@op("LpNormalization")
def lp_normalization(a, x):
    y = F.norm(x, a.get("p", 2), a.get("axis", -1), True)
    zero = values(y) == 0
    return F.where(zero, 0.0, x / (y + zero))


@op("Dropout")
def dropout(a, x, ratio=None, training=None):
    """Passes everything, unless the graph itself trains: their random numbers are not ours."""
    p = a.get("ratio", 0.5) if ratio is None else float(values(ratio).item())
    if training is not None and values(training).item() and p:
        raise Unknown("Dropout in training")
    return (x, np.ones(x.shape, bool)) if a.outputs > 1 else x


# ---- recurrence: ONNX has the steps in front, the gates in another order, and an axis of directions

GATES = {"RNN": [0], "GRU": [1, 0, 2], "LSTM": [0, 2, 3, 1]}  # where our gates are among theirs


def gates_of(W: Any, order: list[int], axis: int = 0) -> Any:
    """W with the gates in our order."""
    parts = F.split(W, len(order), axis)
    return F.concat([parts[k] for k in order], axis)


@op("RNN", "GRU", "LSTM")
def recurrent(a, X, W, R, B=None, lengths=None, h0=None, c0=None, P=None):
    """Each direction alone, by our function of whole sequences."""
    if ("activations" in a and set(a["activations"]) - {"Tanh", "Sigmoid"}) or a.get("clip") or a.get("input_forget"):
        raise Unknown("other activations, clipped gates, and input gates that forget")
    first = a.get("layout", 0) == 1  # is the batch the first axis?
    X = X if first else F.transpose(X, (1, 0, 2))
    states = [s for s in (h0, c0) if s is not None] if a["operator"] == "LSTM" else [h0] if h0 is not None else []
    states = [F.transpose(s, (1, 0, 2)) for s in states] if first else states
    lengths = None if lengths is None else values(lengths)
    found = []
    for d in range(W.shape[0]):
        backwards = a.get("direction", "forward") == "reverse" or d == 1
        weights = [None if w is None else w[d] for w in (W, R, B, P)]
        found.append(direction(a, X, [s[d] for s in states], weights, backwards, lengths))
    ys = F.stack([ys[0] for ys, _ in found], 2)  # (N, T, D, H)
    if lengths is not None:
        ys = F.where((np.arange(X.shape[1]) < lengths[:, None])[:, :, None, None], ys, 0)
    after = [F.stack(list(parts)) for parts in zip(*[last for _, last in found])]
    if first:
        return (ys, *[F.transpose(s, (1, 0, 2)) for s in after])
    return (F.transpose(ys, (1, 2, 0, 3)), *after)


def direction(a: Any, X: Any, states: Any, weights: Any, backwards: bool, lengths: Any) -> Any:
    """The states (N, T, H) of one direction, and those after its last step."""
    W, R, B, P = weights
    name, H = a["operator"], R.shape[-1]
    order = GATES[name]
    Wx, Wh = [F.transpose(gates_of(w, order)) for w in (W, R)]
    bias = np.zeros(2 * len(order) * H, X.dtype) if B is None else B
    b, d = [gates_of(part, order) for part in F.split(bias, 2, 0)]
    if P is not None:
        return with_peepholes(X, states, (Wx, Wh, b + d, P), backwards)
    after_product = name == "GRU" and a.get("linear_before_reset")
    given = [*states, *[None] * ((2 if name == "LSTM" else 1) - len(states))]
    biases = [b, *([d] if after_product else [])] if after_product else [b + d, *([None] if name == "GRU" else [])]
    ys = getattr(F, name.lower())(X, *given, Wx, Wh, *biases, lengths=lengths, reverse=backwards)
    ys = ys if isinstance(ys, tuple) else (ys,)
    return ys, [y[:, 0 if backwards else -1] for y in ys]


def with_peepholes(X: Any, states: Any, weights: Any, backwards: bool) -> Any:
    """An LSTM whose gates see the memory cells too. P has the weights for i, o, f."""
    Wx, Wh, b, P = weights
    H, T = Wh.shape[0], X.shape[1]
    pi, po, pf = F.split(P, 3, 0)
    h, c = states or [np.zeros((X.shape[0], H), X.dtype)] * 2
    hs: list[Any] = [None] * T
    cs: list[Any] = [None] * T
    for t in range(T)[:: -1 if backwards else 1]:
        i, f, g, o = F.split(F.linear(X[:, t], Wx, b) + F.linear(h, Wh), 4, 1)
        i, f = F.sigmoid(i + pi * c), F.sigmoid(f + pf * c)
        c = f * c + i * F.tanh(g)
        h = F.sigmoid(o + po * c) * F.tanh(c)
        hs[t], cs[t] = h, c
    return (F.stack(hs, 1), F.stack(cs, 1)), [h, c]


# ---- attention


def heads_of(x: Any, heads: int) -> Any:
    """(N, T, H D) -> (N, H, T, D)"""
    return F.transpose(F.reshape(x, (*x.shape[:2], heads, x.shape[2] // heads)), (0, 2, 1, 3))


def side_by_side(y: Any) -> Any:
    """(N, H, T, D) -> (N, T, H D)"""
    return F.reshape(F.transpose(y, (0, 2, 1, 3)), (y.shape[0], y.shape[2], y.shape[1] * y.shape[3]))


@op("Attention")
def attention(a, q, k, v, mask=None, past_k=None, past_v=None, lengths=None):
    flat = q.ndim == 3
    if flat:
        q = heads_of(q, a["q_num_heads"])
        k, v = [heads_of(x, a["kv_num_heads"]) for x in (k, v)]
    if past_k is not None:
        k, v = F.concat([past_k, k], 2), F.concat([past_v, v], 2)
    before = 0 if past_k is None else past_k.shape[2]
    hidden, causal = mask_of(a, q, k, mask, lengths, before)
    scale, softcap = a.get("scale"), a.get("softcap") or None
    options = {"offset": before, "scale": scale, "softcap": softcap}
    y = F.scaled_dot_product_attention(q, k, v, hidden, causal, **options)
    y = side_by_side(y) if flat else y
    return (y, k, v, scores_of(a, q, k, hidden, causal, options))[: 4 if a.outputs in (2, 4) else a.outputs]


def mask_of(a: Any, q: Any, k: Any, mask: Any, lengths: Any, before: int) -> tuple[Any, bool]:
    """What hides keys: a mask, and whether the function's own causal mask does."""
    T, S, causal = q.shape[2], k.shape[2], bool(a.get("is_causal"))
    left, right = a.get("left_window_size", -1), a.get("right_window_size", -1)
    if mask is not None and 1 < mask.shape[-1] < S:  # keys behind the mask are not seen
        width = [(0, 0)] * (mask.ndim - 1) + [(0, S - mask.shape[-1])]
        mask = np.pad(values(mask), width) if mask.dtype == bool else F.pad(mask, width, value=-math.inf)
    if lengths is None and left < 0 and right < 0 and (mask is None or not causal):
        return mask, causal
    offset = np.full((1, 1, 1, 1), before) if lengths is None else values(lengths).reshape(-1, 1, 1, 1) - T
    i, j = np.arange(T)[:, None] + offset, np.arange(S)
    seen = np.ones((1, 1, T, S), bool) & ((j <= i) | (not causal))
    seen = seen & ((left < 0) | (j >= i - left)) & ((right < 0) | (j <= i + right))
    seen = seen if lengths is None else seen & (j < values(lengths).reshape(-1, 1, 1, 1))
    if mask is None:
        return seen, False
    return (values(mask) & seen if mask.dtype == bool else F.where(seen, mask, -math.inf)), False


def scores_of(a: Any, q: Any, k: Any, mask: Any, causal: bool, options: Any) -> Any:
    """The scores: 0 the products, 1 after the softcap, 2 with the mask, 3 the weights."""
    mode, (T, S) = a.get("qk_matmul_output_mode", 0), (q.shape[2], k.shape[2])
    if mode == 3:
        unit = np.broadcast_to(np.eye(S, dtype=q.dtype), (*k.shape[:-1], S))
        return F.scaled_dot_product_attention(q, k, unit, mask, causal, **options)
    scale = 1 / math.sqrt(q.shape[-1]) if options["scale"] is None else options["scale"]
    s = F.matmul(q, F.swapaxes(F.repeat(k, q.shape[1] // k.shape[1], 1), -1, -2)) * scale
    if options["softcap"] and mode in (1, 2):
        s = F.tanh(s / options["softcap"]) * options["softcap"]
    if mode == 2 and causal and mask is None:
        mask = np.arange(S) <= np.arange(T)[:, None] + options["offset"]
    if mode == 2 and mask is not None:
        s = F.where(values(mask), s, -math.inf) if mask.dtype == bool else s + mask
    return s


@op("FlexAttention")
def flex_attention(a, q, k, v):
    if "score_mod" in a or "prob_mod" in a:
        raise Unknown("attention with a graph for its scores")
    return F.scaled_dot_product_attention(q, k, v, scale=a.get("scale"))


@op("LinearAttention")
def linear_attention(a, q, k, v, past=None, decay=None, beta=None):
    """A state S (D, E) for each head, which every step changes: y = scale q S."""
    H, HK, rule = a["q_num_heads"], a["kv_num_heads"], a.get("update_rule", "gated_delta")
    q, k, v = [F.reshape(x, (*x.shape[:2], n, x.shape[2] // n)) for x, n in ((q, H), (k, HK), (v, HK))]
    decay = decay if decay is None else F.reshape(decay, (*decay.shape[:2], HK, -1))
    beta = beta if beta is None else F.reshape(beta, (*beta.shape, 1))
    (N, T, _, D), E = k.shape, v.shape[-1]
    S, ys, scale = np.zeros((N, HK, D, E), q.dtype) if past is None else past, [], a.get("scale") or 1 / math.sqrt(D)
    for t in range(T):
        key, value = F.expand_dims(k[:, t], -1), F.expand_dims(v[:, t], 2)
        if "gated" in rule:
            S = S * F.expand_dims(F.exp(decay[:, t]), -1)
        if "delta" in rule:
            value = (value - F.matmul(F.swapaxes(key, -1, -2), S)) * F.expand_dims(beta[:, t], -1)
        S = S + key * value
        ys.append(F.matmul(F.expand_dims(q[:, t], 2), F.repeat(S, H // HK, 1)) * scale)
    return F.reshape(F.stack(ys, 1), (N, T, H * E)), S


@op("RotaryEmbedding")
def rotary(a, x, cos, sin, positions=None):
    """Pairs of numbers, beside each other or half a vector apart, turned by angles that are given."""
    four = x.ndim == 4
    heads = a.get("num_heads", 0)
    y = F.transpose(x, (0, 2, 1, 3)) if four else F.reshape(x, (*x.shape[:2], heads, x.shape[2] // heads))
    R = a.get("rotary_embedding_dim", 0) or y.shape[-1]
    c, s = [values(z) if positions is None else values(z)[values(positions)] for z in (cos, sin)]
    c, s = c[:, :, None, : R // 2], s[:, :, None, : R // 2]
    y, rest = y[..., :R], y[..., R:]
    p, q = (y[..., ::2], y[..., 1::2]) if a.get("interleaved") else (y[..., : R // 2], y[..., R // 2 :])
    turned = [p * c - q * s, q * c + p * s]
    y = F.reshape(F.stack(turned, -1), y.shape) if a.get("interleaved") else F.concat(turned, -1)
    y = F.concat([y, rest], -1)
    return F.transpose(y, (0, 2, 1, 3)) if four else F.reshape(y, x.shape)


# ---- losses


@op("SoftmaxCrossEntropyLoss")
def softmax_cross_entropy(a, x, t, w=None):
    y = F.log_softmax(x, 1)
    loss = negative_log_likelihood(a, y, t, w)
    return (loss, y) if a.outputs > 1 else loss


@op("NegativeLogLikelihoodLoss")
def negative_log_likelihood(a, x, t, w=None):
    t, ignored, reduction = values(t), a.get("ignore_index"), a.get("reduction", "mean")
    keep = np.ones(t.shape, bool) if ignored is None else t != ignored
    found = np.where(keep, t, 0)
    grid = list(np.meshgrid(*[np.arange(n) for n in t.shape], indexing="ij"))
    weight: Any = keep.astype(x.dtype) if w is None else (keep * values(w)[found]).astype(x.dtype)
    y = -F.getitem(x, (grid[0], found, *grid[1:])) * weight
    if reduction == "none":
        return y
    return F.sum(y) if reduction == "sum" else F.sum(y) / weight.sum().item()


# ---- quantized weights


@op("DequantizeLinear")
def dequantize(a, x, scale, zero=None):
    """y = (x - zero) scale, with a scale for all, along an axis, or for each block."""
    x, dtype = values(x), a.get("output_dtype") or scale.dtype
    y = x.astype(scale.dtype)
    if zero is not None:
        y = y - fitted(a, values(zero).astype(scale.dtype), x)
    return F.astype(y * fitted(a, scale, x), dtype) if dtype != scale.dtype else y * fitted(a, scale, x)


def fitted(a: Any, scale: Any, x: Any) -> Any:
    """A scale in a shape that broadcasts to x."""
    axis, block = a.get("axis", 1), a.get("block_size", 0)
    if scale.size == 1 and scale.ndim <= 1:
        return F.reshape(scale, ())
    if block:
        return F.take(scale, np.arange(x.shape[axis]) // block, axis)
    return F.reshape(scale, tuple([-1 if k == axis % x.ndim else 1 for k in range(x.ndim)]))


@op("QuantizeLinear")
def quantize(a, x, scale, zero=None):
    """y = round(x / scale) + zero, within the whole numbers of 8 or 16 bits."""
    dtype = np.dtype(a.get("output_dtype") or (np.uint8 if zero is None else zero.dtype))
    if dtype.kind not in "iu" or dtype.name not in ("int8", "uint8", "int16", "uint16"):
        raise Unknown(f"quantizing to {dtype}")
    x = values(x)
    y = np.rint(x / values(fitted(a, scale, x)))
    y = y if zero is None else y + values(fitted(a, values(zero).astype(np.int64), x))
    return y.clip(np.iinfo(dtype).min, np.iinfo(dtype).max).astype(dtype)


# ---- steps of optimizers


@op("Momentum", "Adagrad", "Adam")
def optimizer(a, R, T, *xs):
    """Parameters, gradients and slots, each as many as there are parameters; new parameters, new slots."""
    step: Any = {"Momentum": momentum, "Adagrad": adagrad, "Adam": adam}[a["operator"]]
    count = len(xs) // (4 if a["operator"] == "Adam" else 3)
    rows = []
    for i in range(count):
        x, g, *slots = xs[i::count]
        rows.append(step(a, R, int(values(T).item()), x, a.get("norm_coefficient", 0.0) * x + g, *slots))
    return tuple([y for column in zip(*rows) for y in column])


def momentum(a, R, t, x, g, v):
    v = a["alpha"] * v + (a["beta"] if t > 0 else 1.0) * g
    return x - R * (g + a["alpha"] * v if a["mode"] == "nesterov" else v), v


def adagrad(a, R, t, x, g, h):
    h = h + g * g
    return x - R / (1 + t * a.get("decay_factor", 0.0)) * g / (F.sqrt(h) + a.get("epsilon", 1e-6)), h


def adam(a, R, t, x, g, v, h):
    alpha, beta = a.get("alpha", 0.9), a.get("beta", 0.999)
    v, h = alpha * v + (1 - alpha) * g, beta * h + (1 - beta) * g * g
    rate = R * math.sqrt(1 - beta**t) / (1 - alpha**t) if t > 0 else R
    x = x - rate * v / (F.sqrt(h) + a.get("epsilon", 1e-6))
    return (1 - a.get("norm_coefficient_post", 0.0)) * x, v, h
