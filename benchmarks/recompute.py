"""A chain of 400 blocks, plain and in parts of 20 by `ag.checkpoint`: peak memory and time of a step, one process.

    python -m benchmarks.recompute [blocks] [part]

A block is h + relu(h W + b), h (2048, 32) in float32. The memory is the largest that Python and NumPy have at once
during forward and backward, beyond what was there before the step, by tracemalloc. The times are taken in turns,
without it.
"""

import statistics
import sys
import time
import tracemalloc

import numpy as np

import autograd as ag
import autograd.functions as F
import autograd.layers as L


class Block(L.Layer):
    """h + relu(h W + b)"""

    def __init__(self, size):
        self.linear = L.Linear(size, size)

    def forward(self, h):
        return h + F.relu(self.linear(h))


def chain(blocks, part):
    """The forward computation: all at once if `part` is None."""

    def forward(h):
        if part is None:
            return L.Sequential(*blocks)(h)
        for i in range(0, len(blocks), part):
            h = ag.checkpoint(L.Sequential(*blocks[i : i + part]), h)
        return h

    return forward


def step(blocks, forward, x):
    for block in blocks:
        block.cleargrads()
    loss = (forward(x) ** 2).mean()
    loss.backward()
    return loss


def peak(*args):
    """The bytes that a step needs at once."""
    step(*args)
    tracemalloc.start()
    try:
        step(*args)
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        step(*args)
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def seconds(*args):
    start = time.perf_counter()
    step(*args)
    return time.perf_counter() - start


def main(n=400, part=20, turns=5):
    ag.seed(0)
    blocks = [Block(32) for _ in range(n)]
    for block in blocks:
        block.linear.W.data *= 0.05
    x = ag.Variable(np.random.default_rng(0).standard_normal((2048, 32), dtype="f"))
    plain, parts = [(blocks, chain(blocks, k), x) for k in (None, part)]
    memory = [peak(*args) for args in (plain, parts)]
    times = [[seconds(*args) for args in (plain, parts)] for _ in range(turns)]
    ratio = statistics.median([b / a for a, b in times])
    a, b = [statistics.median(column) * 1e3 for column in zip(*times)]
    print(f"{n} blocks, in parts of {part}")
    whole, less = [size / 1e6 for size in memory]
    print(f"peak memory of a step   {whole:8.1f} MB   {less:8.1f} MB   {less / whole:.1%}")
    print(f"time of a step          {a:8.1f} ms   {b:8.1f} ms   {ratio:.2f} x")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
