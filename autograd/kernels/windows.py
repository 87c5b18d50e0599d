"""How a kernel visits an image: the arithmetic of sizes, strides, padding and dilation, without any data.

Along each spatial axis a kernel of K taps, D apart, takes steps of S over an image of H pixels, with P0 pixels of
padding before it and P1 behind it. Tap k of window o lies on pixel o S + k D - P0, and there are

    O = (H + P0 + P1 - D (K - 1) - 1) // S + 1     windows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from math import prod
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from autograd.shapes import Shape

Numbers: TypeAlias = np.ndarray[Any, Any] | np.integer[Any]
Sizes: TypeAlias = int | Sequence[int] | Numbers  # one number for all axes, or one per axis
Pad: TypeAlias = int | str | Sequence[int | Sequence[int]] | Numbers  # 'same', 'valid', or sizes that may be pairs

FORMULA = "(H + P0 + P1 - D (K - 1) - 1) // S + 1"


class Windows(NamedTuple):
    """The windows of a kernel on an image: every field has an entry for each spatial axis."""

    size: Shape  # of the image
    kernel: Shape
    stride: Shape
    pad: tuple[tuple[int, int], ...]
    dilation: Shape
    out: Shape  # the number of windows

    @property
    def padded(self) -> Shape:
        """The size of the image with its padding."""
        return tuple([H + before + behind for H, (before, behind) in zip(self.size, self.pad)])

    @property
    def image(self) -> tuple[slice, ...]:
        """Where the image lies in the padded image."""
        return tuple([slice(before, before + H) for H, (before, _) in zip(self.size, self.pad)])

    @property
    def trivial(self) -> bool:
        """Is every window one pixel, and every pixel a window?"""
        return self.out == self.size and prod(self.kernel) == 1 and not any(map(any, self.pad))

    @property
    def apart(self) -> bool:
        """Does no pixel belong to two windows?"""
        return all(S > D * (K - 1) for K, S, D in zip(self.kernel, self.stride, self.dilation))

    def rows(self, band: slice) -> Windows:
        """The windows of some rows only, along the first axis. (The padding before them may become negative.)"""
        (before, behind), *pads = self.pad
        first = (before - band.start * self.stride[0], behind)
        return self._replace(pad=(first, *pads), out=(band.stop - band.start, *self.out[1:]))

    def live(self) -> tuple[Any, Windows]:
        """The taps that ever meet a pixel, as an index of the kernel, and the windows of that smaller kernel.

        All taps, if a quarter or more would be left: to pick these out costs more than to multiply the others by zero.
        """
        index, kernel, pad = [], [], []
        for H, K, S, (before, _), D, O in zip(*self):
            nearest = [max(-((k * D - before) // S), 0) * S + k * D - before for k in range(K)]  # pixel from 0 on
            met = [k for k in range(K) if nearest[k] < min(H, O * S + k * D - before)]
            first = min(met[0] if met else 0, before // D)
            last = met[-1] + 1 if met else K
            index.append(slice(first, last))
            kernel.append(last - first)
            before -= first * D
            pad.append((before, max(0, (O - 1) * S + D * (last - first - 1) + 1 - H - before)))
        if 4 * prod(kernel) >= prod(self.kernel):
            return ..., self
        return (..., *index), self._replace(kernel=tuple(kernel), pad=tuple(pad))

    def taps(self) -> Iterator[tuple[Shape, Any, Any]]:
        """For each tap of the kernel: its index, the pixels that it meets, and the windows in which it meets them.

        The last two are indices, (..., slices), of one size: image[..., pixels] lie under the tap in out[..., windows].
        Windows whose tap lies in the padding are left out, so nothing needs to be padded.
        """
        for tap in product(*map(range, self.kernel)):
            pixels, windows = [], []
            for k, H, _, S, (before, _), D, O in zip(tap, *self):
                shift = k * D - before  # the pixel under the tap of window 0
                first = max(0, -(shift // S))
                last = max(first, min(O, (H - 1 - shift) // S + 1))
                start = first * S + shift
                windows.append(slice(first, last))
                pixels.append(slice(start, start + (last - first) * S, S) if last > first else slice(0))
            yield tap, (..., *pixels), (..., *windows)


def windows(
    size: Shape, kernel: Sizes, stride: Sizes = 1, pad: Pad = 0, dilation: Sizes = 1, ceil: bool = False
) -> Windows:
    """The windows of a kernel on an image of `size`.

    `pad` is a number, or one per axis, each of which may be a pair (before, behind); `'valid'` is 0, and `'same'` pads
    so that O = ceil(H / S), the odd pixel behind. With `ceil` a last window that hangs over the border counts too, if
    it begins on the image or in the padding before it: it enlarges the padding behind.

    Raises ValueError if a size is not a whole number of the right kind, or if no window fits.
    """
    n = len(size)
    kernel = per_axis("kernel", kernel, n, 1)
    stride = per_axis("stride", stride, n, 1)
    dilation = per_axis("dilation", dilation, n, 1)
    pads = padding(pad, size, kernel, stride, dilation)
    out = []
    for axis, (H, K, S, (P0, P1), D) in enumerate(zip(size, kernel, stride, pads, dilation)):
        room = H + P0 + P1 - D * (K - 1) - 1
        if room < 0:
            numbers = f"({H} + {P0} + {P1} - {D} ({K} - 1) - 1) // {S} + 1 = {room // S + 1}"
            raise ValueError(
                f"the kernel {kernel} does not fit into the image {size}: the output size along spatial axis {axis} is "
                f"{FORMULA} = {numbers}, and must be at least 1; use a smaller kernel or dilation, or a larger pad"
            )
        O = room // S + 1
        if ceil and room % S and O * S < H + P0:
            O += 1
            pads[axis] = (P0, O * S - S + D * (K - 1) + 1 - H - P0)
        out.append(O)
    return Windows(tuple(size), kernel, stride, tuple(pads), dilation, tuple(out))


def per_axis(name: str, value: Any, n: int, least: int) -> Shape:
    """`value`, also if it is an array of numbers, as a tuple of `n` whole numbers."""
    value = plain(value)
    values = tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else (value,) * n
    if len(values) != n or any(isinstance(v, bool) or not hasattr(v, "__index__") or v < least for v in values):
        raise ValueError(f"{name} must be a whole number of at least {least}, or {n} of them, not {value!r}")
    return tuple([v.__index__() for v in values])


def plain(value: Any) -> Any:
    """NumPy's numbers and arrays as Python's numbers and lists; anything else as it is."""
    return value.tolist() if hasattr(value, "tolist") else value


def padding(pad: Pad, size: Shape, kernel: Shape, stride: Shape, dilation: Shape) -> list[tuple[int, int]]:
    """`pad` as a pair (before, behind) for each axis."""
    n, pad = len(size), plain(pad)
    if pad == "same":
        sizes = zip(size, kernel, stride, dilation)
        totals = [max((-(-H // S) - 1) * S + D * (K - 1) + 1 - H, 0) for H, K, S, D in sizes]
        return [(total // 2, total - total // 2) for total in totals]
    if pad == "valid":
        return [(0, 0)] * n
    each = list(pad) if isinstance(pad, Sequence) and not isinstance(pad, str) else [pad] * n
    try:
        if len(each) != n:
            raise ValueError
        pairs = [per_axis("pad", p, 2, 0) for p in each]
    except ValueError:
        raise ValueError(
            f"pad must be 'same', 'valid', a whole number of at least 0, or {n} of them, each of which may be a pair "
            f"(before, behind), not {pad!r}"
        ) from None
    return [(before, behind) for before, behind in pairs]
