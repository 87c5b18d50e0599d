"""vmap against loops, formulas that take leading axes, and PyTorch's own; a layer in the place of x."""

import numpy as np
import pytest

import autograd as ag
import autograd.functions as F
import autograd.layers as L
from autograd import Variable
from autograd.testing import check_gradients

rng = np.random.default_rng(0)
X, Y = rng.standard_normal((5, 3)), rng.standard_normal((3, 4, 5))
A = rng.standard_normal((3, 3))


def test_of_arrays_and_of_variables():
    def f(x, a):
        return F.tanh(a @ x) * x

    loop = np.stack([np.tanh(A @ x) * x for x in X])
    found = ag.vmap(f, in_axes=(0, None))(X, A)
    assert isinstance(found, np.ndarray)
    np.testing.assert_allclose(found, loop)
    np.testing.assert_allclose(ag.vmap(f, (0, None))(Variable(X), A).data, loop)
    np.testing.assert_allclose(ag.vmap(f, (0, None), -1)(X, A), loop.T)
    np.testing.assert_allclose(ag.vmap(f, (-1, None))(Variable(X.T), Variable(A)).data, loop)


@pytest.mark.parametrize("in_axis", [0, 1, -1])
@pytest.mark.parametrize("out_axis", [0, 1, -2])
def test_axes(in_axis, out_axis):
    expected = np.moveaxis(np.cumsum(np.moveaxis(Y, in_axis, 0), axis=2), 0, out_axis)
    np.testing.assert_allclose(ag.vmap(lambda y: F.cumsum(y, 1), in_axis, out_axis)(Y), expected)


def test_gradients_of_every_order():
    def f(x, a):
        return ag.vmap(lambda x: F.exp(F.sin(a @ x)).sum() * x)(x)

    check_gradients(f, X[:2], A, order=3)
    check_gradients(lambda y: ag.vmap(F.tanh, 1, -1)(y), Y[:2, :2, :2], order=2)


def test_structures():
    def f(p, k):
        return {"s": (p["a"] * p["b"][0]).sum() * k, "t": [p["a"], (p["b"][1] + k,)]}

    p = {"a": X, "b": (Variable(X + 1), np.arange(5.0))}
    found = ag.vmap(f, (0, None))(p, 2.0)
    np.testing.assert_allclose(found["s"].data, (X * (X + 1)).sum(1) * 2)
    np.testing.assert_allclose(found["t"][1], np.arange(5.0)[:, None] + 2)  # a tuple of numbers is an array


def test_of_labels_numbers_and_lists():
    x, t = Variable(X), np.array([0, 2, 1, 1, 0])
    losses = ag.vmap(lambda x, t: F.log_softmax(x)[t])(x, t)
    np.testing.assert_allclose(losses.data, F.log_softmax(X)[range(5), t])
    np.testing.assert_array_equal(ag.vmap(lambda x: 1.5)(X), np.full(5, 1.5))
    np.testing.assert_array_equal(ag.vmap(lambda x: x * 2)([1.0, 2.0]), [2.0, 4.0])


def test_a_function_that_branches():
    found = ag.vmap(lambda x: F.exp(x) if x.item() > 0 else x * 0)(X[:, 0])
    np.testing.assert_allclose(found, np.where(X[:, 0] > 0, np.exp(X[:, 0]), 0))


def test_one_inside_another():
    found = ag.vmap(ag.vmap(lambda x, y: x @ y, (None, 1)), (0, None))(X, A)
    np.testing.assert_allclose(found, X @ A)


def test_derivatives_of_each_item():
    W = rng.standard_normal((4, 3))
    J = ag.vmap(lambda x: ag.jacobian(lambda x: F.tanh(W @ x), x))(X)
    np.testing.assert_allclose(J.data, (1 - np.tanh(X @ W.T) ** 2)[:, :, None] * W)
    H = ag.vmap(lambda x: ag.hessian(lambda x: (x**3).sum(), x))(X)
    np.testing.assert_allclose(H.data, [np.diag(6 * x) for x in X])


def test_gradients_of_each_example_in_two_ways():
    net = L.MLP((5, 1), F.tanh, in_size=3, dtype=np.float64, rng=0)
    t = rng.standard_normal((5, 1))
    params = {path: p.data for path, p in net.named_params()}

    def loss(p, x, t):
        return F.mean_squared_error(ag.functional_call(net, p, x[None]), t[None])

    def losses(p):
        return F.mean_squared_error(ag.functional_call(net, p, X), t, reduction="none").reshape(-1)

    each = ag.vmap(lambda x, t: ag.value_and_grad(lambda p: loss(p, x, t), params)[1])(X, t)
    at_once = ag.jacobian(losses, params)
    for path in params:
        np.testing.assert_allclose(each[path].data, at_once[path].data, atol=1e-14)


def test_on_the_other_backend(on_device):
    x = on_device(X)
    assert type(ag.vmap(F.tanh)(Variable(x)).data) is type(x)
    assert type(ag.vmap(F.tanh, 1, 1)(x)) is type(x)


@pytest.mark.parametrize(
    "call, error, match",
    [
        (lambda: ag.vmap(3), TypeError, "vmap: f must be a function, not 3"),
        (lambda: ag.vmap(F.tanh, "a"), TypeError, "vmap: in_axes must be a whole number"),
        (lambda: ag.vmap(F.tanh, 0, None), TypeError, "vmap: out_axes must be a whole number"),
        (lambda: ag.vmap(F.tanh, [0, 0])(X), ValueError, "in_axes must hold an axis for each of 1 arguments"),
        (lambda: ag.vmap(F.tanh, None)(X), ValueError, r"must have one number of items, not \[\]"),
        (lambda: ag.vmap(F.add)(X, A), ValueError, r"must have one number of items, not \[3, 5\]"),
        (lambda: ag.vmap(lambda p: p[0])([X, A]), ValueError, r"one number of items, not \[5, 3\]"),
        (lambda: ag.vmap(F.tanh, 2)(X), ValueError, r"axis 2 does not fit the shape \(5, 3\)"),
        (lambda: ag.vmap(F.tanh, 0, 2)(X), ValueError, "axis 2 does not fit"),
        (lambda: ag.vmap(F.tanh)(X[:0]), ValueError, "at least one item along axis 0"),
        (lambda: ag.vmap(F.tanh)("text"), TypeError, "an argument must be a Variable or an array, not 'text'"),
        (lambda: ag.vmap(lambda x: None)(X), TypeError, "what f gives must be a Variable or an array, not None"),
        (lambda: ag.vmap(lambda x: x[: int(x[0] > 0)])(X), ValueError, "all of the same shape"),
        (lambda: ag.vmap(lambda x: {"a": x} if x[0] > 0 else x)(X), ValueError, "one structure for all items"),
    ],
)  # fmt: skip
def test_refused(call, error, match):
    with pytest.raises(error, match=match):
        call()


def test_against_torch():
    torch = pytest.importorskip("torch")
    x, a = torch.from_numpy(X), torch.from_numpy(A)

    def ours(x, a):
        return F.tanh(a @ x) * x.sum()

    def theirs(x, a):
        return torch.tanh(a @ x) * x.sum()

    for axes in ((0, None), (1, 0)):
        n = slice(None) if axes[1] is None else slice(3)
        got = ag.vmap(ours, axes, 1)(X[n], A if axes[1] is None else np.stack([A, -A, A.T]))
        b = a if axes[1] is None else torch.stack([a, -a, a.T])
        np.testing.assert_allclose(got, torch.func.vmap(theirs, axes, 1)(x[n], b).numpy(), atol=1e-12)
    jacobians = torch.func.vmap(torch.func.jacrev(theirs), (0, None))(x, a)
    got = ag.vmap(lambda x: ag.jacobian(lambda x: ours(x, A), x))(X)
    np.testing.assert_allclose(got.data, jacobians.numpy(), atol=1e-12)


# A layer in the place of x


def test_derivatives_in_the_parameters_of_a_layer():
    net = L.MLP((4, 2), F.tanh, in_size=3, dtype=np.float64, rng=0)
    params = {path: p.data.copy() for path, p in net.named_params()}
    v = {path: rng.standard_normal(x.shape) for path, x in params.items()}

    def number(net):
        return (net(X) ** 2).sum()

    def same(p):
        return (ag.functional_call(net, p, X) ** 2).sum()

    calls = [
        lambda f, x: ag.value_and_grad(f, x), lambda f, x: ag.vjp(f, x, 2.0), lambda f, x: ag.jvp(f, x, v),
        lambda f, x: ag.hvp(f, x, v), lambda f, x: (0, ag.jacobian(f, x)), lambda f, x: (0, ag.hessian(f, x)["2.W"]),
    ]  # fmt: skip
    for call in calls:
        of_layer, of_params = call(number, net)[1], call(same, params)[1]
        for path in of_params if isinstance(of_params, dict) else []:
            np.testing.assert_array_equal(of_layer[path].data, of_params[path].data)
        if not isinstance(of_params, dict):
            np.testing.assert_array_equal(of_layer.data, of_params.data)
    assert all(p.grad is None and np.array_equal(p.data, params[path]) for path, p in net.named_params())


def test_a_gradient_of_a_gradient_reaches_the_layer():
    net = L.Linear(1, 3, dtype=np.float64, rng=0)
    _, g = ag.value_and_grad(lambda net: (net(X) ** 3).sum(), net, create_graph=True)
    (g["W"] ** 2).sum().backward()
    y = X @ net.W.data + net.b.data
    gW = (3 * y**2 * X).sum(0)
    np.testing.assert_allclose(net.W.grad.data[:, 0], 2 * gW @ (6 * (y * X).T @ X))
