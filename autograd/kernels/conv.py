"""The three products of convolution: of image and filters, of windows and filters, of image and windows.

With an image x, filters W and an array y over the windows, there is one number

    T(x, W, y) = sum over o, k of  x[p(o, k)] W[k] y[o]          p(o, k): the pixel under tap k of window o,

and each product is its derivative in one of the three: `convolve(x, W)` in y, `spread(y, W)` in x, `correlate(x, y)` in
W. Hence each is linear in both arguments, and its own derivatives are the other two.

    x (N, C, *size)     W (M, C/groups, *kernel)     y (N, M, *out)

What makes it fast: im2col of a few images at a time, and one matrix product from the buffer to its place in the result.
The im2col of the whole batch, K times as large as the images, is never made. Threads share the images. A bias is the
weight of a row of ones. Where most taps only ever meet padding, these are left out. Kernels of 3 x 3 over many channels
take the shorter way of `kernels/winograd.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from autograd.backend import Array, namespace
from autograd.kernels import winograd
from autograd.kernels.columns import blocks, buffer, columns
from autograd.kernels.threads import shared
from autograd.kernels.windows import Windows

WIDE = 256  # windows that make the matrix product of one image wide enough
WORTH = 1 << 27  # work that a second thread is worth, in multiplications; to lay out an element counts as COPY of them
COPY = 64


def convolve(x: Array, W: Array, b: Array | None, w: Windows, groups: int = 1) -> Array:
    """y[n, m, o] = sum over c, k of x[n, c, p(o, k)] W[m, c, k], + b[m]"""
    if winograd.pays(x, W, len(W), w, groups):
        return winograd.convolve(x, W, b, w)
    n = images_to_fold(len(x), w)
    if n > 1:
        return unfolded(convolve(folded(x, n), W[..., None], b, with_batch(w, n), groups))
    xp = namespace(x, W)
    N, M, G = len(x), len(W), groups
    live, w = w.live()
    filters = xp.ascontiguousarray(W[live].reshape(G, M // G, -1))  # BLAS knows no negative strides
    if b is not None:
        filters = xp.concatenate([filters, b.reshape(G, M // G, 1)], axis=2)
    y = xp.empty((N, G, M // G, prod(w.out)), xp.result_type(x, filters))

    def work(part: slice) -> None:
        for images, windows, cols in columns(x[part], w, G, ones=b is not None):
            xp.matmul(filters, cols, out=y[part][images][..., windows])

    divide(work, y, filters.shape[2])
    return y.reshape(N, M, *w.out)


def spread(y: Array, W: Array, w: Windows, groups: int = 1) -> Array:
    """x[n, c, p] = sum over m, o, k with p(o, k) = p of y[n, m, o] W[m, c, k]: the adjoint of convolve in x."""
    back = turned(w)
    if back is not None and len(W) <= 2 * W.shape[1] * groups and len(y) * prod(w.out) >= 4 * len(W):
        return convolve(y, flipped(W, groups), None, back, groups)
    n = images_to_fold(len(y), w)
    if n > 1:
        return unfolded(spread(folded(y, n), W[..., None], with_batch(w, n), groups))
    xp = namespace(y, W)
    N, M, G = len(y), len(W), groups
    live, w = w.live()
    filters = W[live].reshape(G, M // G, -1).swapaxes(1, 2)
    C, rows = W.shape[1] * G, filters.shape[1]
    y = y.reshape(N, G, M // G, prod(w.out))
    x = xp.zeros((N, C, *w.size), xp.result_type(y, W))

    def work(part: slice) -> None:
        for images, band, windows in blocks(part, w, G * rows):
            some = w.rows(band)
            cols = buffer(xp, "columns", (len(y[images]), G, rows, prod(some.out)), x.dtype)
            xp.matmul(filters, y[images][..., windows], out=cols)
            cols = cols.reshape(len(cols), C, *w.kernel, *some.out)
            for tap, pixels, inside in some.taps():
                x[images][pixels] += cols[:, :, *tap][inside]

    divide(work, y, rows)
    return x


def correlate(x: Array, y: Array, w: Windows, groups: int = 1, ones: bool = False) -> tuple[Array, Array | None]:
    """W[m, c, k] = sum over n, o of x[n, c, p(o, k)] y[n, m, o]: the derivative of convolve in the filters.

    With `ones` also its derivative in the bias, b[m] = sum over n, o of y[n, m, o]; otherwise None.
    """
    xp, C, M, G = namespace(x, y), x.shape[1], y.shape[1], groups
    if winograd.pays(x, y, M, w, groups):
        W = winograd.correlate(x, y, w)
        return W, y.sum(axis=(0, 2, 3), dtype=W.dtype) if ones else None
    W = xp.zeros((M, C // G, *w.kernel), xp.result_type(x, y))
    if not len(x):
        return W, xp.zeros(M, W.dtype) if ones else None
    n = images_to_fold(len(x), w)
    if n > 1:
        x, y, w = folded(x, n), folded(y, n), with_batch(w, n)
    live, some = w.live()
    y = y.reshape(len(y), G, M // G, prod(w.out))
    K = C // G * prod(some.kernel)
    whole = W.size == M * K and not ones

    def work(part: slice) -> Array:
        total = W.reshape(G, M // G, K) if whole and not part.start else xp.zeros((G, M // G, K + ones), W.dtype)
        for i, (images, windows, cols) in enumerate(columns(x[part], some, G, ones)):
            given, cols = y[part][images][..., windows], cols.swapaxes(2, 3)
            if not i and len(cols) == 1:
                xp.matmul(given, cols, out=total[None])  # often all there is
            else:
                total += (given @ cols).sum(axis=0)
        return total

    total, *others = divide(work, y, K)
    for other in others:
        total += other
    if not whole:
        W.reshape(M, C // G, *w.kernel)[live] = total[..., :K].reshape(M, C // G, *some.kernel)
    return W, total[..., -1].reshape(M).copy() if ones else None


def divide(work: Callable[[slice], Any], y: Array, rows: int) -> list[Any]:
    """The results of `work` on shares of the images, one to a thread, if they are worth it; BLAS has threads as well.

    y is (N, groups, M/groups, O), and the columns have `rows` elements in each group.
    """
    N, G, M, O = y.shape
    worth = namespace(y) is np and N * G * O * rows * (M + COPY) >= WORTH
    return shared(work, N, None if worth else 1)


# With stride 1 the way back is a convolution too: with filters turned round, and padding so wide that all windows that
# met a pixel meet it again. It costs an im2col of y, where the other way adds up columns of x: it does not pay where y
# has many more channels than x, or so few windows that to turn the filters is the larger work.


def turned(w: Windows) -> Windows | None:
    """The windows of the way back, if that is a convolution."""
    reach = [D * (K - 1) for D, K in zip(w.dilation, w.kernel)]
    if any(S > 1 for S in w.stride) or any(max(pads) > r for pads, r in zip(w.pad, reach)):
        return None
    pad = tuple([(r - before, r - behind) for r, (before, behind) in zip(reach, w.pad)])
    return w._replace(size=w.out, out=w.size, pad=pad)


def flipped(W: Array, groups: int) -> Array:
    """The filters of the way back: every axis of the kernel reversed, channels in and out exchanged in each group."""
    M, C = W.shape[:2]
    kernel = W.shape[2:]
    W = W.reshape(groups, M // groups, C, *kernel).swapaxes(1, 2).reshape(groups * C, M // groups, *kernel)
    return W[(..., *[slice(None, None, -1)] * len(kernel))]


# Small images: a product for each would be narrow. The batch becomes the last axis of the image, with a kernel of 1
# along it, so that n images are one, and their pixels lie side by side.


def images_to_fold(N: int, w: Windows) -> int:
    """How many of N images are best taken as one: a divisor of N; 1 for images that are large enough, or too few."""
    most = min(N, 2 * WIDE // max(prod(w.out), 1))
    return max([n for n in range(4, most + 1) if N % n == 0], default=1)


def folded(x: Array, n: int) -> Array:
    """(N, C, *size) -> (N/n, C, *size, n)"""
    return namespace(x).moveaxis(x.reshape(len(x) // n, n, *x.shape[1:]), 1, -1)


def unfolded(x: Array) -> Array:
    """(N/n, C, *size, n) -> (N, C, *size)"""
    return namespace(x).moveaxis(x, -1, 1).reshape(len(x) * x.shape[-1], *x.shape[1:-1])


def with_batch(w: Windows, n: int) -> Windows:
    """The windows with a further axis, along which they are the n images."""
    one: Any = Windows((n,), (1,), (1,), ((0, 0),), (1,), (n,))
    return Windows(*[field + more for field, more in zip(w, one)])
