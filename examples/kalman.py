"""A Kalman filter finds how noisy its measurements are, and how much the thing it follows is pushed about.

A body has a place and a speed. The speed is pushed by q times normal noise in each step; the place is measured, with
noise of spread r. The filter (Kalman, 1960) gives the mean and the spread of the next measurement, and so

    log p(y) = sum over t of log normal(y_t; what the filter expects),

one step after the other. Its derivatives in log q and log r go back through all steps of the filter. The independent
solution: y as a whole is one normal vector, whose covariance is written down as a matrix, with the gradient by hand.

    python examples/kalman.py        (leaves runs/kalman.png)
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import autograd as ag
import autograd.functions as F
import autograd.optimizers as O
from autograd.training import progress

N, STEPS = 150, 12
MOVE = np.array([[1.0, 1.0], [0.0, 1.0]])  # place + speed
PUSH, PRIOR = np.diag([0.0, 1.0]), np.diag([100.0, 1.0])
TRUE = np.array([0.1, 2.0])  # q, r


def measured(rng, q, r):
    """The places of the body, and the measurements."""
    state, places = np.array([0.0, 0.5]), []
    for _ in range(N):
        places.append(state[0])
        state = MOVE @ state + [0, q * rng.standard_normal()]
    return np.array(places), np.array(places) + r * rng.standard_normal(N)


def filtered(theta, y):
    """log p(y), and the place after each measurement with its spread, where theta = log (q, r)."""
    q, r = F.exp(theta[0]), F.exp(theta[1])
    mean, P, log_p, places, spreads = np.zeros(2), PRIOR, 0, [], []
    for value in y:
        wrong, S = value - mean[0], P[0, 0] + r**2
        log_p = log_p - (wrong**2 / S + F.log(2 * np.pi * S)) / 2
        gain = P[:, 0] / S
        mean, P = mean + gain * wrong, P - gain[:, None] * P[0]
        places.append(mean[0])
        spreads.append(F.sqrt(P[0, 0]))
        mean, P = MOVE @ mean, MOVE @ P @ MOVE.T + q**2 * PUSH
    return log_p, F.stack(places), F.stack(spreads)


def as_one_vector(theta, y):
    """log p(y) and its gradient by the covariance of all measurements, by hand."""
    q, r = np.exp(theta)
    t, eye = np.arange(N), np.eye(N)
    start = PRIOR[0, 0] + PRIOR[1, 1] * np.outer(t, t)
    reach = np.clip(t[:, None] - t - 1, 0, None)  # how far a push at time s has moved the place at time t
    pushed = reach @ reach.T
    K = start + q**2 * pushed + r**2 * eye
    inverse, a = np.linalg.inv(K), np.linalg.solve(K, y)
    value = -(y @ a + np.linalg.slogdet(K)[1] + N * np.log(2 * np.pi)) / 2
    slopes = [2 * q**2 * pushed, 2 * r**2 * eye]
    return value, np.array([((np.outer(a, a) - inverse) * slope).sum() / 2 for slope in slopes])


def main():
    places, y = measured(np.random.default_rng(0), *TRUE)
    theta = ag.Variable(np.log([1.0, 0.5]))
    value, gradient = ag.value_and_grad(lambda theta: filtered(theta, y)[0], theta)
    expected, slopes = as_one_vector(theta.data, y)
    print(f"log p(y) {value.item():.6f}, slopes {gradient.data}; by the covariance {expected:.6f}, {slopes}")
    assert np.allclose([value.item(), *gradient.data], [expected, *slopes], rtol=1e-6)

    optimizer, path = O.LBFGS([theta], iterations=1), [theta.data.copy()]
    for _ in progress(range(STEPS), "finding the noise"):
        optimizer.update(lambda: -filtered(theta, y)[0])
        path.append(theta.data.copy())
    hessian = -ag.hessian(lambda theta: filtered(theta, y)[0], theta).data
    doubt = np.sqrt(np.diag(np.linalg.inv(hessian)))
    for name, found, spread, true in zip("qr", theta.data, doubt, TRUE):
        print(f"{name} = {np.exp(found):.3f}, within a factor {np.exp(spread):.2f}; the data were made with {true}")
    _, followed, spreads = filtered(theta.data, y)
    inside = np.mean(abs(followed - places) < 2 * spreads)
    print(f"{inside:.0%} of the places are within 2 x spread of what the filter says")
    draw(places, y, followed, spreads, np.array(path))
    assert abs(as_one_vector(theta.data, y)[1]).max() < 1e-3
    assert (abs(theta.data - np.log(TRUE)) < 2.5 * doubt).all()
    assert 0.88 < inside < 1


def draw(places, y, followed, spreads, path):
    figure = Figure(figsize=(11, 4.5), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[3, 2])
    t, away = np.arange(N), followed - places
    left.fill_between(t, away - 2 * spreads, away + 2 * spreads, alpha=0.3, label="2 x spread")
    left.plot(t, away, "C0", label="the filter")
    left.scatter(t, y - places, s=8, c="0.4", label="the measurements")
    left.axhline(0, color="k", linestyle=":", label="the body")
    left.set(xlabel="time", ylabel="distance from the body", ylim=(-7, 11), title="a body, followed by a filter")
    left.legend()
    pushes, noises = np.linspace(np.log(0.02), np.log(2), 50), np.linspace(np.log(0.3), np.log(4), 50)
    values = np.array([[as_one_vector((q, r), y)[0] for q in pushes] for r in noises])
    levels = values.max() - np.array([500, 200, 100, 50, 25, 12, 6, 3, 1])
    right.contour(np.exp(pushes), np.exp(noises), values, levels=levels, cmap="Greys", linewidths=0.8)
    right.plot(*np.exp(path).T, "C0.-", label="L-BFGS")
    right.plot(*TRUE, "k*", markersize=12, label="the data were made with")
    right.set(xscale="log", yscale="log", xlabel="q", ylabel="r", title="log p(y)")
    for axis, ticks in ((right.xaxis, (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2)), (right.yaxis, (0.5, 1, 2, 4))):
        axis.set_ticks([], minor=True)
        axis.set_ticks(ticks, map(str, ticks))
    right.legend()
    Path("runs").mkdir(exist_ok=True)
    figure.savefig("runs/kalman.png", dpi=120)
    print("drawn: runs/kalman.png")


if __name__ == "__main__":
    main()
