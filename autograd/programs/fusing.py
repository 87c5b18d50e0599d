"""Lines of a program on a GPU that go element by element, as one kernel each time.

    layer0 = x @ layer0_W                    layer0 = x @ layer0_W
    layer0 += layer0_b                  ->   relu = fused_linear_relu(layer0, layer0_b)
    relu = layer0.clip(0, np.inf)

A line joins others of its shape, with which it shares an array, where no line between them needs or changes what it
moves past. All go to the place of the first line, or all to that of the last. Views are names, and keep nothing apart.
The function is a part of the text. Where the package is at hand, its lines are run once on Elements
(`kernels/gpu/fusion.py`), which gives the source of one kernel.

    lines -> groups -> joined: a call of a Routine with rows (the text) and run (the kernel)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import pairwise
from operator import add, mul, sub, truediv
from typing import Any

import numpy as np

from autograd.kernels.gpu import TYPES
from autograd.kernels.gpu.fusion import FORMULAS, Element, NoFormula, Trace, elementwise
from autograd.kernels.ways import Kernel
from autograd.programs.device import Line, Recorded, Tape
from autograd.programs.text import function_rows, named_rows, snake
from autograd.shapes import Shape

__all__ = ["fused"]

FAR = 256  # lines between the first and the last line of a kernel
OPEN = 8  # groups of a shape that a line may join
MOST = 24  # arrays of a kernel: its arguments have a few bytes for each


OPERATORS = {"add": add, "subtract": sub, "multiply": mul, "divide": truediv, "true_divide": truediv}


class Text:
    """What stands for NumPy where the text of lines is run on Elements: CUDA's functions, with `out`, and numbers."""

    def __getattr__(self, name: str) -> Any:
        if name in ("inf", "nan") or isinstance(getattr(np, name, None), type):
            return getattr(np, name)
        f = OPERATORS[name] if name in OPERATORS else getattr(FORMULAS, name)

        def call(*xs: Any, out: Any = None) -> Any:
            y = f(*xs)
            if out is not None:
                out[...] = y
            return y

        return call


TEXT = Text()


def run_on_elements(lines: Sequence[Line], values: dict[Any, Any], routines: dict[str, Any]) -> None:
    """Runs lines on the values of their arguments, by spot, and adds their results to `values`."""
    for line in lines:
        names = {f"x{i}": values[spot(x)] for i, x in enumerate(line.args)}
        text = line.template.format(*names)
        if line.into is not None:
            found = {"np": TEXT, **routines, **names}
            exec(text, found)
            for name, x in zip(names, line.args):  # x &= y gives a new Element
                if found[name] is not names[name] and spot(x) == spot(line.into):
                    values[spot(x)] = found[name]
            continue
        y = eval(text, {"np": TEXT, **routines, **names})
        if not isinstance(y, Element):
            raise NoFormula("it gives no element")
        values[spot(line.outs[0])] = y


class Fusing:
    """Which lines of a tape are formulas of single elements, and the kernels of several."""

    def __init__(self, tape: Tape, fixed: set[int]) -> None:
        self.tape, self.fixed = tape, fixed
        self.known: dict[Any, bool] = {}
        kernels = {r.name: (key[0], r) for key, r in tape.routines.items() if type(key) is tuple}
        self.routines = {name: r.run for name, (kernel, r) in kernels.items() if takes_elements(kernel)}

    def is_formula(self, line: Line) -> bool:
        """Is this a line of arrays of one dtype, and truth values, that goes element by element?"""
        arrays = [*line.args, *line.outs]
        if line.guard or line.check or line.also or len(line.outs) + (line.into is not None) != 1 or not line.args:
            return False
        if any(x.free and id(x) not in self.fixed for x in arrays):
            return False
        y = result(line)
        kinds = [char_of(x) for x in arrays]
        if len(set(kinds) - {"?", ""}) > 1 or not set(kinds) <= {"?", "", *TYPES} or not char_of(y):
            return False
        if line.outs and not y.held.flags.c_contiguous:
            return False
        if any(not spreads(np.shape(x.held), y.held.shape) for x in line.args):
            return False
        key = line.template, *kinds
        if key not in self.known:
            self.known[key] = self.runs(line, y)
        return self.known[key]

    def runs(self, line: Line, y: Recorded) -> bool:
        values = elements(Trace("float"), line.args)
        try:
            run_on_elements([line], values, self.routines)
        except Exception:  # what is no formula may fail in any way
            return False
        return bool((values[spot(y)].kind == "b") == (y.held.dtype.kind == "b"))


def spreads(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    """Does an array of the shape a become one of the shape b by broadcasting?"""
    return len(a) <= len(b) and all(n in (1, m) for n, m in zip(a[::-1], b[::-1]))


def takes_elements(kernel: Any) -> bool:
    """Has a kernel a way for Elements?"""
    if not isinstance(kernel, Kernel):
        return False
    n = kernel.plain.__code__.co_argcount
    one = [Element(Trace("float"), "a", "f")] * n
    for way in kernel.ways:
        with suppress(Exception):  # ways for arrays ask an Element what it has not
            if way.compute.__module__.startswith("autograd.kernels.gpu.") and way.fits(*one):
                return True
    return False


def result(line: Line) -> Recorded:
    """The array that a line makes, or changes."""
    return line.outs[0] if line.outs else line.into  # type: ignore[return-value]


def char_of(x: Recorded) -> str:
    """The character of its dtype; none for a number, such as a rate."""
    return x.held.dtype.char if hasattr(x.held, "dtype") and not isinstance(x.held, np.generic) else ""


def wide_of(arrays: Iterable[Recorded]) -> str:
    """The type in which a kernel of these arrays computes."""
    return "double" if any(char_of(x) == "d" for x in arrays) else "float"


def elements(trace: Trace, arrays: Sequence[Recorded]) -> dict[Any, Element]:
    """The Elements a0, a1, ... of these arrays, by spot."""
    kinds = ["b" if char_of(x) == "?" else "f" for x in arrays]
    return {spot(x): Element(trace, f"a{i}", kind) for i, (x, kind) in enumerate(zip(arrays, kinds))}


class Group:
    """Lines that become one, at the place of `at`; `between` are others that are computed behind `at` so far."""

    def __init__(self, line: Line) -> None:
        self.lines = [line]
        self.at = line
        self.between: list[Line] = []

    def touches(self, line: Line, shape: Shape) -> bool:
        """Do the lines share an array of their shape?"""
        mine = {spot(x) for one in self.lines for x in (*one.args, *one.outs)}
        return any(spot(x) in mine for x in line.args if np.shape(x.held) == shape)

    def takes(self, line: Line) -> bool:
        """May this line join: all go to the place of the first, or all to the place of this one? Then it is added."""
        if not may_be_one([*self.lines, line]):
            return False
        if not commute([line], self.between):
            if not commute(self.between, self.lines):
                return False
            self.at, self.between = line, []
        self.lines.append(line)
        return True

    def swallows(self, other: Group, order: Mapping[int, int]) -> bool:
        """May an earlier group go to the place of this one? Then its lines are added."""
        between = [line for line in other.between if line not in self.lines]
        lines = sorted([*other.lines, *self.lines], key=lambda line: order[id(line)])
        if order[id(other.at)] > order[id(self.at)] or not may_be_one(lines) or not commute(between, other.lines):
            return False
        self.lines = lines
        return True


def may_be_one(lines: Sequence[Line]) -> bool:
    """Are these of one part of the step, few enough, and without views that overlap where one is changed or made?"""
    used = {spot(x): x for line in lines for x in (*line.args, *line.outs)}
    kinds = {char_of(x) for x in used.values()} - {"?", ""}
    if len(used) > MOST or len(kinds) > 1 or len({line.part for line in lines}) > 1:
        return False
    changed = {root for line in lines for root in (*line.changed, *[id(y.root) for y in line.outs])}
    ends = sorted([(id(x.root), *extent(x)) for x in used.values() if id(x.root) in changed])
    return all(a[0] != b[0] or a[2] <= b[1] for a, b in pairwise(ends))


def extent(x: Recorded) -> tuple[int, int]:
    """Where the memory of an array begins and ends."""
    steps = [step * (n - 1) for n, step in zip(x.held.shape, x.held.strides)]
    first = x.held.data.ptr
    return first + sum([s for s in steps if s < 0]), first + sum([s for s in steps if s > 0]) + x.held.itemsize


def commute(lines: Sequence[Line], earlier: Sequence[Line]) -> bool:
    """May these lines be computed before `earlier` ones?"""
    changed = {root for line in earlier for root in (*line.changed, *[id(y.root) for y in line.outs])}
    read = {id(x.root) for line in earlier for x in line.args}
    for line in lines:
        if any(id(x.root) in changed for x in line.args) or not read.isdisjoint(line.changed):
            return False
    return True


def spot(x: Recorded) -> tuple[Any, ...]:
    """Which numbers these are: two views of one part of an array are the same."""
    held = x.held
    if not char_of(x):
        return id(x.root), id(x)
    return id(x.root), held.data.ptr, held.shape, held.strides, held.dtype.char


def is_view(line: Line) -> bool:
    """Does this line only say another name for a part of an array?"""
    if len(line.outs) != 1 or len(line.args) != 1 or line.into is not None:
        return False
    return line.outs[0].root is line.args[0].root and line.outs[0].held is not line.args[0].held


def views_last(lines: Sequence[Line], kept: Iterable[Recorded]) -> list[Line]:
    """The lines with each view where it is used first."""
    waiting = {id(line.outs[0]): line for line in lines if is_view(line)}
    found: list[Line] = []

    def write(line: Line) -> None:
        for x in line.args:
            if id(x) in waiting:
                write(waiting.pop(id(x)))
        found.append(line)

    for line in lines:
        if not is_view(line):
            write(line)
    for x in kept:
        if id(x) in waiting:
            write(waiting.pop(id(x)))
    return found


def fused(tape: Tape, lines: Sequence[Line], kept: Iterable[Recorded], constants: Iterable[Line]) -> list[Line]:
    """The lines, with one in the place of several that go element by element. `kept` are needed behind the last."""
    fusing = Fusing(tape, {id(y) for line in constants for y in line.outs})
    order = {id(line): i for i, line in enumerate(lines)}
    groups: dict[Shape, list[Group]] = {}  # those that a line may join, by shape
    member: dict[int, Group] = {}
    for line in lines:
        if is_view(line):
            continue  # it stands where it is used, in the end
        own, gone = None, []
        if fusing.is_formula(line):
            y = result(line)
            some = groups.get(y.held.shape, [])
            near = [group for group in reversed(some) if group.touches(line, y.held.shape)]
            own = next((group for group in near if group.takes(line)), None) or Group(line)
            gone = [group for group in near if group is not own and own.swallows(group, order)]
            some = [*[group for group in some if group is not own and group not in gone], own][-OPEN:]
            groups[y.held.shape] = [group for group in some if len(group.between) < FAR]
            member |= {id(one): own for one in own.lines}
        for group in [group for some in groups.values() for group in some]:
            if group is not own:
                group.between += [line] if own is None else own.lines if own.at is line or gone else [line]
    used = Counter([id(x) for line in lines for x in line.args])
    used.update([id(x) for x in kept])
    roots = Counter([root for line in lines for root in {id(x.root) for x in line.args}])
    roots.update([id(x.root) for x in kept])
    found = []
    for line in lines:
        own = member.get(id(line))
        if own is None or len(own.lines) == 1:
            found.append(line)
        elif line is own.at:
            found.append(joined(fusing, own.lines, used, roots))
    return views_last(found, kept)


def joined(fusing: Fusing, lines: Sequence[Line], used: Counter[int], roots: Counter[int]) -> Line:
    """One line in the place of these: a call of a function of their text, which is one kernel."""
    inside = Counter([id(x) for line in lines for x in line.args])
    inner = Counter([root for line in lines for root in {id(x.root) for x in line.args}])
    made = {spot(y): y for line in lines for y in line.outs}
    given = {spot(x): x for line in lines for x in line.args if spot(x) not in made}
    outs = [y for y in made.values() if used[id(y)] > inside[id(y)]]
    changed = dict.fromkeys([spot(line.into) for line in lines if line.into is not None])
    into = [given[s] for s in changed if s in given]
    into = [x for x in into if x.root.given or roots[id(x.root)] > inner[id(x.root)]]
    tape, args = fusing.tape, [*given.values()]
    rows = text_of(tape, args, outs, lines)
    places = [i for y in into for i, x in enumerate(args) if x is y]
    key = (*rows, *map(char_of, (*args, *outs)), *places)
    run = kernel_of(fusing, args, outs, places, lines)
    routine = tape.routine(key, name_of(lines), partial(named_rows, rows), run)
    routine.shown = True
    template = f"{routine.name}({', '.join(['{}'] * len(args))})"
    first = into[0] if into else None
    return replace(lines[-1], outs=tuple(outs), template=template, args=tuple(args), into=first, also=tuple(into[1:]))


def name_of(lines: Sequence[Line]) -> str:
    """A name of what functions it computes."""
    update = lines[0].part == "update"  # "Adam: 0.W" in it, and "0: Linear" elsewhere
    places = dict.fromkeys([snake(line.place.split(": ")[0 if update else -1]) for line in lines])
    return "_".join(["fused", *["backward"] * (lines[0].part == "backward"), *[place for place in places if place][:3]])


def text_of(tape: Tape, args: Sequence[Recorded], outs: Sequence[Recorded], lines: Sequence[Line]) -> list[str]:
    """The lines as a function of arguments a, b, ..., so that those of two layers have one text."""
    own = {spot(x): tape.given(x.held, chr(ord("a") + i)) for i, x in enumerate(args)}
    own |= {spot(y): tape.kind(y.held) for line in lines for y in line.outs}

    def copied(line: Line) -> Line:
        into = None if line.into is None else own[spot(line.into)]
        xs, ys = [tuple([own[spot(x)] for x in some]) for some in (line.args, line.outs)]
        return replace(line, args=xs, outs=ys, into=into)

    given, made = [[own[spot(x)] for x in some] for some in (args, outs)]
    return function_rows("", given, made, [copied(line) for line in lines])


def kernel_of(
    fusing: Fusing, args: Sequence[Recorded], outs: Sequence[Recorded], places: Sequence[int], lines: Sequence[Line]
) -> Callable[..., Any]:
    """The kernel of these lines: it makes `outs`, and writes into its arguments at these places."""
    into = [args[i] for i in places]
    xp, wide = fusing.tape.xp, wide_of([*args, *outs, *[y for line in lines for y in line.outs]])
    trace = Trace(wide)
    values = elements(trace, args)
    first = [f"const {'bool' if e.kind == 'b' else wide} {e.name} = x{i};" for i, e in enumerate(values.values())]
    run_on_elements(lines, values, fusing.routines)
    written = [values[spot(y)] for y in (*outs, *into)]
    last = [f"y{i} = {e.name if e.kind == 'b' else trace.number(e)};" for i, e in enumerate(written)]
    number = "float64" if wide == "double" else "float32"
    takes = [f"{x.held.dtype.name if char_of(x) else number} x{i}" for i, x in enumerate(args)]
    takes += [f"{number} n{i}" for i in range(len(trace.numbers))]
    gives = [f"{y.held.dtype.name} y{i}" for i, y in enumerate((*outs, *into))]
    kernel = elementwise(", ".join(takes), ", ".join(gives), "\n".join([*first, *trace.lines, *last]))
    numbers, kinds = trace.numbers, [y.held.dtype for y in outs]

    def run(*xs: Any) -> Any:
        if not places:
            return kernel(*xs, *numbers)
        ys = [xp.empty(xs[places[0]].shape, kind) for kind in kinds]
        kernel(*xs, *numbers, *ys, *[xs[i] for i in places])
        return ys[0] if len(ys) == 1 else tuple(ys)

    return run
