"""Step 48: many classes.

New: classification of real points, and mini-batches. Three arms of a spiral cannot be told apart by straight
lines; a layer of ten units in between bends them. One update uses 30 points and not all 300: a gradient of
few points is less exact but ten times as cheap, and ten inexact steps lead further than one exact one. Every
epoch takes the points in another order, and each of them once.

In the package: autograd/data/datasets.py
"""

from pathlib import Path

import numpy as np

import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd import data

ag.seed(0)
rng = np.random.default_rng(0)
x, t = data.spiral()
model = L.MLP((10, 3), activation=F.sigmoid)
optimizer = O.SGD(model, lr=1.0)
batch_size = 30

for epoch in range(1, 301):
    order = rng.permutation(len(x))
    total = 0.0
    for start in range(0, len(x), batch_size):
        rows = order[start : start + batch_size]
        loss = F.softmax_cross_entropy(model(x[rows]), t[rows])
        model.cleargrads()
        loss.backward()
        optimizer.update()
        total += loss.item() * len(rows)
    if epoch % 50 == 0:
        print(f"epoch {epoch}  loss {total / len(x):.4f}")

with ag.no_grad():
    accuracy = F.accuracy(model(x), t)
print(f"training accuracy {accuracy:.3f}")

try:
    from matplotlib.figure import Figure
except ImportError:
    print("for the picture: pip install 'define-by-run[plot]'")
else:
    figure = Figure(figsize=(4.5, 4.5), layout="constrained")
    axes = figure.subplots()
    side = np.linspace(-1.1, 1.1, 200, dtype=np.float32)
    grid = np.stack(np.meshgrid(side, side), axis=-1)
    with ag.no_grad():
        winner = model(grid.reshape(-1, 2)).data.argmax(axis=1)
    winner = winner.reshape(200, 200)
    axes.contourf(side, side, winner, levels=[-0.5, 0.5, 1.5, 2.5], colors=["C0", "C1", "C2"], alpha=0.3)
    for k, marker in enumerate("os^"):
        axes.scatter(*x[t == k].T, s=18, marker=marker, color=f"C{k}", edgecolor="k", linewidth=0.4)
    axes.set(xticks=[-1, 0, 1], yticks=[-1, 0, 1])
    folder = Path("runs/steps")
    folder.mkdir(parents=True, exist_ok=True)
    figure.savefig(folder / "step48_spiral.png", dpi=120)
    print("drawn:", folder / "step48_spiral.png")

assert accuracy > 0.9
