"""`emit`: a model, or a captured step, as one file of Python that needs NumPy alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from autograd.algebra import as_array
from autograd.bfloat16 import kind_of
from autograd.checks import flag, shown
from autograd.config import no_grad, test_mode
from autograd.files import path_of_file, replacing
from autograd.formats import npz
from autograd.layers.base import Layer
from autograd.programs.device import literal, refuse
from autograd.programs.record import Record
from autograd.programs.steps import Captured, agree, difference, names_of
from autograd.programs.structures import Made
from autograd.variable import Variable, grad

__all__ = ["emit"]

SMALL = 1 << 10  # numbers that the file itself may hold; more lie beside it


def emit(model: Any, x: Any, path: str | os.PathLike[str], backward: bool = False) -> None:
    """Writes a model as a program of NumPy alone: the file runs where this package is not.

    model      a layer or a function, called in test mode without a graph; or a captured step, whose training the file
               then holds: forward, backward and update
    x          an example of the input: an array, or a tuple of arguments. The program takes inputs of these shapes
    path       the file, such as `model.py`. Weights of more than 1,024 numbers in all lie beside it, in `model.npz`
    backward   the gradients too: `run(x, gy)` returns (y, gradients by name) for the gradient gy of the one output y

    In the file, `run` is the program on the weights, and `step` the same as a function of all arrays. The files are
    written at once or not at all. Raises TypeError for wrong arguments, ValueError for a model on a GPU, and
    RuntimeError (`Refused`) for what no program can repeat, as `capture` does.
    """
    given = x if isinstance(x, tuple) else (x,)
    backward = flag("emit: backward", backward)
    target = Path(path_of_file(path))
    if target.suffix != ".py":
        raise ValueError(f"emit: path must end in .py, not {shown(target.name)}")
    if isinstance(model, Captured):
        if backward:
            raise ValueError("emit: backward must be False for a captured step, which holds the backward pass it needs")
        record = model.recorded(*given)
    elif callable(model) and not isinstance(model, type):
        record = record_of(model, given, backward)
    else:
        raise TypeError(f"emit takes a layer, a function or a captured step, not {shown(model)}")
    program = record.program
    if program.xp != "numpy":
        raise ValueError("emit: the model must lie on the CPU, as the file needs NumPy alone: move it by .to('cpu')")
    state = {name: value for name, value in program.given().items() if isinstance(value, np.ndarray)}
    inside = sum(value.size for value in state.values()) <= SMALL
    with replacing(target) as file:
        title = type(model).__name__ if isinstance(model, Layer) else record.title
        file.write_text(written(title, record, state, inside), encoding="utf-8")
        if not inside:
            npz.write(target.with_suffix(".npz"), state)


def record_of(model: Callable[..., Any], given: tuple[Any, ...], backward: bool) -> Record:
    """The record of a call of the model, and of its backward pass."""
    names = names_of(model.forward if isinstance(model, Layer) else model)

    def forward(*xs: Any) -> Any:
        with test_mode(), no_grad():
            return model(*xs)

    def both(*xs: Any) -> Any:
        *xs, gy = xs  # type: ignore[assignment]
        args = [Variable(x) if kind_of(as_array(x).dtype) == "f" else x for x in xs]
        with test_mode():
            y = model(*args)
        wanted: dict[str, Variable] = dict(model.named_params()) if isinstance(model, Layer) else {}
        wanted |= {name: x for name, x in zip(names, args) if isinstance(x, Variable)}
        return y, dict(zip(wanted, grad([y], [*wanted.values()], [gy])))

    y = forward(*given)  # layers take their sizes
    if not backward:
        return agreed(forward, names, given)
    if not isinstance(y, (Variable, np.ndarray)):
        raise TypeError(f"emit: backward takes a model with one output, not {shown(y)}")
    return agreed(both, [*names[: len(given)], "gy"], (*given, np.ones_like(as_array(y))))


def agreed(step: Callable[..., Any], names: list[str], given: tuple[Any, ...]) -> Record:
    """The second of two records, which must be one program."""
    records = [Record(step, names, given, {}) for _ in range(2)]
    if not agree(*records):
        reason, where = difference(*records)
        refuse(reason, where=where)
    return records[1]


def written(title: str, record: Record, state: Mapping[str, Any], inside: bool) -> str:
    """The text of the file: the program, its arrays, and `run`."""
    program = record.program
    given = program.given()
    numbers = {name: value for name, value in given.items() if isinstance(value, (int, float))}
    counts = [name for name in numbers if isinstance(numbers[name], int)]
    rates = {name: value for name, value in numbers.items() if name not in counts}
    drawn = [name for name in given if name not in state and name not in numbers]
    rows = [f'"""{title}: a program of NumPy alone."""', "", program.source.rstrip(), "", ""]
    if inside:
        rows += ["STATE = {", *[f"    {name!r}: {in_words(x)}," for name, x in state.items()], "}"]
    elif state:
        rows += ["with np.load(__file__.removesuffix('.py') + '.npz') as file:"]
        rows += [f"    STATE = {{name: file[name] for name in {[*state]!r}}}"]
    else:
        rows += ["STATE = {}"]
    rows += [f"COUNTS = { ({name: numbers[name] - 1 for name in counts})!r}"] if counts else []
    rows += [f"STATE[{name!r}] = np.random.default_rng()" for name in drawn]
    more = [f"{name}={value!r}" for name, value in rates.items()]
    rows += ["", "", f"def run({', '.join([*program.inputs, *more])}):"]
    for name, shape in program.shapes.items():
        rows += [f"    if np.shape({name}) != {shape}:"]
        rows += [f"        raise ValueError(f'{name} must have the shape {shape}, not {{np.shape({name})}}')"]
    for name in counts:
        rows += [f"    COUNTS[{name!r}] += 1"]
    passed = [*program.inputs, *[f"{name}={name}" for name in rates], *(["**COUNTS"] if counts else []), "**STATE"]
    rows += [f"    out = step({', '.join(passed)})"]
    for i, put in enumerate(record.puts):
        if put.name in state:
            rows += [f"    STATE[{put.name!r}] = out[{i}]"]
    gradients = {put.name: i for i, put in enumerate(record.puts) if put.name not in state}
    y = expression(record.structure, count(len(record.puts)))
    if gradients:
        y = f"{y}, {{{', '.join([f'{name!r}: out[{i}]' for name, i in gradients.items()])}}}"
    return "\n".join([*rows, f"    return {y}", ""])


def in_words(x: Any) -> str:
    """A small array as Python writes it."""
    text = repr(x.tolist()).replace("nan", "np.nan").replace("inf", "np.inf")
    return f"np.array({text}, {literal(x.dtype)}).reshape({x.shape})"


def expression(structure: Any, number: Iterator[int]) -> str:
    """A result as Python writes it, where its arrays are parts of `out`."""
    if isinstance(structure, Made):
        return f"out[{next(number)}]"
    if isinstance(structure, (list, tuple)):
        inner = ", ".join([expression(item, number) for item in structure])
        return f"[{inner}]" if isinstance(structure, list) else f"({inner}{',' if len(structure) == 1 else ''})"
    if isinstance(structure, dict):
        return "{" + ", ".join([f"{name!r}: {expression(item, number)}" for name, item in structure.items()]) + "}"
    return repr(structure)
