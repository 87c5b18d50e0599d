"""The core of DeZero's first steps."""

import numpy as np
from dezero import core_simple

from tests.compat.dezero.samples import A, numpys_own

pytestmark = numpys_own


def test_core_simple_has_arrays_for_gradients():
    class Cube(core_simple.Function):
        def forward(self, x):
            return x**3

        def backward(self, gy):
            assert isinstance(gy, np.ndarray)
            return 3 * self.inputs[0].data ** 2 * gy

    x = core_simple.Variable(np.array(2.0))
    y = Cube()(x) + x * 1
    y.backward()
    assert isinstance(x.grad, np.ndarray)
    assert x.grad == 13
    (x * x).backward()
    assert x.grad == 17
    x.data -= 0.5 * x.grad
    assert repr(x) == "variable(-6.5)"
    assert type(core_simple.as_variable(A)) is core_simple.Variable
    assert type(Cube()(A)) is core_simple.Variable
