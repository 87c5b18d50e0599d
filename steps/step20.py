"""Step 20: operators, + and *.

New: the function Mul, and the methods `__add__` and `__mul__`, which Python calls for `a + b` and `a * b`. A
formula now reads like a formula, and records the same graph as before: add(a, b) has done its duty, and so has
Square, which is x * x.

In the package: autograd/algebra.py
"""

import weakref
from contextlib import contextmanager
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
    def __init__(self, data, name=None):
        if not isinstance(data, np.ndarray):
            raise TypeError(f"a Variable holds a NumPy array, not {data!r}: write np.array({data!r})")
        self.data, self.name = data, name
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

    @property
    def shape(self):
        return self.data.shape

    @property
    def dtype(self):
        return self.data.dtype

    def __len__(self):
        return len(self.data)

    def __repr__(self):
        return "Variable(" + str(self.data).replace("\n", "\n" + " " * len("Variable(")) + ")"

    def __add__(self, other):
        return Add()(self, other)

    def __mul__(self, other):
        return Mul()(self, other)


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


class Add(Function):
    def forward(self, x0, x1):
        return x0 + x1

    def backward(self, gy):
        return gy, gy


class Mul(Function):
    def forward(self, x0, x1):
        return x0 * x1

    def backward(self, gy):
        x0, x1 = self.inputs
        return gy * x1.data, gy * x0.data


a = Variable(np.array(3.0))
b = Variable(np.array(2.0))
c = Variable(np.array(1.0))
y = a * b + c
y.backward()
print(y)
print("gradients:", a.grad, b.grad, c.grad)

x = Variable(np.array(3.0))
z = x * x
z.backward()
print(z, "gradient:", x.grad)

assert repr(y) == "Variable(7.0)"
assert (a.grad, b.grad, c.grad) == (2.0, 3.0, 1.0)
assert (z.data, x.grad) == (9.0, 6.0)
