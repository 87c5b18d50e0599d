"""Small images folded: n images become one, with the sample as its last spatial axis.

A matrix product for each small image would be narrow. The kernel gets an axis of 1 tap along the samples, so the folded
convolution is the same one, and its products are n times as wide.
"""

from __future__ import annotations

from math import prod

from autograd.backend import Array, namespace
from autograd.kernels.windows import Windows

WIDE = 256  # windows that make the matrix product of one image wide enough


def images_to_fold(N: int, w: Windows) -> int:
    """How many of N images are best folded into one: a divisor of N; 1 for large images, and for fewer than four."""
    most = min(N, 2 * WIDE // max(prod(w.out), 1))
    return max([n for n in range(4, most + 1) if N % n == 0], default=1)


def folded(x: Array, n: int) -> Array:
    """(N, C, *size) -> (N/n, C, *size, n)"""
    return namespace(x).moveaxis(x.reshape(len(x) // n, n, *x.shape[1:]), 1, -1)


def unfolded(x: Array) -> Array:
    """(N/n, C, *size, n) -> (N, C, *size)"""
    return namespace(x).moveaxis(x, -1, 1).reshape(len(x) * x.shape[-1], *x.shape[1:-1])


def folded_windows(w: Windows, n: int) -> Windows:
    """The windows on n folded images: one tap along the samples, which takes n steps."""
    return Windows(
        size=(*w.size, n),
        kernel=(*w.kernel, 1),
        stride=(*w.stride, 1),
        pad=(*w.pad, (0, 0)),
        dilation=(*w.dilation, 1),
        out=(*w.out, n),
    )
