"""The modes of the framework, and the door for those who watch it work.

One `Mode` says all that is on. It lies in a `ContextVar`, so that a thread or an asyncio task that changes it never
disturbs another. Every call reads it once. `no_grad()`, `enable_grad()`, `test_mode()` are context managers and
decorators at once, and so is `default_dtype(np.float32)`.

A `Watcher` is told of every call of a function, of every layer around it, and of every step of a backward pass.
Pictures, anomaly detection and profiles are watchers. A program that nobody watches pays nothing for the door.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar, Token
from types import FrameType
from typing import Any, Generic, NamedTuple, TypeVar, overload

import numpy as np

from autograd.checks import dtype_of
from autograd.decorators import decorated

__all__ = [
    "Mode", "Watcher", "current", "default_dtype", "enable_grad", "float_dtype", "mode", "no_grad", "replayed",
    "set_default_dtype", "test_mode", "training", "using", "watching",
]  # fmt: skip


class Watcher:
    """Is told what happens inside `with watching(watcher):`. Each method wraps one kind of event.

    A subclass overrides the methods that it needs, and calls `super()` for the work itself. Watchers nest: each passes
    an event on to `outer`, the watcher that was there before, and the outermost one does the work.
    """

    outer: Watcher | None = None
    replays = False  # does it write the calls down, and run them again without their functions?

    def forward(self, f: Any, arrays: Sequence[Any]) -> Any:
        """Runs `f.forward` on its arrays: in every call, on arrays alone too."""
        return f.forward(*arrays) if self.outer is None else self.outer.forward(f, arrays)

    def backward(self, f: Any, gys: Sequence[Any]) -> Any:
        """Runs `f.backward` on the gradients of its outputs."""
        return f.backward(*gys) if self.outer is None else self.outer.backward(f, gys)

    def walk(self, nodes: Iterable[Any], gradients: dict[Any, Any]) -> Iterable[Any]:
        """The nodes that `backward()` goes through, with the gradients by node so far: the seeds at first.

        A subclass may be a generator. It goes on when the function of the node that it gave has been differentiated.
        """
        return nodes if self.outer is None else self.outer.walk(nodes, gradients)

    def finished(self, gradients: Mapping[Any, Any]) -> None:
        """Is told the gradients by node at the end of a backward pass."""
        if self.outer is not None:
            self.outer.finished(gradients)

    def called(self, f: Any, inputs: Sequence[Any], outputs: Sequence[Any]) -> None:
        """Is told that `f` was called: the inputs as they were given, constants included, and the outputs."""
        if self.outer is not None:
            self.outer.called(f, inputs, outputs)

    def layer(self, layer: Any, xs: Sequence[Any], options: Mapping[str, Any]) -> Any:
        """Runs `layer.forward` on its arguments."""
        return layer.forward(*xs, **options) if self.outer is None else self.outer.layer(layer, xs, options)

    def kernel(self, kernel: Any, args: Sequence[Any], options: Mapping[str, Any]) -> Any:
        """Computes a kernel in the first way that fits its arrays."""
        return kernel.compute(*args, **options) if self.outer is None else self.outer.kernel(kernel, args, options)

    def update(self, optimizer: Any, path: str, lr: float, t: int, arrays: Sequence[Any]) -> None:
        """Runs the formula of an optimizer on a parameter, its gradient and its slots."""
        if self.outer is None:
            optimizer.formula(lr, t, *arrays)
        else:
            self.outer.update(optimizer, path, lr, t, arrays)

    def number(self, owner: Any, name: str, value: Any, now: Callable[[], Any]) -> Any:
        """A number that changes from step to step, such as a learning rate: `now()` gives the one of another time."""
        return value if self.outer is None else self.outer.number(owner, name, value, now)


class Mode(NamedTuple):
    """All that is on, as this thread or task has set it. Whether a call trains is the answer of `training()`."""

    recording: bool = True  # calls leave a graph behind
    training: bool | None = True  # False inside test_mode(); None inside a layer that was set to eval()
    differentiating: Any = None  # the backward pass that runs, if it is itself recorded (create_graph=True)
    watcher: Watcher | None = None
    dtype: Any = None  # of what is made of Python's floats; None: the one of `set_default_dtype`


DEFAULT = Mode()
mode: ContextVar[Mode] = ContextVar("mode", default=DEFAULT)  # a tuple: nobody can change it
F = TypeVar("F")
M = TypeVar("M", bound=Watcher)


def current() -> Mode:
    """The mode, of a thread that has set none too: such a thread may follow the main thread into `test_mode()`."""
    own: Any = mode.get(None)
    return own or (DEFAULT if following() else DEFAULT._replace(training=False))


def training() -> bool:
    """Does a call here train: does dropout drop, does batch normalization use the statistics of the batch?

    It does unless it is inside `test_mode()`, or inside a layer that was set to `eval()`; of several layers around it
    the innermost counts to which `eval()` or `train()` was said.
    """
    return bool(current().training)


class using:
    """Changes fields of the mode for a block, or for each call of the decorated function: `using(recording=False)`.

    The same object may be used again, inside of itself and in several threads.
    """

    def __init__(self, **changes: Any) -> None:
        self.changes = changes
        self.tokens: list[Token[Mode]] = []  # of the blocks that are open, in all threads

    def __enter__(self) -> Any:
        if "training" in self.changes:
            follow(self)
        now: Any = mode.get(None) or current()
        self.tokens.append(mode.set(now._replace(**self.changes)))

    def __exit__(self, *_: object) -> None:
        if "training" in self.changes:
            unfollow(self)
        try:
            token = self.tokens[-1]
            mode.reset(token)
        except (IndexError, ValueError):  # nobody, or another thread or task, has the same object open
            token = self.reset_own()
        self.tokens.remove(token)

    def reset_own(self) -> Token[Mode]:
        """Resets to the last token of this thread or task. Raises RuntimeError if there is none."""
        for token in reversed([*self.tokens]):
            try:
                mode.reset(token)
            except ValueError:
                continue
            return token
        raise RuntimeError("a mode must be left by the thread or task that has entered it")

    def __call__(self, function: F) -> F:
        return decorated(function, lambda: Kept(self.changes))  # type: ignore[no-any-return]


class Kept(using):
    """The mode of a body that is left at every `yield` and `await`: it finds its own blocks open when it goes on.

    What the caller changes meanwhile holds for the body too, as far as the body has not set it.
    """

    def __init__(self, changes: Mapping[str, Any]) -> None:
        super().__init__(**changes)

    def __enter__(self) -> None:
        self.around = current()
        super().__enter__()

    def __exit__(self, *error: object) -> None:
        now = mode.get()._asdict()
        super().__exit__(*error)
        self.changes = {k: v for k, v in now.items() if k in self.changes or v is not getattr(self.around, k)}


class watching(using, Generic[M]):
    """Lets `watcher` watch a block, in front of the watchers that are there already: `with watching(Profile()) as p:`.

    Raises RuntimeError if it watches already: it would pass every event on to itself.
    """

    def __init__(self, watcher: M) -> None:
        super().__init__(watcher=watcher)
        self.watcher = watcher

    def __enter__(self) -> M:
        if watches(self.watcher):
            kind = type(self.watcher).__name__
            raise RuntimeError(f"this {kind} watches already: the inner block takes another one")
        outer = mode.get().watcher
        super().__enter__()
        self.watcher.outer = outer
        return self.watcher

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        self.watcher.outer = None

    def fresh(self) -> M:
        """The watcher for one call of a decorated function."""
        return self.watcher

    def __call__(self, function: F) -> F:
        return decorated(function, lambda: KeptWatching(self.fresh()))  # type: ignore[no-any-return]


class KeptWatching(Kept):
    """`Kept`, for a watcher. Nothing happens to one that watches already: the function has called itself."""

    def __init__(self, watcher: Watcher) -> None:
        self.watcher = None if watches(watcher) else watcher
        super().__init__({} if self.watcher is None else {"watcher": watcher})

    def __enter__(self) -> None:
        if self.watcher is not None:
            self.watcher.outer = mode.get().watcher
        super().__enter__()

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        if self.watcher is not None:
            self.watcher.outer = None


def replayed() -> bool:
    """Is there a watcher that runs what is called here again by itself, as `capture` does?"""
    there = mode.get().watcher
    while there is not None and not there.replays:
        there = there.outer
    return there is not None


def watches(watcher: Watcher) -> bool:
    """Is it told already of what happens here?"""
    there = mode.get().watcher
    while there is not None and there is not watcher:
        there = there.outer
    return there is not None


@overload
def no_grad() -> using: ...
@overload
def no_grad(function: F) -> F: ...
def no_grad(function: Any = None) -> Any:
    """Functions called inside compute, and record nothing: no graph, no inputs kept.

    A block, `with no_grad():`, or a decorator, `@no_grad()` or `@no_grad`, for functions, generators and coroutines.
    Other threads are not inside: they record.
    """
    return of(using(recording=False), function)


@overload
def enable_grad() -> using: ...
@overload
def enable_grad(function: F) -> F: ...
def enable_grad(function: Any = None) -> Any:
    """Records again inside a `no_grad` block. A block or a decorator, as `no_grad`."""
    return of(using(recording=True), function)


@overload
def test_mode() -> using: ...
@overload
def test_mode(function: F) -> F: ...
def test_mode(function: Any = None) -> Any:  # noqa: PT028  # not a test
    """Dropout passes everything, batch normalization uses its running statistics. A block or a decorator, as `no_grad`.

    A call trains unless it is inside `test_mode()`, or inside a layer that was set to `eval()` (`Layer.eval`).
    Work that another thread begins while the main thread is inside, such as that of a pool, is inside too. Work that
    was under way before goes on as it was. A block in any other thread holds for that thread alone.
    """
    return of(using(training=False), function)


test_mode.__test__ = False  # type: ignore[attr-defined]  # the name is not a test for pytest to collect


lasting: Any = np.dtype(np.float64)  # the default dtype of all threads, as far as they are in no block


def default_dtype(dtype: Any) -> using:
    """Inside, Variables and Parameters made of Python's floats are of `dtype`. A block or a decorator, as `no_grad`.

    >>> from autograd import Variable
    >>> with default_dtype(np.float32):
    ...     Variable([1, 2.5]).dtype, Variable(np.ones(2)).dtype, Variable(3).dtype
    (dtype('float32'), dtype('float64'), dtype('int64'))

    Arrays and numbers of NumPy keep their dtype, and whole numbers stay whole. What stands beside a Variable takes
    its dtype, here as everywhere; a Variable of whole numbers beside a float gives float64, as in NumPy. Functions of
    numbers, lists and arrays alone compute as NumPy does.
    `set_default_dtype` is the lasting form. Raises TypeError unless `dtype` is one of floating-point numbers.
    """
    return using(dtype=dtype_of("default_dtype: dtype", dtype))


def set_default_dtype(dtype: Any) -> None:
    """`default_dtype` from here on, in all threads: float64 at first. A block of `default_dtype` stands above it."""
    global lasting
    lasting = dtype_of("set_default_dtype: dtype", dtype)


def float_dtype() -> Any:
    """The dtype of what is made here of Python's floats."""
    dtype = mode.get().dtype
    return lasting if dtype is None else dtype


def of(block: using, function: Any) -> Any:
    """The block, or the function that it decorates: `@no_grad` stands for `@no_grad()`."""
    return block if function is None else block(function)


class Followed(NamedTuple):
    """A block of the main thread that says whether calls train. Other threads follow it into the block."""

    block: using
    training: bool
    main: int  # the thread
    under_way: dict[int, FrameType]  # the work of other threads that had begun before, by thread


followed: list[Followed] = []  # the blocks that are open, the innermost last
LIBRARY = os.path.dirname(threading.__file__) + os.sep


def in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def follow(block: using) -> None:
    """Opens a block for the threads that set no mode of their own, if this is the main thread."""
    if in_main_thread():
        under_way = {} if threading.active_count() == 1 else work_under_way()
        followed.append(Followed(block, block.changes["training"], threading.get_ident(), under_way))


def unfollow(block: using) -> None:
    """Closes it again."""
    if in_main_thread():
        for i in reversed(range(len(followed))):
            if followed[i].block is block:
                del followed[i]
                return


def work_under_way() -> dict[int, FrameType]:
    """For each thread that is at work, the outermost frame of it. A pool's thread that waits for work has none."""
    found: dict[int, FrameType] = {}
    for thread, top in sys._current_frames().items():
        frame: FrameType | None = None if thread == threading.get_ident() else top
        while frame is not None:
            file = frame.f_code.co_filename
            if not file.startswith((LIBRARY, "<frozen")) or "site-packages" in file:
                found[thread] = frame
            frame = frame.f_back
    return found


def following() -> bool:
    """Does a thread train that has set no mode? It follows the main thread into the blocks that it found open."""
    return not followed or in_main_thread() or taken_over()


def taken_over() -> bool:
    """What the innermost block says that was open when the work of this thread began."""
    thread = threading.get_ident()
    for block in reversed([*followed]):
        begun, frame = block.under_way.get(thread), sys._getframe()
        while frame is not begun and frame is not None:
            frame = frame.f_back  # type: ignore[assignment]
        if frame is None:  # the end of the stack: the work that was under way is done
            block.under_way.pop(thread, None)
            return block.training
    return True


def after_fork() -> None:
    """A child of a thread other than the main one keeps its mode, and has no main thread to follow any more."""
    if followed and followed[0].main != threading.get_ident():
        if mode.get(None) is None:
            mode.set(Mode(training=taken_over()))
        followed.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=after_fork)
