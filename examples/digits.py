"""Trains the lecture's convolutional network on 1,797 real handwritten digits and leaves what it learned in runs/demo.

    python examples/digits.py

The loop is in plain sight. Left behind: curve.png (loss and accuracy), filters.png (the first layer before and after
training), digits.png (test digits with predicted labels, wrong ones in red), model.npz (the checkpoint) and log.txt.
"""

import time
from pathlib import Path

import numpy as np

import autograd as ag
import autograd.functions as F
import autograd.optimizers as O
from autograd import data, models, serialize

EPOCHS = 15
FOLDER = Path("runs/demo")


def main():
    ag.seed(0)
    FOLDER.mkdir(parents=True, exist_ok=True)
    x_test, t_test = data.digits("test", flatten=False)
    loader = data.DataLoader(data.digits("train", flatten=False), batch_size=32)

    model = models.SimpleConvNet(10, size=(1, 8, 8), filters=30, kernel=5, pad=2, hidden=100)
    model.conv.W.data *= 0.05  # filters that start near zero show what they learn
    optimizer = O.Adam(model, lr=O.cosine(4e-3, EPOCHS * len(loader)))
    before = model.conv.W.data.copy()

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
    seconds = time.perf_counter() - start
    serialize.save(model, FOLDER / "model.npz")
    draw_curves(losses, accuracies)
    draw_filters(before, model.conv.W.data)
    draw_digits(x_test, t_test, y_test.data.argmax(1))
    print(f"{accuracies[-1]:.2%} of {len(t_test)} test digits right after {seconds:.1f} s of training;", end=" ")
    print(f"pictures, checkpoint and log are in {FOLDER}/")
    assert accuracies[-1] > 0.97


def new_figure(width, height):
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def draw_curves(losses, accuracies):
    epochs = range(1, len(losses) + 1)
    figure = new_figure(8, 3)
    left, right = figure.subplots(1, 2)
    left.semilogy(epochs, losses)
    left.set(xlabel="epoch", ylabel="training loss", xticks=epochs[::2])
    right.plot(epochs, accuracies)
    right.set(xlabel="epoch", ylabel="test accuracy", ylim=(0.9, 1), xticks=epochs[::2])
    right.grid(alpha=0.3)
    figure.savefig(FOLDER / "curve.png", dpi=120)


def draw_filters(before, after):
    figure, most = new_figure(10, 4), np.abs(after).max()
    for part, filters, title in zip(figure.subfigures(1, 2), (before, after), ("before training", "after training")):
        part.suptitle(f"the 30 filters of 5 x 5, {title}")
        for axes, W in zip(part.subplots(5, 6).flat, filters[:, 0]):
            axes.imshow(W, cmap="gray", vmin=-most, vmax=most)
            axes.axis("off")
    figure.savefig(FOLDER / "filters.png", dpi=120)


def draw_digits(x, t, predicted):
    wrong = np.flatnonzero(predicted != t)
    shown = [*wrong[:20], *np.flatnonzero(predicted == t)][:60]
    figure = new_figure(8, 6)
    for axes, i in zip(figure.subplots(6, 10).flat, shown):
        axes.imshow(x[i, 0], cmap="gray_r")
        if predicted[i] == t[i]:
            axes.set_title(f"{predicted[i]}", size=9)
        else:
            axes.set_title(f"{predicted[i]} not {t[i]}", color="red", size=9)
        axes.axis("off")
    figure.savefig(FOLDER / "digits.png", dpi=120)


if __name__ == "__main__":
    main()
