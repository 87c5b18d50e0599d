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
