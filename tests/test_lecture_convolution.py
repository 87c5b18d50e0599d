"""The numbers of the lecture's section 8: convolution, im2col, pooling."""

import numpy as np
import pytest

import autograd.functions as F
from autograd import Variable
from autograd.kernels.windows import windows
from autograd.variable import grad

IMAGE = np.array([[1, 2, 3, 0], [0, 1, 2, 3], [3, 0, 1, 2], [2, 3, 0, 1]])
FILTER = np.array([[2, 0, 1], [0, 1, 2], [1, 0, 2]])
POOLED = np.array([[7, 11, 13, 15], [3, 4, 2, 3], [1, 2, 17, 9], [1, 8, 3, 10]], float)

both = pytest.mark.parametrize("conv2d", [F.conv2d, F.conv2d_by_im2col])


def image(rows):
    """A matrix as one image of one channel."""
    return np.asarray(rows)[None, None]


@both
def test_one_image_one_filter(conv2d):
    y = conv2d(image(IMAGE), image(FILTER))
    assert y.tolist() == [[[[15, 16], [6, 15]]]]
    y = conv2d(image(IMAGE), image(FILTER), np.array([3]))
    assert y.tolist() == [[[[18, 19], [9, 18]]]]
    y = conv2d(image(IMAGE), image(FILTER), pad=1)
    assert y.tolist() == [[[[7, 12, 10, 2], [4, 15, 16, 10], [10, 6, 15, 6], [8, 10, 4, 3]]]]


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "pad", "out"),
    [((4, 4), 3, 1, 1, (4, 4)), ((7, 7), 3, 2, 0, (3, 3)), ((28, 31), 5, 3, 2, (10, 11))],
)
def test_output_size(size, kernel, stride, pad, out):
    """OH = (H + 2P - FH)/S + 1"""
    assert windows(size, kernel, stride, pad).out == out
    assert F.conv2d(np.zeros((1, 1, *size)), np.zeros((1, 1, kernel, kernel)), None, stride, pad).shape[2:] == out


def test_a_size_that_is_not_positive_names_the_numbers():
    with pytest.raises(ValueError, match=r"must be at least 1, .* \(2 \+ 0 \+ 0 - 1 \(3 - 1\) - 1\) // 1 \+ 1 = 0"):
        F.conv2d(np.zeros((1, 1, 2, 2)), np.zeros((1, 1, 3, 3)))


def test_im2col():
    rows = F.im2col(np.arange(16).reshape(1, 1, 4, 4), 2)
    assert rows.tolist() == [
        [0, 1, 4, 5], [1, 2, 5, 6], [2, 3, 6, 7],
        [4, 5, 8, 9], [5, 6, 9, 10], [6, 7, 10, 11],
        [8, 9, 12, 13], [9, 10, 13, 14], [10, 11, 14, 15],
    ]  # fmt: skip
    assert F.im2col(np.zeros((1, 1, 7, 7)), 5).shape == (9, 25)
    assert F.im2col(np.zeros((1, 3, 7, 7)), 5).shape == (9, 75)
    assert F.im2col(np.zeros((10, 3, 7, 7)), 5).shape == (90, 75)


@both
def test_forward_and_backward(conv2d):
    x = Variable(np.arange(16.0).reshape(1, 1, 4, 4))
    W, b = Variable(np.ones((1, 1, 2, 2))), Variable(np.array([3.0]))
    y = conv2d(x, W, b)
    assert y.data.tolist() == [[[[13, 17, 21], [29, 33, 37], [45, 49, 53]]]]
    gx, gW, gb = grad(y, [x, W, b], np.arange(9.0).reshape(1, 1, 3, 3))
    assert gb.data.tolist() == [36]
    assert gW.data.tolist() == [[[[258, 294], [402, 438]]]]
    assert gx.data.tolist() == [[[[0, 1, 3, 2], [3, 8, 12, 7], [9, 20, 24, 13], [6, 13, 15, 8]]]]


@both
def test_two_filters(conv2d):
    W = np.ones((2, 1, 2, 2)) * np.array([1, 2]).reshape(2, 1, 1, 1)
    y = conv2d(np.arange(16.0).reshape(1, 1, 4, 4), W, np.array([3.0, 3.0]))
    assert y[0, 0].tolist() == [[13, 17, 21], [29, 33, 37], [45, 49, 53]]
    assert y[0, 1].tolist() == [[23, 31, 39], [55, 63, 71], [87, 95, 103]]


def test_max_pooling():
    x = Variable(image(POOLED))
    y = F.max_pool2d(x, 2)
    assert y.data.tolist() == [[[[11, 15], [8, 17]]]]
    gx = grad(y, x, np.array([[[[1.0, 2.0], [3.0, 4.0]]]])).data[0, 0]
    assert gx.tolist() == [[0, 1, 0, 2], [0, 0, 0, 0], [0, 0, 4, 0], [0, 3, 0, 0]]
    second = image([[1, 2, 1, 0], [0, 1, 2, 3], [3, 0, 1, 2], [2, 4, 0, 1]])
    assert F.max_pool2d(second, 2).tolist() == [[[[2, 3], [4, 2]]]]


def test_pooling_is_insensitive_to_a_shift_by_one_pixel():
    """A blob inside each window, and the same image moved by a pixel: equal maxima, different pixels."""
    first = np.zeros((4, 4))
    first[0, 0], first[2, 2], first[0, 2] = 5, 7, 3
    second = np.roll(first, (1, 1), (0, 1))
    assert (first != second).any()
    assert F.max_pool2d(image(first), 2).tolist() == F.max_pool2d(image(second), 2).tolist() == [[[[5, 3], [0, 7]]]]
