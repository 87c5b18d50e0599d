"""Small files that ask for much: each is refused, with its name, at the cost of a file of its size."""

import io
import json
import os
import pickle
import struct
import subprocess
import sys
import time
import tracemalloc
import zipfile

import numpy as np
import pytest

from autograd import layers as L
from autograd import optimizers as O
from autograd import serialize
from autograd.compat.dezero.layers import Layer as DezeroLayer
from autograd.compat.dezero.layers import Linear as DezeroLinear
from autograd.data import parse_idx
from autograd.formats import read_weights
from autograd.models import load_weights
from tests.formats import mutations
from tests.formats.test_npz import described as described_npy
from tests.formats.test_npz import npy
from tests.formats.test_torch import EMPTY, described, header, ints, old, state, zipped

pytestmark = pytest.mark.standin_exempt("files are read into NumPy arrays")

MB = 1 << 20
FLOATS = np.arange(24, dtype=np.float32)
ZEROS = {"x": described("0", "FloatStorage", 24, 0, (2, 3), (3, 1))}


def nest(n):
    """A tuple of tuples of tuples …, whose hash and text take 2^n steps: by DUP, or by the memo."""
    return b")" + b"2\x86" * n, b")" + b"".join(b"q" + bytes([k]) + b"h" + bytes([k]) + b"\x86" for k in range(n))


def deflated(members, declared=None):
    """A zip of compressed members: (name, first bytes, megabytes of zeros). `declared`: the size that it gives."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, head, size in members:
            with archive.open(name, "w", force_zip64=True) as member:
                member.write(head)
                for _ in range(size):
                    member.write(bytes(MB))
    content = bytearray(stream.getvalue())
    if declared is not None:
        at = content.index(b"PK\1\2") + 24
        content[at : at + 4] = struct.pack("<I", declared)
    return bytes(content)


def repeated_members(n):
    """A zip whose directory has one member n times, under n names."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x0000.npy", npy_of(np.zeros(10_000)))
    content = stream.getvalue()
    start = content.index(b"PK\1\2")
    entry = content[start : content.index(b"PK\5\6")]
    entries = b"".join(entry.replace(b"x0000", b"x%04d" % k) for k in range(n))
    return content[:start] + entries + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, n, n, len(entries), start, 0)


def overlapping():
    """A zip with a member inside another one: its header and its bytes are the content of the first."""
    inner, outer = plain("b.npy", npy_of(np.zeros(3))), io.BytesIO()
    head = inner[: inner.index(b"PK\1\2")]
    with zipfile.ZipFile(outer, "w") as archive:
        archive.writestr("a.npy", described_npy((len(head),), "'|u1'") + head)
    content = outer.getvalue()
    start, end = content.index(b"PK\1\2"), content.index(b"PK\5\6")
    entry = bytearray(inner[inner.index(b"PK\1\2") : inner.index(b"PK\5\6")])
    entry[42:46] = struct.pack("<I", content.index(head))
    entries = content[start:end] + entry
    return content[:start] + entries + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 2, 2, len(entries), start, 0)


def npy_of(x):
    stream = io.BytesIO()
    np.lib.format.write_array(stream, x)
    return stream.getvalue()


def plain(name, content, method=zipfile.ZIP_STORED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        archive.writestr(name, content)
    return stream.getvalue()


def valued(text):
    """The JSON in an npz with one value."""
    return '{"arrays": [], "values": {"a": ' + text + "}}"


def pickled(body):
    """Both formats of PyTorch with this pickle."""
    return {"old": header() + b"\x80\x02" + body + b"\x80\x02].", "zip": zipped({}, {}, b"\x80\x02" + body)}


def one_tensor(shape, strides, kind="FloatStorage", count=24, offset=0):
    tensors = {"x": described("0", kind, count, offset, shape, strides)}
    return {"old": old(tensors, {"0": FLOATS}), "zip": zipped(tensors, {"0": FLOATS})}


def pickled_names(n):
    """One storage of 1 MB under many names; bfloat16 would take twice that for each."""
    numbers = np.zeros(MB // 2, np.uint16)
    tensors = {f"x{k}": described("0", "BFloat16Storage", MB // 2, 0, (MB // 2,), (1,)) for k in range(n)}
    return {"old": old(tensors, {"0": numbers}), "zip": zipped(tensors, {"0": numbers})}


SIZE = b"ctorch\nSize\nq\x01"
PTH = {
    "a memo with a gap": pickled(b"}r" + struct.pack("<I", 1 << 26) + b"."),
    "a memo far beyond": pickled(b"}r" + struct.pack("<I", (1 << 32) - 1) + b"."),
    **{f"a nested key {k}": pickled(b"}" + body + b"K\x01s.") for k, body in enumerate(nest(40))},
    **{f"a nested key of many {k}": pickled(b"}(" + body + b"K\x01u.") for k, body in enumerate(nest(40))},
    **{f"a nested element {k}": pickled(b"\x8f(" + body + b"\x90.") for k, body in enumerate(nest(40))},
    **{f"a nested id {k}": pickled(b"(N" + body + b"NNNtQ.") for k, body in enumerate(nest(40))},
    **{f"nested instead of tensors {k}": pickled(b"}X\1\0\0\0a" + body + b"s.") for k, body in enumerate(nest(40))},
    **{f"a nested shape {k}": pickled(EMPTY + body + b"R.") for k, body in enumerate(nest(40))},
    "a nested dict of Python 2": pickled(b"ccollections\nOrderedDict\n](]" + nest(40)[1] + b"K\x01\x86ee\x85R."),
    "many dicts": pickled(b"}" * 600_000 + b"."),
    "many sets": pickled(b"\x8f" * 200_000 + b"."),
    "one list, copied often": pickled(b"]q\0(" + b"N" * 5000 + b"e" + SIZE + b"h\x01h\0\x85R" * 50_000 + b"."),
    "one dict, copied often": pickled(
        b"ccollections\nOrderedDict\nq\x01]q\0(" + b"(K\1K\2t" * 3000 + b"e" + b"h\x01h\0\x85R" * 9_000 + b"."
    ),
    "numbers with one hash": pickled(
        b"}(" + b"".join(b"\x8a\x0b" + (k * (2**61 - 1)).to_bytes(11, "little") + b"N" for k in range(50_000)) + b"u."
    ),
    "a long string": pickled(b"X" + struct.pack("<I", 1 << 31) + b"a."),
    "a longer string": pickled(b"\x8d" + struct.pack("<Q", 1 << 62) + b"a."),
    "a negative length": pickled(b"\x8b" + struct.pack("<i", -5) + b"a."),
    "an expanded tensor": one_tensor((1 << 20, 1 << 20), (0, 0)),
    "a partly expanded tensor": one_tensor((1 << 30, 2), (0, 1)),
    "overlapping windows": one_tensor((1 << 22, 3), (0, 1)),
    "many names of one tensor": pickled_names(400),
    "65 sizes": one_tensor((1,) * 65, (1,) * 65),
    "a negative size": one_tensor((-1, 3), (3, 1)),
    "two negative sizes": one_tensor((-2, -3), (3, 1)),
    "a negative stride": one_tensor((2, 3), (-3, 1), offset=5),
    "an offset beyond": one_tensor((1,), (1,), offset=24),
    "a storage of another size": one_tensor((2,), (1,), count=23),
    "a storage of a negative size": one_tensor((2,), (1,), count=-24),
    "a storage of another type": one_tensor((2,), (1,), kind="DoubleStorage"),
    "a shape of huge numbers": pickled(
        b"}X\1\0\0\0x"
        + described("0", "FloatStorage", 24, 0, (), ()).replace(
            ints() + ints(), (b"(" + (b"\x8b" + struct.pack("<i", 9000) + b"\x7f" * 9000) * 60 + b"t") * 2
        )
        + b"s."
    ),
    "two sizes of a storage": {
        "old": old({"a": ZEROS["x"], "b": described("0", "FloatStorage", 12, 0, (1,), (1,))}, {"0": FLOATS}),
        "zip": zipped({"a": ZEROS["x"], "b": described("0", "FloatStorage", 12, 0, (1,), (1,))}, {"0": FLOATS}),
    },
    "a storage twice": {"old": header() + state(ZEROS) + pickle.dumps(["0", "0"], 2) + 2 * (b"\x18" + bytes(7 + 96))},
    "no storage": {"old": header() + state(ZEROS) + pickle.dumps([], 2), "zip": zipped(ZEROS, {})},
    "a dict of itself": pickled(b"}q\0X\x05\0\0\0modelh\0s."),
    "very deep": pickled(b"]" * 50_000 + b"a" * 49_999 + b"."),
    "a large storage": {"zip": deflated([("a/data.pkl", state(ZEROS), 0), ("a/data/0", b"", 100)])},
    "a large member": {"zip": deflated([("a/data.pkl", state(ZEROS), 0), ("a/x", b"", 100)])},
    "a large pickle": {"zip": deflated([("a/data.pkl", b"\x80\x02", 100)])},
    "a pickle of many lists": {"zip": plain("a/data.pkl", b"\x80\x02" + b"]" * 20_000_000, zipfile.ZIP_DEFLATED)},
}  # fmt: skip

LARGE = described_npy((100 * MB // 4,))
DEEP = "[" * 100_000
NPZ = {
    "zeros": deflated([("W.npy", LARGE, 100)]),
    "many arrays of zeros": deflated([(f"W{k}.npy", described_npy((20 * MB // 4,)), 20) for k in range(6)]),
    "zeros that seem few": deflated([("W.npy", LARGE, 100)], declared=1000),
    "zeros that seem many": deflated([("W.npy", LARGE, 1)], declared=len(LARGE) + 100 * MB),
    "one member, many times": repeated_members(3000),
    "a member inside another one": overlapping(),
    "a member twice": None,  # below
    "an array that is larger than its member": plain("W.npy", described_npy((1 << 40,), "'|u1'")),
    "an array whose size overflows": plain("W.npy", described_npy((1 << 32, 1 << 32))),
    "an array whose size is 2^64 + 4": plain("W.npy", described_npy((2**62 + 1,)) + bytes(4)),
    "a large element": plain("W.npy", described_npy((1,), "[('a', '<f8', (1000, 1000, 1000))]")),
    "a large text": plain("W.npy", described_npy((1,), "'<U500000000'")),
    "a long header": plain("W.npy", npy(" " * 60_000 + "{}")),
    "a header of 4 GB": plain("W.npy", b"\x93NUMPY\2\0\xff\xff\xff\xff{}"),
    "a deep header": plain("W.npy", npy("(" * 9000)),
    "a negative size": plain("W.npy", described_npy((-2, -2)) + bytes(16)),
    "bzip2": plain("W.npy", npy_of(np.zeros(MB)), zipfile.ZIP_BZIP2),
    "lzma": plain("W.npy", npy_of(np.zeros(MB)), zipfile.ZIP_LZMA),
    "JSON with much in it": plain("state.json", valued("[" + ",".join(["{}"] * 2_000_000) + "]")),
    "JSON that unpacks": deflated([("state.json", b'{"arrays": [], "values": {}}', 100)]),
    "JSON that unpacks to much": plain("state.json", valued("[" + "[]," * 5_000_000), zipfile.ZIP_DEFLATED),
    "deep JSON": plain("state.json", valued(DEEP)),
    "a name twice in JSON": plain("state.json", '{"arrays": [], "values": {"a": 1, "a": 2}}'),
    "a value twice": plain("state.json", '{"arrays": [], "arrays": [], "values": {}}'),
    "an unknown type": plain("state.json", '{"arrays": [], "values": {"a": {"__is__": ["os", []]}}, "tagged": true}'),
    "a dtype of objects": plain(
        "state.json", '{"arrays": [], "values": {"a": {"__is__": ["numpy", ["|O", "00000000"]]}}, "tagged": true}'
    ),
    "no directory": plain("W.npy", npy_of(np.zeros(3)))[:-22],
    "a directory that is far away": plain("W.npy", npy_of(np.zeros(3)))[:-6] + b"\xff\xff\xff\x7f\0\0",
}  # fmt: skip


def twice():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("W.npy", npy_of(np.zeros(3)))
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("W.npy", npy_of(np.ones(3)))
    return stream.getvalue()


def st(header, body=b""):
    header = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(header)) + header + body


def entry(shape, first, last, dtype="F32"):
    return {"dtype": dtype, "shape": shape, "data_offsets": [first, last]}


SAFETENSORS = {
    "an overlap": st({"a": entry([2], 0, 8), "b": entry([2], 4, 12)}, bytes(12)),
    "the same bytes": st({"a": entry([2], 0, 8), "b": entry([2], 0, 8)}, bytes(8)),
    "a size of -1": st({"W": entry([8, -1], 0, 96)}, bytes(96)),
    "two negative sizes": st({"W": entry([-2, -2], 0, 16)}, bytes(16)),
    "a number as shape": st({"W": entry(1, 0, 4)}, bytes(4)),
    "a size that is True": st({"W": entry([True], 0, 4)}, bytes(4)),
    "a size that is a fraction": st({"W": entry([1.0], 0, 4)}, bytes(4)),
    "a huge size": st({"W": entry([1 << 70, 0], 0, 0)}),
    "65 sizes": st({"W": entry([1] * 65, 0, 4)}, bytes(4)),
    "a hole in front": st({"a": entry([1], 4, 8)}, bytes(8)),
    "a hole inside": st({"a": entry([1], 0, 4), "b": entry([1], 8, 12)}, bytes(12)),
    "a hole behind": st({"a": entry([1], 0, 4)}, bytes(100)),
    "bytes in the wrong order": st({"a": entry([1], 4, 0)}, bytes(4)),
    "a negative byte": st({"a": entry([1], -4, 0)}, bytes(4)),
    "three bytes": st({"a": entry([1], 0, 4) | {"data_offsets": [0, 4, 8]}}, bytes(4)),
    "a word that nobody knows": st({"a": entry([1], 0, 4) | {"x": 1}}, bytes(4)),
    "a list as an entry": st({"a": [1]}, bytes(4)),
    "a name twice": st(b'{"a":%s,"a":%s}' % ((json.dumps(entry([1], 0, 4)).encode(),) * 2), bytes(4)),
    "a dtype twice": st(b'{"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}', bytes(4)),
    "a header longer than the file": struct.pack("<Q", 1 << 63) + b"{}",
    "a header much longer": struct.pack("<Q", (1 << 64) - 1) + b"{}",
    "an unknown dtype": st({"a": entry([2], 0, 2, "F8_E4M3")}, bytes(2)),
    "views of bfloat16": st({f"a{k}": entry([500_000], 0, 1_000_000, "BF16") for k in range(200)}, bytes(1_000_000)),
    "a header of lists": st(b'{"a":[%s]}' % b",".join([b"[]"] * 2_000_000)),
    "a header of dicts": st(b'{"a":[%s]}' % b",".join([b'{"":0}'] * 1_000_000)),
    "a deep header": st(b'{"a":' + b"[" * 100_000),
    "no UTF-8": st(b'{"\xff":1}'),
    "a boolean that is 2": st({"a": entry([1], 0, 1, "BOOL")}, b"\2"),
}
FILES = {
    **{f"pth, {form}: {kind}": content for kind, forms in PTH.items() for form, content in forms.items()},
    **{f"npz: {kind}": content for kind, content in NPZ.items()},
    **{f"safetensors: {kind}": content for kind, content in SAFETENSORS.items()},
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_asks_for_much_is_refused_at_the_cost_of_its_size(path, name):
    content = FILES[name] or twice()
    path.write_bytes(content)
    for read in [serialize.read, read_weights] if name.startswith("npz") else [read_weights]:
        tracemalloc.start()
        start = time.process_time()
        try:
            with pytest.raises(ValueError, match=r"net\.pth is damaged or no ") as caught:
                read(path)
            peak, seconds = tracemalloc.get_traced_memory()[1], time.process_time() - start
        finally:
            tracemalloc.stop()
        assert len(str(caught.value)) < 2000
        assert peak <= 4 * len(content) + 50e6
        assert seconds < 10  # 2^40 steps would take days


def test_zeros_that_a_layer_expects_are_loaded(tmp_path):
    """Of a compressed file as much is unpacked as there is room for."""
    path, size = tmp_path / "zeros.npz", 9 * MB
    layer = L.Linear(1, size, rng=0)
    layer.W.data[:] = 0
    serialize.save(layer, path, compress=True)
    assert path.stat().st_size < size / 100
    for load in (serialize.load, load_weights):
        layer.W.data[:] = 1
        load(layer, path)
        assert not layer.W.data.any()
    optimizer = O.Adam(layer)
    layer.W.grad = layer.W * 0
    layer.b.grad = layer.b * 0
    optimizer.update()
    serialize.save(optimizer, path, compress=True)
    serialize.load(O.Adam(layer), path)
    for refused in (lambda: serialize.read(path), lambda: serialize.load(O.Adam(L.Linear(1, 3)), path)):
        with pytest.raises(ValueError, match=r"unpacks to \d+ bytes.*`most`"):
            refused()
    assert len(serialize.read(path, most=8 * size + MB)) == 11
    with pytest.raises(TypeError, match="most must be a whole number"):
        serialize.read(path, most=1.5)


def test_dezero_reads_within_limits_too(tmp_path):
    path, net = tmp_path / "net.npz", DezeroLayer()
    net.l1 = DezeroLinear(8, in_size=3)
    net.save_weights(path)
    net.load_weights(path)
    path.write_bytes(deflated([("l1/W.npy", LARGE, 100)]))
    before = net.l1.W.data
    with pytest.raises(ValueError, match="unpacks to"):
        net.load_weights(path)
    np.savez(path, **{"l1/W": np.zeros((3, 9), np.float32), "l1/b": np.zeros(8, np.float32)})
    with pytest.raises(ValueError, match="does not fit this Layer: l1/W have another shape"):
        net.load_weights(path)
    assert net.l1.W.data is before


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\0\0\x08\1\xff\xff\xff\xff" + bytes(4), "cut short"),
        (b"\0\0\x0e\x03" + b"\xff" * 12, "cut short"),
        (b"\0\0\x08\xff" + b"\0\0\0\1" * 255 + b"x", "at most 64 dimensions, not 255"),
        (b"\0\0\x08\2" + b"\0\0\0\2" * 2 + bytes(5), "too long"),
        (b"\0\0\x08\x03", "must have 16 bytes, not 4"),
    ],
)
def test_an_idx_header_that_lies(content, message):
    with pytest.raises(ValueError, match=message):
        parse_idx(content)


@pytest.mark.parametrize("content", ["\0\0\x08\1", None, 3, [0, 0, 8, 1], np.zeros(9, np.uint8)])
def test_idx_takes_bytes(content):
    with pytest.raises(TypeError, match="parse_idx takes the bytes of an IDX file, not"):
        parse_idx(content)


# What is not a file


READERS = [serialize.read, lambda path: serialize.load(L.Linear(2, 3), path), read_weights]
READERS += [lambda path: load_weights(L.Linear(2, 3), path), lambda path: DezeroLinear(2, in_size=3).load_weights(path)]


@pytest.mark.parametrize("read", READERS)
def test_what_is_no_file_is_not_read(tmp_path, read):
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "missing")
    with pytest.raises(IsADirectoryError):
        read(tmp_path)
    for path in (0, True, None, 1.5, [1]):
        with pytest.raises(TypeError, match="path must be a string or a Path, not"):
            read(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes are POSIX's")
@pytest.mark.parametrize("read", READERS)
def test_a_pipe_and_an_endless_device_are_not_read(tmp_path, read):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match="must be a file, not the pipe .*pipe"):
        read(tmp_path / "pipe")
    with pytest.raises(ValueError, match="must be a file, not the device /dev/zero"):
        read("/dev/zero")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_of_others_is_not_called_damaged(path):
    path.write_bytes(b"")
    path.chmod(0)
    with pytest.raises(PermissionError):
        read_weights(path)


# At random


def test_damaged_files_are_refused_or_read_as_they_were(tmp_path):
    outcomes, problems = mutations.run(1000, 0, tmp_path)
    assert not problems
    assert len(outcomes) == len(mutations.corpus())


def test_the_limit_holds_for_the_memory_of_the_process(path):
    """What the system says, not what Python counts."""
    resource = pytest.importorskip("resource")
    del resource
    path.write_bytes(FILES["npz: zeros"])
    code = f"""if True:
        import resource
        from autograd import serialize
        from autograd.models import read_weights
        peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        before = peak()
        for read in (serialize.read, read_weights):
            try:
                read({str(path)!r})
            except ValueError:
                print("refused")
        print(peak() - before)"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert out[:2] == ["refused", "refused"]
    assert int(out[2]) < 50_000 * (1 if sys.platform != "darwin" else 1000)
