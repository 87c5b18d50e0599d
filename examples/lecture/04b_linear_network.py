"""4b. Networks: without anything that is not a line, many layers are one.

Let every layer multiply by c: h(x) = c x. Then three layers are y = h(h(h(x))) = c · c · c · x, and one layer with
a = c³ is the same. It is no different with matrices: (x W1) W2 = x (W1 W2). What lies between the layers must not be a
line, or depth buys nothing: with tanh there the network bends, and no single layer is equal to it.

    python examples/lecture/04b_linear_network.py

    runs/lecture/04b_linear.png  Left: three layers h(x) = c x, and dots of the line c³ x, which lie on the
        third. Right: the same with tanh after each layer, which is no line any more.
"""

import numpy as np
from matplotlib.figure import Figure
from pictures import save

import autograd as ag
import autograd.functions as F

C = 1.5


def h(x):
    return C * x


x = ag.Variable(np.linspace(-2, 2, 65))
y = h(h(h(x)))
one_layer = C**3 * x
slope = ag.grad(y, x).data
print(f"h(h(h(x))) at 2 is {y.data[-1]}, c³ x is {one_layer.data[-1]}; the slope is {slope[0]} everywhere")
assert C**3 == 3.375
assert np.array_equal(y.data, one_layer.data) and y.data[-1] == 6.75
assert (slope == 3.375).all()

rng = np.random.default_rng(0)
W1, W2, W3, X = [rng.standard_normal(shape) for shape in ((4, 5), (5, 6), (6, 3), (7, 4))]
W = W1 @ W2 @ W3
difference = np.abs(F.matmul(F.matmul(F.matmul(X, W1), W2), W3) - X @ W).max()
print(f"three matrices one after the other, and their product {W.shape}: difference {difference:.1e}")
assert W.shape == (4, 3) and difference < 1e-13

bent = F.tanh(h(F.tanh(h(F.tanh(h(x))))))
slopes = ag.grad(bent, x).data
print(f"with tanh the slope goes from {slopes.min():.3f} to {slopes.max():.3f}: no line")
assert abs(slopes.max() - 3.375) < 1e-12 and slopes.min() < 0.1  # at 0 tanh is still like a line

figure = Figure(figsize=(9, 3.6), layout="constrained")
left, right = figure.subplots(1, 2)
inner = [h(x), h(h(x)), y]
bends = [F.tanh(h(x)), F.tanh(h(F.tanh(h(x)))), bent]
for axes, layers, words in ((left, inner, ("h", "h∘h", "h∘h∘h")), (right, bends, ("1 layer", "2 layers", "3 layers"))):
    for values, label in zip(layers, words):
        axes.plot(x.data, values.data, label=label)
    axes.set(xlabel="x", ylabel="y")
    axes.grid(alpha=0.3)
left.plot(x.data[::8], one_layer.data[::8], "ko", markersize=4, label="c³ x")
left.set(title=f"h(x) = {C} x")
right.set(title="tanh(1.5 x), one after the other")
left.legend()
right.legend()
save(figure, "04b_linear.png")
