"""Learning to learn: first weights from which one step on ten points of a new sine is enough.

A task is a sine of some height and phase. From the weights W, one step on the ten points gives W' = W - rate dL/dW, and
the loss of W' on other points is what W is trained for (Finn, Abbeel and Levine, 2017). Its gradient in W has a Hessian
in it: `create_graph=True` records the step. All tasks are learned side by side, with an axis for them in all weights.

The meta-gradient is checked against differences. A network trained without the inner step, and one that was not
trained, make up to ten steps. Even after the best of them they must be worse by a factor.

    python examples/maml.py [--fast]        (leaves runs/maml.png)
"""

import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import autograd as ag
import autograd.functions as F
import autograd.optimizers as O
from autograd.training import progress

UPDATES, FACTOR = (1000, 1.5) if "--fast" in sys.argv else (4000, 3)
TASKS, POINTS, RATE = 25, 10, 0.05


def weights(rng, sizes=(1, 40, 40, 1)):
    pairs = [(rng.standard_normal((n, m)) * np.sqrt(2 / n), np.zeros((1, m))) for n, m in pairwise(sizes)]
    return [ag.Variable(w) for pair in pairs for w in pair]


def network(p, x):
    """x (T, N, 1) -> (T, N, 1). The weights are (n, m), or (T, n, m) with those of each task."""
    for W, b in zip(p[:-2:2], p[1:-2:2]):
        x = F.tanh(x @ W + b)
    return x @ p[-2] + p[-1]


def adapted(p, x, t, steps=1, create_graph=False):
    """The weights of each task after some steps on its points, for all tasks at once."""
    p = [F.broadcast_to(w, (len(x), *w.shape)) for w in p]
    for _ in range(steps):
        loss = lambda p: ((network(p, x) - t) ** 2).mean((1, 2)).sum()  # noqa: E731  tasks do not mix
        p = [w - RATE * g for w, g in zip(p, ag.value_and_grad(loss, p, create_graph=create_graph)[1])]
    return p


def sines(rng, tasks=TASKS):
    """Points to learn from, and others to be judged by: x, t, x, t, each (tasks, POINTS, 1)."""
    height, phase = rng.uniform(0.5, 3, (tasks, 1, 1)), rng.uniform(0, np.pi, (tasks, 1, 1))
    x = rng.uniform(-4, 4, (tasks, 2 * POINTS, 1))
    t = height * np.sin(x + phase)
    return x[:, :POINTS], t[:, :POINTS], x[:, POINTS:], t[:, POINTS:]


def meta_loss(p, x, t, x_new, t_new, steps=1):
    return F.mean_squared_error(network(adapted(p, x, t, steps, create_graph=True), x_new), t_new)


def train(rng, title, steps):
    p = weights(rng)
    optimizer, losses = O.Adam(p, lr=O.cosine(3e-3, UPDATES)), []
    for _ in progress(range(UPDATES), title):
        loss = meta_loss(p, *sines(rng), steps)
        for w in p:
            w.cleargrad()
        loss.backward()
        optimizer.update()
        losses.append(loss.item())
    return p, losses


def check_gradient(rng):
    p, task, h = weights(rng), sines(rng), 1e-5
    direction = [rng.standard_normal(w.shape) for w in p]
    gradient = ag.value_and_grad(lambda p: meta_loss(p, *task), p)[1]
    slope = sum((g.data * d).sum() for g, d in zip(gradient, direction))
    ends = [meta_loss([w + sign * h * d for w, d in zip(p, direction)], *task).item() for sign in (1, -1)]
    numeric = (ends[0] - ends[1]) / (2 * h)
    print(f"slope of the meta-loss {slope:.8f}, by differences {numeric:.8f}")
    assert abs(slope / numeric - 1) < 1e-5


def main():
    rng = np.random.default_rng(0)
    check_gradient(rng)
    learner, losses = train(rng, "learning to learn", steps=1)
    all_tasks, _ = train(rng, "all tasks", steps=0)
    models = {"learned to learn": learner, "learned all tasks": all_tasks, "not trained": weights(rng)}
    judge = sines(rng, 500)
    after = {name: [meta_loss(p, *judge, steps).item() for steps in range(11)] for name, p in models.items()}
    for name, y in after.items():
        print(f"{name:18} loss {y[0]:.3f}, after one step {y[1]:.3f}, at best {min(y):.3f}")
    draw(models, after, sines(np.random.default_rng(7), 1), losses)
    assert FACTOR * after["learned to learn"][1] < min(after["learned all tasks"] + after["not trained"])


def draw(models, after, task, losses):
    figure = Figure(figsize=(12, 4.2), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    x, t, grid = *task[:2], np.linspace(-4.5, 4.5, 200)[:, None]
    for i, (name, p) in enumerate(models.items()):
        left.plot(grid, network(p, grid).data, f"C{i}:", label=f"{name}: before")
        left.plot(grid, network(adapted(p, x, t), grid).data[0], f"C{i}", label="after one step")
        middle.semilogy(after[name], f"C{i}.-", label=name)
    left.scatter(x[0], t[0], c="k", zorder=3, label="what is learned from")
    left.set(xlabel="x", ylabel="t", ylim=(-4, 7), title="a new sine")
    left.legend(fontsize=7, ncols=2, loc="upper center")
    middle.set(xlabel="steps", ylabel="squared error on other points", ylim=(None, 20), title="500 new sines")
    middle.legend(fontsize=8)
    right.semilogy(losses, linewidth=0.5)
    right.set(xlabel="updates", ylabel="squared error after one step", title="learning to learn")
    Path("runs").mkdir(exist_ok=True)
    figure.savefig("runs/maml.png", dpi=120)


if __name__ == "__main__":
    main()
