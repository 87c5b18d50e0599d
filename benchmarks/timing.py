"""Times two things in turns, so that a machine that drifts or is shared slows both, and reports their ratio."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable


def seconds(f: Callable[[], object]) -> float:
    start = time.perf_counter()
    f()
    return time.perf_counter() - start


def compare(name: str, ours: Callable[[], object], theirs: Callable[[], object], repeats: int = 30) -> float:
    """Prints one line: both medians and minima, and the median of the ratio ours/theirs pair by pair. Returns that."""
    for f in (ours, theirs):
        f()
    gc.collect()
    a, b = [], []
    for _ in range(repeats):
        a.append(seconds(ours))
        b.append(seconds(theirs))
    ratio = statistics.median(x / y for x, y in zip(a, b))
    columns = [f"{1e3 * f(v):9.3f}" for v in (a, b) for f in (statistics.median, min)]
    print(f"{name:42} {columns[0]} {columns[1]}   {columns[2]} {columns[3]}   {ratio:6.2f}")
    return ratio
