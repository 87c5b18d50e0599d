"""Convolution with a quarter of the multiplications, for kernels of 3 x 3: Winograd's F(4 x 4, 3 x 3).

Along one axis, four neighbours y come from six pixels d and three taps w. Correlation is the transpose of multiplying
polynomials, and a product of polynomials is known from its values at six points, each of them one multiplication:

    y = A' (G w * B' d),      its adjoint in w:   gw = G' (A gy * B' d)

`A` and `G` take the coefficients of a polynomial to its values, `B` takes six values back to coefficients. With both
axes a tile of 4 x 4 outputs needs 36 multiplications instead of 144. The sum over the channels makes of each of the 36
a matrix product, and the ways there and back are matrix products too: along the rows by a matrix that holds B' or A
once for every tile; then down the columns, when n images and their channels lie side by side.

    x (n, C, H, W)  ->  (4 S + 2, 6 T, n C)  ->  V (6, 6, S T n, C)         S x T tiles of n images; V[down, across]
    V U = P (6, 6, S T n, M)  ->  (4 S, 6 T + 1, n M)  ->  y (n, M, OH, OW)                     U (6, 6, C, M) = G W G'

The row more in the last line is the bias. A part, these S x T tiles of n images, is small enough to stay in the cache;
each thread takes its share of the parts. The arrays on the way lie in buffers that the next part overwrites: "first"
the long rows, on both ways, "second" V, "third" P, or the values of gy.

In float32 the error is two to five times that of the plain sum, as a root mean square (32 to 512 channels; of the
filters' gradient four times), and it is relative to the largest pixel of a tile, not to the result. A pixel that is
infinite or nan makes nan of all tiles of its row in its part, and on a border of two parts in both. `conv2d_by_im2col`
is the plain sum.
Source: S. Winograd, Arithmetic Complexity of Computations, 1980; A. Lavin and S. Gray, arXiv:1509.09308, 2015; on the
choice of points B. Barabasz et al., arXiv:1803.10986, 2018.
"""

from __future__ import annotations

from itertools import product
from math import prod
from typing import Any

import numpy as np

from autograd.backend import Array, namespace
from autograd.kernels.columns import BUFFER, buffer, overlap
from autograd.kernels.threads import hold, shared
from autograd.kernels.windows import Windows
from autograd.shapes import Shape

CHANNELS, TILES = 32, 64  # the fewest for which the transforms pay
FILLED = 8  # the fewest outputs to a tile, of sixteen, for which they do
FILTERS = 1 << 18  # the most pairs of channels: U has four times as many numbers as W
POINTS = 0, 11 / 16, -11 / 16, 3 / 2, -3 / 2  # and infinity, where the value is the last coefficient; for a small error
ACROSS = 4  # the most tiles in a row of a part: the matrix along it is mostly zeros
LEAST = 128  # about the least tiles in a part: in the products they are the rows of V
WORTH, COPY = 1 << 26, 44  # work that a second thread is worth, in multiplications; to transform a value costs COPY


def powers(n: int) -> Array:
    """The values of 1, t, ..., t^(n-1) at the six points: what takes n coefficients to values."""
    return np.vstack([np.vander(POINTS, n, increasing=True), np.eye(n)[-1]])


A, B, G = powers(4), np.linalg.inv(powers(6)), powers(3)


def pays(x: Array, other: Array, M: int, w: Windows, groups: int) -> bool:
    """Is there this way from images x to M channels, for both products, and is it shorter?

    The other factor is the filters, or an array over the windows. Not for float16, which has no digits to spare, nor
    for whole numbers.
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


def convolve(x: Array, W: Array, b: Array | None, w: Windows) -> Array:
    """(N, C, H, W) (M, C, 3, 3) (M,) -> (N, M, OH, OW)"""
    (M, C), dtype = W.shape[:2], np.result_type(x, W) if b is None else np.result_type(x, W, b)
    y = np.empty((len(x), M, *w.out), dtype)
    todo, threads = parts(len(x), w, C, M)

    def work(share: slice) -> None:
        for images, rows, tiles in todo[share]:
            V = values(x[images], B.T.astype(dtype), rows, tiles, w.pad, "second")
            P = buffer(np, "third", (*V.shape[:3], M), dtype)
            np.matmul(V, U, out=P)
            pixels(P, b, y[images, :, 4 * rows.start : 4 * rows.stop, 4 * tiles.start : 4 * tiles.stop])

    with hold():  # even one thread: products as small as these are no work for several
        U = on_both_axes(G.astype(dtype), W.transpose(2, 3, 1, 0))
        shared(work, len(todo), threads)
    return y


def correlate(x: Array, y: Array, w: Windows) -> Array:
    """The derivative in the filters.   (N, C, H, W) (N, M, OH, OW) -> (M, C, 3, 3)"""
    C, M, dtype = x.shape[1], y.shape[1], np.result_type(x, y)
    todo, threads = parts(len(x), w, C, M)

    def work(share: slice) -> Array:
        gU = None
        for images, rows, tiles in todo[share]:
            V = values(x[images], B.T.astype(dtype), rows, tiles, w.pad, "second").swapaxes(2, 3)
            gP = values(y[images], A.astype(dtype), rows, tiles, ((0, 0), (0, 0)), "third")
            if gU is None:
                gU = V @ gP
            else:
                gU += np.matmul(V, gP, out=buffer(np, "first", gU.shape, dtype))
        return gU

    with hold():
        gU, *others = shared(work, len(todo), threads)
        for other in others:
            gU += other
        return on_both_axes(G.T.astype(dtype), gU).transpose(3, 2, 0, 1)


def on_both_axes(matrix: Array, x: Array) -> Array:
    """The matrix times all vectors along axis 0, and along axis 1.   (J, K) (K, K, C, M) -> (J, J, C, M)"""
    J, K = matrix.shape
    return (matrix @ (matrix @ x.reshape(K, -1)).reshape(J, K, -1)).reshape(J, J, *x.shape[2:])


def in_tiles(w: Windows) -> Shape:
    """The number of tiles along each axis."""
    return tuple([-(-O // 4) for O in w.out])


def parts(N: int, w: Windows, C: int, M: int) -> tuple[list[tuple[slice, slice, slice]], int]:
    """The tiles in parts: some images, rows of tiles, and tiles in these rows. And the threads that they are worth.

    A part fills about a buffer, or has about LEAST tiles if that is more; but each thread is to have one. Images are
    divided first, as their halves are the most equal.
    """
    S, T = in_tiles(w)
    threads = hold.threads() if 36 * N * S * T * (C * M + COPY * (C + M)) >= WORTH else 1
    most = min(max(BUFFER // (36 * max(C, M)), LEAST), -(-N * S * T // threads))
    t = cuts(T, ACROSS)
    n = cuts(N, min(most / -(-T // t), max(N / threads, 1)))
    s = cuts(S, most / (-(-T // t) * -(-N // n)))
    return list(product(pieces(N, n), pieces(S, s), pieces(T, t))), threads


def cuts(total: int, most: float) -> int:
    """Into how many pieces to cut: halves of halves, which threads can share, until they are at most about so large."""
    n = 1
    while n < total and total > most * n:
        n *= 2
    return min(n, total)


def pieces(total: int, n: int) -> list[slice]:
    """The whole in n pieces, as equal as they can be."""
    return [slice(total * i // n, total * (i + 1) // n) for i in range(n)]


def values(x: Array, matrix: Array, rows: slice, tiles: slice, pad: Any, name: str) -> Array:
    """B' d or A gy, in a buffer of this name, of some tiles of all images.   (n, C, H, W) -> (6, 6, S T n, C)

    The first tile begins with the padding, pad[.][0] pixels before the image.
    """
    (n, C, H, W), (_, K), S, T = x.shape, matrix.shape, rows.stop - rows.start, tiles.stop - tiles.start
    high, wide = 4 * S - 4 + K, 4 * T - 4 + K
    place, inside = overlap(4 * rows.start - pad[0][0], high, H)
    across, columns = overlap(4 * tiles.start - pad[1][0], wide, W)
    d = x[:, :, inside, columns].astype(matrix.dtype, copy=False)
    d = d.reshape(n * C, *d.shape[2:])
    X = buffer(np, "first", (high, 6 * T, n * C), matrix.dtype)
    X[: place.start] = 0
    X[place.stop :] = 0
    np.matmul(along(matrix, T)[:, across], d.transpose(1, 2, 0), out=X[place])
    V = buffer(np, name, (6, 6, S, T * n * C), matrix.dtype)
    windows = np.lib.stride_tricks.sliding_window_view(X.reshape(high, 6, -1), K, axis=0)[::4]
    np.matmul(matrix, windows.swapaxes(2, 3), out=V.transpose(2, 1, 0, 3))
    return V.reshape(6, 6, S * T * n, C)


def pixels(P: Array, b: Array | None, y: Array) -> None:
    """A' P, plus b, into its place: the adjoint of `values` with A.   (6, 6, S T n, M) (M,) -> (n, M, OH, OW)

    The bias is the weight of a row of ones.
    """
    n, M, OH, OW = y.shape
    S, T = -(-OH // 4), -(-OW // 4)
    Z = buffer(np, "first", (4 * S, 6 * T + 1, n, M), P.dtype)
    P = P.reshape(6, 6, S, T * n * M).transpose(2, 1, 0, 3)
    np.matmul(A.T.astype(P.dtype), P, out=Z[:, :-1].reshape(S, 4, 6, -1).swapaxes(1, 2))
    Z[:, -1] = 0 if b is None else b
    across = np.vstack([along(A, T), np.ones(4 * T)])[:, :OW].astype(P.dtype)
    np.matmul(Z[:OH].transpose(2, 0, 3, 1), across, out=y.swapaxes(1, 2))


def along(matrix: Array, T: int) -> Array:
    """The matrix for all tiles of a row, each four pixels behind the one before.   (6, K) -> (6 T, 4 T - 4 + K)"""
    K = matrix.shape[1]
    row = np.zeros((6, T, 4 * T - 4 + K), matrix.dtype)
    for t in range(T):
        row[:, t, 4 * t : 4 * t + K] = matrix
    return row.reshape(6 * T, -1)
