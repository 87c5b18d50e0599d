"""Rows for Fourier transforms. The references are sums of all products with e^(-2 pi i j k / n), one axis after the other.

A pair (re, im) is two arguments in the rows, so that the gradients in both are checked.
"""

import itertools

import numpy as np

import autograd.functions.fourier as fo
from tests.ops.table import Op, case, normal, strided, wrong

NORMS = [None, "ortho", "forward", "backward"]


def resized(z, n, k):
    """Cut, or filled with zeros, to n along axis k."""
    z = np.moveaxis(z, k, 0)[:n]
    return np.moveaxis(np.concatenate([z, np.zeros((n - len(z), *z.shape[1:]), z.dtype)]), 0, k)


def summed(z, k, sign, norm):
    """The transform along axis k."""
    n = z.shape[k]
    scale = {"ortho": n**-0.5, "forward": 1 / n if sign < 0 else 1}.get(norm, 1 if sign < 0 else 1 / n)
    j = np.arange(n)
    return scale * np.moveaxis(np.moveaxis(z, k, -1) @ np.exp(sign * 2j * np.pi * np.outer(j, j) / n), -1, k)


def sizes_and_axes(z, s, axes):
    if axes is None:
        axes = range(z.ndim) if s is None else range(-len(s), 0)
    axes = [k % z.ndim for k in axes]
    return [z.shape[k] for k in axes] if s is None else s, axes


def spectrum(z, s, axes, norm, sign=-1):
    z, (s, axes) = np.asarray(z, complex), sizes_and_axes(z, s, axes)
    for n, k in zip(s, axes):
        z = summed(resized(z, n, k), k, sign, norm)
    return z


def both(z, dtype):
    return z.real.astype(dtype), z.imag.astype(dtype)


def floats(*xs):
    dtype = np.result_type(*xs)
    return dtype if dtype.kind == "f" else np.dtype(float)


def whole(re, im=None, s=None, axes=None, norm=None, sign=-1):
    return both(spectrum(re if im is None else re + 1j * im, s, axes, norm, sign), floats(re, re if im is None else im))


def inverse(re, im=None, s=None, axes=None, norm=None):
    return whole(re, im, s, axes, norm, sign=1)


def first_half(x, s=None, axes=None, norm=None):
    z, (s, axes) = spectrum(x, s, axes, norm), sizes_and_axes(x, s, axes)
    return both(np.take(z, range(s[-1] // 2 + 1), axes[-1]), floats(x))


def of_half(re, im=None, s=None, axes=None, norm=None):
    """The other axes first; then the missing half of the last one, which is the mirror image."""
    z = np.asarray(re if im is None else re + 1j * im, complex)
    given, axes = sizes_and_axes(z, s, axes)
    s = [*given[:-1], 2 * (given[-1] - 1)] if s is None else s
    n, k = s[-1], axes[-1]
    for m, axis in zip(s[:-1], axes[:-1]):
        z = summed(resized(z, m, axis), axis, 1, norm)
    z = np.moveaxis(resized(z, n // 2 + 1, k), k, -1)
    z[..., 0] = z[..., 0].real
    if n % 2 == 0:
        z[..., -1] = z[..., -1].real
    z = np.concatenate([z, z[..., (n - 1) // 2 : 0 : -1].conj()], -1)
    return summed(np.moveaxis(z, -1, k), k, 1, norm).real.astype(floats(re, re if im is None else im))


def one(f):
    """The same for one axis: n and axis."""
    return lambda *xs, n=None, axis=-1, norm=None: f(*xs, s=None if n is None else (n,), axes=(axis,), norm=norm)


def two(f):
    return lambda *xs, s=None, axes=(-2, -1), norm=None: f(*xs, s=s, axes=axes, norm=norm)


def paired(f):
    """f((re, im)) as a function of two arrays; f(re) of one."""
    return lambda re, im=None, **options: f(re if im is None else (re, im), **options)


def lines(parts=1, least=1):
    """Cases of one axis: shapes, sizes, axes, norms, layouts and dtypes, of one array or of a pair."""
    shapes = [(1,), (2,), (3,), (4,), (5,), (8,), (2, 3), (1, 4), (3, 1), (0, 3), (2, 2, 3)]
    found = [(shape, {}) for shape in shapes if shape[-1] >= least]
    found += [((4,), {"n": n, "norm": norm}) for n, norm in zip((1, 3, 4, 6), NORMS)] + [((5,), {"n": n, "norm": norm}) for n, norm in zip((2, 5, 7), NORMS)]
    found += [((3, 2), {"axis": 0}), ((3, 2), {"axis": -2, "norm": "ortho"}), ((2, 3, 2), {"axis": 1, "n": 4}), ((3, 0), {"axis": 0}), ((2, 2), {"axis": 0, "n": 3, "norm": "forward"})]
    cases = [case(*[normal(*shape, seed=i) for i in range(parts)], **options) for shape, options in found]
    x = [normal(2, 4, seed=i) for i in range(parts)]
    cases += [case(*map(strided, x)), case(*[a.T for a in x]), case(*[np.broadcast_to(a[:1], (2, 4)) for a in x]), case(*[a.astype(np.float32) for a in x])]
    return [*cases, case(*[a.astype(np.float32) for a in x], n=3)] + ([case(x[0], np.arange(8, dtype=np.int8).reshape(2, 4))] if parts == 2 else [])


def images(parts=1, named=True):
    """Cases of several axes."""
    found = [((2, 2), {}), ((2, 3), {}), ((3, 2), {}), ((1, 2), {}), ((2, 4), {}), ((2, 2, 3), {})]
    found += [((2, 3), {"norm": norm}) for norm in NORMS] + [((3, 3), {"s": s}) for s in [(3, 3), (2, 2), (4, 2), (2, 5)]]
    found += [((2, 3, 2), {"axes": axes}) for axes in [(0, 1), (1, 0), (0, -1), (2, 1)]] + [((3, 2, 3), {"s": (2, 3), "axes": (0, 2)})]
    if named:
        found += [((3,), {}), ((0, 2, 2), {"axes": (1, 2)}), ((2, 3, 2), {"axes": (1,)}), ((2, 2, 2), {"axes": (2, 0, 1)}), ((2, 3, 2), {"s": (2, 2)}), ((2, 3, 2), {"s": (3,), "norm": "ortho"})]
    cases = [case(*[normal(*shape, seed=i) for i in range(parts)], **options) for shape, options in found]
    x = [normal(3, 4, seed=i) for i in range(parts)]
    cases += [case(*map(strided, x)), case(*[a.T for a in x]), case(*[a.astype(np.float32) for a in x])]
    return [*cases, case(*[np.broadcast_to(a[:1], (2, 4)) for a in x])] + ([case(x[0], np.arange(12, dtype=np.int8).reshape(3, 4))] if parts == 2 else [])


def convolutions():
    shapes = [((n,), (m,)) for n, m in [(1, 1), (3, 2), (2, 3), (4, 4), (5, 1), (1, 3)]] + [((2, 3), (2, 2)), ((3, 3), (1, 2)), ((2, 2, 2), (1, 2, 1))]
    cases = [case(normal(*a), normal(*b, seed=1), **o) for a, b in shapes for o in ({}, {"mode": "same"})]
    cases += [case(normal(*a), normal(*b, seed=1), mode="valid") for a, b in shapes if all(n >= m for n, m in zip(a, b))]
    cases += [case(normal(2, 3), normal(1, 2, seed=1), axes=1), case(normal(3, 2), normal(2, 1, seed=1), axes=(0,), mode="same"), case(normal(1, 4), normal(2, 3, seed=1), "valid", -1)]
    a, b = normal(2, 3), normal(2, 2, seed=1)
    return [*cases, case(strided(a), b), case(a.T, b.T), case(a.astype(np.float32), b.astype(np.float32)), case(a.astype(np.float32), b), case(a, np.arange(4, dtype=np.int8).reshape(2, 2))]


def slid(x, y, mode="full", axes=None):
    """y turned around and slid over x, which is filled with zeros: one product of windows for each place."""
    dtype = floats(x, y)
    axes = [k % x.ndim for k in (range(x.ndim) if axes is None else np.atleast_1d(axes))]
    batch = [max(n, m) if k not in axes else 1 for k, (n, m) in enumerate(zip(x.shape, y.shape))]
    x, y = x * np.ones(batch), y * np.ones(batch)
    z = np.zeros([n if k not in axes else n + y.shape[k] - 1 for k, n in enumerate(x.shape)])
    for shift in itertools.product(*[range(y.shape[k]) for k in axes]):
        target, source = [slice(None)] * x.ndim, [slice(None)] * x.ndim
        for k, i in zip(axes, shift):
            target[k], source[k] = slice(i, i + x.shape[k]), slice(i, i + 1)
        z[tuple(target)] += x * y[tuple(source)]
    for k in axes:
        n, m = x.shape[k], y.shape[k]
        z = {"full": z, "same": np.take(z, range((m - 1) // 2, (m - 1) // 2 + n), k), "valid": np.take(z, range(m - 1, n), k)}[mode]
    return np.asarray(z, dtype)


SWAPPED = {"forward": "backward", "ortho": "ortho"}


def hermitian(re, im=None, n=None, axis=-1, norm=None):
    return one(of_half)(re, *([] if im is None else [-im]), n=n, axis=axis, norm=SWAPPED.get(norm, "forward"))


def inverse_hermitian(x, n=None, axis=-1, norm=None):
    re, im = one(first_half)(x, n=n, axis=axis, norm=SWAPPED.get(norm, "forward"))
    return re, -im


def power(x, n=None, axis=-1, norm=None):
    return np.asarray(sum(part * part for part in one(first_half)(x, n=n, axis=axis, norm=norm)), floats(x))


def shifts():
    shapes = [(1,), (2,), (3,), (4,), (5,), (0,), (2, 3), (3, 2), (1, 4), (2, 3, 4)]
    cases = [case(normal(*s)) for s in shapes] + [case(normal(3, 4), axes=k) for k in (0, 1, -1, (0, 1), (1,), None)] + [case(normal(2, 3, 2), axes=k) for k in (1, (0, 2), (-1, 0))]
    x = normal(3, 4)
    return [*cases, case(strided(x)), case(x.T), case(x.astype(np.float32)), case(np.broadcast_to(x[:1], (2, 4))), case(x[:, 0], 0), case(normal())]


def indexed(sign):
    """Element by element, by the remainder of its place."""

    def compute(x, axes=None):
        for k in range(x.ndim) if axes is None else np.atleast_1d(axes):
            n = x.shape[k]
            x = np.take(x, [(i - sign * (n // 2)) % n for i in range(n)], k)
        return np.asarray(x)

    return compute


x = normal(2, 3)
NOT_REAL = [wrong(TypeError, "takes real numbers, not complex128: give z.real and z.imag", x + 1j), wrong(TypeError, "takes a Variable or an array, not str", "x")]
NOT_COMPLEX = [wrong(ValueError, r"parts \(re, im\) of one shape, not \(2, 3\) and \(3,\)", x, normal(3)), wrong(TypeError, "takes a Variable or an array, not str", "x")]
LINE = [wrong(ValueError, "n must be at least 1, not 0", x, n=0), wrong(TypeError, "axis must be one number", x, axis=None), wrong(ValueError, "norm must be one of None, 'backward', 'ortho', 'forward'", x, norm="both"), wrong(ValueError, "at least one element", normal(2, 0)), wrong(ValueError, "axis 2 does not fit", x, axis=2)]
IMAGE = [wrong(ValueError, "as many sizes as axes", x, s=(2,), axes=(0, 1)), wrong(ValueError, "s must be at least 1", x, s=(0, 2)), wrong(ValueError, "norm must be one of", x, norm="both"), wrong(TypeError, "axis must be a whole number", x, axes="x")]

def pieces(x, n, hop=None, window=None, center=True):
    """One piece after the other, mirrored at the ends by counting backwards."""
    T, hop, first = x.shape[-1], hop or max(n // 4, 1), n // 2 if center else 0
    starts = range(-first, T + first - n + 1, hop)
    rows = [np.stack([x[..., (T - 1) - abs((T - 1) - abs(i + j))] for j in range(n)], -1) for i in starts]
    found = [first_half(row if window is None else row * np.asarray(window), axes=(-1,)) for row in rows]
    return tuple(np.stack([part[k] for part in found], -1).astype(floats(x)) for k in (0, 1))


def signals():
    cases = [case(normal(*s), n, hop, center=c) for s in ((5,), (8,), (2, 7), (2, 1, 5)) for n, hop in ((1, None), (2, 1), (3, 2), (4, None), (5, 3)) for c in (False, True)]
    cases += [case(normal(6), 4, 2, normal(4, seed=1)), case(normal(2, 6), 4, window=np.hanning(4), center=False), case(normal(3), 4, 1, [0, 1, 2, 1])]
    return [*cases, case(strided(normal(2, 6)), 4, 2), case(normal(6, 2).T, 3), case(normal(7).astype(np.float32), 4, 2, normal(4).astype(np.float32)), case(np.broadcast_to(normal(5), (2, 5)), 3)]


OPS = [
    Op("stft", fo.stft, pieces, signals(), [wrong(ValueError, r"signals \(..., T\) of at least 3 elements, not shape \(2,\)", normal(2), 4), wrong(ValueError, "at least 4 elements", normal(3), 4, center=False), wrong(ValueError, r"window must have the shape \(2,\), not \(3,\)", normal(5), 2, window=normal(3)), wrong(ValueError, "hop must be at least 1, not 0", normal(5), 2, 0), wrong(TypeError, "takes real numbers, not complex128", normal(5) + 1j, 2)]),
    Op("fft", paired(fo.fft), one(whole), [*lines(2), *lines()[::3]], [*NOT_COMPLEX, *LINE, wrong(ValueError, r"a pair \(re, im\), not 3 parts", [x, x, x])]),
    Op("ifft", paired(fo.ifft), one(inverse), [*lines(2), *lines()[::3]], [*NOT_COMPLEX, *LINE]),
    Op("rfft", fo.rfft, one(first_half), lines(), [*NOT_REAL, *LINE]),
    Op("irfft", paired(fo.irfft), one(of_half), [*lines(2, least=2), *lines(least=2)[::3], case(normal(1), n=1), case(normal(1), normal(1, seed=1), n=2)], [*NOT_COMPLEX, *LINE, wrong(ValueError, "gives one, along each axis", normal(2, 1))]),
    Op("hfft", paired(fo.hfft), hermitian, [*lines(2, least=2), *lines(least=2)[::3]], [*NOT_COMPLEX, *LINE]), Op("ihfft", fo.ihfft, inverse_hermitian, lines(), [*NOT_REAL, *LINE]),
    Op("fft2", paired(fo.fft2), two(whole), [*images(2, False), *images(1, False)[::4]], [*NOT_COMPLEX, *IMAGE]), Op("ifft2", paired(fo.ifft2), two(inverse), [*images(2, False), *images(1, False)[::4]], [*NOT_COMPLEX, *IMAGE]),
    Op("rfft2", fo.rfft2, two(first_half), images(1, False), [*NOT_REAL, *IMAGE]), Op("irfft2", paired(fo.irfft2), two(of_half), [*images(2, False), *images(1, False)[::4]], [*NOT_COMPLEX, *IMAGE]),
    Op("fftn", paired(fo.fftn), whole, [*images(2), *images()[::4]], [*NOT_COMPLEX, *IMAGE, wrong(ValueError, "at least one axis", normal())]), Op("ifftn", paired(fo.ifftn), inverse, [*images(2), *images()[::4]], [*NOT_COMPLEX, *IMAGE]),
    Op("rfftn", fo.rfftn, first_half, images(), [*NOT_REAL, *IMAGE]), Op("irfftn", paired(fo.irfftn), of_half, [*images(2), *images()[::4]], [*NOT_COMPLEX, *IMAGE]),
    Op("fftshift", fo.fftshift, indexed(1), shifts(), [*NOT_REAL, wrong(ValueError, "axis 3 does not fit", x, 3)]), Op("ifftshift", fo.ifftshift, indexed(-1), shifts(), [*NOT_REAL, wrong(TypeError, "axis must be", x, "x")]),
    Op("power_spectrum", fo.power_spectrum, power, lines(), [*NOT_REAL, *LINE]),
    Op("fftconvolve", fo.fftconvolve, slid, convolutions(), [wrong(ValueError, "equally many axes", x, x[0]), wrong(ValueError, "mode must be one of 'full', 'same', 'valid'", x, x, "wrap"), wrong(ValueError, "at least as large as y", x[:, :1], x, "valid"), wrong(ValueError, "shapes that fit", x, normal(3, 3), axes=1), wrong(TypeError, "takes real numbers", x, x * 1j)]),
]  # fmt: skip
