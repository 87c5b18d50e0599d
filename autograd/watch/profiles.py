"""Profile: time and bytes of each function and each layer, forward and backward.

    with ag.profile() as p:
        loss = criterion(model(x), t)
        loss.backward()
    print(p)
    visualize.plot(loss, "graph.svg", profile=p)

Time is that inside of `forward` and `backward`, the work on arrays. The rest of the block is Python's: recording the
graph, walking it back, the program itself, and the profile's own work, about a microsecond a call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from autograd.algebra import as_array
from autograd.config import watching
from autograd.watch.places import Call, Locator

__all__ = ["Cost", "Profile", "profile"]


@dataclass(slots=True)
class Cost:
    """What calls of one kind took: seconds, and the bytes of the arrays that they returned."""

    calls: int = 0
    forward: float = 0.0  # seconds
    backward: float = 0.0  # seconds
    bytes: int = 0

    @property
    def seconds(self) -> float:
        return self.forward + self.backward

    def add(self, other: Cost) -> None:
        self.calls += other.calls
        self.forward += other.forward
        self.backward += other.backward
        self.bytes += other.bytes


class Profile(Locator):
    """The Watcher behind `profile()`. `functions` and `layers` are the costs by name, `total` the seconds of the block.

    What a `forward` or a `backward` calls counts as its own. The functions that a recorded backward pass leaves behind
    belong to the layer of the function that it differentiates.
    """

    def __init__(self) -> None:
        super().__init__()
        self.costs: dict[tuple[str, str], Cost] = {}  # by the path of the layer and the class of the function
        self.total = 0.0
        self.inside = False  # of a forward or a backward
        self.origin: tuple[Call, ...] = ()  # the layers of the function whose forward or backward it is
        self.latest: float = 0.0  # seconds of the last forward

    def forward(self, f: Any, arrays: Sequence[Any]) -> Any:
        if self.inside:
            return super().forward(f, arrays)
        self.origin = self.calls
        ys, self.latest = self.timed(super().forward, f, arrays)
        self.add(self.calls, f, Cost(1, self.latest, 0.0, nbytes(ys)))
        return ys

    def called(self, f: Any, inputs: Sequence[Any], outputs: Sequence[Any]) -> None:
        super().called(f, inputs, outputs)
        if f.parents is not None:
            f.measured = Measured(self, self.origin, 0.0) if self.inside else Measured(self, self.calls, self.latest)

    def backward(self, f: Any, gys: Sequence[Any]) -> Any:
        if self.inside:
            return super().backward(f, gys)
        measured = vars(f).get("measured")
        self.origin = measured.calls if measured else ()
        gxs, seconds = self.timed(super().backward, f, gys)
        self.add(self.origin, f, Cost(0, 0.0, seconds, nbytes(gxs)))
        if measured:
            measured.seconds += seconds
        return gxs

    def timed(self, work: Callable[..., Any], *args: Any) -> tuple[Any, float]:
        """What `work` returns, and the seconds it took."""
        self.inside = True
        start = perf_counter()
        try:
            return work(*args), perf_counter() - start
        finally:
            self.inside = False

    def add(self, calls: tuple[Call, ...], f: Any, cost: Cost) -> None:
        layer = str(calls[-1]) if calls else ""
        self.costs.setdefault((layer, type(f).__name__), Cost()).add(cost)

    @property
    def functions(self) -> dict[str, Cost]:
        """The costs by the class of the function, the largest first."""
        return self.grouped(1)

    @property
    def layers(self) -> dict[str, Cost]:
        """The costs by the path and the class of the innermost layer, the largest first."""
        return self.grouped(0)

    def grouped(self, part: int) -> dict[str, Cost]:
        found: dict[str, Cost] = {}
        for key, cost in self.costs.items():
            found.setdefault(key[part], Cost()).add(cost)
        return dict(sorted(found.items(), key=lambda item: -item[1].seconds))

    def seconds(self, f: Any) -> float | None:
        """The seconds that one function took, forward and backward; None if it was not measured here."""
        measured = vars(f).get("measured")
        return measured.seconds if measured is not None and measured.by is self else None

    @property
    def overhead(self) -> float:
        """The share of the block that was spent outside of `forward` and `backward`: in Python, from 0 to 1."""
        work = sum([cost.seconds for cost in self.costs.values()])
        return 1 - work / self.total if self.total else 0.0

    def __str__(self) -> str:
        work = sum([cost.seconds for cost in self.costs.values()])
        lines = [
            f"{1e3 * self.total:.3f} ms, of it {1e3 * work:.3f} ms in functions and {self.overhead:.0%} around them"
        ]
        for title, group in (("function", self.functions), ("layer", self.layers)):
            lines += ["", f"{title:30} {'calls':>8} {'forward ms':>11} {'backward ms':>12} {'share':>6} {'MB':>9}"]
            for name, cost in group.items():
                times = f"{1e3 * cost.forward:11.3f} {1e3 * cost.backward:12.3f} {cost.seconds / max(work, 1e-12):6.1%}"
                lines.append(f"{name or '(no layer)':30.30} {cost.calls:8} {times} {cost.bytes / 1e6:9.2f}")
        return "\n".join(lines)


@dataclass(slots=True)
class Measured:
    """What a function took, and the layers that it was called in."""

    by: Profile
    calls: tuple[Call, ...]
    seconds: float


class Measuring(watching[Profile]):
    """The block of `profile`."""

    def __enter__(self) -> Profile:
        self.start = perf_counter()
        return super().__enter__()

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        self.watcher.total += perf_counter() - self.start

    def __call__(self, function: Any) -> Any:
        raise TypeError("profile() takes no function: nobody would see its table. Write `with profile() as p:`")


def profile(function: Any = None) -> Measuring:
    """Measures the block: `print(p)` is a table, and `visualize.plot(y, path, profile=p)` colours the graph by time.

    >>> from autograd import Variable
    >>> x = Variable([1.0, 2.0])
    >>> with profile() as p:
    ...     y = (x * x).sum()
    ...     y.backward()
    >>> p.functions["Mul"].calls
    1
    """
    block = Measuring(Profile())
    return block if function is None else block(function)


def nbytes(values: Any) -> int:
    """The bytes of the arrays that a call returned."""
    arrays = [as_array(x) for x in (values if isinstance(values, (tuple, list)) else (values,))]
    return sum([x.nbytes for x in arrays if hasattr(x, "nbytes")])
