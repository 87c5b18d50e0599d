"""The modes of the framework, and the door for those who watch it work.

One `Mode` says all that is on. It lies in a `ContextVar`, so that a thread or an asyncio task that changes it never
disturbs another. Every call reads it once. `no_grad()`, `enable_grad()`, `test_mode()` are context managers and
decorators at once.

A `Watcher` is told of every call of a function, of every layer around it, and of every step of a backward pass.
Pictures, anomaly detection and profiles are watchers. A program that nobody watches pays nothing for the door.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ContextDecorator, contextmanager
from contextvars import ContextVar, Token
from typing import Any, NamedTuple, TypeVar

__all__ = ["Mode", "Watcher", "enable_grad", "mode", "no_grad", "test_mode", "using", "watching"]


class Watcher:
    """Is told what happens inside `with watching(watcher):`. Each method wraps one kind of event.

    A subclass overrides the methods that it needs, and calls `super()` for the work itself. Watchers nest: each passes
    an event on to `outer`, the watcher that was there before, and the outermost one does the work.
    """

    outer: Watcher | None = None

    def forward(self, f: Any, arrays: Sequence[Any]) -> Any:
        """Runs `f.forward` on its arrays: in every call, on arrays alone too."""
        return f.forward(*arrays) if self.outer is None else self.outer.forward(f, arrays)

    def backward(self, f: Any, gys: Sequence[Any]) -> Any:
        """Runs `f.backward` on the gradients of its outputs."""
        return f.backward(*gys) if self.outer is None else self.outer.backward(f, gys)

    def finished(self, gradients: Mapping[Any, Any]) -> None:
        """Is told the gradients by node at the end of a backward pass."""
        if self.outer is not None:
            self.outer.finished(gradients)

    def called(self, f: Any, inputs: Sequence[Any], outputs: Sequence[Any]) -> None:
        """Is told that `f` was called: the inputs as they were given, constants included, and the outputs."""
        if self.outer is not None:
            self.outer.called(f, inputs, outputs)

    def layer(self, layer: Any, xs: Sequence[Any], options: Mapping[str, Any]) -> Any:
        """Runs `layer.forward` on its arguments."""
        return layer.forward(*xs, **options) if self.outer is None else self.outer.layer(layer, xs, options)


class Mode(NamedTuple):
    """All that is on."""

    recording: bool = True  # calls leave a graph behind
    training: bool = True  # dropout drops, batch normalization uses the statistics of the batch
    differentiating: Any = None  # the backward pass that runs, if it is itself recorded (create_graph=True)
    watcher: Watcher | None = None


mode: ContextVar[Mode] = ContextVar("mode", default=Mode())  # noqa: B039  # a tuple: nobody can change it
M = TypeVar("M", bound=Watcher)


class using(ContextDecorator):
    """Changes fields of the mode for a block, or for each call of the decorated function: `using(recording=False)`."""

    def __init__(self, **changes: Any) -> None:
        self.changes = changes
        self.tokens: list[Token[Mode]] = []  # of the blocks that are open

    def __enter__(self) -> None:
        self.tokens.append(mode.set(mode.get()._replace(**self.changes)))

    def __exit__(self, *_: object) -> None:
        mode.reset(self.tokens.pop())

    def _recreate_cm(self) -> using:
        return using(**self.changes)


@contextmanager
def watching(watcher: M) -> Iterator[M]:
    """Lets `watcher` watch the block, in front of the watchers that are there already.

    Raises RuntimeError if it is one of them: it would pass every event on to itself.
    """
    outer = other = mode.get().watcher
    while other is not None:
        if other is watcher:
            raise RuntimeError(f"this {type(watcher).__name__} watches already: make a new one for the inner block")
        other = other.outer
    watcher.outer = outer
    try:
        with using(watcher=watcher):
            yield watcher
    finally:
        watcher.outer = None


def no_grad() -> using:
    """Functions called inside compute, and record nothing: no graph, no inputs kept."""
    return using(recording=False)


def enable_grad() -> using:
    """Records again inside a `no_grad` block."""
    return using(recording=True)


def test_mode() -> using:
    """Dropout passes everything, batch normalization uses its running statistics."""
    return using(training=False)


test_mode.__test__ = False  # type: ignore[attr-defined]  # the name is not a test for pytest to collect
