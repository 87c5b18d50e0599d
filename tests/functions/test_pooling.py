"""Means of dtypes in which a window's sum has no room."""

import numpy as np
import pytest

import autograd.functions as F
from autograd import Variable
from autograd.variable import grad

MEANS = {
    "average": lambda x: F.average_pool2d(x, x.shape[2:]),
    "adaptive": lambda x: F.adaptive_average_pool2d(x, 1),
    "global": F.global_average_pool2d,
}
every_mean = pytest.mark.parametrize("name", MEANS)


@every_mean
@pytest.mark.parametrize("value, dtype", [(200, np.uint8), (-100, np.int8), (1, np.bool_), (2**30, np.int32)])
def test_means_of_whole_numbers_are_float64(name, value, dtype):
    """Also where more pixels than the dtype can count are averaged."""
    x = np.full((1, 2, 4, 300), value, dtype)
    for given in (x, Variable(x)):
        y = MEANS[name](given)
        assert (y.dtype, y.shape) == (np.float64, (1, 2, 1, 1))
        assert [y[0, c, 0, 0].item() for c in (0, 1)] == pytest.approx([value] * 2, rel=1e-12)


@every_mean
def test_means_of_float16_are_summed_in_float32(name):
    """The sum of 90,000 pixels is beyond 65504, the largest number of float16; so is their number."""
    x = Variable(np.full((1, 1, 300, 300), 200, np.float16))
    y = MEANS[name](x)
    gx = grad(y, x, Variable(np.full((1, 1, 1, 1), 9e3, np.float16)))
    assert y.dtype == gx.dtype == np.float16
    assert y.item() == pytest.approx(200, rel=1e-3)
    assert gx.shape == x.shape
    np.testing.assert_allclose(gx.data.astype(np.float32), 0.1, rtol=2e-3)


@every_mean
def test_means_of_complex_numbers_keep_both_parts(name):
    x = np.full((1, 2, 4, 6), 2 + 3j)
    assert MEANS[name](x).tolist() == np.full((1, 2, 1, 1), 2 + 3j).tolist()


@pytest.mark.parametrize("x", [np.ones((1, 1, 4, 4), complex), np.full((1, 1, 4, 4), "a")], ids=["complex", "text"])
def test_what_has_no_order_has_no_maximum(x):
    with pytest.raises(TypeError, match=f"max_pool2d takes (real numbers|a Variable or an array), not {x.dtype}"):
        F.max_pool2d(x, 2)


@pytest.mark.standin_exempt("its reference is NumPy, window by window")
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int32, np.bool_])
@pytest.mark.parametrize(
    "shape, size",
    [((2, 3, 7), 3), ((2, 3, 3), 7), ((2, 1, 600), 2), ((2, 3, 5, 7), (3, 2)), ((1, 2, 7, 4), (2, 9)),
     ((2, 2, 5, 4, 7), 3), ((0, 2, 5, 7), 3)],
)  # fmt: skip
def test_the_largest_of_regions_against_a_loop(shape, size, dtype):
    """With many equal pixels, infinities and, in floating point, nan. The first of equal ones has the gradient."""
    rng, n = np.random.default_rng(0), len(shape) - 2
    x = rng.integers(-2, 3, shape).astype(dtype)
    if x.dtype.kind == "f" and x.size:
        x.flat[rng.integers(x.size, size=4)] = [np.inf, -np.inf, np.nan, np.nan]
    out = (size,) * n if isinstance(size, int) else size
    y, gx = np.empty((*shape[:2], *out), dtype), np.zeros(shape)
    gy = rng.integers(1, 9, y.shape).astype(float)
    for o in np.ndindex(*y.shape):
        region = o[:2] + tuple([slice(i * H // O, -(-(i + 1) * H // O)) for i, H, O in zip(o[2:], shape[2:], out)])
        y[o] = x[region].max()
        if not np.isnan(y[o]):
            first = np.unravel_index(x[region].argmax(), x[region].shape)
            gx[region][first] += gy[o]
    f = getattr(F, f"adaptive_max_pool{n}d")
    np.testing.assert_array_equal(f(x, size), y)
    assert f(x, size).dtype == dtype
    if x.dtype.kind == "f":
        v = Variable(x)
        found = grad([f(v, size)], [v], [Variable(np.where(np.isnan(y), 0, gy).astype(dtype))])[0].data
        np.testing.assert_array_equal(found, gx)
        if np.isnan(x).any():
            ones = grad([f(v, size)], [v], [Variable(np.isnan(y).astype(dtype))])[0].data
            assert (ones[~np.isnan(x)] == 0).all()
            assert ones.sum() == np.isnan(y).sum()


def test_an_index_that_does_not_fit_is_named():
    x = Variable(np.ones((1, 1, 2)))
    for wrong in (-1, 9):
        with pytest.raises(ValueError, match=rf"must be in 0 \.\. 3, the pixels of an image \(4,\), not {wrong}"):
            F.max_unpool(x, np.array([[[0, wrong]]]), 4)
    for mode, most in (("reflect", 1), ("wrap", 2)):
        with pytest.raises(ValueError, match=rf"at most {most} wide along axis 2 of 2 elements, not 5"):
            F.pad(x, ((0, 0), (0, 0), (1, 5)), mode=mode)
    for f in (F.embedding, lambda W, index: F.take(W, index, 0)):
        with pytest.raises(ValueError, match="the index must be empty, .* 0"):
            f(Variable(np.ones((0, 2))), np.array([1]))
    with pytest.raises(ValueError, match="the index must be empty, for an axis of 0, not 1"):
        F.segment_sum(Variable([1.0, 2.0]), np.array([0, 1]), 0)
    with pytest.raises(ValueError, match=r"not shape \(\), a single number"):
        F.diag(Variable(1.0))
