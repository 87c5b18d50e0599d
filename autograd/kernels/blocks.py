"""im2col in blocks: the columns of a few images, or of a band of one large image, in memory that stays in the cache.

A band is some rows of windows along the first axis, with the rows of the image that lie under them.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

import numpy as np
from numpy.lib.stride_tricks import as_strided

from autograd.backend import Array, namespace
from autograd.kernels.im2col import im2col
from autograd.kernels.scratch import Allocator, borrowed
from autograd.kernels.ways import kernel, way
from autograd.kernels.windows import Windows

BLOCK = 1 << 19  # elements of a block: two megabytes of float32


def columns(x: Array, w: Windows, groups: int, ones: bool = False) -> Iterator[tuple[slice, slice, Array]]:
    """Yields some images, some windows, and their columns, block by block, until all have had their turn.

    The columns are (n, groups, R, O) for n images, R = C/groups · K rows and O windows; the next block overwrites them.
    `ones` adds a last row of ones, with which a bias becomes one more column of the filters.
    """
    (N, C), G, O = x.shape[:2], groups, prod(w.out)
    if w.pointwise and not ones:
        yield slice(0, N), slice(0, O), x.reshape(N, G, C // G, O)
        return
    R = C // G * prod(w.kernel)
    with borrowed(namespace(x), 2) as (memory, padded):
        for images, band, windows in cache_blocks(N, w, G * R):
            image, part = image_under(x[images], w, band, padded)
            cols = memory((len(image), G, R + ones, prod(part.out)), x.dtype)
            write_columns(cols[:, :, :R], image, part)
            cols[:, :, R:] = 1
            yield images, windows, cols


def cache_blocks(N: int, w: Windows, rows: int) -> Iterator[tuple[slice, slice, slice]]:
    """Divides N images, with columns of `rows` elements, into blocks of about BLOCK elements.

    Yields the images, a band, and the windows of this band as a slice of all windows.
    """
    OH, OW, O = w.out[0], prod(w.out[1:]), prod(w.out)
    n = max(1, BLOCK // max(rows * O, 1))
    bands = max(1, min(OH, -(-rows * O // BLOCK)))
    for i in range(0, N, n):
        for k in range(bands):
            top, bottom = OH * k // bands, OH * (k + 1) // bands
            yield slice(i, min(i + n, N)), slice(top, bottom), slice(top * OW, bottom * OW)


def image_under(x: Array, w: Windows, band: slice, padded: Allocator) -> tuple[Array, Windows]:
    """The rows of the images x under a band, with their padding, and the band's windows on these rows."""
    top = band.start * w.stride[0] - w.pad[0][0]
    rows = (band.stop - band.start - 1) * w.stride[0] + w.dilation[0] * (w.kernel[0] - 1) + 1
    place, inside = overlap(top, rows, w.size[0])
    image = x[:, :, inside]
    if image.shape[2] < rows or any(map(any, w.pad[1:])):
        y = padded((*x.shape[:2], rows, *w.padded_size[1:]), x.dtype)
        y[...] = 0
        y[(..., place, *w.image[1:])] = image
        image = y
    none = ((0, 0),) * len(w.size)
    return image, w._replace(size=image.shape[2:], pad=none, out=(band.stop - band.start, *w.out[1:]))


def overlap(top: int, rows: int, H: int) -> tuple[slice, slice]:
    """Those of the rows from `top` on that lie on an image of H rows: as a slice of them, and as one of the image."""
    first, last = (min(max(row, 0), H) for row in (top, top + rows))
    above = min(max(-top, 0), rows)
    return slice(above, above + last - first), slice(first, last)


@way(fits=lambda cols, image, w: namespace(image) is np)
def copied_view(cols: Array, image: Array, w: Windows) -> None:
    """All columns in one copy: every axis of the block is split and none is joined, so it is written as a view."""
    n, G = cols.shape[:2]
    pixels = window_view(image.reshape(n, G, image.shape[1] // G, *image.shape[2:]), w)
    cols.reshape(pixels.shape)[...] = pixels


@kernel(copied_view)
def write_columns(cols: Array, image: Array, w: Windows) -> None:
    """Writes the columns of images without padding into the block `cols`.   (n, G, R, O), (n, C, *size)"""
    cols[...] = im2col(image, w).reshape(cols.shape)


def window_view(x: Array, w: Windows) -> Array:
    """im2col of images without padding, as a view of them.   (..., *size) -> (..., *kernel, *out)"""
    n = len(w.out)
    taps = [D * step for D, step in zip(w.dilation, x.strides[-n:])]
    steps = [S * step for S, step in zip(w.stride, x.strides[-n:])]
    return as_strided(x, (*x.shape[:-n], *w.kernel, *w.out), (*x.strides[:-n], *taps, *steps), writeable=False)
