"""What a call changes besides its result: buffers, and how far generators of random numbers are.

Who changes such a thing says so here, before the change. `noting` writes it down, and `repeating` lets the same call
run once more as it ran: it sees the old buffers and draws the same numbers, and its own changes are taken back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeAlias

__all__ = ["Effects", "drawing", "noting", "repeating", "silent", "touch"]


Read: TypeAlias = Callable[[Any], Any]
Write: TypeAlias = Callable[[Any, Any], None]


class Effects:
    """What was changed, with its state before the first change; and the states of generators, one for each draw."""

    def __init__(self) -> None:
        self.before: dict[int, tuple[Any, Any, Read, Write]] = {}  # by the id of the owner: it, its state
        self.draws: list[Any] = []


notes: ContextVar[tuple[Effects, ...]] = ContextVar("notes", default=())  # who writes down what changes
repeated: ContextVar[Iterator[Any] | None] = ContextVar("repeated", default=None)  # the draws of the call that repeats


def touch(owner: Any, read: Read, write: Write) -> None:
    """Is called before the state of `owner` changes, which `read(owner)` gives and `write(owner, state)` sets."""
    for effects in notes.get():
        if id(owner) not in effects.before:
            effects.before[id(owner)] = owner, read(owner), read, write


def drawing(rng: Any) -> Any:
    """The NumPy generator `rng`, from which numbers are about to be drawn."""
    if there := notes.get():
        touch(rng, state_of, set_state)
        if (draws := repeated.get()) is not None:
            rng.bit_generator.state = next(draws, rng.bit_generator.state)
        for effects in there:
            effects.draws.append(state_of(rng))
    return rng


def state_of(rng: Any) -> Any:
    return rng.bit_generator.state


def set_state(rng: Any, state: Any) -> None:
    rng.bit_generator.state = state


@contextmanager
def noting() -> Iterator[Effects]:
    """Writes down what changes inside the block."""
    effects = Effects()
    token = notes.set((*notes.get(), effects))
    try:
        yield effects
    finally:
        notes.reset(token)


@contextmanager
def silent() -> Iterator[None]:
    """What changes inside the block is written down nowhere: a call that is repeated does not do it again."""
    token = notes.set(())
    try:
        yield
    finally:
        notes.reset(token)


@contextmanager
def repeating(effects: Effects) -> Iterator[None]:
    """Inside, all is as it was for the call that had these effects. Afterwards it is as it was before the block."""
    own = Effects()
    tokens = notes.set((own,)), repeated.set(iter(effects.draws))
    try:
        for owner, state, read, write in effects.before.values():
            touch(owner, read, write)
            write(owner, state)
        yield
    finally:
        notes.reset(tokens[0])
        repeated.reset(tokens[1])
        for owner, state, _, write in own.before.values():
            write(owner, state)
