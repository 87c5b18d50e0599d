"""A record as a program: what is not used goes, what never changes moves to the front, and the rest is Python's text.

    tape.lines -> needed -> constants | guards first, body -> names -> source -> function

The function takes the inputs and what the state is now; it writes into the state where that lies, and returns the
outputs. It is the text and nothing else: `source` runs with NumPy alone.
"""

from __future__ import annotations

import linecache
import re
import weakref
from collections.abc import Callable, Iterable, Sequence
from itertools import count
from typing import Any

import numpy as np

from autograd.programs.device import Line, Recorded, Routine, Tape
from autograd.programs.fusing import fused
from autograd.programs.gpu import together
from autograd.programs.graphs import InGraphs, can_capture
from autograd.programs.parts import Parts, in_parts
from autograd.programs.text import Writer, name_all, needed, once, returned

__all__ = ["Diverged", "Program", "routines_of"]


class Diverged(Exception):
    """A replay met a value for which the step would take another way."""


class Program:
    """The text of a step, `source`, and the function that it is, `run`.

    arguments   what `run` takes: the inputs, and the numbers and the state that it uses
    getters     functions that get the present number or state, in the order of the arguments behind the inputs
    answers     what its guards hold
    parts       on a GPU, the lines as they run: with long runs of them as CUDA graphs; None for the text as it is
    risky       the arguments that it has changed already when the last guard is asked, by position
    """

    def __init__(
        self,
        inputs: Sequence[Recorded],
        given: Sequence[tuple[Recorded, Callable[[], Any]]],
        outputs: Sequence[Recorded],
        tape: Tape,
        graph: bool = False,
    ) -> None:
        lines = needed(once(tape.lines, outputs), outputs, [x for x, _ in given])
        if tape.xp is not np:
            lines = together(lines)
        used = {id(x) for line in lines for x in line.args} | {id(x) for x in outputs}
        unique = {id(x): (x, get) for x, get in given if id(x) in used}
        self.arguments = [*inputs, *[x for x, _ in unique.values()]]
        self.getters = [get for _, get in unique.values()]
        self.outputs = outputs
        self.constants, body = split(lines, self.arguments, outputs)
        self.body = guards_first(body if tape.xp is np else fused(tape, body, outputs, self.constants))
        self.sources = [(line.template, line.source) for line in tape.lines]
        self.answers = [line.template for line in self.body if line.guard]
        routines = [r.name for r in tape.routines.values()]
        self.unnamed = name_all(self.arguments, [*self.constants, *self.body], routines)
        changed = {root for line in lines for root in line.changed}
        self.written = [i for i, x in enumerate(inputs) if id(x.root) in changed]
        self.aliased = len({id(x.root) for x in inputs}) < len(inputs)
        self.inputs = [x.name for x in inputs]
        self.shapes = {x.name: x.held.shape for x in inputs}
        self.names = [x.name for x in self.arguments[len(inputs) :]]
        self.xp = tape.xp.__name__
        self.quiet, self.called = tape.quiet, routines_of(tape, [*self.constants, *self.body])
        wanted = [x for line in self.body for x in line.args]
        self.rows = [["", *Writer(self.constants, wanted, self.unnamed).text(), "", ""], self.step(self.body)]
        self.code = self.text([r for r in self.called if r.in_code], self.rows)
        self.parts: Parts | None = None
        if graph and tape.xp is not np and can_capture(tape.xp):
            fixed = [y for line in self.constants for y in line.outs]
            found = in_parts(tape, self.body, self.arguments, len(inputs), outputs, fixed, self.unnamed)
            self.parts = found if found.rows else None
        self.risky = risky(self.parts.lines if self.parts else self.body, self.arguments)
        self.run = self.compiled(tape.xp)

    def step(self, lines: Sequence[Line], result: str = "{}") -> list[str]:
        """The rows of the function."""
        rows = [f"def step({', '.join([x.name for x in self.arguments])}):"]
        if self.quiet:
            rows.append('    with np.errstate(all="ignore"):')
        indent = "        " if self.quiet else "    "
        written = Writer(lines, self.outputs, self.unnamed, comments=lines is self.body).text()
        rows += [indent + row if row else "" for row in written]
        return [*rows, f"    return {result.format(returned(self.outputs))}"]

    def text(self, routines: Sequence[Routine], parts: Sequence[Sequence[str]]) -> str:
        """The program: routines, constants, and a function of the inputs and the state."""
        rows = []
        if any("blocks(" in row for row in parts[-1]):
            rows += ["", "", *BLOCKS]
        for routine in routines:
            rows += ["", "", *routine.rows(routine.name)]
        if self.answers or any("raise Diverged(" in row for row in rows):
            word = '    """Other values than those of the record."""'
            rows = ["", "", "class Diverged(Exception):", word, *rows]
        text = "\n".join([*rows, *[row for part in parts for row in part], ""])
        special = "scipy.special" if self.xp == "numpy" else "cupyx.scipy.special"
        others = [name for name in (special, "ml_dtypes") if f"{name}." in text]
        return "".join([f"import {self.xp} as np\n", *[f"import {name}\n" for name in others], text])

    @property
    def source(self) -> str:
        """The program with all its routines: it needs NumPy, SciPy for special functions, ml_dtypes for bfloat16."""
        return self.text(self.called, self.rows)

    def compiled(self, xp: Any) -> Callable[..., Any]:
        """The function. A kernel is called in its fastest way, and not as the text has it; parts become graphs."""
        code = self.code
        if self.parts is not None:
            step = self.step(self.parts.lines, "_copied({})")
            code = self.text([r for r in self.called if r.in_code], [self.rows[0], *self.parts.rows, step])
        runs = {r.name: r.run for r in self.called if r.run is not None}
        names: dict[str, Any] = dict(runs)  # the constants call some
        file = f"<captured step {next(numbers)}>"
        linecache.cache[file] = len(code), None, code.splitlines(True), file  # for tracebacks
        weakref.finalize(self, linecache.cache.pop, file, None)
        exec(compile(code, file, "exec"), names)
        names.update(runs)
        if self.answers:
            names["Diverged"] = Diverged
        if self.parts is not None:
            self.parts.lines = []
            return InGraphs(xp, self.parts, names)
        return names["step"]  # type: ignore[no-any-return]

    def given(self) -> dict[str, Any]:
        """The numbers and the state as they are now, by name."""
        return {name: get() for name, get in zip(self.names, self.getters)}

    def forget(self) -> None:
        """Lets go of the record's arrays; the text and the function stay."""
        self.arguments, self.outputs, self.constants, self.body = [], [], [], []


numbers = count(1)
BLOCKS = """\
def blocks(*arrays):
    \"\"\"Pieces that stay in the cache while a formula goes over them.\"\"\"
    flat = [x.reshape(-1) for x in arrays]
    for i in range(0, flat[0].size, 1 << 17):
        yield [x[i : i + (1 << 17)] for x in flat]""".splitlines()


def routines_of(tape: Tape, lines: Iterable[Line]) -> list[Routine]:
    """The routines that these lines call."""
    text = " ".join([line.template for line in lines])
    found: list[Routine] = []
    while new := [r for r in tape.routines.values() if r not in found and re.search(rf"\b{r.name}\(", text)]:
        found += new
        text = " ".join([row for r in new if r.in_code for row in r.rows(r.name)])  # a formula may call kernels
    return found


def split(
    lines: Sequence[Line], given: Iterable[Recorded], outputs: Iterable[Recorded]
) -> tuple[list[Line], list[Line]]:
    """The lines that give the same in every replay, and the others. What is returned is made anew each time."""
    changing = {id(x.root) for x in (*given, *outputs)}
    changing |= {root for line in lines for root in line.changed}
    constants: list[Line] = []
    body: list[Line] = []
    for line in lines:
        fixed = line.into is None and not any(id(x.root) in changing for x in (*line.args, *line.outs))
        if fixed and line.guard:
            continue  # it asks a constant
        (constants if fixed else body).append(line)
        if not fixed:
            changing |= {id(y.root) for y in line.outs}
    return constants, body


def guards_first(lines: Sequence[Line]) -> list[Line]:
    """The lines with each guard, and what it asks, in front, where that depends on nothing that the step changes."""
    written = {root for line in lines for root in line.changed}
    made = {id(y): line for line in lines for y in line.outs}
    front: dict[int, None] = {}

    def cone(line: Line) -> list[Line] | None:
        """The line and all that it needs; None if that is changed somewhere."""
        found = []
        for x in line.args:
            if id(x.root) in written:
                return None
            if id(x) in made and id(made[id(x)]) not in front:
                below = cone(made[id(x)])
                if below is None:
                    return None
                found += below
        return [*found, line]

    for line in lines:
        if line.guard:
            front |= dict.fromkeys(map(id, cone(line) or ()))
    return [*[line for line in lines if id(line) in front], *[line for line in lines if id(line) not in front]]


def risky(lines: Sequence[Line], arguments: Sequence[Recorded]) -> list[int]:
    """Positions of the arguments into which something is written before the last guard."""
    last = max([i for i, line in enumerate(lines) if line.guard], default=0)
    written = {root for line in lines[:last] for root in line.changed}
    return [i for i, x in enumerate(arguments) if id(x.root) in written]
