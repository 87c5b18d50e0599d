"""Embedding."""

import numpy as np
import pytest

from autograd.layers import Embedding


def test_rows_and_gradients():
    layer = Embedding(4, 2, rng=0)
    index = np.array([[0, 3], [3, 3]])
    y = layer(index)
    np.testing.assert_array_equal(y.data, layer.W.data[index])
    y.sum().backward()
    np.testing.assert_array_equal(layer.W.grad.data, [[1, 1], [0, 0], [0, 0], [3, 3]])


def test_out_of_range_and_sizes():
    with pytest.raises(ValueError, match="index must be in"):
        float(Embedding(4, 2)(np.array([4])).sum())  # on a GPU the error comes when a value is read
    with pytest.raises(TypeError, match="size must be a whole number"):
        Embedding(4, None)
    with pytest.raises(ValueError, match="vocabulary must be at least 1"):
        Embedding(0, 2)
