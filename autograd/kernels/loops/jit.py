"""The decorators of the loops. What numba makes of them is kept on disk, in a folder for this text of the loops."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

__all__ = ["inlined", "loop", "summing"]

try:
    numba: Any = import_module("numba")
except ImportError:  # the loops are then those of Python: right, and slow
    numba = None

EXACT = {"contract"}  # a * b + c may be rounded once
FREE = {"contract", "reassoc"}  # and a sum may be taken in another order, or it would go number by number


def loop(function: Callable[..., Any]) -> Callable[..., Any]:
    """A loop in which each number goes its own way."""
    return compiled(function, EXACT)


def summing(function: Callable[..., Any]) -> Callable[..., Any]:
    """A loop with sums, which are taken in several parts at once."""
    return compiled(function, FREE)


def inlined(function: Callable[..., Any]) -> Callable[..., Any]:
    """A formula that loops call, for one number."""
    return function if numba is None else numba.njit(fastmath=EXACT, error_model="numpy")(function)


def compiled(function: Callable[..., Any], fastmath: set[str]) -> Callable[..., Any]:
    """The function, which is compiled at its first call, or found on disk. If no folder can be written, it is not kept.

    numba looks for the folder while it decorates. Its setting, which is the user's, is as before afterwards.
    """
    if numba is None:
        return function
    options: Any = {"fastmath": fastmath, "error_model": "numpy", "nogil": True}
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = before or str(folder())
    try:
        return numba.njit(cache=True, **options)(function)
    except (OSError, RuntimeError):
        return numba.njit(**options)(function)
    finally:
        numba.config.CACHE_DIR = before


@cache
def folder() -> Path:
    """Where the compiled loops lie: $XDG_CACHE_HOME/autograd/loops-..., else ~/.cache/autograd/loops-...

    The name has a digest of all loops in it, because numba looks for changes only in the file of a loop itself.
    """
    shared = os.environ.get("XDG_CACHE_HOME", "")
    text = b"".join([path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py"))])
    base = Path(shared) if os.path.isabs(shared) else Path(os.path.expanduser("~")) / ".cache"
    found = base / "autograd" / f"loops-{hashlib.sha256(text).hexdigest()[:12]}"
    if not found.exists():
        logging.getLogger("autograd").warning(
            "compiled kernels are new here: each takes about a second at its first use, and is kept in %s", found
        )
    return found
