"""Memory that kernels borrow: nobody else has it meanwhile, and it is used again."""

import signal
import threading

import numpy as np
import pytest

import autograd.functions as F
from autograd.backend import namespace
from autograd.kernels import scratch
from autograd.kernels.scratch import borrowed


@pytest.fixture(autouse=True)
def free(monkeypatch):
    """The free list of this thread, empty at first."""
    monkeypatch.setattr(scratch, "local", threading.local())
    return scratch.local.__dict__.setdefault("free", [])


def test_memory_is_used_again_in_the_same_place():
    def addresses():
        with borrowed(np, 2) as (small, large):
            return [f((n,), np.float32).__array_interface__["data"][0] for f, n in ((small, 8), (large, 4096))]

    assert addresses() == addresses()


def test_an_array_has_the_shape_and_dtype_asked_for_and_the_next_one_lies_in_the_same_memory():
    with borrowed(np, 1) as (memory,):
        x = memory((2, 3), np.float64)
        y = memory((5,), np.float32)
        assert (x.shape, x.dtype, y.shape, y.dtype) == ((2, 3), np.float64, (5,), np.float32)
        assert np.shares_memory(x, y)


def test_two_borrowers_share_nothing():
    with borrowed(np, 2) as (first, second), borrowed(np, 1) as (third,):
        arrays = [f((100,), np.float32) for f in (first, second, third)]
    assert not any(np.shares_memory(a, b) for a, b in [arrays[:2], arrays[1:], arrays[::2]])


def test_memory_comes_back_after_an_error(free):
    with pytest.raises(ArithmeticError), borrowed(np, 2):
        raise ArithmeticError
    assert len(free) == 2


def test_a_large_block_is_not_kept(free):
    with borrowed(np, 2) as (small, large):
        small((scratch.KEPT // 4,), np.float32)
        assert len(large((scratch.KEPT // 4 + 1,), np.float32)) == scratch.KEPT // 4 + 1
    assert [block.memory.nbytes for block in free] == [scratch.KEPT]


def test_each_thread_has_its_own():
    arrays = []

    def work():
        with borrowed(np, 1) as (memory,):
            arrays.append(memory((100,), np.float32))

    for _ in range(2):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert not np.shares_memory(*arrays)


def test_other_modules_allocate_for_themselves(other_device):
    x = other_device(np.ones(2))
    with borrowed(namespace(x), 2) as (first, second):
        y, z = first((2, 3), np.float32), second((2, 3), np.float32)
        assert type(y) is type(z) is type(x)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers on this system")
@pytest.mark.parametrize("kernel", [3, 5], ids=["in tiles", "by im2col"])
def test_a_signal_handler_that_convolves_disturbs_no_convolution(kernel):
    """It runs in the middle of another convolution of the same thread."""
    rng = np.random.default_rng(0)
    x, W, x2, W2 = [rng.standard_normal(s, np.float32) for s in [(8, 32, 40, 40), (32, 32, kernel, kernel)] * 2]
    right, handled = F.conv2d(x, W, pad=2), []
    before = signal.signal(signal.SIGALRM, lambda *_: handled.append(F.conv2d(x2, W2, pad=2)))
    try:
        for _ in range(40):
            signal.setitimer(signal.ITIMER_REAL, 0.004)
            np.testing.assert_array_equal(F.conv2d(x, W, pad=2), right)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert handled
