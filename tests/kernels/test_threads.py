"""Work shared between threads while BLAS is held to one."""

import math
import os
import threading
import time

import numpy as np
import pytest

import autograd.functions as F
from autograd import Variable
from autograd.kernels import threads
from autograd.kernels.threads import Hold, blas_threads, hold, pool, shared


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
    monkeypatch.setattr(threads, "blas_threads", lambda: (lambda: now[0], lambda n: now.__setitem__(0, n)))
    held = Hold()
    assert held.threads() == 4
    with held():
        assert (now, held.threads()) == ([1], 4)
        with held():
            assert now == [1]
        assert now == [1]
    assert now == [4]


def test_small_products_hold_blas_for_a_moment_after_threads_of_ours(monkeypatch):
    now, clock = [4], [100.0]
    monkeypatch.setattr(threads, "blas_threads", lambda: (lambda: now[0], lambda n: now.__setitem__(0, n)))
    monkeypatch.setattr(threads, "monotonic", lambda: clock[0])
    held = Hold()
    monkeypatch.setattr(threads, "hold", held)

    def within(work):
        with held.lately(work):
            return now[0]

    assert within(1000) == 4
    shared(lambda part: part, 2, 1)
    assert within(1000) == 4
    shared(lambda part: clock.__setitem__(0, 200.0), 2, 2)  # work that takes long: what counts is its end
    assert (within(1000), within(10**9), now) == (1, 4, [4])
    clock[0] += 1
    assert within(1000) == 4


def test_linear_layers_hold_blas_then(monkeypatch):
    now, seen = [4], []
    monkeypatch.setattr(threads, "blas_threads", lambda: (lambda: now[0], lambda n: now.__setitem__(0, n)))

    class Watched(np.ndarray):
        def __matmul__(self, other):
            seen.append(now[0])
            return np.asarray(self) @ np.asarray(other)

        def __rmatmul__(self, other):
            return Watched.__matmul__(other, self)

    for last, expected in ((-math.inf, 4), (math.inf, 1)):
        monkeypatch.setattr(hold, "helped", last)
        seen.clear()
        x, W = np.ones((2, 3)).view(Watched), np.ones((3, 4)).view(Watched)
        F.linear(Variable(x), Variable(W), Variable(np.ones(4))).sum().backward()
        assert seen == [expected] * 3  # forward, and the products of two gradients
        assert now == [4]


def test_without_a_switch_there_is_one_thread(monkeypatch):
    monkeypatch.setattr(threads, "blas_threads", lambda: None)
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


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_process_has_threads_of_its_own():
    shared(lambda part: part, 2, 2)
    child = os.fork()
    if not child:
        ok = False
        try:
            ok = pool.cache_info().currsize == 0 and len(shared(lambda part: np.ones(3) @ np.ones(3), 2, 2)) == 2
        finally:
            os._exit(0 if ok else 1)
    assert os.waitpid(child, 0)[1] == 0
