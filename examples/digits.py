"""Trains a network on 1,797 real handwritten digits and leaves what it learned in runs/demo.

    python examples/digits.py

The loop is in plain sight. Left behind: curve.png (loss and accuracy), digits.png (test digits with the predicted
labels, wrong ones in red), model.npz (the checkpoint) and log.txt.
"""

import time
from pathlib import Path

import numpy as np

import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd import data, serialize

EPOCHS = 30
FOLDER = Path("runs/demo")


def main():
    ag.seed(0)
    FOLDER.mkdir(parents=True, exist_ok=True)
    x_test, t_test = data.digits("test")
    loader = data.DataLoader(data.digits("train"), batch_size=32)

    model = L.Sequential(L.Linear(256), F.relu, L.Dropout(0.3), L.Linear(128), F.relu, L.Linear(10))
    optimizer = O.Adam(model, lr=O.cosine(2e-3, EPOCHS * len(loader)))

    start = time.perf_counter()
    losses, accuracies = [], []
    with open(FOLDER / "log.txt", "w") as log:
        for epoch in range(1, EPOCHS + 1):
            total = 0.0
            for x, t in loader:
                loss = F.softmax_cross_entropy(model(x), t)
                model.cleargrads()
                loss.backward()
                optimizer.update()
                total += loss.item()
            with ag.test_mode(), ag.no_grad():
                y_test = model(x_test)
            losses.append(total / len(loader))
            accuracies.append(F.accuracy(y_test, t_test))
            line = f"epoch {epoch:2}  loss {losses[-1]:.4f}  test accuracy {accuracies[-1]:.4f}"
            print(line)
            print(line, file=log)
    serialize.save(model, FOLDER / "model.npz")
    draw(losses, accuracies, x_test, t_test, y_test.data.argmax(1))
    print(f"{accuracies[-1]:.2%} of {len(t_test)} test digits right after {time.perf_counter() - start:.1f} s;", end=" ")
    print(f"pictures, checkpoint and log are in {FOLDER}/")


def draw(losses, accuracies, x, t, predicted):
    from matplotlib.figure import Figure

    epochs = range(1, len(losses) + 1)
    figure = Figure(figsize=(8, 3), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.semilogy(epochs, losses)
    left.set(xlabel="epoch", ylabel="training loss")
    right.plot(epochs, accuracies)
    right.set(xlabel="epoch", ylabel="test accuracy", ylim=(0.9, 1))
    right.grid(alpha=0.3)
    figure.savefig(FOLDER / "curve.png", dpi=120)

    wrong = np.flatnonzero(predicted != t)
    shown = [*wrong[:20], *np.flatnonzero(predicted == t)][:60]
    figure = Figure(figsize=(8, 6), layout="constrained")
    for axes, i in zip(figure.subplots(6, 10).flat, shown):
        axes.imshow(x[i].reshape(8, 8), cmap="gray_r")
        right = predicted[i] == t[i]
        axes.set_title(f"{predicted[i]}" if right else f"{predicted[i]} not {t[i]}", color="k" if right else "r", size=9)
        axes.axis("off")
    figure.savefig(FOLDER / "digits.png", dpi=120)


if __name__ == "__main__":
    main()
