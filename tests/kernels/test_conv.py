"""The fast convolution means what the readable one means, at orders 0 to 2, however the work is divided."""

import tracemalloc

import numpy as np
import pytest

import autograd.functions as F
from autograd import Variable
from autograd.core import grad
from autograd.kernels import columns, conv, im2col
from autograd.kernels.windows import windows


@pytest.fixture(params=["as it is", "folded", "image by image", "in pieces", "in threads"])
def division(request, monkeypatch):
    """The ways to divide the work, which small arrays would not take by themselves."""
    settings = {
        "as it is": {},
        "folded": {"WIDE": 1 << 20},
        "image by image": {"WIDE": 1, "BUFFER": 1},
        "in pieces": {"WIDE": 8, "BUFFER": 300},
        "in threads": {"WIDE": 1, "BUFFER": 200, "WORTH": 0},
    }[request.param]
    for name, value in settings.items():
        monkeypatch.setattr(columns if name == "BUFFER" else conv, name, value)
    shared = conv.shared
    monkeypatch.setattr(conv, "shared", lambda work, n, threads=None: shared(work, n, threads or 3))

OPTIONS = [
    {},
    {"stride": 2},
    {"stride": (1, 3), "pad": 1},
    {"pad": "same"},
    {"pad": "same", "stride": 2},
    {"pad": ((0, 2), (1, 0))},
    {"pad": 5},
    {"dilation": 2, "pad": 1},
    {"dilation": (1, 2), "stride": 2, "pad": (2, 1)},
    {"groups": 2},
    {"groups": 4, "pad": 1},
    {"groups": 4, "stride": 2, "dilation": 2, "pad": 2},
]


def derivatives(f, arrays, options):
    """The result, its gradients, and the gradients of a function of these."""
    xs = [Variable(x) for x in arrays]
    y = f(*xs, **options)
    rng = np.random.default_rng(9)
    gxs = grad(y, xs, Variable(rng.standard_normal(y.shape)), create_graph=True)
    total = sum((g * g * rng.standard_normal(g.shape)).sum() for g in gxs)
    return [y, *gxs, *grad(total, xs)]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("kernel", [(3, 3), (1, 1), (2, 4), (5, 1)], ids=str)
def test_fast_and_readable_are_equal(kernel, options, division):
    rng = np.random.default_rng(0)
    for N, M in ((1, 4), (5, 8), (6, 4)):
        G = options.get("groups", 1)
        arrays = [rng.standard_normal(s) for s in ((N, 4, 7, 9), (M, 4 // G, *kernel), (M,))]
        fast, readable = (derivatives(f, arrays, options) for f in (F.conv2d, F.conv2d_by_im2col))
        for got, expected in zip(fast, readable):
            np.testing.assert_allclose(got.data, expected.data, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_the_three_products_are_adjoint(options, division):
    """y · convolve(x, W) = x · spread(y, W) = W · correlate(x, y)"""
    rng = np.random.default_rng(1)
    G = options.get("groups", 1)
    w = windows((7, 8), (3, 2), **{name: value for name, value in options.items() if name != "groups"})
    x, W, y = (rng.standard_normal(s) for s in ((5, 4, 7, 8), (4, 4 // G, 3, 2), (5, 4, *w.out)))
    number = (y * conv.convolve(x, W, None, w, G)).sum()
    np.testing.assert_allclose((x * conv.spread(y, W, w, G)).sum(), number)
    np.testing.assert_allclose((W * conv.correlate(x, y, w, G)[0]).sum(), number)


def test_im2col_and_col2im_are_adjoint():
    rng = np.random.default_rng(2)
    for stride, pad, dilation in [(1, 0, 1), (2, 1, 1), (1, (2, 0), 2), (3, ((0, 2), (1, 1)), (1, 2))]:
        w = windows((6, 7), (3, 2), stride, pad, dilation)
        x = rng.standard_normal((2, 3, 6, 7))
        cols = rng.standard_normal((2, 3, 3, 2, *w.out))
        np.testing.assert_allclose((im2col.im2col(x, w) * cols).sum(), (x * im2col.col2im(cols, w)).sum())


def test_whole_numbers():
    """Images of integers are convolved exactly."""
    x, W = np.arange(32).reshape(2, 1, 4, 4), np.array([[[[1, 2], [3, 4]]]])
    y = F.conv2d(x, W)
    assert y.dtype == x.dtype
    np.testing.assert_array_equal(y, F.conv2d_by_im2col(x, W))
    assert F.max_pool2d(x - 40, 2, 2, 1).tolist() == F.max_pool2d((x - 40).astype(float), 2, 2, 1).tolist()


def test_no_matrix_of_the_whole_batch():
    """The im2col of this batch would take 75 MB; the peak stays below the result and a few buffers."""
    x, W = Variable(np.ones((16, 32, 64, 64), np.float32)), Variable(np.ones((32, 32, 3, 3), np.float32))
    y = F.conv2d(x, W, pad=1)
    for f in (lambda: F.conv2d(x, W, pad=1), lambda: grad(y, x), lambda: grad(y, W)):
        tracemalloc.start()
        f()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 2.5 * y.data.nbytes
