"""Pooling windows against loops over their pixels, without padding: a tap there never wins."""

from itertools import product

import numpy as np
import pytest

import autograd.functions as F
from autograd import Variable
from autograd.kernels import pooling, threads
from autograd.kernels.windows import windows
from autograd.variable import grad

OPTIONS = [
    {},
    {"stride": 2, "pad": 1},
    {"stride": 1, "pad": 1},
    {"stride": (1, 3), "pad": ((0, 1), (1, 0))},
    {"stride": 2, "ceil": True},
    {"dilation": 2, "pad": 1},
]


def maxima(x, w):
    """The maxima of the windows of one image, and the pixel of each: the first of the largest, in reading order."""
    y, pixels = np.zeros(w.out, x.dtype), {}
    for o in product(*map(range, w.out)):
        axes = zip(o, w.stride, w.dilation, w.kernel, w.pad)
        under = [[i * S + k * D - before for k in range(K)] for i, S, D, K, (before, _) in axes]
        inside = [p for p in product(*under) if all(0 <= i < H for i, H in zip(p, w.size))]
        y[o] = max(x[p] for p in inside)
        pixels[o] = next(p for p in inside if x[p] == y[o])
    return y, pixels


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("kernel", [(2, 2), (3, 2), (3, 3)], ids=str)
def test_the_first_of_the_largest_gets_the_gradient(kernel, options):
    """Whole numbers of a small range, so that most windows have several maxima, and some hold -inf alone."""
    rng = np.random.default_rng(0)
    x = rng.integers(-2, 1, (3, 2, 7, 6)).astype(float)
    x[x == -2] = -np.inf
    x[0, 0] = -np.inf
    w = windows((7, 6), kernel, **options)
    y, where = pooling.window_max(x, w)
    gy = rng.standard_normal(y.shape)
    gx = pooling.scatter_max(gy, where, w)
    for n, c in product(range(3), range(2)):
        expected, pixels = maxima(x[n, c], w)
        np.testing.assert_array_equal(y[n, c], expected)
        back = np.zeros(w.size)
        for o, p in pixels.items():
            back[p] += gy[n, c][o]
        np.testing.assert_allclose(gx[n, c], back)
    np.testing.assert_array_equal(pooling.gather_max(x, where, w), y)


def test_more_taps_than_fit_into_a_byte():
    x = np.zeros((1, 1, 20, 20))
    x[0, 0, 16, 16] = 1.0
    x = Variable(x)
    y = F.max_pool2d(x, 17, 3)
    assert y.data.tolist() == [[[[1.0, 1.0], [1.0, 1.0]]]]
    gx = grad(y.sum(), x).data
    assert gx[0, 0, 16, 16] == gx.sum() == 4.0


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int8, np.int64, np.float16])
def test_the_maximum_of_any_dtype(dtype):
    x = np.array([[0, 1, 0, 0], [0, 0, 0, 0]]).astype(dtype)[None, None]
    y = F.max_pool2d(x, 2)
    assert y.dtype == dtype
    assert y.tolist() == [[[[1, 0]]]]


@pytest.mark.parametrize("stride", [1, 2])
def test_threads_share_the_images(stride, monkeypatch):
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((5, 2, 6, 6)), windows((6, 6), (2, 2), stride)
    y, where = pooling.window_max(x, w)
    gx = pooling.scatter_max(y, where, w)
    monkeypatch.setattr(threads.Hold, "threads", lambda self: 3)
    monkeypatch.setattr(pooling, "LARGE", 0)
    for got, expected in zip((*pooling.window_max(x, w), pooling.scatter_max(y, where, w)), (y, where, gx)):
        np.testing.assert_array_equal(got, expected)
