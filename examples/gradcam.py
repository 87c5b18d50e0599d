"""Grad-CAM: where in a picture does a network see a digit? It was never told where, only which digits are there.

Pictures of 16 x 24 dots hold two different digits anywhere, upper or lower, left and right of each other. A small
convolutional network learns to name both. Then, for one of the names: the gradient of its score in the last feature
maps says how much each map speaks for it; the maps, added up with these weights, are a heat map of the picture
(Selvaraju et al., 2017). `grad` walks only from the score to the maps, and for a whole batch at once.

    python examples/gradcam.py [--fast]        (leaves runs/gradcam.png)
"""

import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd import data

STEPS = 300 if "--fast" in sys.argv else 1000


def pictures(x, t, count, rng):
    """Pictures of two different digits, which they are as rows of zeros and ones, and the labels left and right."""
    first, second = rng.integers(len(x), size=(2, 3 * count))
    different = np.flatnonzero(t[first] != t[second])[:count]
    pairs = np.stack([first, second], axis=1)[different]
    y = np.zeros((count, 1, 16, 24), np.float32)
    for picture, pair in zip(y[:, 0], pairs):
        for half, i in enumerate(pair):
            top, left = rng.integers(0, 9), 12 * half + rng.integers(0, 5)
            picture[top : top + 8, left : left + 8] = x[i, 0]
    return y, np.eye(10, dtype=np.float32)[t[pairs]].sum(axis=1), t[pairs]


class Network(L.Layer):
    def __init__(self):
        self.features = L.Sequential(
            L.Conv2d(32, 3, pad="same", initializer=L.he), F.relu,
            L.Conv2d(32, 3, pad="same", initializer=L.he), F.relu, L.MaxPool2d(2),
            L.Conv2d(64, 3, pad="same", initializer=L.he), F.relu,
        )  # fmt: skip
        self.scores = L.Linear(10)

    def heads(self, maps):
        """The scores of the ten digits, from the largest value of each map anywhere.   (N, C, H, W) -> (N, 10)"""
        return self.scores(F.max(maps, axis=(2, 3)))

    def forward(self, x):
        return self.heads(self.features(x))


def heat_maps(model, x, labels):
    """For each picture, how much each place speaks for the label.   (N, 1, 16, 24), (N,) -> (N, 8, 12)"""
    maps = model.features(x)
    score = model.heads(maps)[np.arange(len(x)), labels].sum()
    weights = ag.grad(score, maps).data.mean(axis=(2, 3), keepdims=True)
    return F.relu((weights * maps.data).sum(axis=1))


def main():
    ag.seed(0)
    rng = np.random.default_rng(0)
    x, t = data.digits("train", flatten=False)
    model = Network()
    optimizer = O.Adam(model, lr=O.cosine(2e-3, STEPS))
    for step in range(1, STEPS + 1):
        picture, target, _ = pictures(x, t, 32, rng)
        loss = F.sigmoid_cross_entropy(model(picture), target)
        model.cleargrads()
        loss.backward()
        optimizer.update()
        if step % (STEPS // 5) == 0:
            print(f"step {step:4}  loss {loss.item():.4f}")
    x_test, t_test = data.digits("test", flatten=False)
    picture, _, labels = pictures(x_test, t_test, 500, rng)
    with ag.no_grad():
        two = np.sort(model(picture).data.argsort(axis=1)[:, -2:])
    named = (two == np.sort(labels)).all(axis=1).mean()
    heat = [heat_maps(model, picture, labels[:, half]) for half in (0, 1)]
    found = np.mean([heat[0][:, :, :6].sum((1, 2)) > heat[0][:, :, 6:].sum((1, 2)),
                     heat[1][:, :, 6:].sum((1, 2)) > heat[1][:, :, :6].sum((1, 2))])  # fmt: skip
    print(f"both digits named in {named:.1%} of new pictures; most heat on the one that was asked for in {found:.1%}")
    draw(picture[:6, 0], labels[:6], [h[:6] for h in heat])
    assert named > 0.75 and found > 0.9


def draw(pictures, labels, heat):
    figure = Figure(figsize=(12, 5), layout="constrained")
    for i, column in enumerate(figure.subplots(3, 6).T):
        for axes, title, h in zip(column, ("the picture", *labels[i]), (None, heat[0][i], heat[1][i])):
            axes.imshow(pictures[i], cmap="gray_r", extent=(0, 24, 16, 0))
            if h is not None:
                axes.imshow(h, cmap="Reds", alpha=0.65, extent=(0, 24, 16, 0), interpolation="bilinear")
            axes.set(title=title if h is None else f"where is the {title}?", xticks=[], yticks=[])
    Path("runs").mkdir(exist_ok=True)
    figure.savefig("runs/gradcam.png", dpi=120)
    print("drawn: runs/gradcam.png")


if __name__ == "__main__":
    main()
