"""What stands beside a Variable: dtypes, lists, sparse matrices, and what is refused at every door."""

import fractions
import math

import numpy as np
import pytest
import scipy.sparse as sparse

import autograd.functions as F
import autograd.layers as L
from autograd import Function, Variable, as_variable, grad, no_grad
from autograd.layers import Parameter

pytestmark = pytest.mark.standin_exempt("NumPy's scalars and SciPy's matrices")

X = np.array([[0.7, 1.2], [0.4, 2.0]], np.float32)

CONSTANTS = {  # all of them are [[2, 2], [2, 2]] or 2
    "int": 2,
    "float": 2.0,
    "float64": np.float64(2),
    "sqrt": np.sqrt(4),
    "int64": np.int64(2),
    "uint8": np.uint8(2),
    "longdouble": np.longdouble(2),
    "0-d": np.array(2.0),
    "0-d int": np.array(2),
    "list": [2.0, 2.0],
    "nested": [[2, 2], [2, 2]],
    "tuple": (2, 2),
    "array": np.full((2, 2), 2.0),
    "int array": np.full((2, 2), 2),
    "int32": np.full(2, 2, np.int32),
    "fraction": fractions.Fraction(2),
    "Variable of int": Variable(np.full(2, 2)),
}
OPERATIONS = {
    "+": lambda x, c: x + c,
    "r+": lambda x, c: c + x,
    "-": lambda x, c: x - c,
    "r-": lambda x, c: c - x,
    "*": lambda x, c: x * c,
    "r*": lambda x, c: c * x,
    "/": lambda x, c: x / c,
    "r/": lambda x, c: c / x,
    "**": lambda x, c: x**c,
    "r**": lambda x, c: c**x,
    "//": lambda x, c: x // c,
    "%": lambda x, c: x % c,
    "maximum": F.maximum,
    "minimum": lambda x, c: F.minimum(c, x),
    "where": lambda x, c: F.where(X > 1, x, c),
    "np.hypot": np.hypot,
    "np.add": np.add,
    "np.where": lambda x, c: np.where(X > 1, c, x),
}


@pytest.mark.parametrize("constant", CONSTANTS.values(), ids=CONSTANTS)
@pytest.mark.parametrize("f", OPERATIONS.values(), ids=OPERATIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_no_constant_widens_a_variable(f, constant, dtype):
    """The value and the gradient are those of the Python number 2, in the dtype of the Variable."""
    x, other = Variable(X.astype(dtype)), Variable(X.astype(dtype))
    y, expected = f(x, constant), f(other, 2)
    assert y.dtype == dtype
    np.testing.assert_allclose(y.data, expected.data, rtol=2e-3 if dtype == np.float16 else 1e-6)
    gx, ex = grad(y, x, create_graph=True), grad(expected, other)
    assert gx.dtype == dtype
    np.testing.assert_allclose(gx.data, ex.data, rtol=4e-3 if dtype == np.float16 else 1e-6)


WIDE = np.arange(1.0, 5.0).reshape(2, 2)
FUNCTIONS = {
    "matmul": lambda x: x @ WIDE,
    "rmatmul": lambda x: WIDE @ x,
    "matmul int": lambda x: x @ WIDE.astype(int),
    "linear": lambda x: F.linear(WIDE, x, np.ones(2)),
    "linear uint8": lambda x: F.linear(WIDE.astype(np.uint8), x),
    "einsum": lambda x: F.einsum("ij,jk", x, WIDE),
    "tensordot": lambda x: F.tensordot(WIDE, x, 1),
    "concat": lambda x: F.concat([x, WIDE]),
    "stack": lambda x: F.stack([WIDE, x]),
    "stack numbers": lambda x: F.stack([x[0, 0], 1.0, np.float64(2)]),
    "mean_squared_error": lambda x: F.mean_squared_error(x, WIDE),
    "list": lambda x: F.mean_squared_error(x, WIDE.tolist()),
    "mean_absolute_error": lambda x: F.mean_absolute_error(x, WIDE),
    "huber": lambda x: F.huber_loss(x, WIDE, np.float64(1)),
    "sigmoid_cross_entropy": lambda x: F.sigmoid_cross_entropy(x, WIDE / 8),
    "bce": lambda x: F.binary_cross_entropy(x / 4, WIDE / 8),
    "kl": lambda x: F.kl_divergence(x / 4, WIDE / 8),
    "softmax_cross_entropy": lambda x: F.softmax_cross_entropy(x, WIDE / 8, smoothing=np.float64(0.1)),
    "conv2d": lambda x: F.conv2d(np.ones((1, 1, 3, 3)), x.reshape(1, 1, 2, 2)),
    "conv of bytes": lambda x: F.conv2d(np.ones((1, 1, 3, 3), np.uint8), x.reshape(1, 1, 2, 2)),
    "leaky_relu": lambda x: F.leaky_relu(x, np.float64(0.1)),
    "elu": lambda x: F.elu(x, np.float64(1)),
    "clip": lambda x: F.clip(x, np.float64(0.5), np.int64(1)),
    "norm": lambda x: F.norm(x, np.float64(3)),
    "var": lambda x: F.var(x, ddof=np.float64(1)),
    "dropout": lambda x: F.dropout(x, np.float64(0.5)),
    "pad": lambda x: F.pad(x, 1, np.float64(2)),
    "model": lambda x: L.Linear(3)(WIDE),
    "model of bytes": lambda x: L.MLP((3, 2))(WIDE.astype(np.uint8)),
    "softmax_cross_entropy labels": lambda x: F.softmax_cross_entropy(x, [0, 1]),
    "layer_norm": lambda x: L.LayerNorm(2)(WIDE),
}


@pytest.mark.parametrize("f", FUNCTIONS.values(), ids=FUNCTIONS)
def test_no_constant_widens_in_functions_and_layers(f):
    assert f(Variable(X)).dtype == np.float32


def test_a_users_function_gets_its_arrays_as_they_are_and_numbers_narrow():
    class Spy(Function):
        def forward(self, x, i, a, s):
            self.seen = [i.dtype, a.dtype, s.dtype]
            return x * s

        def backward(self, gy):
            return gy, None, None, None

    f = Spy()
    y = f(Variable(X), np.array([0, 1]), np.ones(3), np.float64(2))
    assert [d.name for d in f.seen] == ["int64", "float64", "float32"]
    assert y.dtype == np.float32


# Lists


def gradient(make):
    theta = Variable(0.3)
    (make(theta * 1.0) * np.array([[1.0, 2.0], [3.0, 4.0]])).sum().backward()
    return theta.grad.item()


LISTS = {
    "constructor": lambda t: Variable([[t, -t], [t, t]]),
    "tuples": lambda t: Variable(((t, -t), (t, t))),
    "as_variable": lambda t: as_variable([[t, -t], [t, t]]),
    "rows": lambda t: Variable([F.stack([t, -t]), F.stack([t, t])]),
    "+": lambda t: Variable(np.zeros((2, 2))) + [[t, -t], [t, t]],
    "r*": lambda t: [[t, -t], [t, t]] * Variable(np.ones((2, 2))),
    "@": lambda t: Variable(np.eye(2)) @ [[t, -t], [t, t]],
    "r@": lambda t: [[t, -t], [t, t]] @ Variable(np.eye(2)),
    "np.stack": lambda t: np.stack([np.stack([t, -t]), np.stack([t, t])]),
    "np.where": lambda t: np.where(True, Variable([[t, -t], [t, t]]), 0),
    "-": lambda t: Variable(np.zeros((2, 2))) - [[-t, t], [-t, -t]],
    "mixed": lambda t: Variable([[t, -1.0 * t], [t, np.float64(1) * t]]),
}


@pytest.mark.parametrize("make", LISTS.values(), ids=LISTS)
def test_lists_of_variables_stack_with_their_gradients(make):
    assert gradient(make) == pytest.approx(1 - 2 + 3 + 4)


def test_a_list_with_numbers_keeps_the_dtype_and_differentiates_twice():
    t = Variable(np.float32(0.5))
    y = Variable([t * t, 1.0, np.float64(2), t**3])
    assert y.dtype == np.float32
    gx = grad(y, t, create_graph=True)
    assert float(grad(gx, t)) == pytest.approx(2 + 6 * 0.5)
    with no_grad():
        assert Variable([t, t]).creator is None


@pytest.mark.parametrize(
    "f, expected",  # at x = [0.5, 2.0], t = 0.75
    [
        (lambda x, t: F.maximum(x, [t, 2 * t]), 1.0),
        (lambda x, t: F.minimum([t, 3 * t], np.ones(2)), 1.0),
        (lambda x, t: F.where(np.array([False, True]), [t, 2 * t], 0.0), 2.0),
        (lambda x, t: F.clip(x, [t, 3 * t], 9.0), 4.0),
        (lambda x, t: F.scatter_add(x, [0, 0], [t, 2 * t]), 3.0),
        (lambda x, t: F.setitem(x, slice(None), [t, 2 * t]), 3.0),
    ],
    ids=["maximum", "minimum", "where", "clip", "scatter_add", "setitem"],
)
def test_lists_of_variables_stack_beside_an_array(f, expected):
    x, t = Variable([0.5, 2.0]), Variable(0.75)
    assert float(grad(f(x, t).sum(), t)) == expected


REFUSED_LISTS = [
    lambda x, t: Variable([t, [t, t]]),
    lambda x, t: F.add(x, [t, t]),
    lambda x, t: F.concat([x, [t, t]]),
    lambda x, t: F.linear(x, [[t], [t]]),
    lambda x, t: Parameter([t * 1, t * 1]),
    lambda x, t: F.einsum("i,i", x, [t, t]),
]


@pytest.mark.parametrize("f", REFUSED_LISTS)
def test_other_lists_of_variables_are_refused(f):
    with pytest.raises((TypeError, ValueError)):
        f(Variable([0.5, 0.5]), Variable(0.5))


@pytest.mark.parametrize(
    "loss",
    [
        F.mean_squared_error,
        F.mean_absolute_error,
        F.huber_loss,
        F.sigmoid_cross_entropy,
        F.kl_divergence,
        F.binary_cross_entropy,
        F.softmax_cross_entropy,
    ],
)
def test_a_target_that_is_a_list_of_variables_has_its_gradient(loss):
    x, t = Variable([[0.3, 0.6]]), Variable(0.4)
    expected = grad(loss(x, F.stack([F.stack([t, 1 - t])])), t)
    y = loss(x, [[t, 1 - t]])
    assert float(grad(y, t)) == pytest.approx(float(expected))


# Doors

NOT_REAL = {
    "text": np.array(["a", "b"]),
    "bytes": np.array([b"a", b"b"]),
    "complex": np.array([1j, 2]),
    "dates": np.array(["2020", "2021"], "M8[D]"),
    "spans": np.array([1, 2], "m8[s]"),
    "objects": np.array([None, 1.0], object),
    "Variables": np.array([Variable(1.0), None], object),
    "records": np.zeros(2, [("a", float)]),
    "masked": np.ma.masked_array([1.0, 2.0], [True, False]),
    "sparse": sparse.csr_matrix(np.eye(2)),
}
DOORS = {
    "constructor": Variable,
    "as_variable": as_variable,
    "Parameter": Parameter,
    "+": lambda a: Variable([1.0, 2.0]) + a,
    "r*": lambda a: a * Variable([1.0, 2.0]),
    "/": lambda a: Variable([1.0, 2.0]) / a,
    "**": lambda a: Variable([1.0, 2.0]) ** a,
    "maximum": lambda a: F.maximum(Variable([1.0, 2.0]), a),
    "where": lambda a: F.where(np.array([True, False]), Variable([1.0, 2.0]), a),
    "data": lambda a: setattr(Variable([1.0, 2.0]), "data", a),
    "result": lambda a: returning(a)(Variable([1.0, 2.0])),
    "seed": lambda a: grad(Variable([1.0, 2.0]) * 2, Variable([1.0, 2.0]), a),
    "mse": lambda a: F.mean_squared_error(Variable([1.0, 2.0]), a),
}


def returning(a):
    class Returns(Function):
        def forward(self, x):
            return a

        def backward(self, gy):
            return gy

    return Returns()


@pytest.mark.parametrize("a", NOT_REAL.values(), ids=NOT_REAL)
@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
def test_what_is_no_array_of_real_numbers_is_refused_at_every_door(door, a):
    with pytest.raises((TypeError, ValueError)):
        door(a)


@pytest.mark.parametrize("x", ["abc", None, F.relu, 1j, {}, object, np.str_("a"), np.complex64(1), b"a"])
@pytest.mark.parametrize("name", ["+", "*", "maximum", "where", "**"])
def test_what_is_no_number_is_refused_beside_a_variable(name, x):
    with pytest.raises((TypeError, ValueError)):
        OPERATIONS[name](Variable(X), x)


@pytest.mark.parametrize("dtype", [complex, str, object, "M8[D]", "abc", None, bytes, [("a", float)]])
def test_astype_takes_dtypes_of_real_numbers(dtype):
    with pytest.raises(TypeError, match="astype: dtype must be"):
        Variable(X).astype(dtype)


@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_matrices_become_arrays_or_are_refused():
    with pytest.raises(TypeError, match="np.matrix"):
        np.matrix(X) * Variable(X)
    with pytest.raises(TypeError, match="np.matrix"):
        Variable(X) @ np.matrix(X)
    assert type(returning(np.matrix([[1.0, 2.0]]))(Variable([[1.0, 2.0]])).data) is np.ndarray


def test_a_function_that_computes_with_variables_is_refused():
    class Inner(Function):
        def forward(self, x):
            return F.sin(Variable(x))

        def backward(self, gy):
            return gy

    with pytest.raises(TypeError, match="Inner.forward must return arrays"):
        Inner()(Variable(1.0))


# Sparse matrices

A = np.array([[0.0, 2.0, 0.0, 1.0], [1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 3.0, 0.0], [0.0, -1.0, 0.0, 4.0]])
KINDS = [sparse.csr_matrix, sparse.csr_array, sparse.csc_array, sparse.coo_array, sparse.coo_matrix]
PRODUCTS = {
    "A @ x": (lambda s, x: s @ x, lambda x: A @ x),
    "A.dot(x)": (lambda s, x: s.tocsr().dot(x), lambda x: A @ x),
    "x @ A": (lambda s, x: x.T @ s, lambda x: x.T @ A),
    "matmul": (lambda s, x: F.matmul(s, x), lambda x: A @ x),
    "matmul right": (lambda s, x: F.matmul(x.T, s), lambda x: x.T @ A),
    "linear": (lambda s, x: F.linear(s, x, np.ones(2)), lambda x: A @ x + 1),
    "vector": (lambda s, x: s @ x[:, 0], lambda x: A @ x[:, 0]),
    "vector left": (lambda s, x: x[:, 1] @ s, lambda x: x[:, 1] @ A),
    "np.matmul": (lambda s, x: F.linear(s, x), lambda x: A @ x),
}


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.__name__)
@pytest.mark.parametrize("product", PRODUCTS.values(), ids=PRODUCTS)
@pytest.mark.parametrize("leaf", [True, False])
def test_sparse_products_are_those_of_the_dense_matrix(kind, product, leaf):
    f, dense = product
    x = Variable(np.arange(1.0, 9.0).reshape(4, 2))
    h = x if leaf else x * 1.0
    y, expected = f(kind(A), h), dense(h)
    np.testing.assert_allclose(y.data, expected.data)
    v = np.random.default_rng(0).standard_normal(y.shape)
    np.testing.assert_allclose(grad(y, x, v).data, grad(expected, x, v).data)
    gx = grad(f(kind(A), h) ** 2, x, create_graph=True)
    np.testing.assert_allclose(grad(gx.sum(), x).data, grad(grad(dense(h) ** 2, x, create_graph=True).sum(), x).data)
    x32 = Variable(np.ones((4, 2), np.float32))
    assert f(kind(A), x32).dtype == np.float32


@pytest.mark.parametrize(
    "f",
    [
        lambda s, x: s + x,
        lambda s, x: x + s,
        lambda s, x: x * s,
        lambda s, x: s.multiply(x),
        lambda s, x: sparse.csr_array(s) * x,
        lambda s, x: x / s,
        lambda s, x: s - x,
        lambda s, x: F.maximum(x, s),
        lambda s, x: s @ x.reshape(1, 4, 4),
        lambda s, x: Variable(s),
        lambda s, x: F.matmul(s, x[:3]),
        lambda s, x: s * x,
    ],
)
def test_other_uses_of_sparse_matrices_are_refused_for_leaves_too(f):
    with pytest.raises((TypeError, ValueError)):
        f(sparse.csr_matrix(A), Variable(np.ones((4, 4))))


def test_a_graph_network_trains_its_first_layer():
    first, second = L.Linear(5, 3), L.Linear(2, 5)
    h = F.relu(sparse.csr_array(A) @ first(np.ones((4, 3), np.float32)))
    assert h.dtype == np.float32
    F.softmax_cross_entropy(second(h), np.array([0, 1, 0, 1])).backward()
    assert first.W.grad is not None


# Python's own


def test_formats_rounding_and_remainders():
    x, v = Variable(2.71828), Variable([2.7, -2.7])
    assert f"{x:.2f} {x:8.1e} {x}" == "2.72  2.7e+00 Variable(2.71828)"
    with pytest.raises(TypeError, match=r"'\.2f' takes a Variable of one element"):
        f"{v:.2f}"
    assert [float(round(x)), float(round(x, 2)), math.floor(x), math.ceil(x), math.trunc(x)] == [3, 2.72, 2, 3, 2]
    assert (v // 2).data.tolist() == [1, -2]
    assert (7 // v).data.tolist() == [2, -3]
    q, r = divmod(v, 2)
    np.testing.assert_allclose((q * 2 + r).data, v.data)
    np.testing.assert_allclose(grad(v % 2, v).data, [1, 1])
    np.testing.assert_allclose(grad(7 % v, v).data, [-2, 3])
    np.testing.assert_allclose(grad(v // 2, v).data, [0, 0])
    for f in (math.exp, math.sqrt, float, int, complex, math.trunc):
        with pytest.raises(TypeError, match=r"one element, not shape \(2,\): use autograd.functions"):
            f(v)
    with pytest.raises(TypeError, match=r"F\.where"):
        v[0] = 5
    assert v.data.tolist() == [2.7, -2.7]
