"""Kills processes in the middle of a save: the file is always whole, and the next save leaves nothing beside it.

    python -m tests.kills --count 1000 --seed 1

Each process saves two states in turn, as fast as it can, until it is killed at a random moment. Sometimes a second
process saves to the same path, and lives on for a while: its file in work must not be taken from it.
"""

import argparse
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from autograd import serialize


def states(size):
    """Two states that a file may hold, told apart by all of their numbers."""
    return [{"a": np.full(size, k, np.float32), "n": k, "t": (k, {k: "x"})} for k in (1, 2)]


def saving(path, size, ready):
    """A new process that saves in turn until it is killed; it ends with 1 if a save fails."""
    pid = os.fork()
    if pid:
        return pid
    try:
        os.write(ready, b"x")
        while True:
            for state in states(size):
                serialize.save(state, path)
    except BaseException as error:
        os.write(2, f"a save failed: {error!r}\n".encode())
        os._exit(1)


def whole(path, size):
    """True if the file is exactly one of the states."""
    found = serialize.read(path)
    return any(
        found["n"] == state["n"] and found["t"] == state["t"] and np.array_equal(found["a"], state["a"])
        for state in states(size)
    )


def ended(pid, at, started):
    """Kills a process at a moment. True if it was saving until then."""
    time.sleep(max(0.0, started + at - time.monotonic()))
    os.kill(pid, signal.SIGKILL)
    return os.waitpid(pid, 0)[1] == signal.SIGKILL


def run(count, seed, folder, size=60_000):
    """Kills `count` processes; returns what went wrong."""
    rng, path, problems = np.random.default_rng(seed), Path(folder, "model.npz"), []
    serialize.save(states(size)[0], path)
    reading, ready = os.pipe()
    for k in range(count):
        pids = [saving(path, size, ready) for _ in range(2 if k % 4 == 0 else 1)]
        for _ in pids:
            os.read(reading, 1)
        started = time.monotonic()
        moments = sorted(rng.uniform(0, 0.03, len(pids)))
        saved = [ended(pid, at, started) for pid, at in zip(pids, moments)]
        if not all(saved):
            problems.append(f"{k}: a save failed")
        if not whole(path, size):
            problems.append(f"{k}: the file is not whole")
        if k % 3 == 0:
            serialize.save(states(size)[0], path)
            litter = sorted({*os.listdir(folder)} - {path.name})
            if litter:
                problems.append(f"{k}: {litter} are left")
    os.close(reading)
    os.close(ready)
    return problems


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        problems = run(given.count, given.seed, folder)
    print(f"{given.count} kills, {len(problems)} problems", *problems[:20], sep="\n")
    sys.exit(bool(problems))
