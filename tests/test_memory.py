"""Memory is freed by reference count alone: the cyclic collector is off, and weak references tell."""

import gc
import tracemalloc
import weakref

import numpy as np
import pytest

import autograd.functions as F
from autograd import Function, Variable, grad, no_grad


@pytest.fixture(autouse=True)
def no_collector():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def functions_below(*variables):
    """Weak references to all functions of the graph; those with slots are seen through their nodes."""
    nodes, stack = set(), [v.node for v in variables]
    while stack:
        node = stack.pop()
        if node is not None and node not in nodes:
            nodes.add(node)
            stack += [] if node.creator is None else node.creator.parents
    return [weakref.ref(node) for node in nodes]


def dead(references):
    return all(r() is None for r in references)


def graph():
    """A loss with most of the algebra below it, on a leaf of its own."""
    x = Variable(np.linspace(0.5, 1.5, 6).reshape(2, 3))
    y = ((x @ x.T) ** 2 / (x.sum() + 1) - x.reshape(3, 2)[0]).max(axis=0)
    first, _ = F.split(F.exp(F.tanh(x)), 2)  # functions that keep their outputs, and one of several
    return x, (y * y[::-1]).mean() + F.softmax(first).max()


def test_a_graph_dies_with_its_last_variable():
    x, loss = graph()
    parts = functions_below(loss)
    assert len(parts) > 15
    arrays = [weakref.ref(loss)]
    del loss
    assert dead(arrays)
    assert sum(r() is not None for r in parts) == 1  # the leaf, which is alive
    del x
    assert dead(parts)


def test_after_backward():
    x, loss = graph()
    loss.backward(retain_grad=True)
    gradient = weakref.ref(x.grad)
    parts = functions_below(loss)
    del loss
    assert sum(r() is not None for r in parts) == 1
    x.cleargrad()
    assert gradient() is None
    del x
    assert dead(parts)


def test_after_grad_with_create_graph():
    x, loss = graph()
    gx = grad(loss, x, create_graph=True)
    ggx = grad((gx**2).sum(), x, create_graph=True)
    parts = functions_below(loss, gx, ggx) + [weakref.ref(v) for v in (loss, gx, ggx)]
    assert len(parts) > 50
    del loss, gx, ggx
    assert sum(r() is not None for r in parts) == 1
    del x
    assert dead(parts)


def test_the_first_graph_may_die_before_the_second():
    x, loss = graph()
    gx = grad(loss, x, create_graph=True)
    gone = weakref.ref(loss)
    del loss
    assert gone() is None
    parts = functions_below(gx)
    gx.sum().backward()
    del gx
    assert sum(r() is not None for r in parts) == 1


def test_after_backward_with_create_graph_once_the_gradient_is_cleared():
    x, loss = graph()
    loss.backward(create_graph=True)
    parts = functions_below(loss, x.grad)
    gradient = weakref.ref(x.grad)
    del loss
    assert gradient() is not None  # the leaf keeps its gradient, whose graph keeps the leaf's node
    x.cleargrad()
    assert gradient() is None
    del x
    assert dead(parts)


def test_no_grad_keeps_nothing():
    x = Variable(np.ones(3))
    with no_grad():
        y = x * 2
        inner = weakref.ref(y)
        z = y + 1
        del y
        assert inner() is None
    assert z.node is None or z.creator is None


@pytest.mark.standin_exempt("weak references to NumPy's arrays")
def test_a_function_keeps_what_its_backward_names():
    """Of x + 1 nothing is kept, of x * x the input, of an exponential the output."""

    class Exp(Function):
        def forward(self, x):
            return np.exp(x)

        def backward(self, gy):
            return gy * self.outputs[0]

    def kept(f):
        x = Variable(np.ones(3))
        h = x * 2
        y = f(h)
        arrays = weakref.ref(h.data), weakref.ref(y.data)
        z = y + 1
        del h, y
        alive = [a() is not None for a in arrays]
        assert z.creator is not None
        return alive

    assert kept(lambda h: h + 1) == [False, False]
    assert kept(lambda h: -h) == [False, False]
    assert kept(lambda h: h * h) == [True, False]
    assert kept(lambda h: h.reshape(3, 1)) == [False, False] or kept(lambda h: h + h) == [False, False]
    assert kept(lambda h: Exp()(h)) == [False, True]


@pytest.mark.standin_exempt("weak references to NumPy's arrays")
def test_constants_and_unwanted_inputs():
    """An array that is no parent's value is kept only where a formula needs it."""
    x, a = Variable(np.ones(3)), np.ones(3)
    constant = weakref.ref(a)
    y = x + a
    del a
    assert constant() is None
    assert y.creator is not None


@pytest.mark.standin_exempt("counts NumPy's bytes")
def test_a_training_loop_does_not_grow():
    """The memory stays what it is, without the collector."""
    W = Variable(np.full((20, 20), 0.01))
    x = np.ones((5, 20))

    def step():
        y = x @ W
        loss = ((y @ W) ** 2).mean()
        loss.backward()
        W.data = W.data - 0.01 * W.grad.data
        W.cleargrad()

    def size():
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        for _ in range(1500):  # until Python's own free list of small tuples is full
            step()
        before = size()
        for _ in range(100):
            step()
        assert size() - before < 5_000
    finally:
        tracemalloc.stop()


@pytest.mark.standin_exempt("counts NumPy's buffers")
def test_gradients_are_freed_on_the_way():
    """Backward through a chain of n large arrays needs room for a few gradients, not for n."""
    n, size = 50, 100_000
    x = Variable(np.ones(size))
    y = x
    for _ in range(n):
        y = y * 1.5  # keeps its input: n arrays
    tracemalloc.start()
    try:
        y.backward()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 6 * 8 * size


@pytest.mark.standin_exempt("counts NumPy's buffers")
@pytest.mark.parametrize("keep", [False, True])
def test_activations_go_as_the_walk_passes_them(keep):
    """A chain of n large arrays with a large weight each: the gradients take the place of the activations."""
    n, size = 40, 50_000
    weights = [Variable(np.ones(size)) for _ in range(n)]
    tracemalloc.start()
    try:
        y = Variable(np.ones(size)) * 1.5
        for w in weights:
            y = y * w
        loss = y.sum()
        del y
        before = tracemalloc.get_traced_memory()[0]
        loss.backward(keep_graph=keep)
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    assert (peak > n * 8 * size) if keep else (peak < 6 * 8 * size)


def test_an_error_in_backward_leaves_nothing():
    class Fails(Function):
        def forward(self, x):
            return x * 1

        def backward(self, gy):
            raise KeyError("on purpose")

    def run():
        x = Variable(np.ones(3))
        y = Fails()(x * 2)
        with pytest.raises(KeyError, match="on purpose"):
            y.backward()
        return functions_below(y)

    parts = run()
    gc.collect()  # a traceback is a cycle of frames, not ours
    assert dead(parts)


def model(x, t, W1, W2):
    return F.softmax_cross_entropy(F.relu(x @ W1) @ W2, t)


@pytest.mark.standin_exempt("counts NumPy's buffers")
@pytest.mark.parametrize("keep", ["list", "sum", "with the prediction"])
def test_losses_that_are_kept_keep_no_activations(keep):
    """50 steps of 400 kB of activations each."""
    rng = np.random.default_rng(0)
    W1, W2 = Variable(rng.standard_normal((20, 500))), Variable(rng.standard_normal((500, 10)))
    kept, total = [], 0.0
    tracemalloc.start()
    try:
        for _ in range(50):
            x, t = rng.standard_normal((100, 20)), rng.integers(10, size=100)
            y = F.relu(x @ W1) @ W2  # its Variable is alive during the backward pass
            loss = F.softmax_cross_entropy(y, t) if keep == "with the prediction" else model(x, t, W1, W2)
            loss.backward()
            kept.append(loss)
            total = total + loss if keep == "sum" else total
        size = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert size < 4e6


@pytest.mark.standin_exempt("weak references to NumPy's arrays")
def test_a_second_pass_over_freed_arrays_is_an_error_that_says_what_to_do():
    x = Variable(np.ones((100, 100)))
    y = (F.exp(x) * F.sin(x)).sum()
    y.backward()
    before = x.grad.data.copy()
    with pytest.raises(RuntimeError, match=r"\(100, 100\) was freed by an earlier .*keep_graph=True"):
        y.backward()
    np.testing.assert_array_equal(x.grad.data, before)
    y = (F.exp(x) * F.sin(x)).sum()
    x.cleargrad()
    y.backward(keep_graph=True)
    y.backward()
    np.testing.assert_allclose(x.grad.data, 2 * before)


def test_arrays_that_others_hold_are_there_for_a_second_pass():
    x, c = Variable(np.ones((100, 100))), np.full((100, 100), 2.0)
    y = (x * c * x).sum()
    y.backward(keep_graph=True)
    first = x.grad.data.copy()
    h = x * c
    y = (h * x).sum()
    x.cleargrad()
    y.backward()
    y.backward()  # x, c and h are alive
    np.testing.assert_allclose(x.grad.data, 2 * first)


def test_what_another_graph_uses_is_kept():
    x = Variable(np.ones((100, 100)))
    trunk = F.exp(F.sin(x))
    a, b = (trunk * 2.0).sum(), (trunk * trunk).sum()
    del trunk
    a.backward()
    b.backward()
    e = np.exp(np.sin(1.0))
    np.testing.assert_allclose(x.grad.data, np.cos(1.0) * e * (2 + 2 * e))


def test_one_of_several_outputs_protects_its_function():
    x = Variable(np.ones((100, 100)))
    a, b = F.split(F.exp(x), 2)
    first, second = F.exp(a).sum(), F.exp(b).sum()
    del a, b
    first.backward()
    second.backward()
    np.testing.assert_allclose(x.grad.data, np.exp(1) * np.exp(np.exp(1)))


def test_create_graph_and_grad_keep_the_graph():
    x = Variable(np.ones((100, 100)))
    y = (F.exp(x) * x).sum()
    y.backward(create_graph=True)
    y.backward(create_graph=True)
    x.cleargrad()
    grad(y, x)
    grad(y, x)


@pytest.mark.standin_exempt("weak references to NumPy's arrays")
def test_a_dropout_that_is_freed_is_an_error_not_another_mask():
    x = Variable(np.ones((100, 100)))
    y = F.dropout(x, rng=0).sum()
    y.backward()
    with pytest.raises(RuntimeError, match="keep_graph=True"):
        y.backward()
