"""L-BFGS and Newton-CG on functions whose minimum is known, on networks, and against SciPy and PyTorch."""

import pickle

import numpy as np
import pytest

import autograd.functions as F
from autograd import Variable
from autograd.backend import to_numpy
from autograd.layers import Linear, Parameter, Sequential
from autograd.optimizers import LBFGS, NewtonCG

both = pytest.mark.parametrize("kind", [LBFGS, NewtonCG])


def rosenbrock(x):
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def minimized(kind, f, x, updates=10, **options):
    optimizer = kind([x], **options)
    calls = 0

    def closure():
        nonlocal calls
        calls += 1
        return f(x)

    for _ in range(updates):
        loss = optimizer.update(closure)
    return loss, calls


@both
@pytest.mark.parametrize("start", [[-1.2, 1.0], [-1.2, 1.0] * 3, [0.5] * 30])
def test_the_valley(kind, start):
    x = Variable(np.array(start))
    loss, _ = minimized(kind, rosenbrock, x)
    assert loss < 1e-18
    np.testing.assert_allclose(x.data, 1, atol=1e-8)


@both
def test_a_quadratic_form_of_many_scales(kind):
    rng = np.random.default_rng(0)
    Q = np.linalg.qr(rng.standard_normal((20, 20)))[0]
    A, b = Q * np.logspace(0, 3, 20) @ Q.T, rng.standard_normal(20)
    x = Variable(np.zeros(20))
    minimized(kind, lambda x: x @ A @ x / 2 - b @ x, x, memory=20) if kind is LBFGS else minimized(
        kind, lambda x: x @ A @ x / 2 - b @ x, x
    )
    np.testing.assert_allclose(x.data, np.linalg.solve(A, b), atol=1e-7)


def test_newton_goes_to_the_minimum_of_a_form_in_few_steps():
    A = np.diag([1.0, 2.0, 3.0])
    x = Variable(np.ones(3))
    minimized(NewtonCG, lambda x: x @ A @ x / 2, x, updates=1, iterations=6)
    assert abs(x.data).max() < 1e-6


def test_newton_leaves_a_saddle_downhill():
    """x^4/4 - x^2/2 + y^2 bends down at x = 0.1."""
    x = Variable(np.array([0.1, 1.0]))
    minimized(NewtonCG, lambda x: x[0] ** 4 / 4 - x[0] ** 2 / 2 + x[1] ** 2, x)
    np.testing.assert_allclose(x.data, [1, 0], atol=1e-7)


@both
def test_logistic_regression_on_each_device(kind, on_device, moved):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((60, 3))
    t = (x @ [1.0, -2.0, 0.5] + 0.3 * rng.standard_normal(60) > 0).astype(np.float64)[:, None]
    model = moved(Linear(1, 3, dtype=np.float64, rng=0))
    xs, ts = on_device(x), on_device(t)

    def loss():
        return F.sigmoid_cross_entropy(model(xs), ts) + 0.01 * (model.W**2).sum()

    optimizer = kind(model)
    assert type(optimizer.update(loss)) is float
    optimizer.update(loss)
    y = 1 / (1 + np.exp(-(x @ to_numpy(model.W.data) + to_numpy(model.b.data))))
    np.testing.assert_allclose(x.T @ (y - t) / 60 + 0.02 * to_numpy(model.W.data), 0, atol=1e-7)  # the gradient there
    np.testing.assert_allclose((y - t).mean(), 0, atol=1e-7)


def test_a_network_in_float32_with_unknown_sizes():
    x = np.linspace(-1, 1, 40, dtype=np.float32)[:, None]
    model = Sequential(Linear(12, rng=0), F.tanh, Linear(1, rng=1))
    optimizer = LBFGS(model, iterations=100)
    for _ in range(3):
        loss = optimizer.update(lambda: F.mean_squared_error(model(x), np.sin(3 * x)))
    assert loss < 1e-4
    assert model[0].W.dtype == np.float32


def test_a_closure_that_calls_backward():
    x, y = Variable(np.array([-1.2, 1.0])), Variable(np.array([-1.2, 1.0]))

    def closure():
        y.cleargrad()
        loss = rosenbrock(y)
        loss.backward()
        return loss

    a, b = LBFGS([x]), LBFGS([y])
    for _ in range(3):
        a.update(lambda: rosenbrock(x))
        b.update(closure)
    np.testing.assert_array_equal(x.data, y.data)


def test_few_calls():
    """SciPy's L-BFGS-B needs about as many."""
    optimize = pytest.importorskip("scipy.optimize")
    x = Variable(np.array([-1.2, 1.0]))
    _, calls = minimized(LBFGS, rosenbrock, x, updates=1, iterations=200)
    theirs = optimize.minimize(lambda x: rosenbrock(x), [-1.2, 1.0], method="L-BFGS-B", options={"ftol": 1e-20})
    assert calls < 1.5 * theirs.nfev / 3  # it computes gradients by differences: three calls each


def test_it_gets_as_low_as_torch():
    torch = pytest.importorskip("torch")
    x, p = Variable(np.array([-1.2, 1.0] * 5)), torch.tensor([-1.2, 1.0] * 5, dtype=torch.float64, requires_grad=True)
    theirs = torch.optim.LBFGS([p], line_search_fn="strong_wolfe", tolerance_grad=1e-9, max_iter=100)

    def closure():
        theirs.zero_grad()
        loss = rosenbrock(p)
        loss.backward()
        return loss

    theirs.step(closure)
    loss, _ = minimized(LBFGS, rosenbrock, x, updates=1, iterations=100)
    assert loss <= max(rosenbrock(p).item(), 1e-18)


def test_a_minimum_and_a_wall():
    x = Variable(np.array([1.0]))
    assert LBFGS([x]).update(lambda: ((x - 1) ** 2).sum()) == 0
    y = Variable(np.array([3.0]))
    with np.errstate(all="ignore"):
        LBFGS([y]).update(lambda: (y - F.log(y)).sum())  # nan where y < 0
    np.testing.assert_allclose(y.data, 1, atol=1e-6)


def test_the_array_of_the_user_is_not_written():
    a = np.array([-1.2, 1.0])
    LBFGS([Variable(a)]).update
    x = Variable(a)
    LBFGS([x]).update(lambda: rosenbrock(x))
    np.testing.assert_array_equal(a, [-1.2, 1.0])


def test_a_copy_goes_on():
    x = Variable(np.array([-1.2, 1.0]))
    optimizer = LBFGS([x], iterations=3)
    optimizer.update(lambda: rosenbrock(x))
    copy = pickle.loads(pickle.dumps(optimizer))
    (y,) = copy.root
    assert optimizer.update(lambda: rosenbrock(x)) == copy.update(lambda: rosenbrock(y))


@pytest.mark.parametrize(
    "call, error, match",
    [
        (lambda p: LBFGS(3), TypeError, "LBFGS takes a layer"),
        (lambda p: LBFGS([p], iterations=0), ValueError, "iterations must be at least 1"),
        (lambda p: LBFGS([p], memory=1.5), TypeError, "memory must be a whole number"),
        (lambda p: NewtonCG([p], tolerance=-1), ValueError, "tolerance must be at least 0"),
        (lambda p: LBFGS([p]).update(3), TypeError, "update takes a function that gives the loss"),
        (lambda p: LBFGS([p]).update(lambda x: x), TypeError, "update takes a function that gives the loss"),
        (lambda p: LBFGS([p]).update(lambda: 3.0), TypeError, "the closure must return the loss, a Variable"),
        (lambda p: LBFGS([p]).update(lambda: p * np.ones(2)), ValueError, "one number, not the shape"),
        (lambda p: LBFGS([p]).update(lambda: p * np.nan), ValueError, "must be finite where an update begins"),
        (lambda p: LBFGS([p], lr=0.1), TypeError, "LBFGS takes"),
    ],
)  # fmt: skip
def test_what_is_refused(call, error, match):
    with pytest.raises(error, match=match):
        call(Parameter(1.0))


@both
def test_a_frozen_layer_stays_and_the_rest_trains(kind):
    net, x = Sequential(Linear(3, 2, rng=0), F.tanh, Linear(1, 3, rng=1)), np.ones((4, 2), np.float32)
    net[0].freeze()
    before = net.state_dict()
    loss = kind(net).update(lambda: (net(x) ** 2).sum())
    assert loss < 1e-10
    for path, value in net.state_dict().items():
        assert np.array_equal(value, before[path]) is path.startswith("0.")
    net.freeze()
    with pytest.raises(ValueError, match="nothing to train: all parameters are frozen"):
        kind(net).update(lambda: (net(x) ** 2).sum())


def test_newton_refuses_a_closure_that_calls_backward():
    p = Parameter(np.ones((30, 30)) / 30)

    def closure():
        loss = (F.tanh(p @ p) ** 2).sum()
        loss.backward()
        return loss

    with pytest.raises(RuntimeError, match="must not call backward"):
        NewtonCG([p], iterations=2).update(closure)


def test_lbfgs_goes_on_from_its_state():
    start = np.array([-1.2, 1.0, 0.3])
    x, z = Variable(start), Variable(start)
    whole, part = LBFGS([x], 12), LBFGS([z], 6)
    whole.update(lambda: rosenbrock(x))
    part.update(lambda: rosenbrock(z))
    other = LBFGS([z], 6)
    other.load_state_dict(part.state_dict())
    other.update(lambda: rosenbrock(z))
    np.testing.assert_array_equal(x.data, z.data)
    state = part.state_dict()
    for wrong in [{"s.0": state["s.0"]}, {**state, "y.0": np.ones(2)}, {"steps": 3}]:
        with pytest.raises(ValueError, match=r"takes arrays s.0, y.0, s.1, ... of shape \(3,\), not "):
            other.load_state_dict(wrong)
    assert len(other.pairs) == len(whole.pairs)
    newton = NewtonCG([x])
    newton.load_state_dict(newton.state_dict())
    with pytest.raises(ValueError, match="NewtonCG has no state, not s.0"):
        newton.load_state_dict({"s.0": start})
