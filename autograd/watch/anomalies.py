"""Anomaly detection: the first nan or inf is an error, and so is an edited array that a backward uses.

    with ag.anomaly():
        loss = criterion(model(x), t)
        loss.backward()

The error names the function, the shapes, the layer, and the line of the program that made the value. So is an index
beyond its axis on a GPU, where it would wrap around. Detection reads every array once more, so it is for looking for a
fault, not for training.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar, overload

import numpy as np

from autograd.algebra import GetItem, as_array
from autograd.backend import is_array, namespace
from autograd.bfloat16 import kind_of
from autograd.changes import Changed, fingerprint
from autograd.checks import within
from autograd.config import watching
from autograd.engine import unbroadcast
from autograd.function import call_text
from autograd.guards import is_floating
from autograd.watch.places import source_line
from autograd.watch.tracing import Tracing

__all__ = ["Anomaly", "anomaly"]

F = TypeVar("F")
GRAPH = {"parents", "needs", "moment", "made_by", "nodes", "several", "record", "fingerprints", "state_is_constant"}


class Anomaly(Tracing):
    """The Watcher behind `anomaly()`.

    A nan is always an error. An infinity is one if it comes from finite numbers; where it was given, it may go on.
    """

    infinite = False  # was an infinity given?

    def forward(self, f: Any, arrays: Sequence[Any]) -> Any:
        if isinstance(f, GetItem):
            self.check_index(f, arrays[0])
        before = [fingerprint(x) if is_array(x) else None for x in arrays] if f.foreign else ()
        with np.errstate(all="ignore"):  # a generator has no block around its body
            ys = super().forward(f, arrays)
        for i, was in enumerate(before):
            if was is not None and fingerprint(arrays[i]) != was:
                raise RuntimeError(f"{type(f).__name__}.forward wrote into its input {i}, {self.place()}: edit a copy")
        for i, y in enumerate(ys if isinstance(ys, tuple) else (ys,)):
            found = trouble(y, [*arrays, *vars(f).values()])
            if found:
                name = f"output {i}" if isinstance(ys, tuple) else "the output"
                raise FloatingPointError(f"{name} of {call_text(f, arrays)} has {found}, {self.place()}")
        return ys

    def called(self, f: Any, inputs: Sequence[Any], outputs: Sequence[Any]) -> None:
        super().called(f, inputs, outputs)
        if f.parents is not None:
            f.fingerprints = {name: fingerprint(x) for name, x in needed(f)}

    def finished(self, gradients: Mapping[Any, Any]) -> None:
        super().finished(gradients)
        for node, g in gradients.items():
            self.check_sum(g, f"{self.name_of(node)} {node.shape}")

    def backward(self, f: Any, gys: Sequence[Any]) -> Any:
        used = [gy for gy in gys if gy is not None]
        for gy in used:
            self.check_sum(gy, f"an output of {f!r}")
        with refusing_edited(f):
            gxs = super().backward(f, gys)
            gxs = list(gxs) if isinstance(gxs, (tuple, list)) else [gxs]
            for i, node in enumerate(f.parents[: len(gxs)]):
                if node is not None and gxs[i] is not None:
                    gxs[i] = unbroadcast(gxs[i], node, f)  # a sum or a cast may overflow too
        given = [*map(as_array, used), *[x for _, x in needed(f)], *vars(f).values(), *vars(f).get("arrays", ())]
        for i, gx in enumerate(gxs):
            found = gx is not None and trouble(as_array(gx), given)
            self.infinite |= gx is not None and not found and bool(trouble(as_array(gx), ()))
            if found:
                raise FloatingPointError(f"the gradient of {named(f, f'input {i}')} of {f!r} has {found}")
        return gxs

    def check_sum(self, g: Any, name: str) -> None:
        """Raises FloatingPointError for a sum of gradients that is not finite, unless an infinity was given before."""
        found = "" if self.infinite else trouble(as_array(g), ())
        if found:
            raise FloatingPointError(
                f"the gradient of {name} has {found}: the sum of its contributions, or a given one"
            )

    def check_index(self, f: Any, x: Any) -> None:
        """Raises IndexError for a number beyond its axis in an index array on a GPU, where it would wrap around."""
        axis, parts = 0, f.index if isinstance(f.index, tuple) else (f.index,)
        sizes = [getattr(part, "ndim", 1) if is_mask(part) else part is not None for part in parts]
        for part, size in zip(parts, sizes):
            if is_array(part) and not is_mask(part) and part.size and namespace(x) is not np:
                n, low, high = x.shape[axis], int(part.min()), int(part.max())
                if low < -n or high >= n:
                    which = f"for axis {axis}, not {high if high >= n else low}"
                    raise IndexError(f"{call_text(f, [x])}: the index must be {within(n, -n)} {which}, {self.place()}")
            axis += x.ndim - sum([s for s, p in zip(sizes, parts) if p is not ...]) if part is ... else int(size)

    def name_of(self, node: Any) -> str:
        """The name of a leaf, or the path of a Parameter."""
        x = node()
        return "a Variable" if x is None else x.name or self.path(x) or "a Variable"

    def place(self) -> str:
        """The layer and the line that are running."""
        layer = f"in {self.calls[-1]}, " if self.calls else ""
        return f"{layer}{source_line()}"


def is_mask(part: Any) -> bool:
    """Is this part of an index an array of booleans?"""
    return getattr(getattr(part, "dtype", None), "kind", None) == "b"


class Detecting(watching[Anomaly]):
    """The block and the decorator. The errors say more than NumPy's warnings, so these are off in a block."""

    def __enter__(self) -> Anomaly:
        self.quiet = np.errstate(all="ignore")
        self.quiet.__enter__()
        return super().__enter__()

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        self.quiet.__exit__(*error)

    def fresh(self) -> Anomaly:
        return Anomaly()


@overload
def anomaly() -> Detecting: ...
@overload
def anomaly(function: F) -> F: ...
def anomaly(function: Any = None) -> Any:
    """Stops at the first nan or inf, forward or backward, and at a backward that uses an edited array.

    FloatingPointError for a nan, and for an infinity that was made of finite numbers. RuntimeError for an edited array.
    Both name the function, its shapes, the layer, and the line of the program that called it. A block or a decorator.

    >>> from autograd import Variable
    >>> x = Variable([1.0, 0.0])
    >>> with anomaly():
    ...     y = 1 / x  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    FloatingPointError: the output of Div(1, float64 (2,)) has 1 inf, ...
    """
    block = Detecting(Anomaly())
    return block if function is None else block(function)


def trouble(y: Any, given: Sequence[Any]) -> str:
    """What is wrong with y, which was computed from `given`; empty if nothing is."""
    if not hasattr(y, "dtype") or kind_of(y.dtype) != "f":
        return ""
    xp = namespace(y)
    if bool(xp.isfinite(y).all()):
        return ""
    nans, infs = int(xp.isnan(y).sum()), int(xp.isinf(y).sum())
    before = [x for x in map(as_array, given) if is_floating(x) and not bool(xp.isfinite(x).all())]
    before += [x for x in given if isinstance(x, float) and not np.isfinite(x)]
    if not nans and before:
        return ""
    counts = " and ".join([f"{n} {word}" for n, word in ((nans, "nan"), (infs, "inf")) if n])
    return counts + (", as has what it was computed from" if before else "")


def needed(f: Any) -> Iterator[tuple[str, Any]]:
    """Name and array of all that `f.backward` reads: inputs, outputs, saved state, parameters such as an index."""
    for name, value in vars(f).items():
        if name in GRAPH:
            continue
        if name == "state":
            yield from [(key, x) for key, x in vars(value).items() if is_array(x)]
        elif isinstance(value, (tuple, list)):
            word = {"arrays": "input", "kept": "output"}.get(name, name)
            yield from [(f"{word} {i}", x) for i, x in enumerate(value) if is_array(x)]
        elif is_array(value):
            yield name, value


def named(f: Any, name: str) -> str:
    """An input under the name that its Variable has, if it has one."""
    word, _, i = name.partition(" ")
    names = [n for n in (f.record.paths[int(i)], f.record.names[int(i)]) if n] if word == "input" and f.record else []
    return names[0] if names else name


@contextmanager
def refusing_edited(f: Any) -> Iterator[None]:
    """Puts a `Changed` in the place of each input and output that was edited: only a backward that uses it fails.

    Raises RuntimeError for an edited array of another kind: nobody but a backward has a use for it.
    """
    lists = {"input": "arrays", "output": "kept"}
    before = {name: vars(f)[name] for name in lists.values() if name in vars(f)}
    after = {name: [*values] for name, values in before.items()}
    for name, x in needed(f):
        if getattr(f, "fingerprints", {}).get(name, fingerprint(x)) != fingerprint(x):
            edited = Changed(x, f"{named(f, name)} {x.shape} was edited between the forward and the backward of {f!r}")
            kind, _, i = name.partition(" ")
            if kind not in lists:
                edited.refuse()
            after[lists[kind]][int(i)] = edited
    try:
        vars(f).update(after)
        yield
    finally:
        vars(f).update(before)
