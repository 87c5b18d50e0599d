"""Digits: sums over any axes, float16 where the result is representable, whole numbers, and tails where digits cancel.

The right values are those of exact sums, of Python's `math`, or of the same function in float64.
"""

import itertools
import math
import warnings

import numpy as np
import pytest

import autograd.functions as F
from autograd import Variable, grad
from autograd.functions import activation
from autograd.kernels.einsum import sum_of_products
from autograd.kernels.erf import normal_cdf
from autograd.kernels.indexing import add_at
from autograd.kernels.matmul import product
from autograd.sums import sum_over
from tests.test_ops import OPS, every_op, floating, mapped, noting, outputs, values

pytestmark = pytest.mark.standin_exempt(
    "NumPy loses these digits; CuPy adds in a tree, which the stand-in does not imitate"
)

UNITS = {"e": 2.0**-11, "f": 2.0**-24, "d": 2.0**-53, "g": 2.0**-63}  # half a unit in the last place, relative


def near(y, exact, units):
    """Is `y` within so many halves of a unit in the last place of its dtype?"""
    return bool((np.abs(y.astype(np.longdouble) - exact) <= units * UNITS[y.dtype.char] * np.abs(exact)).all())


SHAPES = [(3000,), (3000, 2), (700, 3, 5), (20, 3, 30, 2), (1, 5000, 1), (300, 300)]


@pytest.mark.parametrize("dtype", "efdg")
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_sums_over_all_axes_of_all_layouts(shape, dtype):
    rows = np.random.default_rng(0).random(shape).astype(dtype)
    for order in itertools.permutations(range(rows.ndim)):
        x = rows.transpose(order)
        for a in (x, x[::-1], x[..., ::2], np.broadcast_to(x[:1], x.shape), np.broadcast_to(x[..., :1], x.shape)):
            for axes in itertools.chain(*[itertools.combinations(range(x.ndim), r) for r in range(x.ndim + 1)]):
                for keepdims in (True, False):
                    y, exact = sum_over(a, axes, keepdims), a.astype(np.longdouble).sum(axis=axes, keepdims=keepdims)
                    assert (y.shape, y.dtype) == (exact.shape, a.dtype)
                    assert near(y, exact, 64 if dtype == "g" else 32), (a.strides, axes)  # the reference is "g" itself


N = 300_000
X = np.full((N, 2), 0.1, np.float32)
TENTH = float(np.float32(0.1))
ONES = np.ones(2, np.float32)
RAMP = np.repeat((np.arange(N, dtype=np.float32) % 100)[:, None], 2, 1)  # mean 49.5, variance 833.25
ODD = np.repeat((np.arange(N, dtype=np.float32) % 2)[:, None], 2, 1)  # -1 and 1 after a normalization
IMAGES = X[: N // 10].reshape(-1, 2, 1, 1)


def slope(f, shape=(2,), at=0.0):
    """The gradient of f at a constant."""
    p = Variable(np.full(shape, at, np.float32))
    return grad(f(p), p).data.ravel()[0]


def of_rows(f):
    return [f(X).ravel()[0], f(Variable(X)).data.ravel()[0]]


LONG_SUMS = {
    "sum": (lambda: of_rows(lambda x: F.sum(x, 0)), N * TENTH),
    "mean": (lambda: of_rows(lambda x: F.mean(x, 0)), TENTH),
    "Variable.mean": (lambda: [Variable(X).mean(0).data[0], Variable(X[::2]).mean().data], TENTH),
    "sum of a view": (lambda: of_rows(lambda x: F.sum(x[:, :1], (0, 1), keepdims=True)), N * TENTH),
    "sum_to": (lambda: of_rows(lambda x: F.sum_to(x, (1, 2))), N * TENTH),
    "cumsum": (lambda: of_rows(lambda x: F.cumsum(x, 0)[-1]), N * TENTH),
    "gradient of cumsum": (
        lambda: slope(lambda p: F.sum(F.cumsum(p, 0)[-1:] * X[:1]) + F.sum(F.cumsum(p, 0) * X), (N, 1)),
        2 * N * TENTH + 2 * TENTH,
    ),
    "var": (lambda: [F.var(RAMP, 0)[0], F.var(Variable(RAMP), 0).data[0]], 833.25),
    "std": (lambda: [F.std(RAMP, 0)[0], F.std(Variable(RAMP), 0).data[0]], 833.25**0.5),
    "norm": (lambda: of_rows(lambda x: F.norm(x, axis=0)), N**0.5 * TENTH),
    "norm 1": (lambda: of_rows(lambda x: F.norm(x, 1, 0)), N * TENTH),
    "norm 3": (lambda: of_rows(lambda x: F.norm(x, 3, 0)), N ** (1 / 3) * TENTH),
    "logsumexp": (lambda: of_rows(lambda x: F.logsumexp(x, 0)), math.log(N) + TENTH),
    "softmax": (lambda: of_rows(lambda x: F.softmax(x, 0)), 1 / N),
    "log_softmax": (lambda: of_rows(lambda x: F.log_softmax(x, 0)), -math.log(N)),
    "gradient of log_softmax": (lambda: slope(lambda p: F.log_softmax(p, 0)[0].sum(), (N, 2)), 1 - 1 / N),
    "einsum ni->i": (lambda: of_rows(lambda x: F.einsum("ni->i", x)), N * TENTH),
    "einsum ni,ni->i": (lambda: of_rows(lambda x: F.einsum("ni,ni->i", x, X)), N * TENTH**2),
    "einsum n,ni->i": (lambda: of_rows(lambda x: F.einsum("n,ni->i", x[:, 0], X)), N * TENTH**2),
    "tensordot": (lambda: of_rows(lambda x: F.tensordot(x, X, ([0], [0]))), N * TENTH**2),
    "matmul with a column": (lambda: of_rows(lambda x: F.matmul(x.T, X[:, :1])), N * TENTH**2),
    "matmul with a broadcast": (
        lambda: of_rows(lambda x: F.matmul(x.T, np.broadcast_to(np.float32(0.1), (N, 2)))),
        N * TENTH**2,
    ),
    "gradient of a bias": (lambda: slope(lambda b: F.sum((X + b) * X)), N * TENTH),
    "gradient of a number": (lambda: slope(lambda b: F.sum((X[:, :1] + b) * X[:, :1]), ()), N * TENTH),
    "gradient of a scale": (lambda: slope(lambda b: F.sum(X * b)), N * TENTH),
    "gradient of the bias in linear": (
        lambda: slope(lambda b: F.sum(F.linear(X, np.eye(2, dtype="f"), b) * X)),
        N * TENTH,
    ),
    "gradient of W in linear": (lambda: slope(lambda W: F.sum(F.linear(X, W, ONES)), (2, 2)), N * TENTH),
    "gradient of W in linear, one output": (
        lambda: slope(lambda W: F.sum(F.linear(X, W, ONES[:1])), (2, 1)),
        N * TENTH,
    ),
    "gradient of W in matmul": (lambda: slope(lambda W: F.sum(X @ W), (2, 2)), N * TENTH),
    "gradient of the bias in conv2d": (
        lambda: slope(lambda b: F.sum(F.conv2d(IMAGES, np.ones((3, 2, 1, 1), "f"), b) * TENTH), (3,)),
        N / 10 * TENTH,
    ),
    "gradient of W in conv2d": (
        lambda: slope(lambda W: F.sum(F.conv2d(IMAGES, W, ONES[:1])), (1, 2, 1, 1)),
        N / 10 * TENTH,
    ),
    "gradient of beta in batch_norm": (lambda: slope(lambda b: F.sum(F.batch_norm(ODD, ONES, b) * X)), N * TENTH),
    "gradient of gamma in batch_norm": (
        lambda: slope(lambda g: F.sum(F.batch_norm(ODD, g, ONES, eps=0) * (ODD * X)), at=1.0),
        N / 2 * TENTH,
    ),
    "gradient of beta in layer_norm": (lambda: slope(lambda b: F.sum(F.layer_norm(X, ONES, b) * X)), N * TENTH),
    "gradient of gamma in layer_norm": (
        lambda: slope(
            lambda g: F.sum(F.layer_norm(np.tile(np.array([1, 0], "f"), (N, 1)), g, ONES, eps=0) * X), at=1.0
        ),
        N * TENTH,
    ),
    "gradient of beta in group_norm": (lambda: slope(lambda b: F.sum(F.group_norm(X, 1, ONES, b) * X)), N * TENTH),
    "gradient of a row of an embedding": (
        lambda: slope(lambda W: F.sum(F.embedding(W, np.zeros(N, int)) * X), (3, 2)),
        N * TENTH,
    ),
    "gradient of a row of a large embedding": (
        lambda: slope(lambda W: F.sum(F.embedding(W, np.zeros(N, int)) * X), (5 * N, 2)),
        N * TENTH,
    ),
    "gradient of x[index]": (lambda: slope(lambda W: F.sum(W[np.zeros(N, int)] * X), (3, 2)), N * TENTH),
    "gradient of x[index, index]": (
        lambda: slope(lambda W: F.sum(W[np.zeros(N, int), np.zeros(N, int)] * X[:, 0]), (3, 2)),
        N * TENTH,
    ),
    "gradient of x[:, index]": (lambda: slope(lambda W: F.sum(W[:, np.zeros(N, int)] * X.T), (2, 3)), N * TENTH),
    "average of a large image": (
        lambda: [F.average_pool2d(np.full((1, 1, 120, 100), 0.1, "f"), (120, 100)).item()],
        TENTH,
    ),
    "mean_squared_error": (lambda: F.mean_squared_error(Variable(X), X * 0).data, TENTH**2),
    "mean_absolute_error": (lambda: F.mean_absolute_error(Variable(X), X * 0).data, TENTH),
}


@pytest.mark.parametrize("name", LONG_SUMS)
def test_float32_over_many_rows(name):
    """NumPy adds rows one after the other: after 300,000 rows of 0.1 the third digit is wrong."""
    run, exact = LONG_SUMS[name]
    np.testing.assert_allclose(run(), exact, rtol=3e-5)


def test_second_derivatives_over_many_rows():
    """In a recorded backward pass too: d/db of the sum of (b x)^2 is 2 b sum x^2."""
    b = Variable(ONES * 3)
    g = grad(F.sum((X * b) ** 2), b, create_graph=True)
    np.testing.assert_allclose(g.data, 6 * N * TENTH**2, rtol=1e-5)
    np.testing.assert_allclose(grad(F.sum(g), b).data, 2 * N * TENTH**2, rtol=1e-5)


EINSUMS = [
    ("ni->i", (5001, 3)),
    ("in->i", (3, 50000)),
    ("nip->pi", (5000, 2, 3)),
    ("ni,ni->i", (5001, 3), (5001, 3)),
    ("n,ni->i", (5000,), (5000, 3)),
    ("ni,n->i", (5000, 3), (1,)),
    ("n,n->", (50000,), (50000,)),
    ("nm,nm->m", (3000, 250), (3000, 250)),
    ("nm,m->n", (2, 50000), (50000,)),
    ("ni,ni->ni", (5000, 3), (5000, 3)),
    ("ni,nj->ij", (5000, 3), (5000, 2)),
    ("n,n,n->", (5000,), (5000,), (5000,)),
]


@pytest.mark.parametrize("dtype", "efd")
@pytest.mark.parametrize("text, shapes", [(text, shapes) for text, *shapes in EINSUMS])
def test_einsum_in_runs(text, shapes, dtype):
    terms, output = text.split("->")
    xs = [np.random.default_rng(i).uniform(0.1, 1, shape).astype(dtype) for i, shape in enumerate(shapes)]
    exact = np.einsum(text, *[x.astype(np.longdouble) for x in xs])
    y = sum_of_products(terms.split(","), output, *xs)
    assert y.dtype == xs[0].dtype
    assert near(y, exact, 100)


BIG = np.random.default_rng(0).integers(0, 3, 20_000)
PLACES = [
    ((3,), BIG),
    ((3, 2), BIG),
    ((3, 2), BIG - 3),
    ((3, 4), (BIG, BIG)),
    ((3, 4), (BIG, slice(1, 3))),
    ((4, 3), (slice(1, 3), BIG)),
    ((4, 3), (..., BIG)),
    ((4, 3), (None, BIG)),
    ((3, 4), np.array([True, False, True])),
    ((10**6, 2), BIG),
    ((10**6, 2), (BIG, BIG % 2)),
    ((10**5, 2), BIG.reshape(100, 200)),
    ((3, 4), [0, 0, 1]),
    ((3, 4), ([0, 0, 1], [1, 1, 2])),
    ((3, 4), (BIG.astype(np.uint8), np.array(1))),
    ((3, 4), 2),
    ((3, 4), np.int64(2)),
    ((3, 4), (np.int64(2), BIG)),
    ((3, 4), (2, BIG)),
    ((3, 0), BIG),
    ((3, 4, 5), (BIG, BIG - 3)),
    ((3, 4), BIG[:0]),
    ((2, 3, 4), (slice(None), np.array([[0], [1]]), np.array([[0, 1]]))),
    ((1100, 1000), (slice(None), np.array([1, 1]))),
    ((10**6, 2), ([0, 1], slice(None))),
]


@pytest.mark.parametrize("dtype", "efdl")
@pytest.mark.parametrize("shape, index", PLACES, ids=lambda x: repr(x)[:30])
def test_additions_at_an_index(shape, index, dtype):
    y = np.zeros(shape)
    x = np.random.default_rng(1).integers(1, 9, y[index].shape).astype(dtype)
    np.add.at(y, index, x)
    got = add_at(x, index, shape)
    assert (got.shape, got.dtype) == (y.shape, x.dtype)
    np.testing.assert_array_equal(got, y.astype(dtype))


@pytest.mark.parametrize(
    "a, b", [((1, 20000), (20000, 3)), ((3, 20000), (20000, 1)), ((2, 3, 20000), (2, 20000, 1)), ((3, 4), (4, 5))]
)
def test_products_in_pieces_and_of_float16(a, b):
    rng = np.random.default_rng(0)
    for dtype, units in (("e", 2), ("f", 200), ("d", 200)):
        x, W = rng.random(a).astype(dtype), rng.random(b).astype(dtype)
        assert near(product(x, W), x.astype(np.longdouble) @ W.astype(np.longdouble), units)


TAILS = {
    "elu": (F.elu, lambda x: math.exp(x)),
    "elu 2": (lambda x: F.elu(x, 2.0), lambda x: 2 * math.exp(x)),
    "selu": (F.selu, lambda x: 1.0507009873554805 * 1.6732632423543772 * math.exp(x)),
    "expm1": (F.expm1, math.exp),
}


@pytest.mark.parametrize(
    "dtype, points", [("e", [-3, -5, -7]), ("f", [-5, -10, -15, -17, -20, -60]), ("d", [-20, -30, -38, -600])]
)
@pytest.mark.parametrize("name", TAILS)
def test_slopes_in_the_tail(name, dtype, points):
    """y + alpha has no digits left where y is near -alpha. All derivatives of alpha (e^x - 1) are alpha e^x."""
    f, exact = TAILS[name]
    x = Variable(np.array(points, dtype))
    y = f(x)
    for _ in range(3):
        y = grad(y, x, create_graph=True)
        assert near(y.data, np.array([exact(p) for p in points]), 40)


@pytest.mark.parametrize("dtype, low", [("e", -5.4), ("f", -12), ("d", -37)])
def test_the_normal_distribution_in_its_tail(dtype, low):
    """1 + erf x cancels there: gelu(-4) was 0 in float16, and off by a third at -5 in float32."""
    x = np.linspace(low, 8, 2000).astype(dtype)
    exact = np.array([0.5 * math.erfc(-v / math.sqrt(2)) for v in x.tolist()])
    tolerance = {"e": 1e-3, "f": 1e-5, "d": 1e-12}[dtype]
    if dtype != "e":
        np.testing.assert_allclose(normal_cdf(x), exact, rtol=tolerance)
        assert normal_cdf(x[0]) == normal_cdf(x)[0]
    np.testing.assert_allclose(F.gelu(x).astype(float), x * exact, rtol=tolerance, atol=2.0**-24 if dtype == "e" else 0)


@pytest.mark.parametrize("f, sign", [(F.arcsin, 1), (F.arccos, -1)])
def test_slopes_near_the_ends_of_arcsin(f, sign):
    for dtype in "efd":
        x = np.nextafter(np.array([1, -1], dtype), np.array(0, dtype))
        exact = [sign / math.sqrt((1 - v) * (1 + v)) for v in x.tolist()]
        x = Variable(x)
        np.testing.assert_allclose(grad(f(x), x).data.astype(float), exact, rtol=4 * UNITS[dtype])


# float16


def in_dtype(op, case, dtype, scale):
    """The results of an op on the inputs rounded to float16 and then cast, and the gradients of seeds that fit too."""

    def cast(x):
        return (x * scale).astype(np.float16).astype(dtype) if floating(x) else x

    given = [Variable(x) if floating(x) else x for x in mapped(cast, case.args)]
    ys = outputs(op.f(*given, **mapped(cast, case.options)))
    found = [x for x in values(ys) if x.dtype.kind == "f"]
    ys = [y for y in ys if isinstance(y, Variable) and y.creator is not None]
    seeds = [
        np.asarray(np.random.default_rng(i).standard_normal(y.shape)).astype("e").astype(dtype)
        for i, y in enumerate(ys)
    ]
    xs = [x for x in given if isinstance(x, Variable)]
    return found + ([g.data for g in grad(ys, xs, seeds)] if ys and op.order else [])


EXEMPT = {
    ("batch_norm_with_statistics", None): "its statistics are float32",
    ("binary_cross_entropy", 0.005): "its eps is that of float16, as its docstring says",
    ("det", 1): "of a singular matrix it is 0, and the rounding of float32 is left",
    ("grid_sample", 200): "far outside, the weights of a cubic cancel: of a gradient that is 0 their rounding is left",
    ("instance_norm", 200): "its gradients cancel, of two pixels to 10^-6 of their terms",
    ("scaled_dot_product_attention", 200): "of a score far beyond the softcap the gradient is a difference to 1",
    ("operator **", 200): "x^p is one operation, and its derivative is the product of two, rounded in between",
    ("operator **", 0.005): "the same",
}


@every_op
@pytest.mark.parametrize("scale", [1, 200, 0.005])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_float16_is_right_where_it_is_finite(op, scale):
    """Results and gradients are those of float64 for the same inputs, up to two units of the largest element."""
    if {(op.name, scale), (op.name, None)} & EXEMPT.keys():
        return
    for case in op.cases:
        if not any(map(floating, case.args)):
            continue
        with noting(op, case):
            try:
                expected = in_dtype(op, case, np.float64, scale)
            except ValueError:
                assert scale != 1
                continue
            for y, exact in zip(in_dtype(op, case, np.float16, scale), expected):
                assert y.dtype == np.float16
                finite = np.isfinite(exact.astype(np.float16))
                e = exact[finite]
                bound = 2 * (np.spacing(np.abs(e.astype(np.float16))) + UNITS["e"] * np.abs(e).max(initial=0))
                assert (np.abs(y[finite] - e) <= bound).all()


def half(*xs):
    return Variable(np.array(xs, np.float16))


MANY = Variable(np.zeros(70_000, np.float16))
NORMAL = Variable(np.random.default_rng(0).standard_normal(100_000).astype(np.float16))
REPRESENTABLE = {
    "cumsum": (lambda: F.cumsum(half(*[1.0] * 5000)).data[-1], 5000),
    "sum over rows": (lambda: F.sum(Variable(np.ones((5000, 2), "e")), 0).data[0], 5000),
    "sum of a bias": (lambda: grad((np.ones((5000, 2), "e") + (b := half(0.0, 0.0))).sum(), b).data[0], 5000),
    "mean of 60000": (lambda: F.mean(half(*[6e4] * 10)).data, 6e4),
    "mean of an array": (lambda: F.mean(np.full((10, 2), 6e4, "e"), 0)[0], 6e4),
    "norm of ten 300s": (lambda: F.norm(half(*[300.0] * 10)).data, 90e4**0.5),
    "norm of four 1e-4": (lambda: F.norm(half(*[1e-4] * 4)).data, 2e-4),
    "std of 0 and 600": (lambda: F.std(half(0.0, 600.0)).data, 300),
    "std of 100,000": (lambda: F.std(NORMAL).data, 1),
    "var of 300 and 500": (lambda: F.var(half(*[300.0, 500.0] * 500)).data, 10_000),
    "prod": (lambda: F.prod(half(300, 300, 0.01, 0.01)).data, 300 * 300 * float(np.float16(0.01)) ** 2),
    "logsumexp of 70,000": (lambda: F.logsumexp(MANY).data, math.log(70_000)),
    "softmax of 70,000": (lambda: F.softmax(MANY).data[0], 1 / 70_000),
    "log_softmax of 70,000": (lambda: F.log_softmax(MANY).data[0], -math.log(70_000)),
    "cross entropy of 70,000 classes": (
        lambda: F.softmax_cross_entropy(MANY.reshape(1, -1), [0]).data,
        math.log(70_000),
    ),
    "cross entropy of 70,000 samples": (
        lambda: F.softmax_cross_entropy(MANY.reshape(-1, 2), np.zeros(35_000, int)).data,
        math.log(2),
    ),
    "mean squared error": (lambda: F.mean_squared_error(NORMAL, NORMAL.data * 0).data, 1),
    "mean squared error of 600": (lambda: F.mean_squared_error(half(600, *[0] * 99), half(*[0] * 100)).data, 3600),
    "sigmoid(-12)": (lambda: F.sigmoid(half(-12.0)).data[0], 1 / (1 + math.exp(12))),
    "silu(-12)": (lambda: F.silu(half(-12.0)).data[0], -12 / (1 + math.exp(12))),
    "gelu(-4)": (lambda: F.gelu(half(-4.0)).data[0], -2 * math.erfc(8**0.5)),
    "slope of gelu(60000, tanh)": (lambda: grad(F.gelu(x := half(60000.0), "tanh"), x).data[0], 1),
    "slope of tanh(4)": (lambda: grad(F.tanh(x := half(4.0)), x).data[0], 1 / math.cosh(4) ** 2),
    "slope of sigmoid(8)": (lambda: grad(F.sigmoid(x := half(8.0)), x).data[0], 1 / (2 * math.cosh(4)) ** 2),
    "slope of arctan(300)": (lambda: grad(F.arctan(x := half(300.0)), x).data[0], 1 / 90001),
    "average_pool2d": (lambda: F.average_pool2d(np.full((1, 1, 9, 9), 6e4, "e"), 9).item(), 6e4),
    "upsample2d": (
        lambda: grad(
            F.upsample2d(x := Variable(np.ones((1, 1, 1, 1), "e")), 60), x, np.ones((1, 1, 60, 60), "e")
        ).item(),
        3600,
    ),
    "embedding": (
        lambda: grad(F.embedding(W := Variable(np.zeros((2, 3), "e")), np.zeros(5000, int)).sum(), W).data[0, 0],
        5000,
    ),
    "x[[0, 0, ...]]": (lambda: grad((x := half(1.0, 2.0))[np.zeros(5000, int)].sum(), x).data[0], 5000),
    "einsum": (lambda: F.einsum("ni->i", np.ones((5000, 2), "e"))[0], 5000),
    "matmul": (lambda: (Variable(np.ones((1, 5000), "e")) @ np.ones((5000, 1), "e")).item(), 5000),
    "conv2d": (
        lambda: F.conv2d(
            Variable(np.full((1, 2, 1, 1), 6e4, "e")), np.array([1, -1], "e").reshape(1, 2, 1, 1), np.ones(1, "e")
        ).item(),
        1,
    ),
    "kl_divergence": (lambda: F.kl_divergence(half(*[1 / 4096] * 4096), half(*[1 / 2048] * 4096)).data, -math.log(2)),
}


@pytest.mark.parametrize("name", REPRESENTABLE)
@pytest.mark.filterwarnings("error")
def test_float16_on_the_way_to_a_representable_number(name):
    run, exact = REPRESENTABLE[name]
    y = run()
    assert abs(float(y) - exact) <= max(0.005 * abs(exact), 2.0**-24)


# whole numbers

WHOLE = [
    np.array([0, 1, 2, 3], np.uint8),
    np.array([5, 0, 7, 200], np.uint8),
    np.array([-128, 3, 5, 1], np.int8),
    np.array([1, 2, 3, 2**31], np.uint32),
    np.array([-(2**31), 0, 4, 2], np.int32),
    np.array([3, -1, 2, 0]),
    np.array([2**62, 2**62, 2**62, 0]),
    np.array([True, False, True, True]),
    np.array([200, 100, 0, 255], np.uint16),
]
REAL = [
    "sigmoid",
    "leaky_relu",
    "elu",
    "selu",
    "silu",
    "gelu",
    "softplus",
    "erf",
    "softmax",
    "log_softmax",
    "logsumexp",
    "mean",
    "var",
    "std",
    "norm",
]


@pytest.mark.parametrize("x", WHOLE, ids=lambda x: f"{x.dtype} {x.tolist()}")
@pytest.mark.parametrize("name", REAL)
def test_real_functions_of_whole_numbers(name, x):
    """As of the same numbers in float64: no number wraps around, and no result is a float16."""
    f = getattr(F, name)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        exact = f(x.astype(float))
        for y in (f(Variable(x)).data, np.asarray(f(x))):
            assert y.dtype == np.float64
            np.testing.assert_allclose(y, exact, rtol=1e-12)


@pytest.mark.parametrize("x", WHOLE, ids=lambda x: f"{x.dtype} {x.tolist()}")
def test_extremes_and_products_of_whole_numbers(x):
    given, numbers = Variable(x), x.tolist()
    assert [F.min(given).item(), given.min().item(), F.min(x).item()] == [min(numbers)] * 3
    assert [F.max(given).item(), given.max().item(), F.max(x).item()] == [max(numbers)] * 3
    assert F.min(given).dtype == F.max(given).dtype == x.dtype
    assert F.prod(given).item() == F.prod(x).item() == int(np.prod(x))
    assert F.sum(given).item() == int(np.sum(x))
    np.testing.assert_array_equal(F.abs(given).data, np.abs(x))
    np.testing.assert_array_equal(F.cumsum(given).data, np.cumsum(x))


# warnings

LOSSES = {
    "mean_absolute_error": lambda x: F.mean_absolute_error(x, x.data * 0),
    "huber_loss": lambda x: F.huber_loss(x, x.data * 0),
    "sigmoid_cross_entropy": lambda x: F.sigmoid_cross_entropy(x, x.data > 0),
    "softmax_cross_entropy": lambda x: F.softmax_cross_entropy(x, 1),
}
CURVES = {name: getattr(F, name) for name in activation.__all__}
CURVES |= {"gelu tanh": lambda x: F.gelu(x, "tanh"), "elu 2": lambda x: F.elu(x, 2.0), "tanh": F.tanh, **LOSSES}


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("name", CURVES)
def test_nothing_overflows_far_from_zero(name, dtype):
    """At 10^4 and -10^4, in the value and in three orders of derivatives."""
    x = Variable(np.array([1e4, -1e4], dtype))
    with np.errstate(all="raise", under="ignore"):
        assert np.isfinite(np.asarray(getattr(CURVES[name](x), "data", 0))).all()
        y = CURVES[name](x)
        for _ in range(3):
            y = grad(y, x, create_graph=True)
            assert np.isfinite(y.data).all()
            y = y * 1.0


def test_the_exempted_rows_exist():
    assert {name for name, _ in EXEMPT} <= {op.name for op in OPS}


@pytest.mark.parametrize("axes", [(-1,), (-2,), (-3,), (0, -1), (-3, -1), (1, -1)])
def test_axes_are_counted_from_either_end(axes):
    x = np.random.default_rng(0).random((300, 4, 500), np.float32)
    for keepdims in (True, False):
        expected = x.astype(float).sum(axes, keepdims=keepdims)
        np.testing.assert_allclose(sum_over(x, axes, keepdims=keepdims), expected, rtol=1e-5)
