"""4c. Networks: real images go through, one by one and in batches.

A network of three layers with sigmoid between them, 50 and 100 units, says which of ten classes an image belongs to.
The deck takes MNIST and weights that somebody has trained before. Here MNIST is taken if it is on this machine, or with
`--fetch` from the network; else Debian's Fashion-MNIST; else the digits that come along. Some epochs of training stand
in for the weights. The shapes go (N, 784), (N, 50), (N, 100), (N, 10): a batch of 100 is the same program as one image.

    python examples/lecture/04c_digits.py [--fetch]

    runs/lecture/04c_digits.png  The first images of the test, and above each what the network says; red where it is
        wrong.
"""

import sys
import time

import numpy as np
from matplotlib.figure import Figure
from pictures import save

import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd import data


def images(fetch):
    """The name of the first data set that can be used, its training and test parts. Says why the others can't."""
    larger = ("MNIST", data.mnist, {"download": fetch}), ("Fashion-MNIST", data.fashion_mnist, {"download": False})
    for name, load, options in larger:
        try:
            return name, load("train", **options), load("test", **options)
        except (OSError, RuntimeError, ValueError) as error:  # missing, not to be kept, or not what was published
            print(error if fetch else str(error).splitlines()[0])
    print("" if fetch else "with --fetch MNIST is fetched once; ", "the digits that come along will do", sep="")
    return "the digits of the package", data.digits("train"), data.digits("test")


name, (x_train, t_train), (x_test, t_test) = images("--fetch" in sys.argv)
D, side = x_train.shape[1], int(x_train.shape[1] ** 0.5)
print(f"taken: {name}; {x_train.shape} for training, {x_test.shape} for the test, numbers from 0 to {x_train.max():g}")
assert (len(x_train), len(x_test), D) == ((1437, 360, 64) if "package" in name else (60_000, 10_000, 784))
assert x_train.min() == 0 and x_train.max() == 1  # normalized: grey values between 0 and 1

ag.seed(0)
model = L.Sequential(L.Linear(50, D), F.sigmoid, L.Linear(100), F.sigmoid, L.Linear(10))
optimizer = O.Adam(model, lr=5e-3)
for _ in range(30 if D == 64 else 2):
    for x, t in data.DataLoader((x_train, t_train), batch_size=50 if D == 64 else 200, rng=0):
        loss = F.softmax_cross_entropy(model(x), t)
        model.cleargrads()
        loss.backward()
        optimizer.update()


def predict(x):
    """The probabilities of the ten classes for each row of x."""
    with ag.no_grad():
        return F.softmax(model(x)).data


W1, W2, W3 = [model[i].W.data for i in (0, 2, 4)]
print("shapes:", x_test[:100].shape, W1.shape, W2.shape, W3.shape, "->", predict(x_test[:100]).shape)
assert (W1.shape, W2.shape, W3.shape) == ((D, 50), (50, 100), (100, 10))
y = predict(x_test[:1])
assert y.shape == (1, 10) and abs(y.sum() - 1) < 1e-6

start = time.perf_counter()
one_by_one = [predict(x_test[i : i + 1]).argmax() for i in range(360)]
middle = time.perf_counter()
said = np.concatenate([predict(x_test[i : i + 100]).argmax(axis=1) for i in range(0, len(x_test), 100)])
seconds = (middle - start) / 360, (time.perf_counter() - middle) / len(x_test)
accuracy = (said == t_test).mean()
print(f"an image takes {1e6 * seconds[0]:.0f} µs alone, {1e6 * seconds[1]:.0f} µs in a batch of 100")
print(f"accuracy on the test images: {accuracy:.4f}")
assert said[:360].tolist() == one_by_one
with ag.no_grad():
    assert (model(x_test).data.argmax(axis=1) == said).all()  # the largest number is that without softmax
assert accuracy > {"MNIST": 0.92, "Fashion-MNIST": 0.8}.get(name, 0.93)

figure = Figure(figsize=(9, 4.6), layout="constrained")
for axes, image, guess, truth in zip(figure.subplots(4, 10).flat, x_test, said, t_test):
    axes.imshow(image.reshape(side, side), cmap="gray_r")
    axes.set_title(str(guess), color="k" if guess == truth else "r", size=11)
    axes.axis("off")
figure.suptitle(f"{name}: {accuracy:.1%} of the test images are right", size=11)
save(figure, "04c_digits.png")
