"""The convolutions and poolings of `dezero.functions_conv`, on those of the house."""

from __future__ import annotations

from typing import Any

from autograd import functions as ours
from autograd.compat.dezero.arrays import get_deconv_outsize, pair
from autograd.functions.conv import Col2im, Im2col
from autograd.kernels.windows import windows

__all__ = ["col2im_array", "im2col_array"]


def im2col(x: Any, kernel_size: Any, stride: Any = 1, pad: Any = 0, to_matrix: bool = True) -> Any:
    """The pixels under the kernel: (N OH OW, C KH KW) if `to_matrix`, otherwise (N, C, KH, KW, OH, OW)."""
    if to_matrix:
        return ours.im2col(x, kernel_size, stride, pad)
    return Im2col(windows(x.shape[2:], kernel_size, stride, pad))(x)


def col2im(x: Any, input_shape: Any, kernel_size: Any, stride: Any = 1, pad: Any = 0, to_matrix: bool = True) -> Any:
    """The adjoint of `im2col`: an image of `input_shape` in which each pixel is the sum of its copies."""
    if to_matrix:
        return ours.col2im(x, input_shape, kernel_size, stride, pad)
    return Col2im(windows(tuple(input_shape[2:]), kernel_size, stride, pad))(x)


def im2col_array(img: Any, kernel_size: Any, stride: Any, pad: Any, to_matrix: bool = True) -> Any:
    """`im2col` of an array: an array."""
    return im2col(img, kernel_size, stride, pad, to_matrix)


def col2im_array(col: Any, img_shape: Any, kernel_size: Any, stride: Any, pad: Any, to_matrix: bool = True) -> Any:
    """`col2im` of an array: an array."""
    return col2im(col, img_shape, kernel_size, stride, pad, to_matrix)


def conv2d(x: Any, W: Any, b: Any = None, stride: Any = 1, pad: Any = 0) -> Any:
    """The convolution.   (N, C, H, W) (OC, C, KH, KW) (OC,) -> (N, OC, OH, OW)"""
    return ours.conv2d(x, W, b, stride, pad)


def deconv2d(x: Any, W: Any, b: Any = None, stride: Any = 1, pad: Any = 0, outsize: Any = None) -> Any:
    """The transposed convolution, to images of `outsize` if it is given.   (N, C, H, W) (C, OC, KH, KW) (OC,)"""
    sizes = zip(x.shape[2:], W.shape[2:], pair(stride), pair(pad))
    smallest = [get_deconv_outsize(*size) for size in sizes]
    more = 0 if outsize is None else tuple([n - m for n, m in zip(pair(outsize), smallest)])
    return ours.conv_transpose2d(x, W, b, stride, pad, more)


def pooling(x: Any, kernel_size: Any, stride: Any = 1, pad: Any = 0) -> Any:
    """The maximum of each window. Padding is never the maximum; in DeZero it counts as 0."""
    return ours.max_pool2d(x, kernel_size, stride, pad)


def average_pooling(x: Any, kernel_size: Any, stride: Any = 1, pad: Any = 0) -> Any:
    """The mean of each window. Padding counts as 0."""
    return ours.average_pool2d(x, kernel_size, stride, pad)
