"""Step 59: a recurrent network.

New: a layer with a memory. At every step an RNN sees one number, and what it answers becomes part of its next
input: h <- tanh(x Wx + h Wh + b). It is to say the next value of a sine wave of which it hears each value
under noise as loud as the wave, so the last value alone is of little use. The graph of 240 steps goes back to
the first one. Every 30 steps there is an update and a cut: `cut_state` keeps the memory as a number and lets
the graph of the past go. This is truncated backpropagation through time.

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


ag.seed(0)
rng = np.random.default_rng(0)
model = L.Sequential(L.RNN(32), L.Linear(1))
optimizer = O.Adam(model, lr=3e-3)

losses = []
for epoch in range(60):
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
    if epoch % 10 == 0 or epoch == 59:
        print(f"epoch {epoch + 1:2}  loss {losses[-1]:.4f}")

x, t = waves(200, 100, np.random.default_rng(99))
model.reset_state()
with ag.no_grad():
    y = np.stack([model(step).data for step in x])
error = ((y - t)[50:] ** 2).mean()
print(f"on new waves, after the first period: {error:.4f}; the noise itself is {((x[1:] - t[:-1]) ** 2).mean():.3f}")

try:
    from matplotlib.figure import Figure
except ImportError:
    print("for the picture: pip install 'define-by-run[plot]'")
else:
    figure = Figure(figsize=(8, 3.5), layout="constrained")
    axes = figure.subplots()
    axes.plot(x[1:, 0, 0], ".", color="0.75", label="heard")
    axes.plot(t[:-1, 0, 0], "k", lw=1, label="the wave")
    axes.plot(y[:-1, 0, 0], "C3", label="said one step before")
    axes.set(xlabel="step")
    figure.legend(loc="outside upper center", ncols=3)
    folder = Path("runs/steps")
    folder.mkdir(parents=True, exist_ok=True)
    figure.savefig(folder / "step59_rnn.png", dpi=120)
    print("drawn:", folder / "step59_rnn.png")

assert not isinstance(model[0].h, ag.Variable) or model[0].h.creator is None
assert np.mean(losses[-5:]) < 0.15 * losses[0]
assert error < 0.02
