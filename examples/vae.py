"""A variational autoencoder of handwritten digits: 64 dots through two numbers and back.

The encoder says for each digit where in the plane it lies, as a normal distribution; the decoder draws a digit for
every point of the plane. What is trained is a lower bound of log p(x): how well a point drawn from the distribution
gives the digit back, minus how far that distribution is from the standard normal one (Kingma and Welling, 2014). The
gradient passes through the draw because z = mean + spread * noise (the reparametrization).

    python examples/vae.py [--fast]        (leaves runs/vae.png)
"""

import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd import data

EPOCHS = 30 if "--fast" in sys.argv else 120


class VAE(L.Layer):
    def __init__(self):
        self.encoder = L.MLP((256, 128, 4))
        self.decoder = L.MLP((128, 256, 64))

    def encode(self, x):
        """The mean and the logarithm of the spread of z, for each sample.   (N, 64) -> (N, 2), (N, 2)"""
        return F.split(self.encoder(x), 2, axis=1)

    def losses(self, x, rng):
        """How badly the digits are given back, and the divergence from the standard normal, both in nats a digit."""
        mean, log_spread = self.encode(x)
        noise = rng.standard_normal(mean.shape, dtype=np.float32)
        y = self.decoder(mean + F.exp(log_spread) * noise)
        back = 64 * F.sigmoid_cross_entropy(y, x)
        divergence = (F.exp(2 * log_spread) + mean**2 - 1 - 2 * log_spread).sum() / (2 * len(x))
        return back, divergence


def main():
    ag.seed(0)
    rng = np.random.default_rng(0)
    x_test, t_test = data.digits("test")
    loader = data.DataLoader(data.digits("train"), batch_size=64, rng=0)
    model = VAE()
    optimizer = O.Adam(model, lr=O.cosine(3e-3, EPOCHS * len(loader)))
    bounds = []
    for epoch in range(1, EPOCHS + 1):
        total = 0.0
        for x, _ in loader:
            back, divergence = model.losses(x, rng)
            loss = back + divergence
            model.cleargrads()
            loss.backward()
            optimizer.update()
            total += loss.item() / len(loader)
        bounds.append(total)
        if epoch % (EPOCHS // 6) == 0:
            print(f"epoch {epoch:3}  loss {total:.2f}, of which divergence {divergence.item():.2f}")
    x, t = data.digits("train")
    with ag.no_grad():
        test = sum(loss.item() for loss in model.losses(x_test, rng))
        known, places = model.encode(x)[0].data, model.encode(x_test)[0].data
    distances = ((places[:, None] - known) ** 2).sum(axis=-1)
    alike = (t[distances.argmin(axis=1)] == t_test).mean()
    print(f"test loss {test:.2f}; the nearest training digit in the plane is the same one for {alike:.1%}")
    assert bounds[-1] < 0.85 * bounds[0] and alike > 0.6
    draw(model, x_test, t_test, places)


def draw(model, x, t, places):
    figure = Figure(figsize=(12, 6), layout="constrained")
    left, right = figure.subplots(1, 2)
    points = left.scatter(*places.T, c=t, cmap="tab10", vmin=-0.5, vmax=9.5, s=14)
    figure.colorbar(points, ax=left, ticks=range(10), label="digit")
    left.set(title="where the test digits lie", xlabel="z0", ylabel="z1", aspect="equal")
    side = np.linspace(-2.4, 2.4, 15, dtype=np.float32)
    grid = np.stack(np.meshgrid(side, side[::-1]), axis=-1).reshape(-1, 2)
    with ag.no_grad():
        drawn = F.sigmoid(model.decoder(grid)).data
    sheet = np.zeros((15, 15, 10, 10))
    sheet[:, :, 1:9, 1:9] = drawn.reshape(15, 15, 8, 8)
    right.imshow(sheet.transpose(0, 2, 1, 3).reshape(150, 150), cmap="gray_r", extent=(-2.57, 2.57, -2.57, 2.57))
    right.set(title="what the decoder draws for each place", xlabel="z0", ylabel="z1")
    Path("runs").mkdir(exist_ok=True)
    figure.savefig("runs/vae.png", dpi=120)
    print("drawn: runs/vae.png")


if __name__ == "__main__":
    main()
