"""Checks of numbers on a GPU that nothing waits for.

A program that asks an array on a GPU a question waits until all its work there is done. So a check of labels or
indices is one more kernel, which writes a wrong number into main memory: that is pinned, and the GPU reaches it too.
The error is raised late: where the program next waits for a value (`to_numpy`, `float`, `item`), or checks again. Until
then results are wrong numbers, and nothing else.

    box (main memory):  [found, number] for each check that is under way, 0 where nothing was found
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any

import numpy as np

from autograd.backend import AFTER_READING, Array, namespace
from autograd.kernels.gpu import cuda, on_gpu

__all__ = ["check_below", "fits", "look"]

BELOW = cuda(
    "late_below",
    "ElementwiseKernel",
    "L label, int64 n, int64 slot",
    "raw int64 box",
    "if (label < 0 || label >= n) { box[2 * slot + 1] = label; box[2 * slot] = 1; }",
)
MOST = 256  # checks that may be under way


class Box:
    """The memory that both sides reach, and the error of each check under way, oldest first."""

    def __init__(self, cupy: Any) -> None:
        memory = cupy.cuda.alloc_pinned_memory(16 * MOST)
        self.found = np.frombuffer(memory, np.int64, 2 * MOST).reshape(MOST, 2)
        self.found[:] = 0
        held = cupy.cuda.UnownedMemory(memory.ptr, 16 * MOST, memory, cupy.cuda.Device().id)
        self.there = cupy.ndarray(2 * MOST, np.int64, cupy.cuda.MemoryPointer(held, 0))
        self.errors: dict[int, Callable[[int], Exception]] = {}
        self.next = 0
        self.lock = Lock()

    def check_below(self, index: Array, n: int, error: Callable[[int], Exception]) -> None:
        with self.lock:
            slot, self.next = self.next, (self.next + 1) % MOST
        if slot in self.errors:  # a program that has never waited: it does so here
            namespace(index).cuda.get_current_stream().synchronize()
            self.look(done=True)
        self.look()
        self.errors[slot] = error
        BELOW(index)(index, n, slot, self.there)

    def look(self, done: bool = False) -> None:
        """Raises the error of a check that has found something. With `done` all checks so far have been made."""
        with self.lock:
            found = [self.errors[slot](int(self.found[slot, 1])) for slot in self.errors if self.found[slot, 0]]
            for slot in [slot for slot in self.errors if done or self.found[slot, 0]]:
                del self.errors[slot]
            self.found[:] = 0
        for error in found[:1]:
            error.add_note("a GPU works on while the program goes ahead: the wrong number was given earlier")
            raise error


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
    """After a value was read from a GPU, so that all earlier work there is done: raises the errors found late."""
    for box in BOXES.values():
        if box.errors:
            box.look(done=True)


AFTER_READING.append(look)
