"""The mean gradient of all ranks, sent in buckets while the backward pass goes on.

A bucket is one flat array that lies there from step to step:

    | gradient of p | gradient of q | ... | was there one? p q ... | has the model changed? | weight |

The pass of a rank starts from its weight in place of 1, its number of samples over a number that all ranks know. A
gradient is copied into its bucket when the last function has been differentiated that uses the parameter. A bucket that
is full is sent, after those before it: all ranks send in one order. At the end each sum is divided by the sum of the
weights. A parameter for which no rank had a gradient keeps None.

A rank whose model has changed, which has frozen a layer, say, sends its buckets as before, with a 1 in place of the
gradients. So every rank hears of it in the same call. All compare their models then, and send new buckets.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from sys import getrefcount
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.algebra import as_array
from autograd.backend import Array, is_array, namespace, to_numpy
from autograd.checks import flag, number, one_of, shown, whole
from autograd.config import Watcher, watching
from autograd.distributed.replicas import check_same, description
from autograd.function import Tracked
from autograd.layers.base import Layer, Parameter
from autograd.variable import Variable

if TYPE_CHECKING:
    from autograd.distributed.group import Group, Pending

__all__ = ["Averaging"]


class Averaging:
    """`with averaging(samples=len(t)): loss.backward()` leaves in each `.grad` the mean of all ranks.

    The loss is the mean over the samples of this rank, and the gradients become those of the mean over the samples of
    all: as those of one process with the whole batch, up to rounding. `samples` is what the loss divides by: the labels
    that are not ignored, a sum of weights, and 0 for a rank that has none. Such a rank calls `y.sum().backward()`, or
    nothing if no layer works over ranks. With `reduction="sum"` the loss is a sum, and the gradients are added.
    With `last=False` the gradients are added up and not sent yet: that is for all but the last of several batches.

    The first block looks in which order the gradients come, and from the second on they are sent in that order during
    the pass. The parameters are looked up anew in each block, so all ranks freeze, thaw or add layers at the same time;
    a rank that does so alone is an error on all, by name.
    `group.averaging(model)` makes one, and the models equal before.
    """

    def __init__(self, group: Group, model: Layer, bucket: int = 1 << 24) -> None:
        if not isinstance(model, Layer):
            raise TypeError(f"averaging: model must be a Layer, not {shown(model)}")
        self.group, self.model, self.bytes = group, model, whole("averaging: bucket", bucket)
        self.params: dict[str, Parameter] = {}
        self.known: list[Any] | None = None  # of no block yet
        self.buckets: list[Bucket] = []
        self.changed = False  # has this rank other parameters than its buckets?
        self.reference = 0.0  # samples that count as a weight of 1
        self.passes, self.weight, self.reduction = 0, 0.0, "mean"  # since the last sending
        self.broken = False  # did an error leave sums on their way?

    @contextmanager
    def __call__(self, samples: float = 1, last: bool = True, reduction: str = "mean") -> Iterator[None]:
        count = as_array(samples)  # such as (t != -1).sum(), which CuPy gives without axes
        samples = count.item() if getattr(count, "shape", None) == () else samples
        samples, last = number("averaging: samples", samples, least=0), flag("averaging: last", last)
        mean = one_of("averaging: reduction", reduction, "mean", "sum") == "mean"
        if inside.get():
            raise RuntimeError("averaging takes no block in another: put the models into one Layer, and average that")
        if self.group.size == 1 and last and not self.passes:
            yield  # this one pass is the mean
            return
        if self.passes and reduction != self.reduction:
            raise ValueError(f"averaging: reduction must be {self.reduction!r} as before, not {reduction!r}")
        self.reduction = reduction
        self.look_up()
        self.check_fresh()
        share = self.share(samples)  # of a sum too: ranks that differ make the same calls
        weight = share if mean else 1.0
        self.weight = self.weight + weight if mean else float(self.group.rank == 0)  # 1 over all ranks
        self.passes += 1
        token = inside.set(True)
        try:
            with watching(Pass(self, weight, self.buckets if last and not self.changed else [])) as this:
                yield
            if last:
                self.finish([*this.order.values()])
                self.passes, self.weight = 0, 0.0
        except BaseException:
            self.passes, self.weight = 0, 0.0
            if any(bucket.pending is not None for bucket in self.buckets):
                self.broken = True  # MPI still writes into the buckets, so they stay
            else:
                self.buckets, self.known = [], None
            raise
        finally:
            inside.reset(token)

    def check_fresh(self) -> None:
        """Raises RuntimeError where sums of an earlier block are on their way, or its means lie in the parameters."""
        if self.broken:
            raise RuntimeError(
                "averaging: an error has left a block while its sums were on their way, so the ranks do not go on "
                "together: start all processes again, from a checkpoint"
            )
        if self.group.size > 1 and not self.passes and any(p.grad is not None for p in self.params.values()):
            raise RuntimeError(
                "averaging: the parameters have gradients from before, which are means already: call "
                "model.cleargrads() first, and use last=False in all but the last of several blocks"
            )

    def look_up(self) -> None:
        """Finds the parameters. At first they are compared with those of all ranks."""
        params = {path: p for path, p in self.model.named_params() if not p.frozen}
        known: list[Any] = [(id(p), p.shape, p.dtype) for p in params.values()]
        known += [self.reduction, *[layer.training for layer in Layer.layers(self.model)]]
        if any(hasattr(namespace(p.value), "refuse_others") for p in params.values()):
            raise RuntimeError("averaging takes no captured step: call the step itself, not ag.capture(step)")
        if self.known is None:
            self.check_same()
        elif known != self.known:
            self.changed = True
        self.params, self.known = params, known

    def check_same(self) -> None:
        check_same(self.group, "averaging", {"reduction": self.reduction})
        check_same(self.group, "the model", description(self.model))

    def share(self, samples: float) -> float:
        """The weight of so many samples, by a number that all ranks know."""
        if not self.reference or (self.group.size == 1 and not self.passes):
            self.reference = max(self.group.gather(samples))
        return samples / self.reference if self.reference else 0.0

    def finish(self, order: Sequence[Parameter]) -> None:
        """Sends what has not been sent, waits, and puts the means into `.grad`: again, where a model has changed."""
        if self.buckets and not self.receive():
            self.buckets, self.changed = [], False
            self.check_same()
        if not self.buckets:
            paths = {id(p): path for path, p in self.params.items()}
            first = self.group.broadcast([paths[id(p)] for p in order])
            rest = [path for path in reversed(self.params) if path not in first]
            self.buckets = filled([self.params[path] for path in (*first, *rest)], self.bytes)
            self.changed = False
            self.receive()
        if self.buckets and self.buckets[0].weight and all(p.grad is None for p in self.params.values()):
            raise RuntimeError(
                "averaging: no rank has a gradient: call loss.backward() inside of the block, on a loss that is "
                "computed from the parameters"
            )

    def receive(self) -> bool:
        """Takes the means out of the buckets, unless the model of a rank has changed."""
        for bucket in self.buckets:
            if bucket.pending is None:
                bucket.send(self.group, self.weight, self.changed)
        with np.errstate(over="ignore", invalid="ignore"):  # of a sum of halves: those who update look for it
            good = all(bucket.take_out() for bucket in self.buckets)
        for bucket in self.buckets:
            bucket.arrive()
        return good


inside: ContextVar[bool] = ContextVar("averaging", default=False)  # is a block open in this thread?


class Pass(Watcher):
    """A backward pass, whose gradients go into the buckets as soon as they are complete."""

    def __init__(self, averaging: Averaging, weight: float, buckets: Sequence[Bucket]) -> None:
        self.group, self.averaging, self.weight = averaging.group, averaging, weight
        self.places: dict[Any, tuple[Bucket | None, int]] = {
            p.node: (bucket, i) for bucket in buckets for i, p in enumerate(bucket.params)
        }
        self.waiting = [*buckets][::-1]  # the next one to be sent is the last
        self.sent: list[Bucket] = []  # and not arrived yet
        self.order: dict[Any, Parameter] = {}  # by node, as their gradients were complete

    def walk(self, nodes: Iterable[Any], gradients: dict[Any, Any]) -> Iterator[Any]:
        nodes = [*super().walk(nodes, gradients)]
        if self.weight != 1:
            gradients.update({node: g * self.weight for node, g in gradients.items()})
        for node, complete in zip(nodes, self.completed(nodes)):
            yield node
            for x in complete:
                self.take(x, gradients.get(x))
            self.sent = [bucket for bucket in self.sent if not bucket.arrived()]

    def completed(self, nodes: Sequence[Any]) -> list[list[Any]]:
        """For each node of the walk the parameters that it is the last to use: their gradients are complete then."""
        leaves = {p.node for p in self.averaging.params.values()}
        last = {x: i for i, node in enumerate(nodes) for x in node.creator.parents if x in leaves}
        found: list[list[Any]] = [[] for _ in nodes]
        for x, i in last.items():
            found[i].append(x)
        return found

    def take(self, x: Any, g: Any) -> None:
        """Puts a gradient, with what earlier passes have left, into its bucket, and sends those that are full."""
        p, (bucket, i) = x(), self.places.get(x, (None, 0))
        if isinstance(g, Tracked):
            raise RuntimeError("averaging takes backward() without create_graph: the mean of all ranks has no graph")
        if x in self.order:
            raise RuntimeError("averaging takes one backward pass in a block: add the losses, or use last=False before")
        self.order[x] = p
        if bucket is not None and g is not None:
            bucket.put(i, g if p.grad is None else as_array(p.grad) + g)
        while self.waiting and self.waiting[-1].full():
            bucket = self.waiting.pop()
            bucket.send(self.group, self.averaging.weight, changed=False)
            self.sent.append(bucket)


class Bucket:
    """Parameters whose gradients are sent together, in one array that stays."""

    def __init__(self, params: Sequence[Parameter]) -> None:
        value = params[0].value
        ends = np.cumsum([p.size for p in params]).tolist()
        self.params = params
        self.flat = namespace(value).zeros(ends[-1] + len(params) + 2, sum_dtype(value))
        self.parts = [self.flat[j - p.size : j].reshape(p.shape) for p, j in zip(params, ends)]
        self.taken: set[int] = set()
        self.pending: Pending | None = None
        self.weight = 0.0  # of all ranks

    def put(self, i: int, g: Array) -> None:
        """Copies a gradient into its place."""
        self.parts[i][...] = g
        self.taken.add(i)

    def full(self) -> bool:
        return len(self.taken) == len(self.params)

    def send(self, group: Group, weight: float, changed: bool) -> None:
        """Begins to sum the bucket over all ranks: what no pass has put there is what lies in `.grad`."""
        for i, p in enumerate(self.params):
            if i not in self.taken and p.grad is not None and not changed:
                self.put(i, as_array(p.grad))
            elif i not in self.taken:
                self.parts[i][...] = 0
        tail = [*[i in self.taken for i in range(len(self.params))], changed, weight]
        self.flat[-len(tail) :] = namespace(self.flat).asarray(tail)
        self.pending = group.all_reduce(self.flat)

    def arrived(self) -> bool:
        """Is the sum there? Asking brings it forward."""
        return self.pending is not None and self.pending.test()

    def arrive(self) -> None:
        """Waits for the sum."""
        if self.pending is not None:
            self.pending.wait()
        self.taken, self.pending = set(), None

    def take_out(self) -> bool:
        """Waits for the sum, and gives each parameter the mean; False, and none, if the model of a rank has changed."""
        self.arrive()
        *there, changed, self.weight = to_numpy(self.flat[-len(self.params) - 2 :]).tolist()
        if changed:
            return False
        weight = self.weight or 1  # no rank has a sample, and the gradients are 0
        for p, part, n in zip(self.params, self.parts, there):
            if not n:
                p.grad = None
            elif has_own_gradient(p):  # whose memory is used again: to free and to find as much takes longer
                namespace(part).divide(part, weight, out=p.grad.value)
            else:
                p.grad = Variable((part / weight).astype(p.dtype, copy=False))
        return True


def has_own_gradient(p: Parameter) -> bool:
    """Does nobody but the parameter hold its gradient, or the array in it?"""
    g: Any = p.grad
    if g is None or getrefcount(g) > 3 or not is_array(g.value):  # that of no axes may be a NumPy scalar
        return False
    return g.value.base is None and getrefcount(g.value) <= 2


def filled(params: Sequence[Parameter], enough: int) -> list[Bucket]:
    """Buckets for the parameters in this order, each of one dtype and device: one that has so many bytes is full."""
    rows: list[list[Parameter]] = []
    kinds: dict[Any, list[Parameter]] = {}
    for p in params:
        kind = p.dtype, namespace(p.value)
        row = kinds.get(kind)
        if row is None or sum([q.value.nbytes for q in row]) >= enough:
            row = kinds[kind] = []
            rows.append(row)
        row.append(p)
    return [Bucket(row) for row in rows]


def sum_dtype(x: Array) -> Any:
    """The dtype in which gradients are summed: their own, and float32 for halves."""
    return x.dtype if x.dtype.itemsize >= 4 else np.dtype(np.float32)
