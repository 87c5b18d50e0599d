"""Regression that knows where it does not know: the network predicts a mean and a spread for every x.

The loss is the negative logarithm of the normal density, log s + (t - m)^2 / (2 s^2) up to a constant (Nix and Weigend,
1994). Five networks from different first weights agree where there are data, and disagree where there are none: how far
their means differ is the doubt.

    python examples/uncertainty.py        (leaves runs/uncertainty.png)
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O

STEPS = 1000


def noise(x):
    return 0.02 + 0.03 * x


def noisy_data(rng):
    """y = sin x with noise that grows with x, and a gap without data between 2.5 and 5."""
    x = np.concatenate([rng.uniform(0, 2.5, 150), rng.uniform(5, 7, 150)])
    y = np.sin(x) + rng.normal(0, noise(x))
    return x[:, None].astype(np.float32), y[:, None].astype(np.float32)


def mean_and_log_spread(model, x):
    return F.split(model(2 * (x - 3.5)), 2, axis=1)  # inputs around 0, so that tanh can bend


def train(x, y, seed):
    ag.seed(seed)
    model = L.Sequential(L.Linear(50), F.tanh, L.Linear(50), F.tanh, L.Linear(2))
    optimizer = O.Adam(model, lr=O.cosine(5e-3, STEPS))
    for _ in range(STEPS):
        mean, log_spread = mean_and_log_spread(model, x)
        loss = (log_spread + ((y - mean) / F.exp(log_spread)) ** 2 / 2).mean()
        model.cleargrads()
        loss.backward()
        optimizer.update()
    print(f"network {seed}: loss {loss.item():.3f}")
    return model


def main():
    x, y = noisy_data(np.random.default_rng(0))
    models = [train(x, y, seed) for seed in range(5)]
    grid = np.linspace(-0.5, 7.5, 321, dtype=np.float32)
    with ag.no_grad():
        means, logs = zip(*[mean_and_log_spread(model, grid[:, None]) for model in models])
    means = np.stack([m.data[:, 0] for m in means])
    spread = np.sqrt(np.mean([np.exp(2 * s.data[:, 0]) for s in logs], 0))
    doubt = means.std(0)
    draw(x, y, grid, means, spread, doubt)

    gap, data = (grid > 3) & (grid < 4.5), ((grid > 0) & (grid < 2.5)) | ((grid > 5) & (grid < 7))
    error = np.abs(spread / noise(grid) - 1)[data].mean()
    print(f"the means differ by {doubt[gap].mean():.3f} in the gap, by {doubt[data].mean():.3f} where there is data")
    print(f"where there is data, the spread is wrong by {error:.0%} of the noise")
    assert doubt[gap].mean() > 5 * doubt[data].mean()
    assert error < 0.25


def draw(x, y, grid, means, spread, doubt):
    figure = Figure(figsize=(8, 6), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3, 2])
    mean = means.mean(0)
    for width, label in ((spread + doubt, "2 x (spread + doubt)"), (spread, "2 x spread")):
        upper.fill_between(grid, mean - 2 * width, mean + 2 * width, alpha=0.25, label=label)
    upper.plot(grid, means.T, "k", linewidth=0.5)
    upper.scatter(x, y, s=6, c="k", label="data")
    upper.set(ylabel="y", ylim=(-2, 2), title="five networks and their data")
    upper.legend(loc="lower left")
    lower.plot(grid, spread, label="spread: what they predict")
    lower.plot(grid, noise(grid.clip(0)), "k:", label="the noise that was put in")
    lower.plot(grid, doubt, label="doubt: how far their means differ")
    lower.set(xlabel="x", ylim=(0, 0.5), title="noise grows with x; doubt grows where there is no data")
    lower.legend(loc="upper left")
    Path("runs").mkdir(exist_ok=True)
    figure.savefig("runs/uncertainty.png", dpi=120)
    print("drawn: runs/uncertainty.png")


if __name__ == "__main__":
    main()
