"""Depthwise convolution, where each channel has a filter of its own: tap by tap, over whole channels at once.

The images of a channel, padded but for their last axis, lie one after the other: a row of numbers. The windows see this
row through each tap, from an offset on. So a tap is one product of rows, however many images there are:

    y[c, p] = sum over k of W[c, k] x[c, p + offset k]     W[c, k] = sum over p of x[c, p + offset k] y[c, p]

A tap left of the middle sees the end of the line above where it should see padding: there, zeros take the place of the
last pixels of all lines, and for a tap to the right that of the first ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from math import prod

import numpy as np

from autograd.backend import Array
from autograd.kernels import columns
from autograd.kernels.scratch import Allocator, borrowed
from autograd.kernels.threads import shared
from autograd.kernels.turning import turned_filters, turned_windows
from autograd.kernels.ways import way
from autograd.kernels.windows import Windows
from autograd.shapes import Shape
from autograd.sums import sum_over

BLOCK = 1 << 18  # numbers of some channels that are computed at once
LARGE = 1 << 19  # numbers for which a second thread pays
RUN = 1 << 12  # numbers that BLAS adds one after the other, and no more


def pays(x: Array, other: Array, channels: int, w: Windows, groups: int) -> bool:
    """Has each channel of x one filter, with stride 1, and as many windows as pixels?"""
    return (
        type(x) is np.ndarray
        and x.dtype.char in "fd"
        and x.dtype == other.dtype
        and groups == x.shape[1] == channels > 1
        and set(w.stride) == {1}
        and w.out == w.size
        and x.size > 0
        and prod(layout(w)) <= 2 * prod(w.size)  # not mostly padding
    )


@way(fits=lambda x, W, b, w, groups=1: pays(x, W, len(W), w, groups))
def forward(x: Array, W: Array, b: Array | None, w: Windows, groups: int = 1) -> Array:
    """(N, C, *size) (C, 1, *kernel) (C,) -> (N, C, *size)"""
    N = len(x)
    y = np.empty(x.shape, x.dtype)

    def work(share: slice) -> None:
        with borrowed(np, 4) as (*memory, sums, terms):
            for part in blocks(share, N, w):
                total = sums((part.stop - part.start, N * prod(layout(w))), x.dtype)
                windows = total[:, : total.shape[1] - reach(w)]
                term = terms(windows.shape, x.dtype)
                for n, (tap, pixels) in enumerate(seen(x[:, part], w, memory)):
                    np.multiply(pixels, W[(part, slice(1), *tap)], out=term if n else windows)
                    if n:
                        windows += term
                if b is not None:
                    total += b[part, None]
                images = total.reshape(len(total), N, *layout(w))
                y[:, part] = images[(..., *[slice(H) for H in w.size])].swapaxes(0, 1)

    in_threads(work, x)
    return y


def turns(y: Array, W: Array, w: Windows, groups: int = 1) -> bool:
    """Is the transposed convolution one of turned filters, and does `forward` fit it?"""
    back = turned_windows(w)
    return back is not None and pays(y, W, W.shape[1] * groups, back, groups)


@way(fits=turns)
def transpose(y: Array, W: Array, w: Windows, groups: int = 1) -> Array:
    """(N, C, *size) (C, 1, *kernel) -> (N, C, *size)"""
    return forward(y, turned_filters(W, groups), None, turned_windows(w) or w, groups)


@way(fits=lambda x, y, w, groups=1, bias=False: pays(x, y, y.shape[1], w, groups))
def filter_gradient(x: Array, y: Array, w: Windows, groups: int = 1, bias: bool = False) -> tuple[Array, Array | None]:
    """(N, C, *size) (N, C, *size) -> (C, 1, *kernel), and (C,) with `bias`"""
    N, C = x.shape[:2]
    gW: Array = np.empty((C, 1, *w.kernel), x.dtype)

    def work(share: slice) -> None:
        with borrowed(np, 3) as (*memory, behind):
            for part in blocks(share, N, w):
                windows = in_a_row(y[:, part], layout(w), (0,) * len(w.size), 0, behind)
                windows = windows[:, : windows.shape[1] - reach(w)]
                for tap, pixels in seen(x[:, part], w, memory):
                    gW[(part, 0, *tap)] = dots(pixels, windows)

    in_threads(work, x)
    if not np.isfinite(gW).all():  # an infinity may have met the zeros between two images
        return columns.filter_gradient(x, y, w, groups, bias)
    return gW, sum_over(y, (0, *range(2, y.ndim)), keepdims=False) if bias else None


def layout(w: Windows) -> Shape:
    """The size of an image in a row: padded, but for the last axis."""
    return (*w.padded_size[:-1], w.size[-1])


def reach(w: Windows) -> int:
    """How far behind the first line under a window the last one lies, in numbers."""
    return sum(D * (K - 1) * prod(layout(w)[i + 1 :]) for i, (D, K) in enumerate(zip(w.dilation[:-1], w.kernel)))


def seen(x: Array, w: Windows, memory: list[Allocator]) -> Iterator[tuple[Shape, Array]]:
    """Each tap, and what all windows see through it.   (N, c, *size) -> (c, L)"""
    steps = [D * prod(layout(w)[i + 1 :]) for i, D in enumerate(w.dilation[:-1])]
    before, H, D = w.pad[-1][0], w.size[-1], w.dilation[-1]
    margin = max(before, D * (w.kernel[-1] - 1) - before)
    row = in_a_row(x, layout(w), tuple([first for first, _ in w.pad[:-1]] + [0]), margin, memory[0])
    L = row.shape[1] - 2 * margin - reach(w)
    for k in range(w.kernel[-1]):
        shift, lines = k * D - before, row
        if shift:
            lines = memory[1](row.shape, x.dtype)
            lines[...] = row
            pixels = lines[:, margin : row.shape[1] - margin].reshape(len(row), -1, H)
            pixels[..., max(H + shift, 0) if shift < 0 else 0 : H if shift < 0 else shift] = 0
        for tap in product(*map(range, w.kernel[:-1])):
            first = margin + shift + sum(i * step for i, step in zip(tap, steps))
            yield (*tap, k), lines[:, first : first + L]


def in_a_row(x: Array, size: Shape, at: Shape, margin: int, memory: Allocator) -> Array:
    """The images of each channel in images of zeros, one after the other, and zeros at both ends.

    (N, c, *) -> (c, margin + N P + margin)
    """
    N, c = x.shape[:2]
    row = memory((c, N * prod(size) + 2 * margin), x.dtype)
    row[...] = 0
    images = row[:, margin : row.shape[1] - margin].reshape(c, N, *size)
    images[(..., *[slice(first, first + H) for first, H in zip(at, x.shape[2:])])] = x.swapaxes(0, 1)
    return row


def dots(x: Array, y: Array) -> Array:
    """The products of rows with rows, in pieces that BLAS adds one number after the other.   (C, L) (C, L) -> (C,)"""
    pieces = [np.matmul(x[:, None, i : i + RUN], y[:, i : i + RUN, None])[:, 0, 0] for i in range(0, x.shape[1], RUN)]
    return sum_over(np.stack(pieces), (0,), keepdims=False)


def blocks(share: slice, N: int, w: Windows) -> Iterator[slice]:
    """Some channels after others."""
    c = max(1, BLOCK // (N * prod(layout(w))))
    for i in range(share.start, share.stop, c):
        yield slice(i, min(i + c, share.stop))


def in_threads(work: Callable[[slice], None], x: Array) -> None:
    """Shares the channels if there is enough work."""
    shared(work, x.shape[1], None if x.size >= LARGE else 1)
