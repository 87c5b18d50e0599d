"""Optimizers and their hooks."""

import dezero
import dezero.functions as F
import numpy as np
import pytest
from dezero import Parameter, Variable, models, optimizers

from tests.compat.dezero.samples import A, numpys_own

pytestmark = numpys_own

G1, G2 = np.array([0.5, -1.0]), np.array([0.25, 2.0])


def trained(optimizer, *hooks):
    """A parameter at 1 after two updates with G1 and G2 for gradients."""
    net = dezero.Model()
    net.p = Parameter(np.ones(2))
    assert optimizer.setup(net) is optimizer
    for hook in hooks:
        optimizer.add_hook(hook)
    for g in (G1, G2):
        net.p.grad = Variable(g.copy())
        optimizer.update()
    return net.p.data


def adam(alpha=0.001, b1=0.9, b2=0.999):
    p = np.ones(2)
    m = v = np.zeros(2)
    for t, g in enumerate((G1, G2), 1):
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g**2
        p = p - alpha * np.sqrt(1 - b2**t) / (1 - b1**t) * m / (np.sqrt(v) + 1e-8)
    return p


def adadelta(rho=0.95, eps=1e-6):
    p, u, v = np.ones(2), np.zeros(2), np.zeros(2)
    for g in (G1, G2):
        v = rho * v + (1 - rho) * g**2
        d = np.sqrt((u + eps) / (v + eps)) * g
        u = rho * u + (1 - rho) * d**2
        p = p - d
    return p


NORM = np.sqrt((G2**2).sum())


@pytest.mark.parametrize(
    "optimizer, hooks, expected",
    [
        (lambda: optimizers.SGD(0.1), (), 1 - 0.1 * (G1 + G2)),
        (lambda: optimizers.SGD(), (), 1 - 0.01 * (G1 + G2)),
        (lambda: optimizers.MomentumSGD(0.1, 0.5), (), 1 - 0.1 * (1.5 * G1 + G2)),
        (lambda: optimizers.AdaGrad(0.1), (), 1 - 0.1 * (np.sign(G1) + G2 / np.hypot(G1, G2))),
        (lambda: optimizers.AdaDelta(), (), adadelta()),
        (lambda: optimizers.Adam(), (), adam()),
        (lambda: optimizers.Adam(0.1, beta1=0.5), (), adam(0.1, 0.5)),
        (lambda: optimizers.SGD(0.1), (lambda: optimizers.WeightDecay(2.0),), 0.8 * (0.8 - 0.1 * G1) - 0.1 * G2),
        (lambda: optimizers.SGD(1.0), (lambda: optimizers.ClipGrad(1.5),), 1 - G1 - 1.5 / NORM * G2),
    ],
)
def test_optimizers_and_hooks(optimizer, hooks, expected):
    found = trained(optimizer(), *[hook() for hook in hooks])
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_frozen_parameters_stay():
    net = models.MLP((3, 2))
    optimizer = optimizers.SGD(0.1).setup(net)
    optimizer.add_hook(optimizers.FreezeParam(net.l0, net.l1.b))
    optimizer.add_hook(optimizers.WeightDecay(0.1))
    F.sum(net(A)).backward()
    before = [p.data.copy() for p in (net.l0.W, net.l1.b, net.l1.W)]
    optimizer.update()
    same = [np.array_equal(p.data, old) for p, old in zip((net.l0.W, net.l1.b, net.l1.W), before)]
    assert same == [True, True, False]


def test_an_optimizer_of_a_script():
    class Half(optimizers.Optimizer):
        def update_one(self, param):
            param.data *= 0.5

    assert trained(Half()).tolist() == [0.25, 0.25]
    with pytest.raises(NotImplementedError, match="define update_one"):
        trained(optimizers.Optimizer())
