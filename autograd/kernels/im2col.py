"""The pixels under a kernel as columns, which makes a convolution one matrix product; and the way back.

Both loop over the taps of the kernel, not over the windows: all windows meet one tap in a strided slice of the image.
"""

from __future__ import annotations

from autograd.backend import Array, namespace
from autograd.kernels.gpu import conv as gpu
from autograd.kernels.ways import kernel
from autograd.kernels.windows import Windows, taps

__all__ = ["col2im", "im2col"]


@kernel(gpu.im2col)
def im2col(x: Array, w: Windows) -> Array:
    """cols[n, c, k, o] = the pixel of image n, channel c, under tap k of window o; 0 in the padding.

    (N, C, *size) -> (N, C, *kernel, *out)
    """
    cols = namespace(x).zeros((*x.shape[:2], *w.kernel, *w.out), x.dtype)
    for tap, pixels, windows in taps(w):
        cols[:, :, *tap][windows] = x[pixels]
    return cols


@kernel(gpu.col2im)
def col2im(cols: Array, w: Windows) -> Array:
    """x[n, c, p] = sum of cols[n, c, k, o] over all k, o with p(o, k) = p: the adjoint of im2col, not its inverse.

    (N, C, *kernel, *out) -> (N, C, *size)
    """
    x = namespace(cols).zeros((*cols.shape[:2], *w.size), cols.dtype)
    for tap, pixels, windows in taps(w):
        x[pixels] += cols[:, :, *tap][windows]
    return x
