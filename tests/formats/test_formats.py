"""The content of a file tells its format, and every damage is one error that names the file."""

import importlib
import pickle
import pkgutil

import numpy as np
import pytest

from autograd import formats, serialize
from autograd.formats import FORMATS, read_weights
from autograd.layers import MLP, Linear
from autograd.models import load_weights
from tests.formats.test_safetensors import safe
from tests.formats.test_torch import FLOATS, LONGS, TENSORS, old, zipped

pytestmark = pytest.mark.standin_exempt("files are read into NumPy arrays")


def test_every_format_is_in_the_table():
    modules = [importlib.import_module(f"autograd.formats.{m.name}") for m in pkgutil.iter_modules(formats.__path__)]
    assert {m for m in modules if hasattr(m, "recognises")} == set(FORMATS)
    assert all({"read", "recognises"} <= set(form.__all__) for form in FORMATS)


def test_npz(path):
    model = MLP((3, 2), in_size=4, rng=0)
    with path.open("wb") as file:
        np.savez(file, **model.state_dict())
    other = MLP((3, 2), rng=1)
    load_weights(other, path)
    assert all(np.array_equal(x, other.state_dict()[name]) for name, x in model.state_dict().items())
    serialize.save(model, path)
    assert list(read_weights(path)) == ["0.W", "0.b", "2.W", "2.b"]


@pytest.mark.parametrize(
    "content",
    [
        old(TENSORS, {"0": FLOATS, "7": LONGS}),
        zipped(TENSORS, {"0": FLOATS, "7": LONGS}),
        safe({"w": ("F32", FLOATS.reshape(4, 6)), "n": ("I64", np.array(3))}),
    ],
    ids=["old", "zip", "safetensors"],
)
def test_a_file_cut_short_is_an_error_that_names_it(path, content):
    for n in {*range(0, len(content), 5), *range(12), len(content) - 1}:
        path.write_bytes(content[:n])
        with pytest.raises(ValueError, match=r"net\.pth is damaged"):
            read_weights(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "cannot begin with nothing"),
        (b"hello, world", "cannot begin with 68 65 6c 6c 6f"),
        (pickle.dumps({"a": 1}), "damaged"),
        (pickle.dumps(1) * 5, "it is a pickle, but not one of torch.save"),
        (zipped({}, {}, pickle.dumps([1, 2])), "not list"),
        (zipped({}, {}, pickle.dumps({"epoch": 3, "lr": 0.1})), "not epoch, lr"),
    ],
)
def test_what_is_no_file_of_weights(path, content, message):
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read_weights(path)


def test_there_is_no_such_file(path):
    with pytest.raises(FileNotFoundError, match=r"net\.pth"):
        load_weights(Linear(2, 3), path)
