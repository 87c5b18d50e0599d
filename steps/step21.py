"""Step 21: numbers and arrays on either side.

New: a Function makes variables of all its inputs with `as_variable`, so `x + np.array(3.0)` and `x + 3.0`
work. For `3.0 + x` Python asks the number first, which gives up, and then our `__radd__`. An array would not
give up: it would add x to each of its elements, unless `__array_ufunc__ = None` tells it to leave this to us.
A Python number is weak: beside float32 it becomes float32, or else one careless `* 2.0` would double the
memory of a network.

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
    __array_ufunc__ = None  # ndarray + Variable: NumPy steps back, and Python asks our __radd__

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

    __radd__ = __add__
    __rmul__ = __mul__


def as_variable(x, *dtypes):
    if isinstance(x, (int, float, np.number)):  # takes the dtype that it has beside arrays of these dtypes
        x = np.asarray(x, np.result_type(x, *dtypes))
    return x if isinstance(x, Variable) else Variable(x)


class Function:
    def __call__(self, *inputs):
        dtypes = [x.dtype for x in inputs if isinstance(x, Variable)]
        inputs = [as_variable(x, *dtypes) for x in inputs]
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


x = Variable(np.array(2.0))
print(x + np.array(3.0))
print(x + 3.0, 3.0 + x)
print(np.array(3.0) + x)

y = 3.0 * x + 1.0
y.backward()
print(y, "gradient:", x.grad)

v = Variable(np.array([1.0, 2.0], dtype=np.float32))
w = np.ones(2, np.float32) + v * 2.0
print(w, w.dtype)

for z in (x + np.array(3.0), x + 3.0, 3.0 + x, np.array(3.0) + x):
    assert repr(z) == "Variable(5.0)"
assert repr(y) == "Variable(7.0)"
assert x.grad == 3.0
assert isinstance(w, Variable) and w.dtype == np.float32
