"""Convolution of each channel with a filter of its own, in steps of 1: arrays (N, C, H, W), filters (C, K).

A padded image of rows of WP pixels is one row of memory, in which tap k lies offsets[k] pixels behind the window. The
windows are laid out in rows of WP as well, so that a tap meets all of them in one long loop. Those that hang over the
end of a row are left out in the end, or hold 0.
"""

from __future__ import annotations

import numpy as np

from autograd.kernels.loops.jit import loop, summing

ZERO = np.float32(0)


@loop
def spread(image, width, start, row):
    """Writes the rows of an image into a longer row, `width` apart from `start` on."""
    H, W = image.shape
    for h in range(H):
        begin = start + h * width
        a, to = image[h], row[begin : begin + W]
        for w in range(W):
            to[w] = a[w]


@loop
def gathered(row, width, start, image):
    """The rows of an image out of a longer row: the inverse of `spread`."""
    H, W = image.shape
    for h in range(H):
        begin = start + h * width
        a, to = row[begin : begin + W], image[h]
        for w in range(W):
            to[w] = a[w]


@loop
def forward(x, W, b, offsets, width, start, size, y):
    """y[o] = b + sum over k of W[k] x[o + offset k]; `size` is that of a padded image."""
    N, C, OH, OW = y.shape
    length = (OH - 1) * width + OW
    padded, sums = np.zeros(size, np.float32), np.empty(length, np.float32)
    for n in range(N):
        for c in range(C):
            spread(x[n, c], width, start, padded)
            sums[:] = b[c]
            for k in range(offsets.size):
                weight, a = W[c, k], padded[offsets[k] : offsets[k] + length]
                for q in range(length):
                    sums[q] += weight * a[q]
            gathered(sums, width, 0, y[n, c])


@loop
def transpose(y, W, offsets, width, start, size, x):
    """x[o + offset k] += W[k] y[o]"""
    N, C, OH, OW = y.shape
    length = (OH - 1) * width + OW
    padded, sums = np.zeros(length, np.float32), np.empty(size, np.float32)
    for n in range(N):
        for c in range(C):
            spread(y[n, c], width, 0, padded)
            sums[:] = ZERO
            for k in range(offsets.size):
                weight, to = W[c, k], sums[offsets[k] : offsets[k] + length]
                for q in range(length):
                    to[q] += weight * padded[q]
            gathered(sums, width, start, x[n, c])


@summing
def filter_gradient(x, y, offsets, width, start, size, W, b):
    """W[k] += sum over o of x[o + offset k] y[o], and b += sum of y, both in float64."""
    N, C, OH, OW = y.shape
    length = (OH - 1) * width + OW
    image, windows = np.zeros(size, np.float32), np.zeros(length, np.float32)
    for n in range(N):
        for c in range(C):
            spread(x[n, c], width, start, image)
            spread(y[n, c], width, 0, windows)
            for k in range(offsets.size):
                part, a = ZERO, image[offsets[k] : offsets[k] + length]
                for q in range(length):
                    part += a[q] * windows[q]
                W[c, k] += part
            part = ZERO
            for q in range(length):
                part += windows[q]
            b[c] += part
