"""The devices that tests run on: NumPy, a strict stand-in for CuPy, and CuPy itself where there is a GPU.

A test that takes `on_device` (array -> the same array there) runs on each of the three; one that takes `other_device`
on all but NumPy. `pytest -m gpu` runs what needs a GPU, and nothing else.
"""

import pytest

from autograd import backend
from tests import standin

backend.register(standin.Array, standin)
GPU = backend.gpu_available()


def device(name):
    if name == "cupy":
        if not GPU:
            pytest.skip("no usable GPU, or no CuPy")
        return backend.cupy().asarray
    return {"numpy": lambda x: x, "standin": standin.asarray}[name]


others = ["standin", pytest.param("cupy", marks=pytest.mark.gpu)]


@pytest.fixture(params=["numpy", *others])
def on_device(request):
    return device(request.param)


@pytest.fixture(params=others)
def other_device(request):
    return device(request.param)
