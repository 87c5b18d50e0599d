"""Distributions of the initial weights, and that they are reproducible."""

from functools import partial

import numpy as np
import pytest

from autograd import seed
from autograd.layers import constant, he, lecun, normal, ones, orthogonal, uniform, xavier, zeros
from autograd.layers.initializers import fans

DRAWN = [he, lecun, normal, orthogonal, uniform, xavier]


@pytest.mark.parametrize("shape, expected", [((3, 5), (3, 5)), ((8, 3, 5, 5), (75, 200)), ((8, 3, 5), (15, 40))])
def test_fans(shape, expected):
    assert fans(shape) == expected


@pytest.mark.parametrize("f", [he, lecun, xavier, orthogonal])
@pytest.mark.parametrize("shape", [(), (3,)])
def test_a_bias_has_no_fan(f, shape):
    with pytest.raises(ValueError, match=r"shape must be \(I, O\) or .* which have a fan-in"):
        f(shape)


@pytest.mark.parametrize(
    "f, shape, variance",
    [
        (he, (200, 100), 2 / 200), (he, (50, 10, 5, 5), 2 / 250), (lecun, (200, 100), 1 / 200),
        (lecun, (50, 10, 5, 5), 1 / 250), (xavier, (200, 100), 2 / 300), (xavier, (50, 10, 5, 5), 2 / 1500),
        (normal, (200, 100), 1), (partial(normal, std=0.02), (200, 100), 0.0004), (uniform, (200, 100), 1 / 3),
        (partial(uniform, low=0, high=1), (200, 100), 1 / 12), (orthogonal, (200, 100), 1 / 200),
    ],
)  # fmt: skip
def test_variance(f, shape, variance):
    w = f(shape, np.random.default_rng(0), np.float64)
    assert w.shape == shape
    assert w.var() == pytest.approx(variance, rel=0.05)


@pytest.mark.parametrize("f", [*DRAWN, zeros, ones, constant])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_and_shape(f, dtype):
    w = f((3, 2, 2), 0, dtype)
    assert (w.dtype, w.shape) == (dtype, (3, 2, 2))


@pytest.mark.parametrize("f", DRAWN)
def test_a_seed_gives_the_same_in_every_dtype(f):
    np.testing.assert_array_equal(f((3, 4), 7, np.float32), f((3, 4), 7, np.float64).astype(np.float32))
    assert not np.array_equal(f((3, 4), 7), f((3, 4), 8))


@pytest.mark.parametrize("f", DRAWN)
def test_a_generator_goes_on_and_none_is_the_shared_one(f):
    rng = np.random.default_rng(7)
    first, second = f((3, 4), rng), f((3, 4), rng)
    assert not np.array_equal(first, second)
    seed(7)
    np.testing.assert_array_equal(f((3, 4)), first)
    np.testing.assert_array_equal(f((3, 4)), second)


def test_constants():
    np.testing.assert_array_equal(zeros((2,)), [0, 0])
    np.testing.assert_array_equal(ones((2,)), [1, 1])
    np.testing.assert_array_equal(constant((2,), value=0.5), [0.5, 0.5])


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 4), (6, 2, 2), (2, 3, 2)])
def test_orthogonal(shape):
    Q = orthogonal(shape, 0, np.float64, gain=2.0).reshape(shape[0], -1) / 2
    product = Q.T @ Q if Q.shape[0] >= Q.shape[1] else Q @ Q.T
    np.testing.assert_allclose(product, np.eye(min(Q.shape)), atol=1e-12)


def test_orthogonal_prefers_no_direction():
    Qs = [orthogonal((2, 2), i, np.float64) for i in range(400)]
    assert abs(np.mean(Qs, axis=0)).max() < 0.15  # raw QR makes the first element negative, -0.64 on average


def test_five_sigmoid_layers_keep_their_spread_with_xavier():
    """Chapter 6 of the lecture: std 1 saturates, 0.01 collapses, 1/sqrt(n) holds."""

    def spread(f):
        rng = np.random.default_rng(0)
        x = rng.standard_normal((1000, 100))
        for _ in range(5):
            x = 1 / (1 + np.exp(-x @ f((100, 100), rng, np.float64)))
        return x.std(), np.mean((x < 0.01) | (x > 0.99))

    assert spread(normal)[1] > 0.4
    assert spread(partial(normal, std=0.01))[0] < 0.02
    assert 0.05 < spread(xavier)[0] < 0.3
    assert spread(xavier)[1] < 0.01
