"""Convolution with half the multiplications, for kernels that are three wide: Winograd's F(4, 3) along the rows.

Four neighbours y in a row come from six pixels d and three taps w by six products instead of twelve, one for each of
six points:

    y = A' (G w * B' d),      its adjoint in w:   gw = G' (A gy * B' d)

where A, B, G are small matrices of constants. Rows are cut into tiles of four; the sum over channels makes of each
point and each row of the kernel a matrix product. So are the transforms, and a block of images stays in the cache from
`tiles` to `untile`. Tiles of 4 x 4 would halve the products again; their transforms cost what that saves.

    tiles (6, C, H row)     U (6, KH, M, C)     P (6, M, OH row)     row: the tiles of one row of all images of a block

The error is two to four times that of the plain sum. A pixel that is infinite or nan makes its whole tile nan.
Source: S. Winograd, Arithmetic Complexity of Computations, 1980; A. Lavin and S. Gray, arXiv:1509.09308, 2015.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograd.backend import Array, namespace
from autograd.kernels.columns import blocks, buffer, overlap
from autograd.kernels.threads import shared
from autograd.kernels.windows import Windows

CHANNELS, WINDOWS, WIDTH = 32, 1 << 11, 7  # from which on the transforms pay

A = np.array([[1, 0, 0, 0], [1, 1, 1, 1], [1, -1, 1, -1], [1, 2, 4, 8], [1, -2, 4, -8], [0, 0, 0, 1]])
B = np.array([
    [4, 0, 0, 0, 0, 0],
    [0, -4, 4, -2, 2, 4],
    [-5, -4, -4, -1, -1, 0],
    [0, 1, -1, 2, -2, -5],
    [1, 1, 1, 1, 1, 0],
    [0, 0, 0, 0, 0, 1],
])  # fmt: skip
G = np.array([[6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 24]]) / 24


def pays(x: Array, other: Array, M: int, w: Windows, groups: int) -> bool:
    """Is there this way for a product of the images with the filters or with M channels of windows, and is it shorter?

    Not for float16, which has no digits to spare, nor for whole numbers.
    """
    return (
        len(w.kernel) == 2
        and w.kernel[1] == 3
        and w.stride == w.dilation == (1, 1)
        and groups == 1
        and min(x.shape[1], M) >= CHANNELS
        and len(x) * w.out[0] * w.out[1] >= WINDOWS
        and w.out[1] >= WIDTH
        and namespace(x, other) is np
        and np.result_type(x, other) in (np.float32, np.float64)
    )


def convolve(x: Array, W: Array, b: Array | None, w: Windows) -> Array:
    """(N, C, H, W) (M, C, KH, 3) (M,) -> (N, M, OH, OW)"""
    (M, C, KH, _), dtype = W.shape, np.result_type(x, W) if b is None else np.result_type(x, W, b)
    y = np.empty((len(x), M, *w.out), dtype)
    U = (G.astype(dtype) @ W.transpose(3, 2, 0, 1).reshape(3, -1)).reshape(6, KH, M, C)

    def work(part: slice) -> None:
        for V, row, windows in parts(x[part], y[part], w, dtype):
            OH = windows.shape[2]
            P, term = (buffer(np, name, (6, M, OH * row), dtype) for name in ("first", "third"))
            np.matmul(U[:, 0], V[:, :, : OH * row], out=P)
            for k in range(1, KH):
                P += np.matmul(U[:, k], V[:, :, k * row : (k + OH) * row], out=term)
            if b is not None:
                P[1] += b[:, None]  # what all four pixels have in common
            untile(transformed(A.T, P, "second"), windows)

    shared(work, len(x))
    return y


def correlate(x: Array, y: Array, w: Windows) -> tuple[Array, Array]:
    """The derivatives in the filters and in the bias.   (N, C, H, W) (N, M, OH, OW) -> (M, C, KH, 3) (M,)"""
    C, M, KH, dtype = x.shape[1], y.shape[1], w.kernel[0], np.result_type(x, y)

    def work(part: slice) -> tuple[Array, Array]:
        gU, gb = np.zeros((6, KH, M, C), dtype), np.zeros(M, dtype)
        for V, row, windows in parts(x[part], y[part], w, dtype):
            n, _, OH, _ = windows.shape
            gP = transformed(A, tiles(windows, 4, row // n, 0, OH, 0, dtype), "third")
            for k in range(KH):
                gU[:, k] += gP @ V[:, :, k * row : (k + OH) * row].swapaxes(1, 2)
            gb += gP[1].sum(axis=1)
        return gU, gb

    gU, gb = (sum(terms) for terms in zip(*shared(work, len(x))))
    return (G.T.astype(dtype) @ gU.reshape(6, -1)).reshape(3, KH, M, C).transpose(2, 3, 1, 0), gb


def parts(x: Array, y: Array, w: Windows, dtype: Any) -> Iterator[tuple[Array, int, Array]]:
    """Yields the transformed pixels under a band of windows, the number of tiles in a row, and these windows of y."""
    (above, _), (left, _) = w.pad
    T = -(-w.out[1] // 4)
    for images, band, _ in blocks(slice(0, len(x)), w, 6 * max(x.shape[1], y.shape[1]) // 4):
        windows = y[images, :, band]
        rows = windows.shape[2] + w.kernel[0] - 1
        V = transformed(B.T, tiles(x[images], 6, T, band.start - above, rows, left, dtype), "second")
        yield V, len(windows) * T, windows


def tiles(x: Array, K: int, T: int, top: int, rows: int, left: int, dtype: Any) -> Array:
    """K pixels from every fourth on, of the rows from `top` on and starting `left` before the image; zeros beyond it.

    (n, P, H, W) -> (K, P, rows n T)
    """
    n, P, H, _ = x.shape
    d = buffer(np, "first", (K, P, rows, n, T), dtype)
    place, inside = overlap(top, rows, H)
    d[:, :, : place.start] = 0
    d[:, :, place.stop :] = 0
    x = x[:, :, inside].transpose(1, 2, 0, 3)
    for k in range(K):
        first = min(max(-((k - left) // 4), 0), T)  # tile whose pixel lies on the image
        pixels = x[..., 4 * first + k - left :: 4][..., : T - first]
        to = d[k, :, place]
        to[..., :first] = 0
        to[..., first : first + pixels.shape[3]] = pixels
        to[..., first + pixels.shape[3] :] = 0
    return d.reshape(K, P, -1)


def untile(Y: Array, y: Array) -> None:
    """Puts the four pixels of every tile into their places in y.   (4, M, OH row) -> (n, M, OH, OW)"""
    n, M, OH, _ = y.shape
    Y = Y.reshape(4, M, OH, n, -1)
    for k in range(4):
        pixels = y[..., k::4].transpose(1, 2, 0, 3)
        pixels[...] = Y[k, ..., : pixels.shape[3]]


def transformed(matrix: Array, x: Array, name: str) -> Array:
    """The matrix times all vectors along the first axis, in a buffer: what lay in it before is lost."""
    y = buffer(np, name, (len(matrix), *x.shape[1:]), x.dtype)
    np.matmul(matrix.astype(x.dtype), x.reshape(len(x), -1), out=y.reshape(len(y), -1))
    return y
