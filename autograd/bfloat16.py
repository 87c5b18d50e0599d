"""bfloat16: the upper half of a float32. It has the range of one, and 3 digits in place of 7.

    float32   s eeeeeeee fffffffffffffffffffffff        1.2e-38 .. 3.4e38, a step of 2^-23 behind 1
    bfloat16  s eeeeeeee fffffff                        the same range,    a step of 2^-7
    float16   s eeeee ffffffffff                        6.1e-5 .. 65504,   a step of 2^-10

NumPy has it from ml_dtypes, as a dtype of kind "V": `kind_of` says "f". Its own formulas would round every sum.
*A function of bfloat16 numbers computes in float32, and what it returns is rounded*, as in PyTorch on a CPU:

    bfloat16 inputs -> widened -> forward -> float32 -> rounded -> bfloat16 outputs
       kept as they are                                              kept as they are
    bfloat16 gradients <- cast by the engine <- backward <- widened, as is what was kept

So no function knows of it, and a graph keeps half of the bytes. Beside float32 or float64 the result is not rounded.
One that says `widens = False` gets the numbers as they are: products of matrices, which a GPU computes in 16 bits.
Where its inputs have to be alike and are not, it is a function like others.
Until the first number of bfloat16 comes in at a door (`seen`), no function looks for one.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np

__all__ = [
    "FLOATS", "dtype_from", "finfo", "is_bfloat16", "is_half", "kind_of", "number_of", "promoted", "run", "seen",
    "single", "widened",
]  # fmt: skip

NAME = "bfloat16"
FLOATS = "fV"  # the kinds of floating-point Variables: of kind "V" they can only be bfloat16
OTHER = np.dtype(bool)
seen = False  # was there a number of bfloat16?


def is_bfloat16(dtype: Any) -> bool:
    return getattr(dtype, "char", "") == "E" and dtype.itemsize == 2  # "E" is uint1 too


def is_half(dtype: Any) -> bool:
    """Is it a floating-point number of 16 bits, whose sums are computed in float32?"""
    return dtype.itemsize == 2 and dtype.char in "eE"


def kind_of(dtype: Any) -> str:
    """`dtype.kind`, and "f" for bfloat16. This is the door: from the first one on, functions look for them.

    The dtypes of other libraries have no kind: "O", as objects.
    """
    global seen
    kind: str = getattr(dtype, "kind", "O")
    if kind == "V" and is_bfloat16(dtype):
        seen = True
        return "f"
    return kind


def dtype_from(dtype: Any) -> np.dtype[Any] | None:
    """`dtype` as NumPy's object; None for what is no dtype, None too.

    Raises RuntimeError for "bfloat16" without ml_dtypes.
    """
    if isinstance(dtype, str) and dtype == NAME:
        try:
            return np.dtype(import_module("ml_dtypes").bfloat16)
        except ImportError as error:
            raise RuntimeError("bfloat16 needs ml_dtypes: pip install 'define-by-run[half]'") from error
    try:
        return None if dtype is None else np.dtype(dtype)
    except Exception:  # NumPy asks what it is given, which may answer with anything
        return None


def finfo(dtype: Any) -> Any:
    """The limits of a floating-point dtype. NumPy's own refuses bfloat16."""
    return import_module("ml_dtypes").finfo(dtype) if is_bfloat16(np.dtype(dtype)) else np.finfo(dtype)


def promoted(*dtypes: Any) -> Any:
    """The dtype of what is computed from these. Beside another floating-point type, bfloat16 counts as float32."""
    if any(map(is_bfloat16, dtypes)):
        floats = {dtype for dtype in dtypes if kind_of(dtype) == "f"}
        if len(floats) == 1:
            return floats.pop()
        dtypes = tuple([np.dtype(np.float32) if is_bfloat16(dtype) else dtype for dtype in floats])
    return np.result_type(*dtypes)


def number_of(dtype: Any, x: Any) -> Any:
    """The number x in `dtype`. Beside bfloat16 it stays a number of Python, which is not rounded before it is used."""
    return float(x) if is_bfloat16(dtype) else dtype.type(x)


def is_narrow(x: Any) -> bool:
    """Is it an array of bfloat16, or a number? What stands for an array that is gone is none."""
    dtype = getattr(x, "dtype", None)
    return dtype is not None and dtype.kind == "V" and is_bfloat16(dtype) and not hasattr(type(x), "refuse")


def widened(xs: Sequence[Any]) -> Sequence[Any]:
    """`xs`, those of bfloat16 in float32; the same object if there are none."""
    for x in xs:
        if getattr(x, "dtype", OTHER).kind == "V":
            return type(xs)([single(x) for x in xs])  # type: ignore[call-arg]
    return xs


def single(x: Any) -> Any:
    """x in float32 if it is an array of bfloat16, or a number; anything else as it is."""
    return x.astype(np.float32) if is_narrow(x) else x


def run(f: Any, arrays: list[Any], watcher: Any) -> Any:
    """What `f.forward` gives on these arrays: in float32 where they are bfloat16, rounded if all others are too."""
    mixed = f.alike is not None and len({getattr(x, "dtype", None) for x in arrays}) > 1
    wide = widened(arrays) if f.widens or mixed else arrays
    ys = f.forward(*wide) if watcher is None else watcher.forward(f, wide)
    if wide is arrays or any(getattr(getattr(x, "dtype", None), "kind", "") == "f" for x in arrays):
        return ys
    dtype = next(x.dtype for x in arrays if is_narrow(x))
    return tuple([narrowed(y, dtype) for y in ys]) if isinstance(ys, tuple) else narrowed(ys, dtype)


def narrowed(y: Any, dtype: Any) -> Any:
    """`y` rounded to `dtype`, bfloat16, if it is of floating-point numbers."""
    return y.astype(dtype) if getattr(getattr(y, "dtype", None), "kind", "") == "f" else y
