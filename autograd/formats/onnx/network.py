"""A graph of ONNX as a layer: its weights are parameters, and every node is a call of ours."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from autograd.algebra import Operand, as_array
from autograd.backend import is_array
from autograd.checks import shown
from autograd.formats.onnx.operators import OPERATORS, Unknown
from autograd.formats.onnx.reading import Plan, Step, read_plan
from autograd.layers.base import Buffer, Layer, Parameter

__all__ = ["Network", "load"]


class Network(Layer):
    """A model that was read from a file of ONNX. It is called with the inputs in their order, or by their names.

    The result is the output, or a tuple of several. `inputs` and `outputs` are the names of the graph.
    Parameters and buffers have the names of the file as paths, unchanged: `layer1.0.weight` or `/encoder/MatMul_W`.
    A file of `export` says what is trained and what is saved alone. In other files floating-point tensors are trained,
    and running statistics are buffers. These stay as they are in training too: the nodes of the file use them.
    """

    def __init__(self, plan: Plan, trained: Mapping[str, Any], saved: Mapping[str, Any]) -> None:
        self.plan = plan
        self.weights: dict[str, Any] = {name: Parameter(x) for name, x in trained.items()}
        self.weights |= {name: Buffer(x) for name, x in saved.items()}

    @property
    def inputs(self) -> tuple[str, ...]:
        return self.plan.inputs

    @property
    def outputs(self) -> tuple[str, ...]:
        return self.plan.outputs

    def children(self) -> Iterable[tuple[Any, Any]]:
        return self.weights.items()

    def forward(self, *xs: Operand, **named: Operand) -> Any:
        given = dict(zip(self.inputs, xs), **named)
        if len(xs) > len(self.inputs) or given.keys() != {*self.inputs} or {*self.inputs[: len(xs)]} & {*named}:
            names = [*self.inputs[: len(xs)], *named]
            raise ValueError(f"this network takes the inputs {', '.join(self.inputs)}, not {len(xs)}: {shown(names)}")
        values = {name: x if hasattr(x, "dtype") else np.asarray(as_array(x)) for name, x in given.items()}
        found = self.run(self.plan, values, {})
        return found[0] if len(found) == 1 else tuple(found)

    def run(self, plan: Plan, given: dict[str, Any], outer: Mapping[str, Any]) -> list[Any]:
        """The outputs of a graph; `outer` are the values of the graphs around it."""
        values = {**outer, **plan.constants, **given}
        for name, key in plan.weights.items():
            weight = self.weights[key]
            values[name] = weight.data if isinstance(weight, Buffer) else weight
        for step in plan.steps:
            values.update(zip(step.outputs, self.step(step, values)))
            for name in step.last:
                values.pop(name, None)
        return [values[name] for name in plan.outputs]

    def step(self, step: Step, values: Mapping[str, Any]) -> tuple[Any, ...]:
        """The outputs of one node."""
        attributes = step.attributes
        if any(isinstance(x, Plan) for x in attributes.values()):
            attributes = type(attributes)(attributes)
            attributes.outputs, attributes.version = step.attributes.outputs, step.attributes.version
            attributes.run = lambda plan, xs: self.run(plan, dict(zip(plan.inputs, xs)), values)
        xs = [values[name] if name else None for name in step.inputs]
        try:
            found = OPERATORS[step.operator](attributes, *xs)
        except Unknown as problem:
            raise ValueError(f"the node {step.operator} with the output {step.outputs[0]} needs {problem}") from None
        return tuple(found) if isinstance(found, (tuple, list)) and not is_array(found) else (found,)


def load(path: str | os.PathLike[str]) -> Network:
    """The model in an ONNX file as a layer, whose parameters can be trained.

        model = formats.onnx.load("digits.onnx")
        y = model(x)

    Raises RuntimeError if the package onnx is not installed. Raises FileNotFoundError if there is no such file, and
    ValueError if it is damaged, has weights in other files, or has operators that we have not, which are named.
    """
    plan, weights = read_plan(path)
    return Network(plan, weights.trained, weights.saved)
