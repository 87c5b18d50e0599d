"""The devices that tests run on: NumPy, a strict stand-in for CuPy, and CuPy itself where there is a GPU.

- A test that takes `on_device` (array -> the same array there) runs on each of the three; one that takes
  `other_device` on all but NumPy. `pytest -m gpu` runs what needs a GPU, and nothing else.
- `pytest --standin` runs the other tests on the stand-in too: in their files `np` is then the stand-in, and whatever is
  put into a Variable lies there. What cannot be so is marked `standin_exempt("why")`; a file can say it for all its
  tests with `pytestmark`.
"""

import numpy as np
import pytest

from autograd import Variable, backend
from autograd.layers.base import Unfilled
from tests import standin
from tests.standin import NumPyForTests, moved

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


# pytest --standin

NUMPYS_OWN = {  # part of a test's name: why it does not move
    "tests/data/": "data are NumPy's until a loader moves them, and its tests have foreign arrays of their own",
    "tests/kernels/": "kernels are tried on NumPy's arrays; there they run below the functions of the op table",
    "against_torch": "torch shares its memory with NumPy",
    "test_architecture.py": "reads the source",
    "test_import.py": "starts processes",
    "test_steps.py": "starts processes",
    "test_training.py": "its data sets are NumPy's; test_standin fits a model there",
    "test_initializers.py": "initial values are drawn on the CPU, and then moved",
    "test_initial_values": "statistics by pytest.approx, which reads NumPy's numbers",
    "test_masks_scale_and_test_mode": "the same",
    "test_states_are_saved_and_loaded": "a layer whose sizes no input has told is on the CPU until it is moved",
    "test_thirty_steps_of_the_definition": "its definition runs on NumPy's scalars",
    "test_wrong_things_are_errors_that_say_what_to_do": "the message names NumPy's type",
}


def pytest_addoption(parser):
    parser.addoption("--standin", action="store_true", help="run the whole suite on the stand-in for CuPy")


def pytest_collection_modifyitems(config, items):
    if not config.getoption("--standin"):
        return
    fixtures = {"on_device", "other_device"}
    by_itself = {item.module for item in items if fixtures & set(getattr(item, "fixturenames", ()))}
    for item in items:
        mark = item.get_closest_marker("standin_exempt")
        whys = [why for part, why in NUMPYS_OWN.items() if part in item.nodeid]
        whys += mark.args if mark else () if hasattr(item, "function") else ["a doctest"]
        if whys:
            item.add_marker(pytest.mark.skip(reason=f"not on the stand-in: {whys[0]}"))
        elif item.module not in by_itself:  # a file that takes its devices from the fixtures is there anyway
            move(item.module.__dict__)
            if hasattr(item, "callspec"):
                item.callspec.params.update({name: moved(x) for name, x in item.callspec.params.items()})


def move(module):
    """In a test file, `np` gives arrays of the stand-in, and its global arrays lie there."""
    if module.get("np") is np:
        module.update({name: moved(x) for name, x in module.items() if isinstance(x, np.ndarray)})
        module["np"] = NumPyForTests(np)


@pytest.fixture(autouse=True)
def variables_on_the_standin(request, monkeypatch):
    """In a test file that has been moved: what is put into a Variable lies there, and is the GPU."""
    if not isinstance(getattr(request.module, "np", None), NumPyForTests):
        return
    plain = Variable.__init__

    def init(self, data, *args, **options):
        number = not isinstance(data, (Variable, standin.Array)) and np.asarray(data).dtype.kind in "fciub"
        plain(self, standin.asarray(data) if number else data, *args, **options)

    array = Unfilled.array
    monkeypatch.setattr(Variable, "__init__", init)
    monkeypatch.setattr(Unfilled, "array", lambda self, size=0, device=None: array(self, size, "gpu"))
    monkeypatch.setattr(backend, "cupy", lambda: standin)
