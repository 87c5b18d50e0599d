"""Rows for linear algebra. The references are sums over permutations, loops, roots of polynomials and null spaces.

Vectors are known up to their sign: the rows of `eigh`, `svd` and `qr` turn them so that a chosen number is positive.
"""

import itertools
import math

import numpy as np

import autograd.functions.linalg as la
from autograd.algebra import as_array
from autograd.backend import namespace
from tests.ops.table import Op, case, normal, strided, wrong

BATCHES = [(), (2,), (1,), (2, 1), (0,), (3,)]


def spread(*shape, seed=0):
    """Matrices whose eigenvalues and singular values are neither near to one another nor near to 0."""
    x = 0.3 * normal(*shape, seed=seed)
    k = min(shape[-2:])
    x[..., range(k), range(k)] += 1.5 * np.arange(1, k + 1)
    return x


def definite(*shape, seed=0):
    x = spread(*shape, seed=seed)
    return 0.5 * (x + x.swapaxes(-1, -2)) + np.eye(shape[-1])


def square(make=spread, largest=4, empty=True, **options):
    """Twenty-five cases of square matrices, and of batches of them."""
    arrays = [make(*batch, n, n, seed=n) for n in range(1, largest) for batch in BATCHES]
    arrays += [make(0, 0), make(2, 0, 0)] if empty else []
    arrays += [make(largest, largest), strided(make(3, 3)), strided(make(2, 2, 2)), make(3, 3, seed=9).T, np.broadcast_to(make(2, 2), (2, 2, 2))]
    return [case(x, **options) for x in [*arrays, make(3, 3).astype(np.float32), make(2, 2, 2).astype(np.float32)]]


def rectangular(make=spread, **options):
    """Twenty-five cases of matrices of all forms."""
    shapes = [(1, 1), (2, 2), (3, 3), (1, 2), (2, 1), (1, 3), (3, 1), (2, 3), (3, 2), (2, 4), (4, 2), (2, 2, 2), (2, 2, 3), (2, 3, 2), (2, 1, 2, 1), (2, 1, 1, 2)]
    shapes += [(0, 2, 2), (0, 3, 2), (1, 2, 3), (3, 2, 2), (4, 3)]
    x = make(3, 2, seed=7)
    return [case(a, **options) for a in [*[make(*s, seed=i) for i, s in enumerate(shapes)], strided(x), x.T, strided(x.T), x.astype(np.float32), np.broadcast_to(x, (2, 3, 2))]]


def systems(make=spread, **options):
    """Cases of A x = b: vectors, matrices, batches, and batches that are broadcast."""
    shapes = [((n, n), (n, k)) for n in (1, 2, 3) for k in (1, 2, 3)] + [((n, n), (n,)) for n in (1, 2, 3, 4)]
    shapes += [((2, 2, 2), (2, 2, 1)), ((2, 2, 2), (2, 3)), ((2, 2), (2, 2, 1)), ((2, 1, 2, 2), (3, 2, 1)), ((2, 2, 2), (2,)), ((0, 2, 2), (2, 2)), ((2, 2), (2, 0)), ((1, 2, 2), (3, 2, 1))]
    cases = [case(make(*a, seed=i), normal(*b, seed=i), **options) for i, (a, b) in enumerate(shapes)]
    A, b = make(3, 3), normal(3, 2)
    cases += [case(strided(A), b, **options), case(A.T, strided(b), **options), case(A.astype(np.float32), b, **options), case(A, np.arange(6, dtype=np.int8).reshape(3, 2), **options)]
    return [*cases, case(A.astype(np.float32), b.astype(np.float32), **options)]


def leibniz(A):
    """The sum over all permutations of the signed products."""
    n, y = A.shape[-1], np.zeros(A.shape[:-2], A.dtype)
    for p in itertools.permutations(range(n)):
        sign = (-1) ** sum(p[i] > p[j] for i in range(n) for j in range(i + 1, n))
        y = y + sign * np.prod([A[..., i, p[i]] for i in range(n)], axis=0)
    return np.asarray(y, A.dtype)


def cramer(A, b):
    """x_i = det(A with b as column i) / det A, column by column."""
    columns = b[:, None] if b.ndim == 1 else b
    batch = np.broadcast_shapes(A.shape[:-2], columns.shape[:-2])
    x = np.zeros((*batch, A.shape[-1], columns.shape[-1]), np.result_type(A, b))
    A, columns = np.broadcast_to(A, (*batch, *A.shape[-2:])), np.broadcast_to(columns, (*batch, *columns.shape[-2:]))
    for i, k in itertools.product(range(x.shape[-2]), range(x.shape[-1])):
        replaced = A.astype(x.dtype)
        replaced[..., :, i] = columns[..., :, k]
        x[..., i, k] = leibniz(replaced) / leibniz(A.astype(x.dtype))
    return x[..., 0] if b.ndim == 1 else x


def each(f):
    """f of one matrix, applied to every matrix of a batch, with one or more results."""

    def compute(A, *others, **options):
        shape = A.shape[:-2]
        rows = [f(a, *others, **options) for a in A.reshape((math.prod(shape), *A.shape[-2:]))] or [f(np.eye(*A.shape[-2:]), *others, **options)]
        n = math.prod(shape)
        if isinstance(rows[0], tuple):
            return tuple(np.stack(part)[:n].reshape(shape + part[0].shape).astype(A.dtype) for part in zip(*rows))
        return np.stack(rows)[:n].reshape(shape + np.shape(rows[0])).astype(A.dtype)

    return compute


@each
def cholesky(A, upper=False):
    """Row by row, in Python's numbers."""
    A, L = 0.5 * (A + A.T), np.zeros(A.shape)
    for i in range(len(A)):
        for j in range(i + 1):
            rest = A[i, j] - sum(L[i, k] * L[j, k] for k in range(j))
            L[i, j] = math.sqrt(rest) if i == j else rest / L[j, j]
    return L.T if upper else L


@each
def eigenvalues(A):
    return np.sort(np.roots(np.poly(0.5 * (A + A.T))).real) if len(A) else np.zeros(0)


@each
def eigenvectors(A):
    """The null spaces of A - w."""
    A, w = 0.5 * (A + A.T), eigenvalues(A.astype(np.float64))
    V = np.stack([np.linalg.svd(A - v * np.eye(len(A)))[2][-1] for v in w], 1) if len(A) else np.zeros((0, 0))
    return w, V * np.sign(V.sum(0))


@each
def singular(A, full_matrices=False):
    """Eigenvalues of A^T A, or of A A^T if that is smaller; the other vectors are their images."""
    if A.shape[0] < A.shape[1]:
        U, s, Vt = singular(A.T)
        sign = np.sign(Vt.sum(0))
        return Vt.T * sign, s, (U * sign).T
    w, V = eigenvectors(A.T.astype(np.float64) @ A)
    s, V = np.sqrt(w[::-1]), V[:, ::-1]
    U = A @ V / s
    sign = np.sign(U.sum(0))
    return U * sign, s, (V * sign).T


@each
def gram_schmidt(A, mode="reduced"):
    """Each column without its parts along those before it."""
    M, N = A.shape
    Q = np.zeros((M, 0))
    for a in A.T[: min(M, N)].astype(np.float64):
        for _ in range(2):
            a = a - Q @ (Q.T @ a)
        Q = np.column_stack([Q, a / math.sqrt(a @ a)])
    return Q.T @ A if mode == "r" else (Q, Q.T @ A)


def signs(x, axis):
    """The signs of the sums over an axis: a constant."""
    x = as_array(x)
    return namespace(x).sign(x.sum(axis, keepdims=True))


def diagonal_signs(R):
    """The signs of the diagonal, as a column: a constant."""
    R = as_array(R)
    xp = namespace(R)
    return xp.sign((R * xp.eye(*R.shape[-2:], dtype=R.dtype)).sum(-1))[..., None]


def signed_eigh(A):
    w, V = la.eigh(A)
    return w, V * signs(V, -2)


def signed_svd(A, **options):
    U, s, Vt = la.svd(A, **options)
    sign = signs(U, -2)
    return U * sign, s, Vt * sign.swapaxes(-1, -2)


def signed_qr(A, mode="reduced"):
    if mode == "r":
        R = la.qr(A, mode=mode)
        return R * diagonal_signs(R)
    Q, R = la.qr(A, mode)
    return Q * diagonal_signs(R).swapaxes(-1, -2), R * diagonal_signs(R)


@each
def pseudo_inverse(A, rcond=None):
    """(A^T A)^-1 A^T or A^T (A A^T)^-1, with a number near 0 where an inverse does not exist."""
    A = A.astype(np.float64)
    e = 1e-12 * np.eye(min(A.shape))
    return np.linalg.solve(A.T @ A + e, A.T) if A.shape[0] >= A.shape[1] else np.linalg.solve(A @ A.T + e, A).T


def taylor(A):
    """The sum of A^k / k! of a matrix that was halved eight times, and then squared."""
    x = A.astype(np.float64) / 256
    term = y = np.eye(A.shape[-1]) + 0 * x
    for k in range(1, 20):
        term = term @ x / k
        y = y + term
    for _ in range(8):
        y = y @ y
    return y.astype(A.dtype)


@each
def product(A, n):
    y = np.eye(len(A))
    A = A.astype(np.float64) if n >= 0 else np.linalg.solve(A.astype(np.float64), np.eye(len(A)))
    for _ in range(abs(n)):
        y = y @ A
    return y


def slog(A):
    y = leibniz(A)
    return np.sign(y), np.log(abs(y))


def of_triangle(A, b, lower=False, unit_diagonal=False):
    A = np.tril(A) if lower else np.triu(A)
    return cramer(A + (1 - A) * np.eye(A.shape[-1], dtype=A.dtype) if unit_diagonal else A, b)


def near_singular():
    """Of rank 2, 1 and 0, nearly so, and mixed in a batch."""
    one, two = np.ones((3, 3)), np.array([[1.0, 2, 3], [2, 4, 6], [1, 0, 1]])
    mixed = np.stack([one, two, spread(3, 3), np.zeros((3, 3))])
    near = two + 1e-7 * normal(3, 3)
    return [case(x) for x in (one, two, np.zeros((2, 2)), np.zeros((1, 1)), np.diag([1.0, 0, 2]), mixed, near, one[:2, :2] + 1e-9 * np.eye(2), np.zeros((2, 4, 4)))]


def krons():
    shapes = [((1, 1), (1, 1)), ((2, 2), (2, 2)), ((2, 3), (1, 2)), ((1, 2), (3, 1)), ((2,), (3,)), ((3,), (2, 2)), ((2, 2), (2,)), ((), (2, 2)), ((2,), ()), ((), ())]
    shapes += [((2, 1, 2), (2, 2)), ((2, 2), (1, 2, 2)), ((2, 1, 2), (1, 2, 1)), ((0,), (2,)), ((2, 0), (2, 2)), ((1, 3), (1, 3)), ((3, 1), (1, 3)), ((4,), (1,)), ((1,), (4,)), ((2, 2, 2), (2,))]
    cases = [case(normal(*a), normal(*b, seed=1)) for a, b in shapes]
    a, b = normal(2, 3), normal(2, 2, seed=1)
    return [*cases, case(strided(a), b), case(a.T, b), case(a.astype(np.float32), b), case(a.astype(np.float32), b.astype(np.float32)), case(a, np.arange(4, dtype=np.int8).reshape(2, 2))]


def blocks(a, b):
    """Element by element of a."""
    n = max(a.ndim, b.ndim)
    shape = [p * q for p, q in zip((1,) * (n - a.ndim) + a.shape, (1,) * (n - b.ndim) + b.shape)]
    y = np.zeros(shape, np.result_type(a, b))
    wide, small = a.reshape((1,) * (n - a.ndim) + a.shape), b.reshape((1,) * (n - b.ndim) + b.shape)
    for i in np.ndindex(*wide.shape):
        y[tuple(slice(k * m, (k + 1) * m) for k, m in zip(i, small.shape))] = wide[i] * small
    return np.asarray(y)


def crosses():
    shapes = [((3,), (3,)), ((1, 3), (3,)), ((3,), (2, 3)), ((2, 3), (2, 3)), ((2, 1, 3), (2, 3)), ((0, 3), (3,)), ((2, 3), (1, 3)), ((1, 1, 3), (2, 2, 3)), ((4, 3), (4, 3)), ((2, 2, 3), (2, 2, 3))]
    cases = [case(normal(*a), normal(*b, seed=1)) for a, b in shapes]
    first = [((3, 2), (3, 2), 0), ((3, 2), (3, 1), 0), ((3, 2), (3, 2), -2), ((2, 3, 2), (2, 3, 2), 1), ((2, 3, 2), (1, 3, 2), 1), ((3, 2, 2), (3, 1, 2), 0), ((3,), (3,), 0), ((2, 3), (2, 3), 1), ((3, 3), (3, 3), 0), ((2, 3, 2), (3, 2), -2)]
    cases += [case(normal(*a), normal(*b, seed=1), axis=k) for a, b, k in first]
    a, b = normal(2, 3), normal(2, 3, seed=1)
    return [*cases, case(strided(a), b), case(a, strided(b)), case(a.T, b.T, axis=0), case(a.astype(np.float32), b), case(a.astype(np.float32), b.astype(np.float32)), case(a, np.arange(3, dtype=np.int8))]


def determinants_of_pairs(a, b, axis=-1):
    """Each component is a determinant."""
    a, b = np.moveaxis(a, axis, -1), np.moveaxis(b, axis, -1)
    a, b = np.broadcast_arrays(a.astype(np.result_type(a, b)), b.astype(np.result_type(a, b)))
    unit = np.eye(3, dtype=a.dtype)
    y = np.stack([leibniz(np.stack([np.broadcast_to(unit[i], a.shape), a, b], -2)) for i in range(3)], -1)
    return np.moveaxis(y, -1, axis)


x, A, singular_matrix = normal(2, 3), spread(3, 3), np.ones((2, 2))
SQUARE = [wrong(ValueError, r"takes square matrices \(\.\.\., N, N\), not shape \(2, 3\)", x), wrong(ValueError, r"not shape \(3,\)", normal(3)), wrong(TypeError, "takes real numbers, not complex128", A * 1j)]
ANY = [wrong(ValueError, r"takes matrices \(\.\.\., M, N\), not shape \(3,\)", normal(3)), wrong(TypeError, "takes real numbers, not complex64", A.astype(np.complex64)), wrong(TypeError, "a Variable or an array, not list", [[1.0]])]
FIT = [wrong(ValueError, r"with b \(\.\.\., 3, K\) or \(3,\), not \(3, 3\) and \(2, 3\)", A, x), wrong(ValueError, r"not \(2, 3, 3\) and \(3, 3, 1\)", spread(2, 3, 3), normal(3, 3, 1)), wrong(ValueError, r"and \(\)", A, normal())]
powers = [case(c.args[0], n=n) for n, c in zip(itertools.cycle([2, 3, 1, -1, 0, -2, 5]), square())]

OPS = [
    Op("inv", la.inv, lambda A: cramer(A, np.eye(A.shape[-1], dtype=A.dtype)), square(), [*SQUARE, wrong(ValueError, "inv takes invertible matrices, not a singular one: F.pinv", singular_matrix)]),
    Op("solve", la.solve, cramer, systems(), [*FIT, wrong(ValueError, "solve takes invertible", singular_matrix, x), wrong(ValueError, "takes square matrices", x, x), wrong(TypeError, "solve takes real", A * 1j, A)]),
    Op("solve_triangular", la.solve_triangular, of_triangle, [*systems(), *systems(lower=True)[::2], *systems(lower=True, unit_diagonal=True)[::3]],
       [*FIT, wrong(ValueError, "no zero on the diagonal", np.zeros((2, 2)), x), wrong(TypeError, "lower must be True or False", A, A, lower="L"), wrong(TypeError, "unit_diagonal must be", A, A, unit_diagonal=1)]),
    Op("cholesky", la.cholesky, cholesky, [*square(definite), case(definite(3, 3), upper=True), case(spread(2, 2), True)],
       [*SQUARE, wrong(ValueError, "takes positive definite matrices", -A), wrong(TypeError, "upper must be True or False", definite(2, 2), "U")]),
    Op("det", la.det, leibniz, [*square(), *near_singular()], SQUARE),
    Op("slogdet", la.slogdet, slog, [*square(), case(-spread(3, 3)), case(normal(3, 3))], SQUARE),
    Op("eigh", signed_eigh, eigenvectors, square(), SQUARE), Op("eigvalsh", la.eigvalsh, eigenvalues, square(), SQUARE),
    Op("svd", signed_svd, singular, [*rectangular(), case(spread(2, 2), full_matrices=True)],
       [*ANY, wrong(ValueError, "full_matrices must be False for rectangular", x, full_matrices=True), wrong(TypeError, "full_matrices must be True or False", A, full_matrices=1), wrong(TypeError, "compute_uv must be", A, compute_uv=None)]),
    Op("svd (values)", lambda A: la.svd(A, compute_uv=False), lambda A: singular(A)[1], rectangular(), ANY), Op("svdvals", la.svdvals, lambda A: singular(A)[1], rectangular(), ANY),
    Op("qr", signed_qr, gram_schmidt, [*rectangular(), case(spread(3, 2), mode="r"), case(spread(2, 2, 3), mode="r")], [*ANY, wrong(ValueError, "mode must be one of 'reduced', 'r'", A, mode="complete")]),
    Op("pinv", la.pinv, pseudo_inverse, [*rectangular(), case(spread(3, 2), rcond=1e-3), case(spread(3, 2), 0)], [*ANY, wrong(ValueError, "rcond must be at least 0", A, rcond=-1.0), wrong(TypeError, "rcond must be a number", A, rcond="x")]),
    Op("lstsq", la.lstsq, lambda A, b, rcond=None: np.asarray(pseudo_inverse(A.astype(float)) @ b, np.result_type(A, b)), [*systems(), *[case(c.args[0], normal(*c.args[0].shape[:-1], 2)) for c in rectangular()], case(spread(3, 2), normal(3), rcond=0.01)],
       [*FIT, wrong(ValueError, "rcond must be at least 0", A, A, rcond=-1.0)]),
    Op("matrix_power", la.matrix_power, product, powers, [*[wrong(w.error, w.match, *w.args, n=2) for w in SQUARE], wrong(TypeError, "n must be a whole number", A, 0.5), wrong(ValueError, "for n < 0 takes invertible", singular_matrix, -1)]),
    Op("expm", la.expm, taylor, [*square(), case(np.zeros((2, 2))), case(4 * normal(3, 3)), case(np.ones((2, 2)))], [*SQUARE, wrong(ValueError, "matrices of finite numbers", A * np.nan)]),
    Op("kron", la.kron, blocks, krons(), [wrong(TypeError, "kron takes real", A * 1j, A), wrong(TypeError, "a Variable or an array, not list", [1.0], A)]),
    Op("cross", la.cross, determinants_of_pairs, crosses(), [wrong(ValueError, "vectors of 3 elements along axis -1, not 2 and 3", normal(2), normal(3)), wrong(ValueError, "shapes broadcast", normal(2, 3), normal(4, 3)), wrong(TypeError, "axis must be one number", A, A, axis=None)]),
]  # fmt: skip
