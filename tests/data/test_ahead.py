"""Batches made ahead by a thread: the same batches, in order, and no thread is left."""

import threading
import time

import numpy as np
import pytest

from autograd.data import DataLoader
from autograd.data.ahead import AHEAD, made_ahead


def threads():
    return [t for t in threading.enumerate() if t.name == "batches ahead"]


def test_they_are_those_of_the_loader_and_two_lie_ready():
    made = []

    def batches():
        for k in range(10):
            made.append(k)
            yield k

    found = made_ahead(batches(), lambda k: -k)
    assert next(found) == 0
    deadline = time.monotonic() + 20
    while len(made) < 2 + AHEAD and time.monotonic() < deadline:
        time.sleep(0.001)
    time.sleep(0.05)
    assert len(made) == 2 + AHEAD  # the one that was taken, two that lie ready, and one that waits to be put there
    assert list(found) == [-k for k in range(1, 10)]
    assert not threads()


def test_an_error_comes_in_its_place_and_the_thread_ends():
    def batches():
        yield 1
        raise KeyError("of the data")

    found = made_ahead(batches(), lambda k: k)
    assert next(found) == 1
    with pytest.raises(KeyError, match="of the data"):
        next(found)
    assert not threads()


def test_leaving_in_the_middle_ends_the_thread_and_closes_the_batches():
    closed = []

    def batches():
        try:
            yield from range(100)
        finally:
            closed.append(True)

    source = batches()
    found = made_ahead(source, lambda k: k)
    assert [next(found) for _ in range(3)] == [0, 1, 2]
    found.close()
    assert not threads()
    source.close()
    assert closed == [True]


def test_a_loader_for_a_gpu_gives_the_same_batches_and_resumes(standin_as_gpu):
    x = np.arange(20.0).reshape(10, 2)
    here, there = DataLoader((x, x[:, 0]), 3, rng=0), DataLoader((x, x[:, 0]), 3, rng=0, device="gpu")
    for a, b in zip(here, there, strict=True):
        for u, v in zip(a, b, strict=True):
            assert isinstance(v, standin_as_gpu.Array)
            np.testing.assert_array_equal(standin_as_gpu.asnumpy(v), u)
    for k, _ in enumerate(there):
        if k == 1:
            state = there.state_dict()
            break
    rest = DataLoader((x, x[:, 0]), 3, rng=5, device="gpu")
    rest.load_state_dict(state)
    other = DataLoader((x, x[:, 0]), 3, rng=0)
    list(other)
    expected = list(other)[2:]
    got = list(rest)
    assert len(got) == len(expected) == 2
    for a, b in zip(expected, got, strict=True):
        np.testing.assert_array_equal(standin_as_gpu.asnumpy(b[0]), a[0])
    assert not threads()


def test_no_function_of_a_user_runs_in_the_thread(standin_as_gpu):
    """It could draw from the shared generator between two draws of dropout: other numbers in each run."""
    names = []

    def transform(x):
        names.append(threading.current_thread().name)
        return x

    list(DataLoader(np.ones((4, 2)), 2, transform=transform, device="gpu"))
    assert set(names) == {threading.main_thread().name}
