"""Step 22: -, / and **.

New: the remaining operators. Only the power needs a Function of its own: -x is x * -1, a - b is a + (-b), and
a / b is a * b**-1, so their gradients are right without a further formula. (In the package each is a Function:
one node and one rounding instead of two.) A difference and a quotient are not symmetric: where the Variable
stands on the right, Python calls `__rsub__` and `__rtruediv__`.

In the package: autograd/core.py
"""

import weakref

import numpy as np


class Variable:
    __array_ufunc__ = None  # ndarray + Variable: NumPy steps back, and Python asks our __radd__

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
            f = max(funcs, key=lambda f: f.generation)  # the package keeps a heap instead
            funcs.remove(f)
            gxs = f.backward(f.output().grad)  # called, a weak reference gives what it refers to
            for x, gx in zip(f.inputs, gxs if isinstance(gxs, tuple) else (gxs,)):
                x.grad = gx if x.grad is None else x.grad + gx
                if x.creator is not None and x.creator not in funcs:
                    funcs.append(x.creator)

    def cleargrad(self):
        self.grad = None
    def __repr__(self):
        return "Variable(" + str(self.data).replace("\n", "\n" + " " * len("Variable(")) + ")"

    def __add__(self, other):
        return Add()(self, other)
    def __mul__(self, other):
        return Mul()(self, other)
    def __neg__(self):
        return self * -1
    def __sub__(self, other):
        return self + -other  # `-` as other understands it: a number stays a number
    def __rsub__(self, other):
        return -self + other
    def __truediv__(self, other):
        return self * other**-1.0
    def __rtruediv__(self, other):
        return self**-1.0 * other
    def __pow__(self, c):
        return Power(c)(self)

    __radd__ = __add__
    __rmul__ = __mul__


def as_variable(x, *dtypes):
    if isinstance(x, (int, float, np.number)):  # takes the dtype that it has beside arrays of these dtypes
        x = np.asarray(x, np.result_type(x, *dtypes))
    return x if isinstance(x, Variable) else Variable(x)


class Function:
    def __call__(self, *inputs):
        dtypes = [x.data.dtype for x in inputs if isinstance(x, Variable)]
        inputs = [as_variable(x, *dtypes) for x in inputs]
        output = Variable(np.asarray(self.forward(*[x.data for x in inputs])))
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


x = Variable(np.array(2.0))
results = []
for name, y in {"-x": -x, "2 - x": 2.0 - x, "x - 1": x - 1.0, "3 / x": 3.0 / x, "x ** 3": x**3}.items():
    x.cleargrad()
    y.backward()
    print(f"{name:6} = {y}, gradient {x.grad}")
    results.append((y.data, x.grad))

assert results == [(-2.0, -1.0), (0.0, -1.0), (1.0, 1.0), (1.5, -0.75), (8.0, 12.0)]
assert (Variable(np.ones(2, np.float32)) / 3.0 - 1.0).data.dtype == np.float32
