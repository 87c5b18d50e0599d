"""Normalization where sums are large: float16, whole numbers, means far from zero; the formula; options at the door."""

import re

import numpy as np
import pytest

import autograd.functions as F
from autograd import Variable
from autograd.function import Function
from autograd.functions.statistics import sum_of_products
from autograd.variable import grad

WAYS = {
    "batch_norm": ((32, 8, 32, 32), (0, 2, 3), F.batch_norm),
    "layer_norm": ((2, 20000), (1,), F.layer_norm),
    "group_norm": ((2, 4, 100, 100), (1, 2, 3), lambda x, gamma, beta: F.group_norm(x, 1, gamma, beta)),
    "instance_norm": ((2, 2, 150, 150), (2, 3), F.instance_norm),
}
every_way = pytest.mark.parametrize("name", WAYS)


def given(name, mean, dtype):
    """x of this mean and deviation 1, gamma, beta, what they make in float64, and the function."""
    shape, axes, f = WAYS[name]
    x = (mean + np.random.default_rng(0).standard_normal(shape)).astype(dtype)
    gamma, beta = np.ones(shape[1], dtype), np.zeros(shape[1], dtype)
    wide = x.astype(np.float64)
    expected = (wide - wide.mean(axes, keepdims=True)) / np.sqrt(wide.var(axes, keepdims=True) + 1e-5)
    return x, gamma, beta, expected, f


@every_way
def test_float16_has_its_statistics_in_float32(name):
    """Their sums are beyond 65504, the largest number of float16."""
    x, gamma, beta, expected, f = given(name, 5, np.float16)
    gy = np.random.default_rng(1).standard_normal(x.shape).astype(np.float16)
    xs, wide = ([Variable(a.astype(dtype)) for a in (x, gamma, beta, gy)] for dtype in (np.float16, np.float32))
    y = f(*xs[:3])
    np.testing.assert_allclose(y.data.astype(np.float64), expected, atol=4e-3)
    found, expected = grad(y, xs[:3], xs[3]), grad(f(*wide[:3]), wide[:3], wide[3])
    for g, e in zip(found, expected):
        assert g.dtype == y.dtype == np.float16
        np.testing.assert_allclose(g.data.astype(np.float32), e.data, rtol=1e-3, atol=1e-3)


def test_statistics_of_float16_are_exact_enough_for_running_averages():
    x, gamma, beta, _, _ = given("batch_norm", 300, np.float16)
    _, mean, var = F.batch_norm_with_statistics(x * np.float16(2), gamma, beta)
    wide = x.astype(np.float64) * 2
    assert mean.dtype == var.dtype == np.float32
    np.testing.assert_allclose(mean, wide.mean((0, 2, 3)), rtol=1e-6)
    np.testing.assert_allclose(var, wide.var((0, 2, 3)), rtol=1e-4)


def test_given_statistics_of_float16():
    x, gamma, beta = (np.full(s, v, np.float16) for s, v in (((2, 3), 1001), (3, 2), (3, 1)))
    y = F.batch_norm_inference(x, gamma, beta, gamma * 500, gamma * 0, 1e-4)
    assert y.dtype == np.float16
    np.testing.assert_allclose(y, np.full((2, 3), 201), rtol=1e-3)


@every_way
def test_whole_numbers_count_as_float64(name):
    """The sum of bytes is no byte."""
    shape, axes, f = WAYS[name]
    x = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    y = f(x, np.ones(shape[1], np.float32), np.zeros(shape[1], np.float32))
    wide = x.astype(np.float64)
    expected = (wide - wide.mean(axes, keepdims=True)) / np.sqrt(wide.var(axes, keepdims=True) + 1e-5)
    assert y.dtype == np.float32
    np.testing.assert_allclose(y, expected, atol=1e-5)


@pytest.mark.parametrize("shape", [(100000, 4), (5001, 4, 5), (1, 2, 300001)])
def test_float32_far_from_zero(shape):
    """Added one after the other, these numbers are wrong by as much as their deviation: or more."""
    x = (12345.678 + np.random.default_rng(0).standard_normal(shape)).astype(np.float32)
    gamma, beta = np.full((2, shape[1]), [[2], [1]], np.float32)
    axes = (0, *range(2, len(shape)))
    wide = x.astype(np.float64)
    mean, var = wide.mean(axes, keepdims=True), wide.var(axes, keepdims=True)
    y, found, variance = F.batch_norm_with_statistics(x, gamma, beta)
    np.testing.assert_allclose(found, mean.ravel(), rtol=1e-6)
    np.testing.assert_allclose(variance, var.ravel(), rtol=1e-4)
    np.testing.assert_allclose(y, 2 * (wide - mean) / np.sqrt(var + 1e-5) + 1, atol=2e-2)
    rows = np.ascontiguousarray(np.moveaxis(x, 1, 0).reshape(shape[1], -1))
    y = F.layer_norm(rows, np.ones(rows.shape[1:], np.float32), np.zeros(rows.shape[1:], np.float32))
    np.testing.assert_allclose(y, (rows - mean.reshape(-1, 1)) / np.sqrt(var.reshape(-1, 1)), atol=2e-2)


@pytest.mark.parametrize("letters, output, shape", [("ncl", "c", (5000, 2, 1)), ("nd", "n", (2, 40001))])
def test_sums_in_halves_have_every_derivative(letters, output, shape):
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, *shape))
    axes = tuple(i for i, c in enumerate(letters) if c not in output)
    weights = np.arange(1.0, 3.0)

    def derivatives(f):
        x, y = Variable(a), Variable(b)
        z = (f(x * x, y) * weights).sum()
        gx = grad(z, x, create_graph=True)
        gxy = grad((gx * b).sum(), y, create_graph=True)
        return z, gx, gxy, grad((gxy * a).sum(), x)

    pairs = zip(
        derivatives(lambda x, y: sum_of_products(letters, output, x, y)),
        derivatives(lambda x, y: (x * y).sum(axes)),
    )
    for found, expected in pairs:
        np.testing.assert_allclose(found.data, expected.data, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("shape", [(7, 3), (1, 3, 40), (5, 3, 2), (4, 3, 5, 5), (2, 3, 6, 7), (3, 2, 2, 3, 2)])
def test_batch_norm_is_its_formula_at_every_order(shape):
    """With few and with many pixels a channel, which are summed in different ways."""
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(s) for s in (shape, shape[1:2], shape[1:2])]
    weights = [rng.standard_normal((2, *a.shape)) for a in arrays]

    def derivatives(f):
        xs = [Variable(a) for a in arrays]
        y = f(*xs)
        found, z = [y], (y * weights[0][0]).sum()
        for k in range(2):
            gxs = grad(z, xs, create_graph=True)
            found += gxs
            z = sum([(gx * w[k] * gx).sum() for gx, w in zip(gxs, weights)])
        return found + grad(z, xs)

    for found, expected in zip(derivatives(F.batch_norm), derivatives(F.batch_norm_by_formula)):
        np.testing.assert_allclose(found.data, expected.data, rtol=1e-8, atol=1e-8 * np.abs(expected.data).max())


def test_batch_norm_of_arrays_in_a_recorded_backward():
    """Its statistics are arrays there too, and it asks for no graph of its own."""

    class Standardized(Function):
        def forward(self, x):
            return x * 2

        def backward(self, gy):
            _, mean, var = F.batch_norm_with_statistics(np.arange(8.0).reshape(2, 4), np.ones(4), np.zeros(4))
            assert mean.tolist() == [2, 3, 4, 5]
            assert var.tolist() == [4, 4, 4, 4]
            return gy * 2

    x = Variable(np.ones(3))
    assert grad(Standardized()(x), x, create_graph=True).data.tolist() == [2, 2, 2]


ones = np.ones(4)
EPS = {
    "batch_norm": lambda eps: F.batch_norm(np.ones((2, 4)), ones, ones, eps),
    "batch_norm_by_formula": lambda eps: F.batch_norm_by_formula(np.ones((2, 4)), ones, ones, eps),
    "batch_norm_inference": lambda eps: F.batch_norm_inference(np.ones((2, 4)), ones, ones, ones, ones, eps),
    "layer_norm": lambda eps: F.layer_norm(np.ones((2, 4)), ones, ones, eps),
    "group_norm": lambda eps: F.group_norm(np.ones((2, 4)), 2, ones, ones, eps),
    "instance_norm": lambda eps: F.instance_norm(np.ones((2, 4, 3)), ones, ones, eps),
}


@pytest.mark.parametrize("name", EPS)
def test_eps_is_a_number_of_at_least_zero(name):
    for eps in ("a", None, [1e-5]):
        with pytest.raises(TypeError, match="^" + re.escape(f"{name}: eps must be a number, not {eps!r}")):
            EPS[name](eps)
    for eps in (-1, -1e-9, np.nan, np.inf):
        with pytest.raises(ValueError, match=f"^{name}: eps must be at least 0, not {eps}"):
            EPS[name](eps)
    assert EPS[name](np.float32(1e-3)).dtype == np.float64


@pytest.mark.parametrize("groups", [2.0, "a", None, True])
def test_groups_are_a_whole_number(groups):
    with pytest.raises(TypeError, match="^group_norm: groups must be a whole number, not "):
        F.group_norm(np.ones((2, 4)), groups, ones, ones)
    assert F.group_norm(np.ones((2, 4)), np.int64(2), ones, ones).shape == (2, 4)
