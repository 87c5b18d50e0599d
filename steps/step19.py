"""Step 19: a Variable looks like an array.

New: what one would ask the array can be asked of the Variable: `shape`, `dtype`, `len` and a readable
`print`. Each hands the question on to `data`; in the package they are in autograd/variable.py. And a
Variable may have a `name`, which will label it in the picture of a graph.

In the package: autograd/variable.py
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
