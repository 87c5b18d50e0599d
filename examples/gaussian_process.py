"""A Gaussian process finds its own length scale, height and noise: those that make the data most likely.

The kernel is k(x, x') = s^2 exp(-(x - x')^2 / 2 l^2), and K that of all data plus n^2 on the diagonal. Then

    log p(y) = -y^T K^-1 y / 2 - log|K| / 2 - N log(2 pi) / 2

through its Cholesky factor (Rasmussen and Williams, 2006, algorithm 2.1). The gradient is checked against the formula
tr((a a^T - K^-1) dK) / 2 with a = K^-1 y. The Hessian at the best point says how sure the three numbers are.

    python examples/gaussian_process.py        (leaves runs/gaussian_process.png)
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import autograd as ag
import autograd.functions as F
import autograd.optimizers as O
from autograd.training import progress

NAMES = ("height", "length", "noise")
STEPS = 20


def data(rng, true=(1.0, 0.8, 0.15)):
    """Values of a process with known numbers at 60 places, with a gap between 4 and 6."""
    x = np.sort(np.concatenate([rng.uniform(0, 4, 36), rng.uniform(6, 9, 24)]))
    height, length, noise = true
    K = height**2 * np.exp(-((x[:, None] - x) ** 2) / (2 * length**2)) + noise**2 * np.eye(len(x))
    return x, np.linalg.cholesky(K) @ rng.standard_normal(len(x)), np.array(true)


def kernel(theta, x0, x1):
    return F.exp(2 * theta[0] - (x0[:, None] - x1) ** 2 / (2 * F.exp(2 * theta[1])))


def log_likelihood(theta, x, y):
    """log p(y), where theta = log (height, length, noise)."""
    R = F.cholesky(kernel(theta, x, x) + F.exp(2 * theta[2]) * np.eye(len(x)))
    z = F.solve_triangular(R, y, lower=True)
    return -(z @ z) / 2 - F.log(F.diagonal(R)).sum() - len(x) * np.log(2 * np.pi) / 2


def by_formula(theta, x, y):
    """log p(y) and its gradient, written by hand."""
    height, length, noise = np.exp(theta)
    square, eye = (x[:, None] - x) ** 2, np.eye(len(x))
    smooth = height**2 * np.exp(-square / (2 * length**2))
    K = smooth + noise**2 * eye
    inverse, a = np.linalg.inv(K), np.linalg.solve(K, y)
    slopes = [2 * smooth, smooth * square / length**2, 2 * noise**2 * eye]
    value = -(y @ a + np.linalg.slogdet(K)[1] + len(x) * np.log(2 * np.pi)) / 2
    return value, np.array([((np.outer(a, a) - inverse) * slope).sum() / 2 for slope in slopes])


def predict(theta, x, y, x_new):
    """The mean and the spread of the process, given the data."""
    K = kernel(theta, x, x) + np.exp(2 * theta[2]) * np.eye(len(x))
    across = kernel(theta, x, x_new)
    solved = np.linalg.solve(K, across)
    return solved.T @ y, np.sqrt(np.exp(2 * theta[0]) - (across * solved).sum(0))


def main():
    x, y, true = data(np.random.default_rng(1))
    theta = ag.Variable(np.log([0.3, 3.0, 0.7]))
    value, gradient = ag.value_and_grad(lambda theta: log_likelihood(theta, x, y), theta)
    expected, slopes = by_formula(theta.data, x, y)
    error = abs(gradient.data / slopes - 1).max()
    print(f"log p(y) = {value.item():.6f}, by the formula {expected:.6f}; its gradient differs by {error:.1e}")
    assert np.isclose(value.item(), expected, rtol=1e-10)
    assert error < 1e-8

    optimizer, path = O.LBFGS([theta], iterations=1), [theta.data.copy()]
    for _ in progress(range(STEPS), "the most likely numbers"):
        optimizer.update(lambda: -log_likelihood(theta, x, y))
        path.append(theta.data.copy())
    hessian = ag.hessian(lambda theta: -log_likelihood(theta, x, y), theta).data
    doubt = np.sqrt(np.diag(np.linalg.inv(hessian)))  # of the logarithms, where log p is a parabola
    for name, found, spread, there in zip(NAMES, theta.data, doubt, true):
        print(f"{name}: {np.exp(found):.3f}, within a factor {np.exp(spread):.2f}; the data were made with {there}")
    draw(x, y, np.array(path), true)
    assert abs(by_formula(theta.data, x, y)[1]).max() < 1e-3
    assert (abs(theta.data - np.log(true)) < 2.5 * doubt).all()


def draw(x, y, path, true):
    figure = Figure(figsize=(11, 4.5), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[3, 2])
    grid = np.linspace(-0.5, 9.5, 301)
    for theta, colour, label in ((path[0], "C1", "at the start"), (path[-1], "C0", "most likely numbers")):
        mean, spread = predict(theta, x, y, grid)
        left.plot(grid, mean, colour, label=f"{label}: the mean")
        left.fill_between(grid, mean - 2 * spread, mean + 2 * spread, color=colour, alpha=0.2, label="2 x spread")
    left.scatter(x, y, s=10, c="k", label="data", zorder=3)
    left.set(xlabel="x", ylabel="y", title="a Gaussian process, given the data")
    left.legend(fontsize=8, ncols=2)
    lengths, noises = np.linspace(np.log(0.2), np.log(5), 60), np.linspace(np.log(0.05), np.log(1), 60)
    values = [[by_formula(np.array([path[-1][0], a, b]), x, y)[0] for a in lengths] for b in noises]
    top = np.max(values)
    levels = top - np.array([100, 50, 30, 20, 12, 7, 4, 2, 0.5])
    right.contour(np.exp(lengths), np.exp(noises), values, levels=levels, cmap="Greys", linewidths=0.8)
    right.plot(*np.exp(path[:, 1:]).T, "C0.-", label="L-BFGS")
    right.plot(true[1], true[2], "k*", markersize=12, label="the data were made with")
    right.set(xscale="log", yscale="log", xlabel="length l", ylabel="noise n", title="log p(y), at the best height")
    for axis, ticks in ((right.xaxis, (0.2, 0.5, 1, 2, 5)), (right.yaxis, (0.05, 0.1, 0.2, 0.5, 1))):
        axis.set_ticks([], minor=True)
        axis.set_ticks(ticks, map(str, ticks))
    right.legend(fontsize=8)
    Path("runs").mkdir(exist_ok=True)
    figure.savefig("runs/gaussian_process.png", dpi=120)
    print("drawn: runs/gaussian_process.png")


if __name__ == "__main__":
    main()
