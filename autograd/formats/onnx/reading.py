"""A file of ONNX as a plan: which operators run on which values, in their order.

The file is a protocol buffer, which the package onnx parses; nothing in it runs. Tensors must have as many bytes as
their sizes say, and stand in the file itself.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Container, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from autograd.files import path_of_file
from autograd.formats.damage import DAMAGE, reading
from autograd.formats.onnx import network_operators, window_operators
from autograd.formats.onnx.library import library
from autograd.formats.onnx.operators import OPERATORS, Attributes

__all__ = ["SAVED", "TRAINED", "Plan", "Step", "plan_of", "read_plan"]

DOMAINS = ("", "ai.onnx", "ai.onnx.ml", "ai.onnx.preview", "ai.onnx.preview.training")
TABLES = network_operators, window_operators  # they have entered their operators
CONSTANTS = {
    "Resize": (1, 2, 3),
    "Upsample": (1,),
    "Pad": (2,),
    "Clip": (1, 2),
    "Dropout": (1,),
    "QuantizeLinear": (1,),
}
STATISTICS = {"BatchNormalization": (3, 4)}  # inputs that are saved, and not trained
TRAINED, SAVED = "define-by-run.trained", "define-by-run.saved"  # lists of names, in a file that `export` wrote


class Step(NamedTuple):
    """A node: the operator, names of inputs and outputs, attributes, and the values that it is the last to use."""

    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Attributes
    last: tuple[str, ...]


class Plan(NamedTuple):
    """A graph: names of inputs and outputs, constants, steps. `weights` leads from names in the graph to keys."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    constants: dict[str, Any]
    weights: dict[str, str]
    steps: list[Step]


class Weights:
    """Arrays that become parameters or buffers, by a key that is theirs alone: their name in the file.

    `said` are the names that the file says itself are trained, and saved. Without them, floating-point tensors are
    trained, but for those that stand where statistics or a constant of a node do.
    """

    def __init__(self, said: Mapping[str, Container[str]]) -> None:
        self.said = said
        self.trained: dict[str, Any] = {}
        self.saved: dict[str, Any] = {}

    def place_of(self, name: str, x: Any, uses: Mapping[str, Container[str]]) -> dict[str, Any] | None:
        """The dict of the trained or of the saved arrays, where a tensor belongs; None for a constant."""
        if self.said:
            if name in self.said[TRAINED] and x.dtype.kind == "f":
                return self.trained
            return self.saved if name in self.said[SAVED] else None
        if x.dtype.kind != "f" or not x.ndim or name in uses["constants"]:
            return None
        return self.saved if name in uses["statistics"] else self.trained

    def add(self, name: str, x: Any, place: dict[str, Any]) -> str:
        """The key of a new array."""
        key, n = name, 1
        while key in self.trained or key in self.saved:
            key, n = f"{name}_{n}", n + 1
        place[key] = x
        return key


def read_model(path: str | os.PathLike[str]) -> Any:
    """The model of onnx. Raises FileNotFoundError without the file, and ValueError if it is damaged."""
    onnx = library()
    with reading(path, "file of ONNX") as file:
        try:
            model = onnx.ModelProto.FromString(file.read())
            onnx.checker.check_model(model)
        except Exception as error:  # protobuf and the checker have classes of their own
            raise ValueError(f"{str(error) or type(error).__name__}") from error
    return model


def read_plan(path: str | os.PathLike[str]) -> tuple[Plan, Weights]:
    """The plan in a file, and its weights. Raises what `read_model` and `plan_of` raise."""
    model = read_model(path)
    try:
        return plan_of(model)
    except DAMAGE as error:
        raise ValueError(
            f"{path_of_file(path)} cannot be loaded: {str(error) or type(error).__name__:.1000}"
        ) from error


def plan_of(model: Any) -> tuple[Plan, Weights]:
    """The plan of a model, and its weights. Raises ValueError for operators that we have not, with all their names."""
    onnx = library()
    versions = {o.domain: o.version for o in model.opset_import}
    missing = sorted({f"{n.domain or 'ai.onnx'}.{n.op_type}" for n in nodes_of(model.graph) if not known(n)})
    if missing or model.functions:
        names = ", ".join([*missing, *[f.name for f in model.functions]])
        raise ValueError(f"there are no functions for these operators: {names}")
    weights = Weights(said_of(model))
    version = versions.get("", versions.get("ai.onnx", 1))
    return graph_of(onnx, model.graph, version, weights, {}), weights


def said_of(model: Any) -> dict[str, frozenset[str]]:
    """The names that the file says are trained, and saved; none if a program has renamed them since."""
    properties = {p.key: p.value for p in model.metadata_props}
    if not {TRAINED, SAVED} <= {*properties}:
        return {}
    said = {word: frozenset(json.loads(properties[word])) for word in (TRAINED, SAVED)}
    return said if frozenset().union(*said.values()) <= {x.name for x in model.graph.initializer} else {}


def known(node: Any) -> bool:
    return node.domain in DOMAINS and node.op_type in OPERATORS


def nodes_of(graph: Any) -> Iterator[Any]:
    """The nodes of a graph, and of the graphs within it."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            for inner in [*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs]:
                yield from nodes_of(inner)


def graph_of(onnx: Any, graph: Any, version: int, weights: Weights, outer: dict[str, str]) -> Plan:
    """The plan of a graph; `outer` are the keys of weights of the graphs around it."""
    uses = {table: names_used(graph, table) for table in ("constants", "statistics")}
    constants: dict[str, Any] = {}
    keys: dict[str, str] = {}
    tensors = [(x.name, array_of(onnx, x)) for x in graph.initializer]
    found = {n.output[0]: attributes_of(onnx, n, version, weights, {}) for n in graph.node if n.op_type == "Constant"}
    tensors += [(name, OPERATORS["Constant"](a)) for name, a in found.items() if not a.get("text")]
    for name, x in tensors:
        place = weights.place_of(name, x, uses)
        if place is None:
            constants[name] = x
        else:
            keys[name] = weights.add(name, x, place)
    inputs = tuple([x.name for x in graph.input if x.name not in constants and x.name not in keys])
    outputs = tuple([x.name for x in graph.output])
    steps = [
        Step(n.op_type, tuple(n.input), tuple(n.output), attributes_of(onnx, n, version, weights, outer | keys), ())
        for n in graph.node
        if n.op_type != "Constant"
    ]
    return Plan(inputs, outputs, constants, keys, with_last_uses(steps, outputs))


def names_used(graph: Any, table: str) -> set[str]:
    """The names that nodes of a graph take where a constant stands, or statistics."""
    places = CONSTANTS if table == "constants" else STATISTICS
    return {n.input[i] for n in nodes_of(graph) for i in places.get(n.op_type, ()) if i < len(n.input)}


def with_last_uses(steps: list[Step], outputs: tuple[str, ...]) -> list[Step]:
    """The steps with the names of the values that nobody needs behind them."""
    needed, found = set(outputs), []
    for step in reversed(steps):
        inner = {name for x in step.attributes.values() if isinstance(x, Plan) for name in names_in(x)}
        last = {*step.inputs, *step.outputs, *inner} - needed
        found.append(step._replace(last=tuple(last)))
        needed |= last
    return found[::-1]


def names_in(plan: Plan) -> Iterator[str]:
    """The names of all values that a graph and the graphs within it take."""
    yield from plan.outputs
    for step in plan.steps:
        yield from step.inputs
        for x in step.attributes.values():
            if isinstance(x, Plan):
                yield from names_in(x)


def attributes_of(onnx: Any, node: Any, version: int, weights: Weights, outer: dict[str, str]) -> Attributes:
    """The attributes of a node as values of Python: text, arrays, dtypes, plans."""
    found = Attributes(operator=node.op_type)
    found.outputs, found.version = len([name for name in node.output if name]), version
    for attribute in node.attribute:
        x = onnx.helper.get_attribute_value(attribute)
        if isinstance(x, bytes):
            x = x.decode()
        elif isinstance(x, onnx.TensorProto):
            x = array_of(onnx, x)
        elif isinstance(x, onnx.GraphProto):
            x = graph_of(onnx, x, version, weights, outer)
        elif isinstance(x, (list, tuple)) and x and isinstance(x[0], bytes):
            x = [word.decode() for word in x]
        elif attribute.name in ("to", "dtype", "output_dtype", "output_datatype"):
            x = onnx.helper.tensor_dtype_to_np_dtype(x) if x else None
        found[attribute.name] = dtyped(attribute.name, x)
    return found


def dtyped(name: str, x: Any) -> Any:
    """A number of a Constant in ONNX's dtype: float32 and int64."""
    if name.startswith("value_float"):
        return np.asarray(x, np.float32)
    return np.asarray(x, np.int64) if name.startswith("value_int") else x


def array_of(onnx: Any, tensor: Any) -> Any:
    """The array of a tensor. Raises ValueError unless it has as many bytes as its sizes say, in the file itself."""
    if tensor.data_location == onnx.TensorProto.EXTERNAL:
        raise ValueError(f"the tensor {tensor.name:.80} must stand in the file, not in another one beside it")
    dtype = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type)
    size = math.prod(tensor.dims)
    if min(tensor.dims, default=0) < 0 or size >= 2**40:
        raise ValueError(f"the tensor {tensor.name:.80} has no size {list(tensor.dims)}")
    given = len(tensor.raw_data) if tensor.HasField("raw_data") and dtype.kind in "fiubc" else size * dtype.itemsize
    if given != size * dtype.itemsize:
        raise ValueError(f"the tensor {tensor.name:.80} must have {size * dtype.itemsize} bytes, not {given}")
    return np.asarray(onnx.numpy_helper.to_array(tensor))
