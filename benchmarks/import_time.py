"""The time of `import autograd` against that of `import numpy`, each in a process of its own, in turns.

python benchmarks/import_time.py
"""

import statistics
import subprocess
import sys

PROGRAM = "import time; start = time.perf_counter(); import {}; print(time.perf_counter() - start)"


def seconds(module):
    run = subprocess.run([sys.executable, "-c", PROGRAM.format(module)], capture_output=True, text=True, check=True)
    return float(run.stdout)


def main():
    pairs = [(seconds("autograd"), seconds("numpy")) for _ in range(21)][1:]
    ours, numpy = (statistics.median(column) for column in zip(*pairs))
    ratio = statistics.median(a / b for a, b in pairs)
    print(f"import autograd {1e3 * ours:.1f} ms, import numpy {1e3 * numpy:.1f} ms, ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
