"""Parts of a program as CUDA graphs: a GPU starts all kernels of a part at once.

    first call     the part's function: what is compiled or made once is there then
    second call    the function once more, captured: the kernels are noted with the addresses they use, and do not run
    from then on   what moves is copied to where it was, and the graph is launched

    x, t  --copied-->  arrays of the part
                                            graph.launch  -->  arrays of the part  -->  later lines
    W, where it lies                                                               --copied-->  what the step returns

- *Memory.* A part has a pool of its own, so that nothing else gets an address that its graph uses. The arrays that it
  makes for later lines stay. What a step returns is a copy of them: the next call writes into the arrays again.
- *Arguments.* Parameters and their like are used where they lie. If one lies elsewhere, the part is captured again. One
  that soon does so again counts as one that moves; if the part changes it, the part runs as its function from then on.
- *Errors.* If a capture fails, a warning says why, and the part runs as its function. The capture is relaxed: it may
  ask for memory, and forbids other threads nothing but to wait for the whole device. CuPy refuses to wait in it, and to
  copy from main memory, which would be read at each launch.
"""

from __future__ import annotations

import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import cache
from typing import Any

from autograd.kernels.gpu import floats_on_gpu
from autograd.kernels.gpu.cublas import captured
from autograd.kernels.gpu.products import product
from autograd.kernels.gpu.tensors import step_all
from autograd.locks import Lock
from autograd.programs.parts import PRODUCT, Parts

__all__ = ["InGraphs", "Part", "can_capture"]

FEW = 16  # launches of a graph: an array that moves after fewer has moved soon
OFTEN = 4  # moves of that kind, of an array that the part changes, before it is captured no more
pools: set[Any] = set()  # of all parts: one that dies with its arrays would not give their memory back


class Part:
    """A function of arrays on a GPU, which becomes a graph. It returns arrays that the next call writes anew.

    moving    positions of the arguments that are copied
    written   positions of those that the function changes: they are never copied
    """

    def __init__(self, xp: Any, run: Callable[..., Any], moving: set[int], written: set[int]) -> None:
        self.xp, self.run, self.moving, self.written = xp, run, {*moving}, written
        self.warm = self.over = False
        self.moves: Counter[int] = Counter()
        self.pool: Any = None
        self.forget()

    def forget(self) -> None:
        """Lets go of the graph, and then of its memory."""
        self.graph: Any = None
        self.made: Any = None  # what the function returned while it was captured
        self.given: list[Any] = []  # its arguments then
        self.memory: Any = None  # that cuBLAS uses
        self.launches = 0
        if self.pool is not None:
            self.pool.free_all_blocks()

    def __call__(self, *xs: Any) -> Any:
        if self.over or not self.warm:
            self.warm = True
            return self.run(*xs)
        if not self.lies(xs) and not self.captures(xs):
            return self.run(*xs)
        copy([(self.given[i], xs[i]) for i in self.moving])
        self.graph.launch()
        self.launches += 1
        return self.made

    def lies(self, xs: Sequence[Any]) -> bool:
        """Is there a graph, and does all that is not copied lie where it lay?"""
        if self.graph is None:
            return False
        others = [i for i, (x, y) in enumerate(zip(xs, self.given)) if x is not y and i not in self.moving]
        moved = [i for i in others if place_of(xs[i]) != place_of(self.given[i])]
        if self.launches < FEW:
            self.moves.update(moved)
        self.moving |= {i for i in moved if self.moves[i] > 1 and i not in self.written}
        self.over = any(self.moves[i] > OFTEN for i in moved)
        return not moved

    def captures(self, xs: Sequence[Any]) -> bool:
        """Captures the graph for arguments that lie there. Did that work?"""
        self.forget()
        if self.over:
            return False
        self.xp.get_default_memory_pool().free_all_blocks()  # idle memory, which no other pool can take
        try:
            self.capture(xs)
        except Exception as error:
            self.forget()
            self.over = True
            why = f"{type(error).__name__}: {error}"
            warnings.warn(f"a captured step runs kernel by kernel where it should be a CUDA graph: {why}", stacklevel=2)
        return not self.over

    def capture(self, xs: Sequence[Any]) -> None:
        xp, stream = self.xp, self.xp.cuda.Stream(non_blocking=True)
        if self.pool is None:
            self.pool = xp.cuda.MemoryPool()
            pools.add(self.pool)
        with xp.cuda.using_allocator(self.pool.malloc):
            self.given = [xp.empty_like(x) if i in self.moving else x for i, x in enumerate(xs)]
            with stream, captured(xp.cuda, stream) as self.memory:
                stream.begin_capture()
                try:
                    self.made = self.run(*self.given)
                except BaseException:
                    with suppress(Exception):
                        stream.end_capture()
                    raise
                self.graph = stream.end_capture()


def place_of(x: Any) -> Any:
    return x.data.ptr, x.strides


def assign(y: Any, x: Any) -> None:
    y[...] = x


def copy(pairs: Iterable[tuple[Any, Any]]) -> None:
    """y[...] = x for each pair (y, x): those of one dtype by one kernel."""
    alike: dict[str, list[tuple[Any, Any]]] = {}
    for y, x in pairs:
        if floats_on_gpu(y, x) and y.flags.c_contiguous and x.flags.c_contiguous:
            alike.setdefault(y.dtype.char, []).append((y, x))
        else:
            assign(y, x)
    for some in alike.values():
        if len(some) > 1:
            step_all(assign, some)
        else:
            assign(*some[0])


class InGraphs:
    """The function of a program whose parts are graphs. Threads take turns, and each call waits for the one before.

    It waits on the GPU, by an event behind each call. Two streams can look the same to CuPy: stream 0 of two GPUs, or
    the default streams of two threads.
    """

    def __init__(self, xp: Any, parts: Parts, names: dict[str, Any]) -> None:
        self.xp, self.outputs = xp, parts.outputs
        self.parts = [Part(xp, names[f"_part_{i}"], *sets) for i, sets in enumerate(zip(parts.moving, parts.written))]
        names |= {f"_part_{i}": part for i, part in enumerate(self.parts)}
        names |= {PRODUCT: product, "_copied": self.copied}
        self.run = names["step"]
        self.lock = Lock()
        self.done: Any = None  # CUDA's event behind the call before

    def __del__(self) -> None:
        if not sys.is_finalizing():
            for part in (*self.parts, *self.parts):  # what is an argument of a part may be the memory of another
                part.forget()
            pools.difference_update([part.pool for part in self.parts])

    def __call__(self, *xs: Any) -> Any:
        with self.lock:
            stream = self.xp.cuda.get_current_stream()
            if self.done is not None:
                stream.wait_event(self.done)
            try:
                return self.run(*xs)
            finally:
                self.done = stream.record()

    def copied(self, values: tuple[Any, ...]) -> tuple[Any, ...]:
        """The outputs, with copies of those that lie in the memory of a graph."""
        of_graphs = [part is not None and self.parts[part].graph is not None for part in self.outputs]
        inside = {id(x): x for x, there in zip(values, of_graphs) if there}
        copies = {key: self.xp.empty_like(x) for key, x in inside.items()}
        copy([(copies[key], x) for key, x in inside.items()])
        return tuple([copies.get(id(x), x) for x in values])


@cache
def can_capture(xp: Any) -> bool:
    """Does CuPy capture graphs here?"""
    try:
        stream = xp.cuda.Stream(non_blocking=True)
        stream.begin_capture()
        stream.end_capture()
    except Exception:
        return False
    return True
