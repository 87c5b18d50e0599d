"""Step 18: keep only what is needed.

New: two ways to save memory. The gradient of a result is dropped as soon as it has been handed on, unless
`backward` is told to `retain_grad`. And inside `with no_grad():` a Function records nothing, no creator and no
inputs, so every intermediate array dies at once: right for using a model that is not being trained. The switch
is a ContextVar, so a thread that switches it off leaves the others alone.

In the package: autograd/config.py
"""

import tracemalloc
import weakref
from contextlib import contextmanager, suppress
from contextvars import ContextVar

import numpy as np

recording = ContextVar("recording", default=True)


@contextmanager
def no_grad():
    token = recording.set(False)
    try:
        yield
    finally:  # also after an error inside the block
        recording.reset(token)


class Variable:
    def __init__(self, data):
        if not isinstance(data, np.ndarray):
            raise TypeError(f"a Variable holds a NumPy array, not {data!r}: write np.array({data!r})")
        self.data = data
        self.grad = self.creator = None
        self.generation = 0

    def backward(self, retain_grad=False):
        if self.grad is None:
            self.grad = np.ones_like(self.data)
        funcs = [] if self.creator is None else [self.creator]
        while funcs:
            f = max(funcs, key=lambda f: f.generation)  # the package sorts once instead
            funcs.remove(f)
            ys = [output() for output in f.outputs]  # the variables; None for one that is gone
            gxs = f.backward(*[None if y is None else y.grad for y in ys])
            for x, gx in zip(f.inputs, gxs if isinstance(gxs, tuple) else (gxs,)):
                x.grad = gx if x.grad is None else x.grad + gx
                if x.creator is not None and x.creator not in funcs:
                    funcs.append(x.creator)
            for y in ys:
                if y is not None and not retain_grad:
                    y.grad = None

    def cleargrad(self):
        self.grad = None


class Function:
    def __call__(self, *inputs):
        ys = self.forward(*[x.data for x in inputs])
        outputs = [Variable(np.asarray(y)) for y in (ys if isinstance(ys, tuple) else (ys,))]
        if recording.get():
            self.generation = max(x.generation for x in inputs)
            for output in outputs:
                output.creator, output.generation = self, self.generation + 1
            self.inputs, self.outputs = inputs, [weakref.ref(output) for output in outputs]
        return outputs[0] if len(outputs) == 1 else outputs


class Square(Function):
    def forward(self, x):
        return x**2

    def backward(self, gy):
        x = self.inputs[0].data
        return 2 * x * gy


class Add(Function):
    def forward(self, x0, x1):
        return x0 + x1

    def backward(self, gy):
        return gy, gy


def square(x):
    return Square()(x)


def add(x0, x1):
    return Add()(x0, x1)


def squares():
    """An array of one megabyte, squared 50 times."""
    x = Variable(np.ones(125_000))
    for _ in range(50):
        x = square(x)
    return x


def peak(f):
    """The most memory, in megabytes, that f() takes at a time."""
    tracemalloc.start()
    f()
    _, size = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return size / 1e6


x0, x1 = Variable(np.array(1.0)), Variable(np.array(1.0))
t = add(x0, x1)
y = add(x0, t)
y.backward()
print(y.grad, t.grad)
print(x0.grad, x1.grad)
assert (y.grad, t.grad, x0.grad, x1.grad) == (None, None, 2.0, 1.0)

recorded = peak(squares)
with no_grad():
    unrecorded = peak(squares)
    assert square(x0).creator is None
print(f"forward:  {recorded:5.1f} MB, in no_grad {unrecorded:.1f} MB")
assert recorded > 50 and unrecorded < 4

with suppress(AttributeError), no_grad():
    square(None)
assert square(x0).creator is not None  # recording is on again after the block, even after an error

retained, dropped = peak(lambda: squares().backward(retain_grad=True)), peak(lambda: squares().backward())
print(f"backward: {retained:5.1f} MB with retain_grad, without {dropped:.1f} MB")
assert retained > 100 and dropped < 60
