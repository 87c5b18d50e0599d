"""TensorBoard: what a program writes while it runs, and `tensorboard --logdir runs` shows.

>>> import tempfile
>>> board = TensorBoard(tempfile.mkdtemp())
>>> for step in range(3):
...     board.scalar("loss", 1 / (step + 1), step)

The file is a sequence of records, each of one event, in the protocol buffers of TensorFlow:

    record = length (8 bytes), its checksum (4), event, its checksum (4)
    event = {1: time, 2: step, and one of 3: version, 4: graph, 5: summary};   summary = {1: value, 1: value, ...}
    value = {1: name, and one of 2: scalar, 4: image, 5: histogram}

Nothing but NumPy is needed to write it. Source: tensorflow/core/util/event.proto, framework/summary.proto, graph.proto.
"""

from __future__ import annotations

import os
import re
import socket
import struct
import time
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import count
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np

from autograd.algebra import as_array
from autograd.backend import as_numbers, to_numpy
from autograd.checks import shown, whole
from autograd.constants import check_real
from autograd.engine import Node, functions_below
from autograd.function import Tracked

__all__ = ["TensorBoard"]

BINS = 30  # of a histogram
files = count()


class TensorBoard:
    """Writes one run into one new file in `folder`: scalars, histograms, images and a graph.

    It is also a function for `fit(..., watch=TensorBoard("runs/1"))`. Every call opens the file, appends and closes it:
    it is complete at any time, and nothing has to be closed. `name` may have parts, `train/loss`; `step` counts updates
    or epochs. Values may be Variables, arrays on any device, or numbers.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        if not isinstance(folder, (str, os.PathLike)):
            raise TypeError(f"TensorBoard: folder must be a path, not {shown(folder)}")
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        name = f"events.out.tfevents.{int(time.time())}.{socket.gethostname()}.{os.getpid()}.{next(files)}"
        self.path = self.folder / name
        self.write({3: "brain.Event:2"})

    def __call__(self, step: int, values: Mapping[str, Any]) -> None:
        """Writes several scalars of one step: {name: value}."""
        if not isinstance(values, Mapping):
            raise TypeError(f"values must be a dict of names and numbers, not {shown(values)}")
        scalars = [message({1: text(name), 2: np.float32(one_number(name, y))}) for name, y in values.items()]
        self.write({2: step_of(step), 5: message({1: scalars})})

    def scalar(self, name: str, value: Any, step: int) -> None:
        """One number. Raises ValueError for several."""
        self(step, {text(name): value})

    def histogram(self, name: str, values: Any, step: int) -> None:
        """How often which values occur, such as those of a parameter. Raises ValueError for none, nan and inf."""
        x = numbers("histogram", values).astype(np.float64).reshape(-1)
        if not x.size or not np.isfinite(x).all():
            raise ValueError(f"histogram: {name} must have finite values only, and at least one, not {shown(values)}")
        counts, edges = np.histogram(x, np.linspace(x.min(), x.max(), BINS + 1))  # all at one place if they are equal
        self.value(name, step, 5, {
            1: float(x.min()), 2: float(x.max()), 3: float(x.size), 4: float(x.sum()), 5: float((x * x).sum()),
            6: edges[1:].astype("<f8").tobytes(), 7: counts.astype("<f8").tobytes(),
        })  # fmt: skip

    def image(self, name: str, image: Any, step: int) -> None:
        """An image (H, W) or (C, H, W), C = 1 grey or 3 red, green, blue: floats from 0 to 1, or bytes.

        Raises ValueError for other shapes, and for values outside.
        """
        x = numbers("image", image)
        planes = x[None] if x.ndim == 2 else x
        if planes.ndim != 3 or len(planes) not in (1, 3) or not x.size:
            raise ValueError(f"image: {name} must be (H, W), (1, H, W) or (3, H, W), not {x.shape}")
        if x.dtype != np.uint8:
            if not (x.min() >= 0 and x.max() <= 1):
                raise ValueError(
                    f"image: {name} must lie between 0 and 1, not from {x.min():.4g} to {x.max():.4g}: "
                    "(x - x.min()) / (x.max() - x.min()) does"
                )
            planes = np.rint(planes * 255.0).astype(np.uint8)
        C, H, W = planes.shape
        self.value(name, step, 4, {1: H, 2: W, 3: C, 4: png(planes.transpose(1, 2, 0))})

    def graph(self, y: Any) -> None:
        """The graph below y. Its layers are boxes if y was computed under `tracing`: `graph(trace(model, x))`.

        Raises TypeError for what is no Variable, and RuntimeError for one without a graph.
        """
        if not isinstance(y, Tracked):
            raise TypeError(f"graph takes a Variable, not {shown(y)}")
        if y.node is None or y.node.creator is None:
            raise RuntimeError("graph takes a Variable that was computed, outside of no_grad(): this one has no graph")
        self.write({4: message({1: [*graph_nodes(y.node)], 4: message({1: 22})})})  # the version of the format

    def value(self, name: str, step: int, kind: int, content: Mapping[int, Any]) -> None:
        """Writes an event with one value: an image (4) or a histogram (5)."""
        self.write({2: step_of(step), 5: message({1: message({1: text(name), kind: message(content)})})})

    def write(self, event: Mapping[int, Any]) -> None:
        """Appends an event, with the time of now."""
        data = message({1: time.time(), **event})
        length = struct.pack("<Q", len(data))
        with self.path.open("ab") as file:
            file.write(length + checksum(length) + data + checksum(data))


def graph_nodes(output: Any) -> Iterator[bytes]:
    """The nodes {1: name, 2: operation, 3: inputs, 5: attributes} of the graph below `output`.

    Every function has one, and every leaf. A name is a path, whose first parts are the calls of layers around it.
    """
    functions = sorted(functions_below([output]), key=attrgetter("generation"))
    taken: Counter[str] = Counter()
    names: dict[Any, str] = {}  # of functions and leaves
    shapes: dict[Any, dict[int, Any]] = {output.creator: {place(output): output.shape}}  # of their values, by place
    for f in functions:
        for i, node in enumerate(f.parents):
            if node is not None:
                shapes.setdefault(node.creator or node, {})[place(node)] = node.shape
                if node.creator is None and node not in names:
                    names[node] = unique(leaf_name(f, i), taken)
        names[f] = unique(scope_of(f) + type(f).__name__, taken)
    for part, name in names.items():
        leaf = isinstance(part, Node)
        ins = [] if leaf else [node for node in part.parents if node is not None]
        inputs = [names[node.creator or node] + (f":{place(node)}" if place(node) else "") for node in ins]
        found = [shapes[part].get(i) for i in range(max(shapes[part]) + 1)]
        attribute = {1: "_output_shapes", 2: message({1: message({7: [shape_message(shape) for shape in found]})})}
        kind = "Variable" if leaf else type(part).__name__
        yield message({1: name, 2: kind, 3: inputs, 5: message(attribute)})


def place(node: Any) -> int:
    """Which output of its creator it is, from 0."""
    f = node.creator
    return f.output_nodes().index(node) if f is not None and f.several else 0


def leaf_name(f: Any, i: int) -> str:
    """The name of input i of f, a leaf: a Parameter stands inside its layer, anything else outside."""
    x, record = f.parents[i](), f.record or None
    if record and record.paths[i]:
        return scope_of(f) + word(record.paths[i].rpartition(".")[2])
    name = (record.names[i] if record else "") or getattr(x, "name", None) or ""
    return word(name) or type(x).__name__


def scope_of(f: Any) -> str:
    """The calls of layers around a function, each with a slash: `Sequential/0_Linear/`."""
    scope, outer = "", ""
    for call in f.record.calls if f.record else ():
        own = word(call.path.removeprefix(outer).lstrip("."))
        scope += f"{own}_" * bool(own) + call.kind + f"_{call.number}" * (call.number > 1) + "/"
        outer = call.path
    return scope


def word(name: str) -> str:
    """`name` with the letters that TensorBoard takes in names; perhaps none are left."""
    return re.sub(r"[^A-Za-z0-9_.-]", "_", name).lstrip("_-")


def unique(name: str, taken: Counter[str]) -> str:
    """The name, with a number from the second of its kind on."""
    taken[name] += 1
    return name if taken[name] == 1 else unique(f"{name}_{taken[name] - 1}", taken)


def shape_message(shape: Any) -> bytes:
    """{2: {1: size}, ...}, or {3: true} for a shape that nobody knows."""
    return message({3: 1} if shape is None else {2: [message({1: size}) for size in shape]})


def one_number(name: str, value: Any) -> float:
    """A scalar. Raises ValueError for several numbers."""
    x = numbers("scalar", value)
    if x.size != 1:
        raise ValueError(f"scalar: {name} must be one number, not the shape {x.shape}: take its mean or sum")
    return float(x.item())


def numbers(name: str, x: Any) -> Any:
    """An array, Variable or number as an array of NumPy. Raises TypeError if it holds no real numbers."""
    x = as_numbers(as_array(x))
    check_real(name, x)
    return to_numpy(x)


def text(name: Any) -> str:
    """The name of a value. Raises TypeError if it is no text, and ValueError if it is empty."""
    if not isinstance(name, str):
        raise TypeError(f"name must be text, such as 'train/loss', not {shown(name)}")
    if not name:
        raise ValueError("name must be text, such as 'train/loss', not empty")
    return name


def step_of(step: Any) -> int:
    return whole("step", step, least=0)


# The encoding


def message(fields: Mapping[int, Any]) -> bytes:
    """A protocol buffer: for each field its key, 8 · number + kind, and its value; a list is a repeated field.

    kinds: 0 a whole number; 1 a float; 2 text or bytes, after their length; 5 a float32
    """
    found = b""
    for number, values in fields.items():
        for x in values if isinstance(values, list) else [values]:
            if isinstance(x, np.float32):
                found += varint(8 * number + 5) + struct.pack("<f", x)
            elif isinstance(x, float):
                found += varint(8 * number + 1) + struct.pack("<d", x)
            elif isinstance(x, int):
                found += varint(8 * number) + varint(x)
            else:
                data = x.encode() if isinstance(x, str) else x
                found += varint(8 * number + 2) + varint(len(data)) + data
    return found


def varint(n: int) -> bytes:
    """A whole number, 7 bits a byte, the lowest first; the highest bit of a byte says that there is more."""
    return bytes([n]) if n < 128 else bytes([n % 128 + 128]) + varint(n // 128)


@cache
def table() -> list[int]:
    """For each byte its remainder in the division of polynomials by CRC-32C's, bits reversed."""
    remainders = list(range(256))
    for _ in range(8):
        remainders = [r >> 1 ^ (0x82F63B78 if r & 1 else 0) for r in remainders]
    return remainders


def crc32c(data: bytes) -> int:
    """The checksum of Castagnoli. Source: RFC 3720, appendix B.4."""
    remainders, r = table(), 0xFFFFFFFF
    for byte in data:
        r = remainders[(r ^ byte) & 255] ^ r >> 8
    return r ^ 0xFFFFFFFF


def checksum(data: bytes) -> bytes:
    """CRC-32C as a record has it, turned by 15 bits and moved by a constant."""
    r = crc32c(data)
    return struct.pack("<I", ((r >> 15 | r << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def png(pixels: Any) -> bytes:
    """Bytes (H, W, 1 or 3) as a PNG. Source: W3C, "Portable Network Graphics", third edition, 2025."""
    H, W, C = pixels.shape
    rows = np.concatenate([np.zeros((H, 1), np.uint8), pixels.reshape(H, W * C)], axis=1)  # 0: a row is not filtered
    header = struct.pack(">IIBBBBB", W, H, 8, {1: 0, 3: 2}[C], 0, 0, 0)
    parts = {b"IHDR": header, b"IDAT": zlib.compress(rows.tobytes()), b"IEND": b""}
    chunks = [
        struct.pack(">I", len(x)) + name + x + struct.pack(">I", zlib.crc32(name + x)) for name, x in parts.items()
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
