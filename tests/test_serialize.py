"""Files that hold exactly what was saved, are whole or not there, and say what is wrong with them."""

import contextlib
import datetime
import decimal
import enum
import errno
import fractions
import importlib
import io
import json
import os
import pathlib
import pickle
import re
import stat
import subprocess
import tempfile
import zipfile
from collections import Counter, OrderedDict, defaultdict
from typing import NamedTuple

import numpy as np
import pytest

import autograd.functions as F
from autograd import Variable, serialize
from autograd.backend import Randomness, to_numpy
from autograd.data import DataLoader
from autograd.layers import MLP, BatchNorm, Linear, Sequential
from autograd.optimizers import SGD, Adam
from tests.layers.conftest import moved  # noqa: F401


def model(size=3):
    return Sequential(Linear(4, size, rng=0), BatchNorm(4), Linear(2, 4, rng=1))


def train(net, optimizer, steps=2, x=None):
    x = np.random.default_rng(0).standard_normal((5, 3)).astype(np.float32) if x is None else x
    for _ in range(steps):
        net.cleargrads()
        y = net(x)
        (y * y).sum().backward()
        optimizer.update()


class State:
    """Anything with a state."""

    def __init__(self, **state):
        self.state = state

    def state_dict(self):
        return self.state

    def load_state_dict(self, state):
        self.state = state


def assert_same(a, b):
    assert list(a) == list(b)
    for name in a:
        np.testing.assert_array_equal(a[name], b[name])
        assert np.asarray(a[name]).dtype == np.asarray(b[name]).dtype


# There and back


@pytest.mark.parametrize("compress", [False, True])
def test_a_model_bit_for_bit(tmp_path, compress):
    net, other = model(), model()
    train(net, SGD(net, 0.1))
    serialize.save(net, tmp_path / "net.npz", compress=compress)
    serialize.load(other, tmp_path / "net.npz")
    assert_same(net.state_dict(), other.state_dict())


def test_training_goes_on_exactly_from_files(tmp_path):
    net, again = model(), model()
    optimizer, resumed = Adam(net), Adam(again)
    loader = DataLoader(np.random.default_rng(0).standard_normal((20, 3)).astype(np.float32), 4)
    for k, x in enumerate(loader):
        train(net, optimizer, 1, x)
        if k == 1:
            break
    for name, source in {"net": net, "optimizer": optimizer, "loader": loader}.items():
        serialize.save(source, tmp_path / name)
    rest = DataLoader(loader.data, 4)
    for name, target in {"net": again, "optimizer": resumed, "loader": rest}.items():
        serialize.load(target, tmp_path / name)
    state = loader.state_dict()
    loader.load_state_dict(state)
    for x, y in zip(loader, rest, strict=True):
        train(net, optimizer, 1, x)
        train(again, resumed, 1, y)
    assert_same(net.state_dict(), again.state_dict())
    assert_same(optimizer.state_dict(), resumed.state_dict())


def test_a_lazy_model_is_not_saved_but_can_be_loaded(tmp_path):
    path = tmp_path / "net.npz"
    with pytest.raises(RuntimeError, match=r"0\.W \(None, 3\)"):
        serialize.save(MLP((3, 2)), path)
    assert list(tmp_path.iterdir()) == []
    net, lazy = MLP((3, 2), in_size=4), MLP((3, 2))
    serialize.save(net, path)
    serialize.load(lazy, path)
    assert_same(net.state_dict(), lazy.state_dict())


ARRAYS = {
    "strided": np.arange(24.0).reshape(4, 6)[::-2, ::3], "transposed": np.arange(6, dtype=np.float32).reshape(2, 3).T,
    "broadcast": np.broadcast_to(np.float32(3), (2, 2)), "0-d": np.array(1.5), "empty": np.zeros((0, 3), np.int8),
    "bool": np.array([True, False]), "complex": np.array([1 + 2j]), "half": np.array([1, 2], np.float16),
    "nan": np.array([np.nan, np.inf, -0.0]), "text": np.array(["a", "ä"]), "file": np.ones(1), "a/b": np.ones(1),
    "../up": np.ones(1), "x.npy": np.ones(1), "state.json": np.ones(1), "ä ö": np.ones(2), "": np.ones(1),
    "scalar": np.float32(2),
}  # fmt: skip
VALUES = {"n": 3, "big": 2**127 + 1, "x": 0.1, "text": "ä\n", "list": [1, [2.5]], "none": None, "d": {"a": {"b": True}}}


def test_arrays_of_all_kinds_and_plain_values(tmp_path):
    path = tmp_path / "state.npz"
    serialize.save(ARRAYS, path)
    assert_same(serialize.read(path), ARRAYS)
    serialize.save(VALUES, path)
    assert serialize.read(path) == VALUES
    serialize.save({"b": 1, "a": np.ones(1)}, path)
    assert set(serialize.read(path)) == {"a", "b"}
    with pytest.raises(ValueError, match="save takes a state with entries, not an empty dict"):
        serialize.save({}, path)
    assert set(serialize.read(path)) == {"b", "a"}


EXACT = [
    (1, 2), (), ((1,), [2, (3,)]), {1: "a"}, {True: 1}, {None: 1}, {0.5: 3}, {(1, "a"): 2}, {b"k": 1},
    {"a": {2: {3: ()}}}, {}, [], {"": 1}, {"__is__": ["tuple", []]}, {"a": {"__is__": 1}}, "__is__", b"", b"\0\xff",
    1 + 2j, complex("nan"),
    float("nan"), float("inf"), -float("inf"), -0.0, 5e-324, 1e308, 0.1, 2**53 + 1, 2**64, -(2**4000), True, None, "ä",
    "\ud800", "\0", "\u2028", [[[[[]]]]], [1, 1.0, True], {"1": 1, 1: 2}, [np.float64(0.1)], {"x": np.float32(2)},
    [np.int8(-3), np.bool(True), np.complex64(1j), np.str_("a"), np.datetime64("2020-01-01")],
    np.float64(1.5), np.float32(2), np.float16(-0.0), np.int64(3), np.uint8(255), np.bool(False), np.complex128(1j),
    np.str_("\U0010ffff"), np.bytes_(b"ab"), np.datetime64("2020-01-01"), np.timedelta64(3, "s"), np.longdouble(1) / 3,
]  # fmt: skip


def form(x):
    """A text that tells values apart that are equal, such as 1, 1.0 and True, or 0.0 and -0.0."""
    if isinstance(x, (list, tuple)):
        return type(x).__name__, [form(item) for item in x]
    if isinstance(x, dict):
        return "dict", [(form(key), form(value)) for key, value in x.items()]
    return type(x).__name__, repr(x)


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("value", EXACT, ids=lambda value: f"{value!r:.30}")
def test_a_value_comes_back_as_it_was(tmp_path, value, compress):
    for state in (
        {"v": value},
        {"w": 1, "v": value},
        {"v": [value]},
        {"v": {"k": (value,)}},
        {"v": value, "a": np.ones(1)},
    ):
        serialize.save(state, tmp_path / "x.npz", compress=compress)
        assert form(serialize.read(tmp_path / "x.npz")["v"]) == form(state["v"])


class Word(str):
    pass


class Number(enum.IntEnum):
    ONE = 1


class Pair(NamedTuple):
    a: int


DEEP = []
for _ in range(100):
    DEEP = [DEEP]
LOOP = []
LOOP.append(LOOP)
REFUSED = [
    {1}, frozenset(), OrderedDict(a=1), defaultdict(int), Counter("a"), Word("a"), Number.ONE, Pair(1), range(3), ...,
    int, print, object(), pathlib.Path("a"), fractions.Fraction(1, 2), decimal.Decimal(1), datetime.date(2020, 1, 1),
    DEEP, LOOP,
    10**5000, {10**5000: 1}, {Word("a"): 1}, {frozenset(): 1}, {2**70: 1}, {1 + 2j: 1}, bytearray(b"a"),
    Variable(np.ones(1)), np.str_(""), np.bytes_(b""), np.void(b"ab"),
]  # fmt: skip


@pytest.mark.parametrize("value", REFUSED, ids=lambda value: type(value).__name__)
def test_a_value_that_would_change_is_refused(tmp_path, value):
    serialize.save({"old": 1}, tmp_path / "x.npz")
    for state in ({"v": [value]}, {"v": {"k": value}}, {"v": {1: value}}, {"v": ((value,),)}):
        with pytest.raises(TypeError, match="v must be an array or fit for JSON, not "):
            serialize.save(state, tmp_path / "x.npz")
    assert serialize.read(tmp_path / "x.npz") == {"old": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["x.npz"]


@pytest.mark.parametrize("value", [np.ones(1), np.ma.masked, model()], ids=lambda value: type(value).__name__)
def test_an_array_or_a_model_in_a_list_is_refused(tmp_path, value):
    for state in ({"v": [value]}, {"v": ((value,),)}, {"v": {"k": [value]}}):
        with pytest.raises(TypeError, match="v must be an array or fit for JSON, not "):
            serialize.save(state, tmp_path / "x.npz")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.standin_exempt("about arrays of NumPy that others made")
@pytest.mark.parametrize(
    "x",
    [
        np.ma.array([1.0, 2.0], mask=[True, False]),
        np.array([None]),
        np.array([{}, 1], object),
        np.rec.array([(1, 2.0)]),
        np.ones((1, 1)).view(np.matrix),
        np.zeros(3, [("a", "V0")])["a"],
        np.str_(""),
        np.void(b"ab"),
    ],
)
def test_an_array_that_would_change_is_refused(tmp_path, x):
    with pytest.raises(TypeError, match="v must (be|have) "):
        serialize.save({"v": x}, tmp_path / "x.npz")
    assert list(tmp_path.iterdir()) == []


def test_a_dtype_that_is_not_numpys_is_refused(tmp_path):
    types = [np.dtypes.StringDType()]
    with contextlib.suppress(ImportError):
        types.append(importlib.import_module("ml_dtypes").float8_e4m3fn)  # would come back as bytes
    for dtype in types:
        with pytest.raises(TypeError, match="v must "):
            serialize.save({"v": np.zeros(2, dtype)}, tmp_path / "x.npz")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.standin_exempt("dtypes that CuPy lacks")
@pytest.mark.parametrize(
    "x",
    [
        np.arange(6.0).reshape(2, 3).T, np.array([1, 2], ">i4"), np.array(["2020-01-01"], "M8[D]"),
        np.array([5], "m8[s]"),
        np.array([(1, 2.0)], [("ä", "<i2"), ("b", "<f8", (2,))]), np.array([b"a\0b"]), np.array(["", "ä"]), np.zeros(0),
        np.zeros((0, 5)), np.zeros(3, "V5"), np.array(3), np.longdouble(2) * np.ones(2),
        np.zeros(2, [("a", "<i1")])[::-1],
    ],
    ids=lambda x: f"{x.dtype} {x.shape}",
)  # fmt: skip
def test_an_array_of_any_dtype_comes_back_as_it_was(tmp_path, x):
    for compress in (False, True):
        serialize.save({"v": x}, tmp_path / "x.npz", compress=compress)
        found = serialize.read(tmp_path / "x.npz")["v"]
        assert (found.dtype, found.shape, found.tobytes()) == (x.dtype, x.shape, x.tobytes())


def test_what_is_saved_can_be_read(tmp_path):
    """The limits of reading are those of saving: many plain values are refused before they are written."""
    path = tmp_path / "x.npz"
    for value in ([0.1] * 200_000, ["ä" * 10] * 20_000, {str(k): k for k in range(50_000)}):
        serialize.save({"v": value}, path)
        assert serialize.read(path)["v"] == value
    with pytest.raises(TypeError, match="put lists of numbers in arrays"):
        serialize.save({"v": [[]] * 500_000}, path)
    assert serialize.read(path)["v"] == value


def test_numpy_reads_our_files_and_we_read_numpys(tmp_path):
    path = tmp_path / "net.npz"
    net = model()
    serialize.save(net, path)
    with np.load(path, allow_pickle=False) as file:
        assert_same({name: file[name] for name in net.state_dict()}, net.state_dict())
    other = model()
    np.savez(path, **{name: x + 1 for name, x in net.state_dict().items()})
    serialize.load(other, path)
    np.testing.assert_array_equal(other[0].W.data, net[0].W.data + 1)


def test_a_file_holds_no_pickle(tmp_path):
    class Trap:
        def __reduce__(self):
            return print, ("executed",)

    path = tmp_path / "trap.npz"
    np.savez(path, W=np.array([Trap()], dtype=object))
    with pytest.raises(ValueError, match=r"trap\.npz is damaged or no \.npz file.*allow_pickle=False"):
        serialize.read(path)
    path.write_bytes(pickle.dumps(Trap()))
    with pytest.raises(ValueError, match=r"damaged or no \.npz"):
        serialize.read(path)


def test_the_same_state_gives_the_same_bytes(tmp_path):
    for name in "ab":
        serialize.save(model(), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_from_either_device_onto_either(tmp_path, moved):  # noqa: F811
    here, there, again = model(), moved(model()), model()
    train(here, SGD(here, 0.1))
    serialize.save(here, tmp_path / "here.npz")
    serialize.load(there, tmp_path / "here.npz")
    serialize.save(there, tmp_path / "there.npz")
    serialize.load(again, tmp_path / "there.npz")
    assert_same(here.state_dict(), again.state_dict())
    assert type(there[0].W.data) is type(there[1].mean.data)
    assert (tmp_path / "here.npz").read_bytes() == (tmp_path / "there.npz").read_bytes()
    optimizer, other = Adam(there), Adam(here)
    for p in there.params():
        p.grad = Variable(p.data * 2)
    optimizer.update()
    serialize.save(optimizer, tmp_path / "optimizer.npz")
    serialize.load(other, tmp_path / "optimizer.npz")
    expected = {key: to_numpy(x) if hasattr(x, "dtype") else x for key, x in optimizer.state_dict().items()}
    assert_same(other.state_dict(), expected)


# Names and modes of files


@pytest.mark.parametrize("name", ["net.npz", "net", "net.v2", "net.npy", ".hidden"])
def test_the_file_has_exactly_the_name_given(tmp_path, name, monkeypatch):
    monkeypatch.chdir(tmp_path)
    serialize.save(model(), name)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    serialize.load(model(), name)


@pytest.mark.skipif(os.name != "posix", reason="modes and links are POSIX")
@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_the_mode_is_what_the_umask_says(tmp_path, umask):
    before = os.umask(umask)
    try:
        serialize.save(model(), tmp_path / "net.npz")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "net.npz").stat().st_mode) == 0o666 & ~umask


@pytest.mark.skipif(os.name != "posix", reason="modes and links are POSIX")
def test_a_link_is_followed(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "link.npz").symlink_to(tmp_path / "folder" / "real.npz")
    serialize.save(model(), tmp_path / "link.npz")
    assert (tmp_path / "link.npz").is_symlink()
    serialize.load(model(), tmp_path / "folder" / "real.npz")


@pytest.mark.skipif(os.name != "posix", reason="modes and links are POSIX")
def test_what_is_there_keeps_its_mode_and_its_kind(tmp_path):
    path = tmp_path / "net.npz"
    serialize.save(model(), path)
    path.chmod(0o600)
    serialize.save(model(), path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    os.mkfifo(tmp_path / "pipe")
    for place in (tmp_path / "pipe", "/dev/null"):
        with pytest.raises(ValueError, match="path must be a file or a new name, not the (pipe|device)"):
            serialize.save(model(), place)
    for place in (1, True, None, 2.5):
        with pytest.raises(TypeError, match="path must be a string or a Path, not"):
            serialize.save(model(), place)


def test_folders(tmp_path):
    with pytest.raises(FileNotFoundError, match="path must be in a folder that exists, not in .*missing: create it"):
        serialize.save(model(), tmp_path / "missing" / "net.npz")
    with pytest.raises(IsADirectoryError, match="path must be a file, not the folder"):
        serialize.save(model(), tmp_path)
    assert list(tmp_path.iterdir()) == []


# Whole or not at all


def failing(*args, **kwargs):
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(
    "module, name", [(os, "fsync"), (os, "replace"), (np.lib.format, "write_array"), (zipfile.ZipFile, "writestr")]
)
def test_a_failure_leaves_the_old_file_and_no_other(tmp_path, monkeypatch, module, name):
    path = tmp_path / "net.npz"
    serialize.save(model(), path)
    before = path.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(module, name, failing)
        with pytest.raises(OSError, match="No space left"):
            serialize.save(model(5), path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["net.npz"]


def test_an_interrupt_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    path = tmp_path / "net.npz"
    serialize.save(model(), path)
    before = path.read_bytes()

    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(np.lib.format, "write_array", interrupted)
        with pytest.raises(KeyboardInterrupt):
            serialize.save(model(5), path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["net.npz"]


@pytest.mark.skipif(os.name != "posix", reason="folders are synchronized on POSIX")
def test_the_order_is_write_synchronize_replace_synchronize(tmp_path, monkeypatch):
    done = []

    def recorded(name, f):
        def call(*args):
            kind = "folder" if name == "fsync" and stat.S_ISDIR(os.fstat(args[0]).st_mode) else ""
            done.append((name, kind))
            return f(*args)

        monkeypatch.setattr(os, name, call)

    recorded("fsync", os.fsync)
    recorded("replace", os.replace)
    serialize.save(model(), tmp_path / "net.npz")
    assert done == [("fsync", ""), ("replace", ""), ("fsync", "folder")]


# What is wrong


def test_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"net\.npz"):
        serialize.load(model(), tmp_path / "net.npz")


def damage_to(path, content):
    """The message about this content of a file; None if it is read, as what it was."""
    path.write_bytes(content)
    try:
        found = serialize.read(path)
    except ValueError as error:
        return str(error)
    assert (list(found), found["steps"], found["W"].tolist()) == (["W", "steps"], 7, [0, 1, 2])
    return None


def test_a_flipped_bit_in_any_byte_is_noticed_or_harmless(tmp_path):
    path = tmp_path / "net.npz"
    serialize.save({"W": np.arange(3, dtype=np.float32), "steps": 7}, path)
    whole = bytearray(path.read_bytes())
    messages = []
    for i in range(len(whole)):
        for bit in (0, 1 + i % 7):
            whole[i] ^= 1 << bit
            messages.append(damage_to(path, whole))
            whole[i] ^= 1 << bit
    noticed = [message for message in messages if message is not None]
    assert all("net.npz is damaged or no .npz file" in message for message in noticed)
    assert len(noticed) > len(messages) / 2  # the others are dates, versions, attributes


def refused_when_cut(path, match):
    """The content of a file of which every beginning is refused."""
    whole = path.read_bytes()
    for n in range(len(whole)):
        path.write_bytes(whole[:n])
        with pytest.raises(ValueError, match=match):
            serialize.read(path)
    return whole


def test_every_truncation_is_noticed(tmp_path):
    path = tmp_path / "net.npz"
    serialize.save({"W": np.arange(3, dtype=np.float32), "steps": 7}, path)
    refused_when_cut(path, r"net\.npz is damaged")


def test_bytes_behind_an_array_are_noticed(tmp_path):
    content = io.BytesIO()
    np.lib.format.write_array(content, np.ones(2))
    for extra in (b"", b"x"):
        with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
            archive.writestr("a.npy", content.getvalue() + extra)
        if extra:
            with pytest.raises(ValueError, match=r"x\.npz is damaged.*a\.npy goes on after its end"):
                serialize.read(tmp_path / "x.npz")
        else:
            assert list(serialize.read(tmp_path / "x.npz")) == ["a"]


def test_a_file_that_lost_an_array_is_noticed(tmp_path):
    path, buffer = tmp_path / "net.npz", io.BytesIO()
    serialize.save({"W": np.ones(1), "b": np.ones(1)}, path)
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist()[:-1]:
            new.writestr(name, old.read(name))
    path.write_bytes(buffer.getvalue())
    with pytest.raises(ValueError, match=re.escape("the arrays must be ['W', 'b'], not ['W']")):
        serialize.read(path)


def test_a_file_that_does_not_fit_leaves_the_model_as_it_was(tmp_path):
    path = tmp_path / "net.npz"
    net = model()
    before = net.state_dict()
    state = {name: x + 1 for name, x in before.items()} | {"1.mean": np.ones(9, np.float32), "2.b": np.ones(2)}
    del state["0.b"]
    serialize.save(state, path)
    with pytest.raises(ValueError) as error:
        serialize.load(net, path)
    for text in ["net.npz does not fit this Sequential", "0.b: missing", "1.mean: shape (9,)", "2.b: dtype float64"]:
        assert text in str(error.value)
    assert_same(net.state_dict(), before)
    with pytest.raises(ValueError, match=r"does not fit this Adam.*\n.*0\.W: unexpected"):
        serialize.load(Adam(net), path)


@pytest.mark.parametrize(
    "source, match",
    [
        (3, "with state_dict, not int"),
        (np.ones(3), "with state_dict, not ndarray"),
        (State(x=object()), "x must be an array or fit for JSON, not object"),
        (State(x=[np.ones(1)]), "x must be an array or fit for JSON, not list"),
        ({1: np.ones(1)}, "name in a state must be a string .* not 1"),
        ({"x": np.array([None])}, "x must be an array .* not of Python objects"), ({"a\0b": 1}, "name in a state"),
    ],
)  # fmt: skip
def test_what_cannot_be_saved(tmp_path, source, match):
    with pytest.raises(TypeError, match=match):
        serialize.save(source, tmp_path / "x.npz")
    assert list(tmp_path.iterdir()) == []


def test_an_empty_file_fits_no_model(tmp_path):
    np.savez(tmp_path / "x.npz")
    with pytest.raises(ValueError, match=r"0\.W: missing"):
        serialize.load(model(), tmp_path / "x.npz")


def test_what_cannot_be_loaded_into(tmp_path):
    with pytest.raises(TypeError, match="with load_state_dict, not dict"):
        serialize.load({}, tmp_path / "x.npz")
    with pytest.raises(TypeError, match="not the class Linear: call it first"):
        serialize.load(Linear, tmp_path / "x.npz")
    with pytest.raises(TypeError, match="not the class Linear"):
        serialize.save(Linear, tmp_path / "x.npz")


def test_anything_with_a_state(tmp_path):
    path, target = tmp_path / "x.npz", State()
    serialize.save(State(n=1, x=np.arange(3), more={"a": [1, 2]}), path)
    serialize.load(target, path)
    assert target.state["n"] == 1
    assert target.state["more"] == {"a": [1, 2]}
    np.testing.assert_array_equal(target.state["x"], [0, 1, 2])
    with zipfile.ZipFile(path) as archive:
        assert json.loads(archive.read("state.json"))["values"]["n"] == 1


# A whole training in one file


class Training:
    """A model with dropout, an optimizer, a loader and two generators."""

    def __init__(self, seed, sizes=(4, 2), dtype=np.float32):
        self.model = MLP(sizes, in_size=3, rng=seed, dtype=dtype)
        self.optimizer = Adam(self.model)
        self.loader = DataLoader(np.random.default_rng(0).standard_normal((20, 3)).astype(dtype), 4, rng=seed)
        self.generator = Randomness()
        self.generator.seed(seed)
        self.rng = np.random.default_rng(seed)

    @property
    def parts(self):
        return vars(self)

    def run(self, batches):
        rest = batches
        while rest:
            for x in self.loader:
                x = F.dropout(x, 0.2, self.generator()) + self.rng.normal(size=x.shape)
                train(self.model, self.optimizer, 1, x.astype(x.dtype))
                rest -= 1
                if not rest:
                    break
        return self


def assert_equal_trainings(a, b):
    for name, part in a.parts.items():
        if name != "rng":
            x, y = part.state_dict(), b.parts[name].state_dict()
            assert_same(
                {k: v for k, v in x.items() if hasattr(v, "dtype")}, {k: y[k] for k in x if hasattr(x[k], "dtype")}
            )
            assert form({k: v for k, v in x.items() if not hasattr(v, "dtype")}) == form(
                {k: v for k, v in y.items() if not hasattr(v, "dtype")}
            )
    assert a.rng.bit_generator.state == b.rng.bit_generator.state


EXTENSIONS = pytest.mark.parametrize("name", ["run.npz", "run.safetensors"])


@EXTENSIONS
def test_a_whole_training_in_one_file_goes_on_bit_for_bit(tmp_path, name):
    path, first, second = tmp_path / name, Training(0).run(7), Training(1)
    serialize.save(path, **first.parts, epoch=3, config={"lr": 0.1, "sizes": (4, 2)}, stats={"mean": np.arange(3.0)})
    values = serialize.load(path, **second.parts)
    assert form({key: values[key] for key in ("epoch", "config")}) == form(
        {"epoch": 3, "config": {"lr": 0.1, "sizes": (4, 2)}}
    )
    np.testing.assert_array_equal(values["stats"]["mean"], [0, 1, 2])
    assert set(values) == {"epoch", "config", "stats"}
    assert_equal_trainings(first, second)
    first.loader.load_state_dict(first.loader.state_dict())  # it goes on in its epoch, in which it was stopped
    assert_equal_trainings(first.run(9), second.run(9))
    assert [file.name for file in tmp_path.iterdir()] == [name]


@EXTENSIONS
def test_nested_parts_and_both_forms_of_the_call(tmp_path, name):
    path, first, second = tmp_path / name, Training(0).run(2), Training(1)
    parts = {"nets": {"a": first.model, "b": {"c": first.optimizer}}, "epoch": 1, "note": "x"}
    serialize.save(parts, path)
    by_dict = path.read_bytes()
    serialize.save(path, **parts)
    assert path.read_bytes() == by_dict
    targets = {"nets": {"a": second.model, "b": {"c": second.optimizer}}}
    assert serialize.load(path, **targets) == {"epoch": 1, "note": "x"}
    assert_same(first.optimizer.state_dict(), second.optimizer.state_dict())
    third = Training(2)
    rest = serialize.load({"nets": {"a": third.model}}, path)  # what was not asked for comes back
    assert_same(first.model.state_dict(), third.model.state_dict())
    assert set(rest) == {"nets", "epoch", "note"}
    third.optimizer.load_state_dict(rest["nets"]["b"]["c"])
    assert_same(first.optimizer.state_dict(), third.optimizer.state_dict())
    assert set(serialize.load(path)["nets"]) == {"a", "b"}


@EXTENSIONS
@pytest.mark.parametrize("part", ["model", "optimizer", "loader", "generator", "rng", "missing"])
def test_one_part_that_does_not_fit_leaves_all_as_they_were(tmp_path, name, part):
    path, net, twin = tmp_path / name, Training(0).run(3), Training(0).run(3)
    other = Training(1, sizes=(5, 2)).run(2)
    parts = Training(1).run(2).parts | {"rng": np.random.Generator(np.random.PCG64(2))}
    wrong = {
        "model": other.model, "optimizer": other.optimizer, "loader": DataLoader(np.ones(7), 2),
        "generator": State(bit_generator={"bit_generator": "PCG65"}), "rng": np.random.Generator(np.random.MT19937(1)),
    }  # fmt: skip
    if part == "missing":
        del parts["optimizer"]
    else:
        parts[part] = wrong[part]
    serialize.save(path, **parts, epoch=1)
    with pytest.raises(ValueError, match=r"run\.\w+ does not fit, and nothing was changed:\n  ") as error:
        serialize.load(path, **net.parts)
    assert f"\n  {part if part != 'missing' else 'optimizer'}: " in str(error.value)
    assert_equal_trainings(net, twin)


def test_a_lazy_model_and_its_optimizer_are_loaded_together(tmp_path):
    first, net = Training(0).run(3), MLP((4, 2))
    serialize.save(tmp_path / "x.npz", model=first.model, optimizer=first.optimizer)
    optimizer = Adam(net)
    with pytest.raises(ValueError, match=r"loader: there is no such part in the file, which has model, optimizer"):
        serialize.load(tmp_path / "x.npz", model=net, optimizer=optimizer, loader=first.loader)
    assert net[0].W.shape == (None, 4)
    assert optimizer.steps == 0
    assert serialize.load(tmp_path / "x.npz", optimizer=optimizer, model=net) == {}
    assert_same(first.model.state_dict(), net.state_dict())


def test_a_file_of_one_source_and_a_file_of_parts_are_told_apart(tmp_path):
    net = model()
    serialize.save(net, tmp_path / "one.npz")
    serialize.save(tmp_path / "parts.npz", model=net)
    with pytest.raises(ValueError, match=r"it has the parts model: load\(path, model=...\) takes one"):
        serialize.load(net, tmp_path / "parts.npz")
    with pytest.raises(ValueError, match=r"model: there is no such part in the file, which has 0\.W, "):
        serialize.load(tmp_path / "one.npz", model=net)


@pytest.mark.parametrize(
    "call, match",
    [
        (lambda path, net: serialize.save(net), "save: path must be a string or a Path, not Seq"),
        (lambda path, net: serialize.save(net, path, model=net), r"save takes save\(model, path\), or save\("),
        (lambda path, net: serialize.save(path), "save takes what is saved and a path, not the path alone"),
        (lambda path, net: serialize.load(net), "load: path must be a string or a Path"),
        (lambda path, net: serialize.save(path, net), "save: path must be a string or a Path, not Seq"),
        (lambda path, net: serialize.save(path, path=net), "save: path must be a string or a Path, not Seq"),
        (lambda path, net: serialize.save(path, strict=net), "save: a part must have another name than strict"),
        (lambda path, net: serialize.save(path, target=1), r"than target, or be in a dict, save\(\{'target': "),
        (lambda path, net: serialize.load(path, source=net), "load: a part must have another name than source"),
        (lambda path, net: serialize.load(None, path), "with load_state_dict, not NoneType"),
        (lambda path, net: serialize.load(path, epoch=3), "with load_state_dict, not int"),
        (lambda path, net: serialize.load(path, model=MLP), "not the class MLP: call it first"),
        (lambda path, net: serialize.load(net, path, strict=1), "load: strict must be True or False, not 1"),
        (lambda path, net: serialize.save(path, nets=[net]), "nets must be an array or fit for JSON"),
        (lambda path, net: serialize.save(path, nets={"a/b": net}), "name of a part must be a string without '/'"),
        (lambda path, net: serialize.save(path, nets={1: net}), "name of a part must be a string .* not 1, in 'nets'"),
        (lambda path, net: serialize.save(path, **{"a": LOOPED}), "at most 64 levels"),
    ],
)  # fmt: skip
def test_wrong_calls_with_parts(tmp_path, call, match):
    with pytest.raises(TypeError, match=match):
        call(tmp_path / "x.npz", model())
    assert list(tmp_path.iterdir()) == []


LOOPED = {"x": np.ones(1)}
LOOPED["inner"] = LOOPED


# Not strict, and with conversions


def test_without_strict_what_only_one_side_has_is_left_out_and_named(tmp_path):
    path = tmp_path / "x.npz"
    small, large = Training(0).run(2), Training(1, sizes=(4, 2, 2))
    serialize.save(path, model=small.model, optimizer=small.optimizer)
    before, loader = large.model.state_dict(), large.loader.state_dict()
    with pytest.warns(UserWarning, match="left") as warned:
        rest = serialize.load(path, strict=False, model=large.model, loader=large.loader)
    for text in ("model: 4.W is left as it is", "model: 4.b is left", "loader: left as it is, because the file has no"):
        assert text in str(warned[0].message)
    after = large.model.state_dict()
    assert_same({k: x for k, x in after.items() if k[0] != "4"}, small.model.state_dict())
    np.testing.assert_array_equal(after["4.W"], before["4.W"])
    assert large.loader.state_dict() == loader
    assert set(rest) == {"optimizer"}
    wide = Training(0, sizes=(4, 2, 2)).run(2)
    serialize.save(path, model=wide.model, optimizer=wide.optimizer)
    target = Training(1)
    with pytest.warns(
        UserWarning, match="optimizer: 4.W.m of the file is left out, because nothing here has this path"
    ):
        serialize.load(path, strict=False, model=target.model, optimizer=target.optimizer)
    assert_same({k: x for k, x in wide.optimizer.state_dict().items() if k[0] != "4"}, target.optimizer.state_dict())
    with pytest.raises(ValueError, match=r"model: 0\.W: shape"):  # a shape is never ignored
        serialize.load(path, strict=False, model=MLP((5, 2), in_size=3))


def test_arrays_are_converted_on_request_and_named(tmp_path):
    path, double, single = tmp_path / "x.npz", Training(0, dtype=np.float64).run(2), Training(1)
    serialize.save(path, model=double.model, optimizer=double.optimizer)
    with pytest.raises(ValueError, match=r"model: 0\.W: dtype float64 in the state, float32 here"):
        serialize.load(path, model=single.model)
    with pytest.warns(UserWarning, match=r"optimizer: 0\.W\.m is converted from float64 to float32"):
        serialize.load(path, cast=True, model=single.model, optimizer=single.optimizer)
    for key, x in double.model.state_dict().items():
        np.testing.assert_array_equal(single.model.state_dict()[key], x.astype(np.float32))
    state = double.model.state_dict() | {"0.b": np.array([1e300, 1, 1, 1])}
    serialize.save({"model": State(**state)}, path)
    with pytest.raises(ValueError, match=r"model: 0\.b: dtype float64"):  # it would be infinite
        serialize.load(path, cast=True, model=single.model)
    serialize.save(model(), path)
    serialize.load(model(), path, cast=True)  # nothing to convert: no warning


# safetensors


def test_safetensors_hold_arrays_in_c_order_and_plain_values(tmp_path):
    path = tmp_path / "x.safetensors"
    arrays = {
        "columns": np.arange(6, dtype=np.float32).reshape(2, 3).T, "strided": np.arange(10)[::-2],
        "other order": np.ones(2, ">i4"), "empty": np.zeros((0, 3)), "flags": np.array([True, False]),
        "byte": np.array([1], np.int8), "number": np.array(1.5),
        "half": np.ones(3, np.float16), "pair": np.array([1 + 2j], np.complex64),
    }  # fmt: skip
    serialize.save({**arrays, **VALUES, "tuple": (1, {2: "ä"})}, path)
    found = serialize.read(path)
    for name, x in arrays.items():
        np.testing.assert_array_equal(found[name], x)
        assert found[name].dtype == x.dtype.newbyteorder("=")
    assert form({name: found[name] for name in VALUES}) == form(VALUES)
    assert found["tuple"] == (1, {2: "ä"})
    library = pytest.importorskip("safetensors.numpy", reason="the format's own library")
    for name, x in library.load_file(path).items():
        np.testing.assert_array_equal(x, arrays[name])


@pytest.mark.parametrize(
    "x", [np.array(["a"]), np.array([1j]), np.array(["2020"], "M8[D]"), np.ones(1, [("a", "<f4")]), np.longdouble([1])]
)
def test_safetensors_refuse_by_name_what_they_cannot_hold(tmp_path, x):
    path = tmp_path / "x.safetensors"
    with pytest.raises(TypeError, match=r"part/v must be what a safetensors file holds \(F64, .*, not of .*an npz"):
        serialize.save(path, part={"v": x, "w": np.ones(1)})
    with pytest.raises(TypeError, match="__metadata__ must be what a safetensors file holds"):
        serialize.save({"__metadata__": np.ones(1)}, path)
    with pytest.raises(ValueError, match="compress must be False"):
        serialize.save({"x": np.ones(1)}, path, compress=True)
    assert list(tmp_path.iterdir()) == []


def test_damage_in_safetensors_is_an_error(tmp_path):
    path = tmp_path / "x.safetensors"
    serialize.save({"W": np.arange(3, dtype=np.float32), "steps": 7}, path)
    whole = refused_when_cut(path, r"x\.safetensors is damaged or no \.safetensors file")
    path.write_bytes(whole.replace(b'\\"steps\\": 7', b'\\"W\\": 700000'))
    with pytest.raises(ValueError, match="the plain values must have names of their own"):
        serialize.read(path)


# The disk


def in_child(f):
    """What `f` returns in a forked process, as text."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            text = str(f())
        except BaseException as error:
            text = f"{type(error).__name__}: {error}"
        os.write(writing, text.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as file:
        text = file.read().decode()
    os.waitpid(pid, 0)
    return text


@pytest.mark.skipif(os.name != "posix", reason="a limit of the size of files is POSIX's")
@EXTENSIONS
def test_a_file_that_may_not_grow_so_large(tmp_path, name):
    resource, path = importlib.import_module("resource"), tmp_path / name
    serialize.save({"x": np.zeros(10), "n": 1}, path)
    before = path.read_bytes()

    def save():
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
        serialize.save({"x": np.zeros(100_000), "n": 2}, path)

    assert in_child(save).startswith("OSError: [Errno 27]")
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == [name]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can make a small disk")
@EXTENSIONS
def test_a_full_disk(tmp_path, name):
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", tmp_path], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip("a disk cannot be mounted here")
    try:
        path = tmp_path / name
        serialize.save({"x": np.zeros(1_000), "n": 1}, path)
        for size in (20_000, 25_000, 60_000):  # too large beside the old file, or at all
            with pytest.raises(OSError, match="No space left on device"):
                serialize.save({"x": np.ones(size), "y": np.ones(12_000), "n": 2}, path)
            assert serialize.read(path)["n"] == 1
            assert [file.name for file in tmp_path.iterdir()] == [name]
        serialize.save({"x": np.ones(2_000), "n": 2}, path)
        assert serialize.read(path)["n"] == 2
    finally:
        subprocess.run(["umount", tmp_path], check=True)


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_a_folder_in_which_nothing_may_be_written():
    with tempfile.TemporaryDirectory() as folder:  # another user can get there, unlike to tmp_path
        path = pathlib.Path(folder, "x.npz")
        serialize.save({"n": 1}, path)

        def save():
            if os.geteuid() == 0:
                os.setuid(65_534)
            serialize.save({"n": 2}, path)

        os.chmod(folder, 0o555)
        assert in_child(save).startswith("PermissionError: ")
        assert serialize.read(path) == {"n": 1}
        assert os.listdir(folder) == ["x.npz"]
        os.chmod(folder, 0o755)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
@EXTENSIONS
def test_four_processes_save_to_one_path(tmp_path, name):
    path, done = tmp_path / name, []

    def state(k):
        return {"x": np.full(20_000, k), "k": k}

    def save(k):
        for _ in range(15):
            serialize.save(state(k), path)

    serialize.save(state(0), path)
    pids = []
    for k in range(4):
        pids.append(os.fork())
        if pids[-1] == 0:
            code = 1
            with contextlib.suppress(BaseException):
                save(k)
                code = 0
            os._exit(code)
    while pids:
        found = serialize.read(path)
        np.testing.assert_array_equal(found["x"], state(found["k"])["x"])
        for pid in list(pids):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                pids.remove(pid)
                done.append(status)
    assert done == [0] * 4
    assert [file.name for file in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(
    "state", [{"a": 3, "a/b": np.ones(1)}, {"a": {"b": np.ones(1)}, "a/b": np.zeros(1)}, {"a/b/c": 1, "a/b": 2}]
)
def test_names_that_could_not_be_told_apart_are_refused(tmp_path, state):
    with pytest.raises(ValueError, match="rename one"):
        serialize.save(state, tmp_path / "x.npz")
    assert not list(tmp_path.iterdir())
