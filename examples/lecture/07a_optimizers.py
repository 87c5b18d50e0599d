"""7a. Training: five optimizers, their formulas by hand, and their paths over one surface.

On f = x²/20 + y² the gradient hardly ever points to the lowest place: it is steep in y and nearly flat in x. SGD goes
down in a zigzag. Momentum rolls like a ball. AdaGrad gives each number a step of its own, smaller where gradients have
been large; RMSprop does, but forgets the oldest; Adam does both, step sizes and momentum.

    python examples/lecture/07a_optimizers.py

    runs/lecture/07a_optimizers.png  Their paths from (-7, 2) in 30 steps, and how high they are after each.
"""

import numpy as np
from matplotlib.figure import Figure
from pictures import save

import autograd as ag
import autograd.optimizers as O


def steps_by_hand():
    """From w = 1 with the gradients 0.5, then 0.25, and the rate 0.1: what each formula gives with a pencil."""
    r1, r2 = 0.1 * 0.25, 0.09 * 0.25 + 0.1 * 0.0625  # RMSprop's means of squares, with rho = 0.9
    m2, v2 = 0.9 * 0.05 + 0.1 * 0.25, 0.999 * 0.00025 + 0.001 * 0.0625  # Adam's means
    adam = 0.9 - 0.1 * m2 / (1 - 0.9**2) / (v2 / (1 - 0.999**2)) ** 0.5
    by_hand = [
        (lambda w: O.SGD(w, lr=0.1), [0.95, 0.925]),
        (lambda w: O.Momentum(w, lr=0.1, momentum=0.9), [0.95, 0.88]),
        (lambda w: O.AdaGrad(w, lr=0.1, eps=1e-7), [0.90000002, 0.8552786684]),
        (lambda w: O.RMSprop(w, lr=0.1, rho=0.9, eps=0), [1 - 0.05 / r1**0.5, 1 - 0.05 / r1**0.5 - 0.025 / r2**0.5]),
        (lambda w: O.Adam(w, lr=0.1, eps=0), [0.9, adam]),
    ]
    for make, expected in by_hand:
        w = ag.Variable(1.0)
        optimizer = make([w])
        found = []
        for gradient in (0.5, 0.25):
            w.grad = ag.Variable(gradient)
            optimizer.update()
            found.append(w.item())
        print(f"{type(optimizer).__name__:8} 1 -> {found[0]:.8f} -> {found[1]:.10f}")
        assert np.allclose(found, expected, rtol=0, atol=1e-10)


def f(x, y):
    return x**2 / 20 + y**2


def path(make, steps=30):
    x, y = ag.Variable(-7.0), ag.Variable(2.0)
    optimizer = make([x, y])
    points = [(x.item(), y.item())]
    for _ in range(steps):
        x.cleargrad()
        y.cleargrad()
        f(x, y).backward()
        optimizer.update()
        points.append((x.item(), y.item()))
    return np.array(points)


steps_by_hand()
paths = {
    "SGD": path(lambda w: O.SGD(w, lr=0.95)),
    "Momentum": path(lambda w: O.Momentum(w, lr=0.1)),
    "AdaGrad": path(lambda w: O.AdaGrad(w, lr=1.5)),
    "RMSprop": path(lambda w: O.RMSprop(w, lr=0.5, rho=0.9)),
    "Adam": path(lambda w: O.Adam(w, lr=0.3)),
}
figure = Figure(figsize=(12, 6.4), layout="constrained")
*panels, last = figure.subplots(2, 3).flat
x, y = np.meshgrid(np.linspace(-10, 10, 200), np.linspace(-3, 3, 200))
for i, (axes, (name, points)) in enumerate(zip(panels, paths.items())):
    axes.contour(x, y, f(x, y), levels=12, cmap="Greys", linewidths=0.7)
    axes.plot(*points.T, f"C{i}.-", linewidth=1)
    axes.plot(0, 0, "k+", markersize=10)
    axes.set(title=name, xlabel="x", ylabel="y", xlim=(-10, 10), ylim=(-3, 3))
    heights = f(*points.T)
    last.semilogy(heights, f"C{i}", label=name)
    print(f"{name:8} after 30 steps at ({points[-1, 0]:6.3f}, {points[-1, 1]:6.3f}), f = {heights[-1]:.1e}")
    assert heights[-1] < 0.1 * heights[0]
last.set(xlabel="step", ylabel="f", title="height")
last.legend()
assert (np.diff(np.sign(paths["SGD"][:, 1])) != 0).all()  # in y, every step of SGD lands on the other side
save(figure, "07a_optimizers.png")
