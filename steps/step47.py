"""Step 47: softmax and cross entropy.

New: a network that decides between classes. Its last layer gives a number for each class; softmax makes
probabilities of them, positive and with the sum 1; the cross entropy is the mean of -log of the probability
that was given to the right class. In one function the two are exact where one after the other they are not: far
behind the others, a probability is rounded to 0, and -log 0 is infinite. And their gradient is short:
probability minus target.

In the package: autograd/functions/loss.py
"""

import numpy as np

import autograd as ag
import autograd.functions as F
import autograd.layers as L


def scaled(shape, rng, dtype):
    """Weights whose sums keep the size of a signal; rounded, then scaled, as the course's numbers were."""
    return np.random.randn(*shape).astype(np.float32) * np.sqrt(1 / shape[0])


np.random.seed(0)
model = L.Sequential(
    L.Linear(10, initializer=scaled, dtype=np.float64), F.sigmoid, L.Linear(3, initializer=scaled, dtype=np.float64)
)
x = np.array([[0.2, -0.4], [0.3, 0.5], [1.3, -3.2], [2.1, 0.3]])
t = np.array([2, 0, 1, 0])

y = model(x)
p = F.softmax(y)
print("numbers for three classes:   ", y.data[0])
print("probabilities:               ", p.data[0], "their sum:", p.data[0].sum())

by_formula = -F.log(p[np.arange(len(t)), t]).mean()
loss = F.softmax_cross_entropy(y, t)
print(f"cross entropy, step by step:  {by_formula.item():.10f}")
print(f"in one function:              {loss.item():.10f}")

gy = ag.grad(loss, y)
one_hot = np.eye(3)[t]
print("its gradient for one sample:  ", gy.data[0])
print("(probability - target) / N:   ", (p.data[0] - one_hot[0]) / len(t))

behind = ag.Variable([[1000.0, 0.0, -1000.0]])
with np.errstate(divide="ignore"):
    two_functions = -F.log(F.softmax(behind)[0, 1]).item()
one_function = F.softmax_cross_entropy(behind, np.array([1])).item()
print("the right class 1000 behind:  ", two_functions, "step by step,", one_function, "in one function")

assert np.allclose(p.sum(axis=1), 1)
assert f"{loss.item():.10f}" == "1.4967442462"
assert abs(by_formula.item() - loss.item()) < 1e-12
assert np.allclose(gy, (p.data - one_hot) / len(t))
assert two_functions == np.inf and one_function == 1000.0
