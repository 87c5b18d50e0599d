"""The walk with many seeds gives what a walk for each seed gives: for every function of the op table, and twice."""

import numpy as np
import pytest

import autograd as ag
import autograd.functions as F
from autograd import Variable
from autograd.backend import namespace, to_numpy
from autograd.derivatives import seeds
from autograd.function import Function
from tests.test_ops import OPS, mapped, noting, outputs, recorded

SMALL = 64  # elements of an output


def walks(y, xs, create_graph=False):
    """dy/dx, row by row."""
    unit = np.eye(y.size).reshape(y.size, *y.shape).astype(y.dtype)
    rows = [ag.grad(y, xs, namespace(y.data).asarray(row), create_graph=create_graph) for row in unit]
    return [np.stack([to_numpy(row[i].data) for row in rows]) for i in range(len(xs))]


def close(got, expected):
    for a, b in zip(got, expected):
        np.testing.assert_allclose(to_numpy(a.data).reshape(b.shape), b, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("op", [op for op in OPS if op.order], ids=repr)
def test_every_function(op, on_device):
    for case in op.cases[:4]:
        with noting(op, case):
            given, xs = recorded(mapped(on_device, case.args))
            ys = [
                y
                for y in outputs(op.f(*given, **mapped(on_device, case.options)))
                if isinstance(y, Variable) and y.dtype.kind == "f"
            ]
            for y in [y for y in ys if y.node is not None and 0 < y.size <= SMALL]:
                close(seeds.rows(y, xs, False), walks(y, xs))


@pytest.mark.parametrize("op", [op for op in OPS if op.order > 1], ids=repr)
def test_the_gradient_of_every_function(op, on_device):
    """The second walk goes over the functions that the first one called."""
    for case in op.cases[:2]:
        with noting(op, case):
            given, xs = recorded(mapped(on_device, case.args))
            ys = [
                y
                for y in outputs(op.f(*given, **mapped(on_device, case.options)))
                if isinstance(y, Variable) and y.dtype.kind == "f"
            ]
            for y in [y for y in ys if y.node is not None and y.size]:
                weights = on_device(np.random.default_rng(0).standard_normal(y.shape).astype(y.dtype))
                for gx in ag.grad((y * weights).sum(), xs, create_graph=True):
                    if 0 < gx.size <= SMALL:
                        close(seeds.rows(gx, xs, False), walks(gx, xs))


X = np.random.default_rng(0).standard_normal((3, 4))
ROWS = np.array([2, 0, 2])
NETS = {
    "pointwise": lambda x: F.tanh(x) / (x**2 + 1) - x * x.sum() + F.sigmoid(x[0]),
    "products": lambda x: (x @ x.T) @ (x * 2.0)[:, :3] + x[:, :1],
    "shapes": lambda x: x.reshape(2, 6).T.reshape(4, 3) * x.transpose(1, 0) + x.mean(0, keepdims=True).T,
    "rows": lambda x: x[ROWS] * x[[0, 1, 2], [1, 1, 3]].sum() + x[..., ::2].sum(1)[:, None] * x[None, -1],
    "mixed indices": lambda x: x.reshape(3, 2, 2)[0, :, [0, 1, 1]] * x.reshape(3, 2, 2)[ROWS, :, [0, 1, 1]].sum(),
    "masks": lambda x: x[X > 0] ** 3,
    "linear": lambda x: F.linear(x.reshape(1, 3, 4), x[:2].T, x[0, :2]),
    "losses": lambda x: F.softmax_cross_entropy(x, [0, 1, 2]) * F.mean_squared_error(x, X[::-1]) + F.softmax(x, 0),
    "several outputs": lambda x: F.split(x, 2, axis=1)[0] * F.split(x**2, 2, axis=1)[1],
}


@pytest.mark.parametrize("f", NETS.values(), ids=NETS)
def test_compositions_to_the_third_order(f):
    x = Variable(X)
    y = f(x)
    close(seeds.rows(y, [x], False), walks(y, [x]))
    (J,) = seeds.rows(y, [x], True)
    assert J.shape == (*y.shape, *x.shape)
    s = (J**2).sum()
    (again,) = seeds.rows(ag.grad(s, x, create_graph=True), [x], False)

    def loop(x):
        y = f(x)
        flat = [ag.grad(y.reshape(-1)[i], x, create_graph=True) for i in range(y.size)]
        return sum([(row**2).sum() for row in flat])

    gx = ag.grad(loop(x), x, create_graph=True)
    close([again], walks(gx, [x]))


def test_several_turns_are_one(monkeypatch):
    x = Variable(X)
    whole = seeds.rows(F.tanh(x @ X.T), [x], False)
    monkeypatch.setattr(seeds, "LARGE", 40)
    close(seeds.rows(F.tanh(x @ X.T), [x], False), [whole[0].data])
    (J,) = seeds.rows(F.tanh(x @ X.T), [x], True)
    np.testing.assert_allclose(J.data, whole[0].data)
    assert J.creator is not None


class Cube(Function):
    """A function that somebody else wrote, with a branch that no rule could follow."""

    def forward(self, x):
        return x**3

    def backward(self, gy):
        assert gy.shape == self.inputs[0].shape
        return 3 * gy * self.inputs[0] ** 2


def test_a_function_without_a_rule_takes_one_seed_after_the_other():
    np.testing.assert_allclose(ag.jacobian(lambda x: Cube()(x), X[0]).data, np.diag(3 * X[0] ** 2))
    np.testing.assert_allclose(ag.hessian(lambda x: Cube()(x).sum(), X[0]).data, np.diag(6 * X[0]))


def test_a_watcher_sees_every_step():
    with ag.profile() as p:
        ag.jacobian(F.tanh, X[0])
    assert "Tanh" in str(p)
    with ag.anomaly(), pytest.raises(Exception, match="nan|inf"), np.errstate(all="ignore"):
        ag.jacobian(lambda x: F.sqrt(x * 0), X[0])


def test_the_rules_are_functions_of_the_package():
    assert all(issubclass(kind, Function) for kind in seeds.RULES)
