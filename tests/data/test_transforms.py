"""Transforms of images, as arrays and as Pillow's."""

import pickle
from functools import partial

import numpy as np
import pytest

from autograd.backend import to_numpy
from autograd.data import transforms as T

X = np.arange(2 * 3 * 5 * 6, dtype=np.float32).reshape(2, 3, 5, 6)


def generator():
    return np.random.default_rng(0)


# What is certain


def test_to_chw():
    image = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    y = T.to_chw(image)
    assert y.shape == (3, 2, 4)
    assert y.dtype == np.float32
    np.testing.assert_allclose(y[1, 0, 2], 7 / 255)
    assert T.to_chw(image[..., 0]).shape == (1, 2, 4)
    assert T.to_chw(image, dtype=np.float64).dtype == np.float64
    np.testing.assert_array_equal(T.to_chw(X[0]), X[0].transpose(2, 0, 1))


def test_small_maps_of_many_channels_are_images():
    x = np.arange(16 * 4 * 4.0).reshape(16, 4, 4)
    np.testing.assert_array_equal(T.flip(x), x[:, :, ::-1])
    wide = np.zeros((16, 8, 4))  # looks like (H, W, C)
    assert T.flip(wide[None]).shape == (1, 16, 8, 4)


def test_normalize():
    y = T.normalize(X, (1, 2, 3), (1, 2, 4))
    assert y.dtype == np.float32
    for c, (mean, std) in enumerate([(1, 1), (2, 2), (3, 4)]):
        np.testing.assert_allclose(y[:, c], (X[:, c] - mean) / std)
    np.testing.assert_allclose(T.normalize(X[0], 0.5, 0.1), (X[0] - 0.5) / 0.1, rtol=1e-6)


def test_crops_and_flips():
    np.testing.assert_array_equal(T.crop(X, 1, 2, 3, 4), X[:, :, 1:4, 2:6])
    np.testing.assert_array_equal(T.crop(X[0], 0, 0, 5, 6), X[0])
    np.testing.assert_array_equal(T.centre_crop(X, 2), X[:, :, 1:3, 2:4])
    np.testing.assert_array_equal(T.centre_crop(X[0], (3, 6)), X[0, :, 1:4])
    np.testing.assert_array_equal(T.flip(X), X[:, :, :, ::-1])
    np.testing.assert_array_equal(T.flip(X[0], vertical=True), X[0, :, ::-1])


def test_compose():
    f = T.compose(T.flip, partial(T.centre_crop, size=2), lambda x: x * 2)
    np.testing.assert_array_equal(f(X), T.flip(X)[:, :, 1:3, 2:4] * 2)
    assert T.compose()(3) == 3
    with pytest.raises(TypeError, match="compose takes functions, not 3"):
        T.compose(T.flip, 3)


def test_nothing_is_changed():
    before = X.copy()
    x = X.copy()
    x.flags.writeable = False
    rng = generator()
    for f in (T.flip, partial(T.resize, size=3), partial(T.random_erasing, p=1, rng=rng)):
        f(x)
    T.random_crop(x, 4, pad=1, rng=rng)
    np.testing.assert_array_equal(x, before)


# Another size


def test_a_mean_of_four_and_a_constant():
    x = X[:, :, :4]
    np.testing.assert_allclose(T.resize(x, (2, 3), "box"), x.reshape(2, 3, 2, 2, 3, 2).mean((3, 5)), rtol=1e-6)
    for method in ("box", "bilinear", "bicubic"):
        for size in ((3, 9), (7, 2), (1, 1), (5, 6)):
            np.testing.assert_allclose(T.resize(np.full((1, 5, 6), 7.0), size, method), 7)


def test_bilinear_by_hand():
    y = T.resize(np.array([[[0.0, 8.0]]]), (1, 4), "bilinear")
    np.testing.assert_allclose(y, [[[0, 2, 6, 8]]])


def test_bicubic_keeps_a_straight_line():
    x = np.arange(20.0).reshape(1, 1, 20).repeat(2, axis=1)
    y = T.resize(x, (2, 40))
    np.testing.assert_allclose(y[0, 0, 8:-8], (np.arange(40) / 2 - 0.25)[8:-8])


@pytest.mark.parametrize(
    ("shape", "size", "expected"),
    [((4, 6), 2, (2, 3)), ((6, 4), 2, (3, 2)), ((5, 7), 10, (10, 14)), ((3, 3), 5, (5, 5))],
)
def test_one_number_is_the_shorter_side(shape, size, expected):
    assert T.resize(np.zeros((1, *shape)), size).shape == (1, *expected)
    assert T.resize(np.zeros((1, *shape)), np.int64(size)).shape == (1, *expected)


def test_a_box_has_one_end_where_two_pixels_are_as_far():
    weights = T.resize(np.eye(7)[None], (7, 2), "box")[0]  # the fourth pixel is between both
    np.testing.assert_allclose(weights.T, [[1 / 4] * 4 + [0] * 3, [0] * 4 + [1 / 3] * 3])


def test_whole_numbers_are_rounded_and_stay_in_range():
    x = np.array([[[0, 0, 255, 255]]], np.uint8)
    y = T.resize(x, (1, 9))
    assert y.dtype == np.uint8
    assert y.min() == 0
    assert y.max() == 255
    assert T.resize(X, (2, 2)).dtype == np.float32


@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", "i2", "u4", "i4"])
def test_the_ends_of_their_range_stay(dtype):
    low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
    y = T.resize(np.array([[[low, low, high, high]]], dtype), (1, 9))
    assert y.dtype == dtype
    assert [y.min(), y.max()] == [low, high]


def test_half_precision_is_rounded_once():
    x = np.random.default_rng(0).random((1, 40, 40)).astype(np.float16)
    np.testing.assert_array_equal(T.resize(x, 7), T.resize(x.astype(np.float32), 7).astype(np.float16))


# At random


def test_a_random_crop_is_anywhere_and_anew_for_each_image():
    x = np.broadcast_to(np.arange(36.0).reshape(6, 6), (200, 1, 6, 6))
    y = T.random_crop(x, (4, 5), rng=generator())
    assert y.shape == (200, 1, 4, 5)
    corners = set(y[:, 0, 0, 0].tolist())
    assert corners == {6.0 * i + j for i in range(3) for j in range(2)}
    for image in y:
        np.testing.assert_array_equal(image - image[0, 0, 0], (x[0, :, :4, :5]))


def test_a_border_of_zeros():
    x = np.ones((100, 1, 3, 3))
    y = T.random_crop(x, 3, pad=2, rng=generator())
    assert y.shape == x.shape
    assert {int(image.sum()) for image in y} == {1, 2, 3, 4, 6, 9}


def test_half_are_flipped():
    x = np.broadcast_to(X[0], (1000, 3, 5, 6))
    y = T.random_flip(x, rng=generator())
    flipped = (y == x[:, :, :, ::-1]).all(axis=(1, 2, 3))
    assert 440 < flipped.sum() < 560
    np.testing.assert_array_equal(y[~flipped], x[~flipped])
    np.testing.assert_array_equal(T.random_flip(X, 1, rng=generator(), vertical=True), X[:, :, ::-1])
    np.testing.assert_array_equal(T.random_flip(X, 0, rng=generator()), X)


def test_a_rectangle_is_erased():
    x = np.ones((500, 2, 20, 30), np.float32)
    y = T.random_erasing(x, 0.5, rng=generator(), area=(0.1, 0.2), ratio=(0.5, 2))
    assert y.dtype == np.float32
    erased = (y == 0).all(axis=1)
    shares = erased.mean(axis=(1, 2))
    assert 200 < (shares > 0).sum() < 300
    assert shares[shares > 0].min() > 0.085
    assert shares.max() < 0.215
    for hole in erased[shares > 0]:
        rows, columns = np.flatnonzero(hole.any(axis=1)), np.flatnonzero(hole.any(axis=0))
        assert hole.sum() == len(rows) * len(columns) == (np.ptp(rows) + 1) * (np.ptp(columns) + 1)
        assert 0.4 < len(rows) / len(columns) < 2.5
    assert not (y[:, 0] != y[:, 1]).any()


def test_tall_and_wide_rectangles_are_alike():
    hole = T.random_erasing(np.ones((1000, 1, 40, 40)), 1, rng=generator(), area=(0.1, 0.1), ratio=(0.25, 4))[:, 0] == 0
    height, width = hole.any(axis=2).sum(axis=1), hole.any(axis=1).sum(axis=1)
    assert 440 < (height > width).sum() + (height == width).sum() / 2 < 560


def test_erased_with_a_value_or_with_noise():
    y = T.random_erasing(np.zeros((1, 9, 9)), 1, rng=generator(), area=(1, 1), ratio=(1, 1), value=3.0)
    assert (y == 3).all()
    y = T.random_erasing(np.zeros((3, 40, 40), np.float32), 1, rng=generator(), area=(1, 1), ratio=(1, 1), value=None)
    assert abs(y.mean()) < 0.1
    assert abs(y.std() - 1) < 0.1
    assert y.dtype == np.float32


def test_a_generator_decides_and_nothing_else():
    def augmented(rng):
        f = T.compose(
            partial(T.random_crop, size=4, pad=1, rng=rng),
            partial(T.random_flip, rng=rng),
            partial(T.random_erasing, rng=rng),
        )
        return f(X)

    np.random.seed(0)
    first = augmented(generator())
    np.random.seed(1)
    np.testing.assert_array_equal(augmented(generator()), first)
    assert not np.array_equal(augmented(np.random.default_rng(1)), first)
    state = np.random.get_state()[1].copy()
    augmented(generator())
    np.testing.assert_array_equal(np.random.get_state()[1], state)


# Other arrays, other libraries


def test_on_each_device(on_device):
    functions = [
        lambda x: T.resize(x, (4, 9)),
        lambda x: T.normalize(x, (1, 2, 3), 2),
        lambda x: T.centre_crop(x, 3),
        T.flip,
        lambda x: T.random_crop(x, 5, pad=2, rng=generator()),
        lambda x: T.random_flip(x, rng=generator()),
        lambda x: T.random_erasing(x, rng=generator()),
        lambda x: T.random_erasing(x, rng=generator(), value=None),
        lambda x: T.to_chw(x[0]),
    ]
    for f in functions:
        y = f(on_device(X))
        assert type(y) is type(on_device(X))
        assert y.dtype == np.float32
        np.testing.assert_allclose(to_numpy(y), f(X), rtol=1e-6)


@pytest.fixture
def pillow():
    return pytest.importorskip("PIL.Image")


PIXELS = np.random.default_rng(3).integers(0, 256, (17, 23, 3), np.uint8)


def test_images_of_pillow_are_what_arrays_are(pillow):
    image, x = pillow.fromarray(PIXELS), T.to_chw(PIXELS)
    np.testing.assert_array_equal(T.to_chw(image), x)
    functions = [
        T.flip,
        partial(T.flip, vertical=True),
        lambda x: T.crop(x, 1, 2, 3, 4),
        partial(T.centre_crop, size=(8, 5)),
        lambda x: T.random_crop(x, (9, 20), pad=3, rng=generator()),
        lambda x: T.random_flip(x, rng=generator()),
    ]
    for f in functions:
        y = f(image)
        assert isinstance(y, pillow.Image)
        np.testing.assert_array_equal(T.to_chw(y), f(x))


@pytest.mark.parametrize("method", ["box", "bilinear", "bicubic"])
@pytest.mark.parametrize("size", [(8, 9), (40, 31), (9, 50), (17, 23), 11])
def test_resize_as_pillow_does(pillow, method, size):
    x = np.random.default_rng(0).random((17, 23)).astype(np.float32)
    expected = np.asarray(T.resize(pillow.fromarray(x), size, method))
    np.testing.assert_allclose(T.resize(x[None], size, method)[0], expected, atol=1e-6)


@pytest.mark.parametrize("method", ["box", "bilinear", "bicubic"])
def test_ties_fall_as_in_pillow(pillow, method):
    rng = np.random.default_rng(0)
    sizes = [(55, 50), (20, 52), (7, 2), *rng.integers(1, 90, (100, 2)).tolist()]
    for H, OH in sizes:
        x = rng.random((H, 2)).astype(np.float32)
        expected = np.asarray(T.resize(pillow.fromarray(x), (OH, 2), method))
        np.testing.assert_allclose(T.resize(x[None], (OH, 2), method)[0], expected, atol=1e-6, err_msg=f"{H}, {OH}")


@pytest.mark.parametrize(("mode", "channels"), [("L", 1), ("RGB", 3), ("RGBA", 4), ("P", 3), ("1", 3), ("CMYK", 3)])
def test_modes_of_pillow(pillow, mode, channels):
    x = T.to_chw(pillow.fromarray(PIXELS).convert(mode))
    assert x.shape == (channels, 17, 23)
    assert x.dtype == np.float32
    assert 0 <= x.min() <= x.max() <= 1


def test_a_composition_is_pickled_for_other_processes():
    f = T.compose(T.flip, partial(T.centre_crop, size=2))
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(f))(X), f(X))


# What is wrong


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: T.resize(X, 0), ValueError, "size must be at least 1, not 0"),
        (lambda: T.resize(X, True), TypeError, "size must be a whole number, not True"),
        (lambda: T.crop(X, 0, 0, 2.0, 2), TypeError, "height must be a whole number, not 2.0"),
        (lambda: T.resize(X, (1, 2, 3)), ValueError, "a pair"),
        (lambda: T.resize(X, (1.5, 2)), TypeError, "size must be a whole number, not 1.5"),
        (lambda: T.resize(X, 3, "cubic"), ValueError, "one of 'box', 'bilinear', 'bicubic', not 'cubic'"),
        (lambda: T.resize(X.tolist(), 3), TypeError, "takes arrays, not list"),
        (lambda: T.resize(X > 0, 3), TypeError, "resize takes floating-point .* not bool: use x.astype"),
        (lambda: T.resize(X.astype(np.int64), 3), TypeError, "up to 32 bits, not int64"),
        (lambda: T.resize(X * 1j, 3), TypeError, "not complex64"),
        (lambda: T.resize(X[0, 0], 3), ValueError, r"\(C, H, W\) or \(N, C, H, W\), not float32 \(5, 6\)"),
        (lambda: T.flip(np.zeros((20, 30, 3))), ValueError, r"looks like \(H, W, C\): use to_chw, or x\[None\]"),
        (lambda: T.flip(np.zeros((3, 0, 4))), ValueError, "takes images"),
        (lambda: T.crop(X, 3, 0, 3, 2), ValueError, r"an image of 5 x 6, not 3 x 2 from \(3, 0\)"),
        (lambda: T.crop(X, -1, 0, 2, 2), ValueError, "top must be at least 0, not -1"),
        (lambda: T.crop(X, 0, 0, 0, 2), ValueError, "height must be at least 1, not 0"),
        (lambda: T.centre_crop(X, 7), ValueError, "a size of at most 5 x 6, not 7 x 7"),
        (lambda: T.normalize(X, (1, 2), 1), ValueError, "one for each of 3 channels"),
        (lambda: T.normalize(X, 1, (1, 0, 1)), ValueError, "std must be above 0"),
        (lambda: T.normalize(X.astype(np.uint8), 0, 1), TypeError, "floating-point images, not uint8: see to_chw"),
        (lambda: T.to_chw(X), ValueError, r"takes one image, .* not float32 \(2, 3, 5, 6\)"),
        (lambda: T.to_chw([1]), ValueError, "not list"),
        (
            lambda: T.to_chw(PIXELS, dtype=np.uint8),
            TypeError,
            "dtype must be floating-point, such as np.float32, not uint8",
        ),
        (lambda: T.to_chw(X[0], dtype=int), TypeError, "dtype must be floating-point, such as np.float32, not int64"),
        (lambda: T.to_chw(np.zeros((2, 2), np.int64)), ValueError, "takes one image, uint8"),
        (lambda: T.to_chw(np.zeros((2, 2), np.uint16)), ValueError, "not uint16: divide by the largest"),
        (lambda: T.random_crop(X, 4, rng=0), TypeError, "must be a NumPy generator, .* a seed would give the same"),
        (lambda: T.random_crop(X, 8, pad=1, rng=generator()), ValueError, "5 x 6 with a border of 1, not 8 x 8"),
        (lambda: T.random_crop(X, 2, pad=-1, rng=generator()), ValueError, "pad must be at least 0, not -1"),
        (lambda: T.random_flip(X, 1.5, rng=generator()), ValueError, "p must be at least 0 and at most 1, not 1.5"),
        (lambda: T.random_flip(X, rng=None), TypeError, "must be a NumPy generator"),
        (lambda: T.random_erasing(X, -1, rng=generator()), ValueError, "p must be at least 0 and at most 1, not -1"),
        (
            lambda: T.random_erasing(X, rng=generator(), area=(0.5, 0.1)),
            ValueError,
            "area must be above 0 and at most 0.1, not 0.5",
        ),
        (lambda: T.random_erasing(X, rng=generator(), ratio=(0, 1)), ValueError, "ratio must be above 0 .*not 0"),
        (lambda: T.random_erasing("x", rng=generator()), TypeError, "takes arrays, not str"),
    ],
)
def test_wrong_arguments(call, error, message):
    with pytest.raises(error, match=message):
        call()
