"""A record as a program: what is not used goes, what never changes moves to the front, and the rest is Python's text.

    tape.lines -> needed -> (constants, body) -> source -> function
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd.capture.recording import Line, Recorded

__all__ = ["Diverged", "Program"]


class Diverged(Exception):
    """A replay met a value for which the step would take another way."""


@dataclass
class Program:
    """The text of a step, and the function that it is.

    inputs     the names of the values that a call gives: arguments, and numbers such as the learning rate
    state      arrays, which the program reads and writes where they lie
    outputs    what a call returns
    """

    inputs: Sequence[Recorded]
    state: Sequence[Recorded]
    outputs: Sequence[Recorded]
    lines: Sequence[Line]

    def __post_init__(self) -> None:
        lines = needed(self.lines, self.outputs, self.state)
        constants, body = split(lines, [*self.inputs, *self.state])
        name_all([*self.inputs, *self.state], [*constants, *body])
        self.constants, self.body = constants, body
        self.source = self.text()
        names: dict[str, Any] = {"Diverged": Diverged}
        exec(compile(self.source, "<captured step>", "exec"), names)
        self.run = names["step"]

    def text(self) -> str:
        """The program: constants, and a function of the inputs and the state."""
        rows = ["import numpy as np", "", *texts(self.constants), "", ""]
        rows += [f"def step({', '.join([x.name for x in (*self.inputs, *self.state)])}):"]
        rows += ["    " + row for row in texts(self.body)]
        rows += [f"    return {', '.join([x.name for x in self.outputs])}", ""]
        return "\n".join(rows)


def needed(lines: Sequence[Line], outputs: Sequence[Recorded], state: Any) -> list[Line]:
    """The lines that the outputs and the state depend on, and the guards."""
    kept: list[Line] = []
    values = {id(x) for x in outputs}
    memory = {id(x.root) for x in [*outputs, *state]}
    for line in reversed(lines):
        writes = line.into is not None and id(line.into.root) in memory
        if not (writes or line.guard or any(id(y) in values for y in line.outs)):
            continue
        kept.append(line)
        values |= {id(x) for x in line.args}
        memory |= {id(x.root) for x in line.args}
    return kept[::-1]


def split(lines: Sequence[Line], given: Sequence[Recorded]) -> tuple[list[Line], list[Line]]:
    """The lines that give the same in every replay, and the others."""
    changing = {id(x.root) for x in given} | {id(line.into.root) for line in lines if line.into is not None}
    constants: list[Line] = []
    body: list[Line] = []
    for line in lines:
        fixed = line.into is None and not line.guard
        fixed = fixed and not any(id(x.root) in changing for x in (*line.args, *line.outs))
        (constants if fixed else body).append(line)
        if not fixed:
            changing |= {id(y.root) for y in line.outs}
    return constants, body


def name_all(given: Sequence[Recorded], lines: Sequence[Line]) -> None:
    """Gives each value a name of its own."""
    taken: set[str] = {"np", "step", "Diverged"}
    for x in [*given, *[y for line in lines for y in line.outs]]:
        name, n = x.name or "v", 1 if x.name else len(taken)
        while (f"{name}{n}" if n > 1 else name) in taken:
            n += 1
        x.name = f"{name}{n}" if n > 1 else name
        taken.add(x.name)


def texts(lines: Sequence[Line]) -> list[str]:
    rows: list[str] = []
    place = ""
    for line in lines:
        if line.place != place:
            place = line.place
            rows.append(f"# {place}")
        text = line.template.format(*[x.name for x in line.args])
        if line.guard:
            rows += [f"if not {text}:", f"    raise Diverged({text!r})"]
        elif line.outs:
            rows.append(f"{', '.join([y.name for y in line.outs])} = {text}")
        else:
            rows.append(text)
    return rows
