"""Convolution on CuPy: one matrix product for the windows of many images at once.

The columns of a block are one matrix (R, n): R = C K rows, a tap of a channel each, and n windows of all images one
after the other. So a layer is three operations, and a block holds at most LIMIT numbers:

    forward           x --im2col--> (R, n)      W (M, R) @ (R, n) = (M, n)      --place, + b--> y (N, M, O)
    transpose         y --rows--> (M, n)        W' (R, M) @ (M, n) = (R, n)     --col2im--> x
    filter_gradient   x --im2col--> (R, n)      y --rows--> (M, n)              W = (M, n) @ (n, R)

With G groups every matrix has an axis of them in front. A block is of whole images if one image fits; else a block is
a part of an image's windows.

Large images have columns of their own, (n, R, O) for n of them: one call of cuBLAS takes W to each and y to its place,
so neither `place` nor `rows` is needed. A kernel of one pixel finds its columns where the pixels lie.
Filters for single channels are in `depthwise.py`.
"""

from __future__ import annotations

from math import prod
from typing import Any

from autograd.backend import Array, namespace
from autograd.kernels.gpu import cuda, on_gpu
from autograd.kernels.gpu.products import write_product
from autograd.kernels.gpu.windows import WINDOWS, contiguous, geometry, numbers, small
from autograd.kernels.ways import way
from autograd.kernels.windows import Windows

__all__ = ["LIMIT", "col2im", "filter_gradient", "forward", "im2col", "transpose"]

LIMIT = 1 << 26  # numbers in a block of columns: 256 MiB of float32
WIDE = 64  # windows of an image with which a product for each image pays: the width of a tile of a product

im2col_kernel = cuda(
    "im2col",
    "RawKernel",
    WINDOWS,
    """
// a thread has one window of one channel: cols[image, c, k, o] for all taps k; steps are from one index to the next
extern "C" __global__ void im2col(const T* x, T* cols, const Windows w, const I C, const I first, const I n,
                                  const I image_step, const I channel_step, const I tap_step) {
  const int O = number(w.out), pixels = number(w.size);
  EACH(i, C * n) {
    const I c = i / n, window = i % n + first, image = window / O;
    const int o = window % O;
    const T* from = x + (image * C + c) * pixels;
    T* to = cols + image * image_step + c * channel_step + o - first;
    EACH_TAP(o) to[k * tap_step] = ON_IMAGE ? from[PIXEL] : T(0);
  }
}
""",
)

col2im_kernel = cuda(
    "col2im",
    "RawKernel",
    WINDOWS,
    """
// a thread has one pixel, and adds up the taps on it in the windows first ... first + n - 1; no two threads write one
extern "C" __global__ void col2im(const T* cols, T* x, const Windows w, const I size, const I C, const I first,
                                  const I n, const I image_step, const I channel_step, const I tap_step, const I add) {
  const int O = number(w.out), pixels = number(w.size);
  EACH(i, size) {
    const I c = i / pixels % C, image = i / pixels / C;
    const int p = i % pixels;
    const T* from = cols + image * image_step + c * channel_step - first;
    T* to = x + (image * C + c) * pixels + p;
    A sum = add ? A(*to) : A(0);
    EACH_WINDOW_ON(p) {
      const I window = image * O + WINDOW;
      if (window >= first && window < first + n) sum += A(from[TAP * tap_step + WINDOW]);
    }
    *to = T(sum);
  }
}
""",
)

place_kernel = cuda(
    "place",
    "RawKernel",
    """
// y[image, m, o] = block[m, window] + b[m]
extern "C" __global__ void place(const T* block, const T* b, T* y, const I M, const I O, const I first, const I n) {
  EACH(i, M * n) {
    const I m = i / n, window = i % n + first;
    y[(window / O * M + m) * O + window % O] = b ? T(A(block[i]) + A(b[m])) : block[i];
  }
}
""",
)

rows_kernel = cuda(
    "rows",
    "RawKernel",
    """
// block[m, window] = y[image, m, o]
extern "C" __global__ void rows(const T* y, T* block, const I M, const I O, const I first, const I n) {
  EACH(i, M * n) {
    const I m = i / n, window = i % n + first;
    block[i] = y[(window / O * M + m) * O + window % O];
  }
}
""",
)


def fits(w: Windows, *xs: Any) -> bool:
    """Are these arrays of CuPy, of floating-point numbers?"""
    return on_gpu(*xs) and all([x.dtype.char in "efd" for x in xs]) and small(w)  # noqa: C419


def of_one_dtype(*xs: Array) -> list[Array]:
    """The arrays in one piece of memory each, in their common dtype."""
    dtype = namespace(xs[0]).result_type(*xs)
    return [contiguous(x, dtype) for x in xs]


def blocks(N: int, O: int, rows: int) -> list[tuple[int, int]]:
    """(first, n): the windows of N images in blocks of n, whose columns hold at most LIMIT numbers.

    Blocks are of whole images, if one image fits. A block has at least one window.
    """
    n = max(1, LIMIT // max(rows, 1))
    n = n // O * O if n >= O > 0 else n
    return [(first, min(n, N * O - first)) for first in range(0, N * O, n)]


def write_columns(cols: Array, x: Array, w: Windows, first: int) -> Array:
    """Writes the columns of windows `first` and so on.   (R, n), (N, C, *size)"""
    C, K, n = x.shape[1], prod(w.kernel), cols.shape[-1]
    im2col_kernel.run(C * n, x, cols, geometry(w), C, first, n, prod(w.out), K * n, n)
    return cols


def write_images(
    x: Array, cols: Array, w: Windows, first: int, n: int, image: int, channel: int, tap: int, add: bool = False
) -> Array:
    """Writes images, each pixel the sum of the taps on it in the n windows from `first` on, or adds it.

    x (N, C, *size); the windows of the first image come first. `image`, `channel` and `tap` are the steps in cols from
    one to the next.
    """
    col2im_kernel.run(x.size, cols, x, geometry(w), x.size, x.shape[1], first, n, image, channel, tap, int(add))
    return x


def write_rows(block: Array, y: Array, first: int) -> Array:
    """Writes the numbers of windows `first` and so on.   (M, n), (N, M, *out)"""
    M, n = y.shape[1], block.shape[-1]
    rows_kernel.run(M * n, y, block, M, prod(y.shape[2:]), first, n)
    return block


def by_image(w: Windows, groups: int, rows: int) -> bool:
    """Have images so many windows that a product for each pays? Then its result is where it belongs."""
    O = prod(w.out)
    return groups == 1 and O >= WIDE and (w.pointwise or rows * O <= LIMIT)


def image_blocks(N: int, w: Windows, rows: int) -> list[slice]:
    """N images in parts, whose columns hold at most LIMIT numbers."""
    n = N if w.pointwise else LIMIT // (rows * prod(w.out))
    return [slice(i, min(i + n, N)) for i in range(0, N, max(n, 1))]


@way(fits=lambda x, W, b, w, groups=1: fits(w, x, W) if b is None else fits(w, x, W, b))
def forward(x: Array, W: Array, b: Array | None, w: Windows, groups: int = 1) -> Array:
    """(N, C, *size) (M, C/G, *kernel) (M,) -> (N, M, *out)"""
    x, W, *rest = of_one_dtype(x, W) if b is None else of_one_dtype(x, W, b)
    xp, N, M, O, G = namespace(x), len(x), len(W), prod(w.out), groups
    filters = W.reshape(G, M // G, -1)  # (G, M/G, R)
    y, R = xp.empty((N, M, *w.out), x.dtype), filters.shape[2]
    if by_image(w, G, R):
        for part in image_blocks(N, w, R):
            cols = x[part] if w.pointwise else im2col.compute(x[part], w)
            write_product(y[part].reshape(-1, M, O), filters, cols.reshape(-1, R, O))
        if rest:
            y += rest[0].reshape(M, *[1] * len(w.out))
        return y
    for first, n in blocks(N, O, G * R):
        cols = write_columns(xp.empty((G, R, n), x.dtype), x, w, first)
        block = write_product(xp.empty((G, M // G, n), x.dtype), filters, cols)
        place_kernel.run(M * n, block, rest[0] if rest else None, y, M, O, first, n)
    return y


@way(fits=lambda y, W, w, groups=1: fits(w, y, W))
def transpose(y: Array, W: Array, w: Windows, groups: int = 1) -> Array:
    """(N, M, *out) (M, C/G, *kernel) -> (N, C, *size)"""
    y, W = of_one_dtype(y, W)
    xp, N, M, O, G = namespace(y), len(y), len(W), prod(w.out), groups
    filters = W.reshape(G, M // G, -1).swapaxes(1, 2)  # (G, R, M/G)
    C, R, K = W.shape[1] * G, filters.shape[1], prod(w.kernel)
    if by_image(w, G, R):
        x = xp.empty((N, C, *w.size), y.dtype)
        for part in image_blocks(N, w, R):
            cols = x[part] if w.pointwise else xp.empty((part.stop - part.start, C, *w.kernel, *w.out), y.dtype)
            write_product(cols.reshape(-1, R, O), filters, y[part].reshape(-1, M, O))
            if not w.pointwise:
                write_images(x[part], cols, w, 0, len(cols) * O, C * K * O, K * O, O)
        return x
    parts = blocks(N, O, G * R)
    whole = bool(parts) and all(n % O == 0 for _, n in parts)  # of images, so that no two blocks meet a pixel
    x = (xp.empty if whole else xp.zeros)((N, C, *w.size), y.dtype)
    for first, n in parts:
        block = write_rows(xp.empty((G, M // G, n), y.dtype), y, first)
        cols = write_product(xp.empty((G, R, n), y.dtype), filters, block)
        images = x[first // O : -(-(first + n) // O)]
        write_images(images, cols, w, first % O, n, O, K * n, n, add=not whole)
    return x


@way(fits=lambda x, y, w, groups=1, bias=False: fits(w, x, y))
def filter_gradient(x: Array, y: Array, w: Windows, groups: int = 1, bias: bool = False) -> tuple[Array, Array | None]:
    """(N, C, *size) (N, M, *out) -> (M, C/G, *kernel), and (M,) with `bias`"""
    x, y = of_one_dtype(x, y)
    xp, (N, C), M, O, G = namespace(x), x.shape[:2], y.shape[1], prod(w.out), groups
    R, b = C // G * prod(w.kernel), None
    W = xp.empty((M, C // G, *w.kernel), x.dtype)
    parts = blocks(N, O, G * R)
    for first, n in parts or [(0, 0)]:
        cols = write_columns(xp.empty((G, R, n), x.dtype), x, w, first)
        block = write_rows(xp.empty((G, M // G, n), x.dtype), y, first)
        write_product(W.reshape(G, M // G, R), block, cols.swapaxes(1, 2), add=first > 0)
        if bias:
            part = block.reshape(M, n).sum(axis=1)
            b = part if b is None else b + part
    return W, b


@way(fits=numbers)
def im2col(x: Array, w: Windows) -> Array:
    """(N, C, *size) -> (N, C, *kernel, *out)"""
    x = contiguous(x)
    (N, C), K, O = x.shape[:2], prod(w.kernel), prod(w.out)
    cols = namespace(x).empty((N, C, *w.kernel, *w.out), x.dtype)
    im2col_kernel.run(N * C * O, x, cols, geometry(w), C, 0, N * O, C * K * O, K * O, O)
    return cols


@way(fits=numbers)
def col2im(cols: Array, w: Windows) -> Array:
    """(N, C, *kernel, *out) -> (N, C, *size)"""
    cols = contiguous(cols)
    (N, C), K, O = cols.shape[:2], prod(w.kernel), prod(w.out)
    x = namespace(cols).empty((N, C, *w.size), cols.dtype)
    return write_images(x, cols, w, 0, N * O, C * K * O, K * O, O)
