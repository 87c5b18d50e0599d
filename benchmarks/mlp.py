"""One training step of a 784-1000-10 network (batch 100, float32) against PyTorch with the same weights.

python benchmarks/mlp.py
"""

import numpy as np
import torch
from timing import compare, header

import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O

BATCH, SIZES = 100, (784, 1000, 10)


def our_step(x, t, weights, optimizer):
    model = L.Sequential(L.Linear(SIZES[1], SIZES[0]), F.relu, L.Linear(SIZES[2], SIZES[1]))
    for p, w in zip(model.params(), weights):
        p.data = w.copy()
    optimizer = getattr(O, optimizer)(model, lr=0.01)

    def step():
        loss = F.softmax_cross_entropy(model(x), t)
        model.cleargrads()
        loss.backward()
        optimizer.update()
        return loss.item()

    return step


def their_step(x, t, weights, optimizer):
    model = torch.nn.Sequential(torch.nn.Linear(*SIZES[:2]), torch.nn.ReLU(), torch.nn.Linear(*SIZES[1:]))
    with torch.no_grad():
        for p, w in zip(model.parameters(), weights):
            p.copy_(torch.from_numpy(w.T if w.ndim == 2 else w))
    optimizer = getattr(torch.optim, optimizer)(model.parameters(), lr=0.01)
    x, t = torch.from_numpy(x), torch.from_numpy(t)

    def step():
        loss = torch.nn.functional.cross_entropy(model(x), t)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def main():
    torch.set_num_threads(2)
    rng = np.random.default_rng(0)
    x = rng.random((BATCH, SIZES[0]), dtype=np.float32)
    t = rng.integers(0, SIZES[2], BATCH)
    shapes = [(SIZES[0], SIZES[1]), (SIZES[1],), (SIZES[1], SIZES[2]), (SIZES[2],)]
    weights = [(0.03 * rng.standard_normal(shape)).astype(np.float32) for shape in shapes]
    header()
    for optimizer in ("SGD", "Adam"):
        ours, theirs = (make(x, t, weights, optimizer) for make in (our_step, their_step))
        for _ in range(5):
            a, b = ours(), theirs()
            assert np.isclose(a, b, rtol=1e-4), (a, b)
        compare(f"784-1000-10 step, batch 100, {optimizer}", ours, theirs, repeats=100)


if __name__ == "__main__":
    main()
