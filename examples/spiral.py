"""Three spirals told apart by a small network: the data, the loop, and the regions it learned.

python examples/spiral.py        (leaves runs/spiral.png)
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd import data

EPOCHS = 150


def main():
    ag.seed(0)
    x, t = data.spiral()
    loader = data.DataLoader((x, t), batch_size=30)
    model = L.Sequential(L.Linear(32), F.tanh, L.Linear(32), F.tanh, L.Linear(3))
    optimizer = O.Adam(model, lr=O.cosine(1e-2, EPOCHS * len(loader)))
    losses = []
    for epoch in range(1, EPOCHS + 1):
        total = 0.0
        for xb, tb in loader:
            loss = F.softmax_cross_entropy(model(xb), tb)
            model.cleargrads()
            loss.backward()
            optimizer.update()
            total += loss.item()
        losses.append(total / len(loader))
        if epoch % 30 == 0:
            print(f"epoch {epoch:3}  loss {losses[-1]:.4f}")
    x_test, t_test = data.spiral("test")
    with ag.no_grad():
        accuracy = F.accuracy(model(x_test), t_test)
    print(f"test accuracy {accuracy:.3f}")
    draw(model, x, t, losses)
    assert accuracy > 0.95


def draw(model, x, t, losses):
    side = np.linspace(-1.1, 1.1, 300, dtype=np.float32)
    grid = np.stack(np.meshgrid(side, side), -1).reshape(-1, 2)
    with ag.no_grad():
        regions = model(grid).data.argmax(1).reshape(300, 300)
    figure = Figure(figsize=(9, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.semilogy(range(1, EPOCHS + 1), losses)
    left.set(xlabel="epoch", ylabel="training loss")
    right.contourf(side, side, regions, levels=[-0.5, 0.5, 1.5, 2.5], colors=["#cfe3f5", "#fbdcc4", "#d5edd0"])
    for label, (colour, marker) in enumerate(zip(("tab:blue", "tab:orange", "tab:green"), "o^s")):
        right.scatter(*x[t == label].T, s=12, c=colour, marker=marker)
    right.set(title="the regions of the three classes", aspect="equal")
    Path("runs").mkdir(exist_ok=True)
    figure.savefig("runs/spiral.png", dpi=120)
    print("drawn: runs/spiral.png")


if __name__ == "__main__":
    main()
