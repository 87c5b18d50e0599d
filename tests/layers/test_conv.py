"""Convolutions and poolings as layers."""

import pickle

import numpy as np
import pytest

import autograd.functions as F
from autograd import Variable
from autograd.layers.conv import Conv1d, Conv2d, Conv3d, ConvTranspose2d
from autograd.layers.pooling import AveragePool2d, MaxPool2d


def images(*shape):
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize(
    ("layer", "x", "W"),
    [
        (lambda **o: Conv1d(6, 3, 2, 1, **o), (2, 4, 9), (6, 4, 3)),
        (lambda **o: Conv2d(6, (3, 2), 2, "same", **o), (2, 4, 9, 8), (6, 4, 3, 2)),
        (lambda **o: Conv2d(6, 3, groups=2, dilation=2, **o), (2, 4, 9, 8), (6, 2, 3, 3)),
        (lambda **o: Conv3d(6, 2, **o), (2, 4, 3, 4, 5), (6, 4, 2, 2, 2)),
        (lambda **o: ConvTranspose2d(6, 3, 2, 1, output_pad=1, groups=2, **o), (2, 4, 3, 5), (4, 3, 3, 3)),
    ],
)
def test_channels_are_found_or_given(layer, x, W):
    lazy, given = layer(rng=1), layer(rng=1, in_channels=4)
    assert given.W.shape == W
    assert None in lazy.W.shape
    y = lazy(images(*x))
    assert [lazy.W.shape, lazy.b.shape] == [W, (6,)]
    assert y.dtype == np.float32
    np.testing.assert_array_equal(y.data, given(images(*x)).data)
    y.sum().backward()
    assert all(p.grad.shape == p.shape and p.grad.dtype == np.float32 for p in lazy.params())


def test_the_layer_is_the_function():
    x = images(2, 4, 6, 6)
    layer = Conv2d(6, 3, 2, ((1, 0), 2), dilation=2, groups=2, rng=0)
    y = layer(x)
    np.testing.assert_array_equal(y.data, F.conv2d(x, layer.W, layer.b, 2, ((1, 0), 2), 2, 2).data)
    np.testing.assert_array_equal(MaxPool2d(3, 2, 1, True)(x), F.max_pool2d(x, 3, 2, 1, True))
    np.testing.assert_array_equal(MaxPool2d(2)(x), F.max_pool2d(x, 2))
    np.testing.assert_array_equal(AveragePool2d((2, 3))(x), F.average_pool2d(x, (2, 3)))


def test_without_bias():
    layer = Conv2d(3, 3, bias=False)
    layer(images(1, 2, 4, 4))
    assert [path for path, _ in layer.named_params()] == ["W"]


def test_the_first_values_keep_the_size_of_a_signal():
    y = Conv2d(64, 3, groups=2, rng=0)(images(4, 32, 20, 20))
    assert abs(y.data.std() - 1) < 0.1


@pytest.mark.parametrize(
    ("C", "M", "kernel", "stride", "groups"),
    [(16, 64, 4, 2, 1), (64, 16, 4, 2, 1), (32, 32, (3, 5), (3, 1), 2), (32, 8, 3, 2, 1)],
)
def test_initial_values_of_the_way_back_keep_the_size_of_a_signal(C, M, kernel, stride, groups):
    """Whether it has more channels or fewer, and however many pixels lie between its steps."""
    layer = ConvTranspose2d(M, kernel, stride, groups=groups, rng=0)
    lazy = layer(images(4, C, 20, 20)).data[:, :, 4:-4, 4:-4]
    given = ConvTranspose2d(M, kernel, stride, groups=groups, in_channels=C, rng=0)
    assert abs(lazy.std() - 1) < 0.1
    np.testing.assert_array_equal(given.W.data, layer.W.data)


def test_a_layer_that_waits_for_its_channels_can_be_copied():
    """Also with the initializer that it has by itself."""
    layer = pickle.loads(pickle.dumps(ConvTranspose2d(4, 3, 2, rng=0)))
    assert layer(images(1, 3, 4, 4)).shape == (1, 4, 9, 9)


def test_states_are_saved_and_loaded():
    first, second = Conv2d(3, 2, rng=0), Conv2d(3, 2, rng=1)
    x = images(1, 2, 4, 4)
    y = first(x)
    second.load_state_dict(first.state_dict())
    np.testing.assert_array_equal(second(x).data, y.data)


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: Conv2d(0, 3), "out_channels must be at least 1"),
        (lambda: Conv2d(4, 0), "kernel must be a whole number of at least 1, or 2 of them"),
        (lambda: Conv2d(4, (3, 3, 3)), "kernel must be"),
        (lambda: Conv2d(4, 3, 0), "stride must be"),
        (lambda: Conv2d(4, 3, pad="full"), "pad must be"),
        (lambda: Conv2d(4, 3, dilation=0), "dilation must be"),
        (lambda: Conv2d(4, 3, in_channels=0), "in_channels must be at least 1"),
        (lambda: Conv2d(4, 3, groups=3), "groups must divide in_channels = None and out_channels = 4, not be 3"),
        (lambda: Conv2d(4, 3, in_channels=3, groups=2), "groups must divide in_channels = 3 and"),
        (lambda: ConvTranspose2d(4, 3, output_pad=-1), "output_pad must be"),
        (lambda: MaxPool2d(0), "kernel must be"),
        (lambda: AveragePool2d(2, 0), "stride must be"),
        (lambda: Conv2d(4, 3)(images(2, 5, 5)), r"conv2d: x must have the 4 axes \(N, C, H, W\)"),
        (lambda: Conv1d(4, 3)(images(2, 5, 5, 5)), r"conv1d: x must have the 3 axes \(N, C, L\)"),
        (lambda: Conv2d(4, 6)(images(1, 2, 5, 5)), r"conv2d: .* \(5 \+ 0 \+ 0 - 1 \(6 - 1\) - 1\) // 1 \+ 1 = 0"),
        (lambda: Conv2d(4, 3, in_channels=3)(images(1, 2, 5, 5)), "filters .* for images"),
    ],
)
def test_errors(make, match):
    with pytest.raises(ValueError, match=match):
        make()


@pytest.mark.parametrize(
    ("make", "wrong", "right", "y"),
    [
        (lambda: Conv2d(4, 3, groups=2), (1, 3, 5, 5), (1, 6, 5, 5), (1, 4, 3, 3)),
        (lambda: Conv2d(4, 3), (1, 3, 2, 5), (1, 6, 5, 5), (1, 4, 3, 3)),
        (lambda: Conv1d(4, 3), (3, 3), (1, 6, 5), (1, 4, 3)),
        (lambda: ConvTranspose2d(4, 3, groups=2), (1, 3, 5, 5), (1, 6, 5, 5), (1, 4, 7, 7)),
        (lambda: ConvTranspose2d(4, 3, pad=2), (1, 3, 2, 5), (1, 6, 5, 5), (1, 4, 3, 3)),
    ],
)
def test_a_wrong_first_call_decides_nothing(make, wrong, right, y):
    """A layer that has refused its first images still takes the size of the next ones."""
    layer = make()
    with pytest.raises(ValueError, match="^conv(1d|2d|_transpose2d)(:| takes) "):
        layer(images(*wrong))
    assert layer(Variable(images(*right))).shape == y
