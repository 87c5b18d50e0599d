"""Helpers for arrays and sizes."""

import numpy as np
import pytest
from dezero import Variable, utils

from tests.compat.dezero.samples import A, B, numpys_own

pytestmark = numpys_own


def test_small_utilities():
    assert utils.array_equal(A, Variable(A))
    assert utils.array_allclose(Variable(A), A + 1e-7)
    assert not utils.array_equal(A, B)
    assert utils.sum_to(A, (1, 3)).shape == (1, 3)
    assert utils.sum_to(A, (3,)).shape == (3,)
    np.testing.assert_allclose(utils.logsumexp(A), np.log(np.exp(A).sum(1, keepdims=True)))
    assert utils.reshape_sum_backward(Variable(A.sum(1)), (2, 3), 1, False).shape == (2, 1)
    assert utils.reshape_sum_backward(Variable(np.ones(())), (2, 3), None, False).shape == (1, 1)
    assert utils.max_backward_shape(A, 1) == [2, 1]
    assert (utils.pair(3), utils.pair((1, 2))) == ((3, 3), (1, 2))
    assert (utils.get_conv_outsize(4, 3, 1, 1), utils.get_deconv_outsize(4, 3, 2, 1)) == (4, 7)
    with pytest.raises(ValueError, match="a tuple of two"):
        utils.pair((1, 2, 3))
