"""The pixels under a kernel, laid out as columns, so that a convolution becomes one matrix product; and the way back.

Both walk over the taps of the kernel, not over the windows: all windows meet one tap in a strided slice of the image.
"""

from __future__ import annotations

from autograd.backend import Array, namespace
from autograd.kernels.windows import Windows


def im2col(x: Array, w: Windows) -> Array:
    """cols[n, c, k, o] = the pixel of image n, channel c, under tap k of window o; 0 in the padding.

    (N, C, *size) -> (N, C, *kernel, *out)
    """
    cols = namespace(x).zeros((*x.shape[:2], *w.kernel, *w.out), x.dtype)
    for tap, pixels, windows in w.taps():
        cols[:, :, *tap][windows] = x[pixels]
    return cols


def col2im(cols: Array, w: Windows) -> Array:
    """Each pixel the sum of what the columns hold for it: the adjoint of im2col; no inverse, where windows overlap.

    (N, C, *kernel, *out) -> (N, C, *size)
    """
    x = namespace(cols).zeros((*cols.shape[:2], *w.size), cols.dtype)
    for tap, pixels, windows in w.taps():
        x[pixels] += cols[:, :, *tap][windows]
    return x
