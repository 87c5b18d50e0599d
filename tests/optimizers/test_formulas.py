"""Each optimizer's steps: the lecture's numbers, the formulas computed by hand and in plain loops, and PyTorch's."""

from math import sqrt

import numpy as np
import pytest

from autograd import Variable
from autograd.layers import Parameter
from autograd.optimizers import SGD, AdaDelta, AdaGrad, Adam, AdamW, Lion, Momentum, Nesterov, RAdam, RMSprop, base

ALL = [SGD, Momentum, Nesterov, AdaGrad, AdaDelta, RMSprop, Adam, AdamW, RAdam, Lion]


def path_of(optimizer, p, gradients):
    """The values of a single parameter after each step."""
    values = []
    for g in gradients:
        p.grad = Variable(np.full(p.shape, g, p.dtype))
        optimizer.update()
        values.append(p.data.copy())
    return values


@pytest.mark.parametrize(
    "make, expected",
    [
        (lambda p: SGD(p, 0.1), [0.95, 0.925]),
        (lambda p: Momentum(p, 0.1, 0.9), [0.95, 0.88]),
        (lambda p: Nesterov(p, 0.1, 0.9), [1 - 0.1 * (0.5 + 0.45), 0.905 - 0.1 * (0.25 + 0.9 * 0.7)]),
        (lambda p: AdaGrad(p, 0.1, eps=1e-7), [0.90000002, 0.8552786684]),
        (lambda p: RMSprop(p, 0.1, rho=0.5, eps=0.0), [1 - sqrt(0.02), 1 - sqrt(0.02) - 0.025 / sqrt(0.09375)]),
        (lambda p: Adam(p, 0.1, eps=0.0), [0.9, 0.9 - 0.1 * (0.07 / 0.19) / sqrt(0.00031225 / 0.001999)]),
        (lambda p: AdamW(p, 0.1, eps=0.0, decay=0.5), [0.85, 0.8075 - (0.007 / 0.19) / sqrt(0.00031225 / 0.001999)]),
        (lambda p: AdaDelta(p, rho=0.5, eps=1.0), [1 - 0.5 / sqrt(1.125), None]),
    ],
)  # fmt: skip
def test_two_steps_by_hand(make, expected):
    """Section 7 of the lecture: w = 1, the gradients 0.5 and 0.25, lr 0.1."""
    p = Parameter(1.0)
    for value, exact in zip(path_of(make([p]), p, [0.5, 0.25]), expected):
        assert exact is None or float(value) == pytest.approx(exact, abs=1e-9)


def scalar_formula(kind, w, gradients):
    """The definitions, for one Python float, with bias corrections and sums written out."""
    m = v = u = h = 0.0
    for t, g in enumerate(gradients, 1):
        if kind is SGD:
            w -= 0.05 * g
        elif kind in (Momentum, Nesterov):
            m = 0.9 * m + g
            w -= 0.05 * (m if kind is Momentum else g + 0.9 * m)
        elif kind is AdaGrad:
            h += g**2
            w -= 0.05 * g / (sqrt(h) + 1e-10)
        elif kind is RMSprop:
            v = 0.99 * v + 0.01 * g**2
            w -= 0.05 * g / (sqrt(v) + 1e-8)
        elif kind is AdaDelta:
            v = 0.9 * v + 0.1 * g**2
            d = sqrt(u + 1e-6) / sqrt(v + 1e-6) * g
            u = 0.9 * u + 0.1 * d**2
            w -= 0.05 * d
        elif kind is Lion:
            w -= 0.05 * np.sign(0.9 * m + 0.1 * g)
            m = 0.99 * m + 0.01 * g
        elif kind is RAdam:
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
            rho = 1999 - 2 * t * 0.999**t / (1 - 0.999**t)
            r = sqrt((rho - 4) * (rho - 2) * 1999 / (1995 * 1997 * rho)) if rho > 5 else None
            w -= 0.05 * m / (1 - 0.9**t) * (1 if r is None else r * sqrt(1 - 0.999**t) / (sqrt(v) + 1e-8))
        else:
            w *= 1 - 0.05 * 0.01 if kind is AdamW else 1
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
            w -= 0.05 * (m / (1 - 0.9**t)) / (sqrt(v / (1 - 0.999**t)) + 1e-8)
    return w


@pytest.mark.parametrize("kind", ALL)
def test_thirty_steps_of_the_definition(kind):
    gradients = np.random.default_rng(0).standard_normal(30)
    p = Parameter(0.3)
    last = path_of(kind([p], 0.05), p, gradients)[-1]
    assert float(last) == pytest.approx(scalar_formula(kind, 0.3, gradients), rel=1e-10)


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_in_blocks_as_in_one_piece(kind, dtype, monkeypatch):
    rng = np.random.default_rng(0)
    p, q = (Parameter(np.linspace(-1, 1, 35).reshape(5, 7).astype(dtype)) for _ in range(2))
    one, blocks = kind([p]), kind([q])
    for _ in range(3):
        p.grad = q.grad = Variable(np.asfortranarray(rng.standard_normal((5, 7)).astype(dtype)))
        one.update()
        monkeypatch.setattr(base, "BLOCK", 8 * p.data.itemsize)
        blocks.update()
        monkeypatch.undo()
    np.testing.assert_allclose(q.data, p.data, rtol=1e-6)


@pytest.mark.parametrize("kind", ALL)
def test_a_parameter_that_is_not_contiguous(kind, monkeypatch):
    monkeypatch.setattr(base, "BLOCK", 8)
    p, q = Parameter(np.ones((4, 3))), Parameter(np.ones((4, 3)))
    q.data = np.ones((3, 4)).T
    p.grad = q.grad = Variable(np.random.default_rng(0).standard_normal((4, 3)))
    kind([p]).update()
    kind([q]).update()
    np.testing.assert_allclose(q.data, p.data)


THEIRS = {
    SGD: ("SGD", {}), Momentum: ("SGD", {"momentum": 0.9}), Nesterov: ("SGD", {"momentum": 0.9, "nesterov": True}),
    AdaGrad: ("Adagrad", {}), AdaDelta: ("Adadelta", {}), RMSprop: ("RMSprop", {}), Adam: ("Adam", {}),
    AdamW: ("AdamW", {}), RAdam: ("RAdam", {}),
}  # fmt: skip


@pytest.mark.parametrize("kind", THEIRS)
@pytest.mark.parametrize("dtype, rtol", [("float64", 1e-12), ("float32", 2e-6)])
def test_twenty_steps_against_torch(kind, dtype, rtol):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    starts = [rng.standard_normal(shape).astype(dtype) for shape in [(4, 3), (3,)]]
    ours, theirs = [Parameter(w) for w in starts], [torch.nn.Parameter(torch.tensor(w)) for w in starts]
    name, options = THEIRS[kind]
    a, b = kind(ours, 0.05), getattr(torch.optim, name)(theirs, lr=0.05, **options)
    for _ in range(20):
        for p, q in zip(ours, theirs):
            g = rng.standard_normal(p.shape).astype(dtype)
            p.grad, q.grad = Variable(g), torch.tensor(g)
        a.update()
        b.step()
        for p, q in zip(ours, theirs):
            np.testing.assert_allclose(p.data, q.detach().numpy(), rtol=rtol, atol=rtol)


@pytest.mark.parametrize("kind", THEIRS)
def test_the_defaults_are_those_of_torch(kind):
    torch = pytest.importorskip("torch")
    name, options = THEIRS[kind]
    p, q = Parameter(1.0), torch.nn.Parameter(torch.tensor(1.0, dtype=torch.float64))
    theirs = getattr(torch.optim, name)([q], **({"lr": 0.01} if name == "SGD" else {}), **options)
    ours = kind([p])
    for g in (0.5, -0.25, 0.125):
        p.grad, q.grad = Variable(g), torch.tensor(g, dtype=torch.float64)
        ours.update()
        theirs.step()
    assert float(p) == pytest.approx(q.item(), rel=1e-12)


@pytest.mark.parametrize("kind", [kind for kind in ALL if kind is not Lion])  # its steps never get shorter
def test_the_valley_is_found(kind):
    """f = x^2 / 20 + y^2, as in the lecture, from (-7, 2)."""
    x, y = Parameter(-7.0), Parameter(2.0)
    rates = {SGD: 0.9, Momentum: 0.1, Nesterov: 0.1, AdaGrad: 1.5, AdaDelta: 30.0, RMSprop: 0.1, Adam: 0.3, AdamW: 0.3}
    rates[RAdam] = 0.3
    optimizer = kind([x, y], rates[kind])
    for _ in range(200):
        x.cleargrad()
        y.cleargrad()
        (x**2 / 20 + y**2).backward()
        optimizer.update()
    assert abs(float(x)) < 0.3
    assert abs(float(y)) < 0.3


@pytest.mark.parametrize(
    "make, error, match",
    [
        (lambda p: SGD(p, -0.1), ValueError, "lr must be at least 0"),
        (lambda p: SGD(p, "0.1"), TypeError, "lr must be a number"),
        (lambda p: SGD(p, float("nan")), ValueError, "lr must be at least 0"),
        (lambda p: Momentum(p, 0.1, 1.0), ValueError, r"momentum must be at least 0 and below 1"),
        (lambda p: Nesterov(p, 0.1, -0.5), ValueError, "momentum must be at least 0"),
        (lambda p: AdaGrad(p, 0.1, -1), ValueError, "eps must be at least 0"),
        (lambda p: AdaDelta(p, rho=1.5), ValueError, r"rho must be at least 0 and below 1"),
        (lambda p: RMSprop(p, rho=None), TypeError, "rho must be a number"),
        (lambda p: Adam(p, beta1=1), ValueError, r"beta1 must be at least 0 and below 1"),
        (lambda p: Adam(p, beta2=-1), ValueError, "beta2 must be at least 0"),
        (lambda p: AdamW(p, decay=-1), ValueError, "decay must be at least 0"),
    ],
)  # fmt: skip
def test_wrong_constants(make, error, match):
    with pytest.raises(error, match=match):
        make([Parameter(1.0)])
