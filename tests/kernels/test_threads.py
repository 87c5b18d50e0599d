"""Work shared between threads while BLAS is held to one."""

import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import autograd.functions as F
from autograd.kernels import activation, pieces, threads
from autograd.kernels.compiled import fast
from autograd.kernels.threads import Hold, blas_threads, hold, pool, shared
from tests.forks import forked


def test_every_index_once_and_in_order():
    for count in (0, 1, 2, 3, 7, 100):
        for n in (1, 2, 3, 8):
            parts = shared(lambda part: list(range(100))[part], count, n)
            assert [i for part in parts for i in part] == list(range(count))


def test_the_calling_thread_takes_part():
    found = shared(lambda part: threading.current_thread(), 2, 2)
    assert found[0] is threading.current_thread()
    assert found[1] is not found[0]


@pytest.mark.parametrize("part", [0, 1, 2])
def test_an_error_reaches_the_caller_when_all_have_ended(part):
    ended = []

    def work(where):
        if where.start == part:
            raise ArithmeticError("no")
        time.sleep(0.05)
        ended.append((where.start, hold.depth))

    with pytest.raises(ArithmeticError, match="no"):
        shared(work, 3, 3)
    assert sorted(ended) == [(start, 1) for start in range(3) if start != part]
    assert hold.depth == 0


@pytest.mark.parametrize("part", [0, 1])
def test_numpys_treatment_of_errors_holds_in_all_threads(part):
    numbers = np.ones(2)
    numbers[part] = 0
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError):
        shared(lambda where: 1 / numbers[where], 2, 2)
    with np.errstate(divide="ignore"):
        assert np.inf in np.concatenate(shared(lambda where: 1 / numbers[where], 2, 2))


def test_blas_is_held_and_let_go(monkeypatch):
    now = [4]
    monkeypatch.setattr(threads, "blas_threads", lambda user: (lambda: now[0], lambda n: now.__setitem__(0, n)))
    held = Hold()
    assert held.threads() == 4
    with held():
        assert (now, held.threads()) == ([1], 4)
        with held():
            assert now == [1]
        assert now == [1]
    assert now == [4]


def test_without_a_switch_there_is_one_thread(monkeypatch):
    monkeypatch.setattr(threads, "blas_threads", lambda user: None)
    assert threads.hold.threads() == 1
    assert shared(lambda part: part, 5) == [slice(0, 5)]
    with hold():
        pass


def test_the_switch_of_this_blas():
    switch = blas_threads()
    if switch is None:
        pytest.skip("a BLAS whose threads cannot be counted")
    before = switch[0]()
    with hold():
        assert switch[0]() == 1
    assert switch[0]() == before >= 1


def test_scipys_blas_is_held_for_work_that_takes_turns_with_numpys():
    """Unless the work is tiny, or so large that its threads pay."""
    pytest.importorskip("scipy")
    switch = blas_threads(threads.SCIPY)
    if switch is None or switch[0]() == 1:
        pytest.skip("a BLAS of one thread, or whose threads cannot be counted")
    before, of_numpy = switch[0](), blas_threads()
    for work, expected in ((10, before), (200**3, 1), (3000**3, before)):
        numpys = of_numpy and of_numpy[0]()
        with threads.in_turn(work):
            assert switch[0]() == expected
            assert (of_numpy and of_numpy[0]()) == numpys
        assert switch[0]() == before


class Refusing:
    """A pool that starts no thread: at the end of the interpreter. `queued` is what it takes over all the same."""

    def __init__(self, accepted=0, keeps=False):
        self.accepted, self.keeps, self.queued = accepted, keeps, []

    def submit(self, run, share):
        if self.accepted:
            self.accepted -= 1
            threading.Thread(target=run, args=(share,)).start()
            return
        if self.keeps:
            self.queued.append(threading.Thread(target=run, args=(share,)))
            self.queued[-1].start()
        raise RuntimeError("cannot schedule new futures after shutdown")


@pytest.mark.parametrize("keeps", [False, True], ids=["refused", "refused, but queued"])
@pytest.mark.parametrize("accepted", [0, 1, 2])
def test_without_other_threads_the_caller_does_all_the_work_once(monkeypatch, accepted, keeps):
    refusing, done = Refusing(accepted, keeps), []
    monkeypatch.setattr(threads, "pool", lambda: refusing)

    def work(part):
        done.append(part.start)
        time.sleep(0.002)
        return [*range(9)[part]]

    for _ in range(20):
        done.clear()
        assert shared(work, 9, 3) == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]
        assert sorted(done) == [0, 3, 6]
        assert hold.depth == 0
    with pytest.raises(ArithmeticError):
        shared(lambda part: 1 / 0 if part.start == 6 else None, 9, 3)
    for thread in refusing.queued:
        thread.join()


CHILD = """
import atexit, threading, time
import numpy as np
import autograd.functions as F
x, W = np.ones((16, 64, 32, 32), np.float32), np.ones((64, 64, KERNEL, KERNEL), np.float32)
def work(when):
    y = F.conv2d(ag.Variable(x), W, pad=2)
    F.max_pool2d(y, 2).sum().backward()
    print(when, flush=True)
import autograd as ag
def train():
    while threading.main_thread().is_alive():
        time.sleep(0.01)
    time.sleep(0.05)
    work("thread")
atexit.register(work, "atexit")
threading.Thread(target=train).start()
work("main")
"""


@pytest.mark.parametrize("kernel", [3, 5], ids=["in tiles", "by im2col"])
def test_work_after_the_end_of_the_main_thread(kernel):
    child = CHILD.replace("KERNEL", str(kernel))
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "2"}
    done = subprocess.run([sys.executable, "-c", child], env=environment, capture_output=True, text=True, timeout=60)
    assert (done.stdout.split(), done.stderr) == (["main", "thread", "atexit"], "")


fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")


@fork
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_process_has_threads_of_its_own():
    shared(lambda part: part, 2, 2)
    assert forked(
        lambda: not pool.cache_info().currsize and len(shared(lambda part: np.ones(3) @ np.ones(3), 2, 2)) == 2
    )


@fork
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_fork_while_blas_is_held_lets_it_go(monkeypatch):
    """By another thread, or by the one that forks, whose block still ends in the child."""
    now = [4]
    monkeypatch.setattr(threads, "blas_threads", lambda user: (lambda: now[0], lambda n: now.__setitem__(0, n)))

    def free():
        with hold():
            held = now[0]
        return (held, now[0], hold.depth, hold.threads()) == (1, 4, 0, 4)

    inside, go = threading.Event(), threading.Event()

    def work():
        with hold(), hold.lock:
            inside.set()
            go.wait(20)

    thread = threading.Thread(target=work)
    thread.start()
    inside.wait(20)
    try:
        assert forked(free)
    finally:
        go.set()
        thread.join()
    with hold():
        child = os.fork()
    if not child:
        os._exit(0 if free() else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert free()


@fork
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_forks_while_another_thread_convolves():
    """The real thing: the child convolves and multiplies with as many threads of BLAS as before, and waits for none."""
    switch = blas_threads()
    rng = np.random.default_rng(0)
    x, W = rng.normal(size=(16, 64, 16, 16)).astype("f"), rng.normal(size=(64, 64, 3, 3)).astype("f")
    right, before, stop = F.conv2d(x, W, pad=1), switch and switch[0](), threading.Event()

    def train():
        while not stop.is_set():
            F.conv2d(x, W, pad=1)

    def check():
        free = hold.depth == 0 and (switch is None or switch[0]() == before)
        return free and np.array_equal(F.conv2d(x, W, pad=1), right)

    thread = threading.Thread(target=train)
    thread.start()
    try:
        for _ in range(20):
            time.sleep(rng.random() * 0.005)
            assert forked(check)
    finally:
        stop.set()
        thread.join()


@pytest.mark.parametrize("n", [1, 2, 3])
def test_pieces_of_large_arrays_are_computed_once_each(monkeypatch, n):
    monkeypatch.setattr(hold, "threads", lambda: n)
    x = np.random.default_rng(n).standard_normal((1100, 700), np.float32)
    with fast(False):
        np.testing.assert_array_equal(activation.silu(x), activation.silu.plain(x))
    seen = []
    y = pieces.in_pieces(lambda y, x: (seen.append(len(x)), np.negative(x, out=y)), x, row=(700,))
    np.testing.assert_array_equal(y, -x)
    assert sum(seen) == 1100
