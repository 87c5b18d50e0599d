"""The ways for CuPy's arrays against their plain functions on NumPy's, and what they ask of the device."""

import numpy as np
import pytest

import autograd as ag
import autograd.functions as F
import autograd.layers as L
from autograd import Variable, backend, bfloat16
from autograd.functions import normalization
from autograd.kernels import conv, im2col, matmul, norms, pooling
from autograd.kernels.gpu import conv as gpu_conv
from autograd.kernels.gpu import depthwise as gpu_depthwise
from autograd.kernels.gpu import norms as gpu_norms
from autograd.kernels.gpu import pooling as gpu_pooling
from autograd.kernels.gpu import products
from autograd.kernels.gpu.products import weighted_sums, write_product
from autograd.kernels.windows import windows

pytestmark = pytest.mark.gpu


@pytest.fixture
def cp():
    if not backend.gpu_available():
        pytest.skip("no usable GPU, or no CuPy: pip install 'define-by-run[cuda12]'")
    return backend.cupy()


def numbers(*shape, dtype=np.float64, seed=0):
    return np.random.default_rng([seed, *shape]).standard_normal(shape).astype(dtype)


def there(x):
    return backend.cupy().asarray(x) if isinstance(x, np.ndarray) else x


def check(way, plain, *args, factor=1):
    """The way on CuPy's arrays equals the plain function, computed in float64, to rounding in the arrays' dtype."""
    given = [there(a) for a in args]
    assert way.fits(*given), way
    assert not way.fits(*args)
    results = way.compute(*given)
    exact = plain(*[a.astype("d") if isinstance(a, np.ndarray) and a.dtype.kind == "f" else a for a in args])
    results, exact = [y if isinstance(y, tuple) else (y,) for y in (results, exact)]
    (dtype,) = {a.dtype for a in args if isinstance(a, np.ndarray) and a.dtype.kind == "f"}
    for got, expected in zip(results, exact, strict=True):
        if expected is None:
            assert got is None
            continue
        assert got.shape == expected.shape
        if expected.dtype.kind == "f":
            assert got.dtype == dtype
            room = factor * 8 * np.finfo(dtype).eps * max(1, np.abs(expected).max(initial=0))
            np.testing.assert_allclose(got.get().astype("d"), expected, rtol=0, atol=room)
        else:
            np.testing.assert_array_equal(got.get(), expected)


IMAGES = [  # (N, C, *size), channels of the result, kernel, groups, options
    ((2, 4, 7, 9), 6, (3, 2), 2, {"stride": (2, 1), "pad": (1, 0), "dilation": (1, 2)}),
    ((8, 2, 3, 3), 4, (3, 3), 1, {"pad": 1}),
    ((3, 2, 6), 2, (3,), 1, {}),
    ((2, 3, 4, 4), 2, (1, 1), 1, {}),
    ((2, 3, 6, 7), 5, (1, 1), 1, {}),
    ((2, 4, 6, 7), 6, (1, 1), 2, {}),
    ((2, 3, 6, 7), 5, (1, 1), 1, {"stride": 2}),
    ((1, 2, 1, 2), 3, (9, 9), 1, {"pad": 4}),
    ((0, 2, 4, 4), 2, (3, 3), 1, {}),
    ((0, 2, 6, 6), 2, (1, 1), 1, {}),
    ((2, 33, 13, 14), 35, (3, 3), 1, {"pad": ((1, 0), (2, 1))}),
    ((3, 5, 9, 8), 5, (3, 3), 5, {"pad": 1}),
    ((2, 3, 9, 7), 6, (5, 4), 3, {"pad": ((2, 6), (4, 2)), "dilation": 2}),
    ((2, 4, 11), 4, (3,), 4, {"pad": ((2, 0),)}),
    ((2, 2, 5, 6, 7), 2, (2, 3, 1), 2, {"pad": ((1, 0), (1, 1), (0, 0)), "stride": (1, 2, 3)}),
    ((1, 1, 1, 1), 1, (1, 1), 1, {}),
    ((2, 2, 5, 5), 3, (2, 2), 1, {"stride": 4}),
    ((3, 2, 11, 10), 3, (3, 3), 1, {"pad": 1}),
    ((3, 2, 11, 10), 3, (1, 1), 1, {}),
    ((0, 2, 11, 10), 3, (3, 3), 1, {"pad": 1}),
]
every_image = pytest.mark.parametrize("case", IMAGES, ids=lambda case: f"{case[0]} {case[2]} {case[4]}")
every_dtype = pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])


def test_images_without_windows(cp):
    """A transposed convolution of images without pixels."""
    w = windows((4, 5), (2, 3))._replace(out=(0, 3))
    y, W = numbers(2, 3, 0, 3), numbers(3, 2, 2, 3)
    check(gpu_conv.transpose, conv.transpose.plain, y, W, w)
    check(gpu_conv.filter_gradient, conv.filter_gradient.plain, numbers(2, 2, 4, 5), y, w, 1, True)


def arguments(case, dtype):
    (N, C, *size), M, kernel, groups, options = case
    w = windows(tuple(size), kernel, **options)
    x, W = numbers(N, C, *size, dtype=dtype), numbers(M, C // groups, *kernel, dtype=dtype)
    return x, W, numbers(M, dtype=dtype), numbers(N, M, *w.out, dtype=dtype), w, groups


def check_products(case, dtype):
    x, W, b, y, w, groups = arguments(case, dtype)
    for bias in (None, b):
        check(gpu_conv.forward, conv.forward.plain, x, W, bias, w, groups)
    check(gpu_conv.transpose, conv.transpose.plain, y, W, w, groups)
    for bias in (False, True):
        check(gpu_conv.filter_gradient, conv.filter_gradient.plain, x, y, w, groups, bias)


@every_dtype
@every_image
def test_the_three_products(cp, case, dtype):
    check_products(case, dtype)


DEPTHWISE = [
    ((3, 5, 9, 8), 5, (3, 3), 5, {"pad": 1}),
    ((2, 3, 9, 7), 6, (5, 4), 3, {"pad": ((2, 6), (4, 2)), "dilation": 2}),
    ((2, 4, 11), 12, (3,), 4, {"pad": ((2, 0),), "stride": 2}),
    ((0, 3, 5, 5), 3, (3, 3), 3, {}),
    ((2, 2, 4, 5, 6), 2, (2, 3, 1), 2, {"stride": (2, 1, 3), "pad": 1}),
    ((2, 2, 40, 41), 2, (1, 1), 2, {}),
]


@every_dtype
@pytest.mark.parametrize("case", DEPTHWISE, ids=str)
def test_depthwise_products(cp, case, dtype):
    x, W, b, y, w, groups = arguments(case, dtype)
    for bias in (None, b):
        check(gpu_depthwise.forward, conv.forward.plain, x, W, bias, w, groups)
    check(gpu_depthwise.transpose, conv.transpose.plain, y, W, w, groups)
    for bias in (False, True):
        check(gpu_depthwise.filter_gradient, conv.filter_gradient.plain, x, y, w, groups, bias)


@pytest.mark.parametrize("limit", [1, 100, 1000, 4000])
@every_image
def test_the_three_products_in_blocks(cp, case, limit, monkeypatch):
    """Of whole images, of parts of them, and of single windows; no block above the limit."""
    monkeypatch.setattr(gpu_conv, "LIMIT", limit)
    blocks, made = gpu_conv.blocks, []

    def watched(N, O, rows):
        parts = blocks(N, O, rows)
        made.extend((n, n * rows) for _, n in parts)
        assert sum(n for _, n in parts) == N * O
        return parts

    monkeypatch.setattr(gpu_conv, "blocks", watched)
    check_products(case, np.float64)
    assert all(size <= limit or n == 1 for n, size in made)


def test_views_and_dtypes_that_differ(cp):
    """Arrays that lie across memory, backwards, and repeated; float32 with float64 gives float64."""
    w = windows((6, 5), (3, 2), pad=1)
    x, W = numbers(5, 6, 2, 3)[:, ::-1].transpose(3, 2, 1, 0), numbers(8, 2, 3, 2)[::2]
    got = conv.forward(cp.asarray(x), cp.asarray(W)[::-1], None, w)
    np.testing.assert_allclose(got.get(), conv.forward.plain(x, W[::-1], None, w), rtol=1e-12)
    y = np.broadcast_to(numbers(3, 1, 1, 1), (3, 4, *w.out))
    got, _ = conv.filter_gradient(cp.asarray(x)[...], cp.broadcast_to(cp.asarray(y[:, :1]), y.shape), w)
    np.testing.assert_allclose(got.get(), conv.filter_gradient.plain(x, y, w)[0], rtol=1e-11)
    mixed = conv.forward(cp.asarray(x, np.float32), cp.asarray(W), None, w)
    assert mixed.dtype == np.float64
    np.testing.assert_allclose(mixed.get(), conv.forward.plain(x.astype("f"), W, None, w), rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int32, np.int64, np.uint8, bool])
@every_image
def test_im2col_and_col2im(cp, case, dtype):
    x, _, _, _, w, _ = arguments(case, np.float64)
    x = (4 * x).astype(dtype)
    cols = im2col.im2col.plain(x, w)
    for way, kernel, given in ((gpu_conv.im2col, im2col.im2col, x), (gpu_conv.col2im, im2col.col2im, cols)):
        got = way.compute(cp.asarray(given), w)
        expected = kernel.plain(given, w)
        assert (got.dtype, got.shape) == (expected.dtype, expected.shape)
        room = 0.1 if dtype == np.float16 else 1e-5
        np.testing.assert_allclose(got.get().astype("d"), expected.astype("d"), rtol=room, atol=room)


def test_half_precision_is_converted_nowhere(cp):
    """cuBLAS adds numbers of float16 up in float32, and so do the kernels."""
    x, W, b = [Variable(cp.asarray(a, "e")) for a in (numbers(2, 3, 9, 9), numbers(4, 3, 3, 3), numbers(4))]
    y = F.conv2d(x, W, b, pad=1)
    y.sum().backward()
    assert {a.dtype for a in (y, x.grad, W.grad, b.grad)} == {np.dtype("e")}
    assert F.conv_transpose2d(y, W, stride=2).dtype == np.float16
    exact = conv.forward.plain(*[a.data.get().astype("d") for a in (x, W, b)], windows((9, 9), (3, 3), pad=1))
    np.testing.assert_allclose(y.data.get().astype("d"), exact, rtol=2e-3, atol=2e-3)


def test_products_of_matrices_as_they_lie(cp):
    """Transposed, broadcast, across memory, of one row, and added to what is there."""
    for dtype, room in (("e", 1e-2), ("f", 1e-5), ("d", 1e-12)):
        for A, B in [
            (numbers(1, 4, 5), numbers(3, 5, 2)),
            (numbers(3, 4, 5), numbers(3, 5, 2)),
            (numbers(1, 4, 5), numbers(1, 5, 2)),
            (numbers(3, 5, 4).swapaxes(1, 2), numbers(3, 2, 5).swapaxes(1, 2)),
            (np.broadcast_to(numbers(4, 5), (3, 4, 5)), numbers(3, 5, 2)),
            (numbers(3, 4, 10)[:, :, ::2], numbers(3, 5, 6)[:, ::-1, :2]),
            (numbers(3, 1, 5), numbers(3, 5, 1)),
            (numbers(3, 1, 1), numbers(3, 1, 4)),
            (numbers(3, 5, 1).swapaxes(1, 2), numbers(3, 1, 5).swapaxes(1, 2)),
            (numbers(2, 3, 0), numbers(2, 0, 4)),
            (numbers(2, 0, 3), numbers(2, 3, 4)),
        ]:
            for add in (False, True):
                A, B, y = A.astype(dtype), B.astype(dtype), numbers(*(A @ B).shape, seed=1).astype(dtype)
                got = write_product(cp.asarray(y), cp.asarray(A), cp.asarray(B), add)
                expected = add * y.astype("d") + A.astype("d") @ B.astype("d")
                np.testing.assert_allclose(got.get().astype("d"), expected, rtol=room, atol=room)


class OnlyThese:
    """cuBLAS's products alone, with a note on each: where its factors lie, the types, how it is added up."""

    def __init__(self, library):
        self.library, self.calls = library, []

    def gemmEx(self, *args):
        self.calls.append(({args[7], args[10]}, {args[i] for i in (8, 11, 15)}, args[-2]))
        self.library.gemmEx(*args)

    def gemmStridedBatchedEx(self, *args):
        self.calls.append(({args[7], args[11]}, {args[i] for i in (8, 12, 17)}, args[-2]))
        self.library.gemmStridedBatchedEx(*args)


@pytest.fixture
def asked(cp, monkeypatch):
    found = OnlyThese(cp.cuda.cublas)
    monkeypatch.setattr(products, "functions", lambda cuda: found)
    return found.calls


def half(name, *arrays):
    """The arrays there, in this dtype. The test is skipped where nothing multiplies such numbers."""
    if name == "bfloat16":
        pytest.importorskip("ml_dtypes", reason="pip install ml_dtypes")
    dtype = bfloat16.dtype_from(name)
    cp = backend.cupy()
    try:
        ones = cp.ones((1, 1, 1), np.float32).astype(dtype)
        write_product(ones.copy(), ones, ones)
    except (cp.cuda.compiler.CompileException, cp.cuda.cublas.CUBLASError) as error:
        pytest.skip(f"this CuPy has no products of {name}: {str(error)[:80]}")
    if not products.has_tensor_cores(ones, ones):
        pytest.skip(f"needs a GPU that multiplies {name}")
    return [cp.asarray(a, np.float32).astype(dtype) for a in arrays]


def single(x):
    return (x.data if isinstance(x, Variable) else x).astype(np.float32).get()


HALVES = {"float16": (2, 2.0**-11), "bfloat16": (14, 2.0**-8)}  # cuBLAS's number of the type, half a step behind 1
every_half = pytest.mark.parametrize("name", HALVES)


def assert_rounded(found, exact, name):
    """`found` is `exact`, rounded once."""
    room = HALVES[name][1] * 1.01
    np.testing.assert_allclose(single(found), exact, rtol=room, atol=room * 1e-2)


@every_half
def test_a_product_of_16_bits_is_asked_of_cublas_as_it_is(cp, name, asked):
    """One call, of the operands' own memory: nothing is widened before it, and nothing rounded behind it."""
    x, W, gy = half(name, numbers(4, 5), numbers(5, 3), numbers(4, 3, seed=1))
    asked.clear()
    vx, vW = Variable(x), Variable(W)
    y = vx @ vW
    y.backward(Variable(gy))
    assert [types for _, types, _ in asked] == [{HALVES[name][0]}] * 3
    assert {added for *_, added in asked} == {68}  # in float32
    assert [where for where, *_ in asked] == [{a.data.ptr for a in pair} for pair in ((x, W), (gy, W), (x, gy))]
    for found, exact in (
        (y, single(x) @ single(W)), (vx.grad, single(gy) @ single(W).T), (vW.grad, single(x).T @ single(gy)),
    ):  # fmt: skip
        assert found.dtype == x.dtype
        assert_rounded(found, exact, name)


@every_half
def test_a_layer_of_16_bits_is_one_product(cp, name, asked):
    """With the bias, to which cuBLAS adds before it rounds: of 256 + 0.75 + 0.75 bfloat16 makes 258, and not 256."""
    x, W, b, gy = half(name, numbers(6, 5), numbers(5, 3), numbers(3), numbers(2, 3, 3))
    asked.clear()
    given = [Variable(a) for a in (x.reshape(2, 3, 5), W, b)]
    y = F.linear(*given)
    assert len(asked) == 1
    y.backward(Variable(gy))
    assert [types for _, types, _ in asked] == [{HALVES[name][0]}] * 3
    g = single(gy).reshape(6, 3)
    assert_rounded(y.reshape(6, 3), single(x) @ single(W) + single(b), name)
    for v, exact in zip(given, (g @ single(W).T, single(x).T @ g, g.sum(0))):
        assert v.grad.dtype == y.dtype == x.dtype
        assert_rounded(v.grad.reshape(exact.shape), exact, name)
    large = 1 / HALVES[name][1]  # the next number behind it is 2 more
    x, W, b = half(name, [[large, 0.75]], [[1], [1]], [0.75])
    assert single(F.linear(x, W, b)) == large + 2


@every_half
@pytest.mark.parametrize(
    "shapes",
    [((4, 5), (5, 3)), ((5,), (5, 3)), ((2, 4, 5), (5, 3)), ((2, 4, 5), (2, 5, 3)), ((4, 5), (2, 5, 3)),
     ((3, 1, 4, 5), (2, 5, 3)), ((0, 5), (5, 3)), ((4, 0), (0, 3))],
)  # fmt: skip
def test_products_of_16_bits(cp, name, shapes, asked):
    """Their derivatives' derivatives too are products of 16 bits."""
    x, W = half(name, *[numbers(*shape) for shape in shapes])
    asked.clear()
    vx, vW = Variable(x), Variable(W)
    y = vx @ vW
    assert y.dtype == x.dtype
    assert_rounded(y, single(x) @ single(W), name)
    (gx,) = ag.grad((y * y).sum(), [vx], create_graph=True)
    (gx * gx).sum().backward()
    assert {g.dtype for g in (gx, vx.grad, vW.grad)} == {x.dtype}
    assert {kind for _, types, _ in asked for kind in types} == ({HALVES[name][0]} if x.size else set())
    wx, wW = [Variable(single(a)) for a in (x, W)]
    (wide,) = ag.grad(((wx @ wW) ** 2).sum(), [wx], create_graph=True)
    (wide * wide).sum().backward()
    for found, exact in ((gx, wide), (vx.grad, wx.grad), (vW.grad, wW.grad)):
        room = 8 * HALVES[name][1] * max(1, np.abs(exact.data).max(initial=0))
        np.testing.assert_allclose(single(found), exact.data, rtol=0, atol=room)


@every_half
def test_a_product_with_float32_is_one_of_float32(cp, name, asked):
    x, W = half(name, numbers(4, 5), numbers(5, 3))
    vx, vW = Variable(x), Variable(W.astype(np.float32))
    y = vx @ vW
    y.sum().backward()
    assert (y.dtype, vx.grad.dtype, vW.grad.dtype) == (np.float32, x.dtype, np.float32)
    np.testing.assert_allclose(single(y), single(x) @ single(W), rtol=1e-5, atol=1e-5)
    assert F.linear(vx, Variable(W), Variable(cp.zeros(3, np.float32))).dtype == np.float32


@every_half
def test_a_captured_product_of_16_bits_is_a_routine(cp, name, asked):
    x, W = half(name, numbers(4, 5), numbers(5, 3))
    step = ag.capture(lambda x, W: F.relu(Variable(x) @ Variable(W)).data, graph=False)
    for _ in range(4):
        y = step(x, W)
    assert "matmul_half_product(" in step.source
    assert {kind for _, types, _ in asked for kind in types} == {HALVES[name][0]}
    assert_rounded(y, np.maximum(single(x) @ single(W), 0), name)


@every_dtype
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_sums_along_an_axis(cp, axis, dtype):
    """A weight of 0 takes nothing, not even of an infinity or a nan."""
    x = numbers(4, 5, 6, dtype=dtype)
    A = np.abs(numbers(3, x.shape[axis], dtype=dtype)) * (numbers(3, x.shape[axis], seed=1) > 0)
    check(weighted_sums, matmul.weighted_sums.plain, x, A, axis)
    x[1, 2, 3], x[2, 0, 0] = np.inf, np.nan
    got = matmul.weighted_sums(cp.asarray(x)[:, ::-1], cp.asarray(A)[::-1], axis)
    expected = matmul.weighted_sums.plain(x.astype("d")[:, ::-1], A.astype("d")[::-1], axis)
    np.testing.assert_allclose(got.get().astype("d"), expected, rtol=0.01, atol=0.01)


def test_fewer_digits_on_request(cp, monkeypatch):
    """The switch of CuPy holds for our products too; how many digits are left depends on the GPU."""
    monkeypatch.setenv("CUPY_TF32", "1")
    A, B = numbers(1, 4, 5, dtype="f"), numbers(1, 5, 3, dtype="f")
    got = write_product(cp.empty((1, 4, 3), "f"), cp.asarray(A), cp.asarray(B))
    np.testing.assert_allclose(got.get(), A @ B, rtol=1e-2, atol=1e-2)


POOLED = [  # (N, C, *size), kernel, options
    ((2, 3, 7, 6), (2, 2), {"stride": 2}),
    ((2, 3, 7, 6), (3, 2), {"stride": 2, "pad": 1}),
    ((2, 3, 7, 6), (3, 3), {"stride": (1, 3), "pad": ((0, 1), (1, 0))}),
    ((2, 3, 7, 6), (3, 3), {"stride": 2, "ceil": True}),
    ((2, 3, 7, 6), (3, 3), {"dilation": 2, "pad": 1}),
    ((3, 1, 9), (4,), {"stride": 3}),
    ((1, 2, 4, 5, 6), (2, 3, 2), {"stride": (1, 2, 2), "pad": ((1, 0), (0, 1), (1, 1))}),
    ((0, 2, 4, 4), (2, 2), {}),
    ((2, 0, 4, 4), (2, 2), {}),
    ((1, 1, 20, 20), (17, 17), {}),  # more taps than fit into a byte
    ((1, 1, 700), (600,), {"stride": 50}),  # sums of many numbers
    ((1, 1, 2, 2), (3, 3), {"pad": 3, "stride": 3}),  # windows in the padding alone
]
every_pooling = pytest.mark.parametrize("case", POOLED, ids=str)


@every_dtype
@every_pooling
def test_sums_of_windows(cp, case, dtype):
    shape, kernel, options = case
    w = windows(shape[2:], kernel, **options)
    y = numbers(*shape[:2], *w.out, dtype=dtype)
    check(gpu_pooling.window_sum, pooling.window_sum.plain, numbers(*shape, dtype=dtype), w, factor=4)
    check(gpu_pooling.window_fill, pooling.window_fill.plain, y, w, factor=4)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int64, np.int8, bool])
@pytest.mark.parametrize("special", [False, True])
@every_pooling
def test_maxima_of_windows(cp, case, dtype, special):
    """Whole numbers of a small range, so that windows have several maxima; nan, and some that hold -inf alone."""
    shape, kernel, options = case
    w = windows(shape[2:], kernel, **options)
    x = np.random.default_rng(0).integers(-2, 2, shape).astype(dtype)
    if special and x.dtype.kind == "f":
        x[x == -2] = -np.inf
        x[:1, :1] = -np.inf
        x[np.random.default_rng(1).random(shape) < 0.02] = np.nan
    y, where = pooling.window_max.plain(x, w)
    got = pooling.window_max(cp.asarray(x), w)
    for a, b in zip(got, (y, where), strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a.get(), b)
    if x.dtype != bool:
        gathered = pooling.gather_max(cp.asarray(x), got[1], w)
        np.testing.assert_array_equal(gathered.get(), pooling.gather_max.plain(x, where, w))
        scattered = pooling.scatter_max(got[0], got[1], w)
        np.testing.assert_allclose(scattered.get(), pooling.scatter_max.plain(y, where, w), rtol=1e-3)


@pytest.mark.parametrize("dtype", [np.float16, np.float64, np.int64])
@pytest.mark.parametrize(
    ("size", "out"), [((7, 6), (3, 4)), ((5,), (8,)), ((4, 5, 6), (3, 2, 6)), ((6, 6), (1, 1))], ids=str
)
def test_maxima_of_regions(cp, size, out, dtype):
    x = np.random.default_rng(0).integers(-2, 2, (2, 3, *size)).astype(dtype)
    y, pixel = pooling.region_max(cp.asarray(x), out)
    for a, b in zip((y, pixel), pooling.region_max.plain(x, out), strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a.get(), b)
    if x.dtype.kind == "f":
        x[np.random.default_rng(1).random(x.shape) < 0.1] = np.nan
        y, pixel = pooling.region_max(cp.asarray(x), out)
        np.testing.assert_array_equal(y.get(), pooling.region_max.plain(x, out)[0])
        at = np.take_along_axis(x.reshape(2, 3, -1), pixel.get().reshape(2, 3, -1), 2)
        np.testing.assert_array_equal(at.reshape(y.shape), y.get())


@every_dtype
@pytest.mark.parametrize("shape", [(5, 3), (2, 1, 7), (4, 6, 5, 3), (3, 2, 40, 30), (1, 1, 2, 3, 4)], ids=str)
@pytest.mark.parametrize("eps", [1e-5, 0.5])
def test_batch_norm(cp, shape, eps, dtype):
    x, gy = 3 * numbers(*shape, dtype=dtype) + 1, numbers(*shape, dtype=dtype, seed=1)
    gamma, beta = numbers(shape[1], dtype=dtype), numbers(shape[1], dtype=dtype, seed=1)
    check(gpu_norms.batch_norm, normalization.normed_channels.plain, x, gamma, beta, eps, factor=4)
    _, mean, var = normalization.normed_channels.plain(*[a.astype("d") for a in (x, gamma, beta)], eps)
    mean, var = mean.astype(dtype), var.astype(dtype)
    for needs in ((True, True, True), (False, True, False)):
        plain = normalization.channels_gradient.plain
        check(gpu_norms.batch_norm_gradient, plain, gy, x, gamma, mean, var, eps, needs, factor=8)
    plain = normalization.channels_by_statistics.plain
    check(gpu_norms.batch_norm_inference, plain, x, gamma, beta, mean, var, eps, factor=8)


@every_dtype
@pytest.mark.parametrize("rows", [(5,), (2, 3), (1,), (1100,)], ids=str)
@pytest.mark.parametrize("row", [(4,), (1,), (70,), (3, 5), (1300,)], ids=str)
def test_layer_norm(cp, rows, row, dtype):
    x, gy = 3 * numbers(*rows, *row, dtype=dtype) + 1, numbers(*rows, *row, dtype=dtype, seed=1)
    gamma, beta, eps = numbers(*row, dtype=dtype), numbers(*row, dtype=dtype, seed=1), 1e-2
    check(gpu_norms.layer_norm, normalization.normed_rows.plain, x, gamma, beta, eps, factor=4)
    _, mean, var = normalization.normed_rows.plain(*[a.astype("d") for a in (x, gamma, beta)], eps)
    mean, var = mean.astype(dtype), var.astype(dtype)
    for needs in ((True, True, True), (True, False, False), (False, True, False), (False, False, True)):
        plain = normalization.rows_gradient.plain
        check(gpu_norms.layer_norm_gradient, plain, gy, x, gamma, mean, var, eps, needs, factor=16)


@every_dtype
@pytest.mark.parametrize("rows", [(5,), (2, 3), (1100,)], ids=str)
@pytest.mark.parametrize("row", [(4,), (1,), (70,), (3, 5)], ids=str)
def test_rms_norm(cp, rows, row, dtype):
    x, gy = 3 * numbers(*rows, *row, dtype=dtype) + 1, numbers(*rows, *row, dtype=dtype, seed=1)
    gamma, eps = numbers(*row, dtype=dtype), 0.1
    check(gpu_norms.rms_norm, normalization.scaled_rows.plain, x, gamma, eps, factor=4)
    square = normalization.scaled_rows.plain(x.astype("d"), gamma.astype("d"), eps)[1].astype(dtype)
    for needs in ((True, True), (True, False), (False, True)):
        plain = normalization.scaled_rows_gradient.plain
        check(gpu_norms.rms_norm_gradient, plain, gy, x, gamma, square, eps, needs, factor=16)


def allocated(f):
    """How many arrays of the device f makes: as many as its kernels have results, the steps between them included."""

    class Counting(backend.cupy().cuda.MemoryHook):
        name = "counting"
        made = 0

        def malloc_preprocess(self, **_):
            self.made += 1

    with Counting() as hook:
        f()
    return hook.made


def test_nothing_is_made_between_the_steps_of_a_formula(cp):
    """One array for a batch norm in test mode, relu's gradient, and each gradient of a layer norm."""
    x, one = Variable(cp.asarray(numbers(4, 3, 5, dtype="f"))), cp.ones(3, "f")
    given = Variable(cp.ones(5, "f")), Variable(cp.ones(5, "f"))
    assert allocated(lambda: F.batch_norm_inference(x, one, one, one, one)) == 1
    y = F.relu(x)
    assert allocated(lambda: y.creator.backward(x.data)) == 1
    y = F.layer_norm(x, *given)
    assert allocated(lambda: ag.grad(y, [x, *given], [x])) == 3


def test_equal_numbers_are_their_own_mean(cp):
    """So that what is left of them is 0, and not rounding made large."""
    x = cp.full((7, 3, 11), 3333.3, np.float32)
    one, zero = cp.ones(3, np.float32), cp.zeros(3, np.float32)
    for y, mean, var in (
        gpu_norms.batch_norm(x, one, zero, 1e-5),
        gpu_norms.layer_norm(x.reshape(77, 3), one, zero, 1e-5),
    ):
        assert (mean == np.float32(3333.3)).all()
        assert not y.any()
        assert not var.any()


def test_many_numbers_of_a_channel_keep_their_digits(cp):
    x = numbers(1, 1, 600_000, dtype=np.float32) + 1000
    _, mean, var = gpu_norms.batch_norm(cp.asarray(x), cp.ones(1, "f"), cp.zeros(1, "f"), 0.0)
    np.testing.assert_allclose(mean.get(), x.mean((0, 2), dtype="d"), rtol=1e-6)
    np.testing.assert_allclose(var.get(), x.var((0, 2), dtype="d"), rtol=1e-5)


@pytest.mark.parametrize("dtypes", ["ff", "dd", "ef", "fd"])
def test_running_statistics(cp, dtypes):
    running, batch = dtypes
    args = [numbers(5, dtype=running, seed=i) for i in range(2)] + [numbers(5, dtype=batch, seed=i) for i in (3, 4)]
    got = norms.moved_statistics(*map(cp.asarray, args), 0.9, 12)
    for a, b in zip(got, norms.moved_statistics.plain(*args, 0.9, 12), strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a.get(), b, rtol=1e-3 if running == "e" else 1e-6)


def test_views_are_pooled_and_normalized(cp):
    """Arrays that lie across memory, backwards, and repeated."""
    x = numbers(9, 8, 3, 2)[::-1].transpose(3, 2, 0, 1)
    given, repeated = (
        cp.asarray(numbers(9, 8, 3, 2))[::-1].transpose(3, 2, 0, 1),
        np.broadcast_to(numbers(3, 1, 1), x.shape),
    )
    w = windows((9, 8), (3, 2), 2)
    for a, b in ((given, x), (cp.broadcast_to(cp.asarray(numbers(3, 1, 1)), x.shape), repeated)):
        y, where = pooling.window_max(a, w)
        np.testing.assert_array_equal(y.get(), pooling.window_max.plain(b, w)[0])
        strided = cp.asarray(np.repeat(y.get(), 2, 3))[..., ::2]
        back = pooling.scatter_max(strided, cp.asfortranarray(where), w)
        np.testing.assert_allclose(back.get(), pooling.scatter_max.plain(y.get(), where.get(), w), rtol=1e-12)
        np.testing.assert_allclose(pooling.window_sum(a, w).get(), pooling.window_sum.plain(b, w), rtol=1e-12)
        one = np.linspace(1, 2, 6)
        gamma, beta = cp.asarray(one)[::2], cp.asarray(one)[::-2]
        got = normalization.normed_channels(a, gamma, beta, 0.1)
        for p, q in zip(got, normalization.normed_channels.plain(b, one[::2], one[::-2], 0.1), strict=True):
            np.testing.assert_allclose(p.get(), q, rtol=1e-9, atol=1e-12)
        got = normalization.channels_gradient(a, a, gamma, *got[1:], 0.1, (True, True, True))
        expected = normalization.channels_gradient.plain(
            b, b, one[::2], *normalization.normed_channels.plain(b, one[::2], one[::2], 0.1)[1:], 0.1, (1, 1, 1)
        )
        for p, q in zip(got, expected, strict=True):
            np.testing.assert_allclose(p.get(), q, rtol=1e-9, atol=1e-9)


def test_a_model_of_all_of_them_learns_what_it_learns_on_the_cpu(cp):
    """The loss and the gradients of one step, and the statistics that it leaves behind."""

    def step(device):
        rng = np.random.default_rng(0)
        options = {"dtype": np.float64, "rng": rng}
        model = L.Sequential(
            L.Conv2d(8, 3, pad=1, **options), L.BatchNorm(8, dtype=np.float64), F.relu,
            lambda x: F.max_pool2d(x, 3, 2, 1), L.Conv2d(8, 3, pad=1, groups=8, **options),
            L.GroupNorm(2, 8, dtype=np.float64), L.Conv2d(6, 1, **options), F.global_average_pool2d, F.flatten,
        ).to(device)  # fmt: skip
        x = Variable(rng.standard_normal((4, 3, 11, 10))).to(device)
        loss = (model(x) ** 2).sum()
        loss.backward()
        found = [loss, *[p.grad for p in model.params()], model[1].mean, model[1].var]
        return [backend.to_numpy(x.data) for x in found]

    for got, expected in zip(step("gpu"), step("cpu"), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-11)
