"""Compiled ways, the optional extra `fast`: where numba is installed, large float32 arrays take one pass each.

    pip install 'define-by-run[fast]'

NumPy makes a pass over memory for each operator of a formula. A compiled loop (`loops/`) makes one for all, with
an exponential of its own, and threads share it as they share the products (`threads.py`). Each is one more way of a
kernel, beside its plain twin in one line, `@kernel(each("elementwise.silu"))`. It fits float32 arrays of NumPy with at
least LEAST numbers, in one piece of memory. Anything else, and everything where numba is missing, is computed plainly.

The results are those of the plain twin but for rounding, in nan, infinities and the sign of zero too. They do not
depend on the number of threads, unless they are sums. A plain way may warn of what it meets, where a loop is silent.

What it costs: 0.3 s in a process that meets its first large array, for numba and its compiler. On a machine, or after
an update, each loop takes about a second at its first use; then it lies in ~/.cache/autograd ($XDG_CACHE_HOME), if that
can be written, and a line in the log says so. `with fast(False):` computes plainly, `fast()` insists on numba.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

from autograd.backend import Array
from autograd.checks import flag
from autograd.kernels.threads import shared
from autograd.kernels.ways import Way

__all__ = ["SINGLE", "Compiled", "each", "fast", "loop", "over", "single", "usable"]

LEAST = 1 << 12  # numbers for which a compiled loop pays
MANY = 1 << 19  # numbers for which a second thread pays
SINGLE = np.dtype(np.float32)
allowed: ContextVar[bool] = ContextVar("fast", default=True)


@cache
def installed() -> bool:
    """Is numba there? It is not imported for that."""
    return find_spec("numba") is not None


def usable() -> bool:
    """May compiled loops be used here?"""
    return allowed.get() and installed()


def fast(on: bool = True) -> AbstractContextManager[None]:
    """Large float32 arrays are computed by compiled loops inside, or with False by NumPy alone: a block or a decorator.

    Where numba is installed, loops are used without being asked for. Other threads are not inside.
    Raises RuntimeError if numba is missing, unless `on` is False, and TypeError if `on` is not True or False.
    """
    if flag("fast: on", on) and not installed():
        raise RuntimeError("compiled kernels need numba: pip install 'define-by-run[fast]'")
    return allowing(on)


@contextmanager
def allowing(on: bool) -> Iterator[None]:
    """Sets `allowed` for a block, in this thread or task."""
    token = allowed.set(on)
    try:
        yield
    finally:
        allowed.reset(token)


@cache
def loop(name: str) -> Callable[..., Any]:
    """The compiled loop of this name, "elementwise.silu"; numba is imported with the first one."""
    file, _, function = name.partition(".")
    return getattr(import_module(f"autograd.kernels.loops.{file}"), function)  # type: ignore[no-any-return]


def single(*xs: Any) -> bool:
    """Are these arrays for compiled loops: of float32 and one shape, large, the last in one piece of memory?"""
    x = xs[-1]
    if x.size < LEAST or not usable():
        return False
    for y in xs:
        if type(y) is not np.ndarray or y.dtype is not SINGLE or y.shape != x.shape:
            return False
    return bool(x.flags.c_contiguous)


class Compiled(Way[..., Any]):
    """A way by a compiled loop."""


def each(name: str, n: int = 9) -> Compiled:
    """The way by a loop that goes number by number: y[i] = f(x[i], ...), from the first n arguments."""

    def compute(*xs: Array) -> Array:
        y = np.empty(xs[-1].shape, SINGLE)
        over(loop(name), y.size, *[np.ascontiguousarray(x).reshape(-1) for x in xs[:n]], y.reshape(-1))
        return y

    compute.__name__ = compute.__qualname__ = name
    return Compiled(compute, single)


def over(work: Callable[..., Any], size: int, *xs: Array) -> None:
    """work(*xs), with the first axis of the arrays, which hold `size` numbers each, shared between threads."""
    if size < MANY:
        work(*xs)
    else:
        shared(lambda part: work(*[x[part] for x in xs]), len(xs[0]))
