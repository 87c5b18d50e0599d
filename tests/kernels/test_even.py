"""Tiles give what plain sums give exactly: zeros, equal results for equal windows, and pixels that do not count."""

import numpy as np
import pytest

import autograd.functions as F
from autograd import Variable
from autograd.kernels import columns, conv, even, threads, winograd
from autograd.kernels.windows import windows
from autograd.variable import grad

SIZES = [(4, 32, 28, 32), (3, 40, 17, 35), (1, 33, 34, 47), (16, 64, 14, 64)]  # N, C, H, M
PADS = [0, 1, 2, ((0, 2), (1, 0)), ((9, 1), (0, 3))]


def arrays(N, C, H, M, dtype, seed=0):
    rng = np.random.default_rng([seed, N, C, H, M])
    x, W, b = rng.standard_normal((N, C, H, H + 2)), rng.standard_normal((M, C, 3, 3)) / 20, rng.standard_normal(M)
    return [a.astype(dtype) for a in (x, W, b)]


def blank_part(x, part):
    """x with zeros: a half, all but a few pixels, some images, or each channel in other places."""
    x, H = x.copy(), x.shape[2]
    if part == "half":
        x[..., : H // 2] = 0
    elif part == "lower":
        x[:, :, H // 2 :] = 0
    elif part == "dots":
        dots = np.zeros(x.shape[2:], bool)
        dots[2::7, 3::6] = True
        x *= dots
    elif part == "image":
        x[::2] = 0
        x[..., 5:9] = 0
    elif part == "channels":
        x[:, ::3, :9] = 0
        x[:, 1::3, 4:] = 0
        x[:, 2::3, :, 1:] = 0
    return x


def zero_products(x, W, w):
    """The outputs into which only products of 0 go, by plain sums of ones."""
    return conv.forward.plain((x != 0) * 1.0, (W != 0) * 1.0, None, w) == 0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("pad", PADS, ids=str)
@pytest.mark.parametrize("part", ["half", "lower", "dots", "image", "channels"])
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_a_window_of_zeros_gives_the_bias(sizes, part, pad, dtype):
    x, W, b = arrays(*sizes, dtype)
    x = blank_part(x, part)
    w = windows(x.shape[2:], (3, 3), 1, pad)
    zero, bias = zero_products(x, W, w), np.broadcast_to(b[:, None, None], (len(x), len(b), *w.out))
    assert zero.any() or part == "channels"
    y = winograd.forward(x, W, b, w)
    np.testing.assert_array_equal(y[zero], bias[zero])
    np.testing.assert_array_equal(winograd.forward(x, W, None, w)[zero], 0)
    tolerance = 1e-12 if dtype == np.float64 else 2e-5
    np.testing.assert_allclose(y, columns.forward(x, W, b, w), rtol=0, atol=tolerance)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_gradient_of_the_images_is_0_where_no_gradient_arrives(dtype):
    x, W, _ = arrays(4, 32, 28, 32, dtype)
    w = windows(x.shape[2:], (3, 3), 1, 1)
    y = blank_part(x, "half")
    assert winograd.turning_pays(y, W, w)
    gx = conv.transpose(y, W, w)
    zero = conv.transpose.plain((y != 0) * 1.0, np.ones(W.shape), w) == 0
    assert zero.any()
    np.testing.assert_array_equal(gx[zero], 0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("C", [32, 64])
def test_relu_of_half_blank_images_has_the_gradients_of_plain_sums(C, dtype, monkeypatch):
    """The kink of ReLU at 0 makes a gradient of noise."""
    x, W, _ = arrays(4, C, 28, C, dtype)
    x = blank_part(x, "half")
    gy = arrays(4, C, 28, C, dtype, seed=1)[0]

    def gradients():
        given = [Variable(a) for a in (x, W, np.zeros(C, dtype))]
        return grad(F.relu(F.conv2d(*given, pad=1)), given, gy)

    tiles = gradients()
    monkeypatch.setattr(winograd, "pays", lambda *args: False)
    for got, expected in zip(tiles, gradients()):
        scale = abs(expected.data).max()
        np.testing.assert_allclose(
            got.data, expected.data, rtol=0, atol=(1e-12 if dtype == np.float64 else 1e-5) * scale
        )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("pad", PADS, ids=str)
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_windows_of_the_same_number_in_each_channel_have_the_same_result(sizes, pad, dtype):
    """A background is not 0 after a bias or a normalization."""
    x, W, b = arrays(*sizes, dtype)
    ground, C = x[0, :, 0, 0].copy(), x.shape[1]
    ground[C // 2 :] = 0
    x[:, :, :, 5:] = ground[:, None, None]
    x[-1, :, 7:12, 9:14] *= 2
    w = windows(x.shape[2:], (3, 3), 1, pad)
    y = winograd.forward(x, W, b, w)
    np.testing.assert_allclose(y, columns.forward(x, W, b, w), rtol=0, atol=1e-12 if dtype == np.float64 else 2e-5)
    (top, _), (left, _) = w.pad
    inner = y[:, :, top : top + x.shape[2] - 2, left + 5 : left + x.shape[3] - 2]
    same = np.ones((len(x), *inner.shape[2:]), bool)
    same[-1, 5:12, 2:9] = False  # they touch the other patch
    results = inner.transpose(0, 2, 3, 1)[same]
    np.testing.assert_array_equal(results, np.broadcast_to(results[0], results.shape))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("sizes", [*SIZES, (16, 128, 16, 128)], ids=str)
def test_weights_that_only_products_of_0_reach_have_the_gradient_0(sizes, dtype):
    x, _, _ = arrays(*sizes, dtype)
    H, w = sizes[2], windows(x.shape[2:], (3, 3), 1, 1)
    y = arrays(sizes[0], sizes[3], sizes[2], 1, dtype, seed=1)[0]
    one, left, right, far = (np.zeros_like(y) for _ in range(4))
    one[0, :, 5, 6] = y[0, :, 5, 6]  # the gradient of one output
    left[..., : H // 2 - 1], right[..., H // 2 :], far[..., 7] = y[..., : H // 2 - 1], y[..., H // 2 :], y[..., 7]
    edge = np.zeros_like(x)
    edge[..., 4] = x[..., 4]
    dead = np.maximum(x, 0)
    dead[:, ::5] = 0
    for pixels, given in [(dead, one), (blank_part(x, "half"), left), (blank_part(x, "half"), right), (edge, far)]:
        zero = conv.filter_gradient.plain((pixels != 0) * 1.0, (given != 0) * 1.0, w)[0] == 0
        gW = winograd.filter_gradient(pixels, given, w)[0]
        np.testing.assert_array_equal(gW[zero], 0)
        plain = columns.filter_gradient(pixels, given, w)[0]
        np.testing.assert_allclose(gW, plain, rtol=0, atol=(1e-10 if dtype == np.float64 else 1e-5) * abs(plain).max())


def test_a_few_gradients_near_0_are_computed_one_by_one(monkeypatch):
    x, _, _ = arrays(4, 32, 28, 32, np.float32)
    w = windows(x.shape[2:], (3, 3), 1, 1)
    y = arrays(4, 32, 28, 32, np.float32, seed=1)[0]
    gW = winograd.filter_gradient(x, y, w)[0]
    plain = columns.filter_gradient(x, y, w)[0]
    noisy, gU = gW.transpose(2, 3, 1, 0).copy(), np.full((6, 6, 32, 32), 100, np.float32)
    places = (0, 1, 2, 3), (2, 1, 0, 0), (5, 6, 7, 8), (3, 2, 1, 0)
    places = tuple(np.array(p) % 3 if k < 2 else np.array(p) for k, p in enumerate(places))
    noisy[places] = 1e-7
    monkeypatch.setattr(even, "plain_gradient", None)  # it is not needed
    mended = even.without_noise(noisy, gU, x, y, w).transpose(3, 2, 0, 1)
    np.testing.assert_allclose(mended, plain, rtol=0, atol=1e-5 * abs(plain).max())


@pytest.mark.parametrize("C", [32, 48])
def test_pixels_under_taps_of_zeros_do_not_count(C):
    """The filters of an autoregressive model: what comes later changes no digit."""
    x, W, b = arrays(4, C, 28, C, np.float32)
    W[:, :, 1, 2] = W[:, :, 2] = 0
    y = F.conv2d(x, W, b, pad=1)
    x[:, :, 17, 11:] += 1
    x[:, :, 18:] *= -3
    changed = F.conv2d(x, W, b, pad=1)
    np.testing.assert_array_equal(changed[:, :, :17], y[:, :, :17])
    np.testing.assert_array_equal(changed[:, :, 17, :11], y[:, :, 17, :11])
    assert (changed[:, :, 17, 12] != y[:, :, 17, 12]).any()
    v, gy = Variable(x), np.zeros_like(y)
    gy[:, :, 17, 11] = y[:, :, 17, 11]
    gx = grad(F.conv2d(v, W, b, pad=1), v, gy).data
    assert (gx[:, :, 16] != 0).any()
    np.testing.assert_array_equal(gx[:, :, 17, 12:], 0)
    np.testing.assert_array_equal(gx[:, :, 18:], 0)


@pytest.mark.parametrize("odd", [np.inf, -np.inf, np.nan])
def test_an_odd_number_stays_in_its_windows(odd):
    x, W, b = arrays(4, 32, 28, 32, np.float32)
    gy = arrays(4, 32, 28, 32, np.float32, seed=1)[0]
    w = windows(x.shape[2:], (3, 3), 1, 1)
    with np.errstate(invalid="ignore"):
        for given, filters in ((x.copy(), W), (x, W.copy())):
            (given if filters is W else filters)[1, 2, 1, 1] = odd
            np.testing.assert_array_equal(conv.forward(given, filters, b, w), columns.forward(given, filters, b, w))
            np.testing.assert_array_equal(
                conv.filter_gradient(given, gy, w)[0],
                columns.filter_gradient(given, gy, w)[0] if filters is W else conv.filter_gradient(x, gy, w)[0],
            )


def test_dense_images_are_looked_at_in_one_channel(monkeypatch):
    """The price of all this: a pass over one channel. Two threads share the rest, where there is any."""
    x, W, b = arrays(16, 64, 30, 64, np.float32)
    w, seen, f = windows(x.shape[2:], (3, 3), 1, 1), [], winograd.even_windows
    monkeypatch.setattr(winograd, "even_windows", lambda y, x, *args: (seen.append(len(x)), f(y, x, *args)))
    monkeypatch.setattr(threads.Hold, "threads", lambda self: 2)
    winograd.forward(x, W, b, w)
    assert not seen
    y = winograd.forward(np.zeros_like(x), W, b, w)
    assert seen == [8, 8]
    np.testing.assert_array_equal(y, np.broadcast_to(b[:, None, None], y.shape))
