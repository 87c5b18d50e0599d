"""Images turned, shifted, in other colours and mixed: against SciPy, `grid_sample` and closed forms."""

from functools import partial

import numpy as np
import pytest
from scipy import ndimage

import autograd.functions as F
from autograd.backend import to_numpy
from autograd.data import DataLoader, stacked
from autograd.data import transforms as T

X = np.random.default_rng(0).random((2, 3, 7, 9))


def generator(seed=0):
    return np.random.default_rng(seed)


# Maps


def test_quarter_turns_are_those_of_numpy():
    square = X[..., :7]
    for k in range(-3, 4):
        np.testing.assert_allclose(T.rotate(square, 90 * k), np.rot90(square, k, axes=(-2, -1)), atol=1e-12)
    np.testing.assert_allclose(T.rotate(X, 180), X[..., ::-1, ::-1], atol=1e-12)
    np.testing.assert_array_equal(T.rotate(X[0], 0), X[0])


def test_whole_shifts_move_pixels():
    y = T.affine(X, shift=(2, -3), fill=-1)
    np.testing.assert_allclose(y[..., 2:, :-3], X[..., :-2, 3:])
    assert (y[..., :2, :] == -1).all()
    assert (y[..., -3:] == -1).all()
    assert (T.affine(X, shift=(1e6, -1e6), fill=5) == 5).all()


MAPS = [
    {"angle": 30},
    {"angle": -75, "scale": 1.7},
    {"scale": 0.4},
    {"shear": 25},
    {"angle": 10, "shift": (0.3, -1.6), "scale": 1.2, "shear": -15, "fill": 0.25},
]


@pytest.mark.parametrize("options", MAPS)
def test_affine_is_that_of_scipy(options):
    a, k = np.radians(options.get("angle", 0)), np.tan(np.radians(options.get("shear", 0)))
    R = np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])
    M = options.get("scale", 1) * R @ [[1, 0], [k, 1]]
    inverse, centre = np.linalg.inv(M), np.array([3, 4])
    offset = centre - inverse @ (centre + options.get("shift", (0, 0)))
    fill = options.get("fill", 0)
    expected = [
        ndimage.affine_transform(plane, inverse, offset, order=1, mode="grid-constant", cval=fill)
        for plane in X.reshape(-1, 7, 9)
    ]
    np.testing.assert_allclose(T.affine(X, **options), np.reshape(expected, X.shape), atol=1e-12)


def test_rotation_is_that_of_grid_sample():
    x = X[..., :7]
    a = np.radians(20)
    theta = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0]])[None].repeat(2, 0)
    expected = F.grid_sample(x, F.affine_grid(theta, (7, 7)))
    np.testing.assert_allclose(T.rotate(x, 20), expected, atol=1e-12)


def test_dtypes_stay_and_integers_are_rounded():
    assert T.rotate(X.astype(np.float32), 3).dtype == np.float32
    pixels = (X * 255).astype(np.uint8)
    exact = T.rotate(pixels.astype(np.float64), 17, fill=300)
    y = T.rotate(pixels, 17, fill=300)
    assert y.dtype == np.uint8
    np.testing.assert_allclose(y, exact.round().clip(0, 255), atol=1)
    assert T.colour(pixels, brightness=1.5).dtype == np.uint8
    np.testing.assert_array_equal(T.colour(pixels), pixels)


# Colours


def test_colours_by_their_formulas():
    np.testing.assert_allclose(T.colour(X), X, atol=1e-15)
    np.testing.assert_allclose(T.colour(X, brightness=0.5), X / 2)
    np.testing.assert_allclose(T.colour(X, brightness=2), np.minimum(2 * X, 1))
    grey = np.einsum("ncij,c->nij", X, [0.299, 0.587, 0.114])[:, None]
    np.testing.assert_allclose(T.colour(X, saturation=0), grey.repeat(3, 1))
    np.testing.assert_allclose(T.colour(X, saturation=1.5), (grey + 1.5 * (X - grey)).clip(0, 1))
    mean = grey.mean(axis=(2, 3), keepdims=True)
    np.testing.assert_allclose(T.colour(X, contrast=0), np.broadcast_to(mean, X.shape))
    np.testing.assert_allclose(T.colour(X, contrast=1.4), (mean + 1.4 * (X - mean)).clip(0, 1))
    one = X[:, :1]
    np.testing.assert_allclose(T.colour(one, saturation=0.3), one)
    white = np.full((3, 2, 2), 200, np.uint8)
    assert (T.colour(white, brightness=2) == 255).all()


def test_colours_of_pillow():
    Image = pytest.importorskip("PIL.Image")
    from PIL import ImageEnhance

    pixels = (X[0].transpose(1, 2, 0) * 255).astype(np.uint8)
    for name, kind in {"brightness": "Brightness", "contrast": "Contrast", "saturation": "Color"}.items():
        for factor in (0, 0.6, 1.4):
            expected = np.asarray(getattr(ImageEnhance, kind)(Image.fromarray(pixels)).enhance(factor)).transpose(
                2, 0, 1
            )
            y = T.colour(pixels.transpose(2, 0, 1), **{name: factor})
            np.testing.assert_allclose(y.astype(int), expected.astype(int), atol=2)  # Pillow rounds in between


# At random


RANDOM = [
    partial(T.random_rotation, degrees=30),
    partial(T.random_affine, degrees=20, shift=0.2, scale=(0.5, 2), shear=10),
    partial(T.random_colour, brightness=0.5, contrast=0.5, saturation=0.5),
]


@pytest.mark.parametrize("f", RANDOM)
def test_each_image_of_a_batch_draws_its_own(f):
    x = np.stack([X[0]] * 3)
    before = x.copy()
    y = f(x, rng=generator())
    assert y.shape == x.shape
    assert not np.array_equal(y[0], y[1])
    np.testing.assert_array_equal(y, f(x, rng=generator()))
    rng = generator()
    np.testing.assert_array_equal(y, [f(image, rng=rng) for image in x])
    np.testing.assert_array_equal(x, before)


def test_random_values_stay_in_their_ranges():
    """A bright pixel in the middle of a row says where it went."""
    x = np.zeros((1, 21, 21))
    x[0, 10, 10] = 1
    for seed in range(50):
        y = T.random_affine(x, rng=generator(seed), shift=0.2)
        row, column = ndimage.center_of_mass(y[0])
        assert abs(row - 10) <= 4.2
        assert abs(column - 10) <= 4.2
        b = T.random_colour(np.full((1, 2, 2), 0.5), rng=generator(seed), brightness=0.3, contrast=0, saturation=0)
        assert 0.35 <= b.min() <= b.max() <= 0.65
    np.testing.assert_allclose(T.random_affine(X, rng=generator()), X, atol=1e-12)


def test_mixup_mixes_samples_and_targets_alike():
    x = np.eye(8)
    y, p = T.mixup(x, np.arange(8), classes=8, rng=generator(), alpha=0.4)
    np.testing.assert_allclose(y, p)
    np.testing.assert_allclose(p.sum(axis=1), 1)
    assert ((p > 0).sum(axis=1) <= 2).all()
    rng = generator()
    order, share = rng.permutation(8), rng.beta(0.4, 0.4, 8)
    np.testing.assert_allclose(y, share[:, None] * x + (1 - share)[:, None] * x[order])
    images, t = T.mixup(X.astype(np.float32), np.float32([1, 2]), rng=generator())
    assert (images.shape, images.dtype, t.shape, t.dtype) == (X.shape, np.float32, (2,), np.float32)


def test_a_loader_augments_and_mixes():
    x = np.random.default_rng(1).random((10, 3, 8, 8), np.float32)

    def collate(samples, rng):
        return T.mixup(*stacked(samples), classes=3, rng=rng)

    augment = T.compose(T.random_flip, partial(T.random_rotation, degrees=10), T.random_colour)
    loader = DataLoader((x, np.arange(10) % 3), 4, transform=augment, collate=collate)
    for images, p in loader:
        assert images.shape[1:] == (3, 8, 8)
        assert p.shape[1:] == (3,)
        assert F.softmax_cross_entropy(np.zeros_like(p), p) > 1


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda: T.rotate(X[0, 0], 3), ValueError, r"rotate takes images \(C, H, W\)"),
        (lambda: T.affine(X, shift=3), ValueError, "affine: shift must be a pair, not 3"),
        (lambda: T.affine(X, shear=90), ValueError, "affine: shear must be above -90 and below 90, not 90"),
        (lambda: T.affine(X, scale=0), ValueError, "affine: scale must be above 0, not 0"),
        (lambda: T.random_rotation(X, 3, rng=0), TypeError, "rng must be a NumPy generator"),
        (
            lambda: T.random_colour(X, rng=generator(), contrast=2),
            ValueError,
            "contrast must be at least 0 and at most 1",
        ),
        (lambda: T.colour(X[:, :2]), ValueError, "1 or 3 channels"),
        (lambda: T.colour((X * 9).astype(int)), TypeError, "from 0 to 1, or uint8, not int64"),
        (lambda: T.mixup(X, np.arange(2), rng=generator()), TypeError, "classes, with labels, must be a whole number"),
        (lambda: T.mixup(X, np.arange(2), 1, rng=generator()), ValueError, r"labels \(N,\) in 0 .. 0"),
        (lambda: T.mixup(X, np.arange(3), 3, rng=generator()), ValueError, "as many targets as samples"),
        (lambda: T.mixup((X * 9).astype(int), np.arange(2), 2, rng=generator()), TypeError, "x floating-point"),
    ],
)
def test_wrong_arguments_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_on_other_devices(other_device):
    x = X.astype(np.float32)
    np.testing.assert_allclose(to_numpy(T.rotate(other_device(x), 20)), T.rotate(x, 20), atol=1e-6)
    np.testing.assert_allclose(
        to_numpy(T.colour(other_device(x), contrast=1.2, saturation=0.5)),
        T.colour(x, contrast=1.2, saturation=0.5),
        atol=1e-6,
    )
    got = T.mixup(other_device(x), other_device(np.arange(2)), 2, rng=generator())
    for a, b in zip(got, T.mixup(x, np.arange(2), 2, rng=generator()), strict=True):
        np.testing.assert_allclose(to_numpy(a), b, atol=1e-6)
