"""Linear algebra: inverses, equations, factorizations and functions of matrices, each differentiable at every order.

A is a matrix, or a batch of them along leading axes: (..., M, N). LAPACK computes the values. Every derivative is one
formula of matrix products and the functions of this file. float16 is computed in float32, whole numbers in float64.
Everything is real: a complex array is a TypeError, and so are eigenvalues of matrices that are not symmetric.

Every function raises TypeError for what is no array of real numbers, ValueError for shapes that do not fit.

The formulas are those of M. Giles, "An extended collection of matrix derivative results for forward and reverse mode
algorithmic differentiation", Oxford (2008), and of J. Townsend, "Differentiating the singular value decomposition"
(2016).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any, Literal, TypeAlias, overload

import numpy as np

from autograd.algebra import Operand, as_array, matmul, reshape
from autograd.backend import is_array, namespace
from autograd.bfloat16 import finfo
from autograd.checks import flag, number, one_of, shown, whole
from autograd.function import Function
from autograd.functions.operands import differentiable, in_single, real, summable_together, with_room
from autograd.functions.shape import concat, moveaxis
from autograd.kernels import lu
from autograd.kernels.expm import expm as exponential
from autograd.kernels.triangular import solve_triangular as solved
from autograd.shapes import broadcast, one_axis
from autograd.variable import Variable

__all__ = [
    "cholesky", "cross", "det", "eigh", "eigvalsh", "expm", "inv", "kron", "lstsq", "matrix_power", "pinv", "qr",
    "slogdet", "solve", "solve_triangular", "svd", "svdvals",
]  # fmt: skip

Pair: TypeAlias = tuple[Variable, Variable]
Triple: TypeAlias = tuple[Variable, Variable, Variable]


def matrices(name: str, A: Operand, square: bool = True) -> Any:
    """A, if it holds real matrices. Raises TypeError or ValueError, in the words of the function `name`."""
    A = real(name, A)
    if A.ndim < 2 or (square and A.shape[-1] != A.shape[-2]):
        expected = "square matrices (..., N, N)" if square else "matrices (..., M, N)"
        raise ValueError(f"{name} takes {expected}, not shape {A.shape}")
    return A


def transposed(A: Any) -> Any:
    return A.swapaxes(-1, -2)


def symmetric(A: Any) -> Any:
    """(A + A^T) / 2"""
    return 0.5 * (A + transposed(A))


def column(x: Any) -> Any:
    """A number for each matrix, as a factor of it.   (...,) -> (..., 1, 1)"""
    return x.reshape((*x.shape, 1, 1))


def triangle(A: Any, k: int, diagonal: float = 1) -> Any:
    """The elements of A on the diagonal k and below it; those on the main diagonal times a number."""
    xp, shape = namespace(as_array(A)), A.shape[-2:]
    factors = xp.tri(*shape, k, dtype=A.dtype)
    return A * (factors if diagonal == 1 else factors - (1 - diagonal) * xp.eye(*shape, dtype=A.dtype))


def lapack(what: str, f: Callable[..., Any], *xs: Any) -> Any:
    """f(*xs). Raises ValueError, which says `what` is taken, where LAPACK gives up."""
    try:
        return f(*xs)
    except np.linalg.LinAlgError as error:
        raise ValueError(f"{what} ({str(error).lower()})") from None


INVERTIBLE = "takes invertible matrices, not a singular one: F.pinv and F.lstsq take any"


def factors_for(f: Any, A: Any) -> lu.Factors:
    """The factors that f was given, and no longer holds itself; or those of A."""
    known, f.known = f.known, None
    if not known:
        known, f.turned = lu.factors(A), False
    return known


def saved_factors(f: Function) -> lu.Factors:
    """The factors of a matrix that `forward` has saved; none if a walk back has let them go, for they can be redone."""
    known = vars(f.saved)
    return known if all(map(is_array, known.values())) else {}


class Inv(Function):
    """Y = A^-1.   dY = -Y dA Y. The factors of A, or of A^T if `turned`, may be known."""

    def __init__(self, name="inv", known=None, turned=False):
        self.name = name
        self.known = known
        self.turned = turned

    def forward(self, A):
        return lapack(f"{self.name} {INVERTIBLE}", lu.inverse, A, factors_for(self, A), self.turned)

    def backward(self, gY):
        Yt = transposed(self.outputs[0])
        return -(Yt @ gY @ Yt)


def inv(A: Operand) -> Variable:
    """Y = A^-1.   (..., N, N) -> (..., N, N)

    For A^-1 b, `solve` is faster and more exact. Raises ValueError for a singular matrix.
    """
    return with_room(Inv(), matrices("inv", A))


class Solve(Function):
    """x = A^-1 b.   (..., N, N) (..., N, K) -> (..., N, K). The factors of A, or of A^T if `turned`, may be known."""

    alike = 0

    def __init__(self, known=None, turned=False):
        self.known = known
        self.turned = turned

    def forward(self, A, b):
        xp = namespace(A, b)
        if A.shape[:-2] != b.shape[:-2]:  # which CuPy does not broadcast
            batch = np.broadcast_shapes(A.shape[:-2], b.shape[:-2])
            A, b = [xp.broadcast_to(x, (*batch, *x.shape[-2:])) for x in (A, b)]
        known = factors_for(self, A.astype(np.result_type(A.dtype, b.dtype), copy=False))
        self.save(constant=True, **known)
        return lapack(f"solve {INVERTIBLE}", lu.solve, A, b, known, self.turned)

    def backward(self, gx):
        (A, _), (x,) = self.inputs, self.outputs
        gb = Solve(saved_factors(self), not self.turned)(transposed(A), gx)
        return self.needs[0] and -gb @ transposed(x), gb


def solve(A: Operand, b: Operand) -> Variable:
    """x with A x = b.   (..., N, N) (..., N, K) -> (..., N, K), and (..., N, N) (N,) -> (..., N)

    Leading axes are broadcast. As in NumPy, b is a vector only if it has one axis: of a batch of vectors make matrices
    with one column, b[..., None]. Raises ValueError for a singular matrix.
    """
    return equations("solve", Solve(), A, b)


def equations(name: str, f: Callable[..., Any], A: Operand, b: Operand, square: bool = True) -> Any:
    """f(A, b), b a matrix, or a vector as a matrix with one column. Raises ValueError if the shapes do not fit."""
    A, b = matrices(name, A, square), real(name, b)
    M, N = A.shape[-2:]
    if not b.ndim or b.shape[-2 if b.ndim > 1 else 0] != M or broadcast(A.shape[:-2], b.shape[:-2]) is None:
        raise ValueError(f"{name} takes A (..., {M}, {N}) with b (..., {M}, K) or ({M},), not {A.shape} and {b.shape}")
    if b.ndim > 1:
        return with_room(f, A, b)
    return reshape(with_room(f, A, reshape(b, (M, 1))), (*A.shape[:-2], N))


class SolveTriangular(Function):
    """x = A^-1 b, A the lower or the upper triangle of a matrix.   (..., N, N) (..., N, K) -> (..., N, K)"""

    alike = 0

    def __init__(self, lower, unit=False, name="solve_triangular"):
        self.lower = lower
        self.unit = unit
        self.name = name

    def forward(self, A, b):
        return lapack(f"{self.name} takes no zero on the diagonal", solved, A, b, self.lower, self.unit)

    def backward(self, gx):
        (A, _), (x,) = self.inputs, self.outputs
        gb = SolveTriangular(not self.lower, self.unit)(transposed(A), gx)
        if not self.needs[0]:
            return None, gb
        gA, k = -gb @ transposed(x), -1 if self.unit else 0
        return triangle(gA, k) if self.lower else transposed(triangle(transposed(gA), k)), gb


def solve_triangular(A: Operand, b: Operand, lower: bool = False, unit_diagonal: bool = False) -> Variable:
    """x with A x = b for a triangular matrix, of which the other triangle is not read. Shapes as in `solve`.

    With `unit_diagonal` the diagonal is not read either, but is 1. The options are those of scipy.linalg. Raises
    ValueError for a zero on the diagonal.
    """
    name = "solve_triangular"
    f = SolveTriangular(flag(f"{name}: lower", lower), flag(f"{name}: unit_diagonal", unit_diagonal))
    return equations(name, f, A, b)


class Cholesky(Function):
    """L, lower triangular, with L L^T = (A + A^T) / 2.   L^T gA L = sym(half(L^T gL)), half: the lower triangle"""

    def forward(self, A):
        definite = "cholesky takes positive definite matrices: add a small multiple of the identity"
        return lapack(definite, namespace(A).linalg.cholesky, symmetric(A))

    def backward(self, gL):
        (L,) = self.outputs
        Lt = transposed(L)
        X = SolveTriangular(False)(Lt, triangle(Lt @ gL, 0, 0.5))
        return symmetric(SolveTriangular(False)(Lt, transposed(X)))


def cholesky(A: Operand, upper: bool = False) -> Variable:
    """L, lower triangular with a positive diagonal, with L L^T = A; or L^T if `upper`.   (..., N, N) -> (..., N, N)

    Of A the symmetric part (A + A^T) / 2 is taken, where NumPy reads one triangle. So the gradient is symmetric, and
    right for every element. Raises ValueError unless the matrices are positive definite.
    """
    A, upper = matrices("cholesky", A), flag("cholesky: upper", upper)
    L = with_room(Cholesky(), A)
    return transposed(L) if upper else L


class Det(Function):
    """y = det A.   dy = y tr(A^-1 dA). Where y and A^-1 are known already, they are further inputs, as constants."""

    def forward(self, A, *known):
        return known[0] if known else lu.det(A, lu.factors(A))

    def backward(self, gy):
        (A, *known), (y,) = self.inputs, self.outputs
        constant = known and not isinstance(A, Variable)  # in a recorded pass A^-1 has a derivative too
        inverse = known[1] if constant else Inv("det, for its derivative,")(A)
        return column(gy * y) * transposed(inverse), *[None for _ in known]


def det(A: Operand) -> Variable:
    """y = det A, the product of the eigenvalues.   (..., N, N) -> (...,)

    Its derivatives are exact for singular matrices too. Where y overflows or underflows, so does its gradient: that of
    `slogdet` does not.
    """
    return with_room(determinant, matrices("det", A))


def determinant(A: Operand) -> Any:
    """det A, by another way if a derivative may be asked for and the matrix is nearly singular."""
    if not differentiable(A) or not A.size:
        return Det()(A)
    x = as_array(A)
    known = lu.factors(x)
    small = float(finfo(x.dtype).eps) ** 0.25  # two inverses, of the second derivative, then cost half the digits
    inverse = bounded_inverse(x, known, 1 / small)
    if inverse is not None:
        return Det()(A, lu.det(x, known), inverse)
    if not bool(namespace(x).isfinite(x).all()):
        return Det()(A)
    U, s, Vt = namespace(x).linalg.svd(x)
    null = s <= small * s[..., :1]
    return singular_determinant(A, U, s, Vt, null) if bool(null.any()) else Det()(A)


def bounded_inverse(A: Any, known: lu.Factors, most: float) -> Any:
    """A^-1 if |A| |A^-1| is below `most`, None otherwise."""
    try:
        inverse = lu.inverse(A, known)
    except np.linalg.LinAlgError:
        return None
    return inverse if bool(((A * A).sum((-1, -2)) * (inverse * inverse).sum((-1, -2)) < most**2).all()) else None


def singular_determinant(A: Any, U: Any, s: Any, Vt: Any, null: Any) -> Any:
    """det A without an inverse of A, from its singular vectors as constants. `null`: which singular values are small.

    D holds the others. Q is the identity of the small ones, and B = D^-1 U^T A V + Q is near the identity of all.
    det A = det U det V det D det B det(I - B^-1 Q). In the last matrix all columns but those of Q are the identity's.
    """
    xp = namespace(s)
    D = xp.where(null, 1, s)
    k, N = int(null.sum(-1).max()), s.shape[-1]
    B = (transposed(U) @ A @ transposed(Vt)) / D[..., None] + xp.eye(N, dtype=s.dtype) * null[..., None]
    T = xp.eye(k, dtype=s.dtype) - inv(B)[..., N - k :, N - k :] * null[..., None, N - k :]
    factor = xp.linalg.det(U) * xp.linalg.det(Vt) * D.prod(-1)
    return factor * Det()(B) * polynomial_determinant(T)


def polynomial_determinant(A: Any) -> Any:
    """det A by products and sums alone, so that it has its derivatives at every matrix; O(N^4).

    R. S. Bird, "A simple division-free algorithm for computing determinants", Information Processing Letters (2011).
    """
    xp, N = namespace(as_array(A)), A.shape[-1]
    one, below = xp.eye(N, dtype=A.dtype), xp.tri(N, N, -1, dtype=A.dtype)
    F = A
    for _ in range(N - 1):
        later = ((F * one).sum(-1)[..., None, :] @ below)[..., 0, :]  # the sum of the diagonal after each element
        F = (F * transposed(below) - one * later[..., None]) @ A
    return (-1) ** (N - 1) * F[..., 0, 0]


class SLogDet(Function):
    """The sign and ln |det A|.   d ln |det A| = tr(A^-1 dA)"""

    def forward(self, A):
        known = lu.factors(A)
        self.save(constant=True, **known)
        return lu.slogdet(A, known)

    def backward(self, gsign, gy):
        At = transposed(self.inputs[0])
        return column(gy) * Inv("slogdet, for its derivative,", saved_factors(self), turned=True)(At)


def slogdet(A: Operand) -> Pair:
    """The sign of det A, and ln |det A|.   (..., N, N) -> (...,) and (...,)

    For a singular matrix they are 0 and -inf, and the derivative is a ValueError. The derivative of the sign is 0.
    """
    return with_room(SLogDet(), matrices("slogdet", A))


def equal_values(s: Any) -> Any:
    """(..., N, N), true where two of the numbers s are one up to rounding, as each is with itself."""
    scale = abs(s).max(-1, keepdims=True) if s.shape[-1] else s
    return abs(s[..., None] - s[..., None, :]) <= s.shape[-1] * finfo(s.dtype).eps * scale[..., None]


def check_distinct(name: str, values: str, equal: Any, *gs: Any) -> None:
    """Raises ValueError if one of the gradients names a vector whose value is not its only one."""
    if names_one_of(equal.sum(-1) > 1, gs):
        raise ValueError(
            f"{name} has no derivative of a vector whose {values} is repeated, here up to rounding: only of the values"
        )


def names_one_of(bad: Any, gs: Any) -> bool:
    """Do the gradients ask for one of these vectors? A recorded one may have any value later, so it asks for all."""
    return any(bool((bad & (isinstance(g, Variable) or (g != 0).any(-2))).any()) for g in gs if g is not None)


class Eigh(Function):
    """w, V with (A + A^T) / 2 = V diag(w) V^T.   dw_i = v_i dA v_i, dv_i = sum of v_j (v_j dA v_i) / (w_i - w_j)"""

    def forward(self, A):
        w, V = lapack("eigh takes matrices of finite numbers", namespace(A).linalg.eigh, symmetric(A))
        return w, V

    def zeros_like_output(self, i):
        """None for vectors that nothing depends on: a repeated value then does no harm."""
        return None if i == 1 else super().zeros_like_output(i)

    def backward(self, gw, gV):
        w, V = self.outputs
        Vt = transposed(V)
        gA = (V * gw[..., None, :]) @ Vt
        if gV is not None:
            equal = equal_values(as_array(w))
            check_distinct("eigh", "eigenvalue", equal, gV)
            gaps = w[..., None, :] - w[..., None]
            gA = gA + V @ ((Vt @ gV) * ~equal / (gaps + equal)) @ Vt
        return symmetric(gA)


def eigh(A: Operand) -> Pair:
    """w, V: the eigenvalues of a symmetric matrix, in ascending order, and its eigenvectors, the columns of V.

    (..., N, N) -> (..., N) and (..., N, N). A is taken as (A + A^T) / 2. The sign of a vector is LAPACK's choice.

    At a repeated eigenvalue the first derivative is right for functions that treat the equal ones alike, as their sum.
    A single one of them has no derivative: its gradient, and its `jvp`, are those of the basis that LAPACK chose.
    That of a vector, and all of second order, are a ValueError there. Near ones cost digits: errors grow by 1 / gap.
    Raises ValueError for nan and infinity.
    """
    return with_room(Eigh(), matrices("eigh", A))


def eigvalsh(A: Operand) -> Variable:
    """The eigenvalues of a symmetric matrix, in ascending order: those of `eigh`.   (..., N, N) -> (..., N)

    Of equal ones only functions that treat them alike have a derivative: `eigh` says more.
    """
    A = matrices("eigvalsh", A)
    return eigh(A)[0] if isinstance(A, Variable) else with_room(lambda A: namespace(A).linalg.eigvalsh(symmetric(A)), A)


class SVD(Function):
    """U, s, V^T with A = U diag(s) V^T.   (..., M, N) -> (..., M, K), (..., K), (..., K, N) for K = min(M, N)"""

    def forward(self, A):
        U, s, Vt = lapack("svd takes matrices of finite numbers", lambda A: namespace(A).linalg.svd(A, False), A)
        return U, s, Vt

    def zeros_like_output(self, i):
        """None for vectors that nothing depends on: a repeated value then does no harm."""
        return super().zeros_like_output(i) if i == 1 else None

    def backward(self, gU, gs, gVt):
        U, s, Vt = self.outputs
        if gU is None and gVt is None:
            return (U * gs[..., None, :]) @ Vt
        equal = self.check(as_array(s), max(U.shape[-2], Vt.shape[-1]), gU, gVt)
        gU, gVt = [as_array(y) * 0 if g is None else g for y, g in ((U, gU), (Vt, gVt))]
        gV, V, Ut = transposed(gVt), transposed(Vt), transposed(U)
        row, col = s[..., None, :], s[..., None]
        gaps = (row - col) * (row + col) + equal
        inside = skew(Ut @ gU) * ~equal / gaps * row + col * (skew(transposed(V) @ gV) * ~equal / gaps)
        gA = (U * gs[..., None, :]) @ Vt + U @ inside @ Vt
        if U.shape[-2] > s.shape[-1]:
            gA = gA + ((gU - U @ (Ut @ gU)) / row) @ Vt
        if Vt.shape[-1] > s.shape[-1]:
            gA = gA + (U / row) @ (gVt - (gVt @ V) @ Vt)
        return gA

    def check(self, s, longest, gU, gVt):
        """Where two singular values are equal. Raises ValueError if a vector that is asked for has no derivative."""
        equal, gs = equal_values(s), (gU, None if gVt is None else transposed(gVt))
        zero = s <= longest * finfo(s.dtype).eps * s[..., :1]
        if longest > s.shape[-1] and names_one_of(zero, gs):
            raise ValueError("svd has no derivative of a vector whose singular value is 0: only of the values")
        check_distinct("svd", "singular value", equal, *gs)
        return equal


def skew(A: Any) -> Any:
    """A - A^T"""
    return A - transposed(A)


@overload
def svd(A: Operand, full_matrices: bool = False, compute_uv: Literal[True] = True) -> Triple: ...
@overload
def svd(A: Operand, full_matrices: bool = False, *, compute_uv: Literal[False]) -> Variable: ...
@overload
def svd(A: Operand, full_matrices: bool = False, compute_uv: bool = True) -> Triple | Variable: ...


def svd(A: Operand, full_matrices: bool = False, compute_uv: bool = True) -> Triple | Variable:
    """U, s, V^T with A = U diag(s) V^T, s in descending order; s alone without `compute_uv`.

    (..., M, N) -> (..., M, K), (..., K), (..., K, N) for K = min(M, N). The signs of vectors are LAPACK's choice.

    At a repeated value, and of a rectangular matrix at 0, the derivative of a vector is a ValueError, and all of second
    order is. A single value has a kink at 0, as |x| has. Raises ValueError for `full_matrices` unless M = N, since the
    vectors that fill up a basis have no derivative, and for nan and infinity.
    """
    A = matrices("svd", A, square=False)
    if flag("svd: full_matrices", full_matrices) and A.shape[-1] != A.shape[-2]:
        raise ValueError("svd: full_matrices must be False for rectangular matrices: more vectors have no derivative")
    return with_room(SVD(), A) if flag("svd: compute_uv", compute_uv) else svdvals(A)


def svdvals(A: Operand) -> Variable:
    """The singular values of A, in descending order: those of `svd`.   (..., M, N) -> (..., K)"""
    A = matrices("svdvals", A, square=False)
    if isinstance(A, Variable):
        return svd(A)[1]
    return with_room(lambda A: lapack("svdvals takes finite numbers", namespace(A).linalg.svd, A, False, False), A)


class QR(Function):
    """Q, R with A = Q R, for M >= N.   (..., M, N) -> (..., M, N), (..., N, N)"""

    def forward(self, A):
        Q, R = namespace(A).linalg.qr(A)
        return Q, R

    def backward(self, gQ, gR):
        Q, R = self.outputs
        X = R @ transposed(gR) - transposed(gQ) @ Q
        X = triangle(X, 0) + transposed(triangle(X, -1))
        return transposed(SolveTriangular(False, name="qr, for its derivative,")(R, transposed(gQ + Q @ X)))


@overload
def qr(A: Operand, mode: Literal["reduced"] = "reduced") -> Pair: ...
@overload
def qr(A: Operand, mode: Literal["r"]) -> Variable: ...
@overload
def qr(A: Operand, mode: str = "reduced") -> Pair | Variable: ...


def qr(A: Operand, mode: str = "reduced") -> Pair | Variable:
    """Q, R with A = Q R: the columns of Q are orthonormal, R is upper triangular. R alone for mode="r".

    (..., M, N) -> (..., M, K), (..., K, N) for K = min(M, N). The signs of R's diagonal are LAPACK's choice.
    The derivative is a ValueError if the first K columns of A are linearly dependent. Mode "complete" is refused, as
    columns that fill up a basis have no derivative.
    """
    A, mode = matrices("qr", A, square=False), one_of("qr: mode", mode, "reduced", "r")
    Q, R = with_room(factors, A)
    return R if mode == "r" else (Q, R)


def factors(A: Any) -> Any:
    """Q and R; of a wide matrix those of its first M columns, and Q^T times the others."""
    M, N = A.shape[-2:]
    if M >= N:
        return QR()(A)
    Q, R = QR()(A[..., :M])
    return Q, concat([R, transposed(Q) @ A[..., M:]], -1)


class PInv(Function):
    """Y = A^+.   dY = -Y dA Y + Y Y^T dA^T (I - A Y) + (I - Y A) dA^T Y^T Y (Golub and Pereyra 1973)"""

    def __init__(self, rcond=None):
        self.rcond = rcond

    def forward(self, A):
        rcond = max(A.shape[-2:]) * float(finfo(A.dtype).eps) if self.rcond is None else self.rcond
        return lapack("pinv takes finite numbers", namespace(A).linalg.pinv, A, rcond)

    def backward(self, gY):
        (A,), (Y,) = self.inputs, self.outputs
        Yt, gYt = transposed(Y), transposed(gY)
        X, Z = gYt @ Y @ Yt, Yt @ Y @ gYt
        return X - A @ (Y @ X) + Z - (Z @ Y) @ A - Yt @ gY @ Yt


def pinv(A: Operand, rcond: float | None = None) -> Variable:
    """Y = A^+, the pseudo-inverse (Moore, Penrose): A^+ b is the shortest of the x for which |A x - b| is least.

    (..., M, N) -> (..., N, M). Singular values up to `rcond` times the largest count as 0; None is max(M, N) times the
    precision of the dtype. The derivative holds where the rank does not change: elsewhere A^+ jumps.
    """
    A, rcond = matrices("pinv", A, square=False), tolerance("pinv: rcond", rcond)
    return with_room(PInv(rcond), A)


def tolerance(name: str, rcond: float | None) -> float | None:
    return None if rcond is None else float(number(name, rcond, least=0))


def lstsq(A: Operand, b: Operand, rcond: float | None = None) -> Variable:
    """The shortest x for which |A x - b| is least: A^+ b.   (..., M, N) (..., M, K) -> (..., N, K); b (M,) -> (..., N)

    `rcond` and the derivative are those of `pinv`. np.linalg.lstsq gives residuals, rank and singular values too.
    """
    f = PInv(tolerance("lstsq: rcond", rcond))

    def shortest(*xs: Operand) -> Any:
        A, b = summable_together(*xs)
        return matmul(f(A), b)

    return equations("lstsq", shortest, A, b, square=False)


def matrix_power(A: Operand, n: int) -> Variable:
    """A^n for a whole number n: A A ... A by repeated squaring, and of A^-1 for n < 0.   (..., N, N) -> (..., N, N)

    Raises ValueError for n < 0 and a singular matrix.
    """
    A, n = matrices("matrix_power", A), whole("matrix_power: n", n, least=-(2**31), most=2**31)
    return with_room(lambda A: power(Inv("matrix_power for n < 0")(A) if n < 0 else A, abs(n)), A)


def power(A: Any, n: int) -> Any:
    """A^n for n >= 0."""
    if n == 0:
        return A * 0 + namespace(as_array(A)).eye(A.shape[-1], dtype=A.dtype)
    parts = []
    while n:
        if n % 2:
            parts.append(A)
        n //= 2
        A = A @ A if n else A
    return reduce(matmul, parts)


class Expm(Function):
    """Y = e^A. The derivative of e^A towards E stands beside it in e^[[A, E], [0, A]] (Najfeld and Havel 1995).

    The norm of the leading n rows and columns, which are A, decides how the exponential is computed.
    """

    def __init__(self, n):
        self.n = n

    def forward(self, A):
        return exponential(A, self.n)

    def backward(self, gY):
        At, N = transposed(self.inputs[0]), gY.shape[-1]
        both = concat([concat([At, gY], -1), concat([0 * At, At], -1)], -2)
        return Expm(self.n)(both)[..., :N, N:]


def expm(A: Operand) -> Variable:
    """Y = e^A = I + A + A^2 / 2 + A^3 / 6 + ..., the matrix exponential.   (..., N, N) -> (..., N, N)

    x(t) = e^(A t) x(0) solves x' = A x. Raises ValueError for nan and infinity.
    """
    A = matrices("expm", A)
    return with_room(Expm(A.shape[-1]), A)


def kron(a: Operand, b: Operand) -> Variable:
    """Kronecker's product: the blocks a[i, j] b.   (M, N) (P, Q) -> (M P, N Q), and so for any number of axes

    The shorter one of the shapes gets ones in front, as in NumPy.
    """
    a, b = real("kron", a), real("kron", b)
    n = max(a.ndim, b.ndim)
    a, b = [reshape(x, (1,) * (n - x.ndim) + x.shape) for x in (a, b)]
    left = reshape(a, tuple([size for m in a.shape for size in (m, 1)]))
    right = reshape(b, tuple([size for m in b.shape for size in (1, m)]))
    return reshape(left * right, tuple([p * q for p, q in zip(a.shape, b.shape)]))


class Cross(Function):
    """y = a x b along the last axis.   ga = b x gy, gb = gy x a"""

    alike = 0

    def forward(self, a, b):
        return namespace(a, b).cross(a, b)

    def backward(self, gy):
        a, b = self.inputs
        return Cross()(b, gy), Cross()(gy, a)


def cross(a: Operand, b: Operand, axis: int = -1) -> Variable:
    """The vector product of three-dimensional vectors along `axis` of both: orthogonal to a and b.

    The other axes are broadcast. Raises ValueError unless there are 3 elements along the axis.
    """
    a, b = real("cross", a), real("cross", b)
    places = [one_axis("cross", x.shape, axis) for x in (a, b)]
    sizes = [x.shape[k] for x, k in zip((a, b), places)]
    if sizes != [3, 3]:
        raise ValueError(f"cross takes vectors of 3 elements along axis {shown(axis)}, not {sizes[0]} and {sizes[1]}")
    a, b = [moveaxis(x, k, -1) for x, k in zip((a, b), places)]
    if broadcast(a.shape[:-1], b.shape[:-1]) is None:
        raise ValueError(f"cross takes arrays whose shapes broadcast, not {a.shape} and {b.shape}")
    y = in_single(Cross(), a, b)
    return moveaxis(y, -1, axis if axis < 0 else one_axis("cross", y.shape, axis))
