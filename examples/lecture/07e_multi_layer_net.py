"""7e. Training: a network of any number of layers, with weight decay in its loss.

MultiLayerNet takes the sizes of its hidden layers, an activation and the decay λ. Its loss is the cross entropy plus
½λΣW² over all weights, so every weight's gradient has λW more: written out by hand, and equal to that of the graph and
to central differences. Initial weights go with the activation. "relu" or "he" is He's sqrt(2/n); "sigmoid" or "xavier"
in the deck is 1/sqrt(n), which is `lecun` here, as LeCun proposed it. Glorot's sqrt(2/(n + m)) is what `xavier` means.

    python examples/lecture/07e_multi_layer_net.py

    runs/lecture/07e_decay.png  200 digits, a fifth with wrong labels, and four hidden layers, with λ = 0 and 0.03:
        the accuracy, and the sum of the squares of all weights, which decay holds small.
"""

from itertools import pairwise

import numpy as np
from matplotlib.figure import Figure
from pictures import save

import autograd as ag
import autograd.functions as F
import autograd.layers as L
from autograd import data
from autograd.testing import numerical_gradient

STARTS = {"relu": L.he, "he": L.he, "sigmoid": L.lecun, "xavier": L.lecun}  # the deck's words, our functions


class MultiLayerNet:
    def __init__(self, inputs, hidden, outputs, activation="relu", weight_init="relu", decay=0.0, rng=0):
        rng = np.random.default_rng(rng)
        sizes = [inputs, *hidden, outputs]
        self.f = {"relu": F.relu, "sigmoid": F.sigmoid}[activation]
        self.Ws = [ag.Variable(STARTS[weight_init](shape, rng, np.float64)) for shape in pairwise(sizes)]
        self.bs = [ag.Variable(np.zeros(n)) for n in sizes[1:]]
        self.decay = decay

    def predict(self, x):
        for W, b in zip(self.Ws[:-1], self.bs[:-1]):
            x = self.f(x @ W + b)
        return x @ self.Ws[-1] + self.bs[-1]

    def loss(self, x, t):
        """cross entropy + ½λΣW²"""
        return F.softmax_cross_entropy(self.predict(x), t) + 0.5 * self.decay * sum((W**2).sum() for W in self.Ws)

    def gradient(self, x, t):
        """By the graph: of all weights, then of all biases."""
        return [g.data for g in ag.grad(self.loss(x, t), [*self.Ws, *self.bs])]

    def gradient_by_hand(self, x, t):
        """Backward layer by layer, with arrays alone: d = dL/du, gW = xᵀd + λW, gb = Σd, and dWᵀ goes on."""
        Ws, bs = [W.data for W in self.Ws], [b.data for b in self.bs]
        xs = [x]
        for W, b in zip(Ws[:-1], bs):
            xs.append(self.f(xs[-1] @ W + b))
        d = (F.softmax(xs[-1] @ Ws[-1] + bs[-1]) - np.eye(bs[-1].size)[t]) / len(t)
        gWs, gbs = [], []
        for k in reversed(range(len(Ws))):
            gWs.insert(0, xs[k].T @ d + self.decay * Ws[k])
            gbs.insert(0, d.sum(axis=0))
            d = (d @ Ws[k].T) * (xs[k] > 0 if self.f is F.relu else xs[k] * (1 - xs[k]))
        return gWs + gbs

    def accuracy(self, x, t):
        with ag.no_grad():
            return F.accuracy(self.predict(x), t)


rng = np.random.default_rng(0)
x, t = rng.standard_normal((5, 6)), np.array([0, 2, 1, 1, 0])
for activation in ("relu", "sigmoid"):
    net = MultiLayerNet(6, [5, 4, 4], 3, activation, activation, decay=0.1)
    for b in net.bs:
        b.data = rng.standard_normal(b.shape)  # at 0 a ReLU of nothing stands on its kink
    by_graph, by_hand = net.gradient(x, t), net.gradient_by_hand(x, t)
    numeric = [numerical_gradient(lambda _, net=net: net.loss(x, t), p) for p in [*net.Ws, *net.bs]]
    errors = [max(np.abs(a - b).max() for a, b in zip(by_graph, others)) for others in (by_hand, numeric)]
    print(
        f"{activation:7}: by the graph and by hand differ by {errors[0]:.1e}, by the graph and numeric {errors[1]:.1e}"
    )
    assert errors[0] < 1e-10 and errors[1] < 1e-8
    net.decay = 0.0
    for with_decay, without, W in zip(by_graph, net.gradient(x, t), net.Ws):
        assert np.allclose(with_decay - without, 0.1 * W.data, rtol=0, atol=1e-14)  # λW, and nothing else
for word, std in (("he", np.sqrt(2 / 400)), ("xavier", 1 / np.sqrt(400))):
    W = MultiLayerNet(400, [300], 10, weight_init=word).Ws[0].data
    print(f"the deck's {word!r} for 400 inputs: std {W.std():.4f}, that is {STARTS[word].__name__}")
    assert abs(W.std() / std - 1) < 0.01

x, t = data.digits()
x, t = x[:200].astype(float), t[:200].copy()
t[::5] = (t[::5] + rng.integers(1, 10, 40)) % 10  # every fifth label is wrong, to be learned by heart
x_test, t_test = data.digits("test")
left, right = Figure(figsize=(9, 3.4), layout="constrained").subplots(1, 2)
gaps, sizes = [], []
for decay, color in ((0.0, "C3"), (0.03, "C0")):
    net, curves = MultiLayerNet(64, [50] * 4, 10, decay=decay), []
    for _ in range(120):
        for rows in rng.permutation(200).reshape(-1, 50):
            for p, g in zip([*net.Ws, *net.bs], net.gradient(x[rows], t[rows])):
                p.data = p.data - 0.1 * g
        squares = sum((W.data**2).sum() for W in net.Ws)
        curves.append((net.accuracy(x, t), net.accuracy(x_test, t_test), squares))
    train, test, squares = np.transpose(curves)
    print(f"λ = {decay}: accuracy {train[-1]:.3f} and {test[-1]:.3f} on test digits, sum of W² {squares[-1]:.0f}")
    left.plot(train, color + "--", label=f"training, λ = {decay:g}")
    left.plot(test, color, label=f"test, λ = {decay:g}")
    right.plot(squares, color, label=f"λ = {decay:g}")
    sizes.append(squares[-1])
    gaps.append((train - test)[-10:].mean())
assert sizes[1] < 0.3 * sizes[0] and gaps[0] > 0.2 and gaps[1] < 0.5 * gaps[0]
left.set(xlabel="epoch", ylabel="accuracy", ylim=(0, 1.02))
right.set(xlabel="epoch", ylabel="sum of W²", ylim=(0, None))
left.legend(loc="lower right")
right.legend()
save(left.figure, "07e_decay.png")
