"""Kills processes in the middle of a save: the file is always whole, and the next save leaves nothing beside it.

    python -m tests.kills --count 1000 --seed 1

Each process saves two states in turn, as fast as it can, until it is killed at a random moment: to an npz, to a file of
safetensors, or to a folder of checkpoints. Sometimes a second process saves to the same place, and lives on for a
while: its file in work must not be taken from it.
"""

import argparse
import itertools
import os
import signal
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np

from autograd import serialize
from autograd.checkpoints import Checkpoints


def states(size):
    """Two states that a file may hold, told apart by all of their numbers."""
    return [{"a": np.full(size, k, np.float32), "n": k, "t": (k, {k: "x"})} for k in (1, 2)]


class Files:
    """Saves to one path. `most` is the number of files that may be there after a save."""

    most = 1

    def __init__(self, path):
        self.path = path

    def save(self, state):
        serialize.save(state, self.path)

    def load(self):
        return serialize.read(self.path)


class Folder:
    """Saves checkpoints, of which two stay."""

    most = 2

    def __init__(self, path):
        self.path, self.checkpoints = path, Checkpoints(path, keep=2)
        self.start = self.checkpoints.resume().get("number", 0) + 1
        self.count = itertools.count(self.start)

    def save(self, state):
        self.checkpoints.save(next(self.count), **state)

    def load(self):
        return Checkpoints(self.path).resume()  # a damaged one would be a warning, and so an error


WAYS = {"npz": lambda folder: Files(folder / "x.npz"), "safetensors": lambda folder: Files(folder / "x.safetensors"),
        "checkpoints": Folder}  # fmt: skip


def saving(way, folder, size, ready):
    """A new process that saves in turn until it is killed; it ends with 1 if a save fails."""
    pid = os.fork()
    if pid:
        return pid
    try:
        place = way(folder)
        os.write(ready, b"x")
        while True:
            for state in states(size):
                place.save(state)
    except BaseException as error:
        os.write(2, f"a save failed: {error!r}\n".encode())
        os._exit(1)


def whole(found, size):
    """True if this is exactly one of the states."""
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
    rng, problems = np.random.default_rng(seed), []
    for name in WAYS:
        Path(folder, name).mkdir()
        WAYS[name](Path(folder, name)).save(states(size)[0])
    reading, ready = os.pipe()
    for k, (name, way) in zip(range(count), itertools.cycle(WAYS.items())):
        place = Path(folder, name)
        two = name != "checkpoints" and k // 3 % 4 == 0  # a folder of checkpoints belongs to one training
        pids = [saving(way, place, size, ready) for _ in range(2 if two else 1)]
        for _ in pids:
            os.read(reading, 1)
        started = time.monotonic()
        moments = sorted(rng.uniform(0, 0.03, len(pids)))
        saved = [ended(pid, at, started) for pid, at in zip(pids, moments)]
        if not all(saved):
            problems.append(f"{k}: a save failed")
        if not whole(way(place).load(), size):
            problems.append(f"{k}: {name} is not whole")
        if k // 3 % 3 == 0:
            target = way(place)
            target.save(states(size)[0])
            left = os.listdir(place)
            if len(left) > target.most or any(file.startswith(".") for file in left):
                problems.append(f"{k}: {left} are left")
    os.close(reading)
    os.close(ready)
    return problems


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    warnings.simplefilter("error")
    with tempfile.TemporaryDirectory() as folder:
        problems = run(given.count, given.seed, folder)
    print(f"{given.count} kills, {len(problems)} problems", *problems[:20], sep="\n")
    sys.exit(bool(problems))
