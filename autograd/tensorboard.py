"""TensorBoard: what a program writes while it runs, and `tensorboard --logdir runs` shows.

    board = TensorBoard("runs/1")
    board.scalar("loss", 0.5, step=0)

The package tensorboardX encodes events, histograms, images and checksums. Its SummaryWriter gives them to a thread: the
file is behind even after a flush, and a flush waits milliseconds for the disk. So each call here appends a record:

    record = length (8 bytes), its checksum (4), event, its checksum (4)

Source: tensorflow/core/lib/io/record_writer.h, and the .proto files in tensorboardX/proto.
"""

from __future__ import annotations

import os
import re
import socket
import struct
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from importlib import import_module
from itertools import count
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np

from autograd.algebra import as_array
from autograd.backend import as_numbers, is_array, namespace, to_numpy
from autograd.checks import shown, whole
from autograd.constants import check_real
from autograd.engine import Node, functions_below
from autograd.function import Tracked
from autograd.layers.base import Layer

__all__ = ["TensorBoard"]

BINS = 30  # of a histogram
INSTALL = "pip install 'define-by-run[tensorboard]'"
files = count()


class TensorBoard:
    """Writes one run into one new file in `folder`: scalars, histograms, images and a graph.

    It is also a function for `fit(..., watch=TensorBoard("runs/1"))`: what `fit` measures in an epoch, the loss, the
    learning rate, the gradient norm and the rest, are its scalars. Every call opens the file, appends and closes it: it
    is complete at any time, and nothing has to be closed. `name` may have parts, `train/loss`; `step` counts updates
    or epochs. Values may be Variables, arrays on any device, or numbers. Raises RuntimeError without tensorboardX.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        if not isinstance(folder, (str, os.PathLike)):
            raise TypeError(f"TensorBoard: folder must be a path, not {shown(folder)}")
        try:
            import_module("tensorboardX")
        except ImportError as error:
            raise RuntimeError(f"writing for TensorBoard needs tensorboardX: {INSTALL}") from error
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        name = f"events.out.tfevents.{int(time.time())}.{socket.gethostname()}.{os.getpid()}.{next(files)}"
        self.path = self.folder / name
        self.write(file_version="brain.Event:2")

    def __call__(self, step: int, values: Mapping[str, Any]) -> None:
        """Writes several scalars of one step: {name: value}."""
        if not isinstance(values, Mapping):
            raise TypeError(f"values must be a dict of names and numbers, not {shown(values)}")
        scalars = [{"tag": text(name), "simple_value": one_number(name, y)} for name, y in values.items()]
        self.write(step=step_of(step), summary={"value": scalars})

    def scalar(self, name: str, value: Any, step: int) -> None:
        """One number. Raises ValueError for several."""
        self(step, {text(name): value})

    def histogram(self, name: str, values: Any, step: int) -> None:
        """How often which values occur, such as those of a parameter. Raises ValueError for none, nan and inf."""
        from tensorboardX.summary import make_histogram

        x = numbers("histogram", values).astype(np.float64).reshape(-1)
        if not x.size or not np.isfinite(x).all():
            raise ValueError(f"histogram: {name} must have finite values only, and at least one, not {shown(values)}")
        edges = np.linspace(x.min(), x.max(), BINS + 1)  # all at one place if the values are equal
        value = {"tag": text(name), "histo": make_histogram(x, edges)}
        self.write(step=step_of(step), summary={"value": [value]})

    def parameters(self, model: Layer, step: int) -> None:
        """A histogram of each parameter under its path, such as `0.W`, and of its gradient, `0.W/grad`.

        Left out are arrays with nan or infinity, and parameters without values yet. In `fit` it is one of several
        watches: `lambda epoch, values: board.parameters(model, epoch)`. Raises TypeError for what is no Layer.
        """
        if not isinstance(model, Layer):
            raise TypeError(f"parameters takes a Layer, not {shown(model)}")
        for path, p in model.named_params():
            arrays: dict[str, Any] = {path: p.data, f"{path}/grad": None if p.grad is None else as_array(p.grad)}
            for name, x in arrays.items():
                if is_array(x) and x.size and namespace(x).isfinite(x).all():
                    self.histogram(name, x, step)

    def image(self, name: str, image: Any, step: int) -> None:
        """An image (H, W) or (C, H, W), C = 1 grey or 3 red, green, blue: floats from 0 to 1, or bytes.

        Raises ValueError for other shapes, and for values outside, and RuntimeError without Pillow.
        """
        from tensorboardX.summary import make_image

        pixels = pixels_of(name, image)
        try:
            value = {"tag": text(name), "image": make_image(pixels)}
        except ImportError as error:
            raise RuntimeError(f"writing images for TensorBoard needs Pillow: {INSTALL}") from error
        self.write(step=step_of(step), summary={"value": [value]})

    def graph(self, y: Any) -> None:
        """The graph below y. Its layers are boxes if y was computed under `tracing`: `graph(trace(model, x))`.

        Raises TypeError for what is no Variable, and RuntimeError for one without a graph.
        """
        if not isinstance(y, Tracked):
            raise TypeError(f"graph takes a Variable, not {shown(y)}")
        if y.node is None or y.node.creator is None:
            raise RuntimeError("graph takes a Variable that was computed, outside of no_grad(): this one has no graph")
        from tensorboardX.proto.graph_pb2 import GraphDef

        graph = GraphDef(node=graph_nodes(y.node), versions={"producer": 22})  # the version of the format
        self.write(graph_def=graph.SerializeToString())

    def write(self, **content: Any) -> None:
        """Appends an event, with the time of now: a step and a summary, or a graph."""
        from tensorboardX.proto.event_pb2 import Event as EventProto
        from tensorboardX.record_writer import masked_crc32c

        event = EventProto(wall_time=time.time(), **content).SerializeToString()
        record = b"".join(x + struct.pack("<I", masked_crc32c(x)) for x in (struct.pack("<Q", len(event)), event))
        with self.path.open("ab") as file:
            file.write(record)

    def close(self) -> None:
        """Does nothing, as no file is open between two calls: for programs that close what they write with."""

    def __enter__(self) -> TensorBoard:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def graph_nodes(output: Any) -> Iterator[Any]:
    """A NodeDef for every function and every leaf of the graph below `output`.

    Its name is a path, whose first parts are the calls of layers around it.
    """
    from tensorboardX.proto.attr_value_pb2 import AttrValue
    from tensorboardX.proto.node_def_pb2 import NodeDef

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
        found = [shape_proto(shapes[part].get(i)) for i in range(max(shapes[part]) + 1)]
        kind = "Variable" if leaf else type(part).__name__
        yield NodeDef(name=name, op=kind, input=inputs, attr={"_output_shapes": AttrValue(list={"shape": found})})


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
    return word(name) or ("Variable" if x is None else type(x).__name__)


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


def shape_proto(shape: Any) -> dict[str, Any]:
    """The fields of a TensorShapeProto; of a shape that nobody knows, that it is unknown."""
    return {"unknown_rank": True} if shape is None else {"dim": [{"size": size} for size in shape]}


def pixels_of(name: str, image: Any) -> Any:
    """An image (H, W) or (C, H, W) as bytes (H, W, 3). Raises ValueError for other shapes, and for values outside."""
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
    return np.broadcast_to(planes, (3, *planes.shape[1:])).transpose(1, 2, 0)


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
