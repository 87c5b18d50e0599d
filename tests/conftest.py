"""The devices that tests run on: NumPy, a strict stand-in for CuPy, and CuPy itself where there is a GPU.

- A test that takes `on_device` (array -> the same array there) runs on each of the three; one that takes
  `other_device` on all but NumPy. `pytest -m gpu` runs what needs a GPU, and nothing else.
- `pytest --standin` runs the other tests on the stand-in too: in their files `np` is then the stand-in, and whatever is
  put into a Variable lies there. What cannot be so is marked `standin_exempt("why")`; a file can say it for all its
  tests with `pytestmark`.
"""

from types import SimpleNamespace

import numpy as np
import pytest

from autograd import Variable, backend
from tests import standin

backend.register(standin.Array, standin)
GPU = backend.gpu_available()


def device(name):
    if name == "cupy":
        if not GPU:
            pytest.skip("no usable GPU, or no CuPy")
        return backend.cupy().asarray
    return {"numpy": lambda x: x, "standin": standin.asarray}[name]


collect_ignore = ["data/make_digits.py"]  # a script

others = ["standin", pytest.param("cupy", marks=pytest.mark.gpu)]


@pytest.fixture(params=["numpy", *others])
def on_device(request):
    return device(request.param)


@pytest.fixture(params=others)
def other_device(request):
    return device(request.param)


@pytest.fixture
def standin_as_gpu(monkeypatch):
    """`to('gpu')` moves to the stand-in."""
    monkeypatch.setattr(backend, "cupy", lambda: standin)
    return standin


# pytest --standin


def pytest_addoption(parser):
    parser.addoption("--standin", action="store_true", help="run the whole suite on the stand-in for CuPy")


def pytest_collection_modifyitems(config, items):
    if not config.getoption("--standin"):
        return
    by_itself = {item.module for item in items if {"on_device", "other_device"} & set(getattr(item, "fixturenames", ()))}
    for item in items:
        exempt = item.get_closest_marker("standin_exempt")
        if exempt or not hasattr(item, "function"):
            item.add_marker(pytest.mark.skip(reason=f"not on the stand-in: {exempt.args[0] if exempt else 'doctest'}"))
        elif item.module not in by_itself:  # a file that takes its devices from the fixtures is there anyway
            move(item.module.__dict__)
            if hasattr(item, "callspec"):
                item.callspec.params.update({name: moved(x) for name, x in item.callspec.params.items()})


def move(module):
    """In a test file, `np` becomes the stand-in, and its global arrays lie there."""
    if module.get("np") is np:
        module.update({name: moved(x) for name, x in module.items() if isinstance(x, np.ndarray)})
        module["np"] = NumPyForTests()


def moved(x):
    """Arrays on the stand-in, also inside lists and tuples."""
    if type(x) in (list, tuple):
        return type(x)(moved(item) for item in x)
    return standin.asarray(x) if isinstance(x, np.ndarray) else x


def back(x):
    """NumPy arrays, also inside lists and tuples: what a test compares with."""
    if type(x) in (list, tuple):
        return type(x)(back(item) for item in x)
    return x.get() if isinstance(x, standin.Array) else x


class NumPyForTests:
    """The stand-in with what a test needs beside: `np.testing` on its arrays, files, and settings."""

    testing = SimpleNamespace(
        **{
            name: lambda *args, f=getattr(np.testing, name), **options: f(*map(back, args), **options)
            for name in ("assert_allclose", "assert_array_equal", "assert_equal", "assert_array_almost_equal")
        }
    )
    errstate, load = np.errstate, np.load

    def __getattr__(self, name):
        return getattr(standin, name)


@pytest.fixture(autouse=True)
def variables_on_the_standin(request, monkeypatch):
    """In a test file that has been moved: what is put into a Variable lies there, and is the GPU."""
    if not isinstance(getattr(request.module, "np", None), NumPyForTests):
        return
    plain = Variable.__init__

    def init(self, data, *args, **options):
        number = not isinstance(data, (Variable, standin.Array)) and np.asarray(data).dtype.kind in "fciub"
        plain(self, standin.asarray(data) if number else data, *args, **options)

    monkeypatch.setattr(Variable, "__init__", init)
    monkeypatch.setattr(backend, "cupy", lambda: standin)
