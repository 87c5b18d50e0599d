"""The three products of convolution: of image and filters, of windows and filters, of image and windows.

With an image x, filters W and an array y over the windows, there is one number

    T(x, W, y) = sum over o, k of  x[p(o, k)] W[k] y[o]          p(o, k): the pixel under tap k of window o,

and each product is its derivative in one of the three: `convolve(x, W)` in y, `spread(y, W)` in x, `correlate(x, y)` in
W. Hence each is linear in both arguments, and its own derivatives are the other two.

    x (N, C, *size)     W (M, C/groups, *kernel)     y (N, M, *out)

What makes it fast: im2col of a block of images (or of a band of a large one) into a buffer that stays in the cache, and
one matrix product from there to its place in the result. The im2col of the whole batch, K times as large as the images,
is never made. Threads share the images. A bias is the weight of a further row of the columns, which is all ones.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from math import prod
from types import ModuleType
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from autograd.backend import Array, namespace
from autograd.kernels.im2col import im2col
from autograd.kernels.threads import shared
from autograd.kernels.windows import Windows
from autograd.shapes import Shape

WIDE = 256  # windows that make a matrix product of one image wide enough
BUFFER = 1 << 19  # elements of im2col in one block: two megabytes of float32
KEPT = 1 << 23  # bytes of a buffer that a thread keeps for the next call
WORTH = 1 << 19  # multiplications that are worth a second thread


def convolve(x: Array, W: Array, b: Array | None, w: Windows, groups: int = 1) -> Array:
    """y[n, m, o] = sum over c, k of x[n, c, p(o, k)] W[m, c, k], + b[m]"""
    n = images_to_fold(len(x), w)
    if n > 1:
        return unfolded(convolve(folded(x, n), W[..., None], b, with_batch(w, n), groups))
    xp = namespace(x, W)
    live, w = w.live()
    N, M, G = len(x), len(W), groups
    filters = xp.ascontiguousarray(W[live].reshape(G, M // G, -1))  # BLAS knows no negative strides
    ones = b is not None
    if b is not None:
        filters = xp.concatenate([filters, b.reshape(G, M // G, 1)], axis=2)
    y = xp.empty((N, G, M // G, prod(w.out)), xp.result_type(x, filters))

    def work(part: slice) -> None:
        for images, band, cols in columns(x[part], w, G, ones):
            xp.matmul(filters, cols, out=y[part][images][..., band])

    divide(work, y, filters.shape[2])
    return y.reshape(N, M, *w.out)


def spread(y: Array, W: Array, w: Windows, groups: int = 1) -> Array:
    """x[n, c, p] = sum over m, o, k with p(o, k) = p of y[n, m, o] W[m, c, k]: the adjoint of convolve in x."""
    N, M, G = len(y), len(W), groups
    C = W.shape[1] * G
    live, w = w.live()
    W = W[live]
    reach = [D * (K - 1) for D, K in zip(w.dilation, w.kernel)]
    if set(w.stride) == {1} and M <= 3 * C and N * prod(w.out) >= M and all(max(p) <= r for p, r in zip(w.pad, reach)):
        pad = tuple([(r - before, r - behind) for r, (before, behind) in zip(reach, w.pad)])
        return convolve(y, flipped(W, G), None, w._replace(size=w.out, out=w.size, pad=pad), G)
    n = images_to_fold(N, w)
    if n > 1:
        return unfolded(spread(folded(y, n), W[..., None], with_batch(w, n), G))
    xp = namespace(y, W)
    filters = W.reshape(G, M // G, -1).swapaxes(1, 2)
    rows = y.reshape(N, G, M // G, -1)
    x = xp.zeros((N, C, *w.size), xp.result_type(y, W))

    def work(part: slice) -> None:
        for images, rows_of_windows, band in blocks(part, w, C * prod(w.kernel)):
            some = w.rows(rows_of_windows)
            part_of_y = rows[images][..., band]
            cols = buffer(xp, "columns", (*part_of_y.shape[:2], filters.shape[1], part_of_y.shape[3]), x.dtype)
            xp.matmul(filters, part_of_y, out=cols)
            cols = cols.reshape(-1, C, *w.kernel, *some.out)
            for tap, pixels, windows in some.taps():
                x[images][pixels] += cols[:, :, *tap][windows]

    divide(work, y, C // G * prod(w.kernel))
    return x


def correlate(x: Array, y: Array, w: Windows, groups: int = 1, ones: bool = False) -> tuple[Array, Array | None]:
    """W[m, c, k] = sum over n, o of x[n, c, p(o, k)] y[n, m, o]: the derivative of convolve in the filters.

    With `ones` also its derivative in the bias, b[m] = sum over n, o of y[n, m, o]; otherwise None.
    """
    N, C, M, G = len(x), x.shape[1], y.shape[1], groups
    n = images_to_fold(N, w)
    if n > 1:
        W, b = correlate(folded(x, n), folded(y, n), with_batch(w, n), G, ones)
        return W.reshape(W.shape[:-1]), b
    kernel = w.kernel
    live, w = w.live()
    rows = y.reshape(N, G, M // G, -1)

    def work(part: slice) -> Any:
        total = 0
        for images, band, cols in columns(x[part], w, G, ones):
            total += (rows[part][images][..., band] @ cols.swapaxes(2, 3)).sum(axis=0)
        return total

    total, *others = divide(work, rows, C // G * prod(w.kernel))
    for other in others:
        total += other
    b = total[..., -1].reshape(M) if ones else None
    W = total[..., : C // G * prod(w.kernel)].reshape(M, C // G, *w.kernel)
    if w.kernel != kernel:
        W, some = namespace(x).zeros((M, C // G, *kernel), W.dtype), W
        W[live] = some
    return W, b


def columns(x: Array, w: Windows, groups: int, ones: bool) -> Iterator[tuple[slice, slice, Array]]:
    """The im2col of all images, block by block: the images, the windows, and (images, groups, C/groups · K, windows).

    Each block overwrites the last one. With `ones` a last row of ones follows the C/groups · K rows.
    """
    xp = namespace(x)
    N, C, G = len(x), x.shape[1], groups
    rows = C // G * prod(w.kernel)
    if w.trivial and not ones:
        yield slice(0, N), slice(0, prod(w.out)), x.reshape(N, G, C // G, -1)
        return
    images = slice(0, 0)
    for block, rows_of_windows, band in blocks(slice(0, N), w, C * prod(w.kernel)):
        some = w.rows(rows_of_windows)
        if xp is not np:
            cols = im2col(x[block], some).reshape(-1, G, rows, prod(some.out))
            yield block, band, xp.pad(cols, [(0, 0), (0, 0), (0, int(ones)), (0, 0)], constant_values=1)
            continue
        if block != images:
            images = block
            image = padded(x[block], w).reshape(-1, G, C // G, *w.padded)
        cols = buffer(np, "columns", (len(image), G, rows + ones, prod(some.out)), x.dtype)
        under = look(image[..., rows_of_windows.start * w.stride[0] :, *[slice(None)] * (len(w.out) - 1)], some)
        cols[:, :, :rows].reshape(under.shape)[...] = under
        cols[:, :, rows:] = 1
        yield block, band, cols


def padded(x: Array, w: Windows) -> Array:
    """The images with their padding of zeros, in a buffer if there is any."""
    if not any(map(any, w.pad)):
        return x
    y = buffer(np, "padded", (*x.shape[:2], *w.padded), x.dtype)
    y[...] = 0
    y[..., *w.image] = x
    return y


def look(x: Array, w: Windows) -> Array:
    """The im2col of padded images as a view of them. (..., *padded) -> (..., *kernel, *out)"""
    n = len(w.out)
    lead, steps = x.strides[:-n], x.strides[-n:]
    taps = [D * step for D, step in zip(w.dilation, steps)]
    walk = [S * step for S, step in zip(w.stride, steps)]
    return as_strided(x, (*x.shape[:-n], *w.kernel, *w.out), (*lead, *taps, *walk), writeable=False)


def blocks(part: slice, w: Windows, rows: int) -> Iterator[tuple[slice, slice, slice]]:
    """Blocks of images, or bands of rows of one image, whose columns of `rows` elements fill the buffer.

    Yields the images, their rows of windows, and the same as a slice of all windows.
    """
    O, OH = prod(w.out), w.out[0]  # noqa: E741
    n = max(1, BUFFER // max(rows * O, 1))
    bands = min(OH, -(-rows * O // BUFFER)) or 1
    for i in range(part.start, part.stop, n):
        for k in range(bands):
            top, bottom = OH * k // bands, OH * (k + 1) // bands
            yield slice(i, min(i + n, part.stop)), slice(top, bottom), slice(top * (O // OH), bottom * (O // OH))


memory = threading.local()


def buffer(xp: ModuleType, name: str, shape: Shape, dtype: Any) -> Array:
    """An array of this thread's own, which the next call with this name overwrites.

    New memory costs more than the im2col that is written into it: the system has to find and to clear every page.
    """
    if xp is not np:  # CuPy keeps a pool of its own
        return xp.empty(shape, dtype)
    size = prod(shape) * np.dtype(dtype).itemsize
    held = getattr(memory, name, None)
    if held is None or held.size < size:
        held = np.empty(size, np.uint8)
        if size <= KEPT:
            setattr(memory, name, held)
    return held[:size].view(dtype).reshape(shape)


def flipped(W: Array, groups: int) -> Array:
    """The filters of the way back: every axis of the kernel reversed, channels in and out exchanged in each group."""
    M, C = W.shape[:2]
    kernel = W.shape[2:]
    W = W.reshape(groups, M // groups, C, *kernel).swapaxes(1, 2).reshape(groups * C, M // groups, *kernel)
    return W[(..., *[slice(None, None, -1)] * len(kernel))]


def divide(work: Callable[[slice], Any], y: Array, rows: int) -> list[Any]:
    """The results of `work` on shares of the images, one to a thread, if they are worth it."""
    return shared(work, len(y), None if namespace(y) is np and y.size * rows >= WORTH else 1)


# Small images: a product for each would be narrow. The batch becomes the last axis of the image, with a kernel of 1 along
# it, so that n images are one, and pixels that belong together lie in one row.


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
    return Windows(*[(*field, end) for field, end in zip(w, (n, 1, 1, (0, 0), 1, n))])
