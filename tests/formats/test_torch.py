"""Files of PyTorch, written here byte by byte: they are read without PyTorch, and nothing in them is run."""

import io
import os
import pickle
import struct
import zipfile
from collections import OrderedDict

import numpy as np
import pytest

from autograd.formats import read_weights, torch

pytestmark = pytest.mark.standin_exempt("files are read into NumPy arrays")


def text(word):
    return b"X" + struct.pack("<I", len(word.encode())) + word.encode()


def ints(*numbers):
    return b"(" + b"".join(b"J" + struct.pack("<i", n) for n in numbers) + b"t"


def number(n):
    return b"J" + struct.pack("<i", n)


EMPTY = b"ccollections\nOrderedDict\n)R"


def described(key, kind, count, offset, shape, strides, view=b"N"):
    """The opcodes that describe a tensor."""
    storage = b"(" + text("storage") + f"ctorch\n{kind}\n".encode() + text(key) + text("cpu") + number(count) + view
    args = storage + b"tQ" + number(offset) + ints(*shape) + ints(*strides) + b"\x89" + EMPTY
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + args + b"tR"


def state(tensors):
    """The pickle of an OrderedDict of described tensors."""
    return b"\x80\x02" + EMPTY + b"(" + b"".join(text(name) + x for name, x in tensors.items()) + b"u."


def header(order="little"):
    system = {"protocol_version": 1001, "little_endian": order == "little", "type_sizes": {"int": 4}}
    return b"".join(pickle.dumps(x, 2) for x in (0x1950A86A20F9469CFC6C, 1001, system))


def old(tensors, storages, order="little"):
    """A file of torch.save before zip."""
    numbers = [len(x).to_bytes(8, order) + x.tobytes() for x in storages.values()]
    return header(order) + state(tensors) + pickle.dumps(list(storages), 2) + b"".join(numbers)


def zipped(tensors, storages, pickled=None, byteorder=None):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("net/data.pkl", pickled or state(tensors))
        archive.writestr("net/version", "3\n")
        if byteorder:
            archive.writestr("net/byteorder", byteorder)
        for key, x in storages.items():
            archive.writestr(f"net/data/{key}", x.tobytes())
    return stream.getvalue()


FLOATS = np.arange(24, dtype=np.float32)
LONGS = np.array([5, 2**40], np.int64)
TENSORS = {
    "a": described("0", "FloatStorage", 24, 0, (2, 3, 4), (12, 4, 1)),
    "b": described("0", "FloatStorage", 24, 5, (4, 2), (1, 4), b"N"),
    "n": described("7", "LongStorage", 2, 1, (), ()),
    "none": described("0", "FloatStorage", 24, 24, (0, 3), (3, 1)),
}


def check(arrays):
    assert list(arrays) == list(TENSORS)
    np.testing.assert_array_equal(arrays["a"], FLOATS.reshape(2, 3, 4))
    np.testing.assert_array_equal(arrays["b"], [[5, 9], [6, 10], [7, 11], [8, 12]])
    assert arrays["n"].shape == ()
    assert arrays["n"] == 2**40
    assert arrays["n"].dtype == np.int64
    assert arrays["none"].shape == (0, 3)
    assert arrays["a"].dtype == np.float32
    assert all(x.dtype.isnative for x in arrays.values())


def test_the_old_format(path):
    path.write_bytes(old(TENSORS, {"0": FLOATS, "7": LONGS}))
    check(read_weights(path))
    check(read_weights(str(path)))


def test_the_new_format(path):
    tensors = {name: x.replace(b"N", b"", 1) if x.count(b"N") == 1 else x for name, x in TENSORS.items()}
    path.write_bytes(zipped(tensors, {"0": FLOATS, "7": LONGS}))
    check(read_weights(path))


def test_the_other_byte_order(path):
    storages = {"0": FLOATS.astype(">f4"), "7": LONGS.astype(">i8")}
    path.write_bytes(old(TENSORS, storages, "big"))
    check(read_weights(path))
    path.write_bytes(zipped(TENSORS, storages, byteorder="big"))
    check(read_weights(path))


@pytest.mark.parametrize(
    ("kind", "stored", "expected"),
    [
        ("HalfStorage", np.array([1.5, -2], np.float16), np.array([1.5, -2], np.float16)),
        ("DoubleStorage", np.array([0.1]), np.array([0.1])),
        ("BFloat16Storage", np.array([0x3FC0, 0xC000], np.uint16), np.array([1.5, -2], np.float32)),
        ("ByteStorage", np.array([255], np.uint8), np.array([255], np.uint8)),
        ("BoolStorage", np.array([True, False]), np.array([True, False])),
        ("ComplexFloatStorage", np.array([1 + 2j], np.complex64), np.array([1 + 2j], np.complex64)),
    ],
)
def test_types(path, kind, stored, expected):
    n = len(stored)
    for write in (old, zipped):
        path.write_bytes(write({"x": described("0", kind, n, 0, (n,), (1,))}, {"0": stored}))
        x = read_weights(path)["x"]
        assert x.dtype == expected.dtype
        np.testing.assert_array_equal(x, expected)


def test_the_arrays_cannot_be_written_to(path):
    path.write_bytes(old(TENSORS, {"0": FLOATS, "7": LONGS}))
    with pytest.raises(ValueError, match="read-only"):
        read_weights(path)["a"][0] = 1


# What is refused


class Call:
    """Pickled, it is a call of any function."""

    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


EVIL = [
    (os.system, "touch {}"),
    (os.mkdir, "{}"),
    (eval, "__import__('os').mkdir('{}')"),
    (exec, "import os; os.mkdir('{}')"),
    (getattr, OrderedDict, "fromkeys"),
    (OrderedDict.fromkeys, [1]),
    (np.load, "{}"),
]


@pytest.mark.parametrize("protocol", [2, 4, 5])
@pytest.mark.parametrize("call", EVIL, ids=lambda call: call[0].__name__)
def test_a_pickle_that_calls_a_function_is_refused(path, tmp_path, call, protocol):
    trace = tmp_path / "trace"
    function, *args = call
    evil = pickle.dumps(Call(function, *[a.format(trace) if isinstance(a, str) else a for a in args]), protocol)
    good = old(TENSORS, {"0": FLOATS, "7": LONGS})
    for content in (evil, header() + evil, header() + state(TENSORS) + evil, zipped({}, {}, evil), evil + good):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"net.pth is damaged or .* no place among weights, and was refused"):
            read_weights(path)
    assert not trace.exists()


@pytest.mark.parametrize("name", sorted(torch.SAFE))
def test_a_pickle_cannot_change_what_it_is_given(path, name):
    module, _, word = name.rpartition(".")
    safe = torch.SAFE[name]
    before = repr(getattr(safe, "__dict__", None)), getattr(safe, "__defaults__", None)
    attributes, slots = b"}" + text("hello") + number(1) + b"s", b"}" + text("__defaults__") + ints(1, 2) + b"s"
    for change in (b"N" + slots, attributes + b"N"):
        evil = b"\x80\x02c" + f"{module}\n{word}\n".encode() + change + b"\x86b."
        path.write_bytes(zipped({}, {}, evil))
        with pytest.raises(ValueError, match=r"net.pth is damaged or .*(attribute|immutable|mappingproxy)"):
            read_weights(path)
    assert (repr(getattr(safe, "__dict__", None)), getattr(safe, "__defaults__", None)) == before


def one(**changes):
    given = {"key": "0", "kind": "FloatStorage", "count": 24, "offset": 0, "shape": (2, 3), "strides": (3, 1)}
    return {"x": described(**(given | changes))}


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        (one(offset=19), r"\(2, 3\) lies outside its storage of 24 numbers"),
        (one(offset=-1), "outside its storage"),
        (one(shape=(25,), strides=(1,)), "outside its storage"),
        (one(shape=(2,), strides=(24,)), "outside its storage"),
        (one(shape=(2,), strides=(-1,), offset=5), "outside its storage"),
        (one(shape=(-2,), strides=(1,)), "outside its storage"),
        (one(shape=(2,), strides=(1, 1)), "must be described by"),
        (one(kind="UntypedStorage"), "torch.UntypedStorage, which has no place"),
        (one(view=b")"), "describes no storage"),
        ({"x": one()["x"][:-2] + b"}" + text("conj") + b"\x88stR"}, r"by conj: .* save x\.resolve_conj"),
        ({"x": number(3), "y": one()["x"]}, "a dict of tensors, .* not x"),
        ({"x": b"ctorch\nFloatStorage\n", "y": one()["x"]}, "must hold a dict of tensors"),
        ({"x": number(3)}, "no tensor is described by|must hold a dict of tensors"),
        ({"x": b"ctorch._utils\n_rebuild_tensor_v2\n(" + number(1) + ints() + ints() + ints() + b"tR"}, "damaged"),
    ],
)
def test_descriptions_that_do_not_fit(path, tensors, message):
    for write in (old, zipped):
        path.write_bytes(write(tensors, {"0": FLOATS}))
        with pytest.raises(ValueError, match=message):
            read_weights(path)


def test_it_says_how_much_is_missing(path):
    content = old(TENSORS, {"0": FLOATS, "7": LONGS})
    path.write_bytes(content[:-3])
    with pytest.raises(
        ValueError, match=f"cut short: it should have at least {len(content)} bytes, .*{len(content) - 3}"
    ):
        read_weights(path)


def complaint(path):
    """The message of the ValueError that reading raises, None if it succeeds."""
    try:
        read_weights(path)
    except ValueError as error:
        return str(error)
    return None


@pytest.mark.parametrize("write", [old, zipped])
def test_a_damaged_file_is_an_error_or_still_weights(path, write):
    content = write(TENSORS, {"0": FLOATS, "7": LONGS})
    rng = np.random.default_rng(0)
    for _ in range(300):
        broken = bytearray(content)
        broken[rng.integers(len(content))] = rng.integers(256)
        path.write_bytes(broken)
        assert "net.pth" in (complaint(path) or "net.pth")
