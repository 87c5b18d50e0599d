"""Each derivative by a closed form, by numeric differences and by PyTorch; structures; what is refused."""

from typing import NamedTuple

import numpy as np
import pytest

import autograd as ag
import autograd.functions as F
import autograd.layers as L
from autograd import Variable
from autograd.testing import check_gradients, numerical_gradient

rng = np.random.default_rng(0)
A = rng.standard_normal((4, 4))
X, V = rng.standard_normal(4), rng.standard_normal(4)
S = A + A.T


def quadratic(x):
    return x @ A @ x / 2


def field(x):
    return F.tanh(A @ x)


SLOPES = 1 - np.tanh(A @ X) ** 2


def test_of_a_quadratic_form():
    value, gx = ag.value_and_grad(quadratic, X)
    np.testing.assert_allclose(value.data, X @ A @ X / 2)
    np.testing.assert_allclose(gx.data, S @ X / 2)
    np.testing.assert_allclose(ag.hessian(quadratic, X).data, S / 2, atol=1e-14)
    np.testing.assert_allclose(ag.hvp(quadratic, X, V)[1].data, S @ V / 2)
    np.testing.assert_allclose(ag.hvp(quadratic, X, V)[0].data, value.data)
    np.testing.assert_allclose(ag.laplacian(quadratic, X).data, np.trace(S) / 2)


@pytest.mark.parametrize("wrap", [np.asarray, Variable, list])
def test_of_a_field_for_arrays_variables_and_lists(wrap):
    J = SLOPES[:, None] * A
    np.testing.assert_allclose(ag.jacobian(field, wrap(X)).data, J)
    for product, expected in ((ag.jvp, J @ V), (ag.vjp, J.T @ V)):
        value, found = product(field, wrap(X), wrap(V))
        np.testing.assert_allclose(value.data, np.tanh(A @ X))
        np.testing.assert_allclose(found.data, expected)
        assert value.creator is found.creator is None


def test_of_numbers():
    assert ag.jacobian(lambda x: x**3, 2.0).data == 12
    assert ag.hessian(lambda x: x**3, np.float64(2.0)).data == 12
    assert ag.value_and_grad(F.exp, 0.0)[1].data == 1
    assert ag.jacobian(lambda x: x * np.ones(3), 2.0).shape == (3,)


def test_both_ways_to_a_jacobian():
    """Of many outputs and few inputs it goes by columns; the derivative of it is right too."""
    W, x = rng.standard_normal((40, 2)), rng.standard_normal(2)

    def f(x):
        return F.sin(W @ x).reshape(5, 8)

    J = ag.jacobian(f, x)
    np.testing.assert_allclose(J.data, (np.cos(W @ x)[:, None] * W).reshape(5, 8, 2))
    check_gradients(lambda x: ag.jacobian(f, x, create_graph=True), x, order=2)


def test_a_square_matrix_in_and_out():
    x = rng.standard_normal((2, 3))
    J = ag.jacobian(lambda x: x.T * 2, x)
    assert J.shape == (3, 2, 2, 3)
    assert all(J.data[j, i, i, j] == 2 for i in range(2) for j in range(3))
    assert J.data.sum() == 12


class Point(NamedTuple):
    x: object
    y: object


def test_structures():
    p = {"a": X, "b": [V, np.float64(2.0)], "c": Point(np.ones((2, 2)), 3.0)}

    def f(p):
        return {"s": (p["a"] * p["b"][0]).sum() * p["c"].y, "t": p["c"].x * p["b"][1]}

    J = ag.jacobian(f, p)
    np.testing.assert_allclose(J["s"]["a"].data, 3 * V)
    np.testing.assert_allclose(J["s"]["c"].y.data, X @ V)
    np.testing.assert_allclose(J["t"]["b"][1].data, np.ones((2, 2)))
    assert J["t"]["c"].x.shape == (2, 2, 2, 2)
    np.testing.assert_array_equal(J["t"]["a"].data, np.zeros((2, 2, 4)))
    H = ag.hessian(lambda p: f(p)["s"], p)
    np.testing.assert_allclose(H["a"]["b"][0].data, 3 * np.eye(4))
    np.testing.assert_allclose(H["c"].y["a"].data, V)
    value, product = ag.vjp(f, p, {"s": 1.0, "t": np.zeros((2, 2))})
    np.testing.assert_allclose(product["b"][0].data, 3 * X)
    assert isinstance(product["c"], Point)
    assert set(value) == {"s", "t"}
    value, product = ag.jvp(f, p, p)
    np.testing.assert_allclose(product["s"].data, 3 * value["s"].data)  # homogeneous of degree 3
    np.testing.assert_allclose(ag.hvp(lambda p: f(p)["s"], p, p)[1]["a"].data, 2 * 3 * V)


def test_seeds_are_matched_by_key_and_may_be_plain_numbers():
    def f(p):
        return {"u": p["a"] * p["b"], "v": p["a"] * 1.0}

    p = {"a": Variable(2.0), "b": Variable(3.0)}
    for v in ({"u": 10.0, "v": 1.0}, {"v": 1.0, "u": 10.0}):
        assert {key: float(g.data) for key, g in ag.vjp(f, p, v)[1].items()} == {"a": 31, "b": 20}
    assert ag.jvp(f, p, {"b": 1.0, "a": 10.0})[1]["u"].data == 32
    assert ag.jvp(lambda p: p[0] * p[1], list(p.values()), [1.0, 10.0])[1].data == 23
    assert ag.vjp(lambda x: (x * 2, x * 3), Variable(2.0), (1.0, 10.0))[1].data == 32


def test_checks_of_structures():
    net = L.MLP((5, 1), F.tanh, in_size=3, dtype=np.float64, rng=0)
    params = {path: p.data for path, p in net.named_params()}
    check_gradients(lambda p, x: ag.functional_call(net, p, x), params, rng.standard_normal((2, 3)))
    check_gradients(lambda xs: xs[0] * xs[1], [X, V])


@pytest.mark.parametrize("product", [ag.jvp, ag.vjp, ag.hvp])
def test_products_have_derivatives(product):
    f = (lambda x: F.sin(A @ x).sum()) if product is ag.hvp else field
    check_gradients(lambda x, v: product(f, x, v, create_graph=True)[1], X, V, order=2)


def test_whole_matrices_have_derivatives():
    check_gradients(lambda x: ag.hessian(lambda x: F.sin(A @ x).sum(), x, create_graph=True), X, order=2)
    check_gradients(lambda x: ag.laplacian(lambda x: F.sin(x).sum(-1), x, create_graph=True), X.reshape(2, 2), order=2)
    check_gradients(lambda x: ag.value_and_grad(lambda x: F.sin(A @ x).sum(), x, create_graph=True)[1], X, order=2)


def test_the_laplacian_of_rows_without_elements():
    for shape in ((2, 0), (0, 3), (0,)):
        y = ag.laplacian(lambda x: (x**3).sum(-1), np.zeros(shape, np.float32))
        assert isinstance(y, Variable)
        assert y.shape == shape[:-1]
        assert y.dtype == np.float32
        assert not y.data.any()


def test_the_laplacian_of_a_layer():
    """It is the trace of its Hessian at each row."""
    net = network()
    found = ag.laplacian(net, X.reshape(2, 2))
    traces = [np.trace(ag.hessian(lambda x: net(x[None]).sum(), row).data) for row in X.reshape(2, 2)]
    np.testing.assert_allclose(found.data.ravel(), traces)


def test_the_third_derivative_of_a_function():
    def second(x):
        return ag.jacobian(lambda x: ag.value_and_grad(lambda x: F.sin(x), x, create_graph=True)[1], x, True)

    np.testing.assert_allclose(ag.jacobian(second, 0.7).data, -np.cos(0.7))


def test_a_variable_that_f_finds_elsewhere_is_a_constant():
    x = Variable(X)
    np.testing.assert_allclose(ag.value_and_grad(lambda z: (z * x).sum(), x)[1].data, X)
    y = x * 2
    g = ag.value_and_grad(lambda z: (z * y).sum(), y, create_graph=True)[1]
    np.testing.assert_allclose(ag.grad(g.sum(), x).data, np.full(4, 2.0))
    assert x.grad is None


def test_inside_no_grad():
    with ag.no_grad():
        np.testing.assert_allclose(ag.hessian(quadratic, X).data, S / 2, atol=1e-14)
        np.testing.assert_allclose(ag.jvp(field, X, V)[1].data, SLOPES * (A @ V))


def test_rows_of_a_laplacian():
    x = rng.standard_normal((5, 2))
    expected = 9 * (x**2).sum(1) ** 0.5  # of r^3 in the plane
    for f in (lambda x: (x * x).sum(-1) ** 1.5, lambda x: (x * x).sum(-1, keepdims=True) ** 1.5):
        np.testing.assert_allclose(ag.laplacian(f, x).data, expected)


def test_float32_stays():
    x = X.astype(np.float32)
    found = [
        ag.hessian(lambda x: (x**3).sum(), x),
        ag.jacobian(F.tanh, x),
        *ag.jvp(F.tanh, x, V),
        *ag.vjp(F.tanh, x, V),
    ]
    assert {y.dtype for y in found} == {np.dtype(np.float32)}


def test_a_constant_has_the_derivative_zero():
    assert not ag.hessian(lambda x: x.sum(), X).data.any()
    assert not ag.jacobian(lambda x: Variable(np.ones(2)), X).data.any()


def test_on_the_other_backend(on_device):
    x, v = on_device(X), on_device(V)
    for y in (
        ag.jacobian(F.tanh, x), ag.jacobian(lambda x: F.concat([x] * 20), x), ag.hessian(lambda x: (x**3).sum(), x),
        ag.jvp(F.tanh, x, v)[1], ag.vjp(F.tanh, x, v)[1], ag.hvp(lambda x: (x**3).sum(), x, v)[1],
        ag.laplacian(lambda x: (x**3).sum(), x), ag.root(lambda x, t: x - t, x, Variable(x)),
    ):  # fmt: skip
        assert type(y.data) is type(x)


# A layer as a function of its parameters


def network():
    return L.Sequential(L.Linear(3, 2, rng=0, dtype=np.float64), F.tanh, L.Linear(1, 3, rng=1, dtype=np.float64))


def test_the_hessian_of_a_network():
    net, x, t = network(), rng.standard_normal((5, 2)), rng.standard_normal((5, 1))
    params = {path: p.data.copy() for path, p in net.named_params()}

    def loss(p):
        return F.mean_squared_error(ag.functional_call(net, p, x), t)

    H = ag.hessian(loss, params)

    def slope(W):
        return ag.value_and_grad(loss, {**params, "0.W": W})[1]["2.W"].data[1, 0]

    expected = numerical_gradient(lambda W: slope(W), params["0.W"].copy())
    np.testing.assert_allclose(H["2.W"]["0.W"].data[1, 0], expected, atol=1e-8)
    assert H["0.b"]["2.W"].shape == (3, 3, 1)


def test_gradients_go_to_what_was_given_and_the_layer_is_as_before():
    net, x = network(), rng.standard_normal((5, 2))
    before = net.state_dict()
    W = Variable(np.ones((2, 3)))
    y = ag.functional_call(net, {"0.W": W}, x)
    y.sum().backward()
    assert W.grad is not None
    assert net[2].W.grad is not None
    assert net[0].W.grad is None
    assert all(np.array_equal(p.data, before[path]) for path, p in net.named_params())
    expected = np.tanh(x @ np.ones((2, 3)) + before["0.b"]) @ before["2.W"] + before["2.b"]
    np.testing.assert_allclose(y.data, expected)
    with pytest.raises(ValueError, match="linear|fit"):
        ag.functional_call(net, {"0.W": W}, x[:, :1])
    assert net[0].W.node is not W.node


def test_an_unfilled_layer_and_one_with_buffers():
    net = L.Sequential(L.Linear(3), L.BatchNorm(3))
    x, W, b = (np.ones(shape, np.float32) for shape in ((4, 2), (2, 3), 3))
    y = ag.functional_call(net, {"0.W": W, "0.b": b}, x)
    assert y.shape == (4, 3)
    net(x)
    assert net[0].W.shape == (2, 3)


# Implicit functions


def test_a_root_is_right_at_every_order():
    """The n-th derivative of theta^p is p (p - 1) ... (p - n + 1) theta^(p - n)."""
    for power in (2, 3):
        theta = Variable(9.0)
        y = x = ag.root(lambda x, theta, power=power: x**power - theta, 9 ** (1 / power), theta)
        assert x.data == 9 ** (1 / power)
        expected, factor, p = [], 1.0, 1 / power
        derivatives = []
        for n in range(4):
            factor *= p - n
            expected.append(factor * 9.0 ** (p - n - 1))
            y = ag.grad(y, theta, create_graph=True)
            derivatives.append(float(y.data))
        np.testing.assert_allclose(derivatives, expected)
    h = ag.hessian(lambda theta: ag.root(lambda x, theta: x * x - theta, np.sqrt(theta.data), theta).sum(), [4.0, 9.0])
    np.testing.assert_allclose(h.data, np.diag([-1 / 32, -1 / 108]))


def three(x, theta):
    """Three equations in three unknowns, with one solution."""
    return 2 * x + F.tanh(A[:3, :3] @ x) / 3 - F.sin(theta) * F.exp(-(x**2).sum() / 9)


def solution(theta):
    """The solution of `three`, by Newton's method."""
    x = np.zeros(3)
    for _ in range(50):
        x = x - np.linalg.solve(ag.jacobian(lambda x: three(x, theta), x).data, three(x, theta))
    return x


def test_the_root_of_a_system():
    theta = X[:3]
    np.testing.assert_allclose(three(solution(theta), theta), 0, atol=1e-14)
    check_gradients(lambda theta: ag.root(three, solution(theta.data), theta), theta, order=3)
    J = ag.jacobian(lambda theta: ag.root(three, solution(theta.data), theta), theta).data
    for i in range(3):
        slopes = numerical_gradient(lambda theta, i=i: solution(theta)[i], theta.copy())
        np.testing.assert_allclose(J[i], slopes, atol=1e-8)


def layer_equilibrium(net, steps=100):
    """z = tanh(z W + b), iterated: NumPy's or Variables, as W and b are."""
    z = np.zeros(3)
    for _ in range(steps):
        z = F.tanh(z @ net["W"] + net["b"])
    return z


@pytest.mark.parametrize("order", [1, 2])
def test_a_fixed_point_of_a_layer(order):
    """Its derivatives against those through the iterations; the parameters stand in the layer, in a dict, in a list."""
    net = L.Linear(3, 3, rng=0, dtype=np.float64)
    net.W.data *= 0.3
    net.b.data += 0.1
    p = {"W": net.W.data.copy(), "b": net.b.data.copy()}
    z = layer_equilibrium(p)

    def derivative(f, x):
        return ag.value_and_grad(f, x)[1] if order == 1 else ag.hessian(f, x)

    expected = derivative(lambda p: layer_equilibrium(p).sum(), p)
    found = derivative(lambda p: ag.root(lambda z, p: z - F.tanh(z @ p["W"] + p["b"]), z, p).sum(), p)
    of_layer = derivative(lambda net: ag.root(lambda z, net: z - F.tanh(net(z)), z, net).sum(), net)
    in_list = derivative(lambda p: ag.root(lambda z, p: z - F.tanh(z @ p[0] + p[1]), z, [p["W"], p["b"]]).sum(), p)
    for got in (found, of_layer, in_list):
        for a, b in zip(flat(got), flat(expected), strict=True):
            np.testing.assert_allclose(a, b, atol=1e-12)
    ag.root(lambda z, net: z - F.tanh(net(z)), z, net).sum().backward()
    first = ag.value_and_grad(lambda p: layer_equilibrium(p).sum(), p)[1]
    np.testing.assert_allclose(net.W.grad.data, first["W"].data, atol=1e-12)
    net.freeze()
    ag.root(lambda z, theta: z - F.tanh(net(z) + theta), z, Variable(np.zeros(3))).sum().backward()


def flat(x):
    """The arrays in dicts of dicts."""
    return [y for part in x.values() for y in flat(part)] if isinstance(x, dict) else [x.data]


def test_a_root_of_constants_is_a_variable():
    for theta in (9.0, np.array(9.0), [9.0]):
        x = ag.root(lambda x, theta: x * x - np.sum(theta), 3.0, theta)
        assert isinstance(x, Variable)
        assert x.data == 3
    with ag.no_grad():
        assert ag.root(lambda x, theta: x * x - theta, 3.0, Variable(9.0)).data == 3


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("scale", [1.0, 1e3])
def test_what_is_no_root(dtype, scale):
    """An error of x of half the tolerance passes, one of twice as much does not, whatever f is multiplied by."""
    theta, least = Variable(np.asarray(scale, dtype)), float(np.finfo(dtype).eps) ** 0.25
    for factor in (1, 1e6, 1e-6):

        def f(x, theta, factor=factor):
            return (x - theta) * factor

        x = ag.root(f, np.asarray(scale * (1 + least / 2), dtype), theta)
        assert x.dtype == dtype
        with pytest.raises(ValueError, match="residual is 0, not .*, more than the tolerance .* of the scale"):
            ag.root(f, np.asarray(scale * (1 + 2 * least), dtype), theta)
        with pytest.raises(ValueError, match="x must be a solution"):
            ag.root(f, np.asarray(np.nan, dtype), theta)
    with pytest.raises(ValueError, match="more than the tolerance 1e-07"):
        ag.root(lambda x, theta: x - theta, np.asarray(scale * (1 + 1e-5), dtype), theta, tolerance=1e-7)


def test_a_root_whose_parameter_was_changed():
    theta = Variable(np.array([9.0, 4.0]))
    x = ag.root(lambda x, theta: x * x - theta, np.array([3.0, 2.0]), theta)
    with ag.no_grad():
        theta -= 1.0
    with pytest.raises(RuntimeError, match="was changed"):
        x.sum().backward()


def test_the_root_of_a_linear_system():
    M, b = Variable(A + 5 * np.eye(4)), Variable(X)
    x = np.linalg.solve(M.data, b.data)
    y = ag.root(lambda x, p: p["M"] @ x - p["b"], x, {"M": M, "b": b})
    gM, gb = ag.grad((y * V).sum(), [M, b])
    g = np.linalg.solve(M.data.T, V)
    np.testing.assert_allclose(gb.data, g)
    np.testing.assert_allclose(gM.data, -np.outer(g, x))
    check_gradients(
        lambda M, b: ag.root(lambda x, p: p[0] @ x - p[1], np.linalg.solve(M.data, b.data), [M, b]),
        M.data, b.data, order=2,
    )  # fmt: skip


# What is refused


@pytest.mark.parametrize(
    "call, error, match",
    [
        (lambda: ag.jacobian(3, X), TypeError, "jacobian: f must be a function, not 3"),
        (lambda: ag.jacobian(F.tanh, [1, 2]), TypeError, "jacobian: x must be floating-point, not int64"),
        (lambda: ag.jacobian(lambda d: d["a"], {"a": "text"}), TypeError, r"x\['a'\] must be an array of real numbers"),
        (lambda: ag.jacobian(F.tanh, {}), ValueError, "x must hold at least one array"),
        (lambda: ag.jacobian(lambda x: x.data, X), TypeError, "f must give floating-point Variables"),
        (lambda: ag.jacobian(lambda x: ag.no_grad()(F.tanh)(x), X), RuntimeError, "has no graph"),
        (lambda: ag.hessian(F.tanh, X), ValueError, r"hessian: f must give one number, not the shape \(4,\)"),
        (lambda: ag.value_and_grad(F.tanh, X), ValueError, "value_and_grad: f must give one number"),
        (lambda: ag.hvp(quadratic, X, V[:2]), ValueError, r"hvp: v must have the shape \(4,\), not \(2,\)"),
        (lambda: ag.jvp(field, X, {"a": 1}), TypeError, "v must be one array"),
        (lambda: ag.jvp(lambda p: p["a"], {"a": X, "b": X}, [X, X]), TypeError, "must be the structure with"),
        (lambda: ag.vjp(field, X, [X, X]), TypeError, "v must be one array"),
        (lambda: ag.vjp(lambda x: {"u": x, "v": x}, X, {"a": X, "v": X}), TypeError, r"the leaves \['u'\], \['v'\]"),
        (lambda: ag.jvp(lambda p: p["a"], {"a": X}, {"b": X}), TypeError, r"the leaves \['a'\]"),
        (lambda: ag.hvp(lambda p: p["a"].sum(), {"a": X}, {"b": X}), TypeError, r"the leaves \['a'\]"),
        (lambda: ag.vjp(field, X, "text"), TypeError, "v must be an array"),
        (lambda: ag.laplacian(F.tanh, X), ValueError, "must give"),
        (lambda: ag.laplacian(quadratic, [X, X]), ValueError, "one array of rows"),
        (lambda: ag.laplacian(quadratic, network()), ValueError, "one array of rows .*, not a layer"),
        (lambda: ag.jacobian(F.tanh, X, 3), TypeError, "create_graph must be True or False"),
        (lambda: ag.functional_call(F.tanh, {}, X), TypeError, "takes a layer"),
        (lambda: ag.functional_call(network(), [X], X), TypeError, "must be a dict"),
        (lambda: ag.functional_call(network(), {"5.W": X}, X), ValueError, r"the layer has 0\.W, .*not '5\.W'"),
        (lambda: ag.functional_call(network(), {"0.W": X}, X), ValueError, r"0\.W must have the shape \(2, 3\)"),
        (lambda: ag.root(lambda x, t: x[:2], X, V), ValueError, "of the shape of x"),
        (lambda: ag.root(lambda x, t: x * 0, X, V), ValueError, "must be invertible, not singular"),
        (lambda: ag.root(lambda x, t: x * x - t, 5.0, Variable(9.0)), ValueError, "x must be a solution"),
        (lambda: ag.root(lambda x, t: x, [1, 2], V), TypeError, "floating-point"),
        (lambda: ag.root(lambda x, t: x, X, V, tolerance=0), ValueError, "tolerance must be above 0"),
        (lambda: ag.root(lambda x, t: x, X, V, order=2), TypeError, "root has no argument order=; it takes f"),
        (lambda W=Variable(V): ag.root(lambda x, t: x - W, V, 1.0), ValueError, "from elsewhere"),
        (lambda: ag.root(lambda x, net: net(x), X, network()), ValueError, "fit|linear"),
    ],
)  # fmt: skip
def test_refused(call, error, match):
    with pytest.raises(error, match=match):
        call()


def test_against_torch():
    torch = pytest.importorskip("torch")
    functional = torch.autograd.functional
    a, x, v = torch.from_numpy(A), torch.from_numpy(X), torch.from_numpy(V)

    def theirs(x):
        return torch.tanh(a @ x)

    def number(x):
        return torch.tanh(a @ x).prod()

    def ours(x):
        y = field(x)
        return y[0] * y[1] * y[2] * y[3]

    for got, expected in (
        (ag.jacobian(field, X), functional.jacobian(theirs, x)),
        (ag.jvp(field, X, V)[1], functional.jvp(theirs, x, v)[1]),
        (ag.vjp(field, X, V)[1], functional.vjp(theirs, x, v)[1]),
        (ag.hessian(ours, X), functional.hessian(number, x)),
        (ag.hvp(ours, X, V)[1], functional.hvp(number, x, v)[1]),
    ):
        np.testing.assert_allclose(got.data, expected.numpy(), atol=1e-12)
