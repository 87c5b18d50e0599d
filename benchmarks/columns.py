"""The columns of the table: what makes the work of one side of a row. Raises Missing, with the reason, where it can't.

Each runs in a process of its own, and imports there what it needs.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import numpy as np
from rows import Row, Work

import autograd

__all__ = ["COLUMNS", "Missing", "arrays", "prepare"]

SETTINGS = ExitStack()  # entered for the life of the process


class Missing(Exception):
    """There is no such number, and why."""


def compiled_kernels() -> Any:
    """The module of the extra `fast`, or None: the only place here that knows of it."""
    try:
        return importlib.import_module("autograd.kernels.compiled")
    except ImportError:
        return None


def plain(row: Row, data: Any) -> Work:
    kernels = compiled_kernels()
    if kernels:
        SETTINGS.enter_context(kernels.fast(False))
    return row.ours(*data)


def fast(row: Row, data: Any) -> Work:
    kernels = compiled_kernels()
    if not kernels or not kernels.usable():
        raise Missing("the extra `fast` is not installed")
    return row.ours(*data)


def captured(row: Row, data: Any) -> Work:
    if not hasattr(autograd, "capture"):
        raise Missing("this version has no `capture`")
    work = row.ours(*data)
    return Work(autograd.capture(work.step), work.args, work.state)


def torch(row: Row, data: Any) -> Work:
    module("torch").set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    return row.theirs(*data)


def compiled(row: Row, data: Any) -> Work:
    """The whole step, so that PyTorch compiles forward, backward and update as far as it can."""
    work = torch(row, data)
    return Work(module("torch").compile(work.step), work.args, work.state)


def jax(row: Row, data: Any) -> Work:
    if row.jax is None:
        raise Missing("the row is not written for JAX")
    jax = module("jax")
    jax.config.update("jax_enable_x64", True)  # for rows of float64; others stay float32
    work = row.jax(*data)
    return Work(lambda *args: jax.block_until_ready(work.step(*args)), work.args, work.state)


COLUMNS: dict[str, Callable[[Row, Any], Work]] = {
    "plain": plain,
    "fast": fast,
    "captured": captured,
    "torch": torch,
    "compile": compiled,
    "jax": jax,
}


def module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise Missing(f"{name} is not installed") from None


def prepare(column: str, row: Row) -> Work:
    """The work of a column, from the data that every column draws alike."""
    autograd.seed(0)
    return COLUMNS[column](row, row.data(np.random.default_rng(0)))


def arrays(x: Any) -> list[np.ndarray]:
    """NumPy's arrays of what a step returned: Variables, tensors, JAX's arrays, numbers, lists of them."""
    if x is None:
        return []
    if isinstance(x, (list, tuple)):
        return [a for part in x for a in arrays(part)]
    if hasattr(x, "detach"):
        return [x.detach().numpy().copy()]
    return [np.array(x.data if type(x).__module__.startswith("autograd.") else x)]
