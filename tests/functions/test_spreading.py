"""One infinity or nan comes into the outputs that it is part of, and into no other: the Jacobian at other numbers says
which those are. The same holds for gradients. A product with a matrix of many zeros would spread it everywhere."""

import math

import numpy as np
import pytest

import autograd as ag
import autograd.functions as F
from autograd import Variable

rng = np.random.default_rng(0)
ROW, IMAGE, VOLUME = (rng.uniform(0.2, 0.9, shape) for shape in ((1, 2, 7), (1, 2, 6, 6), (1, 2, 5, 4, 6)))
MATRIX, VECTOR = rng.uniform(0.2, 0.9, (4, 4)), rng.uniform(0.2, 0.9, 7)
LABELS = [0, 0, 1, 1, 2, 2, 2]
CALLS = {
    "adaptive_average_pool1d": (lambda x: F.adaptive_average_pool1d(x, 3), ROW),
    "adaptive_average_pool2d": (lambda x: F.adaptive_average_pool2d(x, (4, 9)), IMAGE),
    "adaptive_average_pool3d": (lambda x: F.adaptive_average_pool3d(x, (3, 4, 4)), VOLUME),
    "area": (lambda x: F.interpolate(x, 4, mode="area"), IMAGE),
    "nearest": (lambda x: F.interpolate(x, 9), IMAGE),
    "bilinear": (lambda x: F.interpolate(x, 9, mode="bilinear"), IMAGE),
    "bicubic": (lambda x: F.interpolate(x, 9, mode="bicubic"), IMAGE),
    "antialias": (lambda x: F.interpolate(x, 4, mode="bicubic", antialias=True), IMAGE),
    "average_pool2d": (lambda x: F.average_pool2d(x, 3, 2, 1), IMAGE),
    "lp_pool2d": (lambda x: F.lp_pool2d(x, 2, 2), IMAGE),
    "upsample2d": (lambda x: F.upsample2d(x, 2), IMAGE),
    "local_response_norm": (lambda x: F.local_response_norm(x, 1), IMAGE),
    "grid_sample": (lambda x: F.grid_sample(x, np.full((1, 2, 2, 2), 0.13)), IMAGE),
    "conv2d": (lambda x: F.conv2d(x, np.ones((2, 1, 3, 3)), pad=1, groups=2), IMAGE),
    "conv_transpose2d": (lambda x: F.conv_transpose2d(x, np.ones((2, 1, 2, 2)), stride=2), IMAGE),
    "unfold": (lambda x: F.unfold(x, 2), IMAGE),
    "diff": (F.diff, VECTOR),
    "cumulative_trapezoid": (F.cumulative_trapezoid, VECTOR),
    "cumsum": (F.cumsum, VECTOR),
    "segment_sum": (lambda x: F.segment_sum(x, LABELS, 3), VECTOR),
    "segment_mean": (lambda x: F.segment_mean(x, LABELS, 3), VECTOR),
    "sliding_window_view": (lambda x: F.sliding_window_view(x, 3), VECTOR),
    "tril": (F.tril, MATRIX),
    "diag_embed": (F.diag_embed, MATRIX),
    "block_diag": (lambda x: F.block_diag(x, np.ones((2, 2))), MATRIX),
    "softmax": (F.softmax, MATRIX),
}  # fmt: skip


@pytest.mark.standin_exempt("it writes into arrays of NumPy; the test below is run there")
@pytest.mark.parametrize("bad", [math.inf, -math.inf, math.nan])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", CALLS)
def test_it_stays_where_it_belongs(name, dtype, bad):
    f, x = CALLS[name][0], CALLS[name][1].astype(dtype)
    J = ag.jacobian(f, x).data
    y, i = f(x), x.size // 2
    J, j = J.reshape(y.size, x.size) != 0, y.size // 2
    spoiled, seed = x.copy(), np.ones_like(y)
    spoiled.reshape(-1)[i] = seed.reshape(-1)[j] = bad
    with np.errstate(invalid="ignore"):
        y = f(spoiled).reshape(-1)
        gx = ag.vjp(f, x, seed)[1].data.reshape(-1)
    assert np.isfinite(y[~J[:, i]]).all()
    assert np.isfinite(gx[~J[j]]).all()
    if name == "area" or name.startswith("adaptive_average"):
        assert ((y[J[:, i]] == bad) | math.isnan(bad)).all()
        assert not np.isfinite(y[J[:, i]]).any()
        assert not np.isfinite(gx[J[j]]).any()


def test_opposite_infinities_are_nan_where_they_meet():
    x = Variable(np.array([[[math.inf, 2.0, 3.0, -math.inf, 1.0, 1.0]]]))
    np.testing.assert_array_equal(F.adaptive_average_pool1d(x, 3).data, [[[math.inf, -math.inf, 1]]])
    np.testing.assert_array_equal(F.adaptive_average_pool1d(x, 1).data, [[[math.nan]]])
    x = Variable(np.array([[[math.nan, 2.0, 3.0, 4.0]]]))
    np.testing.assert_array_equal(F.adaptive_average_pool1d(x, 3).data, [[[math.nan, 2.5, 3.5]]])
