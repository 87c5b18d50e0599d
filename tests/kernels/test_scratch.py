"""Memory that kernels borrow: nobody else has it meanwhile, and it is used again."""

import signal
import sys
import threading

import numpy as np
import pytest

import autograd.functions as F
from autograd import Variable, grad
from autograd.backend import namespace
from autograd.kernels import scratch
from autograd.kernels.scratch import borrowed
from autograd.kernels.threads import hold


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
            signal.setitimer(signal.ITIMER_REAL, 0.001)
            np.testing.assert_array_equal(F.conv2d(x, W, pad=2), right)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert handled


X, W = [np.random.default_rng(0).standard_normal(s, np.float32) for s in [(8, 32, 20, 20), (32, 32, 3, 3)]]
W5, GROUPED = np.random.default_rng(1).standard_normal((32, 32, 5, 5), np.float32), W[:, :8]
SMALL = np.ascontiguousarray(X[:, :, :5, :5])


def gradients(f, *xs):
    xs = [Variable(x) for x in xs]
    y = f(*xs)
    return [y.data, *[g.data for g in grad(y, xs, np.cos(y.data))]]


KERNELS = {
    "in tiles": lambda: gradients(lambda x, W: F.conv2d(x, W, np.ones(32, "f"), pad=1), X, W),
    "by im2col": lambda: gradients(lambda x, W: F.conv2d(x, W, np.ones(32, "f"), pad=2), X, W5),
    "strided": lambda: gradients(lambda x, W: F.conv2d(x, W, stride=2, pad=1), X, W),
    "in groups": lambda: gradients(lambda x, W: F.conv2d(x, W, groups=4, pad=1), X, GROUPED),
    "folded": lambda: gradients(lambda x, W: F.conv2d(x, W), SMALL, W),
    "transposed": lambda: gradients(lambda x, W: F.conv_transpose2d(x, W, stride=2), SMALL, W),
    "max": lambda: gradients(lambda x: F.max_pool2d(x, 3, stride=2), X),
    "mean": lambda: gradients(lambda x: F.average_pool2d(x, 3, stride=2), X),
    "erf": lambda: gradients(F.erf, X),
    "linear": lambda: gradients(F.linear, X[0, 0], X[0, 1], X[0, 2, 0]),
}


@pytest.mark.parametrize("other", ["in tiles", "by im2col", "folded"])
@pytest.mark.parametrize("name", KERNELS)
def test_kernels_may_be_entered_again_at_any_call(name, other):
    """As a signal handler would, here at every hundredth call and return; all results are right, to rounding."""
    right, right_inside = KERNELS[name](), KERNELS[other]()
    for phase in range(0, 100, 25):
        count, inside = [phase], []

        def enter(frame, event, argument, count=count, inside=inside):
            if event in ("call", "return", "c_return"):
                count[0] += 1
                if count[0] % 101 == 0 and len(inside) < 6:
                    sys.setprofile(None)
                    inside.append(KERNELS[other]())
                    sys.setprofile(enter)

        sys.setprofile(enter)
        try:
            found = KERNELS[name]()
        finally:
            sys.setprofile(None)
        for x, y in zip([*found, *[x for part in inside for x in part]], [*right, *right_inside * len(inside)]):
            np.testing.assert_allclose(
                x, y, rtol=0, atol=1e-5 * np.abs(y).max()
            )  # on fewer threads sums round otherwise
    assert hold.depth == 0
