"""Locks that a fork leaves free."""

import ast
import contextlib
import copy
import gc
import multiprocessing
import os
import pickle
import signal
import threading
from pathlib import Path

import numpy as np
import pytest

import autograd
import autograd as ag
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd import Variable, test_mode
from autograd.compat.dezero import functions
from autograd.config import training
from autograd.data import DataLoader
from autograd.data.download import locked
from autograd.layers import base
from autograd.locks import Lock, drawers, living
from tests.forks import forked

fcntl = pytest.importorskip("fcntl")
pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system"),
    pytest.mark.filterwarnings("ignore:This process:DeprecationWarning"),
]


class Elsewhere:
    """Another thread, which is inside a block as long as this one is."""

    def __init__(self, block):
        self.block, self.inside, self.go = block, threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self.work)

    def work(self):
        with self.block:
            self.inside.set()
            self.go.wait(20)

    def __enter__(self):
        self.thread.start()
        self.inside.wait(20)

    def __exit__(self, *_):
        self.go.set()
        self.thread.join()


def test_all_locks_of_the_package_are_of_this_kind():
    """But for those of the standard library: a search for the names of others."""
    for path in Path(autograd.__file__).parent.rglob("*.py"):
        names = {getattr(node, "id", getattr(node, "attr", None)) for node in ast.walk(ast.parse(path.read_text()))}
        others = names & {"RLock", "Condition", "Semaphore", "BoundedSemaphore", "Event", "Barrier"}
        assert not others or path.name == "locks.py", path


def everyday():
    """Work that takes every lock of the package."""
    x = Variable(np.ones((2, 3), "f"))
    model = L.Sequential(L.Linear(4), L.BatchNorm())
    for batch in DataLoader(np.ones((4, 3), "f"), batch_size=2):
        (model(batch).sum() + (x * 2).sum()).backward()
    O.SGD(model).update()
    one = np.ones(1)
    functions.batch_norm(np.ones((2, 1)), one, one, np.zeros(1), np.ones(1))
    return True


def test_a_fork_while_another_thread_holds_a_lock():
    everyday()
    locks = [lock for lock in living if not lock._is_owned()]
    assert len(locks) >= 5
    for lock in locks:
        with Elsewhere(lock):
            assert forked(lambda lock=lock: lock.acquire(blocking=False) and everyday())


def test_a_fork_while_this_thread_holds_a_lock():
    lock = Lock()
    with lock, lock:
        child = os.fork()
    if not child:
        free = []
        thread = threading.Thread(target=lambda: free.append(lock.acquire(blocking=False)))
        thread.start()
        thread.join()
        os._exit(0 if free == [True] else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert lock.acquire(blocking=False)


def test_a_fork_in_the_middle_of_a_first_call():
    started, go = threading.Event(), threading.Event()

    class Slow(L.Layer):
        def __init__(self):
            self.W = L.Parameter.lazy((None,), lambda shape, rng, dtype: np.ones(shape, dtype))

        def forward(self, x):
            if threading.current_thread() is thread:
                started.set()
                go.wait(20)
            return x * self.W

    layer = Slow()
    thread = threading.Thread(target=lambda: layer(np.ones(3, "f")))
    thread.start()
    started.wait(20)
    try:
        assert forked(lambda: not base.first_calls and layer(np.ones(3, "f")).shape == (3,) and everyday())
    finally:
        go.set()
        thread.join()


DRAWS = {
    "the shared generator": lambda: F.dropout(ag.Variable(np.ones(100_000, "f")), 0.5),
    "a loader": lambda loader=DataLoader(np.ones(100_000), 100_000): next(iter(loader)),
    "a layer": lambda: L.Linear(200, 200),
}


@pytest.mark.parametrize("name", DRAWS)
def test_a_fork_while_another_thread_draws(name):
    """The lock of NumPy's generator is held by a thread that the child does not have."""
    draw, ended, held = DRAWS[name], threading.Event(), threading.Event()
    draw()
    generators = [x.rng for x in drawers if x.rng is not None]

    def hold():
        with contextlib.ExitStack() as locks:
            for rng in generators:
                locks.enter_context(rng.bit_generator.lock)
            held.set()
            ended.wait(20)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(20)
    try:
        assert forked(lambda: draw() is not None)
    finally:
        ended.set()
        thread.join()
    assert draw() is not None


def test_a_copy_is_a_new_lock_and_a_dead_one_is_forgotten():
    lock = Lock()
    with lock:
        for other in (copy.copy(lock), copy.deepcopy(lock), pickle.loads(pickle.dumps(lock))):
            assert type(other) is Lock
            assert not other._is_owned()
    n = len(living)
    del lock, other
    gc.collect()
    assert len(living) < n


def test_the_lock_of_a_download_is_given_back_though_a_fork_has_it_open(tmp_path):
    with locked(tmp_path / "file", 1):
        child = os.fork()
        if not child:
            signal.pause()
    try:
        with (tmp_path / ".file.lock").open() as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # raises BlockingIOError if it is held
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def ask(results):
    results.put(training())


def test_a_forked_process_keeps_the_mode():
    """Of the main thread; and of a thread that follows it into test mode, which is the main one there."""
    results, seen = multiprocessing.get_context("fork").SimpleQueue(), []

    def in_a_process():
        process = multiprocessing.get_context("fork").Process(target=ask, args=(results,))
        process.start()
        process.join()
        seen.append(results.get())

    for start in (in_a_process, lambda: run_in_a_thread(in_a_process)):
        start()
        with test_mode():
            start()
        start()
    assert seen == [True, False, True] * 2


def run_in_a_thread(work):
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
