"""What several tests of this folder use: arrays, a Function, a data set."""

import dezero
import numpy as np
import pytest

numpys_own = pytest.mark.standin_exempt("DeZero's conventions are NumPy's: np.random, printed arrays")

A = np.random.default_rng(0).standard_normal((2, 3))
B = np.random.default_rng(1).standard_normal((2, 3))
IMAGE = np.random.default_rng(2).standard_normal((2, 3, 5, 6))


class Square(dezero.Function):
    def forward(self, x):
        self.seen = type(x)
        y = x.copy()
        y[...] *= x  # an array also if it is 0-d
        return y

    def backward(self, gy):
        return 2 * self.inputs[0] * gy


class Squares(dezero.Dataset):
    def prepare(self):
        self.data = np.arange(7.0)
        self.label = self.data**2
