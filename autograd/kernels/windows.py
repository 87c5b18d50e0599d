"""How a kernel visits an image: the arithmetic of sizes, strides, padding and dilation, without any data.

A window is one position of the kernel, a tap is one place in the kernel. Along each spatial axis a kernel of K taps, D
apart, takes steps of S over an image of H pixels, with P0 pixels of padding before it and P1 behind it. Tap k of window
o lies on pixel p(o, k) = o S + k D - P0, and there are

    O = (H + P0 + P1 - D (K - 1) - 1) // S + 1     windows.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import product
from math import prod
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from autograd.checks import shown, whole
from autograd.shapes import Shape

__all__ = ["Pad", "Pads", "Sizes", "Windows", "live", "padding", "per_axis", "taps", "windows"]

Numbers: TypeAlias = np.ndarray[Any, Any] | np.integer[Any]
Sizes: TypeAlias = int | Sequence[int] | Numbers  # one number for all axes, or one per axis
Pad: TypeAlias = int | str | Sequence[int | Sequence[int]] | Numbers  # 'same', 'valid', or sizes that may be pairs
Pads: TypeAlias = tuple[tuple[int, int], ...]  # (before, behind) for each axis

FORMULA = "(H + P0 + P1 - D (K - 1) - 1) // S + 1"
MOST = 2**31  # of sizes, strides and paddings; sums of products of them stay below 2^63
REMEMBERED = 1 << 10  # results that each of the cached functions keeps


class Windows(NamedTuple):
    """The windows of a kernel on an image: every field has an entry for each spatial axis."""

    size: Shape  # of the image
    kernel: Shape
    stride: Shape
    pad: Pads
    dilation: Shape
    out: Shape  # the number of windows

    @property
    def padded_size(self) -> Shape:
        """The size of the image with its padding."""
        return tuple([H + before + behind for H, (before, behind) in zip(self.size, self.pad)])

    @property
    def image(self) -> tuple[slice, ...]:
        """The place of the image in the padded image."""
        return tuple([slice(before, before + H) for H, (before, _) in zip(self.size, self.pad)])

    @property
    def pointwise(self) -> bool:
        """Is every window one pixel, and every pixel a window?"""
        return self.out == self.size and prod(self.kernel) == 1 and not any(map(any, self.pad))

    @property
    def disjoint(self) -> bool:
        """Does no pixel belong to two windows?"""
        return all(S > D * (K - 1) for K, S, D in zip(self.kernel, self.stride, self.dilation))

    def in_band(self, band: slice) -> Windows:
        """The windows of a band, some rows along the first axis. The padding before them may become negative."""
        (before, behind), *pads = self.pad
        first = (before - band.start * self.stride[0], behind)
        return self._replace(pad=(first, *pads), out=(band.stop - band.start, *self.out[1:]))


def windows(
    size: Shape, kernel: Sizes, stride: Sizes = 1, pad: Pad = 0, dilation: Sizes = 1, ceil: bool = False
) -> Windows:
    """The windows of a kernel on an image of `size`.

    `pad` is a number, or one per axis, each of which may be a pair (before, behind). `'valid'` is 0; `'same'` pads so
    that O = ceil(H / S), an odd pixel behind. `ceil` adds a last window that hangs over the border, if it begins on the
    image or in the padding before it; the padding behind becomes larger by that.
    Raises ValueError if a size is not a whole number of the right kind, or if no window fits.
    """
    n = len(size)
    kernel, stride = per_axis("kernel", kernel, n, 1), per_axis("stride", stride, n, 1)
    dilation = per_axis("dilation", dilation, n, 1)
    return counted(tuple(size), kernel, stride, padding(pad, size, kernel, stride, dilation), dilation, ceil)


@lru_cache(REMEMBERED)
def counted(size: Shape, kernel: Shape, stride: Shape, pad: Pads, dilation: Shape, ceil: bool) -> Windows:
    """The windows with their number. Raises ValueError if there is none."""
    out, pads = [], list(pad)
    for axis, (H, K, S, (P0, P1), D) in enumerate(zip(size, kernel, stride, pad, dilation)):
        room = H + P0 + P1 - D * (K - 1) - 1
        if room < 0 and not (ceil and room > -S):
            numbers = f"({H} + {P0} + {P1} - {D} ({K} - 1) - 1) // {S} + 1 = {room // S + 1}"
            raise ValueError(
                f"the kernel {kernel} does not fit into the image {size}: the output size along spatial axis {axis} "
                f"must be at least 1, not {FORMULA} = {numbers}; use a smaller kernel or dilation, or a larger pad"
            )
        O = room // S + 1
        if ceil and room % S and O * S < H + P0:
            O += 1
            pads[axis] = (P0, O * S - S + D * (K - 1) + 1 - H - P0)
        out.append(O)
    return Windows(size, kernel, stride, tuple(pads), dilation, tuple(out))


@lru_cache(REMEMBERED)
def live(w: Windows) -> tuple[Any, Windows]:
    """The live taps, which meet a pixel in some window, as an index of the kernel; the windows of that kernel.

    Keeps all taps unless fewer than a quarter are live: cutting the others out would cost more than it saves.
    """
    index, kernel, pad = [], [], []
    for H, K, S, (before, _), D, O in zip(*w):
        nearest = [max(-((k * D - before) // S), 0) * S + k * D - before for k in range(K)]  # pixel from 0 on
        met = [k for k in range(K) if nearest[k] < min(H, O * S + k * D - before)]
        first = min(met[0] if met else 0, before // D)
        last = met[-1] + 1 if met else K
        index.append(slice(first, last))
        kernel.append(last - first)
        before -= first * D
        pad.append((before, max(0, (O - 1) * S + D * (last - first - 1) + 1 - H - before)))
    if 4 * prod(kernel) >= prod(w.kernel):
        return ..., w
    return (..., *index), w._replace(kernel=tuple(kernel), pad=tuple(pad))


@lru_cache(REMEMBERED)
def taps(w: Windows) -> tuple[tuple[Shape, Any, Any], ...]:
    """For each tap of the kernel: its index, the pixels that it meets, and the windows in which it meets them.

    The last two are indices, (..., slices), of one size: image[..., pixels] lie under the tap in out[..., windows].
    Windows whose tap lies in the padding are left out, so nothing needs to be padded.
    """
    found = []
    for tap in product(*map(range, w.kernel)):
        pixels, windows = [], []
        for k, H, _, S, (before, _), D, O in zip(tap, *w):
            shift = k * D - before  # the pixel under the tap of window 0
            first = max(0, -(shift // S))
            last = max(first, min(O, (H - 1 - shift) // S + 1))
            start = first * S + shift
            windows.append(slice(first, last))
            pixels.append(slice(start, start + (last - first) * S, S) if last > first else slice(0))
        found.append((tap, (..., *pixels), (..., *windows)))
    return tuple(found)


def per_axis(name: str, value: Any, n: int, least: int) -> Shape:
    """`value`, also if it is an array of numbers, as a tuple of `n` whole numbers."""
    value = as_python(value)
    values = tuple(value) if isinstance(value, (list, tuple, range)) else (value,) * n
    try:
        if len(values) == n:
            return tuple([whole(name, v, least, MOST) for v in values])
    except (TypeError, ValueError):
        pass
    bounds = f"at least {least}" + (f" and at most {MOST}" if too_large(values) else "")
    raise ValueError(f"{name} must be a whole number of {bounds}, or {n} of them, not {shown(value)}")


def too_large(values: tuple[Any, ...]) -> bool:
    """Is one of them a whole number beyond the largest size?"""
    return any(isinstance(v, int) and v > MOST for v in values)


def as_python(value: Any) -> Any:
    """NumPy's numbers and arrays as Python's numbers and lists; anything else as it is."""
    return value.tolist() if hasattr(value, "tolist") else value


def padding(pad: Pad, size: Shape, kernel: Shape, stride: Shape, dilation: Shape) -> Pads:
    """`pad` as a pair (before, behind) for each axis."""
    n, pad = len(size), as_python(pad)
    if isinstance(pad, str) and pad == "same":
        sizes = zip(size, kernel, stride, dilation)
        sums = [max((-(-H // S) - 1) * S + D * (K - 1) + 1 - H, 0) for H, K, S, D in sizes]
        return tuple([(P // 2, P - P // 2) for P in sums])
    if isinstance(pad, str) and pad == "valid":
        return ((0, 0),) * n
    pads = list(pad) if isinstance(pad, (list, tuple, range)) else [pad] * n
    try:
        pairs = [per_axis("pad", P, 2, 0) for P in pads]
    except ValueError:
        pairs = []
    if len(pairs) != n:
        raise ValueError(
            f"pad must be 'same', 'valid', a whole number of at least 0, or {n} of them, each of which may be a pair "
            f"(before, behind), not {shown(pad)}"
        )
    return tuple([(before, behind) for before, behind in pairs])
