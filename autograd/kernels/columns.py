"""im2col block by block: the images of a batch, or bands of a large one, in one buffer that stays in the cache."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from math import prod
from types import ModuleType
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from autograd.backend import Array, namespace
from autograd.kernels.im2col import im2col
from autograd.kernels.windows import Windows
from autograd.shapes import Shape

BUFFER = 1 << 19  # elements of a block: two megabytes of float32
KEPT = 1 << 23  # bytes of a buffer that a thread keeps for the next call


def columns(x: Array, w: Windows, groups: int, ones: bool = False) -> Iterator[tuple[slice, slice, Array]]:
    """Yields some of the images, some of the windows, and the pixels under these, until all have had their turn.

    The pixels are of shape (images, groups, C/groups · K, windows), and overwritten by the next block. With `ones` a
    row of ones follows the C/groups · K others: the pixel that a bias is the weight of.
    """
    N, C, G = len(x), x.shape[1], groups
    if w.trivial and not ones:
        yield slice(0, N), slice(0, prod(w.out)), x.reshape(N, G, C // G, prod(w.out))
        return
    rows = C // G * prod(w.kernel)
    for images, band, windows in blocks(slice(0, N), w, G * rows):
        image, some = under(x[images], w, band)
        cols = buffer(namespace(x), "columns", (len(image), G, rows + ones, prod(some.out)), x.dtype)
        fill(cols[:, :, :rows], image, some)
        cols[:, :, rows:] = 1
        yield images, windows, cols


def blocks(part: slice, w: Windows, rows: int) -> Iterator[tuple[slice, slice, slice]]:
    """Divides images with columns of `rows` elements into blocks that fill the buffer.

    Yields the images, a band of their rows of windows, and the same band as a slice of all windows.
    """
    OH, OW, O = w.out[0], prod(w.out[1:]), prod(w.out)
    n = max(1, BUFFER // max(rows * O, 1))
    bands = max(1, min(OH, -(-rows * O // BUFFER)))
    for i in range(part.start, part.stop, n):
        for k in range(bands):
            top, bottom = OH * k // bands, OH * (k + 1) // bands
            yield slice(i, min(i + n, part.stop)), slice(top, bottom), slice(top * OW, bottom * OW)


def under(x: Array, w: Windows, band: slice) -> tuple[Array, Windows]:
    """The rows of images that lie under a band of windows, with their padding, and the windows on these rows."""
    top = band.start * w.stride[0] - w.pad[0][0]
    rows = (band.stop - band.start - 1) * w.stride[0] + w.dilation[0] * (w.kernel[0] - 1) + 1
    place, inside = overlap(top, rows, w.size[0])
    none = ((0, 0),) * len(w.size)
    image = x[:, :, inside]
    if image.shape[2] < rows or any(map(any, w.pad[1:])):
        y = buffer(namespace(x), "padded", (*x.shape[:2], rows, *w.padded[1:]), x.dtype)
        y[...] = 0
        y[(..., place, *w.image[1:])] = image
        image = y
    return image, w._replace(size=image.shape[2:], pad=none, out=(band.stop - band.start, *w.out[1:]))


def overlap(top: int, rows: int, H: int) -> tuple[slice, slice]:
    """Which of the rows from `top` on lie on an image of H rows: as a slice of them, and as one of the image."""
    first, last = (min(max(row, 0), H) for row in (top, top + rows))
    above = min(max(-top, 0), rows)
    return slice(above, above + last - first), slice(first, last)


def fill(cols: Array, image: Array, w: Windows) -> None:
    """Writes the pixels under windows without padding into `cols`; NumPy in one copy of a view, others tap by tap."""
    if namespace(image) is not np:
        cols[...] = im2col(image, w).reshape(cols.shape)
        return
    n, G = cols.shape[:2]
    pixels = look(image.reshape(n, G, image.shape[1] // G, *image.shape[2:]), w)
    cols.reshape(pixels.shape)[...] = pixels  # every axis is split, none joined: a view, even of a part of the buffer


def look(x: Array, w: Windows) -> Array:
    """im2col of images without padding, as a view of them.   (..., *size) -> (..., *kernel, *out)"""
    n = len(w.out)
    taps = [D * step for D, step in zip(w.dilation, x.strides[-n:])]
    walk = [S * step for S, step in zip(w.stride, x.strides[-n:])]
    return as_strided(x, (*x.shape[:-n], *w.kernel, *w.out), (*x.strides[:-n], *taps, *walk), writeable=False)


memory = threading.local()


def buffer(xp: ModuleType, name: str, shape: Shape, dtype: Any) -> Array:
    """An array of this thread's own, which the next call with this name overwrites.

    New memory would cost more than what is written into it: the system has to find and to clear every page. CuPy keeps
    a pool of its own.
    """
    if xp is not np:
        return xp.empty(shape, dtype)
    size = prod(shape) * np.dtype(dtype).itemsize
    held = getattr(memory, name, None)
    if held is None or held.size < size:
        held = np.empty(size, np.uint8)
        if size <= KEPT:
            setattr(memory, name, held)
    return held[:size].view(dtype).reshape(shape)
