"""Step 43: a network with two layers, by hand.

New: a curve instead of a line. Two matrices with a sigmoid between them can follow a sine; without the
sigmoid, x W1 W2 would be a line again. There are four Variables to clear and to update now, and the small
network needs patience: for 1,000 updates it finds hardly more than the mean, then it bends. The weights start
at small random numbers, because equal ones would stay equal forever.

In the package: autograd/functions/activation.py
"""

from pathlib import Path

import numpy as np

import autograd as ag
import autograd.functions as F

np.random.seed(0)
x = np.random.rand(100, 1)
t = np.sin(2 * np.pi * x) + np.random.rand(100, 1)

I, H, O = 1, 10, 1
W1, b1 = ag.Variable(0.01 * np.random.randn(I, H)), ag.Variable(np.zeros(H))
W2, b2 = ag.Variable(0.01 * np.random.randn(H, O)), ag.Variable(np.zeros(O))


def predict(x):
    return F.sigmoid(x @ W1 + b1) @ W2 + b2


learning_rate = 0.2
losses = []
for step in range(10_001):
    loss = F.mean_squared_error(predict(x), t)
    losses.append(loss.item())
    if step % 1000 == 0:
        print(f"{step:6}  loss {losses[-1]:.7f}")
    W1.cleargrad()
    b1.cleargrad()
    W2.cleargrad()
    b2.cleargrad()
    loss.backward()
    W1.data = W1.data - learning_rate * W1.grad.data
    b1.data = b1.data - learning_rate * b1.grad.data
    W2.data = W2.data - learning_rate * W2.grad.data
    b2.data = b2.data - learning_rate * b2.grad.data

try:
    from matplotlib.figure import Figure
except ImportError:
    print("for the picture: pip install 'define-by-run[plot]'")
else:
    figure = Figure(figsize=(5, 3.5), layout="constrained")
    axes = figure.subplots()
    axes.scatter(x, t, s=10)
    line = np.linspace(0, 1, 100)[:, None]
    axes.plot(line, predict(line).data, "C3")
    axes.set(xlabel="x", ylabel="y")
    folder = Path("runs/steps")
    folder.mkdir(parents=True, exist_ok=True)
    figure.savefig(folder / "step43_sine.png", dpi=120)
    print("drawn:", folder / "step43_sine.png")

assert 0.75 < losses[0] < 0.9
assert 0.245 < losses[1000] < 0.255
assert losses[10_000] < 0.1
