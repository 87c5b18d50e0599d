"""The functions, in the order of the manual: one topic a file. Each takes Variables, arrays or numbers."""

from autograd.functions.activation import (
    elu,
    erf,
    gelu,
    hardtanh,
    leaky_relu,
    log_softmax,
    relu,
    selu,
    sigmoid,
    silu,
    softmax,
    softplus,
)
from autograd.functions.arithmetic import abs, add, clip, div, maximum, minimum, mul, neg, power, sign, sub, where
from autograd.functions.conv import col2im, conv1d, conv2d, conv2d_by_im2col, conv3d, conv_transpose2d, im2col
from autograd.functions.elementwise import (
    arccos,
    arcsin,
    arctan,
    cos,
    cosh,
    exp,
    expm1,
    log,
    log1p,
    sin,
    sinh,
    sqrt,
    square,
    tan,
    tanh,
)
from autograd.functions.embedding import accuracy, embedding
from autograd.functions.linear import einsum, linear, matmul, outer, tensordot
from autograd.functions.loss import (
    binary_cross_entropy,
    huber_loss,
    kl_divergence,
    mean_absolute_error,
    mean_squared_error,
    sigmoid_cross_entropy,
    softmax_cross_entropy,
)
from autograd.functions.normalization import (
    batch_norm,
    batch_norm_inference,
    batch_norm_with_statistics,
    group_norm,
    instance_norm,
    layer_norm,
)
from autograd.functions.pooling import (
    adaptive_average_pool2d,
    average_pool2d,
    global_average_pool2d,
    max_pool2d,
    upsample2d,
)
from autograd.functions.reduction import argmax, argmin, cumsum, logsumexp, max, mean, min, norm, prod, std, sum, var
from autograd.functions.regularization import dropout
from autograd.functions.shape import (
    astype,
    broadcast_to,
    concat,
    expand_dims,
    flatten,
    flip,
    getitem,
    moveaxis,
    pad,
    repeat,
    reshape,
    roll,
    split,
    squeeze,
    stack,
    sum_to,
    swapaxes,
    tile,
    to,
    transpose,
)

__all__ = [
    "add", "sub", "mul", "div", "neg", "power", "abs", "sign", "maximum", "minimum", "where", "clip",
    "exp", "log", "log1p", "expm1", "sqrt", "square", "sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh",
    "cosh", "tanh",
    "sigmoid", "relu", "leaky_relu", "elu", "selu", "gelu", "silu", "softplus", "hardtanh", "erf", "softmax",
    "log_softmax",
    "sum", "mean", "var", "std", "max", "min", "argmax", "argmin", "logsumexp", "cumsum", "prod", "norm",
    "reshape", "transpose", "swapaxes", "moveaxis", "expand_dims", "squeeze", "flatten", "broadcast_to",
    "sum_to", "getitem", "concat", "stack", "split", "tile", "repeat", "pad", "flip", "roll", "astype", "to",
    "matmul", "linear", "outer", "tensordot", "einsum",
    "im2col", "col2im", "conv1d", "conv2d", "conv3d", "conv2d_by_im2col", "conv_transpose2d",
    "max_pool2d", "average_pool2d", "global_average_pool2d", "adaptive_average_pool2d", "upsample2d",
    "batch_norm", "batch_norm_with_statistics", "batch_norm_inference", "layer_norm", "group_norm",
    "instance_norm",
    "dropout",
    "embedding", "accuracy",
    "mean_squared_error", "mean_absolute_error", "huber_loss", "softmax_cross_entropy", "sigmoid_cross_entropy",
    "binary_cross_entropy", "kl_divergence",
]  # fmt: skip
