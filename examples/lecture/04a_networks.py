"""4a. Networks: products with the right shapes, activations between them, softmax at the end.

A layer is a product of matrices, so the shapes must fit: (3, 2) · (2,) is three numbers, and what does not fit is an
error that says both shapes. Between the layers stands a function that is not a line, or many layers would be one. At
the end softmax makes probabilities of any numbers; as only differences count, 1000 is no larger a number than 1.

    python examples/lecture/04a_networks.py

    runs/lecture/04a_activations.png  Activations, and dashed their derivatives, by `grad`. The step has none to follow.
    runs/lecture/04a_three_layers.png  Three layers with their numbers: two inputs, hidden layers of three and two
        units, two outputs. The wider a line, the larger its weight.
"""

import numpy as np
from matplotlib.figure import Figure
from pictures import save

import autograd as ag
import autograd.functions as F


def shapes():
    A, B = ag.Variable([[1, 2], [3, 4], [5, 6]]), ag.Variable([7, 8])
    print("(3, 2) (2,) =", (A @ B).data, " (3,) (3, 2) =", (ag.Variable([7, 8, 9]) @ A).data)
    assert (A @ B).data.tolist() == [23, 53, 83]
    assert (A @ B.reshape(2, 1)).shape == (3, 1)
    assert (ag.Variable([7, 8, 9]) @ A).data.tolist() == [76, 100]
    assert (ag.Variable([1, 2]) @ ag.Variable([[1, 3, 5], [2, 4, 6]])).data.tolist() == [5, 11, 17]
    for a, b in (((2, 3), (2, 2)), ((3, 2), (3,))):
        try:
            ag.Variable(np.ones(a)) @ ag.Variable(np.ones(b))
        except ValueError as error:
            print("error:", error)
        else:
            raise AssertionError(f"{a} and {b} do not fit")


def three_layers():
    """Returns the numbers of all units, layer by layer, and the weights between."""
    x = np.array([1.0, 0.5])
    Ws = [np.array([[0.1, 0.3, 0.5], [0.2, 0.4, 0.6]]), np.array([[0.1, 0.4], [0.2, 0.5], [0.3, 0.6]]),
          np.array([[0.1, 0.3], [0.2, 0.4]])]  # fmt: skip
    bs = [np.array([0.1, 0.2, 0.3]), np.array([0.1, 0.2]), np.array([0.1, 0.2])]
    a1 = F.linear(x, Ws[0], bs[0])
    z1 = F.sigmoid(a1)
    z2 = F.sigmoid(F.linear(z1, Ws[1], bs[1]))
    y = F.linear(z2, Ws[2], bs[2])
    print("three layers:", a1.round(4), "sigmoid", z1.round(8), "output", y.round(8))
    assert np.allclose(a1, [0.3, 0.7, 1.1], rtol=0, atol=1e-15)
    assert np.allclose(z1, [0.57444252, 0.66818777, 0.75026011], rtol=0, atol=5e-9)
    return [x, z1, z2, y], Ws


def softmax():
    for x, expected in (
        ([2.2, 1.1, -1.1], [0.73005796, 0.24301519, 0.02692685]),
        ([0.9, 0.8, 0.7], [0.3671654, 0.33222499, 0.30060961]),
    ):
        x = np.array(x)
        print("softmax of", x, "=", F.softmax(x).round(8))
        assert np.allclose(F.softmax(x), expected, rtol=0, atol=5e-9)
        assert np.allclose(F.softmax(x + 7), F.softmax(x), rtol=0, atol=1e-15)
    print("softmax of 1000, 1000, -1000 =", F.softmax(np.array([1000.0, 1000.0, -1000.0])))
    assert F.softmax(np.array([1000.0, 1000.0, -1000.0])).tolist() == [0.5, 0.5, 0]


def draw_activations():
    figure = Figure(figsize=(11, 2.8), layout="constrained")
    functions = {"step": lambda x: F.where(x > 0, 1.0, 0.0), "sigmoid": F.sigmoid, "tanh": F.tanh, "ReLU": F.relu}
    x = ag.Variable(np.linspace(-4, 4, 400))
    for axes, (name, f) in zip(figure.subplots(1, 4), functions.items()):
        y = f(x)
        axes.plot(x.data, ag.as_array(y), label=name)
        if name != "step":
            axes.plot(x.data, ag.grad(y, x).data, "C3--", linewidth=1, label="derivative")
        axes.set(title=name, xlabel="x", ylim=(-1.3, 1.7))
        axes.grid(alpha=0.3)
    axes.legend(loc="lower right", fontsize=8)
    save(figure, "04a_activations.png")


def draw_three_layers(layers, Ws):
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.subplots()
    places = [[(2.5 * i, 1.3 * (k - (len(z) - 1) / 2)) for k in range(len(z))] for i, z in enumerate(layers)]
    for W, before, after in zip(Ws, places, places[1:]):
        for (i, j), w in np.ndenumerate(W):
            (x0, y0), (x1, y1) = before[i], after[j]
            axes.plot([x0, x1], [-y0, -y1], color="tab:red", linewidth=6 * w, alpha=0.4)
            axes.text(x0 + 0.2 * (x1 - x0), -y0 - 0.2 * (y1 - y0), f"{w:.1f}", fontsize=8, ha="center", va="center")
    for z, spots in zip(layers, places):
        for value, (x, y) in zip(z, spots):
            axes.plot(x, -y, "o", markersize=40, color="#f6cfb0", markeredgecolor="k", zorder=2)
            axes.text(x, -y, f"{value:.3f}", ha="center", va="center", fontsize=9, zorder=3)
    for i, name in enumerate(["x", "sigmoid(x W1 + b1)", "sigmoid(z1 W2 + b2)", "z2 W3 + b3"]):
        axes.text(2.5 * i, 2.1, name, ha="center")
    axes.set(xlim=(-0.8, 8.3), ylim=(-2, 2.4))
    axes.axis("off")
    save(figure, "04a_three_layers.png")


shapes()
layers, Ws = three_layers()
softmax()
draw_activations()
draw_three_layers(layers, Ws)
