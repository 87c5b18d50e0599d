"""Lines as Python's text: what is not used goes, values get names, and large arrays are let go of.

lines -> once -> needed -> name_all -> Writer -> rows
"""

from __future__ import annotations

import ast
import copy
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

from autograd.programs.device import Line, Recorded

__all__ = ["LARGE", "Writer", "function_rows", "name_all", "named_rows", "needed", "once", "returned", "snake"]

WIDTH = 96  # characters of a row
LARGE = 1 << 13  # bytes of an array that is let go of before the end of the step


def snake(name: str) -> str:
    """SoftmaxCrossEntropy -> softmax_cross_entropy"""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z])", "_", name).lower()


def function_rows(
    name: str, arguments: Sequence[Recorded], outputs: Sequence[Recorded], lines: list[Line]
) -> list[str]:
    """Lines as the text of a function of its own."""
    lines = needed(once(lines, outputs), outputs, arguments)
    unnamed = name_all(arguments, lines)
    rows = Writer(lines, outputs, unnamed, comments=False).text()
    rows += [f"return {outputs[0].name if len(outputs) == 1 else returned(outputs)}"] if outputs else []
    return [f"def {name}({', '.join([x.name for x in arguments])}):", *["    " + row for row in rows]]


def named_rows(rows: Sequence[str], name: str) -> list[str]:
    return [rows[0].replace("def (", f"def {name}("), *rows[1:]]


def returned(outputs: Sequence[Recorded]) -> str:
    """What a function returns, as a tuple."""
    return "(" + " ".join([x.name + "," for x in outputs]) + ")"


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


def name_all(given: Iterable[Recorded], lines: Sequence[Line], others: Iterable[str] = ()) -> set[int]:
    """Gives each value a name of its own. Returns the ids of those that had none."""
    taken = {"np", "scipy", "cupyx", "ml_dtypes", "step", "Diverged", "blocks", "part", *others}
    taken |= {"abs", "bool", "float", "int", "slice"}
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
            if line.numbers is not None and len(text) > WIDTH:  # a step of parameters, a row for each
                text = text.replace(" (", "\n    (")
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
