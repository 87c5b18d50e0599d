"""Work shared between threads, each of which multiplies its matrices alone.

NumPy lets go of the interpreter lock while it copies and while it multiplies, so Python threads do both at once. BLAS
would start threads of its own in each of them; it is held to one thread meanwhile. OpenBLAS is part of NumPy's wheels
and its switch is found through the symbols of NumPy's own extension module. Where there is no such switch (another
BLAS, Windows), the work is done in one thread, and BLAS divides the products as it sees fit.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import copy_context
from functools import cache
from math import inf
from threading import Lock
from time import monotonic
from typing import TypeVar

import numpy as np

T = TypeVar("T")

LATELY = 0.05  # seconds: about a step of a small network
SMALL = 1 << 27  # multiplications: what one thread does in about three milliseconds


@cache
def blas_threads() -> tuple[Callable[[], int], Callable[[int], None]] | None:
    """How to ask for, and how to set, the number of threads that BLAS uses; None if that is not known."""
    try:
        library = ctypes.CDLL(np.linalg._umath_linalg.__file__)  # a lookup in it finds the libraries that it uses
        for name in ("scipy_openblas_{}_num_threads64_", "scipy_openblas_{}_num_threads", "openblas_{}_num_threads64_"):
            if hasattr(library, name.format("set")):
                return getattr(library, name.format("get")), getattr(library, name.format("set"))
        return library.openblas_get_num_threads, library.openblas_set_num_threads
    except (AttributeError, OSError):
        return None


class Hold:
    """Holds BLAS to one thread while at least one block `with hold():` runs, in whatever threads."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.depth = self.before = 0
        self.helped = -inf  # when threads of ours were last at work

    def threads(self) -> int:
        """How many threads BLAS uses when it is not held: all cores, or what the user has set."""
        switch = blas_threads()
        with self.lock:
            return 1 if switch is None else self.before if self.depth else switch[0]()

    @contextmanager
    def __call__(self) -> Iterator[None]:
        get, set = blas_threads() or (lambda: 1, lambda n: None)
        with self.lock:
            if not self.depth:
                self.before = get()
                set(1)
            self.depth += 1
        try:
            yield
        finally:
            with self.lock:
                self.depth -= 1
                if not self.depth:
                    set(self.before)

    def lately(self, work: int) -> AbstractContextManager[None]:
        """For a product of `work` multiplications: holds BLAS if threads of ours were at work a moment ago.

        The threads of BLAS look for more work for 20 ms after each product, on the cores where ours should run: a step
        with both kinds loses more by that than it gains by a second thread for a small product.
        """
        return self() if work < SMALL and monotonic() - self.helped < LATELY else nullcontext()


hold = Hold()


@cache
def pool() -> ThreadPoolExecutor:
    """The threads that help the calling one. A forked process has none of them, and starts its own."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=pool.cache_clear)
    return ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="autograd")


def shared(work: Callable[[slice], T], count: int, threads: int | None = None) -> list[T]:
    """The results of `work` on as many slices of range(count) as there are threads, one of them the calling thread."""
    threads = min(count, hold.threads() if threads is None else threads)
    if threads < 2:
        return [work(slice(0, count))]
    shares = [slice(count * i // threads, count * (i + 1) // threads) for i in range(threads)]
    with hold():
        others = [pool().submit(copy_context().run, work, share) for share in shares[1:]]  # with np.errstate, too
        try:
            first = work(shares[0])
        finally:
            wait(others)
            hold.helped = monotonic()
    return [first, *[other.result() for other in others]]
