"""Batches that worker processes make ahead of time, handed out in order.

Process w of W makes the batches w, w + W, w + 2W, ... by itself and sends each over a socket. It waits there until the
batch is taken: so W batches are ahead, or more if they are small, and nothing else has to say who is next.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import random
import signal
import socket
import struct
import threading
import traceback
from collections.abc import Callable, Generator, Iterator
from multiprocessing.process import BaseProcess
from typing import Any

import numpy as np

from autograd.backend import generator

__all__ = ["METHODS", "from_workers"]

METHODS = ("fork", "spawn", "forkserver")
GUARDED = {signal.SIGINT, signal.SIGTERM}  # signals that reach a worker only when it is ready for them
LENGTH = struct.Struct("!Q")

Make = Callable[[int], Any]


def from_workers(make: Make, numbers: range, workers: int, method: str | None, seed: list[int]) -> Generator[Any]:
    """make(k) for each k of `numbers`, in this order, computed by `workers` processes.

    An error in a worker is raised here, with the worker's traceback as its cause. However this ends, by an error, a
    `break` or Ctrl-C, no process is left; and a worker leaves when this process is killed.
    """
    if multiprocessing.current_process().daemon:
        raise RuntimeError("DataLoader: workers must be 0 in a worker process, which can't start processes of its own")
    context: Any = multiprocessing.get_context(method)
    crew: list[tuple[BaseProcess, socket.socket]] = []
    count = min(workers, len(numbers))
    whole = False
    try:
        with blocked(GUARDED):
            for w in range(count):
                crew.append(started(context, make, numbers[w::count], seed))
        for i in range(len(numbers)):
            yield received(i % count, *crew[i % count])
        whole = True
    finally:
        for process, ours in crew:
            ours.close()
            if whole:
                process.join(1)  # it has sent all it had
            process.kill()
        for process, _ in crew:
            process.join()
            process.close()


def started(context: Any, make: Make, numbers: range, seed: list[int]) -> tuple[BaseProcess, socket.socket]:
    """A process that makes these batches, and the socket that they come from."""
    ours, theirs = socket.socketpair()
    with theirs:
        process = context.Process(target=work, args=(make, numbers, theirs, seed), daemon=True)
        try:
            process.start()
        except (TypeError, AttributeError, pickle.PicklingError) as error:
            ours.close()
            raise TypeError(
                f"DataLoader: data, transform and collate must be fit for pickle with workers started by "
                f"{context.get_start_method()}, as functions of a module are: {error}"
            ) from error
    return process, ours


def work(make: Make, numbers: range, connection: socket.socket, seed: list[int]) -> None:
    """What a worker does: sends each batch, and the error in place of the first that fails.

    The global generators, NumPy's, Python's and our shared one, are seeded for each batch, so that data which draw from
    them get the same numbers from any number of workers.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the main process, which ends this one
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    unblock(GUARDED)
    threading.Thread(target=leave_with_parent, daemon=True).start()
    with connection, contextlib.suppress(ConnectionError):  # nobody waits for the rest
        for k in numbers:
            np.random.seed([*seed, k])
            random.seed(repr([*seed, k]))
            generator.rng = np.random.default_rng([*seed, k])
            try:
                message = packed((make(k), None, ""))
            except Exception as error:
                send(connection, packed((None, portable(error), traceback.format_exc())))
                return
            send(connection, message)


def leave_with_parent() -> None:
    """Ends this process when the main process is gone, however that ended."""
    if (parent := multiprocessing.parent_process()) is not None:
        parent.join()
        os._exit(1)


def received(w: int, process: BaseProcess, connection: socket.socket) -> Any:
    """The next batch of worker w. Raises the error that it sent, and RuntimeError if it died."""
    try:
        batch, error, said = unpacked(connection)
    except (EOFError, ConnectionError):
        process.join()
        raise RuntimeError(
            f"worker {w} of the DataLoader died, exit code {process.exitcode}: -9 is mostly a lack of memory; "
            "workers=0 shows other errors where they are"
        ) from None
    if error is not None:
        raise error from RuntimeError(f"in worker {w} of the DataLoader:\n{said}")
    return batch


def portable(error: Exception) -> Exception:
    """The error, or one that says the same, if pickle can't carry it."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


def packed(value: Any) -> list[Any]:
    """`value` as a message: a pickle, and the arrays beside it, which are not copied."""
    buffers: list[pickle.PickleBuffer] = []
    head = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    arrays = [buffer.raw() for buffer in buffers]
    return [pickle.dumps([len(head), *[array.nbytes for array in arrays]]), head, *arrays]


def send(connection: socket.socket, message: list[Any]) -> None:
    """Sends a message behind the length of its first part, which has the lengths of the others."""
    connection.sendall(LENGTH.pack(len(message[0])))
    for part in message:
        connection.sendall(part)


def unpacked(connection: socket.socket) -> Any:
    """The value of the next message. Raises EOFError if the other side is closed."""
    (length,) = LENGTH.unpack(read(connection, LENGTH.size))
    head, *arrays = [read(connection, n) for n in pickle.loads(read(connection, length))]
    return pickle.loads(head, buffers=arrays)


def read(connection: socket.socket, n: int) -> Any:
    """The next n bytes, in memory of their own."""
    memory: Any = np.empty(n, np.uint8)
    rest = memoryview(memory)
    while len(rest):
        if not (count := connection.recv_into(rest)):
            raise EOFError("the worker has closed its socket")
        rest = rest[count:]
    return memory


@contextlib.contextmanager
def blocked(signals: set[signal.Signals]) -> Iterator[None]:
    """Signals wait until the end of the block, in this thread and in processes that it starts. Windows has no such."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def unblock(signals: set[signal.Signals]) -> None:
    """Lets signals through that `blocked` held back where this process began."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
