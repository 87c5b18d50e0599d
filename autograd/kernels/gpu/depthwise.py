"""Depthwise convolution on CuPy, where each channel has filters of its own: each product is one kernel.

As a product of matrices it would have one row for each channel. Here the taps are added up directly:

    forward           a thread has a number of y, and walks over its taps
    transpose         a thread has a pixel of x, and walks over the windows that it lies in
    filter_gradient   a block has a tap of a filter, or a bias, and its threads share the windows of all images
"""

from __future__ import annotations

from math import prod

from autograd.backend import Array, namespace
from autograd.kernels.gpu import THREADS, cuda
from autograd.kernels.gpu.sums import SUM, TREE
from autograd.kernels.gpu.windows import WINDOWS, contiguous, floats, geometry
from autograd.kernels.ways import way
from autograd.kernels.windows import Windows

__all__ = ["filter_gradient", "forward", "transpose"]

forward_kernel = cuda(
    "depthwise_forward",
    "RawKernel",
    WINDOWS,
    """
// y[n, m, o] = sum over k of x[n, c, p(o, k)] W[m, k], + b[m]; m = c each + 0 ... each - 1
extern "C" __global__ void depthwise_forward(const T* x, const T* W, const T* b, T* y, const Windows w, const I size,
                                             const I M, const I each) {
  const int O = number(w.out), pixels = number(w.size);
  EACH(i, size) {
    const I m = i / O % M, image = i / O / M;
    const T* from = x + (image * (M / each) + m / each) * pixels;
    const T* weight = W + m * number(w.kernel);
    A sum = b ? A(b[m]) : A(0);
    EACH_TAP(i % O) if (ON_IMAGE) sum += A(from[PIXEL]) * A(weight[k]);
    y[i] = T(sum);
  }
}
""",
)

transpose_kernel = cuda(
    "depthwise_transpose",
    "RawKernel",
    WINDOWS,
    """
// x[n, c, p] = sum over m of c, o and k with p(o, k) = p of y[n, m, o] W[m, k]
extern "C" __global__ void depthwise_transpose(const T* y, const T* W, T* x, const Windows w, const I size, const I M,
                                               const I each) {
  const int O = number(w.out), pixels = number(w.size), K = number(w.kernel);
  EACH(i, size) {
    const I first = i / pixels * each, m = first % M;
    A sum = A(0);
    EACH_WINDOW_ON(i % pixels)
      for (I j = 0; j < each; j++) sum += A(y[(first + j) * O + WINDOW]) * A(W[(m + j) * K + TAP]);
    x[i] = T(sum);
  }
}
""",
)

gradient_kernel = cuda(
    "depthwise_gradient",
    "RawKernel",
    WINDOWS,
    SUM,
    TREE,
    """
// W[m, k] = sum over n, o of x[n, c, p(o, k)] y[n, m, o], and b[m] = sum over n, o of y[n, m, o], as a tap more
extern "C" __global__ void depthwise_gradient(const T* x, const T* y, T* W, T* b, const Windows w, const I N, const I M,
                                              const I each, const I taps) {
  const int O = number(w.out), pixels = number(w.size), K = number(w.kernel);
  for (I block = blockIdx.x; block < M * taps; block += gridDim.x) {
    const I m = block / taps;
    const int k = block % taps;
    Sum sum;
    for (I j = threadIdx.x; j < N * O; j += blockDim.x) {
      const I image = j / O;
      const A g = A(y[(image * M + m) * O + j % O]);
      const int p = k == K ? -1 : pixel_under(w, j % O, k);
      if (k == K) sum.add(g);
      else if (p >= 0) sum.add(g * A(x[(image * (M / each) + m / each) * pixels + p]));
    }
    const A total = over_block(sum.value());
    if (threadIdx.x == 0) (k == K ? b[m] : W[m * K + k]) = T(total);
  }
}
""",
)


def one_each(C: int, groups: int) -> bool:
    """Is each channel a group?"""
    return groups == C > 1


@way(fits=lambda x, W, b, w, groups=1: one_each(x.shape[1], groups) and floats(w, x, W, b))
def forward(x: Array, W: Array, b: Array | None, w: Windows, groups: int = 1) -> Array:
    """(N, C, *size) (M, 1, *kernel) (M,) -> (N, M, *out)"""
    x, W, b = contiguous(x), contiguous(W), None if b is None else contiguous(b)
    y, M = namespace(x).empty((len(x), len(W), *w.out), x.dtype), len(W)
    forward_kernel.run(y.size, x, W, b, y, geometry(w), y.size, M, M // groups)
    return y


@way(fits=lambda y, W, w, groups=1: one_each(W.shape[1] * groups, groups) and floats(w, y, W))
def transpose(y: Array, W: Array, w: Windows, groups: int = 1) -> Array:
    """(N, M, *out) (M, 1, *kernel) -> (N, C, *size)"""
    y, W = contiguous(y), contiguous(W)
    x, M = namespace(y).empty((len(y), groups, *w.size), y.dtype), len(W)
    transpose_kernel.run(x.size, y, W, x, geometry(w), x.size, M, M // groups)
    return x


@way(fits=lambda x, y, w, groups=1, bias=False: one_each(x.shape[1], groups) and floats(w, x, y))
def filter_gradient(x: Array, y: Array, w: Windows, groups: int = 1, bias: bool = False) -> tuple[Array, Array | None]:
    """(N, C, *size) (N, M, *out) -> (M, 1, *kernel), and (M,) with `bias`"""
    x, y = contiguous(x), contiguous(y)
    xp, N, M, taps = namespace(x), len(x), y.shape[1], prod(w.kernel) + bias
    W, b = xp.empty((M, 1, *w.kernel), x.dtype), xp.empty(M, x.dtype) if bias else None
    gradient_kernel.run(M * taps * THREADS, x, y, W, b, geometry(w), N, M, M // groups, taps)
    return W, b
