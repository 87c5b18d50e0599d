"""Dropout."""

import numpy as np
import pytest

from autograd import test_mode
from autograd.functions.regularization import dropout
from autograd.layers import Dropout


def test_masks_scale_and_test_mode():
    layer, x = Dropout(0.25, rng=0), np.ones((100, 100), np.float32)
    y = layer(x)
    assert set(np.unique(y)) == {np.float32(0), np.float32(1 / 0.75)}
    assert y.mean() == pytest.approx(1, abs=0.02)
    with test_mode():
        assert layer(x) is x


def test_a_seed_is_not_spent_anew_in_every_call():
    x = np.ones(100, np.float32)
    a, b = Dropout(rng=3), Dropout(rng=3)
    first = a(x)
    np.testing.assert_array_equal(first, b(x))
    assert not np.array_equal(first, a(x))


@pytest.mark.parametrize("p", [-0.1, 1.0, 2])
def test_p_is_a_probability_below_one(p):
    with pytest.raises(ValueError, match="p must be at least 0 and below 1"):
        Dropout(p)


@pytest.mark.parametrize("p", ["a", None, [0.5]])
def test_p_is_a_number(p):
    with pytest.raises(TypeError, match="Dropout: p must be a number, not"):
        Dropout(p)
    with pytest.raises(TypeError, match="dropout: p must be a number, not"):
        dropout(np.ones(2), p)
