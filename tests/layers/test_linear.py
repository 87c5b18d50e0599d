"""Linear."""

import numpy as np
import pytest

from autograd import Variable
from autograd.layers import Linear, constant, he


def test_formula_and_gradients():
    layer = Linear(2, 3, dtype=np.float64)
    layer.W.data[...] = np.asarray([[1, 2], [3, 4], [5, 6]])
    layer.b.data[...] = np.asarray([10, 20])
    x = Variable([[1.0, 0.0, -1.0], [2.0, 1.0, 0.0]])
    y = layer(x)
    np.testing.assert_array_equal(y.data, [[6, 16], [15, 28]])
    y.sum().backward()
    np.testing.assert_array_equal(layer.W.grad.data, [[3, 3], [1, 1], [-1, -1]])
    np.testing.assert_array_equal(layer.b.grad.data, [2, 2])
    np.testing.assert_array_equal(x.grad.data, [[3, 7, 11], [3, 7, 11]])


def test_without_bias():
    layer = Linear(2, 3, bias=False)
    assert layer.b is None
    assert list(layer.state_dict()) == ["W"]


def test_leading_axes():
    layer = Linear(2)
    assert layer(np.ones((4, 5, 3), np.float32)).shape == (4, 5, 2)
    assert layer.W.shape == (3, 2)


def test_initial_values():
    layer = Linear(100, 400, rng=0)
    assert layer.W.data.std() == pytest.approx(1 / 20, rel=0.05)
    np.testing.assert_array_equal(layer.b.data, np.zeros(100))
    assert Linear(100, 400, initializer=he, rng=0).W.data.std() == pytest.approx(2**0.5 / 20, rel=0.05)


def test_equal_weights_stay_equal():
    """Chapter 6 of the lecture: symmetry is not broken by training."""
    layer = Linear(2, 3, initializer=constant)
    layer(np.arange(6, dtype=np.float32).reshape(2, 3)).sum().backward()
    np.testing.assert_array_equal(layer.W.grad.data[:, 0], layer.W.grad.data[:, 1])


def test_a_wrong_input_names_the_shapes():
    with pytest.raises(ValueError, match=r"x \(4, 5\), W \(3, 2\)"):
        Linear(2, 3)(np.ones((4, 5), np.float32))


@pytest.mark.parametrize("x", [[[1.0, 2.0]], "text", None])
def test_what_is_no_array_settles_no_size(x):
    layer = Linear(3)
    with pytest.raises(TypeError, match="takes a Variable or an array, not"):
        layer(x)
    assert layer.W.shape == (None, 3)
    assert layer(np.ones((4, 5), np.float32)).shape == (4, 3)
