"""7d. Training: over-fitting, and two remedies.

200 digits, every fifth with a wrong label, and a network with three hidden layers. Left alone it learns all of them by
heart, the wrong labels too, and is the worse for it on the test digits. Weight decay adds λ/2 ΣW² to the loss, and so
λW to the gradient: large weights must be worth it. Dropout switches units off at random while training, so that none
relies on another. The deck scales the outputs when testing; here they are scaled while training, and testing changes
nothing.

    python examples/lecture/07d_overfitting.py

    runs/lecture/07d_overfitting.png  Accuracy while training: alone, with weight decay, and with dropout. The wider the
        gap between the lines, the more was learned by heart. Dotted: 0.8, the share of labels that are right.
"""

import numpy as np
from matplotlib.figure import Figure
from pictures import save

import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd import data

EPOCHS = 150


def decay_and_dropout():
    W = ag.Variable([[1.0, -2.0], [3.0, 0.5]])
    assert np.allclose(ag.grad(0.5 * 0.1 * (W**2).sum(), W).data, 0.1 * W.data, rtol=0, atol=1e-15)
    W.grad = ag.Variable(np.ones((2, 2)))
    before = W.data.copy()
    O.SGD([W], lr=1.0, transforms=[O.weight_decay(0.1)]).update()
    assert np.allclose(W.data, before - (1 + 0.1 * before))  # the transform adds the same λW
    x = np.ones(10_000)
    y = F.dropout(x, 0.5, rng=0)
    with ag.test_mode():
        assert set(y.tolist()) == {0.0, 2.0} and abs(y.mean() - 1) < 0.05 and F.dropout(x, 0.5) is x


def network(dropout):
    parts = []
    for _ in range(3):
        parts += [L.Linear(100, initializer=L.he), F.relu, *[L.Dropout(dropout)] * (dropout > 0)]
    return L.Sequential(*parts, L.Linear(10))


def train(model, optimizer, x, t, x_test, t_test):
    """Accuracy on the training digits and on the test digits after each epoch."""
    rng = np.random.default_rng(0)
    accuracies = []
    for _ in range(EPOCHS):
        for rows in rng.permutation(len(x)).reshape(-1, 50):
            loss = F.softmax_cross_entropy(model(x[rows]), t[rows])
            model.cleargrads()
            loss.backward()
            optimizer.update()
        with ag.test_mode(), ag.no_grad():
            accuracies.append((F.accuracy(model(x), t), F.accuracy(model(x_test), t_test)))
    return np.array(accuracies)


decay_and_dropout()
x, t = data.digits()
x, t = x[:200], t[:200].copy()
t[::5] = (t[::5] + np.random.default_rng(0).integers(1, 10, 40)) % 10
x_test, t_test = data.digits("test")

figure = Figure(figsize=(11, 3.4), layout="constrained")
gaps, tests = [], []
remedies = [("alone", 0, []), ("weight decay", 0, [O.weight_decay(0.03)]), ("dropout", 0.5, [])]
for (name, dropout, transforms), axes in zip(remedies, figure.subplots(1, 3, sharey=True)):
    ag.seed(0)
    model = network(dropout)
    accuracies = train(model, O.SGD(model, lr=0.1, transforms=transforms), x, t, x_test, t_test)
    training, test = accuracies[-10:].mean(axis=0)
    print(f"{name:12}: accuracy {training:.3f} on the training digits, {test:.3f} on test digits")
    gaps.append(training - test)
    tests.append(test)
    for line, style, label in zip(accuracies.T, ("C3--", "C0"), ("training (a fifth wrong)", "test")):
        axes.plot(range(1, EPOCHS + 1), line, style, label=label)
    axes.axhline(0.8, color="k", linewidth=0.6, linestyle=":")
    axes.set(title=name, xlabel="epoch", ylim=(0, 1.02))
axes.legend(loc="lower right")
axes.figure.supylabel("accuracy")
assert gaps[0] > 0.2 and max(gaps[1:]) < 0.7 * gaps[0]
assert min(tests[1:]) > tests[0]
save(figure, "07d_overfitting.png")
