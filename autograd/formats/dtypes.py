"""Numbers from bytes, in the types that files have and NumPy may lack."""

from __future__ import annotations

import re
import sys
from typing import Any

import numpy as np

from autograd.bfloat16 import dtype_from

__all__ = ["BFLOAT16", "dtype_of_descr", "itemsize", "known", "numbers_of", "tested"]

BFLOAT16 = "bfloat16"  # the upper half of a float32; all other types are named as in NumPy
OF_NPY = "<V2"  # how NumPy describes bfloat16 in a .npy; two bytes of anything are "|V2"
KIND = re.compile(r"[<>|=][?biufcSUVmM]\d+(\[[^\[\]]*\])?")  # how NumPy describes a dtype


def itemsize(dtype: str) -> int:
    """The bytes of a number in a file."""
    return np.dtype("u2" if dtype == BFLOAT16 else dtype).itemsize


def numbers_of(content: Any, dtype: str, order: Any = "<", native: bool = False) -> Any:
    """The numbers in these bytes, in the machine's byte order. bfloat16 becomes float32, unless it is to stay."""
    if dtype == BFLOAT16:
        halves = np.frombuffer(content, order + "u2")
        if native:
            return halves.astype(np.uint16).view(dtype_from(BFLOAT16))
        bits = halves.astype(np.uint32)
        bits <<= 16
        return bits.view(np.float32)
    here = np.dtype(dtype)
    return tested(np.frombuffer(content, here.newbyteorder(order)).astype(here, copy=False))


def tested(x: Any) -> Any:
    """The array itself. Raises ValueError for a boolean that is neither 0 nor 1, and a sign that is not in Unicode."""
    for name in x.dtype.names or ():
        tested(x[name])
    if x.dtype.kind == "b" and x.size and x.view(np.uint8).max() > 1:
        raise ValueError("the bytes of booleans must be 0 or 1")
    if x.dtype.kind == "U" and x.size:
        signs = np.ascontiguousarray(x).reshape(-1).view(np.dtype(np.uint32).newbyteorder(x.dtype.byteorder))
        if signs.max() > sys.maxunicode:
            raise ValueError(f"a sign of a text must be at most {sys.maxunicode}, not {signs.max()}")
    return x


def known(descr: Any) -> None:
    """Raises ValueError for a description of a dtype that is not one of plain numbers, text, bytes or dates."""
    if isinstance(descr, list):
        for _, inner, *_ in descr:
            known(inner)
    elif isinstance(descr, tuple):
        known(descr[0])
    elif descr == "|O":
        raise ValueError("it holds Python objects in a pickle, which is never loaded: allow_pickle=False")
    elif not isinstance(descr, str) or not KIND.fullmatch(descr) or re.fullmatch(r"\D+0+", descr):  # of no bytes
        raise ValueError(f"an array must have a dtype such as '<f4', not {descr!r:.40}")


def dtype_of_descr(descr: Any) -> np.dtype[Any]:
    """The dtype that is described so in a `.npy`. Raises ValueError for one that is not plain."""
    known(descr)
    found = dtype_from(BFLOAT16) if descr == OF_NPY else np.lib.format.descr_to_dtype(descr)
    return found  # type: ignore[return-value]
