"""The threads of OpenBLAS, which multiplies NumPy's and SciPy's matrices: how many there are, and how long they wait.

They look for more work for a tenth of a second after each product, on the cores that our own threads and the other
library's need. To wake them costs a product 10 to 20 microseconds. So `import autograd` has them sleep at once, unless
the user has set OPENBLAS_THREAD_TIMEOUT. A library that is loaded later finds the variable in the environment. One that
is loaded already starts its threads anew, as it does after a fork, but only if this thread is the only one: a product
in another would wait for ever for the threads that ended. (A notebook has several: import autograd before NumPy there.)
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable
from functools import cache
from importlib import import_module
from threading import active_count

__all__ = ["NUMPY", "SCIPY", "blas_threads", "library"]

NUMPY, SCIPY = "numpy.linalg._umath_linalg", "scipy.linalg._flapack"  # modules that call a BLAS, each its own
TIMEOUT, WAIT = "OPENBLAS_THREAD_TIMEOUT", "14"  # 2^14 cycles of the processor's clock, six microseconds
SWITCHES = "openblas_read_env", "blas_thread_shutdown_", "blas_thread_init"  # reads the variable, ends, starts


def library(user: str) -> ctypes.CDLL | None:
    """The libraries that this module uses, in which symbols are looked up; None if it is not loaded."""
    try:
        return ctypes.CDLL(sys.modules[user].__file__)
    except (AttributeError, KeyError, OSError):
        return None


@cache
def blas_threads(user: str = NUMPY) -> tuple[Callable[[], int], Callable[[int], None]] | None:
    """The functions that get and set the number of threads of the BLAS of this module; None if they are not known."""
    try:
        import_module(user)
    except ImportError:
        return None
    found = library(user)
    for name in ("scipy_openblas_{}64_", "scipy_openblas_{}", "openblas_{}64_", "openblas_{}"):
        if hasattr(found, name.format("set_num_threads")):
            return getattr(found, name.format("get_num_threads")), getattr(found, name.format("set_num_threads"))
    return None


def sleep_at_once() -> None:
    """Sets the time that the threads wait. Loaded libraries keep theirs if there is another thread."""
    if TIMEOUT in os.environ:
        return
    os.environ[TIMEOUT] = WAIT
    if active_count() == len(sys._current_frames()) == 1:
        for blas in (library(NUMPY), library(SCIPY)):
            if all(hasattr(blas, name) for name in SWITCHES):
                for name in SWITCHES:
                    getattr(blas, name)()


sleep_at_once()
