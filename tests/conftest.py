"""The devices that tests run on: NumPy, a strict stand-in for CuPy, and CuPy itself where there is a GPU.

- A test that takes `on_device` (array -> the same array there) runs on each of the three; one that takes
  `other_device` on all but NumPy. `pytest -m gpu` runs what needs a GPU, and nothing else.
- `pytest --standin` runs the other tests on the stand-in too: in their files `np` is then the stand-in, and whatever is
  put into a Variable or a layer lies there. What cannot be so is marked `standin_exempt("why")`; a file can say it for
  all its tests with `pytestmark`.
- `pytest --gpu` does the same with CuPy, and runs what `-m gpu` runs as well. Where one of CUDA's libraries is missing,
  tests that need it are skipped, and say which (`LIBRARIES`).
"""

import re
from functools import cache
from importlib import import_module

import numpy as np
import pytest

from autograd import Variable, backend
from autograd.bfloat16 import kind_of
from autograd.layers.base import Unfilled
from tests import standin
from tests.places import NumPyForTests, Place

backend.register(standin.Array, standin, standin.special)
GPU = backend.gpu_available()


def device(name):
    if name == "cupy":
        if not GPU:
            pytest.skip("no usable GPU, or no CuPy")
        return backend.cupy().asarray
    return {"numpy": lambda x: x, "standin": standin.asarray}[name]


collect_ignore = ["data/make_digits.py", "models/make_minilm.py", "models/make_silero_vad.py"]  # scripts

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


@pytest.fixture
def gpu(other_device, monkeypatch):
    """`to('gpu')` moves to the other device; the fixture brings an array there."""
    module = backend.namespace(other_device(np.zeros(1)))
    monkeypatch.setattr(backend, "cupy", lambda: module)
    return other_device


# pytest --standin, pytest --gpu

NUMPYS_OWN = {  # part of a test's name: why it does not move
    "tests/data/": "data are NumPy's until a loader moves them, and its tests have foreign arrays of their own",
    "tests/kernels/": "kernels are tried on NumPy's arrays; there they run below the functions of the op table",
    "-longdouble]": "a GPU has no longdouble",
    "against_torch": "torch shares its memory with NumPy",
    "test_architecture.py": "reads the source",
    "test_import.py": "starts processes",
    "test_steps.py": "starts processes",
    "test_training.py": "its data sets are NumPy's; test_standin fits a model there",
    "test_initializers.py": "initial values are drawn on the CPU, and then moved",
    "test_initial_values": "statistics by pytest.approx, which reads NumPy's numbers",
    "test_masks_scale_and_test_mode": "the same",
    "test_thirty_steps_of_the_definition": "its definition runs on NumPy's scalars",
    "test_wrong_things_are_errors_that_say_what_to_do": "the message names NumPy's type",
}
PLACES = {"--standin": Place("the stand-in", standin.Array, standin.place, standin.held)}
if GPU:
    PLACES["--gpu"] = Place("CuPy", backend.cupy().ndarray, backend.cupy().asarray, backend.cupy().asnumpy)


def pytest_addoption(parser):
    parser.addoption("--standin", action="store_true", help="run the whole suite on the stand-in for CuPy")
    parser.addoption("--gpu", action="store_true", help="run the whole suite on CuPy, which needs a GPU")
    parser.addoption("--gloo", action="store_true", help="start several processes by torchrun, not by mpiexec")


def pytest_configure(config):
    if config.getoption("--gpu") and not GPU:
        try:
            backend.cupy()
        except RuntimeError as error:
            raise pytest.UsageError(f"--gpu: {error}") from error


def place_of(config):
    """Where the suite runs: None for NumPy."""
    return next((place for option, place in PLACES.items() if config.getoption(option)), None)


def pytest_collection_modifyitems(config, items):
    place = place_of(config)
    if place is None:
        return
    fixtures = {"on_device", "other_device"}
    by_itself = {item.module for item in items if fixtures & set(getattr(item, "fixturenames", ()))}
    for item in items:
        mark = item.get_closest_marker("standin_exempt")
        whys = [why for part, why in NUMPYS_OWN.items() if part in item.nodeid]
        whys += mark.args if mark else () if hasattr(item, "function") else ["a doctest"]
        if whys and not (config.getoption("--gpu") and item.get_closest_marker("gpu")):
            item.add_marker(pytest.mark.skip(reason=f"not on {place.name}: {whys[0]}"))
        elif not whys and item.module not in by_itself:  # a file that takes devices from the fixtures is there anyway
            move(item.module.__dict__, place)
            if hasattr(item, "callspec"):
                item.callspec.params.update({name: place.moved(x) for name, x in item.callspec.params.items()})


def move(module, place):
    """In a test file, `np` gives arrays of the place, and its global arrays lie there."""
    if module.get("np") is np:
        module.update({name: place.moved(x) for name, x in module.items() if isinstance(x, np.ndarray)})
        module["np"] = NumPyForTests(np, place)


@pytest.fixture(autouse=True)
def variables_there(request, monkeypatch):
    """In a test file that has been moved: what is put into a Variable or a layer lies there, and is the GPU."""
    if not isinstance(getattr(request.module, "np", None), NumPyForTests):
        return
    place, plain = place_of(request.config), Variable.__init__

    def init(self, data, *args, **options):
        number = not isinstance(data, (Variable, place.array_type)) and kind_of(np.asarray(data).dtype) in "fciub"
        plain(self, place.there(np.asarray(data)) if number else data, *args, **options)

    monkeypatch.setattr(Variable, "__init__", init)
    monkeypatch.setattr(Unfilled, "device", "gpu")  # as if each layer was moved as soon as it was made
    if place.array_type is standin.Array:
        monkeypatch.setattr(backend, "cupy", lambda: standin)


@pytest.fixture(autouse=True)
def nothing_late():
    """An error that was found on the GPU, and is raised when a value is read, belongs to the test that caused it."""
    yield
    if GPU:
        backend.cupy().cuda.Device().synchronize()
        backend.read(None)


# What a machine may lack: a library of CUDA's, by the error in which CuPy says so, and by a call that needs it

LIBRARIES = {
    "cuSOLVER": (r"libcusolver|libnvJitLink|libcusparse", lambda xp: xp.linalg.svd(xp.eye(2))),
    "cuFFT": (r"libcufft", lambda xp: xp.fft.fft(xp.ones(4))),
    "cuRAND": (r"libcurand", lambda xp: xp.random.default_rng(0).random(2)),
    "Thrust": (r"failed (inside CUB|on 1st step): cudaErrorInvalid", lambda xp: xp.sort(xp.ones(4))),
    "cuBLAS for triangular systems": (
        r"CUBLAS_STATUS_NOT_SUPPORTED",
        lambda xp: import_module("cupyx.scipy.linalg").solve_triangular(xp.eye(2), xp.ones(2)),
    ),
    "NVRTC, which knows CUDA's special functions": (
        r"CompileException[^$]*((cyl_bessel|erfc?x|erfc?inv|normcdf|sinpi|cospi)\w*. was not|from .T\*. .aka .long)",
        lambda xp: import_module("cupyx.scipy.special").erfinv(xp.zeros(2)),
    ),
}


@cache
def missing(name):
    """Is this library really not there? Where it is, an error that speaks of it is a failure."""
    try:
        LIBRARIES[name][1](backend.cupy())
    except Exception:
        return True
    return False


def lacking(error):
    """Which of the missing libraries an error speaks of; None for any other error."""
    while GPU and error is not None:
        for name, (words, _) in LIBRARIES.items():
            if re.search(words, f"{type(error).__name__}: {error}") and missing(name):
                return name
        error = error.__cause__ or error.__context__
    return None


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem):
    try:
        return (yield)
    except Exception as error:
        name = lacking(error)
        if name is None:
            raise
        pytest.skip(f"not on this machine: {name} is missing")
