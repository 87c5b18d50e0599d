"""Gradient checks."""

import dezero
import dezero.functions as F
import numpy as np
from dezero import Variable, utils

from tests.compat.dezero.samples import A, B, numpys_own

pytestmark = numpys_own


def test_gradient_check(capsys):
    assert utils.gradient_check(F.sin, A)
    assert utils.gradient_check(F.matmul, Variable(A.astype(np.float32)), B.T)
    assert utils.gradient_check(lambda x, k: x**k, A, k=3)

    class Wrong(dezero.Function):
        def forward(self, x):
            return 2 * x

        def backward(self, gy):
            return 3 * gy

    assert not utils.gradient_check(Wrong(), A)
    assert "FAILED (Gradient Check)" in capsys.readouterr().out
    np.testing.assert_allclose(utils.numerical_grad(lambda x: x**2, A.copy()), 2 * A, rtol=1e-6)
