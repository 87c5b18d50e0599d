"""Step 60: LSTM.

New: a memory that is easier to keep. An RNN writes all of its memory anew at every step, and a gradient on
its way back is multiplied by Wh each time. The LSTM has cells c that are carried on as they are, and three
gates between 0 and 1 that learn what to forget, what to add and what to show: c <- f c + i g, h <- o tanh(c).
Both networks are trained on the very same waves of step 59, and tried on waves that neither has seen.

In the package: autograd/layers/recurrent.py
"""

from pathlib import Path

import numpy as np

import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O


def waves(steps, count, rng):
    """Sine waves of 50 steps a period from random places: x as heard, t the next value.   (steps, count, 1)"""
    k = np.arange(steps + 1)[:, None] + rng.uniform(0, 50, count)
    wave = np.sin(2 * np.pi * k / 50)[..., None].astype(np.float32)
    noise = rng.uniform(-1, 1, (steps, count, 1)).astype(np.float32)
    return wave[:-1] + noise, wave[1:]


def train(model):
    """60 epochs of truncated backpropagation. Returns the mean loss of each."""
    rng = np.random.default_rng(0)
    optimizer = O.Adam(model, lr=3e-3)
    losses = []
    for _ in range(60):
        x, t = waves(240, 16, rng)
        model.reset_state()
        total = 0.0
        for start in range(0, len(x), 30):
            loss = 0
            for i in range(start, start + 30):
                loss = loss + F.mean_squared_error(model(x[i]), t[i])
            model.cleargrads()
            loss.backward()
            optimizer.update()
            model.cut_state()
            total += loss.item()
        losses.append(total / len(x))
    return losses


x, t = waves(200, 100, np.random.default_rng(99))
losses, said, errors = {}, {}, {}
for layer in (L.RNN, L.LSTM):
    ag.seed(0)
    model = L.Sequential(layer(32), L.Linear(1))
    name = layer.__name__
    losses[name] = train(model)
    model.reset_state()
    with ag.no_grad():
        said[name] = np.stack([model(step).data for step in x])
    errors[name] = ((said[name] - t)[50:] ** 2).mean()
    late = np.mean(losses[name][-10:])
    print(f"{name:5} loss {losses[name][0]:.4f}, over the last ten epochs {late:.4f}, on new waves {errors[name]:.4f}")

try:
    from matplotlib.figure import Figure
except ImportError:
    print("for the picture: pip install 'define-by-run[plot]'")
else:
    figure = Figure(figsize=(9, 3.5), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[1, 2])
    right.plot(t[:-1, 0, 0], "k", lw=1, label="the wave")
    for name in losses:
        left.semilogy(losses[name])
        right.plot(said[name][:-1, 0, 0], label=name)
    left.set(xlabel="epoch", ylabel="loss")
    right.set(xlabel="step")
    figure.legend(loc="outside upper center", ncols=3)
    folder = Path("runs/steps")
    folder.mkdir(parents=True, exist_ok=True)
    figure.savefig(folder / "step60_lstm.png", dpi=120)
    print("drawn:", folder / "step60_lstm.png")

assert errors["LSTM"] < 0.9 * errors["RNN"]
assert np.mean(losses["LSTM"][-10:]) < np.mean(losses["RNN"][-10:])
