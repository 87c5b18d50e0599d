"""Convolution: three products, each of which is a derivative of the others.

Let p(o, k) be the pixel under tap k of window o (`windows.py`). An image x, filters W and an array y over the windows
have one number that is linear in each of them, a trilinear form:

    T(x, W, y) = sum over n, m, c, o, k of  x[n, c, p(o, k)] W[m, c, k] y[n, m, o]

    x (N, C, *size)     W (M, C/groups, *kernel)     y (N, M, *out)

Each product is the derivative of T in the factor that it lacks, so its own derivatives are the other two:

    forward(x, W) in y [convolution]     transpose(y, W) in x [conv_transpose]     filter_gradient(x, y) in W

With `groups` the channels fall into that many groups, and c runs over the group of m only.

The functions below define the products by im2col of the whole batch. The ways are faster and need less memory:
`winograd.py` for kernels of 3 x 3 and many channels, `depthwise.py` for one filter a channel, and its compiled twin
`planes.py`, `gpu/` for CuPy's arrays, `columns.py` for the rest. A new one joins each list.
"""

from __future__ import annotations

from math import prod

from autograd.backend import Array
from autograd.kernels import columns, depthwise, planes, winograd
from autograd.kernels.gpu import conv as gpu_conv
from autograd.kernels.gpu import cudnn as gpu_cudnn
from autograd.kernels.gpu import depthwise as gpu_depthwise
from autograd.kernels.im2col import col2im, im2col
from autograd.kernels.ways import kernel
from autograd.kernels.windows import Windows
from autograd.sums import sum_over

__all__ = ["filter_gradient", "forward", "transpose"]

WAYS = planes, depthwise, winograd, gpu_depthwise, gpu_cudnn, gpu_conv, columns  # files with three ways each


@kernel(*[file.forward for file in WAYS])
def forward(x: Array, W: Array, b: Array | None, w: Windows, groups: int = 1) -> Array:
    """y[n, m, o] = sum over c, k of x[n, c, p(o, k)] W[m, c, k], + b[m]"""
    y = filters(W, groups) @ pixels(x, w, groups)  # (N, G, M/G, O)
    y = y.reshape(len(x), len(W), *w.out)
    return y if b is None else y + b.reshape(len(W), *[1] * len(w.out))


@kernel(*[file.transpose for file in WAYS])
def transpose(y: Array, W: Array, w: Windows, groups: int = 1) -> Array:
    """x[n, c, p] = sum over m, o, k with p(o, k) = p of y[n, m, o] W[m, c, k]: the adjoint of forward in x."""
    cols = filters(W, groups).swapaxes(1, 2) @ by_group(y, groups)  # (N, G, C/G · K, O)
    return col2im(cols.reshape(len(y), W.shape[1] * groups, *w.kernel, *w.out), w)


@kernel(*[file.filter_gradient for file in WAYS])
def filter_gradient(x: Array, y: Array, w: Windows, groups: int = 1, bias: bool = False) -> tuple[Array, Array | None]:
    """W[m, c, k] = sum over n, o of x[n, c, p(o, k)] y[n, m, o]: the adjoint of forward in W.

    With `bias` also the adjoint in b, b[m] = sum over n, o of y[n, m, o]; otherwise None.
    """
    W = by_group(y, groups) @ pixels(x, w, groups).swapaxes(2, 3)  # (N, G, M/G, C/G · K)
    W = sum_over(W, (0,), keepdims=False)
    b = sum_over(y, (0, *range(2, y.ndim)), keepdims=False).astype(W.dtype, copy=False) if bias else None
    return W.reshape(y.shape[1], x.shape[1] // groups, *w.kernel), b


def pixels(x: Array, w: Windows, groups: int) -> Array:
    """The pixels under all taps and windows [im2col].   (N, C, *size) -> (N, G, C/G · K, O)"""
    N, C = x.shape[:2]
    return im2col(x, w).reshape(N, groups, C // groups * prod(w.kernel), prod(w.out))


def filters(W: Array, groups: int) -> Array:
    """(M, C/G, *kernel) -> (G, M/G, C/G · K)"""
    return W.reshape(groups, len(W) // groups, prod(W.shape[1:]))


def by_group(y: Array, groups: int) -> Array:
    """(N, M, *out) -> (N, G, M/G, O)"""
    N, M, *out = y.shape
    return y.reshape(N, groups, M // groups, prod(out))
