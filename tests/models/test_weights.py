"""Files of weights, written here byte by byte: what is in them is read, and nothing in them is run."""

import io
import json
import os
import pickle
import struct
import zipfile
from collections import OrderedDict

import numpy as np
import pytest

from autograd import serialize
from autograd.layers import MLP, BatchNorm, LayerNorm, Linear, Sequential
from autograd.layers.conv import Conv2d
from autograd.models import formats, load_weights, read_weights
from autograd.models.weights import path_of

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


def safe(arrays, metadata=None):
    entries, body = {"__metadata__": metadata} if metadata else {}, b""
    for name, (kind, x) in arrays.items():
        entries[name] = {"dtype": kind, "shape": list(x.shape), "data_offsets": [len(body), len(body) + x.nbytes]}
        body += x.tobytes()
    head = json.dumps(entries).encode()
    return struct.pack("<Q", len(head)) + head + body


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.pth"


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


def test_safetensors(path):
    arrays = {"w": ("F32", FLOATS.reshape(4, 6)), "h": ("F16", np.ones((2, 1), np.float16)), "n": ("I64", np.array(3))}
    path.write_bytes(safe(arrays, {"format": "pt"}))
    found = read_weights(path)
    assert list(found) == list(arrays)
    for name, (_, x) in arrays.items():
        assert found[name].dtype == x.dtype
        np.testing.assert_array_equal(found[name], x)
    path.write_bytes(safe({"x": ("BF16", np.array([0x3FC0], np.uint16))}))
    assert read_weights(path)["x"].tolist() == [1.5]


def test_safetensors_as_the_package_writes_them(path):
    numpy = pytest.importorskip("safetensors.numpy")
    arrays = {"w": FLOATS.reshape(4, 6), "b": np.ones(3), "n": LONGS, "mask": np.array([True, False])}
    numpy.save_file(arrays, path)
    found = read_weights(path)
    assert set(found) == set(arrays)
    assert all(np.array_equal(found[name], x) and found[name].dtype == x.dtype for name, x in arrays.items())


@pytest.mark.parametrize("length", [0x80, 0x180, 0x4B50])
def test_a_header_whose_length_looks_like_a_pickle_or_a_zip(path, length):
    content = safe({"w": ("F32", FLOATS)})
    stop = 8 + int.from_bytes(content[:8], "little")
    path.write_bytes(struct.pack("<Q", length) + content[8:stop].ljust(length) + content[stop:])
    assert path.read_bytes()[:2] in (b"\x80\x00", b"\x80\x01", b"PK")
    np.testing.assert_array_equal(read_weights(path)["w"], FLOATS)


def test_npz(path):
    model = MLP((3, 2), in_size=4, rng=0)
    with path.open("wb") as file:
        np.savez(file, **model.state_dict())
    other = MLP((3, 2), rng=1)
    load_weights(other, path)
    assert all(np.array_equal(x, other.state_dict()[name]) for name, x in model.state_dict().items())
    serialize.save(model, path)
    assert list(read_weights(path)) == ["0.W", "0.b", "2.W", "2.b"]


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
        with pytest.raises(ValueError, match=r"net.pth is damaged, or .* no place among weights, and was refused"):
            read_weights(path)
    assert not trace.exists()


@pytest.mark.parametrize("name", sorted(formats.HARMLESS))
def test_a_pickle_cannot_change_what_it_is_given(path, name):
    module, _, word = name.rpartition(".")
    harmless = formats.HARMLESS[name]
    before = repr(getattr(harmless, "__dict__", None)), getattr(harmless, "__defaults__", None)
    attributes, slots = b"}" + text("hello") + number(1) + b"s", b"}" + text("__defaults__") + ints(1, 2) + b"s"
    for change in (b"N" + slots, attributes + b"N"):
        evil = b"\x80\x02c" + f"{module}\n{word}\n".encode() + change + b"\x86b."
        path.write_bytes(zipped({}, {}, evil))
        with pytest.raises(ValueError, match=r"net.pth is damaged, or .*(attribute|immutable|mappingproxy)"):
            read_weights(path)
    assert (repr(getattr(harmless, "__dict__", None)), getattr(harmless, "__defaults__", None)) == before


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
        (one(shape=(2,), strides=(1, 1)), "not described by"),
        (one(kind="UntypedStorage"), "torch.UntypedStorage, which has no place"),
        (one(view=b")"), "describes no storage"),
        ({"x": one()["x"][:-2] + b"}" + text("conj") + b"\x88stR"}, r"by conj, .* save x\.resolve_conj"),
        ({"x": number(3), "y": one()["x"]}, "no dict of tensors, .* but x"),
        ({"x": b"ctorch\nFloatStorage\n", "y": one()["x"]}, "no dict of tensors"),
        ({"x": number(3)}, "no tensor is described by|no dict of tensors"),
        ({"x": b"ctorch._utils\n_rebuild_tensor_v2\n(" + number(1) + ints() + ints() + ints() + b"tR"}, "damaged"),
    ],
)
def test_descriptions_that_do_not_fit(path, tensors, message):
    for write in (old, zipped):
        path.write_bytes(write(tensors, {"0": FLOATS}))
        with pytest.raises(ValueError, match=message):
            read_weights(path)


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


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "begins with nothing"),
        (b"hello, world", "begins with 68 65 6c 6c 6f"),
        (pickle.dumps({"a": 1}), "damaged"),
        (pickle.dumps(1) * 5, "it is a pickle, but not one of torch.save"),
        (zipped({}, {}, pickle.dumps([1, 2])), "but list"),
        (zipped({}, {}, pickle.dumps({"epoch": 3, "lr": 0.1})), "but epoch, lr"),
    ],
)
def test_what_is_no_file_of_weights(path, content, message):
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read_weights(path)


def test_there_is_no_such_file(path):
    with pytest.raises(FileNotFoundError, match=r"net\.pth"):
        load_weights(Linear(2, 3), path)


# Names


def torch_state():
    rng = np.random.default_rng(0)
    shapes = {"0.weight": (4, 3, 2, 2), "0.bias": (4,), "1.weight": (4,), "1.bias": (4,), "1.running_mean": (4,)}
    shapes |= {"1.running_var": (4,), "3.weight": (5, 4), "3.bias": (5,), "4.weight": (5,), "4.bias": (5,)}
    return {name: rng.random(shape) for name, shape in shapes.items()} | {"1.num_batches_tracked": np.array(9)}


def network():
    return Sequential(Conv2d(4, 2, in_channels=3), BatchNorm(4), np.ravel, Linear(5, 4), LayerNorm(5))


def test_the_names_of_torch_are_translated():
    model, state = network(), torch_state()
    load_weights(model, state)
    ours = model.state_dict()
    pairs = {"0.W": "0.weight", "0.b": "0.bias", "1.gamma": "1.weight", "1.beta": "1.bias", "3.b": "3.bias"}
    pairs |= {"1.mean": "1.running_mean", "1.var": "1.running_var", "4.gamma": "4.weight", "4.beta": "4.bias"}
    for path, name in pairs.items():
        np.testing.assert_array_equal(ours[path], state[name].astype(np.float32))
    np.testing.assert_array_equal(ours["3.W"], state["3.weight"].T.astype(np.float32))
    assert ours["3.W"].flags.c_contiguous
    assert ours["3.W"].dtype == np.float32


class TorchTensor:
    """What is asked of a tensor of PyTorch that learns: its numbers, in a type that NumPy has."""

    def __init__(self, x, dtype="torch.float32", *done):
        self.x, self.dtype, self.done = x, dtype, done

    def detach(self):
        return TorchTensor(self.x, self.dtype, *self.done, "detached")

    def cpu(self):
        return TorchTensor(self.x, self.dtype, *self.done, "moved")

    def float(self):
        return TorchTensor(self.x, "torch.float32", *self.done)

    def __array__(self, dtype=None, copy=None):
        assert self.dtype == "torch.float32"
        assert self.done == ("detached", "moved")
        return self.x


@pytest.mark.parametrize("dtype", ["torch.float32", "torch.bfloat16"])
def test_tensors_of_torch(dtype):
    model = Linear(2)
    load_weights(model, {"weight": TorchTensor(np.eye(2, 3), dtype), "bias": TorchTensor(np.zeros(2), dtype)})
    np.testing.assert_array_equal(model.W.data, np.eye(3, 2))


def test_a_layer_alone_and_one_without_sizes():
    model = Linear(2)
    load_weights(model, {"weight": np.ones((2, 3)), "bias": np.zeros(2)})
    assert model.W.shape == (3, 2)


def test_our_own_names_stay():
    model, other = network(), network()
    load_weights(other, model.state_dict())
    assert all(np.array_equal(x, other.state_dict()[path]) for path, x in model.state_dict().items())


def test_the_table_of_names():
    table = {"conv1.": "stem.", ".conv1.": ".f.0."}
    assert path_of("conv1.weight", table, {"stem.W"}) == "stem.W"
    assert path_of("module.conv1.bias", table, {"stem.b"}) == "stem.b"
    assert path_of("layer.conv1.bias", table, {"layer.f.0.beta"}) == "layer.f.0.beta"
    assert path_of("xconv1.bias", table, {"stem.b"}) == "xconv1.bias"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"3.weight": np.ones((4, 5))}, r"3.W: shape \(5, 4\) in the state, \(4, 5\) here"),
        ({"3.other": np.ones(3)}, "3.other: unexpected"),
        ({"fc.weight": np.ones(3)}, "fc.weight: unexpected"),
        ({"3.bias": np.ones(5, np.int64)}, "3.b: dtype int64"),
    ],
)
def test_what_does_not_fit_changes_nothing(change, message):
    model = network()
    before = model.state_dict()
    with pytest.raises(ValueError, match=rf"the weights do not fit this Sequential: (.|\n)*{message}"):
        load_weights(model, torch_state() | change)
    assert all(np.array_equal(before[path], x) for path, x in model.state_dict().items())


def test_a_part_of_the_weights():
    model = network()
    b = model[3].b.data.copy()
    load_weights(model, {"1.weight": np.full(4, 2.0), "fc.bias": np.ones(1000)}, strict=False)
    assert model[1].gamma.data.tolist() == [2, 2, 2, 2]
    assert np.array_equal(model[3].b.data, b)
    with pytest.raises(ValueError, match=r"0\.W: missing"):
        load_weights(model, {"1.weight": np.ones(4)})
