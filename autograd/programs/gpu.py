"""What a program has on a GPU alone: steps of parameters by one kernel; and what it must not have, NumPy's arrays.

    adam(lr, count, (W, d_W, W_m, W_v))               adam(lr, count, (W, d_W, W_m, W_v), (b, d_b, b_m, b_v))
    adam(lr, count, (b, d_b, b_m, b_v))          ->

The text of such a formula is a loop over its tuples, and the text is what it computes; `run` is one kernel for all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from autograd.kernels.gpu import floats_on_gpu
from autograd.kernels.gpu.fusion import FORMULAS, NoFormula
from autograd.kernels.gpu.tensors import step_all
from autograd.programs.device import Line, Tape, refuse

__all__ = ["Elsewhere", "for_all", "of_all", "together"]


class Elsewhere(Tape):
    """The tape of NumPy's arrays that a step on a GPU can reach: none of them is a part of the program."""

    def add(self, line: Line) -> None:
        refuse("a step on a GPU that computes with an array of NumPy", "move it by .to('gpu')")

    def save(self, x: Any) -> None:
        self.add(Line((), "", ()))


def for_all(rows: Sequence[str], numbers: int) -> list[str]:
    """The rows of a formula of some numbers, and arrays, as a loop over tuples of arrays."""
    head, *body = rows
    names = head[head.index("(") + 1 : -2].split(", ")
    head = f"{head[: head.index('(')]}({', '.join([*names[:numbers], '*tensors'])}):"
    return [head, f"    for {', '.join(names[numbers:])} in tensors:", *["    " + row for row in body]]


def of_all(make: Callable[[Any], Callable[..., None]], xp: Any) -> Callable[..., None]:
    """The same by one kernel. `make(np)` is the formula with another module in the place of NumPy."""
    traced, plain = make(FORMULAS), make(xp)

    def step(*arguments: Any) -> None:
        numbers = [x for x in arguments if type(x) is not tuple]
        given = arguments[len(numbers) :]
        try:
            if not all(fits(*arrays) for arrays in given):
                raise NoFormula("these arrays have no kernel")
            step_all(partial(traced, *numbers), [(p, xp.ascontiguousarray(g), *slots) for p, g, *slots in given])
        except NoFormula:
            for arrays in given:
                plain(*numbers, *arrays)

    return step


def fits(p: Any, g: Any, *slots: Any) -> bool:
    """Can a kernel take these: of one dtype, and those that it changes in one piece?"""
    return floats_on_gpu(p, g) and all(x.flags.c_contiguous for x in (p, *slots))


def together(lines: Sequence[Line]) -> list[Line]:
    """The lines, where steps of parameters by one formula that follow each other are one line."""
    found: list[Line] = []
    for line in lines:
        before = found[-1] if found else line
        if found and line.numbers is not None and may_join(before, line):
            found[-1] = joined(before, line)
        else:
            found.append(line)
    return found


def may_join(a: Line, b: Line) -> bool:
    """Do these call one formula with the same numbers, and neither changes what the other uses?"""
    n = b.numbers
    same = a.numbers == n and a.template.partition("(")[0] == b.template.partition("(")[0]
    if not same or any(x is not y for x, y in zip(a.args[:n], b.args[:n])):
        return False
    used = [{id(x.root) for x in line.args} for line in (a, b)]
    return used[0].isdisjoint(b.changed) and used[1].isdisjoint(a.changed)


def joined(a: Line, b: Line) -> Line:
    tensors = b.template[b.template.index("(") + 1 : -1].split(", ", b.numbers or 0)[-1]
    args = *a.args, *b.args[b.numbers :]
    also = *a.also, *[x for x in (b.into, *b.also) if x is not None]
    return replace(a, template=f"{a.template[:-1]}, {tensors})", args=args, also=also, place=a.place.partition(":")[0])
