"""6d. Backpropagation: layers that know their own backward, a network of them, and the same gradient from the graph.

The deck builds backpropagation out of classes: each remembers in `forward` what its `backward(dout)` needs. A network
is an ordered dict of them, walked forward and then in reverse. All of it is written out here, with arrays alone; then
the framework differentiates the same network by its graph. Both gradients agree to 1e-10, and with central differences.

    python examples/lecture/06d_layers_by_hand.py

    runs/lecture/06d_layers.png  The gradient of every number of the network, by hand and by the graph; and the loss
        while the network by hand learns the digits.
"""

from collections import OrderedDict

import numpy as np
from matplotlib.figure import Figure
from pictures import save

import autograd as ag
import autograd.functions as F
from autograd import data
from autograd.testing import numerical_gradient


class Relu:
    def forward(self, x):
        self.mask = x <= 0
        return np.where(self.mask, 0, x)

    def backward(self, dout):
        return np.where(self.mask, 0, dout)


class Affine:
    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW, self.db = self.x.T @ dout, dout.sum(axis=0)
        return dout @ self.W.T


class SoftmaxWithLoss:
    def forward(self, x, t):
        e = np.exp(x - x.max(axis=1, keepdims=True))
        self.y, self.t = e / e.sum(axis=1, keepdims=True), t
        return -np.log(self.y[np.arange(len(t)), t]).mean()

    def backward(self, dout=1):
        return dout * (self.y - np.eye(self.y.shape[1])[self.t]) / len(self.t)


class TwoLayerNet:
    def __init__(self, inputs, hidden, outputs, std=0.01, rng=0):
        rng = np.random.default_rng(rng)
        W1, W2 = std * rng.standard_normal((inputs, hidden)), std * rng.standard_normal((hidden, outputs))
        p = self.params = {"W1": W1, "b1": np.zeros(hidden), "W2": W2, "b2": np.zeros(outputs)}
        self.layers = OrderedDict(Affine1=Affine(p["W1"], p["b1"]), Relu1=Relu(), Affine2=Affine(p["W2"], p["b2"]))
        self.last = SoftmaxWithLoss()

    def predict(self, x):
        for layer in self.layers.values():
            x = layer.forward(x)
        return x

    def loss(self, x, t):
        return self.last.forward(self.predict(x), t)

    def gradient(self, x, t):
        self.loss(x, t)
        dout = self.last.backward()
        for layer in reversed(self.layers.values()):
            dout = layer.backward(dout)
        first, second = self.layers["Affine1"], self.layers["Affine2"]
        return {"W1": first.dW, "b1": first.db, "W2": second.dW, "b2": second.db}

    def gradient_by_graph(self, x, t):
        """The same network as a formula on Variables; nobody has told it any derivative."""
        W1, b1, W2, b2 = variables = [ag.Variable(p) for p in self.params.values()]
        loss = F.softmax_cross_entropy(F.relu(x @ W1 + b1) @ W2 + b2, t)
        return dict(zip(self.params, (g.data for g in ag.grad(loss, variables))))


rng = np.random.default_rng(1)
net, x, t = TwoLayerNet(6, 5, 3, std=1.0), rng.standard_normal((4, 6)), np.array([0, 2, 1, 1])
by_hand, by_graph = net.gradient(x, t), net.gradient_by_graph(x, t)
for name, p in net.params.items():
    numeric = numerical_gradient(lambda W: net.loss(x, t), p)  # changes the array that the layer uses
    errors = [np.abs(by_hand[name] - other).max() for other in (by_graph[name], numeric)]
    print(
        f"{name} {p.shape}: by hand and by the graph differ by {errors[0]:.1e}, by hand and numeric by {errors[1]:.1e}"
    )
    assert errors[0] < 1e-10 and errors[1] < 1e-8

(x_train, t_train), (x_test, t_test) = data.digits(), data.digits("test")
net, losses = TwoLayerNet(64, 50, 10), []
for _ in range(1000):
    rows = rng.choice(len(x_train), 100)
    gradients = net.gradient(x_train[rows], t_train[rows])
    losses.append(net.loss(x_train[rows], t_train[rows]))
    for name in net.params:
        net.params[name] -= 0.5 * gradients[name]  # in place: the layers have the same arrays
accuracy = (net.predict(x_test).argmax(axis=1) == t_test).mean()
print(f"loss {losses[0]:.3f} to {losses[-1]:.3f}, accuracy on the test digits {accuracy:.3f}")
assert losses[0] > 2.25 and np.mean(losses[-20:]) < 0.1 and accuracy > 0.94
by_hand, by_graph = net.gradient(x_test, t_test), net.gradient_by_graph(x_test, t_test)
assert max(np.abs(by_hand[name] - by_graph[name]).max() for name in net.params) < 1e-10

left, right = Figure(figsize=(9, 3.6), layout="constrained").subplots(1, 2)
for name in net.params:
    left.plot(by_graph[name].reshape(-1), by_hand[name].reshape(-1), "o", markersize=3, label=name)
left.set(xlabel="by the graph", ylabel="by hand", aspect="equal")
left.legend()
right.semilogy(losses, linewidth=0.8)
right.set(xlabel="update", ylabel="loss")
save(left.figure, "06d_layers.png")
