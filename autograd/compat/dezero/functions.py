"""`dezero.functions`: the house's functions with DeZero's names and defaults, and DeZero's formulas where they differ.

`F` is the namespace of all of them, functions and classes.
"""

from __future__ import annotations

from math import prod
from types import SimpleNamespace
from typing import Any

import numpy as np

from autograd import algebra
from autograd import functions as ours
from autograd.algebra import as_array
from autograd.backend import namespace
from autograd.compat.dezero import core, functions_conv
from autograd.compat.dezero.core import Variable, as_variable, operation
from autograd.config import training
from autograd.function import Function
from autograd.kernels.windows import windows
from autograd.locks import Lock

__all__ = ["F"]


class Sigmoid(Function):
    """y = 1 / (1 + e^-x), by DeZero's formula."""

    def forward(self, x):
        return namespace(x).tanh(x * 0.5) * 0.5 + 0.5

    def backward(self, gy):
        (y,) = self.outputs
        return gy * y * (1 - y)


def mean_squared_error(x0: Any, x1: Any) -> Any:
    """y = sum of (x0 - x1)^2 / N, where N is the length of the first axis. The shapes are broadcast."""
    d = algebra.Sub()(x0, x1)
    return algebra.sum(d**2) / len(d)


def softmax_cross_entropy(x: Any, t: Any) -> Any:
    """y = -(1/N) sum of log softmax(x)[n, t_n], for logits x (N, C) and N labels t."""
    return ours.softmax_cross_entropy(x, as_array(t).reshape(-1).astype(np.int64))


def sigmoid_cross_entropy(x: Any, t: Any) -> Any:
    """y = -(1/N) sum of t log sigmoid(x) + (1 - t) log(1 - sigmoid(x)), by a formula that does not overflow."""
    t = t.reshape(x.shape)
    return algebra.sum(ours.softplus(x) - x * t) / len(x)


def binary_cross_entropy(p: Any, t: Any) -> Any:
    """y = -(1/N) sum of t log q + (1 - t) log(1 - q), where q is p clipped to [1e-15, 0.999]."""
    t, q = t.reshape(p.shape), ours.clip(p, 1e-15, 0.999)
    return -algebra.sum(t * ours.log(q) + (1 - t) * ours.log(1 - q)) / len(p)


def softmax_cross_entropy_simple(x: Any, t: Any) -> Any:
    """`softmax_cross_entropy`, composed of simpler functions."""
    x, t = as_variable(x), as_array(t)
    log_p = F.log(F.clip(F.softmax(x), 1e-15, 1.0))
    return -1 * F.sum(log_p[namespace(x.value).arange(len(x)), t]) / len(x)


def accuracy(y: Any, t: Any) -> Any:
    """The fraction of samples whose highest score is that of the label: a Variable without a graph."""
    y, t = as_array(y), as_array(t)
    return Variable(namespace(y).asarray((y.argmax(axis=1).reshape(t.shape) == t).mean()))


statistics = Lock()  # one change of running statistics at a time


def dropout(x: Any, dropout_ratio: float = 0.5) -> Any:
    """y = x mask / (1 - ratio) in training, and x otherwise. `np.random.rand` draws the mask."""
    x = as_variable(x)
    if not training():
        return x
    return x * (namespace(x.data).random.rand(*x.shape) > dropout_ratio) / (1.0 - dropout_ratio)


def batch_norm(x: Any, gamma: Any, beta: Any, mean: Any, var: Any, decay: float = 0.9, eps: float = 2e-5) -> Any:
    """y = gamma (x - m) / sqrt(v + eps) + beta. In training m and v are the batch's, otherwise `mean` and `var`.

    In training the arrays `mean` and `var` are updated in place with m and the unbiased v.
    """
    if not training():
        return ours.batch_norm_inference(x, gamma, beta, mean, var, eps)
    n = x.size // gamma.size
    if n == 1:  # ours refuses it; the same value twice has the same mean, and the variance 0
        y, m, v = ours.batch_norm_with_statistics(ours.concat([x, x]), gamma, beta, eps)
        y = y[:1]
    else:
        y, m, v = ours.batch_norm_with_statistics(x, gamma, beta, eps)
    with statistics:
        mean *= decay
        mean += (1 - decay) * m
        var *= decay
        var += (1 - decay) * (n / (n - 1.0 if n > 2 else 1.0)) * v
    return y


def conv2d_simple(x: Any, W: Any, b: Any = None, stride: Any = 1, pad: Any = 0) -> Any:
    """`conv2d`, composed of im2col and a matrix product."""
    x, W = as_variable(x), as_variable(W)
    w = windows(x.shape[2:], W.shape[2:], stride, pad)
    y = F.linear(F.im2col(x, w.kernel, stride, pad), W.reshape(len(W), -1).T, b)
    return y.reshape(len(x), *w.out, len(W)).transpose(0, 3, 1, 2)


def pooling_simple(x: Any, kernel_size: Any, stride: Any = 1, pad: Any = 0) -> Any:
    """`pooling`, composed of im2col and a maximum. Padding counts as 0."""
    x = as_variable(x)
    w = windows(x.shape[2:], kernel_size, stride, pad)
    y = F.im2col(x, kernel_size, stride, pad).reshape(-1, prod(w.kernel)).max(axis=1)
    return y.reshape(len(x), *w.out, x.shape[1]).transpose(0, 3, 1, 2)


def softmax_simple(x: Any, axis: int = 1) -> Any:
    """y = e^x / sum of e^x. It overflows for large x."""
    y = F.exp(x)
    return y / F.sum(y, axis=axis, keepdims=True)


FUNCTIONS: list[tuple[str, int, Any]] = [  # class and function, number of operands, what computes it
    ("Sin sin", 1, ours.sin),
    ("Cos cos", 1, ours.cos),
    ("Tanh tanh", 1, ours.tanh),
    ("Exp exp", 1, ours.exp),
    ("Log log", 1, ours.log),
    ("SumTo sum_to", 1, ours.sum_to),
    ("BroadcastTo broadcast_to", 1, ours.broadcast_to),
    ("Linear linear", 3, ours.linear),
    ("Average average", 1, ours.mean),
    ("Sigmoid sigmoid", 1, lambda x: Sigmoid()(x)),
    ("ReLU relu", 1, ours.relu),
    ("LeakyReLU leaky_relu", 1, lambda x, slope=0.2: ours.leaky_relu(x, slope)),
    ("Softmax softmax", 1, lambda x, axis=1: ours.softmax(x, axis)),
    ("LogSoftmax log_softmax", 1, lambda x, axis=1: ours.log_softmax(x, axis)),
    ("Clip clip", 1, lambda x, x_min, x_max: ours.clip(x, x_min, x_max)),
    ("MeanSquaredError mean_squared_error", 2, mean_squared_error),
    ("SoftmaxCrossEntropy softmax_cross_entropy", 2, softmax_cross_entropy),
    ("SigmoidCrossEntropy sigmoid_cross_entropy", 2, sigmoid_cross_entropy),
    ("BinaryCrossEntropy binary_cross_entropy", 2, binary_cross_entropy),
    ("BatchNorm batch_norm", 3, batch_norm),
    ("Conv2d conv2d", 3, functions_conv.conv2d),
    ("Deconv2d deconv2d", 3, functions_conv.deconv2d),
    ("Pooling pooling", 1, functions_conv.pooling),
    ("AveragePooling average_pooling", 1, functions_conv.average_pooling),
    ("Im2col im2col", 1, functions_conv.im2col),
    ("Col2im col2im", 1, functions_conv.col2im),
]

CORE = (  # defined in core, because Variable has them as methods
    "Add add Sub sub Mul mul Div div Neg neg Pow pow MatMul matmul Reshape reshape Transpose transpose Sum sum "
    "GetItem get_item Max max Min min"
)
COMPOSED: dict[str, Any] = {  # of the functions above, so the graph shows these
    "rsub": lambda x0, x1: F.sub(x1, x0),
    "rdiv": lambda x0, x1: F.div(x1, x0),
    "flatten": lambda x: F.reshape(x, (x.shape[0], -1)),
    "expand_dims": lambda x, axis: F.reshape(x, (*x.shape[:axis], 1, *x.shape[axis:])),
    "linear_simple": lambda x, W, b=None: F.matmul(x, W) if b is None else F.matmul(x, W) + b,
    "sigmoid_simple": lambda x: 1 / (1 + F.exp(-as_variable(x))),
    "softmax_simple": softmax_simple,
    "softmax_cross_entropy_simple": softmax_cross_entropy_simple,
    "conv2d_simple": conv2d_simple,
    "pooling_simple": pooling_simple,
    "embed_id": lambda x, W: W[x],
    "dropout": dropout,
    "accuracy": accuracy,
}
ALIASES = {"mean": "average", "batch_nrom": "batch_norm", "mean_squared_error_simple": "mean_squared_error"}

F: Any = SimpleNamespace(**{name: getattr(core, name) for name in CORE.split()})
for row in FUNCTIONS:
    vars(F).update(zip(row[0].split(), operation(*row)))
vars(F).update(COMPOSED)
vars(F).update({alias: getattr(F, name) for alias, name in ALIASES.items()})
F.GetItemGrad, _ = operation("GetItemGrad add_at", 1, lambda gy, slices, in_shape: algebra.AddAt(slices, in_shape)(gy))
for name, f in vars(F).items():  # where pickle finds them: a model holds its activation
    f.__module__, f.__qualname__ = __name__, f"F.{name}"
