"""Lines of a program on a GPU as parts: runs of lines, each of which can be one CUDA graph (`graphs.py`).

    check_below(t, 10)                                   check_below(t, 10)
    layer0 = x @ layer0_W                                d_W, d_b, loss = part(x, t, layer0_W, layer0_b, ...)
    relu = fused_linear_relu(layer0, layer0_b)     ->    adam(lr, count, (layer0_W, d_W, ...), ...)
    ...
    adam(lr, count, (layer0_W, d_W, ...), ...)

A graph repeats kernels at fixed addresses, and looks at nothing. So a line is one for a graph if it is a known
operation on arrays of the GPU alone. Others stay outside: those of a rate or a generator, questions, late checks, and
arrays whose shape depends on values. Lines change places where none needs or changes what it moves past, so that the
runs are few.

    lines -> Choice: for a graph, or not?  -> in_turn: runs of either  -> in_parts: a call in the place of each long run
"""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from autograd.backend import special
from autograd.programs.device import Line, Recorded, Tape
from autograd.programs.fusing import is_view
from autograd.programs.gpu import together
from autograd.programs.text import Writer, returned

__all__ = ["Parts", "in_parts"]

FEWEST = 4  # lines of a part that start a kernel: to copy in and out costs as many as fewer
MOST = 8  # arrays that CuPy joins without a table of their addresses, which it would copy from main memory
PRODUCT = "_product"  # in a part; no value has a name that begins with _
FUNCTIONS = {
    "abs", "all", "any", "arange", "argmax", "argmin", "ascontiguousarray", "astype", "broadcast_to", "clip",
    "concatenate", "copy", "copyto", "diagonal", "empty", "empty_like", "expand_dims", "fill", "flatten", "flip",
    "full", "full_like", "max", "mean", "min", "moveaxis", "ones", "ones_like", "prod", "ravel", "reshape", "slice",
    "squeeze", "stack", "sum", "swapaxes", "take", "transpose", "view", "where", "zeros", "zeros_like",
}  # fmt: skip


@dataclass(eq=False)
class Parts:
    """The lines of a program with calls of parts, and the parts.

    rows      the text of each part, a function
    moving    for each part, the positions of the arguments that lie elsewhere in each call
    written   for each part, the positions of those that it changes
    outputs   for each output of the program, the number of the part in whose memory it lies, or None
    """

    lines: list[Line] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    moving: list[set[int]] = field(default_factory=list)
    written: list[set[int]] = field(default_factory=list)
    outputs: list[int | None] = field(default_factory=list)


class Choice:
    """Which lines are for graphs, and which arrays lie elsewhere in each call.

    apart    the memory, by id of what owns it, that no graph touches
    loose    the values, by id, whose shapes may be others in each call
    moving   the memory of the inputs, and of what is made outside of graphs: a graph uses copies
    """

    def __init__(self, tape: Tape, inputs: Iterable[Recorded]) -> None:
        self.tape = tape
        self.inputs = {id(x.root) for x in inputs}
        self.apart: set[int] = set()
        self.loose: set[int] = set()
        self.moving: set[int] = set()
        self.known: dict[Any, bool] = {}
        self.routines = {r.name for r in tape.routines.values() if r.run is not None}

    def runs(self, lines: Sequence[Line], outputs: Sequence[Recorded]) -> list[tuple[bool, list[Line]]]:
        """The lines in runs, each with whether it is a part. What a graph has a copy of, nothing may change."""
        made = {id(y) for line in lines for y in line.outs}
        roots = Counter([id(x.root) for x in {id(x): x for x in outputs}.values()])
        views = {id(x.root) for x in outputs if id(x) in made and x.root.given}
        self.apart = views | {root for root, n in roots.items() if n > 1}
        changed = {root for line in lines for root in line.changed}
        while True:
            for line in lines:
                if any(y.free for y in line.outs) and not self.fits(line):
                    self.loose |= {id(y) for y in line.outs}
            found = [(is_part(run) and self.fits(run[0]), run) for run in in_turn(lines, self.fits)]
            plain = [line for part, run in found if not part for line in run]
            self.moving = self.inputs | {id(y.root) for line in plain for y in line.outs if not y.root.given}
            more = (self.moving & changed) - self.apart
            if not more:
                return found
            self.apart |= more

    def fits(self, line: Line) -> bool:
        """Does this line start the same kernels in each call, on arrays of a GPU alone?"""
        arrays = (*line.args, *line.outs)
        if line.guard or line.check or line.numbers is not None or not arrays:
            return False
        if not all(isinstance(x.held, self.tape.xp.ndarray) and id(x.root) not in self.apart for x in arrays):
            return False
        if any(id(x) in self.loose for x in line.args):
            return False
        key = line.template, *[(x.held.dtype.char, x.held.ndim > 0) for x in line.args]
        if key not in self.known:
            self.known[key] = self.is_known(line)
        return self.known[key]

    def is_known(self, line: Line) -> bool:
        """Is this an operation that neither waits nor takes numbers from main memory?"""
        kinds = {x.held.dtype.char for x in line.args}
        if is_product(line):
            return len(kinds) == 1 and kinds <= set("efd")
        tree = ast.parse(line.template.format(*["x"] * len(line.args)))
        for node in ast.walk(tree):
            if isinstance(node, (ast.MatMult, ast.For)) or (isinstance(node, ast.Call) and not self.may_call(node)):
                return False
            name = node.attr if isinstance(node, ast.Attribute) else ""
            index = isinstance(node, ast.Subscript) or name == "at"
            if index and any(x.held.dtype.char == "?" for x in line.args[1:]):
                return False  # a mask chooses by values
            if name == "fill" and len(line.args) > 1:
                return False  # CuPy asks whether the number is 0
            if isinstance(node, ast.List) and isinstance(node.elts[0], ast.Constant):
                return False  # numbers from main memory
        joins = line.template.startswith(("np.concatenate", "np.stack"))
        return not joins or len(line.args) <= MOST

    def may_call(self, node: ast.Call) -> bool:
        """May a graph hold this call: of a kernel, a function that is known, or CuPy's elementwise ones?"""
        name = ast.unparse(node.func)
        if name == "np.where" and len(node.args) < 3:  # it asks where they are not 0
            return False
        if name in self.routines or name.removeprefix("np.").removeprefix("x.") in FUNCTIONS:
            return True
        found: Any = special_of(self.tape.xp) if "special." in name else self.tape.xp
        found = getattr(found, name.removesuffix(".at").rpartition(".")[2], None)
        return isinstance(found, (type, type(self.tape.xp.add)))


def is_product(line: Line) -> bool:
    return line.template == "{} @ {}" and all(x.held.ndim for x in line.args)


def special_of(xp: Any) -> Any:
    return special(xp.zeros(0))


def is_part(run: Sequence[Line]) -> bool:
    """Do at least a few of these lines start kernels?"""
    return sum([not is_view(line) for line in run]) >= FEWEST


def needs(lines: Sequence[Line]) -> list[set[int]]:
    """For each line those before it, by position, that it must stay behind."""
    maker: dict[int, int] = {}
    writer: dict[int, int] = {}  # the last line that has changed some memory, and who has read it since
    readers: dict[int, list[int]] = defaultdict(list)
    found = []
    for i, line in enumerate(lines):
        used, changed = {id(x.root) for x in line.args}, set(line.changed)
        behind = {maker[id(x)] for x in line.args if id(x) in maker}
        behind |= {writer[root] for root in used | changed if root in writer}
        for root in changed:
            behind |= {*readers.pop(root, ())}
            writer[root] = i
        for root in used - changed:
            readers[root].append(i)
        maker |= {id(y): i for y in line.outs}
        found.append(behind)
    return found


def in_turn(lines: Sequence[Line], fits: Callable[[Line], bool]) -> list[list[Line]]:
    """The lines in runs, in turn those that do not fit and those that do: each takes all that it can."""
    behind, kinds = needs(lines), [fits(line) for line in lines]
    waiting, done = [*range(len(lines))], set[int]()
    runs: list[list[Line]] = []
    kind = False
    while waiting:
        left, run = [], []
        for i in waiting:
            if kinds[i] is kind and behind[i] <= done:
                run.append(lines[i])
                done.add(i)
            else:
                left.append(i)
        if run:
            runs.append(run)
        waiting, kind = left, not kind
    return runs


def masks_first(tape: Tape, lines: Sequence[Line], given: Iterable[Recorded]) -> list[Line]:
    """The lines, where a mask of dropout, which takes only the dtype of an array, asks one that is there for it."""
    there = {x.held.dtype: x for x in given if isinstance(x.held, tape.xp.ndarray)}
    mask = tape.routines["mask"].name + "(" if "mask" in tape.routines else None

    def early(line: Line) -> Line:
        if mask is None or not line.template.startswith(mask):
            return line
        rng, x = line.args
        return replace(line, args=(rng, there.get(x.held.dtype, x)))

    return [early(line) for line in lines]


def in_parts(
    tape: Tape,
    lines: Sequence[Line],
    given: Sequence[Recorded],
    inputs: int,
    outputs: Sequence[Recorded],
    fixed: Iterable[Recorded],
    unnamed: set[int],
) -> Parts:
    """The lines with a call in the place of each part. `fixed` are values that lie outside of the program's function.

    The first of its arguments `given` are the inputs, and so many.
    """
    choice, outside = Choice(tape, given[:inputs]), {id(x) for x in fixed}
    lines = masks_first(tape, lines, given)
    runs = choice.runs(lines, outputs)
    uses = Counter([id(x) for line in lines for x in line.args] + [id(x) for x in outputs])
    found = Parts()
    maker: dict[int, int] = {}  # of memory
    for part, run in runs:
        if not part:
            found.lines += together(run)  # steps of parameters that follow each other now
            continue
        name = f"_part_{len(found.rows)}"
        call = call_of(name, run, uses, outside)
        maker |= {id(y.root): len(found.rows) for y in call.outs}
        found.lines.append(call)
        found.rows.append(rows_of(name, call, run, unnamed))
        found.moving.append({i for i, x in enumerate(call.args) if id(x.root) in choice.moving})
        found.written.append({i for i, x in enumerate(call.args) if id(x.root) in call.changed})
    found.outputs = [maker.get(id(x.root)) for x in outputs]
    return found


def call_of(name: str, run: Sequence[Line], uses: Counter[int], fixed: set[int]) -> Line:
    """The line that calls a part: with all arrays that it uses, and for all that later lines use."""
    made = {id(y): y for line in run for y in line.outs}
    inside = Counter([id(x) for line in run for x in line.args])
    args = {id(x): x for line in run for x in line.args if id(x) not in made and id(x) not in fixed}
    outs = tuple([y for key, y in made.items() if uses[key] > inside[key]])
    changed = {root for line in run for root in line.changed}
    into = [x for x in args.values() if id(x.root) in changed]
    template = f"{name}({', '.join(['{}'] * len(args))})"
    return Line(outs, template, tuple(args.values()), into[0] if into else None, tuple(into[1:]))


def rows_of(name: str, call: Line, run: Sequence[Line], unnamed: set[int]) -> list[str]:
    """A part as the text of a function."""
    lines = [replace(line, template=f"{PRODUCT}({{}}, {{}})") if is_product(line) else line for line in run]
    rows = Writer(lines, call.outs, unnamed, comments=False).text()
    outs = call.outs[0].name if len(call.outs) == 1 else returned(call.outs)
    rows += [f"return {outs}"] if call.outs else []
    return [f"def {name}({', '.join([x.name for x in call.args])}):", *["    " + row for row in rows]]
