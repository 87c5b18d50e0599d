"""Draws the pictures of how-it-works.md into docs/images.

python docs/draw.py
"""

from pathlib import Path

import numpy as np

import autograd as ag
import autograd.functions as F
import autograd.layers as L
from autograd import visualize

IMAGES = Path(__file__).parent / "images"


def main() -> None:
    ag.seed(0)
    IMAGES.mkdir(exist_ok=True)
    model = L.Sequential(L.Linear(16, 64), F.relu, L.Linear(10, 16))
    x, t = np.random.default_rng(0).random((32, 64), np.float32), np.arange(32) % 10

    loss = F.softmax_cross_entropy(visualize.trace(model, x), t)
    visualize.plot(loss, IMAGES / "forward.svg", fold=None)

    with visualize.tracing():
        loss = F.softmax_cross_entropy(model(x), t)
        gW = ag.grad(loss, model[2].W, create_graph=True)
    visualize.plot(gW, IMAGES / "backward.svg")

    images = np.random.default_rng(0).random((32, 1, 28, 28), np.float32)
    network = ag.models.SimpleConvNet(rng=0)
    F.softmax_cross_entropy(network(images), t).backward()  # the first step pays for memory that later ones reuse
    with ag.profile() as p, visualize.tracing():
        y = network(images)
        loss = F.softmax_cross_entropy(y, t)
        loss.backward()
    print(p)
    visualize.plot(loss, IMAGES / "profile.svg", profile=p, fold=None)


if __name__ == "__main__":
    main()
