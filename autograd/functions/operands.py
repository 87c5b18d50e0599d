"""What a function takes: the checks of its operands, and the dtypes in which it computes and answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from numbers import Number
from typing import Any

import numpy as np

from autograd.algebra import Operand, as_array, astype, operand
from autograd.backend import Array, as_numbers, by_numpy, namespace, to_numpy
from autograd.bfloat16 import finfo, is_bfloat16, is_half, kind_of, promoted
from autograd.checks import shown
from autograd.config import mode
from autograd.function import Function
from autograd.kernels.rows import below
from autograd.shapes import Axis, Shape, axes_of
from autograd.variable import Variable

__all__ = [
    "LABEL",
    "axes_at",
    "channels_behind",
    "below",
    "check_elementwise",
    "differentiable",
    "finite_size",
    "in_single",
    "operand",
    "real",
    "rounded",
    "steps_within",
    "summable",
    "summable_together",
    "with_room",
    "within_range",
]

VOID = np.dtype("V0")
KINDS = frozenset("fiub")  # of dtypes of numbers
LABEL = -(2**63), 2**63 - 1  # the range of integers
HALVES = frozenset({"e", "E"})  # the characters of float16 and bfloat16
ROOMY = frozenset({np.dtype(np.float32), np.dtype(np.float64)})


def check_elementwise(name: str, *xs: Operand) -> None:
    """Raises TypeError unless `xs` are Variables, arrays of numbers, and numbers.

    Python's operators would join or repeat a list; NumPy would ask each element of an array of objects.
    """
    for x in xs:
        dtype = getattr(x, "dtype", None)
        if dtype is None and not isinstance(x, Number):
            raise TypeError(f"{name} takes Variables, arrays and numbers, not {type(x).__name__}: {shown(x)}")
        if dtype is not None and dtype.kind not in KINDS and kind_of(dtype) != "f":
            raise TypeError(f"{name} takes arrays of numbers, not {dtype}: {shown(x)}")


def channels_behind(shape: Shape, C: int) -> str:
    """The end of a message on images (N, H, W, C) in the place of (N, C, H, W); empty for others."""
    if len(shape) < 3 or shape[-1] != C or shape[1] == C:
        return ""
    return f": channels are the second axis, x.transpose{0, len(shape) - 1, *range(1, len(shape) - 1)}"


def differentiable(x: Operand) -> bool:
    """May a derivative in x be asked for? Not in an array, in what is frozen, or under `no_grad()`."""
    return isinstance(x, Variable) and not x.frozen and mode.get().recording


def real(name: str, x: Operand) -> Any:
    """x, a Variable or an array of real numbers. Raises TypeError for anything else."""
    x = operand(name, x)
    if x.dtype.kind == "c":
        raise TypeError(f"{name} takes real numbers, not {x.dtype}: give z.real and z.imag (docs/complex.md)")
    return x


def axes_at(name: str, x: Operand, axis: Axis, empty: bool = True) -> Shape:
    """The axes of x that `axis` names, counted from 0, for the function `name`.

    Raises TypeError if x has no shape, and ValueError for an axis out of range. Without `empty`, raises ValueError also
    if there are no elements along the axes.
    """
    if getattr(getattr(x, "dtype", None), "kind", "") not in KINDS and kind_of(getattr(x, "dtype", VOID)) != "f":
        found = x.dtype if hasattr(x, "dtype") else type(x).__name__
        raise TypeError(f"{name} takes a Variable or an array, not {found}: {shown(x)}")
    axes = axes_of(x.shape, axis)
    if not empty and 0 in [x.shape[a] for a in axes]:
        raise ValueError(f"{name} takes at least one element over axis {shown(axis)}, not shape {x.shape}")
    return axes


def summable(x: Operand) -> Any:
    """`x` in a dtype with room for sums: of 16 bits as float32, float16 ends at 65504; integers as float64."""
    if x.dtype.kind in "biu":
        return astype(x, np.float64)
    return astype(x, np.float32) if is_half(x.dtype) else x


def finite_size(*xs: Any) -> Any:
    """The largest |x| of some arrays, element by element, as far as it is finite: a constant that keeps squares small.

    Of the numbers x / size no square overflows, and not all squares vanish.
    """
    xp = namespace(*xs)
    size = xp.abs(xs[0])
    for x in xs[1:]:
        size = xp.maximum(size, xp.abs(x))
    return xp.minimum(size, finfo(size.dtype).max)


def within_range(squares: Array) -> bool:
    """Is no sum of squares infinite, and none so small that it has lost digits?"""
    limits = finfo(squares.dtype)
    return not squares.size or bool(squares.min() >= limits.tiny / limits.eps and squares.max() <= limits.max)


def common_dtype(*xs: Operand) -> Any:
    """The dtype of the floating-point Variables among `xs`; of all, if there are none."""
    dtypes = [x.dtype for x in xs if isinstance(x, Variable) and kind_of(x.dtype) == "f"]
    return promoted(*dtypes or [x.dtype for x in xs if hasattr(x, "dtype")])


def summable_together(*xs: Operand) -> list[Any]:
    """`xs`, each with room for sums, in their common dtype."""
    ys = [summable(x) for x in xs]
    dtypes = {y.dtype for y in ys}
    return ys if len(dtypes) == 1 else [astype(y, common_dtype(*ys)) for y in ys]


def with_room(f: Callable[..., Any], *xs: Operand) -> Any:
    """f(*xs), computed with room: numbers of 16 bits in float32 and rounded at the end, integers in float64.

    A single Function does so with bfloat16 by itself, and its graph keeps half of the bytes. But where its backward
    reads the outputs, it has to have them unrounded: of y = 1 nothing is left in y (1 - y).
    """
    for x in xs:
        if getattr(x, "dtype", None) not in ROOMY:
            break
    else:
        return f(*xs)
    if by_itself(f, xs) and not f.keeps_outputs:  # type: ignore[attr-defined]
        return f(*xs)
    return rounded(f(*[summable(x) if hasattr(x, "dtype") else x for x in xs]), *xs)


def in_single(f: Callable[..., Any], *xs: Operand) -> Any:
    """f(*xs), of numbers of 16 bits computed in float32 and rounded at the end; of others as it is."""
    for x in xs:
        if getattr(getattr(x, "dtype", None), "char", None) in HALVES:
            break
    else:
        return f(*xs)
    if by_itself(f, xs):
        return f(*xs)
    return rounded(f(*[summable(x) if hasattr(x, "dtype") and is_half(x.dtype) else x for x in xs]), *xs)


def by_itself(f: Callable[..., Any], xs: Sequence[Operand]) -> bool:
    """Does f compute these in float32 without being told? So does every Function of bfloat16."""
    return isinstance(f, Function) and all(is_bfloat16(x.dtype) for x in xs if hasattr(x, "dtype"))


def rounded(y: Any, *xs: Operand) -> Any:
    """`y`, or each of a tuple, in the common dtype of `xs`; unchanged if that is an integer type."""
    if isinstance(y, tuple):
        return tuple([rounded(part, *xs) for part in y])
    dtypes = {x.dtype for x in xs if hasattr(x, "dtype")}
    if not dtypes or dtypes == {y.dtype}:
        return y
    dtype = common_dtype(*xs)
    return astype(y, dtype) if kind_of(dtype) == "f" else y


def steps_within(name: str, lengths: Any, x: Operand) -> Array | None:
    """(N, T), true for the steps that each sequence of x (N, T, ...) has; None if all have all.

    `name` is the function and the argument. Raises TypeError unless `lengths` are whole numbers, ValueError unless they
    are N numbers in 0 .. T.
    """
    try:
        n = as_numbers(as_array(lengths))
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name} must be whole numbers, not {shown(lengths)}") from error
    n = n if by_numpy(n) else to_numpy(n)
    if n.dtype.kind not in "iu":
        raise TypeError(f"{name} must be whole numbers, not {n.dtype}: {shown(lengths)}")
    if x.ndim < 3:
        raise ValueError(f"{name} must be None for one step x {x.shape}: sequences are (N, T, I)")
    N, T = x.shape[:2]
    if n.shape != (N,) or (N and not 0 <= n.min() <= n.max() <= T):
        raise ValueError(f"{name} must be {N} numbers in 0 .. {T}, not {shown(lengths)}")
    return None if (n == T).all() else namespace(as_array(x)).asarray(namespace(n).arange(T) < n[:, None])
