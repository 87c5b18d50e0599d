"""Where a derivative has a convention and not a limit, where a formula could overflow, and how exact erf is."""

import math

import numpy as np
import pytest

import autograd.functions as F
from autograd import Variable, grad, hessian
from autograd.kernels.erf import erf


def gradient(f, *xs):
    xs = [Variable(np.asarray(x, float)) for x in xs]
    gxs = grad(f(*xs), xs)
    return [gx.data.tolist() for gx in gxs]


@pytest.mark.parametrize(
    ("f", "x", "expected"),
    [
        (F.relu, [-1.0, 0.0, 2.0], [0, 0, 1]),
        (F.abs, [-2.0, 0.0, 2.0], [-1, 0, 1]),
        (F.sign, [-2.0, 0.0, 2.0], [0, 0, 0]),
        (F.leaky_relu, [-1.0, 0.0, 2.0], [0.01, 0.01, 1]),
        (F.elu, [0.0, 2.0], [1, 1]),
        (lambda x: F.elu(x, 0.5), [0.0, 2.0], [0.5, 1]),
        (lambda x: F.clip(x, -1, 1), [-1.5, -1.0, 0.0, 1.0, 1.5], [0, 1, 1, 1, 0]),
        (lambda x: F.clip(x, 0, None), [-1.5, 0.0, 1.0], [0, 1, 1]),
        (lambda x: F.clip(x, None, 0), [-1.5, 0.0, 1.0], [1, 1, 0]),
        (lambda x: F.maximum(x, 0), [-1.0, 0.0, 1.0], [0, 0.5, 1]),
        (F.max, [1.0, 3.0, 3.0, 2.0], [0, 1, 0, 0]),
        (F.min, [3.0, 1.0, 1.0, 1.0], [0, 1, 0, 0]),
        (F.norm, [0.0, 0.0], [0, 0]),
        (lambda x: F.norm(x, 3), [0.0, 0.0], [0, 0]),
        (lambda x: F.norm(x, 1), [0.0, 2.0], [0, 1]),
        (lambda x: F.norm(x, math.inf), [0.0, 0.0], [0, 0]),
        (F.norm, [3.0, -4.0], [0.6, -0.8]),
        (F.std, [2.0, 2.0], [0, 0]),
        (F.prod, [0.0, 2.0, 0.0], [0, 0, 0]),
        (F.prod, [0.0, 2.0, 3.0], [6, 0, 0]),
    ],
)
def test_gradients_by_convention(f, x, expected):
    assert gradient(f, x) == [pytest.approx(expected, abs=1e-15)]


def test_equal_operands_share_the_gradient():
    for f in (F.maximum, F.minimum):
        (a, b) = gradient(f, [1.0, 2.0, 3.0], [3.0, 2.0, 1.0])
        assert a[1] == b[1] == 0.5
        assert sorted([a[0], b[0]]) == sorted([a[2], b[2]]) == [0, 1]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
@pytest.mark.parametrize("infinite", [math.inf, -math.inf, math.nan])
@pytest.mark.parametrize(
    "f, at, expected",
    [
        (F.relu, [-1.0, 2.0], [0, 1]),
        (lambda x: F.clip(x, 0, None), [-1.0, 2.0], [0, 1]),
        (lambda x: F.clip(x, None, 1), [2.0, 0.0], [0, 1]),
        (F.hardtanh, [-2.0, 0.5], [0, 1]),
        (lambda x: F.where(x > 0, x, 0.0), [-1.0, 2.0], [0, 1]),
        (lambda x: F.where(x > 0, 0.0, x), [1.0, -2.0], [0, 1]),
        (lambda x: F.maximum(x, 0.0), [-1.0, 2.0], [0, 1]),
        (lambda x: F.minimum(0.0, x), [1.0, -2.0], [0, 1]),
    ],
)
def test_where_a_gradient_is_masked_it_is_zero(f, at, expected, infinite, dtype):
    """Also if what comes from above is infinite: log(relu(x)) at -1. The others pass."""
    for x, passes in [(np.array(at), expected), *zip(map(np.array, at), expected)]:
        x = Variable(x.astype(dtype))
        gy = Variable(np.where(np.asarray(passes) == 1, 3, infinite).astype(dtype))
        for create_graph in (False, True):
            gx = grad(f(x), x, gy, create_graph=create_graph)
            assert gx.dtype == dtype
            assert gx.data.tolist() == (3 * np.asarray(passes)).tolist()


@pytest.mark.parametrize("f", [F.leaky_relu, F.elu, F.selu, lambda x: F.elu(x, 2.0), lambda x: F.maximum(x, x)])
def test_an_infinite_gradient_passes_a_slope_as_it_is(f):
    x = Variable(np.array([-1.0, 2.0]))
    assert grad(f(x), x, Variable(np.array([math.inf, -math.inf]))).data.tolist() == [math.inf, -math.inf]


def test_masked_roots_and_logarithms():
    """As PyTorch has it: the branch that was not taken has no part in the gradient."""
    x = Variable(np.array([-1.0, 4.0]))
    for f in (F.relu, lambda x: F.clip(x, 0, None), lambda x: F.where(x > 0, x, 0.0), lambda x: F.maximum(x, 0.0)):
        with np.errstate(divide="ignore"):
            assert grad(F.sqrt(f(x)), x).data.tolist() == [0, 0.25]
            assert grad(F.log(f(x)), x).data.tolist() == [0, 0.25]


ones = np.ones(2)
DOORS = {
    "reshape": lambda x: F.reshape(x, (1, -1)), "transpose": F.transpose, "getitem": lambda x: F.getitem(x, 0),
    "astype": lambda x: F.astype(x, "float32"), "to": lambda x: F.to(x, "cpu"), "squeeze": F.squeeze, "flip": F.flip,
    "broadcast_to": lambda x: F.broadcast_to(x, (2, 2)), "sum_to": lambda x: F.sum_to(x, ()), "flatten": F.flatten,
    "expand_dims": lambda x: F.expand_dims(x, 0), "moveaxis": lambda x: F.moveaxis(x, 0, 0),
    "swapaxes": lambda x: F.swapaxes(x, 0, 0), "tile": lambda x: F.tile(x, 2), "repeat": lambda x: F.repeat(x, 2),
    "pad": lambda x: F.pad(x, 1), "roll": lambda x: F.roll(x, 1), "split": lambda x: F.split(x, 2),
    "concat": lambda x: F.concat([ones, x]), "stack": lambda x: F.stack([x, ones]), "outer": lambda x: F.outer(x, ones),
    "linear": lambda x: F.linear(x, np.ones((2, 2))), "tensordot": lambda x: F.tensordot(ones, x, 1),
    "einsum": lambda x: F.einsum("i->i", x), "embedding": lambda x: F.embedding(x, np.array([0])),
    "batch_norm": lambda x: F.batch_norm(x, ones, ones),
    "batch_norm_inference": lambda x: F.batch_norm_inference(x, ones, ones, ones, ones),
    "layer_norm": lambda x: F.layer_norm(x, ones, ones), "group_norm": lambda x: F.group_norm(x, 1, ones, ones),
    "instance_norm": lambda x: F.instance_norm(x, ones, ones), "sum": F.sum, "mean": F.mean, "argmax": F.argmax,
    "im2col": lambda x: F.im2col(x, 2), "col2im": lambda x: F.col2im(x, (1, 1, 3, 3), 2),
    "max_pool2d": lambda x: F.max_pool2d(x, 2), "average_pool2d": lambda x: F.average_pool2d(x, 2),
    "global_average_pool2d": F.global_average_pool2d, "upsample2d": F.upsample2d,
    "adaptive_average_pool2d": lambda x: F.adaptive_average_pool2d(x, 2),
}  # fmt: skip
WRONG = [1.0, 2.0], "text", None, [Variable(1.0)]
NO_ARRAYS = pytest.mark.parametrize("x", WRONG, ids=repr)


@NO_ARRAYS
@pytest.mark.parametrize("name", DOORS)
def test_what_is_no_array_is_refused_at_the_door(name, x):
    with pytest.raises(TypeError, match=rf"^{name} takes a Variable or an array, not {type(x).__name__}: "):
        DOORS[name](x)


@NO_ARRAYS
@pytest.mark.parametrize("place", [0, 1, 2], ids=["x", "W", "b"])
@pytest.mark.parametrize(
    "name, n", [("conv1d", 1), ("conv2d", 2), ("conv3d", 3), ("conv2d_by_im2col", 2), ("conv_transpose2d", 2)]
)
def test_a_convolution_takes_arrays(name, n, place, x):
    """Images, filters and bias; only the bias may be None."""
    args = [np.ones((1, 1, *[3] * n)), np.ones((1, 1, *[2] * n)), np.ones(1)]
    if x is not None or place < 2:
        args[place] = x
        with pytest.raises(TypeError, match=rf"^{name} takes a Variable or an array, not {type(x).__name__}: "):
            getattr(F, name)(*args)


def test_numbers_are_arrays_without_axes():
    assert F.reshape(2.0, (1, 1)).tolist() == [[2]]
    assert F.broadcast_to(3, (2,)).tolist() == [3, 3]


def test_piecewise_linear_functions_have_no_second_derivative():
    x = Variable(np.array([-2.0, -0.5, 0.0, 0.5, 2.0]))
    for f in (F.relu, F.leaky_relu, F.hardtanh, F.abs, F.sign, lambda x: F.maximum(x, 0.3)):
        gx = grad(f(x), x, create_graph=True)
        second = grad(gx, x, create_graph=True)
        assert second.data.tolist() == grad(second, x).data.tolist() == [0] * 5


@pytest.mark.filterwarnings("ignore:divide by zero")
def test_entropies_have_their_infinite_slopes_at_0():
    """p log(p / q) has the slope log(p / q) + 1: -inf at p = 0; that in q is -p / q."""
    gp, gq = gradient(F.kl_divergence, [0.0, 1.0], [0.25, 0.75])
    assert gp == [-math.inf, pytest.approx(1 - math.log(0.75))]
    assert gq == [0, pytest.approx(-1 / 0.75)]
    assert gradient(lambda q: F.kl_divergence(np.array([0.0, 1.0]), q), [0.0, 1.0]) == [[0, -1]]
    assert gradient(F.entr, [0.0]) == [[math.inf]]
    p, q = Variable(np.array([0.0, 1.0])), Variable(np.array([0.25, 0.75]))
    gq = grad(F.kl_divergence(p, q), q, create_graph=True)
    assert grad(gq.sum(), p).data.tolist() == [-4, pytest.approx(-1 / 0.75)]


@pytest.mark.parametrize("f", [F.xlogy, F.xlog1py])
def test_nothing_times_an_infinite_logarithm(f):
    assert f(np.array([0.0, 2.0]), np.array([math.inf, math.inf])).tolist() == [0, math.inf]
    assert gradient(f, [0.0, 2.0], [math.inf, math.inf]) == [[math.inf, math.inf], [0, 0]]
    assert gradient(f, [0.0, 0.0], [-2.0, -math.inf]) == [[0, 0], [0, 0]]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_lerp_begins_and_ends_exactly(dtype):
    x0, x1 = np.array([3e4, 0.1, -7.0], dtype), np.array([1.0, 0.3, 1e-7], dtype)
    assert F.lerp(x0, x1, 0.0).tolist() == x0.tolist()
    assert F.lerp(x0, x1, 1.0).tolist() == F.lerp(x0, x1, np.ones(3, dtype)).tolist() == x1.tolist()
    assert F.lerp(Variable(1e20), 1.0, 1.0).item() == 1
    with pytest.raises(TypeError, match="t must be a real number, not 1j"):
        F.lerp(x0, x1, 1j)


@pytest.mark.parametrize("scale", [1e-300, 1e-200, 1e-30, 1.0, 1e30, 1e200, 1e300])
def test_no_square_leaves_the_range(scale):
    """The angle has the gradient (x1, -x0) / r^2, the length (x0, x1) / r; of 3 and 4 r is 5."""
    x0, x1 = np.array([3 * scale, 3.0]), np.array([4 * scale, 4.0])
    np.testing.assert_allclose(gradient(F.arctan2, x0, x1), [[0.16 / scale, 0.16], [-0.12 / scale, -0.12]], rtol=1e-14)
    np.testing.assert_allclose(gradient(F.hypot, x0, x1), [[0.6, 0.6], [0.8, 0.8]], rtol=1e-14)
    large = np.array([scale, 2.0])
    np.testing.assert_allclose(gradient(F.arcsinh, large)[0], 1 / np.hypot(large, 1), rtol=1e-14)
    if scale > 1:
        np.testing.assert_allclose(gradient(F.arccosh, large)[0], [1 / scale, 1 / math.sqrt(3)], rtol=1e-14)
    for n, f in enumerate(
        [lambda x: F.arctan2(x, 1e-160), F.arcsinh]
    ):  # the second derivatives are -2xy / r^4, -x / r^3
        if 1e-200 < scale < 1e100:
            x = Variable(np.array([scale]))
            r = np.hypot(scale, [1e-160, 1][n])
            expected = -2 * scale / r * (1e-160 / r) / r / r if n == 0 else -scale / r / r / r
            np.testing.assert_allclose(grad(grad(f(x), x, create_graph=True), x).data, [expected], rtol=1e-13)


@pytest.mark.parametrize("at", [-math.inf, math.inf, -1e300, 1e300, -1e39, 0.0])
def test_equal_logarithms_share_the_gradient(at):
    for f in (F.logaddexp, F.logaddexp2):
        assert gradient(f, [at, 0.0, -1e308], [at, 0.0, 1e308]) == [[0.5, 0.5, 0], [0.5, 0.5, 1]]
        assert gradient(f, [-math.inf, math.inf], [2.0, 2.0]) == [[0, 1], [1, 0]]


CONES = {
    "norm": F.norm,
    "norm of order 3": lambda x: F.norm(x, 3),
    "norm of order 1/2": lambda x: F.norm(x, 0.5),
    "norm of order -1": lambda x: F.norm(x, -1),
    "matrix_norm": lambda x: F.matrix_norm(F.reshape(x, (1, 2)), "fro"),
    "hypot": lambda x: F.hypot(x[0], x[1]),
    "std": F.std,
    "std_mean": lambda x: F.std_mean(x)[0],
    "pairwise_distance": lambda x: F.pairwise_distance(x, 2 * x, eps=0),
    "cdist": lambda x: F.cdist(F.reshape(x, (1, 2)), np.zeros((1, 2))).sum(),
    "lp_pool1d": lambda x: F.lp_pool1d(F.reshape(x, (1, 1, 2)), 2, 2).sum(),
    "lp_pool2d": lambda x: F.lp_pool2d(F.reshape(x, (1, 1, 1, 2)), 3, (1, 2)).sum(),
}


@pytest.mark.parametrize("name", CONES)
def test_the_tip_of_a_cone_has_the_gradient_0_and_no_second_one(name):
    assert gradient(CONES[name], [0.0, 0.0]) == [[0, 0]]
    assert np.isnan(hessian(CONES[name], np.zeros(2)).data).all()


def test_a_vector_shorter_than_eps_is_no_tip():
    """x / eps is linear, and so is the cosine."""
    for f in (lambda x: F.normalize(x).sum(), lambda x: F.cosine_similarity(x, np.array([3.0, 4.0]))):
        assert np.isfinite(gradient(f, [0.0, 0.0])[0]).all()
        assert hessian(f, np.zeros(2)).data.tolist() == [[0, 0], [0, 0]]


def test_the_deviation_of_one_number_is_no_cone():
    assert gradient(F.std, [2.0]) == [[0]]
    assert hessian(F.std, np.array([2.0])).data.tolist() == [[0]]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "f",
    [F.sigmoid, F.softplus, F.silu, F.gelu, F.elu, F.selu, F.tanh, F.log_softmax, F.softmax, F.logsumexp, F.erf]
    + [lambda x: F.gelu(x, "tanh")],
)
def test_far_from_zero(f, dtype):
    for s in (1e4, 200, 100, 90, 88, 30):
        x = Variable(np.array([-s, 0, s], dtype))
        y = f(x)
        gx = grad(y, x, create_graph=True)
        ggx = grad(gx, x)
        assert y.dtype == gx.dtype == ggx.dtype == dtype
        assert all(np.isfinite(a.data).all() for a in (y, gx, ggx))


def test_logsumexp_of_infinities():
    inf = math.inf
    assert F.logsumexp(np.array([-inf, -inf])) == -inf
    assert F.logsumexp(np.array([inf, 1.0])) == inf
    assert F.logsumexp(np.array([-inf, 1.0])) == 1
    x = Variable(np.array([-inf, 1.0]))
    assert grad(F.logsumexp(x), x).data.tolist() == [0, 1]
    assert grad(F.softmax(x)[0], x).data.tolist() == [0, 0]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_erf(dtype):
    x = np.concatenate([np.linspace(-7, 7, 40001), np.geomspace(1e-4, 1, 500)]).astype(dtype)
    expected = np.array([math.erf(a) for a in x.astype(float)])
    assert erf(x).dtype == dtype
    assert (np.abs(erf(x) - expected) <= 4.001 * np.spacing(np.abs(expected).astype(dtype))).all()
    ends = erf(np.array([-np.inf, -0.0, 0.0, np.inf, np.nan], dtype))
    np.testing.assert_array_equal(ends, [-1, -0.0, 0, 1, np.nan])
    assert np.signbit(ends[1])


def test_sigmoid_keeps_its_digits_in_the_tail():
    x = np.linspace(-85, 85, 1001)
    exact = np.array([1 / (1 + math.exp(-a)) for a in x])
    np.testing.assert_allclose(F.sigmoid(x.astype(np.float32)), exact, rtol=2e-5)  # x itself is rounded
    np.testing.assert_allclose(F.sigmoid(x), exact, rtol=1e-14)


@pytest.mark.parametrize(
    ("f", "x", "expected"),
    [
        (F.median, [1.0, 2.0, math.inf], 2.0),
        (F.median, [math.inf, math.inf, math.inf], math.inf),
        (F.median, [-math.inf, 2.0, math.inf], 2.0),
        (lambda x: F.quantile(x, 0.0), [-math.inf, 2.0], -math.inf),
        (F.hardshrink, [math.nan], [math.nan]),
        (lambda x: F.norm(x, 0), [math.inf, 1.0, 0.0], 2.0),
        (lambda x: F.norm(x, 0), [math.nan, 1.0], math.nan),
        (lambda x: F.threshold(x, 0.0, 7.0), [math.nan, -1.0], [math.nan, 7.0]),
    ],
)
def test_neither_an_infinity_nor_a_nan_spoils_or_hides_a_value(f, x, expected):
    np.testing.assert_array_equal(f(Variable(np.array(x))).data, expected)


def test_the_middle_element_beside_an_infinity_has_the_whole_gradient():
    assert gradient(F.median, [1.0, 2.0, math.inf]) == [[0, 1, 0]]


@pytest.mark.parametrize("f", [F.floor, F.ceil, F.trunc, F.rint, F.round, F.sign])
def test_the_gradient_of_a_step_is_0_for_an_infinite_one_too(f):
    x = Variable(np.array([0.5]))
    assert grad([f(x)], [x], [Variable(np.array([math.inf]))])[0].data == 0


def test_nearest_takes_the_pixel_of_whole_number_arithmetic():
    for H in range(1, 20):
        for O in range(1, 130):
            x, o = np.arange(float(H))[None, None], np.arange(O)
            assert F.interpolate(x, O)[0, 0].tolist() == (o * H // O).tolist()
            exact = F.interpolate(x, O, mode="nearest-exact")
            assert exact[0, 0].tolist() == ((2 * o + 1) * H // (2 * O)).tolist()


@pytest.mark.parametrize(
    ("f", "g"),
    [
        (F.hypot, math.hypot),
        (F.arctan2, math.atan2),
        (F.logaddexp, lambda x, y: x + math.log(2)),  # of two equal numbers
        (F.xlogy, lambda x, y: x * math.log(y)),
    ],
)
@pytest.mark.parametrize("x", [np.array([200], np.uint8), np.array([-100, 100], np.int8), np.array([True])])
def test_functions_of_two_small_whole_numbers_have_the_digits_of_float64(f, g, x):
    x = x[x > 0] if f is F.xlogy else x
    expected = [g(v, v) for v in x.tolist()]
    for y in (f(Variable(x), Variable(x)).data, f(x, x)):
        np.testing.assert_allclose(y, expected, rtol=1e-14)
        assert y.dtype == np.float64


@pytest.mark.parametrize(
    ("f", "x", "gy", "expected"),
    [
        (lambda x: F.max_pool1d(x, 2), [1.0, 2.0, 0.0, 3.0], [math.inf, 1.0], [0, math.inf, 0, 1]),
        (lambda x: F.max_pool1d(x, 2, 1), [1.0, 2.0, 0.0, 3.0], [math.inf, 1, 1], [0, math.inf, 0, 1]),
        (lambda x: F.interpolate(x, 5), [1.0, 2.0, 0.0], [math.inf, 1, 1, 1, 1], [math.inf, 2, 1]),
    ],
)
def test_an_infinite_gradient_stays_with_its_pixel(f, x, gy, expected):
    x = Variable(np.array([[x]]))
    assert grad([f(x)], [x], [Variable(np.array([[gy]], float))])[0].data.tolist() == [[expected]]


def test_quantiles_without_nan_keep_infinities_apart():
    x = Variable(np.array([1.0, 2.0, np.inf, np.nan]))
    assert F.nanmedian(x).item() == F.nanquantile(x, 0.5).item() == 2
    assert F.nanquantile(x, 1.0).item() == np.inf
    assert gradient(F.nanmedian, [1.0, 2.0, np.inf, np.nan]) == [[0, 1, 0, 0]]


@pytest.mark.parametrize("f", [F.floor, F.sign, lambda x: x // 2, lambda x: 7 // x, lambda x: F.copysign(3.0, x)])
@pytest.mark.parametrize("seed", [1.0, np.inf])
def test_steps_have_the_gradient_0(f, seed):
    x = Variable(np.array([0.5, 3.0]))
    f(x).backward(gradient=np.full(2, seed))
    assert x.grad.data.tolist() == [0, 0]
    assert grad(f(x), x, create_graph=True).data.tolist() == [0, 0]
