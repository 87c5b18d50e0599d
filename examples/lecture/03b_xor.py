"""3b. Perceptrons: no single unit is an XOR, and two layers learn to be one.

A search over 68,921 single units finds none that gets all four rows of the table right: three is the most, because no
line separates the corners (0, 1), (1, 0) from (0, 0), (1, 1). With a hidden layer between, gradient descent finds the
numbers by itself. Its units are smooth, sigmoid and tanh in the place of the step, since a step has no slope to follow.

    python examples/lecture/03b_xor.py

    runs/lecture/03b_xor.png  How many single units get how many rows right; the loss while two layers learn; and what
        they have learned.
"""

import numpy as np
from matplotlib.figure import Figure
from pictures import save

import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O

X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
T = np.array([[0], [1], [1], [0]], np.float32)

grid = np.linspace(-2, 2, 41)
w1, w2, b = np.meshgrid(grid, grid, grid)
right = sum(1 * ((w1 * x1 + w2 * x2 + b > 0) == t) for (x1, x2), (t,) in zip(X, T))
print(f"{right.size:,} single units: at most {right.max()} rows of 4 right")
assert right.size == 68921 and right.max() == 3

ag.seed(0)
model = L.Sequential(L.Linear(4), F.tanh, L.Linear(1))
optimizer = O.SGD(model, lr=1.0)
losses = []
for _ in range(500):
    loss = F.sigmoid_cross_entropy(model(X), T)
    model.cleargrads()
    loss.backward()
    optimizer.update()
    losses.append(loss.item())
with ag.no_grad():
    y = F.sigmoid(model(X))
print(f"two layers: loss {losses[0]:.3f} to {losses[-1]:.4f}, outputs", y.data.round(3).reshape(-1))
assert (y.data > 0.5).astype(int).reshape(-1).tolist() == [0, 1, 1, 0]
assert losses[-1] < 0.05

figure = Figure(figsize=(11, 3.4), layout="constrained")
left, middle, plane = figure.subplots(1, 3)
bars = left.bar(range(5), np.bincount(right.reshape(-1), minlength=5))
left.bar_label(bars, fmt="{:,.0f}")
left.set(xlabel="rows right, of 4", ylabel="single units", title="one layer: no unit gets 4")
left.margins(y=0.15)
middle.semilogy(losses)
middle.set(xlabel="update", ylabel="loss", title="two layers learn")
side = np.linspace(-0.5, 1.5, 101, dtype=np.float32)
points = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
with ag.no_grad():
    heights = F.sigmoid(model(points)).data.reshape(101, 101)
image = plane.contourf(side, side, heights, levels=np.linspace(0, 1, 11), cmap="RdBu_r")
figure.colorbar(image, ax=plane)
for x, t in zip(X, T.reshape(-1)):
    plane.plot(*x, "o", markersize=16, color="tab:red" if t else "tab:blue", markeredgecolor="w")
    plane.text(*x, int(t), color="w", ha="center", va="center", fontweight="bold")
plane.set(xlabel="x1", ylabel="x2", title="their output", aspect="equal")
save(figure, "03b_xor.png")
