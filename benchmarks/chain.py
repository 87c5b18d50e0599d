"""A chain of 2,000 scalar operations, forward and backward, against PyTorch; and how the time grows to 10^6 operations.

python benchmarks/chain.py
"""

import gc
import time

import numpy as np
import torch
from timing import compare, header

import autograd as ag
import autograd.functions as F

N = 1000


def chains(variable, sin):
    """Three chains of 2 N operations from a scalar; each returns the gradient."""

    def numbers():
        y = x = variable(1.0)
        for _ in range(N):
            y = y * 1.0001
            y = y + 0.0001
        y.backward()
        return float(x.grad)

    def variables():
        y = x = variable(1.0)
        for _ in range(N):
            y = y * x
            y = y + x
        y.backward()
        return float(x.grad)

    def functions():
        y = x = variable(1.0)
        for _ in range(N):
            y = sin(y)
            y = y + x
        y.backward()
        return float(x.grad)

    return numbers, variables, functions


def main():
    torch.set_num_threads(2)
    ours = chains(lambda value: ag.Variable(np.array(value)), F.sin)
    theirs = chains(lambda value: torch.tensor(value, dtype=torch.float64, requires_grad=True), torch.sin)
    header()
    for name, f, g in zip(("y * 1.0001, y + 0.0001", "y * x, y + x", "sin(y), y + x"), ours, theirs):
        assert np.isclose(f(), g(), rtol=1e-12), (f(), g())
        compare(f"2,000 operations: {name}", f, g)

    print(f"\n{'operations':>12} {'forward s':>10} {'backward s':>10} {'freeing s':>10} {'all, us each':>13}")
    for n in (10**3, 10**4, 10**5, 10**6):
        gc.collect()
        start = time.perf_counter()
        y = x = ag.Variable(np.array(1.0))
        for _ in range(n):
            y = y * 1.0000001
        forward = time.perf_counter()
        y.backward()
        backward = time.perf_counter()
        del y
        end = time.perf_counter()
        assert np.isclose(float(x.grad), 1.0000001**n)
        parts = (forward - start, backward - forward, end - backward)
        print(f"{n:12,} {parts[0]:10.3f} {parts[1]:10.3f} {parts[2]:10.3f} {1e6 * sum(parts) / n:13.2f}")


if __name__ == "__main__":
    main()
