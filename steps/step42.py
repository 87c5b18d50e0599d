"""Step 42: linear regression.

New: a first model learned from data. 100 points lie about a line; the line is y = x W + b, and W and b are
moved against the gradient of the mean squared error. b is one number for all points: its gradient is summed
over the 100 copies that broadcasting made of it. The noise lies between 0 and 1 and not about 0, so the right
answer is a line half a unit higher than the 2x + 5 which the data were made of.

In the package: autograd/functions/loss.py
"""

from pathlib import Path

import numpy as np

import autograd as ag
import autograd.functions as F

np.random.seed(0)
x = np.random.rand(100, 1)
t = 5 + 2 * x + np.random.rand(100, 1)

W, b = ag.Variable(np.zeros((1, 1))), ag.Variable(np.zeros(1))
learning_rate = 0.1

for step in range(100):
    loss = F.mean_squared_error(x @ W + b, t)
    W.cleargrad()
    b.cleargrad()
    loss.backward()
    W.data = W.data - learning_rate * W.grad.data
    b.data = b.data - learning_rate * b.grad.data
    if step % 20 == 0:
        print(f"{step:3}  loss {loss.item():.7f}")

print(f"W = {W.item():.8f}, b = {b.item():.8f}, loss {loss.item():.7f}")

try:
    from matplotlib.figure import Figure
except ImportError:
    print("for the picture: pip install 'define-by-run[plot]'")
else:
    figure = Figure(figsize=(5, 3.5), layout="constrained")
    axes = figure.subplots()
    axes.scatter(x, t, s=10)
    line = np.array([[0.0], [1.0]])
    axes.plot(line, ag.as_array(line @ W + b), "C3")
    axes.set(xlabel="x", ylabel="y")
    folder = Path("runs/steps")
    folder.mkdir(parents=True, exist_ok=True)
    figure.savefig(folder / "step42_line.png", dpi=120)
    print("drawn:", folder / "step42_line.png")

assert abs(W.item() - 2.11807369) < 5e-9
assert abs(b.item() - 5.46608905) < 5e-9
assert abs(loss.item() - 0.0790861) < 5e-8
