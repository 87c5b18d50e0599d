"""`capture`: a step that is recorded, and replayed from then on without a graph.

    first call      as always: layers take their sizes, optimizers make their slots
    second, third   recorded, as real steps; two records that are one program become a replay
    from then on    the program, on the arrays that are there

A step that no program can repeat is refused, and all that it has changed is put back. A replay stops where a question
that the package asks of the values has another answer; that step is recorded, and its program is kept beside the first.
"""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable
from functools import update_wrapper
from inspect import Parameter as Argument
from inspect import signature
from types import MethodType
from typing import Any, Generic, TypeVar

from autograd.checks import flag, shown
from autograd.config import float_dtype, mode
from autograd.function import Tracked
from autograd.locks import Lock
from autograd.programs.device import refuse
from autograd.programs.program import Diverged
from autograd.programs.record import FirstUpdate, Record, Replay
from autograd.programs.state import Wrapper, equal
from autograd.programs.structures import signature_of

__all__ = ["Captured", "capture"]

Y = TypeVar("Y")

KEPT = 16  # signatures of arguments, and ways through the step for each
records = Lock()  # one record at a time: it puts other arrays into the places of those that the step names
TRIES = 16  # records one after the other, before the step is refused


class Ways:
    """The replays of a step for arguments of one signature, and the records that are no replay yet."""

    def __init__(self, graph: bool) -> None:
        self.graph = graph
        self.warm = False
        self.replays: list[Replay] = []
        self.records: list[Record] = []
        self.where: Any = None
        self.refused = ""  # why no program can repeat the step
        self.tries = 0  # records since the last replay

    def __call__(self, step: Callable[..., Any], names: list[str], args: Any, options: Any, leaves: list[Any]) -> Any:
        if self.refused:
            refuse(self.refused, "give what changes as an argument", self.where)
        if not self.warm:
            with records:
                y = step(*args, **options)
                self.warm = True
                return y
        for i, replay in enumerate(self.replays):
            if not replay.fits():
                continue
            try:
                y = replay(leaves)
            except Diverged:
                continue
            self.tries = 0
            if i:
                self.replays.insert(0, self.replays.pop(i))
            return y
        with records:
            return self.record(step, names, args, options)

    def record(self, step: Callable[..., Any], names: list[str], args: Any, options: Any) -> Any:
        """Runs the step and keeps its record: as a replay, if an earlier record is the same program."""
        self.tries += 1
        try:
            record = Record(step, names, args, options, self.graph)
        except FirstUpdate:
            return step(*args, **options)
        same = next((r for r in self.records if agree(r, record)), None)
        if same is not None:
            self.records.remove(same)
            self.replays = [Replay(record), *self.replays][:KEPT]
            return record.result
        for before in self.records:
            if before.program.answers == record.program.answers and before.reach.fits():
                self.refused, self.where = difference(before, record)
        if self.tries > TRIES:
            before = self.records[-1] if self.records else record
            change = before.reach.change() or "a question of the package has a new answer each time"
            self.refused = f"a step that takes another way at each call: {change}"
            self.where = record.reach.line_of("")
        self.records = [*self.records, record][-KEPT:]
        return record.result


def agree(a: Record, b: Record) -> bool:
    """Are two records one program, with one result?"""
    return a.program.code == b.program.code and equal(a.structure, b.structure)


def difference(a: Record, b: Record) -> tuple[str, Any]:
    """What two records of a step differ in, in words, and the line."""
    if a.program.code == b.program.code:
        returned = f"a step that returns {shown(b.structure)}, and {shown(a.structure)} before"
        return returned, b.reach.line_of("")
    rows = zip(a.program.code.splitlines(), b.program.code.splitlines())
    before, now = next(((x.strip(), y.strip()) for x, y in rows if x != y), ("a shorter program", "a longer one"))
    pairs = zip(a.program.sources, b.program.sources)
    where = next((y[1] for x, y in pairs if x[0] != y[0]), b.reach.line_of(""))
    return f"a step whose numbers change from call to call ({before!r}, then {now!r})", where


class Captured(Wrapper, Generic[Y]):
    """A step and its programs: `capture` makes it, and it is called like the step."""

    def __init__(self, step: Callable[..., Y], graph: bool = True) -> None:
        self.step, self.graph = step, graph
        self.ways: OrderedDict[Any, Ways] = OrderedDict()
        self.names = names_of(step)
        self.dropped = 0  # signatures whose programs were dropped
        update_wrapper(self, step, updated=())

    @property
    def source(self) -> str:
        """The program of the last replay, or record, as text. Raises RuntimeError before the first record."""
        return self.newest().program.source

    def newest(self) -> Record:
        for ways in reversed(self.ways.values()):
            if ways.replays:
                return ways.replays[0].record
            if ways.records:
                return ways.records[-1]
        raise RuntimeError("there is no program yet: the second call records the step")

    def recorded(self, *args: Any) -> Record:
        """The record of the program for these arguments. Raises RuntimeError where there is none yet."""
        for key, ways in self.ways.items():
            if key[3] == signature_of(args, []) and ways.replays:
                return ways.replays[0].record
        raise RuntimeError("there is no program for these arguments yet: call the captured step with them three times")

    def __call__(self, *args: Any, **options: Any) -> Y:
        recording, training, differentiating, watcher, _ = mode.get()
        if watcher is not None or differentiating is not None:
            return self.step(*args, **options)  # somebody watches each function: a record, or a profile
        leaves: list[Any] = []
        key: Any = (recording, training, float_dtype(), signature_of(args, leaves), signature_of(options, leaves))
        if len(leaves) > 1:
            key = (*key, repeated(leaves))
        ways = self.ways.get(key)
        if ways is None:
            if self.dropped > TRIES:
                return self.step(*args, **options)
            ways = self.ways[key] = Ways(self.graph)
            if len(self.ways) > KEPT:
                self.drop()
        elif len(self.ways) > 1:
            self.ways.move_to_end(key)
        return ways(self.step, self.names, args, options, leaves)

    def drop(self) -> None:
        """Drops the programs that were used longest ago. Warns where that happens again and again."""
        self.ways.popitem(last=False)
        self.dropped += 1
        if self.dropped > TRIES:
            warnings.warn(
                f"capture keeps the programs of {KEPT} signatures of arguments, and more come all the time: new ones "
                "run as always from here on. Give batches of equal shape, and numbers that change as arrays",
                stacklevel=3,
            )

    def __get__(self, owner: Any, kind: Any = None) -> Any:
        """A captured method, of the object whose attribute it is."""
        return self if owner is None else MethodType(self, owner)

    def __repr__(self) -> str:
        return f"Captured({getattr(self.step, '__qualname__', self.step)!s})"


def repeated(leaves: list[Any]) -> tuple[int, ...]:
    """For each Variable among the arguments, which one it is: the same may be given twice."""
    variables = [id(x) for x in leaves if isinstance(x, Tracked)]
    return tuple(map(variables.index, variables))


def names_of(step: Callable[..., Any]) -> list[str]:
    """The names of the arguments, for the program."""
    try:
        parameters = signature(step).parameters.values()
    except (TypeError, ValueError):
        return []
    return [p.name for p in parameters if p.kind in (Argument.POSITIONAL_ONLY, Argument.POSITIONAL_OR_KEYWORD)]


def capture(step: Callable[..., Y], graph: bool = True) -> Captured[Y]:
    """Records a step of training, or any function of arrays, and replays it from then on as a program of NumPy alone.

    Of arrays on a GPU the program is CuPy's, all of them must lie there, and formulas in it are one kernel each.

    >>> import numpy as np
    >>> from autograd import Variable
    >>> w = Variable(np.array(3.0))
    >>> @capture
    ... def step(x):
    ...     loss = ((w * x - 1) ** 2).sum()
    ...     w.cleargrad()
    ...     loss.backward()
    ...     w.data = w.data - 0.1 * w.grad.data
    ...     return loss
    >>> [round(step(np.ones(2)).item(), 3) for _ in range(5)]
    [8.0, 2.88, 1.037, 0.373, 0.134]

    step    a function, also a method, of arrays, Variables, numbers, and lists and dicts of them. It may change the
            arrays of Variables, layers and optimizers that it names, and returns what it likes. Arrays and Variables
            are the inputs of the program; other arguments, such as numbers of Python, choose it
    graph   on a GPU, long runs of kernels are CUDA graphs, which keep the memory that they use; False for none

    The first call for arguments of new shapes runs the step as always; the second and the third record it, and are
    several times slower. `captured.source` is the program. For 16 signatures of arguments the programs are kept.
    While a step is recorded no other thread may use the same layers.

    Raises RuntimeError (`Refused`), with the line, for what a program cannot repeat: control flow on values, values
    asked for (`item()`, `float(x)`, `print`), arrays made with NumPy inside the step, numbers that change from step to
    step, and changes of anything but arrays. Nothing is changed then. What the step does outside of what it names
    (a file that is written) is not seen, and not repeated.
    """
    if not callable(step) or isinstance(step, type):
        raise TypeError(f"capture takes a function, not {step!r:.60}")
    return Captured(step, flag("capture: graph", graph))
