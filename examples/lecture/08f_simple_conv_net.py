"""8f. Convolution: the lecture's network, and what its filters have learned to see.

Convolution with 30 filters of 5 x 5, ReLU, max pooling 2 / 2, a layer of 100, ReLU, a layer of 10: trained on the 8 x 8
digits of the package, enlarged to 28 x 28. The filters are noise before, and afterwards edges and blobs: stripes that
are bright on one side and dark on the other. The feature maps show where in an image each of them has found its like.

    python examples/lecture/08f_simple_conv_net.py [--fast]

    runs/lecture/08f_filters.png  The 30 filters of the first layer, before the training and after it.
    runs/lecture/08f_maps.png  One image, and its 30 feature maps after convolution and ReLU, the brightest first.
    runs/lecture/08f_training.png  Loss of each mini-batch, and accuracy on the test digits after each epoch.
"""

import sys
from functools import partial

import numpy as np
from matplotlib.figure import Figure
from pictures import save

import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd import data

EPOCHS = 3 if "--fast" in sys.argv else 10


def digits(split):
    """The digits as images (N, 1, 28, 28): every dot becomes 3 x 3, smoothed over 3 x 3."""
    x, t = data.digits(split, flatten=False)
    return F.average_pool2d(F.upsample2d(x, 3), 3, stride=1, pad=3), t


def draw_filters(before, after):
    figure = Figure(figsize=(10, 4.6), layout="constrained")
    for title, W, half in zip(("before", "after"), (before, after), figure.subfigures(1, 2)):
        half.suptitle(title)
        limit = np.abs(W).max()
        for w, axes in zip(W[:, 0], half.subplots(5, 6).flat):
            axes.imshow(w, cmap="gray", vmin=-limit, vmax=limit)
            axes.axis("off")
    save(figure, "08f_filters.png")


def draw_maps(image, maps):
    figure = Figure(figsize=(10, 5.6), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=[1, 2])
    axes = left.subplots()
    axes.imshow(image, cmap="gray")
    axes.axis("off")
    order = np.argsort(-maps.mean(axis=(1, 2)))
    for k, axes in zip(order, right.subplots(5, 6).flat):
        axes.imshow(maps[k], cmap="gray", vmin=0, vmax=maps.max())
        axes.axis("off")
    save(figure, "08f_maps.png")


def draw_training(losses, accuracies):
    figure = Figure(figsize=(8, 3), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.semilogy(losses, linewidth=0.8)
    left.set(xlabel="update", ylabel="loss")
    right.plot(range(1, EPOCHS + 1), accuracies, "o-")
    right.set(xlabel="epoch", ylabel="test accuracy", xticks=range(1, EPOCHS + 1), ylim=(0.8, 1))
    right.grid(alpha=0.3)
    save(figure, "08f_training.png")


ag.seed(0)
x_test, t_test = digits("test")
loader = data.DataLoader(digits("train"), batch_size=50, rng=0)
conv = L.Conv2d(30, 5, in_channels=1, initializer=partial(L.normal, std=0.01))  # small, so that what is learned shows
model = L.Sequential(conv, F.relu, L.MaxPool2d(2), F.flatten, L.Linear(100), F.relu, L.Linear(10))
optimizer = O.Adam(model, lr=2e-3)
before = conv.W.data.copy()
losses, accuracies = [], []
for epoch in range(1, EPOCHS + 1):
    for x, t in loader:
        loss = F.softmax_cross_entropy(model(x), t)
        model.cleargrads()
        loss.backward()
        optimizer.update()
        losses.append(loss.item())
    with ag.test_mode(), ag.no_grad():
        accuracies.append(F.accuracy(model(x_test), t_test))
    print(f"epoch {epoch}  loss {losses[-1]:.4f}  test accuracy {accuracies[-1]:.4f}")


def roughness(W):
    """How much neighbours in a filter differ, compared with the filter's size: 2 for noise."""
    return (np.diff(W, axis=-1) ** 2).mean() / (W**2).mean()


print(f"roughness of the filters: {roughness(before):.2f} before, {roughness(conv.W.data):.2f} after")
assert accuracies[-1] > (0.93 if "--fast" in sys.argv else 0.965)
assert roughness(conv.W.data) < 0.9 * roughness(before)
draw_filters(before, conv.W.data)
with ag.no_grad():
    draw_maps(x_test[2, 0], F.relu(conv(x_test[2:3])).data[0])
draw_training(losses, accuracies)
