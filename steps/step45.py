"""Step 45: layers of layers.

New: a layer may have layers as attributes, also in lists and dicts, and finds the parameters of all of them.
So a whole network is one Layer: one `cleargrads`, one loop over `params()`, however deep it is. The path to a
parameter, `l1.W`, is its name. For networks that are just one layer after another there are `Sequential` and
`MLP`, which need no class. All three below are the network of step 43.

In the package: autograd/layers/containers.py
"""

import numpy as np

import autograd as ag
import autograd.functions as F
import autograd.layers as L


def small(shape, rng, dtype):
    return 0.01 * np.random.randn(*shape)


class TwoLayerNet(ag.Layer):
    def __init__(self, hidden, out):
        self.l1 = L.Linear(hidden, 1, initializer=small, dtype=np.float64)
        self.l2 = L.Linear(out, hidden, initializer=small, dtype=np.float64)

    def forward(self, x):
        return self.l2(F.sigmoid(self.l1(x)))


def sequential():
    l1 = L.Linear(10, 1, initializer=small, dtype=np.float64)
    return L.Sequential(l1, F.sigmoid, L.Linear(1, 10, initializer=small, dtype=np.float64))


def mlp():
    return L.MLP((10, 1), in_size=1, activation=F.sigmoid, initializer=small, dtype=np.float64)


def fit(make):
    """The losses of 1,000 updates."""
    np.random.seed(0)
    x = np.random.rand(100, 1)
    t = np.sin(2 * np.pi * x) + np.random.rand(100, 1)
    model = make()
    losses = []
    for _ in range(1001):
        loss = F.mean_squared_error(model(x), t)
        losses.append(loss.item())
        model.cleargrads()
        loss.backward()
        for parameter in model.params():
            parameter.data = parameter.data - 0.2 * parameter.grad.data
    return model, losses


results = {}
for name, make in [("TwoLayerNet", lambda: TwoLayerNet(10, 1)), ("Sequential", sequential), ("MLP", mlp)]:
    model, losses = fit(make)
    results[name] = losses
    print(f"{name:12} loss {losses[0]:.7f}, after 1,000 updates {losses[1000]:.7f}", end="   ")
    print(*(path for path, _ in model.named_params()))

for losses in results.values():
    assert f"{losses[0]:.7f} {losses[1000]:.7f}" == "0.8473696 0.2514286"
assert [path for path, _ in TwoLayerNet(10, 1).named_params()] == ["l1.W", "l1.b", "l2.W", "l2.b"]
