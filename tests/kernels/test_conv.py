"""The fast convolution means what the readable one means, at orders 0 to 2, however the work is divided."""

import tracemalloc

import numpy as np
import pytest

import autograd.functions as F
from autograd import Variable
from autograd.kernels import blocks, columns, conv, folding, im2col, threads, winograd
from autograd.kernels.windows import live, windows
from autograd.variable import grad

SETTINGS = {
    "as it is": {},
    "folded": {(folding, "WIDE"): 1 << 20},
    "image by image": {(folding, "WIDE"): 1, (blocks, "BLOCK"): 1},
    "in pieces": {(folding, "WIDE"): 8, (blocks, "BLOCK"): 300},
    "in threads": {(folding, "WIDE"): 1, (blocks, "BLOCK"): 200, (columns, "LARGE"): 0},
    "in tiles": {(folding, "WIDE"): 1, (winograd, "CHANNELS"): 1, (winograd, "TILES"): 1, (winograd, "FILLED"): 0},
}
SMALL = {(winograd, "BLOCK"): 300, (winograd, "LEAST"): 1, (winograd, "LARGE"): 0}
SETTINGS["in tiles, in pieces"] = SETTINGS["in tiles"] | SMALL


@pytest.fixture(params=SETTINGS)
def division(request, monkeypatch):
    """The ways to divide the work, which small arrays would not take by themselves."""
    for (module, name), value in SETTINGS[request.param].items():
        monkeypatch.setattr(module, name, value)
    monkeypatch.setattr(threads.Hold, "threads", lambda self: 3)


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
@pytest.mark.parametrize("kernel", [(3, 3), (1, 1), (2, 4), (5, 1), (2, 3)], ids=str)
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
    """y · forward(x, W) = x · transpose(y, W) = W · filter_gradient(x, y)"""
    rng = np.random.default_rng(1)
    G = options.get("groups", 1)
    w = windows((7, 8), (3, 2), **{name: value for name, value in options.items() if name != "groups"})
    x, W, y = (rng.standard_normal(s) for s in ((5, 4, 7, 8), (4, 4 // G, 3, 2), (5, 4, *w.out)))
    number = (y * conv.forward(x, W, None, w, G)).sum()
    np.testing.assert_allclose((x * conv.transpose(y, W, w, G)).sum(), number)
    np.testing.assert_allclose((W * conv.filter_gradient(x, y, w, G)[0]).sum(), number)


def test_winograds_matrices_multiply_polynomials():
    """For any taps and pixels A' (G w * B' d) is the sum of the taps over four neighbours."""
    w, d = np.array([2, -3, 5]), np.array([7, 1, -4, 6, 3, -2])
    points = winograd.G @ w * (winograd.B.T @ d)
    np.testing.assert_allclose(winograd.A.T @ points, np.convolve(d, w[::-1], "valid"), rtol=1e-14)


@pytest.mark.parametrize("pad", [7, ((0, 9), (12, 1)), ((30, 0), (0, 2))], ids=str)
@pytest.mark.parametrize("size", [(4, 3), (3, 50)], ids=str)
def test_tiles_that_lie_in_the_padding(size, pad, monkeypatch):
    rng = np.random.default_rng(5)
    for (module, setting), value in SETTINGS["in tiles, in pieces"].items():
        monkeypatch.setattr(module, setting, value)
    x, W = rng.standard_normal((2, 3, *size)), rng.standard_normal((5, 3, 3, 3))
    w = windows(size, (3, 3), 1, pad)
    y = winograd.forward(x, W, None, w)
    gW = winograd.filter_gradient(x, y, w)[0]
    np.testing.assert_allclose(y, F.conv2d_by_im2col(x, W, pad=pad), atol=1e-12)
    monkeypatch.setattr(winograd, "pays", lambda *args: False)
    np.testing.assert_allclose(gW, conv.filter_gradient(x, y, w)[0], atol=1e-10)


@pytest.mark.parametrize("size", [(32, 32), (9, 30)], ids=str)
def test_large_images_take_the_short_way_to_the_same_result(size, monkeypatch):
    """With the settings of every day, and float32: the error of tiles is a small multiple of that of plain sums."""
    rng = np.random.default_rng(3)
    x, W, b = (rng.standard_normal(s, np.float32) for s in ((9, 40, *size), (33, 40, 3, 3), (33,)))
    w = windows(size, (3, 3), 1, 1)
    y = rng.standard_normal((9, 33, *size), np.float32)
    assert winograd.pays(x, W, 33, w, 1)
    short = [conv.forward(x, W, b, w), conv.transpose(y, W, w), *conv.filter_gradient(x, y, w, bias=True)]
    monkeypatch.setattr(winograd, "pays", lambda *args: False)
    x, W, b, y = (a.astype(np.float64) for a in (x, W, b, y))
    plain = [conv.forward(x, W, b, w), conv.transpose(y, W, w), *conv.filter_gradient(x, y, w, bias=True)]
    for got, expected in zip(short, plain):
        assert got.dtype == np.float32
        np.testing.assert_allclose(got, expected, rtol=0, atol=5e-6 * np.abs(expected).max())


def large(*dtypes):
    """Images, filters and a bias for which tiles pay, of these dtypes."""
    rng = np.random.default_rng(4)
    shapes = (4, 32, 30, 30), (32, 32, 3, 3), (32,)
    return [(30 * rng.standard_normal(s)).astype(dtype) for s, dtype in zip(shapes, dtypes)]


@pytest.mark.parametrize("dtypes", ["ddd", "fdf", "dff", "ffd", "eff", "fef"])
def test_mixed_dtypes_are_computed_in_the_wider_one(dtypes):
    x, W, b = large(*dtypes)
    y, expected = (F.conv2d(*arrays, pad=1) for arrays in ((x, W, b), [a.astype(np.float64) for a in (x, W, b)]))
    assert y.dtype == np.result_type(x, W, b)
    error = np.abs(y - expected).max() / np.abs(expected).max()
    assert error < (1e-14 if "d" in dtypes[:2] else 2e-6)


def test_half_precision_and_whole_numbers_take_no_tiles():
    """float16 would lose its last digits, and whole numbers would not stay whole."""
    w = windows((30, 30), (3, 3), 1, 1)
    for dtypes in ("eee", "lll", "fll"):  # float32 with int64 makes float64
        x, W, _ = large(*dtypes)
        assert winograd.pays(x, W, 32, w, 1) == (dtypes == "fll")
    x, W, b = large(*"lll")
    np.testing.assert_array_equal(F.conv2d(x, W, b, pad=1), F.conv2d_by_im2col(x, W, b, pad=1))


@pytest.mark.parametrize("dtypes", ["fd", "df"])
def test_the_gradient_of_the_bias_has_the_wider_dtype_too(dtypes):
    (x,) = large(dtypes[0])
    y = np.ones((4, 32, 30, 30), dtypes[1])
    w = windows((30, 30), (3, 3), 1, 1)
    assert winograd.pays(x, y, 32, w, 1)
    assert [g.dtype for g in conv.filter_gradient(x, y, w, bias=True)] == [np.float64] * 2


@pytest.mark.parametrize(
    ("images", "M", "kernel"),
    [((4, 31, 30, 30), 40, 3), ((4, 40, 30, 30), 31, 3), ((1, 40, 28, 32), 40, 3), ((64, 40, 5, 5), 40, 3)]
    + [((4, 512, 30, 30), 520, 3), ((4, 40, 30, 30), 40, 5)],
    ids=["channels in", "channels out", "tiles", "tiles half empty", "filters", "kernel"],
)
def test_where_tiles_do_not_pay(images, M, kernel):
    x, W = np.empty(images, np.float32), np.empty((M, images[1], kernel, kernel), np.float32)
    assert not winograd.pays(x, W, M, windows(images[2:], (kernel, kernel), 1, kernel // 2), 1)


@pytest.mark.parametrize("images", [(2, 32, 33, 30), (12, 40, 64, 64)], ids=str)
def test_blas_is_held_while_there_are_tiles(images, monkeypatch):
    """With one thread, too: it would share products that are far too small for that."""
    now, seen = [4], []
    monkeypatch.setattr(threads, "blas_threads", lambda user: (lambda: now[0], lambda n: now.__setitem__(0, n)))
    for name in ("transform", "output_transform", "on_both_axes"):
        f = getattr(winograd, name)
        monkeypatch.setattr(winograd, name, lambda *args, f=f: (seen.append(now[0]), f(*args))[1])
    x, W = np.ones(images, np.float32), np.ones((40, images[1], 3, 3), np.float32)
    w = windows(images[2:], (3, 3), 1, 1)
    winograd.filter_gradient(x, winograd.forward(x, W, None, w), w)
    assert set(seen) == {1}
    assert now == [4]


@pytest.mark.parametrize("size", [(32, 32), (9, 41), (4, 44), (60, 4)], ids=str)
def test_every_thread_has_a_part_and_no_row_is_long(size, monkeypatch):
    for count in (1, 2, 3):
        monkeypatch.setattr(threads.Hold, "threads", lambda self, count=count: count)
        parts, n = winograd.parts(64, windows(size, (3, 3), 1, 1), 64, 64)
        assert len(parts) >= n == count
        assert max(tiles.stop - tiles.start for _, _, tiles in parts) <= winograd.ACROSS


def test_other_devices_take_no_tiles(other_device):
    x, W, _ = large(*"fff")
    w = windows((30, 30), (3, 3), 1, 1)
    assert winograd.pays(x, W, 32, w, 1)
    assert not winograd.pays(other_device(x), other_device(W), 32, w, 1)


CUT = [((1, 1), 1, (1, 1)), ((2, 2), 2, (3, 3)), ((1, 9), 1, (3, 3))]


@pytest.mark.parametrize(("size", "stride", "left"), CUT, ids=str)
def test_a_kernel_is_cut_if_less_than_a_quarter_is_left(size, stride, left):
    _, some = live(windows(size, (3, 3), stride, 1))
    assert some.kernel == left


def test_gradients_of_filters_and_bias_own_their_memory(division):
    """A view would keep alive what is larger than itself, or be overwritten."""
    x, y = np.ones((4, 4, 6, 6)), np.ones((4, 4, 4, 4))
    for gW, gb in (conv.filter_gradient(x, y, windows((6, 6), (3, 3)), bias=bias) for bias in (True, False)):
        assert gb is None or gb.base is None
        assert gW.base is None or gW.base.size == gW.size


@pytest.mark.parametrize("kernel", [(1, 1), (3, 3), (2, 4)], ids=str)
@pytest.mark.parametrize("groups", [1, 2])
def test_an_empty_batch(kernel, groups, division):
    x, W, b = Variable(np.ones((0, 4, 5, 6))), Variable(np.ones((6, 4 // groups, *kernel))), Variable(np.ones(6))
    y = F.conv2d(x, W, b, groups=groups)
    assert y.shape == (0, *F.conv2d(np.ones((1, 4, 5, 6)), W.data, groups=groups).shape[1:])
    gx, gW, gb = grad(y.sum(), [x, W, b], create_graph=True)
    assert (gx.shape, gW.shape, gb.shape) == (x.shape, W.shape, b.shape)
    assert not gW.data.any()
    assert not gb.data.any()
    assert F.conv_transpose2d(y, W, groups=groups).shape == x.shape
    assert grad((gW * gW).sum(), x).shape == x.shape


def test_images_without_pixels():
    """Padding alone can make windows."""
    x, W = Variable(np.ones((2, 3, 0, 8))), Variable(np.ones((4, 3, 3, 3)))
    y = F.conv2d(x, W, pad=2)
    assert y.shape == (2, 4, 2, 10)
    assert not y.data.any()
    gx, gW = grad(y.sum(), [x, W])
    assert gx.shape == x.shape
    assert not gW.data.any()


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


@pytest.mark.parametrize("kernel", [(3, 3), (5, 5)], ids=str)  # in tiles, and plainly
def test_one_large_image_is_not_copied(kernel):
    """Its padding is added to a band of it at a time."""
    x, W = np.ones((1, 32, 512, 512), np.float32), np.ones((32, 32, *kernel), np.float32)
    tracemalloc.start()
    y = F.conv2d(x, W, pad="same")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.5 * y.nbytes
