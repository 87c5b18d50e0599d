"""The two switches belong to a thread or an asyncio task: eight of them don't disturb one another."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from autograd import Variable, enable_grad, grad, no_grad, test_mode
from autograd.config import mode


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


def test_a_new_thread_starts_with_the_defaults():
    with no_grad(), test_mode(), ThreadPoolExecutor(1) as pool:
        assert pool.submit(lambda: (mode.get().recording, mode.get().training)).result() == (True, True)


def test_a_decorated_function_can_be_called_from_many_threads_and_by_itself():
    @no_grad()
    def depth(n):
        assert not mode.get().recording
        return n if n == 0 else depth(n - 1)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(depth, [20] * 40)) == [0] * 40
    assert mode.get().recording
