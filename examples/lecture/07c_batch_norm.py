"""7c. Training: batch normalization.

Each unit's outputs over the batch get the mean 0 and the variance 1, and then a scale gamma and an offset beta, which
are learned. So it matters less how large the weights were in the beginning: a network of five hidden layers learns from
weights that are far too small or too large, where without normalization it learns nothing at all.

    python examples/lecture/07c_batch_norm.py

    runs/lecture/07c_batch_norm.png  Accuracy on 500 digits in training, for six sizes of the initial weights, with and
        without batch normalization.
"""

from functools import partial

import numpy as np
from matplotlib.figure import Figure
from pictures import save

import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd import data

EPOCHS = 20


def by_hand():
    x = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    gamma, beta = ag.Variable(np.ones(2)), ag.Variable(np.zeros(2))
    mean, var = x.mean(axis=0), x.var(axis=0)
    xn = (x - mean) / var**0.5
    print("mean", mean, " variance", var.round(4), " normalized", xn[:, 0].round(4))
    assert mean.tolist() == [3, 4] and np.allclose(var, 2.6667, rtol=0, atol=5e-5)
    assert np.allclose(xn, [[-1.2247] * 2, [0] * 2, [1.2247] * 2], rtol=0, atol=5e-5)
    y = F.batch_norm(x, gamma, beta, eps=0.0)
    gy = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 7.0]])
    dgamma, dbeta = ag.grad(y, [gamma, beta], gy)
    assert np.allclose(y.data, xn) and np.allclose(dgamma.data, (xn * gy).sum(axis=0))
    assert np.allclose(dbeta.data, gy.sum(axis=0))


def network(std, normalized):
    parts = []
    for _ in range(5):
        parts += [L.Linear(50, initializer=partial(L.normal, std=std)), *[L.BatchNorm()] * normalized, F.relu]
    return L.Sequential(*parts, L.Linear(10, initializer=partial(L.normal, std=std)))


def train(model, x, t):
    """The accuracy after each epoch of gradient descent."""
    optimizer = O.SGD(model, lr=0.05)
    rng = np.random.default_rng(0)
    accuracies = []
    for _ in range(EPOCHS):
        right = 0.0
        for rows in rng.permutation(len(x)).reshape(-1, 100):
            y = model(x[rows])
            loss = F.softmax_cross_entropy(y, t[rows])
            model.cleargrads()
            loss.backward()
            optimizer.update()
            right += 100 * F.accuracy(y, t[rows])
        accuracies.append(right / len(x))
    return accuracies


by_hand()
x, t = data.digits()
x, t = x[:500], t[:500]
sizes = [0.003, 0.01, 0.05, 0.2, 0.5, 1.0]
figure = Figure(figsize=(11, 5.5), layout="constrained")
reached = {False: [], True: []}
for std, axes in zip(sizes, figure.subplots(2, 3, sharex=True, sharey=True).flat):
    for normalized, style in ((False, "C3--"), (True, "C0")):
        ag.seed(0)
        with np.errstate(over="ignore", invalid="ignore"):  # large weights may run away
            accuracies = train(network(std, normalized), x, t)
        reached[normalized].append(accuracies[-1])
        axes.plot(range(1, EPOCHS + 1), accuracies, style, label="batch norm" if normalized else "without")
    print(f"std {std:5}: accuracy {reached[False][-1]:.3f} without, {reached[True][-1]:.3f} with batch normalization")
    axes.set(title=f"weights of std {std}", ylim=(0, 1.02))
    axes.label_outer()
figure.axes[0].legend(loc="center right")
figure.supxlabel("epoch")
figure.supylabel("training accuracy")
assert min(reached[True]) > 0.7
assert min(reached[False]) < 0.3
save(figure, "07c_batch_norm.png")
