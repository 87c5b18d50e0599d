"""Where plain sums are exact and tiles are not: `winograd.py` has its results mended here.

A tile mixes 36 pixels with rounding, and takes them apart again. A window of zeros beside other pixels gives 1e-6
instead of 0, and ReLU behind it lets half of the gradients pass. Plain sums are exact in these cases:

    a window of zeros                        its result is the bias
    a window of one number in each channel   all windows of these numbers have the same result
    a weight that only products of 0 reach   its gradient is 0
    a tap with the weight 0 in all filters   the pixel under it does not count

A look at the first channel shows that dense images have no such windows. The others are looked at only as long as a
window is left.
"""

from __future__ import annotations

from math import prod

import numpy as np

from autograd.backend import Array
from autograd.kernels import columns
from autograd.kernels.blocks import BLOCK
from autograd.kernels.windows import Windows, taps

FIRST = 4  # channels that are looked at first
FEW, MANY = 64, 1 << 12  # sums that are computed one by one; results that are looked at closely


def every_tap(W: Array) -> bool:
    """Has each tap a weight that is not 0? Mostly the first filter shows it."""
    return bool(W[:1].any((0, 1)).all() or W.any((0, 1)).all())


def even_windows(y: Array, x: Array, W: Array, b: Array | None, w: Windows) -> None:
    """Writes into y what plain sums give for the windows of x that hold one number in each channel."""
    found = masks(x, w)
    if found is None:
        return
    blank, flat = found
    bias = 0 if b is None else b.reshape(-1, 1, 1)
    if blank.any():
        np.copyto(y, bias, where=blank[:, None])
    (H, K), ((top, _), (left, _)) = w.size, w.pad
    windows, pixels = (..., slice(top, top + H - 2), slice(left, left + K - 2)), (..., slice(1, -1), slice(1, -1))
    sums, rows = W.sum((2, 3), dtype=np.float64), max(1, BLOCK // (len(W) * K))
    for n in np.flatnonzero(flat.any((1, 2))):
        target, source, where = y[n][windows], x[n][pixels], flat[n][windows]
        for i in range(0, H - 2, rows):
            write(target[:, i : i + rows], source[:, i : i + rows], where[i : i + rows], sums, bias)


def write(y: Array, x: Array, where: Array, sums: Array, bias: Array | int) -> None:
    """y = sums x + bias at some places, which hold the same where neighbours in a row are such places.

    In float64, by einsum along the channels: it adds in one order at every place, which no BLAS promises.
    (M, O, K) (C, O, K) (O, K) (M, C) (M, 1, 1)
    """
    first = where.copy()
    first[:, 1:] &= ~where[:, :-1]
    numbers = np.ascontiguousarray(x[:, first].T, np.float64)  # (n, C): a number of each channel for each run
    values = (np.einsum("mc,nc->mn", sums, numbers) + np.reshape(bias, (-1, 1))).astype(y.dtype)
    np.copyto(y, values.take(np.maximum(first.cumsum() - 1, 0), 1).reshape(y.shape), where=where)


def masks(x: Array, w: Windows) -> tuple[Array, Array] | None:
    """The windows of zeros, padding included, and those of another number in each channel: (N, OH, OW) twice.

    None if there are none. Channels are looked at in growing groups, as long as a window is left.
    """
    (N, C), c = x.shape[:2], 0
    blank = even = np.ones((N, *w.out), bool)
    while c < C:
        part = x[:, c : max(2 * c, FIRST)].reshape(N, -1, prod(w.size))
        zeros = of_zeros((part == 0).all(1), w)
        blank = blank & zeros
        if (even & ~zeros).any():
            even = even & (zeros | of_one_number(part, w))
            if not even.any():
                return None
        c = max(2 * c, FIRST)
    return blank, even & ~blank


def possible(x: Array, w: Windows) -> bool:
    """Can there be such windows in one channel (N, H, W)? They have a 0, or two equal neighbours, or only padding."""
    return not x.all() or bool((x[..., 1:] == x[..., :-1]).any()) or max(map(max, w.pad)) > 2


def of_zeros(zero: Array, w: Windows) -> Array:
    """The windows without any pixel that is not 0.   (N, H W) -> (N, OH, OW)"""
    (H, W), (OH, OW) = w.padded_size, w.out
    padded = np.ones((len(zero), H, W), bool)
    padded[(slice(None), *w.image)] = zero.reshape(-1, *w.size)
    rows = all_of(padded.reshape(-1), (0, 1, 2))
    return all_of(rows, (0, W, 2 * W)).reshape(-1, H, W)[:, :OH, :OW]


def of_one_number(x: Array, w: Windows) -> Array:
    """The windows on the image alone whose pixels equal their neighbours.   (N, C, H W) -> (N, OH, OW)"""
    (N, _, size), (H, W), ((top, _), (left, _)) = x.shape, w.size, w.pad
    found = np.zeros((N, *w.out), bool)
    if min(H, W) > 2:
        right, below = np.zeros((2, N, size), bool)
        right[:, :-1] = (x[..., 1:] == x[..., :-1]).all(1)
        below[:, :-W] = (x[..., W:] == x[..., :-W]).all(1)
        rows = all_of(all_of(right.reshape(-1), (0, 1)), (0, W, 2 * W)) & all_of(below.reshape(-1), (0, W))
        found[:, top : top + H - 2, left : left + W - 2] = rows.reshape(N, H, W)[:, :-2, :-2]
    return found


def all_of(flags: Array, steps: tuple[int, ...]) -> Array:
    """Do the flags at all these steps behind hold? On one long row: what is seen beyond its end does not count."""
    found, n = np.zeros_like(flags), flags.size - steps[-1]
    found[:n] = flags[:n]
    for step in steps[1:]:
        found[:n] &= flags[step : step + n]
    return found


def without_noise(gW: Array, gU: Array, x: Array, y: Array, w: Windows) -> Array:
    """The gradient of the filters, with plain sums where tiles give no more than noise.   (3, 3, C, M) (6, 6, C, M)

    There it is small against the gradient at the 36 points. A first look takes two of them for all filters together.
    """
    noise = np.finfo(gW.dtype).eps / 2 * (len(x) * prod(w.out)) ** 0.5  # of as many roundings
    size = (abs(gU[1, 1]) + abs(gU[3, 3])).max()
    if not size < np.inf:
        return plain_gradient(x, y, w)
    near = np.flatnonzero(abs(gW) <= 2 * noise * size)
    near = near[gW.reshape(-1)[near] != 0]
    some = near[:: 1 + near.size // MANY]
    i, j, c, m = np.unravel_index(some, gW.shape)
    found = np.flatnonzero(abs(gW[i, j, c, m]) <= noise * abs(gU[:, :, c, m]).max((0, 1)))
    if found.size > (FEW if some.size == near.size else 0):
        return plain_gradient(x, y, w)
    for f in found:
        _, pixels, windows = taps(w)[3 * i[f] + j[f]]
        gW[i[f], j[f], c[f], m[f]] = (x[:, c[f]][pixels] * y[:, m[f]][windows]).sum()
    return gW


def plain_gradient(x: Array, y: Array, w: Windows) -> Array:
    """(3, 3, C, M)"""
    return columns.filter_gradient(x, y, w)[0].transpose(2, 3, 1, 0)
