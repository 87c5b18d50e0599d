"""Fourier transforms as programs use them, and the statements of docs/complex.md."""

import numpy as np
import pytest

import autograd.functions as F
from autograd import Variable, grad

pytestmark = pytest.mark.standin_exempt("the rows of the op table run there; here NumPy's arrays are the reference")

X = np.random.default_rng(0).standard_normal((2, 6))
Z = X + 1j * np.random.default_rng(1).standard_normal((2, 6))
NAMES = ["fft", "ifft", "rfft", "fft2", "ifft2", "rfft2", "fftn", "ifftn", "rfftn"]


@pytest.mark.parametrize("name", NAMES)
def test_values_are_numpys(name):
    x = X if name.startswith("r") else Z
    re, im = getattr(F, name)(x)
    np.testing.assert_allclose(re + 1j * im, getattr(np.fft, name)(x), rtol=1e-12, atol=1e-13)


def test_the_energy_of_a_window_is_kept():
    """Parseval, of pieces that do not overlap: a spectrum has the energy of its piece times n."""
    x, window = X[0], np.array([0.5, 1.0, 2.0])
    re, im = F.stft(x, 3, 3, window, center=False)
    power = (re**2 + im**2) * np.array([[1], [2]])  # the other half is the mirror image
    np.testing.assert_allclose(power.sum(0), 3 * ((x.reshape(2, 3) * window) ** 2).sum(1), rtol=1e-12)


@pytest.mark.parametrize("name", ["fftn", "ifft2", "rfftn", "irfft2", "irfftn"])
def test_a_size_of_minus_one_is_that_of_the_axis(name):
    """Cut off nothing, add nothing: also of half a spectrum, where NumPy counts the numbers of the half."""
    f, whole = getattr(F, name), 10 if name.startswith("ir") else 6
    for s, sizes in (((-1, 4), (2, 4)), ((3, -1), (3, whole)), ((-1, -1), (2, whole))):
        np.testing.assert_array_equal(f(X, s=s, axes=(0, 1)), f(X, s=sizes, axes=(0, 1)))
    with pytest.raises(ValueError, match="s must be at least -1, not -2"):
        f(X, s=(-2, 4))


@pytest.mark.parametrize("name", ["irfft", "irfft2", "irfftn"])
@pytest.mark.parametrize("odd", [0, 1])
def test_inverses_are_numpys(name, odd):
    options = {"n": 10 + odd} if name == "irfft" else {"s": (2, 10 + odd), "axes": (0, 1)}
    expected = getattr(np.fft, name)(Z, *options.values())
    np.testing.assert_allclose(getattr(F, name)(Z, **options), expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("axes", [(0,), (2,), (1, 2), (2, 0), (2, 1, 0)], ids=str)
@pytest.mark.parametrize("shape", [(1, 2, 3), (4, 5, 6), (3, 1, 4)], ids=str)
@pytest.mark.parametrize("name", ["fftn", "ifftn"])
def test_a_real_array_has_the_transform_of_a_complex_one(name, shape, axes):
    """Only half of the spectrum is computed, the rest is its mirror image; and the gradient is a real part alone."""
    x, g, h = np.random.default_rng(2).standard_normal((3, *shape))
    f = getattr(np.fft, name)
    for norm in ("backward", "ortho", "forward"):
        re, im = ys = getattr(F, name)(v := Variable(x), axes=axes, norm=norm)
        np.testing.assert_allclose(re.data + 1j * im.data, f(x + 0j, axes=axes, norm=norm), rtol=1e-12, atol=1e-13)
        expected = (f(g - 1j * h, axes=axes, norm=norm)).real  # the transform's matrix is symmetric
        np.testing.assert_allclose(grad(list(ys), v, [g, h]).data, expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("norm", [None, "ortho", "forward"])
@pytest.mark.parametrize("n", [5, 6])
def test_there_and_back(n, norm):
    x = Variable(X[:, :n])
    for y in (F.irfft(F.rfft(x, norm=norm), n, norm=norm), F.ifft(F.fft(x, norm=norm), norm=norm)[0]):
        np.testing.assert_allclose(y.data, x.data, atol=1e-14)
        np.testing.assert_allclose(grad(y, x, X[:, :n] * 3).data, X[:, :n] * 3, atol=1e-14)
    y = F.irfftn(F.rfftn(x, norm=norm), x.shape, norm=norm)
    np.testing.assert_allclose(y.data, x.data, atol=1e-14)


def test_the_energy_of_a_signal_is_that_of_its_spectrum():
    """Parseval: the sum of |y_k|^2 is n times that of x_j^2, whose gradient is 2 n x."""
    x = Variable(X)
    re, im = F.fft(x)
    np.testing.assert_allclose(grad((re**2 + im**2).sum(), x).data, 12 * X, rtol=1e-12)


def test_a_filter_learns_its_frequencies():
    """The least squares of a filter in the spectrum, solved by one Newton step: it is quadratic."""
    t = np.arange(8)
    x = np.sin(2 * np.pi * t / 8) + np.cos(6 * np.pi * t / 8)
    h = Variable(np.zeros(5))

    def loss(h):
        re, im = F.rfft(x)
        return ((F.irfft((re * h, im * h), 8) - np.sin(2 * np.pi * t / 8)) ** 2).sum()

    g = grad(loss(h), h, create_graph=True)
    H = np.array([grad(g[i], h, create_graph=True).data for i in range(5)])
    np.testing.assert_allclose(-np.linalg.pinv(H) @ g.data, [0, 1, 0, 0, 0], atol=1e-12)


def test_a_convolution_is_numpys():
    for mode in ("full", "same", "valid"):
        np.testing.assert_allclose(F.fftconvolve(X[0], X[1][:3], mode), np.convolve(X[0], X[1][:3], mode), atol=1e-14)


def test_numpys_names_say_what_to_use():
    x = Variable(X)
    with pytest.raises(TypeError, match=r"np.fft.rfft of a Variable .* F.rfft, which gives and takes pairs \(re, im\)"):
        np.fft.rfft(x)
    with pytest.raises(TypeError, match="F.hfft, which gives and takes pairs"):
        np.fft.hfft(x)
    with pytest.raises(TypeError, match=r"pair \(re, im\)"):
        np.angle(x)


def test_complex_arrays_are_refused_elsewhere():
    for f in (F.inv, F.rfft, F.power_spectrum, F.expm, lambda z: F.kron(z, z), Variable):
        with pytest.raises(TypeError, match="real"):
            f(Z[:, :2])


def test_halves_keep_their_dtype():
    x = Variable(X.astype(np.float16))
    re, _ = F.rfft(x)
    y = F.irfft(F.rfft(x))
    assert (re.dtype, y.dtype, grad(y.sum(), x).dtype) == (np.float16,) * 3
    assert F.power_spectrum(np.array([1, 2], np.uint8)).tolist() == [9.0, 1.0]
