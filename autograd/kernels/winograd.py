"""Convolution with a quarter of the multiplications, for kernels of 3 x 3: Winograd's F(4 x 4, 3 x 3).

Along one axis, a tile of four neighbours y comes from six pixels d and three taps w. Correlation is the transpose of
the product of polynomials. Such a product is known from its values at six points, each of them one multiplication:

    y = A' (G w * B' d),      its adjoint in w:   gw = G' (A gy * B' d)

A and G take the coefficients of a polynomial to its values at the points, and B takes six values back to coefficients.
With both axes a tile of 4 x 4 outputs needs 36 multiplications instead of 144. The sum over the channels makes each of
the 36 a matrix product. The transforms are matrix products too: along the rows with a matrix that holds B' or A once
for every tile, then down the columns, where n images and their channels lie side by side:

    x (n, C, H, W)  ->  lines (4 S + 2, 6 T, n C)  ->  V (6, 6, S T n, C)       input transform of S x T tiles, n images
    W (M, C, 3, 3)  ->  U (6, 6, C, M) = G W G'                                 filter transform
    V U = P (6, 6, S T n, M)  ->  lines (4 S, 6 T + 1, n M)  ->  y (n, M, OH, OW)      output transform

A part is S x T tiles of n images, small enough to stay in the cache; the threads share the parts. The one line more in
the output transform is the bias: its weight is 1 for every pixel. Lines, V and P are written over by the next part.

In float32 the root mean square error is two to five times that of the plain sum (32 to 512 channels; of the filters'
gradient four times). It is relative to the largest pixel of a tile, not to the result. Where plain sums are exact, the
results are theirs (`even.py`). An infinite or nan pixel would make nan of all tiles of its row: such results are
computed again, as plain sums. So are filters in which a tap is 0 everywhere. `conv2d_by_im2col` is the plain sum.
Source: S. Winograd, Arithmetic Complexity of Computations, 1980; A. Lavin and S. Gray, arXiv:1509.09308, 2015; on the
choice of points B. Barabasz et al., arXiv:1803.10986, 2018.
"""

from __future__ import annotations

from itertools import product
from math import prod
from typing import Any

import numpy as np

from autograd.backend import Array, namespace
from autograd.kernels import columns
from autograd.kernels.blocks import BLOCK, overlap
from autograd.kernels.even import even_windows, every_tap, possible, without_noise
from autograd.kernels.scratch import Allocator, borrowed
from autograd.kernels.threads import hold, shared
from autograd.kernels.turning import turned, turned_filters
from autograd.kernels.ways import way
from autograd.kernels.windows import Pads, Windows
from autograd.shapes import Shape
from autograd.sums import sum_over

CHANNELS, TILES = 32, 64  # the fewest for which the transforms pay
FILLED = 8  # the fewest outputs to a tile, of sixteen, for which they do
FILTERS = 1 << 18  # the most pairs of channels: U has four times as many numbers as W
POINTS = 0, 11 / 16, -11 / 16, 3 / 2, -3 / 2  # and infinity, where the value is the last coefficient; for a small error
ACROSS = 4  # the most tiles in a row of a part: the matrix along it is mostly zeros
LEAST = 128  # about the fewest tiles in a part: they are the rows of V
LARGE = 1 << 26  # multiplications for which a second thread pays
COPY = 44  # the multiplications that take as long as the transform of one value


def powers(n: int) -> Array:
    """The values of 1, t, ..., t^(n-1) at the six points: the matrix that takes n coefficients to values."""
    return np.vstack([np.vander(POINTS, n, increasing=True), np.eye(n)[-1]])


A, B, G = powers(4), np.linalg.inv(powers(6)), powers(3)


def pays(x: Array, other: Array, M: int, w: Windows, groups: int) -> bool:
    """Can images x be convolved to M channels in tiles, and is that faster?

    `other` is the second factor: the filters, or an array over the windows. float16 has no digits to spare, and whole
    numbers would not stay whole.
    """
    if w.kernel != (3, 3) or w.stride != (1, 1) or w.dilation != (1, 1) or groups > 1:
        return False
    C, windows, tiles = x.shape[1], len(x) * prod(w.out), len(x) * prod(in_tiles(w))
    return (
        min(C, M) >= CHANNELS
        and C * M <= FILTERS
        and tiles >= TILES
        and windows >= FILLED * tiles
        and namespace(x, other) is np
        and np.result_type(x, other) in (np.float32, np.float64)
    )


@way(fits=lambda x, W, b, w, groups=1: pays(x, W, len(W), w, groups) and every_tap(W))
def forward(x: Array, W: Array, b: Array | None, w: Windows, groups: int = 1) -> Array:
    """(N, C, H, W) (M, C, 3, 3) (M,) -> (N, M, OH, OW)"""
    (M, C), dtype = W.shape[:2], np.result_type(x, W) if b is None else np.result_type(x, W, b)
    y = np.empty((len(x), M, *w.out), dtype)
    todo, threads = parts(len(x), w, C, M)

    def work(share: slice) -> None:
        with borrowed(np, 3) as (lines, V_memory, P_memory):
            for images, rows, tiles in todo[share]:
                V = transform(x[images], B.T.astype(dtype), rows, tiles, w.pad, lines, V_memory)  # (6, 6, S T n, C)
                P = P_memory((*V.shape[:3], M), dtype)
                np.matmul(V, U, out=P)  # (6, 6, S T n, M)
                pixels = y[images, :, 4 * rows.start : 4 * rows.stop, 4 * tiles.start : 4 * tiles.stop]
                output_transform(P, b, pixels, lines)

    with hold():  # for one thread too: products as small as these are no work for several
        U = on_both_axes(G.astype(dtype), W.transpose(2, 3, 1, 0))  # (6, 6, C, M)
        shared(work, len(todo), threads)
        even = np.isfinite(y[:, 0]).all() and np.isfinite(y[0, :, 0, 0]).all()
        if even and possible(x[:, 0], w):
            shared(lambda share: even_windows(y[share], x[share], W, b, w), len(x), threads)
    return y if even else columns.forward(x, W, b, w)  # an odd pixel, or an odd filter


def turning_pays(y: Array, W: Array, w: Windows, groups: int = 1) -> bool:
    """Is the transposed convolution a convolution that pays?"""
    back = turned(y, W, w, groups)
    return back is not None and pays(y, W, W.shape[1], back, groups) and every_tap(W)


@way(fits=turning_pays)
def transpose(y: Array, W: Array, w: Windows, groups: int = 1) -> Array:
    """(N, M, OH, OW) (M, C, 3, 3) -> (N, C, H, W)"""
    back: Any = turned(y, W, w, groups)  # not None, where this way fits
    return forward(y, turned_filters(W, groups), None, back)


@way(fits=lambda x, y, w, groups=1, bias=False: pays(x, y, y.shape[1], w, groups))
def filter_gradient(x: Array, y: Array, w: Windows, groups: int = 1, bias: bool = False) -> tuple[Array, Array | None]:
    """(N, C, H, W) (N, M, OH, OW) -> (M, C, 3, 3), and (M,) with `bias`"""
    C, M, dtype = x.shape[1], y.shape[1], np.result_type(x, y)
    todo, threads = parts(len(x), w, C, M)

    def work(share: slice) -> Array:
        gU = None
        with borrowed(np, 3) as (lines, V_memory, P_memory):
            for images, rows, tiles in todo[share]:
                V = transform(x[images], B.T.astype(dtype), rows, tiles, w.pad, lines, V_memory)  # (6, 6, S T n, C)
                gP = transform(y[images], A.astype(dtype), rows, tiles, ((0, 0), (0, 0)), lines, P_memory)
                V = V.swapaxes(2, 3)  # (6, 6, C, S T n)
                if gU is None:
                    gU = V @ gP  # (6, 6, C, M)
                else:
                    gU += np.matmul(V, gP, out=lines(gU.shape, dtype))  # the lines are not needed any more
        return gU

    with hold():
        gU, *others = shared(work, len(todo), threads)
        for other in others:
            gU += other
        gW = on_both_axes(G.T.astype(dtype), gU)  # (3, 3, C, M)
    gW = without_noise(gW, gU, x, y, w).transpose(3, 2, 0, 1)  # (M, C, 3, 3)
    return gW, sum_over(y, (0, 2, 3), keepdims=False).astype(dtype, copy=False) if bias else None


def on_both_axes(matrix: Array, x: Array) -> Array:
    """The matrix times all vectors along axis 0, and along axis 1.   (J, K) (K, K, C, M) -> (J, J, C, M)"""
    J, K = matrix.shape
    return (matrix @ (matrix @ x.reshape(K, -1)).reshape(J, K, -1)).reshape(J, J, *x.shape[2:])


def in_tiles(w: Windows) -> Shape:
    """The number of tiles along each axis."""
    return tuple([-(-O // 4) for O in w.out])


def parts(N: int, w: Windows, C: int, M: int) -> tuple[list[tuple[slice, slice, slice]], int]:
    """The tiles in parts: some images, rows of tiles, and tiles in these rows. Also the number of threads that pay.

    A part has about BLOCK numbers, or LEAST tiles if that is more; but each thread gets a part. Images are divided
    first, as their halves are the most equal.
    """
    S, T = in_tiles(w)
    threads = hold.threads() if 36 * N * S * T * (C * M + COPY * (C + M)) >= LARGE else 1
    most = min(max(BLOCK // (36 * max(C, M)), LEAST), -(-N * S * T // threads))
    t = cuts(T, ACROSS)
    n = cuts(N, min(most / -(-T // t), max(N / threads, 1)))
    s = cuts(S, most / (-(-T // t) * -(-N // n)))
    return list(product(pieces(N, n), pieces(S, s), pieces(T, t))), threads


def cuts(length: int, most: float) -> int:
    """The number of pieces: halves of halves, which threads can share, until they are about as short as `most`."""
    n = 1
    while n < length and length > most * n:
        n *= 2
    return min(n, length)


def pieces(length: int, n: int) -> list[slice]:
    """range(length) in n pieces, as equal as they can be."""
    return [slice(length * i // n, length * (i + 1) // n) for i in range(n)]


def transform(
    x: Array, matrix: Array, rows: slice, tiles: slice, pad: Pads, lines: Allocator, memory: Allocator
) -> Array:
    """B' d or A gy for some tiles of all images [input transform].   (n, C, H, W) -> (6, 6, S T n, C)

    The first tile begins with the padding, pad[.][0] pixels before the image.
    """
    (n, C, H, W), (_, K), S, T = x.shape, matrix.shape, rows.stop - rows.start, tiles.stop - tiles.start
    high, wide = 4 * S - 4 + K, 4 * T - 4 + K
    place, inside = overlap(4 * rows.start - pad[0][0], high, H)
    across, columns = overlap(4 * tiles.start - pad[1][0], wide, W)
    d = x[:, :, inside, columns].astype(matrix.dtype, copy=False)
    d = d.reshape(n * C, *d.shape[2:])
    X = lines((high, 6 * T, n * C), matrix.dtype)
    X[: place.start] = 0
    X[place.stop :] = 0
    np.matmul(along(matrix, T)[:, across], d.transpose(1, 2, 0), out=X[place])  # along the rows
    V = memory((6, 6, S, T * n * C), matrix.dtype)
    windows = np.lib.stride_tricks.sliding_window_view(X.reshape(high, 6, -1), K, axis=0)[::4]  # (S, 6, T n C, K)
    np.matmul(matrix, windows.swapaxes(2, 3), out=V.transpose(2, 1, 0, 3))  # down the columns
    return V.reshape(6, 6, S * T * n, C)


def output_transform(P: Array, b: Array | None, y: Array, lines: Allocator) -> None:
    """A' P, plus b, written into y: the adjoint of `transform` with A.   (6, 6, S T n, M) (M,) -> (n, M, OH, OW)

    The line more holds b, which the row of ones below adds to every pixel.
    """
    n, M, OH, OW = y.shape
    S, T = -(-OH // 4), -(-OW // 4)
    Z = lines((4 * S, 6 * T + 1, n, M), P.dtype)
    P = P.reshape(6, 6, S, T * n * M).transpose(2, 1, 0, 3)  # (S, 6, 6, T n M)
    np.matmul(A.T.astype(P.dtype), P, out=Z[:, :-1].reshape(S, 4, 6, -1).swapaxes(1, 2))  # down the columns
    Z[:, -1] = 0 if b is None else b
    across = np.vstack([along(A, T), np.ones(4 * T)])[:, :OW].astype(P.dtype)  # (6 T + 1, OW)
    np.matmul(Z[:OH].transpose(2, 0, 3, 1), across, out=y.swapaxes(1, 2))  # along the rows


def along(matrix: Array, T: int) -> Array:
    """The matrix for all tiles of a row, each four pixels behind the one before.   (6, K) -> (6 T, 4 T - 4 + K)"""
    K = matrix.shape[1]
    row = np.zeros((6, T, 4 * T - 4 + K), matrix.dtype)
    for t in range(T):
        row[:, t, 4 * t : 4 * t + K] = matrix
    return row.reshape(6 * T, -1)
