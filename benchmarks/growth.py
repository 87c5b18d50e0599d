"""How the time of a chain grows from a thousand to a million operations: forward, backward, freeing.

python benchmarks/growth.py
"""

import gc
import time

import numpy as np

import autograd as ag


def main():
    print(f"{'operations':>12} {'forward s':>10} {'backward s':>10} {'freeing s':>10} {'all, us each':>13}")
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
