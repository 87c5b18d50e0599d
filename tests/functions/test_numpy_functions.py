"""NumPy's functions on Variables: each has its class, each twin its value and its gradient."""

import numpy as np
import pytest

import autograd.functions as F
from autograd import Variable, grad, no_grad
from autograd.functions.numpy_functions import PLAIN, TWINS, call_function
from autograd.layers import Parameter

pytestmark = pytest.mark.standin_exempt("NumPy's functions are for NumPy's arrays")

A = np.array([[1.3, 0.4, 2.2], [0.7, 1.9, 0.2]])
B = np.array([[0.6, 1.1, 1.7], [2.3, 0.3, 0.9]])
SQUARE = np.array([[1.0, 0.3, -0.2], [0.4, 2.0, 0.1], [-0.5, 0.2, 1.5]])
V = np.array([1.5, -0.5, 2.5])

CASES = {  # the function: calls with one array x
    np.add: [lambda x: np.add(x, B), lambda x: np.add(B, x), lambda x: B + x],
    np.subtract: [lambda x: np.subtract(x, B), lambda x: np.subtract(B, x)],
    np.multiply: [lambda x: np.multiply(x, B), lambda x: np.multiply(B, x), lambda x: np.float64(2) * x],
    np.divide: [lambda x: np.divide(x, B), lambda x: np.divide(B, x)],
    np.power: [lambda x: np.power(x, 3), lambda x: np.power(B, x)],
    np.float_power: [lambda x: np.float_power(x, 3)],
    np.floor_divide: [lambda x: np.floor_divide(x, 0.5), lambda x: x // 0.3],
    np.remainder: [lambda x: np.remainder(x, 0.37), lambda x: np.remainder(B, x), lambda x: x % 0.37],
    np.divmod: [lambda x: np.divmod(x, 0.37)[1], lambda x: divmod(x, 0.37)[1]],
    np.matmul: [lambda x: np.matmul(x, SQUARE), lambda x: np.matmul(B.T, x)],
    np.vecdot: [lambda x: np.vecdot(x, B)],
    np.matvec: [lambda x: np.matvec(x, V)],
    np.vecmat: [lambda x: np.vecmat(x, SQUARE)],
    np.negative: [np.negative],
    np.positive: [np.positive],
    np.conjugate: [np.conjugate],
    np.absolute: [lambda x: np.absolute(x - 1)],
    np.fabs: [lambda x: np.fabs(x - 1)],
    np.reciprocal: [np.reciprocal],
    np.sign: [lambda x: np.sign(x - 1)],
    np.maximum: [lambda x: np.maximum(x, B)],
    np.minimum: [lambda x: np.minimum(B, x)],
    np.arctan2: [lambda x: np.arctan2(x, B), lambda x: np.arctan2(B, x)],
    np.hypot: [lambda x: np.hypot(x, B), lambda x: np.hypot(B, x)],
    np.logaddexp: [lambda x: np.logaddexp(x, B), lambda x: np.logaddexp(B, x)],
    **{
        f: [f]
        for f in (
            np.exp,
            np.expm1,
            np.log,
            np.log1p,
            np.sqrt,
            np.square,
            np.sin,
            np.cos,
            np.tan,
            np.arctan,
            np.sinh,
            np.cosh,
            np.tanh,
            np.log2,
            np.log10,
            np.exp2,
            np.cbrt,
            np.arcsinh,
            np.deg2rad,
            np.rad2deg,
            np.degrees,
            np.radians,
            np.floor,
            np.ceil,
            np.trunc,
            np.rint,
            np.fix,
            np.sinc,
        )
    },
    np.i0: [np.i0],
    np.arcsin: [lambda x: np.arcsin(x / 3)],
    np.arccos: [lambda x: np.arccos(x / 3)],
    np.arccosh: [lambda x: np.arccosh(x + 1)],
    np.arctanh: [lambda x: np.arctanh(x / 3)],
    np.round: [lambda x: np.round(x, 1)],
    np.around: [lambda x: np.around(x, 1)],
    np.sum: [np.sum, lambda x: np.sum(x, axis=0), lambda x: np.sum(x, (0, 1), keepdims=True), np.add.reduce],
    np.mean: [np.mean, lambda x: np.mean(x, 1, keepdims=True)],
    np.prod: [np.prod, lambda x: np.prod(x, axis=0), np.multiply.reduce],
    np.max: [np.max, lambda x: np.max(x, axis=0), np.maximum.reduce],
    np.min: [np.min, lambda x: np.min(x, axis=1)],
    np.amax: [np.amax],
    np.amin: [lambda x: np.amin(x, axis=0)],
    np.ptp: [np.ptp, lambda x: np.ptp(x, axis=1)],
    np.std: [np.std, lambda x: np.std(x, axis=1, ddof=1)],
    np.var: [np.var, lambda x: np.var(x, 0, correction=1)],
    np.average: [np.average, lambda x: np.average(x, axis=1, weights=[1.0, 2.0, 3.0]), lambda x: np.average(B, 0, x)],
    np.nansum: [np.nansum, lambda x: np.nansum(np.where(B > 2, np.nan, x), axis=0)],
    np.nanmean: [np.nanmean, lambda x: np.nanmean(np.where(B > 2, np.nan, x), axis=1, keepdims=True)],
    np.median: [np.median, lambda x: np.median(x, axis=0), lambda x: np.median(x, 1, keepdims=True)],
    np.quantile: [lambda x: np.quantile(x, 0.3), lambda x: np.quantile(x, [0.1, 0.8], axis=1)],
    np.cumsum: [np.cumsum, lambda x: np.cumsum(x, axis=1)],
    np.cumprod: [np.cumprod, lambda x: np.cumprod(x, axis=1)],
    np.cumulative_sum: [lambda x: np.cumulative_sum(x, axis=0)],
    np.trace: [np.trace, lambda x: np.trace(x, 1)],
    np.linalg.trace: [lambda x: np.linalg.trace(x, offset=-1)],
    np.linalg.norm: [
        np.linalg.norm,
        lambda x: np.linalg.norm(x, 1),
        lambda x: np.linalg.norm(x, np.inf),
        lambda x: np.linalg.norm(x, "fro"),
        lambda x: np.linalg.norm(x, axis=1),
        lambda x: np.linalg.norm(x[0], 3),
        lambda x: np.linalg.norm(x, 1, axis=0),
    ],
    np.linalg.vector_norm: [np.linalg.vector_norm, lambda x: np.linalg.vector_norm(x, axis=0, ord=1)],
    np.nanmedian: [lambda x: np.nanmedian(np.where(B > 2, np.nan, x), axis=0), np.nanmedian],
    np.nanquantile: [lambda x: np.nanquantile(x, 0.3, axis=1), lambda x: np.nanquantile(x, 0.3, method="lower")],
    np.trapezoid: [np.trapezoid, lambda x: np.trapezoid(x, [1.0, 2.0, 4.0]), lambda x: np.trapezoid(B, x, axis=0)],
    np.fmax: [lambda x: np.fmax(x, B), lambda x: np.fmax(1.0, x)],
    np.fmin: [lambda x: np.fmin(x, B)],
    np.fmod: [lambda x: np.fmod(B + 0.05, x)],
    np.copysign: [lambda x: np.copysign(x, -B)],
    np.logaddexp2: [lambda x: np.logaddexp2(x, B)],
    np.vander: [lambda x: np.vander(x[0], 3), lambda x: np.vander(x[1], increasing=True)],
    np.cov: [np.cov, lambda x: np.cov(x, ddof=0)],
    np.corrcoef: [np.corrcoef],
    np.linalg.cond: [np.linalg.cond, lambda x: np.linalg.cond(x[:, :2], 1)],
    np.linalg.tensorinv: [lambda x: np.linalg.tensorinv(x[:, :2], 1)],
    np.linalg.tensorsolve: [lambda x: np.linalg.tensorsolve(x[:, :2], V[:2])],
    np.lib.stride_tricks.sliding_window_view: [lambda x: np.lib.stride_tricks.sliding_window_view(x, 2, 1)],
    np.linalg.matrix_norm: [lambda x, p=p: np.linalg.matrix_norm(x, ord=p) for p in ("fro", 1, "nuc")],
    np.dot: [
        lambda x: np.dot(x, SQUARE),
        lambda x: np.dot(x, V),
        lambda x: np.dot(x[0], V),
        lambda x: np.dot(2.0, x),
        lambda x: np.dot(x, np.ones((2, 3, 2))),
    ],
    np.inner: [lambda x: np.inner(x, B), lambda x: np.inner(V, x)],
    np.outer: [lambda x: np.outer(x, V)],
    np.vdot: [lambda x: np.vdot(x, B)],
    np.kron: [lambda x: np.kron(x, B), lambda x: np.kron(V, x)],
    np.tensordot: [lambda x: np.tensordot(x, SQUARE, 1), lambda x: np.tensordot(B, x, ([0, 1], [0, 1]))],
    np.einsum: [lambda x: np.einsum("ij,jk", x, SQUARE), lambda x: np.einsum("ij,ij->i", B, x)],
    np.linalg.matmul: [lambda x: np.linalg.matmul(x, SQUARE)],
    np.linalg.outer: [lambda x: np.linalg.outer(x[0], V)],
    np.linalg.tensordot: [lambda x: np.linalg.tensordot(x, SQUARE, axes=1)],
    np.linalg.vecdot: [lambda x: np.linalg.vecdot(x, B)],
    np.linalg.multi_dot: [lambda x: np.linalg.multi_dot([B.T, x, SQUARE])],
    np.linalg.matrix_power: [
        lambda x: np.linalg.matrix_power(x[:, :2], 3),
        lambda x: np.linalg.matrix_power(x[:, :2], -1),
    ],
    np.cross: [
        lambda x: np.cross(x, B),
        lambda x: np.cross(V, x),
        lambda x: np.cross(x, B.T, axisb=0, axisc=0),
        lambda x: np.cross(x.T, B.T, axis=0),
    ],
    np.linalg.cross: [lambda x: np.linalg.cross(x, B)],
    np.linalg.inv: [lambda x: np.linalg.inv(x[:, :2])],
    np.linalg.solve: [lambda x: np.linalg.solve(x[:, :2], B), lambda x: np.linalg.solve(SQUARE, x[0])],
    np.linalg.cholesky: [
        lambda x: np.linalg.cholesky(x @ x.T),
        lambda x: np.linalg.cholesky(x @ x.T, upper=True),
    ],
    np.linalg.det: [lambda x: np.linalg.det(x[:, 1:])],
    np.linalg.slogdet: [lambda x: np.linalg.slogdet(x[:, 1:])[1]],
    np.linalg.eigh: [lambda x: np.linalg.eigh(x @ x.T)[1], lambda x: np.linalg.eigh(x @ x.T)[0]],
    np.linalg.eigvalsh: [lambda x: np.linalg.eigvalsh(x @ x.T)],
    np.linalg.svd: [
        lambda x: np.linalg.svd(x, full_matrices=False)[0],
        lambda x: np.linalg.svd(x[:, :2])[2],
        lambda x: np.linalg.svd(x, compute_uv=False),
    ],
    np.linalg.svdvals: [np.linalg.svdvals],
    np.linalg.qr: [lambda x: np.linalg.qr(x)[1], lambda x: np.linalg.qr(x.T)[0], lambda x: np.linalg.qr(x, "r")],
    np.linalg.pinv: [np.linalg.pinv, lambda x: np.linalg.pinv(x, rtol=1e-3)],
    np.linalg.lstsq: [lambda x: np.linalg.lstsq(x.T, V)[0], lambda x: np.linalg.lstsq(SQUARE, x.T, 1e-3)[0]],
    np.reshape: [lambda x: np.reshape(x, (3, 2)), lambda x: np.reshape(x, -1), lambda x: np.reshape(x, shape=(6,))],
    np.ravel: [np.ravel],
    np.transpose: [np.transpose, lambda x: np.transpose(x, (1, 0))],
    np.matrix_transpose: [np.matrix_transpose],
    np.linalg.matrix_transpose: [np.linalg.matrix_transpose],
    np.swapaxes: [lambda x: np.swapaxes(x, 0, 1)],
    np.moveaxis: [lambda x: np.moveaxis(x, 0, -1)],
    np.squeeze: [lambda x: np.squeeze(x[:1])],
    np.expand_dims: [lambda x: np.expand_dims(x, 1)],
    np.flip: [np.flip, lambda x: np.flip(x, 1)],
    np.fliplr: [np.fliplr],
    np.flipud: [np.flipud],
    np.rot90: [np.rot90, lambda x: np.rot90(x, 3), lambda x: np.rot90(x, -1, (1, 0)), lambda x: np.rot90(x, 2)],
    np.roll: [lambda x: np.roll(x, 2), lambda x: np.roll(x, 1, axis=1)],
    np.tile: [lambda x: np.tile(x, 2), lambda x: np.tile(x, (2, 1, 2))],
    np.repeat: [lambda x: np.repeat(x, 2), lambda x: np.repeat(x, 3, axis=0)],
    np.pad: [
        lambda x: np.pad(x, 1),
        lambda x: np.pad(x, ((0, 1), (2, 0)), constant_values=5),
        lambda x: np.pad(x, 1, "reflect"),
        lambda x: np.pad(x, ((0, 1), (2, 0)), mode="wrap"),
    ],
    np.broadcast_to: [lambda x: np.broadcast_to(x, (4, 2, 3))],
    np.broadcast_arrays: [lambda x: np.broadcast_arrays(x[:, :1], np.ones(3))[0]],
    np.meshgrid: [
        lambda x: np.meshgrid(x[0], x[1])[0],
        lambda x: np.meshgrid(V, x[0], indexing="ij")[1],
        lambda x: np.meshgrid(x[0], x[1], V[:2])[1],
    ],
    np.atleast_1d: [lambda x: np.atleast_1d(x[0, 0])],
    np.atleast_2d: [lambda x: np.atleast_2d(x[0])],
    np.atleast_3d: [np.atleast_3d, lambda x: np.atleast_3d(x[0])],
    np.concatenate: [
        lambda x: np.concatenate([x, B]),
        lambda x: np.concatenate([B, x], axis=None),
        lambda x: np.concat([x, x], 1),
    ],
    np.stack: [lambda x: np.stack([x, B]), lambda x: np.stack((x[0], [1.0, 2.0, 3.0]), axis=1)],
    np.vstack: [lambda x: np.vstack([x, V])],
    np.hstack: [lambda x: np.hstack([x, B]), lambda x: np.hstack([V, x[0]])],
    np.dstack: [lambda x: np.dstack([x, B])],
    np.column_stack: [lambda x: np.column_stack([x[0], V, x.T])],
    np.append: [lambda x: np.append(x, B), lambda x: np.append(x, [[1.0, 2.0, 3.0]], axis=0)],
    np.split: [lambda x: np.split(x, 3, axis=1)[1]],
    np.array_split: [lambda x: np.array_split(x, 2, 1)[0]],
    np.vsplit: [lambda x: np.vsplit(x, 2)[1]],
    np.hsplit: [lambda x: np.hsplit(x, [1])[1], lambda x: np.hsplit(x[0], 3)[2]],
    np.dsplit: [lambda x: np.dsplit(x.reshape(1, 2, 3), 3)[0]],
    np.unstack: [lambda x: np.unstack(x, axis=1)[2]],
    np.fft.fftshift: [np.fft.fftshift, lambda x: np.fft.fftshift(x, 1)],
    np.fft.ifftshift: [np.fft.ifftshift],
    np.where: [
        lambda x: np.where(B > 1, x, 0),
        lambda x: np.where([True, False, True], B, x),
        lambda x: np.where(x > 1, 2.0, x),
    ],
    np.clip: [
        lambda x: np.clip(x, 0.5, 1.5),
        lambda x: np.clip(x, None, 1.5),
        lambda x: np.clip(x, min=0.5),
        lambda x: np.clip(x, B, 2.0),
    ],
    np.take: [lambda x: np.take(x, [0, 4, 4]), lambda x: np.take(x, [[2], [0]], axis=1)],
    np.take_along_axis: [lambda x: np.take_along_axis(x, np.array([[2, 0], [1, 1]]), 1)],
    np.sort: [np.sort, lambda x: np.sort(x, 0), lambda x: np.sort(x, axis=None)],
    np.diag: [np.diag, lambda x: np.diag(x[0], 1), lambda x: np.diag(x[0], -2), lambda x: np.diag(x, 1)],
    np.diagflat: [np.diagflat],
    np.diagonal: [np.diagonal, lambda x: np.diagonal(x, -1), lambda x: np.diagonal(x, 2)],
    np.linalg.diagonal: [lambda x: np.linalg.diagonal(x, offset=1)],
    np.tril: [np.tril, lambda x: np.tril(x, 1)],
    np.triu: [np.triu, lambda x: np.triu(x, -1)],
    np.diff: [np.diff, lambda x: np.diff(x, 2), lambda x: np.diff(x, axis=0)],
    np.nan_to_num: [np.nan_to_num],
    np.astype: [lambda x: np.astype(x, np.float64)],
    np.copy: [np.copy],
    np.real: [np.real],
    np.real_if_close: [np.real_if_close],
}


def of_numpy():
    """All functions of NumPy, numpy.linalg and numpy.fft that ask their arguments for `__array_ufunc__` or the like."""
    for module in (np, np.linalg, np.fft):
        for name in sorted(module.__all__):
            f = getattr(module, name)
            if isinstance(f, np.ufunc) or hasattr(f, "_implementation"):
                yield pytest.param(f, id=f"{module.__name__}.{name}")


@pytest.mark.parametrize("f", list(of_numpy()))
def test_each_function_has_one_of_three_classes(f):
    """It is a twin that is tried below, it is plain, or it is refused with the remedy."""
    if f in TWINS:
        assert f in CASES
        assert f not in PLAIN
    elif f not in PLAIN:
        with pytest.raises(TypeError, match=r"np\.[\w.]+ of a Variable has no gradient here: use .*x\.data"):
            call_function(f, (Variable(A),), {})


def test_every_twin_is_a_function_of_numpy():
    assert set(CASES) == set(TWINS)
    assert not [f for f in TWINS if f in PLAIN]


@pytest.mark.parametrize("f", CASES, ids=lambda f: f.__name__)
def test_a_twin_computes_what_numpy_computes_and_its_gradient(f):
    """Against NumPy on arrays, and its central differences in every element."""
    for case in CASES[f]:
        x = Variable(A)
        y, expected = case(x), np.asarray(case(A))
        assert isinstance(y, Variable)
        assert y.shape == expected.shape
        np.testing.assert_allclose(y.data, expected, rtol=1e-13, atol=1e-15)
        v = np.random.default_rng(0).standard_normal(expected.shape)
        differences = np.zeros_like(A)
        for i in np.ndindex(*A.shape):
            step = np.zeros_like(A)
            step[i] = 1e-6
            differences[i] = ((np.asarray(case(A + step)) - np.asarray(case(A - step))) * v).sum() / 2e-6
        if y is not x:
            np.testing.assert_allclose(grad(y, x, v).data, differences, rtol=1e-6, atol=1e-8)
        with no_grad():
            assert case(Variable(A)).creator is None


SMOOTH = [
    "log2",
    "log10",
    "exp2",
    "cbrt",
    "arcsinh",
    "arctan2",
    "hypot",
    "logaddexp",
    "remainder",
    "cumprod",
    "kron",
    "sinc",
    "reciprocal",
]


@pytest.mark.parametrize("name", SMOOTH)
def test_twins_that_have_no_other_name_here_are_right_at_the_second_order(name):
    case = CASES[getattr(np, name)][0]
    x = Variable(A)
    gx = grad(case(x), x, np.asarray(case(A)) * 0 + 0.7, create_graph=True)
    second = grad(gx, x, B).data

    def first(a):
        x = Variable(a)
        return grad(case(x), x, np.asarray(case(A)) * 0 + 0.7).data

    step = 1e-6
    differences = np.zeros_like(A)
    for i in np.ndindex(*A.shape):
        d = np.zeros_like(A)
        d[i] = step
        differences[i] = ((first(A + d) - first(A - d)) * B).sum() / (2 * step)
    np.testing.assert_allclose(second, differences, rtol=1e-5, atol=1e-7)


PLAIN_CALLS = {
    "argmax": np.argmax,
    "argsort": np.argsort,
    "isnan": np.isnan,
    "shape": np.shape,
    "ndim": np.ndim,
    "size": np.size,
    "allclose": lambda x: np.allclose(x, A),
    "array_equal": lambda x: np.array_equal(A, x),
    "any": np.any,
    "nonzero": np.nonzero,
    "argwhere": np.argwhere,
    "where of one": lambda x: np.where(x > 1),
    "less": lambda x: np.less(B, x),
    "equal": lambda x: np.equal(x, 1.3),
    "logical_and": lambda x: np.logical_and(x, 0),
    "zeros_like": np.zeros_like,
    "isin": lambda x: np.isin(x, [1.3]),
    "searchsorted": lambda x: np.searchsorted(V, x),
    "signbit": np.signbit,
    "array2string": np.array2string,
    "result_type": lambda x: np.result_type(x, np.float32),
    "digitize": lambda x: np.digitize(x, [0.5, 1.0]),
    "count_nonzero": np.count_nonzero,
}


@pytest.mark.parametrize("call", PLAIN_CALLS.values(), ids=PLAIN_CALLS)
def test_what_has_no_derivative_is_plain(call):
    y, expected = call(Variable(A) * 1.0), call(A)
    assert not isinstance(y, Variable)
    assert type(y) is type(expected)
    np.testing.assert_array_equal(y, expected)


def test_what_would_lose_a_gradient_is_refused():
    x = Variable(A)
    y, a, p = x * 1.0, np.zeros((2, 3)), Parameter(A)
    for call in (
        lambda: np.asarray(y),
        lambda: np.array([y, y]),
        lambda: np.mean([y, y + 2]),
        lambda: np.asarray(p),
        lambda: np.array([[y[0, 0], 1.0]]),
        lambda: a.__setitem__(slice(0, 2), y),
        lambda: np.add(a, x, out=a),
        lambda: np.exp(x, where=a > 0),
        lambda: np.sum(x, dtype=np.float32),
        lambda: np.linalg.eigvals(y[:, :2]),
        lambda: np.fft.fft(x),
        lambda: np.percentile(x, 5),
        lambda: np.copyto(a, x),
        lambda: np.full_like(a, x[0, 0]),
        lambda: np.interp(x, V, V),
        lambda: np.multiply.outer(x, V),
        lambda: np.add.at(a, 0, x),
        lambda: np.isnan(x, out=x),
        lambda: np.reshape(x, 6, order="F"),
        lambda: np.pad(x, 1, mode="mean"),
        lambda: np.concatenate([x, x], out=a),
    ):
        with pytest.raises(TypeError, match=r"x\.data|F\.|a = a|index x"):
            call()
    with pytest.raises(TypeError):
        a += x
    with pytest.raises(ValueError, match="sequence") as info:  # NumPy's words, and ours as the cause
        a[0, 0] = y[0, 0]
    assert "x.data" in str(info.value.__cause__)
    assert not a.any()
    names = {"loss": float(y[0, 0])}
    names["loss"] = float(y[0, 0])  # asked for by name


def test_leaves_convert_and_everything_under_no_grad():
    x, p = Variable(A), Parameter(A)
    assert np.asarray(x) is x.data
    assert np.array([x, x]).shape == (2, 2, 3)
    with no_grad():
        assert np.asarray(x * 2).tolist() == (A * 2).tolist()
        assert np.asarray(p).tolist() == A.tolist()


def test_a_term_of_a_loss_acts():
    W = Variable(np.ones((3, 3)))
    (F.mean(np.ones((1, 3)) @ W) + 0.1 * np.linalg.norm(W)).backward()
    np.testing.assert_allclose(W.grad.data, 1 / 3 + 0.1 / 3)


x = np.array([[1.0, np.nan, 3.0], [4.0, -5.0, np.inf]])
finite = np.array([[1.0, 2.0, 3.0], [4.0, -5.0, 0.5]])


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.reshape(x, (3, 2), "C"),
        lambda x: np.sum(x, 0, None),
        lambda x: np.sum(x, 0, None, None, True),
        lambda x: np.sum(x, axis=0, dtype=None, out=None, keepdims=True),
        lambda x: np.mean(x, 1, None, None),
        lambda x: np.prod(x, 0, None, None),
        lambda x: np.max(x, 0, None),
        lambda x: np.max(x, 0, None, True),
        lambda x: np.min(x, 0, None, True),
        lambda x: np.ptp(x, 0, None, True),
        lambda x: np.std(x, 0, None, None, 1),
        lambda x: np.var(x, 0, None, None, 1, True),
        lambda x: np.cumsum(x, 0, None, None),
        lambda x: np.round(x, 1, None),
        lambda x: np.trace(x, 0, 0, 1, None),
        lambda x: np.average(x, 0, None, False),
        lambda x: np.sort(x, 0, "stable"),
        lambda x: np.ravel(x, "C"),
        lambda x: np.copy(x, "K", False),
        lambda x: np.concatenate([x, x], 1, None),
        lambda x: np.broadcast_to(x, (2, 2, 3), False),
        lambda x: np.dot(x, x.T, None),
        lambda x: np.linalg.norm(x, 2, 1, True),
        lambda x: np.diff(x, 1, 0),
        lambda x: np.take(x, [0, 2], 1, None),
    ],
)
def test_arguments_are_in_numpys_order(f):
    np.testing.assert_allclose(f(Variable(finite)).data, f(finite))


def test_nan_to_num_takes_a_copy_before_its_numbers():
    for more in ((), (True,), (True, 5.0), (False, 5.0, 1.0, 2.0)):
        np.testing.assert_allclose(np.nan_to_num(Variable(x), *more).data, np.nan_to_num(x.copy(), *more))


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.reshape(x, (3, 2), "F"),
        lambda x: np.std(x, 0, np.float32),
        lambda x: np.sum(x, 0, np.float32),
        lambda x: np.var(x, 0, 2),
        lambda x: np.sum(x, 0, True),
        lambda x: np.max(x, 0, np.zeros(3)),
        lambda x: np.ravel(x, "F"),
    ],
)
def test_an_argument_that_would_change_the_result_is_refused(f):
    with pytest.raises(TypeError, match=r"of a Variable takes \(.*leave out the others"):
        f(Variable(finite))
