"""Memory that is used again: each thread keeps a few blocks, and a kernel borrows them while it runs.

New memory would cost more than what is written into it, because the system has to find and clear every page.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import prod
from types import ModuleType
from typing import Any, TypeAlias

import numpy as np

from autograd.backend import Array
from autograd.shapes import Shape

__all__ = ["KEPT", "Allocator", "Scratch", "borrowed"]

Allocator: TypeAlias = Callable[[Shape, Any], Array]  # (shape, dtype) -> an array of any content

KEPT = 1 << 23  # bytes: a larger block is not kept for the next call


class Scratch:
    """A block of memory. `scratch(shape, dtype)` is an array in it, which the next call overwrites."""

    def __init__(self) -> None:
        self.memory = np.empty(0, np.uint8)

    def __call__(self, shape: Shape, dtype: Any) -> Array:
        size = prod(shape) * np.dtype(dtype).itemsize
        if self.memory.size < size:
            self.memory = np.empty(size, np.uint8)
        return self.memory[:size].view(dtype).reshape(shape)


local = threading.local()


@contextmanager
def borrowed(xp: ModuleType, n: int) -> Iterator[list[Allocator]]:
    """`n` scratches that nobody else has until the end of the block, for arrays of the module `xp`.

    A signal handler that runs meanwhile in the same thread borrows others. CuPy has a memory pool of its own.
    """
    if xp is not np:
        yield [xp.empty] * n
        return
    free: list[Scratch] = local.__dict__.setdefault("free", [])
    taken = [free.pop() if free else Scratch() for _ in range(n)]
    try:
        yield [*taken]
    finally:
        for scratch in reversed(taken):  # the last in is the next out: each place gets its block of fitting size again
            if scratch.memory.size <= KEPT:
                free.append(scratch)
