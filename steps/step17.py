"""Step 17: a graph that dies by itself.

New: a function holds its outputs by weak references. Until now an output knew its creator and the creator its
output, a ring in which the reference counts never fall to zero: such a graph stays in memory until the cyclic
collector happens to run. A weak reference does not count, so the ring is open, and the whole graph goes the
moment the last variable is let go. Measured below with the collector switched off, for both ways.

In the package: autograd/function.py
"""

import gc
import weakref

import numpy as np


class Variable:
    def __init__(self, data):
        if not isinstance(data, np.ndarray):
            raise TypeError(f"a Variable holds a NumPy array, not {data!r}: write np.array({data!r})")
        self.data = data
        self.grad = self.creator = None
        self.generation = 0

    def backward(self):
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

    def cleargrad(self):
        self.grad = None


class Function:
    def __call__(self, *inputs):
        ys = self.forward(*[x.data for x in inputs])
        outputs = [Variable(np.asarray(y)) for y in (ys if isinstance(ys, tuple) else (ys,))]
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


class StrongSquare(Square):
    """Square with step 16's strong hold on its output."""

    def __call__(self, x):
        self.held = super().__call__(x)
        return self.held


def live_nodes(f):
    """How many variables and functions outlive a graph of 100 calls that nobody holds any more."""
    nodes = weakref.WeakSet()
    x = Variable(np.array(1.0))
    for _ in range(100):
        x = f(x)
        nodes.update([x, x.creator])
    del x
    return len(nodes)


x = Variable(np.array(2.0))
a = square(x)
add(square(a), square(a)).backward()
print("x.grad =", x.grad)

gc.disable()
strong, weak = live_nodes(lambda x: StrongSquare()(x)), live_nodes(square)
gc.enable()
print("strong references: live nodes =", strong)
print("weak references:   live nodes =", weak)

assert x.grad == 64.0
assert (strong, weak) == (200, 0)
