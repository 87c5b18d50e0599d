"""Batches that a thread makes and moves ahead of time, for a GPU that would wait for them.

The program waits for the GPU once a batch, when it reads the loss. Meanwhile the thread makes the next batches and
copies them: CuPy does so through pinned memory, and nobody waits for the copy. The batches are the same, in order.
"""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Generator, Iterable
from queue import Queue
from threading import Event, Thread
from typing import Any

__all__ = ["AHEAD", "made_ahead"]

AHEAD = 2  # batches that lie ready


def made_ahead(batches: Iterable[Any], move: Callable[[Any], Any]) -> Generator[Any]:
    """move(batch) for each batch, at most `AHEAD` of them ahead. An error in the thread is raised in its place.

    However this ends, by an error, a `break` or Ctrl-C, the thread ends with it.
    """
    ready: Queue[tuple[Any, BaseException | None]] = Queue(AHEAD)
    room, over = Event(), Event()

    def work() -> None:
        error: BaseException | None = None
        try:
            for batch in batches:
                put((move(batch), None))
                if over.is_set():
                    return
        except BaseException as e:
            error = e
        put((END, error))

    def put(item: tuple[Any, BaseException | None]) -> None:
        while ready.full() and not over.is_set():
            room.wait()
            room.clear()
        if not over.is_set():
            ready.put(item)

    thread = Thread(target=contextvars.copy_context().run, args=(work,), name="batches ahead", daemon=True)
    thread.start()
    try:
        while True:
            batch, error = ready.get()
            room.set()
            if error is not None:
                raise error
            if batch is END:
                return
            yield batch
    finally:
        over.set()
        room.set()
        thread.join()


END = object()
