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


SHIFTED = [
    [[1, 2, 0, 7, 1, 0], [0, 9, 2, 3, 2, 3], [3, 0, 1, 2, 1, 2],
     [2, 4, 0, 1, 0, 1], [6, 0, 1, 2, 1, 2], [2, 4, 0, 1, 8, 1]],
    [[1, 1, 2, 0, 7, 1], [3, 0, 9, 2, 3, 2], [2, 3, 0, 1, 2, 1],
     [3, 2, 4, 0, 1, 0], [2, 6, 0, 1, 2, 1], [1, 2, 4, 0, 1, 8]],
]  # fmt: skip


@pytest.mark.parametrize("rows", SHIFTED)
def test_two_images_of_which_one_is_shifted_pool_alike(rows):
    assert F.max_pool2d(image(np.array(rows, float)), 3).tolist() == [[[[9, 7], [6, 8]]]]


@both
def test_padding_and_strides(conv2d):
    x = image(np.arange(1.0, 17).reshape(4, 4))
    same = [[14, 24, 30, 22], [33, 54, 63, 45], [57, 90, 99, 69], [46, 72, 78, 54]]
    assert conv2d(x, np.ones((1, 1, 3, 3)), pad=1).tolist() == [[same]]
    W = np.ones((1, 1, 2, 2))
    assert conv2d(x, W).tolist() == [[[[14, 18, 22], [30, 34, 38], [46, 50, 54]]]]
    assert conv2d(x, W, stride=2).tolist() == [[[[14, 22], [46, 54]]]]
    assert conv2d(x, W, stride=2, pad=1).tolist() == [[[[1, 5, 4], [14, 34, 20], [13, 29, 16]]]]


def test_two_channels_lie_side_by_side_in_im2col():
    x = np.stack([np.arange(9.0).reshape(3, 3), np.arange(10.0, 19).reshape(3, 3)])[None]
    assert F.im2col(x, 2).tolist() == [
        [0, 1, 3, 4, 10, 11, 13, 14], [1, 2, 4, 5, 11, 12, 14, 15],
        [3, 4, 6, 7, 13, 14, 16, 17], [4, 5, 7, 8, 14, 15, 17, 18],
    ]  # fmt: skip


def test_col2im_adds_four_partial_sums():
    parts = []
    for k in range(4):
        cols = np.zeros((9, 4))
        cols[:, k] = np.arange(9.0)
        parts.append(F.col2im(cols, (1, 1, 4, 4), 2)[0, 0])
    assert parts[0].tolist() == [[0, 1, 2, 0], [3, 4, 5, 0], [6, 7, 8, 0], [0, 0, 0, 0]]
    assert parts[3].tolist() == [[0, 0, 0, 0], [0, 0, 1, 2], [0, 3, 4, 5], [0, 6, 7, 8]]
    total = parts[0] + parts[1] + parts[2] + parts[3]
    assert total.tolist() == [[0, 1, 3, 2], [3, 8, 12, 7], [9, 20, 24, 13], [6, 13, 15, 8]]
