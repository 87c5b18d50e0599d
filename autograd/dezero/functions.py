"""DeZero's functions: ours under its names, with its defaults, and its formulas where the two differ.

`F` holds them all, functions and classes: it is `dezero.functions`. What is ours alone is not there.
"""

from __future__ import annotations

from math import prod
from types import SimpleNamespace
from typing import Any

import numpy as np

from autograd import core
from autograd import functions as ours
from autograd.backend import namespace
from autograd.config import training
from autograd.core import as_array
from autograd.dezero import variables
from autograd.dezero.variables import Variable, as_variable, operation
from autograd.functions.conv import Col2im, Im2col
from autograd.kernels.windows import windows


def pair(x: Any) -> tuple[int, int]:
    """A size for both axes as two of them. Raises ValueError unless it is a whole number or two."""
    sizes = x if isinstance(x, tuple) else (x, x)
    if len(sizes) != 2 or not all(isinstance(n, (int, np.integer)) for n in sizes):
        raise ValueError(f"a size is a whole number or a tuple of two, not {x!r}")
    return sizes


def get_conv_outsize(input_size: int, kernel_size: int, stride: int, pad: int) -> int:
    """The size after a convolution: (H + 2 P - K) // S + 1"""
    return (input_size + 2 * pad - kernel_size) // stride + 1


def get_deconv_outsize(size: int, k: int, s: int, p: int) -> int:
    """The size after a transposed convolution: S (H - 1) + K - 2 P"""
    return s * (size - 1) + k - 2 * p


class Sigmoid(core.Function):
    """y = 1 / (1 + e^-x), by the formula that DeZero has for it."""

    def forward(self, x):
        return namespace(x).tanh(x * 0.5) * 0.5 + 0.5

    def backward(self, gy):
        (y,) = self.outputs
        return gy * y * (1 - y)


def mean_squared_error(x0: Any, x1: Any) -> Any:
    """y = sum of (x0 - x1)^2 / N, N the length of the first axis; the shapes are broadcast, as (1, 1) and (1,)."""
    d = core.Sub()(x0, x1)
    return core.sum(d**2) / len(d)


def softmax_cross_entropy(x: Any, t: Any) -> Any:
    """y = -(1/N) sum of log softmax(x)[n, t_n], for logits x (N, C) and labels t of N elements."""
    return ours.softmax_cross_entropy(x, as_array(t).reshape(-1).astype(np.int64))


def sigmoid_cross_entropy(x: Any, t: Any) -> Any:
    """y = -(1/N) sum of t log sigmoid(x) + (1 - t) log(1 - sigmoid(x)), by a formula that doesn't overflow."""
    t = t.reshape(x.shape)
    return core.sum(ours.softplus(x) - x * t) / len(x)


def binary_cross_entropy(p: Any, t: Any) -> Any:
    """y = -(1/N) sum of t log q + (1 - t) log(1 - q), q = p moved into [1e-15, 0.999]."""
    t, q = t.reshape(p.shape), ours.clip(p, 1e-15, 0.999)
    return -core.sum(t * ours.log(q) + (1 - t) * ours.log(1 - q)) / len(p)


def softmax_cross_entropy_simple(x: Any, t: Any) -> Any:
    """`softmax_cross_entropy` in the steps of its formula."""
    x, t = as_variable(x), as_array(t)
    log_p = F.log(F.clip(F.softmax(x), 1e-15, 1.0))
    return -1 * F.sum(log_p[np.arange(len(x)), t]) / len(x)


def accuracy(y: Any, t: Any) -> Any:
    """The fraction of samples whose largest score is at the label, a Variable without a graph."""
    y, t = as_array(y), as_array(t)
    return Variable(namespace(y).asarray((y.argmax(axis=1).reshape(t.shape) == t).mean()))


def dropout(x: Any, dropout_ratio: float = 0.5) -> Any:
    """y = x mask / (1 - ratio) while training, x otherwise; the mask is drawn by `np.random.rand`."""
    x = as_variable(x)
    if not training.get():
        return x
    return x * (namespace(x.data).random.rand(*x.shape) > dropout_ratio) / (1.0 - dropout_ratio)


def batch_norm(x: Any, gamma: Any, beta: Any, mean: Any, var: Any, decay: float = 0.9, eps: float = 2e-5) -> Any:
    """y = gamma (x - m) / sqrt(v + eps) + beta; m, v those of the batch while training, `mean` and `var` otherwise.

    While training the arrays `mean` and `var` follow m and v (divided by n - 1), in place.
    """
    if not training.get():
        return ours.batch_norm_inference(x, gamma, beta, mean, var, eps)
    y, m, v = ours.batch_norm_with_statistics(x, gamma, beta, eps)
    n = x.size // gamma.size
    mean *= decay
    mean += (1 - decay) * m
    var *= decay
    var += (1 - decay) * (n / (n - 1.0 if n > 2 else 1.0)) * v
    return y


def im2col(x: Any, kernel_size: Any, stride: Any = 1, pad: Any = 0, to_matrix: bool = True) -> Any:
    """The pixels under the kernel: (N OH OW, C KH KW), or (N, C, KH, KW, OH, OW) if not `to_matrix`."""
    if to_matrix:
        return ours.im2col(x, kernel_size, stride, pad)
    return Im2col(windows(x.shape[2:], kernel_size, stride, pad))(x)


def col2im(x: Any, input_shape: Any, kernel_size: Any, stride: Any = 1, pad: Any = 0, to_matrix: bool = True) -> Any:
    """The adjoint of `im2col`: an image of `input_shape`, each pixel the sum of its copies."""
    if to_matrix:
        return ours.col2im(x, input_shape, kernel_size, stride, pad)
    return Col2im(windows(tuple(input_shape[2:]), kernel_size, stride, pad))(x)


def im2col_array(img: Any, kernel_size: Any, stride: Any, pad: Any, to_matrix: bool = True) -> Any:
    """`im2col` of an array, which is an array."""
    return im2col(img, kernel_size, stride, pad, to_matrix)


def col2im_array(col: Any, img_shape: Any, kernel_size: Any, stride: Any, pad: Any, to_matrix: bool = True) -> Any:
    """`col2im` of an array, which is an array."""
    return col2im(col, img_shape, kernel_size, stride, pad, to_matrix)


def deconv2d(x: Any, W: Any, b: Any = None, stride: Any = 1, pad: Any = 0, outsize: Any = None) -> Any:
    """The transposed convolution, to images of `outsize` if that is given.   (N, C, H, W) (C, OC, KH, KW) (OC,)"""
    sizes = zip(x.shape[2:], W.shape[2:], pair(stride), pair(pad))
    smallest = [get_deconv_outsize(*size) for size in sizes]
    more = 0 if outsize is None else tuple([n - m for n, m in zip(pair(outsize), smallest)])
    return ours.conv_transpose2d(x, W, b, stride, pad, more)


def pooling(x: Any, kernel_size: Any, stride: Any = 1, pad: Any = 0) -> Any:
    """The maximum of each window. Padding never wins, unlike in DeZero, where it is zeros."""
    return ours.max_pool2d(x, kernel_size, stride, pad)


def average_pooling(x: Any, kernel_size: Any, stride: Any = 1, pad: Any = 0) -> Any:
    """The mean of each window, with zeros for padding."""
    return ours.average_pool2d(x, kernel_size, stride, pad)


def conv2d_simple(x: Any, W: Any, b: Any = None, stride: Any = 1, pad: Any = 0) -> Any:
    """`conv2d` as im2col and a matrix product."""
    x, W = as_variable(x), as_variable(W)
    w = windows(x.shape[2:], W.shape[2:], stride, pad)
    y = F.linear(F.im2col(x, w.kernel, stride, pad), W.reshape(len(W), -1).T, b)
    return y.reshape(len(x), *w.out, len(W)).transpose(0, 3, 1, 2)


def pooling_simple(x: Any, kernel_size: Any, stride: Any = 1, pad: Any = 0) -> Any:
    """`pooling` as im2col and a maximum; here the padding is zeros."""
    x = as_variable(x)
    w = windows(x.shape[2:], kernel_size, stride, pad)
    y = F.im2col(x, kernel_size, stride, pad).reshape(-1, prod(w.kernel)).max(axis=1)
    return y.reshape(len(x), *w.out, x.shape[1]).transpose(0, 3, 1, 2)


def expand_dims(x: Any, axis: int) -> Any:
    """A new axis of length 1, where `list.insert` would put it."""
    shape = list(x.shape)
    shape.insert(axis, 1)
    return F.reshape(x, tuple(shape))


def softmax_simple(x: Any, axis: int = 1) -> Any:
    """e^x / sum of e^x, which overflows for large x."""
    y = F.exp(x)
    return y / F.sum(y, axis=axis, keepdims=True)


FUNCTIONS: list[tuple[str, int, Any]] = [  # class, function, number of operands, what computes it
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
    ("Conv2d conv2d", 3, lambda x, W, b=None, stride=1, pad=0: ours.conv2d(x, W, b, stride, pad)),
    ("Deconv2d deconv2d", 3, deconv2d),
    ("Pooling pooling", 1, pooling),
    ("AveragePooling average_pooling", 1, average_pooling),
    ("Im2col im2col", 1, im2col),
    ("Col2im col2im", 1, col2im),
]

SHARED = (  # what the methods of Variable need too
    "Add add Sub sub Mul mul Div div Neg neg Pow pow MatMul matmul Reshape reshape Transpose transpose Sum sum "
    "GetItem get_item Max max Min min"
)
COMPOSED: dict[str, Any] = {  # of the above, so that the steps are in the graph
    "rsub": lambda x0, x1: F.sub(x1, x0),
    "rdiv": lambda x0, x1: F.div(x1, x0),
    "flatten": lambda x: F.reshape(x, (x.shape[0], -1)),
    "expand_dims": expand_dims,
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

F: Any = SimpleNamespace(**{name: getattr(variables, name) for name in SHARED.split()})
for row in FUNCTIONS:
    vars(F).update(zip(row[0].split(), operation(*row)))
vars(F).update(COMPOSED)
vars(F).update({alias: getattr(F, name) for alias, name in ALIASES.items()})
F.GetItemGrad, _ = operation("GetItemGrad add_at", 1, lambda gy, slices, in_shape: core.AddAt(slices, in_shape)(gy))
