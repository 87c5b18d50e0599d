"""Files in the format safetensors, written here and by its package."""

import json
import struct

import numpy as np
import pytest

from autograd.formats import read_weights

pytestmark = pytest.mark.standin_exempt("files are read into NumPy arrays")


def safe(arrays, metadata=None):
    entries, body = {"__metadata__": metadata} if metadata else {}, b""
    for name, (kind, x) in arrays.items():
        entries[name] = {"dtype": kind, "shape": list(x.shape), "data_offsets": [len(body), len(body) + x.nbytes]}
        body += x.tobytes()
    head = json.dumps(entries).encode()
    return struct.pack("<Q", len(head)) + head + body


FLOATS = np.arange(24, dtype=np.float32)
LONGS = np.array([5, 2**40], np.int64)


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
