"""Locks that survive a fork: a child process has none of the threads that held them."""

from __future__ import annotations

import os
from threading import RLock
from typing import Any
from weakref import WeakSet

__all__ = ["Lock", "drawers"]


class Lock(type(RLock())):  # type: ignore[misc]  # the class of all RLocks has no public name
    """A lock that its own thread may take again: a signal handler runs in the middle of a block of its thread.

    A forked process gets it free, unless the thread that forked holds it. A copy or a pickle is a new lock.
    """

    def __init__(self) -> None:
        living.add(self)

    def __reduce__(self) -> Any:
        return Lock, ()


living: WeakSet[Lock] = WeakSet()
drawers: WeakSet[Any] = WeakSet()  # what has a NumPy generator `rng`, in which there is a lock too


def free_after_fork() -> None:
    """Frees the locks that threads held which this process does not have."""
    generators = [x.rng for x in drawers if x.rng is not None]
    for lock in (*living, *[rng.bit_generator.lock for rng in generators]):
        if not lock._is_owned():
            lock._at_fork_reinit()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=free_after_fork)
