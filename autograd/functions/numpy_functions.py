"""NumPy's functions on Variables: `np.exp(x)`, `np.concatenate([x, y])`, `np.argmax(x)`.

Each function of NumPy that takes arrays is in one of three classes:
- `TWINS`: it has a derivative here, and gives a Variable.
- `PLAIN`: it has none, as a comparison or an index, and gives what NumPy gives for the arrays.
- All others raise TypeError, which names what to use (`INSTEAD`), or `x.data` for a result without a gradient. Under
  `no_grad()` they give what NumPy gives for the arrays.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import cache, reduce
from numbers import Real
from typing import Any

import numpy as np

from autograd import algebra
from autograd.algebra import FloorDiv, Mod, Operand, as_array, astype, reshape, stacked, transpose
from autograd.backend import is_array, namespace
from autograd.checks import shown
from autograd.config import mode
from autograd.constants import holds, is_sparse
from autograd.function import Tracked
from autograd.functions import (
    arithmetic,
    cumulative,
    differences,
    elementwise,
    fourier,
    joins,
    linalg,
    matrices,
    pairs,
    reduction,
    rounding,
    shape,
    sorting,
    special,
    triangles,
)
from autograd.functions import indices as by_index
from autograd.functions.linear import einsum, outer, tensordot
from autograd.functions.operands import in_single, with_room
from autograd.names import in_own_name
from autograd.shapes import axes_of

__all__ = ["INSTEAD", "PLAIN", "TWINS", "call_function", "call_ufunc", "opened"]


def of(*xs: Operand) -> Any:
    """The operand, with lists that hold Variables stacked."""
    xs = tuple([float(x) if isinstance(x, Real) and not isinstance(x, np.generic) else x for x in xs])
    found = [stacked(x) if isinstance(x, (list, tuple)) else algebra.operand("NumPy's function", x) for x in xs]
    return found[0] if len(found) == 1 else found


def dot(a: Operand, b: Operand) -> Any:
    if is_sparse(a) or is_sparse(b):
        return algebra.matmul(a, b)
    if isinstance(a, Real) or isinstance(b, Real):
        return algebra.Mul()(a, b)  # a number goes with the arrays of any device
    a, b = of(a, b)
    if not a.ndim or not b.ndim:
        return a * b
    if max(a.ndim, b.ndim) < 3:
        return algebra.matmul(a, b)
    return tensordot(a, b, ([a.ndim - 1], [max(b.ndim - 2, 0)]))


def inner(a: Operand, b: Operand) -> Any:
    a, b = of(a, b)
    return a * b if not a.ndim or not b.ndim else tensordot(a, b, ([a.ndim - 1], [b.ndim - 1]))


def outer_of_all(a: Operand, b: Operand) -> Any:
    return outer(reshape(of(a), -1), reshape(of(b), -1))


def vecdot(x1: Operand, x2: Operand, axis: int = -1) -> Any:
    return reduction.sum(algebra.Mul()(x1, x2), axis)


def cumulative_sum(x: Operand, axis: int | None = None) -> Any:
    if axis is None and x.ndim > 1:
        raise ValueError("cumulative_sum takes an axis for more than one axis")
    return reduction.cumsum(x, axis)


def average(a: Operand, axis: Any = None, weights: Operand = None, *, keepdims: bool = False) -> Any:
    if weights is None:
        return reduction.mean(a, axis, keepdims)
    a, weights = of(a, weights)
    if a.shape != weights.shape:
        (k,) = axes_of(a.shape, axis)
        weights = reshape(weights, tuple([n if i == k else 1 for i, n in enumerate(a.shape)]))
        weights = shape.broadcast_to(weights, a.shape)

    def weighted(a: Operand, weights: Operand) -> Any:
        return reduction.sum(algebra.Mul()(a, weights), axis, keepdims) / reduction.sum(weights, axis, keepdims)

    return in_single(weighted, a, weights)


def norm(x: Operand, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    axes = axes_of(x.shape, axis)
    if ord is None or (len(axes) == 2 and ord == "fro"):
        return reduction.norm(x, 2, axes, keepdims)
    if len(axes) == 1:
        return reduction.norm(x, ord, axes, keepdims)
    if len(axes) != 2:
        raise ValueError(f"np.linalg.norm takes no ord={ord!r} for {len(axes)} axes: use F.norm or x.data")
    y = matrices.matrix_norm(shape.moveaxis(x, axes, (-2, -1)), ord)
    return shape.expand_dims(y, axes) if keepdims else y


def std_or_var(f: Any) -> Any:
    def compute(a: Operand, axis: Any = None, ddof: float = 0, keepdims: bool = False, *, correction: float = 0) -> Any:
        return f(a, axis, keepdims, ddof or correction)

    return compute


def take(a: Operand, indices: Any, axis: int | None = None) -> Any:
    return by_index.take(a, indices, axis)


def take_along_axis(arr: Operand, indices: Any, axis: int | None = -1) -> Any:
    return by_index.take_along_axis(arr, indices, axis)


def at_least(n: int) -> Any:
    def compute(*arys: Operand) -> Any:
        xs = [joins.with_axes(of(x), n) for x in arys]
        return xs[0] if len(xs) == 1 else tuple(xs)

    return compute


def of_list(join: Any) -> Any:
    return lambda tup: join([of(x) for x in tup])


def clip(a: Operand, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:
    limits = a_min if min is None else min, a_max if max is None else max
    low, high = [x if x is None or isinstance(x, Real) else of(x) for x in limits]
    return a if low is None and high is None else arithmetic.clip(a, low, high)


def append(arr: Operand, values: Operand, axis: int | None = None) -> Any:
    arr, values = of(arr, values)
    return (
        shape.concat([reshape(arr, -1), reshape(values, -1)], 0) if axis is None else shape.concat([arr, values], axis)
    )


def array_split(ary: Operand, indices_or_sections: Any, axis: int = 0) -> Any:
    if not isinstance(indices_or_sections, (list, tuple, np.ndarray)):
        n, parts = ary.shape[axis], indices_or_sections
        indices_or_sections = np.cumsum([n // parts + (i < n % parts) for i in range(parts)])[:-1].tolist()
    return list(shape.split(ary, indices_or_sections, axis))


def split(ary: Operand, indices_or_sections: Any, axis: int = 0) -> Any:
    return list(shape.split(ary, indices_or_sections, axis))


def where(condition: Any, *xs: Any) -> Any:
    if not xs:
        return as_array(condition).nonzero()
    condition = as_array(condition)
    return arithmetic.where(namespace(condition).asarray(condition) != 0, *of(*xs))


def pad(array: Operand, pad_width: Any, mode: str = "constant", *, constant_values: float = 0) -> Any:
    if mode not in ("constant", "edge", "reflect", "symmetric", "wrap"):
        raise TypeError(f"np.pad of a Variable takes the modes of F.pad, not {mode!r}: index x for other borders")
    return shape.pad(array, pad_width, constant_values, mode)


def broadcast_arrays(*args: Operand) -> Any:
    xs = [of(x) for x in args]
    wide = np.broadcast_shapes(*[x.shape for x in xs])
    return tuple([shape.broadcast_to(x, wide) for x in xs])


def rot90(m: Operand, k: int = 1, axes: Any = (0, 1)) -> Any:
    for _ in range(k % 4):
        m = shape.swapaxes(shape.flip(m, axes[1]), *axes)
    return m


def mirrored(a: Operand, upper: bool) -> Any:
    """The symmetric matrix of which NumPy reads one triangle: that triangle, and its mirror image."""
    a = linalg.matrices("np.linalg", of(a))
    half = linalg.transposed(a) if upper else a
    return linalg.triangle(half, 0) + linalg.transposed(linalg.triangle(half, -1))


def is_upper(UPLO: Any) -> bool:
    """Does it name the upper triangle? Raises ValueError unless it names one of the two."""
    if not isinstance(UPLO, str) or UPLO.upper() not in ("L", "U"):
        raise ValueError(f"UPLO must be 'L' or 'U', not {UPLO!r}")
    return UPLO.upper() == "U"


def least_squares(a: Operand, b: Operand, rcond: float | None = None) -> Any:
    """What np.linalg.lstsq gives: of its four results the first has a gradient."""
    _, residuals, rank, s = np.linalg.lstsq(as_array(of(a)), as_array(of(b)), rcond)
    return linalg.lstsq(of(a), of(b), rcond), residuals, rank, s


def crossed(a: Operand, b: Operand, axisa: int, axisb: int, axisc: int, axis: int | None) -> Any:
    a, b = of(a, b)
    axisa, axisb, axisc = (axisa, axisb, axisc) if axis is None else (axis,) * 3
    y = linalg.cross(shape.moveaxis(a, axisa, -1), shape.moveaxis(b, axisb, -1))
    return shape.moveaxis(y, -1, axisc)


def pseudo_inverse(a: Operand, rcond: Any = None, *, rtol: Any = None) -> Any:
    return linalg.pinv(of(a), rtol if rcond is None else rcond)


def singular_values(a: Operand, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    return linalg.svd(of(a), full_matrices and compute_uv, compute_uv)


def windows(x: Operand, window_shape: Any, axis: Any = None) -> Any:
    axis = 0 if axis is None and x.ndim == 1 else axis
    return by_index.sliding_window_view(of(x), window_shape, axis)


def einsum_of(*operands: Any) -> Any:
    return einsum(operands[0], *[of(x) for x in operands[1:]])


def concatenate(arrays: Any, axis: int | None = 0) -> Any:
    xs = [of(x) for x in arrays]
    return shape.concat([reshape(x, -1) for x in xs], 0) if axis is None else shape.concat(xs, axis)


def unchanged(x: Operand) -> Any:
    return x


TWINS: dict[Any, Callable[..., Any]] = {
    # elementwise
    np.add: lambda x1, x2: algebra.Add()(x1, x2),
    np.subtract: lambda x1, x2: algebra.Sub()(x1, x2),
    np.multiply: lambda x1, x2: algebra.Mul()(x1, x2),
    np.divide: lambda x1, x2: algebra.Div()(x1, x2),
    np.power: lambda x1, x2: algebra.Power()(x1, x2),
    np.float_power: lambda x1, x2: algebra.Power()(x1, x2),
    np.floor_divide: lambda x1, x2: FloorDiv()(x1, x2),
    np.remainder: lambda x1, x2: Mod()(x1, x2),
    np.divmod: lambda x1, x2: (FloorDiv()(x1, x2), Mod()(x1, x2)),
    np.matmul: lambda x1, x2: algebra.matmul(x1, x2),
    np.vecdot: vecdot,
    np.matvec: lambda x1, x2: reshape(y := algebra.matmul(x1, reshape(of(x2), (*x2.shape, 1))), y.shape[:-1]),
    np.vecmat: lambda x1, x2: reshape(
        y := algebra.matmul(reshape(of(x1), (*x1.shape[:-1], 1, x1.shape[-1])), x2), (*y.shape[:-2], y.shape[-1])
    ),
    np.negative: lambda x: arithmetic.neg(x),
    np.positive: unchanged,
    np.conjugate: unchanged,
    np.absolute: lambda x: arithmetic.abs(x),
    np.fabs: lambda x: arithmetic.abs(x),
    np.reciprocal: lambda x: 1 / x,
    np.sign: arithmetic.sign,
    np.maximum: lambda x1, x2: arithmetic.maximum(x1, x2),
    np.minimum: lambda x1, x2: arithmetic.minimum(x1, x2),
    np.arctan2: lambda x1, x2: with_room(pairs.Arctan2(), x1, x2),
    np.hypot: lambda x1, x2: with_room(pairs.Hypot(), x1, x2),
    np.logaddexp: lambda x1, x2: with_room(pairs.LogAddExp(), x1, x2),
    **{getattr(np, name): getattr(elementwise, name) for name in elementwise.__all__ if hasattr(np, name)},
    np.degrees: elementwise.rad2deg,
    np.radians: elementwise.deg2rad,
    **{f: getattr(rounding, f.__name__) for f in (np.floor, np.ceil, np.trunc, np.rint)},
    np.fix: lambda x: rounding.trunc(x),
    **dict.fromkeys([np.round, np.around], lambda a, decimals=0: rounding.round(a, decimals)),
    np.fmax: lambda x1, x2: pairs.fmax(*of(x1, x2)),
    np.fmin: lambda x1, x2: pairs.fmin(*of(x1, x2)),
    np.logaddexp2: lambda x1, x2: pairs.logaddexp2(*of(x1, x2)),
    np.fmod: lambda x1, x2: in_single(rounding.Fmod(), x1, x2),
    np.copysign: lambda x1, x2: in_single(rounding.Copysign(), x1, x2),
    np.i0: lambda x: special.i0(of(x)),
    # reductions
    np.sum: lambda a, axis=None, keepdims=False: reduction.sum(a, axis, keepdims),
    np.mean: lambda a, axis=None, keepdims=False: reduction.mean(a, axis, keepdims),
    np.prod: lambda a, axis=None, keepdims=False: reduction.prod(a, axis, keepdims),
    **dict.fromkeys([np.max, np.amax], lambda a, axis=None, keepdims=False: reduction.max(a, axis, keepdims)),
    **dict.fromkeys([np.min, np.amin], lambda a, axis=None, keepdims=False: reduction.min(a, axis, keepdims)),
    np.ptp: lambda a, axis=None, keepdims=False: reduction.max(a, axis, keepdims) - reduction.min(a, axis, keepdims),
    np.std: std_or_var(reduction.std),
    np.var: std_or_var(reduction.var),
    np.average: average,
    np.cumsum: lambda a, axis=None: reduction.cumsum(a, axis),
    np.cumprod: lambda a, axis=None: cumulative.cumprod(a, axis),
    np.cumulative_sum: cumulative_sum,
    np.nansum: lambda a, axis=None, keepdims=False: reduction.nansum(a, axis, keepdims),
    np.nanmean: lambda a, axis=None, keepdims=False: reduction.nanmean(a, axis, keepdims),
    np.median: lambda a, axis=None, keepdims=False: sorting.median(a, axis, keepdims),
    np.quantile: lambda a, q, axis=None, method="linear", keepdims=False: sorting.quantile(
        a, q, axis, keepdims, method
    ),
    np.nanmedian: lambda a, axis=None, keepdims=False: sorting.nanmedian(a, axis, keepdims),
    np.nanquantile: lambda a, q, axis=None, method="linear", keepdims=False: sorting.nanquantile(
        a, q, axis, keepdims, method
    ),
    np.trapezoid: lambda y, x=None, dx=1.0, axis=-1: differences.trapezoid(
        of(y), None if x is None else of(x), dx, axis
    ),
    np.trace: lambda a, offset=0, axis1=0, axis2=1: triangles.trace(a, offset, axis1, axis2),
    np.linalg.trace: lambda x, *, offset=0: triangles.trace(x, offset, -2, -1),
    np.linalg.norm: norm,
    np.linalg.vector_norm: lambda x, *, axis=None, ord=2, keepdims=False: reduction.norm(x, ord, axis, keepdims),
    np.linalg.matrix_norm: lambda x, *, ord="fro", keepdims=False: norm(x, ord, (-2, -1), keepdims),
    # products
    np.dot: dot,
    np.inner: inner,
    np.outer: outer_of_all,
    np.vdot: lambda a, b: dot(reshape(of(a), -1), reshape(of(b), -1)),
    np.kron: lambda a, b: linalg.kron(*of(a, b)),
    np.cross: lambda a, b, axisa=-1, axisb=-1, axisc=-1, axis=None: crossed(a, b, axisa, axisb, axisc, axis),
    np.linalg.cross: lambda x1, x2, *, axis=-1: crossed(x1, x2, -1, -1, -1, axis),
    np.tensordot: lambda a, b, axes=2: tensordot(of(a), of(b), axes),
    np.einsum: einsum_of,
    np.linalg.matmul: lambda x1, x2: algebra.matmul(x1, x2),
    np.linalg.outer: outer,
    np.linalg.tensordot: lambda x1, x2, *, axes=2: tensordot(of(x1), of(x2), axes),
    np.linalg.vecdot: vecdot,
    np.linalg.multi_dot: lambda arrays: reduce(algebra.matmul, arrays),
    np.linalg.matrix_power: lambda a, n: linalg.matrix_power(of(a), n),
    np.linalg.inv: lambda a: linalg.inv(of(a)),
    np.linalg.solve: lambda a, b: linalg.solve(*of(a, b)),
    np.linalg.cholesky: lambda a, *, upper=False: linalg.cholesky(mirrored(a, upper), upper),
    np.linalg.det: lambda a: linalg.det(of(a)),
    np.linalg.slogdet: lambda a: linalg.slogdet(of(a)),
    np.linalg.eigh: lambda a, UPLO="L": linalg.eigh(mirrored(a, is_upper(UPLO))),
    np.linalg.eigvalsh: lambda a, UPLO="L": linalg.eigvalsh(mirrored(a, is_upper(UPLO))),
    np.linalg.svd: singular_values,
    np.linalg.svdvals: lambda x: linalg.svdvals(of(x)),
    np.linalg.qr: lambda a, mode="reduced": linalg.qr(of(a), mode),
    np.linalg.pinv: pseudo_inverse,
    np.linalg.lstsq: least_squares,
    np.linalg.cond: lambda x, p=None: matrices.cond(of(x), p),
    np.linalg.tensorinv: lambda a, ind=2: matrices.tensorinv(of(a), ind),
    np.linalg.tensorsolve: lambda a, b, axes=None: matrices.tensorsolve(of(a), of(b), axes),
    np.vander: lambda x, N=None, increasing=False: matrices.vander(of(x), N, increasing),
    np.cov: lambda m, *, ddof=1: matrices.cov(of(m), 1 if ddof is None else ddof),
    np.corrcoef: lambda x: matrices.corrcoef(of(x)),
    # shapes
    np.reshape: lambda a, shape: reshape(a, shape),
    np.ravel: lambda a: reshape(a, -1),
    np.transpose: lambda a, axes=None: transpose(a) if axes is None else transpose(a, axes),
    np.matrix_transpose: lambda x: shape.swapaxes(x, -1, -2),
    np.linalg.matrix_transpose: lambda x: shape.swapaxes(x, -1, -2),
    np.swapaxes: lambda a, axis1, axis2: shape.swapaxes(a, axis1, axis2),
    np.moveaxis: lambda a, source, destination: shape.moveaxis(a, source, destination),
    np.squeeze: lambda a, axis=None: shape.squeeze(a, axis),
    np.expand_dims: lambda a, axis: shape.expand_dims(a, axis),
    np.flip: lambda m, axis=None: shape.flip(m, axis),
    np.fliplr: lambda m: shape.flip(m, 1),
    np.flipud: lambda m: shape.flip(m, 0),
    np.rot90: rot90,
    np.roll: lambda a, shift, axis=None: shape.roll(a, shift, axis),
    np.tile: lambda A, reps: shape.tile(A, reps),
    np.repeat: lambda a, repeats, axis=None: shape.repeat(a, repeats, axis),
    np.pad: pad,
    np.broadcast_to: lambda array, shape: algebra.BroadcastTo(np.broadcast_shapes(shape))(array),
    np.broadcast_arrays: broadcast_arrays,
    np.meshgrid: lambda *xi, indexing="xy": joins.meshgrid(*map(of, xi), indexing=indexing),
    np.atleast_1d: at_least(1),
    np.atleast_2d: at_least(2),
    np.atleast_3d: at_least(3),
    np.concatenate: concatenate,
    np.stack: lambda arrays, axis=0: shape.stack([of(x) for x in arrays], axis),
    np.vstack: of_list(joins.vstack),
    np.hstack: of_list(joins.hstack),
    np.dstack: of_list(joins.dstack),
    np.column_stack: of_list(joins.column_stack),
    np.append: append,
    np.split: split,
    np.array_split: array_split,
    np.vsplit: lambda ary, indices_or_sections: split(ary, indices_or_sections, 0),
    np.hsplit: lambda ary, indices_or_sections: split(ary, indices_or_sections, 0 if ary.ndim == 1 else 1),
    np.dsplit: lambda ary, indices_or_sections: split(ary, indices_or_sections, 2),
    np.unstack: lambda x, *, axis=0: tuple(shape.moveaxis(x, axis, 0)),
    np.fft.fftshift: lambda x, axes=None: fourier.fftshift(of(x), axes),
    np.fft.ifftshift: lambda x, axes=None: fourier.ifftshift(of(x), axes),
    # elements
    np.where: where,
    np.clip: clip,
    np.take: take,
    np.take_along_axis: take_along_axis,
    np.sort: lambda a, axis=-1: sorting.sort(a, axis),
    np.diag: lambda v, k=0: triangles.diag(v, k),
    np.diagflat: lambda v, k=0: triangles.diag(reshape(v, -1), k),
    np.diagonal: lambda a, offset=0, axis1=0, axis2=1: triangles.diagonal(a, offset, axis1, axis2),
    np.linalg.diagonal: lambda x, *, offset=0: triangles.diagonal(x, offset, -2, -1),
    np.tril: lambda m, k=0: triangles.tril(m, k),
    np.triu: lambda m, k=0: triangles.triu(m, k),
    np.diff: lambda a, n=1, axis=-1, prepend=None, append=None: differences.diff(of(a), n, axis, prepend, append),
    np.lib.stride_tricks.sliding_window_view: windows,
    np.nan_to_num: lambda x, nan=0.0, posinf=None, neginf=None: rounding.nan_to_num(x, nan, posinf, neginf),
    np.astype: lambda x, dtype: astype(x, dtype),
    np.copy: lambda a: algebra.Convert()(a),
    np.real: unchanged,
    np.real_if_close: unchanged,
}


PLAIN: set[Any] = {
    getattr(np, name)
    for name in [
        # comparisons and questions
        "equal",
        "not_equal",
        "less",
        "less_equal",
        "greater",
        "greater_equal",
        "isnan",
        "isfinite",
        "isinf",
        "isnat",
        "signbit",
        "logical_and",
        "logical_or",
        "logical_xor",
        "logical_not",
        "isclose",
        "allclose",
        "array_equal",
        "array_equiv",
        "isin",
        "isreal",
        "iscomplex",
        "isrealobj",
        "iscomplexobj",
        "isneginf",
        "isposinf",
        "all",
        "any",
        # places and counts
        "argmax",
        "argmin",
        "argsort",
        "argpartition",
        "argwhere",
        "nanargmax",
        "nanargmin",
        "nonzero",
        "flatnonzero",
        "count_nonzero",
        "lexsort",
        "searchsorted",
        "digitize",
        "histogram_bin_edges",
        "diag_indices_from",
        "tril_indices_from",
        "triu_indices_from",
        "ix_",
        "unravel_index",
        "ravel_multi_index",
        # integers
        "bitwise_and",
        "bitwise_or",
        "bitwise_xor",
        "invert",
        "left_shift",
        "right_shift",
        "bitwise_count",
        "gcd",
        "lcm",
        "packbits",
        "unpackbits",
        # kinds, shapes, new arrays, text, files
        "shape",
        "ndim",
        "size",
        "result_type",
        "can_cast",
        "common_type",
        "min_scalar_type",
        "shares_memory",
        "may_share_memory",
        "zeros_like",
        "ones_like",
        "empty_like",
        "array2string",
        "array_repr",
        "array_str",
        "save",
        "savez",
        "savez_compressed",
        "savetxt",
        "einsum_path",
        "is_busday",
        "busday_count",
        "busday_offset",
        "datetime_as_string",
    ]
}

INSTEAD: dict[Any, str] = {
    np.convolve: "F.conv2d or F.einsum", np.correlate: "F.conv2d or F.einsum", np.gradient: "np.diff, or ag.grad",
    np.copyto: "F.setitem", np.putmask: "F.setitem", np.place: "F.setitem", np.put: "F.setitem", np.select: "F.where",
    np.piecewise: "F.where", np.choose: "F.where", np.compress: "x[mask]", np.extract: "x[mask]",
    np.delete: "F.concat of parts", np.insert: "F.concat of parts", np.block: "F.concat",
    np.cumulative_prod: "np.cumprod", np.linalg.eig: "F.eigh for symmetric matrices",
    np.linalg.eigvals: "F.eigvalsh for symmetric matrices",
    np.rollaxis: "F.moveaxis", np.put_along_axis: "F.put_along_axis", np.fill_diagonal: "F.where",
    np.full_like: "F.broadcast_to",
    **{getattr(np.fft, name): f"F.{name}, which gives and takes pairs (re, im)"
       for name in fourier.__all__ if hasattr(np.fft, name) and "shift" not in name},
    np.imag: "a pair (re, im) of Variables", np.angle: "a pair (re, im) of Variables and np.arctan2(im, re)",
}  # fmt: skip

METHODS = {
    (np.add, "reduce"): np.sum,
    (np.multiply, "reduce"): np.prod,
    (np.maximum, "reduce"): np.max,
    (np.minimum, "reduce"): np.min,
    (np.add, "accumulate"): np.cumsum,
}  # of ufuncs  # fmt: skip


def call_ufunc(ufunc: Any, method: str, inputs: Any, options: dict[str, Any]) -> Any:
    """What an elementwise function of NumPy gives for `inputs`, among which there is a Variable."""
    if any(out is not None and not isinstance(out, Tracked) for out in options.get("out", ())):
        raise TypeError(
            f"np.{ufunc.__name__} writes no Variable into an array, which has no gradient: use the .data of both, as "
            "in `w.data -= lr * w.grad.data`, or write a = a + x for a new Variable"
        )
    if method == "__call__":
        return call_function(ufunc, inputs, options)
    twin = METHODS.get((ufunc, method))
    if twin is None:
        raise refusal(f"np.{ufunc.__name__}.{method}", ufunc)
    return call_function(twin, inputs, {"axis": 0, **options} if len(inputs) == 1 else options)


def call_function(function: Any, args: Any, options: dict[str, Any]) -> Any:
    """What a function of NumPy gives for arguments that hold a Variable."""
    if function in PLAIN or (function not in TWINS and not mode.get().recording):  # no gradient can be lost
        if holds([options.get("out")], Tracked):
            raise refusal(name_of(function), function)
        try:
            args, options = opened(args), opened(options)
            return in_its_module(function, args)(*args, **options)
        except (TypeError, ValueError, KeyError) as error:
            kind = ValueError if isinstance(error, ValueError) else TypeError
            given = ", ".join([str(getattr(x, "dtype", shown(x))) for x in args])
            raise kind(f"{name_of(function)} does not take ({given}): {error}") from error
    twin = TWINS.get(function)
    if twin is None:
        raise refusal(name_of(function), function)
    args, options = as_named(function, args, options)
    signature = signature_of(twin)
    try:
        bound = signature.bind(*args, **options)
    except TypeError as error:
        raise TypeError(
            f"{name_of(function)} of a Variable takes ({', '.join(signature.parameters)}), not "
            f"({', '.join(['...'] * len(args) + [f'{name}=' for name in options])}): leave out the others, or use "
            "x.data for a result without a gradient"
        ) from error
    try:
        return twin(*bound.args, **bound.kwargs)
    except (TypeError, ValueError, IndexError) as error:
        in_own_name(error, name_of(function))
        raise


def in_its_module(function: Any, args: Any) -> Any:
    """The function of that name which computes with these arrays: CuPy's for CuPy's."""
    xp = namespace(*[x for x in args if is_array(x)] or [None])
    return function if xp is np else getattr(xp, function.__name__, function)


signature_of = cache(inspect.signature)  # which takes longer than most functions


@cache
def parameters_of(function: Any) -> Mapping[str, inspect.Parameter]:
    """The parameters of a function of NumPy; none if it does not say, or takes any number of arguments."""
    if isinstance(function, np.ufunc) or function is np.where:
        return {}
    found = inspect.signature(function).parameters
    many = {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}
    return {} if many & {p.kind for p in found.values()} else found


def as_named(function: Any, args: Any, options: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """The arguments under the names that NumPy gives them, without those that change nothing.

    The places of arguments differ: the third of np.sum is a dtype. What comes first, the operands, stays as it is.
    """
    parameters = parameters_of(function)
    if not parameters or len(args) > len(parameters):
        return args, options
    names = [name for name, p in parameters.items() if p.kind is not p.KEYWORD_ONLY]
    operands = [name for name, p in parameters.items() if p.default is p.empty]
    n = len(operands)
    given = {**dict(zip(names[n:], args[n:])), **options}
    return args[:n], {name: x for name, x in given.items() if not is_inert(name, x, parameters.get(name))}


def is_inert(name: str, x: Any, parameter: inspect.Parameter | None) -> bool:
    """Does this argument of NumPy change no value of the result?"""
    if parameter is None or isinstance(x, Tracked) or is_array(x):
        return False
    default = parameter.default
    if x is default or name in ("copy", "kind", "stable", "subok") or (name in ("out", "dtype") and x is None):
        return True
    return name == "order" and x in ("C", "K", "A")


def opened(x: Any) -> Any:
    """The arguments with arrays in place of Variables."""
    if isinstance(x, dict):
        return {name: opened(value) for name, value in x.items()}
    if isinstance(x, (list, tuple)) and holds(x, Tracked):
        return type(x)([opened(item) for item in x])
    return as_array(x)


def name_of(function: Any) -> str:
    """The name by which a user calls it: np.linalg.inv."""
    module = getattr(function, "__module__", None) or "numpy"
    return (
        f"{module.replace('numpy', 'np', 1)}.{function.__name__}" if module.startswith("numpy") else function.__name__
    )


def refusal(name: str, function: Any) -> TypeError:
    """The error for a function that has no derivative here."""
    instead = f"{INSTEAD[function]}, or " if function in INSTEAD else ""
    return TypeError(f"{name} of a Variable has no gradient here: use {instead}x.data for a result without one")
