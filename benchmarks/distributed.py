"""What several processes cost and gain: `python benchmarks/distributed.py`, which starts mpiexec itself.

    python benchmarks/distributed.py                                  all tables, of 1, 2 and 4 processes
    python benchmarks/distributed.py --timeline docs/images/overlap.svg   the picture of one step of two processes

1. All-reduce: milliseconds for some sizes, bare (`comm.Allreduce` of mpi4py) and ours (`group.all_reduce(x).wait()`),
   in turns, and the share of the bare bandwidth that ours has.
2. A step of training, 50 images a process: images a second, and that over those of one process, the median of turns.
   Each process has one thread of BLAS. "2 programs" are two at a time that know nothing of each other.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from html import escape
from itertools import pairwise
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np

import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd import distributed, models
from autograd.config import Watcher, watching
from autograd.distributed.group import Pending

SIZES = [8, 1_000, 10_000, 100_000, 1_000_000, 10_000_000]  # bytes
IMAGES = 50  # of each process in a step
ROUNDS, SECONDS = 5, 4.0


def start(ranks: int, part: str, *args: str) -> Any:
    """What rank 0 of so many processes has found."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "found.json"
        mpiexec = [str(Path(sys.executable).parent / "mpiexec"), "-n", str(ranks)]
        command = [*mpiexec, sys.executable, __file__, "--part", part, "--out", str(path), *args]
        subprocess.run(command, check=True, env=os.environ | {"OPENBLAS_NUM_THREADS": "1"})
        return json.loads(path.read_text())


def seconds(f: Callable[[], Any], group: Any, repeats: int) -> float:
    """The median of several calls, each of which all ranks begin together."""
    times = []
    for _ in range(repeats):
        group.barrier()
        begun = perf_counter()
        f()
        times.append(perf_counter() - begun)
    return float(np.median(times))


def sums(group: Any) -> list[tuple[int, float, float]]:
    """(bytes, bare, ours): the medians of 11 rounds in which they take turns."""
    rows = []
    for size in SIZES:
        x = np.ones(max(size // 4, 1), np.float32)
        bare = lambda x=x: group.comm.Allreduce(group.MPI.IN_PLACE, x)  # noqa: E731
        ours = lambda x=x: group.all_reduce(x).wait()  # noqa: E731
        n = 5 if size >= 1_000_000 else 20
        rounds = [(seconds(bare, group, n), seconds(ours, group, n)) for _ in range(11)]
        rows.append((x.nbytes, *np.median(rounds, axis=0).tolist()))
    return rows


def network(name: str) -> tuple[Any, tuple[int, ...]]:
    """A model, and the shape of a sample."""
    if name == "SimpleConvNet":
        return models.SimpleConvNet(rng=0), (1, 28, 28)
    if name == "MLP 784-1000-1000-10":
        sizes = [784, 1000, 1000, 10]
        layers = [L.Linear(n, m, rng=m) for m, n in pairwise(sizes)]
        return L.Sequential(layers[0], F.relu, layers[1], F.relu, layers[2]), (784,)
    channels = [3, 32, 32, 64, 64, 128, 128]
    parts = []
    for C, O_ in pairwise(channels):
        parts += [L.Conv2d(O_, 3, 1, 1, C, rng=C), F.relu, *[partial(F.max_pool2d, kernel=2)] * (O_ > C > 3)]
    return L.Sequential(*parts, F.flatten, L.Linear(256, 128 * 8 * 8, rng=1), F.relu, L.Linear(10, 256, rng=2)), (
        3,
        32,
        32,
    )


NETWORKS = ["SimpleConvNet", "MLP 784-1000-1000-10"]


class Training:
    """Steps of a model on random images, with new labels each: gradients of learned ones are small, slow numbers."""

    def __init__(self, group: Any, name: str, images: int = IMAGES, **options: Any) -> None:
        self.group, (self.model, shape) = group, network(name)
        self.rng = np.random.default_rng(group.rank)
        self.x = self.rng.random((images, *shape), np.float32)
        self.averaging = group.averaging(self.model, **options)
        self.optimizer = O.Adam(self.model)

    def step(self) -> list[float]:
        """The times at its beginning and after forward, backward and update."""
        t = self.rng.integers(0, 10, len(self.x))
        times = [perf_counter()]
        loss = F.softmax_cross_entropy(self.model(self.x), t)
        self.model.cleargrads()
        times.append(perf_counter())
        with self.averaging(samples=len(t)):
            loss.backward()
        times.append(perf_counter())
        self.optimizer.update()
        return [*times, perf_counter()]


def steps(group: Any, name: str) -> dict[str, float]:
    """Seconds of a step and of its parts, the means of five seconds; and the bytes that are sent.

    `work` are the seconds of the processor that a rank needs for a step, the median, without those in which it waits.
    """
    training, waits, work = Training(group, name), [0.0], []
    sender = training.averaging.group
    plain = sender.all_reduce
    sender.all_reduce = lambda x: Waited(plain(x), waits)
    for _ in range(5):
        training.step()
    found, begun = [], perf_counter()
    while group.broadcast(perf_counter() - begun) < SECONDS:
        for _ in range(10):
            start, waits[0] = process_time(), 0.0
            found.append(training.step())
            work.append(process_time() - start - waits[0])
    took = (perf_counter() - begun) / len(found)
    parts = np.diff(found, axis=1).mean(0).tolist()
    own = float(np.mean(group.gather(float(np.median(work)))))
    size = sum([p.data.nbytes for p in training.model.params()])
    return dict(zip(["step", "forward", "backward", "update", "work", "bytes"], [took, *parts, own, size]))


def apart(name: str) -> dict[str, float]:
    """Two programs of one process at a time, which know nothing of each other: what two cores give here."""
    with ThreadPoolExecutor(2) as pool:
        rows = [*pool.map(lambda _: start(1, "steps", "--network", name), range(2))]
    return {key: (rows[0][key] + rows[1][key]) / 2 for key in rows[0]}


class Waited(Pending):
    """A sum that adds the seconds of the processor in which it was waited for."""

    def __init__(self, inner: Pending, waits: list[float]) -> None:
        self.test, self.inner, self.waits = inner.test, inner, waits  # type: ignore[method-assign]

    def wait(self) -> None:
        begun = process_time()
        self.inner.wait()
        self.waits[0] += process_time() - begun


# the timeline


class Timed(Pending):
    """A sum that notes when it was begun and when it was seen to be done."""

    def __init__(self, inner: Pending, size: int, spans: list[Any]) -> None:
        self.inner, self.span = inner, ["sum", f"{size / 1e6:.2g} MB", perf_counter(), None]
        spans.append(self.span)

    def test(self) -> bool:
        if self.span[3] is None and self.inner.test():
            self.span[3] = perf_counter()
        return self.span[3] is not None

    def wait(self) -> None:
        self.inner.wait()
        self.span[3] = self.span[3] or perf_counter()


class Clock(Watcher):
    """Notes when each function was differentiated."""

    def __init__(self, spans: list[Any]) -> None:
        self.spans = spans

    def backward(self, f: Any, gys: Sequence[Any]) -> Any:
        begun = perf_counter()
        gxs = super().backward(f, gys)
        self.spans.append(["function", type(f).__name__, begun, perf_counter()])
        return gxs


def timeline(group: Any) -> list[Any]:
    """The spans of a step, by rank: the one of 30 that took the shortest."""
    training = Training(group, "six convolutions", 16, bucket=1 << 20)
    sender, spans = training.averaging.group, []
    plain = sender.all_reduce
    sender.all_reduce = lambda x: Timed(plain(x), x.nbytes, spans)
    best: tuple[float, list[Any]] = (np.inf, [])
    for _ in range(30):
        group.barrier()
        spans.clear()
        with watching(Clock(spans)):
            begun, forward, backward, _ = training.step()
        took = max(group.gather(backward - begun))
        whole = [["part", "forward", begun, forward], ["part", "backward", forward, backward], *spans]
        if took < best[0]:
            best = took, [[kind, text, a - forward, b - forward] for kind, text, a, b in map(list, whole)]
    return group.gather(best[1])


def picture(ranks: Sequence[Any]) -> str:
    """The backward passes of all ranks, one below the other, as SVG: functions above, sums below."""
    end = max(span[3] for spans in ranks for span in spans)
    scale, lines, y = 860 / end, [], 30
    colors = {"function": "#7aa6c2", "sum": "#d98c5f"}
    for rank, spans in enumerate(ranks):
        lines.append(f'<text x="10" y="{y + 15}">rank {rank}</text>')
        rows: list[float] = []  # where each row of sums ends
        for kind, text, a, b in [span for span in spans if span[0] != "part"]:
            row = 0
            if kind == "sum":
                row = 1 + next((i for i, free in enumerate(rows) if free <= a), len(rows))
                rows[row - 1 : row] = [b]
            box = f'x="{90 + a * scale:.1f}" y="{y + row * 22}" width="{max((b - a) * scale, 0.5):.1f}" height="18"'
            label = f"{text}: {a * 1e3:.2f} to {b * 1e3:.2f} ms"
            lines.append(f'<rect {box} fill="{colors[kind]}"><title>{escape(label)}</title></rect>')
            if (b - a) * scale > 7 * len(text):
                lines.append(
                    f'<text x="{93 + a * scale:.1f}" y="{y + row * 22 + 13}" fill="white">{escape(text)}</text>'
                )
        y += 22 * (len(rows) + 1) + 20
    every = next(n for n in (1, 2, 5, 10, 20, 50, 100, 1000) if end * 1e3 / n < 12)
    for ms in range(0, int(end * 1e3) + 1, every):
        x = 90 + ms * 1e-3 * scale
        lines.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="22" y2="{y - 14}" stroke="#ccc"/>'
            f'<text x="{x:.1f}" y="16">{ms} ms</text>'
        )
    style = "text { font: 11px sans-serif } svg { background: white }"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 980 {y}" width="980"><style>{style}</style>'
    return "\n".join([head, *lines, "</svg>"]) + "\n"


# the tables


def main(timeline_path: str | None) -> None:
    if timeline_path:
        Path(timeline_path).write_text(picture(start(2, "timeline")), encoding="utf-8")
        return
    print(f"{'all-reduce, ms':24} {'bare':>8} {'ours':>8} {'share of the bandwidth':>24}")
    for ranks in (2, 4):
        for size, bare, ours in start(ranks, "sums"):
            print(f"{ranks} processes, {size:>10,} B {bare * 1e3:8.3f} {ours * 1e3:8.3f} {bare / ours:24.0%}")
    print(
        f"\n{'a step, ms':44} {'step':>8} {'forward':>8} {'backward':>8} {'update':>8} {'work':>8} "
        f"{'images/s':>9} {'gain':>6}"
    )
    for name in NETWORKS:
        ways = {
            "1 process": (1, partial(start, 1, "steps", "--network", name)),
            "2 programs": (2, partial(apart, name)),
        }
        ways |= {f"{n} processes": (n, partial(start, n, "steps", "--network", name)) for n in (2, 4)}
        found: dict[str, list[dict[str, float]]] = {way: [] for way in ways}
        for _ in range(ROUNDS):
            for way, (_, f) in ways.items():
                found[way].append(f())
        for way, (n, _) in ways.items():
            row = {key: float(np.median([x[key] for x in found[way]])) for key in found[way][0]}
            gains = [n * one["step"] / x["step"] for one, x in zip(found["1 process"], found[way])]
            parts = " ".join([f"{row[key] * 1e3:8.2f}" for key in ("step", "forward", "backward", "update", "work")])
            title = f"{name}, {way}, {row['bytes'] / 1e6:.1f} MB"
            spread = f"{min(gains):.2f} to {max(gains):.2f}"
            print(f"{title:44} {parts} {n * IMAGES / row['step']:9.0f} {np.median(gains):6.2f} ({spread})")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--timeline")
    parser.add_argument("--part")
    parser.add_argument("--out")
    parser.add_argument("--network", default=NETWORKS[0])
    given = parser.parse_args()
    if given.part is None:
        main(given.timeline)
    else:
        group = distributed.init(timeout=60)
        parts = {"sums": sums, "timeline": timeline, "steps": partial(steps, name=given.network)}
        found = parts[given.part](group)
        if group.rank == 0:
            Path(given.out).write_text(json.dumps(found))
