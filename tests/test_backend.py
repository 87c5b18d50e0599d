"""Which module computes with an array, what happens where there is no GPU, and the one seed."""

import json
import sys
import tomllib
import types
from pathlib import Path

import numpy as np
import pytest

import autograd.layers as L
from autograd import Variable, backend
from autograd.backend import (
    device_conflict,
    device_of,
    generator,
    gpu_available,
    is_array,
    module_of,
    namespace,
    register,
    to_device,
    to_numpy,
)
from tests import standin

pytestmark = pytest.mark.standin_exempt("is about both backends")


@pytest.fixture
def tables(monkeypatch):
    """What the backend has learnt, to be forgotten after the test."""
    monkeypatch.setattr(backend, "MODULES", dict(backend.MODULES))
    monkeypatch.setattr(backend, "NAMESPACES", dict(backend.NAMESPACES))
    backend.cupy.cache_clear()
    yield
    backend.cupy.cache_clear()


def fake_cupy(monkeypatch, available, ones=lambda *_: np.ones((2, 2))):
    cupy = types.ModuleType("cupy")
    cupy.ndarray = type("ndarray", (), {"__module__": "cupy", "shape": (2,)})
    cupy.cuda = types.SimpleNamespace(is_available=lambda: available)
    cupy.ones = ones
    cupy.asarray = lambda x: cupy.ndarray()
    cupy.asnumpy = lambda x: np.zeros(2)
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    return cupy


def test_the_type_says_which_module():
    a, b = np.ones(2), standin.ones(2)
    assert namespace(a) is np
    assert namespace(b) is standin
    assert namespace(a, 1.0, [2.0], np.float64(3)) is np
    assert namespace(2.0, b) is standin
    assert namespace(1.0) is namespace(np.float32(1)) is namespace([1.0]) is np
    assert [is_array(x) for x in (a, b, 1.0, np.float64(1), [1.0], Variable(1.0), None)] == [True, True] + [False] * 5


def test_subclasses_of_arrays_are_arrays(tables):
    class Mine(np.ndarray):
        pass

    assert namespace(np.ones(2).view(Mine)) is np


def test_mixed_modules_are_an_error():
    with pytest.raises(ValueError, match=r"different devices \(numpy \(2,\), tests.standin \(3,\)\): move all to one"):
        namespace(np.ones(2), standin.ones(3))
    assert device_conflict([np.ones(2), 1.0, np.ones(3)]) is None


def test_devices():
    a, b = np.ones(2), standin.ones(2)
    assert (device_of(a), device_of(b), device_of(1.0)) == ("cpu", "gpu", "cpu")
    assert to_numpy(a) is a
    assert type(to_numpy(b)) is np.ndarray
    assert to_device(a, "cpu") is a
    assert to_device(b, "gpu") is b
    assert type(to_device(b, "cpu")) is np.ndarray
    with pytest.raises(ValueError, match="device must be 'cpu' or 'gpu', not 'cuda:0'"):
        to_device(a, "cuda:0")


def test_a_registered_type_is_an_array(tables):
    class Box:
        shape = (1,)

    module = types.ModuleType("boxes")
    assert module_of(Box()) is None
    register(Box, module)
    assert namespace(Box()) is module


def test_arrays_of_cupy_are_recognised(tables, monkeypatch):
    cupy = fake_cupy(monkeypatch, available=True)
    assert namespace(cupy.ndarray()) is cupy
    sub = type("sub", (cupy.ndarray,), {})
    assert namespace(sub()) is cupy
    assert gpu_available()
    assert type(to_device(np.ones(2), "gpu")) is cupy.ndarray
    assert to_numpy(cupy.ndarray()).tolist() == [0, 0]


def test_without_cupy(tables, monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)  # its import fails
    assert not gpu_available()
    with pytest.raises(RuntimeError, match="pip install"):
        to_device(np.ones(2), "gpu")
    with pytest.raises(RuntimeError, match="needs CuPy"):
        Variable(1.0).to("gpu")


def test_that_cupy_imports_does_not_mean_there_is_a_gpu(tables, monkeypatch):
    fake_cupy(monkeypatch, available=False)
    assert not gpu_available()
    with pytest.raises(RuntimeError, match="finds no usable GPU"):
        to_device(np.ones(2), "gpu")


def test_a_driver_alone_is_no_usable_gpu(tables, monkeypatch):
    """Then CuPy imports and says that it is available; its first kernel finds no headers, a product no cuBLAS."""

    def ones(*_):
        raise RuntimeError("Failed to find CUDA headers")

    fake_cupy(monkeypatch, available=True, ones=ones)
    assert not gpu_available()
    message = r"can't compute there \(RuntimeError: Failed to find CUDA headers\).*pip install 'define-by-run\[cuda"
    with pytest.raises(RuntimeError, match=message):
        to_device(np.ones(2), "gpu")


def test_the_extras_bring_cudas_libraries():
    extras = tomllib.loads(Path("pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert [extras[f"cuda{n}"] for n in (12, 13)] == [[f"cupy-cuda{n}x[ctk]>=14"] for n in (12, 13)]


def test_numbers_that_a_gpu_lacks_are_refused(monkeypatch):
    monkeypatch.setattr(backend, "cupy", lambda: standin)
    for dtype in (np.longdouble, np.clongdouble, str):
        with pytest.raises(TypeError, match=r"a GPU has no .*: move numbers of another dtype, such as x.astype"):
            to_device(np.ones(2).astype(dtype), "gpu")
    x = Variable(np.ones(2, np.longdouble))
    with pytest.raises(TypeError, match=r"a GPU has no (float128|longdouble|float96)"):
        x.to("gpu")
    with pytest.raises(TypeError, match="a GPU has no"):
        L.Linear(2, 2, dtype=np.longdouble).to("gpu")


def test_one_seed():
    backend.seed(3)
    a = generator().standard_normal(3)
    backend.seed(3)
    assert (generator().standard_normal(3) == a).all()
    assert (generator().standard_normal(3) != a).all()
    rng = np.random.default_rng(5)
    assert generator(rng) is rng
    assert generator(5).random() == np.random.default_rng(5).random()
    backend.seed(None)


def test_numpys_global_generator_is_left_alone():
    before = np.random.get_state()[1].copy()
    backend.seed(0)
    generator().random()
    assert (np.random.get_state()[1] == before).all()
    backend.seed(None)


@pytest.mark.gpu
def test_a_real_gpu():
    if not gpu_available():
        pytest.skip("no usable GPU, or no CuPy")
    cupy = backend.cupy()
    x = Variable(to_device(np.array([1.0, 2.0], np.float32), "gpu"))
    assert isinstance(x.data, cupy.ndarray)
    (x * x).sum().backward()
    assert to_numpy(x.grad.data).tolist() == [2, 4]


def test_the_shared_generator_goes_on_from_its_state(tmp_path):
    backend.seed(3)
    backend.generator().random(5)
    state = json.loads(json.dumps(backend.generator.state_dict()))
    expected = backend.generator().random(4)
    backend.seed(4)
    backend.generator.load_state_dict(state)
    np.testing.assert_array_equal(backend.generator().random(4), expected)


@pytest.mark.parametrize("state", [{}, {"bit_generator": 3}, {"bit_generator": {"state": 1}}, None])
def test_a_state_of_no_generator_is_refused(state):
    backend.seed(3)
    before = backend.generator.state_dict()
    with pytest.raises(ValueError, match="must be what state_dict.. of a generator gives"):
        backend.generator.load_state_dict(state)
    assert backend.generator.state_dict() == before
