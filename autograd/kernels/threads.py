"""Work shared between threads, each of which multiplies its matrices alone.

NumPy releases the interpreter lock while it copies and multiplies, so several Python threads do so at once. BLAS would
start its own threads in each of them; it is held to one thread meanwhile. Where that can't be done (`blas.py`) all work
is done in one thread, and BLAS divides the products itself.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import copy_context
from functools import cache
from threading import get_ident
from typing import Generic, TypeVar

import numpy as np

from autograd.backend import Array, namespace
from autograd.kernels.blas import NUMPY, SCIPY, blas_threads
from autograd.locks import Lock

__all__ = ["hold", "in_turn"]

T = TypeVar("T")

SMALL_PRODUCT = 1 << 27  # multiplications: about three milliseconds of one thread
TINY_PRODUCT = 1 << 16  # not worth a look at the switch
FREE = nullcontext()


class Hold:
    """Holds BLAS to one thread while at least one block `with hold():` runs, in any thread.

    A signal handler may enter it too, between any two lines: hence the order of the lines, and a lock that lets it in.
    In a forked process nothing is held, because the threads that held BLAS are not there.
    """

    def __init__(self, user: str = NUMPY) -> None:
        self.user = user
        self.lock = Lock()
        self.depth = self.before = self.forks = 0

    def threads(self) -> int:
        """The number of threads that BLAS uses when it is not held: all cores, or what the user has set."""
        switch = blas_threads(self.user)
        with self.lock:
            return 1 if switch is None else self.before if self.depth else switch[0]()

    @contextmanager
    def __call__(self) -> Iterator[None]:
        get, set = blas_threads(self.user) or (lambda: 1, lambda n: None)
        with self.lock:
            if self.depth == 0:
                self.before = get()
            self.depth += 1
            if self.depth == 1:
                set(1)
        forks = self.forks
        try:
            yield
        finally:
            with self.lock:
                if forks == self.forks:
                    if self.depth == 1:
                        set(self.before)
                    self.depth -= 1

    def after_fork(self) -> None:
        """Lets go, in the child: also of the block around the fork, which does so no more when it ends."""
        self.forks += 1
        switch = blas_threads(self.user) if self.depth else None
        if switch is not None:
            switch[1](self.before)
        self.depth = 0


hold, hold_scipy = Hold(), Hold(SCIPY)


def in_turn(work: int) -> AbstractContextManager[None]:
    """Holds SciPy's BLAS for `work` multiplications, unless they are many.

    NumPy has a BLAS of its own. A thread of one that wakes while the other's has a core waits behind the calling
    thread, which waits for it: until the system's next turn, four milliseconds later.
    """
    return hold_scipy() if TINY_PRODUCT <= work < SMALL_PRODUCT else FREE


@cache
def pool() -> ThreadPoolExecutor:
    """The threads that help the calling one. A forked process has none of them, and starts its own."""
    return ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="autograd")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=hold.after_fork)
    os.register_at_fork(after_in_child=hold_scipy.after_fork)
    os.register_at_fork(after_in_child=pool.cache_clear)


submitting: set[int] = (
    set()
)  # threads inside `submit`, which holds a lock: a signal handler that computes can't enter it


class Share(Generic[T]):
    """A part of the work. The first thread that calls it does it, and no other."""

    def __init__(self, work: Callable[[slice], T], part: slice) -> None:
        self.work, self.parts = work, [part]
        self.done: Future[T] = Future()

    def __call__(self) -> None:
        try:
            part = self.parts.pop()
        except IndexError:
            return
        try:
            self.done.set_result(self.work(part))
        except BaseException as error:
            self.done.set_exception(error)


def shared(work: Callable[[slice], T], count: int, threads: int | None = None, short: bool = False) -> list[T]:
    """The results of `work` on as many slices of range(count) as there are threads, one of them the calling thread.

    `short` work multiplies no matrices, so BLAS is not held; and the calling thread does what no other has begun yet.
    The calling thread does it all if no other can be had: at the end of the interpreter, or beyond a limit of threads.
    """
    threads = min(count, hold.threads() if threads is None else threads)
    me = get_ident()
    if threads < 2 or me in submitting:
        return [work(slice(0, count))]
    first, *others = [Share(work, slice(count * i // threads, count * (i + 1) // threads)) for i in range(threads)]
    alone: list[Share[T]] = []
    with FREE if short else hold():
        for other in others:
            try:
                submitting.add(me)
                pool().submit(copy_context().run, other)  # with np.errstate, too
            except RuntimeError:
                alone.append(other)  # it may have been queued all the same
            finally:
                submitting.discard(me)
        try:
            for share in (first, *(others if short else alone)):
                share()
        finally:
            wait([share.done for share in others if share not in alone or not share.parts])
    results = []
    try:
        for share in (first, *others):
            results.append(share.done.result())
        return results
    finally:
        del first, others, alone, share  # an error refers to this frame: together they would keep the arrays


def over_images(work: Callable[[slice], T], x: Array, large: bool) -> list[T]:
    """`shared` over the images x. Small work, and that of other devices, is done in the calling thread."""
    return shared(work, len(x), None if large and namespace(x) is np else 1)
