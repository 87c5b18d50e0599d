"""The transposed convolution as a convolution, which it is with stride 1.

The filters are turned round, and the padding is so wide that every window that met a pixel meets it again. This takes
an im2col of y, where the other way adds up the columns of x. It does not pay if y has many more channels than x, or so
few windows that turning the filters is the larger work.
"""

from __future__ import annotations

from functools import lru_cache
from math import prod

from autograd.backend import Array
from autograd.kernels.windows import REMEMBERED, Windows


def turned(y: Array, W: Array, w: Windows, groups: int) -> Windows | None:
    """The windows of the convolution of y that equals the transposed one; None if there is none, or if it is slower."""
    M, C = len(W), W.shape[1] * groups
    return turned_windows(w) if M <= 2 * C and len(y) * prod(w.out) >= 4 * M else None


@lru_cache(REMEMBERED)
def turned_windows(w: Windows) -> Windows | None:
    """The windows that meet at each pixel what met it, as windows on y; None for a stride, and for a pad too wide."""
    reach = [D * (K - 1) for D, K in zip(w.dilation, w.kernel)]
    if any(S > 1 for S in w.stride) or any(max(pads) > r for pads, r in zip(w.pad, reach)):
        return None
    pad = tuple([(r - before, r - behind) for r, (before, behind) in zip(reach, w.pad)])
    return w._replace(size=w.out, out=w.size, pad=pad)


def turned_filters(W: Array, groups: int) -> Array:
    """All axes of the kernel reversed, channels in and out exchanged in each group.

    (M, C/groups, *kernel) -> (C, M/groups, *kernel)
    """
    (M, C), kernel, G = W.shape[:2], W.shape[2:], groups  # C channels in each group
    W = W.reshape(G, M // G, C, *kernel).swapaxes(1, 2).reshape(G * C, M // G, *kernel)
    return W[(..., *[slice(None, None, -1)] * len(kernel))]
