"""A network solves the equation of Korteweg and de Vries for waves in shallow water, from the equation alone.

    u_t + 6 u u_x + u_xxx = 0

has waves that keep their shape, u = c/2 sech^2(sqrt(c)/2 (x - c t - x0)). The network is told where the wave is at
t = 0: u(x, t) = u(x, 0) + t net(x, t) holds that by itself. It is trained to make the left side 0 (Raissi
and others, 2019). That loss has three derivatives of the network in x, and L-BFGS takes one more in its weights.

    python examples/pinn.py        (leaves runs/pinn.png)
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd.training import progress

UPDATES = 60  # of ten steps of L-BFGS each
SPEED, START, END = 2.0, -2.0, 1.0


def wave(x, t):
    """The exact solution."""
    return SPEED / 2 / F.cosh(np.sqrt(SPEED) / 2 * (x - SPEED * t - START)) ** 2


def solution(net, x, t):
    return wave(x, 0) + t * net(F.stack([x / 3, 2 * t - 1], axis=1)).reshape(-1)


def residual(net, x, t):
    """u_t + 6 u u_x + u_xxx at each point: 0 for a solution. u of a point depends on no other, so sums will do."""
    x, t = ag.Variable(x), ag.Variable(t)
    u = solution(net, x, t)
    ux, ut = ag.grad(u.sum(), [x, t], create_graph=True)
    uxx = ag.grad(ux.sum(), x, create_graph=True)
    uxxx = ag.grad(uxx.sum(), x, create_graph=True)
    return ut + 6 * u * ux + uxxx


def train(net):
    """The losses. A grid of points where the equation shall hold, and both ends, where the water is at rest."""
    x, t = [part.reshape(-1) for part in np.meshgrid(np.linspace(-6, 6, 41), np.linspace(0, END, 11))]
    times = np.linspace(0, END, 11)
    ends, at_ends = np.repeat([-6.0, 6.0], 11), np.tile(times, 2)

    def loss():
        rest = solution(net, ends, at_ends) - wave(ends, at_ends)
        return (residual(net, x, t) ** 2).mean() + 10 * (rest**2).mean()

    optimizer = O.LBFGS(net, iterations=10)
    return [float(optimizer.update(loss)) for _ in progress(range(UPDATES), "solving the equation")]


def main():
    net = L.MLP((24, 24, 1), F.tanh, in_size=2, dtype=np.float64, rng=0)
    x = np.linspace(-6, 6, 241)
    error = abs(residual(lambda z: z[:, :1] * 0, x, 0 * x).data - residual_by_hand(x)).max()
    print(f"u_xxx and the other terms at t = 0 differ from the closed form by {error:.1e}")
    assert error < 1e-10
    losses = train(net)
    times = np.linspace(0, END, 5)
    with ag.no_grad():
        found = np.array([solution(net, x, np.full_like(x, t)).data for t in times])
    exact = np.array([wave(x, t) for t in times])
    errors = np.sqrt(((found - exact) ** 2).sum(1) / (exact**2).sum(1))
    print(f"loss {losses[-1]:.1e}; error of the wave at t = {END}: {errors[-1]:.2%}")
    draw(x, times, found, exact, losses)
    assert errors.max() < 0.01


def residual_by_hand(x):
    """6 u u_x + u_xxx of the wave at t = 0, which is -u_t = c u_x; without the network, u_t is 0."""
    z = np.sqrt(SPEED) / 2 * (x - START)
    return -SPEED * SPEED**1.5 / 2 * np.tanh(z) / np.cosh(z) ** 2


def draw(x, times, found, exact, losses):
    figure = Figure(figsize=(11, 4.5), layout="constrained")
    left, middle, right = figure.subplots(1, 3, width_ratios=[3, 2, 2])
    for i, t in enumerate(times):
        left.plot(x, exact[i], f"C{i}", linewidth=5, alpha=0.3, label="exact" if i == 0 else None)
        left.plot(x, found[i], f"C{i}", label=f"network, t = {t:g}")
        middle.plot(x, found[i] - exact[i], f"C{i}", label=f"t = {t:g}")
    left.set(xlabel="x", ylabel="u", title="a wave that keeps its shape")
    left.legend(fontsize=8)
    middle.set(xlabel="x", title="network - exact")
    middle.legend(fontsize=8)
    right.semilogy(10 * np.arange(1, len(losses) + 1), losses)
    right.set(xlabel="steps of L-BFGS", title="mean square of the left side")
    Path("runs").mkdir(exist_ok=True)
    figure.savefig("runs/pinn.png", dpi=120)
    print("drawn: runs/pinn.png")


if __name__ == "__main__":
    main()
