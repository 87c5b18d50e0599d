"""Checks of numbers on a GPU that nothing waits for.

A program that asks an array on a GPU a question waits until all its work there is done. So a check of labels or
indices is one more kernel, which writes a wrong number into main memory: that is pinned, and the GPU reaches it too.
The error is raised late: where its thread next waits for a value (`to_numpy`, `float`, `item`), or checks again. Until
then results are wrong numbers, and nothing else.

    box (main memory):  [found, number] for each check that is under way, 0 where nothing was found
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import enumerate as enumerate_threads
from threading import get_ident
from typing import Any

import numpy as np

from autograd.backend import AFTER_READING, Array, namespace
from autograd.kernels.gpu import cuda, on_gpu
from autograd.locks import Lock

__all__ = ["check_below", "fits", "look"]

BELOW = cuda(
    "late_below",
    "ElementwiseKernel",
    "L label, int64 n, int64 slot",
    "raw int64 box",
    "if (label < 0 || label >= n) { box[2 * slot + 1] = label; box[2 * slot] = 1; }",
)
MOST = 256  # checks that may be under way


@dataclass(eq=False)
class Check:
    """A check under way: its place in the memory, and the thread that has asked for it."""

    slot: int
    error: Callable[[int], Exception]
    thread: int
    event: Any  # CUDA's, behind the kernel


class Box:
    """The memory that both sides reach, the checks under way, oldest first, and the errors that nobody has seen yet."""

    def __init__(self, cupy: Any) -> None:
        memory = cupy.cuda.alloc_pinned_memory(16 * MOST)
        self.found = np.frombuffer(memory, np.int64, 2 * MOST).reshape(MOST, 2)
        self.found[:] = 0
        held = cupy.cuda.UnownedMemory(memory.ptr, 16 * MOST, memory, cupy.cuda.Device().id)
        self.there = cupy.ndarray(2 * MOST, np.int64, cupy.cuda.MemoryPointer(held, 0))
        self.free = [*range(MOST)]
        self.checks: list[Check] = []
        self.wrong: list[tuple[int, Exception]] = []  # with their threads
        self.lock = Lock()

    def check_below(self, index: Array, n: int, error: Callable[[int], Exception]) -> None:
        self.look()
        with self.lock:
            if not self.free:  # a program that has never waited: it does so here
                self.checks[0].event.synchronize()
            self.collect()
            slot = self.free.pop()
            BELOW(index)(index, n, slot, self.there)
            event = namespace(index).cuda.get_current_stream().record()
            self.checks.append(Check(slot, error, get_ident(), event))

    def collect(self) -> None:
        """Takes the checks that the GPU has made: an event says so, whatever the thread and the stream."""
        made = [check for check in self.checks if check.event.done]
        for check in made:
            found, number = self.found[check.slot].tolist()
            if found:
                self.wrong.append((check.thread, check.error(number)))
            self.found[check.slot] = 0
            self.free.append(check.slot)
        self.checks = [check for check in self.checks if check not in made]

    def look(self) -> None:
        """Raises an error of this thread, or of one that has ended."""
        if not self.checks and not self.wrong:
            return
        with self.lock:
            self.collect()
            others = {thread.ident for thread in enumerate_threads()} - {get_ident()} if self.wrong else set()
            mine = next((pair for pair in self.wrong if pair[0] not in others), None)
            if mine is not None:
                self.wrong.remove(mine)
        if mine is not None:
            mine[1].add_note("a GPU works on while the program goes ahead: the wrong number was given earlier")
            raise mine[1]


BOXES: dict[int, Box] = {}  # by device


def fits(index: Any) -> bool:
    """Does `index` lie on a GPU, be it recorded or not?"""
    return on_gpu(index) or hasattr(namespace(index), "check_below")


def check_below(index: Array, n: int, error: Callable[[int], Exception]) -> None:
    """Has error(number) raised, late, if a number of `index` is not in 0 .. n - 1."""
    cupy = namespace(index)
    if not on_gpu(index):
        cupy.check_below(index, n, error)
        return
    device = cupy.cuda.Device().id
    if device not in BOXES:
        BOXES[device] = Box(cupy)
    BOXES[device].check_below(index, n, error)


def look() -> None:
    """After a value was read from a GPU, so that earlier work there is done: raises an error that was found late."""
    for box in BOXES.values():
        box.look()


AFTER_READING.append(look)
