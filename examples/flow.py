"""A normalizing flow learns the density of two moons: an invertible network between them and a round normal density.

A layer leaves one coordinate as it is; from it a network says how the other is stretched and shifted (Dinh,
Sohl-Dickstein and Bengio, 2017). So the way back is a formula, and so is the determinant: with z = flow(x),
log q(x) = log normal(z) + log |dz/dx|. Checked are the way back, the determinant against that of the whole Jacobian,
the integral of q, and q itself against the density from which the points were drawn.

    python examples/flow.py [--fast]        (leaves runs/flow.png)
"""

import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd.training import progress

UPDATES, LIMIT = (
    (1500, 0.05) if "--fast" in sys.argv else (6000, 0.03)
)  # LIMIT: nats by which log q may be less than log p, on average
SPREAD, LAYERS = 0.15, 8


def moons(angle, which):
    sign = 1 - 2 * which  # two half circles, the second upside down and moved
    return np.stack([sign * np.cos(angle) + which - 0.5, sign * np.sin(angle) + 0.5 * which - 0.25], axis=-1)


def points(rng, n):
    return moons(rng.uniform(0, np.pi, n), rng.integers(2, size=n)) + SPREAD * rng.standard_normal((n, 2))


def log_density(x):
    """log p of the moons: the mean of normal densities around 400 places on them.   (N, 2) -> (N,)"""
    middle = np.concatenate([moons((np.arange(200) + 0.5) * np.pi / 200, which) for which in (0, 1)])
    square = ((x[:, None] - middle) ** 2).sum(-1)
    return F.logsumexp(-square / (2 * SPREAD**2), axis=1) - np.log(400 * 2 * np.pi * SPREAD**2)


class Flow(L.Layer):
    def __init__(self):
        self.nets = [L.MLP((32, 32, 2), F.tanh, in_size=1, dtype=np.float64, rng=i) for i in range(LAYERS)]

    def forward(self, x):
        """z and log |dz/dx|.   (N, 2) -> (N, 2), (N,)"""
        a, b, log_det = x[:, :1], x[:, 1:], 0
        for net in self.nets:
            log_stretch, shift = F.split(F.tanh(net(a) / 3) * 3, 2, axis=1)  # both at most 3
            a, b = b * F.exp(log_stretch) + shift, a  # and they change places
            log_det = log_det + log_stretch[:, 0]
        return F.concat([a, b], axis=1), log_det

    def inverse(self, z):
        a, b = z[:, :1], z[:, 1:]
        for net in reversed(self.nets):
            log_stretch, shift = F.split(F.tanh(net(b) / 3) * 3, 2, axis=1)
            a, b = b, (a - shift) * F.exp(-log_stretch)
        return F.concat([a, b], axis=1)

    def log_density(self, x):
        z, log_det = self(x)
        return log_det - (z**2).sum(1) / 2 - np.log(2 * np.pi)


def train(flow, rng):
    optimizer, losses = O.Adam(flow, O.cosine(5e-3, UPDATES), transforms=[O.clip_by_norm(1.0)]), []
    for _ in progress(range(UPDATES), "learning the density"):
        flow.cleargrads()
        loss = -flow.log_density(points(rng, 128)).mean()
        loss.backward()
        optimizer.update()
        losses.append(loss.item())
    return losses


def main():
    rng, flow = np.random.default_rng(0), Flow()
    losses, x = train(flow, rng), points(rng, 4000)
    z, log_det = flow(x)
    J = ag.vmap(lambda x: ag.jacobian(lambda x: flow(x[None])[0][0], x))(x[:50])
    wrong = abs(F.slogdet(J)[1].data - log_det.data[:50]).max()
    u, v = np.meshgrid(np.linspace(-3, 3, 301), np.linspace(-2.5, 2.5, 251))
    grid = np.stack([u, v], axis=-1).reshape(-1, 2)
    with ag.no_grad():
        back = abs(flow.inverse(z).data - x).max()
        q = np.exp(flow.log_density(grid).data).reshape(u.shape)
        total, missing = q.sum() * 0.02**2, (log_density(x) - flow.log_density(x).data).mean()
    print(f"there and back {back:.1e}; determinants {wrong:.1e}; integral {total:.3f}; log p - log q {missing:.3f}")
    draw(flow, x, u, v, q, np.exp(log_density(grid)).reshape(u.shape), losses)
    assert max(back, wrong) < 1e-8
    assert abs(total - 1) < 0.01
    assert 0 < missing < LIMIT


def draw(flow, x, u, v, q, p, losses):
    figure = Figure(figsize=(11, 7), layout="constrained")
    a, b, c, d = figure.subplots(2, 2).reshape(-1)
    for axes, density, title in ((a, p, "p: the points are drawn from it"), (b, q, "q: the flow's")):
        shown = axes.pcolormesh(u, v, density, vmin=0, vmax=p.max(), cmap="viridis", rasterized=True)
        axes.set(title=title, xlabel="x0", ylabel="x1", xlim=(-2.2, 2.2), ylim=(-1.5, 1.5))
    figure.colorbar(shown, ax=(a, b))
    c.scatter(*flow(x)[0].data.T, s=2, c=np.arctan2(*x.T), cmap="twilight")
    c.set(title="z: new points after the flow; colour: the angle of x", xlabel="z0", ylabel="z1", aspect="equal")
    d.plot(np.convolve(losses, np.full(50, 0.02), "valid"), label="-log q, mean of 50 updates")
    d.axhline(-log_density(x).mean(), color="k", linestyle=":", label="-log p: the least")
    d.set(xlabel="updates", ylabel="nats a point", ylim=(None, 2.5), title="loss")
    d.legend(fontsize=8)
    Path("runs").mkdir(exist_ok=True)
    figure.savefig("runs/flow.png", dpi=120)


if __name__ == "__main__":
    main()
