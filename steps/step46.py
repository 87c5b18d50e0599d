"""Step 46: optimizers.

New: the update as an object. An optimizer is given the model once, and `update()` changes every parameter by
its rule, from the gradients that `backward` has left. So a better rule is a change of one word. Momentum
remembers the direction in which it was moving, Adam also scales every step by how large the gradients have
been; from the same start, both get much further than plain gradient descent in the same 1,000 updates.

In the package: autograd/optimizers/base.py
"""

import numpy as np

import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O

np.random.seed(0)
x = np.random.rand(100, 1)
t = np.sin(2 * np.pi * x) + np.random.rand(100, 1)
start = np.random.get_state()


def small(shape, rng, dtype):
    return 0.01 * np.random.randn(*shape)


rules = {
    "SGD": lambda model: O.SGD(model, lr=0.2),
    "Momentum": lambda model: O.Momentum(model, lr=0.2),
    "Adam": lambda model: O.Adam(model, lr=0.02),
}
last = {}
for name, rule in rules.items():
    np.random.set_state(start)
    model = L.MLP((10, 1), in_size=1, activation=F.sigmoid, initializer=small, dtype=np.float64)
    optimizer = rule(model)
    for _ in range(1000):
        loss = F.mean_squared_error(model(x), t)
        model.cleargrads()
        loss.backward()
        optimizer.update()
    last[name] = F.mean_squared_error(model(x), t).item()
    print(f"{name:9} loss after 1,000 updates {last[name]:.7f}")

assert f"{last['SGD']:.7f}" == "0.2514286"  # as in steps 43 to 45
assert last["Momentum"] < 0.15 and last["Adam"] < 0.15
