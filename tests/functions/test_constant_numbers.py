"""Equal numbers have no spread: their mean is rounded, but the deviations from it are exactly 0."""

import numpy as np
import pytest

import autograd.functions as F
from autograd import Variable
from autograd.functions.statistics import settled
from autograd.variable import grad

NUMBERS = [0.3, -100.1, 1e4 / 3, 1e-5 / 7, 0.0]
DTYPES = [np.float32, np.float64]
SHAPES = [(7, 30), (33, 5, 3), (10, 8, 8, 9), (3, 6, 40, 41)]


def partly_constant(shape, dtype, c, axis):
    """Random numbers, but c in every second slice along an axis."""
    x = np.random.default_rng(len(shape)).normal(c, 1 + abs(c), shape).astype(dtype)
    np.moveaxis(x, axis, 0)[::2] = c
    return x


@pytest.mark.parametrize("c", NUMBERS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_constant_channel_or_sample_is_normalized_to_its_offset(shape, dtype, c):
    C = shape[1]
    x, y = partly_constant(shape, dtype, c, 1), partly_constant(shape, dtype, c, 0)
    gamma, beta = np.linspace(1, 2, C).astype(dtype), np.linspace(-1, 1, C).astype(dtype)
    offset = np.broadcast_to(beta.reshape(-1, *[1] * (len(shape) - 2)), shape)
    for f in (F.batch_norm, F.batch_norm_by_formula):
        np.testing.assert_array_equal(f(x, gamma, beta)[:, ::2], offset[:, ::2])
    _, mean, var = F.batch_norm_with_statistics(x, gamma, beta)
    np.testing.assert_array_equal(mean[::2], dtype(c))
    np.testing.assert_array_equal(var[::2], 0)
    assert (var[1::2] > 0.1).all()
    np.testing.assert_array_equal(F.group_norm(y, 1, gamma, beta)[::2], offset[::2])
    ones = np.ones(shape[1:], dtype)
    np.testing.assert_array_equal(F.layer_norm(y, ones, ones / 3)[::2], dtype(1) / 3)
    if len(shape) > 2:
        np.testing.assert_array_equal(F.instance_norm(x, gamma, beta)[:, ::2], offset[:, ::2])


@pytest.mark.parametrize("c", NUMBERS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_constant_has_the_variance_0(shape, dtype, c):
    x = partly_constant(shape, dtype, c, 0)
    axes = tuple(range(1, len(shape)))
    for f in (F.var, F.std):
        v = Variable(x)
        y = f(v, axes)
        np.testing.assert_array_equal(y.data[::2], 0)
        assert (y.data[1::2] > 0.1).all()
        np.testing.assert_array_equal(
            grad(y, v, np.ones_like(y.data)).data[::2], 0
        )  # that of noise would be any number
        assert f(np.full(shape, c, dtype)) == 0
    rows = x.reshape(len(x), -1)
    np.testing.assert_array_equal(F.cov(rows)[::2], 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        assert np.isnan(F.corrcoef(rows)[::2]).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_no_gradient_of_noise_passes_relu_behind_a_constant_channel(dtype):
    x = partly_constant((8, 4, 6, 6), dtype, 1e4 / 3, 1)
    v, gamma, beta = Variable(x), Variable(np.ones(4, dtype)), Variable(np.zeros(4, dtype))
    gx, ggamma, gbeta = grad(F.relu(F.batch_norm(v, gamma, beta)).sum(), [v, gamma, beta])
    np.testing.assert_array_equal(gx.data[:, ::2], 0)
    np.testing.assert_array_equal(ggamma.data[::2], 0)
    np.testing.assert_array_equal(gbeta.data[::2], 0)


def test_the_second_derivative_of_the_variance_is_that_of_the_formula():
    """The second derivative of the variance of n numbers is 2/n (1 - 1/n) on the diagonal, -2/n^2 beside it."""
    n = 7
    x = Variable(np.full(n, 0.3))
    g = grad(F.var(x), x, create_graph=True)
    H = np.stack([grad(g[i], x).data for i in range(n)])
    np.testing.assert_allclose(H, 2 / n * (np.eye(n) - 1 / n), atol=1e-15)


@pytest.mark.parametrize("axes", [(0,), (1,), (0, 1)], ids=str)
def test_other_means_stay_as_they_are(axes):
    """Where first and last number agree by chance, where all are 0, and where numbers are infinite or none."""
    x = np.random.default_rng(0).normal(3, 1, (6, 6))
    x[0] = x[-1]
    x[:, 0] = x[:, -1]
    for odd in (0.0, np.inf, np.nan):
        x[2] = x[:, 2] = odd
        with np.errstate(invalid="ignore"):
            mean = x.mean(axes, keepdims=True)
        np.testing.assert_array_equal(settled(mean, x, axes), mean)
    assert settled(mean, x, axes) is mean or np.isnan(mean).any()
