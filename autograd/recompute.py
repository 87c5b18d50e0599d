"""Activation checkpointing: a part of the graph that keeps its inputs alone, and is computed again on the way back.

    h = x
    for i in range(0, 400, 20):  # the square root of the number of blocks is best
        h = ag.checkpoint(L.Sequential(*blocks[i : i + 20]), h)

A chain of n blocks keeps the activations of all n. In parts of k blocks it keeps the n / k inputs of the parts, and the
k activations of the part that is walked: 2 sqrt(n) with k = sqrt(n), for one more forward computation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from weakref import ref

import numpy as np

from autograd.algebra import as_array
from autograd.backend import namespace
from autograd.bfloat16 import finfo
from autograd.changes import Changed
from autograd.checks import function
from autograd.config import Mode, Watcher, current, mode, replayed, watching
from autograd.derivatives.structures import apart
from autograd.effects import Effects, noting, repeating
from autograd.engine import backward_pass, latest_first, nodes_below
from autograd.function import Function, Tracked, wrap
from autograd.kernels.gpu import late, on_gpu
from autograd.names import with_advice

__all__ = ["checkpoint"]

Y = TypeVar("Y")


@with_advice
def checkpoint(f: Callable[..., Y], *xs: Any) -> Y:
    """f(*xs), of which the graph keeps the inputs alone: the way back computes f again.   [activation checkpointing]

    f    a layer or a function. It may use parameters and other Variables from elsewhere: they get their gradients
    xs   its arguments: Variables, lists, tuples and dicts with Variables in them, and anything else

    Values and gradients are those of f(*xs), at every order. What f gives may be a list, a tuple or a dict. The memory
    of a chain of n blocks falls from n to 2 sqrt(n) activations, if each sqrt(n) blocks are one call; a step takes one
    more forward computation, a third of its time. With `create_graph=True` the second one stays in the graph.

    >>> from autograd import Variable
    >>> x = Variable([1.0, 2.0])
    >>> y = checkpoint(lambda x: (x * x).exp().sum(), x)
    >>> y.backward()
    >>> x.grad
    Variable([  5.43656366, 218.39260013])

    The second computation has the mode and the buffers of the first, and draws the same numbers: dropout has one mask,
    and a BatchNorm moves its running mean once. Random numbers must come from `ag.generator()`, or from a generator
    that is given to a function of this package as `rng`, and no other thread may draw them during the walk. In a step
    that `ag.capture` writes down, and under `no_grad`, it is f(*xs) itself.

    The walk back raises RuntimeError if f does not give the same values from the same Variables again, or if a second
    walk comes without `keep_graph=True`.
    Source: Chen et al., "Training deep nets with sublinear memory cost", 2016.
    """
    function("checkpoint: f", f)
    now, reading = current(), Reading()
    if not now.recording or replayed():
        return f(*xs)
    with noting() as effects, watching(reading):
        y = f(*xs)
    ys, _, rebuild = apart(y)
    made = [i for i, y in enumerate(ys) if reading.has_made(y)]
    given, _, arguments = apart(xs)
    places = [i for i, x in enumerate(given) if isinstance(x, Tracked) and not x.frozen]
    variables = [given[i] for i in places]
    others = reading.others(besides=variables)
    below = nodes_below([ys[i].node for i in made], {x.node for x in (*variables, *others)})
    others = [x for x in others if x.node in below]
    reached = [x.node in below for x in (*variables, *others)]
    if not any(reached):
        return y
    leaves = [x.family if i in places else x for i, x in enumerate(given)]
    values = [ys[i].value for i in made]
    again = Again(
        lambda xs: f(*arguments(xs)), leaves, places, others, made, reached, effects, now, values, traces_of(values)
    )
    del y, below
    found: Any = Recomputed(again)(*variables, *others)
    for i, new in zip(made, found if isinstance(found, tuple) else (found,)):
        new.name, ys[i] = ys[i].name, new
    return rebuild(ys)  # type: ignore[no-any-return]


class Reading(Watcher):
    """Finds the Variables that a computation reads and has not made."""

    def __init__(self) -> None:
        self.read: dict[int, Any] = {}  # weak references by id, in order
        self.constants: dict[int, Any] = {}  # those to what was made without a graph
        self.functions: set[int] = set()  # the ids of all that are in the new graph

    def called(self, f: Any, inputs: Sequence[Any], outputs: Sequence[Any]) -> None:
        super().called(f, inputs, outputs)
        self.read.update({id(x): ref(x) for x in inputs if isinstance(x, Tracked)})
        if f.parents is None:
            self.constants.update({id(y): ref(y) for y in outputs if isinstance(y, Tracked)})
        else:
            self.functions.add(id(f))

    def has_made(self, y: Any) -> bool:
        """Is it a Variable in the new graph?"""
        return isinstance(y, Tracked) and y.node is not None and id(y.node.creator) in self.functions

    def others(self, besides: Iterable[Any]) -> list[Any]:
        """The Variables in other graphs that were read, except for some. Those that are gone need no gradient."""
        found = [x for reference in self.read.values() if (x := reference()) is not None]
        known = {id(x) for x in besides} | {i for i, x in self.constants.items() if x() is not None}
        return [x for x in found if x.node is not None and id(x) not in known and not self.has_made(x)]


@dataclass(eq=False)
class Again:
    """All that the second computation needs beside the values of the inputs."""

    f: Callable[[list[Any]], Any]  # of the arguments' leaves
    leaves: list[Any]  # these, with the class of its Variables in the place of an input
    places: list[int]  # where the first inputs stand among them
    others: list[Any]  # the Variables elsewhere that are the other inputs
    made: list[int]  # which of the results' leaves are the outputs
    reached: list[bool]  # which of the inputs the outputs depend on
    effects: Effects
    mode: Mode
    values: Any  # of the outputs, until the graph has them
    traces: Any  # of the outputs, by which it is seen whether they are the same

    def outputs(self, xs: Sequence[Any], nodes: Sequence[Any]) -> list[Any]:
        """The outputs in a new graph, which begins at the nodes of the inputs. Raises RuntimeError if they differ."""
        leaves = [*self.leaves]
        for place, x, node in zip(self.places, xs, nodes):
            leaves[place] = wrap(x, leaves[place])
            leaves[place].node = node
        n = len(self.places)
        was = {"recording": True, "differentiating": None, "training": self.mode.training, "dtype": self.mode.dtype}
        token = mode.set(mode.get()._replace(**was))
        try:
            with repeating(self.effects), at_nodes(self.others, xs[n:], nodes[n:]):
                ys, _, _ = apart(self.f(leaves))
        finally:
            mode.reset(token)
        found = [ys[i] for i in self.made if i < len(ys) and getattr(ys[i], "node", None) is not None]
        if len(found) < len(self.made):
            raise RuntimeError(OTHER_VALUES)
        check_same(self.traces, traces_of([y.value for y in found]))
        return found


DIFFERS = "checkpoint: f must compute the same when it is called again by backward()"
OTHER_VALUES = f"{DIFFERS}, and its values differ: draw random numbers by ag.generator()"


class Recomputed(Function):
    """ys = f(xs), where the inputs are all Variables that f reads, parameters too: `backward` computes f again."""

    keeps_outputs = widens = False

    def __init__(self, again):
        self.again = again

    def forward(self, *_):
        values, self.again.values = self.again.values, None
        return tuple(values) if len(values) > 1 else values[0]

    def backward(self, *gys):
        if self.again is None:
            raise RuntimeError(FREED)
        xs = [as_array(x) for x in self.inputs]
        for x in xs:
            if isinstance(x, Changed):
                x.refuse()
        again, ends = self.again, set(self.parents)
        ys = again.outputs(xs, self.parents)
        below = nodes_below([y.node for y in ys], ends)
        if [node in below for node in self.parents] != again.reached:
            raise RuntimeError(f"{DIFFERS}, and it uses other Variables: is it a lambda in a loop, or a state?")
        seeds: dict[Any, Any] = {}
        for y, gy in zip(ys, gys):
            if gy is not None:
                seeds[y.node] = seeds[y.node] + gy if y.node in seeds else gy
        walk = latest_first([node for node in below if node not in ends])
        found = backward_pass(seeds, walk, wanted=below)
        return tuple([found.pop(node, None) for node in self.parents])

    def zeros_like_output(self, i):
        """None for an output without a gradient, as in the graph of f itself: infinity times 0 would be nan."""

    def release(self):
        super().release()
        self.again = None


FREED = (
    "checkpoint: what f needs was freed by an earlier backward pass: call that one with backward(keep_graph=True) to "
    "walk the graph again"
)


@contextmanager
def at_nodes(variables: Sequence[Any], values: Sequence[Any], nodes: Sequence[Any]) -> Iterator[None]:
    """Variables with the values and places that they had: `functional_call` puts others there for a time."""
    moved = [(x, value, node) for x, value, node in zip(variables, values, nodes) if x.node is not node]
    before = [(x, x.value, x.node) for x, _, _ in moved]
    try:
        for x, value, node in moved:
            x.value, x.node = value, node
        yield
    finally:
        for x, value, node in before:
            x.value, x.node = value, node


def traces_of(values: Sequence[Any]) -> list[Any]:
    """What is kept of each array to know it again: shape, dtype, a sum with weights, and the error that it may have.

    The weight of place i is the fractional part of i times the golden ratio, less 1/2: another number at one place, or
    the same numbers at other places, give another sum. Rounding in another order gives it an error of the norm of the
    array times a few units in the last place.
    """
    found = []
    for x in values:
        xp, flat = namespace(x), x.reshape(-1)
        total, square = 0.0, 0.0
        with np.errstate(over="ignore", invalid="ignore"):  # infinities are nan in a sum
            for i in range(0, flat.size, PIECE):
                part = flat[i : i + PIECE].astype("d")
                weights = xp.arange(i + 1, i + 1 + part.size, dtype="d") * GOLDEN % 1 - 0.5
                total, square = total + part @ weights, square + part @ part
        found.append((x.shape, x.dtype, total, UNITS * float(finfo(x.dtype).eps) * square**0.5))
    return found


GOLDEN = (5**0.5 - 1) / 2
PIECE = 1 << 16  # numbers that are compared at a time, in float64
UNITS = 8  # in the last place


def check_same(a: list[Any], b: list[Any]) -> None:
    """Raises RuntimeError if these are the traces of other arrays; on a GPU, where a value is read next.

    nan and infinity are like anything.
    """
    for x, y in zip(a, b):
        differ = x[:2] != y[:2] or abs(x[2] - y[2]) > x[3]
        if hasattr(differ, "dtype") and on_gpu(differ):
            late.check_below(differ.astype(np.int64), 1, lambda _: RuntimeError(OTHER_VALUES))
        elif differ:
            raise RuntimeError(OTHER_VALUES)
