"""Reads files that were damaged at random, in all formats: each is refused by a ValueError that names it, or is read.

    python -m tests.formats.mutations --count 50000 --seed 1

A file whose bytes have checksums (npz, the zip of PyTorch) is read as what it was, or not at all. Reading takes at most
four times the size of the file and 50 MB. Half of the zips are damaged inside: their checksums are right.
"""

import argparse
import io
import sys
import tempfile
import time
import tracemalloc
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np

from autograd import layers as L
from autograd import serialize
from autograd.data import parse_idx
from autograd.formats import read_weights
from autograd.models import load_weights
from tests.formats.test_safetensors import safe
from tests.formats.test_torch import FLOATS, LONGS, TENSORS, old, zipped

STORAGES = {"0": FLOATS, "7": LONGS}
EXTREMES = [b"\0", b"\xff", b"\x7f", b"\x80", b"\xff" * 4, b"\xff" * 8, b"\xff\xff\xff\x7f", bytes(8), b"(", b"[", b"}"]


def saved(state, **options):
    with tempfile.TemporaryDirectory() as folder:
        serialize.save(state, f"{folder}/x", **options)
        return Path(folder, "x").read_bytes()


def read_idx(path):
    """An idx file has no reader of its own; its bytes do."""
    content = path.read_bytes()
    try:
        return {"x": parse_idx(content)}
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def into_a_layer(load):
    """Loads a file into a layer, which is unchanged if that fails."""

    def read(path):
        layer = L.Linear(4, 3, rng=0)
        before = layer.state_dict()
        try:
            load(layer, path)
        except ValueError:
            assert all(np.array_equal(x, layer.state_dict()[name]) for name, x in before.items())
            raise
        return layer.state_dict()

    return read


def corpus():
    """For each kind of file: its content, its readers, and whether checksums protect it."""
    layer = L.Linear(4, 3, rng=0)
    state = {**layer.state_dict(), "text": np.array(["a", "ä"]), "F": np.ones((3, 4)).T, "n": 3, "t": (1, {2: b"x"})}
    arrays = {
        "a": ("F32", FLOATS.reshape(2, 12)),
        "b": ("BF16", np.arange(6, dtype=np.uint16)),
        "m": ("BOOL", LONGS > 9),
    }
    idx = b"\0\0\x08\2" + (3).to_bytes(4, "big") + (5).to_bytes(4, "big") + bytes(range(15))
    weights = {"W": ("F32", layer.W.data), "b": ("F32", layer.b.data)}
    load, load_theirs = into_a_layer(lambda m, p: serialize.load(m, p)), into_a_layer(load_weights)
    return {
        "npz": (saved(state), [serialize.read, read_weights], True),
        "npz, compressed": (saved({**state, "zeros": np.zeros(5000)}, compress=True), [serialize.read], True),
        "npz of a layer": (saved(layer), [load, load_theirs], True),
        "pth, zip": (zipped(TENSORS, STORAGES), [read_weights], True),
        "pth, old": (old(TENSORS, STORAGES), [read_weights], False),
        "safetensors": (safe(arrays, {"format": "pt"}), [read_weights], False),
        "safetensors of a layer": (safe(weights), [load_theirs], False),
        "idx": (idx, [read_idx], False),
    }


def mutated(content, rng, others):
    """The content with one to four changes."""
    content = bytearray(content)
    for _ in range(rng.integers(1, 5)):
        at, n = int(rng.integers(len(content) + 1)), int(rng.integers(1, 60))
        kind = rng.integers(9)
        extreme = EXTREMES[rng.integers(len(EXTREMES))]
        if kind <= 1 and at < len(content):
            content[at] ^= 1 << int(rng.integers(8))
        elif kind == 2:
            content[at : at + 1] = rng.bytes(1)
        elif kind == 3:
            content[at : at + len(extreme)] = extreme
        elif kind == 4:
            del content[at : at + n]
        elif kind == 5:
            content[at:at] = content[at : at + n] * int(rng.integers(1, 4))
        elif kind == 6:
            other = others[rng.integers(len(others))]
            start = int(rng.integers(len(other)))
            content[at : at + n] = other[start : start + n]
        elif kind == 7 and rng.random() < 0.3:
            del content[at:]
        else:
            content[at:at] = extreme * n
    return bytes(content)


def inside(content, rng, others):
    """A zip in which one member is damaged, and its checksum is right; sometimes one is there twice, or missing."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = [(name, archive.read(name)) for name in archive.namelist()]
    k = int(rng.integers(len(members)))
    members[k] = members[k][0], mutated(members[k][1], rng, others)
    if rng.random() < 0.1:
        del members[int(rng.integers(len(members)))]
    result = io.BytesIO()
    with zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED if rng.random() < 0.5 else zipfile.ZIP_STORED) as archive:
        for name, member in members:
            archive.writestr(name, member)
    return result.getvalue()


def same(a, b):
    return list(a) == list(b) and all(type(a[k]) is type(b[k]) and np.array_equal(a[k], b[k]) for k in a)


def problem(path, content, read, expected):
    """What goes wrong when a damaged file is read; None if all is well. `expected`: what it must be if it is read."""
    path.write_bytes(content)
    tracemalloc.reset_peak()
    base, start = tracemalloc.get_traced_memory()[0], time.process_time()
    try:
        found = read(path)
    except ValueError as error:
        found = None
        if str(path) not in str(error) or len(str(error)) > 3000:
            return f"the message does not name the file, or is too long: {str(error)[:200]}"
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:200]}"
    peak, seconds = tracemalloc.get_traced_memory()[1] - base, time.process_time() - start
    if peak > 4 * len(content) + 50e6:
        return f"{peak} bytes of memory for {len(content)}"
    if seconds > 5:
        return f"{seconds:.1f} s"
    if found is not None and expected is not None and not same(found, expected):
        return "it was read as something else"
    return None


def run(count, seed, folder):
    """Reads `count` damaged files; counts the outcomes and lists what went wrong."""
    rng, kinds = np.random.default_rng(seed), corpus()
    path, problems, outcomes = Path(folder, "damaged.file"), [], Counter()
    originals = {}
    for kind, (content, readers, _) in kinds.items():
        path.write_bytes(content)
        originals[kind] = [read(path) for read in readers]
    others = [content for content, _, _ in kinds.values()]
    names = list(kinds)
    tracemalloc.start()
    try:
        for _ in range(count):
            kind = names[rng.integers(len(names))]
            content, readers, summed = kinds[kind]
            deep = content[:2] == b"PK" and rng.random() < 0.5
            damaged = (inside if deep else mutated)(content, rng, others)
            k = int(rng.integers(len(readers)))
            wrong = problem(path, damaged, readers[k], originals[kind][k] if summed and not deep else None)
            outcomes[kind, "wrong" if wrong else "fine"] += 1
            if wrong:
                problems.append((kind, wrong, damaged))
    finally:
        tracemalloc.stop()
    return outcomes, problems


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        outcomes, problems = run(given.count, given.seed, folder)
    for (kind, outcome), n in sorted(outcomes.items()):
        print(f"{n:7} {outcome}  {kind}")
    for kind, wrong, damaged in problems[:20]:
        print(f"{kind}: {wrong}\n    {damaged[:2000].hex()}")
    sys.exit(bool(problems))
