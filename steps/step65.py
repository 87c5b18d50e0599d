"""Step 65: two processes train one model, each on half of every batch, and it is the training of one with the whole.

New: the gradient of a mean is the mean of gradients. Each process has the model, with the same weights. It computes the
gradient of its half of the batch. Then both send each other their gradients, and both take the mean, weighted by the
numbers of samples: the last batch has 30, and may be halved unevenly. Both make the same update, so their weights stay
the same, bit for bit. Those of one process with the whole batch are the same up to rounding: there the samples were
added in another order. What does not shrink with the number of processes is what they send, all gradients in each step.
By hand that is a pipe and five lines. In the package `averaging` sends in pieces, while the backward pass goes on, and
to any number of processes: `mpiexec -n 4 python train.py`. The same program, started plainly, is one process.

In the package: autograd/distributed/averaging.py
"""

import multiprocessing
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np

import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd import data, distributed


def network():
    return L.Sequential(L.Linear(32, 64, rng=1, dtype=np.float64), F.relu, L.Linear(10, 32, rng=2, dtype=np.float64))


def batches():
    return data.DataLoader(data.digits("train"), batch_size=64, rng=0)


def weights(model):
    return np.concatenate([p.data.reshape(-1) for p in model.params()])


def take_the_mean(model, n, pipe):
    """Of the gradients of n samples here, and of those of m samples that the other process sends."""
    pipe.send((n, [p.grad.data for p in model.params()]))
    m, theirs = pipe.recv()
    for p, g in zip(model.params(), theirs):
        p.grad = ag.Variable((n * p.grad.data + m * g) / (n + m))


def half(rank, pipe, split=0.4):
    """What each of two processes does by hand: rank 0 has two fifths of each batch, rank 1 the rest."""
    model = network()
    optimizer = O.Adam(model, lr=0.01)
    for x, t in batches():
        cut = round(split * len(t))
        rows = slice(0, cut) if rank == 0 else slice(cut, None)
        model.cleargrads()
        F.softmax_cross_entropy(model(x[rows]), t[rows]).backward()
        if pipe is not None:
            take_the_mean(model, len(t[rows]), pipe)
        optimizer.update()
    return weights(model)


def other(pipe):
    pipe.send(half(1, pipe))


def with_the_package():
    """In one process the plain loop: what the three lines about a group add is nothing then."""
    group, model = distributed.init(), network()
    loader, averaging = group.shard(batches()), group.averaging(model)
    optimizer = O.Adam(model, lr=0.01)
    for x, t in loader:
        loss = F.softmax_cross_entropy(model(x), t)
        model.cleargrads()
        with averaging(samples=len(t)):
            loss.backward()
        optimizer.update()
    return group, weights(model)


if __name__ == "__main__" and len(sys.argv) == 2:  # a process that mpiexec has started
    group, found = with_the_package()
    np.save(Path(sys.argv[1], f"{group.rank}.npy"), found)
elif __name__ == "__main__":
    group, one = with_the_package()
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=other, args=(theirs,))
    process.start()
    here, there = half(0, ours), ours.recv()
    process.join()
    alone = half(0, None, split=0.5)
    print("two processes, by hand: the same weights in both, bit for bit:", (here == there).all())
    print("and those of one process:", np.allclose(here, one, rtol=0, atol=1e-12))
    print(f"one process with half of each batch: {abs(alone - one).max():.2f} apart")
    assert (here == there).all()
    assert np.allclose(here, one, rtol=0, atol=1e-12)
    assert abs(alone - one).max() > 0.01
    mpiexec = Path(sys.executable).parent / "mpiexec"
    if find_spec("mpi4py") and mpiexec.exists():
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([mpiexec, "-n", "2", sys.executable, __file__, folder], check=True)
            first, second = [np.load(Path(folder, f"{rank}.npy")) for rank in range(2)]
        print(
            "two processes, with the package:", np.allclose(first, one, rtol=0, atol=1e-12) and (first == second).all()
        )
        assert np.allclose(first, one, rtol=0, atol=1e-12)
    else:
        print("for two processes with the package: pip install mpi4py mpich")
