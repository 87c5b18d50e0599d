"""npz files with a right checksum and wrong content: one error for every kind of damage."""

import struct
import zipfile

import numpy as np
import pytest

from autograd import serialize
from autograd.formats import read_weights
from autograd.formats.damage import DAMAGE

pytestmark = pytest.mark.standin_exempt("files are read into NumPy arrays")


def npy(header, body=b"", version=1):
    text = header.encode("latin1")
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H", len(text)) + text + body


def described(shape, descr="'<f4'"):
    return npy(f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}\n")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.npy", b""),
        ("x.npy", b"\x93NUM"),
        ("x.npy", b"hello, world"),
        ("x.npy", npy("")),
        ("x.npy", npy("{")),
        ("x.npy", npy("{'descr': '''")),
        ("x.npy", npy("{'descr': '<f4'}")),
        ("x.npy", npy("  {'descr':\n 1}")),
        ("x.npy", npy("f(1)")),
        ("x.npy", npy("[" * 1000)),
        ("x.npy", npy("{}", version=9)),
        ("x.npy", described((3,))),
        ("x.npy", described((2**40,))),
        ("x.npy", described((2**62, 2**62))),
        ("x.npy", described((-1,))),
        ("x.npy", described("(1.5,)")),
        ("x.npy", described((3,), "'nonsense'")),
        ("x.npy", described((3,), "'|O'")),
        ("x.npy", described((1,), "'<U1'") + b"\xff\xff\xff\xff"),
        ("x.npy", described((1,), "'>U1'") + b"\0\x11\0\0"),
        ("x.npy", described((1,), "[('a', '<U1'), ('b', '<i2')]") + b"\0\0\x11\0\0\0"),
        ("x.npy", described((1,), "[('a', '|b1'), ('b', '|i1')]") + b"\2\0"),
        ("x.npy", described((1,), "[('a', [('b', '|b1')]), ('c', '|i1')]") + b"\2\0"),
        *[("x.npy", described((10**12,), f"'{kind}0'")) for kind in ("|V", "<U", "|S", "<V", "|S0")],
        ("x.npy", described((1,), "[('a', '|S0'), ('b', '|i1')]") + b"\1"),
        ("state.json", b'{"arrays": [], "tagged": true, "values": {"v": {"__is__": ["numpy", ["<U1", "ffffffff"]]}}}'),
        ("state.json", b'{"arrays": [], "tagged": true, "values": {"v": {"__is__": ["numpy", ["|b1", "02"]]}}}'),
        ("state.json", b'{"arrays": [], "tagged": true, "values": {"v": {"__is__": ["numpy", ["<U0", ""]]}}}'),
        ("state.json", b"{"),
        ("state.json", b"\xff\xfe"),
        ("state.json", b"[" * 100_000),
        ("state.json", b'{"values": {}}'),
        ("state.json", b'{"arrays": []}x'),
        ("state.json", b"[1]"),
        ("state.json", b'"arrays"'),
        ("state.json", b'{"arrays": [], "values": 3}'),
        ("state.json", b'{"arrays": ["x"]}'),
    ],
    ids=lambda value: f"{value!r:.60}",
)
@pytest.mark.parametrize("read", [serialize.read, read_weights])
def test_content_that_is_no_state(tmp_path, read, name, content):
    with zipfile.ZipFile(tmp_path / "net.npz", "w") as archive:
        archive.writestr(name, content)
    with pytest.raises(ValueError, match=r"net\.npz is damaged or no "):
        read(tmp_path / "net.npz")


def test_an_encrypted_member_and_an_unknown_compression(tmp_path):
    path = tmp_path / "net.npz"
    np.savez(path, x=np.ones(2))
    good = path.read_bytes()
    central = good.index(b"PK\x01\x02")
    for offset, value in ((8, 1), (10, 77)):  # in the directory: the flags, the method
        content = bytearray(good)
        content[central + offset] = value
        content[offset - 2] = value
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"net\.npz is damaged or no \.npz file: "):
            serialize.read(path)


def test_every_kind_of_damage_is_named():
    assert not {Exception, BaseException} & {*DAMAGE}
    assert not [(a, b) for a in DAMAGE for b in DAMAGE if a is not b and issubclass(a, b)]
