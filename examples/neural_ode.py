"""A network learns the law of motion dz/dt = f(z) from noisy paths, by gradients through the steps of Runge and Kutta.

The paths are those of a damped swing, dz/dt = A z, so what is to be found is known: z(t) = exp(A t) z(0). The solver
alone is checked first: its Jacobian in z(0) is exp(A t). Then the network learns from pieces of paths (Chen and others,
2018), and must continue one that it has never seen, from a start of its own.

    python examples/neural_ode.py        (leaves runs/neural_ode.png)
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd.training import progress

UPDATES = 1500
A, STEP, NOISE = np.array([[0.0, 1.5], [-1.5, -0.3]]), 0.1, 0.02


def runge_kutta(f, z, steps, h=STEP):
    """z at the times 0, h, 2 h, ...: the classical method of order four.   (N, 2) -> (steps + 1, N, 2)"""
    path = [z]
    for _ in range(steps):
        k1 = f(z)
        k2 = f(z + h / 2 * k1)
        k3 = f(z + h / 2 * k2)
        z = z + h / 6 * (k1 + 2 * k2 + 2 * k3 + f(z + h * k3))
        path.append(z)
    return F.stack(path)


def exact(start, steps):
    """The path by the exponential of the matrix.   (N, 2) -> (steps + 1, N, 2)"""
    return np.array([start @ F.expm(A * STEP * i).T for i in range(steps + 1)])


def least_loss():
    """That of the law itself: the noise of each place, and that of the first, which moves on with exp(A t)."""
    moved = [F.expm(A * STEP * i) for i in range(1, 11)]
    return NOISE**2 * sum(1 + (E**2).sum() / 2 for E in moved) / 11


def train(net, paths, rng):
    """From pieces of ten steps, begun at any place of a path. The loss is the mean square of all distances."""
    optimizer, losses = O.Adam(net, lr=O.cosine(1e-2, UPDATES)), []
    for _ in progress(range(UPDATES), "learning the law"):
        first, which = rng.integers(len(paths) - 10, size=32), rng.integers(paths.shape[1], size=32)
        pieces = np.stack([paths[i : i + 11, j] for i, j in zip(first, which)], axis=1)
        loss = F.mean_squared_error(runge_kutta(net, pieces[0], 10), pieces)
        net.cleargrads()
        loss.backward()
        optimizer.update()
        losses.append(loss.item())
    return losses


def main():
    rng = np.random.default_rng(0)
    J = ag.jacobian(lambda z: runge_kutta(lambda z: z @ A.T, z[None], 20)[-1, 0], np.ones(2)).data
    error = abs(J - F.expm(A * 20 * STEP)).max()
    print(f"the Jacobian through 20 steps differs from exp(A t) by {error:.1e}")
    assert error < 1e-4

    starts = rng.uniform(-2, 2, (12, 2))
    paths = exact(starts, 40)
    paths += NOISE * rng.standard_normal(paths.shape)
    net = L.MLP((32, 32, 2), F.tanh, in_size=2, dtype=np.float64, rng=0)
    losses = train(net, paths, rng)

    new = np.array([[1.5, 1.0]])
    with ag.no_grad():
        found = runge_kutta(net, new, 80).data[:, 0]
    true = exact(new, 80)[:, 0]
    distance = np.linalg.norm(found - true, axis=1).max()
    print(f"loss {np.mean(losses[-50:]):.5f}; that of the law itself, because of the noise, {least_loss():.5f}")
    print(f"a new path, twice as long as those in the data, is {distance:.3f} from exp(A t) z(0) at most")
    draw(net, paths, found, true, losses)
    assert np.mean(losses[-50:]) < 1.2 * least_loss()
    assert distance < 0.1


def draw(net, paths, found, true, losses):
    figure = Figure(figsize=(12, 4.2), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    u, v = np.meshgrid(np.linspace(-2.5, 2.5, 15), np.linspace(-2.5, 2.5, 15))
    points = np.stack([u.reshape(-1), v.reshape(-1)], axis=1)
    left.scatter(*paths.reshape(-1, 2).T, s=2, c="0.6", label="data")
    left.quiver(*points.T, *(points @ A.T).T, color="k", angles="xy", scale=70, width=0.006, label="A z: the law")
    left.quiver(*points.T, *net(points).data.T, color="C1", angles="xy", scale=70, width=0.003, label="the network")
    left.set(xlabel="position", ylabel="speed", title="the law of motion", ylim=(-2.8, 4.4))
    left.legend(fontsize=8, loc="upper right")
    t = STEP * np.arange(len(true))
    for i, name in enumerate(("position", "speed")):
        middle.plot(t, true[:, i], f"C{i}", linewidth=5, alpha=0.3, label=f"{name}, exp(A t) z(0)")
        middle.plot(t, found[:, i], f"C{i}", label=f"{name}, the network")
    middle.axvline(4, color="k", linestyle=":", label="the data end here")
    middle.set(xlabel="t", title="a path from a new start")
    middle.legend(fontsize=8)
    right.semilogy(losses, linewidth=0.5)
    right.axhline(least_loss(), color="k", linestyle=":", label="the law itself: noise alone")
    right.set(xlabel="updates", title="mean squared distance")
    right.legend()
    Path("runs").mkdir(exist_ok=True)
    figure.savefig("runs/neural_ode.png", dpi=120)
    print("drawn: runs/neural_ode.png")


if __name__ == "__main__":
    main()
