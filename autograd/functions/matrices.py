"""Numbers that describe a matrix, and matrices made of vectors, blocks and tensors.

x is a matrix, or a batch of them along leading axes where the shape (..., N, M) says so. Every function raises
TypeError for what is no array of real numbers, ValueError for shapes that do not fit.
"""

from __future__ import annotations

import math
from itertools import accumulate
from typing import Any

from autograd.algebra import Operand, as_array, reshape
from autograd.backend import namespace
from autograd.checks import flag, number, shown, whole
from autograd.functions.arithmetic import abs
from autograd.functions.joins import with_axes
from autograd.functions.linalg import inv, solve, svdvals
from autograd.functions.operands import axes_at, real, with_room
from autograd.functions.reduction import max, min, norm, sum
from autograd.functions.shape import concat, expand_dims, moveaxis, pad
from autograd.functions.statistics import settled
from autograd.names import speaking
from autograd.shapes import axes_of
from autograd.variable import Variable

__all__ = ["block_diag", "cond", "corrcoef", "cov", "matrix_norm", "tensorinv", "tensorsolve", "vander"]


def matrix_norm(x: Operand, ord: Any = "fro", keepdims: bool = False) -> Variable:
    """y = the norm of the matrices in the last two axes.   (..., N, M) -> (...)

    `ord="fro"` is the square root of the sum of squares (Frobenius), 1 the largest sum of |x| in a column, math.inf in
    a row, -1 and -math.inf the smallest ones. Of the singular values 2 is the largest, -2 the smallest, "nuc" the sum;
    where they repeat or are 0, these have a kink. Raises ValueError for another ord, or if x has fewer than two axes.
    """
    axes_at("matrix_norm", x, None)
    if x.ndim < 2:
        raise ValueError(f"matrix_norm takes matrices (..., N, M), not shape {x.shape}")
    if ord is None or (isinstance(ord, str) and ord == "fro"):
        return norm(x, 2, (-2, -1), keepdims)
    p = ord if isinstance(ord, str) else number("matrix_norm: ord", ord, finite=False)
    if p not in (1, -1, 2, -2, math.inf, -math.inf, "nuc"):
        raise ValueError(f"matrix_norm: ord must be 'fro', 'nuc', 1, -1, 2, -2, inf or -inf, not {ord!r:.40}")
    keepdims = flag("keepdims", keepdims)
    if not x.size and p in (1, 2, math.inf):
        return norm(x, 2, (-2, -1), keepdims)  # 0
    if p in (1, -1, math.inf, -math.inf):
        sums = sum(abs(x), -2 if p in (1, -1) else -1, True)
        return (max if p > 0 else min)(sums, (-2, -1), keepdims)
    y = (sum if p == "nuc" else max if p == 2 else min)(svdvals(x), -1)
    return expand_dims(y, (-2, -1)) if keepdims else y


def cond(x: Operand, ord: Any = 2) -> Variable:
    """y = |x| |x^-1|, the condition: by how much an error in b can grow in the solution of x y = b.

    (..., N, N) -> (...). `ord` is one of `matrix_norm`. With 2, as with None, it is the ratio of the largest singular
    value to the smallest; with -2 the inverse of that; x need not be square then.
    Raises ValueError for a singular matrix with another ord.
    """
    axes_at("cond", x, None)
    if ord is None or (not isinstance(ord, str) and number("cond: ord", ord, finite=False) in (2, -2)):
        s = svdvals(x)
        large, small = max(s, -1), min(s, -1)
        return small / large if ord == -2 else large / small
    return matrix_norm(x, ord) * matrix_norm(inv(x), ord)


def cov(x: Operand, ddof: float = 1) -> Variable:
    """y[i, j] = 1/(N - ddof) sum over n of (x[i, n] - mean_i) (x[j, n] - mean_j).   (D, N) -> (D, D)

    Of one row, and of a vector (N,), it is a number. A row is a variable, a column an observation, as in NumPy.
    Raises ValueError unless N > ddof.
    """
    x = real("cov", x)
    if x.ndim not in (1, 2):
        raise ValueError(f"cov takes observations (N,) of a number or (D, N) of D numbers, not shape {x.shape}")
    n = x.shape[-1] - number("cov: ddof", ddof)
    if n <= 0 or not x.size:
        raise ValueError(f"cov takes more than ddof = {ddof} observations, not shape {x.shape}")

    def covariance(x: Any) -> Any:
        d = x - settled(x.mean(axis=-1, keepdims=True), x, (x.ndim - 1,))
        return (d @ d.T if len(x) > 1 and x.ndim == 2 else (d * d).sum()) / n

    return with_room(covariance, x)


@speaking
def corrcoef(x: Operand) -> Variable:
    """y[i, j] = cov[i, j] / sqrt(cov[i, i] cov[j, j]), in [-1, 1].   (D, N) -> (D, D), (N,) -> ()

    Raises what `cov` raises; of a row without spread 0 / 0 is nan.
    """
    axes_at("corrcoef", x, None)

    def correlation(x: Any) -> Any:
        c = cov(x)
        if c.ndim == 0:
            return c / c
        spread = c.diagonal() ** 0.5
        return c / reshape(spread, (-1, 1)) / spread

    return with_room(correlation, x)


def vander(x: Operand, N: int | None = None, increasing: bool = False) -> Variable:
    """The powers of each number: y[..., i, j] = x[..., i]^(N - 1 - j), or x^j if `increasing`.

    (..., M) -> (..., M, N), and N is M by default. It is Vandermonde's matrix: times coefficients, it is
    a polynomial at each x.
    """
    x = real("vander", x)
    if not x.shape:
        raise ValueError("vander takes vectors (..., M), not a single number")
    N = x.shape[-1] if N is None else whole("vander: N", N, 0)
    powers = namespace(as_array(x)).arange(N)[:: 1 if flag("vander: increasing", increasing) else -1]
    return with_room(lambda x: expand_dims(x, -1) ** powers.astype(x.dtype), x)


def block_diag(*xs: Operand) -> Variable:
    """Matrices along the diagonal, and 0 elsewhere; a vector is a row.   (N, M) (K, L) -> (N + K, M + L)

    Raises ValueError without arrays, or if one has more than two axes.
    """
    blocks = [with_axes(real("block_diag", x), 2) for x in xs]
    if not blocks or any(x.ndim > 2 for x in blocks):
        raise ValueError(f"block_diag takes one matrix or more, not shapes {[x.shape for x in blocks]}")
    ends = [0, *accumulate([x.shape[1] for x in blocks])]
    return concat([pad(x, ((0, 0), (a, ends[-1] - b))) for x, a, b in zip(blocks, ends, ends[1:])], 0)


def tensorinv(x: Operand, ind: int = 2) -> Variable:
    """The inverse of x as a map of tensors: tensordot(tensorinv(x), b, ind) is the y of tensordot(x, y) = b.

    x's first `ind` axes have as many elements as the others: (6, 2, 3), ind 1 -> (2, 3, 6). Raises ValueError if not.
    """
    x, ind = real("tensorinv", x), whole("tensorinv: ind", ind)
    first, rest = x.shape[:ind], x.shape[ind:]
    if math.prod(first) != math.prod(rest):
        raise ValueError(f"tensorinv takes as many elements in the first {ind} axes as in the rest, not {x.shape}")
    return reshape(inv(reshape(x, (math.prod(first), math.prod(rest)))), rest + first)


def tensorsolve(x: Operand, b: Operand, axes: Any = None) -> Variable:
    """y with tensordot(x, y, y.ndim) = b.   x (2, 3, 6), b (2, 3) -> (6,)

    `axes` of x are moved to its end first. Raises ValueError if the sizes do not fit or the map is singular.
    """
    x, b = real("tensorsolve", x), real("tensorsolve", b)
    if axes is not None:
        moved = axes_of(x.shape, tuple(axes) if isinstance(axes, (tuple, list)) else axes)
        x = moveaxis(x, moved, tuple(range(x.ndim - len(moved), x.ndim)))
    rest = x.shape[b.ndim :]
    if math.prod(x.shape[: b.ndim]) != b.size or math.prod(rest) != b.size:
        raise ValueError(f"tensorsolve takes as many unknowns as equations, not {shown(x.shape)} with b {b.shape}")
    return reshape(solve(reshape(x, (b.size, b.size)), reshape(b, (b.size,))), rest)
