"""Step 19: a Variable looks like an array.

New: what one would ask the array can be asked of the Variable: `shape`, `dtype`, `len` and a readable
`print`. Each hands the question on to `data`. And a Variable may have a `name`, which will label it in the
picture of a graph.

In the package: autograd/core.py
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
        self.data = data
        self.name = name
        self.grad = self.creator = None
        self.generation = 0

    def backward(self, retain_grad=False):
        if self.grad is None:
            self.grad = np.ones_like(self.data)
        funcs = [] if self.creator is None else [self.creator]
        while funcs:
            f = max(funcs, key=lambda f: f.generation)  # the package keeps a heap instead
            funcs.remove(f)
            gxs = f.backward(f.output().grad)  # called, a weak reference gives what it refers to
            for x, gx in zip(f.inputs, gxs if isinstance(gxs, tuple) else (gxs,)):
                x.grad = gx if x.grad is None else x.grad + gx
                if x.creator is not None and x.creator not in funcs:
                    funcs.append(x.creator)
            if not retain_grad:
                f.output().grad = None

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


class Function:
    def __call__(self, *inputs):
        output = Variable(np.asarray(self.forward(*[x.data for x in inputs])))
        if recording.get():
            output.creator = self
            self.generation = max(x.generation for x in inputs)
            output.generation = self.generation + 1
            self.inputs, self.output = inputs, weakref.ref(output)
        return output


class Add(Function):
    def forward(self, x0, x1):
        return x0 + x1
    def backward(self, gy):
        return gy, gy


def add(x0, x1):
    return Add()(x0, x1)


x = Variable(np.array([[1, 2, 3], [4, 5, 6]]), name="x")
print(x)
print("name: ", x.name)
print("shape:", x.shape)
print("dtype:", x.dtype)
print("len:  ", len(x))

y = add(x, x)
print(y)
print(Variable(np.array(0.5)))

assert repr(x) == "Variable([[1 2 3]\n          [4 5 6]])"
assert repr(Variable(np.array(0.5))) == "Variable(0.5)"
assert x.name == "x" and y.name is None
assert x.shape == y.shape == (2, 3)
assert x.dtype == np.array([1]).dtype
assert len(x) == 2
