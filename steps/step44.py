"""Step 44: parameters and layers.

New: a Parameter is a Variable that wants to be trained, and a Layer is a function that owns some. A layer
finds its parameters itself, by a look at its attributes, so nobody keeps a list of them, and `cleargrads` and
the update become loops. The network, its first weights and its losses are those of step 43. The first weights
are drawn by an `initializer`, a function from a shape to an array.

In the package: autograd/layers/base.py
"""

import numpy as np

import autograd as ag
import autograd.functions as F
import autograd.layers as L

np.random.seed(0)
x = np.random.rand(100, 1)
t = np.sin(2 * np.pi * x) + np.random.rand(100, 1)


def small(shape, rng, dtype):
    return 0.01 * np.random.randn(*shape)


class Affine(ag.Layer):
    """y = x W + b, as it could be written if the package had no `Linear`."""

    def __init__(self, out_size, in_size):
        self.W = ag.Parameter(small((in_size, out_size), None, None))
        self.b = ag.Parameter(np.zeros(out_size))

    def forward(self, x):
        return x @ self.W + self.b


l1 = Affine(10, 1)
l2 = L.Linear(1, 10, initializer=small, dtype=np.float64)  # the package's own; without in_size it waits for the data
print(l1)
print(l2)

learning_rate = 0.2
losses = []
for step in range(1001):
    loss = F.mean_squared_error(l2(F.sigmoid(l1(x))), t)
    losses.append(loss.item())
    for layer in (l1, l2):
        layer.cleargrads()
    loss.backward()
    for layer in (l1, l2):
        for parameter in layer.params():
            parameter.data = parameter.data - learning_rate * parameter.grad.data

print(f"loss {losses[0]:.7f}, after 1,000 updates {losses[1000]:.7f}, as in step 43")

assert [path for path, _ in l1.named_params()] == ["W", "b"]
assert [parameter.shape for parameter in l2.params()] == [(10, 1), (1,)]
assert f"{losses[0]:.7f} {losses[1000]:.7f}" == "0.8473696 0.2514286"
