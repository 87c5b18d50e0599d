"""Step 22: -, / and **.

New: the remaining operators. Only the power needs a Function of its own: -x is x * -1, a - b is a + (-b), and
a / b is a * b**-1, so their gradients are right without a further formula. (The package has a Function for
each: one node in the graph instead of two, and one rounding instead of two.) A difference and a quotient are
not symmetric: where the Variable stands on the right, `__rsub__` and `__rtruediv__` exchange the operands.

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
    __array_ufunc__ = None  # ndarray + Variable: NumPy steps back, and Python asks our __radd__

    def __init__(self, data, name=None):
        if not isinstance(data, np.ndarray):
            raise TypeError(f"a Variable holds a NumPy array, not {data!r}: write np.array({data!r})")
        self.data = data
        self.name = name
        self.grad = None
        self.creator = None
        self.generation = 0

    def backward(self, retain_grad=False):
        if self.grad is None:
            self.grad = np.ones_like(self.data)
        funcs = [] if self.creator is None else [self.creator]
        while funcs:
            f = max(funcs, key=lambda f: f.generation)  # the package keeps a heap instead
            funcs.remove(f)
            gys = [output().grad for output in f.outputs]
            gxs = f.backward(*gys)
            if not isinstance(gxs, tuple):
                gxs = (gxs,)
            for x, gx in zip(f.inputs, gxs):
                x.grad = gx if x.grad is None else x.grad + gx
                if x.creator is not None and x.creator not in funcs:
                    funcs.append(x.creator)
            if not retain_grad:
                for output in f.outputs:
                    output().grad = None

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
        return add(self, other)

    __radd__ = __add__

    def __mul__(self, other):
        return mul(self, other)

    __rmul__ = __mul__

    def __neg__(self):
        return mul(self, -1)

    def __sub__(self, other):
        return add(self, -other)  # `-` as other understands it: a number stays a number

    def __rsub__(self, other):
        return add(other, -self)

    def __truediv__(self, other):
        return mul(self, other**-1.0)

    def __rtruediv__(self, other):
        return mul(other, self**-1.0)

    def __pow__(self, c):
        return power(self, c)


def as_variable(x, *dtypes):
    """x as a Variable; a number takes the dtype that it has beside arrays of these dtypes."""
    if isinstance(x, (int, float, np.number)):
        x = np.asarray(x, np.result_type(x, *dtypes))
    return x if isinstance(x, Variable) else Variable(x)


class Function:
    def __call__(self, *inputs):
        dtypes = [x.dtype for x in inputs if isinstance(x, Variable)]
        inputs = [as_variable(x, *dtypes) for x in inputs]
        xs = [x.data for x in inputs]
        ys = self.forward(*xs)
        if not isinstance(ys, tuple):
            ys = (ys,)
        outputs = [Variable(np.asarray(y)) for y in ys]
        if recording.get():
            self.generation = max(x.generation for x in inputs)
            for output in outputs:
                output.creator = self
                output.generation = self.generation + 1
            self.inputs = inputs
            self.outputs = [weakref.ref(output) for output in outputs]
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
        x, c = self.inputs[0].data, self.c
        return c * x ** (c - 1) * gy


def add(x0, x1):
    return Add()(x0, x1)


def mul(x0, x1):
    return Mul()(x0, x1)


def power(x, c):
    return Power(c)(x)


x = Variable(np.array(2.0))
values, gradients = [], []
for name, y in [("-x", -x), ("2 - x", 2.0 - x), ("x - 1", x - 1.0), ("3 / x", 3.0 / x), ("x ** 3", x**3)]:
    x.cleargrad()
    y.backward()
    print(f"{name:6} = {y}, gradient {x.grad}")
    values.append(y.data)
    gradients.append(x.grad)

assert values == [-2.0, 0.0, 1.0, 1.5, 8.0]
assert gradients == [-1.0, -1.0, 1.0, -0.75, 12.0]
assert (Variable(np.ones(2, np.float32)) / 3.0 - 1.0).dtype == np.float32
