"""A record as a program: what is not used goes, what never changes moves to the front, and the rest is Python's text.

    tape.lines -> needed -> constants | guards first, body -> names -> source -> function

The function takes the inputs and what the state is now; it writes into the state where that lies, and returns the
outputs. It is the text and nothing else: `source` runs with NumPy alone.
"""

from __future__ import annotations

import ast
import copy
import linecache
import re
import weakref
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

from autograd.programs.device import Line, Recorded, Routine, Tape
from autograd.programs.gpu import together

__all__ = ["LARGE", "Diverged", "Program", "function_rows", "routines_of"]


WIDTH = 96  # characters of a row
LARGE = 1 << 13  # bytes of an array that is let go of before the end of the step


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
        lines = together(needed(once(tape.lines, outputs), outputs, [x for x, _ in given]))
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
        self.rows = [["", *Writer(self.constants, wanted, self.unnamed).text(), "", ""], self.step()]
        self.code = self.text([r for r in self.called if r.run is None])
        self.run = self.compiled()

    def step(self) -> list[str]:
        """The rows of the function."""
        rows = [f"def step({', '.join([x.name for x in self.arguments])}):"]
        if self.quiet:
            rows.append('    with np.errstate(all="ignore"):')
        indent = "        " if self.quiet else "    "
        rows += [indent + row if row else "" for row in Writer(self.body, self.outputs, self.unnamed).text()]
        return [*rows, f"    return {returned(self.outputs)}"]

    def text(self, routines: Sequence[Routine]) -> str:
        """The program: routines, constants, and a function of the inputs and the state."""
        rows = []
        if any("blocks(" in row for row in self.rows[1]):
            rows += ["", "", *BLOCKS]
        for routine in routines:
            rows += ["", "", *routine.rows(routine.name)]
        if self.answers or any("raise Diverged(" in row for row in rows):
            word = '    """Other values than those of the record."""'
            rows = ["", "", "class Diverged(Exception):", word, *rows]
        text = "\n".join([*rows, *[row for part in self.rows for row in part], ""])
        imports = f"import {self.xp} as np\n" + ("import scipy.special\n" if "scipy.special" in text else "")
        return imports + text

    @property
    def source(self) -> str:
        """The program with all its routines: it needs NumPy alone, and SciPy for special functions."""
        return self.text(self.called)

    def compiled(self) -> Callable[..., Any]:
        """The function. A kernel is called in its fastest way, and not as the text has it."""
        names: dict[str, Any] = {r.name: r.run for r in self.called if r.run is not None}
        file = f"<captured step {next(numbers)}>"
        linecache.cache[file] = len(self.code), None, self.code.splitlines(True), file  # for tracebacks
        weakref.finalize(self, linecache.cache.pop, file, None)
        exec(compile(self.code, file, "exec"), names)
        if self.answers:
            names["Diverged"] = Diverged
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


def returned(outputs: Sequence[Recorded]) -> str:
    """What a function returns, as a tuple."""
    return "(" + " ".join([x.name + "," for x in outputs]) + ")"


def routines_of(tape: Tape, lines: Iterable[Line]) -> list[Routine]:
    """The routines that these lines call."""
    text = " ".join([line.template for line in lines])
    found: list[Routine] = []
    while new := [r for r in tape.routines.values() if r not in found and re.search(rf"\b{r.name}\(", text)]:
        found += new
        text = " ".join([row for r in new if r.run is None for row in r.rows(r.name)])  # a formula may call kernels
    return found


def function_rows(
    name: str, arguments: Sequence[Recorded], outputs: Sequence[Recorded], lines: list[Line]
) -> list[str]:
    """Lines as the text of a function of its own."""
    lines = needed(once(lines, outputs), outputs, arguments)
    unnamed = name_all(arguments, lines)
    rows = Writer(lines, outputs, unnamed, comments=False).text()
    rows += [f"return {outputs[0].name if len(outputs) == 1 else returned(outputs)}"] if outputs else []
    return [f"def {name}({', '.join([x.name for x in arguments])}):", *["    " + row for row in rows]]


def once(lines: Sequence[Line], outputs: Iterable[Recorded]) -> list[Line]:
    """The lines, where one that computes what an earlier one has computed already uses that value."""
    written = Counter(root for line in lines for root in line.changed)
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
        else:
            writes.update(line.changed)
        kept.append(line)
    return kept


def needed(lines: Sequence[Line], outputs: Sequence[Recorded], state: Iterable[Recorded]) -> list[Line]:
    """The lines that the outputs and the state depend on, and the guards."""
    kept: list[Line] = []
    values = {id(x) for x in outputs}
    memory = {id(x.root) for x in (*outputs, *state)}
    written = [x.root for line in lines if line.into is not None for x in (line.into, *line.also)]
    memory |= {id(x) for x in written if x.given}
    for line in reversed(lines):
        writes = not memory.isdisjoint(line.changed)
        if writes or line.guard or line.check or any(id(y) in values for y in line.outs):
            kept.append(line)
            values |= {id(x) for x in line.args}
            memory |= {id(x.root) for x in line.args}
    return kept[::-1]


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


def name_all(given: Iterable[Recorded], lines: Sequence[Line], others: Iterable[str] = ()) -> set[int]:
    """Gives each value a name of its own. Returns the ids of those that had none."""
    taken = {"np", "scipy", "step", "Diverged", "abs", "blocks", "bool", "float", "int", "part", "slice", *others}
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

    def __init__(
        self, lines: Sequence[Line], kept: Iterable[Recorded], unnamed: set[int], comments: bool = True
    ) -> None:
        self.comments = comments
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
            for x in (line.into, *line.also):
                if x.name in self.waiting:
                    self.write(x.name)  # it needs a name of its own to be written into
            for name, (_, _, roots) in [*self.waiting.items()]:
                if not roots.isdisjoint(line.changed) and name not in names:
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
        if self.comments and line.part != self.part:
            self.part, self.place = line.part, ""
            self.rows += [("", set()), (f"# {line.part}", set())]
        if self.comments and line.place and line.place != self.place:
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
            self.rows += [(f"if {asked}:", used), (f"    raise Diverged({text!r})", used)]
        else:
            text = f"{', '.join(names)} = {text}" if names else text
            self.rows += [(row, used | set(names)) for row in text.splitlines()]

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
