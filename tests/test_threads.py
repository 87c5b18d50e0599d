"""Threads: the switches belong to each of them, what they share loses nothing, and a pool follows into test mode."""

import asyncio
import copy
import pickle
import queue
import signal
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.pool import ThreadPool

import numpy as np
import pytest

import autograd as ag
import autograd.compat.dezero.functions as dezero_functions
import autograd.functions as F
import autograd.layers as L
import autograd.optimizers as O
from autograd import Variable, enable_grad, grad, no_grad, test_mode
from autograd.compat.dezero.core import Variable as DezeroVariable
from autograd.config import mode, training
from autograd.data import DataLoader
from autograd.engine import Node
from autograd.function import new_node


@pytest.fixture
def restless():
    """The interpreter changes threads as often as it can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def together(work, n=8):
    """The results of `work(i)` in n threads that begin at the same moment."""
    barrier, results = threading.Barrier(n, timeout=20), [None] * n

    def begin(i):
        barrier.wait()
        results[i] = work(i)

    threads = [threading.Thread(target=begin, args=(i,)) for i in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_eight_threads_with_different_modes():
    barrier = threading.Barrier(8, timeout=20)

    def work(i):
        """Odd threads record nothing; all switch at the same moments."""
        seen = []
        x = Variable(np.full(3, float(i)))
        for _ in range(50):
            barrier.wait()
            if i % 2:
                with no_grad(), test_mode():
                    barrier.wait()
                    seen.append(((x * x).creator is None, mode.get().training))
            else:
                barrier.wait()
                y = x * x
                seen.append((y.creator is None, mode.get().training))
                y.backward()
        return seen, None if x.grad is None else x.grad.data.tolist()

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(work, range(8)))
    for i, (seen, gradient) in enumerate(results):
        assert seen == [(True, False) if i % 2 else (False, True)] * 50
        assert gradient == (None if i % 2 else [50 * 2.0 * i] * 3)
    assert mode.get().recording
    assert mode.get().training


def test_a_recorded_backward_beside_a_plain_one():
    """create_graph is a thread's own too: `self.inputs` are Variables in one and arrays in the other."""
    barrier = threading.Barrier(4, timeout=20)

    def work(i):
        for n in range(30):
            x = Variable(float(n))
            y = x * x * x
            barrier.wait()
            gx = grad(y, x, create_graph=bool(i % 2))
            assert (gx.creator is not None) == bool(i % 2)
            assert float(gx) == 3.0 * n * n
            if i % 2:
                assert float(grad(gx, x)) == 6.0 * n

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))


def test_threads_may_share_parameters():
    """Forward and grad on the same leaves from several threads: gradients are returned, and leaves only read."""
    W = Variable(np.array([[1.0, 2.0], [3.0, 4.0]]))

    def work(i):
        x = np.full((1, 2), float(i))
        return [grad((x @ W).sum(), W).data.tolist() for _ in range(50)]

    with ThreadPoolExecutor(8) as pool:
        for i, gradients in enumerate(pool.map(work, range(8))):
            assert gradients == [[[i, i], [i, i]]] * 50
    assert W.grad is None


def test_asyncio_tasks():
    async def work(i):
        x = Variable(2.0)
        seen = []
        for _ in range(20):
            if i % 2:
                with no_grad():
                    await asyncio.sleep(0)
                    seen.append((x * x).creator is None)
                    with enable_grad():
                        await asyncio.sleep(0)
                        seen.append((x * x).creator is not None)
            else:
                await asyncio.sleep(0)
                seen.append((x * x).creator is not None)
        return all(seen)

    async def main():
        return await asyncio.gather(*[work(i) for i in range(8)])

    assert asyncio.run(main()) == [True] * 8


def test_a_new_thread_records_and_trains_as_the_main_thread_does():
    with no_grad(), ThreadPoolExecutor(1) as pool:
        assert pool.submit(lambda: (mode.get().recording, training())).result() == (True, True)
    with no_grad(), test_mode(), ThreadPoolExecutor(1) as pool:
        assert pool.submit(lambda: (mode.get().recording, training())).result() == (True, False)


def test_a_decorated_function_can_be_called_from_many_threads_and_by_itself():
    @no_grad()
    def depth(n):
        assert not mode.get().recording
        return n if n == 0 else depth(n - 1)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(depth, [20] * 40)) == [0] * 40
    assert mode.get().recording


# ------------------------------------------------------------------------------------------ what threads share


@pytest.mark.parametrize("kind", [Variable, L.Parameter, DezeroVariable])
@pytest.mark.parametrize("create_graph", [False, True], ids=["plain", "recorded"])
def test_backward_passes_into_one_leaf_lose_no_gradient(restless, kind, create_graph):
    W, n = kind(np.zeros(4)), 100

    def work(i):
        for _ in range(n):
            y = W * np.full(4, i + 1.0)
            (y * np.ones(4)).sum().backward(create_graph=create_graph)

    together(work)
    np.testing.assert_array_equal(W.grad.data, np.full(4, n * sum(range(1, 9))))
    W.cleargrad()  # breaks the cycle of a recorded gradient


def test_layers_that_train_in_threads_sum_their_gradients(restless):
    """The model is shared: as if one thread had walked all eight graphs."""
    model = L.Sequential(L.Linear(5, 3, dtype=np.float64), F.tanh, L.Linear(2, 5, dtype=np.float64))
    xs = np.random.default_rng(0).normal(size=(8, 4, 3))

    def work(i):
        for _ in range(20):
            F.sum(model(xs[i]) ** 2).backward()

    together(work)
    found = [p.grad.data.copy() for p in model.params()]
    model.cleargrads()
    for i in range(8):
        work(i)
    for p, gradient in zip(model.params(), found):
        np.testing.assert_allclose(gradient, p.grad.data, rtol=1e-9, atol=1e-9)


@pytest.mark.standin_exempt("a subclass of NumPy's array")
def test_a_backward_pass_in_the_middle_of_another_ones_addition_is_not_lost():
    """As that of a signal handler, which runs between any two lines of the same thread."""

    class Interrupted(np.ndarray):
        left = 1

        def __add__(self, other):
            if Interrupted.left:
                Interrupted.left -= 1
                (x * 10.0).sum().backward()
            return np.asarray(self) + np.asarray(other)

    x = Variable(np.zeros(2))
    x.grad = Variable(np.zeros(2).view(Interrupted))
    (x * 1.0).sum().backward()
    np.testing.assert_array_equal(x.grad.data, [11, 11])


def test_threads_that_use_a_leaf_for_the_first_time_give_it_one_place():
    """Else the gradient of one of them would be looked for at another place, and be 0."""
    with no_grad():
        x = Variable(2.0) * 3.0
    assert x.node is None
    other = []

    class Slow(Node):
        def __init__(self, value):
            if not other:
                other.append(None)
                other.append(new_node(x))  # another thread, meanwhile

    assert new_node(x, kind=Slow) is x.node is other[1]


@pytest.mark.parametrize("layer", ["BatchNorm", "dezero"])
def test_running_statistics_lose_no_batch(restless, layer):
    x, n, decay = np.ones((2, 3000), np.float64), 50, 0.99  # large: NumPy lets other threads work meanwhile
    if layer == "BatchNorm":
        norm = L.BatchNorm(3000, momentum=decay, dtype=np.float64)
        together(lambda i: [norm(x) for _ in range(n)])
        mean, var = norm.mean.data, norm.var.data
    else:
        one, mean, var = np.ones(3000), np.zeros(3000), np.ones(3000)
        together(lambda i: [dezero_functions.batch_norm(x, one, one, mean, var, decay) for _ in range(n)])
    np.testing.assert_allclose([mean[0], var[0]], [1 - decay ** (8 * n), decay ** (8 * n)], rtol=1e-9)


def test_updates_from_several_threads_take_place_one_after_another(restless):
    def trained(run):
        p = Variable(np.linspace(-1, 1, 300_000))  # large: NumPy lets other threads work meanwhile
        p.grad = Variable(np.ones(300_000))
        optimizer = O.Adam([p], lr=0.01)
        run(optimizer.update)
        return p.data, optimizer.steps

    data, steps = trained(lambda update: together(lambda i: [update() for _ in range(5)], 4))
    expected, n = trained(lambda update: [update() for _ in range(20)])
    assert steps == n == 20
    np.testing.assert_array_equal(data, expected)


def test_an_optimizer_with_its_lock_is_copied_and_pickled():
    x = Variable(1.0)
    x.grad = Variable(1.0)
    optimizer = O.Adam({"x": x})
    for other in (copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer))):
        other.update()
        assert other.lock is not optimizer.lock


def test_loops_over_one_loader_in_threads_are_epochs_of_their_own(restless):
    loader = DataLoader(np.arange(7), batch_size=3, rng=5)
    found = together(lambda i: [tuple(np.concatenate([*loader]).tolist()) for _ in range(20)])
    one = DataLoader(np.arange(7), batch_size=3, rng=5)
    expected = [tuple(np.concatenate([*one]).tolist()) for _ in range(160)]
    assert Counter([order for orders in found for order in orders]) == Counter(expected)
    assert loader.epoch == one.epoch == 160


def test_the_state_of_a_loader_that_threads_use_is_one_that_it_was_in(restless):
    loader, states = DataLoader(np.arange(50), batch_size=50, rng=5), queue.SimpleQueue()

    def work(i):
        for _ in range(20):
            states.put(loader.state_dict()) if i == 0 else [*loader]

    together(work, 4)
    one = DataLoader(np.arange(50), batch_size=50, rng=5)
    orders = [next(iter([*one])).tolist() for _ in range(70)]
    while not states.empty():
        state = states.get()
        other = DataLoader(np.arange(50), batch_size=50, rng=5)
        other.load_state_dict(state)
        if state["position"] == 0:
            assert next(iter(other)).tolist() == orders[state["epoch"]]


def test_threads_that_share_an_iterator_get_each_batch_once(restless):
    batches = iter(DataLoader(np.arange(1000), batch_size=1))
    found = together(lambda i: [int(batch[0]) for batch in batches])
    assert sorted([x for part in found for x in part]) == list(range(1000))


@pytest.mark.standin_exempt("compares the bytes of arrays")
def test_threads_draw_different_numbers_from_the_shared_generator(restless):
    """All masks of eight threads are those that one thread draws, in some order."""

    def masks(run):
        ag.seed(3)
        return Counter([mask for part in run() for mask in part])

    def work(i):
        return [F.dropout(np.ones(40), 0.5).tobytes() for _ in range(50)]

    assert masks(lambda: together(work)) == masks(lambda: [work(0) for _ in range(8)])


IMAGES = np.random.default_rng(0).normal(size=(2, 3, 8, 8)).astype("f")
LAZY = {
    "Linear": (lambda: L.Linear(4), IMAGES[:, 0, 0]),
    "Conv2d": (lambda: L.Conv2d(4, 3), IMAGES),
    "BatchNorm": (L.BatchNorm, IMAGES),
    "MLP": (lambda: L.MLP((5, 4)), IMAGES[:, 0, 0]),
}


@pytest.mark.standin_exempt("its inputs lie in a table")
@pytest.mark.parametrize("name", LAZY)
def test_a_lazy_first_call_in_threads_makes_weights_once(restless, name):
    make, x = LAZY[name]
    for _ in range(20):
        layer = make()
        with test_mode():
            ys = together(lambda i, layer=layer: layer(x).data, 4)
            expected = layer(x).data
        assert all(np.array_equal(y, expected) for y in ys)


# --------------------------------------------------------------------------------------- test mode beside threads


class Functional(L.Layer):
    """Draws by the function: no layer below knows a mode."""

    def forward(self, x):
        return F.dropout(x, 0.5)


def dezero_dropout(x):
    return dezero_functions.dropout(x, 0.5)


MODELS = {
    "Dropout": lambda: L.Dropout(0.5),
    "BatchNorm": lambda: L.BatchNorm(6),
    "function": Functional,
    "below": lambda: L.Sequential(L.Sequential(F.tanh, L.Dropout(0.5)), {"a": L.BatchNorm(6)}["a"]),
    "closure": lambda: L.Sequential(lambda x: F.dropout(x, 0.5)),
    "dezero": lambda: L.Sequential(dezero_dropout),
}
X = np.random.default_rng(0).normal(size=(8, 6)).astype("f")


def serve_by_map(model, pool):
    return [*pool.map(model, [X] * 4)]


def serve_under_no_grad(model, pool):
    def work(x):
        with no_grad():
            return model(x)

    return [*pool.map(work, [X] * 4)]


SERVERS = {
    "a new pool": lambda model, warm: serve_by_map(model, ThreadPoolExecutor(2)),
    "a pool that was there": lambda model, warm: serve_by_map(model, warm[0]),
    "no_grad inside": lambda model, warm: serve_under_no_grad(model, warm[0]),
    "multiprocessing's": lambda model, warm: serve_by_map(model, warm[1]),
    "threads": lambda model, warm: together(lambda i: model(X), 4),
}


@pytest.fixture
def warm():
    """Pools whose threads have worked before, and wait."""
    with ThreadPoolExecutor(2) as pool, ThreadPool(2) as other:
        barrier = threading.Barrier(2, timeout=20)
        for p in (pool, other):
            [*p.map(lambda _: barrier.wait() and None, range(2))]
        yield pool, other


def state_of(model):
    return {path: value.tolist() for path, value in model.state_dict().items()}


@pytest.mark.standin_exempt("an input of DeZero's is NumPy's")
@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("said", ["test_mode()", "eval()"])
@pytest.mark.parametrize("name", MODELS)
def test_a_model_that_a_pool_serves_is_in_test_mode(name, said, server, warm):
    model = MODELS[name]()
    with test_mode():
        expected, before = model(X), state_of(model)
    if said == "eval()":
        model.eval()
        ys = SERVERS[server](model, warm)
        model.train()
    else:
        with test_mode():
            ys = SERVERS[server](model, warm)
    for y in ys:
        np.testing.assert_array_equal(ag.as_array(y), ag.as_array(expected))
    assert state_of(model) == before
    for y in SERVERS[server](model, warm):  # afterwards they train again
        assert not np.array_equal(ag.as_array(y), ag.as_array(expected))


def test_work_that_was_under_way_goes_on_to_train_and_work_after_it_follows():
    with ThreadPoolExecutor(1) as pool:
        go, started = threading.Event(), threading.Event()

        def train():
            seen = [training()]
            started.set()
            go.wait(20)
            return [*seen, training()]

        first = pool.submit(train)
        started.wait(20)
        with test_mode():
            go.set()
            assert first.result() == [True, True]
            assert pool.submit(training).result() is False  # the same thread
        assert pool.submit(training).result() is True


def test_a_block_of_another_thread_holds_for_it_alone():
    inside, go = threading.Event(), threading.Event()

    def evaluate():
        with test_mode():
            inside.set()
            go.wait(20)
            return training()

    with ThreadPoolExecutor(2) as pool:
        other = pool.submit(evaluate)
        inside.wait(20)
        assert training()
        assert pool.submit(training).result() is True
        go.set()
        assert other.result() is False


def test_the_innermost_block_of_the_main_thread_counts():
    with test_mode(), ThreadPoolExecutor(1) as pool:
        assert pool.submit(training).result() is False
        with ag.config.using(training=True):
            assert pool.submit(training).result() is True
        assert pool.submit(training).result() is False


def test_tasks_of_the_main_thread_do_not_follow_one_another():
    async def evaluate(inside, go):
        with test_mode():
            inside.set()
            await go.wait()
            return training(), await asyncio.to_thread(training)

    async def main():
        inside, go = asyncio.Event(), asyncio.Event()
        task = asyncio.create_task(evaluate(inside, go))
        await inside.wait()
        seen = training()
        go.set()
        return seen, await task

    assert asyncio.run(main()) == (True, (False, False))


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers on this system")
def test_a_signal_handler_that_trains_disturbs_no_update_of_statistics():
    norm, x, calls = L.BatchNorm(1, momentum=0.0), np.ones((2, 1), np.float32), []
    before = signal.signal(signal.SIGALRM, lambda *_: calls.append(norm(x)))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
        for _ in range(500):
            norm(x)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert norm.mean.data[0] == 1
