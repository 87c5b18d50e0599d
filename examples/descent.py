"""Gradient descent, Newton's method and L-BFGS on two test surfaces, with gradients and Hessians by `grad`.

The Hessian is the gradient of each component of a recorded gradient. L-BFGS keeps the last ten steps and gradient
changes and multiplies by the inverse Hessian that they suggest (Nocedal, 1980). Along the gradient alone a step is at
most 1 long; all steps are halved until they descend.

    python examples/descent.py        (leaves runs/descent.png)
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import autograd as ag


def rosenbrock(x):
    return 100 * (x[1] - x[0] ** 2) ** 2 + (x[0] - 1) ** 2


def himmelblau(x):
    return (x[0] ** 2 + x[1] - 11) ** 2 + (x[0] + x[1] ** 2 - 7) ** 2


def value_and_gradient(f, point):
    x = ag.Variable(point)
    y = f(x)
    return y.item(), ag.grad(y, x).data


def hessian(f, point):
    x = ag.Variable(point)
    gradient = ag.grad(f(x), x, create_graph=True)
    return np.stack([ag.grad(gradient[i], x).data for i in range(len(point))])


def line_search(f, point, direction):
    """The step along `direction`, halved until the value falls by a part of what the slope promises (Armijo)."""
    value, gradient = value_and_gradient(f, point)
    slope, step = gradient @ direction, 1.0
    while step > 1e-10 and value_and_gradient(f, point + step * direction)[0] > value + 1e-4 * step * slope:
        step /= 2
    return point + step * direction


def descend(f, point, direction_of, steps):
    """The path of points from `point`, until the gradient vanishes."""
    path = [point]
    for _ in range(steps):
        gradient = value_and_gradient(f, path[-1])[1]
        if np.abs(gradient).max() < 1e-8:
            break
        path.append(line_search(f, path[-1], direction_of(path, gradient)))
    return np.array(path)


def steepest(f):
    return lambda path, gradient: -gradient / max(1.0, np.linalg.norm(gradient))


def newton(f):
    def direction(path, gradient):
        values, vectors = np.linalg.eigh(hessian(f, path[-1]))
        return -vectors @ (vectors.T @ gradient / np.maximum(np.abs(values), 1e-6))  # downhill in every direction

    return direction


def lbfgs(f, memory=10):
    gradients = []

    def direction(path, gradient):
        gradients.append(gradient)
        s, g = np.diff(path, axis=0)[-memory:], np.diff(gradients, axis=0)[-memory:]
        pairs = [(a, b) for a, b in zip(s, g) if a @ b > 1e-12]
        d, weights = gradient.copy(), []
        for a, b in reversed(pairs):
            weights.append(a @ d / (a @ b))
            d -= weights[-1] * b
        if not pairs:
            return steepest(f)(path, gradient)
        d *= pairs[-1][0] @ pairs[-1][1] / (pairs[-1][1] @ pairs[-1][1])
        for (a, b), weight in zip(pairs, reversed(weights)):
            d += (weight - b @ d / (a @ b)) * a
        return -d

    return direction


def main():
    methods = {"gradient descent": steepest, "L-BFGS": lbfgs, "Newton": newton}
    figure = Figure(figsize=(11, 4.5), layout="constrained")
    surfaces = [(rosenbrock, (-1.2, 1.0), (-1.7, 1.7, -1, 2.2)), (himmelblau, (0.1, -0.2), (-5, 5, -5, 5))]
    for axes, (f, start, window) in zip(figure.subplots(1, 2), surfaces):
        u, v = np.meshgrid(np.linspace(*window[:2], 300), np.linspace(*window[2:], 300))
        steps = {}
        axes.contour(u, v, np.log1p(f(np.stack([u, v]))), levels=25, cmap="Greys", linewidths=0.6)
        for (name, method), style in zip(methods.items(), ("C0.-", "C1s-", "C3o-")):
            path = descend(f, np.array(start), method(f), 2000)
            value, steps[name] = value_and_gradient(f, path[-1])[0], len(path) - 1
            print(f"{f.__name__:11} {name:17} {steps[name]:5} steps to {np.round(path[-1], 6)}, value {value:.2e}")
            axes.plot(*path.T, style, markersize=3, linewidth=1, label=f"{name}: {steps[name]} steps")
            assert value < (1e-2 if name == "gradient descent" else 1e-15)
        assert steps["Newton"] < steps["L-BFGS"] < steps["gradient descent"]
        axes.set(title=f.__name__, xlim=window[:2], ylim=window[2:])
        axes.legend(fontsize=8)
    Path("runs").mkdir(exist_ok=True)
    figure.savefig("runs/descent.png", dpi=120)
    print("drawn: runs/descent.png")


if __name__ == "__main__":
    main()
