"""How batches come from another process, and what workers gain: `python benchmarks/workers.py`.

First a batch of 16 photos (9.6 MB) over a socket, which the loader uses, a pipe of multiprocessing, and shared memory.
Then an epoch of 32 augmented photos with 0, 1 and 2 workers, and a training step of 30 ms beside each batch of 8.
"""

import multiprocessing
import socket
import time
from functools import partial
from multiprocessing.resource_tracker import ensure_running
from multiprocessing.shared_memory import SharedMemory

import numpy as np

from autograd.data import DataLoader, transforms
from autograd.data.workers import packed, send, unpacked

COUNT = 20
BATCH = np.random.default_rng(0).random((16, 3, 224, 224), np.float32)
AUGMENT = transforms.compose(transforms.random_flip, partial(transforms.random_rotation, degrees=10))


def over_a_socket(theirs):
    for _ in range(COUNT):
        send(theirs, packed(BATCH))


def over_a_pipe(theirs):
    for _ in range(COUNT):
        theirs.send(BATCH)


def over_shared_memory(theirs):
    for _ in range(COUNT):
        memory = SharedMemory(create=True, size=BATCH.nbytes)
        np.ndarray(BATCH.shape, BATCH.dtype, memory.buf)[:] = BATCH
        theirs.send(memory.name)
        memory.close()


def copied(name):
    """A copy of the batch in this block, which is freed."""
    memory = SharedMemory(name)
    batch = np.ndarray(BATCH.shape, BATCH.dtype, memory.buf).copy()
    memory.close()
    memory.unlink()
    return batch


def transport(work, ends, receive):
    """Milliseconds a batch."""
    ours, theirs = ends()
    process = multiprocessing.Process(target=work, args=(theirs,))
    process.start()
    receive(ours)
    start = time.perf_counter()
    for _ in range(COUNT - 1):
        receive(ours)
    seconds = time.perf_counter() - start
    process.join()
    return seconds / (COUNT - 1) * 1e3


def epoch(workers, step=0.03):
    """Seconds of an epoch, the start of the workers included."""
    loader = DataLoader(np.concatenate([BATCH, BATCH]), 8, transform=AUGMENT, workers=workers)
    start = time.perf_counter()
    for _ in loader:
        time.sleep(step)
    return time.perf_counter() - start


if __name__ == "__main__":
    ensure_running()  # one tracker of shared memory for both sides
    print(f"socket         {transport(over_a_socket, socket.socketpair, unpacked):6.1f} ms")
    print(f"pipe           {transport(over_a_pipe, multiprocessing.Pipe, lambda end: end.recv()):6.1f} ms")
    print(
        f"shared memory  {transport(over_shared_memory, multiprocessing.Pipe, lambda end: copied(end.recv())):6.1f} ms"
    )
    for workers in (0, 1, 2):
        print(f"an epoch, {workers} workers  {min(epoch(workers) for _ in range(3)):6.2f} s")
