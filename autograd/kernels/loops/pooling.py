"""Pooling over two axes: images (N, H, W), one for each sample and channel.

`geometry` is the kernel, the stride, the padding in front and the dilation. A window begins at pixel (h, w), which may
lie outside; of its taps those from h0 to h1 - 1, and from w0 to w1 - 1, lie on the image.
"""

from __future__ import annotations

import numpy as np

from autograd.kernels.loops.jit import inlined, loop

ZERO, LOWEST = np.float32(0), np.float32(-np.inf)


@inlined
def on_image(start, step, count, size):
    """The first, and the one behind the last, of the taps start, start + step, ... that lie on an axis of this size."""
    first = 0 if start >= 0 else (step - 1 - start) // step
    return first, min(count, (size - 1 - start) // step + 1)


@loop
def window_max(x, geometry, y, where):
    KH, KW, SH, SW, PH, PW, DH, DW = geometry
    N, H, W = x.shape
    _, OH, OW = y.shape
    for n in range(N):
        image = x[n].reshape(H * W)
        for oh in range(OH):
            h = oh * SH - PH
            h0, h1 = on_image(h, DH, KH, H)
            for ow in range(OW):
                w = ow * SW - PW
                w0, w1 = on_image(w, DW, KW, W)
                best, tap = LOWEST, h0 * KW + w0
                for i in range(h0, h1):
                    p = (h + i * DH) * W + w
                    for j in range(w0, w1):
                        v = image[np.uint64(p + j * DW)]
                        if v > best:
                            best, tap = v, i * KW + j
                y[n, oh, ow] = best
                where[n, oh, ow] = tap


@loop
def scatter_max(y, where, geometry, x):
    KH, KW, SH, SW, PH, PW, DH, DW = geometry
    N, H, W = x.shape
    _, OH, OW = y.shape
    offsets = np.empty(KH * KW, np.int64)
    for k in range(KH * KW):
        offsets[k] = (k // KW) * DH * W + (k % KW) * DW
    for n in range(N):
        image = x[n].reshape(H * W)
        image[:] = ZERO
        for oh in range(OH):
            for ow in range(OW):
                p = (oh * SH - PH) * W + ow * SW - PW + offsets[where[n, oh, ow]]
                image[np.uint64(p)] += y[n, oh, ow]
