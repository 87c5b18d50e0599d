"""7b. Training: initial values decide what reaches the last layer.

1,000 samples go through five layers of 100 units that have learned nothing yet. With sigmoid and weights of standard
deviation 1 the outputs sit at 0 and 1, where the slope is 0; with 0.01 they all say one half, and 100 units know no
more than one. 1/sqrt(n) holds them apart through all layers; the deck names it Xavier, and here it is `lecun`, while
`xavier` is Glorot's sqrt(2/(n + m)), the same for n = m. ReLU drops half of the signal and needs He's sqrt(2/n). Equal
weights are worst of all: they get equal gradients, and stay equal for ever.

    python examples/lecture/07b_initial_values.py

    runs/lecture/07b_sigmoid.png  What five sigmoid layers put out, for three sizes of weights.
    runs/lecture/07b_relu.png  The same with ReLU. Zeros are left out of the bars; their share stands in the title.
"""

from math import sqrt

import numpy as np
from matplotlib.figure import Figure
from pictures import save

import autograd as ag
import autograd.functions as F
import autograd.layers as L


def activations(f, std):
    """The outputs of five layers of 100 units for 1,000 normal samples."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((1000, 100))
    outputs = []
    for _ in range(5):
        x = f(x @ (std * rng.standard_normal((100, 100))))
        outputs.append(x)
    return outputs


def equal_weights():
    rng = np.random.default_rng(0)
    x, t = rng.standard_normal((6, 3)), rng.standard_normal((6, 1))
    W1, W2 = ag.Variable(np.full((3, 4), 0.5)), ag.Variable(np.full((4, 1), 0.5))
    for _ in range(100):
        loss = ((F.tanh(x @ W1) @ W2 - t) ** 2).mean()
        for W, gradient in zip((W1, W2), ag.grad(loss, [W1, W2])):
            W.data = W.data - 0.1 * gradient.data
    print("four units that began alike, after 100 updates:", W1.data[0])
    assert (W1.data == W1.data[:, :1]).all() and (W2.data == W2.data[:1]).all()
    assert W1.data[0, 0] != 0.5


def saturated(x):
    return ((x < 0.05) | (x > 0.95)).mean()


def draw(name, f, sizes, bins, ticks):
    """Histograms, a row for each size of weights. Returns the outputs of the last layers."""
    figure = Figure(figsize=(12, 6.2), layout="constrained")
    last = []
    for (label, std), row in zip(sizes.items(), figure.subplots(3, 5, sharex=True)):
        outputs = activations(f, std)
        last.append(outputs[-1])
        for layer, (x, axes) in enumerate(zip(outputs, row), start=1):
            shown = x if name == "sigmoid" else x[x > 0]
            axes.stairs(np.histogram(shown, bins)[0], bins, fill=True)
            zeros = "" if name == "sigmoid" else f", {(x == 0).mean():.0%} zeros"
            axes.set_title(f"layer {layer}: std {x.std():.2g}{zeros}", fontsize=9)
            axes.set(xticks=ticks, yticks=[], xlim=(ticks[0], ticks[-1]))
        row[0].set_ylabel(label)
    save(figure, f"07b_{name}.png")
    return last


equal_weights()
for f, std in ((L.lecun, 1 / sqrt(100)), (L.he, sqrt(2 / 100)), (L.xavier, sqrt(2 / 150))):
    assert abs(f((100, 50), 0).std() / std - 1) < 0.02  # n = 100 inputs, m = 50 outputs

sizes = {"std 1": 1.0, "std 0.01": 0.01, "Xavier, our lecun": 1 / sqrt(100)}
wide, narrow, xavier = draw("sigmoid", F.sigmoid, sizes, np.linspace(0, 1, 41), (0, 0.5, 1))
for label, x in zip(sizes, (wide, narrow, xavier)):
    print(f"sigmoid, {label:17}: last layer std {x.std():.3f}, {saturated(x):.0%} below 0.05 or above 0.95")
assert saturated(wide) > 0.5
assert narrow.std() < 0.05 and saturated(narrow) == 0
assert saturated(xavier) < 0.01 and xavier.std() > 2 * narrow.std()

sizes = {"std 0.01": 0.01, "Xavier, our lecun": 1 / sqrt(100), "He: sqrt(2/n)": sqrt(2 / 100)}
narrow, xavier, he = draw("relu", F.relu, sizes, np.linspace(0, 3, 41), (0, 1, 2, 3))
for label, x in zip(sizes, (narrow, xavier, he)):
    print(f"ReLU, {label:17}: last layer std {x.std():.3g}")
assert narrow.std() < 1e-4 and xavier.std() < 0.5 * he.std() and 0.5 < he.std() < 1.5
