"""Step 22: -, / and **.

New: the remaining operators. Only the power needs a Function of its own: -x is x * -1, a - b is a + (-b), and
a / b is a * b**-1. In the package each is a Function. Where the Variable stands on the right, Python calls
`__rsub__` and `__rtruediv__`. This file is the framework, built by hand.

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

    def __sub__(self, other):
        return self + -other  # `-` as other understands it: a number stays a number

    def __truediv__(self, other):
        return self * other**-1.0

    def __pow__(self, c):
        return Power(c)(self)

    __radd__, __rmul__ = __add__, __mul__
    __neg__ = lambda self: self * -1  # noqa: E731
    __rsub__ = lambda self, other: -self + other  # noqa: E731
    __rtruediv__ = lambda self, other: self**-1.0 * other  # noqa: E731


def as_variable(x, *dtypes):  # a number takes the dtype that it has beside arrays of these dtypes
    x = np.asarray(x, np.result_type(x, *dtypes)) if isinstance(x, (int, float, np.number)) else x
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


class Power(Function):
    def __init__(self, c):
        self.c = c  # a number: the exponent is a constant

    def forward(self, x):
        return x**self.c

    def backward(self, gy):
        return self.c * self.inputs[0].data ** (self.c - 1) * gy


x, results = Variable(np.array(2.0)), []
for name, y in {"-x": -x, "2 - x": 2.0 - x, "x - 1": x - 1.0, "3 / x": 3.0 / x, "x ** 3": x**3}.items():
    x.cleargrad()
    y.backward()
    print(f"{name:6} = {y}, gradient {x.grad}")
    results.append((y.data, x.grad))
assert results == [(-2.0, -1.0), (0.0, -1.0), (1.0, 1.0), (1.5, -0.75), (8.0, 12.0)]
assert (Variable(np.ones(2, np.float32)) / 3.0 - 1.0).dtype == np.float32
