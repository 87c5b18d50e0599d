"""The layers for images are their functions with the options kept; what the tables of functions do not say."""

import numpy as np
import pytest

import autograd.functions as F
import autograd.layers as L
from autograd import Parameter, Variable, grad, test_mode
from autograd.backend import to_numpy

rng = np.random.default_rng(0)
SIZES = {1: (8,), 2: (6, 8), 3: (4, 6, 4)}


def images(n):
    return Variable(rng.standard_normal((2, 4, *SIZES[n])).astype(np.float32))


def same(y, expected):
    assert y.dtype == expected.dtype == np.float32
    np.testing.assert_array_equal(y.data, expected.data)


@pytest.mark.parametrize("n", SIZES)
def test_layers_are_their_functions(n):
    x = images(n)
    same(getattr(L, f"MaxPool{n}d")(2, 1, 1, True, dilation=2)(x), getattr(F, f"max_pool{n}d")(x, 2, 1, 1, True, 2))
    average = getattr(L, f"AveragePool{n}d")(3, 2, 1, True, count_include_pad=False)
    same(average(x), getattr(F, f"average_pool{n}d")(x, 3, 2, 1, True, False))
    same(getattr(L, f"AveragePool{n}d")(2, divisor=3)(x), getattr(F, f"average_pool{n}d")(x, 2, divisor=3))
    for kind in ("Average", "Max"):
        f = getattr(F, f"adaptive_{kind.lower()}_pool{n}d")
        same(getattr(L, f"Adaptive{kind}Pool{n}d")(3)(x), f(x, 3))
    layer = getattr(L, f"ConvTranspose{n}d")(6, 3, 2, 1, output_pad=1, groups=2, rng=0)
    y = layer(x)
    assert y.shape == (2, 6, *[2 * s for s in SIZES[n]])
    same(y, getattr(F, f"conv_transpose{n}d")(x, layer.W, layer.b, 2, 1, 1, 1, 2))


def test_new_sizes():
    x = images(2)
    same(L.Upsample(scale=2)(x), F.upsample2d(x, 2))
    same(L.Upsample((5, 3), mode="bicubic", align_corners=True)(x), F.interpolate(x, (5, 3), None, "bicubic", True))
    same(L.PixelShuffle(2)(x), F.pixel_shuffle(x, 2))
    with pytest.raises(ValueError, match="a size or a scale, one of them"):
        L.Upsample()


@pytest.mark.parametrize("n", SIZES)
def test_dropout_of_channels(n):
    x = Variable(np.ones((50, 4, *SIZES[n]), np.float32))
    layer = getattr(L, f"Dropout{n}d")(0.25, rng=0)
    y = to_numpy(layer(x).data).reshape(50, 4, -1)
    assert set(np.unique(y).tolist()) == {0.0, float(np.float32(1 / 0.75))}
    assert (y == y[..., :1]).all()
    assert abs((y[..., 0] == 0).mean() - 0.25) < 0.1
    with test_mode():
        assert layer(x) is x


def test_the_padding_of_an_embedding_has_no_gradient():
    layer = L.Embedding(5, 3, padding_idx=2, rng=0)
    assert layer.W.data.any(1).tolist() == [True, True, False, True, True]
    index = np.array([[1, 2, 2], [4, 2, 1]])
    (layer(index) * np.arange(18.0).reshape(2, 3, 3)).sum().backward()
    np.testing.assert_array_equal(layer.W.grad.data[2], 0)
    np.testing.assert_array_equal(layer.W.grad.data[1], [15, 17, 19])
    with pytest.raises(ValueError, match="padding_idx must be at most 4, not 5"):
        L.Embedding(5, 3, padding_idx=5)


def test_derivatives_of_higher_orders_leave_the_padding_out_too():
    W = Parameter(rng.standard_normal((4, 2)))
    y = (F.embedding(W, np.array([0, 3, 3, 1]), padding_idx=3) ** 3).sum()
    first = grad(y, W, create_graph=True)
    np.testing.assert_allclose(first.data, 3 * W.data**2 * np.array([[1], [1], [0], [0]]))
    second = grad(first.sum(), W)
    np.testing.assert_allclose(second.data, 6 * W.data * np.array([[1], [1], [0], [0]]))


def test_max_unpool_undoes_max_pool_where_windows_lie_side_by_side():
    for n in SIZES:
        x = images(n)
        y, places = F.max_pool_with_indices(x, 2)
        back = F.max_unpool(y, places, SIZES[n])
        same(getattr(F, f"max_pool{n}d")(back * (back.data > 0), 2), y * (y.data > 0))
        assert (back.data != 0).sum() == y.size


WAYS = [
    (mode, outside, align)
    for mode in ("nearest", "bilinear", "bicubic")
    for outside in ("zeros", "border", "reflection")
    for align in (False, True)
]


@pytest.mark.parametrize("mode, outside, align", WAYS)
def test_a_place_that_is_not_a_number_has_the_value_nan(mode, outside, align):
    """The other places have their own values and gradients, as without it."""
    image, places = rng.uniform(1, 2, (1, 2, 3, 3)), rng.uniform(-0.8, 0.8, (1, 1, 4, 2))
    x, grid = Variable(image), Variable(places.copy())
    spoiled = places.copy()
    spoiled[0, 0, 1, 0] = np.nan
    bad = Variable(spoiled)
    y, z = F.grid_sample(x, grid, mode, outside, align), F.grid_sample(x, bad, mode, outside, align)
    assert np.isnan(z.data).sum() == 2
    assert np.isnan(z.data[:, :, 0, 1]).all()
    keep = [0, 2, 3]
    np.testing.assert_array_equal(z.data[..., keep], y.data[..., keep])
    for a, b in zip(grad(z.sum(), [x, bad]), grad(y[..., keep].sum(), [x, grid])):
        np.testing.assert_allclose(a.data, b.data, atol=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("mode, outside, align", WAYS)
def test_a_place_at_infinity_is_far_outside(mode, outside, align, dtype):
    """0, the border, or some pixel, as the padding says; and moving it changes nothing."""
    for size in ((3, 4), (1, 4)):
        image = rng.uniform(1, 2, (1, 1, *size)).astype(dtype)
        x, grid = Variable(image), Variable(np.zeros((1, 1, 4, 2), dtype))
        grid.data[0, 0, :, 1] = np.asarray([np.inf, -np.inf, 1e30, -1e30])
        y = F.grid_sample(x, grid, mode, outside, align)
        if outside == "zeros":
            assert (y.data == 0).all() or (align and size[0] == 1)  # every place is on the one row
        elif outside == "border":
            rows = np.array([[0, 1.0], [0, -1], [0, 1], [0, -1]], dtype)[None, None]
            z = F.grid_sample(Variable(image), Variable(rows), mode, "border", align_corners=True)
            np.testing.assert_allclose(y.data, z.data, 1e-6)
        else:
            assert (y.data > 0.5).all()
        assert (grad(y.sum(), grid).data[..., 1] == 0).all()


def test_bilinear_reads_a_plane_exactly():
    """A plane stays a plane, and its slope is the gradient of the place."""
    rows, columns = np.meshgrid(np.arange(5.0), np.arange(7.0), indexing="ij")
    plane = (2 * rows + 3 * columns)[None, None]
    grid = Variable(rng.uniform(-0.9, 0.9, (1, 4, 6, 2)))
    for mode in ("bilinear", "bicubic"):
        y = F.grid_sample(plane, grid, mode, "border", align_corners=True)
        if mode == "bilinear":
            np.testing.assert_allclose(
                y.data[0, 0], 2 * (grid.data[0, ..., 1] + 1) * 2 + 3 * (grid.data[0, ..., 0] + 1) * 3
            )
            np.testing.assert_allclose(grad(y.sum(), grid).data, np.broadcast_to([9.0, 4.0], (1, 4, 6, 2)))
        assert y.shape == (1, 1, 4, 6)
    z = F.interpolate(plane, (9, 13), mode="bilinear", align_corners=True)[0, 0]
    np.testing.assert_allclose(z, np.add.outer(np.arange(9.0), 1.5 * np.arange(13.0)))
