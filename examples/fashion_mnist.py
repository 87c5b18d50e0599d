"""A convolutional network on Fashion-MNIST: 60,000 images of clothes, ten classes, at least 91.5 % of the test images.

    python examples/fashion_mnist.py [--epochs 10]

The images come from Debian's package dataset-fashion-mnist, from the cache, or are fetched once; each file is verified.
The time and test accuracy of each epoch are printed; runs/fashion_mnist holds the log, the curve and the checkpoint.
"""

import argparse
import time
from pathlib import Path

import numpy as np

import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd import data, serialize, training
from autograd.data.transforms import random_flip

FOLDER = Path("runs/fashion_mnist")


def network():
    return L.Sequential(
        L.Conv2d(32, 3, pad=1, in_channels=1), L.BatchNorm(32), F.relu, L.MaxPool2d(2),
        L.Conv2d(64, 3, pad=1, in_channels=32), L.BatchNorm(64), F.relu, L.MaxPool2d(2),
        F.flatten, L.Linear(128, 64 * 7 * 7), F.relu, L.Dropout(0.3), L.Linear(10, 128),
    )  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=10)
    epochs = parser.parse_args().epochs
    ag.seed(0)
    FOLDER.mkdir(parents=True, exist_ok=True)
    loader = data.DataLoader(data.fashion_mnist("train", flatten=False), batch_size=100)
    test = data.DataLoader(data.fashion_mnist("test", flatten=False), batch_size=500, shuffle=False)
    model = network()
    optimizer = O.Adam(model, lr=O.cosine(2e-3, epochs * len(loader)))
    history = training.History()
    rng = np.random.default_rng(0)

    begin = time.perf_counter()
    with open(FOLDER / "log.txt", "w") as log:
        for epoch in range(1, epochs + 1):
            start, total, right = time.perf_counter(), 0.0, 0.0
            for x, t in loader:
                y = model(random_flip(x, rng=rng))  # clothes look like clothes in a mirror too
                loss = F.softmax_cross_entropy(y, t)
                model.cleargrads()
                loss.backward()
                optimizer.update()
                total += loss.item() / len(loader)
                right += F.accuracy(y, t) / len(loader)
            score = training.evaluate(model, F.softmax_cross_entropy, test, metric=F.accuracy)
            measured = {"loss": total, "accuracy": right, "test_loss": score.loss, "test_accuracy": score.metric}
            history.append(measured)
            seconds = time.perf_counter() - start
            line = f"epoch {epoch:2}  {seconds:6.1f} s  loss {total:.4f}  test accuracy {score.metric:.4f}"
            print(line, flush=True)
            print(line, file=log, flush=True)
    serialize.save(model, FOLDER / "model.npz")
    history.plot(FOLDER / "curve.png")
    print(f"{history.test_accuracy[-1]:.2%} of the test images after {(time.perf_counter() - begin) / 60:.1f} minutes")


if __name__ == "__main__":
    main()
