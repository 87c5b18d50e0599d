"""A block around a function's body, for every kind of function: also one that stops at `yield` or `await` and goes on.

The block is open while the body runs. It is closed while the body waits, so that the caller is not inside of it.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from functools import wraps
from types import AsyncGeneratorType, CoroutineType, GeneratorType, coroutine
from typing import Any, TypeAlias

__all__ = ["decorated"]

Block: TypeAlias = AbstractContextManager[Any]
MANAGERS: dict[Any, Any] = {make(iter).__code__: make for make in (contextmanager, asynccontextmanager)}  # type: ignore


def decorated(function: Any, begin: Callable[[], Block]) -> Any:
    """`function`, whose body runs inside a block. Each call makes its block by `begin()`, and enters it at each step.

    Raises TypeError for what is no function or method.
    """
    if isinstance(function, (staticmethod, classmethod)):
        return type(function)(decorated(function.__func__, begin))
    if not callable(function) or isinstance(function, type):
        kind = f"the class {function.__name__}" if isinstance(function, type) else f"{function!r:.40}"
        kind += ": write it below @property" if isinstance(function, property) else ""
        raise TypeError(f"the decorator takes a function or a method, not {kind}")
    if getattr(function, "__code__", None) in MANAGERS:
        return MANAGERS[function.__code__](decorated(function.__wrapped__, begin))
    if inspect.isgeneratorfunction(function):
        return of_generator(function, begin)
    if inspect.iscoroutinefunction(function):
        return of_coroutine(function, begin)
    if inspect.isasyncgenfunction(function):
        return of_async_generator(function, begin)

    @wraps(function)
    def call(*xs: Any, **options: Any) -> Any:
        with begin():
            y = function(*xs, **options)
        return LATER[type(y)](lambda: y, begin)() if type(y) in LATER else y

    return call


def of_generator(function: Any, begin: Callable[[], Block]) -> Any:
    @wraps(function)
    def call(*xs: Any, **options: Any) -> Any:
        return (yield from steps(function(*xs, **options), begin()))

    return call


def of_coroutine(function: Any, begin: Callable[[], Block]) -> Any:
    @wraps(function)
    async def call(*xs: Any, **options: Any) -> Any:
        return await awaited(function(*xs, **options), begin())

    return call


def of_async_generator(function: Any, begin: Callable[[], Block]) -> Any:
    @wraps(function)
    async def call(*xs: Any, **options: Any) -> AsyncIterator[Any]:
        body, block = function(*xs, **options), begin()
        step = body.asend(None)
        while True:
            try:
                y = await awaited(step, block)
            except StopAsyncIteration:
                return
            try:
                step = body.asend((yield y))
            except GeneratorExit:
                await awaited(body.aclose(), block)
                raise
            except BaseException as error:
                step = body.athrow(error)

    return call


# The bodies that run after the call which returned them.
LATER = {GeneratorType: of_generator, CoroutineType: of_coroutine, AsyncGeneratorType: of_async_generator}


def steps(body: Any, block: Block) -> Generator[Any, Any, Any]:
    """The generator `body`, each of whose steps runs inside the block."""
    step, given = body.send, None
    while True:
        with block:
            try:
                y = step(given)
            except StopIteration as end:
                return end.value
        try:
            step, given = body.send, (yield y)
        except GeneratorExit:
            with block:
                body.close()
            raise
        except BaseException as error:
            step, given = body.throw, error


@coroutine
def awaited(body: Awaitable[Any], block: Block) -> Generator[Any, Any, Any]:
    """What the body gives in the end, each of whose steps runs inside the block."""
    iterator = body.__await__()
    return (yield from steps(iterator, block))
