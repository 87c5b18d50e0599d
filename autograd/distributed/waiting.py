"""How ranks wait for each other: no operation blocks, each is begun, and then asked for until it is done.

So a rank that waits can hear what the others say, in a channel of its own: that one of them waits too long, or has
ended. A rank that hears that another one waits says what it waits for itself. Who says nothing is missing.
"""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any

from autograd.distributed.group import Pending

__all__ = ["ENDED", "PAUSE", "Presence", "Request", "end_all_on_error"]

SPINS = 200  # times that a rank asks at once; then it lets others run in between
GRACE = 2.0  # seconds for the others to say that they wait too, or for the last message of one that has ended
PAUSE = 0.01  # seconds between two looks at what others say
ENDED = "ended"


class Request(Pending):
    """An operation that has begun; `done()` asks for it. It keeps its buffers until then."""

    def __init__(self, done: Callable[[], bool], presence: Presence, name: str, buffers: Any) -> None:
        self.done, self.presence, self.name, self.buffers = done, presence, name, buffers

    def test(self) -> bool:
        return bool(self.done())

    def wait(self, timeout: float | None = None) -> None:
        for _ in range(SPINS):
            if self.done():
                return
        for _ in self.presence.while_waiting(self.name, timeout):
            if self.done():
                return


class Presence:
    """Who is there: what the ranks tell each other while they wait, and when they end. A subclass has the messages."""

    def __init__(self, rank: int, size: int, timeout: float) -> None:
        self.rank, self.size, self.timeout = rank, size, timeout
        self.ended: set[int] = set()

    def tell(self, text: str) -> None:
        """Sends a few words to all others."""
        raise NotImplementedError

    def heard(self) -> Iterator[tuple[int, str]]:
        """What others have sent since: rank and words."""
        raise NotImplementedError

    def while_waiting(self, name: str, timeout: float | None) -> Iterator[None]:
        """The turns of a waiting loop. Raises TimeoutError, with who is missing; RuntimeError if a rank has ended."""
        limit = self.timeout if timeout is None else timeout
        begun = look = time.monotonic()
        end, waiting = begun + limit, {self.rank: name}
        told = False
        while True:
            yield
            time.sleep(0)
            now = time.monotonic()
            if now < look:
                continue
            look = now + PAUSE
            for rank, text in self.heard():
                if text == ENDED:
                    self.ended.add(rank)
                else:
                    waiting[rank] = text
            if not told and (self.ended or len(waiting) > 1 or now > end):  # somebody asks, or it is time to ask
                self.tell(name)
                told = True
            if self.ended and len({*self.ended, *waiting}) == self.size and end > now:  # nobody else is on the way
                end = min(end, now + GRACE)
            if now > (end if self.ended else end + GRACE):
                raise self.failure(name, now - begun, waiting)

    def failure(self, name: str, seconds: float, waiting: dict[int, str]) -> Exception:
        """The error that says who is missing."""
        there = ", ".join(f"rank {rank} in {text}" for rank, text in sorted(waiting.items()))
        name = name.partition(" (call ")[0]
        if self.ended:
            gone = ", ".join(map(str, sorted(self.ended)))
            return RuntimeError(f"{name}: rank {gone} has ended, while others wait: {there}. Every rank must call it")
        missing = ", ".join([str(rank) for rank in range(self.size) if rank not in waiting])
        if not missing:
            return TimeoutError(
                f"{name}: all ranks must make the same calls in the same order, not {there}. Does one stand under a "
                "condition, such as `if group.rank == 0:`?"
            )
        return TimeoutError(
            f"{name}: rank {missing} is missing after {seconds:.0f} s, while others wait: {there}. It hangs, or it "
            "computes for longer than distributed.init(timeout=...) allows"
        )


def end_all_on_error(abort: Callable[[int], Any], rank: int, size: int) -> None:
    """From here on an error that nobody catches is printed, and ends the processes of all ranks."""
    before = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, place: TracebackType | None) -> None:
        if before is sys.__excepthook__:
            text = "".join(traceback.format_exception(kind, error, place))
            print(f"rank {rank} of {size}:\n{text}", file=sys.stderr, end="")
        else:
            before(kind, error, place)
        sys.stdout.flush()
        sys.stderr.flush()
        time.sleep(0.5)  # the others may be about to say the same
        abort(1)

    sys.excepthook = hook
