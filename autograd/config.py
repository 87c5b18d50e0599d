"""The two switches of the framework: is a graph recorded, and are we training?

Each switch is a `ContextVar`, so that a thread or an asyncio task that turns one off never disturbs another.
`no_grad()`, `enable_grad()` and `test_mode()` are context managers and decorators at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

T = TypeVar("T")

recording: ContextVar[bool] = ContextVar("recording", default=True)
training: ContextVar[bool] = ContextVar("training", default=True)


@contextmanager
def using(switch: ContextVar[T], value: T) -> Iterator[None]:
    """Sets `switch` to `value` for the block (or the decorated function), then puts the old value back."""
    token = switch.set(value)
    try:
        yield
    finally:
        switch.reset(token)


def no_grad():  # type: ignore[no-untyped-def]  # the type is contextlib's own generator manager
    """Functions called inside compute, and record nothing: no graph, no inputs kept."""
    return using(recording, False)


def enable_grad():  # type: ignore[no-untyped-def]
    """Records again inside a `no_grad` block."""
    return using(recording, True)


def test_mode():  # type: ignore[no-untyped-def]
    """Dropout passes everything, batch normalization uses its running statistics."""
    return using(training, False)


test_mode.__test__ = False  # type: ignore[attr-defined]  # the name is not a test for pytest to collect
