"""Measures a row: a process for each column, results compared first, then times in turns, and peak memory."""

from __future__ import annotations

import ctypes
import gc
import math
import multiprocessing
import os
import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
from columns import Missing, arrays, prepare
from rows import ROWS, Work, conv, elementwise
from table import Cell, difference

__all__ = ["CLOCKS", "environment", "measure"]

STEPS = 5  # steps that are compared: `capture` replays from the fourth
PAUSE = 0.05  # seconds before each turn, for threads that still look for work
BLOCK = 5e-2  # seconds that a timed block of short steps takes
PATIENCE = 240.0  # seconds for the first steps of a side
REFERENCE = "torch"
CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}  # the second counts all threads of a process
SERVED = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"


class Side:
    """A process that works on one row in one column."""

    def __init__(self, column: str, row: str) -> None:
        context = multiprocessing.get_context(SERVED)
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=serve, args=(theirs, column, row), daemon=True)
        self.process.start()
        theirs.close()

    def ask(self, request: Any, patience: float = PATIENCE) -> Any:
        """The answer. Raises Missing for an error there, for its end, and after `patience` seconds."""
        try:
            self.connection.send(request)
            if not self.connection.poll(patience):
                raise Missing(f"no step within {patience:.0f} seconds")
            answer = self.connection.recv()
        except (EOFError, ConnectionError):
            raise Missing("its process ended") from None
        if isinstance(answer, Missing):
            raise answer
        return answer

    def stop(self) -> None:
        self.process.kill()
        self.process.join()


def serve(connection: Any, column: str, row: str) -> None:
    """Answers "check" with what each step returned and the state, "memory" with bytes, (calls, clock) with seconds."""
    warnings.simplefilter("ignore")
    found: Any = None
    try:
        touch(column)
        work = prepare(column, ROWS[row])
        base = settled()
    except Exception as error:
        found = reason(error)
    while True:
        try:
            request = connection.recv()
        except EOFError:  # nobody asks any more
            return
        try:
            if found is not None:
                answer = found
            elif request == "check":
                answer = check(work, ROWS[row].seen)
            elif request == "memory":
                answer = peak(work) - base
            else:
                answer = seconds(work, *request)
        except Exception as error:
            answer = found = reason(error)
        connection.send(answer)
        del answer  # it would count as memory of the next steps


def reason(error: Exception) -> Missing:
    first = (str(error).strip() or type(error).__name__).splitlines()[0]
    return error if isinstance(error, Missing) else Missing(f"{type(error).__name__}: {first}"[:200])


def touch(column: str) -> None:
    """Small work first: the memory of a library's code, threads and compiler is not that of a row."""
    if column in ("plain", "fast", "captured", "torch"):
        for row in (conv.conv(8, 16, 16, 16, 3), elementwise.gelu(100, 100)):
            data = row.data(np.random.default_rng(0))
            work = (row.theirs if column == "torch" else row.ours)(*data)
            work.step(*work.args)


def check(work: Work, seen: Callable[[list[Any]], list[Any]] | None) -> tuple[list[Any], float]:
    """What each step returned, and the state in the end, as lists of arrays; and the seconds of the last step."""
    found = []
    for _ in range(STEPS):
        start = time.perf_counter()
        y = work.step(*work.args)
        last = time.perf_counter() - start
        y = arrays(y)
        found.append(seen(y) if seen else y)
    found.append(arrays(work.state()))
    return found, last


def seconds(work: Work, calls: int, clock: str) -> float:
    """Seconds a step, on average over a block of calls, after as many that do not count: threads and caches wake up."""
    now = CLOCKS[clock]
    for _ in range(calls):
        work.step(*work.args)
    start = now()
    for _ in range(calls):
        work.step(*work.args)
    return (now() - start) / calls


def status(field: str) -> float:
    """A size from Linux's account of this process, in bytes: VmRSS is now, VmHWM the peak. NaN elsewhere."""
    try:
        with open("/proc/self/status") as file:
            return next(int(line.split()[1]) * 1024.0 for line in file if line.startswith(field))
    except OSError:
        return math.nan


def settled() -> float:
    """The memory of the process now, after what is free has gone back to the system."""
    gc.collect()
    with suppress(AttributeError):  # glibc's
        ctypes.CDLL(None).malloc_trim(0)
    return status("VmRSS")


def peak(work: Work) -> float:
    """The memory of the process at its peak over three steps."""
    settled()
    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")  # the peak begins anew
    except OSError:
        return math.nan
    for _ in range(3):
        work.step(*work.args)
    return status("VmHWM")


def measure(
    name: str, columns: Sequence[str], budget: float, least: int, patience: float = PATIENCE, clock: str = "wall"
) -> dict[str, Cell]:
    """The cell of each column of a row: `least` turns, and more as long as `budget` seconds have not gone by."""
    sides = {column: Side(column, name) for column in columns}
    cells = {column: Cell() for column in columns}
    expected, calls = None, {}
    try:
        for column in sorted(columns, key=lambda column: column != REFERENCE):
            side = sides[column]
            try:
                found, last = side.ask("check", patience)
                expected = expected or found
                compare(found, expected, ROWS[name].tolerance)
                calls[column] = max(1, min(1000, math.ceil(BLOCK / last)))
                if column not in ("compile", "jax"):  # their compilers leave more behind than a step takes
                    cells[column].megabytes = side.ask("memory") / 1e6
            except Missing as missing:
                cells[column].reason = str(missing)
                calls.pop(column, None)
                side.stop()
        start, turns = time.perf_counter(), 0
        while calls and (turns < least or (time.perf_counter() - start < budget and turns < 40)):
            turns += 1
            for column, count in calls.items():
                time.sleep(PAUSE)
                cells[column].seconds.append(sides[column].ask((count, clock)))
    except Missing as missing:
        raise RuntimeError(f"{name} stopped after it was checked: {missing}") from None
    finally:
        for side in sides.values():
            side.stop()
    return cells


def compare(found: list[Any], expected: list[Any], tolerance: float | None) -> None:
    """Raises Missing if two sides differ after some step."""
    for step, (a, b) in enumerate(zip(found, expected, strict=True), 1):
        far = difference(a, b)
        widest = max([x.dtype.itemsize for x in b if x.dtype.kind == "f"], default=4)
        allowed = tolerance or (1e-8 if widest == 8 else 1e-4)
        if not far <= allowed:
            where = f"step {step}" if step <= STEPS else "the state"
            raise Missing(f"results differ by {far:.1e} of the largest at {where}")


def environment(threads: int) -> None:
    """For the processes that are started from here on. Each begins as a copy of one that has imported all."""
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(threads)
    if threads == 1:
        os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    os.environ["PYTHONPATH"] = os.pathsep.join([os.path.dirname(__file__), os.environ.get("PYTHONPATH", "")])
    multiprocessing.set_forkserver_preload(["measure", "torch", "jax"])
