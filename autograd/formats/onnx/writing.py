"""A model as a file of ONNX: its forward pass is recorded, and every call becomes nodes by the table."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from autograd.algebra import as_array
from autograd.backend import is_array, to_numpy
from autograd.bfloat16 import is_bfloat16
from autograd.checks import flag, shown
from autograd.checks import function as check_function
from autograd.config import no_grad
from autograd.files import path_of_file, replacing
from autograd.formats.onnx import network_nodes, recognition
from autograd.formats.onnx.graph import OPSET, Graph, Value
from autograd.formats.onnx.library import library
from autograd.formats.onnx.network import Network
from autograd.formats.onnx.nodes import NODES
from autograd.formats.onnx.reading import SAVED, TRAINED, plan_of
from autograd.formats.onnx.recording import Batch, Call, Different, Recording, flat, merged, parameters_of, recorded
from autograd.layers.base import Layer, Parameter

__all__ = ["export"]

IR = 8  # the version of the file, that of opset 18
WITHOUT = {  # functions by the reason why they have no nodes
    "it belongs to a derivative": "AddAt AddRows Col2im ConvFilterGradient GatherMax GELUSlope Im2col PowerLog "
    "ScatterMax Slope Steepness TanhGELUSlope",
    "ONNX has no such linear algebra": "Cholesky Cross Eigh Expm Inv PInv QR SLogDet Solve SolveTriangular SVD",
    "it is a loss: export the model alone": "BinaryCrossEntropy Divergence ElementLoss HuberLoss MeanAbsoluteError "
    "MeanSquaredError SigmoidCrossEntropy SoftmaxCrossEntropy",
    "ONNX has no special functions": "Bessel Beta BetaLn Dawsn Derivatives Erfcx LogNdtr OfConstant Polygamma "
    "ScaledBessel Special",
    "spectra have another layout there": "Fft Irfft Rfft",
    "ONNX has no such function": "Arctan2 Copysign CumProd LogCumSumExp SparseMatMul XLog1pY XLogY",
    "it draws random numbers": "Dropout",
    "it is the base of others": "Moving Recurrence",
}
SINGLE = np.dtype(np.float32)
REASONS = {name: reason for reason, names in WITHOUT.items() for name in names.split()}


def export(model: Callable[..., Any], path: str | os.PathLike[str], x: Any, *, dynamic: bool = True) -> None:
    """Writes the forward pass of a model as an ONNX file, which onnxruntime and others run without Python.

    `x` is an example of the input: an array, or a tuple of arrays for a model of several inputs. The call is recorded
    in test mode, with opset 18. The inputs are called `x`, or `x0`, `x1`, ...; the outputs `y`, or `y0`, `y1`, ... .
    The inputs have the dtypes of the example: ids as int32 make a model that takes int32.
    With `dynamic`, the first axis of all inputs is the batch, and may have any size.
    Parameters and buffers keep their paths, and the file says which are which, so that `load` trains what was trained.

        formats.onnx.export(model, "digits.onnx", x[:1])

    What ONNX cannot express is refused with its layer and the reason: a function without a node, and numbers that the
    model computes from its input outside of functions, such as by `x.data`. The file is run on a third batch, to be
    sure; an `if` on a value that goes the same way in all three is recorded as it went.
    Raises RuntimeError if the package onnx is not installed. Raises TypeError if x is no array, and for bfloat16; and
    ValueError for a model that is refused.
    """
    onnx, dynamic = library(), flag("export: dynamic", dynamic)
    check_function("export: model", model)
    target = Path(path_of_file(path))
    given = x if isinstance(x, (tuple, list)) else [x]
    check_dtypes(model, given)
    xs = [example(part, dynamic) for part in given]
    if not xs or (dynamic and len({len(given) for given in xs}) > 1):
        raise ValueError("export takes inputs with one size of the batch, their first axis, or dynamic=False")
    *given, third = batches(xs, dynamic)
    first, second = [recorded(model, batch) for batch in given]
    N, step = (2, 3) if dynamic else (0, 0)
    writer = Writer(Graph(onnx), model, N, step)
    try:
        made = writer.write(first, second)
        check_outputs(made, model, third)
    except Different as problem:
        raise ValueError(f"export: {problem}") from problem
    with replacing(target) as temporary:
        temporary.write_bytes(made.SerializeToString())


def check_dtypes(model: Any, xs: Sequence[Any]) -> None:
    """Raises TypeError for bfloat16, which a runtime would compute with in its own way, if at all."""
    entries = dict(model.named_state()) if isinstance(model, Layer) else {}
    inputs = {f"x{i}": x for i, x in enumerate(xs)}
    for path, entry in {**inputs, **entries}.items():
        if is_bfloat16(getattr(entry, "dtype", SINGLE)):
            raise TypeError(f"export: {path} must be float32, not bfloat16: a float32 model loads what this one saves")


def example(x: Any, dynamic: bool) -> Any:
    """An input as an array of NumPy."""
    x = as_array(x)
    if not is_array(x) or x.dtype.kind not in "fiub" or (dynamic and not (x.ndim and x.size)):
        raise TypeError(f"export: x must be an array of numbers, with a batch along its first axis, not {shown(x)}")
    return to_numpy(x)


def batches(xs: Sequence[Any], dynamic: bool) -> list[list[Any]]:
    """Inputs for two recordings and a test: of 2, 5 and 3 samples, or all of the given size; the data differ too."""
    found = []
    for turn, rows in enumerate([(0, 1), (1, 0, 1, 2, 3), (2, 1, 0)]):
        parts = [x[[i % len(x) for i in rows]] if dynamic else x for x in xs]
        parts = [x * x.dtype.type(1 + turn / 8) if x.dtype.kind == "f" else x for x in parts]  # other sums and maxima
        found.append([np.roll(x, turn, -1) if x.ndim > dynamic else x for x in parts])
    return found


def check_outputs(made: Any, model: Callable[..., Any], xs: Sequence[Any]) -> None:
    """Raises Different unless the nodes compute what the model does, on data that were not recorded."""
    plan, weights = plan_of(made)
    wanted = [to_numpy(as_array(y)) for y in recorded(model, xs).outputs]
    with no_grad(), np.errstate(all="ignore"):
        found = flat(Network(plan, weights.trained, weights.saved)(*xs))
    for y, expected in zip(found, wanted):
        y, most = to_numpy(as_array(y)), np.abs(expected[np.isfinite(expected)]).max(initial=0)
        if y.shape != expected.shape or not np.allclose(y, expected, 1e-2, 1e-2 * most, equal_nan=True):
            raise Different(
                f"for other data, {[x.shape for x in xs]}, the nodes that were recorded compute something else: an "
                "`if` or a number of Python depends on the data or on the size of the batch"
            )


class Writer:
    """Writes two recordings of one model into one graph."""

    def __init__(self, graph: Graph, model: Any, N: int, step: int) -> None:
        self.graph, self.N, self.step = graph, N, step
        self.layered = isinstance(model, Layer)
        self.entries = dict(model.named_state()) if self.layered else {}
        self.paths = {id(array): path for path, x in self.entries.items() for array in (x, x.value)}
        self.graph.taken = {*self.entries}
        self.values: dict[int, Value] = {}  # by the id of a Variable or an array of the first recording
        self.twins: dict[int, int] = {}  # the same in the second: the id in the first

    def write(self, first: Recording, second: Recording) -> Any:
        """The model of onnx."""
        names = self.numbered("x", first.inputs)
        self.graph.taken |= {*names}
        self.graph.batch = names[0]
        self.inputs = [(a, b) for a, b in zip(first.inputs, second.inputs) if is_array(a)]
        for name, a, b in zip(names, first.inputs, second.inputs):
            self.settle(a, b, name)
        kinds = [[type(call.f) for call in recording.calls] for recording in (first, second)]
        if kinds[0] != kinds[1] or len(first.outputs) != len(second.outputs):
            raise Different("the model makes other calls for another batch: an `if` or a loop depends on the data")
        needed = alive(first)
        for i, (a, b) in enumerate(zip(first.calls, second.calls)):
            if i in needed:
                try:
                    self.add(a, b, first)
                except Different as problem:
                    raise Different(f"{type(a.f).__name__}{place(a.path)} has no place in ONNX: {problem}") from None
        outputs = [self.value(a, b) for a, b in zip(first.outputs, second.outputs)]
        self.graph.path = ""
        return self.finished([self.values[id(x)] for x in first.inputs], outputs)

    def add(self, a: Call, b: Call, recording: Recording) -> None:
        """The nodes of one call."""
        g = self.graph
        g.path = a.path
        try:
            values, f = self.merged(a, b)
        except Different:
            seen, twin = recognition.recognised(a), recognition.recognised(b)
            if seen is None or twin is None:
                raise
            values, f = self.merged(seen, twin)
            a = seen
        kind = type(a.f)
        if not kind.__module__.startswith("autograd.") or kind.__name__ not in NODES:
            ours = kind.__module__.startswith("autograd.")
            raise Different(REASONS[kind.__name__] if ours else "it is no function of this package")
        if kind.__name__ == "LSTM" and np.ndim(as_array(a.inputs[0])) == 3:
            check_cells(a, recording)
        g.dtype = next((as_array(y).dtype for y in a.outputs), g.dtype)
        found = NODES[kind.__name__](g, f, *values)
        for name, y, twin in zip(found if isinstance(found, list) else [found], a.outputs, b.outputs):
            self.settle(y, twin, name)

    def merged(self, a: Call, b: Call) -> tuple[list[Value], Any]:
        """The inputs and the parameters of a call, for a batch of any size."""
        if len(a.inputs) != len(b.inputs):
            raise Different("it has another number of inputs for another batch")
        values = [self.value(x, y) for x, y in zip(a.inputs, b.inputs)]
        if isinstance(a.f, tuple):  # a call that was recognised
            return values, a.f
        return values, merged(parameters_of(a.f), parameters_of(b.f), self.N, self.step)

    def settle(self, a: Any, b: Any, name: str) -> None:
        """Notes the name of a result, for its Variable and for its array."""
        x, y = as_array(a), as_array(b)
        value = Value(name, merged(np.shape(x), np.shape(y), self.N, self.step), x.dtype)
        for one, other in ((a, b), (getattr(a, "value", a), getattr(b, "value", b)), (x, y)):
            self.values[id(one)], self.twins[id(other)] = value, id(one)

    def value(self, a: Any, b: Any) -> Value:
        """What a function was given: a result of the graph, a parameter, or a constant, which is named when used."""
        if id(a) in self.values or id(b) in self.twins:
            if id(a) not in self.values or self.twins.get(id(b)) != id(a):
                raise Different("its input comes from another call for another batch")
            return self.values[id(a)]
        x, y = as_array(a), as_array(b)
        if not hasattr(x, "dtype"):
            x = y = merged(x, y, self.N, self.step)
            return Value(lambda: self.graph.name_of(x), (), None)
        path = self.paths.get(id(a))
        if path is not None:
            found = Value(path, x.shape, x.dtype, to_numpy(x))
            if path not in self.graph.initializers:
                self.graph.array(to_numpy(x), path)
            return found
        given = self.copied(x, y)
        if given is not None:
            return given
        x = merged(to_numpy(x), to_numpy(y), self.N, self.step)
        shape, dtype = (x.shape, x.part.dtype) if hasattr(x, "part") else (x.shape, x.dtype)
        return Value(lambda: self.graph.name_of(x), shape, dtype, x)

    def copied(self, x: Any, y: Any) -> Value | None:
        """The input of whole numbers that x and y are copies of: functions copy an index."""
        if x.dtype.kind in "iu":
            for a, b in self.inputs:
                if np.array_equal(a, x) and np.array_equal(b, y) and np.ndim(x):
                    return self.values[id(a)]
        return None

    def finished(self, inputs: Sequence[Value], outputs: Sequence[Value]) -> Any:
        """The model of onnx, checked."""
        onnx, g = self.graph.onnx, self.graph
        names = self.numbered("y", outputs)
        g.nodes += [onnx.helper.make_node("Identity", [g.name_of(y)], [name]) for y, name in zip(outputs, names)]
        described = [[self.described(x.name, x) for x in inputs], [self.described(*y) for y in zip(names, outputs)]]
        graph = onnx.helper.make_graph(g.nodes, "autograd", *described, list(g.initializers.values()))
        opsets = [onnx.helper.make_opsetid("", OPSET)]
        made = onnx.helper.make_model(graph, ir_version=IR, opset_imports=opsets, producer_name="define-by-run")
        if self.layered:
            onnx.helper.set_model_props(made, self.kinds())
        if made.ByteSize() >= 2**31:
            raise Different("the model is larger than the 2 GB that a file of ONNX may have")
        onnx.checker.check_model(made, full_check=True)
        return made

    def kinds(self) -> dict[str, str]:
        """Which tensors of the file are trained, and which are saved alone; all others are constants."""
        names = [name for name in self.graph.initializers if name in self.entries]
        trained = [name for name in names if isinstance(self.entries[name], Parameter)]
        return {TRAINED: json.dumps(trained), SAVED: json.dumps([name for name in names if name not in trained])}

    def described(self, name: str, x: Value) -> Any:
        """The name, the type and the sizes of an input or an output."""
        sizes = [("batch" if n == Batch(1, 0) else None) if isinstance(n, Batch) else n for n in x.shape]
        helper = self.graph.onnx.helper
        return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.dtype(x.dtype)), sizes)

    def numbered(self, word: str, xs: Sequence[Any]) -> list[str]:
        """The word for one thing, the word with numbers for several; with a `_` where a parameter is called so."""
        found = [word] if len(xs) == 1 else [f"{word}{i}" for i in range(len(xs))]
        return found if self.graph.taken.isdisjoint(found) else self.numbered(f"{word}_", xs)


def place(path: str) -> str:
    return f" in layer {path}" if path else ""


def alive(recording: Recording) -> set[int]:
    """The numbers of the calls that an output depends on."""
    needed = {id(y) for x in recording.outputs for y in (x, as_array(x))}
    found = set()
    for i, call in reversed([*enumerate(recording.calls)]):
        if not needed.isdisjoint([id(y) for x in call.outputs for y in (x, getattr(x, "value", x), as_array(x))]):
            found.add(i)
            needed |= {id(y) for x in call.inputs for y in (x, getattr(x, "value", x))}
    return found


def check_cells(call: Call, recording: Recording) -> None:
    """Raises Different if the memory cells of an LSTM are used but for those after the last step."""
    cells, last = call.outputs[1], (slice(None), 0 if call.f.reverse else -1)
    for i in alive(recording):
        user = recording.calls[i]
        if any(as_array(x) is as_array(cells) for x in user.inputs) and getattr(user.f, "index", None) != last:
            raise Different(network_nodes.LAST_STEP)
    if any(x is cells for x in recording.outputs):
        raise Different(network_nodes.LAST_STEP)
