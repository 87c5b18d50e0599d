"""Convolution by im2col in blocks: the way for all sizes and devices.

The im2col of the whole batch, K times as large as the images, is never made. One matrix product goes from each block
of columns (`blocks.py`) to its place in the result, and threads share the images. The letters are

    N images, n of them in a block     G groups     R = C/G · K rows of the columns, K taps     O windows

Live taps are those that meet more than padding; the others are left out of the filters. Small images are folded
(`folding.py`). A bias is the last column of the filters, and the columns get a row of ones for it.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import TypeVar

from autograd.backend import Array, namespace
from autograd.kernels.blocks import cache_blocks, columns
from autograd.kernels.folding import folded, folded_windows, images_to_fold, unfolded
from autograd.kernels.scratch import borrowed
from autograd.kernels.threads import over_images
from autograd.kernels.turning import turned, turned_filters
from autograd.kernels.ways import way
from autograd.kernels.windows import Windows, live, taps

T = TypeVar("T")

LARGE = 1 << 27  # multiplications for which a second thread pays
COPY = 64  # the multiplications that take as long as writing one element of the columns


@way()
def forward(x: Array, W: Array, b: Array | None, w: Windows, groups: int = 1) -> Array:
    """(N, C, *size) (M, C/G, *kernel) (M,) -> (N, M, *out)"""
    n = images_to_fold(len(x), w)
    if n > 1:
        return unfolded(forward(folded(x, n), W[..., None], b, folded_windows(w, n), groups))
    xp, N, M, G = namespace(x, W), len(x), len(W), groups
    index, w = live(w)
    filters = xp.ascontiguousarray(W[index].reshape(G, M // G, -1))  # (G, M/G, R); BLAS knows no negative strides
    if b is not None:
        filters = xp.concatenate([filters, b.reshape(G, M // G, 1)], axis=2)  # (G, M/G, R + 1)
    y = xp.empty((N, G, M // G, prod(w.out)), xp.result_type(x, filters))

    def work(share: slice) -> None:
        for images, windows, cols in columns(x[share], w, G, ones=b is not None):  # cols (n, G, R + 1, O)
            xp.matmul(filters, cols, out=y[share][images][..., windows])  # (n, G, M/G, O)

    in_threads(work, y, filters.shape[2])
    return y.reshape(N, M, *w.out)


@way()
def transpose(y: Array, W: Array, w: Windows, groups: int = 1) -> Array:
    """(N, M, *out) (M, C/G, *kernel) -> (N, C, *size)"""
    back = turned(y, W, w, groups)
    if back is not None:
        return forward(y, turned_filters(W, groups), None, back, groups)
    n = images_to_fold(len(y), w)
    if n > 1:
        return unfolded(transpose(folded(y, n), W[..., None], folded_windows(w, n), groups))
    xp, N, M, C, G = namespace(y, W), len(y), len(W), W.shape[1] * groups, groups
    index, w = live(w)
    filters = W[index].reshape(G, M // G, -1).swapaxes(1, 2)  # (G, R, M/G)
    R = filters.shape[1]
    y = y.reshape(N, G, M // G, prod(w.out))
    x = xp.zeros((N, C, *w.size), xp.result_type(y, W))

    def work(share: slice) -> None:
        with borrowed(xp, 1) as (memory,):
            for images, band, windows in cache_blocks(len(x[share]), w, G * R):
                part = w.in_band(band)
                given, image = y[share][images][..., windows], x[share][images]
                cols = memory((len(given), G, R, prod(part.out)), x.dtype)
                xp.matmul(filters, given, out=cols)  # (n, G, R, O)
                cols = cols.reshape(len(given), C, *w.kernel, *part.out)
                for tap, pixels, inside in taps(part):  # col2im
                    image[pixels] += cols[:, :, *tap][inside]

    in_threads(work, y, R)
    return x


@way()
def filter_gradient(x: Array, y: Array, w: Windows, groups: int = 1, bias: bool = False) -> tuple[Array, Array | None]:
    """(N, C, *size) (N, M, *out) -> (M, C/G, *kernel), and (M,) with `bias`"""
    xp, C, M, G = namespace(x, y), x.shape[1], y.shape[1], groups
    gW = xp.zeros((M, C // G, *w.kernel), xp.result_type(x, y))
    if not len(x):
        return gW, xp.zeros(M, gW.dtype) if bias else None
    n = images_to_fold(len(x), w)
    if n > 1:
        x, y, w = folded(x, n), folded(y, n), folded_windows(w, n)
    index, small = live(w)
    y = y.reshape(len(y), G, M // G, prod(w.out))
    R = C // G * prod(small.kernel)
    direct = gW.size == M * R and not bias  # BLAS writes into gW itself

    def work(share: slice) -> Array:
        part = gW.reshape(G, M // G, R) if direct and not share.start else xp.zeros((G, M // G, R + bias), gW.dtype)
        for i, (images, windows, cols) in enumerate(columns(x[share], small, G, ones=bias)):
            given, cols = y[share][images][..., windows], cols.swapaxes(2, 3)  # (n, G, M/G, O), (n, G, O, R + 1)
            if not i and len(cols) == 1:
                xp.matmul(given, cols, out=part[None])  # often all there is
            else:
                part += (given @ cols).sum(axis=0)
        return part  # (G, M/G, R + 1), the last column for the bias

    sums, *others = in_threads(work, y, R)
    for other in others:
        sums += other
    if not direct:
        gW.reshape(M, C // G, *w.kernel)[index] = sums[..., :R].reshape(M, C // G, *small.kernel)
    return gW, sums[..., -1].reshape(M).copy() if bias else None


def in_threads(work: Callable[[slice], T], y: Array, rows: int) -> list[T]:
    """The results of `work` on shares of the images, in threads if they pay. BLAS has threads as well.

    y is (N, G, M/G, O); the columns have `rows` elements in each group.
    """
    N, G, M, O = y.shape
    return over_images(work, y, large=N * G * O * rows * (M + COPY) >= LARGE)
