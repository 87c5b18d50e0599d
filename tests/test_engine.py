"""The walk back: in which order, how often, over how long a graph, and what it leaves behind."""

import subprocess
import sys

import numpy as np
import pytest

from autograd import Function, Variable, grad
from autograd.algebra import as_array
from autograd.engine import Node, backward_pass, functions_below, latest_first, nodes_below, nodes_between, sum_to


class Held:
    """Something that a node can refer to."""


def assert_equal(x, expected):
    np.testing.assert_allclose(as_array(x), np.asarray(expected), rtol=1e-12)
    assert x.shape == np.shape(expected)


class Spy(Function):
    """The identity that writes down when its backward is called, and with what."""

    log = []

    def __init__(self, name):
        self.name = name

    def forward(self, x):
        return x * 1

    def backward(self, gy):
        Spy.log.append((self.name, float(gy)))
        return gy


@pytest.fixture
def log():
    Spy.log = []
    return Spy.log


# Order


def test_a_function_is_walked_when_all_that_use_it_have_been(log):
    """The diamond: both ways are added before what lies below is walked, once."""
    x = Variable(2.0)
    a = Spy("a")(x)
    b = Spy("b")(a * a)
    c = Spy("c")(a * 3)
    (b + c).backward()
    assert sorted(log[:2]) == [("b", 1), ("c", 1)]
    assert log[2:] == [("a", 7)]


def test_a_short_way_waits_for_the_long_one(log):
    x = Variable(1.0)
    a = Spy("a")(x)
    long = a
    for _ in range(20):
        long = long * 1
    (long + a).backward()
    assert log == [("a", 2)]


def test_wide_graphs_are_walked_in_linear_time(log):
    """Twenty diamonds in a row have 2^20 ways, and forty-one functions each walked once."""
    x = Variable(1.0)
    y = Spy("x")(x)
    for _ in range(20):
        y = y + y
    y.backward()
    assert log == [("x", 2.0**20)]
    assert_equal(x.grad, 2.0**20)


def test_many_uses_of_one_variable():
    x = Variable(np.ones(3))
    total = x * 0
    for i in range(100):
        total = total + x * i
    total.backward()
    assert_equal(x.grad, [4950] * 3)


# backward


def test_a_second_backward_adds():
    x = Variable(np.array([1.0, 2.0]))
    y = x * x
    y.backward()
    first = x.grad
    y.backward()
    assert_equal(x.grad, [4, 8])
    assert_equal(first, [2, 4])  # a value: not edited
    x.cleargrad()
    assert x.grad is None
    y.backward()
    assert_equal(x.grad, [2, 4])


def test_backward_of_two_losses_adds():
    x = Variable(3.0)
    (x * 2).backward()
    (x * x).backward()
    assert_equal(x.grad, 8)


def test_a_non_scalar_is_seeded_with_ones():
    x = Variable(np.array([[1.0, 2.0], [3.0, 4.0]]))
    (x**2).backward()
    assert_equal(x.grad, [[2, 4], [6, 8]])


def test_only_leaves_keep_gradients_unless_told_otherwise():
    x = Variable(2.0)
    y = x * x
    z = y * 3
    z.backward()
    assert (y.grad, z.grad) == (None, None)
    z.backward(retain_grad=True)
    assert_equal(z.grad, 1)
    assert_equal(y.grad, 3)
    assert_equal(x.grad, 24)


def test_retain_grad_of_a_sum_over_several_ways():
    x = Variable(2.0)
    y = x * 1
    (y * y + y).backward(retain_grad=True)
    assert_equal(y.grad, 5)


def test_unchain_makes_a_leaf():
    x = Variable(2.0)
    y = x * x
    z = y * 3
    y.unchain()
    z.backward()
    assert x.grad is None
    assert_equal(y.grad, 3)
    assert y.creator is None
    x.unchain()  # of a leaf: nothing to do


def test_unchain_backward_truncates():
    x, w = Variable(1.0), Variable(2.0)
    h = x * w
    h2 = h * w
    h2.unchain_backward()
    y = h2 * w
    y.backward()
    assert x.grad is None
    assert_equal(w.grad, 4 + 4)  # of the last two products: h2 keeps its creator, and h is a leaf
    assert_equal(h.grad, 4)


def test_unchain_backward_of_a_long_chain():
    x = Variable(1.0)
    y = x
    for _ in range(20_000):
        y = y * 1
    y.unchain_backward()
    y.backward()
    assert x.grad is None


# Millions


@pytest.mark.standin_exempt("a million operations take too long there")
def test_a_chain_of_a_million_operations():
    """Forward, backward and out of memory without recursion, in a process of its own, whose stack may be small."""
    program = """
import gc, resource, sys, threading
import autograd as ag
gc.disable()

def run():
    x = ag.Variable(1.0)
    y = x
    for _ in range(1_000_000):
        y = y + x
    y.backward()
    del y
    print(float(x.grad))

threading.stack_size(256 * 1024)
thread = threading.Thread(target=run)
thread.start()
thread.join()
"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, timeout=120)
    assert done.stderr == ""
    assert done.stdout == "1000001.0\n"


def test_a_deep_graph_of_gradients():
    x = Variable(1.0)
    y = x
    for _ in range(3_000):
        y = y * 1.0001
    gx = grad(y * y, x, create_graph=True)
    ggx = grad(gx, x)
    np.testing.assert_allclose(float(ggx), 2 * 1.0001**6000, rtol=1e-9)


# The engine alone, without Variables


class Twice:
    """A function of the engine's: y = 2 x, on numbers of NumPy's."""

    generation = 0
    siblings = None
    direct, foreign = True, False

    def __init__(self, *parents):
        self.parents, self.several = parents, False
        self.generation = 1 + max([p.generation for p in parents if p is not None])

    def backward(self, gy):
        return tuple(2 * gy for _ in self.parents)


def test_a_backward_pass_returns_the_gradients_of_leaves_and_of_what_is_retained():
    held = [Held() for _ in range(4)]

    def node(i, creator=None):
        n = Node(held[i])
        n.creator, n.shape, n.dtype = creator, (), np.dtype(float)
        n.generation = creator.generation if creator else 0
        return n

    x, w = node(0), node(1)
    h = node(2, Twice(x, None, w))
    y = node(3, Twice(h, x))
    one = {y: np.float64(1)}
    below = nodes_below([y])
    assert set(below) == {x, w, h, y}
    assert set(functions_below([y])) == {h.creator, y.creator}
    assert latest_first(below) == [y, h]
    assert backward_pass(one, [y, h], ()) == {x: 6.0, w: 4.0}
    assert backward_pass(one, [y, h], {h, y}) == {x: 6.0, w: 4.0, h: 2.0, y: 1.0}
    assert list(nodes_between([y], {w})) == [y, h]
    assert backward_pass(one, [y, h], {w}, {y, h, w}) == {w: 4.0}
    assert list(nodes_between([y], {y})) == []
    assert backward_pass(one, [], {y}, {y}) == {y: 1.0}


@pytest.mark.parametrize(
    "large, small",
    [((2, 3), (3,)), ((2, 3), (2, 1)), ((2, 3), ()), ((4, 2, 3), (1, 3)), ((1, 3), (3,)), ((2, 0), (1, 1))],
)
def test_sum_to_is_the_adjoint_of_broadcasting(large, small):
    """<broadcast(x), y> = <x, sum_to(y)> for any x and y."""
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal(small), rng.standard_normal(large)
    summed = sum_to(y, small)
    assert summed.shape == small
    np.testing.assert_allclose((np.broadcast_to(x, large) * y).sum(), (x * summed).sum(), rtol=1e-12)


def test_sum_to_refuses_what_does_not_broadcast():
    for shape in ((2,), (3, 1), (2, 3, 1)):
        with pytest.raises(ValueError, match="does not broadcast"):
            sum_to(np.ones((2, 3)), shape)
