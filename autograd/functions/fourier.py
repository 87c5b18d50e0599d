"""Fourier transforms of real Variables. A complex array is a pair (re, im) of real ones; docs/complex.md says why.

`re, im = F.rfft(x)` and `x = F.irfft((re, im))`: a spectrum comes as a pair and goes on as a pair. Where a complex
operand is taken, a real x stands for (x, 0), and a complex array of NumPy, which is a constant, for its two parts.

    y_k = sum of x_j e^(-2 pi i j k / n) over j        the inverse: x_j = (1/n) sum of y_k e^(2 pi i j k / n) over k

The options are NumPy's: `n` or `s`, the sizes to which x is cut or filled with zeros first (in `s`, -1 is the size that
an axis has without it); `axis` or `axes`; `norm`, which says where the factor is: "backward" (1/n at the inverse),
"ortho" (n^(-1/2) at both), "forward". float16 is computed in float32, whole numbers in float64. The transforms are
linear: all their derivatives are transforms.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from autograd.algebra import Operand, as_array, getitem
from autograd.backend import namespace
from autograd.checks import flag, one_of, shown, whole
from autograd.function import Function
from autograd.functions.arithmetic import list_beside, mul
from autograd.functions.operands import axes_at, operand, real, rounded, summable, summable_together, with_room
from autograd.functions.shape import pad, roll, swapaxes
from autograd.shapes import Axis, Shape, broadcast, one_axis, shape_of
from autograd.variable import Variable

__all__ = [
    "fft", "fft2", "fftconvolve", "fftn", "fftshift", "hfft", "ifft", "ifft2", "ifftn", "ifftshift", "ihfft",
    "irfft", "irfft2", "irfftn", "power_spectrum", "rfft", "rfft2", "rfftn", "stft",
]  # fmt: skip

Complex: TypeAlias = Any  # a real operand, a pair (re, im) of them, or a complex array
Pair: TypeAlias = tuple[Variable, Variable]
ADJOINT = {"backward": "forward", "ortho": "ortho", "forward": "backward"}  # the norm of a transform's adjoint


class Fft(Function):
    """(re, im), or re alone, to the two parts of its transform over some axes, or with `real` to the real part alone.

    The adjoint of a function of re alone gives a real part alone, and the reverse.
    """

    alike = 0

    def __init__(self, axes, norm, inverse, real=False):
        self.axes = axes
        self.norm = norm
        self.inverse = inverse
        self.real = real

    def forward(self, re, im=None):
        fft = namespace(re).fft
        if im is None and not self.real:  # the inverse transform is the conjugate, but for the factor
            norm = ADJOINT[self.norm] if self.inverse else self.norm
            re, im = with_mirror(fft.rfftn(re, axes=self.axes, norm=norm), self.axes, re.shape[self.axes[-1]])
            return re, -im if self.inverse else im
        f = fft.ifftn if self.inverse else fft.fftn
        z = f(re if im is None else together(re, im), axes=self.axes, norm=self.norm)
        return real_part(z) if self.real else parts(z)

    def backward(self, *gs):
        return Fft(self.axes, ADJOINT[self.norm], not self.inverse, real=len(self.needs) == 1)(*gs)


class Rfft(Function):
    """A real array to the first half of its spectrum, n // 2 + 1 numbers along the last of the axes."""

    def __init__(self, axes, norm):
        self.axes = axes
        self.norm = norm

    def forward(self, x):
        return parts(namespace(x).fft.rfftn(x, axes=self.axes, norm=self.norm))

    def backward(self, gre, gim):
        sizes = tuple([self.parents[0].shape[k] for k in self.axes])
        twice = times_in_spectrum(gre, self.axes[-1], sizes[-1])
        return Irfft(self.axes, ADJOINT[self.norm], sizes)(gre / twice, gim / twice)


class Irfft(Function):
    """The first half of a spectrum, as (re, im), to the real array of these sizes."""

    alike = 0

    def __init__(self, axes, norm, sizes):
        self.axes = axes
        self.norm = norm
        self.sizes = sizes

    def forward(self, re, im):
        return namespace(re).fft.irfftn(together(re, im), self.sizes, self.axes, self.norm)

    def backward(self, gy):
        gre, gim = Rfft(self.axes, ADJOINT[self.norm])(gy)
        twice = times_in_spectrum(gre, self.axes[-1], self.sizes[-1])
        return gre * twice, gim * twice


def together(re: Any, im: Any) -> Any:
    """re + i im: a complex number lies in memory as its two parts, so they are only copied."""
    return namespace(re, im).stack([re, im], -1).view(np.result_type(re.dtype, np.complex64))[..., 0]


def parts(z: Any) -> Pair:
    """The real and the imaginary part, as arrays of their own."""
    return real_part(z), namespace(z).ascontiguousarray(z.imag)


def real_part(z: Any) -> Any:
    return namespace(z).ascontiguousarray(z.real)


def with_mirror(half: Any, axes: Shape, n: int) -> Pair:
    """The spectrum of a real array, n numbers along the last axis, from its half: at -k the conjugate of that at k."""
    xp, last = namespace(half), axes[-1]
    at = [slice(None)] * half.ndim
    at[last] = slice(n - half.shape[last], 0, -1)
    rest = half[tuple(at)]
    if len(axes) > 1:
        rest = xp.roll(xp.flip(rest, axes[:-1]), 1, axes[:-1])
    return xp.concatenate([half.real, rest.real], last), xp.concatenate([half.imag, -rest.imag], last)


def times_in_spectrum(x: Any, axis: int, n: int) -> Any:
    """How often each number of half a spectrum of n numbers is in the whole: 1 for the first and the middle, else 2."""
    xp, k = namespace(as_array(x)), x.shape[axis]
    twice = xp.asarray([1 if i == 0 or 2 * i == n else 2 for i in range(k)], x.dtype)
    return twice.reshape((k,) + (1,) * (x.ndim - axis - 1))


def complex_parts(name: str, x: Complex) -> tuple[Any, ...]:
    """(re, im), or (x,) for a real x. Raises TypeError for anything else, ValueError for parts of different shapes."""
    if isinstance(x, (tuple, list)):
        if len(x) != 2:
            raise ValueError(f"{name} takes a real array or a pair (re, im), not {len(x)} parts")
        re, im = [real(name, part) for part in x]
        if re.shape != im.shape:
            raise ValueError(f"{name} takes parts (re, im) of one shape, not {re.shape} and {im.shape}")
        return re, im
    x = operand(name, x)
    return parts(x) if x.dtype.kind == "c" else (x,)


def with_axes(name: str, x: Any, s: Any, axes: Any, of_half: bool = False) -> tuple[Shape, Shape]:
    """The sizes and the axes of a transform of x over `axes`, None for all, or for the last ones if there are sizes.

    A size of -1 is the one that the axis has without `s`.
    Raises TypeError or ValueError for what does not fit, and for an axis without elements.
    """
    given = None if s is None else shape_of(f"{name}: s", s, -1)
    if axes is None:
        axes = tuple(range(-len(given), 0)) if given is not None else None
    axes = axes_at(name, x, axes)
    if not axes:
        raise ValueError(f"{name} takes at least one axis, not shape {x.shape}")
    sizes = tuple([x.shape[k] for k in axes])
    sizes = (*sizes[:-1], 2 * (sizes[-1] - 1)) if of_half else sizes
    if given is not None:
        if len(given) != len(axes):
            raise ValueError(f"{name} takes as many sizes as axes, not {shown(s)} for {len(axes)} axes")
        sizes = tuple([n if size == -1 else whole(f"{name}: s", size) for size, n in zip(given, sizes)])
    if 0 in [x.shape[k] for k in axes] or min(sizes) < 1:
        raise ValueError(f"{name} takes at least one element, and gives one, along each axis, not shape {x.shape}")
    return sizes, axes


def fitted(x: Any, sizes: Shape, axes: Shape) -> Any:
    """x cut, or filled with zeros at its ends, to these sizes."""
    wanted = dict(zip(axes, sizes))
    if any(x.shape[k] > n for k, n in wanted.items()):
        x = getitem(x, tuple([slice(wanted.get(k, n)) for k, n in enumerate(x.shape)]))
    if any(x.shape[k] < n for k, n in wanted.items()):
        x = pad(x, tuple([(0, wanted.get(k, n) - n) for k, n in enumerate(x.shape)]))
    return x


def norm_of(name: str, norm: str | None) -> str:
    return one_of(f"{name}: norm", norm, None, "backward", "ortho", "forward") or "backward"


def with_parts(f: Callable[..., Any], *xs: Any) -> Any:
    """f of the parts in one dtype with room: float16 as float32, whole numbers as float64; rounded at the end."""
    return rounded(f(*summable_together(*xs)), *xs)


def transformed(name: str, x: Complex, s: Any, axes: Any, norm: Any, inverse: bool = False) -> Pair:
    xs = complex_parts(name, x)
    sizes, axes = with_axes(name, xs[0], s, axes)
    return with_parts(Fft(axes, norm_of(name, norm), inverse), *[fitted(x, sizes, axes) for x in xs])


def half(name: str, x: Operand, s: Any, axes: Any, norm: Any) -> Pair:
    x = real(name, x)
    sizes, axes = with_axes(name, x, s, axes)
    return with_parts(Rfft(axes, norm_of(name, norm)), fitted(x, sizes, axes))


def of_half(name: str, x: Complex, s: Any, axes: Any, norm: Any) -> Any:
    xs = complex_parts(name, x)
    sizes, axes = with_axes(name, xs[0], s, axes, of_half=True)
    given = (*sizes[:-1], sizes[-1] // 2 + 1)
    xs = tuple([fitted(x, given, axes) for x in xs])
    return with_parts(Irfft(axes, norm_of(name, norm), sizes), *(xs if len(xs) == 2 else (xs[0], 0 * xs[0])))


def along(name: str, x: Complex, n: int | None, axis: int) -> tuple[Any, tuple[int]]:
    """`s` and `axes` for one axis."""
    first = complex_parts(name, x)[0]
    return None if n is None else (whole(f"{name}: n", n),), (one_axis(name, first.shape, axis),)


def fft(x: Complex, n: int | None = None, axis: int = -1, norm: str | None = None) -> Pair:
    """(re, im) of the transform of x, real or (re, im), along an axis.   (..., N) -> (..., n) and (..., n)

    Raises TypeError or ValueError for an axis, a size or a norm that does not fit, as all functions here do.
    """
    return transformed("fft", x, *along("fft", x, n, axis), norm)


def ifft(x: Complex, n: int | None = None, axis: int = -1, norm: str | None = None) -> Pair:
    """(re, im) of the inverse transform of x, real or (re, im), along an axis: ifft(fft(x)) is x, and an im of 0."""
    return transformed("ifft", x, *along("ifft", x, n, axis), norm, inverse=True)


def rfft(x: Operand, n: int | None = None, axis: int = -1, norm: str | None = None) -> Pair:
    """(re, im) of the first half of the spectrum of a real x.   (..., N) -> twice (..., n // 2 + 1)

    The other half is its mirror image with -im.
    """
    return half("rfft", x, *along("rfft", x, n, axis), norm)


def irfft(x: Complex, n: int | None = None, axis: int = -1, norm: str | None = None) -> Variable:
    """The real array whose half spectrum is x: irfft(rfft(x), n) is x.   (..., K) -> (..., n), n = 2 (K - 1) by default

    The imaginary parts of the first number, and of the middle one of an even n, count as 0.
    """
    return of_half("irfft", x, *along("irfft", x, n, axis), norm)


def hfft(x: Complex, n: int | None = None, axis: int = -1, norm: str | None = None) -> Variable:
    """The real spectrum of a signal whose second half is the mirror image of x, with -im: `irfft` the other way round.

    (..., K) -> (..., n), n = 2 (K - 1) by default
    """
    re, im = (*complex_parts("hfft", x), None)[:2]
    return of_half("hfft", re if im is None else (re, -im), *along("hfft", x, n, axis), ADJOINT[norm_of("hfft", norm)])


def ihfft(x: Operand, n: int | None = None, axis: int = -1, norm: str | None = None) -> Pair:
    """(re, im) of the inverse of `hfft`, for a real spectrum x.   (..., N) -> twice (..., n // 2 + 1)"""
    re, im = half("ihfft", x, *along("ihfft", x, n, axis), ADJOINT[norm_of("ihfft", norm)])
    return re, -im


def fft2(x: Complex, s: Any = None, axes: Any = (-2, -1), norm: str | None = None) -> Pair:
    """(re, im) of the transform over two axes: that of an image."""
    return transformed("fft2", x, s, axes, norm)


def ifft2(x: Complex, s: Any = None, axes: Any = (-2, -1), norm: str | None = None) -> Pair:
    """(re, im) of the inverse of `fft2`."""
    return transformed("ifft2", x, s, axes, norm, inverse=True)


def rfft2(x: Operand, s: Any = None, axes: Any = (-2, -1), norm: str | None = None) -> Pair:
    """(re, im) of half the spectrum over two axes of a real x: the half along the last of the axes."""
    return half("rfft2", x, s, axes, norm)


def irfft2(x: Complex, s: Any = None, axes: Any = (-2, -1), norm: str | None = None) -> Variable:
    """The real array of a half spectrum over two axes: irfft2(rfft2(x), x.shape[-2:]) is x."""
    return of_half("irfft2", x, s, axes, norm)


def fftn(x: Complex, s: Any = None, axes: Any = None, norm: str | None = None) -> Pair:
    """(re, im) of the transform over several axes, all by default."""
    return transformed("fftn", x, s, axes, norm)


def ifftn(x: Complex, s: Any = None, axes: Any = None, norm: str | None = None) -> Pair:
    """(re, im) of the inverse of `fftn`."""
    return transformed("ifftn", x, s, axes, norm, inverse=True)


def rfftn(x: Operand, s: Any = None, axes: Any = None, norm: str | None = None) -> Pair:
    """(re, im) of half the spectrum over several axes of a real x: the half along the last of the axes."""
    return half("rfftn", x, s, axes, norm)


def irfftn(x: Complex, s: Any = None, axes: Any = None, norm: str | None = None) -> Variable:
    """The real array of a half spectrum over several axes: irfftn(rfftn(x), x.shape) is x."""
    return of_half("irfftn", x, s, axes, norm)


def fftshift(x: Operand, axes: Axis = None) -> Variable:
    """x turned so that the number of frequency 0, the first of a spectrum, is in the middle of each of the axes."""
    return turned("fftshift", x, axes, 1)


def ifftshift(x: Operand, axes: Axis = None) -> Variable:
    """The inverse of `fftshift`: the middle becomes the first."""
    return turned("ifftshift", x, axes, -1)


def turned(name: str, x: Operand, axes: Axis, sign: int) -> Any:
    found = axes_at(name, real(name, x), axes)
    return roll(x, tuple([sign * (x.shape[k] // 2) for k in found]), found)


def power_spectrum(x: Operand, n: int | None = None, axis: int = -1, norm: str | None = None) -> Variable:
    """y_k = |rfft(x)_k|^2 = re^2 + im^2: how much of each frequency is in x.   (..., N) -> (..., n // 2 + 1)"""

    def squares(x: Operand) -> Any:
        re, im = half("power_spectrum", x, *along("power_spectrum", x, n, axis), norm)
        return re * re + im * im

    x = real("power_spectrum", x)
    return rounded(squares(summable(x)), x)


def stft(x: Operand, n: int, hop: int | None = None, window: Operand = None, center: bool = True) -> Pair:
    """re, im: the spectra of pieces of a signal [short-time Fourier transform].   (..., T) -> (..., n // 2 + 1, pieces)

    A piece has n elements, times the `window` (n,) if there is one; the next one begins `hop` elements later, n // 4 if
    that is None. With `center`, piece i has its middle at i hop: x is mirrored at both ends by n // 2 elements.
    Raises ValueError for a window of another size, or a signal that is shorter than a piece.
    """
    x, n = real("stft", x), whole("stft: n", n)
    hop = max(n // 4, 1) if hop is None else whole("stft: hop", hop)
    least = n // 2 + 1 if flag("stft: center", center) else n
    if not x.ndim or x.shape[-1] < least:
        raise ValueError(f"stft takes signals (..., T) of at least {least} elements, not shape {x.shape}")
    if center:
        x = pad(x, (*[(0, 0)] * (x.ndim - 1), (n // 2, n // 2)), mode="reflect")
    xp = namespace(as_array(x))
    places = xp.arange(0, x.shape[-1] - n + 1, hop)[:, None] + xp.arange(n)
    if window is not None:
        window = real("stft: window", list_beside(x, window))
        if window.shape != (n,):
            raise ValueError(f"stft: window must have the shape ({n},), not {window.shape}")

    def spectra(x: Any, window: Any) -> Pair:
        pieces = getitem(x, (..., places))
        re, im = rfft(pieces if window is None else mul(pieces, window))
        return swapaxes(re, -1, -2), swapaxes(im, -1, -2)

    return with_room(spectra, x, window)


def fftconvolve(x: Operand, y: Operand, mode: str = "full", axes: Axis = None) -> Variable:
    """The convolution z_k = sum of x_j y_(k - j) over j, by transforms: O(n log n).   N, M -> N + M - 1 along each axis

    The other axes are broadcast. `mode` is that of scipy.signal: "full"; "same", the middle of it, of the size of x;
    "valid", what needs no zeros around x, which is then the larger one. It turns y around, as conv1d does not.
    Transforms round against the largest number: where conv1d gives 0, z has 1e-16 of that (1e-7 in float32).
    Raises ValueError if the shapes do not fit.
    """
    x, y = real("fftconvolve", x), real("fftconvolve", y)
    if x.ndim != y.ndim:
        raise ValueError(f"fftconvolve takes arrays with equally many axes, not {x.shape} and {y.shape}")
    found = axes_at("fftconvolve", x, axes)
    one_of("fftconvolve: mode", mode, "full", "same", "valid")
    pairs = [(n, m) for k, (n, m) in enumerate(zip(x.shape, y.shape)) if k in found]
    others = [tuple([1 if k in found else n for k, n in enumerate(a.shape)]) for a in (x, y)]
    if not found or 0 in [n for pair in pairs for n in pair] or broadcast(*others) is None:
        raise ValueError(
            f"fftconvolve takes shapes that fit, with elements along axes {found}, not {x.shape}, {y.shape}"
        )
    if mode == "valid" and any(n < m for n, m in pairs):
        raise ValueError(f"fftconvolve: mode 'valid' takes an x at least as large as y, not {x.shape} and {y.shape}")
    return with_parts(lambda x, y: middle(product(x, y, found), x.shape, y.shape, mode, found), x, y)


def product(x: Any, y: Any, axes: Shape) -> Any:
    """The full convolution: the product of the spectra, transformed back."""
    s = tuple([x.shape[k] + y.shape[k] - 1 for k in axes])
    a, b = rfftn(x, s, axes)
    c, d = rfftn(y, s, axes)
    return irfftn((a * c - b * d, a * d + b * c), s, axes)


def middle(z: Any, x: Shape, y: Shape, mode: str, axes: Shape) -> Any:
    """The part of a full convolution that `mode` names, for x and y of these shapes."""
    if mode == "full":
        return z
    cut = [slice(None)] * z.ndim
    for k in axes:
        n, m = x[k], y[k]
        first = (m - 1) // 2 if mode == "same" else m - 1
        cut[k] = slice(first, first + (n if mode == "same" else n - m + 1))
    return getitem(z, tuple(cut))
