"""Switches and watchers over every kind of function: also those that stop at `yield` and `await`, and go on."""

import asyncio
import contextlib
import functools
import inspect
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import autograd as ag
from autograd import Variable, enable_grad, no_grad, test_mode
from autograd.config import mode, training, using, watching
from autograd.watch import Tracing, tracing


def recording():
    return mode.get().recording


INSIDE = {  # what each of them makes of a body: (is it inside?)
    "no_grad": (no_grad, lambda: not recording()),
    "enable_grad": (enable_grad, recording),
    "test_mode": (test_mode, lambda: not training()),
    "anomaly": (ag.anomaly, lambda: type(mode.get().watcher).__name__ == "Anomaly"),
    "tracing": (tracing, lambda: type(mode.get().watcher).__name__ == "Tracing"),
}


def function(inside):
    def f(n):
        """The docstring."""
        return [inside() for _ in range(n)]

    return f, lambda f: f(3)


def generator(inside):
    def f(n):
        """The docstring."""
        for _ in range(n):
            yield inside()

    def run(f):
        seen = []
        for x in f(3):
            assert not inside()
            seen.append(x)
        return seen

    return f, run


def coroutine(inside):
    async def f(n):
        """The docstring."""
        seen = []
        for _ in range(n):
            seen.append(inside())
            await asyncio.sleep(0)
        return seen

    return f, lambda f: asyncio.run(f(3))


def async_generator(inside):
    async def f(n):
        """The docstring."""
        for _ in range(n):
            await asyncio.sleep(0)
            yield inside()

    async def run(f):
        seen = []
        async for x in f(3):
            assert not inside()
            seen.append(x)
        return seen

    return f, lambda f: asyncio.run(run(f))


def partial(inside):
    f, run = generator(inside)
    return functools.partial(f, n=3), lambda g: run(lambda n: g())


def callable_object(inside):
    f, run = generator(inside)
    return type("Callable", (), {"__call__": lambda self, n: (yield from f(n)), "__doc__": f.__doc__})(), run


def callable_coroutine(inside):
    f, run = coroutine(inside)

    class Callable:
        async def __call__(self, n):
            return await f(n)

    return Callable(), run


def function_of_a_generator(inside):
    f, run = generator(inside)
    return lambda n: f(n), run


def function_of_a_coroutine(inside):
    f, run = coroutine(inside)
    return lambda n: f(n), run


def function_of_an_async_generator(inside):
    f, run = async_generator(inside)
    return lambda n: f(n), run


def context_manager(inside):
    @contextlib.contextmanager
    def f(n):
        """The docstring."""
        seen = [inside()]
        yield seen
        seen.append(inside())

    def run(f):
        with f(3) as seen:
            assert not inside()
        return [*seen, inside() is False]

    return f, run


def async_context_manager(inside):
    @contextlib.asynccontextmanager
    async def f(n):
        """The docstring."""
        seen = [inside()]
        yield seen
        seen.append(inside())

    async def steps(f):
        async with f(3) as seen:
            assert not inside()
        return [*seen, inside() is False]

    return f, lambda f: asyncio.run(steps(f))


KINDS = {f.__name__: f for f in (function, generator, coroutine, async_generator, partial)}
LATER = {
    f.__name__: f
    for f in (
        callable_object, callable_coroutine, function_of_a_generator, function_of_a_coroutine,
        function_of_an_async_generator, context_manager, async_context_manager,
    )
}  # fmt: skip


@pytest.fixture(autouse=True)
def outside(request):
    """Where `enable_grad` makes a difference, the caller does not record."""
    with using(
        recording=request.node.callspec.params.get("name") != "enable_grad"
        if hasattr(request.node, "callspec")
        else True
    ):
        yield


@pytest.mark.parametrize("bare", [False, True], ids=["with parentheses", "bare"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", INSIDE)
def test_the_body_is_inside_and_the_caller_is_not(name, kind, bare):
    switch, inside = INSIDE[name]
    f, run = KINDS[kind](inside)
    before = mode.get()
    decorated = switch(f) if bare else switch()(f)
    for _ in range(2):
        assert run(decorated) == [True] * 3
        assert mode.get() == before
    for test in (inspect.isgeneratorfunction, inspect.iscoroutinefunction, inspect.isasyncgenfunction):
        assert test(decorated) == test(f)
    if kind != "partial":
        assert (decorated.__name__, decorated.__doc__, decorated.__wrapped__) == (f.__name__, f.__doc__, f)


@pytest.mark.parametrize("kind", LATER)
@pytest.mark.parametrize("name", INSIDE)
def test_a_body_that_runs_after_the_call_is_inside_too(name, kind):
    switch, inside = INSIDE[name]
    f, run = LATER[kind](inside)
    before = mode.get()
    for decorated in (switch(f), switch()(f)):
        for _ in range(2):
            assert run(decorated) == [True] * 3
            assert mode.get() == before


@pytest.mark.parametrize("name", INSIDE)
def test_methods(name):
    switch, inside = INSIDE[name]

    class Thing:
        @switch
        def bare(self):
            return inside()

        @switch()
        def method(self):
            return inside()

        @switch
        @classmethod
        def of_class(cls):
            return cls is Thing and inside()

        @switch()
        @staticmethod
        def static():
            return inside()

        @property
        @switch
        def value(self):
            return inside()

        @switch
        def __iter__(self):
            yield inside()

    thing = Thing()
    assert [thing.bare(), thing.method(), thing.of_class(), Thing.static(), thing.value, *thing] == [True] * 6


@pytest.mark.parametrize("name", INSIDE)
@pytest.mark.parametrize("given", [3, "f", int, property(lambda self: 0)], ids=lambda x: type(x).__name__)
def test_what_is_no_function_is_refused(name, given):
    switch, _ = INSIDE[name]
    for decorate in (switch, switch()):
        remedy = ": write it below @property" if isinstance(given, property) else ""
        with pytest.raises(TypeError, match=f"takes a function or a method, not .*{remedy}$"):
            decorate(given)


def test_profile_is_no_decorator():
    for decorate in (ag.profile, ag.profile()):
        with pytest.raises(TypeError, match="with profile"):
            decorate(lambda: 0)


def test_generators_pass_on_what_is_sent_thrown_returned_and_closed():
    events = []

    @no_grad
    def f():
        try:
            while True:
                try:
                    events.append((yield recording()))
                except ArithmeticError as error:
                    events.append(repr(error))
                    if str(error) == "end":
                        return "returned"
        finally:
            events.append(("closed", recording()))

    g = f()
    assert next(g) is False
    assert g.send("sent") is False
    assert g.throw(ArithmeticError("thrown")) is False
    with pytest.raises(StopIteration) as end:
        g.throw(ArithmeticError("end"))
    assert end.value.value == "returned"
    g = f()
    next(g)
    g.close()
    expected = ["sent", repr(ArithmeticError("thrown")), repr(ArithmeticError("end")), ("closed", False)]
    assert events == [*expected, ("closed", False)]
    assert recording()


def test_async_generators_do_so_too():
    events = []

    @no_grad
    async def f():
        try:
            while True:
                try:
                    events.append((yield recording()))
                except ArithmeticError as error:
                    events.append(str(error))
        finally:
            await asyncio.sleep(0)
            events.append(("closed", recording()))

    async def main():
        g = f()
        assert await g.asend(None) is False
        assert await g.asend("sent") is False
        assert await g.athrow(ArithmeticError("thrown")) is False
        await g.aclose()
        assert recording()

    asyncio.run(main())
    assert events == ["sent", "thrown", ("closed", False)]


@pytest.mark.parametrize("name", INSIDE)
def test_a_body_finds_its_own_blocks_open_when_it_goes_on(name):
    switch, inside = INSIDE[name]

    @switch
    def f():
        yield inside(), training()
        with using(training=False):
            yield inside(), training()
            yield inside(), training()
            with enable_grad():
                yield recording(), training()
        yield inside(), training()

    seen = []
    for values in f():
        assert mode.get().watcher is None
        assert training()
        seen.append(values)
    out = name != "test_mode"
    assert seen == [(True, out), (True, False), (True, False), (True, False), (True, out)]


def test_what_the_caller_changes_between_two_steps_holds_for_the_body():
    @no_grad
    def f():
        while True:
            yield recording(), training()

    g = f()
    assert next(g) == (False, True)
    with test_mode(), enable_grad():
        assert next(g) == (False, False)
    assert next(g) == (False, True)


def test_generators_that_take_turns_do_not_disturb_one_another():
    @no_grad()
    def quiet():
        while True:
            yield recording()

    @enable_grad()
    def loud():
        while True:
            yield recording()

    a, b, c = quiet(), loud(), quiet()
    for _ in range(3):
        assert (next(a), next(b), next(c), recording()) == (False, True, False, True)
    a.close()
    assert (next(b), next(c), recording()) == (True, False, True)


def test_a_coroutine_that_is_driven_by_hand():
    class Pause:
        def __await__(self):
            yield "pause"

    @no_grad
    async def f():
        await Pause()
        return recording()

    c = f()
    assert c.send(None) == "pause"
    assert recording()
    with pytest.raises(StopIteration) as end:
        c.send(None)
    assert end.value.value is False


def test_tasks():
    @no_grad
    async def quiet(n):
        seen = []
        for _ in range(n):
            await asyncio.sleep(0)
            seen.append(recording())
        return seen

    async def loud(n):
        seen = []
        for _ in range(n):
            await asyncio.sleep(0)
            seen.append(recording())
        return seen

    async def main():
        return await asyncio.gather(*[f(5) for f in (quiet, loud) * 4])

    assert asyncio.run(main()) == [[False] * 5, [True] * 5] * 4


@pytest.mark.parametrize("name", ["no_grad", "enable_grad", "test_mode"])
def test_one_block_may_be_used_again_inside_of_itself_and_in_many_threads(name):
    switch, inside = INSIDE[name]
    block, before = switch(), mode.get()
    for _ in range(2):
        with block:
            assert inside()
            with using(recording=name == "no_grad", training=True):
                assert not inside()
                with block:
                    assert inside()
                assert not inside()
            assert inside()
        assert mode.get() == before
    barrier = threading.Barrier(4, timeout=20)

    def work(i):
        seen = []
        for _ in range(50):
            barrier.wait()
            if i % 2:
                with block:
                    barrier.wait()
                    seen.append(inside())
                    with block:
                        seen.append(inside())
            else:
                barrier.wait()
        return all(seen) and mode.get() == before.__class__()

    with ThreadPoolExecutor(4) as pool:
        assert [*pool.map(work, range(4))] == [True] * 4
    assert block.tokens == []


def test_a_block_that_another_thread_leaves_is_an_error():
    block = no_grad()
    block.__enter__()
    with ThreadPoolExecutor(1) as pool, pytest.raises(RuntimeError, match="left by the thread"):
        pool.submit(block.__exit__, None, None, None).result()
    assert not recording()
    block.__exit__(None, None, None)
    assert recording()


def test_recursion_and_errors():
    @no_grad
    @ag.anomaly
    def f(n):
        if not n:
            raise ArithmeticError
        return f(n - 1)

    before = mode.get()
    with pytest.raises(ArithmeticError):
        f(5)
    assert mode.get() == before


def test_each_call_has_an_anomaly_of_its_own_and_watching_keeps_its_watcher():
    seen = []

    @ag.anomaly
    def f(n):
        seen.append(mode.get().watcher)
        return n and f(n - 1)

    f(2)
    assert len({id(watcher) for watcher in seen}) == 3
    watcher = Tracing()

    @watching(watcher)
    def g(n):
        assert mode.get().watcher is watcher
        return (Variable(2.0) * 3.0).creator.record if n == 0 else g(n - 1)

    assert g(2).kind == "Mul"
    assert watcher.outer is None
    with watching(watcher), pytest.raises(RuntimeError, match="Tracing watches already"), watching(watcher):
        pass


def test_anomaly_sees_into_a_generator():
    @ag.anomaly()
    def f():
        yield 0
        yield Variable(np.zeros(2)) / 0

    g = f()
    next(g)
    with pytest.raises(FloatingPointError, match="Div"):
        next(g)
