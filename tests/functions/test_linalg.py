"""Linear algebra where it is singular or repeated, on larger matrices, and as programs use it."""

from weakref import ref

import numpy as np
import pytest

import autograd.functions as F
from autograd import Variable, anomaly, grad, hvp, jacobian, jvp, no_grad
from autograd.functions import cumulative, linalg
from autograd.kernels import lu
from autograd.layers import Linear
from autograd.testing import check_gradients

pytestmark = pytest.mark.standin_exempt("the rows of the op table run there; here NumPy's arrays are the reference")

RNG = np.random.default_rng(0)


def definite(n):
    A = RNG.standard_normal((n, n))
    return A @ A.T + n * np.eye(n)


@pytest.mark.parametrize("lower", [True, False])
@pytest.mark.parametrize("n", [31, 33, 100, 129])
def test_large_triangles_are_solved_by_halves(n, lower):
    A = np.tril(RNG.standard_normal((2, n, n)) / n) + 2 * np.eye(n)
    A = A if lower else A.swapaxes(-1, -2)
    x = RNG.standard_normal((2, n, 3))
    other = A + (np.triu(A + 5, 1) if lower else np.tril(A + 5, -1))  # the other triangle is not read
    np.testing.assert_allclose(F.solve_triangular(other, A @ x, lower=lower), x, rtol=1e-9, atol=1e-12)
    ones = A - A * np.eye(n) + np.eye(n)
    np.testing.assert_allclose(F.solve_triangular(A, ones @ x, lower, unit_diagonal=True), x, rtol=1e-9, atol=1e-11)


def test_gradients_of_large_matrices():
    """ln det A = 2 sum of ln L_ii, in three ways, and their gradient A^-1."""
    A = Variable(definite(80))
    expected = np.linalg.inv(A.data)
    for f in (
        lambda A: F.slogdet(A)[1],
        lambda A: 2 * F.log(np.diagonal(F.cholesky(A))).sum(),
        lambda A: F.log(F.eigvalsh(A)).sum(),
        lambda A: F.log(F.svdvals(A)).sum(),
    ):
        np.testing.assert_allclose(grad(f(A), A).data, expected, rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("scale", [1e-8, 1.0, 30.0, 1000.0])
def test_exponentials_of_rotations(scale):
    """e^[[0, -a], [a, 0]] turns by the angle a, and so does its derivative, whatever the gradient's size."""
    a = Variable(np.array(scale))
    A = a * np.array([[0.0, -1.0], [1.0, 0.0]])
    y = F.expm(A)
    expected = np.array([[np.cos(scale), -np.sin(scale)], [np.sin(scale), np.cos(scale)]])
    np.testing.assert_allclose(y.data, expected, atol=1e-12)
    for size in (1e-6, 1.0, 1e9):
        gy = size * np.array([[1.0, 0.5], [0.25, -1.0]])
        slope = (gy * np.array([[-np.sin(scale), -np.cos(scale)], [np.cos(scale), -np.sin(scale)]])).sum()
        np.testing.assert_allclose(grad(y, a, gy).data, slope, rtol=1e-10, atol=1e-12 * size)


def test_a_batch_of_exponentials_scales_each():
    A = np.stack([np.zeros((2, 2)), np.diag([1e-9, 1.0]), np.diag([40.0, -40.0])])
    np.testing.assert_allclose(F.expm(A)[2], np.diag(np.exp([40.0, -40.0])), rtol=1e-12, atol=1e-18)
    np.testing.assert_allclose(F.expm(A)[1], np.diag(np.exp([1e-9, 1.0])), rtol=1e-15)


REPEATED = {
    "eigenvectors": lambda A: F.eigh(A)[1],
    "a vector of them": lambda A: F.eigh(A)[1][:, 0],
    "left singular vectors": lambda A: F.svd(A)[0],
    "right singular vectors": lambda A: F.svd(A)[2],
    "a sum over them": lambda A: F.eigh(A)[1] @ A,
}


@pytest.mark.parametrize("f", REPEATED.values(), ids=REPEATED)
@pytest.mark.parametrize("gap", [0.0, 1e-16])
def test_a_vector_of_a_repeated_value_has_no_derivative(f, gap):
    A = Variable(np.diag([1.0, 1.0 + gap, 2.0]))
    with pytest.raises(ValueError, match="no derivative of a vector whose .* value is repeated|eigenvalue is repeated"):
        grad(f(A).sum(), A)


def test_what_does_not_depend_on_the_choice_has_one():
    A = Variable(np.diag([1.0, 1.0, 2.0]))
    w, V = F.eigh(A)
    np.testing.assert_allclose(grad((w**2).sum(), A).data, 2 * A.data, atol=1e-15)
    first = (V[:, 2] ** 4).sum()  # the third vector alone
    np.testing.assert_allclose(grad(first, A).data, np.zeros((3, 3)), atol=1e-15)
    np.testing.assert_allclose(grad(F.svdvals(A).sum(), A).data, np.eye(3), atol=1e-15)
    with pytest.raises(ValueError, match="eigenvalue is repeated"):
        grad(grad((F.eigvalsh(A) ** 2).sum(), A, create_graph=True).sum(), A)


def test_near_eigenvalues_are_right_up_to_rounding():
    gap = 1e-5
    A = np.array([[1.0, 0.3 * gap], [0.3 * gap, 1.0 + gap]])
    check_gradients(lambda A: F.eigh(A)[1] ** 2, A, order=1, eps=1e-9, rtol=1e-5)


def test_a_rectangular_matrix_with_a_singular_value_0():
    A = Variable(np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 0.0]]))
    np.testing.assert_allclose(grad(F.svdvals(A)[0], A).data, [[1, 0], [0, 0], [0, 0]], atol=1e-15)
    with pytest.raises(ValueError, match="singular value is 0"):
        grad(F.svd(A)[0][:, 1].sum(), A)


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (lambda A: F.slogdet(A)[1], "slogdet, for its derivative, takes invertible matrices"),
        (lambda A: F.qr(A)[0], "qr, for its derivative, takes no zero on the diagonal"),
    ],
)
def test_derivatives_that_do_not_exist(f, message):
    A = Variable(np.array([[0.0, 0.0], [0.0, 1.0]]))
    y = f(A)
    with pytest.raises(ValueError, match=message):
        grad(y.sum(), A)


def test_determinants_of_singular_matrices_have_every_order():
    """det of [[a, b], [c, d]] has the Hessian of a d - b c, and det(x I) = x^3 the derivative 6 of third order."""
    A = Variable(np.zeros((2, 2)))
    gA = grad(F.det(A), A, create_graph=True)
    np.testing.assert_array_equal(grad(gA[0, 1], A).data, [[0, 0], [-1, 0]])
    x = Variable(0.0)
    y = F.det(x * np.eye(3))
    for expected in (0, 0, 6):
        y = grad(y, x, create_graph=True)
        np.testing.assert_allclose(y.data, expected, atol=1e-14)


@pytest.mark.parametrize("cond", [3e3, 8e3, 9e3, 2e4])
def test_determinants_where_the_two_ways_meet(cond):
    """Between an inverse that is bounded and singular values that are small there may be neither."""
    Q = np.linalg.qr(RNG.standard_normal((3, 20, 20)))[0]
    A = Variable(Q * np.geomspace(1, 1 / cond, 20) * 20)
    y = F.det(A)
    np.testing.assert_allclose(y.data, np.linalg.det(A.data), rtol=1e-9)
    expected = np.linalg.det(A.data)[:, None, None] * np.linalg.inv(A.data).swapaxes(-1, -2)
    g = grad(y.sum(), A, create_graph=True)
    np.testing.assert_allclose(g.data, expected, rtol=1e-7, atol=1e-9 * abs(expected).max())


def test_a_determinant_of_a_large_ill_conditioned_matrix():
    i = np.arange(8)
    A = Variable(1 / (1.0 + i[:, None] + i))  # Hilbert's
    s = np.linalg.svd(A.data)[1]
    g = grad(F.det(A), A, create_graph=True)
    np.testing.assert_allclose(np.linalg.norm(g.data, 2), s[:-1].prod(), rtol=1e-6)  # the cofactors' largest value


def test_halves_keep_their_dtype():
    A = np.array([[2.0, 0.5], [0.5, 1.0]], np.float16)
    for f in (F.inv, F.cholesky, F.det, F.eigvalsh, F.expm, F.pinv):
        x = Variable(A)
        y = f(x)
        assert (y.dtype, grad(y.sum(), x).dtype) == (np.float16, np.float16)
    np.testing.assert_allclose(F.inv(np.array([[2, 0], [0, 4]], np.uint8)), [[0.5, 0], [0, 0.25]])


def test_the_marginal_likelihood_of_a_gaussian_process():
    """y^T K^-1 y + ln det K by Cholesky, its gradient and its Hessian in two hyper-parameters."""
    x = np.linspace(0, 1, 6)[:, None]
    y = np.sin(5 * x)

    def loss(theta):
        K = theta[0] * F.exp(-((x - x.T) ** 2) * theta[1]) + 0.1 * np.eye(6)
        L = F.cholesky(K)
        z = F.solve_triangular(L, y, lower=True)
        return (z**2).sum() + 2 * F.log(np.diagonal(L)).sum()

    check_gradients(loss, np.array([1.5, 4.0]), order=2)


@pytest.mark.parametrize("f", [F.eigh, F.svd], ids=["eigh", "svd"])
def test_vectors_have_a_derivative_along_a_direction(f):
    A, E, h = np.array([[2.0, 1.0], [0.5, 3.0]]), np.array([[1.0, 2.0], [2.0, 0.0]]), 1e-6
    found = jvp(f, A, E)[1]
    for i, y in enumerate(found):
        numeric = (f(A + h * E)[i] - f(A - h * E)[i]) / (2 * h)
        np.testing.assert_allclose(y.data, numeric, atol=1e-8)
        np.testing.assert_allclose(jvp(lambda A, i=i: f(A)[i], A, E)[1].data, numeric, atol=1e-8)
        columns = jacobian(lambda t, i=i: f(A + t * E)[i], np.array(0.0))
        np.testing.assert_allclose(columns.data, numeric, atol=1e-8)


@pytest.mark.parametrize("after", [lambda x: x, lambda x: x * 1.0], ids=["", "behind a product"])
def test_vectors_of_repeated_values_have_none(after):
    with pytest.raises(ValueError, match="eigenvalue is repeated"):
        jvp(lambda A: after(F.eigh(A)[1]), np.eye(2), np.ones((2, 2)))
    with pytest.raises(ValueError, match="singular value is repeated"):
        jvp(lambda A: after(F.svd(A)[0]), np.eye(2), np.ones((2, 2)))
    with pytest.raises(ValueError, match="singular value is 0"):
        jvp(lambda A: after(F.svd(A)[0]), np.zeros((3, 2)), np.ones((3, 2)))


@pytest.mark.parametrize("shape", [(3, 2), (2, 3)])
def test_a_singular_value_is_0_up_to_rounding(shape):
    A = np.outer([1.0, 2.0, 3.0], [1.0, 0.3])
    A = Variable(A if shape == A.shape else A.T)
    with pytest.raises(ValueError, match="singular value is 0"):
        grad(F.svd(A)[0].sum(), A)


@pytest.mark.parametrize("f", [F.det, F.cumprod, F.logcumsumexp])
def test_without_a_gradient_there_is_no_work_for_one(f, monkeypatch):
    """Under no_grad(), and for what is frozen: no inverse, no products by halves."""
    refused = lambda *args: pytest.fail("work for a gradient that nobody can ask for")  # noqa: E731
    monkeypatch.setattr(linalg, "bounded_inverse", refused)
    monkeypatch.setattr(cumulative, "scanned", refused)
    A = np.array([[-1e4, 0.0], [1.0, 2.0]])
    with no_grad():
        y = f(Variable(A))
    layer = Linear(2, in_size=2)
    layer.W.data = A
    layer.freeze()
    for found in (y, f(layer.W)):
        assert isinstance(found, Variable)
        assert found.creator is None
        np.testing.assert_array_equal(found.data, f(A))
    with pytest.raises(pytest.fail.Exception):
        f(Variable(A))


def test_the_determinant_of_nan_is_nan():
    A = np.array([[np.nan, 1.0], [1.0, 2.0]])
    with np.errstate(invalid="ignore"):
        assert np.isnan(F.det(A))
        assert np.isnan(F.det(Variable(A)).data)


@pytest.mark.parametrize("f", [np.linalg.cholesky, np.linalg.eigh, np.linalg.eigvalsh])
def test_under_the_names_of_numpy_one_triangle_is_read(f):
    A = np.array([[2.0, 0.0], [1.0, 2.0]])
    found, expected = f(Variable(A)), f(A)
    for y, expected_y in zip(found, expected) if isinstance(found, tuple) else [(found, expected)]:
        np.testing.assert_allclose(abs(y.data), abs(expected_y), atol=1e-12)


def test_anomaly_detection_takes_unused_vectors():
    A = Variable(np.array([[2.0, 1.0], [1.0, 2.0]]))
    with anomaly():
        w, _V = F.eigh(A)
        w.sum().backward()
    np.testing.assert_allclose(A.grad.data, np.eye(2), atol=1e-14)


ONE_FACTORIZATION = {
    "solve": lambda A: F.solve(A, np.arange(len(A)) + 1.0),
    "slogdet": lambda A: F.slogdet(A)[1],
    "det": F.det,
    "inv": F.inv,
}


@pytest.fixture
def factorizations(monkeypatch):
    """Counts the calls of LAPACK's factorization."""
    pytest.importorskip("scipy")
    counted, dgetrf = [], lu.lapack().dgetrf
    monkeypatch.setattr(lu.lapack(), "dgetrf", lambda A: counted.append(A.shape) or dgetrf(A))
    return counted


@pytest.mark.parametrize("name", ONE_FACTORIZATION)
@pytest.mark.parametrize("way", [lambda A: A, lambda A: A.T, lambda A: A[::-1]], ids=["rows", "columns", "turned"])
def test_a_derivative_takes_over_the_factorization(name, way, factorizations, monkeypatch):
    """It is that of LAPACK by NumPy, which factors anew, at both orders."""
    f, A, V = ONE_FACTORIZATION[name], RNG.standard_normal((6, 6)) + 3 * np.eye(6), RNG.standard_normal((6, 6))
    got = grad((f(way(x := Variable(A))) ** 2).sum(), x).data
    assert factorizations == [(6, 6)]
    second = hvp(lambda x: (f(way(x)) ** 2).sum(), A, V)[1].data
    monkeypatch.setattr(lu, "lapack", lambda: None)
    np.testing.assert_allclose(got, grad((f(way(x := Variable(A))) ** 2).sum(), x).data, rtol=1e-10, atol=1e-12)
    expected = hvp(lambda x: (f(way(x)) ** 2).sum(), A, V)[1].data
    np.testing.assert_allclose(second, expected, rtol=1e-9, atol=1e-9 * abs(expected).max())


@pytest.mark.parametrize("f", [lambda A: F.solve(A, np.eye(70)), lambda A: F.slogdet(A)[1]], ids=["solve", "slogdet"])
def test_factors_go_with_the_graph_and_are_made_again(f, factorizations):
    x = Variable(RNG.standard_normal((70, 70)) + 20 * np.eye(70))
    A = 1.0 * x
    y = f(A)
    y.backward(keep_graph=True)
    first = x.grad.data.copy()
    factors = ref(vars(y.node.creator.state)["lu"])
    y.backward()  # takes the factors, and lets them go
    assert len(factorizations) == 1
    assert factors() is None
    y.backward()
    assert len(factorizations) == 2
    np.testing.assert_allclose(x.grad.data, 3 * first, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", ["solve", "slogdet"])
def test_a_matrix_that_was_edited_is_an_error_beside_its_factors(name):
    x = Variable(definite(6))
    y = ONE_FACTORIZATION[name](x)
    x.data[0, 0] = 9
    with pytest.raises(RuntimeError, match="was changed after"):
        y.backward()
