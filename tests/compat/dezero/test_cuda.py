"""Devices."""

import dezero.layers as L
import numpy as np
import pytest
from dezero import Variable, cuda

import autograd
from tests.compat.dezero.samples import A, numpys_own

pytestmark = numpys_own


def test_cuda():
    assert cuda.gpu_enable is autograd.gpu_available()
    assert cuda.get_array_module(Variable(A)) is np
    assert cuda.as_numpy(Variable(A)) is A
    assert cuda.as_numpy(3.0).shape == ()
    net = L.Linear(2)
    net.to_cpu()
    net(A)
    net.to_cpu()
    if not cuda.gpu_enable:
        with pytest.raises(RuntimeError, match="CuPy"):
            cuda.as_cupy(A)
        with pytest.raises(RuntimeError, match="CuPy"):
            net.to_gpu()
