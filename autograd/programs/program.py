"""A record as a program: what is not used goes, what never changes moves to the front, and the rest is Python's text.

    tape.lines -> needed -> constants | guards first, body -> names -> source -> function

The function takes the inputs and what the state is now; it writes into the state where that lies, and returns the
outputs. It is the text and nothing else: `source` runs with NumPy alone.
"""

from __future__ import annotations

import ast
import copy
import linecache
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

from autograd.programs.device import Line, Recorded, Tape

__all__ = ["Diverged", "Program"]


WIDTH = 96  # characters of a row
LARGE = 1 << 16  # bytes of an array that is let go of before the end of the step


class Diverged(Exception):
    """A replay met a value for which the step would take another way."""


class Program:
    """The text of a step, `source`, and the function that it is, `run`.

    arguments   what `run` takes: the inputs, and the numbers and the state that it uses
    getters     functions that get the present number or state, in the order of the arguments behind the inputs
    answers     what its guards hold
    risky       the arguments that it has changed already when the last guard is asked, by position
    """

    def __init__(
        self,
        inputs: Sequence[Recorded],
        given: Sequence[tuple[Recorded, Callable[[], Any]]],
        outputs: Sequence[Recorded],
        tape: Tape,
    ) -> None:
        lines = needed(once(tape.lines, outputs), outputs, [x for x, _ in given])
        used = {id(x) for line in lines for x in line.args} | {id(x) for x in outputs}
        unique = {id(x): (x, get) for x, get in given if id(x) in used}
        self.arguments = [*inputs, *[x for x, _ in unique.values()]]
        self.getters = [get for _, get in unique.values()]
        self.outputs = outputs
        self.constants, body = split(lines, self.arguments, outputs)
        self.body = guards_first(body)
        self.sources = [(line.template, line.source) for line in tape.lines]
        self.answers = [line.template for line in self.body if line.guard]
        self.risky = risky(self.body, self.arguments)
        self.unnamed = name_all(self.arguments, [*self.constants, *self.body])
        self.inputs = [x.name for x in inputs]
        self.names = [x.name for x in self.arguments[len(inputs) :]]
        self.source = self.text(tape.quiet)
        names: dict[str, Any] = {}
        file = f"<captured step {next(numbers)}>"
        linecache.cache[file] = len(self.source), None, self.source.splitlines(True), file  # for tracebacks
        exec(compile(self.source, file, "exec"), names)
        if self.answers:
            names["Diverged"] = Diverged
        self.run = names["step"]

    def text(self, quiet: bool) -> str:
        """The program: constants, and a function of the inputs and the state."""
        rows = ["import numpy as np"]
        if any("scipy.special" in line.template for line in (*self.constants, *self.body)):
            rows.append("import scipy.special")
        if self.answers:
            rows += ["", "", "class Diverged(Exception):", '    """Other values than those of the record."""']
        wanted = [x for line in self.body for x in line.args]
        rows += ["", *Writer(self.constants, wanted, self.unnamed).text(), "", ""]
        rows += [f"def step({', '.join([x.name for x in self.arguments])}):"]
        body = Writer(self.body, self.outputs, self.unnamed).text()
        if quiet:
            rows.append('    with np.errstate(all="ignore"):')
        rows += [("        " if quiet else "    ") + row if row else "" for row in body]
        rows += [f"    return ({''.join([x.name + ', ' for x in self.outputs]).rstrip()})", ""]
        return "\n".join(rows).replace("return (,)", "return ()")

    def given(self) -> dict[str, Any]:
        """The numbers and the state as they are now, by name."""
        return {name: get() for name, get in zip(self.names, self.getters)}

    def forget(self) -> None:
        """Lets go of the record's arrays; the text and the function stay."""
        self.arguments, self.outputs, self.constants, self.body = [], [], [], []


numbers = count(1)


def changed_by(line: Line) -> Recorded | None:
    return None if line.into is None else line.into.root


def once(lines: Sequence[Line], outputs: Iterable[Recorded]) -> list[Line]:
    """The lines, where one that computes what an earlier one has computed already uses that value."""
    written = Counter(id(line.into.root) for line in lines if line.into is not None)
    returned = {id(x.root) for x in outputs}
    writes: Counter[int] = Counter()  # so far, by memory
    same: dict[int, Recorded] = {}
    seen: dict[Any, Line] = {}
    kept = []
    for line in lines:
        if any(id(x) in same for x in line.args):
            line = replace(line, args=tuple([same.get(id(x), x) for x in line.args]))
        if line.into is None and not line.guard:
            key = line.template, tuple([(id(x), writes[id(x.root)]) for x in line.args])
            before = seen.setdefault(key, line)
            ours = {id(y.root) for pair in zip(before.outs, line.outs) for y in pair}
            if before is not line and not any(written[root] or root in returned for root in ours):
                same |= {id(y): x for x, y in zip(before.outs, line.outs)}
                continue
        elif line.into is not None:
            writes[id(line.into.root)] += 1
        kept.append(line)
    return kept


def needed(lines: Sequence[Line], outputs: Sequence[Recorded], state: Iterable[Recorded]) -> list[Line]:
    """The lines that the outputs and the state depend on, and the guards."""
    kept: list[Line] = []
    values = {id(x) for x in outputs}
    memory = {id(x.root) for x in (*outputs, *state)}
    memory |= {id(line.into.root) for line in lines if line.into is not None and line.into.root.given}
    for line in reversed(lines):
        writes = line.into is not None and id(line.into.root) in memory
        if writes or line.guard or any(id(y) in values for y in line.outs):
            kept.append(line)
            values |= {id(x) for x in line.args}
            memory |= {id(x.root) for x in line.args}
    return kept[::-1]


def split(
    lines: Sequence[Line], given: Iterable[Recorded], outputs: Iterable[Recorded]
) -> tuple[list[Line], list[Line]]:
    """The lines that give the same in every replay, and the others. What is returned is made anew each time."""
    changing = {id(x.root) for x in (*given, *outputs)}
    changing |= {id(line.into.root) for line in lines if line.into is not None}
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
    written = {id(line.into.root) for line in lines if line.into is not None}
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
    written = {id(line.into.root) for line in lines[:last] if line.into is not None}
    return [i for i, x in enumerate(arguments) if id(x.root) in written]


def name_all(given: Iterable[Recorded], lines: Sequence[Line]) -> set[int]:
    """Gives each value a name of its own. Returns the ids of those that had none."""
    taken = {"np", "scipy", "step", "Diverged", "abs", "bool", "float", "int", "slice"}
    v = count(1)
    unnamed: set[int] = set()
    for x in [*given, *[y for line in lines for y in line.outs]]:
        base, name, n = x.name, x.name or f"v{next(v)}", 1
        if not base:
            unnamed.add(id(x))
        while name in taken:
            n += 1
            name = f"{base}_{n}" if base else f"v{next(v)}"
        x.name = name
        taken.add(name)
    return unnamed


class Inlined(ast.NodeTransformer):
    """Puts trees in place of names."""

    def __init__(self, trees: Mapping[str, ast.expr]) -> None:
        self.trees = trees

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.trees.get(node.id, node)


class Writer:
    """Writes lines as Python's, with a comment where the part of the step or the function changes.

    A value without a name that is used once becomes a part of the expression that uses it. A large array is let go of
    behind its last use. `kept` are the values that are needed after the last line.
    """

    def __init__(self, lines: Sequence[Line], kept: Iterable[Recorded], unnamed: set[int]) -> None:
        self.rows: list[tuple[str, set[str]]] = []  # each with the names that it uses
        self.unnamed = unnamed
        self.uses = Counter([id(x) for line in lines for x in line.args])
        self.uses.update([id(x) for x in kept for _ in range(2)])
        self.kept_roots = {id(x.root) for x in kept}
        self.waiting: dict[
            str, tuple[Line, ast.expr, set[int]]
        ] = {}  # by name: the line, its tree, what memory it reads
        self.large: dict[str, int] = {}  # names of large arrays, and what memory they are
        self.part = self.place = ""
        for line in lines:
            self.add(line)

    def add(self, line: Line) -> None:
        """Writes the line, or lets it wait for the line that uses its value."""
        names = [x.name for x in line.args]
        if line.into is not None:
            if line.into.name in self.waiting:
                self.write(line.into.name)  # it needs a name of its own to be written into
            for name in [n for n, found in self.waiting.items() if id(line.into.root) in found[2] and n not in names]:
                self.write(name)
        tree = self.tree(line, names)
        if len(line.outs) == 1 and line.into is None and isinstance(tree, ast.Expr):
            y = line.outs[0]
            if id(y) in self.unnamed and self.uses[id(y)] == 1:
                inside = [self.waiting.pop(name)[2] for name in names if name in self.waiting]
                self.waiting[y.name] = line, tree.value, {id(x.root) for x in line.args}.union(*inside)
                return
        for name in names:
            self.waiting.pop(name, None)
        self.statement(line, ast.unparse(tree))

    def tree(self, line: Line, names: Sequence[str]) -> ast.stmt:
        """The line as a tree, with what waits for it inside; what makes the row too long is written before."""
        made = ast.parse(line.template.format(*names)).body[0]
        while True:
            trees = {name: self.waiting[name][1] for name in names if name in self.waiting}
            tree = Inlined(trees).visit(copy.deepcopy(made))
            if not trees or len(ast.unparse(tree)) <= WIDTH:
                return tree  # type: ignore[no-any-return]
            self.write(max(trees, key=lambda name: len(ast.unparse(trees[name]))))

    def write(self, name: str) -> None:
        """Writes what waits under this name as a statement of its own."""
        line, tree, _ = self.waiting.pop(name)
        self.statement(line, ast.unparse(tree))

    def statement(self, line: Line, text: str) -> None:
        if line.part != self.part:
            self.part, self.place = line.part, ""
            self.rows += [("", set()), (f"# {line.part}", set())]
        if line.place and line.place != self.place:
            self.place = line.place
            shape = f" {line.outs[0].held.shape}" if line.outs and hasattr(line.outs[0].held, "shape") else ""
            self.rows += [("", set()), (f"# {line.place}{shape}", set())]
        used = {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
        names = [y.name for y in line.outs]
        for y in line.outs:
            if getattr(y.own, "nbytes", 0) >= LARGE and not y.root.given and id(y.root) not in self.kept_roots:
                self.large[y.name] = id(y.root)
        if line.guard:
            asked = text.removeprefix("not ") if text.startswith("not ") else f"not {text}"
            self.rows += [(f"if {asked}:", used), (f"    raise Diverged({text!r})", set())]
        else:
            self.rows.append((f"{', '.join(names)} = {text}" if names else text, used | set(names)))

    def text(self) -> list[str]:
        """The rows, with large arrays let go of."""
        last: dict[int, int] = {}  # the row of the last use, by memory
        for i, (_, used) in enumerate(self.rows):
            last |= {self.large[name]: i for name in used if name in self.large}
        ends: dict[int, list[str]] = {}
        for name, root in self.large.items():
            ends.setdefault(last[root], []).append(name)
        rows = []
        for i, (row, _) in enumerate(self.rows):
            rows.append(row)
            if i in ends:
                rows.append(f"del {', '.join(ends[i])}")
        return rows
