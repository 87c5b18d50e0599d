"""Does a function or an object hold a generator of random numbers, at any depth? Worker processes would copy it.

The search goes where Python's garbage collector goes: attributes, slots, lists, dicts, what a method is bound to. Of a
function, and of the methods of an object's class, it takes what the code reaches by itself: its closure, its defaults,
and the globals that it loads. Libraries are not searched, so a draw of theirs, such as torch.rand, is not found.
"""

from __future__ import annotations

import contextlib
import dis
import gc
import random
import sysconfig
from collections.abc import Iterator
from itertools import islice
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

__all__ = ["has_generator"]

GENERATORS = (np.random.Generator, np.random.BitGenerator, np.random.RandomState, random.Random)
OPAQUE = (np.ndarray, np.generic, str, bytes, int, float, complex, type(None), ModuleType, type, CodeType)
LIBRARIES = tuple([sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")])
MOST = 10_000  # objects that are looked at
SOME = 1_000  # elements of a long list


def has_generator(*given: Any) -> bool:
    """Can one of these be used to reach a generator of its own?"""
    seen: dict[int, Any] = {}
    ahead = [*given]
    while ahead and len(seen) < MOST:
        x = ahead.pop()
        if isinstance(x, GENERATORS):
            return True
        if id(x) not in seen and not isinstance(x, OPAQUE):
            seen[id(x)] = x
            ahead += reached(x)
    return False


def reached(x: Any) -> Iterator[Any]:
    """What x refers to."""
    if isinstance(x, FunctionType):
        yield from of_code(x, x.__code__)
        for cell in x.__closure__ or ():
            with contextlib.suppress(ValueError):  # it is still empty
                yield cell.cell_contents
        yield from (x.__defaults__ or ())
        yield from (x.__kwdefaults__ or {}).values()
        return
    if isinstance(x, (list, tuple, set, frozenset)):
        yield from islice(x, SOME)
        return
    if isinstance(x, dict):
        yield from islice(x.values(), SOME)
        return
    yield from gc.get_referents(x)
    yield getattr(x, "__self__", None)
    for cls in type(x).__mro__:
        yield from [method for method in vars(cls).values() if isinstance(method, FunctionType)]


def of_code(f: FunctionType, code: CodeType) -> Iterator[Any]:
    """The globals that the code of a function loads, and that of functions within it."""
    if code.co_filename.startswith(LIBRARIES) or f.__globals__.get("__name__", "").startswith("autograd."):
        return
    for name in {i.argval for i in dis.get_instructions(code) if i.opname == "LOAD_GLOBAL"}:
        yield f.__globals__.get(name)
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from of_code(f, inner)
