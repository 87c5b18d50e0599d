"""6c. Backpropagation: a network of two layers, its gradients checked, and trained.

784 inputs, 50 hidden units, 10 classes, batches of 100, as in the lecture. The images are the 8 x 8 digits of the
package, enlarged to 28 x 28. The gradients by backpropagation equal the numeric ones, which take two evaluations for
each of the 39,760 numbers; so only some of each array are compared. Then the loop of training: mini-batch, gradient,
update, repeat.

    python examples/lecture/06c_two_layer_net.py

    runs/lecture/06c_two_layer_net.png  The gradients, one against the other; the loss of each mini-batch; and accuracy
        on digits for training and for test.
"""

import numpy as np
from matplotlib.figure import Figure
from pictures import save

import autograd as ag
import autograd.functions as F
from autograd import data


def digits(split):
    """The digits as images of 28 x 28, in rows of 784: every dot becomes 3 x 3, smoothed over 3 x 3."""
    x, t = data.digits(split, flatten=False)
    return F.average_pool2d(F.upsample2d(x, 3), 3, stride=1, pad=3).reshape(-1, 784).astype(np.float64), t


def loss_of(params, x, t):
    W1, b1, W2, b2 = params
    return F.softmax_cross_entropy(F.sigmoid(x @ W1 + b1) @ W2 + b2, t)


def accuracy(params, x, t):
    W1, b1, W2, b2 = [p.data for p in params]
    return F.accuracy(F.sigmoid(x @ W1 + b1) @ W2 + b2, t)


def numeric(params, p, i, x, t, h=1e-4):
    """The central difference in element i of the parameter p."""
    losses = []
    start = p.data
    for step in (h, -h):
        p.data = start.copy()
        p.data[i] += step
        losses.append(loss_of(params, x, t).item())
    p.data = start
    return (losses[0] - losses[1]) / (2 * h)


rng = np.random.default_rng(0)
x_train, t_train = digits("train")
x_test, t_test = digits("test")
starts = [rng.normal(0, 0.01, (784, 50)), np.zeros(50), rng.normal(0, 0.01, (50, 10)), np.zeros(10)]
params = [ag.Variable(start) for start in starts]

batch = x_train[:100], t_train[:100]
gradients = ag.grad(loss_of(params, *batch), params)
assert [g.shape for g in gradients] == [(784, 50), (50,), (50, 10), (10,)]
pairs = []
for name, p, g in zip(("W1", "b1", "W2", "b2"), params, gradients):
    places = [tuple(rng.integers(p.shape)) for _ in range(10)]
    pairs.append([(g.data[i], numeric(params, p, i, *batch)) for i in places])
    worst = max(abs(a - b) for a, b in pairs[-1])
    print(f"{name} {p.shape}: backpropagation and numeric gradient differ by at most {worst:.1e}")
    assert worst < 1e-8

losses, train_accuracies, test_accuracies = [], [], []
for _ in range(20):
    order = rng.permutation(len(x_train))
    for start in range(0, len(order), 100):
        rows = order[start : start + 100]
        loss = loss_of(params, x_train[rows], t_train[rows])
        for p, g in zip(params, ag.grad(loss, params)):
            p.data = p.data - 0.5 * g.data
        losses.append(loss.item())
    train_accuracies.append(accuracy(params, x_train, t_train))
    test_accuracies.append(accuracy(params, x_test, t_test))
print(f"loss {losses[0]:.3f} to {losses[-1]:.3f}")
print(f"accuracy {train_accuracies[-1]:.3f} on the training digits, {test_accuracies[-1]:.3f} on test digits")
assert losses[0] > 2.2 and np.mean(losses[-10:]) < 0.3
assert test_accuracies[-1] > 0.9

figure = Figure(figsize=(11, 3.2), layout="constrained")
left, middle, right = figure.subplots(1, 3)
for name, points in zip(("W1", "b1", "W2", "b2"), pairs):
    left.plot(*zip(*points), "o", label=name)
low, high = left.get_xlim()
left.plot([low, high], [low, high], "k", linewidth=0.6)
left.set(xlabel="by backpropagation", ylabel="numeric gradient")
left.legend()
middle.plot(losses, linewidth=0.8)
middle.set(xlabel="update", ylabel="loss")
right.plot(range(1, 21), train_accuracies, label="training")
right.plot(range(1, 21), test_accuracies, "--", label="test")
right.set(xlabel="epoch", ylabel="accuracy", xticks=range(0, 21, 5))
right.legend()
save(figure, "06c_two_layer_net.png")
