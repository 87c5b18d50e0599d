"""Regression that knows where it does not know: the network predicts a mean and a spread for every x.

The loss is the negative logarithm of the normal density, log s + (t - m)^2 / (2 s^2) up to a constant (Nix and Weigend,
1994). Five networks from different first weights disagree where there is no data; the spread of their means is added.

    python examples/uncertainty.py        (leaves runs/uncertainty.png)
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O

STEPS = 1500


def noisy_data(rng):
    """y = sin x with noise that grows with x, and a gap without data between 3 and 4.5."""
    x = np.concatenate([rng.uniform(0, 3, 150), rng.uniform(4.5, 7, 100)])
    y = np.sin(x) + rng.normal(0, 0.02 + 0.06 * x)
    return x[:, None].astype(np.float32), y[:, None].astype(np.float32)


def mean_and_log_spread(model, x):
    return F.split(model(x), 2, axis=1)


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
    rng = np.random.default_rng(0)
    x, y = noisy_data(rng)
    models = [train(x, y, seed) for seed in range(5)]
    grid = np.linspace(-1, 8, 300, dtype=np.float32)[:, None]
    with ag.no_grad():
        means, logs = zip(*[mean_and_log_spread(model, grid) for model in models])
    means = np.stack([m.data[:, 0] for m in means])
    noise = np.sqrt(np.mean([np.exp(2 * s.data[:, 0]) for s in logs], 0))
    doubt = means.std(0)
    gap = (grid[:, 0] > 3.5) & (grid[:, 0] < 4)
    dense = (grid[:, 0] > 1) & (grid[:, 0] < 2)
    print(f"the means differ by {doubt[gap].mean():.3f} in the gap, by {doubt[dense].mean():.3f} where data is dense")

    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.subplots()
    mean = means.mean(0)
    for width, label in ((noise + doubt, "2 x (noise + doubt)"), (noise, "2 x noise")):
        axes.fill_between(grid[:, 0], mean - 2 * width, mean + 2 * width, alpha=0.25, label=label)
    axes.plot(grid, mean, label="mean of five networks")
    axes.scatter(x, y, s=6, c="k", label="data")
    axes.set(xlabel="x", ylabel="y", ylim=(-3, 3), title="noise grows with x; doubt grows where there is no data")
    axes.legend(loc="lower left")
    Path("runs").mkdir(exist_ok=True)
    figure.savefig("runs/uncertainty.png", dpi=120)
    print("drawn: runs/uncertainty.png")


if __name__ == "__main__":
    main()
