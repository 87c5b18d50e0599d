"""Batches that a thread takes from columns and moves ahead of time, for a GPU that would wait for them.

The program waits for the GPU once a batch, when it reads the loss. Meanwhile the thread takes the next rows and copies
them: CuPy does so through pinned memory, and nobody waits for the copy. The batches are the same, in order. Copies are
made on the device and the stream of the program that takes the first batch, so what it computes comes behind them.

No function of a user runs in the thread: it could draw from the shared generator, at another moment in every run.
"""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Generator, Iterable
from contextlib import suppress
from queue import Empty, Queue
from threading import Thread
from typing import Any

from autograd.backend import current_stream

__all__ = ["AHEAD", "made_ahead"]

AHEAD = 2  # batches that lie ready


def made_ahead(batches: Iterable[Any], move: Callable[[Any], Any]) -> Generator[Any]:
    """move(batch) for each batch, at most `AHEAD` of them ahead. An error in the thread is raised in its place.

    However this ends, by an error, a `break` or Ctrl-C, the thread ends with it.
    """
    ready: Queue[tuple[Any, BaseException | None]] = Queue(AHEAD)
    left: list[bool] = []  # holds something when nobody takes batches any more

    def work() -> None:
        error: BaseException | None = None
        try:
            for batch in batches:
                ready.put((move(batch), None))
                if left:
                    return
        except BaseException as e:
            error = e
        ready.put((END, error))

    def there() -> None:
        with stream_of_thread():
            work()

    stream_of_thread = current_stream()
    thread = Thread(target=contextvars.copy_context().run, args=(there,), name="batches ahead", daemon=True)
    thread.start()
    try:
        while True:
            batch, error = ready.get()
            if error is not None:
                raise error
            if batch is END:
                return
            yield batch
    finally:
        left.append(True)
        while thread.is_alive():
            with suppress(Empty):
                ready.get_nowait()  # room for what the thread is about to put there
            thread.join(0.01)


END = object()
